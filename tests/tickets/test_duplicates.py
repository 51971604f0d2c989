"""Tickets that may be the same issue."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import translation

from core.errors import NotAllowed, NotVisible
from core.models import Event
from tests.factories.customers import CustomerFactory
from tests.factories.times import NOW
from tests.factories.work import (
    actor_of,
    customer_of,
    make_colleague,
    make_open_ticket,
    make_resolved_ticket,
    make_ticket,
)
from tickets.events import DuplicateDismissed
from tickets.models import Ticket
from tickets.services import relations
from tickets.services.duplicates import DAYS, dismiss, possible

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=10)


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


def test_what_came_by_another_channel_is_shown_with_the_reason(desk_defaults: dict[str, Any]) -> None:
    actor = actor_of(make_colleague())
    customer = CustomerFactory()
    ticket = make_ticket(customer=customer, serial="AX12345678")
    chat = make_ticket(customer=customer, channel_kind="web_chat", serial="AX12345678")
    mine = make_ticket(customer=customer, words="窗帘拉不上")
    Ticket.objects.filter(pk__in=[ticket.pk, chat.pk]).update(category=desk_defaults["category"])
    Ticket.objects.filter(pk=mine.pk).update(category=None)
    ticket.refresh_from_db()
    found = possible(ticket=ticket, viewer=actor)
    assert [(row.reference, row.channel, row.reasons, row.same_customer) for row in found] == [
        (chat.reference, "web_chat", ["same serial number", "same category", "same customer"], True),
        (mine.reference, "web_form", ["same customer"], True),
    ]


def test_a_neighbour_with_the_same_device_or_phone(desk_defaults: dict[str, Any]) -> None:
    actor = actor_of(make_colleague())
    ticket = make_ticket(customer=CustomerFactory(phone="13812345678"), serial="AX12345678")
    wife = make_ticket(customer=CustomerFactory(phone="13812345678"))
    device = make_ticket(customer=CustomerFactory(phone="13912345678"), serial="AX12345678")
    Ticket.objects.update(category=None)
    ticket.refresh_from_db()
    found = possible(ticket=ticket, viewer=actor)
    assert [(row.reference, row.reasons, row.same_customer) for row in found] == [
        (device.reference, ["same serial number"], False),
        (wife.reference, ["same phone number"], False),
    ]


def test_what_is_not_shown(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    actor = actor_of(agent)
    customer = CustomerFactory()
    ticket = make_ticket(customer=customer)
    make_resolved_ticket(agent, desk_defaults, customer=customer)
    make_ticket(customer=customer, at=NOW - timedelta(days=DAYS + 1))
    make_ticket()
    linked, split_off = make_ticket(customer=customer), make_ticket(customer=customer)
    relations.link(ticket=linked, other=ticket, kind="related", actor=actor, at=LATER)
    Ticket.objects.filter(pk=split_off.pk).update(split_from=ticket)
    split_off.refresh_from_db()
    assert possible(ticket=ticket, viewer=actor) == []
    assert ticket.reference not in [row.reference for row in possible(ticket=split_off, viewer=actor)]
    make_ticket(customer=customer)
    assert len(possible(ticket=ticket, viewer=actor)) == 1
    assert possible(ticket=ticket, viewer=actor_of(make_colleague(tier="L2"))) == []
    done = make_resolved_ticket(agent, desk_defaults, customer=customer)
    assert possible(ticket=done, viewer=actor) == []


def test_at_most_so_many_and_at_the_same_cost(
    desk_defaults: dict[str, Any], django_assert_max_num_queries: Any
) -> None:
    actor = actor_of(make_colleague())
    customer = CustomerFactory()
    ticket = make_ticket(customer=customer)
    for _n in range(7):
        make_ticket(customer=customer)
    ticket = Ticket.objects.select_related("customer").get(pk=ticket.pk)
    with django_assert_max_num_queries(4):
        assert len(possible(ticket=ticket, viewer=actor)) == 5


def test_no_duplicate_is_remembered_from_both_sides(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    actor = actor_of(agent)
    customer = CustomerFactory()
    one, other = make_ticket(customer=customer), make_open_ticket(agent, customer=customer)
    kept = dismiss(ticket=other, other=one, actor=actor, at=LATER)
    assert dismiss(ticket=one, other=other, actor=actor, at=LATER) == kept
    assert (kept.first, kept.second, kept.by_id) == (one, other, actor.id)
    assert Event.objects.filter(kind=DuplicateDismissed.kind).count() == 1
    assert possible(ticket=one, viewer=actor) == possible(ticket=other, viewer=actor) == []


def test_who_may_not_say_so(desk_defaults: dict[str, Any]) -> None:
    one, other = make_ticket(), make_ticket()
    with pytest.raises(NotAllowed):
        dismiss(ticket=one, other=other, actor=customer_of(one.customer), at=LATER)
    with pytest.raises(NotVisible):
        dismiss(ticket=one, other=other, actor=actor_of(make_colleague(tier="L2")), at=LATER)
