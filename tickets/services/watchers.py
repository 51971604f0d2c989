"""Who wants to hear what becomes of a ticket, and who is called by name in a note."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from accounts.models import Notice
from accounts.services.notices import notify
from core.actors import SYSTEM, Actor
from tickets.models import Note, Ticket, TicketWatcher
from tickets.services.recipients import may_see
from tickets.services.state import lock_ticket, staff_id

MENTIONED = "tickets.mentioned"
#: how many names a list of suggestions holds
SUGGESTIONS = 8


@transaction.atomic
def watch(*, ticket: Ticket, actor: Actor, at: datetime) -> bool:
    """The actor wants to hear what happens on the ticket; whether they did not before. Raises NotVisible."""
    user_id = staff_id(actor)
    lock_ticket(ticket, viewer=actor)
    return _watch(ticket, [user_id], at) > 0


@transaction.atomic
def unwatch(*, ticket: Ticket, actor: Actor) -> bool:
    """The actor has heard enough; whether they watched. Raises NotVisible."""
    user_id = staff_id(actor)
    lock_ticket(ticket, viewer=actor)
    return bool(TicketWatcher.objects.filter(ticket=ticket, user_id=user_id).delete()[0])


def _watch(ticket: Ticket, user_ids: Iterable[int], at: datetime) -> int:
    known = set(TicketWatcher.objects.filter(ticket=ticket).values_list("user_id", flat=True))
    new = [user_id for user_id in user_ids if user_id not in known]
    TicketWatcher.objects.bulk_create(
        [TicketWatcher(ticket=ticket, user_id=user_id, since=at) for user_id in new], ignore_conflicts=True
    )
    return len(new)


def watchers_of(ticket: Ticket, *, at: datetime) -> list[int]:
    """The users (ids) who watched the ticket at this moment and may see it now."""
    watching = TicketWatcher.objects.filter(ticket=ticket, since__lte=at).order_by().values("user_id")
    return list(may_see(ticket).filter(pk__in=watching).order_by("pk").values_list("pk", flat=True))


# --- names in notes -----------------------------------------------------------------------------------------


@transaction.atomic
def hear_note(*, ticket: Ticket, note: Note, actor: Actor, at: datetime) -> list[Notice]:
    """Tell whom an internal note calls by name, and let them watch; only colleagues who may see the ticket, never the
    author. Twice is once. Returns the new notices."""
    # the note stands already: whether its author might write it was asked then
    lock_ticket(ticket, viewer=SYSTEM)
    called = [user_id for user_id in mentioned_in(ticket, note.body) if user_id != note.author_id]
    if not called:
        return []
    _watch(ticket, called, at)
    return notify(
        recipients=called,
        kind=MENTIONED,
        subject_kind="ticket",
        subject_id=ticket.pk,
        data={"note_id": note.pk, "by": note.author_id},
        dedupe=f"mention:{note.pk}",
        actor=actor,
        at=at,
    )


def mentioned_in(ticket: Ticket, text: str) -> list[int]:
    """The colleagues (ids) whom a text calls: "@" and a sign-in name or a name shown, in either language; of two that
    fit, the longer one. Several people of one name are all meant. An address of mail calls nobody."""
    plain = _plain(text)
    starts = [match.end() for match in re.finditer(r"(?<![a-z0-9._%+-])@", plain)]
    if not starts:
        return []
    names: dict[str, set[int]] = {}
    for person in colleagues(ticket):
        for name in person.names:
            names.setdefault(_plain(name), set()).add(person.id)
    longest_first = sorted(names, key=len, reverse=True)
    found: set[int] = set()
    for start in starts:
        called = next((name for name in longest_first if _stands_at(plain, start, name)), None)
        if called is not None:
            found |= names[called]
    return sorted(found)


def _stands_at(text: str, start: int, name: str) -> bool:
    if not text.startswith(name, start):
        return False
    # Latin names end where the word ends; after Chinese ones the sentence goes on without a space
    after = text[start + len(name) :]
    return not name[-1].isascii() or re.match(r"[a-z0-9_]|[.@+-][a-z0-9_]", after) is None


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip()


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who may be called: the sign-in name and the names shown."""

    id: int
    username: str
    display_name: str
    display_name_en: str

    @property
    def names(self) -> set[str]:
        return {self.username, self.display_name, self.display_name_en} - {""}


def colleagues(ticket: Ticket, *, like: str = "") -> list[Colleague]:
    """Everybody who may see the ticket; with `like` those whose name holds it. One query."""
    people = may_see(ticket).order_by("display_name", "username")
    if like:
        held = Q(username__icontains=like) | Q(display_name__icontains=like)
        people = people.filter(held | Q(display_name_en__icontains=like))
    rows = people.values_list("pk", "username", "display_name", "display_name_en")
    return [Colleague(*row) for row in rows]


def suggestions(ticket: Ticket, *, like: str, viewer: Actor) -> list[Colleague]:
    """Whom the viewer may call here, as far as typed; not themselves. One query."""
    typed = unicodedata.normalize("NFKC", like).strip()[:40]
    found = [person for person in colleagues(ticket, like=typed) if person.id != viewer.id]
    return found[:SUGGESTIONS]
