"""Messages in and out, on their own."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation

from accounts.models import User
from channels_hub.enums import Author, ChannelKind, Direction, SendState
from channels_hub.models import Conversation, Message, Outbox
from channels_hub.services.messages import mark_read, receive, send
from channels_hub.services.threads import open_thread
from core.actors import SYSTEM, Actor
from core.errors import Conflict, InvalidInput, NotVisible
from core.models import Event, File
from tests.factories.accounts import UserFactory, make_agent
from tests.factories.channels_hub import ChannelFactory, ThreadFactory
from tests.factories.customers import CustomerFactory

pytestmark = pytest.mark.django_db


def kinds() -> list[str]:
    return list(Event.objects.order_by("pk").values_list("kind", flat=True))


def staff(user: User) -> Actor:
    return Actor("staff", user.pk, str(user))


class TestReceive:
    def test_first_message_opens_a_conversation_and_is_number_one(self, at):
        thread = ThreadFactory()
        message = receive(thread=thread, body=" 门锁连不上网 \r\n", actor=SYSTEM, at=at)
        assert (message.seq, message.body, message.direction, message.state) == (
            1,
            "门锁连不上网",
            Direction.IN,
            SendState.RECEIVED,
        )
        assert kinds() == ["channels.conversation_started", "channels.message_received"]
        thread.refresh_from_db()
        assert (thread.last_seq, thread.last_message_at) == (1, at)

    def test_the_same_client_id_returns_the_first_message(self, at):
        thread = ThreadFactory()
        first = receive(thread=thread, body="one", client_id="c1", actor=SYSTEM, at=at)
        again = receive(thread=thread, body="one", client_id="c1", actor=SYSTEM, at=at)
        assert again.pk == first.pk
        assert Message.objects.count() == 1
        assert kinds().count("channels.message_received") == 1

    def test_a_key_of_the_customer_cannot_answer_for_us(self, at):
        thread = ThreadFactory()
        receive(thread=thread, body="one", client_id="c1", actor=SYSTEM, at=at)
        with pytest.raises(Conflict) as error:
            send(thread=thread, body="two", author=Author.SYSTEM, client_id="c1", actor=SYSTEM, at=at)
        assert error.value.code == "key_reused"

    def test_a_visitor_of_another_thread_is_refused(self, at):
        thread = ThreadFactory()
        with pytest.raises(NotVisible):
            receive(thread=thread, body="x", actor=Actor("visitor", thread.pk + 1), at=at)
        assert Message.objects.count() == 0

    @pytest.mark.parametrize("body", ["", "  \n\t ", "\x00\x07"])
    def test_nothing_said_is_refused_beside_the_field(self, at, body):
        with pytest.raises(InvalidInput) as error:
            receive(thread=ThreadFactory(), body=body, actor=SYSTEM, at=at)
        assert list(error.value.fields) == ["body"]

    def test_a_chat_message_ends_at_4000_characters(self, at):
        thread = ThreadFactory(channel=ChannelFactory(kind=ChannelKind.WEB_CHAT))
        receive(thread=thread, body="字" * 4000, actor=SYSTEM, at=at)
        with pytest.raises(InvalidInput) as error:
            receive(thread=thread, body="字" * 4001, actor=SYSTEM, at=at)
        assert list(error.value.fields) == ["body"]
        assert Message.objects.count() == 1

    def test_a_file_is_kept_with_its_message(self, at):
        thread = ThreadFactory()
        upload = SimpleUploadedFile("light.txt", b"red, blinking")
        message = receive(thread=thread, body="", files=[upload], actor=SYSTEM, at=at)
        assert message.files == 1
        file = File.objects.get(owner_kind="message", owner_id=message.pk)
        assert (file.name, file.content_type, file.size) == ("light.txt", "text/plain", 13)

    def test_a_file_that_is_not_what_its_name_says_stores_nothing(self, at):
        thread = ThreadFactory()
        good = SimpleUploadedFile("light.txt", b"red, blinking")
        bad = SimpleUploadedFile("photo.png", b"#!/bin/sh\nrm -rf /\n")
        with translation.override("en"), pytest.raises(InvalidInput) as error:
            receive(thread=thread, body="look", files=[good, bad], actor=SYSTEM, at=at)
        assert error.value.code == "wrong_type"
        assert [str(m) for m in error.value.fields["files"]] == ["“photo.png” is not what its name says."]
        assert (Message.objects.count(), File.objects.count(), Conversation.objects.count()) == (0, 0, 0)


class TestSend:
    def test_on_a_page_it_is_sent_at_once(self, at):
        user = UserFactory()
        message = send(thread=ThreadFactory(), body="Hello", staff=user, actor=staff(user), at=at)
        assert (message.state, message.author, message.staff_id) == (SendState.SENT, Author.AGENT, user.pk)
        assert Outbox.objects.count() == 0
        assert kinds() == ["channels.conversation_started", "channels.message_sent"]

    def test_with_an_address_it_waits_for_its_mail(self, at):
        user = UserFactory()
        thread = ThreadFactory(reply_email="wang@example.com")
        message = send(thread=thread, body="Hello", staff=user, actor=staff(user), at=at)
        assert message.state == SendState.QUEUED
        row = Outbox.objects.get()
        assert (row.recipient, row.message_id, row.next_at, row.state) == (
            "wang@example.com",
            message.pk,
            at,
            SendState.QUEUED,
        )
        assert row.body == "Hello"

    def test_twice_is_one_message_and_one_mail(self, at):
        user = UserFactory()
        thread = ThreadFactory(reply_email="wang@example.com")
        first = send(thread=thread, body="Hello", staff=user, client_id="k", actor=staff(user), at=at)
        again = send(thread=thread, body="Hello", staff=user, client_id="k", actor=staff(user), at=at)
        assert (again.pk, Message.objects.count(), Outbox.objects.count()) == (first.pk, 1, 1)

    def test_an_agent_without_a_name_is_refused(self, at):
        with pytest.raises(InvalidInput):
            send(thread=ThreadFactory(), body="Hello", actor=SYSTEM, at=at)


class TestRead:
    def test_read_goes_forward_only(self, at):
        thread = ThreadFactory()
        first = send(thread=thread, body="1", author=Author.SYSTEM, actor=SYSTEM, at=at)
        second = send(thread=thread, body="2", author=Author.SYSTEM, actor=SYSTEM, at=at)
        visitor = Actor("visitor", thread.pk)
        assert mark_read(thread=thread, read_seq=1, delivered_seq=2, actor=visitor, at=at) == 2
        first.refresh_from_db()
        second.refresh_from_db()
        assert (first.state, second.state) == (SendState.READ, SendState.DELIVERED)
        assert mark_read(thread=thread, read_seq=1, delivered_seq=2, actor=visitor, at=at) == 0
        assert mark_read(thread=thread, read_seq=99, actor=visitor, at=at) == 1
        thread.refresh_from_db()
        assert thread.read_by_customer_seq == 2
        assert mark_read(thread=thread, read_seq=0, actor=visitor, at=at) == 0
        thread.refresh_from_db()
        assert thread.read_by_customer_seq == 2


class TestThreads:
    def test_the_same_identity_is_the_same_thread(self, at):
        channel, customer = ChannelFactory(), CustomerFactory()
        first = open_thread(channel=channel, external_id="a", at=at)
        again = open_thread(
            channel=channel, external_id="a", customer=customer, reply_email="a@example.com", at=at
        )
        assert again.pk == first.pk
        assert (again.customer_id, again.reply_email) == (customer.pk, "a@example.com")

    def test_no_identity_is_a_new_thread_each_time(self, at):
        channel = ChannelFactory()
        assert open_thread(channel=channel, at=at).pk != open_thread(channel=channel, at=at).pk

    def test_another_customers_thread_is_not_taken_over(self, at):
        channel = ChannelFactory()
        open_thread(channel=channel, external_id="a", customer=CustomerFactory(), at=at)
        with pytest.raises(Conflict) as error:
            open_thread(channel=channel, external_id="a", customer=CustomerFactory(), at=at)
        assert error.value.code == "other_customer"

    def test_a_wrong_address_is_refused_beside_its_field(self, at):
        with pytest.raises(InvalidInput) as error:
            open_thread(channel=ChannelFactory(), reply_email="a@b\nBcc: c@d.example", at=at)
        assert list(error.value.fields) == ["reply_email"]


class TestSignature:
    def send(
        self, at, *, author=Author.AGENT, language="en", kind=ChannelKind.WEB_FORM, email="w@example.com"
    ):
        user = make_agent("林晓", signature_zh="禾栖智家 林晓", signature_en="Lin Xiao, Heqi Home")
        thread = ThreadFactory(channel__kind=kind, reply_email=email, language=language)
        return send(thread=thread, body="Hello", author=author, staff=user, actor=staff(user), at=at)

    def test_a_letter_is_signed_in_the_customers_language_and_the_message_is_not(self, at):
        message = self.send(at)
        assert Outbox.objects.get().body == "Hello\n\n-- \nLin Xiao, Heqi Home"
        assert message.body == "Hello"
        Outbox.objects.all().delete()
        self.send(at, language="zh-hans")
        assert Outbox.objects.get().body == "Hello\n\n-- \n禾栖智家 林晓"

    def test_the_house_does_not_sign_and_a_chat_is_not_signed(self, at):
        self.send(at, author=Author.SYSTEM)
        assert Outbox.objects.get().body == "Hello"
        message = self.send(at, kind=ChannelKind.WEB_CHAT, email="")
        assert (message.body, Outbox.objects.count()) == ("Hello", 1)

    def test_without_a_signature_nothing_is_added(self, at):
        user = make_agent("何婷")
        send(
            thread=ThreadFactory(reply_email="w@example.com"), body="Hi", staff=user, actor=staff(user), at=at
        )
        assert Outbox.objects.get().body == "Hi"
