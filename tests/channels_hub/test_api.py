"""The chat through the API, for whoever holds its token."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from channels_hub.enums import Author
from channels_hub.models import Channel, Message, Thread
from channels_hub.services.messages import send
from core.actors import SYSTEM
from tests.api_client import App, app_of, problem
from tests.factories.accounts import CustomerUserFactory, UserFactory
from tests.factories.channels_hub import ChannelFactory
from tests.factories.customers import CustomerFactory
from tests.factories.times import NOW

pytestmark = pytest.mark.django_db

KEY = "5f0c1f0e-6f5a-4f7e-9f0e-2f8f3a1b2c3d"


@pytest.fixture(autouse=True)
def now():
    with time_machine.travel(NOW, tick=False) as moment:
        yield moment


@pytest.fixture(autouse=True)
def channel() -> Any:
    return ChannelFactory(kind="web_chat")


def begin(app: App | None = None, **given: Any) -> tuple[App, dict[str, Any]]:
    answer = (app or App()).post("chat/", {"about": "门锁离线", **given})
    assert answer.status_code == 201, answer.content
    return App(**{"X-Chat-Token": answer.json()["token"]}), answer.json()


def test_a_chat_is_begun_and_read() -> None:
    app, started = begin(display_name="周女士", model="HQ-L5 Pro")
    room = app.get("chat/messages/").json()
    assert (room["thread"], room["ended"], room["more"]) == (started["thread"], False, False)
    (said,) = room["messages"]
    assert (said["body"], said["mine"], said["seq"]) == ("门锁离线", True, 1)
    assert Thread.objects.get().conversations.get().context == {"model": "HQ-L5 Pro"}


def test_the_same_key_is_the_same_chat() -> None:
    first, second = (App().post("chat/", {"about": "门锁离线"}, Idempotency_Key=KEY).json() for _ in range(2))
    assert first == second
    assert (Thread.objects.count(), Message.objects.count()) == (1, 1)
    problem(App().post("chat/", {"about": "门锁离线"}, Idempotency_Key="1"), 400, "bad_key")


def test_what_is_it_about() -> None:
    for given in ({}, {"about": " "}, {"about": "x" * 4001}):
        assert list(problem(App().post("chat/", given), 400)["errors"]) == ["about"]
    assert not Thread.objects.exists()


def test_a_closed_chat_does_not_exist() -> None:
    Channel.objects.update(enabled=False)
    problem(App().post("chat/", {"about": "x"}), 404)


def test_who_is_signed_in_is_known() -> None:
    customer = CustomerFactory(user=CustomerUserFactory())
    begin(app_of(customer.user))
    assert Thread.objects.get().customer_id == customer.pk


def test_words_are_said_once_and_answers_read_from_where_one_was() -> None:
    app, _started = begin()
    first, second = (app.post("chat/messages/", {"body": "在吗", "client_id": "m1"}) for _ in range(2))
    assert (first.status_code, first.json()) == (201, second.json())
    send(
        thread=Thread.objects.get(),
        body="在的",
        staff=UserFactory(display_name_en="Lin Xiao"),
        actor=SYSTEM,
        at=NOW,
    )
    (said,) = app.get("chat/messages/", after=2).json()["messages"]
    assert (said["body"], said["mine"], said["name"], said["author"]) == (
        "在的",
        False,
        "Lin Xiao",
        Author.AGENT,
    )
    assert app.post("chat/read/", {"seq": 3}).status_code == 204
    assert Message.objects.get(body="在的").state == "read"
    assert list(problem(app.post("chat/read/", {"seq": -1}), 400)["errors"]) == ["seq"]


def test_a_file_in_a_chat() -> None:
    app, _started = begin()
    log = SimpleUploadedFile("log.txt", b"10:00 offline")
    said = app.post("chat/messages/", {"files": log}, multipart=True).json()
    got = app.get(said["files"][0]["url"])
    assert b"".join(got.streaming_content) == b"10:00 offline"
    other, _started = begin()
    problem(other.get(said["files"][0]["url"]), 404)
    wrong = app.post("chat/messages/", {"files": SimpleUploadedFile("a.exe", b"MZ")}, multipart=True)
    assert list(problem(wrong, 400)["errors"]) == ["files"]


def test_one_chat_does_not_see_the_other() -> None:
    app, _started = begin()
    begin(about="另一件事")
    assert [said["body"] for said in app.get("chat/messages/").json()["messages"]] == ["门锁离线"]


def test_a_signed_in_colleague_is_no_visitor() -> None:
    problem(app_of(UserFactory()).get("chat/messages/"), 404)


def test_twenty_messages_a_minute(now: Any) -> None:
    app, _started = begin()
    for number in range(20):
        assert app.post("chat/messages/", {"body": str(number)}).status_code == 201
    problem(app.post("chat/messages/", {"body": "x"}), 429)
    now.shift(timedelta(seconds=61))
    assert app.post("chat/messages/", {"body": "x"}).status_code == 201


def test_a_number_is_left_and_the_chat_ended() -> None:
    app, _started = begin()
    assert list(problem(app.post("chat/contact/", {"phone": "123"}), 400)["errors"]) == ["phone"]
    assert app.post("chat/contact/", {"phone": "138 1234 5678"}).status_code == 204
    thread = Thread.objects.select_related("customer").get()
    assert thread.customer is not None
    assert thread.customer.phone == "13812345678"
    for _ in range(2):
        assert app.post("chat/end/").status_code == 204
    assert app.get("chat/messages/").json()["ended"] is True


def test_the_list_costs_the_same_for_one_and_for_three() -> None:
    app, _started = begin()
    counted = []
    for wanted in (1, 3):
        while Message.objects.count() < wanted:
            app.post("chat/messages/", {"body": str(Message.objects.count())})
        with CaptureQueriesContext(connection) as seen:
            assert len(app.get("chat/messages/").json()["messages"]) == wanted
        counted.append(len(seen))
    assert counted[0] == counted[1]
