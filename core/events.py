"""Facts and who wants to hear of them.

An app declares its facts in events.py as frozen dataclasses under `DomainEvent`, announces them inside the
transaction that made them true, and upper apps subscribe in handlers.py. Nothing runs in the announcing
transaction: the beat turns events into deliveries, a job delivers them.
"""

import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.db import transaction

from core.actors import Actor
from core.models import Event, EventDetail


@dataclass(frozen=True, kw_only=True)
class DomainEvent:
    """Base of all facts. `kind` is stored for ever, so it never changes; `subject_id` is what the fact is about.
    Fields hold codes, numbers and ids: no display text, no personal data."""

    kind: ClassVar[str]
    subject_kind: ClassVar[str]
    subject_id: int

    def data(self) -> dict[str, Any]:
        """The JSON that the event row keeps."""
        values = dict(vars(self))  # flat by the rule above, and events are made by the thousand
        values.pop("subject_id")
        return {
            key: value.isoformat() if isinstance(value, datetime) else value for key, value in values.items()
        }


Handler = Callable[[Event], None]


@dataclass(frozen=True)
class Subscriber:
    name: str
    handle: Handler
    network: bool


_subscribers: dict[str, list[Subscriber]] = {}
_by_name: dict[str, Subscriber] = {}


def subscribe(*kinds: type[DomainEvent], network: bool = False) -> Callable[[Handler], Handler]:
    """Register a handler for facts. A handler is idempotent and ends in one service call; it runs in a transaction of
    its own unless `network` is set: then it keeps its own short transactions around the network call."""

    def register(handle: Handler) -> Handler:
        name = f"{handle.__module__.removesuffix('.handlers')}.{handle.__name__}"
        subscriber = Subscriber(name, handle, network)
        if name in _by_name:
            raise RuntimeError(f"two handlers are called {name}")
        _by_name[name] = subscriber
        for kind in kinds:
            _subscribers.setdefault(kind.kind, []).append(subscriber)
        return handle

    return register


def subscribers_of(kind: str) -> list[Subscriber]:
    """Who hears of events of this kind."""
    return _subscribers.get(kind, [])


def subscriber_named(name: str) -> Subscriber | None:
    """The subscriber of a stored delivery; None when a release removed it."""
    return _by_name.get(name)


def subscribed_kinds() -> list[str]:
    """All kinds that somebody hears of."""
    return sorted(_subscribers)


def announce(fact: DomainEvent, *, actor: Actor, at: datetime, detail: Any = None) -> Event:
    """Write the event row of a fact, in the caller's transaction. `detail` (JSON) may hold personal data: it goes to
    the purgeable side row, the event keeps its salted hash. Raises RuntimeError outside a transaction."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"{fact.kind} must be announced in the transaction that made it true")
    salt, digest = "", ""
    if detail is not None:
        salt = secrets.token_hex(16)
        digest = detail_hash(salt, detail)
    event = Event.objects.create(
        at=at,
        kind=fact.kind,
        actor_kind=actor.kind,
        actor_id=actor.id,
        subject_kind=fact.subject_kind,
        subject_id=fact.subject_id,
        data=fact.data(),
        detail_hash=digest,
    )
    if detail is not None:
        EventDetail.objects.create(event=event, salt=salt, body=detail)
    return event


def announce_many(facts: list[DomainEvent], *, actor: Actor, at: datetime) -> None:
    """`announce` for a set, in one statement, without details."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("facts must be announced in the transaction that made them true")
    Event.objects.bulk_create(
        [
            Event(
                at=at,
                kind=fact.kind,
                actor_kind=actor.kind,
                actor_id=actor.id,
                subject_kind=fact.subject_kind,
                subject_id=fact.subject_id,
                data=fact.data(),
            )
            for fact in facts
        ],
        batch_size=500,
    )


def detail_hash(salt: str, detail: Any) -> str:
    """SHA-256 over the salt and the canonical JSON of a detail."""
    text = json.dumps(detail, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{salt}{text}".encode()).hexdigest()
