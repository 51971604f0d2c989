"""Whatever goes wrong in the API is answered as RFC 9457 problem details, and says what to do."""

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from core.models import Tries
from customers.models import Product
from tests.api_client import App, app_of, problem, staff_app
from tests.factories.accounts import CustomerUserFactory, UserFactory
from tests.factories.channels_hub import ChannelFactory
from tests.factories.customers import CustomerFactory
from tests.factories.tickets import make_desk
from tests.factories.work import make_colleague, make_open_ticket, make_ticket

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "path",
    [
        "/api/",
        "/api/v1/",
        "/api/v1/nothing/",
        "/api/v2/tickets/",
        "/api/v1/tickets",
        "/api/%00/",
        "/api/v1/x/é",
    ],
)
@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
def test_an_address_that_does_not_exist(path: str, method: str) -> None:
    answer = getattr(Client(headers={"Accept-Language": "en"}), method)(path)
    body = problem(answer, 404, "not_found")
    assert body["title"] == "Not found"


def test_a_body_that_is_no_json() -> None:
    for body in (b"{", b"\xff\xfe", b'{"symptom": NaN}', b"[" * 100_000):
        answer = Client().post("/api/v1/requests/", body, content_type="application/json")
        problem(answer, 400, "not_readable")


def test_a_body_that_is_no_object() -> None:
    answer = Client().post("/api/v1/requests/", b"[1, 2]", content_type="application/json")
    assert "errors" not in problem(answer, 400, "invalid")


def test_a_body_that_is_too_long() -> None:
    answer = App().post("requests/", {"symptom": "字" * 1_000_000})
    problem(answer, 413, "too_large")


def test_a_kind_of_content_that_is_not_taken() -> None:
    answer = Client().post("/api/v1/requests/", b"<a/>", content_type="application/xml")
    problem(answer, 415, "unsupported_media_type")
    # JSON only, where no files come along
    answer = Client().post("/api/v1/chat/", {"about": "x"})
    problem(answer, 415, "unsupported_media_type")


def test_a_method_that_is_not_taken() -> None:
    answer = Client().delete("/api/v1/products/")
    problem(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"


def test_a_form_that_is_not_spoken() -> None:
    answer = Client(headers={"Accept": "application/xml"}).get("/api/v1/products/")
    problem(answer, 406, "not_acceptable")


@pytest.mark.parametrize(
    "path", ["me/", "devices/", "requests/", "tickets/", "lists/", "duty/", "chat/messages/"]
)
def test_who_is_not_signed_in_is_told_so(path: str) -> None:
    answer = App().get(path)
    problem(answer, 401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"] == 'Session realm="api"'


@pytest.mark.parametrize("path", ["me/", "products/", "articles/"])
def test_a_token_that_has_ended_is_refused_even_where_none_is_needed(path: str) -> None:
    """An app must not go on as nobody without knowing it."""
    answer = App(**{"X-Session-Token": "gone"}).get(path)
    assert problem(answer, 401, "signed_out")["detail"] == "You are signed out. Please sign in again."


def test_somebody_who_left_has_no_token_any_more() -> None:
    user = UserFactory()
    app = staff_app(user)
    assert app.get("me/").status_code == 200
    type(user).objects.filter(pk=user.pk).update(is_active=False)
    problem(app.get("me/"), 401, "signed_out")


AGENT_DOORS = [
    ("get", "tickets/"),
    ("get", "tickets/{reference}/"),
    ("get", "tickets/{reference}/timeline/"),
    ("get", "tickets/{reference}/suggestions/"),
    ("get", "tickets/{reference}/drafts/"),
    ("get", "lists/"),
    ("get", "reference/"),
    ("get", "duty/"),
    ("post", "duty/"),
    *(
        ("post", f"tickets/{{reference}}/{act}/")
        for act in (
            *("claim", "assign", "escalate", "hand-down", "regrade", "wait", "resume", "resolve", "confirm"),
            *("reopen", "reply", "note", "reveal", "seen", "drafts"),
        )
    ),
]


@pytest.mark.parametrize(("method", "path"), AGENT_DOORS)
def test_to_customers_the_agents_part_does_not_exist(method: str, path: str) -> None:
    """Not even on a ticket of their own."""
    make_desk()
    user = CustomerUserFactory()
    ticket = make_ticket(customer=CustomerFactory(user=user))
    answer = getattr(app_of(user), method)(path.format(reference=ticket.reference))
    problem(answer, 404, "not_found")


def test_a_browsers_session_posts_with_its_forgery_token_only() -> None:
    agent = make_colleague("林晓")
    client = Client(enforce_csrf_checks=True, headers={"Accept-Language": "en"})
    client.force_login(agent, backend="accounts.backends.PasswordBackend")
    answer = client.post("/api/v1/duty/", b'{"state": "busy"}', content_type="application/json")
    problem(answer, 403, "not_allowed")


def test_an_illegal_step_says_what_is_allowed() -> None:
    codes = make_desk()
    agent = make_colleague("林晓", queue=codes["queues"]["L1"])
    ticket = make_open_ticket(agent)
    body = problem(staff_app(agent).post(f"tickets/{ticket.reference}/confirm/", {"reason": "电话"}), 409)
    assert body["code"] == "illegal_transition"
    assert body["state"] == "open"
    assert body["allowed"] == [
        "merged",
        "resolved",
        "waiting_customer",
        "waiting_part",
        "waiting_third_party",
    ]


def test_too_many_tries_say_when_to_come_back() -> None:
    ChannelFactory()
    answer: Any = None
    for _ in range(61):
        answer = App().post("requests/look-up/", {"reference": "", "phone": ""})
    body = problem(answer, 429, "too_many_requests")
    assert body["retry_after"] == 60
    assert answer.headers["Retry-After"] == "60"
    # reading goes on
    assert App().get("products/").status_code == 200


def test_whoever_is_signed_in_is_not_counted_with_the_nameless() -> None:
    app = staff_app(make_colleague("林晓"))
    before = Tries.objects.count()
    assert app.post("duty/", {"state": "busy"}).status_code == 200
    assert Tries.objects.count() == before


@pytest.mark.parametrize("header", ["X-Tracking-Token", "X-Chat-Token"])
def test_a_token_that_opens_nothing_is_nothing_and_counts(header: str) -> None:
    path = "requests/" if header == "X-Tracking-Token" else "chat/messages/"
    for _ in range(30):
        problem(App(**{header: "guess"}).get(path), 404, "not_found")
    problem(App(**{header: "guess"}).get(path), 429, "too_many_requests")


def test_what_nobody_expected_names_the_request_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()

    def fall(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr(Product.objects, "filter", fall)
    client = Client(raise_request_exception=False, headers={"Accept-Language": "en"})
    answer = client.get("/api/v1/products/")
    body = problem(answer, 500, "internal_error")
    assert body["error_id"] == answer.headers["X-Request-ID"] != ""
    assert body["error_id"] in body["detail"]
    assert b"hunter2" not in answer.content
    assert b"RuntimeError" not in answer.content


def test_the_reader_is_answered_in_their_language() -> None:
    answer = App(**{"Accept-Language": "zh-CN"}).get("nothing/")
    assert answer.headers["Content-Language"] == "zh-hans"
    assert App().get("nothing/").json()["title"] == "Not found"


def test_answers_stay_out_of_caches() -> None:
    assert App().get("products/").headers["Cache-Control"] == "private, no-store"
