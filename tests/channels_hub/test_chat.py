"""A chat is begun once, resumed by its token only, and asks for a person."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from channels_hub.enums import Author, ChannelKind, SendState
from channels_hub.handlers import may_have_file, may_watch_thread, visitor_of_token
from channels_hub.models import Channel, Conversation, Message, Thread
from channels_hub.ports import may_see_thread
from channels_hub.services import chat
from channels_hub.services.conversations import end_idle
from channels_hub.services.messages import receive, send
from core import live
from core.actors import NOBODY, SYSTEM, Actor
from core.errors import Conflict, InvalidInput, NotVisible
from core.models import Event
from tests.factories.channels_hub import ChannelFactory, ThreadFactory
from tests.factories.customers import CustomerFactory

pytestmark = pytest.mark.django_db

KEY = "k" * 32


@pytest.fixture
def channel() -> Channel:
    return ChannelFactory(kind=ChannelKind.WEB_CHAT)


def kinds(thread: Thread) -> list[str]:
    rows = Event.objects.filter(subject_kind="thread", subject_id=thread.pk).order_by("pk")
    return [row.kind.removeprefix("channels.") for row in rows]


class TestStart:
    def test_the_first_words_ask_for_a_person(self, channel, at):
        thread, token = chat.start_chat(
            channel=channel,
            display_name=" 周  敏 ",
            context={"model": "HQ-L5", "evil": "x", "q": " \n"},
            language="en",
            about="The lock is offline",
            at=at,
        )
        assert (thread.display_name, thread.language) == ("周 敏", "en")
        assert kinds(thread) == ["conversation_started", "message_received", "handover_requested"]
        handover = Event.objects.get(kind="channels.handover_requested")
        conversation = Conversation.objects.get()
        assert handover.data == {"conversation_id": conversation.pk, "reason": "asked"}
        assert (conversation.context, conversation.handover_at) == ({"model": "HQ-L5"}, at)
        assert (Message.objects.get().body, len(token)) == ("The lock is offline", 64)

    def test_a_form_sent_twice_is_one_chat_with_one_token(self, channel, at):
        first = chat.start_chat(channel=channel, about="Help", key=KEY, at=at)
        again = chat.start_chat(channel=channel, about="Help", key=KEY, at=at)
        assert again == first
        assert (Thread.objects.count(), Message.objects.count()) == (1, 1)
        assert kinds(first[0]).count("handover_requested") == 1

    def test_other_words_from_the_same_form_are_not_lost(self, channel, at):
        chat.start_chat(channel=channel, about="Help", key=KEY, at=at)
        chat.start_chat(channel=channel, about="Help, it smokes", key=KEY, at=at)
        assert list(Message.objects.order_by("seq").values_list("body", flat=True)) == [
            "Help",
            "Help, it smokes",
        ]
        assert Thread.objects.count() == 1

    def test_without_words_nobody_is_called_until_there_are_some(self, channel, at):
        thread, _token = chat.start_chat(channel=channel, context={"page": "/a"}, at=at)
        assert kinds(thread) == ["conversation_started"]
        chat.say(thread=thread, body="Hello", actor=chat.visitor(thread), at=at)
        chat.say(thread=thread, body="Anybody?", actor=chat.visitor(thread), at=at)
        assert kinds(thread).count("handover_requested") == 1

    @pytest.mark.parametrize("change", [{"enabled": False}, {"kind": ChannelKind.EMAIL}])
    def test_a_channel_that_takes_no_chats(self, channel, at, change):
        Channel.objects.filter(pk=channel.pk).update(**change)
        channel.refresh_from_db()
        with pytest.raises(NotVisible):
            chat.start_chat(channel=channel, about="Help", at=at)
        assert Thread.objects.count() == 0


class TestToken:
    def test_only_the_right_token_finds_the_thread(self, channel, at):
        thread, token = chat.start_chat(channel=channel, about="Help", at=at)
        other, _ = chat.start_chat(channel=channel, about="Me too", at=at)
        assert chat.thread_of_token(token) == thread
        assert chat.thread_of_token(token[:-1] + ("0" if token[-1] != "0" else "1")) is None
        assert chat.thread_of_token("") is None
        assert chat.thread_of_token(thread.secret_hash) is None
        assert other.secret_hash != thread.secret_hash

    def test_the_token_is_not_kept(self, channel, at):
        thread, token = chat.start_chat(channel=channel, about="Help", key=KEY, at=at)
        thread.refresh_from_db()
        kept = [str(getattr(thread, field.attname)) for field in Thread._meta.concrete_fields]
        assert not any(token in value or KEY in value for value in kept)

    def test_the_pass_of_a_page_is_good_for_reading_a_day(self, channel, at):
        thread, token = chat.start_chat(channel=channel, about="Help", at=at)
        pass_ = chat.page_pass(thread, at=at)
        assert token not in pass_
        assert chat.visitor_of(token, at=at) == Actor("visitor", thread.pk)
        assert chat.visitor_of(pass_, at=at) == Actor("visitor", thread.pk)
        assert chat.visitor_of(pass_, at=at + timedelta(days=1)) == Actor("visitor", thread.pk)
        assert chat.visitor_of(pass_, at=at + timedelta(days=2)) is None
        assert chat.visitor_of(pass_, at=at - timedelta(days=1)) is None
        assert chat.visitor_of(pass_ + "x", at=at) is None
        assert chat.page_pass(thread, at=at + timedelta(hours=1)) == pass_
        Thread.objects.update(secret_hash="f" * 64)
        assert chat.visitor_of(pass_, at=at) is None

    def test_the_port_answers_for_sockets(self, channel, at):
        thread, token = chat.start_chat(channel=channel, about="Help", at=at)
        assert visitor_of_token(token) == Actor("visitor", thread.pk)
        assert visitor_of_token("wrong") is None


class TestSay:
    def test_somebody_elses_chat_does_not_exist(self, channel, at):
        thread, _ = chat.start_chat(channel=channel, about="Help", at=at)
        stranger = Actor("visitor", thread.pk + 1)
        for act in (
            lambda: chat.say(thread=thread, body="x", actor=stranger, at=at),
            lambda: chat.end_chat(thread=thread, actor=stranger, at=at),
            lambda: chat.leave_contact(thread=thread, phone="13812345678", actor=stranger, at=at),
        ):
            with pytest.raises(NotVisible):
                act()
        assert Message.objects.count() == 1

    def test_ended_twice_is_ended_once(self, channel, at):
        thread, _ = chat.start_chat(channel=channel, about="Help", at=at)
        assert chat.end_chat(thread=thread, actor=chat.visitor(thread), at=at) is not None
        assert chat.end_chat(thread=thread, actor=chat.visitor(thread), at=at) is None
        assert kinds(thread).count("conversation_ended") == 1
        assert Conversation.objects.get().ended_at == at

    def test_words_after_the_end_ask_for_a_person_again(self, channel, at):
        thread, _ = chat.start_chat(channel=channel, about="Help", at=at)
        chat.end_chat(thread=thread, actor=chat.visitor(thread), at=at)
        chat.say(thread=thread, body="One more thing", actor=chat.visitor(thread), at=at)
        assert Conversation.objects.count() == 2
        assert kinds(thread).count("handover_requested") == 2

    def test_silence_ends_a_conversation_and_the_next_words_begin_another(self, channel, at):
        thread, _ = chat.start_chat(channel=channel, about="Help", at=at)
        chat.say(thread=thread, body="still", actor=chat.visitor(thread), at=at + timedelta(hours=2))
        assert Conversation.objects.count() == 1
        later = at + timedelta(hours=4, seconds=1)
        chat.say(thread=thread, body="back", actor=chat.visitor(thread), at=later)
        first, second = Conversation.objects.order_by("pk")
        assert (first.ended_at, second.started_at) == (at + timedelta(hours=4), later)

    def test_silence_ends_it_without_words_too(self, channel, at):
        thread, _ = chat.start_chat(channel=channel, about="Help", at=at)
        assert end_idle(at=at + timedelta(hours=2)) == 0
        assert end_idle(at=at + timedelta(hours=2, seconds=1)) == 1
        assert end_idle(at=at + timedelta(hours=3)) == 0
        assert Conversation.objects.get().ended_at == at + timedelta(hours=2)
        assert kinds(thread)[-1] == "conversation_ended"

    def test_the_idle_time_is_the_channels_own(self, at):
        channel = ChannelFactory(kind=ChannelKind.WEB_CHAT, settings={"conversation_idle_minutes": 10})
        chat.start_chat(channel=channel, about="Help", at=at)
        assert end_idle(at=at + timedelta(minutes=11)) == 1


class TestContact:
    def test_a_number_makes_it_that_customers_thread(self, channel, at):
        customer = CustomerFactory(phone="13812345678")
        thread, _ = chat.start_chat(channel=channel, about="Help", at=at)
        found = chat.leave_contact(thread=thread, phone="138 1234 5678", actor=chat.visitor(thread), at=at)
        thread.refresh_from_db()
        assert (found.pk, thread.customer_id) == (customer.pk, customer.pk)
        event = Event.objects.get(kind="channels.contact_left")
        assert event.data == {"customer_id": customer.pk, "previous_id": None}
        chat.leave_contact(thread=thread, phone="13812345678", actor=chat.visitor(thread), at=at)
        assert Event.objects.filter(kind="channels.contact_left").count() == 1

    def test_a_nameless_customer_gives_way_and_is_named(self, channel, at):
        nameless = CustomerFactory(phone="")
        thread, _ = chat.start_chat(channel=channel, about="Help", customer=nameless, at=at)
        found = chat.leave_contact(thread=thread, phone="13812345678", actor=chat.visitor(thread), at=at)
        assert Event.objects.get(kind="channels.contact_left").data == {
            "customer_id": found.pk,
            "previous_id": nameless.pk,
        }

    def test_a_second_number_does_not_take_the_thread_away(self, channel, at):
        thread, _ = chat.start_chat(channel=channel, about="Help", at=at)
        first = chat.leave_contact(thread=thread, phone="13812345678", actor=chat.visitor(thread), at=at)
        with pytest.raises(Conflict):
            chat.leave_contact(thread=thread, phone="13912345678", actor=chat.visitor(thread), at=at)
        thread.refresh_from_db()
        assert thread.customer_id == first.pk

    def test_a_wrong_number_is_refused_beside_its_field(self, channel, at):
        thread, _ = chat.start_chat(channel=channel, about="Help", at=at)
        with pytest.raises(InvalidInput) as error:
            chat.leave_contact(thread=thread, phone="123", actor=chat.visitor(thread), at=at)
        assert list(error.value.fields) == ["phone"]


class TestGuards:
    def test_who_may_watch_a_thread(self, channel, at):
        thread, _ = chat.start_chat(channel=channel, about="Help", customer=CustomerFactory(), at=at)
        other = ThreadFactory()
        assert may_watch_thread(Actor("visitor", thread.pk), thread.pk) is True
        assert may_watch_thread(Actor("visitor", thread.pk), other.pk) is False
        assert may_watch_thread(Actor("customer", thread.customer_id), thread.pk) is True
        assert may_watch_thread(Actor("customer", other.customer_id), thread.pk) is False
        assert may_watch_thread(Actor("staff", 1, sees_all=True), thread.pk) is True
        assert may_watch_thread(NOBODY, thread.pk) is False

    def test_an_agent_and_a_link_holder_are_asked_about_above(self, monkeypatch):
        thread = ThreadFactory()
        agent, holder = Actor("staff", 5, scopes=frozenset({1})), Actor("link", 9)
        monkeypatch.setattr(may_see_thread, "_provider", None)
        assert (may_watch_thread(agent, thread.pk), may_watch_thread(holder, thread.pk)) == (False, False)
        monkeypatch.setattr(may_see_thread, "_provider", lambda viewer, pk: pk == thread.pk)
        assert (may_watch_thread(agent, thread.pk), may_watch_thread(holder, thread.pk)) == (True, True)
        assert may_watch_thread(Actor("visitor", 0), thread.pk) is False

    def test_files_follow_their_message(self, channel, at):
        thread, _ = chat.start_chat(
            channel=channel, about="", files=[SimpleUploadedFile("a.txt", b"abc")], at=at
        )
        message = Message.objects.get()
        assert may_have_file(Actor("visitor", thread.pk), message.pk) is True
        assert may_have_file(Actor("visitor", thread.pk + 1), message.pk) is False
        assert may_have_file(NOBODY, message.pk) is False
        assert may_have_file(Actor("visitor", thread.pk), message.pk + 1) is False

    def test_every_event_of_a_thread_reaches_its_page(self, at):
        thread = ThreadFactory()
        receive(thread=thread, body="Hi", actor=SYSTEM, at=at)
        send(thread=thread, body="Hello", author=Author.SYSTEM, actor=SYSTEM, at=at)
        for event in Event.objects.filter(subject_kind="thread"):
            assert ("thread", thread.pk) in live.topics_of(event)
        assert Message.objects.get(seq=2).state == SendState.SENT
