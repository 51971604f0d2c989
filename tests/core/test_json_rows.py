"""Companions of a row in one column, the same on both databases."""

import pytest
from django.db.models import OuterRef

from accounts.models import Team, User
from core.db import JsonRows
from tests.factories.accounts import TeamFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_each_row_brings_its_companions_in_their_order(django_assert_num_queries) -> None:
    lead, other = UserFactory(), UserFactory()
    for code in ("b", "a"):
        TeamFactory(code=code, lead=lead, name_zh=f"“组” {code}")
    teams = Team.objects.filter(lead_id=OuterRef("pk")).order_by("code")
    with django_assert_num_queries(1):
        found = {
            user.pk: user.led
            for user in User.objects.annotate(led=JsonRows(teams, its_code="code", its_name="name_zh"))
        }
    assert found[lead.pk] == [
        {"its_code": "a", "its_name": "“组” a"},
        {"its_code": "b", "its_name": "“组” b"},
    ]
    assert not found[other.pk]
