"""A mobile app for tests: JSON in, JSON out, signed in by allauth's token as the real one is."""

import json
import re
from typing import Any

import pytest
from django.test import Client

from accounts import ports
from accounts.models import User

SIGN_IN = "/_allauth/app/v1/auth/"
PASSWORD = "correct horse battery"


class App:
    """`app.get("tickets/", view="mine")`, `app.post("requests/", {...})`; problems are answers as any."""

    def __init__(self, **headers: str) -> None:
        self.headers = {"Accept-Language": "en", **headers}
        self.client = Client()

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(self._url(path), query, headers=self.headers)

    def post(self, path: str, data: Any = None, *, multipart: bool = False, **headers: str) -> Any:
        given = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if multipart:
            return self.client.post(self._url(path), data, headers=given)
        return self.client.post(
            self._url(path), json.dumps(data or {}), content_type="application/json", headers=given
        )

    def _url(self, path: str) -> str:
        return path if path.startswith("/") else f"/api/v1/{path}"


def staff_app(user: User) -> App:
    """The app of a colleague who signed in with name and password."""
    answer = App().post(f"{SIGN_IN}login", {"username": user.username, "password": PASSWORD})
    assert answer.status_code == 200, answer.content
    return App(**{"X-Session-Token": answer.json()["meta"]["session_token"]})


def app_of(user: User) -> App:
    """The app of somebody who signed in before: allauth's token is the session's key."""
    client = Client()
    client.force_login(user, backend="accounts.backends.PasswordBackend")
    return App(**{"X-Session-Token": str(client.session.session_key)})


class Texts(list[tuple[str, str]]):
    """The text messages that left, in place of a provider."""

    def code(self) -> str:
        found = re.search(r"\d{6}", self[-1][1])
        assert found is not None
        return found[0]


def catch_texts(monkeypatch: pytest.MonkeyPatch) -> Texts:
    """From now on text messages end here."""
    sent = Texts()

    def send(*, phone: str, body: str) -> bool:
        sent.append((phone, body))
        return True

    monkeypatch.setattr(ports.send_text, "_provider", send)
    return sent


def customer_app(phone: str, texts: Texts) -> App:
    """The app of a customer who signed in with the code sent to their phone."""
    asked = App().post(f"{SIGN_IN}code/request", {"phone": phone})
    assert asked.status_code == 401, asked.content
    token = asked.json()["meta"]["session_token"]
    answer = App(**{"X-Session-Token": token}).post(f"{SIGN_IN}code/confirm", {"code": texts.code()})
    assert answer.status_code == 200, answer.content
    return App(**{"X-Session-Token": answer.json()["meta"]["session_token"]})


def problem(answer: Any, status: int, code: str = "") -> dict[str, Any]:
    """The problem details of an answer; asserts that they are some."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json"), (
        answer.status_code,
        answer.content,
    )
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert {"type", "title", "detail", "code"} <= set(body)
    assert body["type"] == f"urn:anxin-desk:problem:{body['code']}"
    if code:
        assert body["code"] == code
    return body
