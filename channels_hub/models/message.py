"""The one store of what was said."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_hub.enums import Author, ChannelKind, Direction, SendState
from channels_hub.querysets import MessageQuerySet


class Message(models.Model):
    """One thing said by or to a customer. Immutable but for `state`, which channels_hub.services.sending
    writes. Attachments are core.File rows owned by `message:<id>`."""

    thread = models.ForeignKey(
        "channels_hub.Thread", on_delete=models.PROTECT, related_name="messages", verbose_name=_("thread")
    )
    conversation = models.ForeignKey(
        "channels_hub.Conversation",
        on_delete=models.PROTECT,
        related_name="messages",
        verbose_name=_("conversation"),
    )
    seq = models.PositiveBigIntegerField(_("number"))
    direction = models.CharField(_("direction"), max_length=3, choices=Direction)
    author = models.CharField(_("author"), max_length=8, choices=Author)
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("member of staff"),
    )
    body = models.TextField(_("text"))
    at = models.DateTimeField(_("at"))
    client_id = models.CharField(max_length=64, blank=True)
    external_id = models.CharField(max_length=120, blank=True)
    state = models.CharField(_("state"), max_length=9, choices=SendState, default=SendState.RECEIVED)
    files = models.PositiveSmallIntegerField(_("attachments"), default=0)

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(fields=["thread", "seq"], name="message_number_once"),
            models.UniqueConstraint(
                fields=["thread", "client_id"],
                condition=~models.Q(client_id=""),
                name="message_client_id_once",
            ),
            models.CheckConstraint(
                condition=models.Q(direction=Direction.IN, state=SendState.RECEIVED)
                | models.Q(direction=Direction.OUT) & ~models.Q(state=SendState.RECEIVED),
                name="message_state_fits_direction",
            ),
            models.CheckConstraint(
                condition=~models.Q(author=Author.AGENT) | models.Q(staff__isnull=False),
                name="message_agent_is_named",
            ),
        ]

    def __str__(self) -> str:
        return f"message {self.thread_id}/{self.seq}"


class Outbox(models.Model):
    """What still has to leave the house for a message (email now; SMS and others later): stored with the
    decision, sent after the commit, tried again with backoff. Writer: channels_hub.services.sending."""

    message = models.ForeignKey(
        Message,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="outbox",
        verbose_name=_("message"),
    )
    channel = models.ForeignKey(
        "channels_hub.Channel", on_delete=models.PROTECT, related_name="outbox", verbose_name=_("channel")
    )
    via = models.CharField(_("by way of"), max_length=10, choices=ChannelKind, default=ChannelKind.EMAIL)
    recipient = models.CharField(_("recipient"), max_length=254)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    body = models.TextField(_("text"))
    dedupe = models.CharField(_("key"), max_length=120, unique=True)
    state = models.CharField(_("state"), max_length=9, choices=SendState, default=SendState.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_at = models.DateTimeField(_("next try"))
    lease_until = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(_("last error"), blank=True)
    created_at = models.DateTimeField(_("created at"))
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)

    class Meta:
        verbose_name = _("outgoing message")
        verbose_name_plural = _("outgoing messages")
        indexes = [
            models.Index(fields=["next_at", "id"], condition=models.Q(state="queued"), name="outbox_due"),
            models.Index(fields=["-id"], condition=models.Q(state="failed"), name="outbox_given_up"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=[SendState.QUEUED, SendState.SENT, SendState.FAILED]),
                name="outbox_state_known",
            ),
            models.CheckConstraint(
                condition=models.Q(state=SendState.SENT, sent_at__isnull=False)
                | ~models.Q(state=SendState.SENT) & models.Q(sent_at=None),
                name="outbox_sent_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"outgoing {self.pk}"


class Outlet(models.Model):
    """How a way out is doing: while its server cannot be reached, nobody knocks before `retry_at`, and what
    waits is not counted as tried. Writer: channels_hub.services.sending."""

    via = models.CharField(_("by way of"), max_length=10, choices=ChannelKind, unique=True)
    away_since = models.DateTimeField(_("not reached since"), null=True, blank=True)
    retry_at = models.DateTimeField(_("next try"), null=True, blank=True)
    failures = models.PositiveIntegerField(_("tries in vain"), default=0)
    last_error = models.TextField(_("last error"), blank=True)

    class Meta:
        verbose_name = _("way out")
        verbose_name_plural = _("ways out")

    def __str__(self) -> str:
        return str(self.get_via_display())
