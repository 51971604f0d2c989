"""The bell, its panel and page; watching, taking note and names on the desk; what they cost, and who gets nothing."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Notice, User
from accounts.services.notices import notify
from core import clock
from core.actors import SYSTEM
from tests.factories.work import actor_of, deliver, make_colleague
from tests.tickets.doors import House, browser_of, make_house, text_of
from tickets.models import TicketAlert, TicketWatcher
from tickets.services.alerts import raise_alert

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def house() -> House:
    made = make_house()
    deliver(clock.now())
    Notice.objects.all().delete()
    return made


@pytest.fixture
def client(house: House) -> Any:
    return browser_of(house.agent)


def tell(user: User, house: House, key: str = "one", **also: Any) -> Notice:
    words = {"kind": "tickets.mentioned", "data": {"note_id": 1, "by": house.colleague.pk}, **also}
    [made] = notify(
        recipients=[user.pk],
        subject_kind="ticket",
        subject_id=house.ticket.pk,
        dedupe=key,
        actor=SYSTEM,
        at=clock.now(),
        **words,
    )
    return made


# --- the bell -----------------------------------------------------------------------------------------------
def test_the_bell_stands_on_the_desk_and_loads_by_itself(client: Any, house: House) -> None:
    page = text_of(client.get("/desk/"))
    # nothing waits: it is asked for when something comes
    assert 'hx-get="/desk/notices/bell/" hx-trigger="live:notices from:document"' in page
    tell(house.agent, house)
    page = text_of(client.get("/desk/"))
    assert 'hx-get="/desk/notices/bell/" hx-trigger="load, live:notices from:document"' in page
    assert 'hx-get="/desk/notices/" hx-trigger="bell:open"' in page


def test_the_number_is_what_is_unread_and_alerts_come_along(client: Any, house: House) -> None:
    assert "badge" not in text_of(client.get("/desk/notices/bell/"))
    tell(house.agent, house)
    alert = tell(
        house.agent,
        house,
        "two",
        kind="tickets.alert",
        data={"alert_id": 0, "word_class": "complaint", "again": False},
        level="alert",
    )
    tell(house.colleague, house, "three")
    page = text_of(client.get("/desk/notices/bell/"))
    assert '<span class="badge" data-hot aria-hidden="true">2</span>' in page
    assert re.findall(r'data-alert="(\d+)" data-title="([^"]*)"', page) == [
        (str(alert.pk), "Alert: Complaint")
    ]


def test_the_panel_lists_ones_own_with_words_and_links(client: Any, house: House) -> None:
    tell(house.agent, house)
    tell(house.colleague, house, "other")
    panel = text_of(client.get("/desk/notices/", headers=HTMX))
    assert "<html" not in panel
    assert panel.count('class="nrow"') == 1
    assert f"{house.colleague.display_name_en} calls you in a note" in panel
    assert f'href="/desk/t/{house.ticket.reference}/"' in panel
    assert "Mark all as read" in panel
    whole = text_of(client.get("/desk/notices/"))
    assert "<html" in whole
    assert whole.count('class="nrow"') == 1


def test_an_empty_panel_says_so(client: Any) -> None:
    assert "Nothing new" in text_of(client.get("/desk/notices/", headers=HTMX))


def test_pages_follow_each_other(client: Any, house: House) -> None:
    for number in range(22):
        tell(house.agent, house, str(number))
    first = text_of(client.get("/desk/notices/", headers=HTMX))
    more = re.search(r'hx-get="(/desk/notices/\?before=\d+)"', first)
    assert more is not None
    rest = text_of(client.get(more[1], headers=HTMX))
    assert (first.count('class="nrow"'), rest.count('class="nrow"')) == (20, 2)
    assert client.get("/desk/notices/", {"before": "x" * 30}, headers=HTMX).status_code == 200


# --- reading ------------------------------------------------------------------------------------------------
def test_one_is_marked_as_read_and_then_all(client: Any, house: House) -> None:
    first, second = tell(house.agent, house), tell(house.agent, house, "two")
    panel = text_of(client.post("/desk/notices/read/", {"notice": first.pk}, headers=HTMX))
    assert panel.count("data-unread") == 1
    later = tell(house.agent, house, "three")
    assert client.post("/desk/notices/read/", {"up_to": second.pk}).status_code == 302
    assert list(Notice.objects.unread()) == [later]


@pytest.mark.parametrize("field", ["notice", "up_to"])
def test_nobody_marks_what_somebody_else_was_told(client: Any, house: House, field: str) -> None:
    theirs = tell(house.colleague, house)
    answer = client.post("/desk/notices/read/", {field: theirs.pk}, headers=HTMX)
    assert answer.status_code == (404 if field == "notice" else 200)
    theirs.refresh_from_db()
    assert theirs.read_at is None


def test_reading_is_a_post_with_a_number(client: Any, house: House) -> None:
    assert client.get("/desk/notices/read/").status_code == 405
    assert client.post("/desk/notices/read/", {}).status_code == 404
    assert client.post("/desk/notices/read/", {"notice": "x"}).status_code == 404


def test_looking_at_the_ticket_reads_what_one_was_told_about_it(client: Any, house: House) -> None:
    about = tell(house.agent, house)
    other = tell(house.agent, house, "other")
    Notice.objects.filter(pk=other.pk).update(subject_id=house.strangers_ticket.pk)
    client.post(reverse("desk:seen", args=[house.ticket.reference]))
    assert list(Notice.objects.unread()) == [other]
    about.refresh_from_db()
    assert about.read_at is not None


@pytest.mark.parametrize("address", ["/desk/notices/", "/desk/notices/bell/", "/desk/t/{}/people/?q=x"])
def test_customers_and_strangers_find_nothing_here(house: House, address: str) -> None:
    place = address.format(house.ticket.reference)
    assert browser_of(house.customer.user).get(place).status_code == 404
    assert browser_of().get(place).status_code == 302
    assert browser_of().get(place, headers=HTMX)["HX-Redirect"].startswith("/accounts/login/")


# --- watching -----------------------------------------------------------------------------------------------
def test_watching_is_a_button_with_a_key(client: Any, house: House) -> None:
    address = reverse("desk:watch", args=[house.ticket.reference])
    page = text_of(client.get(f"/desk/t/{house.ticket.reference}/"))
    assert 'id="watch-button" data-key="w" aria-pressed="false"' in page
    head = text_of(client.post(address, {"on": "1"}, headers=HTMX))
    assert "<html" not in head
    assert 'aria-pressed="true"' in head
    assert TicketWatcher.objects.get().user == house.agent
    client.post(address, {"on": "1"})
    assert TicketWatcher.objects.count() == 1
    assert client.post(address, {"on": "0"}).status_code == 302
    assert not TicketWatcher.objects.exists()


def test_a_strangers_ticket_is_not_watched(house: House) -> None:
    stranger = browser_of(make_colleague("外组", queue=house.codes["queues"]["L3"], tier="L3"))
    for name in ("watch", "people"):
        address = reverse(f"desk:{name}", args=[house.ticket.reference])
        answer = stranger.get(address) if name == "people" else stranger.post(address, {"on": "1"})
        assert answer.status_code == 404
    assert not TicketWatcher.objects.exists()


# --- alerts -------------------------------------------------------------------------------------------------
def alert_on(house: House) -> TicketAlert:
    made = raise_alert(ticket=house.ticket, word_class="complaint", word="投诉", actor=SYSTEM, at=clock.now())
    assert made is not None
    return made


def test_an_alert_stands_in_the_head_until_somebody_takes_care(client: Any, house: House) -> None:
    alert = alert_on(house)
    page = text_of(client.get(f"/desk/t/{house.ticket.reference}/"))
    assert "The customer said “投诉”" in page
    address = reverse("desk:acknowledge", args=[house.ticket.reference, alert.pk])
    assert client.get(address).status_code == 405
    head = text_of(client.post(address, headers=HTMX))
    assert "The customer said" not in head
    alert.refresh_from_db()
    assert alert.acknowledged_by == house.agent
    assert client.post(address).status_code == 302


def test_what_stood_on_the_page_together_is_taken_care_of_together(client: Any, house: House) -> None:
    first = alert_on(house)
    second = raise_alert(ticket=house.ticket, word_class="safety", word="漏电", actor=SYSTEM, at=clock.now())
    later = raise_alert(ticket=house.ticket, word_class="exposure", word="曝光", actor=SYSTEM, at=clock.now())
    assert second is not None
    client.post(reverse("desk:acknowledge", args=[house.ticket.reference, second.pk]), headers=HTMX)
    assert list(TicketAlert.objects.open()) == [later]
    assert TicketAlert.objects.get(pk=first.pk).acknowledged_by == house.agent


def test_an_alert_belongs_to_its_ticket_and_to_who_may_see_it(client: Any, house: House) -> None:
    alert = alert_on(house)
    elsewhere = reverse("desk:acknowledge", args=[house.strangers_ticket.reference, alert.pk])
    assert client.post(elsewhere).status_code == 404
    stranger = browser_of(make_colleague("外组", queue=house.codes["queues"]["L3"], tier="L3"))
    place = reverse("desk:acknowledge", args=[house.ticket.reference, alert.pk])
    assert stranger.post(place).status_code == 404
    alert.refresh_from_db()
    assert alert.acknowledged_at is None


# --- names --------------------------------------------------------------------------------------------------
def test_names_are_offered_as_they_are_written(client: Any, house: House) -> None:
    address = reverse("desk:people", args=[house.ticket.reference])
    found = text_of(client.get(address, {"q": house.colleague.username}))
    assert re.findall(r'data-call="([^"]*)"', found) == [house.colleague.display_name_en]
    User.objects.filter(pk=make_colleague("何婷").pk).update(display_name_en=house.colleague.display_name_en)
    twins = text_of(client.get(address, {"q": "何婷"}))
    assert house.colleague.username in re.findall(r'data-call="([^"]*)"', twins)
    assert "Nobody of this name" in text_of(client.get(address, {"q": "zzz"}))
    page = text_of(client.get(f"/desk/t/{house.ticket.reference}/"))
    assert f'data-mention-url="{address}"' in page


# --- what it costs ------------------------------------------------------------------------------------------
def queries(client: Any, address: str) -> int:
    client.get(address, headers=HTMX)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(address, headers=HTMX).status_code == 200
    return len(seen)


@pytest.mark.parametrize("address", ["/desk/notices/", "/desk/notices/bell/"])
def test_one_notice_costs_what_three_do(client: Any, house: House, address: str) -> None:
    tell(house.agent, house, level="alert")
    one = queries(client, address)
    for key in ("two", "three"):
        tell(house.agent, house, key, level="alert")
    assert queries(client, address) == one
    assert one <= 6


def test_who_watches_and_alerts_cost_the_ticket_one_query(client: Any, house: House) -> None:
    address = f"/desk/t/{house.ticket.reference}/"
    before = queries(client, address)
    TicketWatcher.objects.create(ticket=house.ticket, user=house.agent, since=clock.now())
    assert queries(client, address) == before
    alert_on(house)
    assert queries(client, address) == before + 1
    assert actor_of(house.agent).id == house.agent.pk
