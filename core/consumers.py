"""The socket of open pages, at /ws/live/. JSON both ways.

The page says
    {"token": "…"}            I am the visitor who holds this chat token
    {"link": "…"}             I am the holder of this tracking link
    {"watch": ["ticket:42"], "since": 981}   tell me about these; I know everything up to event 981 (or null)
    {"unwatch": ["ticket:42"]}
    {"ping": 1}
and hears
    {"hello": "staff"}                        what kind of viewer it is; again after a token or link
    {"watching": ["ticket:42"], "refused": [], "event": 990}   990: the newest event, a good `since` for later
    {"topic": "ticket:42", "kind": "tickets.agent_replied", "event": 981}
    {"stale": true}                           too much was missed: fetch everything anew
    {"pong": 1}
    {"error": "bad_message" | "bad_token" | "too_many"}
"""

import json
import time
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from core import live, ports_declared
from core.actors import NOBODY, Actor
from core.errors import TooMany
from core.services import limits
from core.tail import group_of, tail

MAX_TOPICS = 200
#: messages that one socket may send in ten seconds
MAX_MESSAGES = 60
TOO_MUCH = 4008


class LiveConsumer(AsyncWebsocketConsumer):
    """One page's socket. It carries no content, so a viewer's rights are checked when a topic is asked for; what the
    page then fetches is guarded anew each time."""

    viewer: Actor = NOBODY

    async def connect(self) -> None:
        self.watched: set[live.Topic] = set()
        self.window = (0.0, 0)
        self.viewer = await database_sync_to_async(ports_declared.viewer_of_scope)(self.scope)
        self.joined = True
        await tail.join()
        await self.accept()
        await self.say({"hello": self.viewer.kind})

    async def disconnect(self, code: int) -> None:
        for topic in self.watched:
            await self.channel_layer.group_discard(group_of(topic), self.channel_name)
        self.watched.clear()
        if getattr(self, "joined", False):
            self.joined = False
            await tail.leave()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if not self._within_rate():
            await self.say({"error": "too_many"})
            await self.close(TOO_MUCH)
            return
        try:
            message = json.loads(text_data or "")
        except ValueError:
            message = None
        if not isinstance(message, dict):
            await self.say({"error": "bad_message"})
            return
        if "token" in message or "link" in message:
            await self._introduce(message)
        if "unwatch" in message:
            await self._unwatch(message["unwatch"])
        if "watch" in message:
            await self._watch(message["watch"], message.get("since"))
        if "ping" in message:
            await self.say({"pong": 1})
        if not message.keys() & {"token", "link", "watch", "unwatch", "ping"}:
            await self.say({"error": "bad_message"})

    def _within_rate(self) -> bool:
        started, used = self.window
        now = time.monotonic()
        self.window = (now, 1) if now - started > 10 else (started, used + 1)
        return self.window[1] <= MAX_MESSAGES

    async def _introduce(self, message: dict[str, Any]) -> None:
        ask = ports_declared.viewer_of_token if "token" in message else ports_declared.viewer_of_link
        token = message.get("token", message.get("link"))
        address = (self.scope.get("client") or ("unknown",))[0]

        def find() -> Actor | None:
            viewer: Actor | None = ask(token) if isinstance(token, str) and token else None
            if viewer is None:
                limits.spend(f"live-token:{address}", limit=30, seconds=60)
            return viewer

        try:
            viewer = await database_sync_to_async(find)()
        except TooMany:
            await self.say({"error": "too_many"})
            await self.close(TOO_MUCH)
            return
        if viewer is None:
            await self.say({"error": "bad_token"})
            return
        self.viewer = viewer
        await self.say({"hello": viewer.kind})

    async def _watch(self, wanted: object, since: object) -> None:
        if (
            not isinstance(wanted, list)
            or len(wanted) > MAX_TOPICS
            or not (since is None or (isinstance(since, int) and 0 <= since < 2**63))
        ):
            await self.say({"error": "bad_message"})
            return
        asked = {str(text)[:64]: live.parse_topic(text) for text in wanted}

        def check() -> set[live.Topic]:
            return {topic for topic in asked.values() if topic and live.may_watch(self.viewer, *topic)}

        allowed = await database_sync_to_async(check)()
        if len(self.watched | allowed) > MAX_TOPICS:
            await self.say({"error": "too_many"})
            return
        # join first, replay second: an event in between is told twice, never not at all
        for topic in sorted(allowed - self.watched):
            await self.channel_layer.group_add(group_of(topic), self.channel_name)
        self.watched |= allowed
        newest = await database_sync_to_async(live.position)()
        await self.say(
            {
                "watching": [text for text, topic in asked.items() if topic in allowed],
                "refused": [text for text, topic in asked.items() if topic not in allowed],
                "event": newest,
            }
        )
        if isinstance(since, int):
            missed = await database_sync_to_async(live.since)(since, allowed)
            if missed is None:
                await self.say({"stale": True})
            for nudge in missed or []:
                await self.say(nudge.as_json())

    async def _unwatch(self, topics: object) -> None:
        for text in topics if isinstance(topics, list) else []:
            topic = live.parse_topic(text)
            if topic in self.watched:
                self.watched.discard(topic)
                await self.channel_layer.group_discard(group_of(topic), self.channel_name)

    async def live_nudge(self, event: dict[str, Any]) -> None:
        """A nudge from the tail."""
        await self.say(event["nudge"])

    async def say(self, message: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(message))
