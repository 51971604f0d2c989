"""SLA policies: which one holds, how an edit becomes a version, and what it means for open tickets."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from core import clock
from core.errors import Conflict, InvalidInput
from core.models import Event
from customers.enums import Level
from tests.factories.accounts import UserFactory
from tests.factories.customers import BrandFactory
from tests.factories.tickets import OFFICE, CalendarFactory, SlaPolicyFactory, make_timed_ticket
from tests.tickets.timing import PERSON, clock_of, move, prove
from tickets import jobs
from tickets.enums import ClockKind, ClockState, Grade, Status
from tickets.models import Clock, SlaPolicy, Ticket
from tickets.services import clocks, policies
from tickets.services.policies import Changes, apply_to_open, current_policy, new_version, preview

pytestmark = pytest.mark.django_db

FIRST, RESOLUTION, HOP = ClockKind.FIRST_RESPONSE, ClockKind.RESOLUTION, ClockKind.TIER_HOP
HOUR = timedelta(hours=1)
SIMPLE_NORMAL = (Grade.SIMPLE, Level.NORMAL)
FASTER = Changes(targets={SIMPLE_NORMAL: {"first_response_minutes": 10}})


def edited(policy: SlaPolicy, changes: Changes, at: datetime) -> SlaPolicy:
    return new_version(policy=policy, changes=changes, actor=PERSON, at=at)


# --- which one ------------------------------------------------------------------------------------------------


def test_without_any_there_is_none(at: datetime) -> None:
    assert current_policy(brand=BrandFactory(), at=at) is None


def test_a_brands_own_comes_before_the_one_for_all(at: datetime) -> None:
    brand, other = BrandFactory(), BrandFactory(code="other")
    for_all = SlaPolicyFactory()
    own = SlaPolicyFactory(code="own", brand=brand, created_at=at - HOUR)
    assert current_policy(brand=brand, at=at) == own
    assert current_policy(brand=other.pk, at=at) == for_all


def test_of_several_the_newest_that_was_there_holds(at: datetime) -> None:
    older = SlaPolicyFactory(code="a", created_at=at - 2 * HOUR)
    newer = SlaPolicyFactory(code="b", created_at=at - HOUR)
    SlaPolicyFactory(code="c", created_at=at - HOUR, is_current=False)
    future = SlaPolicyFactory(code="d", created_at=at + HOUR)
    assert current_policy(brand=1, at=at) == newer
    SlaPolicy.objects.filter(pk__in=[older.pk, newer.pk]).delete()
    assert current_policy(brand=1, at=at) == future


# --- versions -------------------------------------------------------------------------------------------------


def test_an_edit_is_a_new_version_for_new_tickets(at: datetime) -> None:
    old = SlaPolicyFactory()
    before = make_timed_ticket(at=at)
    new = edited(old, FASTER, at)
    after = make_timed_ticket(at=at)
    assert (new.version, new.is_current, new.created_at) == (2, True, at)
    assert SlaPolicy.objects.get(pk=old.pk).is_current is False
    assert clock_of(before, FIRST).target_seconds == 1800
    assert (clock_of(after, FIRST).target_seconds, after.sla_policy) == (600, new)
    assert new.targets.count() == old.targets.count() == 24
    assert list(new.ladder.values_list("percent", "recipient")) == list(
        old.ladder.values_list("percent", "recipient")
    )
    event = Event.objects.get(kind="tickets.sla_policy_changed")
    assert event.data == {"code": "standard", "version": 2, "before_id": old.pk}


def test_everything_of_a_policy_can_change(at: datetime) -> None:
    old = SlaPolicyFactory()
    office = CalendarFactory(windows=OFFICE)
    new = edited(
        old,
        Changes(
            targets={SIMPLE_NORMAL: {"resolution_minutes": 600, "resolution_calendar": office}},
            ladder=[(90, "lead"), (60, "owner")],
            numbers={"confirm_hours": 48, "reopen_days": 30, "part_pause_days": 3},
            name_en="Quick",
        ),
        at,
    )
    cell = new.targets.get(grade=Grade.SIMPLE, level=Level.NORMAL)
    assert (cell.resolution_minutes, cell.resolution_calendar, cell.first_response_minutes) == (
        600,
        office,
        30,
    )
    assert list(new.ladder.values_list("percent", "recipient")) == [(60, "owner"), (90, "lead")]
    assert (new.confirm_hours, new.reopen_days, new.part_pause_days) == (48, 30, 3)
    assert (new.name_en, new.name_zh) == ("Quick", old.name_zh)


def test_an_edit_that_changes_nothing_makes_no_version(at: datetime) -> None:
    old = SlaPolicyFactory()
    same = Changes(targets={SIMPLE_NORMAL: {"first_response_minutes": 30}}, numbers={"confirm_hours": 72})
    assert edited(old, same, at) == old
    assert edited(old, Changes(), at) == old
    assert SlaPolicy.objects.count() == 1


def test_an_edit_of_an_old_version_is_refused(at: datetime) -> None:
    old = SlaPolicyFactory()
    edited(old, FASTER, at)
    with pytest.raises(Conflict) as refused:
        edited(old, Changes(numbers={"confirm_hours": 1}), at)
    assert refused.value.code == "stale_version"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        (Changes(targets={SIMPLE_NORMAL: {"first_response_minutes": 0}}), "simple:normal"),
        (Changes(targets={SIMPLE_NORMAL: {"resolution_minutes": -5}}), "simple:normal"),
        (Changes(targets={SIMPLE_NORMAL: {"resolution_minutes": 10**7}}), "simple:normal"),
        (Changes(targets={("urgent", "normal"): {"resolution_minutes": 5}}), "urgent:normal"),
        (Changes(targets={("simple", "platinum"): {"resolution_minutes": 5}}), "simple:platinum"),
        (Changes(targets={SIMPLE_NORMAL: {"colour": 5}}), "simple:normal"),
        (Changes(ladder=[(50, "owner"), (50, "lead")]), "ladder"),
        (Changes(ladder=[(0, "owner")]), "ladder"),
        (Changes(ladder=[(5000, "owner")]), "ladder"),
        (Changes(ladder=[(50, "nobody")]), "ladder"),
        (Changes(numbers={"confirm_hours": -1}), "confirm_hours"),
        (Changes(numbers={"version": 7}), "version"),
    ],
)
def test_impossible_promises_are_refused_and_nothing_changes(
    at: datetime, changes: Changes, field: str
) -> None:
    old = SlaPolicyFactory()
    with pytest.raises(InvalidInput) as refused:
        edited(old, changes, at)
    assert list(refused.value.fields) == [field]
    assert list(SlaPolicy.objects.values_list("pk", "is_current")) == [(old.pk, True)]


def test_a_calendar_that_is_never_open_is_refused(at: datetime) -> None:
    never = CalendarFactory(always_open=False)
    with pytest.raises(InvalidInput):
        edited(SlaPolicyFactory(), Changes(targets={SIMPLE_NORMAL: {"response_calendar": never}}), at)


def test_a_new_cell_needs_both_times(at: datetime) -> None:
    old = SlaPolicyFactory()
    old.targets.filter(grade=Grade.SIMPLE, level=Level.NORMAL).delete()
    with pytest.raises(InvalidInput):
        edited(old, FASTER, at)
    whole = Changes(targets={SIMPLE_NORMAL: {"first_response_minutes": 10, "resolution_minutes": 60}})
    assert edited(old, whole, at).targets.count() == 24


# --- what it would do -----------------------------------------------------------------------------------------


def test_a_preview_counts_without_changing_anything(at: datetime) -> None:
    policy = SlaPolicyFactory()
    tickets = [make_timed_ticket(at=at + minutes * timedelta(minutes=1)) for minutes in range(3)]
    make_timed_ticket(at=at, grade=Grade.COMPLEX)
    shown = preview(policy=policy, changes=FASTER, at=at + timedelta(minutes=11))
    assert shown.tickets == 3
    assert [(m.kind, m.grade, m.level, m.clocks, m.old_seconds, m.new_seconds) for m in shown.moved] == [
        (FIRST, Grade.SIMPLE, Level.NORMAL, 3, 1800, 600)
    ]
    # two have used their ten minutes already: they would be late from the moment of the change
    assert (shown.examined, shown.late) == (3, 2)
    assert [(e.reference, e.old_due_at, e.new_due_at) for e in shown.examples] == [
        (tickets[0].reference, at + timedelta(minutes=30), at + timedelta(minutes=11)),
        (tickets[1].reference, at + timedelta(minutes=31), at + timedelta(minutes=11)),
        (tickets[2].reference, at + timedelta(minutes=32), at + timedelta(minutes=12)),
    ]
    assert clock_of(tickets[0], FIRST).target_seconds == 1800
    assert SlaPolicy.objects.count() == 1


def test_a_preview_counts_standing_clocks_too_and_shows_running_ones(at: datetime) -> None:
    policy = SlaPolicyFactory()
    waiting = make_timed_ticket(at=at)
    clocks.meet(ticket=waiting, kind=FIRST, actor=PERSON, at=at)
    move(waiting, Status.WAITING_CUSTOMER, at=at)
    slower = Changes(targets={SIMPLE_NORMAL: {"resolution_minutes": 3000}})
    shown = preview(policy=policy, changes=slower, at=at)
    assert (shown.tickets, [m.clocks for m in shown.moved], shown.examples) == (1, [1], [])


def test_a_preview_of_no_change_is_empty(at: datetime) -> None:
    policy = SlaPolicyFactory()
    make_timed_ticket(at=at)
    shown = preview(policy=policy, at=at)
    assert (shown.tickets, shown.moved, shown.examined, shown.examples) == (0, [], 0, [])


def test_a_preview_refuses_what_an_edit_refuses(at: datetime) -> None:
    with pytest.raises(InvalidInput):
        preview(
            policy=SlaPolicyFactory(),
            changes=Changes(targets={SIMPLE_NORMAL: {"resolution_minutes": 0}}),
            at=at,
        )


def test_a_preview_leaves_other_brands_and_done_tickets_alone(at: datetime) -> None:
    policy = SlaPolicyFactory()
    own = BrandFactory(code="other")
    SlaPolicyFactory(code="own", brand=own)
    make_timed_ticket(at=at, brand=own)
    done = make_timed_ticket(at=at)
    move(done, Status.CLOSED, at=at)
    assert preview(policy=policy, changes=FASTER, at=at).tickets == 0


def test_a_preview_costs_the_same_for_one_and_many(at: datetime, django_assert_num_queries: Any) -> None:
    policy = SlaPolicyFactory()
    make_timed_ticket(at=at)
    with django_assert_num_queries(4):
        preview(policy=policy, changes=FASTER, at=at)
    for _n in range(4):
        make_timed_ticket(at=at)
    with django_assert_num_queries(4):
        preview(policy=policy, changes=FASTER, at=at)


# --- doing it -------------------------------------------------------------------------------------------------


def test_open_tickets_get_the_new_promise_when_it_is_applied(at: datetime) -> None:
    policy = SlaPolicyFactory()
    tickets = [make_timed_ticket(at=at) for _n in range(5)]
    idle = tickets[0]
    clocks.meet(ticket=idle, kind=FIRST, actor=PERSON, at=at)
    move(idle, Status.WAITING_CUSTOMER, at=at + HOUR)
    new = edited(
        policy,
        Changes(targets={SIMPLE_NORMAL: {"first_response_minutes": 10, "resolution_minutes": 600}}),
        at,
    )
    assert apply_to_open(policy=new, actor=PERSON, at=at + 2 * HOUR, batch=2) == 5
    assert set(Ticket.objects.values_list("sla_policy", flat=True)) == {new.pk}
    assert set(Clock.objects.filter(kind=RESOLUTION).values_list("target_seconds", flat=True)) == {36000}
    assert clock_of(idle, RESOLUTION).state == ClockState.PAUSED
    assert clock_of(tickets[1], RESOLUTION).due_at == at + 10 * HOUR
    assert Ticket.objects.get(pk=tickets[1].pk).due_kind == HOP
    event = Event.objects.get(kind="tickets.sla_policy_applied")
    assert (event.subject_id, event.data) == (new.pk, {"tickets": 5})
    for ticket in tickets:
        prove(ticket)


def test_applying_again_changes_nothing(at: datetime) -> None:
    policy = SlaPolicyFactory()
    make_timed_ticket(at=at)
    new = edited(policy, FASTER, at)
    assert apply_to_open(policy=new, actor=PERSON, at=at) == 1
    assert apply_to_open(policy=new, actor=PERSON, at=at + HOUR) == 0


def test_an_interrupted_run_is_taken_up_again(at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = SlaPolicyFactory()
    tickets = [make_timed_ticket(at=at) for _n in range(4)]
    new = edited(policy, FASTER, at)
    real = policies.retarget_all
    calls = iter([True, False])

    def dies_in_the_second_batch(sheet: Any) -> int:
        if not next(calls):
            raise KeyboardInterrupt
        return real(sheet)

    monkeypatch.setattr(policies, "retarget_all", dies_in_the_second_batch)
    with pytest.raises(KeyboardInterrupt):
        apply_to_open(policy=new, actor=PERSON, at=at, batch=2)
    assert Ticket.objects.filter(sla_policy=new).count() == 2
    monkeypatch.setattr(policies, "retarget_all", real)
    assert apply_to_open(policy=new, actor=PERSON, at=at, batch=2) == 2
    for ticket in tickets:
        prove(ticket)


def test_tickets_without_a_promise_get_one(at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    policy = SlaPolicyFactory()
    assert apply_to_open(policy=policy, actor=PERSON, at=at + timedelta(minutes=5)) == 1
    assert clock_of(ticket, FIRST).due_at == at + timedelta(minutes=30)
    prove(ticket)


def test_only_the_current_version_can_be_applied(at: datetime) -> None:
    policy = SlaPolicyFactory()
    edited(policy, FASTER, at)
    with pytest.raises(Conflict):
        apply_to_open(policy=policy, actor=PERSON, at=at)


def test_a_batch_costs_the_same_for_six_and_more(at: datetime, django_assert_num_queries: Any) -> None:
    policy = SlaPolicyFactory()
    for _n in range(6):
        make_timed_ticket(at=at)
    new = edited(policy, FASTER, at)
    with django_assert_num_queries(17) as few:
        apply_to_open(policy=new, actor=PERSON, at=at)
    for _n in range(7):
        make_timed_ticket(at=at)
    newer = edited(new, Changes(targets={SIMPLE_NORMAL: {"first_response_minutes": 20}}), at)
    with django_assert_num_queries(len(few)):
        apply_to_open(policy=newer, actor=PERSON, at=at)


def test_the_job_applies_in_somebodys_name(at: datetime) -> None:
    user = UserFactory()
    policy = SlaPolicyFactory()
    make_timed_ticket(at=at)
    new = edited(policy, FASTER, at)
    assert jobs.apply_policy(policy.pk, user.pk) == 0
    with clock.at_time(at + HOUR):
        assert jobs.apply_policy(new.pk, user.pk) == 1
    event = Event.objects.get(kind="tickets.sla_policy_applied")
    assert (event.actor_kind, event.actor_id, event.at) == ("staff", user.pk, at + HOUR)


def test_what_nobody_promised_anything_is_found(at: datetime) -> None:
    forgotten = make_timed_ticket(at=at)
    make_timed_ticket(at=at, grade="", start=False)
    SlaPolicyFactory()
    make_timed_ticket(at=at)
    assert list(Ticket.objects.unpromised()) == [forgotten]
