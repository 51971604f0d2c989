"""The clocks of some tickets while one change is made: read once under lock, changed in memory, written once."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from django.db.models import Max

from core.actors import Actor
from core.db import lock_rows
from core.events import DomainEvent, announce_many
from core.models import Timer
from core.services.timers import cancel_timers, set_timers
from tickets import rules, stopwatch
from tickets.enums import ClockKind, ClockState, Status
from tickets.events import ClockChanged
from tickets.models import Calendar, Clock, EscalationStep, SlaTarget, Ticket
from tickets.services.hours import open_hours
from tickets.stopwatch import Stopwatch

#: what a stopwatch and a row have in common
SHARED = tuple(field.name for field in fields(Stopwatch) if field.name != "hours")
#: what is written on a ticket, and what is read of it
_WRITTEN = ("sla_policy_id", "sla_target_id", "due_at", "due_kind", "due_total")
_READ = ("status", "grade", "level", "brand_id", "tier_id", "created_at", "first_responded_at", *_WRITTEN)
_READ_BESIDE = ("tier__hop_minutes", "sla_policy__part_pause_days", "sla_target__policy_id")
WARN, BREACH, PAUSE_ENDS = "sla-warn", "sla-breach", "sla-pause-ends"
TIMERS = (WARN, BREACH, PAUSE_ENDS)

Ladder = Mapping[int, str]


def watch_of(clock: Clock) -> Stopwatch:
    """The row as a value."""
    return Stopwatch(hours=open_hours(clock.calendar), **{name: getattr(clock, name) for name in SHARED})


def key_of(clock_id: int) -> str:
    """The key of a clock's one timer."""
    return f"clock:{clock_id}"


def ladders_of(policy_ids: Iterable[int | None]) -> dict[int | None, dict[int, str]]:
    """Policy → percent → recipient, in one query; nobody is on the ladder of no policy."""
    wanted = set(policy_ids)
    found: dict[int | None, dict[int, str]] = {policy_id: {} for policy_id in wanted}
    rows = EscalationStep.objects.filter(policy_id__in=wanted - {None}).order_by("percent")
    for policy_id, percent, recipient in rows.values_list("policy_id", "percent", "recipient"):
        found[policy_id][percent] = recipient
    return found


def timer_of(clock_id: int, watch: Stopwatch, ladder: Ladder) -> Timer | None:
    """The timer that a clock needs: its next step of the ladder or its deadline, or the end of a limited pause."""
    if watch.state == ClockState.PAUSED and watch.pause_until is not None:
        return Timer(kind=PAUSE_ENDS, subject_id=clock_id, due_at=watch.pause_until, dedupe=key_of(clock_id))
    percent = rules.next_step(ladder, warned=watch.warned_percent, breached=watch.breached_at is not None)
    if not watch.running or percent is None:
        return None
    return Timer(
        kind=WARN if percent < 100 else BREACH,
        subject_id=clock_id,
        due_at=watch.moment_of(percent),
        dedupe=key_of(clock_id),
    )


def changed(
    clock: Clock,
    watch: Stopwatch,
    change: str,
    *,
    since: datetime,
    policy_id: int | None,
    before: Stopwatch | None = None,
) -> ClockChanged:
    """The fact that a clock is now like this."""
    return ClockChanged(
        subject_id=clock.ticket_id,
        clock=clock.kind,
        cycle=clock.cycle,
        change=change,
        target_seconds=watch.target_seconds,
        calendar_id=watch.calendar_id,
        elapsed_seconds=watch.elapsed_seconds,
        due_at=_text(watch.due_at),
        old_due_at=_text(before.due_at if before else None),
        since=_text(since),
        pause_until=_text(watch.pause_until),
        policy_id=policy_id,
    )


