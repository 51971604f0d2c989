"""What staff's open pages are told."""

from collections.abc import Iterable

from core import live
from core.actors import Actor
from core.models import Event


@live.topic("notices")
def may_watch_notices(viewer: Actor, user_id: int) -> bool:
    """One's own."""
    return viewer.is_staff and viewer.id == user_id


@live.route("staff")
def bell_of(event: Event) -> Iterable[tuple[str, int]]:
    """Whoever was told something, or has read it on another page."""
    yield "notices", event.subject_id
