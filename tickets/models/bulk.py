"""One verb on many tickets."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from tickets.enums import BulkAction, BulkState


class BulkRun(models.Model):
    """What somebody asked to be done with many tickets at once; `params` are the verb's own, checked when it was asked.
    It has ended when `finished_at` is set. Writer: tickets.services.bulk."""

    action = models.CharField(_("action"), max_length=8, choices=BulkAction)
    params = models.JSONField(_("values"), default=dict)
    language = models.CharField(_("language of the answers"), max_length=10, default="zh-hans")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("by")
    )
    key = models.CharField(_("form token"), max_length=64)
    total = models.PositiveSmallIntegerField(_("tickets"), default=0)
    created_at = models.DateTimeField(_("asked at"))
    finished_at = models.DateTimeField(_("finished at"), null=True)

    class Meta:
        verbose_name = _("bulk run")
        verbose_name_plural = _("bulk runs")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["by", "key"], name="bulk_run_once"),
            models.CheckConstraint(
                condition=models.Q(total__gt=0, total__lte=500), name="bulk_run_is_limited"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.pk}"


class BulkRow(models.Model):
    """One ticket of a run. `attempts` are counted before the work; `code` and `message` say why it was refused."""

    run = models.ForeignKey(BulkRun, on_delete=models.CASCADE, related_name="rows", verbose_name=_("run"))
    ticket = models.ForeignKey(
        "tickets.Ticket", on_delete=models.CASCADE, related_name="+", verbose_name=_("ticket")
    )
    state = models.CharField(_("result"), max_length=8, choices=BulkState, default=BulkState.PENDING)
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    code = models.CharField(_("error code"), max_length=40, blank=True)
    message = models.CharField(_("why not"), max_length=300, blank=True)
    at = models.DateTimeField(_("at"), null=True)

    class Meta:
        verbose_name = _("row of a bulk run")
        verbose_name_plural = _("rows of a bulk run")
        ordering = ["id"]
        indexes = [models.Index(fields=["run", "state", "id"], name="bulk_row_of_run")]
        constraints = [
            models.UniqueConstraint(fields=["run", "ticket"], name="bulk_row_once"),
            models.CheckConstraint(
                condition=~models.Q(state="failed") | ~models.Q(code=""), name="bulk_row_failed_says_why"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.ticket_id}"
