"""Up with what is known, down with what to do."""

from datetime import timedelta
from typing import Any

import pytest

from core.errors import Conflict, InvalidInput, NotAllowed, NotVisible
from core.models import Event
from tests.factories.tickets import CategoryFactory
from tests.factories.times import NOW
from tests.factories.work import (
    actor_of,
    customer_of,
    deliver,
    make_colleague,
    make_open_ticket,
    make_resolved_ticket,
    make_ticket,
)
from tickets.enums import ClockKind, ClockState, HopDirection, Status
from tickets.models import Assignment, Queue, Ticket, TierHop
from tickets.services import routing, state
from tickets.services.escalate import escalate, hand_down

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=10)


def up(ticket: Ticket, agent: Any, **fields: Any) -> TierHop:
    values: dict[str, Any] = {
        "category": CategoryFactory(),
        "steps_tried": "断电重启，恢复出厂",
        "evidence": "日志 12:03 固件校验失败",
        "at": LATER,
    }
    return escalate(ticket=ticket, actor=actor_of(agent), **(values | fields))


def test_a_ticket_goes_up_with_what_is_known(desk_defaults: dict[str, Any]) -> None:
    first, engineer = make_colleague(), make_colleague(tier="L2")
    ticket = make_open_ticket(first)
    hop = up(ticket, first, reason=desk_defaults["reason"])
    ticket.refresh_from_db()
    assert (hop.direction, hop.from_tier.code, hop.to_tier.code) == (HopDirection.UP, "L1", "L2")
    assert (hop.steps_tried, hop.evidence, hop.by, hop.at) == (
        "断电重启，恢复出厂",
        "日志 12:03 固件校验失败",
        first,
        LATER,
    )
    assert (ticket.tier.code, ticket.queue, ticket.assignee, ticket.steward) == (
        "L2",
        desk_defaults["queues"]["L2"],
        None,
        first,
    )
    assert Assignment.objects.get(ticket=ticket, agent=first).until == LATER
    deliver(LATER)
    ticket.refresh_from_db()
    assert ticket.assignee == engineer


def test_what_it_says_is_announced_by_codes_only(desk_defaults: dict[str, Any]) -> None:
    first = make_colleague()
    ticket = make_open_ticket(first)
    hop = up(ticket, first)
    event = Event.objects.get(kind="tickets.escalated")
    assert event.data == {"hop_id": hop.pk, "direction": "up", "from_tier": "L1", "to_tier": "L2"}
    entry = ticket.entries.get(event=event)
    assert entry.public


def test_the_time_at_the_tier_starts_anew(desk_defaults: dict[str, Any]) -> None:
    first = make_colleague()
    ticket = make_open_ticket(first)
    up(ticket, first)
    hops = list(ticket.clocks.filter(kind=ClockKind.TIER_HOP).order_by("cycle"))
    assert [(c.state, c.started_at) for c in hops] == [(ClockState.MET, NOW), (ClockState.RUNNING, LATER)]
    assert hops[1].due_at == LATER + timedelta(minutes=240)
    assert ticket.clocks.get(kind=ClockKind.RESOLUTION).started_at == NOW


def test_every_missing_word_is_asked_for_at_once(desk_defaults: dict[str, Any]) -> None:
    first = make_colleague()
    ticket = make_open_ticket(first)
    with pytest.raises(InvalidInput) as refused:
        up(ticket, first, category=None, steps_tried=" ", evidence="")
    assert sorted(refused.value.fields) == ["category", "evidence", "steps_tried"]
    assert not TierHop.objects.exists()
    with pytest.raises(InvalidInput) as refused:
        hand_down(ticket=ticket, instruction=" ", actor=actor_of(first), at=LATER)
    assert list(refused.value.fields) == ["instruction"]


def test_waiting_ends_when_somebody_else_takes_over(desk_defaults: dict[str, Any]) -> None:
    first = make_colleague()
    ticket = make_open_ticket(first)
    state.set_waiting(ticket=ticket, status=Status.WAITING_CUSTOMER, actor=actor_of(first), at=LATER)
    up(ticket, first)
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN
    assert ticket.clocks.get(kind=ClockKind.RESOLUTION).state == ClockState.RUNNING


