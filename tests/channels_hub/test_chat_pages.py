"""The pages of the web chat, as a browser asks for them."""

import io
import json
from datetime import timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from channels_hub.enums import Author, ChannelKind, SendState
from channels_hub.models import Channel, Conversation, Message, Thread
from channels_hub.ports import QueuePlace, ThreadWork, mail_link_of_thread, place_in_queue, work_of_thread
from channels_hub.services.messages import send
from channels_hub.views.chat import COOKIE
from core.actors import SYSTEM, Actor
from core.models import File
from tests.factories.accounts import UserFactory
from tests.factories.channels_hub import ChannelFactory
from tests.factories.customers import CustomerFactory, ProductFactory

pytestmark = pytest.mark.django_db

JSON = {"HTTP_ACCEPT": "application/json"}


@pytest.fixture(autouse=True)
def _english(settings) -> None:
    settings.LANGUAGE_CODE = "en"


@pytest.fixture
def channel() -> Channel:
    return ChannelFactory(kind=ChannelKind.WEB_CHAT)


@pytest.fixture
def talking(client: Client, channel: Channel) -> Client:
    """A browser that is in a chat."""
    response = client.post(reverse("chat:open"), {"about": "The lock is offline", "key": "k" * 32})
    assert response.status_code == 302
    return client


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, "PNG")
    return out.getvalue()


def answer(body: str = "Hello, this is Lin", **user: object) -> Message:
    person = UserFactory(**user)
    thread = Thread.objects.get()
    return send(
        thread=thread,
        body=body,
        staff=person,
        actor=Actor("staff", person.pk),
        at=thread.last_message_at + timedelta(seconds=5),
    )


class TestStart:
    def test_the_page_knows_where_one_came_from(self, client, channel):
        ProductFactory(code="hq-l5", model="HQ-L5")
        html = client.get(
            reverse("chat:open"), {"product": "hq-l5", "q": "offline", "article": "a1"}
        ).content.decode()
        assert 'value="HQ-L5"' in html
        assert 'name="article" value="a1"' in html
        assert ">\noffline</textarea>" in html

    def test_from_the_form_into_the_room(self, client, channel):
        response = client.post(
            reverse("chat:open"),
            {
                "about": "It is offline",
                "model": "HQ-L5",
                "display_name": "周敏",
                "q": "offline",
                "key": "x" * 32,
            },
        )
        assert (response.status_code, response["Location"]) == (302, reverse("chat:room"))
        cookie = response.cookies[COOKIE]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/chat/")
        assert cookie["max-age"] == 30 * 24 * 3600
        assert Conversation.objects.get().context == {"model": "HQ-L5", "q": "offline"}
        assert "It is offline" in client.get(reverse("chat:room")).content.decode()

    def test_nothing_said_keeps_what_was_filled_in(self, client, channel):
        response = client.post(reverse("chat:open"), {"about": " ", "model": "HQ-L5", "key": "x" * 32})
        html = response.content.decode()
        assert response.status_code == 422
        assert "Please say in a few words what it is about." in html
        assert 'value="HQ-L5"' in html
        assert Thread.objects.count() == 0

    def test_twice_is_one_chat_and_both_answers_open_it(self, client, channel):
        form = {"about": "It is offline", "key": "x" * 32}
        tokens = {
            client.post(reverse("chat:open"), form).cookies[COOKIE].value.split(":")[0] for _ in range(2)
        }
        assert (Thread.objects.count(), Message.objects.count(), len(tokens)) == (1, 1, 1)
        assert client.get(reverse("chat:room")).status_code == 200

    def test_whoever_is_in_a_chat_goes_there(self, talking):
        assert talking.get(reverse("chat:open"))["Location"] == reverse("chat:room")
        assert talking.get(reverse("chat:open"), {"new": "1"}).status_code == 200

    def test_another_chat_ends_the_first(self, talking):
        talking.post(reverse("chat:open"), {"about": "Something else", "key": "y" * 32})
        first, second = Thread.objects.order_by("pk")
        assert Conversation.objects.get(thread=first).ended_at is not None
        assert Conversation.objects.get(thread=second).ended_at is None
        html = talking.get(reverse("chat:room")).content.decode()
        assert "Something else" in html
        assert "The lock is offline" not in html

    def test_a_signed_in_customers_chat_is_theirs(self, client, channel):
        customer = CustomerFactory(user=UserFactory(kind="customer"))
        client.force_login(customer.user)
        client.post(reverse("chat:open"), {"about": "It is offline", "key": "x" * 32})
        assert Thread.objects.get().customer_id == customer.pk

    def test_no_channel_no_chat(self, client):
        response = client.get(reverse("chat:open"))
        assert (response.status_code, b"There is no chat at the moment" in response.content) == (404, True)

    def test_a_flood_of_chats_is_stopped_and_the_words_stay(self, client, channel):
        for n in range(20):
            client.post(reverse("chat:open"), {"about": "x", "key": f"{n:032d}"})
        response = client.post(reverse("chat:open"), {"about": "The lock again", "key": "z" * 32})
        assert response.status_code == 429
        assert "The lock again" in response.content.decode()
        assert Thread.objects.count() == 20


