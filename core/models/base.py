"""Bases shared by the models of every app."""

from typing import Any

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class TwoLanguageNames(models.Model):
    """A configuration row that people name in both languages."""

    name_zh = models.CharField(_("name (Chinese)"), max_length=120)
    name_en = models.CharField(_("name (English)"), max_length=120)

    class Meta:
        abstract = True

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return in_language(self, "name")

    def __str__(self) -> str:
        return self.name


def in_language(row: Any, field: str) -> str:
    """`<field>_zh` or `<field>_en` of the row by the active language; the other one where it is empty."""
    first, second = ("en", "zh") if (get_language() or "").startswith("en") else ("zh", "en")
    return getattr(row, f"{field}_{first}") or getattr(row, f"{field}_{second}")
