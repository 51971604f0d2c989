"""What stands on a timeline, who sees it, and what it costs."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from core.actors import SYSTEM
from tests.factories.times import NOW
from tests.factories.work import (
    actor_of,
    customer_of,
    entries_of,
    link_of,
    make_colleague,
    make_open_ticket,
    make_resolved_ticket,
    make_ticket,
)
from tickets import events, words
from tickets.enums import Status
from tickets.models import StatusName, Ticket
from tickets.services import classify, resolve, routing, state, talk, timeline
from tickets.services.escalate import escalate, hand_down

pytestmark = pytest.mark.django_db


def minutes(number: int) -> Any:
    return NOW + timedelta(minutes=number)


@pytest.fixture
def story(desk_defaults: dict[str, Any]) -> Ticket:
    """A ticket on which everything has happened."""
    agent = make_colleague("林晓")
    engineer = make_colleague("何婷", tier="L2")
    ticket = make_ticket(assignee=agent)
    me, she = actor_of(agent), actor_of(engineer)
    talk.reply(ticket=ticket, body="我来看看", actor=me, at=minutes(1))
    talk.add_note(ticket=ticket, body="老客户", actor=me, at=minutes(2))
    talk.customer_reply(
        ticket=ticket,
        body="照片在这",
        files=[SimpleUploadedFile("日志.txt", "红灯".encode())],
        actor=customer_of(ticket.customer),
        at=minutes(3),
    )
    classify.regrade(ticket=ticket, grade="complex", reason="三台", actor=me, at=minutes(4))
    escalate(
        ticket=ticket,
        category=desk_defaults["category"],
        steps_tried="重启",
        evidence="日志",
        actor=me,
        at=minutes(5),
    )
    routing.claim(ticket=ticket, actor=she, at=minutes(6))
    state.set_waiting(ticket=ticket, status=Status.WAITING_PART, reason="主板", actor=she, at=minutes(7))
    hand_down(ticket=ticket, instruction="换板后回访", actor=she, at=minutes(8))
    routing.assign(ticket=ticket, agent=agent, reason="原来是他", actor=SYSTEM, at=minutes(9))
    resolve.resolve(
        ticket=ticket,
        solution_code=desk_defaults["solution"],
        root_cause=desk_defaults["cause"],
        message="好了",
        actor=me,
        at=minutes(10),
    )
    resolve.confirm(ticket=ticket, actor=customer_of(ticket.customer), at=minutes(11))
    resolve.reopen(ticket=ticket, actor=customer_of(ticket.customer), at=minutes(12))
    return ticket


def test_the_whole_story_is_told_to_staff(story: Ticket) -> None:
    with translation.override("en"):
        lines = timeline.read(story, viewer=SYSTEM, limit=100)
    told = [(line.kind, line.code.removeprefix("tickets."), line.text) for line in lines]
    agent, engineer = "Colleague", "Colleague"
    names = {line.name for line in lines if line.kind == "message"}
    assert len(names) == 2
    assert [(kind, code) for kind, code, _text in told] == [
        ("event", "opened"),
        ("message", ""),
        ("event", "classified"),
        ("event", "queued"),
        ("event", "assigned"),
        ("message", ""),
        ("event", "status_changed"),
        ("note", ""),
        ("message", ""),
        ("event", "classified"),
        ("event", "escalated"),
        ("event", "queued"),
        ("event", "assigned"),
        ("event", "status_changed"),
        ("event", "status_changed"),
        ("event", "escalated"),
        ("event", "queued"),
        ("event", "assigned"),
        ("message", ""),
        ("event", "resolved"),
        ("event", "closed"),
        ("event", "reopened"),
    ]
    texts = [text for _kind, _code, text in told]
    assert texts[0] == "Request received"
    assert texts[2] == "Classified: Question, –"
    assert texts[3] == "Waits in queue Queue-L1"
    assert texts[4].startswith(f"Assigned to {agent}")
    assert texts[6] == "State: New → Open"
    assert texts[10] == "Escalated from Tier L1 to Tier L2"
    assert texts[12].startswith(f"Taken by {engineer}")
    assert texts[15] == "Handed down from Tier L2 to Tier L1"
    assert texts[19] == "Resolved: Customer guided to a fix (Settings)"
    assert texts[20] == "Closed: confirmed by the customer"
    assert texts[21] == "Reopened: not solved"
    reasons = {line.code: line.reason for line in lines if line.reason}
    assert reasons == {
        "tickets.classified": "三台",
        "tickets.status_changed": "主板",
        "tickets.assigned": "原来是他",
    }


@pytest.mark.parametrize("who", ["customer", "link"])
def test_customers_see_what_concerns_them_and_no_reasons(who: str, story: Ticket) -> None:
    viewer = customer_of(story.customer) if who == "customer" else link_of(story)
    with translation.override("en"):
        lines = timeline.read(story, viewer=viewer, limit=100)
    assert all(line.public and not line.reason for line in lines)
    said = [line.text for line in lines if line.kind == "message"]
    assert said == ["网关离线了，红灯一直闪", "我来看看", "照片在这", "好了"]
    shown = [line.code.removeprefix("tickets.") for line in lines if line.kind == "event"]
    assert shown == [
        "opened",
        "assigned",
        "status_changed",
        "escalated",
        "assigned",
        "status_changed",
        "status_changed",
        "assigned",
        "resolved",
        "closed",
        "reopened",
    ]
    assert [line.mine for line in lines if line.kind == "message"] == [True, False, True, False]
    assert "老客户" not in str(lines)


def test_each_message_brings_its_files_and_author(story: Ticket) -> None:
    lines = timeline.read(story, viewer=SYSTEM, limit=100)
    with_files = [line for line in lines if line.files]
    assert [(line.text, [file.name for file in line.files]) for line in with_files] == [
        ("照片在这", ["日志.txt"])
    ]
    first, answer = [line for line in lines if line.kind == "message"][:2]
    assert (first.author, first.name, first.seq, first.state) == ("customer", "周女士", 1, "received")
    assert (answer.author, answer.name, answer.seq, answer.state) == ("agent", "林晓", 2, "sent")


def test_names_follow_the_readers_language(story: Ticket) -> None:
    with translation.override("en"):
        english = [line.name for line in timeline.read(story, viewer=SYSTEM) if line.author == "agent"]
    assert all(name.startswith("Colleague") for name in english if name)


def test_pages_of_a_long_story_join_without_gap_or_overlap(story: Ticket) -> None:
    whole = [line.id for line in timeline.read(story, viewer=SYSTEM, limit=100)]
    pages: list[int] = []
    before = None
    while page := timeline.read(story, viewer=SYSTEM, limit=5, before=before):
        pages = [line.id for line in page] + pages
        before = page[0].id
    assert pages == whole
    later = timeline.read(story, viewer=SYSTEM, after=whole[9], limit=100)
    assert [line.id for line in later] == whole[10:]
    assert timeline.read(story, viewer=SYSTEM, after=whole[-1]) == []


def test_reading_costs_as_much_whatever_the_length_and_names_are_kept(story: Ticket) -> None:
    agent = story.assignee
    assert agent is not None
    str(story.customer)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            timeline.read(story, viewer=SYSTEM, limit=200)
        return len(queries)

    before = cost()
    for number in range(20):
        talk.add_note(ticket=story, body=f"第{number}条", actor=actor_of(agent), at=minutes(20 + number))
        talk.customer_reply(
            ticket=story,
            body="图",
            files=[SimpleUploadedFile("a.txt", b"a")],
            actor=customer_of(story.customer),
            at=minutes(20 + number),
        )
    # the first time the names of codes and of people; afterwards the lines and their files
    assert (before, cost()) == (4, 2)


def test_the_steps_of_a_customers_page(story: Ticket) -> None:
    StatusName.objects.filter(code="waiting_part").update(customer_name_en="A part is on its way")
    with CaptureQueriesContext(connection) as queries, translation.override("en"):
        steps = timeline.customer_steps(story)
    assert len(queries) == 3
    assert [step.current for step in steps] == [True] + [False] * (len(steps) - 1)
    titles = [step.title for step in steps]
    assert titles[:3] == ["Opened again", "Closed", "Fixed. Please confirm"]
    assert titles[-1] == "We received your request"
    assert "A part is on its way" in titles
    assert "Passed to Tier L2" in titles
    assert [step.at for step in steps] == sorted((step.at for step in steps), reverse=True)


def test_one_line_for_what_was_just_written(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    entry = entries_of(ticket)[-2]
    line = timeline.line_of(entry, viewer=actor_of(agent))
    assert (line.id, line.text, line.mine) == (entry.pk, "我来看看", True)


def test_a_message_stands_on_one_timeline_only(desk_defaults: dict[str, Any]) -> None:
    ticket, other = make_ticket(), make_ticket()
    message = ticket.entries.get(kind="message").message
    with pytest.raises(IntegrityError), transaction.atomic():
        timeline.record(other, message=message, public=True)


def test_an_entry_needs_a_thing(desk_defaults: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="event, a message or a note"):
        timeline.record(make_ticket(), public=True)


def test_every_fact_about_a_ticket_has_its_sentence() -> None:
    silent = {
        events.AgentReplied.kind,  # the message itself stands there
        events.CustomerReplied.kind,
        events.NoteAdded.kind,
        events.DuplicateDismissed.kind,  # stands on no timeline
    }
    facts = {cls.kind for cls in events.TicketEvent.__subclasses__()}
    assert facts - silent == set(words._TEXTS)


@pytest.mark.parametrize("code", ["not_solved", "customer_replied", "survey", "said"])
def test_every_reason_to_reopen_has_words(code: str) -> None:
    with translation.override("en"):
        assert words.reopen_reason(code) != code


def test_a_name_that_is_gone_is_shown_by_its_code(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_resolved_ticket(agent, desk_defaults)
    StatusName.objects.all().delete()
    with translation.override("en"):
        texts = [line.text for line in timeline.read(ticket, viewer=SYSTEM) if line.code]
    assert "Resolved: Customer guided to a fix (Settings)" in texts
    assert timeline.names_for([{"queue": "gone"}]).of("queue", "gone") == "gone"
