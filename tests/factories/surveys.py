"""Surveys, a ticket that can be rated, and a rating of it."""

from datetime import datetime
from typing import Any

import factory

from accounts.models import User
from core.actors import Actor
from surveys.models import ReasonTag, Survey, SurveyInvitation, SurveyQuestion, SurveyResponse
from surveys.services.invite import invite
from surveys.services.respond import respond
from tests.factories.accounts import make_agent
from tests.factories.tickets import RootCauseFactory, SolutionCodeFactory, make_timed_ticket
from tests.factories.times import NOW
from tickets.enums import Status
from tickets.models import Ticket

QUESTIONS = (
    ("solved", "yesno", "always", True, "问题解决了吗？", "Was your problem solved?"),
    ("overall", "stars", "always", True, "打几分？", "How was this service?"),
    ("punctual", "bool", "after_visit", False, "准时吗？", "On time?"),
    ("effort", "scale7", "always", False, "容易吗？", "How easy was it?"),
    ("nps", "scale10", "nps_due", False, "愿意推荐吗？", "Would you recommend us?"),
    ("reasons", "tags", "always", False, "哪里好？", "What went well or badly?"),
    ("comment", "text", "always", False, "想说的话", "Anything to add"),
    ("call_me", "bool", "always", False, "打给我", "Call me"),
)


class SurveyFactory(factory.django.DjangoModelFactory):
    """The service survey with the questions of the defaults."""

    class Meta:
        model = Survey
        django_get_or_create = ("code",)
        skip_postgeneration_save = True

    code = "service"
    name_zh = "服务评价"
    name_en = "Service survey"

    @factory.post_generation
    def asked(self: Survey, create: bool, extracted: Any, **kwargs: Any) -> None:
        if create and not self.questions.exists():
            SurveyQuestion.objects.bulk_create(
                SurveyQuestion(
                    survey=self,
                    code=code,
                    kind=kind,
                    when=when,
                    required=required,
                    text_zh=zh,
                    text_en=en,
                    position=place,
                )
                for place, (code, kind, when, required, zh, en) in enumerate(extracted or QUESTIONS)
            )


class ReasonTagFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ReasonTag
        django_get_or_create = ("code",)

    code = "slow"
    polarity = "bad"
    name_zh = factory.LazyAttribute(lambda o: f"理由{o.code}")
    name_en = factory.LazyAttribute(lambda o: o.code.title())


def make_resolved_ticket(*, agent: User | None = None, at: datetime = NOW, **fields: Any) -> Ticket:
    """A ticket that `agent` (林晓) resolved at `at` and that waits for the customer's word."""
    return make_timed_ticket(
        at=at,
        start=False,
        status=Status.RESOLVED,
        resolved_at=at,
        resolved_by=agent or make_agent("林晓"),
        solution_code=SolutionCodeFactory(),
        root_cause=RootCauseFactory(),
        **fields,
    )


def make_invitation(*, at: datetime = NOW, **ticket: Any) -> tuple[SurveyInvitation, str]:
    """An invitation to rate a resolved ticket, and its token."""
    SurveyFactory()
    return invite(ticket=make_resolved_ticket(at=at, **ticket), at=at)


def make_rating(
    stars: int = 2, *, at: datetime = NOW, agent: User | None = None, **answers: Any
) -> SurveyResponse:
    """What the holder of the link gave."""
    invitation, _token = make_invitation(at=at, agent=agent)
    return respond(
        invitation=invitation,
        stars=stars,
        solved=answers.pop("solved", True),
        actor=Actor("link", invitation.ticket_id),
        at=at,
        **answers,
    )
