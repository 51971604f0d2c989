"""Words that a person of responsibility must hear of, and the alerts they raised."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from tickets.enums import WordClass
from tickets.querysets import AlertQuerySet


class AlertWord(models.Model):
    """A word that raises an alert when a customer says it. It does not judge the ticket: safety words do, and they
    raise alerts of class "safety" by themselves."""

    word = models.CharField(_("word"), max_length=40, unique=True)
    word_class = models.CharField(_("class"), max_length=10, choices=WordClass)
    language = models.CharField(
        _("language"), max_length=2, choices=[("zh", _("Chinese")), ("en", _("English"))], default="zh"
    )
    exceptions = models.JSONField(
        _("not when it is part of"), default=list, blank=True, help_text=_("For example: not complaining")
    )
    active = models.BooleanField(_("active"), default=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("alert word")
        verbose_name_plural = _("alert words")
        ordering = ["word_class", "word"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(word_class__in=WordClass.values), name="alert_word_class_known"
            )
        ]

    def __str__(self) -> str:
        return self.word


class TicketAlert(models.Model):
    """A customer said such a word on a ticket. `message` is where it stands (None: in the request itself). Writer:
    tickets.services.alerts."""

    ticket = models.ForeignKey(
        "tickets.Ticket", on_delete=models.CASCADE, related_name="alerts", verbose_name=_("ticket")
    )
    word_class = models.CharField(_("class"), max_length=10, choices=WordClass)
    word = models.CharField(_("word"), max_length=40)
    message = models.ForeignKey(
        "channels_hub.Message",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("message"),
    )
    raised_at = models.DateTimeField(_("raised at"))
    acknowledged_at = models.DateTimeField(_("acknowledged at"), null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("acknowledged by"),
    )

    objects = AlertQuerySet.as_manager()

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "word_class", "message"],
                condition=models.Q(message__isnull=False),
                name="alert_message_once",
            ),
            models.CheckConstraint(
                condition=models.Q(word_class__in=WordClass.values), name="alert_class_known"
            ),
            models.CheckConstraint(
                condition=models.Q(acknowledged_at=None, acknowledged_by=None)
                | models.Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False),
                name="alert_acknowledged_by_somebody",
            ),
        ]
        indexes = [
            models.Index(
                fields=["ticket"], condition=models.Q(acknowledged_at=None), name="alert_open_of_ticket"
            ),
            models.Index(fields=["ticket", "word_class", "-raised_at"], name="alert_of_class"),
        ]

    def __str__(self) -> str:
        return f"{self.get_word_class_display()}: {self.word}"
