"""Approved words: which a ticket is offered, filled in for it, counted, and sent with what they do."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.models import User
from channels_hub.models import Message
from core.actors import SYSTEM
from core.errors import Conflict, InvalidInput, NotAllowed, NotVisible
from tests.factories.accounts import TeamFactory
from tests.factories.at_once import at_once
from tests.factories.customers import CustomerFactory, ProductFactory
from tests.factories.tickets import CategoryFactory
from tests.factories.times import NOW
from tests.factories.work import (
    actor_of,
    customer_of,
    link_of,
    make_colleague,
    make_open_ticket,
    make_ticket,
)
from tickets.enums import MacroKind, Status
from tickets.models import ForbiddenWord, Macro, MacroUse, Note, Ticket
from tickets.services import forbidden, macros
from tickets.services.composer_defaults import load
from tickets.services.state import set_waiting

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=10)


def macro(code: str = "hello", **fields: Any) -> Macro:
    values = {"name_zh": f"话术{code}", "name_en": code.title(), "body_zh": "您好", "body_en": "Hello"}
    return Macro.objects.create(code=code, **(values | fields))


def in_chinese(ticket: Ticket) -> None:
    ticket.thread.language = "zh-hans"
    ticket.thread.save(update_fields=["language"])


def codes(ticket: Ticket, agent: User, query: str = "") -> list[str]:
    return [row.code for row in macros.offered(ticket, viewer=actor_of(agent), query=query)]


@pytest.fixture
def agent(desk_defaults: dict[str, Any]) -> User:
    return make_colleague("林晓")


@pytest.fixture
def ticket(agent: User) -> Ticket:
    who = CustomerFactory(salutation="周女士", phone="13812345678")
    return make_open_ticket(agent, customer=who)


# --- what is offered ----------------------------------------------------------------------------------------


def test_what_is_in_use_is_offered_in_its_order(ticket: Ticket, agent: User) -> None:
    macro("b", position=2)
    macro("a", position=3)
    macro("c", position=1)
    macro("gone", active=False)
    assert codes(ticket, agent) == ["c", "b", "a"]


def test_a_macro_may_be_for_a_queue_a_category_or_a_team(
    ticket: Ticket, agent: User, desk_defaults: dict[str, Any]
) -> None:
    top = CategoryFactory(code="top")
    middle = CategoryFactory(code="middle", parent=top)
    leaf = CategoryFactory(code="leaf", parent=middle)
    Ticket.objects.filter(pk=ticket.pk).update(category=leaf)
    ticket.refresh_from_db()
    macro("own-queue", queue=ticket.queue)
    macro("far-queue", queue=desk_defaults["queues"]["L2"])
    macro("top", category=top)
    macro("middle", category=middle)
    macro("leaf", category=leaf)
    macro("other-category", category=CategoryFactory(code="other"))
    macro("own-team", team=desk_defaults["queues"]["L1"].team)
    macro("far-team", team=TeamFactory(code="far"))
    assert codes(ticket, agent) == ["leaf", "middle", "own-queue", "own-team", "top"]
    assert [row.code for row in macros.offered(ticket, viewer=SYSTEM, query="far-team")] == ["far-team"]


def test_a_ticket_without_a_category_is_offered_what_is_for_all(agent: User) -> None:
    ticket = make_ticket(classified=False)
    macro("all")
    macro("narrow", category=CategoryFactory(code="top"))
    assert codes(ticket, agent) == ["all"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["lock", "fw", "hello"]),
        ("离线", ["lock", "fw"]),
        ("FW", ["fw"]),
        ("推送 固件", ["fw"]),
        ("zz", []),
        ("  ", ["lock", "fw", "hello"]),
        ("%", []),
        ("'; --", []),
        ("离线" * 40, []),
    ],
)
def test_what_is_typed_narrows_and_names_come_before_texts(
    query: str, found: list[str], ticket: Ticket, agent: User
) -> None:
    macro("hello", name_zh="问候", position=3)
    macro("fw", name_zh="推送固件", body_zh="设备离线时推送固件", position=2)
    macro("lock", name_zh="离线：门锁可开", position=1)
    assert codes(ticket, agent, query) == found


def test_a_name_that_begins_so_comes_first(ticket: Ticket, agent: User) -> None:
    macro("text", body_zh="离线了", position=1)
    macro("inside", name_zh="设备离线", position=2)
    macro("begins", name_zh="离线：重启", position=3)
    assert codes(ticket, agent, "离线") == ["begins", "inside", "text"]


@pytest.mark.parametrize("who", ["customer", "link"])
def test_customers_have_no_macros(who: str, ticket: Ticket) -> None:
    macro()
    viewer = customer_of(ticket.customer) if who == "customer" else link_of(ticket)
    assert macros.offered(ticket, viewer=viewer) == []
    with pytest.raises(NotAllowed):
        macros.use(ticket=ticket, code="hello", actor=viewer, at=LATER)
    with pytest.raises(NotAllowed):
        macros.reply_with(ticket=ticket, code="hello", body="x", actor=viewer, at=LATER)


# --- filled in and counted ----------------------------------------------------------------------------------


def test_variables_are_filled_in_for_the_ticket_and_nothing_masked_is_shown(agent: User) -> None:
    who = CustomerFactory(salutation="周女士", name="周敏", phone="13812345678")
    product = ProductFactory(name_zh="网关 G2", name_en="Gateway G2")
    ticket = make_open_ticket(agent, customer=who, product=product)
    in_chinese(ticket)
    macro(body_zh="{customer}您好，我是{agent}。{model}的问题（{reference}）预计 {due} 前处理好。")
    found = macros.use(ticket=ticket, code="hello", actor=actor_of(agent), at=LATER)
    due = ticket.clocks.get(kind="resolution").due_at
    assert due is not None
    assert found.text.startswith(f"周女士您好，我是林晓。网关 G2的问题（{ticket.reference}）预计 3月")
    assert "周敏" not in found.text
    assert "138" not in found.text
    assert "{" not in found.text


def test_words_are_in_the_customers_language(agent: User) -> None:
    ticket = make_open_ticket(agent, customer=CustomerFactory(salutation="", name="J. Smith"))
    macro(body_zh="您好", body_en="Hello {customer}, about your {model}: by {due}")
    text = macros.use(ticket=ticket, code="hello", actor=actor_of(agent), at=LATER).text
    assert text.startswith("Hello customer, about your device: by ")
    assert "Mar, " in text
    assert "Smith" not in text
    Macro.objects.update(body_en="")
    assert macros.use(ticket=ticket, code="hello", actor=actor_of(agent), at=LATER).text == "您好"


def test_without_a_running_clock_the_due_time_is_left_to_the_agent(ticket: Ticket, agent: User) -> None:
    set_waiting(ticket=ticket, status="waiting_part", reason="板子", actor=actor_of(agent), at=LATER)
    macro(body_zh="预计 {due} 前", body_en="")
    assert macros.use(ticket=ticket, code="hello", actor=actor_of(agent), at=LATER).text == "预计 {due} 前"


def test_each_use_is_counted_with_who_and_where(ticket: Ticket, agent: User) -> None:
    row = macro()
    for _ in range(2):
        macros.use(ticket=ticket, code="hello", actor=actor_of(agent), at=LATER)
    assert (
        list(MacroUse.objects.values_list("macro", "ticket", "user", "at"))
        == [(row.pk, ticket.pk, agent.pk, LATER)] * 2
    )


def test_what_is_not_offered_cannot_be_used(
    ticket: Ticket, agent: User, desk_defaults: dict[str, Any]
) -> None:
    macro("gone", active=False)
    macro("far", queue=desk_defaults["queues"]["L2"])
    for code in ("gone", "far", "unknown", "x" * 300):
        with pytest.raises(NotVisible):
            macros.use(ticket=ticket, code=code, actor=actor_of(agent), at=LATER)
    assert not MacroUse.objects.exists()


# --- sent ---------------------------------------------------------------------------------------------------


def send(ticket: Ticket, agent: User, **fields: Any) -> Message:
    values = {"code": "part", "body": "备件已申请", "client_id": "k1", "at": LATER} | fields
    return macros.reply_with(ticket=ticket, actor=actor_of(agent), **values)


@pytest.fixture
def part(db: None) -> Macro:
    return macro("part", kind=MacroKind.MACRO, then_status=Status.WAITING_PART, note="{reference} 备件已申请")


def test_a_macro_sets_its_state_and_leaves_its_note_once(part: Macro, ticket: Ticket, agent: User) -> None:
    first = send(ticket, agent, then=Status.WAITING_CUSTOMER)
    assert send(ticket, agent, then=Status.WAITING_CUSTOMER) == first
    ticket.refresh_from_db()
    assert ticket.status == Status.WAITING_PART
    assert list(Note.objects.values_list("body", "author")) == [(f"{ticket.reference} 备件已申请", agent.pk)]
    assert Message.objects.filter(body="备件已申请").count() == 1


def test_without_a_state_of_its_own_the_button_decides(ticket: Ticket, agent: User) -> None:
    macro("part", kind=MacroKind.MACRO, note="记一笔")
    send(ticket, agent, then=Status.WAITING_CUSTOMER)
    assert ticket.status == Status.WAITING_CUSTOMER


def test_a_refused_answer_leaves_no_note(part: Macro, ticket: Ticket, agent: User) -> None:
    ForbiddenWord.objects.create(word="绝对", suggestion="一般")
    forbidden.forget()
    with pytest.raises(InvalidInput):
        send(ticket, agent, body="绝对修好")
    with pytest.raises(Conflict):
        send(ticket, agent, seen_seq=0)
    ticket.refresh_from_db()
    assert (ticket.status, Note.objects.count()) == (Status.OPEN, 0)


def test_a_macro_that_was_switched_off_meanwhile_is_said(part: Macro, ticket: Ticket, agent: User) -> None:
    Macro.objects.update(active=False)
    with pytest.raises(InvalidInput) as refused:
        send(ticket, agent)
    assert set(refused.value.fields) == {"macro"}
    assert not Message.objects.filter(body="备件已申请").exists()


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_pressed_twice_at_once_it_is_sent_once(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    macro("part", kind=MacroKind.MACRO, then_status=Status.WAITING_PART, note="备件")
    first, second = at_once([lambda: send(Ticket(pk=ticket.pk), agent)] * 2)
    assert first == second
    assert (Note.objects.count(), Message.objects.filter(body="备件已申请").count()) == (1, 1)


def test_only_what_does_something_stays_armed(part: Macro, ticket: Ticket, agent: User) -> None:
    macro("hello")
    me = actor_of(agent)
    assert macros.armed(ticket, "part", viewer=me) == part
    assert macros.armed(ticket, "hello", viewer=me) is None
    assert macros.armed(ticket, "", viewer=me) is None
    assert macros.armed(ticket, "unknown", viewer=me) is None


# --- as configured ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"body_zh": "{name}您好"}, {"body_zh"}),
        ({"body_en": "{Customer}"}, {"body_en"}),
        ({"kind": "macro", "note": "{due_at}"}, {"note"}),
        ({"then_status": "waiting_part"}, {"then_status"}),
        ({"note": "x"}, {"note"}),
        ({"body_zh": ""}, {"body_zh"}),
        ({"kind": "macro", "then_status": "closed"}, {"then_status"}),
        ({"kind": "macro", "then_status": "waiting_part", "note": "{reference}"}, set()),
    ],
)
def test_what_a_macro_may_hold_is_checked(fields: dict[str, str], wrong: set[str], db: None) -> None:
    values = {"code": "x", "name_zh": "名", "name_en": "N", "body_zh": "您好{customer}"} | fields
    if not wrong:
        Macro(**values).full_clean()
        return
    with pytest.raises(ValidationError) as refused:
        Macro(**values).full_clean()
    assert set(refused.value.message_dict) == wrong


@pytest.mark.parametrize(
    "fields", [{"kind": "poem"}, {"then_status": "waiting_part"}, {"kind": "macro", "then_status": "closed"}]
)
def test_the_database_refuses_a_script_that_acts(fields: dict[str, str], db: None) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        macro("x", **fields)


def test_what_is_shipped_can_be_sent(db: None) -> None:
    load(NOW)
    assert load(NOW) == 0
    assert Macro.objects.count() >= 10
    assert Macro.objects.filter(kind=MacroKind.MACRO).count() >= 3
    forbidden.forget()
    for row in Macro.objects.all():
        row.full_clean()
        for body in (row.body_zh, row.body_en):
            assert body
            assert [rule.word for rule in forbidden.check(body) if rule.stop] == []
    for word in ("绝对", "保证", "一定能", "亲", "100%", "guarantee", "absolutely"):
        assert [rule.word for rule in forbidden.check(f"这个 {word} 可以")] == [word]
    for fine in ("我亲自联系您的父亲", "保证金会退回", "不一定能修好", "空气绝对湿度", "guarantees"):
        assert [rule.word for rule in forbidden.check(fine) if rule.stop] == []
    for rule in ForbiddenWord.objects.exclude(suggestion=""):
        assert [found.word for found in forbidden.check(rule.suggestion) if found.stop] == []
