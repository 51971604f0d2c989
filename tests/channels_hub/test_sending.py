"""Mail goes out once the server takes it, and nothing is lost while it does not."""

from datetime import datetime, timedelta

import pytest
from django.core.mail.message import EmailMessage

from channels_hub.adapters.base import Outgoing, PermanentFailure
from channels_hub.adapters.email import MailSession
from channels_hub.adapters.email.compose import compose, message_id
from channels_hub.enums import Author, SendState
from channels_hub.models import Message, Outbox, Outlet
from channels_hub.rules import BACKOFF_SECONDS, MAX_ATTEMPTS
from channels_hub.services import sending
from channels_hub.services.messages import mark_read, receive, send
from channels_hub.services.sending import LEASE, has_due, queue_mail, retry, send_due
from core.actors import SYSTEM, Actor
from core.errors import InvalidInput
from core.models import Event
from tests.factories.channels_hub import ChannelFactory, OutboxFactory, ThreadFactory
from tests.stand_ins.smtp_server import SmtpServer

pytestmark = pytest.mark.django_db

#: as the transaction of a test cannot be left, claims and outcomes nest in it; that nothing here holds a transaction
#: while it talks to the network is shown in test_sending_apart.py


def say(at: datetime, *, body: str = "We look into it.", address: str = "zhou@example.com") -> Message:
    thread = ThreadFactory(reply_email=address)
    return send(thread=thread, body=body, author=Author.SYSTEM, actor=SYSTEM, at=at)


def states(message: Message) -> list[str]:
    """What became of a message, as its events tell."""
    rows = Event.objects.filter(kind="channels.message_state_changed", data__message_id=message.pk)
    return [row.data["state"] for row in rows.order_by("pk")]


def row_of(message: Message) -> Outbox:
    return Outbox.objects.get(message=message)


class TestGoesOut:
    def test_a_mail_reaches_the_server_and_the_message_is_sent(self, smtp: SmtpServer, at):
        message = say(at, body="第一行\n<b>不是标签</b> https://heqi.example/t/1?a=b&c=d")
        assert send_due(at=at) == 1
        message.refresh_from_db()
        assert (message.state, states(message)) == (SendState.SENT, ["sent"])
        row = row_of(message)
        assert (row.state, row.attempts, row.sent_at, row.lease_until) == (SendState.SENT, 1, at, None)
        [mail] = smtp.mails
        assert (mail.sender, mail.recipients) == ("service@heqi.example", ["zhou@example.com"])
        parsed = mail.parsed
        assert parsed["To"] == "zhou@example.com"
        assert parsed["From"] == "安心客服 <service@heqi.example>"
        assert parsed["Message-ID"] == message_id(row.pk)
        assert parsed["Auto-Submitted"] == "auto-generated"
        plain, html = parsed.get_body(("plain",)), parsed.get_body(("html",))
        assert plain is not None
        assert html is not None
        assert plain.get_content().startswith("第一行\r\n<b>不是标签</b> https://heqi.example/t/1?a=b&c=d")
        assert "第一行<br>&lt;b&gt;不是标签&lt;/b&gt; <a href=" in html.get_content()
        assert "<b>" not in html.get_content()

    def test_nothing_is_sent_twice(self, smtp: SmtpServer, at):
        say(at)
        assert (send_due(at=at), send_due(at=at), len(smtp.mails)) == (1, 0, 1)

    def test_several_go_over_one_connection(self, smtp: SmtpServer, at):
        for _ in range(3):
            say(at)
        assert (send_due(at=at), smtp.connections, len(smtp.mails)) == (3, 1, 3)

    def test_later_mails_refer_to_earlier_ones(self, smtp: SmtpServer, at):
        thread = ThreadFactory(reply_email="zhou@example.com")
        receive(thread=thread, body="Hi", external_id="<their@mail.example>", actor=SYSTEM, at=at)
        first = send(thread=thread, body="one", author=Author.SYSTEM, actor=SYSTEM, at=at)
        second = send(thread=thread, body="two", author=Author.SYSTEM, actor=SYSTEM, at=at)
        send_due(at=at)
        assert smtp.mails[0].parsed["In-Reply-To"] == "<their@mail.example>"
        parsed = smtp.mails[1].parsed
        assert parsed["References"] == f"{message_id(row_of(first).pk)} <their@mail.example>"
        assert parsed["Message-ID"] == message_id(row_of(second).pk)

    def test_a_private_link_reaches_the_customer_and_does_not_stay_with_us(self, smtp: SmtpServer, at):
        link = "https://heqi.example/t/AbC-dEf_0123456789abcdef/?from=mail"
        row = queue_mail(
            channel=ChannelFactory(),
            recipient="zhou@example.com",
            subject="s",
            body=f"See {link}",
            dedupe="d",
            at=at,
        )
        send_due(at=at)
        assert link in smtp.mails[0].raw.decode()
        row.refresh_from_db()
        assert row.body == "See https://heqi.example/t/…/?from=mail"

    def test_a_message_that_was_read_meanwhile_stays_read(self, smtp: SmtpServer, at):
        message = say(at)
        mark_read(thread=message.thread, read_seq=1, actor=Actor("visitor", message.thread_id), at=at)
        send_due(at=at)
        message.refresh_from_db()
        assert (message.state, states(message)) == (SendState.READ, ["read"])
        assert len(smtp.mails) == 1


