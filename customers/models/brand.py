"""The makers that this installation serves."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from core.models.base import TwoLanguageNames


class Brand(TwoLanguageNames):
    """A maker's face to its customers: stands on products, channels, portal, SMS signature and SLA."""

    code = models.SlugField(_("code"), unique=True)
    company_zh = models.CharField(_("company (Chinese)"), max_length=120)
    company_en = models.CharField(_("company (English)"), max_length=120)
    hotline = models.CharField(_("hotline"), max_length=30)
    sms_signature = models.CharField(_("SMS signature"), max_length=16)
    is_default = models.BooleanField(_("default"), default=False)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("brand")
        verbose_name_plural = _("brands")
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="brand_one_default"
            )
        ]
