"""What the beat and the worker run for tickets."""

from datetime import datetime

from core import clock
from core.models import Timer
from core.services.timers import on_timer
from tickets.services import routing
from tickets.services.clocks import due
from tickets.services.clocks.sheet import BREACH, PAUSE_ENDS, WARN


@on_timer(WARN)
def warn(timer: Timer, at: datetime) -> None:
    """A step of a clock's ladder is reached."""
    due.run_due(timer.subject_id, kind=timer.kind, at=at)


@on_timer(BREACH)
def breach(timer: Timer, at: datetime) -> None:
    """A clock's deadline is reached, or a step of the ladder beyond it."""
    due.run_due(timer.subject_id, kind=timer.kind, at=at)


@on_timer(PAUSE_ENDS)
def end_pause(timer: Timer, at: datetime) -> None:
    """A pause has lasted as long as it may."""
    due.end_pause(timer.subject_id, at=at)


def drain_queues() -> int:
    """Give waiting tickets to whoever can take them; while some wait, look again in a minute. Returns how many were
    given."""
    at = clock.now()
    given = routing.drain(at=at)
    if routing.waiting().exists():
        routing.look_again(at=at)
    return given
