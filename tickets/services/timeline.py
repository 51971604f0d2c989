"""A ticket's timeline: written entry by entry, read as lines that a page can print."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import get_language

from channels_hub.enums import Author
from channels_hub.models import Message, Thread
from channels_hub.rules import without_secrets
from core.actors import Actor
from core.models import Event, File
from tickets import events, words
from tickets.enums import EntryKind
from tickets.models import Note, Ticket, TicketEntry
from tickets.services import naming


def record(
    ticket: Ticket,
    *,
    event: Event | None = None,
    message: Message | None = None,
    note: Note | None = None,
    public: bool,
) -> TicketEntry:
    """One entry about one thing; its time is the thing's own. Customers see it when it is `public`."""
    entry = _entry(ticket.pk, event, message, note, public)
    entry.save(force_insert=True)
    return entry


def record_all(
    ticket: Ticket, things: Sequence[Event | Message], *, public: bool = True
) -> list[TicketEntry]:
    """`record` for several events and messages, in one statement and in this order."""
    return TicketEntry.objects.bulk_create(
        [
            _entry(ticket.pk, thing, None, None, public)
            if isinstance(thing, Event)
            else _entry(ticket.pk, None, thing, None, public)
            for thing in things
        ]
    )


def move(entry_ids: Sequence[int], *, ticket: Ticket) -> int:
    """Let these entries stand on another ticket (merge, split); returns how many do."""
    return TicketEntry.objects.filter(pk__in=entry_ids).update(ticket=ticket)


def set_public(entry_ids: Sequence[int], *, public: bool) -> int:
    """Show these entries to the customer, or not."""
    return TicketEntry.objects.filter(pk__in=entry_ids).update(public=public)


def has_message(message: Message) -> bool:
    """Whether the message stands on a timeline already."""
    return TicketEntry.objects.filter(message=message).exists()


def ticket_of_message(message: Message) -> Ticket | None:
    """The ticket on whose timeline the message stands."""
    return Ticket.objects.filter(entries__message=message).first()


