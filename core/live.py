"""What open pages watch. Pages receive nudges ("ticket 42 changed"), never content: they fetch it through the same
guarded doors as always, so that a lost nudge costs a moment and a leaked one nothing.

Apps register topics (who may watch) and routes (which topics an event touches).
"""

from collections.abc import Callable, Iterable

from core.actors import Actor
from core.models import Event

MayWatch = Callable[[Actor, int], bool]
Route = Callable[[Event], Iterable[tuple[str, int]]]

_topics: dict[str, MayWatch] = {}
_routes: dict[str, list[Route]] = {}


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


def topics_of(event: Event) -> set[tuple[str, int]]:
    """The topics that an event touches."""
    return {found for find in _routes.get(event.subject_kind, []) for found in find(event)}