class TestServerAway:
    def test_an_hour_away_delays_and_loses_nothing(self, smtp: SmtpServer, at):
        messages = [say(at + timedelta(minutes=n)) for n in range(3)]
        smtp.stop()
        moment, knocks = at, 0
        while moment < at + timedelta(hours=1):
            if has_due(at=moment):
                knocks += 1
            assert send_due(at=moment) == 0
            moment += timedelta(seconds=10)
        # 10 s, 30 s, 1 min, 2 min, then every 5 min
        assert knocks == 16
        outlet = Outlet.objects.get()
        assert (outlet.away_since, outlet.failures) == (at, knocks)
        assert {m.state for m in Message.objects.all()} == {SendState.QUEUED}
        assert {(row.state, row.attempts) for row in Outbox.objects.all()} == {(SendState.QUEUED, 0)}

        smtp.start()
        assert outlet.retry_at is not None
        assert send_due(at=outlet.retry_at) == 3
        assert [m.state for m in Message.objects.order_by("pk")] == [SendState.SENT] * 3
        assert [mail.parsed["Message-ID"] for mail in smtp.mails] == [
            message_id(row_of(message).pk) for message in messages
        ]
        outlet.refresh_from_db()
        assert (outlet.away_since, outlet.retry_at, outlet.failures) == (None, None, 0)

    def test_a_server_that_sends_us_away_is_away(self, smtp: SmtpServer, at):
        message = say(at)
        smtp.faults.greeting = 421
        assert send_due(at=at) == 0
        assert row_of(message).attempts == 0
        assert has_due(at=at) is False
        assert has_due(at=at + timedelta(seconds=10)) is True

    def test_our_own_address_refused_is_no_fault_of_the_mail(self, smtp: SmtpServer, at):
        first, second = say(at), say(at)
        smtp.faults.sender = 550
        assert send_due(at=at) == 1
        assert {row_of(m).state for m in (first, second)} == {SendState.QUEUED}
        assert row_of(second).attempts == 0
        smtp.faults.sender = 0
        assert send_due(at=at + timedelta(minutes=1)) == 2
        assert {row_of(m).state for m in (first, second)} == {SendState.SENT}

    @pytest.mark.parametrize("when", ["before the text", "after the text"])
    def test_a_connection_that_breaks_is_tried_again_under_the_same_id(self, smtp: SmtpServer, at, when):
        message = say(at)
        if when == "before the text":
            smtp.drop_at_data()
        else:
            smtp.drop_after_data()
        assert send_due(at=at) == 1
        message.refresh_from_db()
        assert message.state == SendState.QUEUED
        assert row_of(message).attempts == 1
        assert send_due(at=at + timedelta(seconds=10)) == 1
        message.refresh_from_db()
        assert message.state == SendState.SENT
        ids = {mail.parsed["Message-ID"] for mail in smtp.mails}
        assert ids == {message_id(row_of(message).pk)}
        # at least once: the server took the first copy before it hung up
        assert len(smtp.mails) == (1 if when == "before the text" else 2)


