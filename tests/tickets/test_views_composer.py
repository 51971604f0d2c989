"""The composer on the desk: scripts behind the slash, words refused beside the field, what was put aside."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from core import clock
from tests.factories.times import NOW
from tests.factories.work import actor_of, make_colleague
from tests.tickets.doors import House, browser_of, make_house, text_of
from tickets.models import ForbiddenWord, Macro, MacroUse, Note, Ticket, TicketEntry
from tickets.services import forbidden, snooze

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def client(house: House) -> Any:
    return browser_of(house.agent)


@pytest.fixture
def scripts(db: None) -> None:
    names = {"name_zh": "离线", "name_en": "Offline"}
    Macro.objects.create(code="offline", body_zh="{customer}您好", body_en="Hello {customer}", **names)
    Macro.objects.create(
        code="part",
        kind="macro",
        name_zh="备件",
        name_en="Part",
        body_zh="已申请",
        body_en="Ordered",
        then_status="waiting_part",
        note="ordered",
    )


@pytest.fixture
def words(db: None) -> None:
    ForbiddenWord.objects.create(word="absolutely", suggestion="usually", language="en")
    ForbiddenWord.objects.create(word="asap", suggestion="by 18:00", language="en", level="warn")
    forbidden.forget()


def page(house: House, name: str, *more: str) -> str:
    return reverse(f"desk:{name}", args=[house.ticket.reference, *more])


def reply(client: Any, house: House, headers: Any = None, **fields: Any) -> HttpResponse:
    data = {"body": "hello", "client_id": "c1", "then": "waiting_customer"} | fields
    return client.post(page(house, "reply"), data, headers=headers or {})


# --- scripts ------------------------------------------------------------------------------------------------


def test_the_list_holds_what_fits_and_says_what_a_macro_does(
    scripts: None, client: Any, house: House
) -> None:
    html = text_of(client.get(page(house, "part_macros")))
    assert html.count('role="option"') == 2
    assert 'role="listbox"' in html
    assert "/Offline" in html
    assert "Hello {customer}" in html
    assert "After sending: Waiting part · leaves an internal note" in html
    assert html.count('aria-selected="true"') == 1
    only = text_of(client.get(page(house, "part_macros"), {"q": "<Part"}))
    assert "No script fits" in only
    assert "&lt;Part" in only
    assert 'role="option"' not in only
    assert not MacroUse.objects.exists()


def test_the_list_costs_the_same_however_many_there_are(scripts: None, client: Any, house: House) -> None:
    def asked() -> int:
        client.get(page(house, "part_macros"))
        with CaptureQueriesContext(connection) as queries:
            client.get(page(house, "part_macros"))
        return len(queries)

    before = asked()
    for number in range(3):
        Macro.objects.create(code=f"m{number}", name_zh="名", name_en="N", body_zh="x")
    assert asked() == before


def test_a_choice_gives_the_words_and_counts(scripts: None, client: Any, house: House) -> None:
    assert client.get(page(house, "use_macro", "part")).status_code == 405
    answer = client.post(page(house, "use_macro", "part"))
    assert answer.json() == {
        "code": "part",
        "text": "Ordered",
        "actions": "Waiting part · leaves an internal note",
    }
    assert client.post(page(house, "use_macro", "unknown")).status_code == 404
    assert MacroUse.objects.count() == 1


def test_others_have_neither_list_nor_words(scripts: None, house: House) -> None:
    for person in (make_colleague(tier="L2"), house.customer.user):
        browser = browser_of(person)
        assert browser.get(page(house, "part_macros")).status_code == 404
        assert browser.post(page(house, "use_macro", "part")).status_code == 404
    assert browser_of().post(page(house, "use_macro", "part")).status_code == 401


def test_an_answer_with_a_macro_does_what_the_macro_says(scripts: None, client: Any, house: House) -> None:
    assert reply(client, house, macro="part").status_code == 302
    assert Ticket.objects.get(pk=house.ticket.pk).status == "waiting_part"
    assert Note.objects.get().body == "ordered"


def test_a_refused_answer_keeps_its_macro(scripts: None, words: None, client: Any, house: House) -> None:
    html = text_of(reply(client, house, HTMX, body="absolutely fine", macro="part"))
    assert 'name="macro" value="part"' in html
    assert "data-armed>" in html
    assert "Waiting part · leaves an internal note" in html
    Macro.objects.update(active=False)
    gone = reply(client, house, HTMX, body="fine", macro="part")
    assert gone.status_code == 422
    assert "This macro is not in use any more." in text_of(gone)
    assert 'name="macro" value=""' in text_of(gone)


# --- words --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "part"])
def test_a_forbidden_word_is_said_beside_the_field_and_the_text_is_kept(
    words: None, client: Any, house: House, headers: dict[str, str]
) -> None:
    answer = reply(client, house, headers, body="it absolutely works")
    html = text_of(answer)
    assert answer.status_code == 422
    assert "“absolutely” must not be said to a customer. Use “usually”?" in html
    assert html.index("reply-hints") < html.index("“absolutely”")
    assert 'aria-invalid="true"' in html
    assert ">it absolutely works</textarea>" in html
    assert not TicketEntry.objects.filter(message__body__contains="absolutely").exists()
    assert reply(client, house, body="it usually works").status_code == 302


def test_what_may_be_sent_but_better_not_is_said_while_writing(
    words: None, client: Any, house: House
) -> None:
    def hints(mode: str, body: str) -> Any:
        return client.post(page(house, "draft"), {"mode": mode, "body": body}).json()["hints"]

    assert hints("reply", "asap, absolutely") == [
        {"text": "Better not “asap” to a customer. Use “by 18:00”?", "stop": False},
        {"text": "“absolutely” must not be said to a customer. Use “usually”?", "stop": True},
    ]
    assert hints("reply", "fine") == []
    assert hints("note", "absolutely") == []
    assert reply(client, house, body="asap").status_code == 302


def test_a_note_may_say_what_it_likes(words: None, client: Any, house: House) -> None:
    assert client.post(page(house, "note"), {"body": "absolutely broken"}, headers=HTMX).status_code == 200


def test_pictures_can_be_pasted_and_dropped_on_the_answer(client: Any, house: House) -> None:
    html = text_of(client.get(page(house, "ticket")))
    assert 'data-paste-to="reply-files"' in html
    assert "data-drop" in html
    made = BytesIO()
    Image.new("RGB", (2, 2)).save(made, "PNG")
    picture = SimpleUploadedFile("image.png", made.getvalue(), "image/png")
    assert reply(client, house, files=picture).status_code == 302
    assert TicketEntry.objects.get(message__body="hello").message.files == 1


# --- put aside ----------------------------------------------------------------------------------------------


def test_it_is_put_aside_from_the_head_and_taken_back(client: Any, house: House) -> None:
    ticket = page(house, "ticket")
    assert page(house, "do", "snooze") in text_of(client.get(ticket))
    dialog = text_of(client.get(page(house, "do", "snooze"), headers=HTMX))
    assert "The deadlines run on." in dialog
    assert client.post(page(house, "do", "snooze"), {"when": "tomorrow"}).status_code == 302
    html = text_of(client.get(ticket))
    assert "Put aside until" in html
    assert page(house, "do", "wake") in html
    assert house.ticket.subject not in text_of(client.get(reverse("desk:part_list")))
    assert house.ticket.subject in text_of(client.get(reverse("desk:part_list"), {"view": "snoozed"}))
    assert client.post(page(house, "do", "wake")).status_code == 302
    assert house.ticket.subject in text_of(client.get(reverse("desk:part_list")))


def test_what_came_back_is_marked_until_it_was_looked_at(client: Any, house: House) -> None:
    at = clock.now()
    me = actor_of(house.agent)
    client.post(page(house, "seen"))
    snooze.snooze(ticket=house.ticket, until=at + timedelta(hours=1), actor=me, at=at)
    snooze.wake_due(ticket=house.ticket, at=at + timedelta(hours=1))
    with clock.at_time(at + timedelta(hours=1)):
        assert "data-back" in text_of(client.get(reverse("desk:part_list")))
    with clock.at_time(at + timedelta(hours=1, seconds=1)):
        client.post(page(house, "seen"))
        assert "data-back" not in text_of(client.get(reverse("desk:part_list")))


def test_a_time_of_ones_own_must_lie_ahead(client: Any, house: House) -> None:
    do = page(house, "do", "snooze")
    past = timezone.localtime(NOW).strftime("%Y-%m-%dT%H:%M")
    far = timezone.localtime(clock.now() + timedelta(days=31)).strftime("%Y-%m-%dT%H:%M")
    for until, words in ((past, "in the future"), (far, "At most 30 days"), ("", "in the future")):
        answer = client.post(do, {"when": "other", "until": until, "reason": "kept"}, headers=HTMX)
        html = text_of(answer)
        assert answer.status_code == 422
        assert 'data-error="until"' in html
        assert words in html
        assert 'value="kept"' in html
    soon = timezone.localtime(clock.now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    assert client.post(do, {"when": "other", "until": soon}).status_code == 302
    kept = Ticket.objects.get(pk=house.ticket.pk).snoozed_until
    assert kept is not None
    assert timezone.localtime(kept).strftime("%Y-%m-%dT%H:%M") == soon


def test_somebody_elses_ticket_is_not_put_aside(house: House) -> None:
    browser = browser_of(house.colleague)
    assert page(house, "do", "snooze") not in text_of(browser.get(page(house, "ticket")))
    answer = browser.post(page(house, "do", "snooze"), {"when": "hour"}, headers=HTMX)
    assert answer.status_code == 409
    assert "Only whoever has a ticket can put it aside." in text_of(answer)
