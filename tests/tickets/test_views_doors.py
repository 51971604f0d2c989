"""Who may come in at the pages of tickets, and what reading does: nothing."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from core import clock
from core.actors import SYSTEM
from core.models import Event, Tries
from tests.factories.work import actor_of
from tests.html_checks import problems_of
from tests.tickets.doors import PHONE, House, browser_of, make_house, text_of
from tickets import desk_urls, urls
from tickets.models import (
    BulkRun,
    Draft,
    Macro,
    SeenMark,
    Ticket,
    TicketAlert,
    TicketEntry,
    TicketLink,
    TrackingLink,
)
from tickets.services.alerts import raise_alert
from tickets.services.bulk import start
from tickets.services.links import LOOK_UPS_OF_ONE, WRONG_LINKS
from tickets.services.relations import link

pytestmark = pytest.mark.django_db

POST_ONLY = {
    "seen",
    "draft",
    "duty",
    "reply",
    "note",
    "track_say",
    "track_confirm",
    "track_not_solved",
    "mine_say",
    "mine_confirm",
    "mine_not_solved",
    "watch",
    "acknowledge",
    "notices_read",
    "use_macro",
    "unmerge",
    "unlink",
    "not_same",
    "bulk",
    "bulk_retry",
}


@pytest.fixture
def house() -> House:
    """With something behind each address: an alert, a link, a run over one ticket, a macro."""
    found = make_house()
    agent, at = actor_of(found.agent), clock.now()
    raise_alert(ticket=found.ticket, word_class="complaint", word="投诉", actor=SYSTEM, at=at)
    link(ticket=found.ticket, other=found.strangers_ticket, kind="related", actor=agent, at=at)
    start(action="note", ticket_ids=[found.ticket.pk], params={"body": "x"}, key="k", actor=agent, at=at)
    Macro.objects.create(code="hello", name_zh="问候", name_en="Greeting", body_zh="{customer}您好")
    return found


def desk_address(pattern: URLPattern, reference: str) -> str:
    """An address of the house's: the alert, link, run and macro that `house` has, and the customer's first message."""
    given: dict[str, Any] = {
        "reference": reference,
        "name": "merge" if pattern.name == "pair" else "escalate",
        "field": "phone",
        "code": "hello",
        "alert_id": getattr(TicketAlert.objects.first(), "pk", 0),
        "link_id": getattr(TicketLink.objects.first(), "pk", 0),
        "pk": getattr(BulkRun.objects.first(), "pk", 0),
        "entry_id": getattr(TicketEntry.objects.filter(message__author="customer").first(), "pk", 0),
    }
    wanted = pattern.pattern.converters
    return reverse(f"desk:{pattern.name}", kwargs={key: given[key] for key in wanted})


DESK = [pattern for pattern in desk_urls.urlpatterns if pattern.name != "gallery"]
desk_doors = pytest.mark.parametrize("pattern", DESK, ids=lambda pattern: pattern.name)
own_doors = pytest.mark.parametrize("pattern", urls.urlpatterns, ids=lambda pattern: pattern.name)


# --- the desk is for staff ----------------------------------------------------------------------------------
@desk_doors
def test_nobody_signed_in_is_led_to_the_sign_in_and_back(house: House, pattern: URLPattern) -> None:
    address = desk_address(pattern, house.ticket.reference)
    answer = browser_of().get(address)
    assert (answer.status_code, answer["Location"]) == (302, f"{reverse('account_login')}?next={address}")


@desk_doors
def test_a_part_of_a_page_sends_the_whole_page_to_the_sign_in(house: House, pattern: URLPattern) -> None:
    answer = browser_of().get(desk_address(pattern, house.ticket.reference), headers={"HX-Request": "true"})
    page = f"/desk/t/{house.ticket.reference}/" if "reference" in pattern.pattern.converters else "/desk/"
    assert (answer.status_code, answer["HX-Redirect"]) == (204, f"{reverse('account_login')}?next={page}")


@desk_doors
def test_customers_find_no_desk(house: House, pattern: URLPattern) -> None:
    client, address = browser_of(house.customer.user), desk_address(pattern, house.ticket.reference)
    wrong_method = 405 if pattern.name in POST_ONLY else 404
    assert client.get(address).status_code == wrong_method
    posted = client.post(address, {"body": "x", "state": "busy"})
    assert posted.status_code in (404, 405)
    assert house.ticket.subject not in posted.content.decode()


@desk_doors
def test_nobody_writes_without_signing_in_and_is_told_that_the_text_is_safe(
    house: House, pattern: URLPattern
) -> None:
    before = Event.objects.count()
    answer = browser_of().post(desk_address(pattern, house.ticket.reference), {"body": "x", "reason": "y"})
    if answer.status_code != 405:
        assert answer.status_code == 401
        assert "What you wrote is still in the field" in text_of(answer)
    assert Event.objects.count() == before


@desk_doors
def test_a_ticket_that_is_not_there_is_not_found(house: House, pattern: URLPattern) -> None:
    if "reference" not in pattern.pattern.converters:
        return
    client, address = browser_of(house.agent), desk_address(pattern, "T-2026-999999")
    answer = client.post(address) if pattern.name in POST_ONLY else client.get(address)
    assert answer.status_code == 404


@desk_doors
def test_reading_the_desk_changes_nothing_and_head_answers_like_get(
    house: House, pattern: URLPattern
) -> None:
    client, address = browser_of(house.agent), desk_address(pattern, house.ticket.reference)
    before = state()
    wanted = 405 if pattern.name in POST_ONLY else 200
    assert client.get(address).status_code == wanted
    head = client.head(address)
    assert (head.status_code, head.content) == (wanted, b"")
    assert state() == before


def state() -> list[object]:
    """Everything that a page could change by being read."""
    return [
        list(Ticket.objects.order_by("pk").values()),
        Event.objects.count(),
        TicketEntry.objects.count(),
        SeenMark.objects.count(),
        Draft.objects.count(),
        TrackingLink.objects.count(),
    ]


@desk_doors
def test_posts_need_the_forms_own_token(house: House, pattern: URLPattern) -> None:
    address = desk_address(pattern, house.ticket.reference)
    answer = browser_of(house.agent, check_csrf=True).post(address, {"body": "x", "reason": "y"})
    assert answer.status_code == 403
    assert not TicketEntry.objects.filter(message__body="x").exists()


def test_no_page_of_the_desk_shows_a_whole_phone_number(house: House) -> None:
    client = browser_of(house.agent)
    shown = 0
    for pattern in DESK:
        if pattern.name in POST_ONLY:
            continue
        html = client.get(desk_address(pattern, house.ticket.reference)).content.decode()
        assert PHONE not in html, pattern.name
        shown += html.count("138****5678")
    assert shown == 2  # the ticket's page and its customer column


# --- a customer's ticket is theirs --------------------------------------------------------------------------
@own_doors
def test_anothers_ticket_is_not_found(house: House, pattern: URLPattern) -> None:
    """By sign-in: somebody else's number. By link: a guessed one."""
    key = house.strangers_ticket.reference if pattern.name.startswith("mine") else "guessed-token"
    address = reverse(f"tickets:{pattern.name}", args=[key])
    before = state()
    for client in (browser_of(), browser_of(house.customer.user), browser_of(house.agent)):
        answer = (
            client.post(address, {"body": "x", "reason": "y"})
            if pattern.name in POST_ONLY
            else client.get(address)
        )
        assert answer.status_code == 404
        assert "冰箱" not in answer.content.decode()
    assert state() == before


