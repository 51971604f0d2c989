"""What the maker answers for, and how long."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from core.models.base import TwoLanguageNames, in_language
from customers.enums import PolicySource, StartBasis


class WarrantyPolicy(TwoLanguageNames):
    """One row of the warranty rules (三包). The narrowest row wins: part before whole unit, line before all
    lines."""

    code = models.SlugField(_("code"), unique=True)
    line = models.ForeignKey(
        "customers.ProductLine",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="warranty_policies",
        verbose_name=_("line"),
    )
    part = models.CharField(_("part"), max_length=40, blank=True)
    months = models.PositiveSmallIntegerField(_("months"))
    start_basis = models.CharField(
        _("starts with the"), max_length=10, choices=StartBasis, default=StartBasis.PURCHASE
    )
    fallback_basis = models.CharField(
        _("without proof of it, with the"),
        max_length=10,
        choices=StartBasis,
        blank=True,
        default=StartBasis.PRODUCTION,
    )
    days_refund = models.PositiveSmallIntegerField(_("days to refund"), default=7)
    days_exchange = models.PositiveSmallIntegerField(_("days to exchange"), default=15)
    repairs_before_exchange = models.PositiveSmallIntegerField(_("repairs before an exchange"), default=2)
    part_wait_days = models.PositiveSmallIntegerField(_("days to wait for a part"), default=90)
    repair_over_days = models.PositiveSmallIntegerField(_("days a repair may take"), default=30)
    burden_of_proof_months = models.PositiveSmallIntegerField(
        _("months in which the seller must prove"), default=6
    )
    source = models.CharField(
        _("source"), max_length=10, choices=PolicySource, default=PolicySource.STATUTORY
    )
    verify = models.BooleanField(
        _("to be verified"), default=False, help_text=_("Check against the law or the contract before use")
    )
    conditions_zh = models.TextField(_("conditions (Chinese)"), blank=True)
    conditions_en = models.TextField(_("conditions (English)"), blank=True)
    exclusions_zh = models.TextField(_("exclusions (Chinese)"), blank=True)
    exclusions_en = models.TextField(_("exclusions (English)"), blank=True)
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    active = models.BooleanField(_("active"), default=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("warranty policy")
        verbose_name_plural = _("warranty policies")
        ordering = ["line__position", "part", "-version"]

    @property
    def conditions(self) -> str:
        return in_language(self, "conditions")

    @property
    def exclusions(self) -> str:
        return in_language(self, "exclusions")
