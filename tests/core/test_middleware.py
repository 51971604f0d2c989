"""What every request passes: an id, a log line without secrets, and an answer for each domain error."""

import logging
import uuid

import pytest
from django.http import HttpRequest
from django.test import Client, RequestFactory, override_settings
from django.urls import path

from config.logs import _mask_paths
from core.errors import Conflict, DomainError, InvalidInput, NotAllowed, NotVisible, TooMany
from core.middleware import RequestLogMiddleware

ERRORS: dict[str, DomainError] = {
    "invalid": InvalidInput("that is no number"),
    "missing": NotVisible(),
    "forbidden": NotAllowed(),
    "conflict": Conflict("somebody was faster"),
    "often": TooMany(extra={"retry_after": 60}),
}


def fail(request: HttpRequest, what: str) -> None:
    raise ERRORS[what]


def crash(request: HttpRequest) -> None:
    raise ZeroDivisionError


def __getattr__(name: str) -> object:
    """This module is also an address list: the product's own and two that fail."""
    if name != "urlpatterns":
        raise AttributeError(name)
    from config.urls import urlpatterns

    return [path("fail/<what>/", fail), path("crash/", crash), *urlpatterns]


pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("what", "status"),
    [("invalid", 400), ("missing", 404), ("forbidden", 403), ("conflict", 409), ("often", 429)],
)
@pytest.mark.parametrize("htmx", [False, True])
@override_settings(ROOT_URLCONF="tests.core.test_middleware")
def test_a_domain_error_becomes_its_status_and_a_page(
    client: Client, what: str, status: int, htmx: bool
) -> None:
    answer = client.get(f"/fail/{what}/", headers={"HX-Request": "true"} if htmx else {})
    assert answer.status_code == status
    assert ("<html" in answer.content.decode()) != htmx
    assert answer.get("Retry-After") == ("60" if what == "often" else None)
    if what in ("invalid", "conflict"):
        assert str(ERRORS[what].message) in answer.content.decode()


@override_settings(ROOT_URLCONF="tests.core.test_middleware")
def test_any_other_error_is_djangos(client: Client) -> None:
    with pytest.raises(ZeroDivisionError):
        client.get("/crash/")


def test_every_answer_has_an_id(client: Client) -> None:
    first, second = (client.get("/accounts/login/")["X-Request-ID"] for _ in range(2))
    assert uuid.UUID(first) != uuid.UUID(second)


@pytest.mark.parametrize(
    ("address", "logged"),
    [
        ("/desk/tickets/42/?q=13800000000", "GET /desk/tickets/42/"),
        ("/t/AbCdEfGhIjKlMnOpQrStUvWx/reply/", "GET /t/…/reply/"),
        ("/s/AbCdEfGhIjKlMnOpQrStUvWx", "GET /s/…"),
    ],
)
def test_a_log_line_holds_no_search_words_and_no_tokens(address: str, logged: str) -> None:
    assert RequestLogMiddleware.format_request(RequestFactory().get(address)) == logged


def test_a_log_line_holds_no_address_of_a_person(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        client.get("/accounts/login/?next=13800000000", REMOTE_ADDR="203.0.113.9")
    assert "13800000000" not in caplog.text
    assert "203.0.113.9" not in caplog.text


def test_djangos_own_line_about_a_failed_request_holds_no_token() -> None:
    entry = {"logger": "django.request", "event": "Not Found: /t/AbCdEfGhIjKlMnOpQrStUvWx/reply/"}
    assert _mask_paths(None, "warning", entry)["event"] == "Not Found: /t/…/reply/"


def test_the_admin_alone_may_evaluate(client: Client) -> None:
    assert "unsafe-eval" in client.get("/admin/login/")["Content-Security-Policy"]
    page = client.get("/accounts/login/")["Content-Security-Policy"]
    assert "unsafe" not in page
    assert "default-src 'self'" in page