@own_doors
def test_reading_ones_ticket_changes_nothing_and_head_answers_like_get(
    house: House, pattern: URLPattern
) -> None:
    client = browser_of(house.customer.user)
    key = house.ticket.reference if pattern.name.startswith("mine") else house.token
    address = reverse(f"tickets:{pattern.name}", args=[key])
    before = state()
    wanted = 405 if pattern.name in POST_ONLY else 200
    assert client.get(address).status_code == wanted
    assert client.head(address).status_code == wanted
    assert state() == before


@own_doors
def test_posts_of_customers_need_the_forms_own_token(house: House, pattern: URLPattern) -> None:
    key = house.ticket.reference if pattern.name.startswith("mine") else house.token
    client = browser_of(house.customer.user, check_csrf=True)
    answer = client.post(reverse(f"tickets:{pattern.name}", args=[key]), {"body": "x"})
    assert answer.status_code == 403
    assert not TicketEntry.objects.filter(message__body="x").exists()


def test_a_wrong_or_expired_link_says_what_to_do(house: House) -> None:
    TrackingLink.objects.update(expires_at=clock.now() - timedelta(minutes=1))
    answer = browser_of().get(reverse("tickets:track", args=[house.token]))
    assert answer.status_code == 404
    assert "This link is wrong or expired. Try your number and phone." in text_of(answer)
    assert f'href="{reverse("help:lookup")}"' in text_of(answer)


