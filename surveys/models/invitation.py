"""A survey offered, and what came back."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from surveys.querysets import InvitationQuerySet


class SurveyInvitation(models.Model):
    """A survey offered for one cycle of one ticket (one each). The token is opaque and expires; looking at
    it records nothing, sending it does. Writer: surveys.services.invite."""

    survey = models.ForeignKey(
        "surveys.Survey", on_delete=models.PROTECT, related_name="invitations", verbose_name=_("survey")
    )
    ticket = models.ForeignKey(
        "tickets.Ticket",
        on_delete=models.PROTECT,
        related_name="survey_invitations",
        verbose_name=_("ticket"),
    )
    cycle = models.PositiveSmallIntegerField(_("cycle"))
    rated_agent = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("rated agent"),
    )
    token_hash = models.CharField(max_length=64, unique=True)
    offered_at = models.DateTimeField(_("offered at"))
    delivered_at = models.DateTimeField(_("delivered at"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expires at"))

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("survey invitation")
        verbose_name_plural = _("survey invitations")
        constraints = [models.UniqueConstraint(fields=["ticket", "cycle"], name="invitation_once_per_cycle")]

    def __str__(self) -> str:
        return f"invitation {self.pk}"


class SurveyResponse(models.Model):
    """What a customer answered, once per invitation. Writer: surveys.services.respond."""

    invitation = models.OneToOneField(
        SurveyInvitation, on_delete=models.PROTECT, related_name="response", verbose_name=_("invitation")
    )
    solved = models.BooleanField(_("solved"), null=True)
    stars = models.PositiveSmallIntegerField(_("stars"))
    ces = models.PositiveSmallIntegerField(_("effort (1–7)"), null=True, blank=True)
    nps = models.PositiveSmallIntegerField(_("recommends (0–10)"), null=True, blank=True)
    answers = models.JSONField(_("other answers"), default=dict, blank=True)
    reasons = models.ManyToManyField(
        "surveys.ReasonTag", blank=True, related_name="+", verbose_name=_("reasons")
    )
    comment = models.TextField(_("comment"), blank=True)
    call_me = models.BooleanField(_("asks for a call"), default=False)
    at = models.DateTimeField(_("answered at"))

    class Meta:
        verbose_name = _("survey response")
        verbose_name_plural = _("survey responses")
        constraints = [
            models.CheckConstraint(condition=models.Q(stars__range=(1, 5)), name="response_stars_1_to_5"),
            models.CheckConstraint(
                condition=models.Q(ces=None) | models.Q(ces__range=(1, 7)), name="response_ces_1_to_7"
            ),
            models.CheckConstraint(
                condition=models.Q(nps=None) | models.Q(nps__range=(0, 10)), name="response_nps_0_to_10"
            ),
        ]
        indexes = [models.Index(fields=["-at"], name="response_newest")]

    def __str__(self) -> str:
        return f"{self.stars}★"
