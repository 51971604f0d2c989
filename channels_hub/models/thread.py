"""Threads (endless, one per channel identity) and the bounded conversations in them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_hub.enums import Handler
from channels_hub.querysets import ThreadQuerySet


class Thread(models.Model):
    """Everything said with one identity on one channel. `last_seq` numbers the messages: it is raised under
    the row's lock, so that clients can resume by number. `secret_hash` is the SHA-256 of a visitor's
    token."""

    channel = models.ForeignKey(
        "channels_hub.Channel", on_delete=models.PROTECT, related_name="threads", verbose_name=_("channel")
    )
    external_id = models.CharField(_("identity on the channel"), max_length=120)
    customer = models.ForeignKey(
        "customers.Customer",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="threads",
        verbose_name=_("customer"),
    )
    display_name = models.CharField(_("name shown"), max_length=60, blank=True)
    reply_email = models.EmailField(_("replies by email to"), blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    secret_hash = models.CharField(max_length=64, blank=True)
    last_seq = models.PositiveBigIntegerField(default=0)
    read_by_customer_seq = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(_("created at"))
    last_message_at = models.DateTimeField(_("last message at"), null=True, blank=True)

    objects = ThreadQuerySet.as_manager()

    class Meta:
        verbose_name = _("thread")
        verbose_name_plural = _("threads")
        constraints = [
            models.UniqueConstraint(fields=["channel", "external_id"], name="thread_once_per_identity"),
            models.UniqueConstraint(
                fields=["secret_hash"], condition=~models.Q(secret_hash=""), name="thread_secret_once"
            ),
        ]
        indexes = [models.Index(fields=["customer", "-last_message_at"], name="thread_of_customer")]

    def __str__(self) -> str:
        return f"{self.channel} {self.pk}"


class Conversation(models.Model):
    """One bounded contact in a thread: the unit of bot figures and QA. `context` holds what the page knew
    (model, serial, error code, page). Writers: channels_hub.services.conversations."""

    thread = models.ForeignKey(
        Thread, on_delete=models.PROTECT, related_name="conversations", verbose_name=_("thread")
    )
    handler = models.CharField(_("handled by"), max_length=6, choices=Handler, default=Handler.HUMAN)
    context = models.JSONField(_("context"), default=dict, blank=True)
    started_at = models.DateTimeField(_("started at"))
    handover_at = models.DateTimeField(_("a person was asked for at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        constraints = [
            models.UniqueConstraint(
                fields=["thread"], condition=models.Q(ended_at=None), name="conversation_one_open"
            )
        ]
        indexes = [
            models.Index(
                fields=["started_at"], condition=models.Q(ended_at=None), name="conversation_open_since"
            )
        ]

    def __str__(self) -> str:
        return f"conversation {self.pk}"
