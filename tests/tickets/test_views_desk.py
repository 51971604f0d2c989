"""The desk's pages: lists, one ticket, search, duty; what they cost, and what they say to hear."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Agent, DutyLog, DutyReason
from core import clock, live
from tests.factories.customers import CustomerFactory, DeviceFactory
from tests.factories.work import actor_of, make_colleague, make_open_ticket, make_ticket
from tests.tickets.doors import PHONE, House, browser_of, make_house, text_of
from tickets.models import SeenMark, Ticket
from tickets.services import search

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def client(house: House) -> Any:
    return browser_of(house.agent)


def references(html: str) -> list[str]:
    return re.findall(r'class="trow"[^>]*? href="/desk/t/(T-[\d-]+)/', html)


# --- lists --------------------------------------------------------------------------------------------------
def test_the_list_is_ones_own_work_and_what_is_due_first_stands_on_top(client: Any, house: House) -> None:
    make_open_ticket(house.colleague, customer=CustomerFactory())
    Ticket.objects.filter(pk=house.strangers_ticket.pk).update(due_at=clock.now() + timedelta(minutes=10))
    found = references(client.get("/desk/").content.decode())
    assert found == [house.strangers_ticket.reference, house.ticket.reference]


def test_a_row_says_who_by_salutation_only_and_is_new_until_it_was_seen(client: Any, house: House) -> None:
    page = client.get("/desk/").content.decode()
    assert "周女士" in page
    assert "周敏" not in page
    assert page.count("data-unread") == 2
    assert client.post(reverse("desk:seen", args=[house.ticket.reference])).status_code == 204
    assert client.get("/desk/").content.decode().count("data-unread") == 1
    assert SeenMark.objects.get().user == house.agent


def test_pages_follow_each_other_by_cursor(client: Any, house: House) -> None:
    Agent.objects.update(ticket_capacity=100)
    for _ in range(50):
        make_ticket(assignee=house.agent, customer=house.customer, at=clock.now())
    first = client.get("/desk/").content.decode()
    more = re.search(r'hx-get="(/desk/parts/list/\?[^"]*cursor=[^"]*)"', first)
    assert more is not None
    rest = client.get(more[1].replace("&amp;", "&")).content.decode()
    assert "<html" not in rest
    assert len(references(first)) == 50
    assert len(references(rest)) == 2
    assert not set(references(first)) & set(references(rest))
    plain = re.search(r'<a class="btn[^"]*" href="(/desk/\?[^"]*cursor=[^"]*)"', first)  # without scripts
    assert plain is not None
    assert references(client.get(plain[1].replace("&amp;", "&")).content.decode()) == references(rest)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/desk/?view=nobodys", 404),
        ("/desk/?cursor=made-up", 400),
        ("/desk/?view=queue:99999999999999999999", 404),
    ],
)
def test_made_up_lists_and_pages_are_refused(client: Any, address: str, status: int) -> None:
    assert client.get(address).status_code == status


def test_an_empty_list_is_good_news(house: House) -> None:
    assert "All done" in text_of(browser_of(house.colleague).get("/desk/"))


def test_the_page_asks_to_hear_of_ones_own_queues_and_lists(client: Any, house: House) -> None:
    """Topics that this viewer may watch: one that is refused would leave the list standing still."""
    page = client.get(f"/desk/t/{house.ticket.reference}/").content.decode()
    found = re.search(r'data-live-topics="([^"]*)"', page)
    assert found is not None
    queue = house.codes["queues"]["L1"]
    topics = found[1].split()
    own = [f"desk:{house.agent.pk}", f"notices:{house.agent.pk}"]
    assert topics == [*own, f"queue:{queue.pk}", f"ticket:{house.ticket.pk}"]
    for topic in topics:
        parsed = live.parse_topic(topic)
        assert parsed is not None
        assert live.may_watch(actor_of(house.agent), *parsed)


# --- one ticket ---------------------------------------------------------------------------------------------
def test_the_page_shows_conversation_clocks_customer_and_why(client: Any, house: House) -> None:
    page = text_of(client.get(f"/desk/t/{house.ticket.reference}/"))
    for words in ("网关离线了", "我来看看", "138****5678", "Why this grade", "Why this person", "Resolution"):
        assert words in page
    assert 'role="log"' in page


def test_opened_from_the_list_only_the_columns_travel_with_the_title(client: Any, house: House) -> None:
    page = text_of(
        client.get(f"/desk/t/{house.ticket.reference}/", headers={"HX-Request": "true", "HX-Target": "main"})
    )
    assert "<html" not in page
    assert f"<title>{house.ticket.subject} · {house.ticket.reference}</title>" in page
    assert 'id="customer" hx-swap-oob' in page


def test_the_thread_comes_in_pieces(client: Any, house: House) -> None:
    address = reverse("desk:part_thread", args=[house.ticket.reference])
    everything = re.findall(r'data-entry="(\d+)"', client.get(address).content.decode())
    assert len(everything) > 2
    last, before = everything[-1], everything[-2]
    assert re.findall(r'data-entry="(\d+)"', client.get(address, {"after": before}).content.decode()) == [
        last
    ]
    earlier = client.get(address, {"before": last}).content.decode()
    assert re.findall(r'data-entry="(\d+)"', earlier) == everything[:-1]
    assert client.get(address, {"after": "x" * 40}).status_code == 200


def test_each_kind_of_event_has_its_own_picture(client: Any, house: House) -> None:
    page = client.get(f"/desk/t/{house.ticket.reference}/").content.decode()
    pictures = re.findall(r'<p class="event".*?#i-([\w-]+)"', page, re.S)
    assert pictures == ["plus", "tag", "list", "person", "right"]


# --- what it costs ------------------------------------------------------------------------------------------
def queries(client: Any, address: str, headers: dict[str, str] | None = None) -> int:
    client.get(address, headers=headers or {})  # names are kept for half a minute
    with CaptureQueriesContext(connection) as seen:
        assert client.get(address, headers=headers or {}).status_code == 200
    return len(seen)


@pytest.mark.parametrize(
    "address", ["/desk/", "/desk/?view=all", "/desk/parts/list/?view=mine", "/desk/search/?q=网关"]
)
def test_a_list_costs_the_same_with_one_row_and_with_three(house: House, address: str) -> None:
    colleague = make_colleague("周末")
    client = browser_of(colleague)
    make_open_ticket(colleague, customer=house.customer, at=clock.now())
    one = queries(client, address)
    for _ in range(2):
        make_open_ticket(colleague, customer=CustomerFactory(), at=clock.now())
    assert queries(client, address) == one


#: what a first view may cost at most
@pytest.mark.parametrize(
    ("address", "most"), [("/desk/", 8), ("/desk/parts/list/", 4), ("/desk/t/{reference}/", 8)]
)
def test_no_page_costs_more_than_it_did(client: Any, house: House, address: str, most: int) -> None:
    assert queries(client, address.format(reference=house.ticket.reference)) <= most


def test_a_ticket_costs_the_same_however_much_there_is_to_show(client: Any, house: House) -> None:
    address = f"/desk/t/{house.ticket.reference}/"
    _devices(house, 1)
    make_open_ticket(house.agent, customer=house.customer, at=clock.now())
    one = queries(client, address)
    _devices(house, 2)
    for _ in range(2):
        make_open_ticket(house.agent, customer=house.customer, at=clock.now())
    assert queries(client, address) == one


def _devices(house: House, count: int) -> None:
    for _ in range(count):
        DeviceFactory(customer=house.customer)


# --- search -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("query", [PHONE, "{reference}", "网关离线"])
def test_search_finds_by_number_phone_and_words(client: Any, house: House, query: str) -> None:
    search.index_tickets([house.ticket.pk, house.strangers_ticket.pk])
    found = client.get("/desk/search/", {"q": query.format(reference=house.ticket.reference)})
    assert references(found.content.decode()) == [house.ticket.reference]


def test_search_finds_nothing_of_other_teams(house: House) -> None:
    stranger = make_colleague("外组", queue=house.codes["queues"]["L3"], tier="L3")
    page = text_of(browser_of(stranger).get("/desk/search/", {"q": PHONE}))
    assert house.ticket.reference not in page
    assert "Nothing found" in page


# --- duty ---------------------------------------------------------------------------------------------------
@pytest.fixture
def lunch(db: None) -> DutyReason:
    DutyReason.objects.all().delete()
    DutyReason.objects.create(code="old", name_zh="旧", name_en="Old", active=False)
    return DutyReason.objects.create(code="meal", name_zh="用餐", name_en="Meal")


def test_the_reasons_for_a_break_are_the_configured_ones(lunch: DutyReason, client: Any) -> None:
    page = text_of(client.get("/desk/"))
    assert 'value="break:meal"' in page
    assert "Break: Meal" in page
    assert "break:old" not in page


def test_duty_changes_and_is_kept_in_the_log(lunch: DutyReason, client: Any, house: House) -> None:
    answer = client.post("/desk/duty/", {"state": "break:meal"}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert 'data-s="break"' in text_of(answer)
    agent = Agent.objects.get(user=house.agent)
    assert (agent.duty_state, DutyLog.objects.get(agent=agent, until=None).reason) == ("break", "meal")
    assert client.post("/desk/duty/", {"state": "available"})["Location"] == "/desk/"
    assert Agent.objects.get(user=house.agent).duty_state == "available"


@pytest.mark.parametrize(("state", "words"), [("break", "Say why."), ("asleep", "There is no such state.")])
def test_a_refused_duty_state_says_so_with_and_without_scripts(
    client: Any, house: House, state: str, words: str
) -> None:
    assert words in text_of(client.post("/desk/duty/", {"state": state}, headers={"HX-Request": "true"}))
    answer = client.post("/desk/duty/", {"state": state})
    assert words in text_of(client.get(answer["Location"]))
    assert Agent.objects.get(user=house.agent).duty_state == "available"
