"""Private links: unguessable, expiring, limited; progress by number and phone."""

from datetime import timedelta
from typing import Any

import pytest

from core.errors import InvalidInput, NotVisible, TooMany
from customers.models import Identity
from tests.factories.customers import CustomerFactory
from tests.factories.times import NOW
from tests.factories.work import make_ticket
from tickets.enums import Status
from tickets.models import Ticket, TrackingLink
from tickets.services import links

pytestmark = pytest.mark.django_db


def test_a_link_opens_its_ticket_and_its_secret_is_not_kept(desk_defaults: dict[str, Any]) -> None:
    ticket = make_ticket()
    token = links.issue_link(ticket=ticket, at=NOW)
    assert len(token) == 43  # 32 bytes
    assert links.ticket_of_token(token=token, at=NOW) == ticket
    row = TrackingLink.objects.get()
    assert (len(row.token_hash), row.token_hash == token, row.expires_at) == (
        64,
        False,
        NOW + timedelta(days=180),
    )


def test_each_link_is_another_and_all_stay_good(desk_defaults: dict[str, Any]) -> None:
    ticket = make_ticket()
    tokens = {links.issue_link(ticket=ticket, at=NOW) for _ in range(5)}
    assert len(tokens) == 5
    assert {links.ticket_of_token(token=token, at=NOW) for token in tokens} == {ticket}


def test_a_link_ends_after_its_days(desk_defaults: dict[str, Any]) -> None:
    token = links.issue_link(ticket=make_ticket(), at=NOW)
    links.ticket_of_token(token=token, at=NOW + timedelta(days=180) - timedelta(seconds=1))
    with pytest.raises(NotVisible):
        links.ticket_of_token(token=token, at=NOW + timedelta(days=180))


def test_a_revoked_link_opens_nothing(desk_defaults: dict[str, Any]) -> None:
    ticket = make_ticket()
    token = links.issue_link(ticket=ticket, at=NOW)
    assert links.revoke_links(ticket=ticket, at=NOW) == 1
    assert links.revoke_links(ticket=ticket, at=NOW) == 0
    with pytest.raises(NotVisible):
        links.ticket_of_token(token=token, at=NOW)


@pytest.mark.parametrize("token", ["", "a", "x" * 43, "x" * 5000, "'; --", "门锁"])
def test_a_guess_finds_nothing(token: str, desk_defaults: dict[str, Any]) -> None:
    links.issue_link(ticket=make_ticket(), at=NOW)
    with pytest.raises(NotVisible):
        links.ticket_of_token(token=token, at=NOW)


def test_guessing_is_limited_by_address_and_reading_is_not(desk_defaults: dict[str, Any]) -> None:
    token = links.issue_link(ticket=make_ticket(), at=NOW)
    for _ in range(links.WRONG_LINKS + 5):
        links.ticket_of_token(token=token, at=NOW, bucket="1.2.3.4")
    for number in range(links.WRONG_LINKS):
        with pytest.raises(NotVisible):
            links.ticket_of_token(token=f"guess-{number}", at=NOW, bucket="1.2.3.4")
    with pytest.raises(TooMany):
        links.ticket_of_token(token="guess", at=NOW, bucket="1.2.3.4")
    with pytest.raises(NotVisible):
        links.ticket_of_token(token="guess", at=NOW, bucket="5.6.7.8")
    with pytest.raises(NotVisible):
        links.ticket_of_token(token="guess", at=NOW + timedelta(hours=1), bucket="1.2.3.4")


def test_the_link_of_a_merged_ticket_leads_on(desk_defaults: dict[str, Any]) -> None:
    ticket = make_ticket()
    target = make_ticket(customer=ticket.customer)
    token = links.issue_link(ticket=ticket, at=NOW)
    Ticket.objects.filter(pk=ticket.pk).update(status=Status.MERGED, merged_into=target)
    assert links.ticket_of_token(token=token, at=NOW) == target
    assert links.look_up(reference=ticket.reference, phone=ticket.customer.phone, at=NOW) == target


def test_no_link_leads_to_somebody_elses_ticket(desk_defaults: dict[str, Any]) -> None:
    ticket = make_ticket()
    token = links.issue_link(ticket=ticket, at=NOW)
    Ticket.objects.filter(pk=ticket.pk).update(status=Status.MERGED, merged_into=make_ticket())
    assert links.ticket_of_token(token=token, at=NOW) == ticket
    assert links.look_up(reference=ticket.reference, phone=ticket.customer.phone, at=NOW) == ticket


@pytest.mark.parametrize("typed", ["{}", " {} ", "lower"])
def test_progress_by_number_and_phone(typed: str, desk_defaults: dict[str, Any]) -> None:
    ticket = make_ticket(customer=CustomerFactory(phone="13812345678"))
    reference = ticket.reference.lower() if typed == "lower" else typed.format(ticket.reference)
    assert links.look_up(reference=reference, phone="+86 138-1234-5678", at=NOW) == ticket


def test_any_of_the_customers_numbers_will_do(desk_defaults: dict[str, Any]) -> None:
    ticket = make_ticket()
    Identity.objects.create(customer=ticket.customer, kind="phone", value="057187654321")
    assert links.look_up(reference=ticket.reference, phone="0571-87654321", at=NOW) == ticket


def test_a_wrong_number_and_a_wrong_phone_look_the_same(desk_defaults: dict[str, Any]) -> None:
    ticket, other = make_ticket(), make_ticket()
    answers = set()
    for reference, phone in (
        (ticket.reference, other.customer.phone),
        ("T-2026-999999", ticket.customer.phone),
        ("nonsense", ticket.customer.phone),
    ):
        with pytest.raises(NotVisible) as refused:
            links.look_up(reference=reference, phone=phone, at=NOW)
        answers.add((refused.value.code, str(refused.value)))
    assert len(answers) == 1


def test_a_customer_without_a_phone_is_not_found_by_an_empty_one(desk_defaults: dict[str, Any]) -> None:
    ticket = make_ticket(customer=CustomerFactory(phone="", email="zhou@example.com"))
    for phone in ("", "  "):
        with pytest.raises(InvalidInput) as refused:
            links.look_up(reference=ticket.reference, phone=phone, at=NOW)
        assert list(refused.value.fields) == ["phone"]
    with pytest.raises(InvalidInput) as refused:
        links.look_up(reference=" ", phone="13812345678", at=NOW)
    assert list(refused.value.fields) == ["reference"]


def test_trying_phones_on_one_number_is_limited_from_everywhere(desk_defaults: dict[str, Any]) -> None:
    ticket = make_ticket(customer=CustomerFactory(phone="13812345678"))
    for number in range(links.LOOK_UPS_OF_ONE):
        with pytest.raises(NotVisible):
            links.look_up(
                reference=ticket.reference, phone=f"139{number:08d}", at=NOW, bucket=f"10.0.0.{number}"
            )
    with pytest.raises(TooMany):
        links.look_up(reference=ticket.reference, phone="13812345678", at=NOW, bucket="10.1.1.1")


def test_trying_numbers_from_one_address_is_limited(desk_defaults: dict[str, Any]) -> None:
    for number in range(links.LOOK_UPS):
        with pytest.raises(NotVisible):
            links.look_up(reference=f"T-2026-{number:06d}", phone="13812345678", at=NOW, bucket="1.2.3.4")
    with pytest.raises(TooMany):
        links.look_up(reference="T-2026-777777", phone="13812345678", at=NOW, bucket="1.2.3.4")
