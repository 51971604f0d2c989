"""Products, cities and a customer's devices through the API."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.models import Device
from tests.api_client import App, app_of, problem
from tests.factories.accounts import CustomerUserFactory, RegionFactory, UserFactory
from tests.factories.customers import CustomerFactory, DeviceFactory, ProductFactory, WarrantyPolicyFactory
from tests.factories.times import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def now():
    with time_machine.travel(NOW, tick=False) as moment:
        yield moment


@pytest.fixture
def owner() -> Any:
    return CustomerFactory(user=CustomerUserFactory())


def test_who_is_signed_in(owner: Any) -> None:
    assert app_of(owner.user).get("me/").json() == {"kind": "customer", "id": owner.pk, "name": "周女士"}
    user = UserFactory(display_name="林晓")
    assert app_of(user).get("me/").json() == {"kind": "staff", "id": user.pk, "name": "林晓"}


def test_models_and_cities_are_for_everybody() -> None:
    ProductFactory(model="HQ-L5 Pro")
    ProductFactory(model="HQ-OLD", active=False)
    RegionFactory(code="zhejiang")
    RegionFactory(code="hangzhou", name_en="Hangzhou", parent=RegionFactory(code="zhejiang"))
    (product,) = App().get("products/").json()
    assert product == {
        "code": "hq-l5-pro",
        "name": "Smart lock",
        "model": "HQ-L5 Pro",
        "line": {"code": "lock", "name": "Lock"},
        "connected": True,
    }
    assert App().get("regions/").json() == [{"code": "hangzhou", "name": "Hangzhou"}]


def test_a_customer_sees_their_own_devices_with_warranty(owner: Any) -> None:
    WarrantyPolicyFactory()
    device = DeviceFactory(customer=owner)
    DeviceFactory()
    (found,) = app_of(owner.user).get("devices/").json()["results"]
    assert (found["serial"], found["product"]["model"]) == (device.serial, device.product.model)
    assert found["warranty"] == {
        "in_warranty": True,
        "until": "2026-06-18",
        "basis": "purchase",
        "basis_date": "2025-06-18",
        "days_left": 93,
    }


def test_the_list_costs_the_same_for_one_and_for_three(owner: Any) -> None:
    app = app_of(owner.user)
    counted = []
    for wanted in (1, 3):
        while Device.objects.filter(customer=owner).count() < wanted:
            DeviceFactory(customer=owner)
        with CaptureQueriesContext(connection) as seen:
            assert len(app.get("devices/").json()["results"]) == wanted
        counted.append(len(seen))
    assert counted[0] == counted[1] <= 6


def test_a_device_is_registered_by_its_serial_number_and_twice_is_once(owner: Any) -> None:
    DeviceFactory(serial="L5P2025000042", customer=None)
    app = app_of(owner.user)
    for _ in range(2):
        answer = app.post(
            "devices/", {"serial": "l5p-2025 000042", "room": "玄关", "purchased_on": "2025-07-01"}
        )
        assert answer.status_code == 201, answer.content
        assert (answer.json()["serial"], answer.json()["room"]) == ("L5P2025000042", "玄关")
    assert Device.objects.get(serial="L5P2025000042").customer_id == owner.pk


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({}, "serial", "required"),
        ({"serial": "XXXX9999"}, "serial", "unknown_serial"),
        ({"serial": "L5P2025000042", "product": "nothing"}, "product", "unknown_product"),
        ({"serial": "L5P2025000042", "purchased_on": "2030-01-01"}, "purchased_on", "future_date"),
        ({"serial": "L5P2025000042", "purchased_on": "2020-01-01"}, "purchased_on", "before_production"),
        ({"serial": "L5P2025000042", "purchased_on": "soon"}, "purchased_on", "invalid"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(
    owner: Any, given: dict[str, str], field: str, code: str
) -> None:
    DeviceFactory(serial="L5P2025000042", customer=None)
    body = problem(app_of(owner.user).post("devices/", given), 400, code)
    assert list(body["errors"]) == [field]
    assert Device.objects.get().customer_id is None


def test_somebody_elses_device_is_not_taken_from_them(owner: Any) -> None:
    device = DeviceFactory()
    problem(app_of(owner.user).post("devices/", {"serial": device.serial}), 409, "device_has_owner")
    assert Device.objects.get().customer_id == device.customer_id


def test_serial_numbers_cannot_be_tried_one_after_the_other(owner: Any, now: Any) -> None:
    app = app_of(owner.user)
    for number in range(30):
        problem(app.post("devices/", {"serial": f"L5P{number:010d}"}), 400, "unknown_serial")
    problem(app.post("devices/", {"serial": "L5P0000000000"}), 429)
    now.shift(timedelta(hours=1, seconds=1))
    problem(app.post("devices/", {"serial": "L5P0000000000"}), 400, "unknown_serial")


def test_staff_and_strangers_have_no_devices() -> None:
    problem(app_of(UserFactory()).get("devices/"), 404)
    problem(App().post("devices/", {"serial": "x"}), 401)
