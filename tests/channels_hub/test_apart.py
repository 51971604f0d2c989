"""What needs real commits: several threads at once, and no transaction around the network."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django_q.models import OrmQ

from channels_hub import jobs
from channels_hub.adapters.base import Outgoing
from channels_hub.adapters.email import MailSession
from channels_hub.enums import Author, ChannelKind, SendState
from channels_hub.models import Conversation, Message, Outbox, Thread
from channels_hub.services import chat
from channels_hub.services.conversations import end_conversation
from channels_hub.services.messages import receive, send
from channels_hub.services.sending import send_due
from channels_hub.services.threads import open_thread
from core import clock
from core.actors import SYSTEM
from core.beat import Beat
from core.models import Event
from tests.factories.channels_hub import ChannelFactory, OutboxFactory, ThreadFactory
from tests.stand_ins.smtp_server import SmtpServer

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*calls: Callable[[], object]) -> list[object]:
    """Run the calls in threads that start together, each with a connection of its own; results or errors in order."""
    start = threading.Barrier(len(calls))
    results: list[object] = [None] * len(calls)

    def run(place: int, call: Callable[[], object]) -> None:
        try:
            start.wait(10)
            results[place] = call()
        except Exception as error:  # noqa: BLE001  handed to the test
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(n, call)) for n, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


class TestTogether:
    def test_messages_at_once_get_a_number_each(self, at):
        thread = ThreadFactory()
        calls = [
            lambda n=n: receive(thread=Thread.objects.get(pk=thread.pk), body=f"{n}", actor=SYSTEM, at=at)
            for n in range(4)
        ]
        calls += [
            lambda n=n: send(
                thread=Thread.objects.get(pk=thread.pk),
                body=f"{n}",
                author=Author.SYSTEM,
                actor=SYSTEM,
                at=at,
            )
            for n in range(4)
        ]
        results = at_once(*calls)
        assert all(isinstance(result, Message) for result in results), results
        assert sorted(Message.objects.values_list("seq", flat=True)) == list(range(1, 9))
        assert Conversation.objects.count() == 1
        thread.refresh_from_db()
        assert thread.last_seq == 8

    def test_the_same_message_at_once_is_one(self, at):
        thread = ThreadFactory()
        results = at_once(
            *[
                lambda: (
                    receive(
                        thread=Thread.objects.get(pk=thread.pk), body="x", client_id="c", actor=SYSTEM, at=at
                    ).pk
                )
                for _ in range(4)
            ]
        )
        assert results == [Message.objects.get().pk] * 4
        assert Event.objects.filter(kind="channels.message_received").count() == 1

    def test_the_same_identity_at_once_is_one_thread(self, at):
        channel = ChannelFactory()
        results = at_once(
            *[lambda: open_thread(channel=channel, external_id="same", at=at).pk for _ in range(4)]
        )
        assert results == [Thread.objects.get().pk] * 4

    def test_the_same_form_at_once_is_one_chat(self, at):
        channel = ChannelFactory(kind=ChannelKind.WEB_CHAT)
        results = at_once(
            *[
                lambda: chat.start_chat(channel=channel, about="Help", key="k" * 32, at=at)[1]
                for _ in range(3)
            ]
        )
        assert len(set(map(str, results))) == 1
        assert (Thread.objects.count(), Message.objects.count()) == (1, 1)
        assert Event.objects.filter(kind="channels.handover_requested").count() == 1

    def test_ended_at_once_is_ended_once(self, at):
        thread = ThreadFactory()
        receive(thread=thread, body="x", actor=SYSTEM, at=at)
        results = at_once(*[lambda: end_conversation(thread=thread, actor=SYSTEM, at=at) for _ in range(3)])
        assert len([result for result in results if isinstance(result, Conversation)]) == 1
        assert Event.objects.filter(kind="channels.conversation_ended").count() == 1

    def test_two_workers_share_the_mail(self, smtp: SmtpServer, at):
        channel = ChannelFactory()
        OutboxFactory.create_batch(6, channel=channel, next_at=at, created_at=at)
        results = at_once(*[lambda: send_due(at=at) for _ in range(3)])
        assert sum(result for result in results if isinstance(result, int)) == 6, results
        ids = [mail.parsed["Message-ID"] for mail in smtp.mails]
        assert (len(ids), len(set(ids))) == (6, 6)
        assert set(Outbox.objects.values_list("state", "attempts")) == {(SendState.SENT, 1)}


class TestApart:
    def test_no_transaction_is_open_while_the_network_is_used(self, smtp: SmtpServer, at, monkeypatch):
        row = OutboxFactory(next_at=at)
        carry = MailSession.carry
        seen = []

        def watched(self: MailSession, outgoing: Outgoing) -> None:
            seen.append((connection.in_atomic_block, Outbox.objects.get(pk=row.pk).attempts))
            carry(self, outgoing)

        monkeypatch.setattr(MailSession, "carry", watched)
        assert send_due(at=at) == 1
        # and the try was counted before it began
        assert seen == [(False, 1)]

    def test_mail_of_work_that_was_undone_is_never_sent(self, smtp: SmtpServer, at):
        thread = ThreadFactory(reply_email="zhou@example.com")
        with pytest.raises(RuntimeError), transaction.atomic():
            send(thread=thread, body="x", author=Author.SYSTEM, actor=SYSTEM, at=at)
            raise RuntimeError
        assert (send_due(at=at), len(smtp.mails), Message.objects.count()) == (0, 0, 0)

    def test_the_beat_wakes_the_worker_for_mail(self, smtp: SmtpServer, at):
        beat = Beat("test")
        beat.beat(at=at)
        before = OrmQ.objects.count()
        OutboxFactory(next_at=at, created_at=at)
        beat.beat(at=at + timedelta(seconds=1))
        woken = [task.func() for task in OrmQ.objects.order_by("pk")][before:]
        assert "channels_hub.jobs.send_due" in woken
        with clock.at_time(at + timedelta(seconds=1)):
            assert jobs.send_due() == 1
        assert len(smtp.mails) == 1
        assert jobs.send_due() == 0
