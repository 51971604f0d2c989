"""The clocks of tickets: started, paused, resumed, retargeted, met, stopped, warned of and breached.

Every change happens under the ticket's lock, is announced with all that is needed to rebuild the clock
(tickets.services.rebuild), keeps one core timer per running clock for its next step of the ladder, and repeats the
earliest deadline on the ticket. The clocks' rows are locked too, because the timers change them without the ticket.

All verbs read the ticket's row, not the caller's object: write the ticket first, then call them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import structlog
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.actors import Actor
from core.errors import DomainError
from customers.enums import Level
from tickets.enums import ClockKind, ClockState, Grade
from tickets.models import Clock, SlaPolicy, SlaTarget, Ticket
from tickets.services.clocks.due import mark_breached, run_due
from tickets.services.clocks.sheet import Sheet
from tickets.services.clocks.views import Chip, ClockFace, clock_view, queue_chip
from tickets.services.promises import current_policy

__all__ = [
    "Chip",
    "ClockFace",
    "NoTarget",
    "choose_target",
    "clock_view",
    "mark_breached",
    "meet",
    "queue_chip",
    "restart_hop",
    "retarget",
    "retarget_all",
    "run_due",
    "sheet_of",
    "start_clocks",
    "start_next_response",
    "start_reopen",
    "stop_all",
    "sync_clocks",
]

log = structlog.get_logger(__name__)


class NoTarget(DomainError):
    """No policy promises anything for this ticket."""

    status = 409
    code = "no_sla_target"
    title = _("No SLA policy covers this ticket")


def choose_target(
    *, ticket: Ticket, policy: SlaPolicy | None = None, at: datetime | None = None
) -> SlaTarget:
    """The cell for the ticket's grade × level in the given policy; with `at` in the brand's current one, else in the
    one stamped on the ticket. A level that the policy leaves out is served like a normal one. Raises NoTarget."""
    if policy is None:
        policy = current_policy(brand=ticket.brand_id, at=at) if at else ticket.sla_policy
    if policy is None:
        raise NoTarget()
    cells = SlaTarget.objects.filter(
        policy=policy, grade=ticket.grade or Grade.SIMPLE, level__in=[ticket.level, Level.NORMAL]
    ).select_related("policy", "response_calendar", "resolution_calendar")
    target = min(cells, key=lambda cell: cell.level != ticket.level, default=None)
    if target is None:
        raise NoTarget()
    return target


@contextmanager
def sheet_of(ticket: Ticket, *, actor: Actor, at: datetime) -> Iterator[Sheet]:
    """Lock the ticket and its live clocks for several changes that are written once, at the end."""
    with transaction.atomic():
        sheet = Sheet([ticket.pk], actor=actor, at=at)
        yield sheet
        sheet.save()
        sheet.copy_to(ticket)


def start_clocks(*, ticket: Ticket, actor: Actor, at: datetime) -> list[Clock]:
    """Stamp the policy and start first response, resolution and tier hop, counting from the ticket's opening; a ticket
    that was answered before it was classified met its first response then. Twice is once. A ticket that no policy
    covers gets no promise: that is logged as an error and seen by `unpromised`, but nothing is lost."""
    with sheet_of(ticket, actor=actor, at=at) as sheet:
        if _promise(sheet, sheet.tickets[ticket.pk]):
            sheet.start_all(ticket.pk)
        return sheet.clocks(ticket.pk)


def _promise(sheet: Sheet, row: Ticket) -> bool:
    """Stamp a ticket that was promised nothing yet; False when it was, or when no policy covers it."""
    if row.sla_target_id is not None:
        return False
    try:
        sheet.stamp(row.pk, choose_target(ticket=row, at=sheet.at))
    except NoTarget:
        log.error("ticket_without_sla", ticket=row.pk, grade=row.grade, level=row.level)
        return False
    return True


def sync_clocks(*, ticket: Ticket, actor: Actor, at: datetime) -> None:
    """Make every live clock run, pause or (of a closed or merged ticket) stop by the ticket's state. (Every other verb
    does so too.)"""
    with sheet_of(ticket, actor=actor, at=at):
        pass


def start_next_response(*, ticket: Ticket, since: datetime | None = None, actor: Actor, at: datetime) -> bool:
    """The customer waits for another answer since `at` (or `since`): start the clock, unless one runs already (the
    oldest unanswered message counts) or the first answer is still owed. Returns whether one was started."""
    with sheet_of(ticket, actor=actor, at=at) as sheet:
        if sheet.live(ticket.pk, ClockKind.NEXT_RESPONSE) or sheet.live(ticket.pk, ClockKind.FIRST_RESPONSE):
            return False
        answered = Clock.objects.filter(
            ticket_id=ticket.pk, kind=ClockKind.FIRST_RESPONSE, state=ClockState.MET
        )
        return answered.exists() and sheet.start_next(ticket.pk, ClockKind.NEXT_RESPONSE, since=since)


def meet(*, ticket: Ticket, kind: str, actor: Actor, at: datetime) -> bool:
    """The promise of this kind is kept (late, if its deadline has passed). Responses are met by a person only: for any
    other actor nothing happens. Returns whether a live clock was met."""
    with sheet_of(ticket, actor=actor, at=at) as sheet:
        return sheet.finish(ticket.pk, ClockKind(kind), ClockState.MET, since=at)


def stop_all(*, ticket: Ticket, actor: Actor, at: datetime) -> int:
    """Nothing counts any more; returns how many clocks were live."""
    with sheet_of(ticket, actor=actor, at=at) as sheet:
        return sum(
            sheet.finish(ticket.pk, ClockKind(clock.kind), ClockState.STOPPED, since=at)
            for clock in sheet.clocks(ticket.pk)
        )


def start_reopen(*, ticket: Ticket, actor: Actor, at: datetime) -> bool:
    """A reopened ticket keeps its first clocks as they are and gets one more promise to resolve it, from here. Returns
    whether it was started (False while one is live, or when nothing is promised)."""
    with sheet_of(ticket, actor=actor, at=at) as sheet:
        return sheet.start_next(ticket.pk, ClockKind.REOPEN_RESOLUTION)


def restart_hop(*, ticket: Ticket, actor: Actor, at: datetime) -> bool:
    """The ticket is at another tier (write it first): the hop before is met, the next one counts from here. Returns
    whether one was started."""
    with sheet_of(ticket, actor=actor, at=at) as sheet:
        sheet.finish(ticket.pk, ClockKind.TIER_HOP, ClockState.MET, since=at)
        return sheet.start_next(ticket.pk, ClockKind.TIER_HOP)


def retarget(*, ticket: Ticket, actor: Actor, at: datetime) -> None:
    """The grade or level changed: choose the policy anew, keep used and paused time, and give the live clocks their new
    deadlines. A ticket that no policy covers keeps its promises."""
    with sheet_of(ticket, actor=actor, at=at) as sheet:
        retarget_all(sheet)


def retarget_all(sheet: Sheet) -> int:
    """`retarget` for every ticket of a sheet; returns how many got another promise."""
    policies = {
        brand_id: current_policy(brand=brand_id, at=sheet.at)
        for brand_id in {row.brand_id for row in sheet.tickets.values()}
    }
    cells: dict[tuple[int, str, str], SlaTarget] = {
        (cell.policy_id, cell.grade, cell.level): cell
        for cell in SlaTarget.objects.filter(
            policy__in={policy.pk for policy in policies.values() if policy}
        ).select_related("policy", "response_calendar", "resolution_calendar")
    }
    changed = 0
    for row in sheet.tickets.values():
        policy = policies[row.brand_id]
        grade = row.grade or Grade.SIMPLE
        target = policy and (
            cells.get((policy.pk, grade, row.level)) or cells.get((policy.pk, grade, Level.NORMAL))
        )
        if not target:
            log.error("ticket_without_sla", ticket=row.pk, grade=row.grade, level=row.level)
            continue
        unpromised = row.sla_target_id is None
        sheet.stamp(row.pk, target)
        if unpromised:
            sheet.start_all(row.pk)
            changed += 1
        else:
            changed += sheet.retarget(row.pk)
    return changed
