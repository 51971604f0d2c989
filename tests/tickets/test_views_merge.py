"""Merging, splitting, linking and many at once on the desk."""

from typing import Any

import pytest
from django.urls import reverse

from channels_hub.services.messages import receive
from core import clock
from tests.factories.customers import CustomerFactory
from tests.factories.work import actor_of, customer_of, make_colleague, make_ticket
from tests.tickets.doors import House, browser_of, make_house, text_of
from tickets import jobs
from tickets.enums import Status
from tickets.models import BulkRun, NotDuplicate, Ticket, TicketEntry, TicketLink, TicketMerge
from tickets.services import talk
from tickets.services.merge import merge
from tickets.services.relations import link

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def client(house: House) -> Any:
    return browser_of(house.agent)


@pytest.fixture
def other(house: House) -> Ticket:
    """Another open ticket of the same customer."""
    return make_ticket(customer=house.customer, words="网关又掉线", at=clock.now(), assignee=house.agent)


def at(name: str, *args: Any) -> str:
    return reverse(f"desk:{name}", args=args)


# --- merging ------------------------------------------------------------------------------------------------


def test_the_dialog_shows_both_and_what_may_be_the_same(house: House, client: Any, other: Ticket) -> None:
    address = at("pair", house.ticket.reference, "merge")
    for headers in ({}, HTMX):
        answer = client.get(address, headers=headers)
        assert answer.status_code == 200
        text = text_of(answer)
        assert house.ticket.reference in text
        assert f'value="{other.reference}"' in text
        assert house.strangers_ticket.reference not in text
    assert f'value="{other.reference}" checked' in text_of(client.get(f"{address}?with={other.reference}"))


def test_the_search_finds_by_number_phone_and_words(house: House, client: Any) -> None:
    address = at("part_found", house.ticket.reference)
    stranger = house.strangers_ticket
    for query in (stranger.reference, "13900139000"):
        assert f'value="{stranger.reference}"' in text_of(client.get(address, {"q": query}))
    assert "Nothing found" in text_of(client.get(address, {"q": "T-2026-999999"}))
    found = client.post(
        at("pair", house.ticket.reference, "merge"), {"find": "1", "q": stranger.reference}
    )  # without scripts
    assert found.status_code == 200
    assert f'value="{stranger.reference}"' in text_of(found)


def test_a_merge_leads_to_the_ticket_that_stays_and_is_undone_from_the_other(
    house: House, client: Any, other: Ticket
) -> None:
    answer = client.post(
        at("pair", other.reference, "merge"),
        {"target": house.ticket.reference, "reason": "同一个网关"},
        headers=HTMX,
    )
    assert (answer.status_code, answer["HX-Redirect"]) == (204, at("ticket", house.ticket.reference))
    page = text_of(client.get(at("ticket", other.reference)))
    assert "Undo the merge" in page
    assert house.ticket.reference in page
    assert TicketMerge.objects.get().reason == "同一个网关"
    undone = client.post(at("unmerge", other.reference), follow=True)
    assert "The ticket stands on its own again." in text_of(undone)
    other.refresh_from_db()
    assert other.status == Status.NEW
    client.post(at("unmerge", other.reference))
    assert TicketMerge.objects.exclude(undone_at=None).count() == 1


def test_different_customers_are_asked_about(house: House, client: Any) -> None:
    address = at("pair", house.strangers_ticket.reference, "merge")
    values = {"target": house.ticket.reference}
    refused = client.post(address, values, headers=HTMX)
    assert refused.status_code == 409
    text = text_of(refused)
    assert "The two tickets are of different customers." in text
    assert 'name="confirmed"' in text
    assert f'value="{house.ticket.reference}" checked' in text
    assert client.post(address, {**values, "confirmed": "on"}).status_code == 302
    house.strangers_ticket.refresh_from_db()
    assert house.strangers_ticket.merged_into == house.ticket


@pytest.mark.parametrize(
    ("values", "status"), [({}, 422), ({"target": "T-2026-999999"}, 422), ({"target": "itself"}, 409)]
)
def test_what_is_wrong_stands_in_the_dialog(
    house: House, client: Any, values: dict[str, str], status: int
) -> None:
    if values.get("target") == "itself":
        values = {"target": house.ticket.reference}
    answer = client.post(
        at("pair", house.ticket.reference, "merge"), {**values, "reason": "same"}, headers=HTMX
    )
    assert answer.status_code == status
    assert 'value="same"' in text_of(answer)


