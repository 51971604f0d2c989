"""Resolved, confirmed, timed out, and opened again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.enums import DutyState
from accounts.models import Agent
from core import clock
from core.actors import NOBODY, SYSTEM, Actor
from core.errors import Conflict, InvalidInput, NotAllowed, NotVisible
from core.models import Event, File, Timer
from core.services.timers import fire_due
from tests.factories.customers import CustomerFactory
from tests.factories.times import NOW
from tests.factories.work import (
    actor_of,
    customer_of,
    deliver,
    entries_of,
    kinds_of,
    link_of,
    make_colleague,
    make_open_ticket,
    make_resolved_ticket,
    make_ticket,
)
from tickets.enums import ClockKind, ClockState, CloseReason, Status
from tickets.models import Assignment, SlaPolicy, Ticket
from tickets.services import resolve, state, talk, timeline

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=2)
CONFIRM_BY = LATER + timedelta(hours=72)


@pytest.fixture
def done(desk_defaults: dict[str, Any]) -> Callable[..., Ticket]:
    """Resolve a ticket, with what a test gives changed."""

    def act(ticket: Ticket, agent: Any, **fields: Any) -> Ticket:
        values = {
            "solution_code": desk_defaults["solution"],
            "root_cause": desk_defaults["cause"],
            "message": "重启后恢复，请您确认",
            "at": LATER,
        }
        return resolve.resolve(ticket=ticket, actor=actor_of(agent), **(values | fields))

    return act


# --- resolving ----------------------------------------------------------------------------------------------


def test_resolving_says_how_why_and_tells_the_customer(
    done: Callable[..., Ticket], desk_defaults: dict[str, Any]
) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    done(ticket, agent)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.resolved_at, ticket.resolved_by) == (Status.RESOLVED, LATER, agent)
    assert (ticket.solution_code, ticket.root_cause) == (desk_defaults["solution"], desk_defaults["cause"])
    assert (ticket.confirm_by, ticket.awaiting_reply, ticket.assignee) == (CONFIRM_BY, False, agent)
    resolved = Event.objects.get(kind="tickets.resolved")
    assert resolved.data == {
        "cycle": 1,
        "solution_code": "guided",
        "root_cause": "use-setting",
        "agent_id": agent.pk,
    }
    lines = [line.text for line in timeline.read(ticket, viewer=link_of(ticket))]
    assert "重启后恢复，请您确认" in lines
    assert not ticket.clocks.filter(state__in=[ClockState.RUNNING, ClockState.PAUSED]).exists()
    assert ticket.clocks.get(kind=ClockKind.RESOLUTION).finished_at == LATER
    assert ticket.due_at is None


def test_a_first_answer_may_resolve_at_once(done: Callable[..., Ticket]) -> None:
    agent = make_colleague()
    ticket = make_ticket(assignee=agent)
    done(ticket, agent, at=NOW + timedelta(minutes=5))
    ticket.refresh_from_db()
    assert (ticket.status, ticket.first_responded_at) == (Status.RESOLVED, NOW + timedelta(minutes=5))
    assert ticket.clocks.get(kind=ClockKind.FIRST_RESPONSE).state == ClockState.MET
    moves = Event.objects.filter(kind="tickets.status_changed").order_by("pk").values_list("data", flat=True)
    assert [m["after"] for m in moves] == ["open", "resolved"]
    assert Event.objects.get(kind="tickets.agent_replied").data["first"] is True


@pytest.mark.parametrize("status", [Status.WAITING_CUSTOMER, Status.WAITING_PART, Status.WAITING_THIRD_PARTY])
def test_waiting_may_end_in_a_solution(status: Status, done: Callable[..., Ticket]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    state.set_waiting(ticket=ticket, status=status, reason="x", actor=actor_of(agent), at=NOW)
    done(ticket, agent)
    assert ticket.status == Status.RESOLVED
    assert ticket.clocks.get(kind=ClockKind.RESOLUTION).state == ClockState.MET


def test_every_missing_answer_is_asked_for_at_once(done: Callable[..., Ticket]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    with pytest.raises(InvalidInput) as refused:
        done(ticket, agent, solution_code=None, root_cause=None, message=" ")
    assert sorted(refused.value.fields) == ["message", "root_cause", "solution_code"]
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN


def test_a_text_too_long_is_told_beside_the_message(done: Callable[..., Ticket]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    with pytest.raises(InvalidInput) as refused:
        done(ticket, agent, message="长" * 50_001)
    assert list(refused.value.fields) == ["message"]
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN


def test_a_bad_file_resolves_nothing(done: Callable[..., Ticket]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    with pytest.raises(InvalidInput) as refused:
        done(ticket, agent, files=[SimpleUploadedFile("x.pdf", b"nothing")])
    assert list(refused.value.fields) == ["files"]
    assert not File.objects.exists()


def test_resolving_twice_is_refused_and_says_what_is_allowed(done: Callable[..., Ticket]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    done(ticket, agent)
    told = kinds_of(ticket)
    with pytest.raises(Conflict) as refused:
        done(ticket, agent, message="再来一次")
    assert refused.value.extra["allowed"] == ["closed", "open"]
    assert kinds_of(ticket) == told
    assert "再来一次" not in [e.message.body for e in entries_of(ticket) if e.message]


def test_the_same_click_resolves_once(done: Callable[..., Ticket]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    done(ticket, agent, client_id="r1")
    told = kinds_of(ticket)
    assert done(ticket, agent, client_id="r1", at=LATER + timedelta(seconds=1)).resolved_at == LATER
    assert kinds_of(ticket) == told


def test_a_newer_message_holds_the_resolution_back(done: Callable[..., Ticket]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    seen = ticket.thread.last_seq
    talk.customer_reply(ticket=ticket, body="还没好", actor=customer_of(ticket.customer), at=NOW)
    with pytest.raises(Conflict) as refused:
        done(ticket, agent, seen_seq=seen)
    assert (refused.value.code, refused.value.extra["count"]) == ("newer_message", 1)
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN
    done(ticket, agent, seen_seq=seen + 1)
    assert ticket.status == Status.RESOLVED


def test_whoever_resolves_a_ticket_that_nobody_has_has_it(done: Callable[..., Ticket]) -> None:
    agent = make_colleague()
    ticket = make_ticket()
    done(ticket, agent)
    ticket.refresh_from_db()
    assert ticket.assignee == agent
    assert Event.objects.get(kind="tickets.resolved").data["agent_id"] == agent.pk


def test_only_staff_who_see_it_resolve(done: Callable[..., Ticket]) -> None:
    ticket = make_open_ticket(make_colleague())
    with pytest.raises(NotVisible):
        done(ticket, make_colleague(tier="L2"))
    for actor in (customer_of(ticket.customer), SYSTEM, Actor("bot")):
        with pytest.raises(NotAllowed):
            resolve.resolve(
                ticket=ticket, solution_code=None, root_cause=None, message="x", actor=actor, at=LATER
            )


# --- confirming ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["customer", "link"])
def test_the_customer_confirms(who: str, desk_defaults: dict[str, Any]) -> None:
    ticket = make_resolved_ticket(make_colleague(), desk_defaults)
    actor = customer_of(ticket.customer) if who == "customer" else link_of(ticket)
    resolve.confirm(ticket=ticket, actor=actor, at=LATER)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.closed_at, ticket.close_reason, ticket.confirm_by) == (
        Status.CLOSED,
        LATER,
        CloseReason.CONFIRMED,
        None,
    )
    assert Event.objects.get(kind="tickets.closed").data == {"cycle": 1, "reason": "confirmed"}
    assert not Timer.objects.filter(kind=resolve.CONFIRM_TIMER).exists()
    told = kinds_of(ticket)
    resolve.confirm(ticket=ticket, actor=actor, at=LATER + timedelta(minutes=1))
    assert (kinds_of(ticket), ticket.closed_at) == (told, LATER)


def test_staff_confirm_for_them_with_a_reason(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_resolved_ticket(agent, desk_defaults)
    with pytest.raises(InvalidInput) as refused:
        resolve.confirm(ticket=ticket, actor=actor_of(agent), at=LATER)
    assert list(refused.value.fields) == ["reason"]
    resolve.confirm(ticket=ticket, reason="电话里说好了", actor=actor_of(agent), at=LATER)
    assert ticket.close_reason == CloseReason.BY_STAFF
    assert Event.objects.get(kind="tickets.closed").detail.body == {"reason": "电话里说好了"}


def test_only_what_is_resolved_is_confirmed_and_only_by_its_customer(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    with pytest.raises(Conflict):
        resolve.confirm(ticket=ticket, actor=customer_of(ticket.customer), at=LATER)
    ready = make_resolved_ticket(agent, desk_defaults)
    for actor in (customer_of(CustomerFactory()), link_of(ticket)):
        with pytest.raises(NotVisible):
            resolve.confirm(ticket=ready, actor=actor, at=LATER)
    for actor in (NOBODY, SYSTEM, Actor("bot")):
        with pytest.raises(NotAllowed):
            resolve.confirm(ticket=ready, actor=actor, at=LATER)
    ready.refresh_from_db()
    assert ready.status == Status.RESOLVED


# --- the timeout --------------------------------------------------------------------------------------------


def test_silence_closes_it_when_the_time_is_over(done: Callable[..., Ticket]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    done(ticket, agent)
    fire_due(at=CONFIRM_BY - timedelta(seconds=1))
    ticket.refresh_from_db()
    assert ticket.status == Status.RESOLVED
    fire_due(at=CONFIRM_BY)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.close_reason, ticket.closed_at) == (
        Status.CLOSED,
        CloseReason.TIMEOUT,
        CONFIRM_BY,
    )
    event = Event.objects.get(kind="tickets.closed")
    assert (event.actor_kind, event.data["reason"]) == ("system", "timeout")


def test_the_policy_says_how_many_hours(done: Callable[..., Ticket]) -> None:
    SlaPolicy.objects.update(confirm_hours=24)
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    done(ticket, agent)
    assert Timer.objects.get(kind=resolve.CONFIRM_TIMER).due_at == LATER + timedelta(hours=24)


def test_the_timeout_of_an_earlier_resolution_closes_nothing(done: Callable[..., Ticket]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    done(ticket, agent)
    resolve.reopen(ticket=ticket, actor=customer_of(ticket.customer), at=LATER + timedelta(hours=1))
    assert not resolve.close_unconfirmed(ticket=ticket, cycle=1, at=CONFIRM_BY)
    again = LATER + timedelta(hours=70)
    done(ticket, agent, at=again)
    assert not resolve.close_unconfirmed(ticket=ticket, cycle=1, at=CONFIRM_BY)
    assert not resolve.close_unconfirmed(ticket=ticket, at=CONFIRM_BY)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.cycle) == (Status.RESOLVED, 2)
    assert resolve.close_unconfirmed(ticket=ticket, cycle=2, at=again + timedelta(hours=72))
    assert not resolve.close_unconfirmed(ticket=ticket, cycle=2, at=again + timedelta(hours=73))


# --- opening again ------------------------------------------------------------------------------------------


def test_not_solved_opens_it_again_with_a_second_promise(done: Callable[..., Ticket]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    done(ticket, agent)
    original = ticket.clocks.get(kind=ClockKind.RESOLUTION)
    moment = LATER + timedelta(hours=1)
    resolve.reopen(ticket=ticket, reason="not_solved", actor=link_of(ticket), at=moment)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.cycle, ticket.assignee, ticket.awaiting_reply) == (
        Status.OPEN,
        2,
        agent,
        True,
    )
    assert (ticket.resolved_at, ticket.resolved_by, ticket.confirm_by, ticket.solution_code) == (
        None,
        None,
        None,
        None,
    )
    kept = ticket.clocks.get(kind=ClockKind.RESOLUTION)
    assert (kept.state, kept.finished_at) == (ClockState.MET, original.finished_at)
    second = ticket.clocks.get(kind=ClockKind.REOPEN_RESOLUTION)
    assert (second.state, second.started_at) == (ClockState.RUNNING, moment)
    assert not Timer.objects.filter(kind=resolve.CONFIRM_TIMER).exists()
    assert Event.objects.get(kind="tickets.reopened").data == {"cycle": 2, "reason": "not_solved"}


def test_a_closed_ticket_opens_again_too(desk_defaults: dict[str, Any]) -> None:
    ticket = make_resolved_ticket(make_colleague(), desk_defaults)
    me = customer_of(ticket.customer)
    resolve.confirm(ticket=ticket, actor=me, at=LATER)
    resolve.reopen(ticket=ticket, actor=me, at=LATER + timedelta(minutes=1))
    ticket.refresh_from_db()
    assert (ticket.status, ticket.closed_at, ticket.close_reason) == (Status.OPEN, None, "")


def test_opening_twice_is_refused_the_second_time(desk_defaults: dict[str, Any]) -> None:
    ticket = make_resolved_ticket(make_colleague(), desk_defaults)
    me = customer_of(ticket.customer)
    resolve.reopen(ticket=ticket, actor=me, at=LATER)
    with pytest.raises(Conflict) as refused:
        resolve.reopen(ticket=ticket, actor=me, at=LATER)
    assert refused.value.code == "illegal_transition"
    ticket.refresh_from_db()
    assert ticket.cycle == 2


def test_after_the_policys_days_only_staff_open_it(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_resolved_ticket(agent, desk_defaults)
    late = NOW + timedelta(days=7, seconds=1)
    assert resolve.may_reopen(ticket, at=NOW + timedelta(days=7))
    assert not resolve.may_reopen(ticket, at=late)
    with pytest.raises(Conflict) as refused:
        resolve.reopen(ticket=ticket, actor=customer_of(ticket.customer), at=late)
    assert refused.value.code == "too_late"
    with pytest.raises(InvalidInput) as needs:
        resolve.reopen(ticket=ticket, actor=actor_of(agent), at=late)
    assert list(needs.value.fields) == ["reason"]
    resolve.reopen(ticket=ticket, reason="同一块主板又坏了", actor=actor_of(agent), at=late)
    event = Event.objects.get(kind="tickets.reopened")
    assert (event.data["reason"], event.detail.body) == ("said", {"reason": "同一块主板又坏了"})


def test_strangers_open_nothing(desk_defaults: dict[str, Any]) -> None:
    ticket = make_resolved_ticket(make_colleague(), desk_defaults)
    for actor in (customer_of(CustomerFactory()), link_of(make_ticket())):
        with pytest.raises(NotVisible):
            resolve.reopen(ticket=ticket, actor=actor, at=LATER)
    for actor in (NOBODY, Actor("bot")):
        with pytest.raises(NotAllowed):
            resolve.reopen(ticket=ticket, actor=actor, at=LATER)


def test_when_the_prior_handler_is_away_it_is_routed_anew(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_resolved_ticket(agent, desk_defaults)
    deliver(LATER)
    other = make_colleague()
    Agent.objects.filter(user=agent).update(duty_state=DutyState.OFFLINE)
    resolve.reopen(ticket=ticket, actor=customer_of(ticket.customer), at=LATER)
    ticket.refresh_from_db()
    assert ticket.assignee is None
    deliver(LATER)
    ticket.refresh_from_db()
    assert (ticket.assignee, ticket.steward) == (other, agent)


def test_the_third_reopening_goes_to_the_experts(done: Callable[..., Ticket]) -> None:
    agent, expert = make_colleague(), make_colleague(tier="L3")
    ticket = make_open_ticket(agent)
    moment = LATER
    for number in (1, 2, 3):
        done(ticket, agent, at=moment)
        moment += timedelta(hours=1)
        resolve.reopen(ticket=ticket, actor=customer_of(ticket.customer), at=moment)
        deliver(moment)
        ticket.refresh_from_db()
        assert ticket.cycle == number + 1
        assert ticket.tier.code == ("L3" if number == 3 else "L1")
    assert ticket.assignee == expert
    hop = ticket.clocks.filter(kind=ClockKind.TIER_HOP).latest("cycle")
    assert (hop.state, hop.started_at) == (ClockState.RUNNING, moment)
    assert Assignment.objects.filter(ticket=ticket, until=None).count() == 1


def test_a_second_resolution_keeps_the_second_promise(done: Callable[..., Ticket]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    done(ticket, agent)
    talk.customer_reply(
        ticket=ticket, body="又不行了", actor=customer_of(ticket.customer), at=LATER + timedelta(hours=1)
    )
    with clock.at_time(LATER):
        done(ticket, agent, at=LATER + timedelta(hours=2))
    assert {c.kind: c.state for c in ticket.clocks.all()} == dict.fromkeys(
        [
            ClockKind.FIRST_RESPONSE,
            ClockKind.NEXT_RESPONSE,
            ClockKind.RESOLUTION,
            ClockKind.REOPEN_RESOLUTION,
            ClockKind.TIER_HOP,
        ],
        ClockState.MET,
    )
    events = Event.objects.filter(kind="tickets.resolved").order_by("pk")
    assert [e.data["cycle"] for e in events] == [1, 2]
