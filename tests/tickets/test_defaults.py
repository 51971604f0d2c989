"""What a new installation starts with."""

from datetime import datetime

import pytest

from accounts.services.defaults import load_defaults as load_people
from customers.services.defaults import load_defaults as load_catalog
from tickets.models import (
    Calendar,
    Category,
    EscalationStep,
    Queue,
    RootCause,
    SafetyWord,
    SlaPolicy,
    SlaTarget,
    SolutionCode,
    StatusName,
    Tier,
)
from tickets.services.calendars import open_hours
from tickets.services.defaults import load_defaults

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _below(at: datetime) -> None:
    load_people(at)
    load_catalog(at)


def test_everything_is_there_after_one_call(at: datetime) -> None:
    load_defaults(at)
    assert list(Tier.objects.values_list("code", "hop_minutes")) == [
        ("L1", 30),
        ("L2", 240),
        ("L3", 1440),
        ("RD", 1440),
    ]
    assert StatusName.objects.count() == 8
    assert SlaTarget.objects.count() == 24
    assert list(EscalationStep.objects.values_list("percent", "recipient")) == [
        (50, "owner"),
        (80, "lead"),
        (100, "manager"),
        (150, "director"),
    ]
    assert SolutionCode.objects.get(code="guided").position == 20


def test_the_matrix_promises_what_the_rules_say(at: datetime) -> None:
    load_defaults(at)
    complex_gold = SlaTarget.objects.get(grade="complex", level="gold")
    assert (complex_gold.first_response_minutes, complex_gold.resolution_minutes) == (60, 2160)
    assert complex_gold.response_calendar is not None
    assert complex_gold.response_calendar.code == "working-hours"
    assert complex_gold.resolution_calendar is None


def test_working_hours_have_a_lunch_break_and_keep_public_holidays(at: datetime) -> None:
    load_defaults(at)
    hours = open_hours(Calendar.objects.get(code="working-hours"))
    assert hours is not None
    assert hours.week[0] == ((9 * 3600, 12 * 3600), (48600, 18 * 3600))
    assert hours.week[5] == ()
    assert hours.special[datetime(2026, 10, 1).date()] == ()
    assert hours.special[datetime(2026, 10, 10).date()] == hours.week[0]


def test_trees_hang_together(at: datetime) -> None:
    load_defaults(at)
    wifi = Category.objects.select_related("parent__parent").get(code="connect-pairing-wifi")
    assert wifi.parent is not None
    assert wifi.parent.parent is not None
    assert wifi.parent.parent.code == "connect"
    assert RootCause.objects.get(code="design-function").parent == RootCause.objects.get(code="design")


def test_words_know_their_exceptions(at: datetime) -> None:
    load_defaults(at)
    assert SafetyWord.objects.get(word="着火").exceptions == ["不着火"]
    gas = SafetyWord.objects.get(word="漏气")
    assert gas.category is not None
    assert gas.category.code == "safety-gas"


def test_queues_know_what_they_take(at: datetime) -> None:
    load_defaults(at)
    assert Queue.objects.get(code="vip").levels == ["diamond", "enterprise", "enterprise_vip"]
    assert set(Queue.objects.get(code="l2-security").lines.values_list("code", flat=True)) == {
        "lock",
        "camera",
    }
    assert list(Queue.objects.get(code="complaint").categories.values_list("code", flat=True)) == [
        "feedback-complaint"
    ]


def test_twice_is_once(at: datetime) -> None:
    first = load_defaults(at)
    assert first > 300
    assert load_defaults(at) == 0


def test_what_an_administrator_changed_stays(at: datetime) -> None:
    load_defaults(at)
    Tier.objects.filter(code="L1").update(hop_minutes=45)
    Category.objects.filter(code="connect").update(name_zh="网络")
    policy = SlaPolicy.objects.get()
    policy.targets.filter(grade="consult").delete()
    SolutionCode.objects.filter(code="guided").delete()
    assert load_defaults(at) == 1
    assert Tier.objects.get(code="L1").hop_minutes == 45
    assert Category.objects.get(code="connect").name_zh == "网络"
    assert policy.targets.count() == 18


def test_initial_rows_stand_in_the_history(at: datetime) -> None:
    load_defaults(at)
    record = Tier.history.get(code="L2")
    assert (record.history_date, record.history_change_reason) == (at, "defaults")
