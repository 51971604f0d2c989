"""What a new installation starts with; it is never written over an administrator's edit."""

from collections.abc import Callable
from datetime import datetime

import pytest

import accounts.services.defaults
import customers.services.defaults
import surveys.services.defaults
from accounts.models import DutyReason, Region, Skill, Team
from customers.models import Brand, ErrorCode, Firmware, Product, ProductLine, WarrantyPolicy
from surveys.models import ReasonTag, Survey, SurveyQuestion

pytestmark = pytest.mark.django_db

LOADERS: list[Callable[[datetime], int]] = [
    accounts.services.defaults.load_defaults,
    customers.services.defaults.load_defaults,
    surveys.services.defaults.load_defaults,
]


@pytest.mark.parametrize("load", LOADERS)
def test_the_second_time_adds_nothing(load: Callable[[datetime], int], at: datetime) -> None:
    assert load(at) > 20
    assert load(at) == 0


def test_places_skills_and_teams(at: datetime) -> None:
    LOADERS[0](at)
    city = Region.objects.get(code="hangzhou")
    assert (city.name_zh, city.parent and city.parent.name_en) == ("杭州", "Zhejiang")
    assert Region.objects.get(code="shanghai").parent is None
    aftercare = Team.objects.get(purpose="aftercare")
    assert (aftercare.tier, set(aftercare.skills.values_list("code", flat=True))) == (
        "",
        {"phone", "mandarin", "cantonese", "sichuanese"},
    )
    assert Team.objects.count() == 18
    assert Skill.objects.get(code="lock").kind == "product"
    assert DutyReason.objects.first() == DutyReason.objects.get(code="lunch")


def test_the_catalogue(at: datetime) -> None:
    LOADERS[1](at)
    assert Brand.objects.get(is_default=True).code == "heqi"
    assert set(ProductLine.objects.values_list("code", flat=True)) >= {"lock", "ac", "modem", "oven"}
    gateway = Product.objects.get(code="g2")
    assert (gateway.line.code, gateway.brand.code, gateway.serial_prefix) == ("gateway", "heqi", "GW")
    assert Firmware.objects.get(product=gateway, version="2.4.0").status == "bad"
    assert ErrorCode.objects.get(line=None, code="N01").meaning_zh
    compressor = WarrantyPolicy.objects.get(code="ac-compressor")
    assert (compressor.line and compressor.line.code, compressor.part, compressor.months) == (
        "ac",
        "compressor",
        36,
    )
    assert compressor.verify is True


def test_the_survey(at: datetime) -> None:
    LOADERS[2](at)
    survey = Survey.objects.get()
    assert (survey.code, survey.valid_hours, survey.bad_stars, survey.follow_up_hours) == (
        "service",
        24,
        2,
        24,
    )
    asked = list(survey.questions.values_list("code", "when"))
    assert asked[:2] == [("solved", "always"), ("overall", "always")]
    assert ("nps", "nps_due") in asked
    assert ReasonTag.objects.filter(polarity="bad").count() == 7


def test_what_an_administrator_edited_or_removed_from_a_survey_stays(at: datetime) -> None:
    for load in LOADERS:
        load(at)
    Team.objects.filter(code="aftercare").update(name_zh="关怀组")
    Team.objects.get(code="aftercare").skills.clear()
    WarrantyPolicy.objects.filter(code="unit-default").update(months=24)
    SurveyQuestion.objects.filter(code="nps").delete()
    for load in LOADERS:
        assert load(at) == 0
    team = Team.objects.get(code="aftercare")
    assert (team.name_zh, team.skills.count()) == ("关怀组", 0)
    assert WarrantyPolicy.objects.get(code="unit-default").months == 24
    assert not SurveyQuestion.objects.filter(code="nps").exists()


def test_one_row_that_is_missing_is_added_beside_the_others(at: datetime) -> None:
    for load in LOADERS:
        load(at)
    Firmware.objects.filter(product__code="g2", version="2.4.0").delete()
    ErrorCode.objects.filter(line=None, code="N01").delete()
    assert LOADERS[1](at) == 2


def test_a_default_brand_of_ones_own_stays_the_default(at: datetime) -> None:
    from tests.factories.customers import BrandFactory

    own = BrandFactory(code="own", is_default=True)
    LOADERS[1](at)
    assert Brand.objects.get(is_default=True) == own


def test_configuration_has_a_history_from_its_first_row(at: datetime) -> None:
    for load in LOADERS:
        load(at)
    for model in (Brand, Product, WarrantyPolicy, Survey, SurveyQuestion, ReasonTag):
        assert model.history.count() == model.objects.count()
        first = model.history.first()
        assert (first.history_change_reason, first.history_date) == ("defaults", at)


@pytest.mark.parametrize("load", LOADERS)
def test_loading_costs_few_queries(
    load: Callable[[datetime], int],
    at: datetime,
    django_assert_max_num_queries,  # pytest-django's fixture
) -> None:
    with django_assert_max_num_queries(70):
        load(at)
