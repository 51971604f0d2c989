"""The clock that doors read. Everything below the doors is given `at`; the demo and tests may let another time pass."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from django.utils import timezone

_simulated: ContextVar[datetime | None] = ContextVar("simulated_now", default=None)


def now() -> datetime:
    """The time: the real one, unless a simulation runs in this context."""
    return _simulated.get() or timezone.now()


@contextmanager
def at_time(moment: datetime) -> Iterator[None]:
    """Let handlers, jobs and timers in this context believe that it is `moment`."""
    token = _simulated.set(moment)
    try:
        yield
    finally:
        _simulated.reset(token)
