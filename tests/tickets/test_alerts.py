"""A customer's words that somebody responsible hears of: which trip, once in a while, who is told, who takes note."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation

from accounts.enums import Role
from accounts.models import Notice, Team, User
from core.actors import SYSTEM
from core.errors import NotAllowed, NotVisible
from core.models import Delivery, Event, Timer
from core.services.timers import fire_due
from customers.services.defaults import load_defaults as load_catalog
from tests.factories.accounts import make_agent
from tests.factories.at_once import at_once
from tests.factories.tickets import SafetyWordFactory, make_desk
from tests.factories.times import NOW
from tests.factories.work import (
    actor_of,
    customer_of,
    deliver,
    kinds_of,
    make_colleague,
    make_open_ticket,
    make_ticket,
)
from tickets.enums import WordClass
from tickets.models import AlertWord, Ticket, TicketAlert
from tickets.services import alerts, talk, timeline
from tickets.services.alerts import acknowledge_alert, found_words, raise_alert
from tickets.services.defaults import load_defaults

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def words(desk_defaults: dict[str, Any]) -> None:
    AlertWord.objects.create(word="投诉", word_class="complaint", exceptions=["不想投诉"])
    AlertWord.objects.create(word="曝光", word_class="exposure", exceptions=["曝光过度"])
    AlertWord.objects.create(word="12315", word_class="regulator")
    AlertWord.objects.create(word="angry", word_class="emotion", language="en")
    AlertWord.objects.create(word="恶心", word_class="emotion", active=False)
    SafetyWordFactory(word="漏电", exceptions=["漏电保护"])


@pytest.fixture
def lead(desk_defaults: dict[str, Any]) -> User:
    user = make_agent("组长", roles=(Role.LEAD,))
    Team.objects.filter(pk=desk_defaults["queues"]["L1"].team_id).update(lead=user)
    return user


@pytest.fixture
def boss() -> User:
    return make_agent("秦岚", roles=(Role.SUPERVISOR,))


def say(ticket: Ticket, body: str, at: Any = NOW) -> None:
    talk.customer_reply(ticket=ticket, body=body, actor=customer_of(ticket.customer), at=at)


def told() -> list[tuple[User, str]]:
    rows = Notice.objects.filter(kind="tickets.alert").order_by("pk")
    return [(notice.recipient, notice.data["word_class"]) for notice in rows]


# --- which words --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("再不来我就投诉，还要找 12315", {"complaint": "投诉", "regulator": "12315"}),
        ("我不想投诉，只想修好", {}),
        ("不想投诉，但你们逼我投诉", {"complaint": "投诉"}),
        ("画面曝光过度怎么调", {}),
        ("订单号 123156", {}),
        ("I am ANGRY", {"emotion": "angry"}),
        ("hangry customers", {}),
        ("插座漏电", {"safety": "漏电"}),
        ("漏电保护器跳了", {}),
        ("真恶心", {}),
        ("", {}),
    ],
)
def test_words_trip_outside_their_harmless_phrases(words: None, text: str, found: dict[str, str]) -> None:
    assert found_words(text) == found


@pytest.mark.parametrize(
    ("text", "classes"),
    [
        ("你们就是骗子，我要投诉到12315，发抖音曝光！", {"emotion", "complaint", "exposure", "regulator"}),
        ("家里漏气了", {"safety"}),
        ("洗衣机滚筒不转，我妈的手机连不上，摄像头曝光过度", set()),
        ("密码12345不对", set()),
        ("This is outrageous, I will call my lawyer", {"emotion", "regulator"}),
        ("smoke detector chirps", set()),
    ],
)
def test_the_shipped_words(text: str, classes: set[str], at: Any) -> None:
    from accounts.services.defaults import load_defaults as load_people

    load_people(at)
    load_catalog(at)
    load_defaults(at)
    assert set(found_words(text)) == classes
    assert set(AlertWord.objects.values_list("word_class", flat=True)) == {
        "emotion",
        "complaint",
        "exposure",
        "regulator",
    }
    assert load_defaults(at) == 0


# --- who hears ----------------------------------------------------------------------------------------------
def test_a_word_in_a_reply_reaches_lead_and_supervisors(words: None, lead: User, boss: User) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    deliver()
    assert told() == []
    say(ticket, "我要投诉你们", at=LATER)
    deliver(LATER)
    alert = TicketAlert.objects.get()
    assert (alert.ticket, alert.word_class, alert.word, alert.message.body) == (
        ticket,
        "complaint",
        "投诉",
        "我要投诉你们",
    )
    assert told() == [(lead, "complaint"), (boss, "complaint")]
    assert set(Notice.objects.values_list("level", flat=True)) == {"alert"}
    lines = timeline.read(ticket, viewer=actor_of(agent))
    [line] = [line for line in lines if line.code == "tickets.alerted"]
    assert (line.text, line.reason, line.icon, line.public) == ("Alert: Complaint", "投诉", "alert", False)
    assert "tickets.alerted" not in [
        line.code for line in timeline.read(ticket, viewer=customer_of(ticket.customer))
    ]


def test_a_word_in_the_request_itself_does_when_its_queue_is_known(
    words: None, lead: User, boss: User
) -> None:
    ticket = make_ticket(words="插座漏电，我要曝光你们", classified=False)
    deliver()
    assert {(a.word_class, a.ticket_id) for a in TicketAlert.objects.all()} == {
        ("safety", ticket.pk),
        ("exposure", ticket.pk),
    }
    assert sorted(told(), key=lambda pair: (pair[1], pair[0].pk)) == [
        (lead, "exposure"),
        (boss, "exposure"),
        (lead, "safety"),
        (boss, "safety"),
    ]


def test_what_agents_say_raises_nothing(words: None, boss: User) -> None:
    agent = make_colleague()
    ticket = make_ticket(assignee=agent)
    talk.reply(ticket=ticket, body="您可以打 12315 投诉", actor=actor_of(agent), at=NOW)
    talk.add_note(ticket=ticket, body="客户说要投诉", actor=actor_of(agent), at=NOW)
    deliver()
    assert not TicketAlert.objects.exists()


def test_without_lead_and_supervisor_somebody_higher_hears(words: None) -> None:
    root = make_agent("站长", roles=(Role.ADMINISTRATOR,))
    ticket = make_open_ticket(make_colleague())
    say(ticket, "投诉！")
    deliver()
    assert told() == [(root, "complaint")]


# --- once ---------------------------------------------------------------------------------------------------
def test_a_redelivered_event_makes_one_alert_and_one_notice(words: None, boss: User) -> None:
    ticket = make_open_ticket(make_colleague())
    say(ticket, "投诉")
    deliver()
    Delivery.objects.filter(subscriber__startswith="tickets.").update(state="queued", attempts=0)
    deliver(NOW + timedelta(hours=9))
    assert TicketAlert.objects.count() == 1
    assert told() == [(boss, "complaint")]


def test_one_alert_of_a_class_within_the_quiet_period(words: None, boss: User, settings: Any) -> None:
    settings.ALERT_QUIET_MINUTES = 30
    ticket = make_open_ticket(make_colleague())
    for minutes, body in ((0, "投诉"), (10, "投诉投诉"), (20, "12315"), (31, "还是投诉")):
        say(ticket, body, at=NOW + timedelta(minutes=minutes))
        deliver(NOW + timedelta(minutes=minutes))
    assert list(TicketAlert.objects.order_by("pk").values_list("word_class", "raised_at")) == [
        ("complaint", NOW),
        ("regulator", NOW + timedelta(minutes=20)),
        ("complaint", NOW + timedelta(minutes=31)),
    ]


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_two_messages_at_once_raise_one_alert() -> None:
    make_desk()
    ticket = make_open_ticket(make_colleague())

    def call() -> TicketAlert | None:
        return raise_alert(
            ticket=Ticket(pk=ticket.pk), word_class="complaint", word="投诉", actor=SYSTEM, at=NOW
        )

    answers = at_once([call] * 3)
    assert len([answer for answer in answers if answer is not None]) == 1
    assert TicketAlert.objects.count() == 1


# --- taking note --------------------------------------------------------------------------------------------
def test_the_first_who_takes_note_counts(words: None, lead: User, boss: User) -> None:
    ticket = make_open_ticket(make_colleague())
    say(ticket, "投诉")
    deliver()
    [alert] = alerts.open_alerts(ticket)
    acknowledge_alert(alert=alert, actor=actor_of(lead), at=LATER)
    acknowledge_alert(alert=alert, actor=actor_of(boss), at=LATER + timedelta(hours=1))
    alert.refresh_from_db()
    assert (alert.acknowledged_by, alert.acknowledged_at) == (lead, LATER)
    assert list(alerts.open_alerts(ticket)) == []
    assert kinds_of(ticket).count("tickets.alert_acknowledged") == 1
    line = timeline.read(ticket, viewer=actor_of(boss))[-1]
    assert line.text == f"{lead.display_name_en} took note of the alert: Complaint"


def test_nobody_takes_note_who_may_not_see_the_ticket(words: None, desk_defaults: dict[str, Any]) -> None:
    ticket = make_open_ticket(make_colleague())
    say(ticket, "投诉")
    deliver()
    [alert] = alerts.open_alerts(ticket)
    stranger = make_colleague("外组", queue=desk_defaults["queues"]["L3"], tier="L3")
    with pytest.raises(NotVisible):
        acknowledge_alert(alert=alert, actor=actor_of(stranger), at=LATER)
    with pytest.raises(NotAllowed):
        acknowledge_alert(alert=alert, actor=customer_of(ticket.customer), at=LATER)
    assert not TicketAlert.objects.visible_to(actor_of(stranger)).exists()
    assert not TicketAlert.objects.visible_to(customer_of(ticket.customer)).exists()
    alert.refresh_from_db()
    assert alert.acknowledged_at is None


def test_a_danger_is_told_once_more_and_further_up(words: None, lead: User, boss: User) -> None:
    director = make_agent("站长", roles=(Role.ADMINISTRATOR,))
    ticket = make_open_ticket(make_colleague())
    say(ticket, "插座漏电")
    say(ticket, "投诉")
    deliver()
    first = {(lead, "safety"), (boss, "safety"), (lead, "complaint"), (boss, "complaint")}
    assert set(told()) == first
    fire_due(at=NOW + timedelta(minutes=6))
    again = Notice.objects.filter(data__again=True)
    assert {n.recipient for n in again} == {lead, boss, director}
    assert {n.data["word_class"] for n in again} == {"safety"}


def test_a_danger_that_somebody_took_note_of_is_not_told_again(words: None, boss: User) -> None:
    ticket = make_open_ticket(make_colleague())
    say(ticket, "插座漏电")
    deliver()
    acknowledge_alert(alert=TicketAlert.objects.get(), actor=actor_of(boss), at=LATER)
    assert Timer.objects.filter(kind=alerts.AGAIN_TIMER).count() == 1
    fire_due(at=NOW + timedelta(minutes=6))
    assert told() == [(boss, "safety")]


# --- what the database keeps --------------------------------------------------------------------------------
def test_the_database_refuses_half_an_acknowledgement_and_two_for_one_message(
    words: None, boss: User
) -> None:
    ticket = make_open_ticket(make_colleague())
    say(ticket, "投诉")
    deliver()
    alert = TicketAlert.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        TicketAlert.objects.filter(pk=alert.pk).update(acknowledged_at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        TicketAlert.objects.create(
            ticket=ticket, word_class=WordClass.COMPLAINT, word="x", message=alert.message, raised_at=NOW
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        AlertWord.objects.create(word="y", word_class="mood")
    assert Event.objects.filter(kind="tickets.alerted").count() == 1
