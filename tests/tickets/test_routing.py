"""Who gets a ticket, why, and that nobody gets one twice or too many."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from accounts.enums import DutyState, SkillKind
from accounts.models import Agent, AgentSkill, Shift, User
from accounts.services.duty import set_duty
from core.actors import SYSTEM
from core.errors import Conflict, DomainError, InvalidInput, NotAllowed, NotVisible
from core.models import Timer
from tests.factories.accounts import RegionFactory, SkillFactory
from tests.factories.channels_hub import ChannelFactory, ThreadFactory
from tests.factories.customers import CustomerFactory, ProductFactory, ProductLineFactory
from tests.factories.tickets import CategoryFactory, QueueFactory, TierFactory, make_desk
from tests.factories.times import NOW
from tests.factories.work import (
    actor_of,
    customer_of,
    deliver,
    kinds_of,
    make_colleague,
    make_open_ticket,
    make_resolved_ticket,
    make_ticket,
)
from tickets.enums import AssignmentSource, Status
from tickets.models import Assignment, Queue, Ticket
from tickets.services import queues, routing, why

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)


def give(ticket: Ticket) -> User | None:
    assignment = routing.route(ticket=ticket, at=LATER)
    return assignment.agent if assignment else None


def free_since(agent: User, minutes: int) -> None:
    Agent.objects.filter(user=agent).update(last_assigned_at=LATER - timedelta(minutes=minutes))


# --- who may take it ----------------------------------------------------------------------------------------


def test_the_one_who_may_take_it_gets_it(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague("林晓")
    ticket = make_ticket()
    assignment = routing.route(ticket=ticket, at=LATER)
    ticket.refresh_from_db()
    assert assignment is not None
    assert (ticket.assignee, ticket.steward, assignment.agent) == (agent, agent, agent)
    assert (assignment.source, assignment.since, assignment.until) == (AssignmentSource.ROUTED, LATER, None)
    assert Agent.objects.get(user=agent).last_assigned_at == LATER
    assert kinds_of(ticket)[-1] == "tickets.assigned"


@pytest.mark.parametrize(
    "state", [s for s in DutyState if s != DutyState.AVAILABLE], ids=lambda s: str(s.value)
)
def test_nobody_who_is_away_gets_anything(state: DutyState, desk_defaults: dict[str, Any]) -> None:
    make_colleague(duty=state)
    assert give(make_ticket()) is None


def test_another_tier_another_team_and_those_who_left_get_nothing(desk_defaults: dict[str, Any]) -> None:
    make_colleague(tier="L2")
    make_colleague(queue=QueueFactory(code="other", tier=TierFactory(code="L1"), position=900))
    make_colleague(queue=Queue.objects.get(code="queue-l1"), tier="L2")
    gone = make_colleague()
    User.objects.filter(pk=gone.pk).update(is_active=False)
    assert give(make_ticket()) is None


def test_full_hands_get_nothing(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague(ticket_capacity=1)
    assert give(make_ticket()) == agent
    assert give(make_ticket()) is None


def test_waiting_tickets_fill_hands_and_resolved_ones_do_not(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague(ticket_capacity=1)
    ticket = make_open_ticket(agent)
    Ticket.objects.filter(pk=ticket.pk).update(status=Status.WAITING_CUSTOMER)
    assert give(make_ticket()) is None
    Ticket.objects.filter(pk=ticket.pk).update(status=Status.MERGED, merged_into=make_ticket())
    assert give(make_ticket()) == agent


def test_a_planned_shift_must_have_begun(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    row = Agent.objects.get(user=agent)
    shift = Shift.objects.create(
        agent=row, starts_at=LATER + timedelta(minutes=1), ends_at=LATER + timedelta(hours=8)
    )
    assert give(make_ticket()) is None
    Shift.objects.filter(pk=shift.pk).update(starts_at=LATER)
    assert give(make_ticket()) == agent
    Shift.objects.filter(pk=shift.pk).update(starts_at=NOW - timedelta(hours=2), ends_at=LATER)
    assert give(make_ticket()) is None


def test_without_a_plan_for_today_being_available_is_enough(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    tomorrow = LATER + timedelta(days=1)
    Shift.objects.create(
        agent=Agent.objects.get(user=agent), starts_at=tomorrow, ends_at=tomorrow + timedelta(hours=8)
    )
    assert give(make_ticket()) == agent


@pytest.fixture
def lock_ticket_of(desk_defaults: dict[str, Any]) -> Callable[..., Ticket]:
    """Tickets about a lock, for which the skill `lock` exists."""
    SkillFactory(code="lock")
    product = ProductFactory(line=ProductLineFactory(code="lock"))

    def make(**fields: Any) -> Ticket:
        return make_ticket(product=product, **fields)

    return make


def test_who_lacks_the_skill_gets_nothing_while_a_colleague_has_it(
    lock_ticket_of: Callable[..., Ticket],
) -> None:
    make_colleague()
    skilled = make_colleague(skills={"lock": 1}, ticket_capacity=1)
    assert give(lock_ticket_of()) == skilled
    assert give(lock_ticket_of()) is None


def test_when_nobody_on_duty_has_the_skill_anybody_helps(lock_ticket_of: Callable[..., Ticket]) -> None:
    agent = make_colleague()
    make_colleague(skills={"lock": 5}, duty=DutyState.OFFLINE)
    assert give(lock_ticket_of()) == agent


def test_a_certificate_that_ran_out_does_not_count(lock_ticket_of: Callable[..., Ticket]) -> None:
    expired, valid = make_colleague(skills={"lock": 5}), make_colleague(skills={"lock": 1})
    rows = AgentSkill.objects.filter(agent__user=expired)
    rows.update(valid_until=date(2026, 3, 16))
    assert give(lock_ticket_of()) == valid
    rows.update(valid_until=date(2026, 3, 17))  # its last day
    assert give(lock_ticket_of()) == expired


def test_the_categorys_skill_is_asked_for_too(desk_defaults: dict[str, Any]) -> None:
    safety = SkillFactory(code="safety", kind=SkillKind.SPECIAL)
    CategoryFactory(code="gas", keywords=["燃气"], skill=safety)
    make_colleague()
    trained = make_colleague(skills={"safety": 2})
    assert give(make_ticket(words="有燃气味")) == trained


# --- who fits best: one criterion changes, and another person wins ------------------------------------------


@pytest.fixture
def two(desk_defaults: dict[str, Any]) -> tuple[User, User]:
    """Two equals; the first has been idle longer, so that she wins while nothing else differs."""
    first, second = make_colleague("甲"), make_colleague("乙")
    free_since(first, 50)
    free_since(second, 10)
    return first, second


def test_equals_go_to_who_waited_longest(two: tuple[User, User]) -> None:
    first, second = two
    assert give(make_ticket()) == first
    free_since(second, 90)
    assert give(make_ticket()) == second


def test_fewest_open_tickets_come_before_the_longest_wait(two: tuple[User, User]) -> None:
    first, second = two
    make_ticket(assignee=first)
    free_since(first, 500)
    assert give(make_ticket()) == second


def test_a_higher_skill_wins(two: tuple[User, User]) -> None:
    first, second = two
    product = ProductFactory(line=ProductLineFactory(code="lock"))
    for agent, level in ((first, 3), (second, 4)):
        AgentSkill.objects.create(
            agent=Agent.objects.get(user=agent), skill=SkillFactory(code="lock"), level=level
        )
    assert give(make_ticket(product=product)) == second


def test_the_customers_city_wins(two: tuple[User, User]) -> None:
    first, second = two
    province = RegionFactory(code="zhejiang")
    city = RegionFactory(code="hangzhou", parent=province)
    Agent.objects.get(user=first).regions.set([RegionFactory(code="beijing")])
    Agent.objects.get(user=second).regions.set([province])
    assert give(make_ticket(region=city)) == second


def test_the_customers_language_wins(two: tuple[User, User]) -> None:
    _first, second = two
    AgentSkill.objects.create(
        agent=Agent.objects.get(user=second),
        skill=SkillFactory(code="english", kind=SkillKind.LANGUAGE),
        level=3,
    )
    thread = ThreadFactory(language="en", channel=ChannelFactory())
    assert give(make_ticket(thread=thread, customer=thread.customer)) == second


def test_valued_customers_win_somebody_trained_for_them(two: tuple[User, User]) -> None:
    first, second = two
    AgentSkill.objects.create(
        agent=Agent.objects.get(user=second), skill=SkillFactory(code="vip", kind=SkillKind.SPECIAL), level=3
    )
    assert give(make_ticket(customer=CustomerFactory(level="diamond"))) == second
    free_since(second, 10)
    assert give(make_ticket(customer=CustomerFactory(level="normal"))) == first


def test_a_queue_may_weigh_otherwise(two: tuple[User, User]) -> None:
    first, second = two
    make_ticket(assignee=first)
    free_since(first, 60)
    assert give(make_ticket()) == second
    Queue.objects.filter(code="queue-l1").update(weights={"load": 0, "idle": 50})
    free_since(second, 10)
    assert give(make_ticket()) == first


def test_whoever_had_it_at_this_tier_comes_first(two: tuple[User, User]) -> None:
    _first, second = two
    ticket = make_ticket(assignee=second)
    routing.give_back(ticket=ticket, actor=SYSTEM, at=LATER)
    assert give(ticket) == second


# --- why this person ----------------------------------------------------------------------------------------


def test_everybody_considered_is_kept_with_their_scores(lock_ticket_of: Callable[..., Ticket]) -> None:
    best = make_colleague("林晓", skills={"lock": 4})
    other = make_colleague("何婷", skills={"lock": 2})
    unskilled, full = make_colleague("周凯"), make_colleague("韩雪", ticket_capacity=0)
    make_colleague(duty=DutyState.BREAK)
    assignment = routing.route(ticket=lock_ticket_of(), at=LATER)
    assert assignment is not None
    rows = {row["agent"]: row for row in assignment.scores}
    assert set(rows) == {best.pk, other.pk, unskilled.pk, full.pk}
    assert (rows[unskilled.pk]["out"], rows[full.pk]["out"]) == ("no_skill", "full")
    assert rows[best.pk] == {
        "agent": best.pk,
        "open": 0,
        "capacity": 20,
        "total": 63.0,
        "points": {
            "prior": 0.0,
            "skill": 32.0,
            "load": 30.0,
            "region": 0.0,
            "language": 0.0,
            "value": 0.0,
            "idle": 1.0,
        },
        "facts": {
            "skills": {"lock": 4},
            "region": False,
            "language": False,
            "idle_minutes": None,
            "prior": False,
        },
        "won": True,
    }
    assert (rows[other.pk]["total"], rows[other.pk]["won"]) == (47.0, False)


def test_why_this_person_is_said_in_words(lock_ticket_of: Callable[..., Ticket]) -> None:
    best = make_colleague("林晓", skills={"lock": 4})
    make_colleague("周凯")
    free_since(best, 20)
    assignment = routing.route(ticket=lock_ticket_of(), at=LATER)
    assert assignment is not None
    with translation.override("en"):
        told = why.why(assignment)
    assert told.sentence == "Lock 4 of 5 · 0 of 20 tickets · free for 20 minutes"
    assert [(row.agent_id, row.won, row.out) for row in told.rows] == [
        (best.pk, True, ""),
        (told.rows[1].agent_id, False, "lacks the skill"),
    ]
    assert told.rows[0].points[:2] == [("Skill", 32.0), ("Load", 30.0)]


def test_what_a_person_decided_is_said_in_their_words(desk_defaults: dict[str, Any]) -> None:
    lead, first, second = make_colleague("组长"), make_colleague("甲"), make_colleague("乙")
    ticket = make_ticket()
    with translation.override("en"):
        taken = routing.claim(ticket=ticket, actor=actor_of(first), at=LATER)
        assert why.why(taken).sentence == f"Taken by {first.display_name_en}"
        moved = routing.assign(ticket=ticket, agent=second, reason="会粤语", actor=actor_of(lead), at=LATER)
        assert why.why(moved).sentence == f"Assigned by {lead.display_name_en}: 会粤语"


# --- twice, out of order, by the wrong person ---------------------------------------------------------------


def test_routing_twice_assigns_once(desk_defaults: dict[str, Any]) -> None:
    make_colleague()
    ticket = make_ticket()
    assert routing.route(ticket=ticket, at=LATER) is not None
    assert routing.route(ticket=ticket, at=LATER) is None
    assert Assignment.objects.count() == 1


@pytest.mark.parametrize("status", [s for s in Status if s not in (Status.NEW, Status.OPEN)])
def test_only_what_needs_somebody_is_routed(status: Status, desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_resolved_ticket(agent, desk_defaults)
    fields: dict[str, Any] = {"status": status, "assignee": None}
    if status == Status.CLOSED:
        fields |= {"closed_at": NOW, "close_reason": "timeout"}
    if status == Status.MERGED:
        fields["merged_into"] = make_ticket()
    Ticket.objects.filter(pk=ticket.pk).update(**fields)
    assert routing.route(ticket=ticket, at=LATER) is None


def test_an_unsorted_ticket_is_not_routed(desk_defaults: dict[str, Any]) -> None:
    make_colleague()
    assert give(make_ticket(classified=False)) is None


def test_the_second_to_take_a_ticket_hears_who_has_it(desk_defaults: dict[str, Any]) -> None:
    first, second = make_colleague("林晓"), make_colleague()
    ticket = make_ticket()
    assignment = routing.claim(ticket=ticket, actor=actor_of(first), at=LATER)
    assert assignment.source == AssignmentSource.CLAIMED
    assert routing.claim(ticket=ticket, actor=actor_of(first), at=LATER) == assignment
    with pytest.raises(Conflict) as refused:
        routing.claim(ticket=Ticket(pk=ticket.pk), actor=actor_of(second), at=LATER)
    assert (refused.value.code, refused.value.extra) == ("already_taken", {"assignee": first.pk})
    assert "林晓" in str(refused.value)


def test_nobody_takes_more_than_they_may_have(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague(ticket_capacity=1)
    make_ticket(assignee=agent)
    with pytest.raises(Conflict) as refused:
        routing.claim(ticket=make_ticket(), actor=actor_of(agent), at=LATER)
    assert refused.value.code == "at_capacity"


def test_strangers_take_nothing(desk_defaults: dict[str, Any]) -> None:
    ticket = make_ticket()
    with pytest.raises(NotVisible):
        routing.claim(ticket=ticket, actor=actor_of(make_colleague(tier="L2")), at=LATER)
    with pytest.raises(NotAllowed):
        routing.claim(ticket=ticket, actor=customer_of(ticket.customer), at=LATER)
    with pytest.raises(NotAllowed):
        routing.assign(ticket=ticket, agent=make_colleague(), actor=customer_of(ticket.customer), at=LATER)


def test_what_is_done_is_not_taken(desk_defaults: dict[str, Any]) -> None:
    agent, other = make_colleague(), make_colleague()
    ticket = make_resolved_ticket(agent, desk_defaults)
    for act in (
        lambda: routing.claim(ticket=ticket, actor=actor_of(other), at=LATER),
        lambda: routing.assign(ticket=ticket, agent=other, reason="x", actor=actor_of(agent), at=LATER),
    ):
        with pytest.raises(Conflict) as refused:
            act()
        assert refused.value.code == "illegal_transition"


def test_a_person_may_assign_and_needs_a_reason_to_override(desk_defaults: dict[str, Any]) -> None:
    lead, first, second = make_colleague(), make_colleague(), make_colleague(ticket_capacity=0)
    ticket = make_ticket()
    given = routing.assign(ticket=ticket, agent=first, actor=actor_of(lead), at=LATER)
    assert (given.source, given.by, given.reason) == (AssignmentSource.ASSIGNED, lead, "")
    assert routing.assign(ticket=ticket, agent=first, actor=actor_of(lead), at=LATER) == given
    with pytest.raises(InvalidInput) as refused:
        routing.assign(ticket=ticket, agent=lead, reason=" ", actor=actor_of(lead), at=LATER)
    assert list(refused.value.fields) == ["reason"]
    moved = routing.assign(ticket=ticket, agent=lead, reason="她请假", actor=actor_of(lead), at=LATER)
    given.refresh_from_db()
    ticket.refresh_from_db()
    assert (given.until, moved.until, moved.source) == (LATER, None, AssignmentSource.OVERRIDDEN)
    assert (ticket.assignee, ticket.steward) == (lead, first)
    with pytest.raises(InvalidInput):
        routing.assign(ticket=make_ticket(), agent=second, actor=actor_of(lead), at=LATER)
    over = routing.assign(
        ticket=make_ticket(), agent=second.agent, reason="只有她会", actor=actor_of(lead), at=LATER
    )
    assert (over.agent, over.source) == (second, AssignmentSource.OVERRIDDEN)


def test_only_those_who_take_tickets_get_one(desk_defaults: dict[str, Any]) -> None:
    from tests.factories.accounts import UserFactory

    lead = make_colleague()
    with pytest.raises(InvalidInput) as refused:
        routing.assign(ticket=make_ticket(), agent=UserFactory(), actor=actor_of(lead), at=LATER)
    assert (list(refused.value.fields), refused.value.code) == (["agent"], "no_agent")


# --- waiting, and whose turn it is --------------------------------------------------------------------------


def turn(*tickets: Ticket) -> list[Ticket]:
    return [t for t in queues.waiting() if t in tickets]


def with_priority(ticket: Ticket, priority: int) -> Ticket:
    Ticket.objects.filter(pk=ticket.pk).update(priority=priority)
    return ticket


def test_the_more_urgent_goes_first_until_the_other_has_waited_long_enough(
    desk_defaults: dict[str, Any],
) -> None:
    early = with_priority(make_ticket(at=NOW), 4)
    nearly = with_priority(make_ticket(at=NOW + timedelta(minutes=29)), 1)
    late = with_priority(make_ticket(at=NOW + timedelta(minutes=31)), 1)
    assert turn(early, nearly, late) == [nearly, early, late]


def test_members_pass_others_by_five_minutes_at_most(desk_defaults: dict[str, Any]) -> None:
    plain = make_ticket(at=NOW)
    vip = CustomerFactory(level="enterprise_vip")
    soon = make_ticket(at=NOW + timedelta(minutes=4), customer=vip)
    later = make_ticket(at=NOW + timedelta(minutes=6), customer=vip)
    assert turn(plain, soon, later) == [soon, plain, later]


def test_a_major_fault_goes_before_all(desk_defaults: dict[str, Any]) -> None:
    early = with_priority(make_ticket(at=NOW), 1)
    major = make_ticket(at=NOW + timedelta(hours=5))
    Ticket.objects.filter(pk=major.pk).update(grade="major")
    assert turn(early, major) == [major, early]


def test_a_place_in_the_queue_is_told_honestly(desk_defaults: dict[str, Any]) -> None:
    first, second = make_ticket(at=NOW), make_ticket(at=NOW + timedelta(minutes=1))
    make_ticket(classified=False)
    assert queues.place_of(first, at=LATER) == (0, None)
    assert queues.place_of(second, at=LATER) == (1, None)
    agent = make_colleague()
    for _ in range(4):
        make_ticket(assignee=agent)
    assert queues.place_of(second, at=LATER) == (1, 30)
    routing.assign(ticket=first, agent=agent, actor=SYSTEM, at=LATER)
    assert queues.place_of(first, at=LATER) is None
    assert queues.place_of(second, at=LATER) == (0, 12)


# --- draining -----------------------------------------------------------------------------------------------


def test_who_becomes_available_gets_what_waits_up_to_their_capacity(desk_defaults: dict[str, Any]) -> None:
    tickets = [make_ticket(at=NOW + timedelta(minutes=n)) for n in range(4)]
    deliver(LATER)
    agent = make_colleague(ticket_capacity=3, duty=DutyState.OFFLINE)
    set_duty(agent=agent.agent, state=DutyState.AVAILABLE, actor=SYSTEM, at=LATER)
    deliver(LATER)
    owners = [Ticket.objects.get(pk=t.pk).assignee for t in tickets]
    assert owners == [agent, agent, agent, None]


def test_a_freed_hand_gets_the_next_ticket(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague(ticket_capacity=1)
    first, second = make_ticket(at=NOW), make_ticket(at=NOW)
    deliver(LATER)
    first.refresh_from_db()
    second.refresh_from_db()
    mine, waiting = (first, second) if first.assignee else (second, first)
    from tickets.services import resolve

    resolve.resolve(
        ticket=mine,
        solution_code=desk_defaults["solution"],
        root_cause=desk_defaults["cause"],
        message="好了",
        actor=actor_of(agent),
        at=LATER,
    )
    deliver(LATER)
    waiting.refresh_from_db()
    assert waiting.assignee == agent


def test_draining_passes_over_what_nobody_can_take(desk_defaults: dict[str, Any]) -> None:
    lock = ProductFactory(line=ProductLineFactory(code="lock"))
    stuck = make_ticket(at=NOW, product=lock)
    others = [make_ticket(at=NOW + timedelta(minutes=n)) for n in range(1, 3)]
    agent = make_colleague()
    make_colleague(skills={"lock": 3}, ticket_capacity=0)
    assert routing.drain(at=LATER) == 2
    assert [Ticket.objects.get(pk=t.pk).assignee for t in (stuck, *others)] == [None, agent, agent]


def test_draining_costs_nothing_while_nobody_is_there(desk_defaults: dict[str, Any]) -> None:
    for _ in range(3):
        make_ticket()
    make_colleague(duty=DutyState.BUSY)
    with CaptureQueriesContext(connection) as queries:
        assert routing.drain(at=LATER) == 0
    assert len(queries) == 1


def test_a_full_queue_is_tried_once_a_drain(desk_defaults: dict[str, Any]) -> None:
    for _ in range(5):
        make_ticket()
    make_colleague(ticket_capacity=0)
    with CaptureQueriesContext(connection) as few:
        routing.drain(at=LATER)
    for _ in range(5):
        make_ticket()
    with CaptureQueriesContext(connection) as more:
        routing.drain(at=LATER)
    assert len(more) == len(few)


def test_who_goes_away_gives_back_what_nobody_has_answered(desk_defaults: dict[str, Any]) -> None:
    agent, other = make_colleague(), make_colleague(duty=DutyState.BREAK)
    answered, unanswered = make_open_ticket(agent), make_ticket(assignee=agent)
    deliver(LATER)
    set_duty(agent=other.agent, state=DutyState.AVAILABLE, actor=SYSTEM, at=LATER)
    set_duty(agent=agent.agent, state=DutyState.OFFLINE, actor=SYSTEM, at=LATER)
    deliver(LATER)
    answered.refresh_from_db()
    unanswered.refresh_from_db()
    assert (answered.assignee, unanswered.assignee) == (agent, other)
    assert unanswered.steward == agent


def test_who_went_and_came_back_keeps_their_tickets(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_ticket(assignee=agent)
    deliver(LATER)
    set_duty(agent=agent.agent, state=DutyState.OFFLINE, actor=SYSTEM, at=LATER)
    set_duty(agent=agent.agent, state=DutyState.AVAILABLE, actor=SYSTEM, at=LATER + timedelta(seconds=1))
    deliver(LATER + timedelta(seconds=2))
    assert Assignment.objects.filter(ticket=ticket).count() == 1


def test_while_tickets_wait_they_are_tried_again_every_minute(desk_defaults: dict[str, Any]) -> None:
    make_ticket()
    make_ticket()
    deliver(LATER)
    timer = Timer.objects.get(kind=routing.LOOK_AGAIN)
    assert timer.due_at == LATER + timedelta(minutes=1)


# --- many at once -------------------------------------------------------------------------------------------


def at_once(work: list[Callable[[], Any]]) -> list[Any]:
    """Run everything at the same moment, each on a connection of its own; what was raised comes back as it
    is."""
    barrier = Barrier(len(work))

    def run(task: Callable[[], Any]) -> Any:
        try:
            barrier.wait()
            return task()
        except DomainError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_two_hundred_tickets_and_eight_workers_give_each_once_and_nobody_too_many() -> None:
    make_desk()
    agents = [make_colleague(ticket_capacity=15) for _ in range(12)]
    for _ in range(200):
        make_ticket()
    results = at_once([lambda: routing.drain(at=LATER, limit=300) for _ in range(8)])
    while routing.drain(at=LATER, limit=300):
        pass
    assert all(isinstance(given, int) for given in results)
    owners = Counter(Ticket.objects.exclude(assignee=None).values_list("assignee", flat=True))
    assert dict(owners) == {agent.pk: 15 for agent in agents}
    assert Assignment.objects.filter(until=None).count() == 180
    assert Assignment.objects.count() == 180


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_of_eight_who_take_one_ticket_at_once_one_has_it() -> None:
    make_desk()
    actors = [actor_of(make_colleague()) for _ in range(8)]
    ticket = make_ticket()
    results = at_once(
        [
            lambda actor=actor: routing.claim(ticket=Ticket(pk=ticket.pk), actor=actor, at=LATER)
            for actor in actors
        ]
    )
    assert sum(isinstance(r, Assignment) for r in results) == 1
    assert sorted(r.code for r in results if isinstance(r, Conflict)) == ["already_taken"] * 7
    assert Assignment.objects.filter(ticket=ticket).count() == 1


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_one_who_takes_eight_tickets_at_once_gets_no_more_than_they_may_have() -> None:
    make_desk()
    agent = make_colleague(ticket_capacity=3)
    me = actor_of(agent)
    tickets = [make_ticket() for _ in range(8)]
    results = at_once(
        [lambda pk=t.pk: routing.claim(ticket=Ticket(pk=pk), actor=me, at=LATER) for t in tickets]
    )
    assert sum(isinstance(r, Assignment) for r in results) == 3
    assert Ticket.objects.filter(assignee=agent).count() == 3
