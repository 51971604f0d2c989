"""What open pages watch. Pages receive nudges ("ticket 42 changed"), never content: they fetch it through the same
guarded doors as always, so that a lost nudge costs a moment and a leaked one nothing.

Apps register topics (who may watch) and routes (which topics an event touches) in handlers.py.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import structlog
from django.db import DatabaseError

from core.actors import Actor
from core.db import below_horizon
from core.models import Event, EventCursor
from core.services.deliveries import after

log = structlog.get_logger(__name__)
MayWatch = Callable[[Actor, int], bool]
Route = Callable[[Event], Iterable[tuple[str, int]]]
Topic = tuple[str, int]

_topics: dict[str, MayWatch] = {}
_routes: dict[str, list[Route]] = {}
_written = re.compile(r"([a-z][a-z_]{0,30}):([0-9]{1,18})")

#: how many events a page may have missed; past that it fetches everything anew
REPLAY_LIMIT = 500


@dataclass(frozen=True)
class Nudge:
    """Something about this topic changed: `kind` says what, `event` is the row's id."""

    topic: Topic
    kind: str
    event: int

    def as_json(self) -> dict[str, object]:
        """What goes over the wire."""
        return {"topic": f"{self.topic[0]}:{self.topic[1]}", "kind": self.kind, "event": self.event}


def topic(name: str) -> Callable[[MayWatch], MayWatch]:
    """Register who may watch `name:<id>`: `may_watch(viewer, id) -> bool`."""

    def register(may_watch: MayWatch) -> MayWatch:
        _topics[name] = may_watch
        return may_watch

    return register


def route(subject_kind: str) -> Callable[[Route], Route]:
    """Register which topics an event about this kind of subject touches: yields (topic, id)."""

    def register(find: Route) -> Route:
        _routes.setdefault(subject_kind, []).append(find)
        return find

    return register


def may_watch(viewer: Actor, name: str, subject_id: int) -> bool:
    """Whether the viewer may watch this topic."""
    check = _topics.get(name)
    return check is not None and check(viewer, subject_id)


def topics_of(event: Event) -> set[Topic]:
    """The topics that an event touches."""
    return {found for find in _routes.get(event.subject_kind, []) for found in find(event)}


def parse_topic(text: object) -> Topic | None:
    """`"ticket:42"` as a pair; None when it is not a topic."""
    match = _written.fullmatch(text) if isinstance(text, str) else None
    return (match[1], int(match[2])) if match else None


def nudges_of(events: Iterable[Event]) -> list[Nudge]:
    """What to tell about these events, in their order. An event whose route fails is logged and passed over: it must
    not silence what comes after it."""
    nudges: list[Nudge] = []
    for event in events:
        try:
            nudges += [Nudge(found, event.kind, event.pk) for found in sorted(topics_of(event))]
        except DatabaseError:
            raise  # the reader tries again from where it was
        except Exception:  # routes belong to other apps: one that fails costs its own nudge only
            log.exception("live_route_failed", event_id=event.pk, kind=event.kind)
    return nudges


def position() -> int:
    """The newest event that no running transaction can still come before; 0 when there is none. A page takes it
    *before* it reads its content and hands it to its socket as `since`: nothing falls between page and socket."""
    rows = below_horizon(Event.objects.order_by("-txid", "-id"))
    return rows.values_list("pk", flat=True).first() or 0


def since(event_id: int, topics: Iterable[Topic], *, limit: int = REPLAY_LIMIT) -> list[Nudge] | None:
    """The nudges about these topics after the event, in reading order; None when more than `limit` events passed or
    the event is unknown: then the page fetches everything anew."""
    start = EventCursor()
    if event_id:
        txid = Event.objects.filter(pk=event_id).values_list("txid", flat=True).first()
        if txid is None:
            return None
        start = EventCursor(txid=txid, event_id=event_id)
    events = after(start, limit=limit + 1)
    if len(events) > limit:
        return None
    wanted = set(topics)
    return [nudge for nudge in nudges_of(events) if nudge.topic in wanted]
