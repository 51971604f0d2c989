"""What the agents' desk keeps and shows: drafts, what was seen, the lists and their counts."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, DateTimeField, Min, OuterRef, Q, QuerySet, Subquery
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from core.actors import Actor
from core.errors import InvalidInput, NotVisible
from tickets import rules
from tickets.enums import ACTIVE, WAITING, DraftMode, Status
from tickets.models import Draft, Queue, SeenMark, Ticket
from tickets.services.state import staff_id

DRAFT_LIMIT = 20_000
#: an id in an address: what fits into the column
NUMBER = re.compile(r"[0-9]{1,18}")

# --- drafts and what was seen -------------------------------------------------------------------------------


@transaction.atomic
def save_draft(*, ticket: Ticket, mode: str, body: str, actor: Actor, at: datetime) -> Draft | None:
    """Keep what somebody is writing; an empty text forgets it. The last save wins. Raises InvalidInput (mode,
    body)."""
    author_id = _reader(ticket, actor)
    if mode not in DraftMode.values:
        raise InvalidInput(fields={"mode": [_("A draft is a reply or a note.")]})
    if len(body) > DRAFT_LIMIT:
        raise InvalidInput(
            fields={
                "body": [
                    _("Please keep to %(limit)d characters; this has %(count)d.")
                    % {"limit": DRAFT_LIMIT, "count": len(body)}
                ]
            }
        )
    if not body.strip():
        clear_draft(ticket=ticket, mode=mode, actor=actor)
        return None
    Draft.objects.bulk_create(
        [Draft(ticket=ticket, author_id=author_id, mode=mode, body=body, saved_at=at)],
        update_conflicts=True,
        unique_fields=["ticket", "author", "mode"],
        update_fields=["body", "saved_at"],
    )
    return Draft.objects.get(ticket=ticket, author_id=actor.id, mode=mode)


@transaction.atomic
def clear_draft(*, ticket: Ticket, mode: str, actor: Actor) -> bool:
    """Forget what somebody was writing; whether there was anything."""
    return bool(Draft.objects.filter(ticket=ticket, author_id=actor.id, mode=mode).delete()[0])


def drafts_of(ticket: Ticket, actor: Actor) -> dict[str, Draft]:
    """One's own drafts on a ticket, by mode."""
    return {draft.mode: draft for draft in Draft.objects.filter(ticket=ticket, author_id=actor.id)}


@transaction.atomic
def mark_seen(*, ticket: Ticket, actor: Actor, at: datetime) -> None:
    """Remember that somebody looked at the ticket now: what changed before is no longer new to them."""
    user_id = _reader(ticket, actor)
    SeenMark.objects.bulk_create(
        [SeenMark(ticket=ticket, user_id=user_id, seen_at=at)],
        update_conflicts=True,
        unique_fields=["ticket", "user"],
        update_fields=["seen_at"],
    )


def _reader(ticket: Ticket, actor: Actor) -> int:
    user_id = staff_id(actor)
    if not Ticket.objects.visible_to(actor).filter(pk=ticket.pk).exists():
        raise NotVisible()
    return user_id


# --- lists --------------------------------------------------------------------------------------------------

#: the lists of the desk, in their order: name → label
VIEWS: dict[str, Any] = {
    "mine": _("My work"),
    "awaiting": _("Awaiting my reply"),
    "soon": _("Due soon"),
    "waiting_customer": _("Waiting for the customer"),
    "waiting_part": _("Waiting for a part"),
    "waiting_third_party": _("Waiting for a third party"),
    "snoozed": _("Put aside"),
    "supporting": _("I look after"),
    "unassigned": _("Not assigned"),
    "resolved": _("Resolved by me"),
    "all": _("All open"),
}


def _conditions(viewer: Actor, at: datetime) -> dict[str, Q]:
    """What belongs to each list, among active tickets. What somebody put aside is in their list "snoozed" alone, until
    its time (also when the timer is late)."""
    aside = Q(assignee_id=viewer.id, snoozed_by_id=viewer.id, snoozed_until__gt=at)
    mine = Q(assignee_id=viewer.id) & (
        Q(snoozed_until=None) | Q(snoozed_until__lte=at) | ~Q(snoozed_by_id=viewer.id)
    )
    return {
        "mine": mine,
        "awaiting": mine & Q(awaiting_reply=True),
        "soon": mine & Q(due_at__lte=at + timedelta(minutes=rules.SOON_MINUTES)),
        "waiting_customer": mine & Q(status=Status.WAITING_CUSTOMER),
        "waiting_part": mine & Q(status=Status.WAITING_PART),
        "waiting_third_party": mine & Q(status=Status.WAITING_THIRD_PARTY),
        "snoozed": aside,
        "supporting": Q(steward_id=viewer.id) & ~Q(assignee_id=viewer.id),
        "unassigned": Q(assignee=None, status__in=[Status.NEW, Status.OPEN]) & _in_my_queues(viewer),
    }


