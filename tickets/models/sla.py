"""Promises by grade and customer level."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from simple_history.models import HistoricalRecords

from core.models.base import TwoLanguageNames
from customers.enums import Level
from tickets.enums import Grade


class SlaPolicy(TwoLanguageNames):
    """One version of the SLA matrix, for one brand or all. Tickets are stamped with it; an edit through
    tickets.services.policies makes the next version for new tickets."""

    code = models.SlugField(_("code"))
    version = models.PositiveIntegerField(_("version"), default=1)
    is_current = models.BooleanField(_("current"), default=True)
    brand = models.ForeignKey(
        "customers.Brand",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="sla_policies",
        verbose_name=_("brand"),
    )
    confirm_hours = models.PositiveSmallIntegerField(_("hours to confirm"), default=72)
    reopen_days = models.PositiveSmallIntegerField(_("days to reopen"), default=7)
    part_pause_days = models.PositiveSmallIntegerField(
        _("days a part may be waited for"),
        default=7,
        help_text=_("Then the clocks run again, and the customer is told"),
    )
    created_at = models.DateTimeField(_("created at"))
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("SLA policy")
        verbose_name_plural = _("SLA policies")
        ordering = ["code", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["code", "version"], name="sla_version_once"),
            models.UniqueConstraint(
                fields=["code"], condition=models.Q(is_current=True), name="sla_one_current"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class SlaTarget(models.Model):
    """One cell of the matrix. Without a calendar a duration is natural time."""

    policy = models.ForeignKey(
        SlaPolicy, on_delete=models.CASCADE, related_name="targets", verbose_name=_("policy")
    )
    grade = models.CharField(_("grade"), max_length=8, choices=Grade)
    level = models.CharField(_("level"), max_length=16, choices=Level)
    first_response_minutes = models.PositiveIntegerField(_("first response (minutes)"))
    resolution_minutes = models.PositiveIntegerField(_("resolution (minutes)"))
    response_calendar = models.ForeignKey(
        "tickets.Calendar",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("response runs on"),
    )
    resolution_calendar = models.ForeignKey(
        "tickets.Calendar",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("resolution runs on"),
    )
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("SLA target")
        verbose_name_plural = _("SLA targets")
        ordering = ["policy", "grade", "level"]
        constraints = [
            models.UniqueConstraint(fields=["policy", "grade", "level"], name="sla_target_once"),
            models.CheckConstraint(
                condition=models.Q(first_response_minutes__gt=0, resolution_minutes__gt=0),
                name="sla_target_positive",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_grade_display()} × {self.get_level_display()}"


class EscalationStep(models.Model):
    """Who hears when so much of a clock is used."""

    policy = models.ForeignKey(
        SlaPolicy, on_delete=models.CASCADE, related_name="ladder", verbose_name=_("policy")
    )
    percent = models.PositiveSmallIntegerField(_("percent used"))
    recipient = models.CharField(
        pgettext_lazy("escalation", "recipient"),
        max_length=10,
        choices=[
            ("owner", _("owner")),
            ("lead", _("team lead")),
            ("manager", _("manager")),
            ("director", _("director")),
        ],
    )
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("escalation step")
        verbose_name_plural = _("escalation steps")
        ordering = ["percent"]
        constraints = [models.UniqueConstraint(fields=["policy", "percent"], name="escalation_step_once")]

    def __str__(self) -> str:
        return f"{self.percent} %"
