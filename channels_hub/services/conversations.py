"""The bounded contacts within a thread. The caller holds the thread's lock."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from channels_hub import rules
from channels_hub.enums import ChannelKind
from channels_hub.events import ConversationEnded, ConversationStarted
from channels_hub.models import Channel, Conversation, Thread
from core.actors import SYSTEM, Actor
from core.db import lock_rows
from core.events import announce


def current(
    thread: Thread, *, context: dict[str, Any] | None = None, actor: Actor, at: datetime
) -> tuple[Conversation, bool]:
    """The open conversation of a locked thread, and whether it was opened just now: one that silence has
    ended is ended first."""
    found = Conversation.objects.filter(thread=thread, ended_at=None).first()
    if found is not None:
        last = thread.last_message_at or found.started_at
        limit = rules.idle_limit(thread.channel.kind, thread.channel.settings)
        if not rules.is_over(max(last, found.started_at), at, limit):
            return found, False
        _end(found, ended_at=max(last, found.started_at) + limit, actor=SYSTEM, at=at)
    conversation = Conversation.objects.create(thread=thread, context=context or {}, started_at=at)
    announce(
        ConversationStarted(
            subject_id=thread.pk, conversation_id=conversation.pk, channel_kind=thread.channel.kind
        ),
        actor=actor,
        at=at,
    )
    return conversation, True


def _end(conversation: Conversation, *, ended_at: datetime, actor: Actor, at: datetime) -> None:
    conversation.ended_at = ended_at
    conversation.save(update_fields=["ended_at"])
    announce(
        ConversationEnded(subject_id=conversation.thread_id, conversation_id=conversation.pk),
        actor=actor,
        at=at,
    )


@transaction.atomic
def end_conversation(*, thread: Thread, actor: Actor, at: datetime) -> Conversation | None:
    """End the open conversation of a thread; None when none was open (ending twice changes nothing)."""
    lock_rows(Thread.objects.filter(pk=thread.pk)).get()
    conversation = Conversation.objects.filter(thread=thread, ended_at=None).first()
    if conversation is not None:
        _end(conversation, ended_at=at, actor=actor, at=at)
    return conversation


def end_idle(*, at: datetime, limit: int = 200) -> int:
    """End conversations that silence has ended, so that figures do not wait for a next message; returns how
    many. Each in a transaction of its own, under its thread's lock."""
    ended = 0
    for channel in Channel.objects.order_by("pk"):
        span = rules.idle_limit(ChannelKind(channel.kind), channel.settings)
        rows = Conversation.objects.filter(
            ended_at=None, thread__channel=channel, started_at__lt=at - span
        ).exclude(thread__last_message_at__gte=at - span)
        for thread_id in list(rows.order_by("pk").values_list("thread_id", flat=True)[: limit - ended]):
            ended += _end_if_idle(thread_id, span, at=at)
        if ended >= limit:
            break
    return ended


@transaction.atomic
def _end_if_idle(thread_id: int, span: timedelta, *, at: datetime) -> bool:
    thread = lock_rows(Thread.objects.filter(pk=thread_id)).get()
    conversation = Conversation.objects.filter(thread=thread, ended_at=None).first()
    if conversation is None:
        return False
    last = max(thread.last_message_at or conversation.started_at, conversation.started_at)
    if not rules.is_over(last, at, span):
        return False
    _end(conversation, ended_at=last + span, actor=SYSTEM, at=at)
    return True
