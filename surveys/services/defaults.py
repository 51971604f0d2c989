"""The survey and the reasons that a new installation starts with."""

from datetime import datetime

from django.db import transaction

from core.services.defaults import create_missing, read_defaults
from surveys.models import ReasonTag, Survey, SurveyQuestion


@transaction.atomic
def load_defaults(at: datetime) -> int:
    """Insert what is missing of surveys/defaults/surveys.yaml; returns how many rows were new. Questions
    come with a new survey only: one that an administrator removed stays away."""
    given = read_defaults("surveys", "surveys")
    questions = {row["code"]: row.pop("questions") for row in given["surveys"]}
    surveys: list[Survey] = create_missing([Survey(**row) for row in given["surveys"]], key=["code"], at=at)
    asked = [
        SurveyQuestion(survey=survey, position=place, **row)
        for survey in surveys
        for place, row in enumerate(questions[survey.code])
    ]
    tags = [ReasonTag(position=place, **row) for place, row in enumerate(given["reason_tags"])]
    return (
        len(surveys)
        + len(create_missing(asked, key=["survey", "code"], at=at))
        + len(create_missing(tags, key=["code"], at=at))
    )
