"""Finding tickets by number, phone, serial number and words."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.enums import Role
from core.actors import SYSTEM
from customers.models import Identity
from tests.factories.customers import CustomerFactory, DeviceFactory, ProductFactory
from tests.factories.times import NOW
from tests.factories.work import (
    actor_of,
    customer_of,
    deliver,
    link_of,
    make_colleague,
    make_open_ticket,
    make_ticket,
)
from tickets.models import Ticket, TicketSearchEntry
from tickets.services import search, talk

pytestmark = pytest.mark.django_db


def find(query: str, viewer: Any = SYSTEM, **more: Any) -> list[int]:
    return search.find(query=query, viewer=viewer, **more)


@pytest.fixture
def indexed(desk_defaults: dict[str, Any]) -> dict[str, Ticket]:
    """Three tickets about different things."""
    product = ProductFactory(model="HQ-L5 Pro", name_zh="智能门锁", name_en="Smart lock")
    device = DeviceFactory(product=product, serial="L5P2025000123")
    tickets = {
        "lock": make_ticket(words="门锁指纹识别失败", product=product, device=device, error_code="N03"),
        "gateway": make_ticket(words="网关离线了，红灯一直闪"),
        "fridge": make_ticket(words="冰箱不制冷，网关倒是好的"),
    }
    search.index_tickets([t.pk for t in tickets.values()])
    return tickets


def test_a_number_is_found_however_it_is_typed(indexed: dict[str, Ticket]) -> None:
    ticket = indexed["gateway"]
    for typed in (
        ticket.reference,
        ticket.reference.lower(),
        f" t-2026-{ticket.pk} ",
        f"2026-{ticket.pk:06d}",
        f"{ticket.pk:06d}",
        str(ticket.pk),
    ):
        assert find(typed) == [ticket.pk], typed
    assert find(f"T-2025-{ticket.pk:06d}") == []


def test_a_phone_finds_the_customers_tickets_newest_first(indexed: dict[str, Ticket]) -> None:
    customer = CustomerFactory(phone="13812345678")
    Identity.objects.create(customer=customer, kind="phone", value="057187654321")
    old, new = make_ticket(customer=customer), make_ticket(customer=customer)
    assert find("138 1234 5678") == [new.pk, old.pk]
    assert find("0571-8765 4321") == [new.pk, old.pk]
    assert find("138 1234 5678", customer_of(customer)) == []


def test_a_serial_finds_the_devices_tickets(indexed: dict[str, Ticket]) -> None:
    assert find("l5p-2025-000123") == [indexed["lock"].pk]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("指纹", ["lock"]),
        ("门锁 指纹", ["lock"]),
        ("HQ-L5 Pro", ["lock"]),
        ("hql5pro", ["lock"]),
        ("N03", ["lock"]),
        ("红灯", ["gateway"]),
        ("网关 离线", ["gateway"]),
        ("不制冷", ["fridge"]),
        ("完全没有的词", []),
        ("", []),
        ("，。！", []),
        ("'; DROP TABLE --", []),
    ],
)
def test_words_find_what_holds_all_of_them(query: str, names: list[str], indexed: dict[str, Ticket]) -> None:
    assert find(query) == [indexed[name].pk for name in names]


def test_the_subject_counts_more_than_the_story(indexed: dict[str, Ticket]) -> None:
    assert find("网关")[0] == indexed["gateway"].pk


def test_when_no_ticket_holds_all_words_any_will_do(indexed: dict[str, Ticket]) -> None:
    assert set(find("指纹 红灯")) == {indexed["lock"].pk, indexed["gateway"].pk}


def test_a_homophone_is_understood(indexed: dict[str, Ticket]) -> None:
    assert find("纸纹") == [indexed["lock"].pk]


def test_nobody_finds_what_they_may_not_see(indexed: dict[str, Ticket]) -> None:
    ticket = indexed["gateway"]
    assert find("红灯", actor_of(make_colleague())) == [ticket.pk]
    assert find("红灯", actor_of(make_colleague(roles=(Role.SUPERVISOR,)))) == [ticket.pk]
    assert find("红灯", customer_of(ticket.customer)) == [ticket.pk]
    assert find("红灯", link_of(ticket)) == [ticket.pk]
    stranger = actor_of(make_colleague(tier="L2"))
    for viewer in (stranger, customer_of(CustomerFactory()), link_of(indexed["lock"])):
        assert find("红灯", viewer) == []
        assert find(ticket.reference, viewer) == []


def test_the_limit_holds(indexed: dict[str, Ticket]) -> None:
    assert len(find("网关", limit=1)) == 1


def test_what_is_said_later_is_found_too(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    deliver(NOW)
    assert find("断电十秒") == []
    talk.reply(ticket=ticket, body="请断电十秒再试", actor=actor_of(agent), at=NOW + timedelta(minutes=1))
    talk.customer_reply(
        ticket=ticket, body="换了蓝色网线", actor=customer_of(ticket.customer), at=NOW + timedelta(minutes=2)
    )
    deliver(NOW + timedelta(minutes=2))
    assert find("断电 十秒") == [ticket.pk]
    assert find("蓝色 网线") == [ticket.pk]
    assert TicketSearchEntry.objects.count() == 1


def test_notes_are_not_found_by_customers(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    talk.add_note(ticket=ticket, body="黑名单客户", actor=actor_of(agent), at=NOW)
    deliver(NOW)
    assert find("黑名单", customer_of(ticket.customer)) == []


def test_indexing_many_costs_as_much_as_one(indexed: dict[str, Ticket]) -> None:
    def cost(ids: list[int]) -> int:
        with CaptureQueriesContext(connection) as queries:
            search.index_tickets(ids)
        return len([q for q in queries if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))])

    every = [t.pk for t in indexed.values()]
    assert (cost(every[:1]), cost(every)) == (3, 3)
    assert search.index_tickets([]) == 0
    assert search.index_tickets([999_999]) == 0


def test_ones_own_ticket_is_found_behind_many_better_ones(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague(tier="L2")
    others = [make_ticket(words="指纹指纹指纹") for _ in range(6)]
    mine = make_ticket(words="门锁打不开，也许是指纹的问题")
    Ticket.objects.filter(pk=mine.pk).update(assignee=agent)
    search.index_tickets([t.pk for t in (*others, mine)])
    assert find("指纹", limit=1) != [mine.pk]
    assert find("指纹", actor_of(agent), limit=1) == [mine.pk]
