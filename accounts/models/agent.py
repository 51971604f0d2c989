"""A member of staff at work: tier, skills, regions, shifts, and what they are doing now."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.enums import DutyState, TierCode


class Agent(models.Model):
    """What routing knows of a person. `duty_state`, `duty_since` are written by accounts.services.duty alone,
    `last_assigned_at` by tickets' routing through accounts.services.duty.note_assignment."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="agent", verbose_name=_("user")
    )
    employee_no = models.CharField(_("employee number"), max_length=20, unique=True)
    tier = models.CharField(_("tier"), max_length=2, choices=TierCode, default=TierCode.L1)
    teams = models.ManyToManyField(
        "accounts.Team", related_name="agents", blank=True, verbose_name=_("teams")
    )
    regions = models.ManyToManyField(
        "accounts.Region", related_name="agents", blank=True, verbose_name=_("regions")
    )
    ticket_capacity = models.PositiveSmallIntegerField(_("open tickets at most"), default=20)
    chat_capacity = models.PositiveSmallIntegerField(
        _("chats at most"), default=5, validators=[MaxValueValidator(5)]
    )
    duty_state = models.CharField(
        _("duty state"), max_length=12, choices=DutyState, default=DutyState.OFFLINE
    )
    duty_since = models.DateTimeField(_("since"), null=True, blank=True)
    last_assigned_at = models.DateTimeField(_("last assigned at"), null=True, blank=True)
    signature_zh = models.CharField(_("signature (Chinese)"), max_length=200, blank=True)
    signature_en = models.CharField(_("signature (English)"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("agent")
        verbose_name_plural = _("agents")
        ordering = ["employee_no"]

    def __str__(self) -> str:
        return str(self.user)


class AgentSkill(models.Model):
    """How good an agent is at something; without a valid certificate the skill does not count."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="skills", verbose_name=_("agent"))
    skill = models.ForeignKey(
        "accounts.Skill", on_delete=models.PROTECT, related_name="holders", verbose_name=_("skill")
    )
    level = models.PositiveSmallIntegerField(
        _("level"), validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    valid_until = models.DateField(_("valid until"), null=True, blank=True)

    class Meta:
        verbose_name = _("agent's skill")
        verbose_name_plural = _("agents' skills")
        constraints = [
            models.UniqueConstraint(fields=["agent", "skill"], name="agent_skill_once"),
            models.CheckConstraint(condition=models.Q(level__range=(1, 5)), name="agent_skill_level_1_to_5"),
        ]

    def __str__(self) -> str:
        return f"{self.skill} {self.level}"


class Shift(models.Model):
    """When an agent is planned to work."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="shifts", verbose_name=_("agent"))
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"))

    class Meta:
        verbose_name = _("shift")
        verbose_name_plural = _("shifts")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="shift_ends_after_start"
            )
        ]
        indexes = [models.Index(fields=["agent", "starts_at", "ends_at"], name="shift_of_agent")]

    def __str__(self) -> str:
        return f"{self.agent} {self.starts_at:%m-%d %H:%M}"


class DutyLog(models.Model):
    """One stretch of one duty state; without gaps, the last one open. Writer:
    accounts.services.duty.set_duty."""

    agent = models.ForeignKey(
        Agent, on_delete=models.CASCADE, related_name="duty_log", verbose_name=_("agent")
    )
    state = models.CharField(_("state"), max_length=12, choices=DutyState)
    reason = models.CharField(_("reason"), max_length=40, blank=True)
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"), null=True)

    class Meta:
        verbose_name = _("duty record")
        verbose_name_plural = _("duty records")
        constraints = [
            models.UniqueConstraint(
                fields=["agent"], condition=models.Q(until=None), name="duty_one_open_stretch"
            ),
            models.CheckConstraint(
                condition=models.Q(until=None) | models.Q(until__gte=models.F("since")),
                name="duty_until_after_since",
            ),
        ]
        indexes = [models.Index(fields=["agent", "since"], name="duty_of_agent")]

    def __str__(self) -> str:
        return f"{self.agent} {self.state}"
