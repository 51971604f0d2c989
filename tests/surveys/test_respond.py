"""A rating counts once; a bad one, or the wish for a call, is followed up; "not solved" reopens the ticket."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from core import clock
from core.actors import NOBODY, SYSTEM, Actor
from core.errors import Conflict, InvalidInput, NotVisible
from core.models import Event
from core.services.deliveries import deliver_due, fan_out
from surveys.models import BadRatingFollowUp, SurveyResponse
from surveys.services.respond import nps_is_due, respond
from tests.factories.customers import CustomerFactory
from tests.factories.surveys import ReasonTagFactory, make_invitation, make_rating
from tickets.enums import Status
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


def test_all_answers_are_kept(at: datetime) -> None:
    invitation, _token = make_invitation(at=at)
    slow = ReasonTagFactory()
    response = respond(
        invitation=invitation,
        solved=True,
        stars=3,
        ces=6,
        nps=9,
        reasons=["slow", "slow"],
        comment="  谢谢  ",
        answers={"punctual": True},
        actor=Actor("link", invitation.ticket_id),
        at=at,
    )
    response.refresh_from_db()
    assert (response.solved, response.stars, response.ces, response.nps) == (True, 3, 6, 9)
    assert (response.comment, response.answers, response.call_me, response.at) == (
        "谢谢",
        {"punctual": True},
        False,
        at,
    )
    assert list(response.reasons.all()) == [slow]
    event = Event.objects.get(kind="surveys.answered")
    assert event.data == {
        "invitation_id": invitation.pk,
        "response_id": response.pk,
        "stars": 3,
        "solved": True,
    }
    assert (event.actor_kind, event.actor_id) == ("link", invitation.ticket_id)


def test_it_counts_once(at: datetime) -> None:
    response = make_rating(5, at=at)
    with pytest.raises(Conflict) as refused:
        respond(
            invitation=response.invitation,
            stars=1,
            actor=Actor("link", response.invitation.ticket_id),
            at=at,
        )
    assert refused.value.code == "already_answered"
    assert SurveyResponse.objects.get().stars == 5
    with pytest.raises(IntegrityError), transaction.atomic():
        SurveyResponse.objects.create(invitation=response.invitation, stars=1, at=at)


def test_too_late_is_said(at: datetime) -> None:
    invitation, _token = make_invitation(at=at)
    with pytest.raises(Conflict) as refused:
        respond(
            invitation=invitation,
            stars=5,
            actor=Actor("link", invitation.ticket_id),
            at=at + timedelta(hours=24),
        )
    assert refused.value.code == "survey_expired"
    assert not SurveyResponse.objects.exists()


def test_only_the_customer_and_the_holder_of_the_link_rate(at: datetime) -> None:
    invitation, _token = make_invitation(at=at)
    ticket = invitation.ticket
    wrong = [
        Actor("staff", 1, sees_all=True),
        Actor("customer", CustomerFactory().pk),
        Actor("link", ticket.pk + 1),
        Actor("visitor", ticket.thread_id),
        SYSTEM,
        NOBODY,
    ]
    for actor in wrong:
        with pytest.raises(NotVisible):
            respond(invitation=invitation, stars=5, actor=actor, at=at)
    assert not SurveyResponse.objects.exists()
    assert respond(invitation=invitation, stars=5, actor=Actor("customer", ticket.customer_id), at=at).pk


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"stars": 0}, "stars"),
        ({"stars": 6}, "stars"),
        ({"stars": 5, "ces": 8}, "ces"),
        ({"stars": 5, "nps": 11}, "nps"),
        ({"stars": 5, "comment": "长" * 2001}, "comment"),
        ({"stars": 5, "reasons": ["no-such-reason"]}, "reasons"),
    ],
)
def test_wrong_answers_are_named_and_nothing_is_written(
    at: datetime, answers: dict[str, object], field: str
) -> None:
    invitation, _token = make_invitation(at=at)
    with pytest.raises(InvalidInput) as refused:
        respond(invitation=invitation, actor=Actor("link", invitation.ticket_id), at=at, **answers)
    assert list(refused.value.fields) == [field]
    assert not SurveyResponse.objects.exists()
    assert not Event.objects.filter(kind="surveys.answered").exists()


@pytest.mark.parametrize(
    ("stars", "call_me", "followed_up"),
    [(1, False, True), (2, False, True), (3, False, False), (5, False, False), (4, True, True)],
)
def test_bad_ratings_and_wishes_for_a_call_are_followed_up(
    at: datetime, stars: int, call_me: bool, followed_up: bool
) -> None:
    response = make_rating(stars, call_me=call_me, at=at)
    assert BadRatingFollowUp.objects.filter(response=response).exists() is followed_up


def test_the_limit_of_a_bad_rating_is_configured(at: datetime) -> None:
    invitation, _token = make_invitation(at=at)
    type(invitation.survey).objects.update(bad_stars=3, follow_up_hours=4)
    respond(invitation=invitation, stars=3, actor=Actor("link", invitation.ticket_id), at=at)
    assert BadRatingFollowUp.objects.get().due_at == at + timedelta(hours=4)


def _deliver(at: datetime) -> None:
    with clock.at_time(at):
        fan_out(at=at)
        deliver_due(at=at)


def test_not_solved_reopens_the_ticket_by_whoever_said_so(at: datetime) -> None:
    response = make_rating(4, solved=False, at=at)
    ticket_id = response.invitation.ticket_id
    _deliver(at)
    ticket = Ticket.objects.get(pk=ticket_id)
    assert (ticket.status, ticket.cycle, ticket.resolved_at) == (Status.OPEN, 2, None)
    reopened = Event.objects.get(kind="tickets.reopened")
    assert (reopened.actor_kind, reopened.actor_id, reopened.data["reason"]) == ("link", ticket_id, "survey")


@pytest.mark.parametrize("solved", [True, None])
def test_solved_or_unsaid_leaves_the_ticket_alone(at: datetime, solved: bool | None) -> None:
    response = make_rating(4, solved=solved, at=at)
    _deliver(at)
    assert Ticket.objects.get(pk=response.invitation.ticket_id).status == Status.RESOLVED


def test_a_ticket_that_is_open_again_already_is_not_opened_twice(at: datetime) -> None:
    response = make_rating(4, solved=False, at=at)
    ticket_id = response.invitation.ticket_id
    Ticket.objects.filter(pk=ticket_id).update(cycle=2)
    _deliver(at)
    assert Ticket.objects.get(pk=ticket_id).status == Status.RESOLVED
    assert not Event.objects.filter(kind="tickets.reopened").exists()


def test_a_recommendation_is_asked_at_most_once_in_ninety_days(at: datetime) -> None:
    response = make_rating(5, nps=9, at=at)
    customer_id = response.invitation.ticket.customer_id
    assert nps_is_due(customer_id, at=at + timedelta(days=89)) is False
    assert nps_is_due(customer_id, at=at + timedelta(days=90)) is True
    assert nps_is_due(CustomerFactory().pk, at=at) is True
