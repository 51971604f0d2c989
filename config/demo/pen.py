"""How the rows of one past ticket are written down: facts, timeline, messages in their conversations, clocks."""

import random
from datetime import datetime
from typing import Any

from channels_hub.enums import Author, Direction, SendState
from channels_hub.events import ConversationEnded, ConversationStarted, MessageReceived, MessageSent
from channels_hub.models import Conversation, Message, Thread
from channels_hub.rules import idle_limit
from config.demo.books import Books
from config.demo.ledger import Ledger
from config.demo.watches import Watches
from core.events import DomainEvent, detail_hash
from core.models import Event, EventDetail
from tickets.enums import EntryKind, Status
from tickets.events import StatusChanged
from tickets.models import Ticket, TicketEntry

#: kind and id of who did something
Who = tuple[str, int | None]
SYSTEM: Who = ("system", None)


class Pen:
    """Writes what happened to one ticket, in order of time."""

    def __init__(self, ledger: Ledger, books: Books, chance: random.Random, ticket: Ticket) -> None:
        self.ledger, self.books, self.chance, self.ticket = ledger, books, chance, ticket
        self.thread: Thread = ticket.thread
        self.conversation: Conversation | None = None
        self.watches: Watches | None = None
        self.actor: Who = SYSTEM
        self.said: list[str] = []

    def tell(
        self,
        fact: DomainEvent,
        at: datetime,
        *,
        who: Who | None = None,
        detail: dict[str, Any] | None = None,
        public: bool | None = None,
    ) -> Event:
        """A fact; with `public` (or not) it stands on the timeline, with None it does not."""
        kind, number = who or self.actor
        salt = f"{self.chance.getrandbits(128):032x}" if detail else ""
        event = Event(
            at=at,
            kind=fact.kind,
            actor_kind=kind,
            actor_id=number,
            subject_kind=fact.subject_kind,
            subject_id=fact.subject_id,
            data=fact.data(),
            detail_hash=detail_hash(salt, detail) if detail else "",
        )
        entry = None
        if public is not None:
            entry = TicketEntry(ticket_id=self.ticket.pk, at=at, kind=EntryKind.EVENT.value, public=public)
        self.ledger.add_event(event, EventDetail(salt=salt, body=detail) if detail else None, entry)
        return event

    def tell_of_clock(self, fact: DomainEvent, at: datetime, by_time: bool) -> None:
        """A clock changed, by the verb that is being done or by time itself."""
        self.tell(fact, at, who=SYSTEM if by_time else None)

    def move(self, after: Status, at: datetime, *, shown: bool, detail: dict[str, Any] | None = None) -> None:
        """The state changes; `shown` on the timeline unless the verb shows something of its own."""
        before, self.ticket.status = self.ticket.status, after.value
        fact = StatusChanged(subject_id=self.ticket.pk, before=before, after=after.value)
        self.tell(fact, at, detail=detail, public=True if shown else None)

    def say(self, body: str, at: datetime, *, author: Author, staff_id: int | None = None) -> Message:
        """A message in the thread's conversation; a new one begins after silence."""
        inward = author == Author.CUSTOMER
        conversation = self._conversation(at)
        self.thread.last_seq += 1
        self.thread.last_message_at = at
        message: Message = self.ledger.add(
            Message(
                thread_id=self.thread.pk,
                conversation_id=conversation.pk,
                seq=self.thread.last_seq,
                direction=(Direction.IN if inward else Direction.OUT).value,
                author=author.value,
                staff_id=staff_id,
                body=body,
                at=at,
                state=(SendState.RECEIVED if inward else SendState.SENT).value,
            )
        )
        self.said.append(body)
        fact: DomainEvent = (
            MessageReceived(
                subject_id=self.thread.pk,
                message_id=message.pk,
                seq=message.seq,
                conversation_id=conversation.pk,
            )
            if inward
            else MessageSent(
                subject_id=self.thread.pk, message_id=message.pk, seq=message.seq, author=author.value
            )
        )
        self.tell(fact, at)
        return message

    def show(self, message: Message) -> None:
        """The message stands on the timeline."""
        self.ledger.add(
            TicketEntry(
                ticket_id=self.ticket.pk,
                at=message.at,
                kind=EntryKind.MESSAGE.value,
                message_id=message.pk,
                public=True,
            )
        )

    def _conversation(self, at: datetime) -> Conversation:
        self.end_silent(at)
        if self.conversation is None:
            conversation = self.ledger.add(Conversation(thread_id=self.thread.pk, started_at=at))
            self.conversation = conversation
            fact = ConversationStarted(
                subject_id=self.thread.pk,
                conversation_id=conversation.pk,
                channel_kind=self.ticket.channel.kind,
            )
            self.tell(fact, at)
        return self.conversation

    def end_silent(self, at: datetime) -> None:
        """End the conversation that silence has ended by then."""
        conversation, last = self.conversation, self.thread.last_message_at
        if conversation is None or last is None:
            return
        ended_at = last + idle_limit(self.ticket.channel.kind, self.ticket.channel.settings)
        if ended_at < at:
            conversation.ended_at = ended_at
            fact = ConversationEnded(subject_id=self.thread.pk, conversation_id=conversation.pk)
            self.tell(fact, ended_at, who=SYSTEM)
            self.conversation = None
