"""What supervisors configure: tiers, queues, categories, codes, words."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.enums import TierCode
from core.models.base import TwoLanguageNames, in_language
from tickets.enums import Grade, Status


class Tier(TwoLanguageNames):
    """A level of support and how long a ticket may stay there (OLA)."""

    code = models.CharField(_("code"), max_length=2, choices=TierCode, unique=True)
    position = models.PositiveSmallIntegerField(_("position"), unique=True)
    hop_minutes = models.PositiveIntegerField(_("minutes at this tier"))
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("tier")
        verbose_name_plural = _("tiers")
        ordering = ["position"]


class Queue(TwoLanguageNames):
    """Where tickets wait for somebody of a team. Without lines or categories a queue takes everything of its tier."""

    code = models.SlugField(_("code"), unique=True)
    tier = models.ForeignKey(Tier, on_delete=models.PROTECT, related_name="queues", verbose_name=_("tier"))
    team = models.ForeignKey(
        "accounts.Team", on_delete=models.PROTECT, related_name="queues", verbose_name=_("team")
    )
    channel_kinds = models.JSONField(_("channels"), default=list, blank=True)
    lines = models.ManyToManyField(
        "customers.ProductLine", blank=True, related_name="queues", verbose_name=_("product lines")
    )
    categories = models.ManyToManyField(
        "tickets.Category", blank=True, related_name="queues", verbose_name=_("categories")
    )
    levels = models.JSONField(_("customer levels"), default=list, blank=True)
    position = models.PositiveSmallIntegerField(
        _("position"), default=100, help_text=_("The first queue that fits takes the ticket")
    )
    weights = models.JSONField(
        _("weights"),
        default=dict,
        blank=True,
        help_text=_("What counts here when a ticket is given to somebody, where it differs from the usual"),
    )
    active = models.BooleanField(_("active"), default=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("queue")
        verbose_name_plural = _("queues")
        ordering = ["position", "code"]


class Category(TwoLanguageNames):
    """What a ticket is about; three levels, at most eight children each. `keywords` feed the classifier."""

    code = models.SlugField(_("code"), unique=True)
    parent = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
        verbose_name=_("part of"),
    )
    default_grade = models.CharField(_("usual grade"), max_length=8, choices=Grade, default=Grade.SIMPLE)
    skill = models.ForeignKey(
        "accounts.Skill",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("skill"),
    )
    required_fields = models.JSONField(_("required fields"), default=list, blank=True)
    keywords = models.JSONField(_("keywords"), default=list, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    active = models.BooleanField(_("active"), default=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["position", "code"]

    @property
    def path(self) -> str:
        """「连接 / 设备离线」 (one query a level unless the parent was selected)."""
        return f"{self.parent.name} / {self.name}" if self.parent else self.name


class SafetyWord(models.Model):
    """A word that makes a ticket a major fault at once."""

    word = models.CharField(_("word"), max_length=40, unique=True)
    exceptions = models.JSONField(
        _("not when it is part of"), default=list, blank=True, help_text=_("For example: smoke detector")
    )
    category = models.ForeignKey(
        Category,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="safety_words",
        verbose_name=_("category"),
    )
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("safety word")
        verbose_name_plural = _("safety words")
        ordering = ["word"]

    def __str__(self) -> str:
        return self.word


class StatusName(TwoLanguageNames):
    """What a state is called: for staff, and for customers."""

    code = models.CharField(_("state"), max_length=20, choices=Status, unique=True)
    customer_name_zh = models.CharField(_("for customers (Chinese)"), max_length=60)
    customer_name_en = models.CharField(_("for customers (English)"), max_length=60)
    color = models.CharField(
        _("colour"),
        max_length=8,
        default="grey",
        choices=[
            ("grey", _("grey")),
            ("accent", _("indigo")),
            ("yellow", _("yellow")),
            ("green", _("green")),
        ],
    )
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("name of a state")
        verbose_name_plural = _("names of states")
        ordering = ["pk"]

    @property
    def customer_name(self) -> str:
        return in_language(self, "customer_name")


class CodedName(TwoLanguageNames):
    """A code that staff choose from a list."""

    code = models.SlugField(_("code"), unique=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    active = models.BooleanField(_("active"), default=True)
    history = HistoricalRecords(inherit=True)

    class Meta:
        abstract = True
        ordering = ["position", "code"]


class SolutionCode(CodedName):
    """How a ticket was solved."""

    class Meta(CodedName.Meta):
        verbose_name = _("solution code")
        verbose_name_plural = _("solution codes")


class RootCause(CodedName):
    """Why it happened, in two levels."""

    parent = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
        verbose_name=_("part of"),
    )

    class Meta(CodedName.Meta):
        verbose_name = _("root cause")
        verbose_name_plural = _("root causes")


class EscalationReason(CodedName):
    """Why a ticket goes to another tier."""

    class Meta(CodedName.Meta):
        verbose_name = _("escalation reason")
        verbose_name_plural = _("escalation reasons")
