"""Work of the apps that waits in their own tables: whom the beat wakes for it.

@wakes("channels_hub.jobs.send_due")      # in the app's handlers.py
def mail_is_due(at): ...                  # cheap and indexed: it is asked four times a second
"""

from collections.abc import Callable
from datetime import datetime

HasWork = Callable[[datetime], bool]

_wakers: dict[str, HasWork] = {}


def wakes(task: str) -> Callable[[HasWork], HasWork]:
    """Register a job (a dotted path without arguments) that the worker runs while `has_work(at)` is true. The job
    may be started twice at the same time and must then share the work."""

    def register(has_work: HasWork) -> HasWork:
        if task in _wakers:
            raise RuntimeError(f"{task} is woken already")
        _wakers[task] = has_work
        return has_work

    return register


def due(at: datetime) -> list[str]:
    """The jobs that have work now."""
    return [task for task, has_work in _wakers.items() if has_work(at)]
