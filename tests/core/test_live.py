"""Nudges: who may watch what, what an event touches, and what a page missed."""

from datetime import datetime

import pytest
from django.test import Client
from django.urls import reverse

from core import live, ports_declared
from core.actors import NOBODY, Actor
from core.models import Event
from tests.core.conftest import light

OWNER = Actor("visitor", 1)


@pytest.fixture
def bulbs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A topic `bulb:<id>`, watched by the visitor of the same number; an event about a bulb touches it."""
    monkeypatch.setattr(live, "_topics", {})
    monkeypatch.setattr(live, "_routes", {})
    live.topic("bulb")(lambda viewer, bulb: viewer.kind == "visitor" and viewer.id == bulb)

    @live.route("bulb")
    def touched(event: Event) -> list[tuple[str, int]]:
        if event.data["watts"] == 666:
            raise ValueError("a route's own mistake")
        return [("bulb", event.subject_id)]


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The token `mine` belongs to visitor 1; there is no session and no link."""
    monkeypatch.setattr(ports_declared.viewer_of_token, "_provider", {"mine": OWNER}.get)
    monkeypatch.setattr(ports_declared.viewer_of_link, "_provider", {}.get)
    monkeypatch.setattr(ports_declared.viewer_of_request, "_provider", lambda request: NOBODY)
    monkeypatch.setattr(ports_declared.viewer_of_scope, "_provider", lambda scope: NOBODY)


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("bulb:1", ("bulb", 1)),
        ("service_order:42", ("service_order", 42)),
        ("bulb:-1", None),
        ("bulb:1;drop", None),
        ("bulb:" + "9" * 19, None),
        ("Bulb:1", None),
        ("bulb", None),
        (7, None),
        (None, None),
    ],
)
def test_a_topic_is_a_name_and_a_number(text: object, topic: live.Topic | None) -> None:
    assert live.parse_topic(text) == topic


def test_who_may_watch_is_the_topics_rule_and_an_unknown_topic_is_nobodys(bulbs: None) -> None:
    assert live.may_watch(OWNER, "bulb", 1) is True
    assert live.may_watch(OWNER, "bulb", 2) is False
    assert live.may_watch(OWNER, "lamp", 1) is False


@pytest.mark.django_db
def test_a_page_hears_what_happened_since_about_what_it_watches(at: datetime, bulbs: None) -> None:
    assert live.position() == 0
    first = light(1, at=at)
    assert live.position() == first.pk
    light(2, at=at)
    third = light(1, at=at)
    assert live.since(first.pk, [("bulb", 1)]) == [live.Nudge(("bulb", 1), "test.bulb_lit", third.pk)]
    assert live.since(third.pk, [("bulb", 1)]) == []


@pytest.mark.django_db
def test_who_missed_too_much_or_knows_an_event_that_is_not_there_starts_anew(
    at: datetime, bulbs: None
) -> None:
    first = light(1, at=at)
    for _ in range(3):
        light(1, at=at)
    assert len(live.since(first.pk, [("bulb", 1)], limit=3) or []) == 3
    assert live.since(first.pk, [("bulb", 1)], limit=2) is None
    assert live.since(10**9, [("bulb", 1)]) is None


@pytest.mark.django_db
def test_a_route_that_fails_costs_its_own_nudge_only(at: datetime, bulbs: None) -> None:
    events = [light(1, at=at), light(1, at=at, watts=666), light(1, at=at)]
    assert [nudge.event for nudge in live.nudges_of(events)] == [events[0].pk, events[2].pk]


@pytest.mark.django_db
def test_the_poll_says_what_the_socket_would_have(
    client: Client, at: datetime, bulbs: None, known: None
) -> None:
    first, second = light(1, at=at), light(1, at=at)
    light(2, at=at)
    answer = client.get(
        reverse("core:live_since"), {"event": first.pk, "topics": "bulb:1,bulb:2", "token": "mine"}
    )
    assert answer.json() == {
        "event": second.pk + 1,
        "stale": False,
        "nudges": [{"topic": "bulb:1", "kind": "test.bulb_lit", "event": second.pk}],
    }
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_the_poll_tells_nobody_about_what_they_may_not_watch(
    client: Client, at: datetime, bulbs, known
) -> None:
    first = light(1, at=at)
    light(1, at=at)
    answer = client.get(reverse("core:live_since"), {"event": first.pk, "topics": "bulb:1"})
    assert answer.json()["nudges"] == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("event", "status"), [("x", 400), ("-1", 400), ("9" * 30, 400), ("", 200), ("999999", 200)]
)
def test_the_poll_answers_bad_numbers(client: Client, known: None, event: str, status: int) -> None:
    answer = client.get(
        reverse("core:live_since"), {"event": event, "topics": "bulb:1"}, headers={"HX-Request": "1"}
    )
    assert answer.status_code == status


@pytest.mark.django_db
def test_guessed_tokens_are_not_found_and_then_refused(client: Client, known: None) -> None:
    statuses = [client.get(reverse("core:live_since"), {"token": f"guess{n}"}).status_code for n in range(31)]
    assert statuses == [404] * 30 + [429]
