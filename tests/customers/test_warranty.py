"""Is it under warranty: month arithmetic by the Civil Code, the narrowest rule, the first date that is proven."""

import calendar
from datetime import date, timedelta

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from customers.models import Device, WarrantyPolicy
from customers.rules import add_months
from customers.services.warranty import warranties_of, warranty_of
from tests.factories.customers import (
    DeviceFactory,
    ProductFactory,
    ProductLineFactory,
    WarrantyPolicyFactory,
)

BOUGHT = date(2025, 6, 18)
days = st.dates(date(1990, 1, 1), date(2090, 12, 31))


# --- months ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("day", "months", "end"),
    [
        (date(2025, 6, 18), 12, date(2026, 6, 18)),
        (date(2025, 1, 31), 1, date(2025, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2025, 8, 31), 6, date(2026, 2, 28)),
        (date(2025, 12, 31), 2, date(2026, 2, 28)),
        (date(2025, 10, 31), 1, date(2025, 11, 30)),
        (date(2025, 5, 5), 0, date(2025, 5, 5)),
    ],
)
def test_the_same_day_or_the_last_of_the_month(day: date, months: int, end: date) -> None:
    assert add_months(day, months) == end


@given(days, st.integers(0, 240))
def test_months_land_in_the_right_month(day: date, months: int) -> None:
    end = add_months(day, months)
    assert (end.year * 12 + end.month) - (day.year * 12 + day.month) == months
    assert end.day == min(day.day, calendar.monthrange(end.year, end.month)[1])


@given(days, days, st.integers(0, 240))
def test_who_bought_later_is_never_covered_shorter(one: date, two: date, months: int) -> None:
    first, second = sorted((one, two))
    assert add_months(first, months) <= add_months(second, months)


# --- the whole unit -------------------------------------------------------------------------------------------
pytestmark = pytest.mark.django_db


def device(**fields: object) -> Device:
    return DeviceFactory(**{"purchased_on": BOUGHT, "produced_on": date(2025, 5, 20), **fields})


def test_it_lasts_until_and_including_the_last_day() -> None:
    WarrantyPolicyFactory()
    bought = device()
    last = date(2026, 6, 18)
    found = warranty_of(bought, last)
    assert (found.until, found.in_warranty, found.basis, found.basis_date) == (last, True, "purchase", BOUGHT)
    assert found.days_left == 0
    after = warranty_of(bought, last + timedelta(days=1))
    assert (after.until, after.in_warranty, after.days_left) == (last, False, None)
    assert warranty_of(bought, BOUGHT).in_warranty is True
    assert warranty_of(bought, BOUGHT - timedelta(days=1)).in_warranty is False


@pytest.mark.parametrize(
    ("after", "refund", "exchange"),
    [(-1, None, None), (0, 7, 15), (7, 0, 8), (8, None, 7), (15, None, 0), (16, None, None)],
)
def test_seven_days_to_refund_fifteen_to_exchange(
    after: int, refund: int | None, exchange: int | None
) -> None:
    WarrantyPolicyFactory()
    found = warranty_of(device(), BOUGHT + timedelta(days=after))
    assert (found.refund_days_left, found.exchange_days_left) == (refund, exchange)


def test_without_proof_of_purchase_the_fallback_counts() -> None:
    WarrantyPolicyFactory(fallback_basis="production")
    found = warranty_of(device(purchased_on=None, activated_on=date(2025, 7, 1)), BOUGHT)
    assert (found.basis, found.basis_date, found.until) == (
        "production",
        date(2025, 5, 20),
        date(2026, 5, 20),
    )
    assert found.proven is True


def test_without_the_fallback_too_any_known_date_counts() -> None:
    WarrantyPolicyFactory(start_basis="purchase", fallback_basis="production")
    found = warranty_of(device(purchased_on=None, produced_on=None, activated_on=date(2025, 7, 1)), BOUGHT)
    assert (found.basis, found.until) == ("activation", date(2026, 7, 1))


def test_without_any_date_nothing_is_promised_and_it_says_so() -> None:
    WarrantyPolicyFactory()
    found = warranty_of(device(purchased_on=None, produced_on=None), BOUGHT)
    assert (found.until, found.in_warranty, found.basis, found.proven) == (None, False, "", False)
    assert (found.refund_days_left, found.exchange_days_left) == (None, None)


