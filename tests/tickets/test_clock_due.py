"""What time does to clocks: each warning and each breach exactly once, pauses that end by themselves."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from core.models import Event, Timer
from core.services.timers import fire_due
from tests.factories.tickets import OFFICE, CalendarFactory, SlaPolicyFactory, make_timed_ticket
from tests.tickets.timing import PERSON, clock_of, move, prove
from tickets.enums import ClockKind, ClockState, Grade, Status
from tickets.events import ClockChanged, ClockWarned
from tickets.models import Clock, EscalationStep, Ticket
from tickets.services import clocks
from tickets.services.clocks import due

pytestmark = pytest.mark.django_db

FIRST, RESOLUTION, HOP = ClockKind.FIRST_RESPONSE, ClockKind.RESOLUTION, ClockKind.TIER_HOP
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def told(ticket: Ticket, kind: str) -> list[tuple[str, int, str]]:
    """The warnings of one of the ticket's clocks: time, percent, recipient."""
    rows = Event.objects.filter(kind=ClockWarned.kind, subject_id=ticket.pk, data__clock=kind).order_by("pk")
    return [(f"{event.at:%H:%M}", event.data["percent"], event.data["recipient"]) for event in rows]


def breaches(ticket: Ticket, kind: str) -> int:
    return Event.objects.filter(
        kind=ClockChanged.kind, subject_id=ticket.pk, data__clock=kind, data__change="breached"
    ).count()


def beat(start: datetime, minutes: int, *, step: int = 1) -> None:
    """Let so many minutes pass."""
    for minute in range(0, minutes + 1, step):
        fire_due(at=start + minute * MINUTE)


