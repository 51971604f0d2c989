"""What staff and customers may do with personal data, levels and consents."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from core.actors import NOBODY, SYSTEM, Actor
from core.errors import InvalidInput, NotVisible, TooMany
from core.models import Event
from customers.models import Consent, Customer
from customers.services.consents import give, holds, withdraw
from customers.services.levels import set_level
from customers.services.privacy import reveal
from tests.factories.customers import CustomerFactory
from tests.factories.times import NOW

pytestmark = pytest.mark.django_db
STAFF = Actor("staff", 7)


# --- looking behind a mask ------------------------------------------------------------------------------------
def look(customer: Customer, field: str = "phone", reason: str = "回电确认", **more: object) -> str:
    return reveal(
        **{"customer": customer, "field": field, "reason": reason, "actor": STAFF, "at": NOW, **more}
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", "周敏"), ("phone", "13812345678"), ("email", "z@x.cn"), ("address", "西湖区 文三路1号")],
)
def test_each_look_is_an_event_with_its_reason(field: str, value: str) -> None:
    customer = CustomerFactory(phone="13812345678", email="z@x.cn", district="西湖区", address="文三路1号")
    assert look(customer, field) == value
    event = Event.objects.get(kind="customers.revealed")
    assert (event.subject_id, event.actor_id, event.data) == (customer.pk, 7, {"field": field})
    assert event.detail.body == {"reason": "回电确认"}
    assert value not in str(event.data)


@pytest.mark.parametrize("reason", ["", "   ", "abc", " ab  "])
def test_a_reason_is_needed(reason: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        look(CustomerFactory(), reason=reason)
    assert list(refused.value.fields) == ["reason"]
    assert not Event.objects.filter(kind="customers.revealed").exists()


def test_only_staff_look_and_only_at_what_is_masked() -> None:
    customer = CustomerFactory()
    for actor in (Actor("customer", customer.pk), Actor("link", 1), NOBODY):
        with pytest.raises(NotVisible):
            look(customer, actor=actor)
    with pytest.raises(NotVisible):
        look(customer, "user")


def test_thirty_looks_an_hour_each() -> None:
    customer = CustomerFactory()
    for _ in range(30):
        look(customer)
    with pytest.raises(TooMany):
        look(customer)
    assert Event.objects.filter(kind="customers.revealed").count() == 30
    assert look(customer, actor=Actor("staff", 8))
    assert look(customer, at=NOW + timedelta(hours=1, seconds=1))


# --- levels ---------------------------------------------------------------------------------------------------
def test_a_level_is_set_and_announced_once() -> None:
    customer = CustomerFactory()
    for _ in range(2):
        set_level(customer=customer, level="gold", actor=STAFF, at=NOW)
    customer.refresh_from_db()
    assert (customer.level, str(customer.level_since)) == ("gold", "2026-03-17")
    assert Event.objects.get(kind="customers.level_changed").data == {"before": "normal", "after": "gold"}


def test_unknown_levels_and_strangers_are_refused() -> None:
    customer = CustomerFactory()
    with pytest.raises(InvalidInput) as refused:
        set_level(customer=customer, level="platinum", actor=STAFF, at=NOW)
    assert list(refused.value.fields) == ["level"]
    with pytest.raises(NotVisible):
        set_level(customer=customer, level="gold", actor=Actor("customer", customer.pk), at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Customer.objects.update(level="platinum")


# --- consents -------------------------------------------------------------------------------------------------
def agree(customer: Customer, version: str = "2026-01", actor: Actor | None = None) -> Consent:
    return give(
        customer=customer,
        purpose="remote",
        text_version=version,
        channel="web",
        actor=actor or Actor("customer", customer.pk),
        at=NOW,
    )


def test_agreeing_twice_to_the_same_words_is_one_consent() -> None:
    customer = CustomerFactory()
    assert agree(customer) == agree(customer)
    assert holds(customer, "remote") is True
    assert holds(customer, "camera") is False
    assert Event.objects.filter(kind="customers.consent_given").count() == 1


def test_new_words_end_the_old_consent() -> None:
    customer = CustomerFactory()
    old = agree(customer)
    new = agree(customer, "2026-02")
    old.refresh_from_db()
    assert (old.withdrawn_at, new.withdrawn_at) == (NOW, None)


def test_a_consent_is_withdrawn_once() -> None:
    customer = CustomerFactory()
    agree(customer)
    me = Actor("customer", customer.pk)
    gone = withdraw(customer=customer, purpose="remote", actor=me, at=NOW)
    assert gone is not None
    assert gone.withdrawn_at == NOW
    assert withdraw(customer=customer, purpose="remote", actor=me, at=NOW) is None
    assert holds(customer, "remote") is False
    assert Event.objects.filter(kind="customers.consent_withdrawn").count() == 1
    assert agree(customer).withdrawn_at is None


def test_nobody_agrees_for_somebody_else() -> None:
    customer = CustomerFactory()
    with pytest.raises(NotVisible):
        agree(customer, actor=Actor("customer", CustomerFactory().pk))
    with pytest.raises(NotVisible):
        withdraw(customer=customer, purpose="remote", actor=NOBODY, at=NOW)


@pytest.mark.parametrize(
    ("change", "field"), [({"purpose": "fun"}, "purpose"), ({"text_version": " "}, "text_version")]
)
def test_wrong_values_are_named(change: dict[str, str], field: str) -> None:
    given = {"purpose": "remote", "text_version": "1", "channel": "web", **change}
    with pytest.raises(InvalidInput) as refused:
        give(customer=CustomerFactory(), actor=SYSTEM, at=NOW, **given)
    assert list(refused.value.fields) == [field]
