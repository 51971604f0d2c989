"""What is said on a ticket, and what comes of it."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from channels_hub.enums import Author, Direction, SendState
from channels_hub.models import Message, Outbox
from core.actors import NOBODY, SYSTEM, Actor
from core.errors import Conflict, InvalidInput, NotAllowed, NotVisible
from core.models import Event, File
from tests.factories.channels_hub import ThreadFactory
from tests.factories.customers import CustomerFactory
from tests.factories.tickets import make_desk
from tests.factories.times import NOW
from tests.factories.work import (
    actor_of,
    customer_of,
    entries_of,
    kinds_of,
    link_of,
    make_colleague,
    make_open_ticket,
    make_resolved_ticket,
    make_ticket,
)
from tickets.enums import WAITING, AssignmentSource, ClockKind, ClockState, DraftMode, Status
from tickets.models import Draft, Note, SlaPolicy, Ticket
from tickets.services import desk, links, resolve, routing, state, talk, timeline
from tickets.thanks import WORDS, is_thanks_only

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=10)


def say(ticket: Ticket, agent: Any, **fields: Any) -> Message:
    values = {"body": "请把网关断电十秒再插上", "at": LATER}
    return talk.reply(ticket=ticket, actor=actor_of(agent), **(values | fields))


def hear(ticket: Ticket, body: str = "还是红灯", **fields: Any) -> Message:
    values = {"at": LATER + timedelta(minutes=1), "actor": customer_of(ticket.customer)}
    return talk.customer_reply(ticket=ticket, body=body, **(values | fields))


# --- the agent answers --------------------------------------------------------------------------------------


def test_the_first_answer_opens_the_ticket_and_keeps_the_first_promise(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague("林晓")
    ticket = make_ticket(assignee=agent)
    message = say(ticket, agent)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.awaiting_reply, ticket.first_responded_at) == (Status.OPEN, False, LATER)
    assert (message.direction, message.author, message.staff) == (Direction.OUT, Author.AGENT, agent)
    clock = ticket.clocks.get(kind=ClockKind.FIRST_RESPONSE)
    assert (clock.state, clock.finished_at) == (ClockState.MET, LATER)
    replied = Event.objects.get(kind="tickets.agent_replied")
    assert replied.data == {"message_id": message.pk, "first": True}
    assert [e.message or e.event.kind for e in entries_of(ticket)][-2:] == [
        message,
        "tickets.status_changed",
    ]


def test_a_late_first_answer_is_met_and_stays_late(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_ticket(assignee=agent)
    late = NOW + timedelta(minutes=31)
    say(ticket, agent, at=late)
    clock = ticket.clocks.get(kind=ClockKind.FIRST_RESPONSE)
    assert (clock.state, clock.breached_at) == (ClockState.MET, late)


def test_a_second_answer_is_no_first_one(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    say(ticket, agent)
    assert ticket.first_responded_at == NOW
    first = Event.objects.filter(kind="tickets.agent_replied").order_by("pk").values_list("data", flat=True)
    assert [data["first"] for data in first] == [True, False]


@pytest.mark.parametrize("then", sorted(WAITING))
def test_an_answer_may_leave_the_ticket_waiting(then: Status, desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_ticket(assignee=agent)
    say(ticket, agent, then=then)
    ticket.refresh_from_db()
    assert ticket.status == then
    moves = Event.objects.filter(kind="tickets.status_changed", subject_id=ticket.pk).order_by("pk")
    assert [e.data["after"] for e in moves] == ["open", then]
    runs = then == Status.WAITING_THIRD_PARTY
    assert (ticket.clocks.get(kind=ClockKind.RESOLUTION).state == ClockState.RUNNING) is runs


def test_an_answer_to_a_waiting_ticket_leaves_it_waiting(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_ticket(assignee=agent)
    say(ticket, agent, then=Status.WAITING_CUSTOMER)
    say(ticket, agent, body="补充一张图", at=LATER + timedelta(minutes=1))
    assert ticket.status == Status.WAITING_CUSTOMER
    say(ticket, agent, then=Status.OPEN, at=LATER + timedelta(minutes=2))
    assert ticket.status == Status.OPEN


@pytest.mark.parametrize("then", ["resolved", "closed", "merged", "new", "elsewhere"])
def test_an_answer_cannot_end_a_ticket(then: str, desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_ticket(assignee=agent)
    with pytest.raises(InvalidInput) as refused:
        say(ticket, agent, then=then)
    assert list(refused.value.fields) == ["then"]
    assert Message.objects.filter(direction=Direction.OUT).count() == 0


def test_a_word_after_the_end_changes_no_state(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_resolved_ticket(agent, desk_defaults)
    say(ticket, agent, body="不客气")
    assert ticket.status == Status.RESOLVED
    with pytest.raises(Conflict) as refused:
        say(ticket, agent, then=Status.WAITING_CUSTOMER)
    assert refused.value.code == "illegal_transition"
    assert not Message.objects.filter(body="请把网关断电十秒再插上").exists()


def test_a_merged_ticket_takes_no_answer(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    Ticket.objects.filter(pk=ticket.pk).update(status=Status.MERGED, merged_into=make_ticket())
    with pytest.raises(Conflict):
        say(ticket, agent)


def test_sending_twice_is_sending_once(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_ticket(assignee=agent)
    first = say(ticket, agent, client_id="c1", seen_seq=1)
    hear(ticket)
    told = kinds_of(ticket)
    again = say(ticket, agent, client_id="c1", seen_seq=1)
    assert again == first
    assert kinds_of(ticket) == told
    ticket.refresh_from_db()
    assert ticket.awaiting_reply


def test_a_newer_message_holds_the_answer_back_and_loses_nothing(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    seen = ticket.thread.last_seq
    desk.save_draft(ticket=ticket, mode=DraftMode.REPLY, body="我在写", actor=actor_of(agent), at=LATER)
    hear(ticket, "等等")
    hear(ticket, "又好了", at=LATER + timedelta(minutes=2))
    before = Message.objects.count()
    with pytest.raises(Conflict) as refused:
        say(ticket, agent, seen_seq=seen)
    assert (refused.value.code, refused.value.extra) == ("newer_message", {"count": 2, "seq": seen + 2})
    assert Message.objects.count() == before
    assert Draft.objects.get().body == "我在写"
    say(ticket, agent, seen_seq=seen + 2)
    assert Message.objects.count() == before + 1


def test_our_own_newer_message_holds_nothing_back(desk_defaults: dict[str, Any]) -> None:
    agent, other = make_colleague(), make_colleague()
    ticket = make_open_ticket(agent)
    seen = ticket.thread.last_seq
    say(ticket, other, body="我补充一句")
    say(ticket, agent, seen_seq=seen)
    assert Message.objects.filter(thread=ticket.thread, direction=Direction.OUT).count() == 3


def test_what_was_sent_is_no_draft_any_more(desk_defaults: dict[str, Any]) -> None:
    agent, other = make_colleague(), make_colleague()
    ticket = make_open_ticket(agent)
    for author in (agent, other):
        desk.save_draft(ticket=ticket, mode="reply", body="草稿", actor=actor_of(author), at=NOW)
    desk.save_draft(ticket=ticket, mode="note", body="备注草稿", actor=actor_of(agent), at=NOW)
    say(ticket, agent)
    left = Draft.objects.order_by("pk").values_list("author", "mode")
    assert list(left) == [(other.pk, "reply"), (agent.pk, "note")]


def test_an_answer_by_mail_waits_to_be_sent(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    thread = ThreadFactory(reply_email="zhou@example.com")
    ticket = make_ticket(thread=thread, customer=thread.customer, assignee=agent)
    message = say(ticket, agent)
    assert message.state == SendState.QUEUED
    mail = Outbox.objects.get()
    assert mail.recipient == "zhou@example.com"
    assert ticket.reference in mail.subject
    token = re.search(r"/([\w-]{43})/?$", mail.body.strip())
    assert token is not None
    assert links.ticket_of_token(token=token[1], at=LATER) == ticket


@pytest.mark.parametrize("actor", [SYSTEM, NOBODY, Actor("bot")], ids=lambda a: a.kind)
def test_only_people_answer(actor: Actor, desk_defaults: dict[str, Any]) -> None:
    ticket = make_ticket()
    with pytest.raises(NotAllowed):
        talk.reply(ticket=ticket, body="您好", actor=actor, at=LATER)
    assert ticket.clocks.get(kind=ClockKind.FIRST_RESPONSE).state == ClockState.RUNNING


def test_strangers_and_customers_do_not_answer(desk_defaults: dict[str, Any]) -> None:
    ticket = make_ticket()
    with pytest.raises(NotVisible):
        say(ticket, make_colleague(tier="L2"))
    with pytest.raises(NotAllowed):
        talk.reply(ticket=ticket, body="x", actor=customer_of(ticket.customer), at=LATER)


@pytest.mark.parametrize("body", ["", " \n\t ", "长" * 50_001])
def test_a_bad_text_is_told_beside_its_field(body: str, desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_ticket(assignee=agent)
    with pytest.raises(InvalidInput) as refused:
        say(ticket, agent, body=body)
    assert list(refused.value.fields) == ["body"]
    ticket.refresh_from_db()
    assert ticket.status == Status.NEW


def test_a_bad_file_sends_nothing(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_ticket(assignee=agent)
    with pytest.raises(InvalidInput) as refused:
        say(ticket, agent, files=[SimpleUploadedFile("x.pdf", b"no pdf at all")])
    assert list(refused.value.fields) == ["files"]
    assert (File.objects.count(), Message.objects.filter(direction=Direction.OUT).count()) == (0, 0)


def test_an_answer_takes_few_statements(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    me = actor_of(agent)
    ticket = make_open_ticket(agent)
    hear(ticket)
    ticket = Ticket.objects.get(pk=ticket.pk)
    with CaptureQueriesContext(connection) as queries:
        talk.reply(ticket=ticket, body="好的", client_id="c9", seen_seq=99, actor=me, at=LATER)
    statements = [q["sql"] for q in queries if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(statements) <= 21, statements


def test_whoever_answers_a_ticket_that_nobody_has_has_it(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague(ticket_capacity=0)
    ticket = make_ticket()
    say(ticket, agent)
    ticket.refresh_from_db()
    assert (ticket.assignee, ticket.steward) == (agent, agent)
    assert ticket.assignments.get().source == AssignmentSource.CLAIMED
    other = make_colleague()
    say(ticket, other, body="我补充")
    ticket.refresh_from_db()
    assert ticket.assignee == agent


def test_a_supervisor_may_answer_without_having_it(desk_defaults: dict[str, Any]) -> None:
    from tests.factories.accounts import UserFactory

    boss = UserFactory(is_superuser=True, is_staff=True)
    ticket = make_ticket()
    say(ticket, boss)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.assignee) == (Status.OPEN, None)


# --- the customer answers -----------------------------------------------------------------------------------


def test_a_customers_word_ends_waiting_for_them(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_ticket(assignee=agent)
    say(ticket, agent, then=Status.WAITING_CUSTOMER)
    message = hear(ticket)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.awaiting_reply, ticket.last_customer_at) == (
        Status.OPEN,
        True,
        message.at,
    )
    clock = ticket.clocks.get(kind=ClockKind.NEXT_RESPONSE)
    assert (clock.state, clock.started_at) == (ClockState.RUNNING, message.at)
    assert ticket.clocks.get(kind=ClockKind.RESOLUTION).state == ClockState.RUNNING
    assert Event.objects.get(kind="tickets.customer_replied").data == {"message_id": message.pk}


@pytest.mark.parametrize("status", [Status.WAITING_PART, Status.WAITING_THIRD_PARTY])
def test_a_customers_word_does_not_bring_the_part(status: Status, desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    state.set_waiting(ticket=ticket, status=status, reason="压缩机", actor=actor_of(agent), at=LATER)
    hear(ticket, "什么时候到")
    ticket.refresh_from_db()
    assert (ticket.status, ticket.awaiting_reply) == (status, True)
    assert ticket.clocks.get(kind=ClockKind.NEXT_RESPONSE).state == ClockState.RUNNING


def test_the_oldest_unanswered_word_counts_and_an_answer_meets_it(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    first = hear(ticket, "还是不行")
    hear(ticket, "在吗", at=first.at + timedelta(minutes=3))
    clock = ticket.clocks.get(kind=ClockKind.NEXT_RESPONSE)
    assert clock.started_at == first.at
    say(ticket, agent, at=first.at + timedelta(minutes=5))
    clock.refresh_from_db()
    assert clock.state == ClockState.MET
    hear(ticket, "又红了", at=first.at + timedelta(minutes=9))
    assert ticket.clocks.filter(kind=ClockKind.NEXT_RESPONSE, state=ClockState.RUNNING).count() == 1


def test_before_the_first_answer_only_the_first_clock_runs(desk_defaults: dict[str, Any]) -> None:
    ticket = make_ticket()
    hear(ticket)
    assert not ticket.clocks.filter(kind=ClockKind.NEXT_RESPONSE).exists()
    ticket.refresh_from_db()
    assert ticket.status == Status.NEW


def test_the_same_word_twice_is_one_word(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    first = hear(ticket, client_id="p1")
    told = kinds_of(ticket)
    assert hear(ticket, client_id="p1", at=LATER + timedelta(hours=1)) == first
    talk.note_customer_message(
        ticket=ticket, message=first, actor=customer_of(ticket.customer), at=LATER + timedelta(hours=1)
    )
    assert kinds_of(ticket) == told


def test_the_holder_of_the_link_and_the_visitor_of_the_chat_may_speak(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    hear(ticket, actor=link_of(ticket))
    hear(ticket, "又来了", actor=Actor("visitor", ticket.thread_id))
    ticket.refresh_from_db()
    assert [e.message.body for e in entries_of(ticket) if e.message][-2:] == ["还是红灯", "又来了"]


def test_nobody_speaks_on_somebody_elses_ticket(desk_defaults: dict[str, Any]) -> None:
    ticket, other = make_ticket(), make_ticket()
    before = Message.objects.count()
    for actor in (customer_of(CustomerFactory()), link_of(other), Actor("visitor", other.thread_id)):
        with pytest.raises(NotVisible):
            hear(ticket, actor=actor)
    for actor in (NOBODY, Actor("bot"), actor_of(make_colleague())):
        with pytest.raises(NotAllowed):
            hear(ticket, actor=actor)
    assert Message.objects.count() == before


# --- after the end ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("closed", [False, True])
def test_asking_again_in_time_reopens(closed: bool, desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_resolved_ticket(agent, desk_defaults)
    if closed:
        resolve.confirm(ticket=ticket, actor=customer_of(ticket.customer), at=LATER)
    message = hear(ticket, "又离线了", at=NOW + timedelta(days=7))
    ticket.refresh_from_db()
    assert (ticket.status, ticket.cycle, ticket.assignee) == (Status.OPEN, 2, agent)
    assert timeline.ticket_of_message(message) == ticket
    clocks = dict(ticket.clocks.filter(state=ClockState.RUNNING).values_list("kind", "cycle"))
    assert set(clocks) == {ClockKind.REOPEN_RESOLUTION, ClockKind.NEXT_RESPONSE}
    reopened = Event.objects.get(kind="tickets.reopened")
    assert reopened.data == {"cycle": 2, "reason": "customer_replied"}


@pytest.mark.parametrize("words", ["谢谢", "好的，谢谢您！", "1", "👍", "OK", "5星", "。"])
def test_thanks_neither_reopen_nor_start_a_clock(words: str, desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_resolved_ticket(agent, desk_defaults)
    clocks = list(ticket.clocks.order_by("pk").values())
    message = hear(ticket, words)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.cycle, ticket.awaiting_reply) == (Status.RESOLVED, 1, False)
    assert list(ticket.clocks.order_by("pk").values()) == clocks
    assert timeline.ticket_of_message(message) == ticket


def test_thanks_on_an_open_ticket_start_no_clock(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_ticket(assignee=agent)
    say(ticket, agent, then=Status.WAITING_CUSTOMER)
    hear(ticket, "好的")
    ticket.refresh_from_db()
    assert (ticket.status, ticket.awaiting_reply) == (Status.OPEN, False)
    assert not ticket.clocks.filter(kind=ClockKind.NEXT_RESPONSE).exists()


def test_a_picture_is_more_than_thanks(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_resolved_ticket(agent, desk_defaults)
    hear(ticket, "1", files=[SimpleUploadedFile("日志.txt", "红灯".encode())])
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN


def test_asking_too_late_opens_a_new_linked_ticket(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_resolved_ticket(agent, desk_defaults)
    late = NOW + timedelta(days=7, seconds=1)
    message = hear(ticket, "又离线了", at=late)
    ticket.refresh_from_db()
    follow_up = Ticket.objects.get(linked_to=ticket)
    assert (ticket.status, ticket.cycle) == (Status.RESOLVED, 1)
    assert (follow_up.customer, follow_up.thread, follow_up.subject) == (
        ticket.customer,
        ticket.thread,
        "又离线了",
    )
    assert timeline.ticket_of_message(message) == follow_up
    second = hear(ticket, "在吗", at=late + timedelta(minutes=1))
    assert timeline.ticket_of_message(second) == follow_up
    assert Ticket.objects.count() == 2


def test_the_policy_says_how_long(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    SlaPolicy.objects.update(reopen_days=30)
    ticket = make_resolved_ticket(agent, desk_defaults)
    hear(ticket, "又离线了", at=NOW + timedelta(days=29))
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN


def test_a_word_on_a_merged_ticket_goes_where_it_was_merged(desk_defaults: dict[str, Any]) -> None:
    customer = CustomerFactory()
    source, target = make_ticket(customer=customer), make_ticket(customer=customer)
    Ticket.objects.filter(pk=source.pk).update(status=Status.MERGED, merged_into=target)
    message = hear(source)
    assert timeline.ticket_of_message(message) == target


# --- thanks -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", sorted(WORDS)[:400:7])
def test_each_word_of_thanks_counts_with_marks_around(text: str) -> None:
    assert is_thanks_only(f"  {text.upper()}!!~ 🙏")


@pytest.mark.parametrize(
    "text",
    [
        "谢谢，但是还不行",
        "好的？",
        "???",
        "？",
        "12",
        "E20",
        "1 2 3 4 5 6 7",
        "不行",
        "12315",
        "还没好",
        "okay but no",
    ],
)
def test_whoever_asks_for_something_is_heard(text: str) -> None:
    assert not is_thanks_only(text)


@given(st.text(alphabet="😀👍🙏❤️~。，！ \n", max_size=12))
def test_emoji_and_marks_ask_for_nothing(text: str) -> None:
    assert is_thanks_only(text)


@given(st.sampled_from(sorted(WORDS)), st.sampled_from(["没修好", "什么时候来", "refund"]))
def test_a_request_beside_thanks_is_a_request(thanks: str, request: str) -> None:
    assert not is_thanks_only(f"{thanks}{request}")


# --- notes --------------------------------------------------------------------------------------------------


def test_a_note_is_for_colleagues_only(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    note = talk.add_note(ticket=ticket, body="  客户很急 ", actor=actor_of(agent), at=LATER)
    assert (note.body, note.author, note.at) == ("客户很急", agent, LATER)
    assert [line.text for line in timeline.read(ticket, viewer=actor_of(agent))][-1] == "客户很急"
    assert "客户很急" not in [line.text for line in timeline.read(ticket, viewer=link_of(ticket))]
    event = Event.objects.get(kind="tickets.note_added")
    assert event.data == {"note_id": note.pk}
    ticket.refresh_from_db()
    assert (ticket.updated_at, ticket.last_public_at) == (LATER, NOW)


@pytest.mark.parametrize("body", ["", "  ", "长" * 10_001])
def test_a_bad_note_is_refused(body: str, desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    with pytest.raises(InvalidInput) as refused:
        talk.add_note(ticket=make_open_ticket(agent), body=body, actor=actor_of(agent), at=LATER)
    assert list(refused.value.fields) == ["body"]
    assert not Note.objects.exists()


def test_strangers_write_no_notes(desk_defaults: dict[str, Any]) -> None:
    ticket = make_ticket()
    with pytest.raises(NotAllowed):
        talk.add_note(ticket=ticket, body="x", actor=customer_of(ticket.customer), at=LATER)
    with pytest.raises(NotVisible):
        talk.add_note(ticket=ticket, body="x", actor=actor_of(make_colleague(tier="L2")), at=LATER)


# --- at the same moment -------------------------------------------------------------------------------------


def both(*work: Callable[[], Any]) -> list[Any]:
    barrier = Barrier(len(work))

    def run(task: Callable[[], Any]) -> Any:
        try:
            barrier.wait()
            return task()
        except Conflict as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_two_answers_at_once_are_one_first_answer() -> None:
    make_desk()
    agents = [make_colleague() for _ in range(4)]
    ticket = make_ticket()
    actors = [actor_of(agent) for agent in agents]
    results = both(
        *[lambda a=a: talk.reply(ticket=Ticket(pk=ticket.pk), body="您好", actor=a, at=LATER) for a in actors]
    )
    assert all(isinstance(r, Message) for r in results)
    firsts = Event.objects.filter(kind="tickets.agent_replied").values_list("data__first", flat=True)
    assert sorted(firsts) == [False, False, False, True]
    assert Event.objects.filter(kind="tickets.status_changed").count() == 1


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_a_click_repeated_at_once_is_one_message() -> None:
    make_desk()
    agent = make_colleague()
    ticket = make_ticket(assignee=agent)
    me = actor_of(agent)
    results = both(
        *[
            lambda: talk.reply(ticket=Ticket(pk=ticket.pk), body="您好", client_id="c1", actor=me, at=LATER)
            for _ in range(4)
        ]
    )
    assert len({r.pk for r in results}) == 1
    assert Event.objects.filter(kind="tickets.agent_replied").count() == 1


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_answer_and_question_at_once_lose_neither() -> None:
    make_desk()
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    me, customer = actor_of(agent), customer_of(ticket.customer)
    seen = ticket.thread.last_seq
    results = both(
        lambda: talk.reply(ticket=Ticket(pk=ticket.pk), body="答", seen_seq=seen, actor=me, at=LATER),
        lambda: talk.customer_reply(ticket=Ticket(pk=ticket.pk), body="问", actor=customer, at=LATER),
    )
    question = Message.objects.get(body="问")
    assert timeline.ticket_of_message(question) == ticket
    if isinstance(results[0], Conflict):
        assert results[0].code == "newer_message"
    else:
        assert results[0].seq < question.seq
    ticket.refresh_from_db()
    assert ticket.awaiting_reply
    assert routing.open_tickets([agent.pk]) == {agent.pk: 1}
