"""Putting a ticket aside: whoever has it does not see it among their work until a time, or until the customer writes.

The promises to the customer run on: nothing but the list changes. A ticket belongs to its lists again at its time even
when the timer is late (see desk._conditions); the timer writes the fact down."""

from datetime import datetime, time, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.actors import SYSTEM, Actor
from core.errors import Conflict, InvalidInput
from core.events import announce
from core.services.timers import cancel_timer, set_timer
from tickets import rules
from tickets.enums import ACTIVE, WokenBy
from tickets.events import TicketSnoozed, TicketWoke
from tickets.models import Ticket
from tickets.services import timeline
from tickets.services.state import lock_ticket, refuse, require_staff, staff_id

SNOOZE_ENDS = "tickets.snooze-ends"
REASON_LIMIT = 300
EVENING, MORNING = time(18), time(9)


@transaction.atomic
def snooze(*, ticket: Ticket, until: datetime, reason: str = "", actor: Actor, at: datetime) -> Ticket:
    """Put aside what one has oneself until a moment in the future, at most rules.SNOOZE_DAYS ahead. Again with another
    time moves it, with the same does nothing. Clocks run on. Raises InvalidInput (until, reason), Conflict
    "not_assigned_to_you", and Conflict when the ticket is done."""
    me = staff_id(actor)
    reason = reason.strip()
    complaints: dict[str, list[object]] = {}
    if until <= at:
        complaints["until"] = [_("Choose a time in the future.")]
    elif until > at + timedelta(days=rules.SNOOZE_DAYS):
        complaints["until"] = [_("At most %(days)d days ahead.") % {"days": rules.SNOOZE_DAYS}]
    if len(reason) > REASON_LIMIT:
        complaints["reason"] = [
            _("Please keep to %(limit)d characters; this has %(count)d.")
            % {"limit": REASON_LIMIT, "count": len(reason)}
        ]
    if complaints:
        raise InvalidInput(fields=complaints)
    lock_ticket(ticket, viewer=actor)
    if ticket.status not in ACTIVE:
        raise refuse(ticket)
    if ticket.assignee_id != me:
        raise Conflict(_("Only whoever has a ticket can put it aside."), code="not_assigned_to_you")
    if ticket.snoozed_until == until and ticket.snoozed_by_id == me:
        return ticket
    _write(ticket, until=until, by_id=me, at=at)
    event = announce(
        TicketSnoozed(subject_id=ticket.pk, until=until.isoformat()),
        actor=actor,
        at=at,
        detail={"reason": reason} if reason else None,
    )
    timeline.record(ticket, event=event, public=False)
    set_timer(SNOOZE_ENDS, subject_id=ticket.pk, due_at=until)
    return ticket


@transaction.atomic
def wake(*, ticket: Ticket, actor: Actor, at: datetime) -> Ticket:
    """Take back what was put aside; nothing happens to a ticket that was not."""
    require_staff(actor)
    lock_ticket(ticket, viewer=actor)
    wake_locked(ticket, cause=WokenBy.PERSON, actor=actor, at=at)
    return ticket


@transaction.atomic
def wake_due(*, ticket: Ticket, at: datetime) -> Ticket:
    """The time has come, if it is still that time."""
    lock_ticket(ticket, viewer=SYSTEM)
    if ticket.snoozed_until is not None and ticket.snoozed_until <= at:
        wake_locked(ticket, cause=WokenBy.TIME, actor=SYSTEM, at=at)
    return ticket


@transaction.atomic
def wake_moved(*, ticket: Ticket, at: datetime) -> Ticket:
    """Somebody else has it now, or nobody: it is not aside for them."""
    if not Ticket.objects.filter(pk=ticket.pk, snoozed_until__isnull=False).exists():
        return ticket
    lock_ticket(ticket, viewer=SYSTEM)
    if ticket.snoozed_by_id != ticket.assignee_id:
        wake_locked(ticket, cause=WokenBy.MOVED, actor=SYSTEM, at=at)
    return ticket


def wake_locked(ticket: Ticket, *, cause: WokenBy, actor: Actor, at: datetime) -> bool:
    """`wake` for a locked ticket; whether it had been put aside."""
    if ticket.snoozed_until is None:
        return False
    _write(ticket, until=None, by_id=None, at=at)
    event = announce(TicketWoke(subject_id=ticket.pk, cause=cause.value), actor=actor, at=at)
    timeline.record(ticket, event=event, public=False)
    cancel_timer(f"{SNOOZE_ENDS}:{ticket.pk}")
    return True


def _write(ticket: Ticket, *, until: datetime | None, by_id: int | None, at: datetime) -> None:
    woke_at = None if until else at
    Ticket.objects.filter(pk=ticket.pk).update(
        snoozed_until=until, snoozed_by=by_id, woke_at=woke_at, updated_at=at
    )
    ticket.snoozed_until, ticket.snoozed_by_id = until, by_id
    ticket.woke_at, ticket.updated_at = woke_at, at


def choices(at: datetime) -> dict[str, datetime]:
    """The usual moments, by code: in an hour, this evening (until half an hour before it), tomorrow and next Monday
    morning (not twice the same), in the time of the house."""
    local = timezone.localtime(at)
    today, zone = local.date(), local.tzinfo

    def moment(days: int, clock: time) -> datetime:
        return datetime.combine(today + timedelta(days=days), clock, tzinfo=zone)

    # on the minute, so that a doubled click is one time
    found = {"hour": (at + timedelta(hours=1)).replace(second=0, microsecond=0)}
    evening = moment(0, EVENING)
    if at <= evening - timedelta(minutes=30):
        found["evening"] = evening
    found["tomorrow"] = moment(1, MORNING)
    to_monday = 7 - today.weekday()
    if to_monday > 1:
        found["monday"] = moment(to_monday, MORNING)
    return found
