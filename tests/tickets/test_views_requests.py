"""The request form: bad input has its message beside its field, nothing is lost, nothing is written twice."""

import re
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from accounts import ports
from core.models import File
from customers.models import Customer
from tests.factories.accounts import CustomerUserFactory
from tests.factories.at_once import at_once
from tests.factories.channels_hub import ChannelFactory
from tests.factories.customers import CustomerFactory, ProductFactory
from tests.factories.tickets import make_desk
from tests.html_checks import problems_of
from tests.tickets.doors import PHONE, browser_of, text_of
from tickets.models import Ticket, TicketEntry
from tickets.views.requests import REQUESTS_AN_HOUR

pytestmark = pytest.mark.django_db

WORDS = "The gateway is offline since the update"


def png() -> bytes:
    """A small real picture."""
    held = BytesIO()
    Image.new("RGB", (4, 4), "red").save(held, "PNG")
    return held.getvalue()


@pytest.fixture(autouse=True)
def _house() -> None:
    make_desk()
    ChannelFactory(kind="web_form")


@pytest.fixture
def client() -> Client:
    return browser_of()


def send(client: Client, **changed: Any) -> HttpResponse:
    return client.post(
        reverse("help:request"), {"symptom": WORDS, "phone": PHONE, "token": "form-1", **changed}
    )


def refused(answer: HttpResponse, field: str, words: str) -> None:
    """422, the message beside this field, the words still there, nothing written, and a good page."""
    html = answer.content.decode()
    assert answer.status_code == 422
    place = re.search(
        rf'<(?:div|fieldset) class="field" data-error="{field}".*?field__error.*?<span>(.*?)</span>',
        html,
        re.S,
    )
    assert place is not None, f"nothing stands beside {field}"
    assert words in place[1]
    assert WORDS in html
    assert PHONE in html or field == "phone"
    assert (Ticket.objects.count(), Customer.objects.count(), File.objects.count()) == (0, 0, 0)
    assert problems_of(html) == []


def test_a_good_request_becomes_a_ticket_with_a_number_and_a_link(client: Client) -> None:
    answer = send(client, files=SimpleUploadedFile("light.png", png(), "image/png"))
    assert (answer.status_code, answer["Location"]) == (302, reverse("help:sent"))
    ticket = Ticket.objects.get()
    page = text_of(client.get(answer["Location"]))
    assert ticket.reference in page
    link = re.search(r'href="(/t/[\w-]{43}/)"', page)
    assert link is not None
    assert WORDS in text_of(browser_of().get(link[1]))
    assert problems_of(client.get(answer["Location"]).content.decode()) == []


def test_got_it_is_shown_to_whoever_sent_it_only(client: Client) -> None:
    send(client)
    assert browser_of().get(reverse("help:sent")).status_code == 404


@pytest.mark.parametrize(
    ("phone", "words"), [("12345", "phone"), ("call me", "phone"), ("", "Please enter your phone number")]
)
def test_a_wrong_phone_number(client: Client, phone: str, words: str) -> None:
    refused(send(client, phone=phone), "phone", words)


def test_a_future_purchase_date(client: Client) -> None:
    tomorrow = (timezone.localdate() + timedelta(days=2)).isoformat()
    answer = send(client, purchased_on=tomorrow)
    refused(answer, "purchased_on", "The purchase date lies in the future.")
    assert f'value="{tomorrow}"' in text_of(answer)


def test_something_that_is_no_date(client: Client) -> None:
    refused(send(client, purchased_on="31.02."), "purchased_on", "Enter a valid date.")


def test_a_file_that_is_not_what_its_name_says(client: Client) -> None:
    answer = send(client, files=SimpleUploadedFile("light.png", b"MZ\x90\x00" * 40, "image/png"))
    refused(answer, "files", "is not what its name says")
    assert "Please attach your files again." in text_of(answer)


def test_a_kind_of_file_that_is_not_taken(client: Client) -> None:
    refused(
        send(client, files=SimpleUploadedFile("fix.exe", b"MZ", "image/png")), "files", "are not accepted"
    )


def test_a_file_over_25_mb(client: Client) -> None:
    big = SimpleUploadedFile("film.mp4", b"\0" * (25 * 1024 * 1024 + 1), "video/mp4")
    refused(send(client, files=big), "files", "is larger than 25 MB")


def test_too_many_files(client: Client) -> None:
    files = [SimpleUploadedFile(f"{n}.png", png(), "image/png") for n in range(6)]
    refused(send(client, files=files), "files", "at most 5 files")


def test_nothing_said(client: Client) -> None:
    answer = send(client, symptom="  ")
    assert answer.status_code == 422
    assert 'data-error="symptom"' in text_of(answer)
    assert PHONE in text_of(answer)


def test_an_unknown_serial_number_can_be_sent_all_the_same(client: Client) -> None:
    assert 'name="serial_unverified"' not in text_of(client.get(reverse("help:request")))
    answer = send(client, serial="ZZ99-0000-XX")
    refused(answer, "serial", "")
    assert 'name="serial_unverified"' in text_of(answer)
    assert 'value="ZZ99-0000-XX"' in text_of(answer)
    assert send(client, serial="ZZ99-0000-XX", serial_unverified="on").status_code == 302
    ticket = Ticket.objects.get()
    assert ticket.custom["serial_unverified"] is True
    assert ticket.serial


