"""Who works on a ticket, and how they and the customer reach it."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from tickets.enums import AssignmentSource, DraftMode, HopDirection


class Assignment(models.Model):
    """One stretch of one person's responsibility, with the scores of everybody considered ("why this person").
    Writer: tickets.services.routing."""

    ticket = models.ForeignKey(
        "tickets.Ticket", on_delete=models.CASCADE, related_name="assignments", verbose_name=_("ticket")
    )
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="assignments",
        verbose_name=_("agent"),
    )
    source = models.CharField(_("how"), max_length=10, choices=AssignmentSource)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    scores = models.JSONField(_("scores"), default=list)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("by"),
    )
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"), null=True)

    class Meta:
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")
        ordering = ["-since", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["ticket"], condition=models.Q(until=None), name="assignment_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=~models.Q(source="overridden") | ~models.Q(reason=""),
                name="assignment_override_has_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} → {self.agent_id}"


class TierHop(models.Model):
    """One move between tiers: up with category, steps tried and evidence, down with an instruction. Writer:
    tickets.services.escalate."""

    ticket = models.ForeignKey(
        "tickets.Ticket", on_delete=models.CASCADE, related_name="hops", verbose_name=_("ticket")
    )
    direction = models.CharField(_("direction"), max_length=4, choices=HopDirection)
    from_tier = models.ForeignKey(
        "tickets.Tier", on_delete=models.PROTECT, related_name="+", verbose_name=_("from")
    )
    to_tier = models.ForeignKey(
        "tickets.Tier", on_delete=models.PROTECT, related_name="+", verbose_name=_("to")
    )
    reason = models.ForeignKey(
        "tickets.EscalationReason",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("reason"),
    )
    category = models.ForeignKey(
        "tickets.Category",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("category"),
    )
    steps_tried = models.TextField(_("steps tried"), blank=True)
    evidence = models.TextField(_("evidence"), blank=True)
    instruction = models.TextField(_("instruction"), blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("move between tiers")
        verbose_name_plural = _("moves between tiers")
        ordering = ["-at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(direction=HopDirection.UP, category__isnull=False)
                & ~models.Q(steps_tried="")
                & ~models.Q(evidence="")
                | models.Q(direction=HopDirection.DOWN) & ~models.Q(instruction=""),
                name="hop_says_what_is_known",
            )
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.direction}"


class TrackingLink(models.Model):
    """A private link to one ticket. Only the SHA-256 of its token is kept."""

    ticket = models.ForeignKey(
        "tickets.Ticket", on_delete=models.CASCADE, related_name="links", verbose_name=_("ticket")
    )
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(_("created at"))
    expires_at = models.DateTimeField(_("expires at"))
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    class Meta:
        verbose_name = _("tracking link")
        verbose_name_plural = _("tracking links")

    def __str__(self) -> str:
        return f"link of {self.ticket_id}"


class Draft(models.Model):
    """What somebody was writing; one per ticket, person and mode."""

    ticket = models.ForeignKey(
        "tickets.Ticket", on_delete=models.CASCADE, related_name="drafts", verbose_name=_("ticket")
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="drafts", verbose_name=_("by")
    )
    mode = models.CharField(_("mode"), max_length=5, choices=DraftMode)
    body = models.TextField(_("text"))
    saved_at = models.DateTimeField(_("saved at"))

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        constraints = [models.UniqueConstraint(fields=["ticket", "author", "mode"], name="draft_once")]

    def __str__(self) -> str:
        return f"draft of {self.author_id}"


class SeenMark(models.Model):
    """When somebody last looked at a ticket: what changed since is shown as new."""

    ticket = models.ForeignKey(
        "tickets.Ticket", on_delete=models.CASCADE, related_name="seen_marks", verbose_name=_("ticket")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("user")
    )
    seen_at = models.DateTimeField(_("seen at"))

    class Meta:
        verbose_name = _("seen mark")
        verbose_name_plural = _("seen marks")
        constraints = [models.UniqueConstraint(fields=["ticket", "user"], name="seen_mark_once")]

    def __str__(self) -> str:
        return f"{self.user_id} saw {self.ticket_id}"
