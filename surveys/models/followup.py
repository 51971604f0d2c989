"""What a bad rating leads to."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from surveys.enums import FollowUpState
from surveys.querysets import FollowUpQuerySet


class BadRatingFollowUp(models.Model):
    """差评跟进: somebody else than the rated agent calls within 24 h. Writer: surveys.services.followups."""

    response = models.OneToOneField(
        "surveys.SurveyResponse",
        on_delete=models.PROTECT,
        related_name="follow_up",
        verbose_name=_("response"),
    )
    ticket = models.ForeignKey(
        "tickets.Ticket", on_delete=models.PROTECT, related_name="follow_ups", verbose_name=_("ticket")
    )
    rated_agent = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("rated agent"),
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="follow_ups",
        verbose_name=_("owner"),
    )
    state = models.CharField(_("state"), max_length=12, choices=FollowUpState, default=FollowUpState.TO_DO)
    due_at = models.DateTimeField(_("due at"))
    created_at = models.DateTimeField(_("created at"))
    first_contact_at = models.DateTimeField(_("first contact at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    reason = models.ForeignKey(
        "surveys.ReasonTag",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("reason"),
    )
    action = models.TextField(_("what was done"), blank=True)
    re_rating = models.PositiveSmallIntegerField(_("new rating"), null=True, blank=True)

    objects = FollowUpQuerySet.as_manager()

    class Meta:
        verbose_name = _("bad rating follow-up")
        verbose_name_plural = _("bad rating follow-ups")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(owner=None)
                | models.Q(rated_agent=None)
                | ~models.Q(owner=models.F("rated_agent")),
                name="follow_up_by_somebody_else",
            ),
            models.CheckConstraint(
                condition=models.Q(re_rating=None) | models.Q(re_rating__range=(1, 5)),
                name="follow_up_re_rating_1_to_5",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(state__in=["to_do", "contacting", "contacted", "handling"]),
                name="follow_up_open_by_due",
            ),
            # who has the fewest open ones, and who waited longest, without reading years of finished ones
            models.Index(
                fields=["owner"],
                condition=models.Q(state__in=["to_do", "contacting", "contacted", "handling"]),
                name="follow_up_open_of_owner",
            ),
            models.Index(fields=["owner", "-created_at"], name="follow_up_newest_of_owner"),
        ]

    def __str__(self) -> str:
        return f"follow-up {self.pk}"