def _entry(
    ticket_id: int, event: Event | None, message: Message | None, note: Note | None, public: bool
) -> TicketEntry:
    if event is not None:
        return TicketEntry(ticket_id=ticket_id, at=event.at, kind=EntryKind.EVENT, event=event, public=public)
    if message is not None:
        return TicketEntry(
            ticket_id=ticket_id, at=message.at, kind=EntryKind.MESSAGE, message=message, public=public
        )
    if note is None:
        raise ValueError("an entry points at an event, a message or a note")
    return TicketEntry(ticket_id=ticket_id, at=note.at, kind=EntryKind.NOTE, note=note, public=False)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a timeline, ready to print. `kind` is message, note or event. `author` is customer, agent,
    bot, system or (of events and notes) the actor's kind; `name` the author's name. `text` is the message,
    the note, or the event in the reader's language; `reason` what was said about an event. `state` and `seq`
    belong to messages."""

    id: int
    at: datetime
    kind: str
    public: bool
    author: str
    name: str
    text: str
    mine: bool = False
    code: str = ""
    reason: str = ""
    message_id: int | None = None
    seq: int = 0
    state: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    files: list[File] = field(default_factory=list)

    @property
    def icon(self) -> str:
        """The picture of an event; handing down and moving up look their way."""
        if self.code == events.TicketEscalated.kind and self.data.get("direction") == "down":
            return "down"
        return ICONS.get(self.code, "info")


#: an event's picture in the sprite
ICONS = {
    events.TicketOpened.kind: "plus",
    events.CustomerNamed.kind: "phone",
    events.TicketClassified.kind: "tag",
    events.TicketQueued.kind: "list",
    events.TicketAssigned.kind: "person",
    events.TicketUnassigned.kind: "undo",
    events.StatusChanged.kind: "right",
    events.TicketEscalated.kind: "up",
    events.TicketResolved.kind: "checkc",
    events.TicketClosed.kind: "lock",
    events.TicketReopened.kind: "refresh",
    events.TicketAlerted.kind: "alert",
    events.AlertAcknowledged.kind: "check",
    events.TicketSnoozed.kind: "alarm",
    events.TicketWoke.kind: "bell",
    events.TicketMerged.kind: "merge",
    events.TicketUnmerged.kind: "undo",
    events.TicketSplit.kind: "split",
    events.TicketLinked.kind: "link",
    events.TicketUnlinked.kind: "undo",
    events.ClockWarned.kind: "bell",
    events.ClockChanged.kind: "clock",
}


COLUMNS = (
    "id",
    "at",
    "kind",
    "public",
    "message_id",
    "message__author",
    "message__body",
    "message__seq",
    "message__thread_id",
    "message__state",
    "message__files",
    "message__staff_id",
    "message__staff__display_name",
    "message__staff__display_name_en",
    "message__staff__username",
    "note__body",
    "note__author_id",
    "note__author__display_name",
    "note__author__display_name_en",
    "note__author__username",
    "event__kind",
    "event__data",
    "event__actor_kind",
    "event__actor_id",
    "event__detail__body",
)


def read(
    ticket: Ticket,
    *,
    viewer: Actor,
    limit: int = 50,
    before: int | None = None,
    after: int | None = None,
) -> list[Line]:
    """The newest `limit` lines in order of time; `before` an entry's id, the ones that precede it; `after` an
    entry's id, the ones that follow it. Customers get public lines only. At most four queries, whatever the
    number of lines; two while the names are kept."""
    rows = _rows(ticket, viewer=viewer)
    if after is not None:
        found = list(rows.filter(_beyond(after, "gt")).order_by("at", "id").values(*COLUMNS)[:limit])
    else:
        if before is not None:
            rows = rows.filter(_beyond(before, "lt"))
        found = list(rows.order_by("-at", "-id").values(*COLUMNS)[:limit])[::-1]
    return _lines(ticket, found, viewer=viewer)


def line_of(entry: TicketEntry, *, viewer: Actor) -> Line:
    """One entry as a line (what a page appends after its own post)."""
    found = list(TicketEntry.objects.filter(pk=entry.pk).values(*COLUMNS))
    return _lines(entry.ticket, found, viewer=viewer)[0]


def _rows(ticket: Ticket, *, viewer: Actor) -> Any:
    rows = TicketEntry.objects.filter(ticket_id=ticket.pk)
    return rows if viewer.is_staff or viewer.is_system else rows.filter(public=True)


def _beyond(entry_id: int, side: str) -> Q:
    at = TicketEntry.objects.filter(pk=entry_id).values("at")[:1]
    return Q(**{f"at__{side}": at}) | Q(at=at, **{f"id__{side}": entry_id})


def _lines(ticket: Ticket, found: list[dict[str, Any]], *, viewer: Actor) -> list[Line]:
    files = _files_of([row["message_id"] for row in found if row["message__files"]])
    others = _other_customers(ticket, found)
    names = names_for(row["event__data"] for row in found if row["kind"] == EntryKind.EVENT)
    names.for_customer = not (viewer.is_staff or viewer.is_system)
    return [_line(ticket, row, files, names, viewer, others) for row in found]


def _other_customers(ticket: Ticket, found: list[dict[str, Any]]) -> dict[int, str]:
    """Thread → its customer's name, for messages that came along from another ticket. No query where there are none."""
    threads = {row["message__thread_id"] for row in found} - {ticket.thread_id, None}
    if not threads:
        return {}
    rows = Thread.objects.filter(pk__in=threads, customer__isnull=False).select_related("customer")
    return {thread.pk: str(thread.customer) for thread in rows}


