"""Approved words for answers: which a ticket is offered, filled in for it, used and sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from accounts.models import User
from channels_hub.models import Message
from core.actors import Actor
from core.errors import InvalidInput, NotVisible
from core.models.base import in_language
from core.services.files import removed_on_failure
from tickets import rules, wording
from tickets.enums import ClockState
from tickets.models import Macro, MacroUse, Ticket
from tickets.services.state import lock_ticket, sent_before, staff_id
from tickets.services.talk import add_note, reply

Upload = UploadedFile  # type: ignore[type-arg]
OFFERED = 8
QUERY_LIMIT = 30
TEXTS = ("code", "name_zh", "name_en", "body_zh", "body_en")


def offered(ticket: Ticket, *, viewer: Actor, query: str = "", limit: int = OFFERED) -> list[Macro]:
    """The macros that fit a ticket and hold these words, in their order; those whose name or code begins so come first.
    One query."""
    words = query.strip()[:QUERY_LIMIT].split()
    rows = Macro.objects.visible_to(viewer).for_ticket(ticket)
    for word in words:
        found = Q()
        for field in TEXTS:
            found |= Q(**{f"{field}__icontains": word})
        rows = rows.filter(found)
    rows = rows.order_by("position", "code")
    if not words:
        return list(rows[:limit])
    start = words[0].casefold()

    def rank(macro: Macro) -> int:
        names = (macro.code, macro.name_zh, macro.name_en)
        if any(name.casefold().startswith(start) for name in names):
            return 0
        return 1 if any(start in name.casefold() for name in names) else 2

    return sorted(rows, key=rank)[:limit]


@dataclass(frozen=True, slots=True)
class Filled:
    """A macro made ready for a ticket: words and note with their variables filled in, in the customer's language."""

    macro: Macro
    text: str
    note: str


def filled(macro: Macro, ticket: Ticket, *, viewer: Actor, at: datetime) -> Filled:
    """The macro's words for this ticket. A variable without a value stays in braces, and the answer is not sent before
    somebody fills it (forbidden.refuse). Of personal data only the salutation is used."""
    with translation.override(ticket.thread.language or settings.LANGUAGE_CODE):
        values = _values(ticket, viewer)
        return Filled(
            macro, wording.fill(in_language(macro, "body"), values), wording.fill(macro.note, values)
        )


def _values(ticket: Ticket, viewer: Actor) -> dict[str, str]:
    user = User.objects.filter(pk=viewer.id or 0).first()
    return {
        "customer": ticket.customer.salutation or pgettext("who is spoken to", "customer"),
        "model": ticket.product.name if ticket.product else pgettext("what is broken", "device"),
        "reference": ticket.reference,
        "agent": user.name if user else "",
        "due": _due(ticket),
    }


def _due(ticket: Ticket) -> str:
    """When it is to be solved, as a customer reads it; empty while no such clock runs."""
    clocks = ticket.clocks.filter(kind__in=rules.RESOLUTIONS, state=ClockState.RUNNING)
    due_at = clocks.order_by("due_at").values_list("due_at", flat=True).first()
    if due_at is None:
        return ""
    local = timezone.localtime(due_at)
    if (translation.get_language() or "").startswith("en"):
        return f"{local.day} {local:%b, %H:%M}"
    return f"{local.month}月{local.day}日 {local:%H:%M}"


@transaction.atomic
def use(*, ticket: Ticket, code: str, actor: Actor, at: datetime) -> Filled:
    """Put a macro into an answer that is being written; the use is counted. Raises NotVisible for one that this ticket
    is not offered."""
    user_id = staff_id(actor)
    macro = _macro(ticket, code, actor)
    MacroUse.objects.create(macro=macro, ticket=ticket, user_id=user_id, at=at)
    return filled(macro, ticket, viewer=actor, at=at)


@removed_on_failure
@transaction.atomic
def reply_with(
    *,
    ticket: Ticket,
    code: str,
    body: str,
    files: Sequence[Upload] = (),
    then: str = "",
    client_id: str = "",
    seen_seq: int | None = None,
    actor: Actor,
    at: datetime,
) -> Message:
    """Answer with a macro: its state (else `then`) follows the answer, and its note is left once. Raises InvalidInput
    (macro) when it is not offered any more, and what talk.reply raises."""
    staff_id(actor)
    lock_ticket(ticket, viewer=actor)
    known = sent_before(ticket, client_id)
    if known is not None:
        return known
    try:
        macro = _macro(ticket, code, actor)
    except NotVisible:
        raise InvalidInput(
            fields={"macro": [_("This macro is not in use any more. Send without it.")]}
        ) from None
    message = reply(
        ticket=ticket,
        body=body,
        files=files,
        then=macro.then_status or then,
        client_id=client_id,
        seen_seq=seen_seq,
        actor=actor,
        at=at,
    )
    if macro.note:
        add_note(ticket=ticket, body=filled(macro, ticket, viewer=actor, at=at).note, actor=actor, at=at)
    return message


def armed(ticket: Ticket, code: str, *, viewer: Actor) -> Macro | None:
    """The macro that an answer being written will be sent with: one that does something."""
    if not code:
        return None
    try:
        macro = _macro(ticket, code, viewer)
    except NotVisible:
        return None
    return macro if macro.then_status or macro.note else None


def _macro(ticket: Ticket, code: str, viewer: Actor) -> Macro:
    macro: Any = Macro.objects.visible_to(viewer).for_ticket(ticket).filter(code=code[:50]).first()
    if macro is None:
        raise NotVisible()
    return macro  # type: ignore[no-any-return]
