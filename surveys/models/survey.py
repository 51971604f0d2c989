"""What is asked."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from core.models.base import TwoLanguageNames, in_language
from surveys.enums import Polarity, QuestionKind, When


class Survey(TwoLanguageNames):
    """A set of questions asked after a service."""

    code = models.SlugField(_("code"), unique=True)
    valid_hours = models.PositiveSmallIntegerField(_("valid for (hours)"), default=24)
    bad_stars = models.PositiveSmallIntegerField(_("bad at or below (stars)"), default=2)
    follow_up_hours = models.PositiveSmallIntegerField(_("follow up within (hours)"), default=24)
    active = models.BooleanField(_("active"), default=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("survey")
        verbose_name_plural = _("surveys")
        ordering = ["code"]


class SurveyQuestion(models.Model):
    """One question of a survey."""

    survey = models.ForeignKey(
        Survey, on_delete=models.CASCADE, related_name="questions", verbose_name=_("survey")
    )
    code = models.SlugField(_("code"))
    kind = models.CharField(_("kind"), max_length=8, choices=QuestionKind)
    text_zh = models.CharField(_("question (Chinese)"), max_length=200)
    text_en = models.CharField(_("question (English)"), max_length=200)
    when = models.CharField(_("asked"), max_length=12, choices=When, default=When.ALWAYS)
    required = models.BooleanField(_("required"), default=False)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(fields=["survey", "code"], name="question_code_once")]

    def __str__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        return in_language(self, "text")


class ReasonTag(TwoLanguageNames):
    """Why a rating is good or bad."""

    code = models.SlugField(_("code"), unique=True)
    polarity = models.CharField(_("polarity"), max_length=4, choices=Polarity)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("reason")
        verbose_name_plural = _("reasons")
        ordering = ["polarity", "position", "code"]
