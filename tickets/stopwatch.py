"""The arithmetic of one clock: an immutable stopwatch and what may happen to it.

The service that writes clocks and the command that rebuilds them from history both fold these functions, so a row
that differs from its history was written by something else. A stopwatch stands on whole seconds; a moment that lies
before its last change counts as that change (two machines' clocks differ by milliseconds).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tickets.business_time import OpenHours, add, between, whole
from tickets.enums import ClockState


@dataclass(frozen=True, kw_only=True)
class Stopwatch:
    """What a Clock row holds, without its identity. `hours` belongs to `calendar_id`; None is natural time."""

    calendar_id: int | None
    hours: OpenHours | None
    target_seconds: int
    started_at: datetime
    state: ClockState
    running_since: datetime | None = None
    paused_since: datetime | None = None
    pause_until: datetime | None = None
    elapsed_seconds: int = 0
    paused_seconds: int = 0
    capped_seconds: int = 0
    warned_percent: int = 0
    due_at: datetime | None = None
    finished_at: datetime | None = None
    breached_at: datetime | None = None

    @property
    def live(self) -> bool:
        return self.state in (ClockState.RUNNING, ClockState.PAUSED)

    @property
    def running(self) -> bool:
        return self.state == ClockState.RUNNING

    def used(self, at: datetime) -> int:
        """Seconds used up to `at`, on the clock's calendar."""
        if self.running_since is None:
            return self.elapsed_seconds
        return self.elapsed_seconds + between(self.running_since, whole(at), self.hours)

    def paused(self, at: datetime) -> int:
        """Natural seconds paused up to `at`."""
        if self.paused_since is None:
            return self.paused_seconds
        return self.paused_seconds + max(0, int((whole(at) - self.paused_since).total_seconds()))

    def percent(self, at: datetime) -> int:
        """Used seconds in percent of the target, rounded down."""
        return 100 * self.used(at) // self.target_seconds

    def moment_of(self, percent: int) -> datetime:
        """When a running clock will have used so much of its target (`running_since` if it has already)."""
        if self.running_since is None:
            raise ValueError("only a running clock has a deadline")
        needed = -(-self.target_seconds * percent // 100)
        return add(self.running_since, max(0, needed - self.elapsed_seconds), self.hours)

    def settled(self, at: datetime) -> datetime:
        """The moment from which a change made at `at` counts."""
        return max(whole(at), self.running_since or self.paused_since or self.started_at)


def start(
    at: datetime, *, target_seconds: int, calendar_id: int | None, hours: OpenHours | None
) -> Stopwatch:
    """A clock that runs from `at`. Raises ValueError for a target below one second."""
    if target_seconds < 1:
        raise ValueError("a promise lasts at least a second")
    since = whole(at)
    return Stopwatch(
        calendar_id=calendar_id,
        hours=hours,
        target_seconds=target_seconds,
        started_at=since,
        state=ClockState.RUNNING,
        running_since=since,
        due_at=add(since, target_seconds, hours),
    )


def is_late(watch: Stopwatch, at: datetime) -> bool:
    """Whether a running clock reached its deadline and that is not on record."""
    return (
        watch.running and watch.breached_at is None and watch.due_at is not None and whole(at) >= watch.due_at
    )


def breach(watch: Stopwatch, at: datetime) -> Stopwatch:
    """Put the breach on record; the first one stays."""
    return watch if watch.breached_at else replace(watch, breached_at=whole(at))


def warn(watch: Stopwatch, percent: int) -> Stopwatch:
    """Remember the last step of the ladder that was announced."""
    return replace(watch, warned_percent=max(watch.warned_percent, percent))


def limited(watch: Stopwatch, at: datetime, seconds: int) -> datetime:
    """When a pause that begins at `at` must end, if pauses of its sort may last so many natural seconds in all."""
    rested = _rest(watch, at)
    return watch.settled(at) + timedelta(seconds=max(0, seconds - rested.capped_seconds))


def pause(watch: Stopwatch, at: datetime, *, until: datetime | None = None) -> Stopwatch:
    """Stop counting, at most until then. A paused clock starts another pause (the reason changed)."""
    since = watch.settled(at)
    watch = _rest(watch, at)
    return replace(
        watch,
        state=ClockState.PAUSED,
        running_since=None,
        paused_since=since,
        pause_until=until,
        due_at=None,
    )


def resume(watch: Stopwatch, at: datetime) -> Stopwatch:
    """Count on from here; the deadline is what is left of the target."""
    if watch.running:
        return watch
    since = watch.settled(at)
    watch = _rest(watch, at)
    return _run(replace(watch, state=ClockState.RUNNING), since)


def retarget(
    watch: Stopwatch, at: datetime, *, target_seconds: int, calendar_id: int | None, hours: OpenHours | None
) -> Stopwatch:
    """Another promise for the same clock: used and paused time are kept, what is left runs on the new calendar. Steps
    of the ladder that lie ahead again will be announced again, for the new promise."""
    if target_seconds < 1:
        raise ValueError("a promise lasts at least a second")
    since = watch.settled(at)
    running = watch.running
    if running:
        watch = replace(watch, elapsed_seconds=watch.used(since))
    watch = replace(watch, target_seconds=target_seconds, calendar_id=calendar_id, hours=hours)
    reached = 100 * watch.elapsed_seconds // target_seconds
    watch = replace(watch, warned_percent=min(watch.warned_percent, reached))
    return _run(watch, since) if running else watch


def finish(watch: Stopwatch, at: datetime, state: ClockState) -> Stopwatch:
    """Met or stopped: nothing counts any more. The last deadline stays readable."""
    since = watch.settled(at)
    return replace(_rest(watch, at), state=state, running_since=None, paused_since=None, finished_at=since)


def _run(watch: Stopwatch, since: datetime) -> Stopwatch:
    left = max(0, watch.target_seconds - watch.elapsed_seconds)
    return replace(watch, running_since=since, due_at=add(since, left, watch.hours))


def _rest(watch: Stopwatch, at: datetime) -> Stopwatch:
    """Move the open stretch, running or paused, into the sums."""
    since = watch.settled(at)
    if watch.running_since is not None:
        return replace(watch, elapsed_seconds=watch.used(since), running_since=None)
    if watch.paused_since is not None:
        length = watch.paused(since) - watch.paused_seconds
        return replace(
            watch,
            paused_seconds=watch.paused_seconds + length,
            capped_seconds=watch.capped_seconds + (length if watch.pause_until else 0),
            paused_since=None,
            pause_until=None,
        )
    return watch
