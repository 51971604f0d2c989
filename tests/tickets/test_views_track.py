"""A customer's ticket page: by link and signed in, each step, a word back, yes and not yet."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.urls import reverse
from PIL import Image

from core import clock
from core.models import Event, File
from tests.factories.work import actor_of
from tests.html_checks import problems_of
from tests.tickets.doors import PHONE, House, browser_of, make_house, text_of
from tickets.models import Ticket, TicketEntry, TrackingLink
from tickets.services.resolve import resolve
from tickets.services.talk import add_note

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture(params=["track", "mine"])
def way(request: pytest.FixtureRequest) -> str:
    """Both ways in: the private link, and signed in."""
    return str(request.param)


def page_of(house: House, way: str, step: str = "") -> str:
    name = f"tickets:{way}_{step}" if step else f"tickets:{way}"
    return reverse(name, args=[house.token if way == "track" else house.ticket.reference])


def visitor(house: House, way: str) -> Any:
    return browser_of() if way == "track" else browser_of(house.customer.user)


def solve(house: House) -> None:
    resolve(
        ticket=house.ticket,
        solution_code=house.codes["solution"],
        root_cause=house.codes["cause"],
        message="The gateway was restarted",
        actor=actor_of(house.agent),
        at=clock.now(),
    )


def followed(client: Any, answer: HttpResponse) -> str:
    assert answer.status_code == 302
    return text_of(client.get(answer["Location"]))


def test_the_page_says_where_it_stands_in_plain_words(house: House, way: str) -> None:
    answer = visitor(house, way).get(page_of(house, way))
    page = text_of(answer)
    for words in (
        house.ticket.reference,
        "网关离线了",
        "Colleague",
        "is looking after",
        "Next step by",
        "我来看看",
    ):
        assert words in page
    assert PHONE not in page
    assert problems_of(answer.content.decode()) == []
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["X-Robots-Tag"] == "noindex"


def test_a_promise_that_was_not_kept_is_not_promised_again(house: House, way: str) -> None:
    Ticket.objects.filter(pk=house.ticket.pk).update(due_at=clock.now() + timedelta(minutes=5))
    client = visitor(house, way)
    assert "Next step by" in text_of(client.get(page_of(house, way)))
    Ticket.objects.filter(pk=house.ticket.pk).update(due_at=clock.now() - timedelta(minutes=5))
    page = text_of(client.get(page_of(house, way)))
    assert "Next step by" not in page
    assert "This step was due by <time" in page
    assert "Sorry for the wait." in page


def test_notes_stay_inside(house: House, way: str) -> None:
    add_note(ticket=house.ticket, body="rude caller", actor=actor_of(house.agent), at=clock.now())
    client = visitor(house, way)
    assert "rude caller" not in text_of(client.get(page_of(house, way)))
    assert "rude caller" not in text_of(client.get(page_of(house, way, "part")))


def test_the_part_that_is_fetched_anew_is_a_part(house: House, way: str) -> None:
    part = text_of(visitor(house, way).get(page_of(house, way, "part")))
    assert 'id="track-live"' in part
    assert "<html" not in part
    assert "<textarea" not in part.split('id="not-yet"')[0]  # the answer being written is not in it


def test_an_answer_with_a_photo_comes_to_the_timeline(house: House, way: str) -> None:
    held = BytesIO()
    Image.new("RGB", (4, 4), "red").save(held, "PNG")
    client = visitor(house, way)
    photo = SimpleUploadedFile("light.png", held.getvalue(), "image/png")
    page = followed(
        client,
        client.post(page_of(house, way, "say"), {"body": "still red", "files": photo, "client_id": "a"}),
    )
    assert "Sent. Your answer comes here." in page
    assert "still red" in page
    assert "light.png" in page
    assert File.objects.count() == 1


def test_the_same_answer_sent_twice_is_one_message(house: House, way: str) -> None:
    client = visitor(house, way)
    for _ in range(2):
        answer = client.post(page_of(house, way, "say"), {"body": "still red", "client_id": "a"})
        assert answer.status_code == 302
    assert TicketEntry.objects.filter(message__body="still red").count() == 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"body": "  "}, "Please write something or add a photo."),
        ({"body": "kept words", "files": b"MZ\x90\x00"}, "is not what its name says"),
        ({"body": "kept words" + "x" * 4000}, "at most 4000 characters"),
    ],
)
def test_a_refused_answer_is_kept_with_what_is_wrong(
    house: House, way: str, data: dict[str, Any], words: str
) -> None:
    if isinstance(data.get("files"), bytes):
        data = {**data, "files": SimpleUploadedFile("light.png", data["files"], "image/png")}
    answer = visitor(house, way).post(page_of(house, way, "say"), data)
    page = text_of(answer)
    assert answer.status_code == 422
    assert words in page
    assert data["body"].strip() in page
    assert answer["Referrer-Policy"] == "same-origin"
    assert not TicketEntry.objects.filter(message__body__contains="kept words").exists()


def test_yes_it_works_closes_it_once(house: House, way: str) -> None:
    solve(house)
    client = visitor(house, way)
    assert "It works, confirm" in text_of(client.get(page_of(house, way)))
    page = followed(client, client.post(page_of(house, way, "confirm")))
    assert "Thank you. The request is closed" in page
    assert Ticket.objects.get(pk=house.ticket.pk).status == "closed"
    events = Event.objects.count()
    assert client.post(page_of(house, way, "confirm")).status_code == 302
    assert Event.objects.count() == events


def test_yes_before_anything_is_solved_is_a_conflict_that_says_so(house: House, way: str) -> None:
    answer = visitor(house, way).post(page_of(house, way, "confirm"))
    assert answer.status_code == 409
    assert "This cannot be done while the ticket is" in text_of(answer)
    assert problems_of(answer.content.decode()) == []
    assert Ticket.objects.get(pk=house.ticket.pk).status == "open"


def test_not_yet_opens_it_again_and_the_agent_reads_why(house: House, way: str) -> None:
    solve(house)
    client = visitor(house, way)
    page = followed(client, client.post(page_of(house, way, "not_solved"), {"reason": "red again"}))
    assert "We are on it again." in page
    assert Ticket.objects.get(pk=house.ticket.pk).status == "open"
    desk = browser_of(house.agent).get(reverse("desk:ticket", args=[house.ticket.reference]))
    assert "red again" in text_of(desk)
    events = Event.objects.count()
    again = client.post(page_of(house, way, "not_solved"), {"reason": "red again"})
    assert (again.status_code, Event.objects.count()) == (409, events)


def test_not_yet_needs_no_reason_and_refuses_a_novel_without_losing_it(house: House, way: str) -> None:
    solve(house)
    client = visitor(house, way)
    novel = "n" * 1001
    answer = client.post(page_of(house, way, "not_solved"), {"reason": novel})
    assert answer.status_code == 422
    assert novel in text_of(answer)
    assert client.post(page_of(house, way, "not_solved")).status_code == 302
    assert Ticket.objects.get(pk=house.ticket.pk).status == "open"


def test_after_the_time_to_reopen_a_new_request_is_offered(house: House, way: str) -> None:
    solve(house)
    client = visitor(house, way)
    client.post(page_of(house, way, "confirm"))
    long_ago = clock.now() - timedelta(days=8)
    Ticket.objects.filter(pk=house.ticket.pk).update(resolved_at=long_ago, closed_at=long_ago)
    page = text_of(client.get(page_of(house, way)))
    assert "New request" in page
    assert "It came back" not in page
    answer = client.post(page_of(house, way, "not_solved"), {"reason": "x"})
    assert answer.status_code == 409
    assert "finished too long ago" in text_of(answer)


def test_the_language_switch_comes_back_to_the_same_page(house: House, way: str) -> None:
    client = visitor(house, way)
    here = page_of(house, way)
    assert f'name="next" value="{here}"' in text_of(client.get(here))
    answer = client.post(reverse("set_language"), {"language": "zh-hans", "next": here})
    assert answer["Location"] == here
    assert 'lang="zh-hans"' in text_of(client.get(here))


def test_a_link_that_was_taken_back_shows_nothing(house: House) -> None:
    TrackingLink.objects.update(revoked_at=clock.now())
    answer = browser_of().get(page_of(house, "track"))
    assert answer.status_code == 404
    assert house.ticket.reference not in text_of(answer)
