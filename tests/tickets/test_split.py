"""One ticket becomes two."""

from datetime import timedelta
from typing import Any

import pytest

from channels_hub import ports as channel_ports
from channels_hub.services.messages import receive
from core.errors import Conflict, InvalidInput, NotAllowed, NotVisible
from core.models import Event
from tests.factories.times import NOW
from tests.factories.work import (
    actor_of,
    customer_of,
    deliver,
    make_colleague,
    make_open_ticket,
    make_ticket,
)
from tests.tickets.timing import clock_of, prove
from tickets.enums import ClockKind, ClockState, Status
from tickets.events import TicketSplit
from tickets.models import Clock, Ticket, TicketEntry
from tickets.services import talk, timeline
from tickets.services.merge import merge
from tickets.services.split import split

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=10)


def hear(ticket: Ticket, body: str, *, at: Any = LATER) -> TicketEntry:
    """The customer writes: the entry."""
    message = receive(thread=ticket.thread, body=body, actor=customer_of(ticket.customer), at=at)
    talk.note_customer_message(ticket=ticket, message=message, actor=customer_of(ticket.customer), at=at)
    return TicketEntry.objects.get(message=message)


def test_a_message_becomes_a_ticket_like_any_other(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    entry = hear(ticket, "另外，窗帘也拉不上了")
    made = split(ticket=ticket, entry=entry, subject=" 窗帘  拉不上 ", actor=actor_of(agent), at=LATER)
    assert (made.split_from, made.subject, made.symptom) == (ticket, "窗帘 拉不上", "另外，窗帘也拉不上了")
    assert (made.customer, made.channel, made.status) == (ticket.customer, ticket.channel, Status.NEW)
    assert made.last_customer_at == LATER
    entry.refresh_from_db()
    assert entry.ticket == made
    deliver(LATER)
    made.refresh_from_db()
    assert (made.grade != "", made.queue_id is not None, made.assignee) == (True, True, agent)
    assert clock_of(made, ClockKind.FIRST_RESPONSE).state == ClockState.RUNNING
    assert Event.objects.get(kind=TicketSplit.kind).data == {
        "source": ticket.reference,
        "new": made.reference,
        "new_id": made.pk,
        "message_id": entry.message_id,
    }
    for row in (ticket, made):
        assert TicketSplit.kind in [line.code for line in timeline.read(row, viewer=actor_of(agent))]
        prove(row)


def test_the_answer_that_was_owed_for_it_is_owed_there(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    entry = hear(ticket, "另外，窗帘也拉不上了")
    split(ticket=ticket, entry=entry, actor=actor_of(agent), at=LATER)
    ticket.refresh_from_db()
    assert (ticket.awaiting_reply, ticket.last_customer_at) == (False, NOW)
    assert clock_of(ticket, ClockKind.NEXT_RESPONSE).state == ClockState.STOPPED
    prove(ticket)


def test_another_unanswered_word_is_still_owed(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    entry = hear(ticket, "另外，窗帘也拉不上了")
    hear(ticket, "网关的灯还是红的", at=LATER + timedelta(minutes=1))
    split(ticket=ticket, entry=entry, actor=actor_of(agent), at=LATER + timedelta(minutes=2))
    ticket.refresh_from_db()
    assert ticket.awaiting_reply
    assert clock_of(ticket, ClockKind.NEXT_RESPONSE).state == ClockState.RUNNING


def test_splitting_twice_is_one_ticket(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_open_ticket(agent)
    entry = hear(ticket, "另外，窗帘也拉不上了")
    first = split(ticket=ticket, entry=entry, actor=actor_of(agent), at=LATER)
    assert split(ticket=ticket, entry=entry, actor=actor_of(agent), at=LATER) == first
    assert Ticket.objects.count() == 2


def test_what_cannot_be_split(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    actor = actor_of(agent)
    ticket = make_open_ticket(agent)
    said, answer = (TicketEntry.objects.get(ticket=ticket, message__direction=side) for side in ("in", "out"))
    for entry, code in ((said, "only_message"), (answer, "not_a_message")):
        with pytest.raises(Conflict) as refused:
            split(ticket=ticket, entry=entry, actor=actor, at=LATER)
        assert refused.value.code == code
    with pytest.raises(NotVisible):
        split(ticket=make_ticket(), entry=said, actor=actor, at=LATER)
    with pytest.raises(NotAllowed):
        split(ticket=ticket, entry=said, actor=customer_of(ticket.customer), at=LATER)
    with pytest.raises(InvalidInput):
        split(ticket=ticket, entry=said, subject="长" * 201, actor=actor, at=LATER)
    with pytest.raises(NotVisible):
        split(ticket=ticket, entry=said, actor=actor_of(make_colleague(tier="L2")), at=LATER)
    more = hear(ticket, "窗帘")
    merge(source=ticket, target=make_ticket(customer=ticket.customer), actor=actor, at=LATER)
    with pytest.raises(NotVisible):
        split(ticket=ticket, entry=more, actor=actor, at=LATER)


def test_a_request_gets_a_thread_of_its_own_and_a_chat_goes_on_where_it_is(
    desk_defaults: dict[str, Any],
) -> None:
    agent = make_colleague()
    form = make_open_ticket(agent)
    made = split(ticket=form, entry=hear(form, "窗帘"), actor=actor_of(agent), at=LATER)
    assert made.thread != form.thread
    assert channel_ports.work_of_thread(made.thread_id).reference == made.reference
    chat = make_open_ticket(agent, channel_kind="web_chat")
    split_off = split(ticket=chat, entry=hear(chat, "窗帘"), actor=actor_of(agent), at=LATER)
    assert split_off.thread == chat.thread
    # what is said next is about what was being talked about
    assert channel_ports.work_of_thread(chat.thread_id).reference == chat.reference
    merge(source=chat, target=form, confirmed=True, actor=actor_of(agent), at=LATER)
    assert channel_ports.work_of_thread(chat.thread_id).reference == split_off.reference
    assert Clock.objects.filter(ticket=chat, state="running").count() == 0
