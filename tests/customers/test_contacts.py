"""Who is writing: phones in any usual writing, and one customer behind each."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.phones import phone_digits
from core.actors import SYSTEM, Actor
from core.errors import InvalidInput
from core.models import Event
from customers.models import Customer, Identity
from customers.services.contacts import clean_email, clean_phone, find_or_create_customer
from tests.factories.accounts import RegionFactory
from tests.factories.customers import CustomerFactory
from tests.factories.times import NOW

PHONE = "13812345678"


# --- phones ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("13812345678", PHONE),
        (" 138 1234 5678 ", PHONE),
        ("138-1234-5678", PHONE),
        ("１３８１２３４５６７８", PHONE),
        ("＋８６ １３８ １２３４ ５６７８", PHONE),
        ("+86 138 1234 5678", PHONE),
        ("+8613812345678", PHONE),
        ("0086 13812345678", PHONE),
        ("008613812345678", PHONE),
        ("8613812345678", PHONE),
        ("(+86) 138-1234-5678", PHONE),
        ("0571-87654321", "057187654321"),
        ("（0571）87654321", "057187654321"),
        ("+86 571 8765 4321", "057187654321"),
        ("0086-571-87654321", "057187654321"),
        ("010-87654321", "01087654321"),
        ("021 65432100", "02165432100"),
        ("400-800-0000", "4008000000"),
        ("+852 9123 4567", "+85291234567"),
        ("00852 9123 4567", "+85291234567"),
        ("+1 650 253 0000", "+16502530000"),
        ("19912345678", "19912345678"),
    ],
)
def test_usual_writings_are_understood(text: str, kept: str) -> None:
    assert clean_phone(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "1381234567",
        "138123456789",
        "12812345678",
        "23812345678",
        "87654321",
        "95588",
        "abc",
        "1-800-FLOWERS",
        "13812345678 转 801",
        "0571-87654321x801",
        "+999 123456789",
        "13812345678;13912345678",
        "13812345678/13912345678",
        "一三八",
        "+",
        "٠١٢٣",
    ],
)
def test_what_is_no_phone_number_is_said_beside_the_field(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        clean_phone(text)
    assert list(refused.value.fields) == ["phone"]
    assert refused.value.code == "invalid_phone"


@pytest.mark.parametrize("text", ["", "  ", "\u3000"])
def test_an_empty_one_is_asked_for(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        clean_phone(text)
    assert refused.value.code == "required"


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_a_mobile_number_means_the_same_in_every_writing(phone: str) -> None:
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in phone)
    writings = [
        phone,
        f"+86{phone}",
        f"0086{phone}",
        f"86{phone}",
        f"{phone[:3]} {phone[3:7]} {phone[7:]}",
        wide,
    ]
    assert {phone_digits(text) for text in writings} == {phone}


@given(st.text(max_size=30))
def test_any_text_is_a_number_or_none_and_cleaning_is_stable(text: str) -> None:
    kept = phone_digits(text)
    assert kept is None or phone_digits(kept) == kept


@pytest.mark.parametrize("text", ["nobody", "a@b", "a b@c.cn", "@c.cn"])
def test_what_is_no_mail_address_is_said_beside_the_field(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        clean_email(text)
    assert list(refused.value.fields) == ["email"]


def test_mail_addresses_are_kept_in_lower_case() -> None:
    assert clean_email(" Zhou＠Example.CN ") == "zhou@example.cn"


# --- customers ------------------------------------------------------------------------------------------------
def find(at: datetime = NOW, **given: object) -> Customer:
    return find_or_create_customer(actor=SYSTEM, at=at, **given)


@pytest.mark.django_db
def test_somebody_new_is_made_once() -> None:
    region = RegionFactory()
    customer = find(
        phone="+86 138 1234 5678",
        email="Z@x.cn",
        name=" 周敏 ",
        salutation="周女士",
        region=region,
        language="en",
    )
    customer.refresh_from_db()
    assert (customer.phone, customer.email, customer.name, customer.salutation) == (
        PHONE,
        "z@x.cn",
        "周敏",
        "周女士",
    )
    assert (customer.region, customer.language, customer.created_at, customer.level) == (
        region,
        "en",
        NOW,
        "normal",
    )
    known_by = Identity.objects.filter(customer=customer).values_list("kind", "value", "verified_at")
    assert set(known_by) == {("phone", PHONE, None), ("email", "z@x.cn", None)}
    assert find(phone=PHONE) == customer
    assert Event.objects.filter(kind="customers.created").count() == 1


@pytest.mark.django_db
def test_the_one_with_this_phone_is_found() -> None:
    customer = CustomerFactory(phone=PHONE)
    CustomerFactory(phone="13900000000")
    assert find(phone="0086 138-1234-5678", name="别的名字") == customer


@pytest.mark.django_db
def test_a_second_number_of_a_customer_counts_too() -> None:
    customer = CustomerFactory(phone=PHONE)
    Identity.objects.create(customer=customer, kind="phone", value="13900000000")
    assert find(phone="13900000000") == customer


@pytest.mark.django_db
def test_a_number_that_stands_on_the_customer_alone_counts_too() -> None:
    customer = CustomerFactory(phone="")
    Customer.objects.filter(pk=customer.pk).update(phone=PHONE)
    assert find(phone=PHONE) == customer


@pytest.mark.django_db
def test_the_name_never_finds_anybody() -> None:
    CustomerFactory(name="周敏", phone="13900000000")
    assert find(phone=PHONE, name="周敏").phone == PHONE
    assert Customer.objects.count() == 2


@pytest.mark.django_db
def test_several_with_this_phone_are_left_for_a_person_to_merge() -> None:
    others = [CustomerFactory(phone=PHONE), CustomerFactory(phone=PHONE)]
    customer = find(phone=PHONE)
    assert customer not in others
    suspected = Event.objects.get(kind="customers.duplicate_suspected")
    assert (suspected.subject_id, suspected.data["others"]) == (customer.pk, [o.pk for o in others])


@pytest.mark.django_db
def test_of_several_the_one_who_proved_it_is_meant() -> None:
    CustomerFactory(phone=PHONE)
    owner = CustomerFactory(phone=PHONE, known_by__verified_at=NOW)
    assert find(phone=PHONE) == owner


@pytest.mark.django_db
def test_a_merged_customer_leads_to_the_one_that_stayed() -> None:
    stayed = CustomerFactory(phone="13900000000")
    middle = CustomerFactory(phone="", merged_into=stayed)
    CustomerFactory(phone=PHONE, merged_into=middle)
    assert find(phone=PHONE) == stayed


@pytest.mark.django_db
def test_a_stranger_who_types_a_number_changes_nothing_but_blanks() -> None:
    customer = CustomerFactory(phone=PHONE, name="", salutation="周女士", email="")
    find(phone=PHONE, name="假名", salutation="假女士", email="thief@x.cn", language="en")
    customer.refresh_from_db()
    assert (customer.name, customer.salutation, customer.email, customer.language) == (
        "假名",
        "周女士",
        "",
        "en",
    )
    assert not Identity.objects.filter(kind="email").exists()


@pytest.mark.django_db
def test_the_same_email_with_another_phone_may_be_somebody_else() -> None:
    known = CustomerFactory(phone="13900000000", email="z@x.cn")
    assert find(phone=PHONE, email="z@x.cn") != known


@pytest.mark.django_db
def test_without_a_phone_the_email_decides() -> None:
    known = CustomerFactory(phone="", email="z@x.cn")
    assert find(email="Z@X.cn") == known


@pytest.mark.django_db
def test_who_leaves_nothing_is_somebody_new_each_time() -> None:
    assert find() != find()


@pytest.mark.django_db
def test_a_wrong_number_makes_nobody() -> None:
    with pytest.raises(InvalidInput):
        find(phone="123")
    with pytest.raises(InvalidInput):
        find(phone=PHONE, email="nonsense")
    assert not Customer.objects.exists()


@pytest.mark.django_db
def test_customers_see_themselves_staff_see_all() -> None:
    one, two = CustomerFactory(), CustomerFactory()
    assert set(Customer.objects.visible_to(Actor("staff", 1))) == {one, two}
    assert list(Customer.objects.visible_to(Actor("customer", one.pk))) == [one]
    for nobody in (Actor("nobody"), Actor("link", one.pk), Actor("visitor", one.pk)):
        assert not Customer.objects.visible_to(nobody).exists()
