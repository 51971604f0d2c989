"""The API describes itself truly: no warnings, its page needs no other server, and what it answers fits."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api_client import App, catch_texts, customer_app, staff_app
from tests.factories.channels_hub import ChannelFactory
from tests.factories.customers import CustomerFactory, DeviceFactory
from tests.factories.knowledge import published
from tests.factories.surveys import SurveyFactory
from tests.factories.tickets import make_desk
from tests.factories.work import make_colleague, make_open_ticket

METHODS = ("get", "post", "put", "patch", "delete")
EXAMPLES = 3
PHONE = "13812345678"


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    from drf_spectacular.generators import SchemaGenerator

    found: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return found


def operations(description: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in description["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def test_the_description_is_valid_and_without_warnings() -> None:
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=io.StringIO())


@pytest.mark.django_db
def test_it_is_served_as_yaml_and_json() -> None:
    yaml = App().get("schema/")
    assert yaml.headers["Content-Type"].startswith("application/vnd.oai.openapi")
    assert yaml.content.startswith(b"openapi: 3.0.3")
    found = App().get("schema/", format="json").json()
    assert found["info"]["title"] == "Anxin Desk API"
    assert "/api/v1/requests/{reference}/" in found["paths"]


def test_every_operation_says_what_may_go_wrong(description: dict[str, Any]) -> None:
    """With the one shape of RFC 9457 problem details."""
    shape = {"$ref": "#/components/schemas/Problem"}
    seen = 0
    for path, method, operation in operations(description):
        answers = operation["responses"]
        needed = {"400", "401", "404", "429"} | ({"409", "415"} if method == "post" else set())
        assert needed <= set(answers), f"{method} {path}"
        for code, answer in answers.items():
            if int(code) >= 400:
                assert answer["content"] == {"application/problem+json": {"schema": shape}}, (
                    f"{method} {path}"
                )
                seen += 1
        assert operation["summary"]
    assert seen > 300


def test_every_operation_says_which_key_opens_it(description: dict[str, Any]) -> None:
    keys = {
        path: item.get("get", item.get("post"))["security"] for path, item in description["paths"].items()
    }
    assert keys["/api/v1/tickets/"] == [{"SessionToken": []}]
    assert keys["/api/v1/requests/{reference}/"] == [{"SessionToken": []}, {"TrackingToken": []}]
    assert keys["/api/v1/chat/messages/"] == [{"ChatToken": []}]
    assert keys["/api/v1/articles/"] == [{"SessionToken": []}, {}]
    assert set(description["components"]["securitySchemes"]) == {"SessionToken", "TrackingToken", "ChatToken"}


@pytest.mark.django_db
def test_its_page_comes_from_our_own_server_alone() -> None:
    page = Client().get(reverse("api:docs"))
    text = page.content.decode()
    assert page.status_code == 200
    assert "http://" not in text
    assert "https://" not in text
    assert "<style" not in text
    assert "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js" in text
    script = Client().get(reverse("api:docs"), {"script": ""})
    assert '"validatorUrl": null' in script.content.decode()


CHECKED = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@contextmanager
def one_connection() -> Iterator[None]:
    """A request from outside would close the connection in which the test's transaction is."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["staff", "customer"])
def test_whatever_is_sent_the_answer_fits_the_description(who: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Random requests to every operation, with a real ticket and article in the address."""
    make_desk()
    SurveyFactory()
    ChannelFactory()
    ChannelFactory(kind="web_chat")
    customer = CustomerFactory(phone=PHONE)
    DeviceFactory(customer=customer)
    agent = make_colleague("林晓")
    ticket = make_open_ticket(agent, customer=customer)
    article = published()
    app = staff_app(agent) if who == "staff" else customer_app(PHONE, catch_texts(monkeypatch))
    real = {"reference": ticket.reference, "slug": article.slug}
    with one_connection():
        schema = schemathesis.openapi.from_wsgi("/api/v1/schema/?format=json", get_wsgi_application())
    tried = 0

    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def check(case: Any) -> None:
            nonlocal tried
            tried += 1
            given_path = case.path_parameters or {}
            case.path_parameters = {**given_path, **{name: real[name] for name in given_path.keys() & real}}
            case.call_and_validate(headers=app.headers, checks=CHECKED)

        with one_connection():
            check()
    assert tried >= 60
