"""Teams and skills."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.enums import SkillKind, TierCode
from core.models.base import TwoLanguageNames


class Skill(TwoLanguageNames):
    """Something a person can be good at, at level 1–5."""

    code = models.SlugField(_("code"), unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=SkillKind)

    class Meta:
        verbose_name = _("skill")
        verbose_name_plural = _("skills")
        ordering = ["kind", "code"]


class Team(TwoLanguageNames):
    """A group of people who work the same queues."""

    code = models.SlugField(_("code"), unique=True)
    tier = models.CharField(_("tier"), max_length=2, choices=TierCode, blank=True)
    purpose = models.CharField(_("purpose"), max_length=20, blank=True)
    lead = models.ForeignKey(
        "accounts.User",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="leads",
        verbose_name=_("team lead"),
    )
    skills = models.ManyToManyField(Skill, blank=True, related_name="teams", verbose_name=_("skills"))

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ["code"]


class DutyReason(TwoLanguageNames):
    """Why somebody is on a break: what the desk offers."""

    code = models.SlugField(_("code"), unique=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("reason for a break")
        verbose_name_plural = _("reasons for a break")
        ordering = ["position", "code"]
