"""REST doors of the rating: what is asked about a request, and the answer."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core import clock
from core.api.doors import CustomerDoor
from core.api.fields import Named, words
from core.api.schema import spec
from core.errors import InvalidInput, NotVisible
from surveys.forms import COLUMNS, RatingForm
from surveys.models import SurveyInvitation, SurveyResponse
from surveys.services.respond import LONGEST_COMMENT, nps_is_due, respond

TAG = "customer"


class QuestionOut(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="The field of the answer; `answers.<code>` for further questions")
    kind = serializers.CharField(help_text="yesno, stars, scale7, scale10, tags, text or bool")
    text = serializers.CharField()
    needed = serializers.BooleanField()


class ReasonOut(Named):
    polarity = serializers.CharField(help_text="good or bad: for which stars it is offered")


class AnswerIn(serializers.Serializer[Any]):
    stars = serializers.IntegerField(required=False, allow_null=True, default=None)
    solved = serializers.BooleanField(required=False, allow_null=True, default=None)
    ces = serializers.IntegerField(required=False, allow_null=True, default=None)
    nps = serializers.IntegerField(required=False, allow_null=True, default=None)
    reasons = serializers.ListField(
        child=serializers.CharField(max_length=60), default=list, max_length=20, help_text="Codes"
    )
    comment = words(LONGEST_COMMENT)
    call_me = serializers.BooleanField(default=False)
    answers = serializers.DictField(
        child=serializers.CharField(max_length=LONGEST_COMMENT, allow_blank=True), default=dict
    )


class RatingOut(serializers.Serializer[SurveyResponse]):
    stars = serializers.IntegerField()
    solved = serializers.BooleanField(allow_null=True)
    comment = serializers.CharField()
    call_me = serializers.BooleanField()
    at = serializers.DateTimeField()


class SurveyOut(serializers.Serializer[SurveyInvitation]):
    offered_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    rated_agent = serializers.SerializerMethodField()
    questions = serializers.SerializerMethodField()
    reasons = serializers.SerializerMethodField()
    rating = serializers.SerializerMethodField()

    def get_rated_agent(self, invitation: SurveyInvitation) -> str:
        return invitation.rated_agent.name if invitation.rated_agent else ""

    @extend_schema_field(QuestionOut(many=True))
    def get_questions(self, invitation: SurveyInvitation) -> Any:
        form: RatingForm = self.context["form"]
        rows = [
            {
                "name": _api_name(asked.name),
                "kind": asked.kind,
                "text": asked.text,
                "needed": not asked.optional,
            }
            for asked in form.asked
        ]
        return QuestionOut(rows, many=True).data

    @extend_schema_field(ReasonOut(many=True))
    def get_reasons(self, invitation: SurveyInvitation) -> Any:
        return ReasonOut(self.context["form"].tags, many=True).data

    @extend_schema_field(RatingOut(allow_null=True))
    def get_rating(self, invitation: SurveyInvitation) -> Any:
        given: SurveyResponse | None = getattr(invitation, "response", None)
        return None if given is None else RatingOut(given).data


class Rating(CustomerDoor):
    """The rating of a request's last solution: 404 while none was offered."""

    @spec("request_survey", "What is asked", tag=TAG, gives=SurveyOut)
    def get(self, request: Request, reference: str) -> Response:
        invitation = self._invitation(reference)
        return self.answer(SurveyOut, invitation, form=self._form(invitation))

    @spec("request_rate", "Answer it, once", tag=TAG, takes=AnswerIn, gives=RatingOut, status=201)
    def post(self, request: Request, reference: str) -> Response:
        data = self.taken(AnswerIn)
        invitation = self._invitation(reference)
        form = self._form(invitation, _as_form(data))
        if not form.is_valid():
            raise InvalidInput(fields={_api_name(name): list(texts) for name, texts in form.errors.items()})
        unknown = sorted(code for code in data["answers"] if f"a_{code}" not in form.fields)
        if unknown:
            message = _("This is not asked.")
            raise InvalidInput(fields={f"answers.{code}": [message] for code in unknown})
        given = respond(invitation=invitation, **form.for_service(), actor=self.viewer, at=clock.now())
        return self.answer(RatingOut, given, status=201)

    def _invitation(self, reference: str) -> SurveyInvitation:
        found = (
            SurveyInvitation.objects.visible_to(self.viewer)
            .select_related("survey", "ticket", "rated_agent", "response")
            .filter(ticket__reference=reference)
            .order_by("-cycle")
            .first()
        )
        if found is None:
            raise NotVisible()
        return found

    def _form(self, invitation: SurveyInvitation, data: dict[str, Any] | None = None) -> RatingForm:
        return RatingForm(
            data,
            survey=invitation.survey,
            nps_due=nps_is_due(invitation.ticket.customer_id, at=clock.now()),
            after_visit=False,
        )


def _as_form(data: dict[str, Any]) -> dict[str, Any]:
    """A JSON answer as the form's fields: what was not answered is left out."""
    given = {name: data[name] for name in COLUMNS.values() if data.get(name) is not None}
    if "solved" in given:
        given["solved"] = "yes" if given["solved"] else "no"
    return {**given, **{f"a_{code}": value for code, value in data["answers"].items()}}


def _api_name(name: str) -> str:
    return f"answers.{name.removeprefix('a_')}" if name.startswith("a_") else name
