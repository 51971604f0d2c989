"""The history rebuilds every clock: whatever happens, in whatever order, on whatever calendar."""

from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from core.actors import SYSTEM, Actor
from core.events import announce
from core.models import Event
from core.services.timers import fire_due
from customers.enums import Level
from tests.factories.tickets import (
    OFFICE,
    CalendarDayFactory,
    CalendarFactory,
    SlaPolicyFactory,
    TierFactory,
    make_timed_ticket,
)
from tests.factories.times import NOW
from tests.tickets.test_business_time import shown_open
from tests.tickets.timing import PERSON, clock_of, move, prove
from tickets.business_time import OpenHours, add, whole
from tickets.enums import ACTIVE, ClockKind, ClockState, Grade, Status
from tickets.events import ClockChanged, ClockWarned
from tickets.models import Calendar, Clock, SlaPolicy, SlaTarget, Ticket
from tickets.rules import CLOCK_RUNS_IN
from tickets.services import clocks, policies, rebuild
from tickets.services.clocks.sheet import watch_of
from tickets.services.hours import open_hours
from tickets.services.merge import merge, unmerge

pytestmark = pytest.mark.django_db

FIRST, NEXT = ClockKind.FIRST_RESPONSE, ClockKind.NEXT_RESPONSE
RESOLUTION, REOPEN, HOP = ClockKind.RESOLUTION, ClockKind.REOPEN_RESOLUTION, ClockKind.TIER_HOP
HOUR = timedelta(hours=1)


# --- differences are found --------------------------------------------------------------------------------------


def test_a_view_is_the_row_told_anew(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    move(ticket, Status.WAITING_CUSTOMER, at=at + HOUR)
    views = rebuild.rebuild(ticket=ticket)
    assert [(view.kind, view.cycle) for view in views] == [(FIRST, 1), (RESOLUTION, 1), (HOP, 1)]
    assert [view.watch for view in views] == [watch_of(clock_of(ticket, view.kind)) for view in views]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("due_at", NOW + timedelta(days=9)),
        ("target_seconds", 5),
        ("elapsed_seconds", 60),
        ("breached_at", NOW),
        ("warned_percent", 50),
        ("started_at", NOW - HOUR),
    ],
)
def test_a_row_that_somebody_else_wrote_is_found(
    desk_defaults: dict[str, Any], at: datetime, field: str, value: Any
) -> None:
    ticket = make_timed_ticket(at=at)
    Clock.objects.filter(ticket=ticket, kind=RESOLUTION).update(**{field: value})
    found = rebuild.differences([ticket.pk])
    assert [(d.clock, d.field, d.row) for d in found] == [(RESOLUTION, field, value)]


