"""What a customer answers, once."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.actors import Actor
from core.db import lock_rows
from core.errors import Conflict, InvalidInput, NotVisible
from core.events import announce
from surveys import rules
from surveys.events import SurveyAnswered
from surveys.models import ReasonTag, SurveyInvitation, SurveyResponse
from surveys.services.followups import open_follow_up

LONGEST_COMMENT = 2000


@transaction.atomic
def respond(
    *,
    invitation: SurveyInvitation,
    stars: int,
    solved: bool | None = None,
    ces: int | None = None,
    nps: int | None = None,
    reasons: Iterable[str] = (),
    comment: str = "",
    call_me: bool = False,
    answers: Mapping[str, object] | None = None,
    actor: Actor,
    at: datetime,
) -> SurveyResponse:
    """Record a rating. `reasons` are codes of ReasonTag, `answers` the other questions by code. A rating at
    or below the survey's limit, or the wish for a call, opens a follow-up; "not solved" reopens the ticket
    (by a handler). Raises InvalidInput with fields, Conflict (`already_answered`, `survey_expired`),
    NotVisible for anybody but the ticket's customer or the holder of its link: staff never rate."""
    if actor.kind not in ("customer", "link"):
        raise NotVisible()
    found = SurveyInvitation.objects.visible_to(actor).filter(pk=invitation.pk)
    locked = lock_rows(found).select_related("survey", "ticket").first()
    if locked is None:
        raise NotVisible()
    if SurveyResponse.objects.filter(invitation=locked).exists():
        raise Conflict(_("You have already rated this service. Thank you."), code="already_answered")
    if at >= locked.expires_at:
        raise Conflict(_("This survey has ended: its link was valid for a day."), code="survey_expired")
    _check(stars=stars, ces=ces, nps=nps, comment=comment)
    tags = _tags(reasons)
    response = SurveyResponse.objects.create(
        invitation=locked,
        solved=solved,
        stars=stars,
        ces=ces,
        nps=nps,
        answers=dict(answers or {}),
        comment=comment.strip(),
        call_me=call_me,
        at=at,
    )
    response.reasons.set(tags)
    announce(
        SurveyAnswered(
            subject_id=locked.ticket_id,
            invitation_id=locked.pk,
            response_id=response.pk,
            stars=stars,
            solved=solved,
        ),
        actor=actor,
        at=at,
    )
    if rules.wants_follow_up(stars=stars, bad_stars=locked.survey.bad_stars, call_me=call_me):
        open_follow_up(response=response, actor=actor, at=at)
    return response


def nps_is_due(customer_id: int, *, at: datetime) -> bool:
    """Whether this customer may be asked for a recommendation: they gave none for 90 days."""
    return not SurveyResponse.objects.filter(
        invitation__ticket__customer_id=customer_id, nps__isnull=False, at__gt=at - rules.NPS_EVERY
    ).exists()


def _check(*, stars: int, ces: int | None, nps: int | None, comment: str) -> None:
    fields: dict[str, list[object]] = {}
    for name, value, low, high in (("stars", stars, 1, 5), ("ces", ces, 1, 7), ("nps", nps, 0, 10)):
        if value is not None and not low <= value <= high:
            fields[name] = [_("Choose a number from %(low)d to %(high)d.") % {"low": low, "high": high}]
    if len(comment) > LONGEST_COMMENT:
        fields["comment"] = [_("Please keep to %(count)d characters.") % {"count": LONGEST_COMMENT}]
    if fields:
        raise InvalidInput(fields=fields)


def _tags(codes: Iterable[str]) -> list[ReasonTag]:
    wanted = set(codes)
    tags = list(ReasonTag.objects.filter(code__in=wanted))
    if len(tags) != len(wanted):
        raise InvalidInput(fields={"reasons": [_("Choose from the reasons shown.")]})
    return tags
