"""Everybody considered gets a number or a reason, at the same cost for two as for twelve."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Agent
from tests.factories.accounts import RegionFactory
from tests.factories.customers import ProductFactory, ProductLineFactory
from tests.factories.times import NOW
from tests.factories.work import make_colleague, make_ticket
from tickets import rules
from tickets.models import Queue, Ticket
from tickets.services import scoring

LATER = NOW + timedelta(minutes=5)


def considered(ticket: Ticket, taken: dict[int, int] | None = None) -> list[scoring.Candidate]:
    fresh = Ticket.objects.select_related(*scoring.NEEDED).get(pk=ticket.pk)
    agents = Agent.objects.select_related("user").order_by("pk")
    return scoring.consider(fresh, agents, taken or {}, at=LATER)


@pytest.mark.django_db
def test_everybody_gets_a_number_or_a_reason(desk_defaults: dict[str, Any]) -> None:
    skilled, unskilled, full = (
        make_colleague(skills={"lock": 5}),
        make_colleague(),
        make_colleague(skills={"lock": 5}, ticket_capacity=4),
    )
    ticket = make_ticket(product=ProductFactory(line=ProductLineFactory(code="lock")))
    found = {c.agent.user_id: c for c in considered(ticket, {full.pk: 4, skilled.pk: 5})}
    assert {pk: c.out for pk, c in found.items()} == {
        skilled.pk: "",
        unskilled.pk: "no_skill",
        full.pk: "full",
    }
    assert found[skilled.pk].scores == {
        "prior": 0.0,
        "skill": 1.0,
        "load": 0.75,
        "region": 0.0,
        "language": 0.0,
        "value": 0.0,
        "idle": 1.0,
    }
    assert found[skilled.pk].total == 40 + 22.5 + 1
    assert [c.agent.user_id for c in scoring.ranked(found.values())] == [skilled.pk]


@pytest.mark.django_db
def test_a_city_nobody_named_and_one_that_is_not_served(desk_defaults: dict[str, Any]) -> None:
    city, other = RegionFactory(code="hangzhou"), RegionFactory(code="beijing")
    here, there, anywhere = (
        make_colleague(regions=(city,)),
        make_colleague(regions=(other,)),
        make_colleague(),
    )
    found = {c.agent.user_id: c.scores["region"] for c in considered(make_ticket(region=city))}
    assert found == {here.pk: 1.0, there.pk: 0.0, anywhere.pk: 0.5}


@pytest.mark.django_db
def test_considering_twelve_costs_as_much_as_two(desk_defaults: dict[str, Any]) -> None:
    ticket = make_ticket(product=ProductFactory(line=ProductLineFactory(code="lock")))

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            considered(ticket)
        return len(queries)

    make_colleague(skills={"lock": 2})
    make_colleague()
    two = cost()
    for _ in range(10):
        make_colleague(skills={"lock": 3})
    assert cost() == two


@pytest.mark.parametrize(
    ("own", "weight"),
    [({}, 30), ({"load": 5}, 5), ({"load": "much"}, 30), ({"load": None}, 30), ({"x": 9}, 30)],
)
def test_a_queues_weights_replace_numbers_by_numbers_only(own: dict[str, Any], weight: int) -> None:
    weights = scoring.weights_of(Ticket(queue=Queue(weights=own)))
    assert (weights["load"], set(weights)) == (weight, set(rules.ROUTING_WEIGHTS))


@given(st.integers(1, 30), st.data())
def test_one_open_ticket_outweighs_any_wait(capacity: int, data: st.DataObject) -> None:
    taken = data.draw(st.integers(0, capacity - 1))
    load, idle = rules.ROUTING_WEIGHTS["load"], rules.ROUTING_WEIGHTS["idle"]
    assert load * (1 - taken / capacity) - load * (1 - (taken + 1) / capacity) >= idle - 1e-9
