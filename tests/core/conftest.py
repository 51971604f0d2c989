"""A small world of facts and handlers, gone after each test."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import pytest
from django.db import transaction

from core import events
from core.actors import SYSTEM
from core.events import DomainEvent, Subscriber
from core.models import Event


@dataclass(frozen=True, kw_only=True)
class BulbLit(DomainEvent):
    """A bulb was lit; subject: the bulb."""

    kind: ClassVar[str] = "test.bulb_lit"
    subject_kind: ClassVar[str] = "bulb"
    watts: int = 5


def light(bulb: int = 1, *, at: datetime, **values: int) -> Event:
    """Announce that a bulb was lit."""
    with transaction.atomic():
        return events.announce(BulbLit(subject_id=bulb, **values), actor=SYSTEM, at=at)


@pytest.fixture
def hearing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Subscriber]:
    """Register a handler for BulbLit, for this test only."""
    monkeypatch.setattr(events, "_subscribers", {})
    monkeypatch.setattr(events, "_by_name", {})

    def register(handle: events.Handler, *, name: str = "test.listen", network: bool = False) -> Subscriber:
        subscriber = Subscriber(name, handle, network)
        events._subscribers.setdefault(BulbLit.kind, []).append(subscriber)
        events._by_name[name] = subscriber
        return subscriber

    return register
