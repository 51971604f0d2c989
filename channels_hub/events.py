"""Facts about conversations."""

from dataclasses import dataclass
from typing import ClassVar

from core.events import DomainEvent


@dataclass(frozen=True, kw_only=True)
class ConversationStarted(DomainEvent):
    """Somebody got in touch; subject: the thread."""

    kind: ClassVar[str] = "channels.conversation_started"
    subject_kind: ClassVar[str] = "thread"
    conversation_id: int
    channel_kind: str


@dataclass(frozen=True, kw_only=True)
class ConversationEnded(DomainEvent):
    """A contact is over; subject: the thread."""

    kind: ClassVar[str] = "channels.conversation_ended"
    subject_kind: ClassVar[str] = "thread"
    conversation_id: int


@dataclass(frozen=True, kw_only=True)
class MessageReceived(DomainEvent):
    """A customer said something; subject: the thread."""

    kind: ClassVar[str] = "channels.message_received"
    subject_kind: ClassVar[str] = "thread"
    message_id: int
    seq: int
    conversation_id: int


@dataclass(frozen=True, kw_only=True)
class MessageSent(DomainEvent):
    """We said something; subject: the thread. `author` is agent, bot or system."""

    kind: ClassVar[str] = "channels.message_sent"
    subject_kind: ClassVar[str] = "thread"
    message_id: int
    seq: int
    author: str


@dataclass(frozen=True, kw_only=True)
class MessageStateChanged(DomainEvent):
    """What became of an outgoing message (sent, delivered, read, failed); subject: the thread."""

    kind: ClassVar[str] = "channels.message_state_changed"
    subject_kind: ClassVar[str] = "thread"
    message_id: int
    state: str


@dataclass(frozen=True, kw_only=True)
class HandoverRequested(DomainEvent):
    """A conversation asks for a person; subject: the thread. `reason` is a code of S2-12."""

    kind: ClassVar[str] = "channels.handover_requested"
    subject_kind: ClassVar[str] = "thread"
    conversation_id: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class ContactLeft(DomainEvent):
    """A visitor said how to reach them; subject: the thread. `customer_id` is who has that number;
    `previous_id`, if any, is the nameless customer that the thread belonged to until now."""

    kind: ClassVar[str] = "channels.contact_left"
    subject_kind: ClassVar[str] = "thread"
    customer_id: int
    previous_id: int | None = None
