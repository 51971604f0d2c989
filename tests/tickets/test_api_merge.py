"""The API's doors of tickets that belong together."""

from typing import Any

import pytest
import time_machine

from channels_hub.services.messages import receive
from tests.api_client import app_of, problem
from tests.factories.customers import CustomerFactory
from tests.factories.times import NOW
from tests.factories.work import customer_of, make_colleague, make_open_ticket, make_ticket
from tickets.models import Ticket, TicketEntry, TicketLink
from tickets.services import talk

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("desk_defaults")]


@pytest.fixture(autouse=True)
def now() -> Any:
    with time_machine.travel(NOW, tick=False) as moment:
        yield moment


def test_a_merge_and_its_undoing() -> None:
    agent, customer = make_colleague(), CustomerFactory()
    source = make_ticket(customer=customer, assignee=agent)
    target = make_open_ticket(agent, customer=customer)
    app = app_of(agent)
    answer = app.post(f"tickets/{source.reference}/merge/", {"target": target.reference, "reason": "同一件"})
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert (body["reference"], body["merged_into"]) == (target.reference, None)
    assert body["links"] == [
        {
            "id": None,
            "kind": "merged",
            "words": "merged into this",
            "reference": source.reference,
            "subject": source.subject,
            "status": "merged",
        }
    ]
    merged = app.get(f"tickets/{source.reference}/").json()
    assert (merged["status"], merged["merged_into"]) == ("merged", target.reference)
    assert "unmerge" in merged["allowed"]
    undone = app.post(f"tickets/{source.reference}/unmerge/", {})
    assert (undone.json()["status"], undone.json()["merged_into"]) == ("new", None)
    assert app.post(f"tickets/{source.reference}/unmerge/", {}).status_code == 404


def test_refusals_are_problems() -> None:
    agent = make_colleague()
    source, target = make_ticket(assignee=agent), make_open_ticket(agent)
    app = app_of(agent)
    address = f"tickets/{source.reference}/merge/"
    refused = problem(app.post(address, {"target": target.reference}), 409)
    assert refused["code"] == "different_customers"
    assert app.post(address, {"target": target.reference, "confirmed": True}).status_code == 200
    assert problem(app.post(address, {"target": source.reference}), 409)["code"] == "merge_self"
    assert app.post(address, {"target": "T-2026-999999"}).status_code == 404
    stranger = app_of(make_colleague(tier="L2"))
    assert stranger.post(address, {"target": target.reference}).status_code == 404


def test_a_message_is_split_off() -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    message = receive(thread=ticket.thread, body="窗帘也不动", actor=customer_of(ticket.customer), at=NOW)
    talk.note_customer_message(ticket=ticket, message=message, actor=customer_of(ticket.customer), at=NOW)
    entry = TicketEntry.objects.get(message=message)
    address = f"tickets/{ticket.reference}/split/"
    answer = app_of(agent).post(address, {"entry": entry.pk, "subject": "窗帘"})
    made = Ticket.objects.get(split_from=ticket)
    assert answer.status_code == 201, answer.content
    assert answer.json() == {"id": made.pk, "reference": made.reference, "subject": "窗帘"}
    assert app_of(agent).post(address, {"entry": 999_999}).status_code == 404


def test_links_are_made_and_taken_away() -> None:
    agent = make_colleague()
    one, other = make_ticket(assignee=agent), make_ticket(assignee=agent)
    app = app_of(agent)
    made = app.post(f"tickets/{one.reference}/link/", {"other": other.reference, "kind": "parent"})
    assert [(row["kind"], row["words"]) for row in made.json()["links"]] == [("parent", "part of this")]
    refused = app.post(f"tickets/{other.reference}/link/", {"other": one.reference, "kind": "parent"})
    assert problem(refused, 409)["code"] == "link_ring"
    link_id = TicketLink.objects.get().pk
    third = make_ticket(assignee=agent)
    assert app.post(f"tickets/{third.reference}/unlink/", {"id": link_id}).status_code == 404
    gone = app.post(f"tickets/{other.reference}/unlink/", {"id": link_id})
    assert gone.json()["links"] == []