class TestRoom:
    def test_a_reload_resumes(self, talking):
        answer(display_name="林晓", display_name_en="Lin Xiao")
        html = talking.get(reverse("chat:room")).content.decode()
        assert "The lock is offline" in html
        assert "Lin Xiao has joined the chat" in html
        assert html.index("The lock is offline") < html.index("Hello, this is Lin")

    def test_without_a_chat_the_questions_come_first(self, client, channel):
        assert client.get(reverse("chat:room"))["Location"] == reverse("chat:open")

    @pytest.mark.parametrize("value", ["", "guess", "a" * 64, "a" * 64 + ":1abcde:forged"])
    def test_a_forged_cookie_opens_nothing(self, talking, value):
        talking.cookies[COOKIE] = value
        assert talking.get(reverse("chat:room")).status_code == 302
        for name in ("messages", "read", "end", "contact", "track"):
            for accept in ({}, JSON):
                method = talking.get if name == "messages" else talking.post
                assert method(reverse(f"chat:{name}"), **accept).status_code == 404
        assert Message.objects.count() == 1

    def test_a_chat_is_forgotten_a_month_after(self, talking):
        with time_machine.travel(Message.objects.get().at + timedelta(days=31), tick=False):
            assert talking.get(reverse("chat:room")).status_code == 302

    def test_nothing_of_it_is_kept_by_caches(self, talking):
        response = talking.get(reverse("chat:room"))
        assert "no-store" in response["Cache-Control"]

    def test_what_was_said_is_text_and_links_are_links(self, talking):
        talking.post(
            reverse("chat:messages"), {"body": "<img src=x onerror=alert(1)> https://a.example/?b=1&c=2。好"}
        )
        html = talking.get(reverse("chat:room")).content.decode()
        assert "<img src=x" not in html
        assert "&lt;img src=x onerror=alert(1)&gt;" in html
        assert 'href="https://a.example/?b=1&amp;c=2"' in html

    def test_waiting_says_what_is_known(self, talking, monkeypatch):
        monkeypatch.setattr(place_in_queue, "_provider", lambda thread_id: None)
        assert "Waiting for a person" in talking.get(reverse("chat:room")).content.decode()
        monkeypatch.setattr(place_in_queue, "_provider", lambda thread_id: QueuePlace(ahead=2, minutes=1))
        assert "Connecting you. 2 ahead, about 1 min" in talking.get(reverse("chat:room")).content.decode()
        answer()
        assert "Connecting you" not in talking.get(reverse("chat:room")).content.decode()

    def test_the_request_behind_it_is_named_and_leads_to_its_page(self, talking, monkeypatch):
        work = ThreadWork(reference="T-2026-000042", subject="Lock")
        monkeypatch.setattr(work_of_thread, "_provider", lambda thread_id: work)
        assert "T-2026-000042" in talking.get(reverse("chat:room")).content.decode()
        linked = ThreadWork(reference="T-2026-000042", subject="Lock", url="https://heqi.example/t/abc/?a=1")
        monkeypatch.setattr(mail_link_of_thread, "_provider", lambda thread_id, at: linked)
        response = talking.post(reverse("chat:track"))
        assert (response.status_code, response["Location"]) == (302, "/t/abc/?a=1")
        assert talking.get(reverse("chat:track")).status_code == 405

    def test_no_request_no_page_of_it(self, talking, monkeypatch):
        monkeypatch.setattr(mail_link_of_thread, "_provider", lambda thread_id, at: None)
        assert talking.post(reverse("chat:track")).status_code == 404

    def test_older_messages_are_a_page_back(self, talking):
        thread = Thread.objects.get()
        for n in range(105):
            send(
                thread=thread, body=f"line {n}", author=Author.SYSTEM, actor=SYSTEM, at=thread.last_message_at
            )
        html = talking.get(reverse("chat:room")).content.decode()
        assert html.count("<article") == 101  # 100 and the template for what is written next
        assert "The lock is offline" not in html
        assert "?before=7" in html
        assert "The lock is offline" in talking.get(reverse("chat:room"), {"before": "7"}).content.decode()

    def test_as_many_queries_for_many_messages_as_for_few(self, talking, django_assert_max_num_queries):
        answer()
        with django_assert_max_num_queries(12):
            talking.get(reverse("chat:room"))
        thread = Thread.objects.get()
        for _ in range(30):
            send(thread=thread, body="more", author=Author.SYSTEM, actor=SYSTEM, at=thread.last_message_at)
        with django_assert_max_num_queries(12):
            talking.get(reverse("chat:room"))


