"""The first judgement and its reasons, and a person's better one."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Conflict, InvalidInput, NotAllowed, NotVisible
from core.models import Event
from tests.factories.accounts import SkillFactory
from tests.factories.customers import CustomerFactory, ErrorCodeFactory, ProductFactory, ProductLineFactory
from tests.factories.tickets import CategoryFactory, QueueFactory, SafetyWordFactory, TierFactory
from tests.factories.times import NOW
from tests.factories.work import (
    actor_of,
    customer_of,
    kinds_of,
    make_colleague,
    make_resolved_ticket,
    make_ticket,
)
from tickets import rules
from tickets.enums import ClockKind, Grade, Impact, Status, Urgency
from tickets.models import Category, Queue, Ticket
from tickets.services import classify, talk

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=3)


@pytest.fixture
def categories(desk_defaults: dict[str, Any]) -> dict[str, Category]:
    connect = CategoryFactory(code="connect", keywords=["连接"], default_grade=Grade.SIMPLE)
    return {
        "connect": connect,
        "offline": CategoryFactory(
            code="offline", parent=connect, keywords=["离线", "掉线", "offline"], default_grade=Grade.SIMPLE
        ),
        "wifi": CategoryFactory(
            code="wifi", parent=connect, keywords=["配网失败", "连不上WiFi"], default_grade=Grade.SIMPLE
        ),
        "invoice": CategoryFactory(code="invoice", keywords=["发票"], default_grade=Grade.CONSULT),
        "leak": CategoryFactory(code="leak", keywords=["漏水"], default_grade=Grade.COMPLEX),
        "fire": CategoryFactory(code="fire", keywords=[], default_grade=Grade.MAJOR),
    }


def judged(words: str, **fields: Any) -> Ticket:
    return make_ticket(words=words, **fields)


def test_keywords_choose_the_category_and_its_usual_grade(categories: dict[str, Category]) -> None:
    ticket = judged("网关离线了，灯是红的")
    assert (ticket.category, ticket.grade) == (categories["offline"], Grade.SIMPLE)
    assert ticket.grade_reason == {"rule": "category", "words": ["离线"], "category": "offline", "score": 2}


def test_the_longer_and_the_more_words_win(categories: dict[str, Category]) -> None:
    ticket = judged("离线后重新配网，配网失败")
    assert ticket.category == categories["wifi"]
    assert ticket.grade_reason["score"] == 4


def test_full_width_and_upper_case_are_the_same_words(categories: dict[str, Category]) -> None:
    assert judged("一直连不上ＷＩＦＩ").category == categories["wifi"]


@pytest.mark.parametrize(
    ("text", "found"),
    [("It went offline", True), ("OFFLINE!", True), ("offliner", False), ("the offline-mode", True)],
)
def test_latin_words_must_stand_alone(text: str, found: bool, categories: dict[str, Category]) -> None:
    assert (judged(text).category == categories["offline"]) is found


def test_the_narrower_category_wins_a_tie(categories: dict[str, Category]) -> None:
    child = CategoryFactory(code="bill", parent=categories["invoice"], keywords=["发票"])
    assert judged("发票没收到").category == child


def test_a_category_of_another_line_is_out_and_of_the_own_line_counts_more(
    categories: dict[str, Category],
) -> None:
    lock, ac = ProductLineFactory(code="lock"), ProductLineFactory(code="ac")
    own = CategoryFactory(code="lock-jam", keywords=["卡住"], skill=SkillFactory(code="lock"))
    CategoryFactory(code="ac-jam", keywords=["卡住", "异响"], skill=SkillFactory(code="ac"))
    ticket = judged("门卡住了，有异响", product=ProductFactory(line=lock))
    assert (ticket.category, ticket.grade_reason["score"]) == (own, 3)
    other = judged("卡住了，有异响", product=ProductFactory(line=ac))
    assert other.category is not None
    assert other.category.code == "ac-jam"


def test_inactive_categories_are_not_chosen(categories: dict[str, Category]) -> None:
    Category.objects.filter(code="offline").update(active=False)
    assert judged("网关离线了").category is None


def test_a_safety_word_makes_it_major_whatever_else_is_said(categories: dict[str, Category]) -> None:
    SafetyWordFactory(word="冒烟", category=categories["fire"])
    ticket = judged("发票的事先不说，烤箱冒烟了")
    assert (ticket.grade, ticket.priority, ticket.category) == (Grade.MAJOR, 1, categories["fire"])
    assert ticket.grade_reason["rule"] == "safety"
    assert ticket.grade_reason["words"] == ["冒烟"]


def test_a_safety_word_in_a_harmless_phrase_does_not_count(categories: dict[str, Category]) -> None:
    SafetyWordFactory(word="着火", category=categories["fire"], exceptions=["点不着火"])
    assert judged("热水器点不着火").grade == Grade.CONSULT
    assert judged("点不着火，后来插座着火了").grade == Grade.MAJOR


def test_a_safety_word_without_a_category_keeps_what_the_words_say(categories: dict[str, Category]) -> None:
    SafetyWordFactory(word="漏水", category=None)
    assert judged("净水器漏水").category == categories["leak"]


def test_the_graver_of_error_code_and_category_counts(categories: dict[str, Category]) -> None:
    ErrorCodeFactory(code="E20", grade=Grade.COMPLEX)
    ErrorCodeFactory(code="F1", grade=Grade.CONSULT)
    ticket = judged("网关离线了", error_code="e20")
    assert (ticket.grade, ticket.grade_reason["rule"]) == (Grade.COMPLEX, "error_code")
    assert ticket.grade_reason["error_code"] == "E20"
    mild = judged("网关离线了", error_code="F1")
    assert (mild.grade, mild.grade_reason["rule"]) == (Grade.SIMPLE, "category")


def test_the_lines_own_error_code_comes_before_the_general_one(categories: dict[str, Category]) -> None:
    product = ProductFactory()
    ErrorCodeFactory(code="E1", grade=Grade.SIMPLE)
    ErrorCodeFactory(code="E1", line=product.line, grade=Grade.COMPLEX)
    assert judged("报错", product=product, error_code="E1").grade == Grade.COMPLEX
    assert judged("报错", error_code="E1").grade == Grade.SIMPLE


def test_without_any_hint_a_device_is_a_simple_fault_and_the_rest_a_question(
    categories: dict[str, Category],
) -> None:
    assert judged("你们几点上班").grade == Grade.CONSULT
    assert judged("看看这个", product=ProductFactory()).grade == Grade.SIMPLE


@pytest.mark.parametrize("grade", list(Grade))
def test_priority_follows_impact_and_urgency(grade: Grade, categories: dict[str, Category]) -> None:
    CategoryFactory(code="x", keywords=["特别的词"], default_grade=grade)
    ticket = judged("特别的词")
    impact, urgency = rules.GRADE_WEIGHT[grade]
    assert (ticket.impact, ticket.urgency) == (impact, urgency)
    assert ticket.priority == rules.priority_of(impact, urgency)


@given(st.sampled_from(list(Impact)), st.sampled_from(list(Urgency)))
def test_a_graver_matter_is_never_less_urgent(impact: Impact, urgency: Urgency) -> None:
    mine = rules.priority_of(impact, urgency)
    assert 1 <= mine <= 4
    assert all(rules.priority_of(i, urgency) <= mine for i in Impact if i >= impact)
    assert all(rules.priority_of(impact, u) <= mine for u in Urgency if u >= urgency)


def test_the_customers_level_changes_times_never_the_grade(categories: dict[str, Category]) -> None:
    plain = judged("网关离线了", customer=CustomerFactory(level="normal"))
    valued = judged("网关离线了", customer=CustomerFactory(level="diamond"))
    assert (plain.grade, plain.priority) == (valued.grade, valued.priority)
    assert plain.sla_target.first_response_minutes > valued.sla_target.first_response_minutes


def test_a_judged_ticket_has_clocks_and_a_queue(categories: dict[str, Category]) -> None:
    ticket = judged("网关离线了")
    ticket.refresh_from_db()
    assert ticket.tier.code == "L1"
    assert ticket.queue == Queue.objects.get(tier__code="L1")
    kinds = {ClockKind.FIRST_RESPONSE, ClockKind.RESOLUTION, ClockKind.TIER_HOP}
    assert set(ticket.clocks.values_list("kind", flat=True)) == kinds
    assert ticket.due_kind == ClockKind.FIRST_RESPONSE
    told = kinds_of(ticket)
    assert told[:3] == ["tickets.opened", "tickets.classified", "tickets.queued"]


def test_judging_twice_is_judging_once(categories: dict[str, Category]) -> None:
    ticket = judged("网关离线了")
    told = kinds_of(ticket)
    Category.objects.update(keywords=[])
    classify.classify(ticket=ticket, at=LATER)
    assert kinds_of(ticket) == told
    assert ticket.category == categories["offline"]


def test_an_answer_before_the_judgement_meets_the_first_response(categories: dict[str, Category]) -> None:
    agent = make_colleague()
    ticket = make_ticket(words="网关离线了", classified=False)
    Ticket.objects.filter(pk=ticket.pk).update(assignee=agent)
    talk.reply(ticket=ticket, body="您好", actor=actor_of(agent), at=NOW + timedelta(seconds=2))
    classify.classify(ticket=ticket, at=LATER)
    clock = ticket.clocks.get(kind=ClockKind.FIRST_RESPONSE)
    assert (clock.state, clock.finished_at) == ("met", NOW + timedelta(seconds=2))
    assert ticket.status == Status.OPEN


# --- queues -------------------------------------------------------------------------------------------------


def test_the_first_queue_that_fits_takes_it(categories: dict[str, Category]) -> None:
    tier = TierFactory(code="L1")
    vip = QueueFactory(code="vip", tier=tier, position=10, levels=["diamond"])
    shop = QueueFactory(code="shop", tier=tier, position=20, channel_kinds=["shop"])
    locks = QueueFactory(code="locks", tier=tier, position=30)
    locks.lines.set([ProductLineFactory(code="lock")])
    lines = QueueFactory(code="lines", tier=tier, position=40)
    lines.categories.set([categories["connect"]])
    everything = Queue.objects.get(code="queue-l1")
    lock = ProductFactory(line=ProductLineFactory(code="lock"))
    assert judged("网关离线", customer=CustomerFactory(level="diamond"), product=lock).queue == vip
    assert judged("网关离线", channel_kind="shop", product=lock).queue == shop
    assert judged("网关离线", product=lock).queue == locks
    assert judged("网关离线").queue == lines  # by its parent category
    assert judged("发票").queue == everything
    Queue.objects.filter(pk=locks.pk).update(active=False)
    assert judged("发票", product=lock).queue == everything


def test_when_nothing_fits_the_tiers_first_queue_takes_it(categories: dict[str, Category]) -> None:
    Queue.objects.filter(code="queue-l1").update(levels=["diamond"])
    assert judged("发票").queue.code == "queue-l1"


def test_without_any_queue_the_ticket_waits_unsorted_but_timed(categories: dict[str, Category]) -> None:
    Queue.objects.filter(tier__code="L1").update(active=False)
    ticket = judged("网关离线")
    assert (ticket.queue, ticket.grade) == (None, Grade.SIMPLE)
    assert ticket.clocks.filter(kind=ClockKind.RESOLUTION).exists()


# --- a person judges otherwise ------------------------------------------------------------------------------


def test_a_change_keeps_who_why_and_what_the_rules_said(categories: dict[str, Category]) -> None:
    agent = make_colleague()
    ticket = judged("网关离线了", assignee=agent)
    suggested = dict(ticket.grade_reason)
    classify.regrade(
        ticket=ticket,
        grade=Grade.COMPLEX,
        category=categories["wifi"],
        reason="三台设备都离线",
        actor=actor_of(agent),
        at=LATER,
    )
    ticket.refresh_from_db()
    assert (ticket.grade, ticket.category, ticket.priority) == (Grade.COMPLEX, categories["wifi"], 2)
    assert ticket.grade_reason == {
        "rule": "person",
        "by": agent.pk,
        "reason": "三台设备都离线",
        "before": {"grade": "simple", "category": "offline"},
        "suggested": suggested,
    }
    event = Event.objects.filter(kind="tickets.classified", subject_id=ticket.pk).latest("pk")
    assert (event.data["by_person"], event.data["before_grade"]) == (True, "simple")
    assert event.detail.body == {"reason": "三台设备都离线"}
    classify.regrade(ticket=ticket, grade=Grade.SIMPLE, reason="其实一台", actor=actor_of(agent), at=LATER)
    assert ticket.grade_reason["suggested"] == suggested


def test_a_new_grade_brings_new_promises(categories: dict[str, Category]) -> None:
    agent = make_colleague()
    ticket = judged("网关离线了", assignee=agent)
    assert ticket.due_at == NOW + timedelta(minutes=30)
    soon = NOW + timedelta(minutes=1)
    classify.regrade(ticket=ticket, grade=Grade.MAJOR, reason="漏电", actor=actor_of(agent), at=soon)
    ticket.refresh_from_db()
    assert ticket.sla_target.grade == Grade.MAJOR
    assert ticket.due_at == NOW + timedelta(minutes=2)
    assert ticket.assignee == agent


def test_a_waiting_ticket_moves_to_the_queue_that_fits_now(categories: dict[str, Category]) -> None:
    agent = make_colleague()
    invoices = QueueFactory(code="invoices", position=10, team=Queue.objects.get(code="queue-l1").team)
    invoices.categories.set([categories["invoice"]])
    ticket = judged("网关离线了")
    classify.regrade(
        ticket=ticket, category=categories["invoice"], reason="问的是发票", actor=actor_of(agent), at=LATER
    )
    assert (ticket.queue, ticket.grade) == (invoices, Grade.SIMPLE)
    assert kinds_of(ticket).count("tickets.queued") == 2


def test_the_same_judgement_again_changes_nothing(categories: dict[str, Category]) -> None:
    agent = make_colleague()
    ticket = judged("网关离线了")
    told = kinds_of(ticket)
    classify.regrade(
        ticket=ticket,
        grade=Grade.SIMPLE,
        category=categories["offline"],
        reason="同意",
        actor=actor_of(agent),
        at=LATER,
    )
    assert kinds_of(ticket) == told


def test_a_judgement_needs_a_grade_and_a_reason(categories: dict[str, Category]) -> None:
    agent = make_colleague()
    ticket = judged("网关离线了")
    with pytest.raises(InvalidInput) as refused:
        classify.regrade(ticket=ticket, grade="terrible", reason=" ", actor=actor_of(agent), at=LATER)
    assert sorted(refused.value.fields) == ["grade", "reason"]


def test_a_person_may_judge_before_the_rules(categories: dict[str, Category]) -> None:
    agent = make_colleague()
    ticket = make_ticket(words="网关离线了", classified=False)
    Ticket.objects.filter(pk=ticket.pk).update(assignee=agent)
    classify.regrade(ticket=ticket, grade=Grade.MAJOR, reason="冒烟", actor=actor_of(agent), at=LATER)
    classify.classify(ticket=ticket, at=LATER)
    ticket.refresh_from_db()
    assert (ticket.grade, ticket.grade_reason["rule"]) == ("major", "person")
    assert ticket.clocks.get(kind=ClockKind.FIRST_RESPONSE).due_at == NOW + timedelta(minutes=2)


def test_a_done_ticket_may_be_judged_but_its_clocks_stand(
    categories: dict[str, Category], desk_defaults: dict[str, Any]
) -> None:
    agent = make_colleague()
    ticket = make_resolved_ticket(agent, desk_defaults)
    before = list(ticket.clocks.order_by("pk").values())
    classify.regrade(ticket=ticket, grade=Grade.COMPLEX, reason="复盘", actor=actor_of(agent), at=LATER)
    assert ticket.grade == Grade.COMPLEX
    assert list(ticket.clocks.order_by("pk").values()) == before


def test_a_merged_ticket_is_not_judged(categories: dict[str, Category]) -> None:
    agent = make_colleague()
    ticket, other = judged("网关离线了"), judged("网关离线了")
    Ticket.objects.filter(pk=ticket.pk).update(status=Status.MERGED, merged_into=other)
    with pytest.raises(Conflict):
        classify.regrade(ticket=ticket, grade=Grade.MAJOR, reason="x", actor=actor_of(agent), at=LATER)


def test_strangers_may_not_judge(categories: dict[str, Category]) -> None:
    ticket = judged("网关离线了")
    with pytest.raises(NotAllowed):
        classify.regrade(
            ticket=ticket, grade="major", reason="x", actor=customer_of(ticket.customer), at=LATER
        )
    with pytest.raises(NotVisible):
        classify.regrade(
            ticket=ticket, grade="major", reason="x", actor=actor_of(make_colleague(tier="L2")), at=LATER
        )


# --- why ----------------------------------------------------------------------------------------------------


def test_the_reason_is_said_in_the_readers_language(categories: dict[str, Category]) -> None:
    SafetyWordFactory(word="冒烟")
    ErrorCodeFactory(code="E20", grade=Grade.COMPLEX)
    agent = make_colleague()
    with translation.override("en"):
        assert classify.reason_words(make_ticket(classified=False)) == ""
        assert classify.reason_words(judged("烤箱冒烟了")) == "Safety words: 冒烟"
        both = judged("网关离线了", error_code="E20")
        assert classify.reason_words(both) == "Words found: 离线 · Error code E20"
        assert classify.reason_words(judged("几点上班")) == "No known problem is named"
        device = judged("看看", product=ProductFactory())
        assert classify.reason_words(device) == "A device is named, but no known problem"
        classify.regrade(ticket=device, grade="major", reason="客户来电", actor=actor_of(agent), at=LATER)
        assert classify.reason_words(device) == "Judged by a person: 客户来电"


def test_judging_costs_the_same_with_many_rules(categories: dict[str, Category]) -> None:
    def queries() -> int:
        ticket = make_ticket(words="网关离线了", classified=False)
        with CaptureQueriesContext(connection) as captured:
            classify.judge(ticket)
        return len(captured)

    few = queries()
    for number in range(20):
        CategoryFactory(code=f"c{number}", parent=categories["connect"], keywords=[f"词{number}"])
        SafetyWordFactory(word=f"险{number}", category=categories["fire"])
    assert queries() == few
