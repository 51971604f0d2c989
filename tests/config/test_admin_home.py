"""The start page: what needs a person now. Each number is the number of rows in the list it leads to."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.enums import Role
from accounts.models import User
from core import clock
from core.models import Timer
from tests.config.admin_world import make_root, make_staff, make_world, sign_in
from tests.factories.times import NOW
from tests.factories.work import make_ticket
from tickets.models import Category, Queue, SlaPolicy, TicketAlert
from tickets.services import policies

LATER = NOW + timedelta(hours=26)


@pytest.fixture(autouse=True)
def _later(db: None) -> Any:
    caches["local"].clear()
    with clock.at_time(LATER):
        yield
    caches["local"].clear()


@pytest.fixture
def world(db: None) -> dict[str, Any]:
    made = make_world(2)
    # one that is due within half an hour, and one that nobody has
    make_ticket(at=LATER - timedelta(minutes=5))
    make_ticket(at=LATER - timedelta(hours=5))
    return made


@pytest.fixture
def boss(world: dict[str, Any]) -> Client:
    return sign_in(make_staff(Role.SUPERVISOR, "qin"))


def cards(client: Client) -> dict[str, Any]:
    return {card.key: card for card in client.get(reverse("admin:index")).context["cards"]}


def test_each_number_is_the_number_of_rows(boss: Client) -> None:
    found = cards(boss)
    assert list(found) == [
        *(
            "alerts",
            "overdue",
            "soon",
            "follow_ups",
            "unanswered",
            "mail",
            "deliveries",
            "timers",
            "articles",
        ),
    ]
    for card in found.values():
        response = boss.get(card.url)
        assert response.status_code == 200
        assert response.context["cl"].result_count == card.count, card.key
    assert {key: card.count for key, card in found.items()} == {
        "alerts": 2,
        "overdue": 7,
        "soon": 1,
        "follow_ups": 2,
        "unanswered": 2,
        "mail": 2,
        "deliveries": 0,
        "timers": 2,
        "articles": 0,
    }


def test_alerts_that_nobody_took_note_of_stand_first(boss: Client) -> None:
    found = cards(boss)
    assert next(iter(found)) == "alerts"
    assert (found["alerts"].count, found["alerts"].tone) == (2, "bad")
    root = make_root()
    TicketAlert.objects.update(acknowledged_at=clock.now(), acknowledged_by=root)
    assert "alerts" not in cards(boss)


def test_cards_say_what_is_behind_the_number(boss: Client) -> None:
    found = cards(boss)
    assert found["overdue"].tone == "bad"
    assert "Queue-L1" in found["overdue"].line
    assert "longest" in str(found["overdue"].chip)
    assert found["soon"].line == "1 has no owner"
    assert found["deliveries"].tone == "ok"
    assert found["deliveries"].line == "All events were handled."


def test_it_renews_itself(boss: Client) -> None:
    html = boss.get(reverse("admin:index")).content.decode()
    part = re.search(r'hx-get="([^"]+)" hx-trigger="every 10s', html)
    assert part
    before = cards(boss)["timers"].count
    Timer.objects.update(dead=False)
    renewed = boss.get(part[1])
    assert {card.key: card.count for card in renewed.context["cards"]}["timers"] == 0 != before
    assert "<html" not in renewed.content.decode()
    assert "no-store" in renewed["Cache-Control"]


def test_intake_by_hour_stands_in_the_picture_and_in_the_table(boss: Client) -> None:
    response = boss.get(reverse("admin:index"))
    intake = response.context["intake"]
    # 26 hours ago: 2 tickets, 2 rated ones, and 3 beside each of the first (tests.config.admin_world); 2 more today
    assert sum(intake.yesterday) == 10
    assert intake.so_far == sum(intake.today) == 2
    assert (7, 1, 0) in intake.hours
    assert intake.today[11] == 1
    assert intake.yesterday[10] == 10
    html = response.content.decode()
    assert 'class="ax-hours"' in html
    assert '<th scope="row">10:00</th><td>0</td><td>10</td>' in html


def test_most_frequent_categories(boss: Client) -> None:
    make_ticket(at=LATER - timedelta(hours=1))
    make_ticket(at=LATER - timedelta(hours=1))
    top = boss.get(reverse("admin:index")).context["intake"].top
    assert len(top) <= 4
    assert all(n > 0 for _name, n, _more in top)


def test_recent_changes_name_who_what_before_and_after(boss: Client, world: dict[str, Any]) -> None:
    queue = Queue.objects.get(code="queue-l1")
    address = reverse("admin:tickets_queue_change", args=[queue.pk])
    form = boss.get(address).context["adminform"].form
    data = {name: form[name].value() for name in form.fields}
    data = {name: value for name, value in data.items() if value not in (None, [])}
    response = boss.post(address, {**data, "name_en": "First line", "position": 7, "active": "on"})
    assert response.status_code == 302, response.context["adminform"].form.errors
    change = boss.get(reverse("admin:index")).context["changes"][0]
    assert change.who == User.objects.get(username="qin").display_name_en
    assert change.what == "queue: First line"
    assert ("name (English)", "Queue-L1", "First line") in change.fields
    assert boss.get(change.url).status_code == 200


def test_a_new_version_of_the_matrix_says_which_cell(boss: Client, world: dict[str, Any]) -> None:
    policy = SlaPolicy.objects.get(is_current=True)
    cell = policy.targets.get(grade="simple", level="gold")
    address = reverse("admin:tickets_slapolicy_change", args=[policy.pk])
    form = boss.get(address).context["form"]
    data = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    boss.post(address, {**data, "simple-gold-first_response_minutes": 7, "confirm": "1"})
    change = boss.get(reverse("admin:index")).context["changes"][0]
    assert change.what.startswith("SLA policy")
    assert change.fields == (("simple × gold first response", str(cell.first_response_minutes), "7"),)


def test_what_ships_is_nobodys_change(boss: Client, world: dict[str, Any]) -> None:
    Category.objects.create(code="shipped", name_zh="出厂", name_en="Shipped")
    assert boss.get(reverse("admin:index")).context["changes"] == []


def test_the_page_asks_at_most_twelve_questions(boss: Client, world: dict[str, Any]) -> None:
    """With changes of several models, whose differences are not known yet."""
    root = make_root()
    for model in (Queue, Category):
        row = model.objects.first()
        row.name_en = "Changed"
        row._history_user = root
        row.save()
    policy = SlaPolicy.objects.get(is_current=True)
    assert policies.cells_of(policy)
    boss.get(reverse("admin:index"))
    caches["local"].clear()
    with CaptureQueriesContext(connection) as asked:
        boss.get(reverse("admin:index"))
    assert len(asked) <= 12, "\n".join(query["sql"][:200] for query in asked.captured_queries)


def test_a_member_of_staff_without_rights_sees_nothing(world: dict[str, Any]) -> None:
    user = User.objects.create_user("temp", kind="staff", is_staff=True)
    response = sign_in(user).get(reverse("admin:index"))
    assert response.context["cards"] == []
    assert response.context["intake"] is None
    assert response.context["changes"] is None
    assert "Ask an administrator" in response.content.decode()
    links = [item["link"] for group in response.context["sidebar_navigation"] for item in group["items"]]
    assert links == [reverse("admin:index"), "/desk/"]