def test_an_undo_that_is_refused_says_why(house: House, client: Any, other: Ticket) -> None:
    actor, now = actor_of(house.agent), clock.now()
    last = make_ticket(customer=house.customer, at=now)
    merge(source=other, target=house.ticket, actor=actor, at=now)
    merge(source=house.ticket, target=last, actor=actor, at=now)
    answer = client.post(at("unmerge", other.reference), follow=True)
    assert "was merged itself since" in text_of(answer)


def test_none_of_it_exists_for_others(house: House, other: Ticket) -> None:
    strangers = [browser_of(make_colleague(tier="L2")), browser_of(house.customer.user)]
    entry = TicketEntry.objects.filter(ticket=house.ticket, message__direction="in").get()
    made = link(ticket=house.ticket, other=other, kind="related", actor=actor_of(house.agent), at=clock.now())
    reference = house.ticket.reference
    for client in strangers:
        for address in (
            at("part_related", reference),
            at("pair", reference, "merge"),
            at("part_found", reference),
            at("split", reference, entry.pk),
        ):
            assert client.get(address).status_code == 404
        for address in (
            at("pair", reference, "merge"),
            at("unmerge", reference),
            at("split", reference, entry.pk),
            at("unlink", reference, made.pk),
            at("not_same", reference),
        ):
            assert client.post(address, {"target": other.reference}).status_code == 404
    assert TicketLink.objects.count() == 1
    assert browser_of(house.agent).get(at("pair", reference, "explode")).status_code == 404


def test_reading_changes_nothing(house: House, client: Any, other: Ticket) -> None:
    for name in ("unmerge", "not_same"):
        assert client.get(at(name, house.ticket.reference)).status_code == 405


# --- splitting ----------------------------------------------------------------------------------------------


def test_a_message_is_split_off(house: House, client: Any) -> None:
    now = clock.now()
    message = receive(
        thread=house.ticket.thread, body="窗帘也不动了", actor=customer_of(house.customer), at=now
    )
    talk.note_customer_message(
        ticket=house.ticket, message=message, actor=customer_of(house.customer), at=now
    )
    entry = TicketEntry.objects.get(message=message)
    address = at("split", house.ticket.reference, entry.pk)
    assert address in text_of(client.get(at("ticket", house.ticket.reference)))
    for headers in ({}, HTMX):
        assert 'value="窗帘也不动了"' in text_of(client.get(address, headers=headers))
    assert client.post(address, {"subject": ""}, headers=HTMX).status_code == 422
    answer = client.post(address, {"subject": "窗帘"})
    made = Ticket.objects.get(split_from=house.ticket)
    assert made.subject == "窗帘"
    # it is in no queue yet, so it is not this agent's to see
    assert answer["Location"] == at("ticket", house.ticket.reference)
    assert client.get(address).status_code == 404


def test_the_only_message_is_not_split_off(house: House, client: Any) -> None:
    entry = TicketEntry.objects.get(ticket=house.ticket, message__direction="in")
    answer = client.post(at("split", house.ticket.reference, entry.pk), {"subject": "x"}, headers=HTMX)
    assert answer.status_code == 409
    assert "nothing would be left here" in text_of(answer)


# --- other tickets ------------------------------------------------------------------------------------------


def test_the_part_loads_on_its_own(house: House, client: Any, other: Ticket) -> None:
    page = text_of(client.get(at("ticket", house.ticket.reference)))
    assert at("part_related", house.ticket.reference) in page
    part = text_of(client.get(at("part_related", house.ticket.reference)))
    assert "Possibly the same" in part
    assert "same customer" in part
    assert other.reference in part


def test_not_the_same_is_remembered(house: House, client: Any, other: Ticket) -> None:
    answer = client.post(at("not_same", house.ticket.reference), {"other": other.reference}, headers=HTMX)
    assert "Possibly the same" not in text_of(answer)
    assert NotDuplicate.objects.count() == 1
    assert "None that we know of." in text_of(client.get(at("part_related", other.reference)))


def test_the_same_is_linked_and_the_link_taken_away(house: House, client: Any, other: Ticket) -> None:
    address = at("not_same", house.ticket.reference)
    answer = client.post(address, {"other": other.reference, "link": "1"}, headers=HTMX)
    made = TicketLink.objects.get()
    assert made.kind == "duplicate"
    assert at("unlink", house.ticket.reference, made.pk) in text_of(answer)
    assert client.post(at("unlink", house.ticket.reference, made.pk)).status_code == 302
    assert not TicketLink.objects.exists()


