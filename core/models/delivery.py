"""What a subscriber still has to do about an event."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class EventCursor(models.Model):
    """How far a reader of the event table has come, in reading order."""

    name = models.CharField(max_length=32, unique=True)
    txid = models.BigIntegerField(default=0)
    event_id = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name} at {self.txid}/{self.event_id}"


class DeliveryState(models.TextChoices):
    QUEUED = "queued", _("queued")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    DEAD = "dead", _("given up")


class Delivery(models.Model):
    """One event for one subscriber. Writers: core.services.deliveries. Attempts are committed before the work, so a
    killed worker is counted; after five the row is `dead` and waits in the admin for "retry"."""

    event = models.ForeignKey(
        "core.Event", on_delete=models.PROTECT, related_name="deliveries", verbose_name=_("event")
    )
    subscriber = models.CharField(_("subscriber"), max_length=120)
    state = models.CharField(_("state"), max_length=8, choices=DeliveryState, default=DeliveryState.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_at = models.DateTimeField(_("next try"))
    lease_until = models.DateTimeField(null=True)
    last_error = models.TextField(_("last error"), blank=True)
    done_at = models.DateTimeField(_("done at"), null=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [
            models.UniqueConstraint(fields=["event", "subscriber"], name="delivery_once_per_subscriber"),
            models.CheckConstraint(
                condition=models.Q(state__in=DeliveryState.values), name="delivery_state_known"
            ),
        ]
        indexes = [
            models.Index(fields=["next_at", "id"], condition=models.Q(state="queued"), name="delivery_due"),
            models.Index(fields=["lease_until"], condition=models.Q(state="running"), name="delivery_leases"),
            models.Index(fields=["id"], condition=models.Q(state="dead"), name="delivery_dead"),
        ]

    def __str__(self) -> str:
        return f"{self.subscriber} ← event {self.event_id}"
