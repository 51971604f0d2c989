"""The desk while no ticket is opened: what is next and why, what is new, what waits; and how a list is headed."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core import clock
from tests.tickets.doors import House, browser_of, make_house, text_of
from tickets.models import Ticket

pytestmark = pytest.mark.django_db

LISTED = re.compile(r'<h2 class="queue__group"[^>]*>([^<]*)</h2>')


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def client(house: House) -> Any:
    return browser_of(house.agent)


def due_in(ticket: Ticket, minutes: float) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(due_at=clock.now() + timedelta(minutes=minutes))


def stats_of(html: str) -> dict[str, str]:
    return dict(re.findall(r'<dt class="stat__label">([^<]*)</dt><dd [^>]*>([^<]*)</dd>', html))


def test_what_is_overdue_has_a_head_of_its_own(client: Any, house: House) -> None:
    due_in(house.ticket, -5)
    due_in(house.strangers_ticket, 10)
    page = client.get("/desk/").content.decode()
    assert LISTED.findall(page) == ["Overdue · 1", "Due within 30 minutes · 1"]
    assert page.count("data-late") == 1


def test_nothing_overdue_has_no_such_head(client: Any, house: House) -> None:
    due_in(house.ticket, 31)
    Ticket.objects.filter(pk=house.strangers_ticket.pk).update(due_at=None)
    page = client.get("/desk/").content.decode()
    assert LISTED.findall(page) == ["Due later · 1", "No clock running · 1"]


@pytest.mark.parametrize(
    ("minutes", "reason"), [(-5, "Overdue for longest"), (5, "Due next"), (90, "Due next")]
)
def test_the_next_one_stands_there_with_its_reason(
    client: Any, house: House, minutes: int, reason: str
) -> None:
    due_in(house.ticket, 600)
    due_in(house.strangers_ticket, minutes)
    page = text_of(client.get("/desk/"))
    assert f'<h2 id="idle-next">{house.strangers_ticket.subject}</h2>' in page
    assert f"Next · {reason}" in page
    assert page.count('hx-push-url="true">Open the ticket</a>') == 1


def test_where_nothing_is_due_the_first_one_says_so(client: Any, house: House) -> None:
    Ticket.objects.update(due_at=None)
    assert "Next · Nothing is due; this one comes first" in text_of(client.get("/desk/"))


def test_how_much_is_due_and_what_is_new_since_one_looked(client: Any, house: House) -> None:
    due_in(house.ticket, -5)
    due_in(house.strangers_ticket, 10)
    page = client.get("/desk/").content.decode()
    assert stats_of(page) == {"Overdue": "1", "Due within 30 minutes": "1", "New from customers": "2"}
    assert page.count('class="news"') == 2
    client.post(reverse("desk:seen", args=[house.ticket.reference]))
    page = client.get("/desk/").content.decode()
    assert stats_of(page)["New from customers"] == "1"
    assert page.count('class="news"') == 1


def test_an_empty_list_leads_to_ones_own_work_or_to_what_is_open(client: Any, house: House) -> None:
    page = text_of(client.get("/desk/?view=waiting_part"))
    assert "2 tickets of your own are open." in page
    assert 'href="/desk/">My work</a>' in page
    page = text_of(browser_of(house.colleague).get("/desk/"))
    assert "Nothing of your own is open" in page
    assert 'href="/desk/?view=all">All open</a>' in page


def test_what_waits_for_somebody_is_said_with_its_age(client: Any, house: House) -> None:
    assert "waits for somebody" not in text_of(client.get("/desk/"))
    Ticket.objects.filter(pk=house.ticket.pk).update(assignee=None)
    page = text_of(client.get("/desk/"))
    assert "1 ticket waits for somebody" in page
    assert 'class="card idle__wait" href="/desk/?view=unassigned"' in page


def test_the_part_is_a_part_with_the_news_beside_it(client: Any) -> None:
    page = text_of(client.get("/desk/parts/idle/?view=mine"))
    assert "<html" not in page
    assert 'id="idle-next"' in page
    assert '<div id="news" hx-swap-oob="innerHTML">' in page


def test_a_made_up_list_and_a_customer_have_none(client: Any, house: House) -> None:
    assert client.get("/desk/parts/idle/?view=nobodys").status_code == 404
    assert browser_of(house.customer.user).get("/desk/parts/idle/").status_code == 404


def test_it_costs_the_page_no_query(client: Any, house: House) -> None:
    """What stands there was read for the list and the counts."""

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get("/desk/").status_code == 200
        return len(seen)

    queries()
    full = queries()
    Ticket.objects.update(assignee=house.colleague)
    assert queries() == full <= 8
