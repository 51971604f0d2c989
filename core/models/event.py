"""One append-only row per fact, its purgeable personal detail, and the seals over both."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Event(models.Model):
    """A fact: who, what, about whom, when; codes and ids only, never display text or personal data.

    One writer: core.events.announce. A database trigger refuses UPDATE and DELETE. `txid` is the writing
    transaction's number on PostgreSQL (0 on SQLite, where commits are ordered): readers order by (txid, id) and stay
    below the oldest running transaction, because ids become visible out of commit order.
    """

    at = models.DateTimeField(_("at"))
    kind = models.CharField(_("kind"), max_length=64)
    actor_kind = models.CharField(_("by (kind)"), max_length=10)
    actor_id = models.BigIntegerField(_("by (id)"), null=True)
    subject_kind = models.CharField(_("about (kind)"), max_length=32)
    subject_id = models.BigIntegerField(_("about (id)"))
    data = models.JSONField(_("data"), default=dict)
    detail_hash = models.CharField(_("hash of the detail"), max_length=64, blank=True)
    txid = models.BigIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [
            models.Index(fields=["txid", "id"], name="event_reading_order"),
            models.Index(fields=["subject_kind", "subject_id", "id"], name="event_of_subject"),
            models.Index(fields=["kind", "at"], name="event_of_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_kind}:{self.subject_id}"


class EventDetail(models.Model):
    """Free text and history values of an event: personal data, may be purged; the event keeps the salted hash."""

    event = models.OneToOneField(
        Event, on_delete=models.PROTECT, related_name="detail", verbose_name=_("event")
    )
    salt = models.CharField(max_length=32)
    body = models.JSONField(_("body"), null=True)
    purged_at = models.DateTimeField(_("purged at"), null=True)

    class Meta:
        verbose_name = _("event detail")
        verbose_name_plural = _("event details")

    def __str__(self) -> str:
        return f"detail of event {self.event_id}"


class Seal(models.Model):
    """A link of the audit chain over a batch of events in reading order; written by core.services.audit.seal_events."""

    at = models.DateTimeField(_("at"))
    last_txid = models.BigIntegerField()
    last_event_id = models.BigIntegerField()
    events = models.PositiveIntegerField(_("events"))
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(_("hash"), max_length=64, unique=True)

    class Meta:
        verbose_name = _("audit seal")
        verbose_name_plural = _("audit seals")
        constraints = [models.UniqueConstraint(fields=["previous_hash"], name="seal_one_successor")]

    def __str__(self) -> str:
        return f"seal {self.pk} up to event {self.last_event_id}"