def test_whoever_guesses_links_is_stopped(house: House) -> None:
    client = browser_of()
    for number in range(WRONG_LINKS):
        assert client.get(reverse("tickets:track", args=[f"guess-{number}"])).status_code == 404
    answer = client.get(reverse("tickets:track", args=["one-more"]))
    assert (answer.status_code, answer["Retry-After"]) == (429, "3600")
    # the holder of a good link at the same address is not stopped
    assert client.get(reverse("tickets:track", args=[house.token])).status_code == 200


def look_up(client: Client, reference: str, phone: str = PHONE):
    return client.post(reverse("help:lookup"), {"reference": reference, "phone": phone})


def test_number_and_phone_lead_to_a_link(house: House) -> None:
    answer = look_up(browser_of(), house.ticket.reference.lower(), "+86 138 1234 5678")
    assert re.fullmatch(r"/t/[\w-]{43}/", answer["Location"])
    assert house.ticket.subject in text_of(browser_of().get(answer["Location"]))


@pytest.mark.parametrize(("reference", "phone"), [("T-2026-999999", PHONE), ("", "13900139000")])
def test_a_guessed_number_is_not_found_and_keeps_what_was_typed(
    house: House, reference: str, phone: str
) -> None:
    answer = look_up(browser_of(), reference or house.ticket.reference, phone)
    assert answer.status_code == 404
    assert "Nothing found for this number and phone" in text_of(answer)
    assert f'value="{phone}"' in text_of(answer)


def test_whoever_guesses_phones_of_a_number_is_stopped_with_the_form_still_filled(house: House) -> None:
    client = browser_of()
    for number in range(LOOK_UPS_OF_ONE):
        assert look_up(client, house.ticket.reference, f"1390013{number:04d}").status_code == 404
    answer = look_up(client, house.ticket.reference)  # even the right one
    assert (answer.status_code, answer["Retry-After"]) == (429, "3600")
    assert "Too many tries" in text_of(answer)
    assert house.ticket.reference in text_of(answer)
    assert Tries.objects.exists()


def test_a_look_up_without_a_number_or_with_a_wrong_phone_says_so_beside_the_field(house: House) -> None:
    answer = look_up(browser_of(), "", PHONE)
    assert answer.status_code == 422
    assert 'data-error="reference"' in text_of(answer)
    answer = look_up(browser_of(), house.ticket.reference, "123")
    assert answer.status_code == 422
    assert 'data-error="phone"' in text_of(answer)


# --- every page is a good page ------------------------------------------------------------------------------
def test_each_public_page_has_one_heading_labels_a_title_and_no_id_twice(house: House) -> None:
    at_home, guest = browser_of(house.customer.user), browser_of()
    pages = [
        *(
            (guest, reverse(f"help:{name}"))
            for name in ("home", "search", "request", "lookup", "mine", "human")
        ),
        (guest, reverse("tickets:track", args=[house.token])),
        (guest, reverse("tickets:track", args=["wrong"])),
        (guest, reverse("account_login")),
        (at_home, reverse("help:mine")),
        (at_home, reverse("help:request")),
        (at_home, reverse("tickets:mine", args=[house.ticket.reference])),
    ]
    assert {address: problems_of(client.get(address).content.decode()) for client, address in pages} == {
        address: [] for _client, address in pages
    }


def test_each_page_of_the_desk_has_one_heading_labels_a_title_and_no_id_twice(house: House) -> None:
    client = browser_of(house.agent)
    base = f"/desk/t/{house.ticket.reference}/"
    acts = (
        "claim",
        "assign",
        "escalate",
        "hand-down",
        "regrade",
        "wait",
        "resume",
        "resolve",
        "confirm",
        "reopen",
    )
    pages = [
        "/desk/",
        "/desk/?view=all",
        "/desk/search/?q=网关",
        "/desk/search/",
        base,
        f"{base}reveal/phone/",
        *(f"{base}do/{name}/" for name in acts),
    ]
    found = {address: problems_of(client.get(address).content.decode()) for address in pages}
    assert found == {address: [] for address in pages}
