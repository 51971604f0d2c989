"""The demo company: a past written in sets and days that were played tell one consistent story."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.enums import DutyState
from accounts.models import Agent
from channels_hub.models import Conversation, Message, Thread
from config.demo import words
from config.demo.build import Scale, build
from core.actors import SYSTEM
from core.models import Delivery, Event, EventCursor, Timer
from core.models.delivery import DeliveryState
from core.services import audit, deliveries, timers
from customers.models import Customer, Device
from surveys.models import BadRatingFollowUp, SurveyInvitation, SurveyResponse
from tickets.enums import ACTIVE, Status
from tickets.models import Assignment, Ticket, TicketEntry, TicketSearchEntry
from tickets.services import search
from tickets.services.classify import judge
from tickets.services.intake import open_ticket
from tickets.services.rebuild import all_differences

#: eight in the evening of a Tuesday in Shanghai: the desk is open
NOW = datetime(2026, 3, 17, 12, 0, tzinfo=UTC)
SMALL = Scale(customers=12, devices=64, history=20, played=6)
BULK = Scale(customers=20, devices=64, history=60, standing=25)


def silent(_line: str) -> None:
    """Nobody watches."""


@pytest.fixture
def company(transactional_db: None) -> Scale:
    """The small demo, as `manage.py demo` builds it."""
    build(now=NOW, scale=SMALL, say=silent)
    return SMALL


@pytest.fixture
def load(transactional_db: None) -> Scale:
    """What benchmarks run on."""
    build(now=NOW, scale=BULK, say=silent)
    return BULK


def told() -> list[tuple[Any, ...]]:
    """Every ticket as somebody would describe it."""
    return list(
        Ticket.objects.order_by("pk").values_list(
            "subject", "serial", "status", "grade", "created_at", "assignee__username", "due_at"
        )
    )


def test_the_small_company_is_consistent_in_every_table(company: Scale) -> None:
    played = Ticket.objects.filter(created_at__gte=NOW - timedelta(days=3)).count()
    # of each kind of story at least one is played
    assert played >= 6
    assert Ticket.objects.count() == 20 + played
    assert list(all_differences()) == []
    while audit.seal_events(at=NOW):
        pass
    report = audit.verify()
    assert (report.broken_seal, report.changed_details, report.unsealed) == (None, [], 0)
    assert report.sealed == Event.objects.count()
    assert Delivery.objects.exclude(state=DeliveryState.DONE).count() == 0
    assert Timer.objects.filter(dead=True).count() == 0
    assert TicketSearchEntry.objects.count() == Ticket.objects.count()


def test_references_are_unique_and_grow_with_time(load: Scale) -> None:
    rows = list(Ticket.objects.order_by("pk").values_list("reference", "pk", "created_at"))
    assert len({reference for reference, _pk, _at in rows}) == len(rows) == 85
    assert [f"{pk:06d}" for _reference, pk, _at in rows] == [reference[-6:] for reference, _pk, _at in rows]
    closed = [at for _reference, _pk, at in rows[:60]]
    assert closed == sorted(closed)


def test_no_phone_number_stands_in_an_event(company: Scale) -> None:
    phones = set(Customer.objects.values_list("phone", flat=True))
    assert len(phones) == 12
    text = " ".join(map(str, Event.objects.values_list("data", flat=True)))
    assert not any(phone in text for phone in phones)
    assert not re.search(r"(?<!\d)1[3-9]\d{9}(?!\d)", text)


def test_nobody_is_told_of_the_past(load: Scale) -> None:
    """The reader of events stands behind the last one: beat and worker find nothing to do."""
    last = Event.objects.order_by("-txid", "-pk").values_list("txid", "pk").first()
    assert EventCursor.objects.filter(name="fan-out").values_list("txid", "event_id").get() == last
    assert deliveries.fan_out(at=NOW) == 0
    assert Delivery.objects.count() == 0


def test_the_next_ticket_gets_the_next_number(load: Scale) -> None:
    """Rows were numbered here, not by the database: it must go on behind them."""
    old = Ticket.objects.select_related("customer", "thread", "channel", "brand").order_by("-pk")[0]
    ticket = open_ticket(
        customer=old.customer,
        thread=old.thread,
        channel=old.channel,
        brand=old.brand,
        subject="还有一件事",
        actor=SYSTEM,
        at=NOW,
    )
    assert ticket.pk > old.pk
    assert ticket.reference == f"T-2026-{ticket.pk:06d}"
    assert TicketEntry.objects.filter(ticket=ticket).count() == 1


def test_the_same_seed_tells_the_same_tickets(transactional_db: None) -> None:
    build(now=NOW, scale=SMALL, say=silent)
    first = told()
    call_command("flush", verbosity=0, interactive=False)
    build(now=NOW, scale=SMALL, say=silent)
    assert told() == first


def test_open_tickets_of_a_benchmark_stand_in_every_state_and_few_are_late(load: Scale) -> None:
    standing = Ticket.objects.order_by("-pk")[:25]
    states = Counter(ticket.status for ticket in standing)
    assert sum(states.values()) == 25
    assert Status.CLOSED not in states
    assert states[Status.OPEN] > states[Status.NEW]
    late = Ticket.objects.filter(status__in=ACTIVE, due_at__lt=NOW).count()
    assert late <= 6
    # each running clock has its timer: what is due will be noticed
    running = sum(ticket.clocks.filter(state="running").count() for ticket in standing)
    assert running > 0
    assert Timer.objects.filter(kind__startswith="sla-").count() >= running - late


def test_time_goes_on_from_there(load: Scale) -> None:
    """The timers that were written in sets are good ones: two days later everything due was done, none died."""
    later = NOW + timedelta(days=2)
    while timers.fire_due(at=later):
        pass
    assert Timer.objects.filter(dead=True).count() == 0
    assert list(all_differences()) == []


def test_what_was_said_is_numbered_and_stands_on_the_timeline(load: Scale) -> None:
    for thread in Thread.objects.all():
        numbers = list(
            Message.objects.filter(thread=thread).order_by("at", "pk").values_list("seq", flat=True)
        )
        assert numbers == list(range(1, thread.last_seq + 1))
    assert Message.objects.filter(entries=None).count() == 0
    ended = Conversation.objects.exclude(ended_at=None)
    assert ended.exists()
    assert not Message.objects.filter(conversation__in=ended, at__gt=NOW).exists()


def test_each_active_ticket_has_one_assignment_and_says_why(load: Scale) -> None:
    for ticket in Ticket.objects.filter(status__in=ACTIVE).exclude(assignee=None):
        now = Assignment.objects.get(ticket=ticket, until=None)
        assert now.agent_id == ticket.assignee_id
        winner = max(now.scores, key=lambda row: row["total"])
        assert (winner["agent"], winner["won"]) == (ticket.assignee_id, True)
        assert set(winner["facts"]) == {"skills", "region", "language", "idle_minutes", "prior"}


def test_the_words_judge_as_the_rules_would(load: Scale) -> None:
    """The loader judges the complaint and adds a remark after it: the remark must change no judgement."""
    for ticket in Ticket.objects.select_related("product__line", "category"):
        judgement = judge(ticket)
        assert (ticket.grade, ticket.category) == (judgement.grade, judgement.category), ticket.symptom


def test_the_search_finds_what_the_loader_indexed(load: Scale) -> None:
    ticket = Ticket.objects.select_related("product__line", "category").order_by("pk")[0]
    kept = TicketSearchEntry.objects.get(ticket=ticket)
    before = (kept.title, kept.body, kept.pinyin)
    search.index_tickets([ticket.pk])
    kept.refresh_from_db()
    assert (kept.title, kept.body, kept.pinyin) == before


def test_bad_ratings_are_followed_up_by_somebody_else(transactional_db: None) -> None:
    build(now=NOW, scale=Scale(customers=12, devices=64, history=200), say=silent)
    bad = SurveyResponse.objects.filter(stars__lte=2)
    assert bad.count() == BadRatingFollowUp.objects.count() > 0
    for follow_up in BadRatingFollowUp.objects.all():
        assert follow_up.owner_id != follow_up.rated_agent_id
        assert follow_up.due_at == follow_up.created_at + timedelta(hours=24)
    assert SurveyInvitation.objects.count() >= Ticket.objects.filter(status=Status.CLOSED).count()
    assert list(all_differences()) == []


def test_the_desk_is_staffed_in_several_states(company: Scale) -> None:
    states = Counter(Agent.objects.values_list("duty_state", flat=True))
    assert states[DutyState.AVAILABLE] == 15
    assert states[DutyState.BREAK] == 2
    assert {DutyState.ON_CALL, DutyState.WRAP_UP, DutyState.BUSY, DutyState.OFFLINE} <= set(states)


def test_every_story_can_be_told_and_rare_words_are_rare() -> None:
    assert len(set(words.ODD_TAILS)) == len(words.ODD_TAILS)
    assert not set(words.ODD_TAILS) & set(words.TAILS)
    for lines, asks, answers, _solution, _cause, share in words.STORIES.values():
        assert lines
        assert asks
        assert answers
        assert 0 <= share <= 1


@pytest.mark.parametrize("scale", ["0", "-5", "many", "9999999999", "1.5"])
def test_a_scale_that_is_none_is_refused(db: None, scale: str) -> None:
    with pytest.raises(CommandError, match="--scale is quick, full, or a number"):
        call_command("demo", scale=scale)
    assert Customer.objects.count() == 0


def test_a_company_is_not_built_over_another(load: Scale) -> None:
    before = Ticket.objects.count()
    with pytest.raises(CommandError, match="empty database only"):
        call_command("demo", scale="40")
    assert (Ticket.objects.count(), Device.objects.count()) == (before, 64)