def test_the_ladder_is_climbed_step_by_step(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    beat(at, 60)
    assert told(ticket, FIRST) == [
        ("02:15", 50, "owner"),
        ("02:24", 80, "lead"),
        ("02:30", 100, "manager"),
        ("02:45", 150, "director"),
    ]
    first = clock_of(ticket, FIRST)
    assert (first.breached_at, first.warned_percent, breaches(ticket, FIRST)) == (at + 30 * MINUTE, 150, 1)
    assert not Timer.objects.filter(dedupe=f"clock:{first.pk}").exists()
    prove(ticket)


def test_each_clock_has_one_timer_for_what_comes_next(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    first = clock_of(ticket, FIRST)
    timers = Timer.objects.filter(kind__startswith="sla-")
    assert timers.count() == 3
    assert timers.get(subject_id=first.pk).due_at == at + 15 * MINUTE
    beat(at, 20)
    assert timers.get(subject_id=first.pk).due_at == at + 24 * MINUTE
    beat(at + 20 * MINUTE, 5)
    assert timers.get(subject_id=first.pk).kind == "sla-breach"


def test_firing_again_tells_nothing_twice(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    first = clock_of(ticket, FIRST)
    for _again in range(3):
        due.run_due(first.pk, kind="sla-breach", at=at + 31 * MINUTE)
    assert [percent for _at, percent, _who in told(ticket, FIRST)] == [50, 80, 100]
    assert breaches(ticket, FIRST) == 1


def test_after_a_long_silence_every_step_is_told_once(desk_defaults: dict[str, Any], at: datetime) -> None:
    """The beat stood still for a day."""
    ticket = make_timed_ticket(at=at)
    fire_due(at=at + 30 * HOUR)
    assert [percent for _at, percent, _who in told(ticket, FIRST)] == [50, 80, 100, 150]
    assert [percent for _at, percent, _who in told(ticket, RESOLUTION)] == [50, 80, 100]
    prove(ticket)


def test_warnings_run_on_the_clocks_calendar(at: datetime) -> None:
    SlaPolicyFactory(matrix=CalendarFactory(windows=OFFICE))
    ticket = make_timed_ticket(at=at.replace(hour=17, minute=50))
    first = clock_of(ticket, FIRST)
    assert Timer.objects.get(subject_id=first.pk).due_at == at.replace(hour=9, minute=5) + timedelta(days=1)


def test_a_clock_that_stands_is_not_waited_for(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    move(ticket, Status.WAITING_CUSTOMER, at=at + HOUR)
    resolution = clock_of(ticket, RESOLUTION)
    assert not Timer.objects.filter(dedupe=f"clock:{resolution.pk}").exists()
    beat(at + 20 * HOUR, 600, step=60)
    assert told(ticket, RESOLUTION) == []
    move(ticket, Status.OPEN, at=at + 41 * HOUR)
    assert Timer.objects.get(dedupe=f"clock:{resolution.pk}").due_at == at + 52 * HOUR


def test_what_was_met_warns_nobody(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    clocks.meet(ticket=ticket, kind=FIRST, actor=PERSON, at=at + 14 * MINUTE)
    beat(at, 60)
    assert (told(ticket, FIRST), breaches(ticket, FIRST)) == ([], 0)


def test_a_breach_needs_no_ladder(desk_defaults: dict[str, Any], at: datetime) -> None:
    EscalationStep.objects.all().delete()
    ticket = make_timed_ticket(at=at)
    beat(at, 31)
    assert (told(ticket, FIRST), breaches(ticket, FIRST)) == ([], 1)
    prove(ticket)


def test_a_new_promise_warns_anew_of_what_lies_ahead(desk_defaults: dict[str, Any], at: datetime) -> None:
    """30 minutes become 120: the owner heard at 15 minutes, and hears again at 60."""
    ticket = make_timed_ticket(at=at, grade=Grade.SIMPLE)
    beat(at, 20)
    Ticket.objects.filter(pk=ticket.pk).update(grade=Grade.COMPLEX)
    clocks.retarget(ticket=ticket, actor=PERSON, at=at + 20 * MINUTE)
    beat(at + 20 * MINUTE, 50)
    assert told(ticket, FIRST) == [("02:15", 50, "owner"), ("03:00", 50, "owner")]
    prove(ticket)


def test_a_shorter_promise_repeats_nothing(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at, grade=Grade.COMPLEX)
    beat(at, 61)
    Ticket.objects.filter(pk=ticket.pk).update(grade=Grade.SIMPLE)
    clocks.retarget(ticket=ticket, actor=PERSON, at=at + 62 * MINUTE)
    beat(at + 62 * MINUTE, 1)
    assert [percent for _at, percent, _who in told(ticket, FIRST)] == [50, 80, 100, 150]
    assert breaches(ticket, FIRST) == 1
    prove(ticket)


# --- in sets --------------------------------------------------------------------------------------------------


def test_a_set_is_marked_once_and_only_what_is_late(desk_defaults: dict[str, Any], at: datetime) -> None:
    late = [make_timed_ticket(at=at) for _n in range(3)]
    early = make_timed_ticket(at=at + 20 * MINUTE)
    ids = list(Clock.objects.filter(kind=FIRST).values_list("pk", flat=True))
    now = at + 35 * MINUTE
    assert clocks.mark_breached(ids, at=now) == 3
    assert clocks.mark_breached(ids, at=now + MINUTE) == 0
    assert Clock.objects.filter(breached_at=now, ticket__in=late, kind=FIRST).count() == 3
    assert clock_of(early, FIRST).breached_at is None
    for ticket in late:
        prove(ticket)


def test_a_set_costs_no_more_statements_than_one(
    desk_defaults: dict[str, Any], at: datetime, django_assert_num_queries: Any
) -> None:
    make_timed_ticket(at=at)
    with django_assert_num_queries(9) as few:
        clocks.mark_breached(list(Clock.objects.values_list("pk", flat=True)), at=at + 31 * MINUTE)
    for _n in range(9):
        make_timed_ticket(at=at)
    with django_assert_num_queries(len(few)):
        clocks.mark_breached(list(Clock.objects.values_list("pk", flat=True)), at=at + 32 * MINUTE)


def test_one_timer_takes_its_like_along(
    desk_defaults: dict[str, Any], at: datetime, django_assert_max_num_queries: Any
) -> None:
    tickets = [make_timed_ticket(at=at) for _n in range(8)]
    timer = Timer.objects.filter(kind="sla-warn").order_by("due_at", "pk")[0]
    marked = due.run_due(timer.subject_id, kind=timer.kind, at=at + 31 * MINUTE)
    assert (marked.seen, marked.breached) == (16, 8)
    assert [breaches(ticket, FIRST) for ticket in tickets] == [1] * 8
    assert not Timer.objects.filter(due_at__lte=at + 31 * MINUTE).exists()


def test_a_clock_that_cannot_be_worked_out_holds_up_no_other(
    desk_defaults: dict[str, Any], at: datetime
) -> None:
    """Its own timer is tried again and given up visibly; the others' fire."""
    good, bad = make_timed_ticket(at=at), make_timed_ticket(at=at)
    nowhere = CalendarFactory(windows=OFFICE, time_zone="Nowhere/Nothing")
    Clock.objects.filter(ticket=bad, kind=FIRST).update(calendar=nowhere)
    for second in range(0, 4000, 20):
        fire_due(at=at + 31 * MINUTE + timedelta(seconds=second))
    assert breaches(good, FIRST) == 1
    dead = Timer.objects.get(dead=True)
    assert (dead.subject_id, "Nowhere/Nothing" in dead.last_error) == (clock_of(bad, FIRST).pk, True)


# --- a pause that ends by itself ------------------------------------------------------------------------------


def test_after_seven_days_for_a_part_the_clock_runs_again(
    desk_defaults: dict[str, Any], at: datetime
) -> None:
    ticket = make_timed_ticket(at=at)
    clocks.meet(ticket=ticket, kind=FIRST, actor=PERSON, at=at)
    move(ticket, Status.WAITING_PART, at=at + HOUR)
    end = at + HOUR + timedelta(days=7)
    fire_due(at=end - MINUTE)
    assert clock_of(ticket, RESOLUTION).state == ClockState.PAUSED
    fire_due(at=end + 2 * MINUTE)
    resolution = clock_of(ticket, RESOLUTION)
    assert (resolution.state, resolution.running_since) == (ClockState.RUNNING, end)
    assert resolution.due_at == end + 23 * HOUR
    ticket.refresh_from_db()
    assert (ticket.status, ticket.due_kind) == (Status.WAITING_PART, HOP)
    prove(ticket)
    clocks.sync_clocks(ticket=ticket, actor=PERSON, at=end + HOUR)
    assert clock_of(ticket, RESOLUTION).state == ClockState.RUNNING


def test_a_promise_that_was_used_up_before_the_pause_is_late_when_it_ends(
    desk_defaults: dict[str, Any], at: datetime
) -> None:
    """The pause ends and the deadline is reached in the same moment: both are due on one timer."""
    ticket = make_timed_ticket(at=at, grade=Grade.COMPLEX)
    move(ticket, Status.WAITING_PART, at=at + 30 * HOUR)
    Ticket.objects.filter(pk=ticket.pk).update(grade=Grade.SIMPLE)
    clocks.retarget(ticket=ticket, actor=PERSON, at=at + 31 * HOUR)
    end = at + 30 * HOUR + timedelta(days=7)
    fire_due(at=end + MINUTE)
    fire_due(at=end + MINUTE)
    resolution = clock_of(ticket, RESOLUTION)
    assert (resolution.due_at, resolution.breached_at) == (end, end + MINUTE)
    assert [percent for _at, percent, _who in told(ticket, RESOLUTION)] == [50, 80, 100]
    prove(ticket)


def test_ending_a_pause_twice_ends_it_once(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    move(ticket, Status.WAITING_PART, at=at)
    resolution = clock_of(ticket, RESOLUTION)
    assert due.end_pause(resolution.pk, at=at + timedelta(days=3)) is False
    assert due.end_pause(resolution.pk, at=at + timedelta(days=7)) is True
    assert due.end_pause(resolution.pk, at=at + timedelta(days=8)) is False
    assert due.end_pause(0, at=at) is False
    prove(ticket)


def test_a_pause_without_a_limit_lasts(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    move(ticket, Status.WAITING_CUSTOMER, at=at + HOUR)
    fire_due(at=at + timedelta(days=30))
    assert clock_of(ticket, RESOLUTION).state == ClockState.PAUSED
