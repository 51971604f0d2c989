"""A small house for the tests of pages: two agents, two customers, tickets, and clients that are signed in."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from core import clock
from customers.models import Customer
from tests.factories.accounts import CustomerUserFactory
from tests.factories.channels_hub import ChannelFactory
from tests.factories.customers import CustomerFactory
from tests.factories.tickets import make_desk
from tests.factories.work import make_colleague, make_open_ticket
from tickets.models import Ticket
from tickets.services.links import issue_link

PHONE = "13812345678"


@dataclass
class House:
    """Who and what there is."""

    codes: dict[str, Any]
    agent: User
    colleague: User
    customer: Customer
    stranger: Customer
    ticket: Ticket
    token: str
    strangers_ticket: Ticket
    strangers_token: str


def make_house() -> House:
    """Lin Xiao has the open ticket of Zhou Min; another customer has a ticket of their own."""
    codes = make_desk()
    ChannelFactory(kind="web_form")
    at = clock.now()
    agent, colleague = make_colleague("林晓"), make_colleague("何婷")
    customer = CustomerFactory(phone=PHONE, user=CustomerUserFactory(username="zhou"))
    stranger = CustomerFactory(
        phone="13900139000", name="吴强", salutation="吴先生", user=CustomerUserFactory(username="wu")
    )
    ticket = make_open_ticket(agent, customer=customer, at=at)
    other = make_open_ticket(agent, customer=stranger, at=at, words="冰箱不制冷")
    return House(
        codes,
        agent,
        colleague,
        customer,
        stranger,
        ticket,
        issue_link(ticket=ticket, at=at),
        other,
        issue_link(ticket=other, at=at),
    )


def browser_of(user: User | None = None, *, check_csrf: bool = False) -> Client:
    """A browser in English, signed in as this person."""
    client = Client(headers={"Accept-Language": "en"}, enforce_csrf_checks=check_csrf)
    if user is not None:
        client.force_login(user, backend="accounts.backends.PasswordBackend")
    return client


def text_of(answer: HttpResponse) -> str:
    return " ".join(answer.content.decode().split())
