"""A ticket's timeline."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from tickets.enums import EntryKind


class Note(models.Model):
    """Something staff tell each other; customers never see it."""

    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("by")
    )
    body = models.TextField(_("text"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")

    def __str__(self) -> str:
        return f"note {self.pk}"


class TicketEntry(models.Model):
    """One line of a ticket's timeline: it points at a message, a note or an event and is all that merge and split
    move. `public` entries are the customer's timeline too."""

    ticket = models.ForeignKey(
        "tickets.Ticket", on_delete=models.CASCADE, related_name="entries", verbose_name=_("ticket")
    )
    at = models.DateTimeField(_("at"))
    kind = models.CharField(_("kind"), max_length=7, choices=EntryKind)
    message = models.ForeignKey(
        "channels_hub.Message",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="entries",
        verbose_name=_("message"),
    )
    note = models.OneToOneField(
        Note, null=True, blank=True, on_delete=models.PROTECT, related_name="entry", verbose_name=_("note")
    )
    event = models.ForeignKey(
        "core.Event",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("event"),
    )
    public = models.BooleanField(_("the customer sees it"))

    class Meta:
        verbose_name = _("timeline entry")
        verbose_name_plural = _("timeline entries")
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["ticket", "at", "id"], name="entry_of_ticket")]
        constraints = [
            models.UniqueConstraint(
                fields=["message"], condition=models.Q(message__isnull=False), name="entry_message_once"
            ),
            models.UniqueConstraint(
                fields=["ticket", "event"], condition=models.Q(event__isnull=False), name="entry_event_once"
            ),
            models.CheckConstraint(
                condition=models.Q(kind="message", message__isnull=False, note=None, event=None)
                | models.Q(kind="note", message=None, note__isnull=False, event=None, public=False)
                | models.Q(kind="event", message=None, note=None, event__isnull=False),
                name="entry_points_at_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.ticket_id}"
