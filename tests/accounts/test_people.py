"""Who a member of staff is, and what their roles may do."""

import pytest
from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.db import IntegrityError, transaction
from django.utils import translation

from accounts.enums import Role
from accounts.models import User
from accounts.services.people import holds_role, staff_actor
from accounts.services.roles import ensure_roles
from core.actors import NOBODY, SYSTEM, Actor
from core.errors import NotAllowed
from tests.factories.accounts import CustomerUserFactory, TeamFactory, UserFactory, make_agent

pytestmark = pytest.mark.django_db


# --- actors ---------------------------------------------------------------------------------------------------
def test_an_agents_scopes_are_the_teams_they_work_in_or_lead() -> None:
    one, two = TeamFactory(), TeamFactory()
    TeamFactory()
    user = make_agent("林晓", teams=(one,))
    two.lead = user
    two.save()
    actor = staff_actor(user)
    assert (actor.kind, actor.id, actor.name) == ("staff", user.pk, "林晓")
    assert actor.scopes == {one.pk, two.pk}
    assert actor.sees_all is False


@pytest.mark.parametrize(
    ("role", "sees_all"),
    [
        (Role.AGENT, False),
        (Role.LEAD, False),
        (Role.EDITOR, False),
        (Role.SUPERVISOR, True),
        (Role.QUALITY, True),
        (Role.ADMINISTRATOR, True),
    ],
)
def test_some_roles_see_all(role: str, sees_all: bool) -> None:
    assert staff_actor(make_agent(roles=(role,))).sees_all is sees_all


def test_a_superuser_sees_all() -> None:
    assert staff_actor(UserFactory(is_superuser=True, is_staff=True)).sees_all is True


def test_nobody_else_becomes_staff() -> None:
    for user in (CustomerUserFactory(), UserFactory(is_active=False), AnonymousUser()):
        with pytest.raises(NotAllowed):
            staff_actor(user)


def test_it_costs_one_query_once(django_assert_num_queries) -> None:  # pytest-django's fixture
    user = User.objects.get(pk=make_agent(teams=(TeamFactory(), TeamFactory()), roles=(Role.LEAD,)).pk)
    with django_assert_num_queries(1):
        assert staff_actor(user) is staff_actor(user)


def test_roles_are_asked_of_the_database() -> None:
    lead = staff_actor(make_agent(roles=(Role.LEAD,)))
    assert holds_role(lead, Role.LEAD, Role.SUPERVISOR) is True
    assert holds_role(lead, Role.SUPERVISOR) is False
    assert holds_role(staff_actor(UserFactory(is_superuser=True)), Role.SUPERVISOR) is True
    for stranger in (SYSTEM, NOBODY, Actor("customer", lead.id)):
        assert holds_role(stranger, Role.LEAD) is False
    User.objects.filter(pk=lead.id).update(is_active=False)
    assert holds_role(lead, Role.LEAD) is False


def test_names_follow_the_reader() -> None:
    user = UserFactory(display_name="林晓", display_name_en="Lin Xiao")
    with translation.override("en"):
        assert user.name == "Lin Xiao"
    with translation.override("zh-hans"):
        assert user.name == "林晓"
    assert UserFactory(username="only", display_name="", display_name_en="").name == "only"


def test_a_customers_account_can_never_be_staff_in_the_admin() -> None:
    user = CustomerUserFactory()
    for change in ({"is_staff": True}, {"is_superuser": True}):
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.filter(pk=user.pk).update(**change)


# --- roles ----------------------------------------------------------------------------------------------------
def rights(role: str) -> set[str]:
    found = Permission.objects.filter(group__name=role).select_related("content_type")
    return {f"{p.content_type.app_label}.{p.codename}" for p in found}


def test_every_role_is_a_group_with_its_rights() -> None:
    assert set(ensure_roles()) == set(Role.values)
    assert "tickets.view_ticket" in rights(Role.AGENT)
    assert not {r for r in rights(Role.AGENT) if not r.split(".")[1].startswith("view_")}
    assert {"tickets.change_slapolicy", "accounts.delete_shift", "core.view_event"} <= rights(Role.SUPERVISOR)
    assert "accounts.change_user" not in rights(Role.SUPERVISOR)
    assert "accounts.change_user" in rights(Role.ADMINISTRATOR)
    assert "knowledge.delete_article" in rights(Role.EDITOR)
    assert not {r for r in rights(Role.QUALITY) if not r.split(".")[1].startswith("view_")}


def test_what_an_administrator_changed_stays() -> None:
    agent = ensure_roles()[Role.AGENT]
    taken = Permission.objects.get(content_type__app_label="tickets", codename="view_ticket")
    given = Permission.objects.get(content_type__app_label="tickets", codename="change_ticket")
    agent.permissions.remove(taken)
    agent.permissions.add(given)
    ensure_roles()
    assert "tickets.view_ticket" not in rights(Role.AGENT)
    assert "tickets.change_ticket" in rights(Role.AGENT)


def test_a_model_that_a_release_brings_is_granted() -> None:
    ensure_roles()
    for group in Group.objects.all():
        group.permissions.remove(*group.permissions.filter(content_type__model="note"))
    assert "tickets.view_note" not in rights(Role.AGENT)
    ensure_roles()
    assert "tickets.view_note" in rights(Role.AGENT)


def test_a_group_that_was_deleted_comes_back_whole() -> None:
    ensure_roles()
    before = rights(Role.EDITOR)
    Group.objects.get(name=Role.EDITOR).delete()
    ensure_roles()
    assert rights(Role.EDITOR) == before
