"""Serial numbers however they are typed, and who owns what."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.actors import NOBODY, SYSTEM, Actor
from core.errors import Conflict, InvalidInput, NotVisible
from core.models import Event
from customers.models import Device
from customers.rules import serial_key
from customers.services.devices import check_purchase_date, check_serial, find_device, register_device
from tests.factories.accounts import make_agent
from tests.factories.customers import CustomerFactory, DeviceFactory, ProductFactory
from tests.factories.times import NOW

TODAY = date(2026, 3, 17)


@pytest.mark.parametrize(
    "typed",
    ["L5P2025000042", "l5p2025000042", " L5P 2025 000042 ", "L5P-2025-000042", "Ｌ５Ｐ２０２５００００４２"],
)
def test_the_same_serial_in_every_writing(typed: str) -> None:
    assert serial_key(typed) == "L5P2025000042"


@given(st.text(alphabet="abcXYZ0189 -", max_size=30))
def test_case_blanks_and_hyphens_never_matter(text: str) -> None:
    key = serial_key(text)
    assert serial_key(key) == key
    assert serial_key(text.lower()) == key
    assert serial_key(" - ".join(text)) == key


@pytest.mark.django_db
def test_a_known_serial_is_found() -> None:
    device = DeviceFactory(serial="L5P2025000042")
    assert find_device("l5p-2025 000042") == device
    assert check_serial("l5p-2025 000042", device.product) == device
    assert check_serial("L5P2025000042", None) == device


@pytest.mark.django_db
def test_nothing_typed_is_nothing_wrong() -> None:
    assert check_serial(" - ", ProductFactory()) is None
    assert find_device("") is None


@pytest.mark.django_db
def test_an_unknown_serial_is_said_beside_the_field() -> None:
    with pytest.raises(InvalidInput) as refused:
        check_serial("NOPE123", None)
    assert (refused.value.code, list(refused.value.fields)) == ("unknown_serial", ["serial"])


@pytest.mark.django_db
def test_a_serial_of_another_model_names_that_model() -> None:
    device = DeviceFactory(product=ProductFactory(model="HQ-L5 Pro"))
    with pytest.raises(InvalidInput) as refused:
        check_serial(device.serial, ProductFactory(model="AC72"))
    assert refused.value.code == "serial_of_other_model"
    assert "HQ-L5 Pro" in str(refused.value.fields["serial"][0])


@pytest.mark.parametrize(
    ("day", "fine"),
    [(None, True), (TODAY, True), (date(1999, 1, 1), True), (TODAY + timedelta(days=1), False)],
)
def test_a_purchase_lies_not_in_the_future(day: date | None, fine: bool) -> None:
    if fine:
        check_purchase_date(day, at=NOW)
        return
    with pytest.raises(InvalidInput) as refused:
        check_purchase_date(day, at=NOW)
    assert (refused.value.code, list(refused.value.fields)) == ("future_date", ["purchased_on"])


def test_today_is_today_in_shanghai() -> None:
    """23:30 UTC on the 16th is the morning of the 17th there."""
    at = datetime.fromisoformat("2026-03-16T23:30:00+00:00")
    check_purchase_date(TODAY, at=at)
    with pytest.raises(InvalidInput):
        check_purchase_date(TODAY, at=datetime.fromisoformat("2026-03-16T15:30:00+00:00"))


# --- owners ---------------------------------------------------------------------------------------------------
def register(device: Device, customer, actor: Actor | None = None, **more) -> Device:
    return register_device(
        serial=more.pop("serial", device.serial),
        product=more.pop("product", device.product),
        customer=customer,
        actor=actor or Actor("customer", customer.pk),
        at=NOW,
        **more,
    )


@pytest.mark.django_db
def test_a_customer_takes_a_device_that_has_no_owner() -> None:
    device, customer = DeviceFactory(customer=None, purchased_on=None), CustomerFactory()
    taken = register(device, customer, serial=device.serial.lower(), purchased_on=TODAY, room="客厅")
    taken.refresh_from_db()
    assert (taken.customer, taken.purchased_on, taken.room) == (customer, TODAY, "客厅")
    event = Event.objects.get(kind="customers.device_registered")
    assert (event.subject_id, event.data) == (device.pk, {"customer_id": customer.pk})


@pytest.mark.django_db
def test_registering_twice_announces_once() -> None:
    device, customer = DeviceFactory(customer=None), CustomerFactory()
    for _ in range(2):
        register(device, customer)
    assert Event.objects.filter(kind="customers.device_registered").count() == 1


@pytest.mark.django_db
def test_somebody_elses_device_stays_theirs_until_staff_moves_it() -> None:
    device = DeviceFactory()
    buyer = CustomerFactory()
    with pytest.raises(Conflict) as refused:
        register(device, buyer)
    assert refused.value.code == "device_has_owner"
    staff = Actor("staff", make_agent().pk)
    assert register(device, buyer, staff).customer == buyer


@pytest.mark.django_db
def test_nobody_registers_for_somebody_else() -> None:
    device, customer = DeviceFactory(customer=None), CustomerFactory()
    for actor in (Actor("customer", CustomerFactory().pk), NOBODY, Actor("link", customer.pk)):
        with pytest.raises(NotVisible):
            register(device, customer, actor)
    device.refresh_from_db()
    assert device.customer is None


@pytest.mark.django_db
def test_only_staff_enter_what_is_not_in_the_books() -> None:
    product, customer = ProductFactory(), CustomerFactory()
    new = {"serial": "ab-12 34", "product": product, "customer": customer, "at": NOW}
    with pytest.raises(InvalidInput) as refused:
        register_device(actor=Actor("customer", customer.pk), **new)
    assert refused.value.code == "unknown_serial"
    assert register_device(actor=SYSTEM, **new).serial == "AB1234"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"serial": "  "}, "serial", "required"),
        ({"serial": "x" * 41}, "serial", "required"),
        ({"purchased_on": TODAY + timedelta(days=1)}, "purchased_on", "future_date"),
        ({"purchased_on": date(2025, 5, 19)}, "purchased_on", "before_production"),
    ],
)
def test_wrong_values_are_said_beside_their_field(change: dict[str, object], field: str, code: str) -> None:
    device, customer = DeviceFactory(customer=None, produced_on=date(2025, 5, 20)), CustomerFactory()
    with pytest.raises(InvalidInput) as refused:
        register(device, customer, **change)
    assert (list(refused.value.fields), refused.value.code) == ([field], code)
    device.refresh_from_db()
    assert device.customer is None


@pytest.mark.django_db
def test_the_wrong_model_is_refused() -> None:
    device = DeviceFactory(customer=None)
    with pytest.raises(InvalidInput) as refused:
        register(device, CustomerFactory(), SYSTEM, product=ProductFactory(model="AC72"))
    assert refused.value.code == "serial_of_other_model"


@pytest.mark.django_db
def test_customers_see_their_own_devices() -> None:
    mine, other = DeviceFactory(), DeviceFactory()
    assert list(Device.objects.visible_to(Actor("customer", mine.customer_id))) == [mine]
    assert set(Device.objects.visible_to(Actor("staff", 1))) == {mine, other}
    assert not Device.objects.visible_to(NOBODY).exists()