class TestSay:
    def test_by_the_plain_form(self, talking):
        response = talking.post(reverse("chat:messages"), {"body": "Still offline", "client_msg_id": "m1"})
        assert (response.status_code, response["Location"]) == (302, reverse("chat:room"))
        assert Message.objects.get(seq=2).body == "Still offline"

    @pytest.mark.parametrize("as_json", [True, False])
    def test_by_script_twice_is_once(self, talking, as_json):
        given = {"body": "Still offline", "client_msg_id": "m1", "after": 1}
        for _ in range(2):
            if as_json:
                response = talking.post(
                    reverse("chat:messages"), json.dumps(given), content_type="application/json", **JSON
                )
            else:
                response = talking.post(reverse("chat:messages"), given, **JSON)
            assert response.status_code == 200
            said = response.json()
            assert (said["seq"], said["last_seq"], said["ended"]) == (2, 2, False)
            assert 'data-client-id="m1"' in said["html"]
        assert Message.objects.count() == 2

    @pytest.mark.parametrize(
        ("body", "said"),
        [("", "Please write a message."), ("字" * 4001, "Please keep to 4000 characters; this has 4001.")],
    )
    def test_bad_input_stands_beside_its_field_and_stays(self, talking, body, said):
        response = talking.post(reverse("chat:messages"), {"body": body})
        html = response.content.decode()
        assert (response.status_code, said in html) == (422, True)
        assert f">{body}</textarea>" in html
        problem = talking.post(reverse("chat:messages"), {"body": body}, **JSON)
        assert (problem.status_code, problem["Content-Type"]) == (400, "application/problem+json")
        assert problem.json()["fields"] == {"body": [said]}

    @pytest.mark.parametrize("raw", [b"{", b"[]", b"\xff"])
    def test_broken_json_is_refused(self, talking, raw):
        response = talking.post(reverse("chat:messages"), raw, content_type="application/json", **JSON)
        assert response.status_code == 400
        assert Message.objects.count() == 1

    def test_a_picture_is_seen_by_the_visitor_alone(self, talking):
        upload = SimpleUploadedFile("light.png", png(), "image/png")
        talking.post(reverse("chat:messages"), {"body": "look", "files": [upload]})
        file = File.objects.get()
        html = talking.get(reverse("chat:room")).content.decode()
        start = html.index(f"/files/{file.pk}/")
        address = html[start : html.index('"', start)]
        assert 'alt="light.png" width="8" height="8"' in html
        response = talking.get(address)
        assert (response.status_code, b"".join(response.streaming_content)) == (200, png())
        assert talking.get(f"/files/{file.pk}/").status_code == 404
        assert talking.get(f"/files/{file.pk}/?token=guess").status_code == 404

    @pytest.mark.parametrize(
        ("name", "content", "said"),
        [
            ("photo.png", b"<script>alert(1)</script>", "“photo.png” is not what its name says."),
            ("run.exe", b"MZ", "Files like “run.exe” are not accepted."),
            ("empty.txt", b"", "“empty.txt” is empty."),
        ],
    )
    def test_a_file_that_is_not_taken(self, talking, name, content, said):
        upload = SimpleUploadedFile(name, content)
        response = talking.post(reverse("chat:messages"), {"body": "look", "files": [upload]})
        html = response.content.decode()
        assert (response.status_code, said in html) == (422, True)
        assert ">look</textarea>" in html
        assert (Message.objects.count(), File.objects.count()) == (1, 0)

    def test_a_file_over_the_limit(self, talking, settings):
        settings.FILE_LIMIT_BYTES = 1024 * 1024
        upload = SimpleUploadedFile("long.txt", b"a" * (1024 * 1024 + 1))
        response = talking.post(reverse("chat:messages"), {"body": "", "files": [upload]}, **JSON)
        assert response.json()["fields"] == {"files": ["“long.txt” is larger than 1 MB."]}
        assert response.json()["code"] == "too_large"

    def test_a_flood_is_stopped_and_a_repetition_is_none(self, talking):
        for n in range(20):
            assert (
                talking.post(
                    reverse("chat:messages"), {"body": "x", "client_msg_id": f"f{n}"}, **JSON
                ).status_code
                == 200
            )
        refused = talking.post(reverse("chat:messages"), {"body": "x", "client_msg_id": "f20"}, **JSON)
        assert (refused.status_code, refused["Retry-After"]) == (429, "60")
        assert (
            talking.post(reverse("chat:messages"), {"body": "x", "client_msg_id": "f19"}, **JSON).status_code
            == 200
        )
        assert Message.objects.count() == 21
        page = talking.post(reverse("chat:messages"), {"body": "my long text"})
        assert (page.status_code, "my long text" in page.content.decode()) == (429, True)

    def test_from_another_site_it_is_refused(self, talking):
        strict = Client(enforce_csrf_checks=True)
        strict.cookies = talking.cookies
        assert strict.post(reverse("chat:messages"), {"body": "x"}).status_code == 403
        assert Message.objects.count() == 1


