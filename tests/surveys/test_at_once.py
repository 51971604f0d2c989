"""Two at the same moment: one invitation, one rating, one owner's list at a time."""

import pytest

from accounts.models import User
from channels_hub.models import Message
from core.actors import Actor
from core.errors import Conflict
from surveys.models import BadRatingFollowUp, SurveyInvitation, SurveyResponse
from surveys.services.followups import move_follow_up, take_follow_up
from surveys.services.invite import ask
from surveys.services.respond import respond
from tests.factories.accounts import TeamFactory, make_agent
from tests.factories.at_once import at_once
from tests.factories.surveys import SurveyFactory, make_invitation, make_rating, make_resolved_ticket
from tests.factories.times import NOW

pytestmark = [pytest.mark.postgres_only, pytest.mark.django_db(transaction=True)]


def test_a_cycle_is_asked_about_once() -> None:
    SurveyFactory()
    ticket = make_resolved_ticket()
    at_once([lambda: ask(ticket=ticket, cycle=1, rated_agent=None, at=NOW)] * 3)
    assert SurveyInvitation.objects.count() == 1
    assert Message.objects.count() == 1


def test_a_doubled_click_is_one_rating() -> None:
    invitation, _token = make_invitation()
    actor = Actor("link", invitation.ticket_id)
    answers = at_once([lambda: respond(invitation=invitation, stars=1, actor=actor, at=NOW)] * 3)
    assert [type(answer) for answer in answers].count(Conflict) == 2
    assert SurveyResponse.objects.count() == BadRatingFollowUp.objects.count() == 1


def test_two_bad_ratings_go_to_two_people() -> None:
    team = TeamFactory(purpose="aftercare")
    make_agent(teams=(team,))
    make_agent(teams=(team,))
    agent = make_agent("林晓")
    offers = [make_invitation(agent=agent)[0] for _ in range(2)]
    at_once(
        [
            lambda offer=offer: respond(
                invitation=offer, stars=1, actor=Actor("link", offer.ticket_id), at=NOW
            )
            for offer in offers
        ]
    )
    assert BadRatingFollowUp.objects.values("owner").distinct().count() == 2


def test_one_of_two_takes_it() -> None:
    team = TeamFactory(purpose="aftercare")
    found = BadRatingFollowUp.objects.get(response=make_rating())
    people: list[User] = [make_agent(teams=(team,)), make_agent(teams=(team,))]
    actors = [Actor("staff", person.pk, scopes=frozenset({team.pk})) for person in people]
    answers = at_once(
        [lambda actor=actor: take_follow_up(follow_up=found, actor=actor, at=NOW) for actor in actors]
    )
    assert [type(answer) for answer in answers].count(BadRatingFollowUp) == 1
    found.refresh_from_db()
    assert found.owner_id in {person.pk for person in people}


def test_two_moves_are_one_after_the_other() -> None:
    found = BadRatingFollowUp.objects.get(response=make_rating())
    boss = Actor("staff", make_agent().pk, sees_all=True)
    answers = at_once(
        [
            lambda: move_follow_up(follow_up=found, state="contacting", actor=boss, at=NOW),
            lambda: move_follow_up(follow_up=found, state="invalid", action="号码有误", actor=boss, at=NOW),
        ]
    )
    found.refresh_from_db()
    # whichever came first: "invalid" ends it, and from "contacting" it may still be reached
    assert found.state == "invalid"
    assert sum(isinstance(answer, Conflict) for answer in answers) <= 1
