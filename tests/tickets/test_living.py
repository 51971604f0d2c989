"""Where the doors of a merged ticket lead its customer."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from core import clock
from tests.api_client import app_of
from tests.factories.work import actor_of, customer_of, link_of, make_colleague, make_ticket
from tests.tickets.doors import House, make_house, text_of
from tickets.models import Ticket
from tickets.services import links
from tickets.services.living import found_by
from tickets.services.merge import merge

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def part(house: House) -> Ticket:
    """Another request of the same customer, merged into the first."""
    now = clock.now()
    made = make_ticket(customer=house.customer, words="网关又掉线", at=now, assignee=house.agent)
    merge(source=made, target=house.ticket, actor=actor_of(house.agent), at=now)
    return made


def test_every_way_leads_to_what_it_is_part_of(house: House, part: Ticket) -> None:
    token = links.issue_link(ticket=part, at=clock.now())
    page = text_of(Client().get(reverse("tickets:track", args=[token])))
    assert house.ticket.reference in page
    assert "网关又掉线" in page  # what was said there is here
    own = Client()
    own.force_login(house.customer.user, backend="accounts.backends.PasswordBackend")
    assert house.ticket.reference in text_of(own.get(reverse("tickets:mine", args=[part.reference])))
    for viewer in (customer_of(house.customer), link_of(house.ticket)):
        assert found_by(part.reference, viewer=viewer) == house.ticket


def test_a_word_by_the_old_address_arrives(house: House, part: Ticket) -> None:
    token = links.issue_link(ticket=part, at=clock.now())
    address = reverse("tickets:track_say", args=[token])
    assert Client().post(address, {"body": "还是红灯", "client_id": "a"}).status_code == 302
    assert house.ticket.entries.filter(message__body="还是红灯", public=True).exists()


def test_the_app_finds_it_by_its_old_number(house: House, part: Ticket) -> None:
    app = app_of(house.customer.user)
    assert app.get(f"requests/{part.reference}/").json()["reference"] == house.ticket.reference
    said = app.post(f"requests/{part.reference}/messages/", {"body": "还是红灯"})
    assert said.status_code == 201, said.content


def test_nobody_is_led_to_somebody_elses(house: House) -> None:
    now = clock.now()
    merge(
        source=house.strangers_ticket,
        target=house.ticket,
        confirmed=True,
        actor=actor_of(house.agent),
        at=now,
    )
    page: Any = Client().get(reverse("tickets:track", args=[house.strangers_token]))
    text = text_of(page)
    assert house.strangers_ticket.reference in text
    assert house.ticket.reference not in text
    assert 'id="say"' not in text
    stranger = customer_of(house.stranger)
    assert found_by(house.strangers_ticket.reference, viewer=stranger) == house.strangers_ticket
    assert found_by(house.ticket.reference, viewer=stranger) is None
    assert found_by(house.strangers_ticket.reference, viewer=customer_of(house.customer)) is None
    assert found_by("T-0", viewer=actor_of(make_colleague())) is None
