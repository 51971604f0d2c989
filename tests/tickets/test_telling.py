"""The ladder of a clock reaches people: whom on each step, who stands in, once, and what a notice says."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from accounts.enums import Role
from accounts.models import Notice, Team, User
from accounts.notice_words import texts_of
from core.actors import SYSTEM
from core.events import announce
from core.models import Delivery, Event
from core.services.timers import fire_due
from tests.factories.accounts import UserFactory, make_agent
from tests.factories.times import NOW
from tests.factories.work import actor_of, deliver, make_colleague, make_open_ticket, make_ticket
from tickets.enums import ClockKind
from tickets.events import ClockWarned
from tickets.models import Ticket
from tickets.services import recipients, telling
from tickets.services.escalate import escalate

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def house(desk_defaults: dict[str, Any]) -> dict[str, User]:
    """Somebody on each step of the ladder of the first queue."""
    lead = make_agent("组长", roles=(Role.LEAD,))
    Team.objects.filter(pk=desk_defaults["queues"]["L1"].team_id).update(lead=lead)
    return {
        "owner": make_colleague("林晓"),
        "lead": lead,
        "manager": make_agent("秦岚", roles=(Role.SUPERVISOR,)),
        "director": make_agent("站长", roles=(Role.ADMINISTRATOR,)),
    }


def told(kind: str = "tickets.clock") -> list[tuple[User, int, str]]:
    rows = Notice.objects.filter(kind=kind).order_by("pk")
    return [(notice.recipient, notice.data["percent"], notice.level) for notice in rows]


def pass_time(until: datetime) -> None:
    """Timers fire and their facts are heard, minute by minute."""
    at = NOW
    while at <= until:
        fire_due(at=at)
        deliver(at)
        at += timedelta(minutes=1)


# --- the ladder ---------------------------------------------------------------------------------------------
def test_each_step_of_the_ladder_reaches_its_person_once(
    house: dict[str, User], desk_defaults: dict[str, Any]
) -> None:
    """First response within 30 minutes: 15, 24, 30 and 45 minutes after the question."""
    make_ticket(words="网关坏了", assignee=house["owner"])
    target = Ticket.objects.get().clocks.get(kind="first_response").target_seconds // 60
    pass_time(NOW + timedelta(minutes=2 * target))
    mine = [
        row
        for row in told()
        if Notice.objects.filter(data__clock="first_response", recipient=row[0]).exists()
    ]
    assert mine == [
        (house["owner"], 50, "info"),
        (house["lead"], 80, "warn"),
        (house["manager"], 100, "alert"),
        (house["director"], 150, "alert"),
    ]


def test_a_redelivered_step_makes_one_notice(house: dict[str, User]) -> None:
    ticket = make_ticket(assignee=house["owner"])
    _warn(ticket, 80, "lead")
    deliver()
    Delivery.objects.update(state="queued", attempts=0)
    deliver()
    _warn(ticket, 80, "lead")  # the fact itself twice, too
    deliver()
    assert told() == [(house["lead"], 80, "warn")]


def _warn(ticket: Ticket, percent: int, recipient: str, clock: str = "first_response") -> Event:
    fact = ClockWarned(subject_id=ticket.pk, clock=clock, cycle=1, percent=percent, recipient=recipient)
    return announce(fact, actor=SYSTEM, at=NOW)


def test_a_warning_about_a_clock_that_has_ended_is_no_news_but_a_breach_is(house: dict[str, User]) -> None:
    ticket = make_open_ticket(house["owner"])
    _warn(ticket, 80, "lead")
    deliver()
    assert told() == []
    _warn(ticket, 100, "manager")
    deliver()
    assert told() == [(house["manager"], 100, "alert")]


def test_nobody_on_a_step_means_the_next_one_up(house: dict[str, User]) -> None:
    waiting = make_ticket()
    Ticket.objects.filter(pk=waiting.pk).update(assignee=None)
    waiting.refresh_from_db()
    assert recipients.people_on_step(waiting, "owner") == [house["lead"].pk]
    Team.objects.update(lead=None)
    assert recipients.people_on_step(waiting, "owner") == [house["manager"].pk]
    house["manager"].groups.clear()
    assert recipients.people_on_step(waiting, "lead") == [house["director"].pk]
    User.objects.filter(pk=house["director"].pk).update(is_active=False)
    assert recipients.people_on_step(waiting, "lead") == []
    root = UserFactory(is_superuser=True, is_staff=True)
    assert recipients.people_on_step(waiting, "owner") == [root.pk]


def test_above_the_last_step_stand_superusers_then_whoever_is_below(house: dict[str, User]) -> None:
    ticket = make_ticket(assignee=house["owner"])
    house["director"].groups.clear()
    assert recipients.people_on_step(ticket, "director") == [house["manager"].pk]
    assert recipients.people_on_step(ticket, "made up") == [house["owner"].pk]


def test_who_may_see_a_ticket_is_whom_it_is_visible_to(
    house: dict[str, User], desk_defaults: dict[str, Any]
) -> None:
    make_colleague("外组", queue=desk_defaults["queues"]["L3"], tier="L3")
    UserFactory(is_superuser=True, is_staff=True)
    make_agent("质检", roles=(Role.QUALITY,))
    ticket = make_ticket(assignee=house["owner"])
    Ticket.objects.filter(pk=ticket.pk).update(queue=desk_defaults["queues"]["L2"])
    for queue in (*desk_defaults["queues"].values(), None):
        Ticket.objects.filter(pk=ticket.pk).update(queue=queue)
        ticket.refresh_from_db()
        seeing = {
            user.pk
            for user in User.objects.all()
            if Ticket.objects.visible_to(actor_of(user)).filter(pk=ticket.pk).exists()
        }
        assert set(recipients.may_see(ticket).values_list("pk", flat=True)) == seeing


# --- what they say ------------------------------------------------------------------------------------------
def test_what_the_notices_say_and_where_they_lead(
    house: dict[str, User], desk_defaults: dict[str, Any]
) -> None:
    ticket = make_ticket(assignee=house["owner"], words="网关离线了")
    for percent, step in ((80, "lead"), (100, "lead"), (150, "lead")):
        _warn(ticket, percent, step)
    deliver()
    notices = list(Notice.objects.filter(recipient=house["lead"]).order_by("pk"))
    texts = texts_of(notices, actor_of(house["lead"]))
    assert [texts[notice.pk].title for notice in notices] == [
        "First response: 80% of the time is used",
        "First response: late",
        "First response: late, 150% of the time",
    ]
    assert {texts[notice.pk].line for notice in notices} == {f"{ticket.reference} · 网关离线了"}
    assert {texts[notice.pk].url for notice in notices} == {f"/desk/t/{ticket.reference}/"}


def test_a_ticket_that_one_no_longer_sees_keeps_its_words_to_itself(
    house: dict[str, User], desk_defaults: dict[str, Any]
) -> None:
    ticket = make_ticket(assignee=house["owner"], words="网关离线了")
    _warn(ticket, 80, "lead")
    deliver()
    Ticket.objects.filter(pk=ticket.pk).update(queue=desk_defaults["queues"]["L3"])
    [notice] = Notice.objects.all()
    text = texts_of([notice], actor_of(house["lead"]))[notice.pk]
    assert (text.line, text.url) == ("You no longer see this ticket", "")


def test_many_notices_cost_what_one_does(house: dict[str, User]) -> None:
    def cost() -> int:
        notices = list(Notice.objects.filter(recipient=house["lead"]))
        with CaptureQueriesContext(connection) as seen:
            texts_of(notices, actor)
        return len(seen)

    actor = actor_of(house["lead"])
    _warn(make_ticket(assignee=house["owner"]), 80, "lead")
    deliver()
    one = cost()
    for _ in range(3):
        _warn(make_ticket(assignee=house["owner"]), 80, "lead")
    deliver()
    assert (cost(), Notice.objects.count()) == (one, 4)


# --- watchers hear of it ------------------------------------------------------------------------------------
def test_a_merged_or_gone_ticket_tells_nobody(house: dict[str, User]) -> None:
    what = {"clock": ClockKind.RESOLUTION, "cycle": 1, "percent": 100, "recipient": "owner", "at": NOW}
    assert telling.tell_of_clock(ticket_id=0, **what) == []
    assert telling.tell_of_alert(alert_id=0, at=NOW) == []
    gone = {"ticket_id": 0, "event_id": 1, "kind": "x", "data": {}, "actor": SYSTEM, "at": NOW}
    gone |= {"happened_at": NOW}
    assert telling.tell_watchers(**gone) == []


def test_escalated_owners_change_and_the_step_reaches_who_has_it_now(
    house: dict[str, User], desk_defaults: dict[str, Any]
) -> None:
    expert = make_colleague("何婷", queue=desk_defaults["queues"]["L2"], tier="L2")
    ticket = make_ticket(assignee=house["owner"])
    escalate(
        ticket=ticket,
        category=desk_defaults["category"],
        steps_tried="重启",
        evidence="日志",
        actor=actor_of(house["owner"]),
        at=NOW,
    )
    deliver()
    _warn(ticket, 50, "owner", clock="resolution")
    deliver()
    assert told() == [(expert, 50, "info")]
