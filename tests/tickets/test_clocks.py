"""Clocks of tickets: what they promise, when they run, and what changes them."""

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from core.actors import Actor
from core.models import Event, Timer
from customers.enums import Level
from tests.factories.customers import BrandFactory
from tests.factories.tickets import (
    OFFICE,
    CalendarFactory,
    SlaPolicyFactory,
    TierFactory,
    make_timed_ticket,
)
from tests.tickets.timing import PERSON, SYSTEM, clock_of, move, prove
from tickets.enums import ClockKind, ClockState, Grade, Status
from tickets.events import ClockChanged
from tickets.models import Clock, SlaPolicy, SlaTarget, Ticket
from tickets.services import clocks

pytestmark = pytest.mark.django_db

FIRST, NEXT = ClockKind.FIRST_RESPONSE, ClockKind.NEXT_RESPONSE
RESOLUTION, REOPEN, HOP = ClockKind.RESOLUTION, ClockKind.REOPEN_RESOLUTION, ClockKind.TIER_HOP
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def changes(ticket: Ticket) -> list[tuple[str, str]]:
    rows = Event.objects.filter(kind=ClockChanged.kind, subject_id=ticket.pk).order_by("pk")
    return [(data["clock"], data["change"]) for data in rows.values_list("data", flat=True)]


# --- starting -------------------------------------------------------------------------------------------------


def test_a_ticket_gets_its_clocks_by_grade_and_level(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at, grade=Grade.COMPLEX, level=Level.SILVER)
    promised = {(c.kind, c.target_seconds, c.due_at) for c in Clock.objects.filter(ticket=ticket)}
    assert promised == {
        (FIRST, 108 * 60, at + timedelta(minutes=108)),
        (RESOLUTION, 3888 * 60, at + timedelta(minutes=3888)),
        (HOP, 3600, at + HOUR),
    }
    assert ticket.sla_policy == desk_defaults["policy"]
    assert ticket.sla_target == SlaTarget.objects.get(grade=Grade.COMPLEX, level=Level.SILVER)
    prove(ticket)


def test_the_earliest_deadline_stands_on_the_ticket(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at, grade=Grade.SIMPLE)
    fresh = Ticket.objects.get(pk=ticket.pk)
    for seen in (ticket, fresh):
        assert (seen.due_at, seen.due_kind, seen.due_total) == (at + 30 * MINUTE, FIRST, 1800)


def test_responses_run_on_the_grades_calendar_and_resolutions_in_natural_time(at: datetime) -> None:
    office = CalendarFactory(windows=OFFICE)
    SlaPolicyFactory(matrix=office)
    evening = at.replace(hour=17, minute=50)
    ticket = make_timed_ticket(at=evening, grade=Grade.SIMPLE)
    assert clock_of(ticket, FIRST).due_at == evening.replace(hour=9, minute=20) + timedelta(days=1)
    assert clock_of(ticket, HOP).due_at == evening.replace(hour=9, minute=50) + timedelta(days=1)
    assert clock_of(ticket, RESOLUTION).due_at == evening + timedelta(days=1)
    prove(ticket)


def test_clocks_count_from_the_opening_however_late_they_are_started(
    desk_defaults: dict[str, Any], at: datetime
) -> None:
    ticket = make_timed_ticket(at=at, start=False)
    clocks.start_clocks(ticket=ticket, actor=SYSTEM, at=at + 10 * MINUTE)
    assert clock_of(ticket, FIRST).started_at == at
    assert clock_of(ticket, FIRST).due_at == at + 30 * MINUTE
    prove(ticket)