def _in_my_queues(viewer: Actor) -> Q:
    if viewer.sees_all:
        return Q()
    return Q(queue_id__in=Queue.objects.filter(team_id__in=viewer.scopes).order_by().values("pk"))


def counts(*, viewer: Actor, at: datetime) -> dict[str, int]:
    """How many tickets each list holds (all but "resolved" and "all"), in one query."""
    conditions = _conditions(viewer, at)
    found = (
        Ticket.objects.active()
        .filter(Q(assignee_id=viewer.id) | conditions["supporting"] | conditions["unassigned"])
        .aggregate(**{name: Count("pk", filter=condition) for name, condition in conditions.items()})
    )
    return {name: found[name] for name in conditions}


@dataclass(frozen=True, slots=True)
class QueueCount:
    """A queue, how many wait in it for somebody, and since when the oldest does."""

    queue: Queue
    waiting: int
    oldest_at: datetime | None


def queue_counts(*, viewer: Actor) -> list[QueueCount]:
    """The viewer's queues with what waits in them. Two queries."""
    queues = Queue.objects.filter(active=True)
    if not viewer.sees_all:
        queues = queues.filter(team_id__in=viewer.scopes)
    found = waiting_by_queue(viewer=viewer)
    return [QueueCount(queue, *found.get(queue.pk, (0, None))) for queue in queues]


def waiting_by_queue(*, viewer: Actor) -> dict[int, tuple[int, datetime | None]]:
    """Queue id → how many wait in it for somebody, and since when the oldest does; only queues of the viewer in which
    somebody waits. One query."""
    rows = Ticket.objects.unassigned().filter(_in_my_queues(viewer)).order_by()
    counted = rows.values_list("queue_id").annotate(Count("pk"), Min("created_at"))
    return {queue_id: (count, oldest) for queue_id, count, oldest in counted}


#: what a row of a list shows
ROW = (
    "id",
    "reference",
    "subject",
    "status",
    "grade",
    "priority",
    "level",
    "awaiting_reply",
    "due_at",
    "due_kind",
    "due_total",
    "created_at",
    "updated_at",
    "last_customer_at",
    "last_public_at",
    "assignee_id",
    "assignee__display_name",
    "assignee__display_name_en",
    "channel__kind",
    "customer_id",
    "customer__salutation",
    "customer__name",
    "product__model",
    "category__name_zh",
    "category__name_en",
    "queue_id",
    "snoozed_until",
    "woke_at",
)


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of a list (dicts with the fields of ROW, `seen_at`, `unread`), and where the next page begins
    (empty at the end)."""

    rows: list[dict[str, Any]]
    next_cursor: str


def list_rows(
    *,
    viewer: Actor,
    view: str = "mine",
    at: datetime,
    limit: int = 50,
    cursor: str = "",
    narrow: Callable[[QuerySet[Any]], QuerySet[Any]] | None = None,
) -> Page:
    """One page of a list, what is due first, what has no running clock last. `view` is a name of VIEWS or
    "queue:<id>"; `narrow` takes a part of it. One query. Raises NotVisible for an unknown list or somebody
    else's queue, InvalidInput (cursor)."""
    rows = _rows_of(view, viewer, at)
    if narrow is not None:
        rows = narrow(rows)
    newest_first = view == "resolved"
    if newest_first:
        rows = rows.order_by("-resolved_at", "-id")
    else:
        rows = rows.by_due()
    if cursor:
        rows = rows.filter(_after(cursor, newest_first))
    found = list(row_values(rows, viewer=viewer)[: limit + 1])
    page = with_unread(found[:limit])
    return Page(page, _cursor_of(page[-1], newest_first) if len(found) > limit else "")


