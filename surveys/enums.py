"""Codes of the surveys app."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class QuestionKind(TextChoices):
    YESNO = "yesno", _("yes or no")
    STARS = "stars", _("1–5 stars")
    SCALE7 = "scale7", _("1–7")
    SCALE10 = "scale10", _("0–10")
    TAGS = "tags", _("tags")
    TEXT = "text", _("free text")
    BOOL = "bool", _("tick")


class FollowUpState(TextChoices):
    TO_DO = "to_do", _("to follow up")
    CONTACTING = "contacting", _("contacting")
    CONTACTED = "contacted", _("contacted")
    HANDLING = "handling", _("handling")
    WON_BACK = "won_back", _("won back")
    NOT_WON_BACK = "not_won_back", _("not won back")
    INVALID = "invalid", _("invalid")


class When(TextChoices):
    """When a question is asked."""

    ALWAYS = "always", _("always")
    AFTER_VISIT = "after_visit", _("after a visit")
    NPS_DUE = "nps_due", _("at most once in 90 days")


OPEN_STATES = frozenset(
    {FollowUpState.TO_DO, FollowUpState.CONTACTING, FollowUpState.CONTACTED, FollowUpState.HANDLING}
)


class Polarity(TextChoices):
    GOOD = "good", pgettext_lazy("rating", "good")
    BAD = "bad", pgettext_lazy("rating", "bad")