def _text(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def promise_of(kind: ClockKind, target: SlaTarget, ticket: Ticket) -> tuple[int, Calendar | None]:
    """Seconds and calendar that a clock of this kind promises. Answers run on the response calendar, and so does the
    stay at a tier: both wait for people at work."""
    if kind in rules.RESOLUTIONS:
        return target.resolution_minutes * 60, target.resolution_calendar
    if kind == ClockKind.TIER_HOP and ticket.tier is not None:
        return max(1, ticket.tier.hop_minutes * 60), target.response_calendar
    return target.first_response_minutes * 60, target.response_calendar


class Sheet:
    """Locks tickets in order of their ids, then their live clocks. Nothing is written before `save`."""

    def __init__(
        self, ticket_ids: Iterable[int], *, actor: Actor, at: datetime, skip_locked: bool = False
    ) -> None:
        self.actor, self.at = actor, at
        ids = list(ticket_ids)
        rows = Ticket.objects.filter(pk__in=ids).only(*_READ)
        if len(ids) > 1:  # for one, what is promised is read when it is needed, which is seldom
            rows = rows.select_related("tier", "sla_policy", "sla_target").only(*_READ, *_READ_BESIDE)
        self.tickets = {row.pk: row for row in lock_rows(rows, skip_locked=skip_locked).order_by("pk")}
        self._clocks: dict[int, list[Clock]] = {pk: [] for pk in self.tickets}
        self._before: dict[int, tuple[Any, ...]] = {}
        self._new: list[Clock] = []
        self._facts: list[DomainEvent] = []
        self._stamped: set[int] = set()
        self._withdrawn: list[int] = []
        live = Clock.objects.filter(
            ticket_id__in=self.tickets, state__in=[ClockState.RUNNING, ClockState.PAUSED]
        )
        for clock in lock_rows(live.select_related("calendar"), skip_locked=skip_locked).order_by("pk"):
            self._clocks[clock.ticket_id].append(clock)
            self._before[clock.pk] = _values(clock)

    def clocks(self, ticket_id: int) -> list[Clock]:
        """The ticket's clocks that were live when the sheet was read, or are new."""
        return list(self._clocks[ticket_id])

    def live(self, ticket_id: int, kind: ClockKind) -> Clock | None:
        """The ticket's running or paused clock of this kind."""
        return next(
            (
                clock
                for clock in self._clocks[ticket_id]
                if clock.kind == kind and clock.state in (ClockState.RUNNING, ClockState.PAUSED)
            ),
            None,
        )

    # --- changes ---------------------------------------------------------------------------------------------

    def stamp(self, ticket_id: int, target: SlaTarget) -> None:
        """From now on this cell is what the ticket is promised."""
        row = self.tickets[ticket_id]
        if row.sla_target_id != target.pk:
            row.sla_policy, row.sla_target = target.policy, target
            self._stamped.add(ticket_id)

    def start_all(self, ticket_id: int) -> None:
        """First response, resolution and tier hop, counting from the ticket's opening, in the ticket's state; an answer
        that was given before counts."""
        row = self.tickets[ticket_id]
        for kind in (ClockKind.FIRST_RESPONSE, ClockKind.RESOLUTION, ClockKind.TIER_HOP):
            self.start(ticket_id, kind, cycle=1, since=row.created_at)
        if row.first_responded_at:
            self._finish(ticket_id, ClockKind.FIRST_RESPONSE, ClockState.MET, since=row.first_responded_at)

    def start_next(self, ticket_id: int, kind: ClockKind, *, since: datetime | None = None) -> bool:
        """One more clock of this kind, from now (or `since`) on; False when one is live."""
        if self.live(ticket_id, kind):
            return False
        last = Clock.objects.filter(ticket_id=ticket_id, kind=kind).aggregate(Max("cycle"))["cycle__max"]
        return self.start(ticket_id, kind, cycle=(last or 0) + 1, since=since or self.at)

    def start(self, ticket_id: int, kind: ClockKind, *, cycle: int, since: datetime) -> bool:
        """A new clock; False when nothing is promised, or there is no tier to hop from."""
        row = self.tickets[ticket_id]
        if row.sla_target is None or (kind == ClockKind.TIER_HOP and row.tier is None):
            return False
        seconds, calendar = promise_of(kind, row.sla_target, row)
        watch = stopwatch.start(
            since,
            target_seconds=seconds,
            calendar_id=calendar.pk if calendar else None,
            hours=open_hours(calendar),
        )
        clock = Clock(ticket_id=ticket_id, kind=kind, cycle=cycle, calendar=calendar)
        self._clocks[ticket_id].append(clock)
        self._new.append(clock)
        self._put(clock, watch, "started", since=watch.started_at)
        return True

    def finish(self, ticket_id: int, kind: ClockKind, state: ClockState, *, since: datetime) -> bool:
        """Met or stopped; False when no such clock is live. A response is met by a person only: for anybody else it
        stays owed."""
        if state == ClockState.MET and kind in rules.MET_BY_PEOPLE and not self.actor.is_staff:
            return False
        return self._finish(ticket_id, kind, state, since=since)

    def _finish(self, ticket_id: int, kind: ClockKind, state: ClockState, *, since: datetime) -> bool:
        clock = self.live(ticket_id, kind)
        if clock is None:
            return False
        watch = self._settle(clock, since)
        moment = watch.settled(since)
        self._put(clock, stopwatch.finish(watch, moment, state), state.value, since=moment, before=watch)
        return True

    def revive(self, ticket_id: int, frozen: Mapping[int, Mapping[str, Any]]) -> int:
        """Let stopped clocks be again what they were before they were stopped (`frozen`: id → values of SHARED), as if
        they never had been: the time between counts. Returns how many."""
        rows = Clock.objects.filter(ticket_id=ticket_id, pk__in=frozen, state=ClockState.STOPPED)
        revived = 0
        for clock in rows.select_related("calendar").order_by("pk"):
            self._before[clock.pk] = _values(clock)
            watch = Stopwatch(hours=open_hours(clock.calendar), **frozen[clock.pk])
            self._clocks[ticket_id].append(clock)
            self._put(clock, watch, "revived", since=watch.settled(watch.started_at))
            revived += 1
        return revived

    def withdraw(self, ticket_id: int, clock_id: int) -> bool:
        """Take back a running clock that should not have started: no row is left of it. False when it is over, or late:
        a breach on record stays."""
        clock = next((found for found in self._clocks[ticket_id] if found.pk == clock_id), None)
        if clock is None or clock.state != ClockState.RUNNING:
            return False
        watch = self._settle(clock, self.at)
        if watch.breached_at is not None:
            return False
        self._facts.append(
            changed(
                clock,
                watch,
                "withdrawn",
                since=watch.settled(self.at),
                policy_id=self.tickets[ticket_id].sla_policy_id,
                before=watch,
            )
        )
        self._clocks[ticket_id].remove(clock)
        self._withdrawn.append(clock_id)
        return True

    def sync(self, ticket_id: int) -> None:
        """Run, pause or stop each live clock by the ticket's state."""
        row = self.tickets[ticket_id]
        status = Status(row.status)
        for clock in self.clocks(ticket_id):
            kind = ClockKind(clock.kind)
            if self.live(ticket_id, kind) is not clock:
                continue
            if status in rules.CLOCKS_STOP_IN:
                self.finish(ticket_id, kind, ClockState.STOPPED, since=self.at)
                continue
            watch = self._settle(clock, self.at)
            limited = status in rules.PAUSE_IS_LIMITED and row.sla_policy is not None
            limit = row.sla_policy.part_pause_days * 86400 if limited and row.sla_policy else 0
            runs = rules.runs_in(kind, status)
            if limited and not runs and watch.running and watch.capped_seconds >= limit:
                continue
            since = watch.settled(self.at)
            if runs and not watch.running:
                self._put(clock, stopwatch.resume(watch, since), "resumed", since=since, before=watch)
            elif not runs and (watch.running or limited != (watch.pause_until is not None)):
                until = stopwatch.limited(watch, since, limit) if limited else None
                self._put(
                    clock, stopwatch.pause(watch, since, until=until), "paused", since=since, before=watch
                )

    def end_pause(self, clock: Clock) -> bool:
        """Let a clock run again whose limited pause is over; False when it is not."""
        return clock.state == ClockState.PAUSED and self._settle(clock, self.at).running

    def retarget(self, ticket_id: int) -> bool:
        """Give the live clocks what the stamped cell promises; whether any of them changed."""
        row = self.tickets[ticket_id]
        if row.sla_target is None:
            return False
        any_changed = False
        for clock in self.clocks(ticket_id):
            seconds, calendar = promise_of(ClockKind(clock.kind), row.sla_target, row)
            calendar_id = calendar.pk if calendar else None
            if (clock.target_seconds, clock.calendar_id) == (seconds, calendar_id):
                continue
            if clock.state not in (ClockState.RUNNING, ClockState.PAUSED):
                continue
            watch = self._settle(clock, self.at)
            since = watch.settled(self.at)
            after = stopwatch.retarget(
                watch, since, target_seconds=seconds, calendar_id=calendar_id, hours=open_hours(calendar)
            )
            clock.calendar = calendar
            self._put(clock, after, "retargeted", since=since, before=watch)
            any_changed = True
        return any_changed

    def _settle(self, clock: Clock, at: datetime) -> Stopwatch:
        """The clock as it is at `at`, though no timer has fired yet: a limited pause that is over has ended when it had
        to, and a deadline that has passed goes on record before anything moves it."""
        watch = watch_of(clock)
        if watch.pause_until is not None and watch.pause_until <= at:
            since, before = watch.pause_until, watch
            watch = stopwatch.resume(watch, since)
            self._put(clock, watch, "resumed", since=since, before=before)
        if stopwatch.is_late(watch, at):
            watch = stopwatch.breach(watch, at)
            self._put(clock, watch, "breached", since=watch.settled(at), before=watch)
        return watch

    def _put(
        self,
        clock: Clock,
        watch: Stopwatch,
        change: str,
        *,
        since: datetime,
        before: Stopwatch | None = None,
    ) -> None:
        for name in SHARED:
            setattr(clock, name, getattr(watch, name))
        policy_id = self.tickets[clock.ticket_id].sla_policy_id
        self._facts.append(changed(clock, watch, change, since=since, policy_id=policy_id, before=before))

    # --- writing ---------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Let every clock follow its ticket's state, then write the clocks that changed, their events and timers, and
        the tickets' stamps and deadlines."""
        for ticket_id in self.tickets:
            self.sync(ticket_id)
        touched = [
            clock
            for clocks in self._clocks.values()
            for clock in clocks
            if clock.pk and self._before[clock.pk] != _values(clock)
        ]
        if self._withdrawn:
            Clock.objects.filter(pk__in=self._withdrawn).delete()
            cancel_timers([key_of(pk) for pk in self._withdrawn])
        self._update(touched)
        Clock.objects.bulk_create(self._new)
        announce_many(self._facts, actor=self.actor, at=self.at)
        self._set_timers([*touched, *self._new])
        self._write_tickets()

    def _update(self, clocks: list[Clock]) -> None:
        """Write the fields that differ, each row once."""
        differ = {clock.pk: self._changes(clock) for clock in clocks}
        if len(clocks) <= 5:
            for pk, values in differ.items():
                Clock.objects.filter(pk=pk).update(**values)
        else:
            names = {name.removesuffix("_id") for values in differ.values() for name in values}
            Clock.objects.bulk_update(clocks, sorted(names), batch_size=100)

    def _changes(self, clock: Clock) -> dict[str, Any]:
        before = self._before[clock.pk]
        return {
            name: value
            for name, old, value in zip(SHARED, before, _values(clock), strict=True)
            if old != value
        }

    def _set_timers(self, clocks: list[Clock]) -> None:
        if not clocks:
            return
        ladders = ladders_of(row.sla_policy_id for row in self.tickets.values())
        wanted: list[Timer] = []
        unwanted: list[str] = []
        for clock in clocks:
            ladder = ladders[self.tickets[clock.ticket_id].sla_policy_id]
            timer = timer_of(clock.pk, watch_of(clock), ladder)
            if timer is not None:
                wanted.append(timer)
            elif clock.pk in self._before:
                unwanted.append(key_of(clock.pk))
        if wanted:
            set_timers(wanted)
        if unwanted:
            cancel_timers(unwanted)

    def _write_tickets(self) -> None:
        """The one writer of `sla_*` and `due_*`: the earliest running clock, nothing while all stand."""
        changed_rows = []
        for row in self.tickets.values():
            running = [clock for clock in self._clocks[row.pk] if clock.state == ClockState.RUNNING]
            first = min(running, key=lambda clock: (clock.due_at, clock.kind), default=None)
            due = (first.due_at, first.kind, first.target_seconds) if first else (None, "", 0)
            if due != (row.due_at, row.due_kind, row.due_total) or row.pk in self._stamped:
                row.due_at, row.due_kind, row.due_total = due
                changed_rows.append(row)
        if len(changed_rows) == 1:
            row = changed_rows[0]
            Ticket.objects.filter(pk=row.pk).update(**{name: getattr(row, name) for name in _WRITTEN})
        elif changed_rows:
            Ticket.objects.bulk_update(
                changed_rows, [name.removesuffix("_id") for name in _WRITTEN], batch_size=200
            )

    def copy_to(self, ticket: Ticket) -> None:
        """Bring the caller's object up to date."""
        row = self.tickets[ticket.pk]
        for name in _WRITTEN:
            setattr(ticket, name, getattr(row, name))


def _values(clock: Clock) -> tuple[Any, ...]:
    return tuple(getattr(clock, name) for name in SHARED)
