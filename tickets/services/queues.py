"""Queues as they are read: which one fits a ticket, whose turn it is, how many are before somebody."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    Case,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    IntegerField,
    Q,
    QuerySet,
    Value,
    When,
)

from tickets import rules
from tickets.enums import Grade
from tickets.models import Assignment, Category, Queue, Ticket

PACE_NEEDED = 3


def active_queues() -> list[Queue]:
    """The queues in the order in which they take tickets, with all that the choice needs. Three queries."""
    return list(
        Queue.objects.filter(active=True)
        .select_related("tier")
        .prefetch_related("lines", "categories")
        .order_by("position", "code")
    )


def pick_queue(ticket: Ticket, tier_code: str, among: Iterable[Queue] | None = None) -> Queue | None:
    """The first queue of the tier that fits (channel, customer level, product line, category), by position;
    else the first of the tier that takes everything, else the tier's first. None when the tier has no
    queue. `among` are the active queues, read before (`active_queues`)."""
    queues = [q for q in (active_queues() if among is None else among) if q.tier.code == tier_code]
    line_id = ticket.product.line_id if ticket.product else None
    categories = _with_ancestors(ticket.category)
    narrow = [q for q in queues if _is_narrow(q)]
    for queue in narrow:
        if _fits(queue, ticket, line_id, categories):
            return queue
    wide = [q for q in queues if not _is_narrow(q)]
    return next(iter(wide or queues), None)


def _is_narrow(queue: Queue) -> bool:
    return bool(queue.channel_kinds or queue.levels or queue.lines.all() or queue.categories.all())


def _fits(queue: Queue, ticket: Ticket, line_id: int | None, categories: set[int]) -> bool:
    if queue.channel_kinds and ticket.channel.kind not in queue.channel_kinds:
        return False
    if queue.levels and ticket.level not in queue.levels:
        return False
    lines = {line.pk for line in queue.lines.all()}
    if lines and line_id not in lines:
        return False
    wanted = {category.pk for category in queue.categories.all()}
    return not wanted or bool(wanted & categories)


def _with_ancestors(category: Category | None) -> set[int]:
    found: set[int] = set()
    while category is not None and category.pk not in found:
        found.add(category.pk)
        category = category.parent
    return found


def waiting() -> QuerySet[Any]:
    """Tickets that wait for somebody, whose turn comes first: major faults, then by the time they came, moved
    by priority and membership (rules.AGEING_STEP_MINUTES, MEMBER_HEAD_START_MINUTES): who waits long enough
    passes everybody."""
    step = timedelta(minutes=rules.AGEING_STEP_MINUTES)
    zero = Value(timedelta(), output_field=DurationField())
    later = Case(
        *(When(priority=p, then=Value(step * (p - 1), output_field=DurationField())) for p in (2, 3, 4)),
        default=zero,
    )
    earlier = Case(
        *(
            When(level=level, then=Value(timedelta(minutes=minutes), output_field=DurationField()))
            for level, minutes in rules.MEMBER_HEAD_START_MINUTES.items()
            if minutes
        ),
        default=zero,
    )
    return (
        Ticket.objects.unassigned()
        .filter(queue__isnull=False)
        .annotate(
            gravity=Case(
                When(grade=Grade.MAJOR, then=Value(0)), default=Value(1), output_field=IntegerField()
            ),
            turn=ExpressionWrapper(
                ExpressionWrapper(F("created_at") + later, output_field=DateTimeField()) - earlier,
                output_field=DateTimeField(),
            ),
        )
        .order_by("gravity", "turn", "pk")
    )


def place_of(ticket: Ticket, *, at: datetime) -> tuple[int, int | None] | None:
    """How many tickets of the same queue come before a waiting one, and the minutes that takes at the pace of
    the last hour (None while fewer than PACE_NEEDED were given out in it: then nothing honest can be said).
    None when it does not wait."""
    mine = waiting().filter(pk=ticket.pk).values_list("gravity", "turn", "queue_id").first()
    if mine is None:
        return None
    gravity, turn, queue_id = mine
    before = (
        Q(gravity__lt=gravity)
        | Q(gravity=gravity, turn__lt=turn)
        | Q(gravity=gravity, turn=turn, pk__lt=ticket.pk)
    )
    ahead = waiting().filter(before, queue_id=queue_id).order_by().count()
    paced = Assignment.objects.filter(ticket__queue_id=queue_id, since__gt=at - timedelta(hours=1)).count()
    return ahead, -(-(ahead + 1) * 60 // paced) if paced >= PACE_NEEDED else None