def test_everything_wrong_is_said_at_once(client: Client) -> None:
    answer = text_of(send(client, phone="12", serial="ZZ99", purchased_on="2099-01-01"))
    for field in ("phone", "serial", "purchased_on"):
        assert f'data-error="{field}"' in answer


def test_the_same_form_sent_twice_is_one_ticket_and_both_links_work(client: Client) -> None:
    links = []
    for _ in range(2):
        page = text_of(client.get(send(client)["Location"]))
        links.append(re.search(r'href="(/t/[\w-]{43}/)"', page)[1])
    assert Ticket.objects.count() == 1
    assert TicketEntry.objects.filter(message__body=WORDS).count() == 1
    assert [browser_of().get(link).status_code for link in links] == [200, 200]


def test_the_same_form_sent_with_other_words_is_asked_about_and_then_a_request_of_its_own(
    client: Client,
) -> None:
    send(client)
    answer = send(client, symptom="Now the fridge, too")
    assert answer.status_code == 409
    html = text_of(answer)
    assert "You sent this page before, with other words." in html
    assert "Now the fridge, too" in html
    assert Ticket.objects.count() == 1
    token = re.search(r'name="token" value="(\w+)"', html)[1]
    assert token != "form-1"
    assert send(client, symptom="Now the fridge, too", token=token).status_code == 302
    assert Ticket.objects.count() == 2


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_the_same_form_sent_twice_at_the_same_moment_is_one_ticket() -> None:
    browsers = [browser_of(), browser_of()]
    answers = at_once([lambda browser=browser: send(browser) for browser in browsers])
    assert [answer.status_code for answer in answers] == [302, 302]
    assert Ticket.objects.count() == 1
    for browser in browsers:
        assert Ticket.objects.get().reference in text_of(browser.get(reverse("help:sent")))


def test_whoever_floods_the_form_is_stopped_with_the_words_kept(client: Client) -> None:
    for number in range(REQUESTS_AN_HOUR):
        assert send(client, phone="12", token=f"f{number}").status_code == 422
    answer = send(client)
    assert (answer.status_code, answer["Retry-After"]) == (429, "3600")
    assert WORDS in text_of(answer)
    assert Ticket.objects.count() == 0


def test_the_form_knows_what_the_page_before_knew(client: Client) -> None:
    product = ProductFactory(model="HQ-G2")
    page = text_of(
        client.get(
            reverse("help:request"), {"product": product.code, "q": "offline", "code": "N05", "call": "1"}
        )
    )
    assert f'<option value="{product.pk}" selected' in page
    assert ">offline</textarea>" in page.replace("> offline", ">offline")
    assert 'value="N05"' in page


def test_a_signed_in_customer_need_not_say_the_phone_again() -> None:
    customer = CustomerFactory(phone=PHONE, user=CustomerUserFactory())
    client = browser_of(customer.user)
    assert "138****5678" in text_of(client.get(reverse("help:request")))
    assert send(client, phone="").status_code == 302
    assert Ticket.objects.get().customer == customer


# --- mine ---------------------------------------------------------------------------------------------------
def test_mine_shows_ones_own_and_nobody_elses(client: Client) -> None:
    send(client)
    send(browser_of(), phone="13900139000", symptom="A fridge that is somebody else's", token="form-2")
    ticket = Ticket.objects.get(customer__phone=PHONE)
    Customer.objects.filter(phone=PHONE).update(user=CustomerUserFactory(username="zhou"))
    customer = Customer.objects.get(phone=PHONE)
    page = text_of(browser_of(customer.user).get(reverse("help:mine")))
    assert f'href="{reverse("tickets:mine", args=[ticket.reference])}"' in page
    assert "fridge" not in page


def test_mine_leads_visitors_to_the_sign_in_and_back(client: Client) -> None:
    page = text_of(client.get(reverse("help:mine")))
    assert f'href="{reverse("account_login")}?next={reverse("help:mine")}"' in page


def test_a_customer_signs_in_with_a_code_and_finds_the_request_they_sent_before(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts: list[str] = []

    def send_text(*, phone: str, body: str) -> bool:
        texts.append(body)
        return True

    monkeypatch.setattr(ports.send_text, "_provider", send_text)
    send(client)
    ticket = Ticket.objects.get()
    visitor = browser_of()
    asked = visitor.post(
        f"{reverse('account_request_login_code')}?next={reverse('help:mine')}",
        {"phone": PHONE, "next": reverse("help:mine")},
    )
    code = re.search(r"\d{6}", texts[-1])
    assert code is not None
    visitor.get(asked["Location"])
    answer = visitor.post(asked["Location"], {"code": code[0], "next": reverse("help:mine")})
    assert (answer.status_code, answer["Location"]) == (302, reverse("help:mine"))
    page = text_of(visitor.get(reverse("help:mine")))
    assert ticket.reference in page
    own = visitor.get(reverse("tickets:mine", args=[ticket.reference]))
    assert (own.status_code, WORDS in text_of(own)) == (200, True)
    assert ticket.reference not in text_of(browser_of().get(reverse("help:mine")))
