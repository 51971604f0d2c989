"""Rating a request through the API."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from customers.models import Customer
from surveys.models import BadRatingFollowUp, SurveyResponse
from tests.api_client import App, app_of, problem
from tests.factories.accounts import CustomerUserFactory, UserFactory
from tests.factories.customers import CustomerFactory
from tests.factories.surveys import ReasonTagFactory, make_invitation
from tests.factories.times import NOW
from tickets.services.links import issue_link

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def now():
    with time_machine.travel(NOW, tick=False) as moment:
        yield moment


@pytest.fixture
def rating() -> tuple[App, str]:
    """The app of a customer who may rate, and the address."""
    invitation, _token = make_invitation()
    ticket = invitation.ticket
    user = CustomerUserFactory()
    Customer.objects.filter(pk=ticket.customer_id).update(user=user)
    return app_of(user), f"requests/{ticket.reference}/survey/"


def test_what_is_asked(rating: tuple[App, str]) -> None:
    ReasonTagFactory()
    app, url = rating
    found = app.get(url).json()
    assert [(row["name"], row["needed"]) for row in found["questions"]] == [
        ("solved", True),
        ("stars", True),
        ("ces", False),
        ("nps", False),
        ("reasons", False),
        ("comment", False),
        ("call_me", False),
    ]
    assert found["reasons"] == [{"code": "slow", "name": "Slow", "polarity": "bad"}]
    assert (found["rating"], found["rated_agent"] != "") == (None, True)


def test_a_bad_rating_opens_a_follow_up_and_counts_once(rating: tuple[App, str]) -> None:
    ReasonTagFactory()
    app, url = rating
    given = {
        "stars": 2,
        "solved": False,
        "reasons": ["slow"],
        "comment": "太慢",
        "call_me": True,
        "ces": 6,
        "nps": 3,
    }
    answer = app.post(url, given)
    assert (answer.status_code, answer.json()["stars"]) == (201, 2)
    problem(app.post(url, {"stars": 5, "solved": True}), 409, "already_answered")
    response = SurveyResponse.objects.get()
    assert (response.solved, response.ces, response.nps, response.call_me) == (False, 6, 3, True)
    assert BadRatingFollowUp.objects.count() == 1
    assert app.get(url).json()["rating"]["comment"] == "太慢"


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({}, {"stars", "solved"}),
        ({"stars": 0, "solved": True}, {"stars"}),
        ({"stars": 6, "solved": True}, {"stars"}),
        ({"stars": "good", "solved": True}, {"stars"}),
        ({"stars": 5, "solved": "perhaps"}, {"solved"}),
        ({"stars": 5, "solved": True, "ces": 8}, {"ces"}),
        ({"stars": 5, "solved": True, "nps": 11}, {"nps"}),
        ({"stars": 5, "solved": True, "reasons": ["nothing"]}, {"reasons"}),
        ({"stars": 5, "solved": True, "comment": "x" * 2001}, {"comment"}),
        ({"stars": 5, "solved": True, "answers": {"nothing": "1"}}, {"answers.nothing"}),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(
    rating: tuple[App, str], given: dict[str, Any], fields: set[str]
) -> None:
    app, url = rating
    assert set(problem(app.post(url, given), 400)["errors"]) == fields
    assert not SurveyResponse.objects.exists()


def test_the_holder_of_the_link_rates_too() -> None:
    invitation, _token = make_invitation()
    app = App(**{"X-Tracking-Token": issue_link(ticket=invitation.ticket, at=NOW)})
    assert (
        app.post(f"requests/{invitation.ticket.reference}/survey/", {"stars": 5, "solved": True}).status_code
        == 201
    )


def test_nobody_else_does_least_of_all_staff(rating: tuple[App, str]) -> None:
    _app, url = rating
    other = app_of(CustomerFactory(user=CustomerUserFactory()).user)
    for app in (other, app_of(UserFactory(is_superuser=True))):
        problem(app.get(url), 404)
        problem(app.post(url, {"stars": 5, "solved": True}), 404)
    problem(App().get(url), 401)
    assert not SurveyResponse.objects.exists()


def test_a_day_later_it_is_over(rating: tuple[App, str], now: Any) -> None:
    app, url = rating
    now.shift(timedelta(hours=24))
    problem(app.post(url, {"stars": 5, "solved": True}), 409, "survey_expired")
