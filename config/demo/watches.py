"""The clocks of one ticket of the demo's past, told in memory: the product's own arithmetic (tickets.stopwatch) and its
own facts, so that `manage.py rebuild_clocks` reads the same story from the events as from the rows."""

from collections.abc import Callable, Mapping
from datetime import datetime

from core.events import DomainEvent
from core.models import Timer
from tickets import rules, stopwatch
from tickets.enums import ClockKind, ClockState, Status
from tickets.events import ClockWarned
from tickets.models import Clock, SlaTarget, Ticket
from tickets.services.clocks.sheet import SHARED, changed, promise_of, timer_of
from tickets.services.hours import open_hours
from tickets.stopwatch import Stopwatch

#: what is announced: the fact, its moment, and whether time itself did it
Tell = Callable[[DomainEvent, datetime, bool], None]


class Watches:
    """What tickets.services.clocks would have done to the clocks of one ticket. Moments go forward only."""

    def __init__(self, ticket: Ticket, cell: SlaTarget, ladder: Mapping[int, str], tell: Tell) -> None:
        self._ticket, self._cell, self._ladder, self._tell = ticket, cell, ladder, tell
        self._live: dict[ClockKind, tuple[Clock, Stopwatch]] = {}
        self._next: dict[ClockKind, datetime | None] = {}
        self._cycles: dict[ClockKind, int] = {}
        self.rows: list[Clock] = []

    def has(self, kind: ClockKind) -> bool:
        """Whether a clock of this kind is live."""
        return kind in self._live

    def start(self, kind: ClockKind, *, since: datetime) -> None:
        """One more clock of this kind, unless one is live."""
        if kind in self._live:
            return
        seconds, calendar = promise_of(kind, self._cell, self._ticket)
        cycle = self._cycles[kind] = self._cycles.get(kind, 0) + 1
        watch = stopwatch.start(
            since,
            target_seconds=seconds,
            calendar_id=calendar.pk if calendar else None,
            hours=open_hours(calendar),
        )
        clock = Clock(ticket_id=self._ticket.pk, kind=kind.value, cycle=cycle)
        self.rows.append(clock)
        self._put(kind, clock, watch, "started", since=watch.started_at, at=since)

    def finish(self, kind: ClockKind, state: ClockState, *, at: datetime) -> None:
        """Met or stopped, if one is live."""
        if kind not in self._live:
            return
        clock, watch = self._live[kind]
        after = stopwatch.finish(watch, at, state)
        self._put(kind, clock, after, state.value, since=watch.settled(at), at=at, before=watch)
        self._copy(clock, after)
        del self._live[kind]

    def finish_all(self, state: ClockState, *, at: datetime) -> None:
        """Met or stopped: every live clock, in the order of their kinds."""
        for kind in ClockKind:
            self.finish(kind, state, at=at)

    def follow(self, status: Status, *, at: datetime) -> None:
        """Run or pause each live clock by the ticket's state."""
        limited = status in rules.PAUSE_IS_LIMITED
        limit = self._cell.policy.part_pause_days * 86400 if limited else 0
        for kind, (clock, watch) in list(self._live.items()):
            runs, since = rules.runs_in(kind, status), watch.settled(at)
            if limited and not runs and watch.running and watch.capped_seconds >= limit:
                continue
            if runs and not watch.running:
                after, change = stopwatch.resume(watch, since), "resumed"
            elif not runs and (watch.running or limited != (watch.pause_until is not None)):
                until = stopwatch.limited(watch, since, limit) if limited else None
                after, change = stopwatch.pause(watch, since, until=until), "paused"
            else:
                continue
            self._put(kind, clock, after, change, since=since, at=at, before=watch)

    def pass_time(self, until: datetime) -> None:
        """What time itself does up to that moment: warnings, breaches, the end of limited pauses, in their order."""
        while True:
            due = [(moment, kind.value) for kind, moment in self._next.items() if moment and moment <= until]
            if not due:
                return
            moment, name = min(due)
            self._fire(ClockKind(name), moment)

    def _fire(self, kind: ClockKind, moment: datetime) -> None:
        clock, watch = self._live[kind]
        if not watch.running:
            after = stopwatch.resume(watch, moment)
            self._put(kind, clock, after, "resumed", since=moment, at=moment, before=watch, by_time=True)
            return
        if stopwatch.is_late(watch, moment):
            after = stopwatch.breach(watch, moment)
            self._put(kind, clock, after, "breached", since=moment, at=moment, before=watch, by_time=True)
            watch = after
        for percent, recipient in self._ladder.items():
            if percent > watch.warned_percent and watch.moment_of(percent) <= moment:
                watch = stopwatch.warn(watch, percent)
                fact = ClockWarned(
                    subject_id=self._ticket.pk,
                    clock=clock.kind,
                    cycle=clock.cycle,
                    percent=percent,
                    recipient=recipient,
                )
                self._tell(fact, moment, True)
        self._keep(kind, clock, watch)

    def _put(
        self,
        kind: ClockKind,
        clock: Clock,
        watch: Stopwatch,
        change: str,
        *,
        since: datetime,
        at: datetime,
        before: Stopwatch | None = None,
        by_time: bool = False,
    ) -> None:
        policy_id = self._cell.policy_id
        self._tell(
            changed(clock, watch, change, since=since, policy_id=policy_id, before=before), at, by_time
        )
        self._keep(kind, clock, watch)

    def _keep(self, kind: ClockKind, clock: Clock, watch: Stopwatch) -> None:
        if not watch.live:
            self._next.pop(kind, None)
            return
        self._live[kind] = (clock, watch)
        timer = timer_of(0, watch, self._ladder)
        self._next[kind] = timer.due_at if timer else None

    @staticmethod
    def _copy(clock: Clock, watch: Stopwatch) -> None:
        for name in SHARED:
            setattr(clock, name, getattr(watch, name))

    def settle(self) -> None:
        """Bring the rows and the ticket's own deadline to what the story has come to."""
        for clock, watch in self._live.values():
            self._copy(clock, watch)
        running = [(clock, watch) for clock, watch in self._live.values() if watch.running]
        first = min(running, key=lambda pair: (pair[1].due_at, pair[0].kind), default=None)
        ticket = self._ticket
        if first is not None:
            ticket.due_at, ticket.due_kind = first[1].due_at, first[0].kind
            ticket.due_total = first[1].target_seconds

    def timers(self) -> list[Timer]:
        """What the live clocks need; their rows must have their numbers."""
        found = (timer_of(clock.pk, watch, self._ladder) for clock, watch in self._live.values())
        return [timer for timer in found if timer is not None]
