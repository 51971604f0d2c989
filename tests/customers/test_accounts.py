"""The account behind a phone: given to who proved the number, never to somebody who only shares it."""

import pytest

from accounts.models import User
from core.actors import NOBODY
from core.errors import Conflict, NotVisible
from core.models import Event
from customers.models import Customer, Identity
from customers.services.accounts import account_of_phone, phone_of_account, prove_phone
from customers.services.contacts import find_or_create_customer
from customers.viewers import viewer_of_user
from tests.factories.accounts import CustomerUserFactory, UserFactory, make_agent
from tests.factories.customers import CustomerFactory
from tests.factories.times import NOW

pytestmark = pytest.mark.django_db
PHONE = "13812345678"


def account() -> User | None:
    return account_of_phone(phone=PHONE, at=NOW)


def test_an_unknown_number_has_no_account_and_gets_none() -> None:
    assert account() is None
    assert not User.objects.exists()


def test_the_only_customer_of_a_number_gets_an_account_once() -> None:
    customer = CustomerFactory(phone=PHONE, language="en")
    user = account()
    assert user is not None
    assert (user.kind, user.is_staff, user.has_usable_password(), user.language) == (
        "customer",
        False,
        False,
        "en",
    )
    assert account() == user
    customer.refresh_from_db()
    assert customer.user == user
    assert "周" not in f"{user.username}{user.display_name}{user.first_name}"


def test_who_proved_the_number_has_it_whoever_else_typed_it() -> None:
    CustomerFactory(phone=PHONE)
    owner = CustomerFactory(phone=PHONE, known_by__verified_at=NOW)
    assert account() == Customer.objects.get(pk=owner.pk).user


def test_a_customer_known_by_other_proof_is_not_handed_over() -> None:
    """They once typed this number; whoever holds it now gets a customer of their own."""
    other = CustomerFactory(phone="13900000000", known_by__verified_at=NOW)
    Identity.objects.create(customer=other, kind="phone", value=PHONE)
    user = account()
    assert user is not None
    assert Customer.objects.get(user=user) != other
    assert Event.objects.get(kind="customers.duplicate_suspected").data["others"] == [other.pk]


def test_several_unproven_ones_are_not_guessed_between_and_asking_again_makes_no_more() -> None:
    others = [CustomerFactory(phone=PHONE), CustomerFactory(phone=PHONE)]
    user = account()
    assert user is not None
    assert Customer.objects.get(user=user) not in others
    assert account() == user
    assert Customer.objects.count() == 3


def test_a_proven_number_is_the_one_we_find_and_call() -> None:
    customer = CustomerFactory(phone=PHONE)
    user = account()
    assert user is not None
    assert phone_of_account(user=user) == (PHONE, False)
    for _ in range(2):
        prove_phone(user=user, phone=PHONE, at=NOW)
    assert phone_of_account(user=user) == (PHONE, True)
    assert Event.objects.filter(kind="customers.identity_proven").count() == 1
    CustomerFactory(phone=PHONE)
    assert find_or_create_customer(phone=PHONE, actor=NOBODY, at=NOW) == customer


def test_a_new_number_replaces_the_one_we_call_and_both_lead_here() -> None:
    customer = CustomerFactory(phone=PHONE)
    user = account()
    assert user is not None
    prove_phone(user=user, phone=PHONE, at=NOW)
    prove_phone(user=user, phone="13900000000", at=NOW)
    customer.refresh_from_db()
    assert customer.phone == "13900000000"
    assert account_of_phone(phone="13900000000", at=NOW) == account() == user


def test_a_number_that_somebody_else_proved_stays_theirs() -> None:
    CustomerFactory(phone=PHONE, known_by__verified_at=NOW)
    user = CustomerUserFactory()
    CustomerFactory(user=user, phone="13900000000")
    with pytest.raises(Conflict) as refused:
        prove_phone(user=user, phone=PHONE, at=NOW)
    assert refused.value.code == "phone_taken"


def test_staff_prove_no_number_as_customers() -> None:
    with pytest.raises(NotVisible):
        prove_phone(user=UserFactory(), phone=PHONE, at=NOW)


# --- who looks ------------------------------------------------------------------------------------------------
def test_a_customers_account_looks_as_that_customer_even_after_a_merge() -> None:
    user = CustomerUserFactory()
    customer = CustomerFactory(user=user)
    viewer = viewer_of_user(user)
    assert (viewer.kind, viewer.id, viewer.sees_all, viewer.name) == (
        "customer",
        customer.pk,
        False,
        "周女士",
    )
    stayed = CustomerFactory()
    Customer.objects.filter(pk=customer.pk).update(merged_into=stayed)
    assert viewer_of_user(User.objects.get(pk=user.pk)).id == stayed.pk


def test_an_account_without_customer_and_one_that_is_closed_are_nobody() -> None:
    assert viewer_of_user(CustomerUserFactory()) == NOBODY
    closed = CustomerUserFactory(is_active=False)
    CustomerFactory(user=closed)
    assert viewer_of_user(closed) == NOBODY


def test_the_viewer_is_looked_up_once(django_assert_max_num_queries) -> None:  # pytest-django's fixture
    staff = make_agent()
    user = CustomerUserFactory()
    CustomerFactory(user=user)
    with django_assert_max_num_queries(3):
        for _ in range(3):
            viewer_of_user(staff)
            viewer_of_user(user)
