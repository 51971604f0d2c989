"""Putting a ticket aside: who may, until when, what brings it back, and what it does not change."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from accounts.models import User
from core.errors import Conflict, InvalidInput, NotAllowed, NotVisible
from core.models import Event, Timer
from core.services.timers import fire_due
from tests.factories.at_once import at_once
from tests.factories.times import NOW
from tests.factories.work import (
    actor_of,
    customer_of,
    deliver,
    entries_of,
    kinds_of,
    make_colleague,
    make_open_ticket,
    make_resolved_ticket,
    make_ticket,
)
from tickets.enums import ACTIVE, Status
from tickets.models import Ticket
from tickets.services import desk, resolve, routing, snooze, talk, timeline

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=10)
UNTIL = LATER + timedelta(hours=2)


def aside(ticket: Ticket, agent: User, **fields: Any) -> Ticket:
    values = {"until": UNTIL, "at": LATER} | fields
    return snooze.snooze(ticket=ticket, actor=actor_of(agent), **values)


def listed(agent: User, view: str, at: datetime) -> list[str]:
    return [row["reference"] for row in desk.list_rows(viewer=actor_of(agent), view=view, at=at).rows]


# --- aside --------------------------------------------------------------------------------------------------


def test_what_is_put_aside_leaves_ones_own_lists_and_keeps_its_clocks(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague("林晓")
    ticket = make_ticket(assignee=agent)
    clocks = list(ticket.clocks.order_by("pk").values("kind", "state", "due_at"))
    due_at = Ticket.objects.get(pk=ticket.pk).due_at
    aside(ticket, agent, reason="等客户回家")
    for view in ("mine", "awaiting", "soon"):
        assert listed(agent, view, LATER) == []
    assert listed(agent, "snoozed", LATER) == [ticket.reference]
    assert desk.counts(viewer=actor_of(agent), at=LATER)["snoozed"] == 1
    ticket.refresh_from_db()
    assert (ticket.snoozed_until, ticket.snoozed_by, ticket.due_at) == (UNTIL, agent, due_at)
    assert list(ticket.clocks.order_by("pk").values("kind", "state", "due_at")) == clocks
    event = Event.objects.get(kind="tickets.snoozed")
    assert event.data == {"until": UNTIL.isoformat()}
    assert event.detail.body == {"reason": "等客户回家"}
    assert entries_of(ticket)[-1].public is False
    line = timeline.read(ticket, viewer=actor_of(agent))[-1]
    assert (line.code, line.reason) == ("tickets.snoozed", "等客户回家")
    assert timeline.read(ticket, viewer=customer_of(ticket.customer))[-1].code != "tickets.snoozed"


def test_twice_is_once_and_another_time_moves_it(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    aside(ticket, agent)
    aside(ticket, agent)
    assert kinds_of(ticket).count("tickets.snoozed") == 1
    aside(ticket, agent, until=UNTIL + timedelta(days=1))
    assert kinds_of(ticket).count("tickets.snoozed") == 2
    assert Timer.objects.get(kind=snooze.SNOOZE_ENDS).due_at == UNTIL + timedelta(days=1)


@pytest.mark.parametrize(
    "until", [LATER, LATER - timedelta(seconds=1), LATER + timedelta(days=30, seconds=1)]
)
def test_only_the_next_thirty_days_can_be_chosen(until: datetime, desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    with pytest.raises(InvalidInput) as refused:
        aside(ticket, agent, until=until, reason="x" * 301)
    assert set(refused.value.fields) == {"until", "reason"}
    assert listed(agent, "mine", LATER) == [ticket.reference]


def test_thirty_days_are_allowed(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    until = LATER + timedelta(days=30)
    assert aside(ticket, agent, until=until).snoozed_until == until


def test_only_whoever_has_it_puts_it_aside(desk_defaults: dict[str, Any]) -> None:
    agent, colleague, stranger = make_colleague(), make_colleague(), make_colleague(tier="L2")
    ticket = make_open_ticket(agent)
    with pytest.raises(Conflict) as refused:
        aside(ticket, colleague)
    assert refused.value.code == "not_assigned_to_you"
    with pytest.raises(NotVisible):
        aside(ticket, stranger)
    for actor in (customer_of(ticket.customer),):
        with pytest.raises(NotAllowed):
            snooze.snooze(ticket=ticket, until=UNTIL, actor=actor, at=LATER)
        with pytest.raises(NotAllowed):
            snooze.wake(ticket=ticket, actor=actor, at=LATER)
    assert Ticket.objects.get(pk=ticket.pk).snoozed_until is None


def test_what_is_done_is_not_put_aside(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_resolved_ticket(agent, desk_defaults)
    with pytest.raises(Conflict) as refused:
        aside(ticket, agent)
    assert refused.value.code == "illegal_transition"


def test_the_database_keeps_aside_what_is_active_and_named(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket, done = make_open_ticket(agent), make_resolved_ticket(agent, desk_defaults)
    rows = Ticket.objects.filter(pk=ticket.pk)
    for bad, values in (
        (rows, {"snoozed_until": UNTIL}),
        (rows, {"snoozed_by": agent}),
        (Ticket.objects.filter(pk=done.pk), {"snoozed_until": UNTIL, "snoozed_by": agent}),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            bad.update(**values)
    aside(ticket, agent)
    with pytest.raises(ProtectedError):
        agent.delete()


# --- back ---------------------------------------------------------------------------------------------------


def test_it_comes_back_at_its_time_marked_until_looked_at(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    me = actor_of(agent)
    aside(ticket, agent)
    desk.mark_seen(ticket=ticket, actor=me, at=LATER)
    fire_due(at=UNTIL - timedelta(seconds=1))
    assert "tickets.woke" not in kinds_of(ticket)
    fire_due(at=UNTIL)
    fire_due(at=UNTIL)
    assert kinds_of(ticket).count("tickets.woke") == 1
    assert Event.objects.get(kind="tickets.woke").data == {"cause": "time"}
    row = desk.list_rows(viewer=me, at=UNTIL).rows[0]
    assert (row["reference"], row["woken"]) == (ticket.reference, True)
    desk.mark_seen(ticket=ticket, actor=me, at=UNTIL + timedelta(seconds=1))
    assert desk.list_rows(viewer=me, at=UNTIL + timedelta(seconds=2)).rows[0]["woken"] is False
    assert not Timer.objects.filter(kind=snooze.SNOOZE_ENDS).exists()


def test_it_is_back_in_the_lists_though_the_timer_is_late(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    aside(ticket, agent)
    assert listed(agent, "mine", UNTIL) == [ticket.reference]
    assert listed(agent, "snoozed", UNTIL) == []
    assert desk.counts(viewer=actor_of(agent), at=UNTIL)["snoozed"] == 0


def test_an_old_timer_does_not_wake_what_was_moved(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    aside(ticket, agent, until=UNTIL + timedelta(days=1))
    snooze.wake_due(ticket=ticket, at=UNTIL)
    assert ticket.snoozed_until == UNTIL + timedelta(days=1)


@pytest.mark.parametrize("words", ["还是红灯", "谢谢"])
def test_the_customers_word_brings_it_back(words: str, desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    aside(ticket, agent)
    talk.customer_reply(
        ticket=ticket, body=words, actor=customer_of(ticket.customer), at=LATER + timedelta(minutes=1)
    )
    ticket.refresh_from_db()
    assert (ticket.snoozed_until, ticket.snoozed_by) == (None, None)
    assert Event.objects.get(kind="tickets.woke").data == {"cause": "customer"}
    assert not Timer.objects.filter(kind=snooze.SNOOZE_ENDS).exists()
    fire_due(at=UNTIL)
    assert kinds_of(ticket).count("tickets.woke") == 1


def test_a_person_takes_it_back_once(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    aside(ticket, agent)
    for _ in range(2):
        snooze.wake(ticket=ticket, actor=actor_of(agent), at=LATER)
    assert kinds_of(ticket).count("tickets.woke") == 1
    assert listed(agent, "mine", LATER) == [ticket.reference]


def test_for_the_next_colleague_it_is_not_aside(desk_defaults: dict[str, Any]) -> None:
    agent, colleague = make_colleague(), make_colleague()
    ticket = make_open_ticket(agent)
    deliver(LATER)
    aside(ticket, agent)
    routing.assign(ticket=ticket, agent=colleague, reason="休假", actor=actor_of(agent), at=LATER)
    # at once, before any handler has run
    assert listed(colleague, "mine", LATER) == [ticket.reference]
    assert listed(agent, "snoozed", LATER) == []
    deliver(LATER)
    deliver(LATER)
    ticket.refresh_from_db()
    assert (ticket.snoozed_until, kinds_of(ticket).count("tickets.woke")) == (None, 1)
    assert Event.objects.get(kind="tickets.woke").data == {"cause": "moved"}


def test_giving_a_ticket_wakes_nothing_that_was_not_aside(desk_defaults: dict[str, Any]) -> None:
    ticket = make_open_ticket(make_colleague())
    deliver(LATER)
    assert "tickets.woke" not in kinds_of(ticket)


def test_what_is_resolved_is_aside_no_more(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    aside(ticket, agent)
    resolve.resolve(
        ticket=ticket,
        solution_code=desk_defaults["solution"],
        root_cause=desk_defaults["cause"],
        message="好了",
        actor=actor_of(agent),
        at=LATER + timedelta(minutes=1),
    )
    ticket.refresh_from_db()
    assert (ticket.status, ticket.snoozed_until, ticket.snoozed_by) == (Status.RESOLVED, None, None)
    fire_due(at=UNTIL)
    assert "tickets.woke" not in kinds_of(ticket)
    assert not Timer.objects.filter(kind=snooze.SNOOZE_ENDS, dead=True).exists()


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_the_time_and_the_customer_at_once_wake_it_once(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    aside(ticket, agent)
    who = customer_of(ticket.customer)
    answers = at_once(
        [
            lambda: snooze.wake_due(ticket=Ticket(pk=ticket.pk), at=UNTIL),
            lambda: talk.customer_reply(ticket=Ticket(pk=ticket.pk), body="在吗", actor=who, at=UNTIL),
            lambda: snooze.wake(ticket=Ticket(pk=ticket.pk), actor=actor_of(agent), at=UNTIL),
        ]
    )
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    assert kinds_of(ticket).count("tickets.woke") == 1


# --- the usual moments --------------------------------------------------------------------------------------


def shanghai(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of March 2026 in the time of the house (the 16th is a Monday)."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (
            shanghai(17, 10),
            {
                "hour": shanghai(17, 11),
                "evening": shanghai(17, 18),
                "tomorrow": shanghai(18, 9),
                "monday": shanghai(23, 9),
            },
        ),
        (
            shanghai(17, 17, 31),
            {"hour": shanghai(17, 18, 31), "tomorrow": shanghai(18, 9), "monday": shanghai(23, 9)},
        ),
        # on a Sunday tomorrow is Monday
        (
            shanghai(22, 8),
            {"hour": shanghai(22, 9), "evening": shanghai(22, 18), "tomorrow": shanghai(23, 9)},
        ),
        (
            shanghai(16, 0, 5),
            {
                "hour": shanghai(16, 1, 5),
                "evening": shanghai(16, 18),
                "tomorrow": shanghai(17, 9),
                "monday": shanghai(23, 9),
            },
        ),
    ],
)
def test_the_usual_moments_are_in_the_time_of_the_house(
    at: datetime, expected: dict[str, datetime], settings: Any
) -> None:
    settings.TIME_ZONE = "Asia/Shanghai"
    assert snooze.choices(at) == expected
    assert all(moment > at for moment in snooze.choices(at).values())


def test_every_active_state_can_be_put_aside(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    for status in sorted(ACTIVE - {Status.NEW}):
        ticket = make_open_ticket(agent)
        if status != Status.OPEN:
            talk.reply(ticket=ticket, body="稍等", then=status, actor=actor_of(agent), at=LATER)
        assert aside(ticket, agent).snoozed_until == UNTIL
