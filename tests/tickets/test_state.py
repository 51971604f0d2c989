"""Which state may follow which, and that nothing else writes it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from core.actors import SYSTEM, Actor
from core.errors import Conflict, InvalidInput, NotAllowed, NotVisible
from core.models import Event
from tests.factories.times import NOW
from tests.factories.work import (
    actor_of,
    customer_of,
    entries_of,
    kinds_of,
    make_colleague,
    make_open_ticket,
    make_resolved_ticket,
    make_ticket,
)
from tickets import rules
from tickets.enums import ClockKind, ClockState, Status
from tickets.models import Ticket
from tickets.services import resolve, state

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=10)

#: what the constraints ask for beside the state
NEEDS: dict[Status, dict[str, Any]] = {
    Status.RESOLVED: {"resolved_at": NOW},
    Status.CLOSED: {"resolved_at": NOW, "closed_at": NOW, "close_reason": "timeout"},
}


def ticket_in(status: Status, desk: dict[str, Any]) -> Ticket:
    """A ticket that stands in a state, whichever way it came there."""
    ticket = make_ticket()
    fields: dict[str, Any] = {"status": status, **NEEDS.get(status, {})}
    if status in NEEDS:
        fields |= {"solution_code": desk["solution"], "root_cause": desk["cause"]}
    if status == Status.MERGED:
        fields["merged_into"] = make_ticket()
    Ticket.objects.filter(pk=ticket.pk).update(**fields)
    ticket.refresh_from_db()
    return ticket


def also_for(after: Status, desk: dict[str, Any]) -> dict[str, Any]:
    """What the verb that leads to a state writes with it."""
    also = dict(NEEDS.get(after, {}))
    if after in NEEDS:
        also |= {"solution_code": desk["solution"], "root_cause": desk["cause"]}
    else:
        also |= {"closed_at": None, "close_reason": ""}
    if after == Status.MERGED:
        also["merged_into"] = make_ticket()
    return also


@pytest.mark.parametrize("after", list(Status))
@pytest.mark.parametrize("before", list(Status))
def test_every_step_is_taken_or_refused_as_the_table_says(
    before: Status, after: Status, desk_defaults: dict[str, Any]
) -> None:
    ticket = ticket_in(before, desk_defaults)
    newest = Event.objects.order_by("-pk").values_list("pk", flat=True).first()
    also = also_for(after, desk_defaults)
    if before == Status.MERGED:
        also |= {"merged_into": None}
    if before == after:
        assert state._move(ticket, after, actor=SYSTEM, at=LATER, **also) is None
        assert kinds_of(ticket, after=newest) == []
    elif after in rules.TRANSITIONS[before]:
        event = state._move(ticket, after, actor=SYSTEM, at=LATER, **also)
        assert event is not None
        assert event.data == {"before": before.value, "after": after.value}
        assert kinds_of(ticket, after=newest)[0] == "tickets.status_changed"
        assert entries_of(ticket)[-1].event_id == event.pk
        assert ticket.updated_at == LATER
    else:
        with pytest.raises(Conflict) as refused:
            state._move(ticket, after, actor=SYSTEM, at=LATER, **also)
        assert refused.value.code == "illegal_transition"
        # out of a merged ticket leads nothing but undoing the merge
        told = [] if before == Status.MERGED else sorted(rules.TRANSITIONS[before])
        assert refused.value.extra["allowed"] == told
        assert kinds_of(ticket, after=newest) == []
    expected = after if after in rules.TRANSITIONS[before] else before
    assert ticket.status == expected
    ticket.refresh_from_db()
    assert ticket.status == expected


def test_a_caller_with_an_old_copy_cannot_overwrite_the_state(desk_defaults: dict[str, Any]) -> None:
    ticket = make_open_ticket(make_colleague())
    stale = Ticket.objects.get(pk=ticket.pk)
    state._move(ticket, Status.WAITING_PART, actor=SYSTEM, at=LATER)
    with pytest.raises(Conflict):
        state._move(stale, Status.WAITING_CUSTOMER, actor=SYSTEM, at=LATER)
    ticket.refresh_from_db()
    assert ticket.status == Status.WAITING_PART


def test_waiting_pauses_the_promise_and_resuming_lets_it_run(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    me = actor_of(agent)
    state.set_waiting(ticket=ticket, status=Status.WAITING_PART, reason="压缩机周四到", actor=me, at=LATER)
    resolution = ticket.clocks.get(kind=ClockKind.RESOLUTION)
    assert (ticket.status, resolution.state) == (Status.WAITING_PART, ClockState.PAUSED)
    assert ticket.due_at is None
    state.resume(ticket=ticket, actor=me, at=LATER + timedelta(hours=1))
    resolution.refresh_from_db()
    assert (ticket.status, resolution.state) == (Status.OPEN, ClockState.RUNNING)
    assert resolution.paused_seconds == 3600
    assert ticket.due_at == min(ticket.clocks.filter(state="running").values_list("due_at", flat=True))


def test_waiting_twice_is_waiting_once(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    me = actor_of(agent)
    for moment in (LATER, LATER + timedelta(minutes=1)):
        state.set_waiting(ticket=ticket, status=Status.WAITING_CUSTOMER, actor=me, at=moment)
    assert kinds_of(ticket).count("tickets.status_changed") == 2  # opened by the reply, then waiting
    assert ticket.updated_at == LATER


def test_waiting_for_a_part_or_a_third_party_needs_a_reason(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    for status in (Status.WAITING_PART, Status.WAITING_THIRD_PARTY):
        with pytest.raises(InvalidInput) as refused:
            state.set_waiting(ticket=ticket, status=status, reason=" ", actor=actor_of(agent), at=LATER)
        assert list(refused.value.fields) == ["reason"]
    event = Event.objects.filter(subject_id=ticket.pk, kind="tickets.status_changed").latest("pk")
    assert event.data["after"] == Status.OPEN


@pytest.mark.parametrize("status", ["", "open", "resolved", "nonsense"])
def test_only_waiting_states_can_be_waited_in(status: str, desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    with pytest.raises(InvalidInput) as refused:
        state.set_waiting(ticket=ticket, status=status, reason="x", actor=actor_of(agent), at=LATER)
    assert list(refused.value.fields) == ["status"]


def test_an_unanswered_ticket_cannot_wait(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_ticket(assignee=agent)
    with pytest.raises(Conflict) as refused:
        state.set_waiting(ticket=ticket, status=Status.WAITING_CUSTOMER, actor=actor_of(agent), at=LATER)
    assert refused.value.extra == {
        "status": "new",
        "asked": "waiting_customer",
        "allowed": ["merged", "open"],
    }


def test_what_is_done_cannot_be_resumed(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_resolved_ticket(agent, desk_defaults)
    with pytest.raises(Conflict):
        state.resume(ticket=ticket, actor=actor_of(agent), at=LATER)
    assert ticket.status == Status.RESOLVED


def test_resuming_an_open_ticket_changes_nothing(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    before = kinds_of(ticket)
    state.resume(ticket=ticket, actor=actor_of(agent), at=LATER)
    assert kinds_of(ticket) == before


@pytest.mark.parametrize("verb", ["wait", "resume"])
def test_customers_and_strangers_may_not(verb: str, desk_defaults: dict[str, Any]) -> None:
    ticket = make_open_ticket(make_colleague())

    def act(actor: Actor) -> None:
        if verb == "wait":
            state.set_waiting(ticket=ticket, status=Status.WAITING_CUSTOMER, actor=actor, at=LATER)
        else:
            state.resume(ticket=ticket, actor=actor, at=LATER)

    with pytest.raises(NotAllowed):
        act(customer_of(ticket.customer))
    elsewhere = make_colleague(tier="L2")
    with pytest.raises(NotVisible):
        act(actor_of(elsewhere))
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN


def test_the_reason_stands_in_the_purgeable_detail_only(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    state.set_waiting(
        ticket=ticket,
        status=Status.WAITING_THIRD_PARTY,
        reason="等陈女士的物业",
        actor=actor_of(agent),
        at=LATER,
    )
    event = Event.objects.filter(subject_id=ticket.pk, kind="tickets.status_changed").latest("pk")
    assert event.data == {"before": "open", "after": "waiting_third_party"}
    assert event.detail.body == {"reason": "等陈女士的物业"}


def test_closing_by_the_table_stops_every_clock(desk_defaults: dict[str, Any], at: datetime) -> None:
    agent = make_colleague()
    ticket = make_resolved_ticket(agent, desk_defaults)
    resolve.confirm(ticket=ticket, actor=customer_of(ticket.customer), at=LATER)
    assert not ticket.clocks.filter(state__in=[ClockState.RUNNING, ClockState.PAUSED]).exists()