def test_starting_twice_is_starting_once(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    clocks.start_clocks(ticket=ticket, actor=SYSTEM, at=at + MINUTE)
    assert Clock.objects.filter(ticket=ticket).count() == 3
    assert len(changes(ticket)) == 3


def test_an_answer_before_the_clocks_were_started_counts(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(
        at=at, start=False, status=Status.OPEN, first_responded_at=at + timedelta(minutes=4)
    )
    clocks.start_clocks(ticket=ticket, actor=SYSTEM, at=at + HOUR)
    first = clock_of(ticket, FIRST)
    assert (first.state, first.finished_at, first.breached_at) == (ClockState.MET, at + 4 * MINUTE, None)
    assert ticket.due_kind == HOP
    prove(ticket)


def test_a_ticket_that_waits_already_starts_with_standing_clocks(
    desk_defaults: dict[str, Any], at: datetime
) -> None:
    ticket = make_timed_ticket(at=at, start=False, status=Status.WAITING_CUSTOMER)
    clocks.start_clocks(ticket=ticket, actor=SYSTEM, at=at + 6 * MINUTE)
    resolution = clock_of(ticket, RESOLUTION)
    assert (resolution.state, resolution.elapsed_seconds, resolution.due_at) == (ClockState.PAUSED, 360, None)
    prove(ticket)


def test_a_ticket_without_a_policy_is_not_lost(at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    assert not Clock.objects.exists()
    assert (ticket.sla_target, ticket.due_at) == (None, None)
    SlaPolicyFactory()
    clocks.retarget(ticket=ticket, actor=SYSTEM, at=at + 5 * MINUTE)
    assert clock_of(ticket, FIRST).due_at == at + 30 * MINUTE
    prove(ticket)


def test_a_ticket_without_a_tier_has_no_hop(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at, start=False)
    Ticket.objects.filter(pk=ticket.pk).update(tier=None)
    clocks.start_clocks(ticket=ticket, actor=SYSTEM, at=at)
    assert set(Clock.objects.values_list("kind", flat=True)) == {FIRST, RESOLUTION}


def test_few_statements_start_the_clocks(
    desk_defaults: dict[str, Any], at: datetime, django_assert_max_num_queries: Any
) -> None:
    ticket = make_timed_ticket(at=at, start=False)
    with django_assert_max_num_queries(12):
        clocks.start_clocks(ticket=ticket, actor=SYSTEM, at=at)


# --- which promise --------------------------------------------------------------------------------------------


def test_a_brands_own_policy_comes_first(desk_defaults: dict[str, Any], at: datetime) -> None:
    own = SlaPolicyFactory(code="own", brand=BrandFactory(), version=1)
    ticket = make_timed_ticket(at=at, start=False)
    assert clocks.choose_target(ticket=ticket, at=at).policy == own
    other = make_timed_ticket(at=at, start=False, brand=BrandFactory(code="other"))
    assert clocks.choose_target(ticket=other, at=at).policy == desk_defaults["policy"]


def test_the_stamped_policy_holds_unless_it_is_chosen_anew(
    desk_defaults: dict[str, Any], at: datetime
) -> None:
    ticket = make_timed_ticket(at=at)
    SlaPolicy.objects.update(is_current=False)
    newer = SlaPolicyFactory(version=2)
    assert clocks.choose_target(ticket=ticket).policy == desk_defaults["policy"]
    assert clocks.choose_target(ticket=ticket, at=at).policy == newer


def test_a_level_that_the_policy_leaves_out_is_served_like_a_normal_one(
    desk_defaults: dict[str, Any], at: datetime
) -> None:
    SlaTarget.objects.filter(level=Level.GOLD).delete()
    ticket = make_timed_ticket(at=at, level=Level.GOLD)
    assert ticket.sla_target is not None
    assert ticket.sla_target.level == Level.NORMAL


def test_no_promise_says_so(at: datetime) -> None:
    ticket = make_timed_ticket(at=at, start=False)
    with pytest.raises(clocks.NoTarget):
        clocks.choose_target(ticket=ticket, at=at)
    SlaPolicyFactory()
    SlaTarget.objects.all().delete()
    with pytest.raises(clocks.NoTarget):
        clocks.choose_target(ticket=ticket, at=at)


# --- running and standing -------------------------------------------------------------------------------------

STANDS = {
    (kind, status)
    for kind in (RESOLUTION, HOP)
    for status in (Status.WAITING_CUSTOMER, Status.WAITING_PART, Status.RESOLVED)
} | {(FIRST, Status.RESOLVED)}


@pytest.mark.parametrize("status", [s for s in Status if s not in (Status.CLOSED, Status.MERGED)])
@pytest.mark.parametrize("kind", [FIRST, RESOLUTION, HOP])
def test_each_clock_runs_by_the_state(
    desk_defaults: dict[str, Any], at: datetime, kind: ClockKind, status: Status
) -> None:
    ticket = make_timed_ticket(at=at)
    move(ticket, status, at=at + MINUTE)
    expected = ClockState.PAUSED if (kind, status) in STANDS else ClockState.RUNNING
    assert clock_of(ticket, kind).state == expected
    prove(ticket)


def test_a_pause_moves_the_deadline_by_its_length(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    move(ticket, Status.WAITING_CUSTOMER, at=at + 2 * HOUR)
    standing = clock_of(ticket, RESOLUTION)
    assert (standing.elapsed_seconds, standing.due_at) == (7200, None)
    move(ticket, Status.OPEN, at=at + 5 * HOUR)
    running = clock_of(ticket, RESOLUTION)
    assert (running.elapsed_seconds, running.paused_seconds) == (7200, 3 * 3600)
    assert running.due_at == at + timedelta(days=1) + 3 * HOUR
    prove(ticket)


def test_while_all_clocks_stand_nothing_is_due(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    clocks.meet(ticket=ticket, kind=FIRST, actor=PERSON, at=at + MINUTE)
    move(ticket, Status.WAITING_CUSTOMER, at=at + 2 * MINUTE)
    assert (ticket.due_at, ticket.due_kind, ticket.due_total) == (None, "", 0)
    assert Ticket.objects.get(pk=ticket.pk).due_at is None


def test_the_same_state_again_changes_nothing(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    move(ticket, Status.WAITING_CUSTOMER, at=at + HOUR)
    before = changes(ticket)
    clocks.sync_clocks(ticket=ticket, actor=PERSON, at=at + 2 * HOUR)
    assert changes(ticket) == before
    assert clock_of(ticket, RESOLUTION).paused_since == at + HOUR


def test_pauses_on_a_calendar_keep_the_used_business_time(at: datetime) -> None:
    SlaPolicyFactory(matrix=CalendarFactory(windows=OFFICE))
    ticket = make_timed_ticket(at=at.replace(hour=11, minute=30))
    move(ticket, Status.WAITING_CUSTOMER, at=at.replace(hour=13, minute=45))
    hop = clock_of(ticket, HOP)
    assert hop.elapsed_seconds == 45 * 60
    move(ticket, Status.OPEN, at=at.replace(hour=17, minute=50))
    assert clock_of(ticket, HOP).due_at == at.replace(hour=9, minute=5) + timedelta(days=1)
    prove(ticket)


@pytest.mark.parametrize("status", [Status.CLOSED, Status.MERGED])
def test_the_end_stops_everything_for_good(
    desk_defaults: dict[str, Any], at: datetime, status: Status
) -> None:
    ticket = make_timed_ticket(at=at)
    into = make_timed_ticket(at=at, start=False) if status == Status.MERGED else None
    move(ticket, status, at=at + MINUTE, merged_into=into)
    assert set(Clock.objects.filter(ticket=ticket).values_list("state", "finished_at")) == {
        (ClockState.STOPPED, at + MINUTE)
    }
    assert ticket.due_at is None
    assert not Timer.objects.filter(kind__startswith="sla-").exists()
    prove(ticket)


def test_stop_all_counts_what_it_stopped(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    assert clocks.stop_all(ticket=ticket, actor=PERSON, at=at + MINUTE) == 3
    assert clocks.stop_all(ticket=ticket, actor=PERSON, at=at + 2 * MINUTE) == 0
    prove(ticket)


def test_moments_that_come_in_the_wrong_order_never_count_backwards(
    desk_defaults: dict[str, Any], at: datetime
) -> None:
    """Two machines' clocks differ: the second change happens before the first."""
    ticket = make_timed_ticket(at=at)
    move(ticket, Status.WAITING_CUSTOMER, at=at + HOUR)
    move(ticket, Status.OPEN, at=at + HOUR - timedelta(seconds=2))
    resolution = clock_of(ticket, RESOLUTION)
    assert (resolution.paused_seconds, resolution.running_since) == (0, at + HOUR)
    prove(ticket)


# --- waiting for a part ---------------------------------------------------------------------------------------


def test_waiting_for_a_part_may_not_last_for_ever(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    move(ticket, Status.WAITING_PART, at=at + HOUR)
    resolution = clock_of(ticket, RESOLUTION)
    assert resolution.pause_until == at + HOUR + timedelta(days=7)
    timer = Timer.objects.get(dedupe=f"clock:{resolution.pk}")
    assert (timer.kind, timer.due_at) == ("sla-pause-ends", resolution.pause_until)
    prove(ticket)


def test_what_was_used_of_the_wait_is_used(desk_defaults: dict[str, Any], at: datetime) -> None:
    """Opening the ticket for a moment does not buy another seven days."""
    ticket = make_timed_ticket(at=at)
    move(ticket, Status.WAITING_PART, at=at)
    move(ticket, Status.OPEN, at=at + timedelta(days=5))
    move(ticket, Status.WAITING_PART, at=at + timedelta(days=6))
    assert clock_of(ticket, RESOLUTION).pause_until == at + timedelta(days=8)
    prove(ticket)


def test_another_reason_to_wait_starts_another_pause(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    move(ticket, Status.WAITING_PART, at=at)
    move(ticket, Status.WAITING_CUSTOMER, at=at + timedelta(days=3))
    resolution = clock_of(ticket, RESOLUTION)
    assert (resolution.pause_until, resolution.capped_seconds) == (None, 3 * 86400)
    move(ticket, Status.OPEN, at=at + timedelta(days=4))
    assert clock_of(ticket, RESOLUTION).paused_seconds == 4 * 86400
    prove(ticket)


# --- answers --------------------------------------------------------------------------------------------------


def test_a_person_meets_the_first_response(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    assert clocks.meet(ticket=ticket, kind=FIRST, actor=PERSON, at=at + 29 * MINUTE) is True
    first = clock_of(ticket, FIRST)
    assert (first.state, first.elapsed_seconds, first.breached_at) == (ClockState.MET, 29 * 60, None)
    assert clocks.meet(ticket=ticket, kind=FIRST, actor=PERSON, at=at + HOUR) is False
    prove(ticket)


@pytest.mark.parametrize("kind", ["bot", "system", "customer"])
def test_nobody_else_meets_it(desk_defaults: dict[str, Any], at: datetime, kind: Any) -> None:
    ticket = make_timed_ticket(at=at)
    assert clocks.meet(ticket=ticket, kind=FIRST, actor=Actor(kind), at=at + MINUTE) is False
    assert clock_of(ticket, FIRST).state == ClockState.RUNNING


def test_a_late_answer_is_on_record_even_if_nobody_noticed(
    desk_defaults: dict[str, Any], at: datetime
) -> None:
    ticket = make_timed_ticket(at=at)
    clocks.meet(ticket=ticket, kind=FIRST, actor=PERSON, at=at + 31 * MINUTE)
    first = clock_of(ticket, FIRST)
    assert (first.state, first.breached_at) == (ClockState.MET, at + 31 * MINUTE)
    assert changes(ticket)[-2:] == [(FIRST, "breached"), (FIRST, "met")]
    prove(ticket)


def test_the_deadline_itself_is_late_and_the_second_before_is_not(
    desk_defaults: dict[str, Any], at: datetime
) -> None:
    for seconds, late in ((1799, False), (1800, True)):
        ticket = make_timed_ticket(at=at)
        clocks.meet(ticket=ticket, kind=FIRST, actor=PERSON, at=at + timedelta(seconds=seconds))
        assert (clock_of(ticket, FIRST).breached_at is not None) is late


def test_a_pause_does_not_hide_a_missed_deadline(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    move(ticket, Status.WAITING_CUSTOMER, at=at + 25 * HOUR)
    assert clock_of(ticket, RESOLUTION).breached_at == at + 25 * HOUR
    prove(ticket)


def test_the_oldest_unanswered_message_counts(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    clocks.meet(ticket=ticket, kind=FIRST, actor=PERSON, at=at + MINUTE)
    start = {"ticket": ticket, "actor": SYSTEM}
    assert clocks.start_next_response(**start, at=at + 10 * MINUTE) is True
    assert clocks.start_next_response(**start, at=at + 12 * MINUTE) is False
    assert clock_of(ticket, NEXT).due_at == at + 40 * MINUTE
    clocks.meet(ticket=ticket, kind=NEXT, actor=PERSON, at=at + 20 * MINUTE)
    assert clocks.start_next_response(**start, at=at + 30 * MINUTE) is True
    assert clock_of(ticket, NEXT, cycle=2).due_at == at + HOUR
    prove(ticket)


def test_while_the_first_answer_is_owed_no_next_one_is(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    assert clocks.start_next_response(ticket=ticket, actor=SYSTEM, at=at + MINUTE) is False
    unclassified = make_timed_ticket(at=at, start=False)
    assert clocks.start_next_response(ticket=unclassified, actor=SYSTEM, at=at + MINUTE) is False
    assert not Clock.objects.filter(kind=NEXT).exists()


# --- another promise ------------------------------------------------------------------------------------------


def regrade(ticket: Ticket, grade: Grade, *, at: datetime) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(grade=grade)
    clocks.retarget(ticket=ticket, actor=PERSON, at=at)


def test_a_new_grade_moves_the_deadline_and_keeps_used_and_paused_time(
    desk_defaults: dict[str, Any], at: datetime
) -> None:
    ticket = make_timed_ticket(at=at, grade=Grade.COMPLEX)
    move(ticket, Status.WAITING_CUSTOMER, at=at + 10 * HOUR)
    move(ticket, Status.OPEN, at=at + 12 * HOUR)
    regrade(ticket, Grade.SIMPLE, at=at + 14 * HOUR)
    resolution = clock_of(ticket, RESOLUTION)
    assert (resolution.elapsed_seconds, resolution.paused_seconds) == (12 * 3600, 2 * 3600)
    assert resolution.due_at == at + 26 * HOUR
    event = Event.objects.filter(kind=ClockChanged.kind, data__clock=RESOLUTION).latest("pk")
    assert event.data["change"] == "retargeted"
    assert datetime.fromisoformat(event.data["old_due_at"]) == at + 74 * HOUR
    assert datetime.fromisoformat(event.data["due_at"]) == at + 26 * HOUR
    prove(ticket)


def test_a_promise_that_is_used_up_already_is_late_at_once(
    desk_defaults: dict[str, Any], at: datetime
) -> None:
    ticket = make_timed_ticket(at=at, grade=Grade.COMPLEX)
    regrade(ticket, Grade.MAJOR, at=at + HOUR)
    first = clock_of(ticket, FIRST)
    assert (first.due_at, first.breached_at) == (at + HOUR, at + HOUR)
    prove(ticket)


def test_a_breach_on_record_stays(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at, grade=Grade.SIMPLE)
    regrade(ticket, Grade.COMPLEX, at=at + 45 * MINUTE)
    first = clock_of(ticket, FIRST)
    assert (first.breached_at, first.due_at) == (at + 45 * MINUTE, at + 120 * MINUTE)
    prove(ticket)


def test_a_clock_that_stands_is_promised_anew_too(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at, grade=Grade.COMPLEX)
    move(ticket, Status.WAITING_CUSTOMER, at=at + HOUR)
    regrade(ticket, Grade.SIMPLE, at=at + 2 * HOUR)
    standing = clock_of(ticket, RESOLUTION)
    assert (standing.state, standing.target_seconds, standing.due_at) == (ClockState.PAUSED, 86400, None)
    move(ticket, Status.OPEN, at=at + 3 * HOUR)
    assert clock_of(ticket, RESOLUTION).due_at == at + 26 * HOUR
    prove(ticket)


def test_what_was_met_is_not_promised_anew(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at, grade=Grade.SIMPLE)
    clocks.meet(ticket=ticket, kind=FIRST, actor=PERSON, at=at + MINUTE)
    regrade(ticket, Grade.MAJOR, at=at + HOUR)
    assert clock_of(ticket, FIRST).target_seconds == 1800


def test_the_same_grade_again_changes_nothing(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    before = changes(ticket)
    clocks.retarget(ticket=ticket, actor=PERSON, at=at + MINUTE)
    assert changes(ticket) == before


def test_another_calendar_counts_from_now_on(at: datetime) -> None:
    """Opened in the evening as a question for office hours; at 23:00 it turns out to be a major fault."""
    office, always = CalendarFactory(windows=OFFICE), CalendarFactory()
    policy = SlaPolicyFactory(matrix=office)
    policy.targets.filter(grade=Grade.MAJOR).update(response_calendar=always)
    ticket = make_timed_ticket(at=at.replace(hour=22), grade=Grade.CONSULT)
    regrade(ticket, Grade.MAJOR, at=at.replace(hour=23))
    first = clock_of(ticket, FIRST)
    assert (first.elapsed_seconds, first.calendar) == (0, always)
    assert first.due_at == at.replace(hour=23, minute=2)
    prove(ticket)


def test_without_a_policy_old_promises_hold(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    SlaPolicy.objects.update(is_current=False)
    regrade(ticket, Grade.MAJOR, at=at + HOUR)
    assert clock_of(ticket, FIRST).target_seconds == 1800
    prove(ticket)


# --- reopening and tiers --------------------------------------------------------------------------------------


def test_a_reopened_ticket_keeps_its_clock_and_gets_one_more(
    desk_defaults: dict[str, Any], at: datetime
) -> None:
    ticket = make_timed_ticket(at=at)
    for kind in (FIRST, RESOLUTION, HOP):
        clocks.meet(ticket=ticket, kind=kind, actor=PERSON, at=at + MINUTE)
    move(ticket, Status.RESOLVED, at=at + MINUTE)
    move(ticket, Status.OPEN, at=at + 2 * HOUR)
    assert clocks.start_reopen(ticket=ticket, actor=PERSON, at=at + 2 * HOUR) is True
    assert clocks.start_reopen(ticket=ticket, actor=PERSON, at=at + 3 * HOUR) is False
    assert clock_of(ticket, RESOLUTION).state == ClockState.MET
    assert clock_of(ticket, REOPEN).due_at == at + 26 * HOUR
    assert (ticket.due_kind, ticket.due_at) == (REOPEN, at + 26 * HOUR)
    prove(ticket)


def test_each_reopening_is_promised_once(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    for cycle in (1, 2, 3):
        assert clocks.start_reopen(ticket=ticket, actor=PERSON, at=at + cycle * HOUR)
        assert clocks.meet(ticket=ticket, kind=REOPEN, actor=PERSON, at=at + cycle * HOUR + MINUTE)
    assert list(Clock.objects.filter(kind=REOPEN).order_by("cycle").values_list("cycle", "state")) == [
        (1, ClockState.MET),
        (2, ClockState.MET),
        (3, ClockState.MET),
    ]
    prove(ticket)


def test_a_hop_is_met_by_moving_on(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    Ticket.objects.filter(pk=ticket.pk).update(tier=TierFactory(code="L2"))
    assert clocks.restart_hop(ticket=ticket, actor=PERSON, at=at + 20 * MINUTE) is True
    assert clock_of(ticket, HOP).state == ClockState.MET
    second = clock_of(ticket, HOP, cycle=2)
    assert (second.target_seconds, second.due_at) == (4 * 3600, at + 20 * MINUTE + 4 * HOUR)
    prove(ticket)


def test_a_hop_that_took_too_long_is_on_record(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    clocks.restart_hop(ticket=ticket, actor=PERSON, at=at + 61 * MINUTE)
    assert clock_of(ticket, HOP).breached_at == at + 61 * MINUTE


# --- together and at once -------------------------------------------------------------------------------------


def test_several_changes_are_written_once(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    clocks.meet(ticket=ticket, kind=FIRST, actor=PERSON, at=at + MINUTE)
    clocks.start_next_response(ticket=ticket, actor=SYSTEM, at=at + 2 * MINUTE)
    Ticket.objects.filter(pk=ticket.pk).update(status=Status.WAITING_CUSTOMER)
    with clocks.sheet_of(ticket, actor=PERSON, at=at + 3 * MINUTE) as sheet:
        assert sheet.finish(ticket.pk, NEXT, ClockState.MET, since=at + 3 * MINUTE)
        assert clock_of(ticket, NEXT).state == ClockState.RUNNING
    assert clock_of(ticket, NEXT).state == ClockState.MET
    assert clock_of(ticket, RESOLUTION).state == ClockState.PAUSED


def test_nothing_is_left_of_a_change_that_failed(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    before = changes(ticket)
    with pytest.raises(RuntimeError, match="midway"), transaction.atomic():
        clocks.meet(ticket=ticket, kind=FIRST, actor=PERSON, at=at + MINUTE)
        raise RuntimeError("midway")
    assert clock_of(ticket, FIRST).state == ClockState.RUNNING
    assert changes(ticket) == before


def test_the_database_refuses_a_second_live_clock_of_a_kind(
    desk_defaults: dict[str, Any], at: datetime
) -> None:
    ticket = make_timed_ticket(at=at)
    first = clock_of(ticket, FIRST)
    first.pk, first.cycle = None, 2
    with pytest.raises(IntegrityError), transaction.atomic():
        first.save(force_insert=True)


def test_a_change_costs_the_same_however_long_the_story(desk_defaults: dict[str, Any], at: datetime) -> None:
    costs = []
    for rounds in (1, 6):
        ticket = make_timed_ticket(at=at)
        clocks.meet(ticket=ticket, kind=FIRST, actor=PERSON, at=at + MINUTE)
        for turn in range(rounds):
            clocks.start_next_response(ticket=ticket, actor=SYSTEM, at=at + (2 + 2 * turn) * MINUTE)
            clocks.meet(ticket=ticket, kind=NEXT, actor=PERSON, at=at + (3 + 2 * turn) * MINUTE)
        with CaptureQueriesContext(connection) as seen:
            move(ticket, Status.WAITING_CUSTOMER, at=at + 30 * MINUTE)
        costs.append(len(seen))
    assert costs[0] == costs[1]


def test_windows_of_half_a_day_are_kept_to_the_second(at: datetime) -> None:
    half = CalendarFactory(windows={1: [(time(9), time(12))]})
    SlaPolicyFactory(matrix=half)
    ticket = make_timed_ticket(at=at.replace(hour=11, minute=45, second=13, microsecond=999_999))
    assert clock_of(ticket, FIRST).due_at == at.replace(hour=9, minute=15, second=13) + timedelta(days=7)
    prove(ticket)