class TestNews:
    def test_only_what_is_new(self, talking):
        answer(display_name_en="Lin Xiao")
        news = talking.get(reverse("chat:messages"), {"after": 1}, **JSON).json()
        assert (news["last_seq"], news["read_seq"], news["more"]) == (2, 2, False)
        assert "The lock is offline" not in news["html"]
        assert "Lin Xiao has joined the chat" in news["html"]
        assert "Lin Xiao" in news["head"]
        answer("Second", display_name_en="Wang Wei")
        answer("Third")
        news = talking.get(reverse("chat:messages"), {"after": 2}, **JSON).json()
        assert news["html"].count("has joined the chat") == 2

    def test_the_same_person_joins_once(self, talking):
        first = answer()
        thread = Thread.objects.get()
        send(
            thread=thread,
            body="and",
            staff=first.staff,
            actor=Actor("staff", first.staff_id),
            at=thread.last_message_at,
        )
        news = talking.get(reverse("chat:messages"), {"after": 2}, **JSON).json()
        assert "has joined" not in news["html"]

    def test_nothing_new(self, talking):
        news = talking.get(reverse("chat:messages"), {"after": 1}, **JSON).json()
        assert (news["html"].strip(), news["last_seq"]) == ("", 1)

    @pytest.mark.parametrize("after", ["", "-1", "x", "9" * 30])
    def test_a_strange_number_is_none(self, talking, after):
        news = talking.get(reverse("chat:messages"), {"after": after}, **JSON).json()
        assert "The lock is offline" in news["html"]

    def test_asking_changes_nothing(self, talking):
        message = answer()
        talking.get(reverse("chat:messages"), {"after": 0}, **JSON)
        talking.get(reverse("chat:room"))
        message.refresh_from_db()
        assert message.state == SendState.SENT


class TestReadEndContact:
    def test_shown_is_read(self, talking):
        message = answer()
        given = json.dumps({"read": 0, "delivered": 2})
        assert talking.post(reverse("chat:read"), given, content_type="application/json").status_code == 204
        message.refresh_from_db()
        assert message.state == SendState.DELIVERED
        talking.post(reverse("chat:read"), {"read": "2", "delivered": "2"})
        message.refresh_from_db()
        assert message.state == SendState.READ

    def test_the_end_leaves_everything_readable(self, talking):
        assert talking.post(reverse("chat:end"))["Location"] == reverse("chat:room")
        html = talking.get(reverse("chat:room")).content.decode()
        assert "This chat has ended" in html
        assert "The lock is offline" in html
        assert talking.get(reverse("chat:open")).status_code == 200
        assert talking.post(reverse("chat:end"), **JSON).json()["ended"] is True

    def test_reading_is_no_way_to_end(self, talking):
        for name in ("end", "read", "contact"):
            assert talking.get(reverse(f"chat:{name}")).status_code == 405

    def test_a_number_to_call(self, talking):
        assert talking.post(reverse("chat:contact"), {"phone": "138 1234 5678"}).status_code == 302
        customer = Thread.objects.get().customer
        assert customer is not None
        assert customer.phone == "13812345678"
        assert "Leave a phone number" not in talking.get(reverse("chat:room")).content.decode()

    def test_a_wrong_number_stays_in_its_field(self, talking):
        response = talking.post(reverse("chat:contact"), {"phone": "123"})
        html = response.content.decode()
        assert response.status_code == 422
        assert 'value="123"' in html
        assert 'id="phone-error"' in html
        assert Thread.objects.get().customer is None

    def test_numbers_cannot_be_tried_out(self, talking):
        codes = [
            talking.post(reverse("chat:contact"), {"phone": "123"}, **JSON).status_code for _ in range(6)
        ]
        assert codes == [400] * 5 + [429]
