"""From a fact to what comes of it, through the real deliveries; and what open pages and the floors below are told."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.enums import DutyState, Role
from accounts.models import Agent
from channels_hub import ports as channel_ports
from channels_hub.enums import Author, ChannelKind
from channels_hub.models import Conversation
from channels_hub.services import chat, messages
from core import live, ports_declared
from core.actors import NOBODY, SYSTEM, Actor
from core.errors import NotVisible
from core.events import announce
from core.models import Delivery, Event, File, Timer
from core.services.files import file_for
from core.services.timers import fire_due
from customers.services.levels import set_level
from tests.factories.channels_hub import ChannelFactory
from tests.factories.customers import CustomerFactory
from tests.factories.times import NOW
from tests.factories.work import (
    actor_of,
    customer_of,
    deliver,
    entries_of,
    kinds_of,
    link_of,
    make_colleague,
    make_open_ticket,
    make_resolved_ticket,
    make_ticket,
)
from tickets import handlers, jobs
from tickets.enums import Status
from tickets.events import TicketQueued
from tickets.models import Assignment, Ticket, TicketSearchEntry
from tickets.services import classify, desk, links, routing, talk

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)


def test_a_new_ticket_is_judged_timed_queued_given_and_indexed(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_ticket(classified=False)
    deliver(LATER)
    ticket.refresh_from_db()
    assert (ticket.grade, ticket.queue.code, ticket.assignee) == ("consult", "queue-l1", agent)
    assert ticket.due_at is not None
    assert TicketSearchEntry.objects.filter(ticket=ticket).count() == 1
    assert [k for k in kinds_of(ticket) if k != "tickets.clock_changed"] == [
        "tickets.opened",
        "tickets.classified",
        "tickets.queued",
        "tickets.assigned",
    ]


def test_every_handler_may_run_again(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_ticket(classified=False)
    talk.customer_reply(ticket=ticket, body="快点", actor=customer_of(ticket.customer), at=NOW)
    deliver(LATER)
    talk.reply(ticket=ticket, body="来了", actor=actor_of(agent), at=LATER)
    deliver(LATER)
    told, entries = Event.objects.count(), entries_of(ticket)
    Delivery.objects.filter(subscriber__startswith="tickets.").update(state="queued", attempts=0)
    deliver(LATER)
    assert (Event.objects.count(), entries_of(ticket)) == (told, entries)
    assert Assignment.objects.count() == 1


def test_what_opens_again_while_nobody_has_it_is_given_to_somebody(desk_defaults: dict[str, Any]) -> None:
    from tests.factories.accounts import UserFactory

    boss = UserFactory(is_superuser=True, is_staff=True)
    ticket = make_ticket()
    talk.reply(ticket=ticket, body="请发照片", then="waiting_customer", actor=actor_of(boss), at=NOW)
    deliver(NOW)
    agent = make_colleague()
    talk.customer_reply(ticket=ticket, body="照片", actor=customer_of(ticket.customer), at=LATER)
    deliver(LATER)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.assignee) == (Status.OPEN, agent)


def test_a_customers_new_level_brings_new_promises_to_what_is_open(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    customer = CustomerFactory()
    waiting, answered = make_ticket(customer=customer), make_open_ticket(agent, customer=customer)
    done = make_resolved_ticket(agent, desk_defaults, customer=customer)
    unsorted = make_ticket(customer=customer, classified=False)
    set_level(customer=customer, level="diamond", actor=SYSTEM, at=LATER)
    deliver(LATER)
    levels = [Ticket.objects.get(pk=t.pk).level for t in (waiting, answered, done, unsorted)]
    assert levels == ["diamond", "diamond", "normal", "diamond"]
    waiting.refresh_from_db()
    unsorted.refresh_from_db()
    assert waiting.sla_target.level == unsorted.sla_target.level == "diamond"
    target = waiting.sla_target.first_response_minutes
    assert waiting.clocks.get(kind="first_response").target_seconds == target * 60
    assert classify.follow_level(customer_id=customer.pk, actor=SYSTEM, at=LATER) == 0


def test_a_bots_words_stand_on_the_timeline_and_satisfy_no_promise(desk_defaults: dict[str, Any]) -> None:
    ticket = make_ticket()
    messages.send(thread=ticket.thread, body="我是机器人", author=Author.BOT, actor=Actor("bot"), at=LATER)
    deliver(LATER)
    assert [e.message.body for e in entries_of(ticket) if e.message][-1] == "我是机器人"
    ticket.refresh_from_db()
    assert (ticket.status, ticket.first_responded_at, ticket.awaiting_reply) == (Status.NEW, None, True)


def test_what_a_bot_says_after_the_end_belongs_to_no_ticket(desk_defaults: dict[str, Any]) -> None:
    ticket = make_resolved_ticket(make_colleague(), desk_defaults)
    before = len(entries_of(ticket))
    messages.send(thread=ticket.thread, body="满意吗", author=Author.SYSTEM, actor=SYSTEM, at=LATER)
    deliver(LATER)
    assert len(entries_of(ticket)) == before


def test_a_bot_that_has_the_conversation_keeps_it_while_no_ticket_is_open(
    desk_defaults: dict[str, Any],
) -> None:
    ticket = make_resolved_ticket(make_colleague(), desk_defaults)
    Conversation.objects.filter(thread=ticket.thread).update(handler="bot")
    messages.receive(thread=ticket.thread, body="又不行了", actor=customer_of(ticket.customer), at=LATER)
    deliver(LATER)
    ticket.refresh_from_db()
    assert ticket.status == Status.RESOLVED


def test_a_word_in_the_chat_of_a_resolved_ticket_reopens_it(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    channel = ChannelFactory(kind=ChannelKind.WEB_CHAT)
    thread, _token = chat.start_chat(channel=channel, about="门锁打不开", at=NOW)
    deliver(NOW)
    ticket = Ticket.objects.get()
    from tickets.services import resolve

    resolve.resolve(
        ticket=ticket,
        solution_code=desk_defaults["solution"],
        root_cause=desk_defaults["cause"],
        message="好了",
        actor=actor_of(agent),
        at=LATER,
    )
    chat.say(thread=thread, body="又打不开了", actor=chat.visitor(thread), at=LATER + timedelta(hours=1))
    deliver(LATER + timedelta(hours=1))
    ticket.refresh_from_db()
    assert (ticket.status, ticket.cycle) == (Status.OPEN, 2)
    assert Ticket.objects.count() == 1


def test_a_message_on_a_thread_without_a_ticket_waits_for_one(desk_defaults: dict[str, Any]) -> None:
    from tests.factories.channels_hub import ThreadFactory

    thread = ThreadFactory()
    messages.receive(thread=thread, body="你好", actor=customer_of(thread.customer), at=NOW)
    deliver(NOW)
    assert not Ticket.objects.exists()


# --- due times ----------------------------------------------------------------------------------------------


def test_the_look_again_timer_starts_the_job_and_the_job_sets_it_anew(
    desk_defaults: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    monkeypatch.setattr(handlers, "async_task", lambda name, **_: started.append(name))
    first, second = make_ticket(), make_ticket()
    deliver(LATER)
    due = LATER + timedelta(minutes=1)
    fire_due(at=due)
    assert started == ["tickets.jobs.drain_queues"]
    assert not Timer.objects.filter(kind=routing.LOOK_AGAIN).exists()
    agent = make_colleague(ticket_capacity=1)
    assert jobs.drain_queues() == 1
    assert Timer.objects.filter(kind=routing.LOOK_AGAIN).count() == 1
    Timer.objects.all().delete()
    Agent.objects.update(ticket_capacity=5)
    assert jobs.drain_queues() == 1
    assert not Timer.objects.filter(kind=routing.LOOK_AGAIN).exists()
    assert Ticket.objects.filter(pk__in=[first.pk, second.pk], assignee=agent).count() == 2


# --- open pages ---------------------------------------------------------------------------------------------


def test_who_may_watch_what(desk_defaults: dict[str, Any]) -> None:
    agent, stranger = make_colleague(), make_colleague(tier="L2")
    boss = actor_of(make_colleague(roles=(Role.SUPERVISOR,), tier="L2"))
    ticket = make_ticket()
    me, she = actor_of(agent), actor_of(stranger)
    may = live.may_watch
    for viewer, sees in (
        (me, True),
        (boss, True),
        (customer_of(ticket.customer), True),
        (link_of(ticket), True),
        (Actor("visitor", ticket.thread_id), True),
        (she, False),
        (customer_of(CustomerFactory()), False),
        (link_of(make_ticket()), False),
        (NOBODY, False),
    ):
        assert may(viewer, "request", ticket.pk) is sees, viewer
        # what only staff hear of, a customer does not even learn to have happened
        assert may(viewer, "ticket", ticket.pk) is (sees and viewer.is_staff), viewer
    assert may(me, "queue", ticket.queue_id)
    assert may(boss, "queue", ticket.queue_id)
    assert not may(she, "queue", ticket.queue_id)
    assert not may(customer_of(ticket.customer), "queue", ticket.queue_id)
    assert may(me, "desk", agent.pk)
    assert not may(she, "desk", agent.pk)
    assert not may(Actor("customer", agent.pk), "desk", agent.pk)


def test_which_pages_an_event_touches(desk_defaults: dict[str, Any]) -> None:
    first, second = make_colleague(), make_colleague()
    ticket = make_ticket(assignee=first)
    routing.assign(ticket=ticket, agent=second, reason="x", actor=SYSTEM, at=LATER)
    event = Event.objects.filter(kind="tickets.assigned").latest("pk")
    assert live.topics_of(event) == {
        ("ticket", ticket.pk),
        ("request", ticket.pk),
        ("queue", ticket.queue_id),
        ("desk", first.pk),
        ("desk", second.pk),
    }
    Ticket.objects.filter(pk=ticket.pk).update(queue=None, assignee=None, steward=None)
    reopened = Event.objects.filter(kind="tickets.opened").latest("pk")
    assert live.topics_of(reopened) == {("ticket", ticket.pk), ("request", ticket.pk)}


def test_a_note_or_a_warning_moves_no_customers_page(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    talk.add_note(ticket=ticket, body="看过了", actor=actor_of(agent), at=LATER)
    noted = Event.objects.get(kind="tickets.note_added")
    warned = Event(kind="tickets.clock_warned", subject_kind="ticket", subject_id=ticket.pk, data={})
    for event in (noted, warned):
        assert {topic for topic, _id in live.topics_of(event)} == {"ticket", "queue", "desk"}


def test_a_message_that_was_read_is_news_on_its_ticket(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    messages.mark_read(thread=ticket.thread, read_seq=9, actor=customer_of(ticket.customer), at=LATER)
    event = Event.objects.filter(kind="channels.message_state_changed").latest("pk")
    assert {("ticket", ticket.pk), ("request", ticket.pk)} <= live.topics_of(event)


# --- files --------------------------------------------------------------------------------------------------


def test_a_file_is_for_those_who_see_its_message_on_a_ticket(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    talk.customer_reply(
        ticket=ticket,
        body="日志",
        files=[SimpleUploadedFile("a.txt", b"log")],
        actor=customer_of(ticket.customer),
        at=LATER,
    )
    file = File.objects.get()
    for viewer in (actor_of(agent), customer_of(ticket.customer), link_of(ticket)):
        assert file_for(viewer, file.pk) == file
    strangers = (
        actor_of(make_colleague(tier="L2")),
        customer_of(CustomerFactory()),
        link_of(make_ticket()),
        NOBODY,
    )
    for viewer in strangers:
        with pytest.raises(NotVisible):
            file_for(viewer, file.pk)


# --- questions of the floors below --------------------------------------------------------------------------


def test_the_holder_of_a_link_is_known_by_it(desk_defaults: dict[str, Any]) -> None:
    ticket = make_ticket()
    # doors ask at the time of the clock on the wall
    from core import clock

    token = links.issue_link(ticket=ticket, at=clock.now())
    assert ports_declared.viewer_of_link(token) == Actor("link", ticket.pk)
    assert ports_declared.viewer_of_link("guess") is None


def test_what_a_thread_belongs_to(desk_defaults: dict[str, Any]) -> None:
    ticket = make_ticket()
    work = channel_ports.work_of_thread(ticket.thread_id)
    assert (work.reference, work.subject, work.url) == (ticket.reference, ticket.subject, "")
    assert channel_ports.work_of_thread(999_999) is None
    mailed = channel_ports.mail_link_of_thread(ticket.thread_id, LATER)
    assert links.ticket_of_token(token=mailed.url.rstrip("/").rsplit("/", 1)[1], at=LATER) == ticket
    assert channel_ports.mail_link_of_thread(999_999, LATER) is None
    other = make_ticket()
    Ticket.objects.filter(pk=ticket.pk).update(status=Status.MERGED, merged_into=other)
    assert channel_ports.work_of_thread(ticket.thread_id).reference == other.reference


def test_who_may_watch_a_thread_because_of_its_ticket(desk_defaults: dict[str, Any]) -> None:
    ticket = make_ticket()
    may = channel_ports.may_see_thread
    assert may(actor_of(make_colleague()), ticket.thread_id)
    assert may(link_of(ticket), ticket.thread_id)
    assert not may(actor_of(make_colleague(tier="L2")), ticket.thread_id)
    assert not may(link_of(make_ticket()), ticket.thread_id)


def test_how_far_staff_have_read(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    assert channel_ports.seen_by_staff(ticket.thread_id) == 0
    desk.mark_seen(ticket=ticket, actor=actor_of(agent), at=LATER)
    assert channel_ports.seen_by_staff(ticket.thread_id) == 2
    talk.customer_reply(
        ticket=ticket, body="在吗", actor=customer_of(ticket.customer), at=LATER + timedelta(seconds=1)
    )
    assert channel_ports.seen_by_staff(ticket.thread_id) == 2


def test_a_place_in_the_queue_is_for_those_who_wait(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague(duty=DutyState.OFFLINE)
    make_ticket(at=NOW)
    waiting, given = make_ticket(at=NOW + timedelta(minutes=1)), make_ticket(assignee=agent)
    place = channel_ports.place_in_queue(waiting.thread_id)
    assert (place.ahead, place.minutes) == (1, None)
    assert channel_ports.place_in_queue(given.thread_id) is None
    assert channel_ports.place_in_queue(999_999) is None


def test_an_event_about_a_ticket_that_is_gone_fails_its_delivery_alone(desk_defaults: dict[str, Any]) -> None:
    announce(TicketQueued(subject_id=999_999, queue="queue-l1", tier="L1"), actor=SYSTEM, at=NOW)
    with pytest.raises(AssertionError, match="NotVisible"):
        deliver(NOW)
    assert Delivery.objects.get(subscriber="tickets.route_queued").state == "queued"
