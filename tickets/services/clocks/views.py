"""How clocks look: what pages show, computed when they are shown."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tickets import rules
from tickets.enums import ACTIVE, ClockKind, ClockState
from tickets.models import Clock, Ticket
from tickets.services.clocks.sheet import watch_of


@dataclass(frozen=True)
class ClockFace:
    """One clock as a page shows it. `state`: green, yellow, orange, red, paused, met or stopped. `left_percent` is what
    is left of the target on the clock's own calendar, 0–100. `seconds` is natural time: to the deadline, or since it
    (negative) once overdue; 0 where there is none. `late` says that a breach is on record."""

    kind: str
    label: str
    state: str
    left_percent: int
    seconds: int
    total: int
    used: int
    paused: int
    due_at: datetime | None
    finished_at: datetime | None
    late: bool
    calendar: str


@dataclass(frozen=True)
class Chip:
    """A ticket's next deadline as a list row shows it. `state`: green, yellow, orange, red, paused or none."""

    state: str
    kind: str
    due_at: datetime | None
    seconds: int
    left_percent: int


def clock_view(clocks: Iterable[Clock], at: datetime) -> list[ClockFace]:
    """The newest clock of each kind, in the order of the kinds; a stay at a tier and the next response only while they
    are live. No query, if the clocks were fetched with their calendars."""
    newest: dict[str, Clock] = {}
    for clock in clocks:
        if clock.kind not in newest or clock.cycle > newest[clock.kind].cycle:
            newest[clock.kind] = clock
    faces = [face(newest[kind], at) for kind in ClockKind.values if kind in newest]
    passing = (ClockKind.TIER_HOP, ClockKind.NEXT_RESPONSE)
    return [found for found in faces if found.kind not in passing or found.state not in ("met", "stopped")]


def face(clock: Clock, at: datetime) -> ClockFace:
    """One clock at a moment."""
    watch = watch_of(clock)
    used = watch.used(at)
    left_percent = max(0, 100 - -(-100 * used // watch.target_seconds))
    late = watch.breached_at is not None or (
        watch.due_at is not None and watch.running and at >= watch.due_at
    )
    seconds = int((watch.due_at - at).total_seconds()) if watch.running and watch.due_at else 0
    if watch.running:
        state = rules.colour(left_percent, overdue=watch.due_at is not None and at >= watch.due_at)
    else:
        state = str(watch.state)
    return ClockFace(
        kind=clock.kind,
        label=str(ClockKind(clock.kind).label),
        state=state,
        left_percent=left_percent,
        seconds=seconds,
        total=watch.target_seconds,
        used=used,
        paused=watch.paused(at),
        due_at=watch.due_at if clock.state in (ClockState.RUNNING, ClockState.MET) else None,
        finished_at=watch.finished_at,
        late=late,
        calendar=clock.calendar.name if clock.calendar else "",
    )


def queue_chip(ticket: Ticket | dict[str, Any], at: datetime) -> Chip:
    """The next deadline from the ticket's own columns (status, due_at, due_kind, due_total), as an object or a row of
    `values()`. What is left is natural time against the promise: outside a calendar's hours it is rounded in the
    ticket's favour, never against it."""
    if isinstance(ticket, dict):
        status, due_at, kind, total = (ticket[name] for name in ("status", "due_at", "due_kind", "due_total"))
    else:
        status, due_at, kind, total = ticket.status, ticket.due_at, ticket.due_kind, ticket.due_total
    if due_at is None:
        return Chip("paused" if status in ACTIVE else "none", "", None, 0, 0)
    seconds = int((due_at - at).total_seconds())
    left = max(0, min(100, 100 * seconds // total)) if total else 0
    return Chip(rules.colour(left, overdue=at >= due_at), kind, due_at, seconds, left)
