"""What each role may do in the admin; and that a customer never gets in."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from accounts.enums import Role, UserKind
from accounts.models import User
from tests.config.admin_world import make_root, make_staff, make_world, sign_in
from tests.factories.accounts import CustomerUserFactory, UserFactory

PAGES = {
    "tickets_ticket",
    "tickets_slapolicy",
    "tickets_queue",
    "customers_customer",
    "knowledge_article",
    "surveys_badratingfollowup",
    "accounts_user",
    "accounts_shift",
    "auth_group",
    "core_event",
    "core_delivery",
    "channels_hub_outbox",
}
SEEN = {
    Role.SUPERVISOR: PAGES - {"auth_group"},
    Role.QUALITY: PAGES - {"auth_group"},
    Role.ADMINISTRATOR: PAGES - {"auth_group"},
    Role.EDITOR: {"knowledge_article"},
    Role.LEAD: PAGES - {"auth_group", "core_event", "core_delivery"},
    Role.AGENT: {
        "tickets_ticket",
        "tickets_slapolicy",
        "tickets_queue",
        "customers_customer",
        "knowledge_article",
        "channels_hub_outbox",
    },
}


@pytest.fixture
def world(db: None) -> dict[str, Any]:
    return make_world()


def seen(client: Client) -> set[str]:
    return {p for p in PAGES if client.get(reverse(f"admin:{p}_changelist")).status_code == 200}


@pytest.mark.parametrize("role", list(SEEN))
def test_a_role_sees_its_pages_and_its_menu(role: Role, world: dict[str, Any]) -> None:
    client = sign_in(make_staff(role))
    assert seen(client) == SEEN[role]
    menu = client.get(reverse("admin:index")).context["sidebar_navigation"]
    links = {item["link"] for group in menu for item in group["items"]}
    assert {p for p in PAGES if reverse(f"admin:{p}_changelist") in links} == SEEN[role]


def test_quality_changes_nothing(world: dict[str, Any]) -> None:
    client = sign_in(make_staff(Role.QUALITY))
    queue = world["queues"]["L1"]
    address = reverse("admin:tickets_queue_change", args=[queue.pk])
    assert client.get(address).status_code == 200
    assert client.post(address, {"name_en": "Mine"}).status_code == 403
    policy = reverse("admin:tickets_slapolicy_change", args=[world["policy"].pk])
    assert client.get(policy).context["editable"] is False
    assert client.post(policy, {}).status_code == 403


def test_an_editor_edits_articles(world: dict[str, Any]) -> None:
    client = sign_in(make_staff(Role.EDITOR))
    assert client.get(reverse("admin:knowledge_article_add")).status_code == 200
    assert client.get(reverse("admin:tickets_ticket_changelist")).status_code == 403


def test_staff_without_a_role_see_no_page(world: dict[str, Any]) -> None:
    assert seen(sign_in(UserFactory(is_staff=True))) == set()


def test_staff_who_may_not_enter_and_customers_are_sent_to_sign_in(world: dict[str, Any]) -> None:
    for user in (UserFactory(), CustomerUserFactory()):
        response = sign_in(user).get(reverse("admin:tickets_ticket_changelist"))
        assert response.status_code == 302
        assert "login" in response.url


def test_nobody_signed_in_sees_anything(client: Client, db: None) -> None:
    for page in PAGES:
        assert client.get(reverse(f"admin:{page}_changelist")).status_code == 302


def user_form(client: Client, user: User) -> dict[str, Any]:
    form = client.get(reverse("admin:accounts_user_change", args=[user.pk])).context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    inline = {"agent-TOTAL_FORMS": 0, "agent-INITIAL_FORMS": 0}
    return {**{name: value for name, value in values.items() if value not in (None, False, [])}, **inline}


def test_a_customers_account_cannot_become_staff(world: dict[str, Any]) -> None:
    root, customer = sign_in(make_root()), CustomerUserFactory(username="13800000001")
    data = user_form(root, customer)
    assert set(data) & {"is_staff", "is_superuser", "groups", "username", "email"} == set()
    address = reverse("admin:accounts_user_change", args=[customer.pk])
    group = Group.objects.get(name=Role.ADMINISTRATOR)
    root.post(
        address, {**data, "is_staff": "on", "is_superuser": "on", "groups": [group.pk], "kind": "staff"}
    )
    found = User.objects.get(pk=customer.pk)
    assert (found.kind, found.is_staff, found.is_superuser) == (UserKind.CUSTOMER, False, False)
    assert not found.groups.exists()
    assert "13800000001" not in root.get(address).content.decode()


def test_a_customers_password_is_not_for_staff_to_set(world: dict[str, Any]) -> None:
    root, customer = sign_in(make_root()), CustomerUserFactory()
    before = customer.password
    address = reverse("admin:auth_user_password_change", args=[customer.pk])
    assert root.get(address).status_code == 404
    assert root.post(address, {"password1": "Anxin-12345", "password2": "Anxin-12345"}).status_code == 404
    assert User.objects.get(pk=customer.pk).password == before


def test_new_accounts_made_here_are_staff(world: dict[str, Any]) -> None:
    root = sign_in(make_root())
    data = {"username": "wu", "display_name": "吴越", "usable_password": "true"}
    response = root.post(
        reverse("admin:accounts_user_add"),
        {**data, "password1": "Anxin-12345-x", "password2": "Anxin-12345-x", "kind": "customer"},
    )
    assert response.status_code == 302, response.context["adminform"].form.errors
    assert User.objects.get(username="wu").kind == UserKind.STAFF


def test_an_administrator_hands_out_roles_but_makes_no_superuser(world: dict[str, Any]) -> None:
    client, other = sign_in(make_staff(Role.ADMINISTRATOR)), UserFactory()
    data = user_form(client, other)
    assert "is_superuser" not in data
    group = Group.objects.get(name=Role.SUPERVISOR)
    more = {"is_superuser": "on", "is_staff": "on", "groups": [group.pk]}
    response = client.post(reverse("admin:accounts_user_change", args=[other.pk]), {**data, **more})
    assert response.status_code == 302, response.context["adminform"].form.errors
    found = User.objects.get(pk=other.pk)
    assert (found.is_staff, found.is_superuser, list(found.groups.all())) == (True, False, [group])


def test_nobody_hands_out_more_than_they_hold(world: dict[str, Any]) -> None:
    clerk, other = UserFactory(is_staff=True), UserFactory()
    for codename in ("view_user", "change_user"):
        clerk.user_permissions.add(
            Permission.objects.get(codename=codename, content_type__app_label="accounts")
        )
    client = sign_in(clerk)
    group = Group.objects.get(name=Role.ADMINISTRATOR)
    response = client.post(
        reverse("admin:accounts_user_change", args=[other.pk]),
        {**user_form(client, other), "groups": [group.pk]},
    )
    assert response.context["adminform"].form.errors.keys() == {"groups"}
    assert not other.groups.exists()


def test_nobody_changes_their_own_rights(world: dict[str, Any]) -> None:
    administrator = make_staff(Role.ADMINISTRATOR)
    assert (
        set(user_form(sign_in(administrator), administrator)) & {"groups", "is_staff", "is_superuser"}
        == set()
    )


def test_a_superusers_account_is_changed_by_superusers_only(world: dict[str, Any]) -> None:
    root, client = make_root(), sign_in(make_staff(Role.ADMINISTRATOR))
    assert (
        client.post(reverse("admin:accounts_user_change", args=[root.pk]), {"username": "x"}).status_code
        == 403
    )
    address = reverse("admin:auth_user_password_change", args=[root.pk])
    assert client.post(address, {"password1": "Anxin-1", "password2": "Anxin-1"}).status_code == 403
    assert User.objects.get(pk=root.pk).check_password("x")


# --- the content policy --------------------------------------------------------------------------------------
def test_the_admin_has_a_policy_of_its_own(world: dict[str, Any]) -> None:
    root = sign_in(make_root())
    policy = dict(
        part.strip().split(" ", 1)
        for part in root.get(reverse("admin:index"))["Content-Security-Policy"].split(";")
        if " " in part.strip()
    )
    assert policy["script-src"] == "'self' 'unsafe-eval'"
    assert policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    outside = root.get(reverse("account_login"))["Content-Security-Policy"]
    assert "unsafe" not in outside


def test_an_error_page_of_the_admin_has_the_policy_too(world: dict[str, Any]) -> None:
    root = sign_in(make_root())
    response = root.get("/admin/tickets/ticket/999999/change/")
    assert response.status_code == 404
    assert "script-src 'self' 'unsafe-eval'" in response["Content-Security-Policy"]


def test_both_languages(world: dict[str, Any]) -> None:
    root = sign_in(make_root())
    page = root.get(reverse("admin:index"))
    assert 'name="language" type="hidden" value="zh-hans"' in page.content.decode()
    root.post("/i18n/setlang/", {"language": "en", "next": "/admin/"})
    assert 'lang="en"' in root.get(reverse("admin:index")).content.decode()
    root.post("/i18n/setlang/", {"language": "zh-hans", "next": "/admin/"})
    assert 'lang="zh-hans"' in root.get(reverse("admin:index")).content.decode()