def _line(
    ticket: Ticket,
    row: dict[str, Any],
    files: dict[int, list[File]],
    names: words.Names,
    viewer: Actor,
    others: dict[int, str],
) -> Line:
    common = {"id": row["id"], "at": row["at"], "kind": row["kind"], "public": row["public"]}
    if row["kind"] == EntryKind.MESSAGE:
        author = row["message__author"]
        by_viewer = viewer.is_staff and row["message__staff_id"] == viewer.id
        return Line(
            **common,
            author=author,
            name=others.get(row["message__thread_id"]) or str(ticket.customer)
            if author == Author.CUSTOMER
            else _person(row, "message__staff__"),
            mine=by_viewer or (author == Author.CUSTOMER and not viewer.is_staff and not viewer.is_system),
            text=_text_for(viewer, author, row["message__body"]),
            message_id=row["message_id"],
            # the number counts on the ticket's own thread only
            seq=row["message__seq"] if row["message__thread_id"] == ticket.thread_id else 0,
            state=row["message__state"],
            files=files.get(row["message_id"], []),
        )
    if row["kind"] == EntryKind.NOTE:
        return Line(
            **common,
            author="agent" if row["note__author_id"] else "system",
            name=_person(row, "note__author__"),
            mine=viewer.is_staff and row["note__author_id"] == viewer.id,
            text=row["note__body"],
        )
    detail = row["event__detail__body"] or {}
    return Line(
        **common,
        author=row["event__actor_kind"],
        name="",
        code=row["event__kind"],
        text=words.of_event(row["event__kind"], row["event__data"], names),
        reason="" if names.for_customer else str(detail.get("reason", "")),
        data=row["event__data"],
    )


def _text_for(viewer: Actor, author: str, text: str) -> str:
    """Links that the system sends are the customer's alone: who holds one may rate."""
    return without_secrets(text) if viewer.is_staff and author == Author.SYSTEM else text


def _person(row: dict[str, Any], prefix: str) -> str:
    return person_name(
        row[f"{prefix}display_name"] or "",
        row[f"{prefix}display_name_en"] or "",
        row[f"{prefix}username"] or "",
    )


def person_name(display_name: str, display_name_en: str, username: str) -> str:
    """A colleague's name in the reader's language."""
    english = (get_language() or "").startswith("en")
    return (display_name_en if english else "") or display_name or username


def _files_of(message_ids: list[int]) -> dict[int, list[File]]:
    found: dict[int, list[File]] = {}
    if message_ids:
        for file in File.objects.filter(owner_kind="message", owner_id__in=message_ids).order_by(
            "created_at", "name"
        ):
            found.setdefault(file.owner_id, []).append(file)
    return found


#: event data key → the table whose code it holds
_CODED: dict[str, str] = {
    "before": "status",
    "after": "status",
    "category": "category",
    "queue": "queue",
    "tier": "tier",
    "from_tier": "tier",
    "to_tier": "tier",
    "solution_code": "solution",
    "root_cause": "cause",
}
_PEOPLE = ("agent_id", "before_agent_id")


def names_for(datas: Iterable[dict[str, Any]]) -> words.Names:
    """The names behind the codes and ids of events, kept by the process for half a minute: at most two queries."""
    coded: set[tuple[str, str]] = set()
    people: set[int] = set()
    for data in datas:
        for key, value in data.items():
            if value and key in _CODED:
                coded.add((_CODED[key], str(value)))
            elif value and key in _PEOPLE:
                people.add(int(value))
    names = words.Names()
    known = naming.configured(coded) if coded else {}
    for table, code in coded & known.keys():
        names.add(table, code, *known[table, code])
    for number, (zh, en, username) in naming.people(people).items():
        names.add("person", str(number), zh, en, username, username)
    return names


@dataclass(frozen=True, slots=True)
class Step:
    """One step on the customer's page. `code` is the event's kind (or the state it led to), `title` says it
    in a few words; `current` marks the newest."""

    at: datetime
    code: str
    title: str
    current: bool


#: what a customer is told of, besides the messages
STEPS = (
    events.TicketOpened.kind,
    events.TicketAssigned.kind,
    events.StatusChanged.kind,
    events.TicketEscalated.kind,
    events.TicketResolved.kind,
    events.TicketClosed.kind,
    events.TicketReopened.kind,
    events.TicketMerged.kind,
    events.TicketUnmerged.kind,
)


def customer_steps(ticket: Ticket) -> list[Step]:
    """What has happened, for the customer: newest first. At most three queries."""
    rows = list(
        TicketEntry.objects.filter(ticket_id=ticket.pk, public=True, event__kind__in=STEPS)
        .order_by("-at", "-id")
        .values_list("at", "event__kind", "event__data")
    )
    names = names_for(data for _at, _kind, data in rows)
    names.for_customer = True
    return [
        Step(
            at=at,
            code=data["after"] if kind == events.StatusChanged.kind else kind,
            title=words.of_event(kind, data, names),
            current=place == 0,
        )
        for place, (at, kind, data) in enumerate(rows)
    ]
