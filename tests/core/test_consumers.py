"""The socket: what it says to whom, over a real event table and several connections."""

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from channels.layers import channel_layers
from django.db import connection, transaction

from core import consumers, ports_declared
from core import tail as tail_module
from core.actors import SYSTEM, Actor
from core.consumers import LiveConsumer
from core.events import announce
from core.tail import tail
from tests.core.conftest import BulbLit, light
from tests.core.test_live import bulbs, known
from tests.stand_ins.socket import PageSocket

__all__ = ["bulbs", "known"]

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("bulbs", "known"),
]


@pytest_asyncio.fixture
async def socket(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PageSocket]:
    """A page's socket that has said hello."""
    channel_layers.backends = {}
    monkeypatch.setattr(tail_module, "PAUSE_SECONDS", 0.02)
    socket = PageSocket(LiveConsumer.as_asgi())
    assert (await socket.open())["type"] == "websocket.accept"
    assert await socket.hear() == {"hello": "nobody"}
    yield socket
    await socket.close()
    assert tail._task is None


async def watch(socket: PageSocket, *topics: str, since: int | None = None) -> Any:
    """Introduce ourselves as the owner of bulb 1 and watch."""
    await socket.say({"token": "mine"})
    assert await socket.hear() == {"hello": "visitor"}
    await socket.say({"watch": list(topics), "since": since})
    return await socket.hear()


light_later = sync_to_async(light)


async def test_a_watcher_hears_of_its_topic_and_of_no_other(socket: PageSocket, at: datetime) -> None:
    assert await watch(socket, "bulb:1", "bulb:2", "nonsense") == {
        "watching": ["bulb:1"],
        "refused": ["bulb:2", "nonsense"],
        "event": 0,
    }
    await light_later(2, at=at)
    event = await light_later(1, at=at)
    assert await socket.hear() == {"topic": "bulb:1", "kind": "test.bulb_lit", "event": event.pk}
    assert await socket.receive_nothing(timeout=0.1)


async def test_a_reconnect_hears_what_it_missed_once_then_what_comes(socket, at: datetime) -> None:
    known_event = await light_later(1, at=at)
    missed = [(await light_later(1, at=at)).pk for _ in range(2)]
    await watch(socket, "bulb:1", since=known_event.pk)
    # the tail may be on its way with the same events: twice is allowed, never not at all
    numbers = {(await socket.hear())["event"] for _ in missed}
    assert numbers == set(missed)
    coming = await light_later(1, at=at)
    while (await socket.hear())["event"] != coming.pk:
        pass


async def test_who_missed_too_much_is_told_to_start_anew(socket, at: datetime) -> None:
    await watch(socket, "bulb:1", since=123456)
    assert await socket.hear() == {"stale": True}


async def test_a_topic_no_longer_watched_is_silent(socket, at: datetime) -> None:
    await watch(socket, "bulb:1")
    await socket.say({"unwatch": ["bulb:1", "nonsense"], "ping": 1})
    assert await socket.hear() == {"pong": 1}
    await light_later(1, at=at)
    assert await socket.receive_nothing(timeout=0.2)


@pytest.mark.parametrize(
    "message",
    ["", "no json", "[]", "7", "{}", '{"hello": 1}', '{"watch": "bulb:1"}', '{"watch": [], "since": -1}']
    + ['{"watch": [], "since": "x"}', '{"watch": [], "since": ' + "9" * 30 + "}"]
    + ['{"watch": [' + '"bulb:1",' * 200 + '"bulb:1"]}'],
)
async def test_a_bad_message_gets_an_answer_and_changes_nothing(socket, message: str) -> None:
    await socket.say(message)
    assert await socket.hear() == {"error": "bad_message"}


async def test_a_wrong_token_opens_nothing(socket, at: datetime) -> None:
    for wrong in ("guess", "", None, 5, {"a": 1}):
        await socket.say({"token": wrong})
        assert await socket.hear() == {"error": "bad_token"}
    await socket.say({"link": "mine"})
    assert await socket.hear() == {"error": "bad_token"}
    await socket.say({"watch": ["bulb:1"]})
    assert (await socket.hear())["watching"] == []


async def test_guessing_tokens_ends_the_socket(socket, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        await socket.say({"token": f"guess{number}"})
        assert await socket.hear() == {"error": "bad_token"}
    await socket.say({"token": "one more"})
    assert await socket.hear() == {"error": "too_many"}
    assert (await socket.receive_output(timeout=5)) == {"type": "websocket.close", "code": consumers.TOO_MUCH}


async def test_a_flood_of_messages_ends_the_socket(socket) -> None:
    for _ in range(consumers.MAX_MESSAGES):
        await socket.say({"ping": 1})
        assert await socket.hear() == {"pong": 1}
    await socket.say({"ping": 1})
    assert await socket.hear() == {"error": "too_many"}


async def test_a_session_is_known_without_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    channel_layers.backends = {}
    monkeypatch.setattr(ports_declared.viewer_of_scope, "_provider", lambda scope: Actor("staff", 3))
    socket = PageSocket(LiveConsumer.as_asgi())
    await socket.open()
    assert await socket.hear() == {"hello": "staff"}
    await socket.close()


async def test_the_tail_survives_a_database_that_goes_away(socket, at: datetime, monkeypatch) -> None:
    await watch(socket, "bulb:1")
    read, failures = tail._read, [1, 2]

    def fail_twice() -> Any:
        if failures:
            failures.pop()
            connection.cursor().execute("SELECT * FROM there_is_no_such_table")
        return read()

    monkeypatch.setattr(tail, "_read", fail_twice)
    event = await light_later(1, at=at)
    assert (await socket.hear())["event"] == event.pk
    assert failures == []


@pytest.mark.postgres_only
async def test_an_event_that_commits_late_with_an_early_id_is_told(socket, at: datetime) -> None:
    await watch(socket, "bulb:1")
    written, may_commit = threading.Event(), threading.Event()

    def slow_writer() -> None:
        try:
            with transaction.atomic():
                announce(BulbLit(subject_id=1), actor=SYSTEM, at=at)
                written.set()
                may_commit.wait(10)
        finally:
            connection.close()

    thread = threading.Thread(target=slow_writer)
    thread.start()
    await asyncio.to_thread(written.wait, 10)
    second = await light_later(1, at=at)
    assert await socket.receive_nothing(timeout=0.2)
    may_commit.set()
    await asyncio.to_thread(thread.join)
    numbers = [(await socket.hear())["event"], (await socket.hear())["event"]]
    assert numbers[0] < numbers[1] == second.pk
