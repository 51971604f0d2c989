"""The agents' duty state through the API."""

import pytest

from accounts.models import DutyLog
from tests.api_client import app_of, problem
from tests.factories.accounts import UserFactory, make_agent

pytestmark = pytest.mark.django_db


def test_what_i_am_doing_and_changing_it() -> None:
    agent = make_agent("林晓")
    app = app_of(agent)
    found = app.get("duty/").json()
    assert (found["state"], found["name"], found["tier"]) == ("available", "Available", "L1")
    for _ in range(2):  # twice is once
        changed = app.post("duty/", {"state": "busy"})
        assert (changed.status_code, changed.json()["state"]) == (200, "busy")
    assert list(DutyLog.objects.order_by("pk").values_list("state", flat=True)) == ["available", "busy"]


def test_a_break_needs_its_reason() -> None:
    app = app_of(make_agent("林晓"))
    assert list(problem(app.post("duty/", {"state": "break"}), 400, "reason_needed")["errors"]) == ["reason"]
    assert app.post("duty/", {"state": "break", "reason": "meal"}).json()["state"] == "break"
    assert list(problem(app.post("duty/", {"state": "asleep"}), 400, "unknown_state")["errors"]) == ["state"]
    assert list(problem(app.post("duty/", {}), 400)["errors"]) == ["state"]


def test_only_a_lead_signs_somebody_out() -> None:
    problem(
        app_of(make_agent("林晓")).post("duty/", {"state": "forced_out", "reason": "x"}), 403, "not_allowed"
    )


def test_staff_who_take_no_tickets_have_no_duty() -> None:
    problem(app_of(UserFactory()).get("duty/"), 404, "not_found")
