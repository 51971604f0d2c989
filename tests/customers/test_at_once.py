"""Two at the same moment are one."""

import pytest

from accounts.models import User
from core.actors import SYSTEM, Actor
from core.errors import Conflict
from customers.models import Consent, Customer, Device
from customers.services.accounts import account_of_phone
from customers.services.consents import give
from customers.services.contacts import find_or_create_customer
from customers.services.devices import register_device
from tests.factories.at_once import at_once
from tests.factories.customers import CustomerFactory, DeviceFactory, ProductFactory
from tests.factories.times import NOW

pytestmark = [pytest.mark.postgres_only, pytest.mark.django_db(transaction=True)]
PHONE = "13812345678"


def test_two_requests_of_a_new_number_make_one_customer() -> None:
    found = at_once([lambda: find_or_create_customer(phone=PHONE, actor=SYSTEM, at=NOW)] * 4)
    assert len({customer.pk for customer in found}) == 1
    assert Customer.objects.count() == 1


def test_two_sign_ins_make_one_account() -> None:
    CustomerFactory(phone=PHONE)
    found = at_once([lambda: account_of_phone(phone=PHONE, at=NOW)] * 4)
    assert len({user.pk for user in found}) == 1
    assert User.objects.count() == 1


def test_two_sign_ins_with_a_shared_number_make_one_more_customer() -> None:
    CustomerFactory(phone=PHONE)
    CustomerFactory(phone=PHONE)
    at_once([lambda: account_of_phone(phone=PHONE, at=NOW)] * 4)
    assert Customer.objects.count() == 3


def test_a_device_goes_to_one_of_two_who_take_it() -> None:
    device = DeviceFactory(customer=None)
    people = [CustomerFactory(), CustomerFactory()]

    def take(person: Customer) -> Device:
        return register_device(
            serial=device.serial,
            product=device.product,
            customer=person,
            actor=Actor("customer", person.pk),
            at=NOW,
        )

    answers = at_once([lambda: take(people[0]), lambda: take(people[1])])
    assert [type(answer) for answer in answers].count(Device) == 1
    assert [type(answer) for answer in answers].count(Conflict) == 1


def test_a_serial_entered_twice_is_one_device() -> None:
    product, customer = ProductFactory(), CustomerFactory()
    at_once(
        [lambda: register_device(serial="NEW-1", product=product, customer=customer, actor=SYSTEM, at=NOW)]
        * 3
    )
    assert Device.objects.get().serial == "NEW1"


def test_agreeing_twice_is_one_consent() -> None:
    customer = CustomerFactory()
    at_once(
        [
            lambda: give(
                customer=customer, purpose="remote", text_version="1", channel="web", actor=SYSTEM, at=NOW
            )
        ]
        * 3
    )
    assert Consent.objects.count() == 1