@pytest.mark.parametrize(
    ("kind", "stored", "turned"),
    [("related", "related", False), ("PARENT", "parent", True), ("FOLLOW_UP", "follow_up", True)],
)
def test_links_are_said_as_seen_from_here(
    house: House, client: Any, other: Ticket, kind: str, stored: str, turned: bool
) -> None:
    address = at("pair", house.ticket.reference, "link")
    assert client.post(address, {"target": other.reference, "kind": kind}).status_code == 302
    made = TicketLink.objects.get()
    ends = (other, house.ticket) if turned else (house.ticket, other)
    assert (made.kind, made.source, made.target) == (stored, *ends)


# --- many at once -------------------------------------------------------------------------------------------


def test_rows_can_be_chosen(house: House, client: Any) -> None:
    page = text_of(client.get(reverse("desk:queue")))
    assert 'id="bulk-form"' in page
    assert f'name="ticket" value="{house.ticket.pk}" form="bulk-form"' in page


@pytest.mark.parametrize("action", ["assign", "wait", "note", "regrade", "resolve", "merge"])
def test_every_action_asks_for_what_it_needs(house: House, client: Any, action: str, other: Ticket) -> None:
    answer = client.post(reverse("desk:bulk"), {"action": action, "ticket": [house.ticket.pk, other.pk]})
    assert answer.status_code == 200
    text = text_of(answer)
    assert "2 tickets" in text
    assert f'name="ticket" value="{other.pk}"' in text
    assert not BulkRun.objects.exists()


def test_a_run_is_asked_for_watched_and_tried_again(house: House, client: Any, other: Ticket) -> None:
    ids = [house.ticket.pk, other.pk]
    values = {"action": "wait", "ticket": ids, "go": "1", "key": "once"}
    assert client.post(reverse("desk:bulk"), values).status_code == 422  # for what?
    values["status"] = "waiting_customer"
    answer = client.post(reverse("desk:bulk"), values)
    run = BulkRun.objects.get()
    assert answer["Location"] == at("bulk_run", run.pk)
    assert client.post(reverse("desk:bulk"), values)["Location"] == at("bulk_run", run.pk)
    waiting = text_of(client.get(at("bulk_run", run.pk)))
    assert 'hx-trigger="every 1s"' in waiting
    jobs.run_bulk(run.pk)
    done = text_of(client.get(at("part_bulk_run", run.pk)))
    assert "every 1s" not in done
    assert "This cannot be done while the ticket is “New”." in done
    assert "Try the refused ones again" in done
    assert client.post(at("bulk_retry", run.pk)).status_code == 302
    assert run.rows.filter(state="pending").count() == 1


def test_a_merge_of_many_keeps_the_chosen_one(house: House, client: Any, other: Ticket) -> None:
    values = {
        "action": "merge",
        "ticket": [house.ticket.pk, other.pk],
        "target": house.ticket.pk,
        "go": "1",
        "key": "k",
    }
    client.post(reverse("desk:bulk"), values)
    jobs.run_bulk(BulkRun.objects.get().pk)
    other.refresh_from_db()
    assert other.merged_into == house.ticket


def test_runs_are_ones_own(house: House, client: Any) -> None:
    client.post(
        reverse("desk:bulk"),
        {"action": "note", "ticket": [house.ticket.pk], "body": "x", "go": "1", "key": "k"},
    )
    run = BulkRun.objects.get()
    for stranger in (browser_of(house.colleague), browser_of(house.customer.user)):
        assert stranger.get(at("bulk_run", run.pk)).status_code == 404
        assert stranger.post(at("bulk_retry", run.pk)).status_code == 404
    assert client.get(reverse("desk:bulk")).status_code == 405
    assert client.post(reverse("desk:bulk"), {"action": "explode"}).status_code == 404
    nothing = client.post(
        reverse("desk:bulk"), {"action": "note", "body": "x", "go": "1", "ticket": ["x", "0"]}
    )
    assert nothing.status_code == 422


def test_the_part_costs_the_same_for_one_and_many(
    house: House, client: Any, other: Ticket, django_assert_max_num_queries: Any
) -> None:
    address = at("part_related", house.ticket.reference)
    client.get(address)
    for _n in range(3):
        make_ticket(customer=house.customer, at=clock.now())
    link(
        ticket=house.ticket,
        other=make_ticket(customer=CustomerFactory(), at=clock.now()),
        kind="related",
        actor=actor_of(house.agent),
        at=clock.now(),
    )
    with django_assert_max_num_queries(12):
        client.get(address)
