"""Where people live and work."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.models.base import TwoLanguageNames


class Region(TwoLanguageNames):
    """A city (or its province, as its parent)."""

    code = models.SlugField(_("code"), unique=True)
    parent = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
        verbose_name=_("part of"),
    )

    class Meta:
        verbose_name = _("region")
        verbose_name_plural = _("regions")
        ordering = ["code"]