def test_an_unanswered_ticket_may_go_up_and_still_owes_its_answer(desk_defaults: dict[str, Any]) -> None:
    first = make_colleague()
    ticket = make_ticket(assignee=first)
    up(ticket, first)
    ticket.refresh_from_db()
    assert ticket.status == Status.NEW
    assert ticket.clocks.get(kind=ClockKind.FIRST_RESPONSE).state == ClockState.RUNNING


def test_a_tier_without_queues_is_passed_over(desk_defaults: dict[str, Any]) -> None:
    first = make_colleague()
    Queue.objects.filter(tier__code="L2").update(active=False)
    hop = up(make_open_ticket(first), first)
    assert hop.to_tier.code == "L3"


def test_above_the_experts_is_nothing(desk_defaults: dict[str, Any]) -> None:
    first, second, third = make_colleague(), make_colleague(tier="L2"), make_colleague(tier="L3")
    ticket = make_open_ticket(first)
    up(ticket, first)
    routing.assign(ticket=ticket, agent=second, actor=actor_of(second), at=LATER)
    up(ticket, second)
    routing.assign(ticket=ticket, agent=third, actor=actor_of(third), at=LATER)
    with pytest.raises(Conflict) as refused:
        up(ticket, third)
    assert refused.value.code == "top_tier"
    assert TierHop.objects.count() == 2


def test_down_goes_to_who_had_it_there(desk_defaults: dict[str, Any]) -> None:
    first, engineer = make_colleague("甲"), make_colleague("工程师", tier="L2")
    ticket = make_open_ticket(first)
    idle = make_colleague("乙")
    up(ticket, first)
    routing.assign(ticket=ticket, agent=engineer, actor=actor_of(engineer), at=LATER)
    hop = hand_down(
        ticket=ticket,
        instruction="按文章 12 重刷固件",
        actor=actor_of(engineer),
        at=LATER + timedelta(hours=1),
    )
    assert (hop.direction, hop.from_tier.code, hop.to_tier.code, hop.instruction) == (
        "down",
        "L2",
        "L1",
        "按文章 12 重刷固件",
    )
    for _ in range(3):
        make_ticket(assignee=first)
    deliver(LATER + timedelta(hours=1))
    ticket.refresh_from_db()
    assert ticket.assignee == first
    assert ticket.assignee != idle
    entry = ticket.entries.get(event__kind="tickets.escalated", event__data__direction="down")
    assert not entry.public


def test_below_the_first_line_is_nothing(desk_defaults: dict[str, Any]) -> None:
    first = make_colleague()
    with pytest.raises(Conflict) as refused:
        hand_down(ticket=make_open_ticket(first), instruction="x", actor=actor_of(first), at=LATER)
    assert refused.value.code == "bottom_tier"


def test_what_is_done_moves_nowhere(desk_defaults: dict[str, Any]) -> None:
    first = make_colleague()
    ticket = make_resolved_ticket(first, desk_defaults)
    with pytest.raises(Conflict) as refused:
        up(ticket, first)
    assert refused.value.extra["allowed"] == ["closed", "open"]
    with pytest.raises(Conflict):
        hand_down(ticket=ticket, instruction="x", actor=actor_of(first), at=LATER)


def test_an_unsorted_ticket_cannot_move_yet(desk_defaults: dict[str, Any]) -> None:
    first = make_colleague()
    ticket = make_ticket(classified=False)
    Ticket.objects.filter(pk=ticket.pk).update(assignee=first)
    with pytest.raises(Conflict) as refused:
        up(ticket, first)
    assert refused.value.code == "not_queued"


def test_who_gave_it_up_cannot_do_it_twice(desk_defaults: dict[str, Any]) -> None:
    first = make_colleague()
    ticket = make_open_ticket(first)
    Ticket.objects.filter(pk=ticket.pk).update(steward=None)
    up(ticket, first)
    with pytest.raises(NotVisible):
        up(ticket, first)
    assert TierHop.objects.count() == 1


def test_customers_and_strangers_move_nothing(desk_defaults: dict[str, Any]) -> None:
    ticket = make_open_ticket(make_colleague())
    with pytest.raises(NotVisible):
        up(ticket, make_colleague(tier="L2"))
    with pytest.raises(NotAllowed):
        escalate(ticket=ticket, actor=customer_of(ticket.customer), at=LATER)
    with pytest.raises(NotAllowed):
        hand_down(ticket=ticket, instruction="x", actor=customer_of(ticket.customer), at=LATER)
