"""Staff sign in with name and password, customers with their phone and a code: on the pages and in the app."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client, override_settings
from django.urls import reverse

from accounts import ports
from accounts.models import User
from customers.models import Customer, Identity
from tests.factories.accounts import CustomerUserFactory, UserFactory
from tests.factories.customers import CustomerFactory
from tests.factories.times import NOW

pytestmark = pytest.mark.django_db

PHONE = "13812345678"
LIMITS = {
    "login_failed": "10/m/ip,5/5m/key",
    "request_login_code": "20/m/ip,3/10m/key,10/d/key",
}
APP = "/_allauth/app/v1/auth/"


class Texts(list[tuple[str, str]]):
    """The text messages that left, in place of a provider."""

    def code(self) -> str:
        found = re.search(r"\d{6}", self[-1][1])
        assert found is not None
        return found[0]


@pytest.fixture
def client() -> Client:
    """Somebody who reads English."""
    return Client(headers={"Accept-Language": "en"})


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Texts]:
    sent = Texts()

    def send(*, phone: str, body: str) -> bool:
        sent.append((phone, body))
        return True

    monkeypatch.setattr(ports.send_text, "_provider", send)
    return sent


def app(path: str, data: dict[str, Any], token: str = "") -> tuple[int, dict[str, Any]]:
    headers = {"X-Session-Token": token} if token else {}
    answer = Client().post(APP + path, json.dumps(data), content_type="application/json", headers=headers)
    return answer.status_code, answer.json()


# --- staff ----------------------------------------------------------------------------------------------------
def test_staff_sign_in_with_name_and_password(client: Client) -> None:
    user = UserFactory(username="linxiao")
    answer = client.post(reverse("account_login"), {"login": "linxiao", "password": "correct horse battery"})
    assert (answer.status_code, answer.headers["Location"]) == (302, reverse("landing"))
    assert client.session["_auth_user_id"] == str(user.pk)


@pytest.mark.parametrize(("name", "password"), [("linxiao", "wrong"), ("nobody", "correct horse battery")])
def test_a_wrong_name_and_a_wrong_password_say_the_same(client: Client, name: str, password: str) -> None:
    UserFactory(username="linxiao")
    answer = client.post(reverse("account_login"), {"login": name, "password": password})
    assert answer.status_code == 200
    assert answer.context["form"].non_field_errors() == ["Name or password is wrong."]
    assert "_auth_user_id" not in client.session


@override_settings(ACCOUNT_RATE_LIMITS=LIMITS)
def test_guessing_a_password_is_limited_for_all_processes_together(client: Client) -> None:
    UserFactory(username="linxiao")
    for _ in range(5):
        client.post(reverse("account_login"), {"login": "linxiao", "password": "wrong"})
    answer = client.post(reverse("account_login"), {"login": "linxiao", "password": "correct horse battery"})
    assert "_auth_user_id" not in client.session
    assert answer.context["form"].non_field_errors() == ["Too many tries. Please wait a few minutes."]
    # allauth counts in the default cache: it is the one that all processes share
    assert caches.settings["default"] == caches.settings["shared"]


def test_people_who_left_do_not_get_in(client: Client) -> None:
    UserFactory(username="linxiao", is_active=False)
    client.post(reverse("account_login"), {"login": "linxiao", "password": "correct horse battery"})
    assert "_auth_user_id" not in client.session


def test_nobody_signs_up_by_a_form(client: Client) -> None:
    answer = client.post(reverse("account_signup"), {"username": "me", "password1": "correct horse battery"})
    assert answer.status_code == 200
    assert not User.objects.exists()


def test_staff_sign_in_to_the_app_and_act_by_token() -> None:
    UserFactory(username="linxiao")
    status, answer = app("login", {"username": "linxiao", "password": "correct horse battery"})
    assert status == 200
    token = answer["meta"]["session_token"]
    session = Client().get(APP + "session", headers={"X-Session-Token": token})
    assert (session.status_code, session.json()["data"]["user"]["username"]) == (200, "linxiao")


# --- customers ------------------------------------------------------------------------------------------------
def test_a_customer_signs_in_with_a_code(client: Client, texts: Texts) -> None:
    customer = CustomerFactory(phone=PHONE)
    answer = client.post(reverse("account_request_login_code"), {"phone": "+86 １３８ 1234-5678"})
    assert answer.headers["Location"] == reverse("account_confirm_login_code")
    assert [phone for phone, _body in texts] == [PHONE]
    assert "_auth_user_id" not in client.session
    answer = client.post(reverse("account_confirm_login_code"), {"code": texts.code()})
    assert (answer.status_code, answer.headers["Location"]) == (302, reverse("landing"))
    customer.refresh_from_db()
    assert customer.user is not None
    assert client.session["_auth_user_id"] == str(customer.user.pk)
    assert (customer.user.kind, customer.user.has_usable_password()) == ("customer", False)
    assert Identity.objects.get(customer=customer).verified_at is not None


def test_a_customer_signs_in_to_the_app_with_a_code(texts: Texts) -> None:
    customer = CustomerFactory(phone=PHONE)
    status, answer = app("code/request", {"phone": PHONE})
    assert status == 401
    token = answer["meta"]["session_token"]
    status, answer = app("code/confirm", {"code": texts.code()}, token)
    assert status == 200
    assert answer["data"]["user"]["username"] == f"customer-{customer.pk}"
    assert answer["meta"]["is_authenticated"] is True
    session = Client().get(APP + "session", headers={"X-Session-Token": answer["meta"]["session_token"]})
    assert session.status_code == 200


def test_a_code_counts_once(client: Client, texts: Texts) -> None:
    CustomerFactory(phone=PHONE)
    client.post(reverse("account_request_login_code"), {"phone": PHONE})
    code = texts.code()
    client.post(reverse("account_confirm_login_code"), {"code": code})
    client.post(reverse("account_logout"))
    client.post(reverse("account_confirm_login_code"), {"code": code})
    assert "_auth_user_id" not in client.session


def test_after_five_wrong_codes_the_right_one_is_worth_nothing(client: Client, texts: Texts) -> None:
    CustomerFactory(phone=PHONE)
    client.post(reverse("account_request_login_code"), {"phone": PHONE})
    wrong = "000000" if texts.code() != "000000" else "111111"
    for _ in range(5):
        client.post(reverse("account_confirm_login_code"), {"code": wrong})
    client.post(reverse("account_confirm_login_code"), {"code": texts.code()})
    assert "_auth_user_id" not in client.session


def test_a_code_runs_out_after_ten_minutes(client: Client, texts: Texts) -> None:
    import time_machine

    CustomerFactory(phone=PHONE)
    with time_machine.travel(NOW, tick=False) as moment:
        client.post(reverse("account_request_login_code"), {"phone": PHONE})
        moment.shift(601)
        client.post(reverse("account_confirm_login_code"), {"code": texts.code()})
    assert "_auth_user_id" not in client.session


def test_an_unknown_number_looks_the_same_and_gets_nothing(client: Client, texts: Texts) -> None:
    answer = client.post(reverse("account_request_login_code"), {"phone": PHONE})
    assert answer.headers["Location"] == reverse("account_confirm_login_code")
    assert texts == []
    assert not User.objects.exists()
    assert not Customer.objects.exists()
    for code in ("", "000000"):
        client.post(reverse("account_confirm_login_code"), {"code": code})
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("phone", ["", "123", "abc", "138123456789"])
def test_what_is_no_number_is_said_beside_the_field(client: Client, texts: Texts, phone: str) -> None:
    answer = client.post(reverse("account_request_login_code"), {"phone": phone})
    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == ["phone"]
    assert texts == []


@override_settings(ACCOUNT_RATE_LIMITS=LIMITS)
def test_a_number_gets_three_codes_in_ten_minutes(texts: Texts) -> None:
    CustomerFactory(phone=PHONE)
    for _ in range(3):
        Client().post(reverse("account_request_login_code"), {"phone": PHONE})
    answer = Client().post(reverse("account_request_login_code"), {"phone": PHONE})
    assert list(answer.context["form"].errors) == ["phone"]
    assert len(texts) == 3


def test_a_code_never_opens_a_colleagues_account(client: Client, texts: Texts) -> None:
    UserFactory(username=PHONE)
    client.post(reverse("account_request_login_code"), {"phone": PHONE})
    assert texts == []


def test_without_a_provider_the_code_is_logged_here_but_not_in_production(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from structlog.testing import capture_logs

    CustomerFactory(phone=PHONE)
    with capture_logs() as logs:
        client.post(reverse("account_request_login_code"), {"phone": PHONE})
    (line,) = [entry for entry in logs if entry["event"] == "sign_in_code"]
    assert (line["phone"], len(line["code"])) == ("138****5678", 6)
    with override_settings(PRODUCTION=True), capture_logs() as logs:
        Client().post(reverse("account_request_login_code"), {"phone": PHONE})
    assert "no_text_message_provider" in [entry["event"] for entry in logs]
    assert not any(re.search(r"\d{6}", str(entry)) for entry in logs)


# --- landing --------------------------------------------------------------------------------------------------
def test_strangers_are_asked_to_sign_in(client: Client) -> None:
    answer = client.get(reverse("landing"))
    assert answer.headers["Location"] == f"{reverse('account_login')}?next={reverse('landing')}"


def test_staff_go_to_the_desk_and_customers_to_what_is_theirs(client: Client) -> None:
    client.force_login(UserFactory(), backend="accounts.backends.PasswordBackend")
    assert client.get(reverse("landing")).headers["Location"] == reverse("desk:queue")
    client.force_login(CustomerUserFactory(), backend="accounts.backends.PasswordBackend")
    assert client.get(reverse("landing")).headers["Location"] == reverse("help:mine")


@pytest.mark.parametrize(
    "name",
    [
        "account_login",
        "account_request_login_code",
        "account_logout",
        "account_change_password",
        "account_reset_password",
        "mfa_index",
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "usersessions_list",
        "account_reauthenticate",
    ],
)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_stands_in_our_shell(name: str, language: str) -> None:
    client = Client(headers={"Accept-Language": language})
    if name not in ("account_login", "account_request_login_code", "account_reset_password"):
        user = UserFactory()
        client.post(reverse("account_login"), {"login": user.username, "password": "correct horse battery"})
    if name in ("mfa_activate_totp", "mfa_add_webauthn"):
        # what guards the account is changed only by who just proved to be its owner
        assert client.get(reverse(name)).status_code == 302
        client.post(reverse("account_reauthenticate"), {"password": "correct horse battery"})
    answer = client.get(reverse(name))
    assert answer.status_code == 200
    page = answer.content.decode()
    assert 'class="auth__card"' in page
    assert "<style" not in page
    assert not re.search(r"<script(?![^>]*(src=|type=\"application/json\"))", page)
    assert not re.search(r"\son[a-z]+=", page)
