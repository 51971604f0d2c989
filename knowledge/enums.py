"""Codes of the knowledge app."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class ArticleKind(TextChoices):
    MANUAL = "manual", _("manual")
    GUIDE = "guide", _("troubleshooting guide")
    CASE = "case", _("case")
    PARAMS = "params", _("parameters")
    FAQ = "faq", _("FAQ")


class Audience(TextChoices):
    PUBLIC = "public", _("everybody")
    INTERNAL = "internal", _("staff only")


class ArticleStatus(TextChoices):
    DRAFT = "draft", _("draft")
    REVIEW = "review", _("in review")
    SCHEDULED = "scheduled", _("scheduled")
    PUBLISHED = "published", _("published")
    RETIRED = "retired", _("retired")
