"""Who is told of what happens to tickets: steps of a clock's ladder, alerts, what watchers wait for."""

from datetime import datetime
from typing import Any

from accounts.enums import NoticeLevel
from accounts.models import Notice
from accounts.services.notices import notify
from core.actors import SYSTEM, Actor
from tickets.enums import ClockState, Status
from tickets.events import CustomerReplied, StatusChanged
from tickets.models import Clock, Ticket, TicketAlert
from tickets.services.recipients import lead_and_supervisors, people_on_step
from tickets.services.watchers import watchers_of

CLOCK = "tickets.clock"
ALERT = "tickets.alert"
WATCHED = "tickets.watched"
#: the customer's own words: a kind of their own, for one unread notice of them is enough
WATCHED_WORDS = "tickets.watched_words"
#: what a watcher's notice keeps of the fact
KEPT = ("before", "after", "direction", "to_tier")
#: a clock's notice is a warning from here on, and loud from the breach on
WARN_FROM, LATE_FROM = 80, 100


def tell_of_clock(
    *, ticket_id: int, clock: str, cycle: int, percent: int, recipient: str, at: datetime
) -> list[Notice]:
    """So much of a clock is used: tell whoever stands on that step of the ladder, once. A warning that comes after the
    clock has ended is no news any more; a breach always is. Returns the new notices."""
    ticket = Ticket.objects.filter(pk=ticket_id).exclude(status=Status.MERGED).first()
    if ticket is None:
        return []
    if percent < LATE_FROM:
        live = Clock.objects.filter(ticket=ticket, kind=clock, cycle=cycle)
        if not live.filter(state__in=[ClockState.RUNNING, ClockState.PAUSED]).exists():
            return []
    level = NoticeLevel.INFO if percent < WARN_FROM else NoticeLevel.WARN
    return notify(
        recipients=people_on_step(ticket, recipient),
        kind=CLOCK,
        subject_kind="ticket",
        subject_id=ticket.pk,
        data={"clock": clock, "cycle": cycle, "percent": percent, "recipient": recipient},
        level=NoticeLevel.ALERT if percent >= LATE_FROM else level,
        dedupe=f"clock:{ticket.pk}:{clock}:{cycle}:{percent}",
        actor=SYSTEM,
        at=at,
    )


def tell_of_alert(*, alert_id: int, again: bool = False, at: datetime) -> list[Notice]:
    """A customer's words raised an alert: tell the lead of the queue's team and the supervisors. `again`: nobody took
    note of it in time, so the step above hears of it too, and the others once more. Returns the new notices."""
    alert = TicketAlert.objects.select_related("ticket").filter(pk=alert_id).first()
    if alert is None or (again and alert.acknowledged_at is not None):
        return []
    people = lead_and_supervisors(alert.ticket)
    if again:
        people += people_on_step(alert.ticket, "director")
    return notify(
        recipients=people,
        kind=ALERT,
        subject_kind="ticket",
        subject_id=alert.ticket_id,
        data={"alert_id": alert.pk, "word_class": alert.word_class, "again": again},
        level=NoticeLevel.ALERT,
        dedupe=f"alert:{alert.pk}:again" if again else f"alert:{alert.pk}",
        actor=SYSTEM,
        at=at,
    )


def tell_watchers(
    *,
    ticket_id: int,
    event_id: int,
    kind: str,
    data: dict[str, Any],
    happened_at: datetime,
    actor: Actor,
    at: datetime,
) -> list[Notice]:
    """Something happened on a ticket: tell who watched it then, but not of their own acts. Returns the new notices."""
    ticket = Ticket.objects.filter(pk=ticket_id).first()
    if ticket is None or _is_said_otherwise(kind, data, actor):
        return []
    kept: dict[str, Any] = {key: data[key] for key in KEPT if key in data}
    return notify(
        recipients=watchers_of(ticket, at=happened_at),
        kind=WATCHED_WORDS if kind == CustomerReplied.kind else WATCHED,
        subject_kind="ticket",
        subject_id=ticket.pk,
        data={"what": kind, **kept},
        dedupe=f"watch:{event_id}",
        # somebody who writes five lines in a chat is one piece of news
        unless_unread=kind == CustomerReplied.kind,
        actor=actor,
        at=at,
    )


def _is_said_otherwise(kind: str, data: dict[str, Any], actor: Actor) -> bool:
    """A change of state that another fact of the same moment tells of: the solution, or the customer's own words."""
    if kind != StatusChanged.kind:
        return False
    if data["after"] == Status.RESOLVED:
        return True
    return data["before"] == Status.WAITING_CUSTOMER and data["after"] == Status.OPEN and not actor.is_staff
