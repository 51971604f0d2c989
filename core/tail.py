"""How events reach the sockets of this process: one task reads the event table every half second and tells the groups
of whoever watches.

Each ASGI process has its own tail, started by its first socket and stopped after its last: there is no broker between
processes, and what the worker writes reaches every browser.
"""

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor

import structlog
from channels.layers import get_channel_layer
from django.db import DatabaseError, connection

from core import live
from core.models import Event, EventCursor
from core.services.deliveries import after

log = structlog.get_logger(__name__)
PAUSE_SECONDS = 0.5
BATCH = 500


def group_of(topic: live.Topic) -> str:
    """The Channels group of those who watch a topic."""
    return f"live.{topic[0]}.{topic[1]}"


class Tail:
    """Reads in a thread of its own, which keeps its database connection (asgiref's threads would open one each
    time)."""

    def __init__(self) -> None:
        self._sockets = 0
        self._task: asyncio.Task[None] | None = None
        self._ready: asyncio.Event | None = None
        self._position = EventCursor()
        # made with its first work; one thread only
        self._thread: ThreadPoolExecutor | None = None

    async def join(self) -> None:
        """A socket opened: the tail runs from here on. Returns once it knows its place in the table, so that no event
        committed later is missed."""
        self._sockets += 1
        if self._task is None:
            self._ready = asyncio.Event()
            self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="live-tail")
            self._task = asyncio.create_task(self._run(self._ready, self._thread), name="live tail")
        ready = self._ready
        if ready is not None:
            await ready.wait()

    async def leave(self) -> None:
        """A socket closed; the last one stops the tail."""
        self._sockets -= 1
        if self._sockets or self._task is None or self._thread is None:
            return
        task, thread = self._task, self._thread
        self._task = self._ready = self._thread = None
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await asyncio.get_running_loop().run_in_executor(thread, _close)
        thread.shutdown(wait=False)

    async def _run(self, ready: asyncio.Event, thread: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        placed = False
        while True:
            try:
                if not placed:
                    self._position = await loop.run_in_executor(thread, _end)
                    placed = True
                    ready.set()
                nudges = await loop.run_in_executor(thread, self._read)
                await self._tell(nudges)
                if nudges:
                    continue
            except DatabaseError:
                # the table keeps everything and the position has not moved: go on where we were, with a new connection
                log.warning("live_tail_without_database", exc_info=True)
                await loop.run_in_executor(thread, _close)
            await asyncio.sleep(PAUSE_SECONDS)

    def _read(self) -> list[live.Nudge]:
        events = after(self._position, limit=BATCH)
        nudges = live.nudges_of(events)
        if events:
            self._position = EventCursor(txid=events[-1].txid, event_id=events[-1].pk)
        return nudges

    async def _tell(self, nudges: list[live.Nudge]) -> None:
        layer = get_channel_layer()
        for nudge in nudges:
            await layer.group_send(group_of(nudge.topic), {"type": "live.nudge", "nudge": nudge.as_json()})


def _end() -> EventCursor:
    """Where the table ends for a reader who starts now."""
    newest = live.position()
    txid = Event.objects.values_list("txid", flat=True).get(pk=newest) if newest else 0
    return EventCursor(txid=txid, event_id=newest)


def _close() -> None:
    """Close the connection of the thread that runs this; `connection` means another one in each thread."""
    connection.close()


#: the tail of this process
tail = Tail()