class TestRefused:
    def test_a_mailbox_that_does_not_exist_fails_at_once(self, smtp: SmtpServer, at):
        message, other = say(at, address="gone@example.com"), say(at)
        smtp.refuse_recipient("gone@example.com", 550)
        assert send_due(at=at) == 2
        message.refresh_from_db()
        other.refresh_from_db()
        assert (message.state, states(message)) == (SendState.FAILED, ["failed"])
        assert row_of(message).last_error == "550 recipient …"
        assert other.state == SendState.SENT

    def test_not_now_is_tried_again_with_growing_pauses(self, smtp: SmtpServer, at):
        message = say(at)
        smtp.refuse_recipient("zhou@example.com", 451)
        moment, pauses = at, []
        while row_of(message).state == SendState.QUEUED:
            assert send_due(at=moment) == 1
            row = row_of(message)
            if row.state == SendState.QUEUED:
                pauses.append(int((row.next_at - moment).total_seconds()))
                assert send_due(at=row.next_at - timedelta(seconds=1)) == 0
                moment = row.next_at
        assert tuple(pauses[:5]) == BACKOFF_SECONDS
        assert set(pauses[5:]) == {3600}
        assert len(pauses) == MAX_ATTEMPTS - 1
        assert timedelta(hours=23) < timedelta(seconds=sum(pauses)) < timedelta(hours=25)
        message.refresh_from_db()
        assert (message.state, states(message)) == (SendState.FAILED, ["failed"])

    def test_a_second_chance_by_a_person(self, smtp: SmtpServer, at):
        message = say(at, address="gone@example.com")
        smtp.refuse_recipient("gone@example.com", 550)
        send_due(at=at)
        person = Actor("staff", 7, "林晓")
        later = at + timedelta(days=1)
        assert retry([row_of(message).pk], actor=person, at=later) == 1
        assert retry([row_of(message).pk], actor=person, at=later) == 0
        message.refresh_from_db()
        assert message.state == SendState.QUEUED
        smtp.faults.recipients.clear()
        assert send_due(at=later) == 1
        assert states(message) == ["failed", "queued", "sent"]
        event = Event.objects.filter(data__state="queued").get()
        assert (event.actor_kind, event.actor_id) == ("staff", 7)

    def test_what_was_sent_is_not_sent_again_by_a_retry(self, smtp: SmtpServer, at):
        message = say(at)
        send_due(at=at)
        assert retry([row_of(message).pk], actor=SYSTEM, at=at) == 0
        assert send_due(at=at) == 0


class TestWorkerKilled:
    def test_its_mail_comes_due_again_when_the_lease_is_over(self, smtp: SmtpServer, at, monkeypatch):
        message = say(at)

        def killed(self: MailSession, outgoing: Outgoing) -> None:
            raise SystemExit

        with monkeypatch.context() as patch:
            patch.setattr(MailSession, "carry", killed)
            with pytest.raises(SystemExit):
                send_due(at=at)
        assert row_of(message).attempts == 1
        assert send_due(at=at + LEASE - timedelta(seconds=1)) == 0
        assert send_due(at=at + LEASE) == 1
        message.refresh_from_db()
        assert message.state == SendState.SENT

    def test_a_mail_that_kills_every_worker_is_given_up(self, smtp: SmtpServer, at):
        message = say(at)
        Outbox.objects.update(attempts=MAX_ATTEMPTS)
        assert send_due(at=at) == 0
        message.refresh_from_db()
        assert (message.state, len(smtp.mails)) == (SendState.FAILED, 0)

    def test_a_worker_that_lost_its_lease_cannot_call_it_a_failure(self, at):
        stale = OutboxFactory(attempts=1, next_at=at)
        Outbox.objects.update(attempts=2)
        sending._note_failure(stale, "too late", for_good=True, at=at)
        assert Outbox.objects.get().state == SendState.QUEUED


class TestHeaders:
    @pytest.mark.parametrize(
        "recipient",
        [
            "a@example.com\nBcc: b@example.com",
            "a@example.com, b@example.com",
            "<a@example.com>",
            "",
            "周@例子",
        ],
    )
    def test_a_recipient_is_one_plain_address(self, at, recipient):
        with pytest.raises(InvalidInput) as error:
            queue_mail(
                channel=ChannelFactory(), recipient=recipient, subject="s", body="b", dedupe="d", at=at
            )
        assert list(error.value.fields) == ["recipient"]
        assert Outbox.objects.count() == 0

    def test_a_subject_is_one_line(self, at):
        row = queue_mail(
            channel=ChannelFactory(),
            recipient="a@example.com",
            subject="Hello\r\nBcc: b@example.com\n\n<script>",
            body="b",
            dedupe="d",
            at=at,
        )
        assert row.subject == "Hello Bcc: b@example.com <script>"
        raw = compose(Outgoing(row.pk, row.recipient, row.subject, row.body)).message()
        assert raw["Bcc"] is None

    def test_what_slips_past_is_refused_by_the_last_door(self):
        class Backend:
            def send_messages(self, mails: list[EmailMessage]) -> int:
                return len([mail.message() for mail in mails])

        session = MailSession(Backend())  # type: ignore[arg-type]  # only this one method is asked
        with pytest.raises(PermanentFailure):
            session.carry(Outgoing(1, "a@example.com", "Hi\nBcc: b@example.com", "b"))

    def test_the_same_key_is_one_mail(self, at):
        channel = ChannelFactory()
        rows = {
            queue_mail(
                channel=channel, recipient="a@example.com", subject="s", body=body, dedupe="d", at=at
            ).pk
            for body in ("one", "two")
        }
        assert len(rows) == 1
        assert Outbox.objects.get().body == "one"

    def test_ids_cannot_be_guessed_from_numbers(self):
        assert message_id(1) == message_id(1)
        assert message_id(1).split("-")[2] != message_id(2).split("-")[2]