def test_a_line_may_begin_with_the_activation() -> None:
    WarrantyPolicyFactory()
    bought = device(activated_on=date(2025, 7, 1))
    WarrantyPolicyFactory(code="lock-unit", line=bought.product.line, start_basis="activation")
    found = warranty_of(bought, BOUGHT)
    assert (found.basis, found.until) == ("activation", date(2026, 7, 1))
    assert found.in_warranty is False


def test_the_line_goes_before_all_lines_and_other_lines_do_not_count() -> None:
    WarrantyPolicyFactory(months=12)
    bought = device()
    WarrantyPolicyFactory(code="other", line=ProductLineFactory(code="oven"), months=60)
    assert warranty_of(bought, BOUGHT).until == date(2026, 6, 18)
    WarrantyPolicyFactory(code="own", line=bought.product.line, months=24)
    assert warranty_of(bought, BOUGHT).until == date(2027, 6, 18)


def test_the_newest_version_counts_and_what_is_off_does_not() -> None:
    WarrantyPolicyFactory(code="old", months=12, version=1)
    WarrantyPolicyFactory(code="new", months=18, version=2)
    WarrantyPolicyFactory(code="off", months=99, version=3, active=False)
    found = warranty_of(device(), BOUGHT)
    assert (found.until, found.policies) == (date(2026, 12, 18), (("new", 2),))


def test_a_model_may_promise_more_never_less() -> None:
    WarrantyPolicyFactory(months=12)
    assert warranty_of(device(product=ProductFactory(warranty_months=36)), BOUGHT).until == date(2028, 6, 18)
    assert warranty_of(device(product=ProductFactory(warranty_months=6)), BOUGHT).until == date(2026, 6, 18)


def test_without_any_rule_the_model_promises() -> None:
    found = warranty_of(device(product=ProductFactory(warranty_months=24)), BOUGHT)
    assert (found.until, found.policies, found.refund_days_left) == (date(2027, 6, 18), (), None)


# --- parts ----------------------------------------------------------------------------------------------------
def test_parts_have_terms_of_their_own() -> None:
    WarrantyPolicyFactory()
    bought = device()
    line = bought.product.line
    WarrantyPolicyFactory(code="motor-all", part="motor", months=24, name_en="Any motor")
    WarrantyPolicyFactory(code="motor", part="motor", line=line, months=36, name_en="Motor")
    WarrantyPolicyFactory(code="board", part="board", line=line, months=6, name_en="Board")
    with translation.override("en"):
        found = warranty_of(bought, date(2026, 7, 1))
    assert found.in_warranty is False
    assert [(p.part, p.name, p.until, p.in_warranty) for p in found.parts] == [
        ("board", "Board", date(2025, 12, 18), False),
        ("motor", "Motor", date(2028, 6, 18), True),
    ]
    assert found.policies == (("unit-default", 1), ("board", 1), ("motor", 1))


def test_conditions_speak_the_readers_language() -> None:
    WarrantyPolicyFactory(conditions_zh="正常使用", conditions_en="Normal use", exclusions_zh="自行拆机")
    bought = device()
    with translation.override("en"):
        assert warranty_of(bought, BOUGHT).conditions == "Normal use"
    with translation.override("zh-hans"):
        assert warranty_of(bought, BOUGHT).exclusions == "自行拆机"


def test_many_devices_cost_one_query(django_assert_num_queries) -> None:  # pytest-django's fixture
    WarrantyPolicyFactory()
    DeviceFactory.create_batch(3)
    rows = list(Device.objects.select_related("product"))
    with django_assert_num_queries(1):
        found = warranties_of(rows, BOUGHT)
    assert set(found) == {row.pk for row in rows}


@given(days, st.integers(-400, 4000))
def test_it_is_covered_exactly_between_the_two_days(bought: date, offset: int) -> None:
    from customers.models import Product, ProductLine
    from customers.services.warranty import _judge

    product = Product(warranty_months=0, line=ProductLine(pk=1))
    row = Device(pk=1, product=product, purchased_on=bought)
    on = bought + timedelta(days=offset)
    found = _judge(row, [WarrantyPolicy(pk=1, code="u", months=12, start_basis="purchase")], on)
    assert found.in_warranty is (bought <= on <= add_months(bought, 12))
    assert (found.refund_days_left is not None) is (0 <= offset <= 7)
    assert (found.exchange_days_left is not None) is (0 <= offset <= 15)