def _rows_of(view: str, viewer: Actor, at: datetime) -> Any:
    if not viewer.is_staff:
        raise NotVisible()
    kind, _colon, number = view.partition(":")
    if kind == "queue" and NUMBER.fullmatch(number):
        queues = Queue.objects.filter(pk=int(number))
        if not viewer.sees_all:
            queues = queues.filter(team_id__in=viewer.scopes)
        # the queue itself is checked by the subquery: a stranger's is an empty list, which is no news to them
        return Ticket.objects.active().filter(queue_id__in=queues.order_by().values("pk"))
    if view == "all":
        return Ticket.objects.visible_to(viewer).active()
    if view == "resolved":
        return Ticket.objects.filter(resolved_by_id=viewer.id, status__in=[Status.RESOLVED, Status.CLOSED])
    condition = _conditions(viewer, at).get(view)
    if condition is None:
        raise NotVisible()
    return Ticket.objects.active().filter(condition)


def _cursor_of(row: dict[str, Any], newest_first: bool) -> str:
    moment = row["resolved_at"] if newest_first else row["due_at"]
    return f"{moment.isoformat() if moment else '-'}~{row['id']}"


def _after(cursor: str, newest_first: bool) -> Q:
    """The rows that follow a cursor. Raises InvalidInput for one that this service did not make."""
    text, _tilde, number = cursor.partition("~")
    try:
        moment = None if text == "-" else parse_datetime(text)
    except ValueError:
        moment = None
    if moment is not None and moment.tzinfo is None:
        moment = None
    if not NUMBER.fullmatch(number) or (moment is None and (text != "-" or newest_first)):
        raise InvalidInput(
            _("This page does not exist."), fields={"cursor": [_("This page does not exist.")]}
        )
    last_id = int(number)
    if newest_first:
        return Q(resolved_at__lt=moment) | Q(resolved_at=moment, id__lt=last_id)
    if moment is None:
        return Q(due_at=None, id__gt=last_id)
    return Q(due_at__gt=moment) | Q(due_at=moment, id__gt=last_id) | Q(due_at=None)


def rows_for(ids: Iterable[int], *, viewer: Actor) -> list[dict[str, Any]]:
    """Rows (as in list_rows) of these tickets in this order, as far as the viewer may see them: for search
    results and for one row that changed."""
    wanted = list(ids)
    rows = row_values(Ticket.objects.visible_to(viewer).filter(pk__in=wanted), viewer=viewer)
    found = {row["id"]: row for row in with_unread(rows)}
    return [found[pk] for pk in wanted if pk in found]


def row_values(tickets: QuerySet[Any], *, viewer: Actor) -> QuerySet[Any]:
    """Tickets as dicts with the fields of ROW and `seen_at`, for lists that page themselves (see with_unread)."""
    seen = SeenMark.objects.filter(ticket=OuterRef("pk"), user_id=viewer.id or 0).values("seen_at")[:1]
    return tickets.annotate(seen_at=Subquery(seen, output_field=DateTimeField())).values(
        *ROW, "resolved_at", "seen_at"
    )


def with_unread(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, each with `unread` (the customer wrote after the viewer last looked) and `woken` (it came back after
    that)."""
    found = list(rows)
    for row in found:
        row["unread"] = _since(row["last_customer_at"], row["seen_at"])
        row["woken"] = _since(row["woke_at"], row["seen_at"])
    return found


def _since(moment: datetime | None, seen_at: datetime | None) -> bool:
    return moment is not None and (seen_at is None or seen_at < moment)


def acts_for(ticket: Ticket, viewer: Actor) -> list[str]:
    """What the state of a ticket lets this member of staff do with it (the service decides when it is done)."""
    status = Status(ticket.status)
    active, answered = status in ACTIVE, status in ACTIVE and status != Status.NEW
    allowed = {
        "reply": status != Status.MERGED,
        "note": True,
        "claim": active and ticket.assignee_id is None,
        "assign": active,
        "escalate": active and ticket.tier_id is not None,
        "hand-down": active and ticket.tier is not None and ticket.tier.position > 1,
        "regrade": status != Status.MERGED,
        "wait": answered,
        "snooze": active and ticket.assignee_id == viewer.id,
        "wake": ticket.snoozed_until is not None,
        "resume": status in WAITING,
        "resolve": active,
        "confirm": status == Status.RESOLVED,
        "reopen": status in (Status.RESOLVED, Status.CLOSED),
        "merge": active,
        "unmerge": status == Status.MERGED,
        "split": status != Status.MERGED,
        "link": True,
    }
    return [name for name, may in allowed.items() if may]
