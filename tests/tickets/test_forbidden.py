"""What must not be said to a customer is not sent, by whichever door; notes are free."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import caches
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from channels_hub.models import Message
from core.errors import InvalidInput
from tests.factories.times import NOW
from tests.factories.work import actor_of, make_colleague, make_open_ticket, make_ticket
from tickets.enums import WordLanguage, WordLevel
from tickets.models import Draft, ForbiddenWord, Note, Ticket
from tickets.services import desk, forbidden, resolve, talk

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=10)


@pytest.fixture(autouse=True)
def words(db: None) -> None:
    ForbiddenWord.objects.create(word="绝对", suggestion="一般", exceptions=["绝对湿度"])
    ForbiddenWord.objects.create(word="亲", suggestion="您", exceptions=["亲自"])
    ForbiddenWord.objects.create(word="risk-free", language=WordLanguage.EN)
    ForbiddenWord.objects.create(word="尽快", suggestion="今天 18:00 前", level=WordLevel.WARN)
    ForbiddenWord.objects.create(word="永远", active=False)


def test_a_reply_with_a_forbidden_word_is_refused_and_nothing_is_lost(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_ticket(assignee=agent)
    me = actor_of(agent)
    desk.save_draft(ticket=ticket, mode="reply", body="亲，绝对修好", actor=me, at=LATER)
    with pytest.raises(InvalidInput) as refused, translation.override("en"):
        talk.reply(ticket=ticket, body="亲，绝对修好", client_id="k1", actor=me, at=LATER)
    assert (refused.value.code, refused.value.extra) == ("forbidden_word", {"words": ["亲", "绝对"]})
    assert refused.value.fields == {
        "body": [
            "“亲” must not be said to a customer. Use “您”?",
            "“绝对” must not be said to a customer. Use “一般”?",
        ]
    }
    ticket.refresh_from_db()
    assert (ticket.status, ticket.first_responded_at) == ("new", None)
    assert not Message.objects.filter(body__contains="绝对").exists()
    assert Draft.objects.get().body == "亲，绝对修好"
    # the same key is free for the better words
    said = talk.reply(ticket=ticket, body="您好，一般能修好", client_id="k1", actor=me, at=LATER)
    assert said.body == "您好，一般能修好"


def test_what_was_sent_before_the_word_was_forbidden_stays_sent(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket, me = make_open_ticket(agent), actor_of(agent)
    first = talk.reply(ticket=ticket, body="永远支持", client_id="k1", actor=me, at=LATER)
    ForbiddenWord.objects.filter(word="永远").update(active=True)
    forbidden.forget()
    assert talk.reply(ticket=ticket, body="永远支持", client_id="k1", actor=me, at=LATER) == first
    with pytest.raises(InvalidInput):
        talk.reply(ticket=ticket, body="永远支持", client_id="k2", actor=me, at=LATER)


def test_the_message_of_a_resolution_is_said_to_the_customer_too(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    with pytest.raises(InvalidInput) as refused:
        resolve.resolve(
            ticket=ticket,
            solution_code=desk_defaults["solution"],
            root_cause=desk_defaults["cause"],
            message="绝对修好了",
            actor=actor_of(agent),
            at=LATER,
        )
    assert set(refused.value.fields) == {"message"}
    assert Ticket.objects.get(pk=ticket.pk).status == "open"


def test_notes_are_free(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    talk.add_note(ticket=ticket, body="亲，绝对 {due}", actor=actor_of(agent), at=LATER)
    assert Note.objects.get().body == "亲，绝对 {due}"


@pytest.mark.parametrize("body", ["我亲自看过，绝对湿度正常", "尽快处理", "永远"])
def test_exceptions_warnings_and_what_is_switched_off_go_out(
    body: str, desk_defaults: dict[str, Any]
) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    assert talk.reply(ticket=ticket, body=body, actor=actor_of(agent), at=LATER).body == body


def test_a_variable_that_nobody_filled_in_is_not_sent(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    with pytest.raises(InvalidInput) as refused, translation.override("en"):
        talk.reply(ticket=ticket, body="预计 {due} 前", actor=actor_of(agent), at=LATER)
    assert refused.value.fields == {"body": ["Fill in {due} before you send."]}
    assert refused.value.code == "invalid"
    # other braces are the customer's business
    assert talk.reply(ticket=ticket, body="配置 {ssid}", actor=actor_of(agent), at=LATER)


def test_both_levels_are_said_while_writing() -> None:
    with translation.override("en"):
        said = [(rule.stop, forbidden.sentence(rule)) for rule in forbidden.check("亲，我们尽快 Risk-Free")]
    assert said == [
        (True, "“亲” must not be said to a customer. Use “您”?"),
        (False, "Better not “尽快” to a customer. Use “今天 18:00 前”?"),
        (True, "“risk-free” must not be said to a customer. Leave it out."),
    ]


def test_the_words_are_read_once_in_a_while_and_anew_when_forgotten() -> None:
    caches["local"].clear()
    with CaptureQueriesContext(
        connection,
    ) as asked:
        for _ in range(5):
            forbidden.check("绝对")
    assert len(asked) == 1
    ForbiddenWord.objects.create(word="包好")
    assert forbidden.check("包好") == []
    forbidden.forget()
    assert [rule.word for rule in forbidden.check("包好")] == ["包好"]


@pytest.mark.parametrize(
    "values", [{"word": ""}, {"word": "x", "level": "loud"}, {"word": "x", "language": "fr"}, {"word": "亲"}]
)
def test_the_database_refuses_nonsense_and_doubles(values: dict[str, str]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        ForbiddenWord.objects.create(**values)
