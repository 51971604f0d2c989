"""Where channels meet the rest of the house: the beat, open pages, files, tokens."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django_q.tasks import async_task

from channels_hub.models import Message, Thread
from channels_hub.ports import may_see_thread
from channels_hub.services import chat, sending
from core import clock, live
from core.actors import Actor
from core.models import Event, Timer
from core.ports_declared import viewer_of_token
from core.services.files import guard_files_of
from core.services.timers import on_timer, set_timer
from core.wakers import wakes

IDLE_PAUSE = timedelta(minutes=10)


@wakes("channels_hub.jobs.send_due")
def mail_is_due(at: datetime) -> bool:
    """Something waits to be sent, and its server is not known to be away."""
    return sending.has_due(at=at)


@on_timer("channels.end_idle")
def look_for_idle_conversations(timer: Timer, at: datetime) -> None:
    """Every ten minutes; set for the first time by the defaults."""
    async_task("channels_hub.jobs.end_idle", save=False)
    set_timer("channels.end_idle", subject_id=0, due_at=at + IDLE_PAUSE, dedupe=timer.dedupe)


@viewer_of_token.provide
def visitor_of_token(token: str) -> Actor | None:
    """The visitor who holds this chat token, or the pass that the room's own page carries."""
    return chat.visitor_of(token, at=clock.now())


@live.topic("thread")
def may_watch_thread(viewer: Actor, thread_id: int) -> bool:
    """The visitor, the customer whose thread it is, and staff who may see its work."""
    if Thread.objects.visible_to(viewer).filter(pk=thread_id).exists():
        return True
    return viewer.kind in ("staff", "link") and bool(may_see_thread(viewer, thread_id))


@live.route("thread")
def thread_of_event(event: Event) -> Iterable[tuple[str, int]]:
    """Whatever happens on a thread is news on its page."""
    yield "thread", event.subject_id


@guard_files_of("message")
def may_have_file(viewer: Actor, message_id: int) -> bool:
    """The visitor and the customer of its thread. The floor above answers for its own (staff, tracking
    links)."""
    return Message.objects.visible_to(viewer).filter(pk=message_id).exists()