def test_a_missing_row_is_found(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    Clock.objects.filter(ticket=ticket, kind=FIRST).delete()
    assert [(d.clock, d.field) for d in rebuild.differences([ticket.pk])] == [(FIRST, "row")]


def test_a_deadline_on_the_ticket_that_is_no_clocks_is_found(
    desk_defaults: dict[str, Any], at: datetime
) -> None:
    ticket = make_timed_ticket(at=at)
    Ticket.objects.filter(pk=ticket.pk).update(due_at=at)
    assert [(d.clock, d.field) for d in rebuild.differences([ticket.pk])] == [("ticket", "due")]


def test_a_state_that_the_clocks_did_not_follow_is_found(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    Ticket.objects.filter(pk=ticket.pk).update(status=Status.WAITING_CUSTOMER)
    found = {(d.clock, d.field) for d in rebuild.differences([ticket.pk])}
    assert found == {(RESOLUTION, "runs"), (HOP, "runs")}


@pytest.mark.parametrize("change", ["resumed", "started", "exploded"])
def test_an_impossible_story_is_found(desk_defaults: dict[str, Any], at: datetime, change: str) -> None:
    ticket = make_timed_ticket(at=at)
    clock = {FIRST: FIRST, "resumed": NEXT}.get(change, FIRST)
    announce(
        ClockChanged(
            subject_id=ticket.pk,
            clock=clock,
            cycle=1,
            change=change,
            target_seconds=60,
            calendar_id=None,
            elapsed_seconds=0,
            since=at.isoformat(),
        ),
        actor=SYSTEM,
        at=at,
    )
    assert [d.field for d in rebuild.differences([ticket.pk])] == ["history"]


def test_a_change_after_the_end_is_no_story(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    clocks.meet(ticket=ticket, kind=FIRST, actor=PERSON, at=at)
    last = Event.objects.filter(kind=ClockChanged.kind).latest("pk")
    announce(ClockChanged(subject_id=ticket.pk, **last.data), actor=SYSTEM, at=at)
    with pytest.raises(rebuild.BrokenHistory, match="after its end"):
        rebuild.rebuild(ticket=ticket)


def test_a_warning_of_nothing_is_no_story(at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    announce(
        ClockWarned(subject_id=ticket.pk, clock=FIRST, cycle=1, percent=50, recipient="owner"),
        actor=SYSTEM,
        at=at,
    )
    with pytest.raises(rebuild.BrokenHistory, match="before it started"):
        rebuild.rebuild(ticket=ticket)


# --- the command ----------------------------------------------------------------------------------------------


def test_the_command_proves_all(desk_defaults: dict[str, Any], at: datetime) -> None:
    for _n in range(3):
        make_timed_ticket(at=at)
    out = StringIO()
    call_command("rebuild_clocks", stdout=out)
    assert out.getvalue() == "9 clocks of 3 tickets are what their history says\n"


def test_the_command_prints_what_differs_and_fails(desk_defaults: dict[str, Any], at: datetime) -> None:
    tickets = [make_timed_ticket(at=at) for _n in range(3)]
    Clock.objects.filter(kind=HOP).update(elapsed_seconds=7)
    out, err = StringIO(), StringIO()
    with pytest.raises(SystemExit) as stopped:
        call_command("rebuild_clocks", limit=2, stdout=out, stderr=err)
    assert stopped.value.code == 1
    assert out.getvalue().splitlines() == [
        f"ticket {ticket.pk}: tier_hop 1: elapsed_seconds: row 7, history 0" for ticket in tickets[:2]
    ]
    assert err.getvalue() == "3 differences among 9 clocks of 3 tickets\n"
    with pytest.raises(SystemExit):
        call_command("rebuild_clocks", ticket=tickets[2].reference, stdout=StringIO(), stderr=err)
    assert "1 differences among 3 clocks of 1 tickets" in err.getvalue()


def test_batches_see_every_ticket_once(desk_defaults: dict[str, Any], at: datetime) -> None:
    for _n in range(5):
        make_timed_ticket(at=at)
    Clock.objects.filter(kind=HOP).update(elapsed_seconds=7)
    assert len(list(rebuild.all_differences(batch=2))) == 5


def test_a_batch_costs_the_same_for_one_and_many(
    desk_defaults: dict[str, Any], at: datetime, django_assert_num_queries: Any
) -> None:
    ids = [make_timed_ticket(at=at).pk for _n in range(4)]
    for many in (ids[:1], ids):
        with django_assert_num_queries(3):
            rebuild.differences(many)


# --- any story ------------------------------------------------------------------------------------------------

MINUTE = timedelta(minutes=1)
GRADES = st.sampled_from(Grade.values)
LEVELS = st.sampled_from([Level.NORMAL, Level.GOLD])
WAITS = [Status.OPEN, Status.WAITING_CUSTOMER, Status.WAITING_PART, Status.WAITING_THIRD_PARTY]
PAUSE_DAYS = 2


@st.composite
def weeks(draw: st.DrawFn) -> dict[int, list[tuple[Any, Any]]]:
    """Windows of whole half hours; Monday is always open, so that every promise ends."""
    week = {}
    for weekday in range(7):
        edges = sorted(draw(st.sets(st.integers(0, 46), min_size=2 if weekday == 0 else 0, max_size=4)))
        times = [(datetime(2026, 1, 1) + edge * timedelta(minutes=30)).time() for edge in edges]
        week[weekday] = list(zip(times[::2], times[1::2], strict=False))
    return week


class Story(RuleBasedStateMachine):
    """One ticket, and everything that can happen to its clocks. Beside it an oracle counts, minute by minute, by the
    state the ticket is in and the sign on the door; the beat may come late or not at all."""

    @initialize(
        week=weeks(), other=weeks(), grade=GRADES, level=LEVELS, days=st.sets(st.integers(0, 20), max_size=3)
    )
    def begin(self, week: Any, other: Any, grade: str, level: str, days: set[int]) -> None:
        self.calendars: list[Calendar | None] = [
            CalendarFactory(windows=week),
            CalendarFactory(windows=other),
            None,
        ]
        for day in days:
            CalendarDayFactory(
                calendar=self.calendars[0],
                date=NOW.date() + timedelta(days=day),
                kind="holiday" if day % 2 else "working",
            )
        SlaPolicy.objects.update(is_current=False)
        self.policy = SlaPolicyFactory(code=f"story-{SlaPolicy.objects.count()}", part_pause_days=PAUSE_DAYS)
        grades = self.policy.targets.filter(grade__in=[Grade.SIMPLE, Grade.COMPLEX])
        grades.update(response_calendar=self.calendars[0], resolution_calendar=self.calendars[1])
        self.now = NOW
        self.ticket = make_timed_ticket(at=self.now, grade=grade, level=level)
        self.status = Status.NEW
        self.used: dict[int, int] = {}
        self.part: dict[int, int] = {}
        self.retargeted = False
        self.beaten = False

    # --- the oracle: what a person with a stopwatch would have counted

    def count(self, minutes: int) -> None:
        for clock in Clock.objects.filter(ticket=self.ticket, state__in=["running", "paused"]).select_related(
            "calendar"
        ):
            hours = open_hours(clock.calendar)
            part = self.part.get(clock.pk, 0)
            used = self.used.get(clock.pk, 0)
            runs = self.status in CLOCK_RUNS_IN[ClockKind(clock.kind)]
            for minute in range(minutes):
                counts = runs
                if not runs and self.status == Status.WAITING_PART:
                    if part >= PAUSE_DAYS * 86400:
                        counts = True
                    else:
                        part += 60
                if counts and self.is_open(self.now + minute * MINUTE, hours):
                    used += 60
            self.used[clock.pk], self.part[clock.pk] = used, part

    @staticmethod
    def is_open(moment: datetime, hours: OpenHours | None) -> bool:
        return hours is None or shown_open(moment, hours)

    # --- what can happen

    @rule(minutes=st.one_of(st.integers(1, 90), st.integers(90, 4000)), beat=st.booleans())
    def time_passes(self, minutes: int, beat: bool) -> None:
        self.count(minutes)
        self.now += minutes * MINUTE
        self.beaten = beat
        while beat and fire_due(at=self.now):
            pass

    @precondition(lambda self: self.status != Status.CLOSED)
    @rule(status=st.sampled_from([*WAITS, Status.RESOLVED]))
    def the_state_changes(self, status: Status) -> None:
        move(self.ticket, status, at=self.now)
        self.status = status
        self.beaten = False

    @precondition(lambda self: self.status != Status.CLOSED)
    @rule(
        status=st.sampled_from([Status.WAITING_PART, Status.WAITING_PART, Status.WAITING_CUSTOMER]),
        minutes=st.integers(1, 4000),
        beat=st.booleans(),
        then=st.sampled_from([*WAITS, None]),
    )
    def it_waits(self, status: Status, minutes: int, beat: bool, then: Status | None) -> None:
        self.the_state_changes(status)
        self.time_passes(minutes, beat)
        if then is not None:
            self.the_state_changes(then)

    @rule(kind=st.sampled_from(ClockKind.values), person=st.booleans())
    def a_promise_is_kept(self, kind: str, person: bool) -> None:
        actor = PERSON if person else Actor("bot")
        met = clocks.meet(ticket=self.ticket, kind=kind, actor=actor, at=self.now)
        assert not (met and not person and kind in (FIRST, NEXT))

    @rule()
    def the_customer_writes(self) -> None:
        clocks.start_next_response(ticket=self.ticket, actor=SYSTEM, at=self.now)

    @rule(grade=GRADES, level=LEVELS)
    def it_is_judged_anew(self, grade: str, level: str) -> None:
        Ticket.objects.filter(pk=self.ticket.pk).update(grade=grade, level=level)
        clocks.retarget(ticket=self.ticket, actor=PERSON, at=self.now)
        self.retargeted = True

    @rule(code=st.sampled_from(["L1", "L2", "L3"]))
    def it_moves_to_another_tier(self, code: str) -> None:
        Ticket.objects.filter(pk=self.ticket.pk).update(tier=TierFactory(code=code))
        clocks.restart_hop(ticket=self.ticket, actor=PERSON, at=self.now)

    @precondition(lambda self: self.status in (Status.RESOLVED, Status.OPEN))
    @rule()
    def it_is_reopened(self) -> None:
        move(self.ticket, Status.OPEN, at=self.now)
        self.status = Status.OPEN
        clocks.start_reopen(ticket=self.ticket, actor=PERSON, at=self.now)

    @rule(minutes=st.integers(1, 3000), calendar=st.integers(0, 2), apply=st.booleans())
    def the_policy_is_edited(self, minutes: int, calendar: int, apply: bool) -> None:
        cell = {"resolution_minutes": minutes, "response_calendar": self.calendars[calendar]}
        keys = SlaTarget.objects.filter(policy=self.policy).values_list("grade", "level")
        self.policy = policies.new_version(
            policy=self.policy,
            changes=policies.Changes(targets=dict.fromkeys(keys, cell)),
            actor=PERSON,
            at=self.now,
        )
        if apply:
            policies.apply_to_open(policy=self.policy, actor=PERSON, at=self.now)
            self.retargeted = True

    @precondition(lambda self: self.status in ACTIVE)
    @rule(minutes=st.integers(0, 4000), beat=st.booleans())
    def it_is_part_of_another_for_a_while(self, minutes: int, beat: bool) -> None:
        """Merged and taken apart again: the time between counts as if it had stood on its own."""
        other = make_timed_ticket(at=self.now, customer=self.ticket.customer)
        self.ticket.refresh_from_db()
        awaiting = self.ticket.awaiting_reply
        self.count(minutes)
        merged = merge(source=self.ticket, target=other, actor=SYSTEM, at=self.now)
        prove(self.ticket)
        prove(other)
        self.now += minutes * MINUTE
        while beat and fire_due(at=self.now):
            pass
        unmerge(merge=merged, actor=SYSTEM, at=self.now)
        prove(other)
        self.ticket.refresh_from_db()
        assert (self.ticket.status, self.ticket.awaiting_reply) == (self.status, awaiting)
        self.beaten = False

    @precondition(lambda self: self.status == Status.RESOLVED)
    @rule()
    def it_is_closed(self) -> None:
        move(self.ticket, Status.CLOSED, at=self.now)
        self.status = Status.CLOSED

    # --- what must hold

    @invariant()
    def rows_are_what_history_says(self) -> None:
        if hasattr(self, "ticket"):
            prove(self.ticket)

    @invariant()
    def deadlines_are_what_is_left_of_the_promise(self) -> None:
        if not hasattr(self, "ticket"):
            return
        for clock in Clock.objects.filter(ticket=self.ticket).select_related("calendar"):
            assert clock.due_at is None or clock.due_at == whole(clock.due_at)
            if clock.state == ClockState.RUNNING:
                left = max(0, clock.target_seconds - clock.elapsed_seconds)
                assert clock.due_at == add(clock.running_since, left, open_hours(clock.calendar))

    @invariant()
    def the_stopwatch_agrees(self) -> None:
        if not hasattr(self, "ticket"):
            return
        for clock in Clock.objects.filter(ticket=self.ticket).select_related("calendar"):
            watch = watch_of(clock)
            if watch.pause_until is not None and watch.pause_until <= self.now:
                continue  # the beat is late: the next change or beat settles it
            assert watch.used(self.now) == self.used.get(clock.pk, 0)

    @invariant()
    def after_a_beat_nothing_is_late_unseen(self) -> None:
        if not getattr(self, "beaten", False):
            return
        steps = [50, 80, 100, 150]
        for clock in Clock.objects.filter(ticket=self.ticket, state="running").select_related("calendar"):
            watch = watch_of(clock)
            reached = max([0, *(step for step in steps if step <= watch.percent(self.now))])
            assert (clock.breached_at is not None) >= (reached >= 100)
            if not self.retargeted:
                assert clock.warned_percent == reached
                told = Event.objects.filter(
                    kind=ClockWarned.kind,
                    subject_id=self.ticket.pk,
                    data__clock=clock.kind,
                    data__cycle=clock.cycle,
                ).order_by("pk")
                assert [event.data["percent"] for event in told] == [
                    step for step in steps if step <= reached
                ]
        self.beaten = False


def test_any_story_can_be_told_anew() -> None:
    run_state_machine_as_test(
        Story,
        settings=settings(
            max_examples=25,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_a_revival_of_what_was_not_stopped_is_no_story(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    started = Event.objects.filter(kind=ClockChanged.kind, data__clock=FIRST).latest("pk")
    announce(ClockChanged(subject_id=ticket.pk, **{**started.data, "change": "revived"}), actor=SYSTEM, at=at)
    with pytest.raises(rebuild.BrokenHistory, match="without having been stopped"):
        rebuild.rebuild(ticket=ticket)


def test_a_part_that_came_while_the_beat_stood_still(at: datetime) -> None:
    """The pause ended on the seventh day, though nobody woke the clock before the part came on the ninth."""
    SlaPolicyFactory(matrix=CalendarFactory(windows=OFFICE))
    ticket = make_timed_ticket(at=at)
    move(ticket, Status.WAITING_PART, at=at)
    move(ticket, Status.OPEN, at=at + timedelta(days=9))
    resolution = clock_of(ticket, RESOLUTION)
    assert (resolution.paused_seconds, resolution.running_since) == (7 * 86400, at + timedelta(days=7))
    assert (resolution.due_at, resolution.breached_at) == (at + timedelta(days=8), at + timedelta(days=9))
    prove(ticket)
