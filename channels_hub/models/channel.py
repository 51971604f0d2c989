"""A way in or out."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from channels_hub.enums import ChannelKind
from core.models.base import TwoLanguageNames


class Channel(TwoLanguageNames):
    """One account on one kind of channel, under one brand. The adapter of its kind lives in
    adapters/<kind>/."""

    code = models.SlugField(_("code"), unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=ChannelKind)
    brand = models.ForeignKey(
        "customers.Brand", on_delete=models.PROTECT, related_name="channels", verbose_name=_("brand")
    )
    enabled = models.BooleanField(_("enabled"), default=True)
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        ordering = ["code"]
