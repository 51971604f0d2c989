"""Two tickets become one, and two again."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.enums import Role
from channels_hub import ports as channel_ports
from channels_hub.services.messages import receive
from core.actors import SYSTEM, Actor
from core.errors import Conflict, InvalidInput, NotAllowed, NotVisible
from core.models import Event
from core.services.timers import fire_due
from tests.factories.channels_hub import ThreadFactory
from tests.factories.customers import CustomerFactory
from tests.factories.times import NOW
from tests.factories.work import (
    actor_of,
    customer_of,
    deliver,
    link_of,
    make_colleague,
    make_open_ticket,
    make_resolved_ticket,
    make_ticket,
)
from tests.tickets.timing import clock_of, prove
from tickets.enums import ClockKind, ClockState, LinkKind, Status
from tickets.events import TicketMerged, TicketUnmerged
from tickets.models import Clock, Ticket, TicketEntry, TicketLink, TicketMerge
from tickets.services import clocks, links, relations, search, state, talk, timeline
from tickets.services.clocks.sheet import SHARED
from tickets.services.merge import merge, merge_of, unmerge

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
LATER = NOW + 10 * MINUTE


def hear(ticket: Ticket, body: str = "还是不行", *, at: datetime = LATER) -> Any:
    """The customer writes on the ticket's thread."""
    message = receive(thread=ticket.thread, body=body, actor=customer_of(ticket.customer), at=at)
    talk.note_customer_message(ticket=ticket, message=message, actor=customer_of(ticket.customer), at=at)
    return message


@pytest.fixture
def pair(desk_defaults: dict[str, Any]) -> tuple[Ticket, Ticket, Actor]:
    """A new ticket, an answered one of the same customer, and the agent of both."""
    agent = make_colleague()
    customer = CustomerFactory()
    source = make_ticket(customer=customer, words="网关又离线了", assignee=agent)
    target = make_open_ticket(agent, customer=customer, words="网关离线，红灯闪")
    return source, target, actor_of(agent)


def test_messages_and_notes_go_and_events_stay(pair: tuple[Ticket, Ticket, Actor]) -> None:
    source, target, actor = pair
    talk.add_note(ticket=source, body="型号看错了", actor=actor, at=NOW)
    merged = merge(source=source, target=target, reason="同一个 问题", actor=actor, at=LATER)
    assert (merged.source, merged.target, merged.reason, merged.by_id) == (
        source,
        target,
        "同一个 问题",
        actor.id,
    )
    source.refresh_from_db()
    assert (source.status, source.merged_into, source.assignee_id) == (Status.MERGED, target, actor.id)
    texts = [line.text for line in timeline.read(target, viewer=actor) if line.kind != "event"]
    assert sorted(texts) == sorted(["网关又离线了", "网关离线，红灯闪", "我来看看", "型号看错了"])
    left = [line.code for line in timeline.read(source, viewer=actor)]
    assert left[0] == "tickets.opened"
    assert left[-1] == TicketMerged.kind
    assert [line.code for line in timeline.read(target, viewer=actor)][-1] == TicketMerged.kind
    event = Event.objects.get(kind=TicketMerged.kind)
    assert event.data == {
        "merge_id": merged.pk,
        "source": source.reference,
        "target": target.reference,
        "target_id": target.pk,
        "agent_id": actor.id,
    }
    assert event.detail.body == {"reason": "同一个 问题"}
    assert merge_of(source) == merged


def test_the_clocks_of_the_source_stop_and_the_answer_is_owed_on_the_target(
    pair: tuple[Ticket, Ticket, Actor],
) -> None:
    source, target, actor = pair
    merge(source=source, target=target, actor=actor, at=LATER)
    assert set(Clock.objects.filter(ticket=source).values_list("state", flat=True)) == {ClockState.STOPPED}
    source.refresh_from_db()
    assert source.due_at is None
    owed = clock_of(target, ClockKind.NEXT_RESPONSE)
    assert (owed.state, owed.started_at) == (ClockState.RUNNING, NOW)  # since the customer asked
    target.refresh_from_db()
    assert target.awaiting_reply
    prove(source)
    prove(target)


def test_nothing_is_owed_when_the_source_was_answered(pair: tuple[Ticket, Ticket, Actor]) -> None:
    source, target, actor = pair
    talk.reply(ticket=source, body="在看", actor=actor, at=NOW)
    merge(source=source, target=target, actor=actor, at=LATER)
    assert not Clock.objects.filter(ticket=target, kind=ClockKind.NEXT_RESPONSE).exists()
    target.refresh_from_db()
    assert not target.awaiting_reply


def test_a_target_that_owes_its_first_answer_owes_no_second(desk_defaults: dict[str, Any]) -> None:
    agent, customer = make_colleague(), CustomerFactory()
    source, target = make_ticket(customer=customer), make_ticket(customer=customer)
    merge(source=source, target=target, actor=actor_of(agent), at=LATER)
    assert not Clock.objects.filter(ticket=target, kind=ClockKind.NEXT_RESPONSE).exists()
    prove(target)


def test_what_nobody_has_judged_yet_is_judged_first(desk_defaults: dict[str, Any]) -> None:
    # no queue has it yet, so that only who oversees all of them sees it
    actor, customer = actor_of(make_colleague(roles=(Role.SUPERVISOR,))), CustomerFactory()
    source, target = make_ticket(customer=customer, classified=False), make_ticket(customer=customer)
    done = merge(source=source, target=target, actor=actor, at=LATER)
    deliver(LATER)
    unmerge(merge=done, actor=actor, at=LATER)
    deliver(LATER)
    source.refresh_from_db()
    assert (source.grade != "", source.queue_id is not None, source.due_at is not None) == (True,) * 3
    prove(source)


def test_the_same_merge_again_is_the_same(pair: tuple[Ticket, Ticket, Actor]) -> None:
    source, target, actor = pair
    first = merge(source=source, target=target, actor=actor, at=LATER)
    assert merge(source=source, target=target, actor=actor, at=LATER) == first
    assert Event.objects.filter(kind=TicketMerged.kind).count() == 1


def test_what_cannot_be_merged(pair: tuple[Ticket, Ticket, Actor], desk_defaults: dict[str, Any]) -> None:
    source, target, actor = pair
    agent = make_colleague()
    done = make_resolved_ticket(agent, desk_defaults, customer=source.customer)
    third = make_ticket(customer=source.customer)
    for one, other, code in (
        (source, source, "merge_self"),
        (source, done, "target_done"),
        (done, target, "illegal_transition"),
    ):
        with pytest.raises(Conflict) as refused:
            merge(source=one, target=other, actor=actor, at=LATER)
        assert refused.value.code == code
    merge(source=source, target=target, actor=actor, at=LATER)
    for one, other in ((source, third), (third, source), (target, source)):
        with pytest.raises(Conflict) as refused:
            merge(source=one, target=other, actor=actor, at=LATER)
        assert refused.value.code == "already_merged"
    with pytest.raises(InvalidInput) as long:
        merge(source=third, target=target, reason="长" * 301, actor=actor, at=LATER)
    assert list(long.value.fields) == ["reason"]


def test_a_parent_is_not_merged_into_its_part(pair: tuple[Ticket, Ticket, Actor]) -> None:
    source, target, actor = pair
    middle = make_ticket(customer=source.customer)
    relations.link(ticket=source, other=middle, kind=LinkKind.PARENT, actor=actor, at=LATER)
    relations.link(ticket=middle, other=target, kind=LinkKind.PARENT, actor=actor, at=LATER)
    with pytest.raises(Conflict) as refused:
        merge(source=source, target=target, actor=actor, at=LATER)
    assert refused.value.code == "merge_child"
    merge(source=target, target=source, actor=actor, at=LATER)
    assert not relations.is_above(source.pk, source.pk)


def test_who_may_not_merge(pair: tuple[Ticket, Ticket, Actor]) -> None:
    source, target, actor = pair
    with pytest.raises(NotAllowed):
        merge(source=source, target=target, actor=customer_of(source.customer), at=LATER)
    stranger = actor_of(make_colleague(tier="L2"))
    with pytest.raises(NotVisible):
        merge(source=source, target=target, actor=stranger, at=LATER)
    done = merge(source=source, target=target, actor=actor, at=LATER)
    with pytest.raises(NotAllowed):
        unmerge(merge=done, actor=link_of(source), at=LATER)
    with pytest.raises(NotVisible):
        unmerge(merge=done, actor=stranger, at=LATER)


# --- two customers ------------------------------------------------------------------------------------------


def test_different_customers_need_a_second_word_and_see_nothing_of_each_other(
    desk_defaults: dict[str, Any],
) -> None:
    agent = make_colleague()
    actor = actor_of(agent)
    source, target = make_ticket(words="我家门锁没电", assignee=agent), make_open_ticket(agent)
    token = links.issue_link(ticket=source, at=NOW)
    with pytest.raises(Conflict) as refused:
        merge(source=source, target=target, actor=actor, at=LATER)
    assert refused.value.code == "different_customers"
    assert refused.value.extra == {"source": source.customer_id, "target": target.customer_id}
    done = merge(source=source, target=target, confirmed=True, actor=actor, at=LATER)
    seen = [line.text for line in timeline.read(target, viewer=link_of(target)) if line.kind == "message"]
    assert "我家门锁没电" not in seen
    assert links.ticket_of_token(token=token, at=LATER) == source
    said = hear(source, "还在吗")
    entry = TicketEntry.objects.get(message=said)
    assert (entry.ticket, entry.public) == (target, False)
    names = {line.text: line.name for line in timeline.read(target, viewer=actor) if line.kind == "message"}
    assert names["还在吗"] == str(source.customer)
    assert names["网关离线了，红灯一直闪"] == str(target.customer)
    unmerge(merge=done, actor=actor, at=LATER)
    assert "我家门锁没电" in [line.text for line in timeline.read(source, viewer=link_of(source))]


# --- later words, links, searches ---------------------------------------------------------------------------


def test_later_words_go_to_the_end_of_a_chain(pair: tuple[Ticket, Ticket, Actor]) -> None:
    source, target, actor = pair
    last = make_ticket(customer=source.customer)
    token = links.issue_link(ticket=source, at=NOW)
    merge(source=source, target=target, actor=actor, at=LATER)
    merge(source=target, target=last, actor=actor, at=LATER)
    assert links.ticket_of_token(token=token, at=LATER) == last
    assert links.look_up(reference=source.reference, phone=source.customer.phone, at=LATER) == last
    assert channel_ports.work_of_thread(source.thread_id).reference == last.reference
    receive(thread=source.thread, body="现在又断了", actor=customer_of(source.customer), at=LATER)
    deliver(LATER)
    assert "现在又断了" in [line.text for line in timeline.read(last, viewer=actor)]
    message = talk.customer_reply(
        ticket=Ticket.objects.get(pk=source.pk), body="收到", actor=customer_of(source.customer), at=LATER
    )
    assert timeline.ticket_of_message(message) == last


def test_a_stranger_cannot_write_on_a_merged_ticket(pair: tuple[Ticket, Ticket, Actor]) -> None:
    source, target, actor = pair
    merge(source=source, target=target, actor=actor, at=LATER)
    with pytest.raises(NotVisible):
        talk.customer_reply(
            ticket=Ticket.objects.get(pk=source.pk), body="x", actor=customer_of(CustomerFactory()), at=LATER
        )


def test_the_search_finds_words_where_they_stand(pair: tuple[Ticket, Ticket, Actor]) -> None:
    source, target, actor = pair
    talk.reply(ticket=source, body="请按住复位孔十秒", actor=actor, at=NOW)
    done = merge(source=source, target=target, actor=actor, at=LATER)
    deliver(LATER)
    assert search.find(query="复位孔", viewer=SYSTEM) == [target.pk]
    unmerge(merge=done, actor=actor, at=LATER)
    deliver(LATER)
    assert search.find(query="复位孔", viewer=SYSTEM) == [source.pk]


def test_links_go_along_but_for_those_that_would_make_no_sense(pair: tuple[Ticket, Ticket, Actor]) -> None:
    source, target, actor = pair
    a, b, c = (make_ticket(customer=source.customer) for _n in range(3))
    moves = relations.link(ticket=source, other=a, kind=LinkKind.PARENT, actor=actor, at=NOW)
    itself = relations.link(ticket=source, other=target, kind=LinkKind.RELATED, actor=actor, at=NOW)
    twice = relations.link(ticket=b, other=source, kind=LinkKind.RELATED, actor=actor, at=NOW)
    relations.link(ticket=target, other=b, kind=LinkKind.RELATED, actor=actor, at=NOW)
    relations.link(ticket=target, other=c, kind=LinkKind.PARENT, actor=actor, at=NOW)
    ring = relations.link(ticket=c, other=source, kind=LinkKind.PARENT, actor=actor, at=NOW)
    before = links_now()
    done = merge(source=source, target=target, actor=actor, at=LATER)
    moves.refresh_from_db()
    assert moves.source == target
    for stays in (itself, twice, ring):
        stays.refresh_from_db()
        assert source.pk in (stays.source_id, stays.target_id)
    unmerge(merge=done, actor=actor, at=LATER)
    assert links_now() == before


# --- undo ---------------------------------------------------------------------------------------------------


def test_undoing_twice_is_undoing_once(pair: tuple[Ticket, Ticket, Actor]) -> None:
    source, target, actor = pair
    done = merge(source=source, target=target, actor=actor, at=LATER)
    unmerge(merge=done, actor=actor, at=LATER)
    assert (done.undone_at, done.undone_by_id) == (LATER, actor.id)
    unmerge(merge=done, actor=actor, at=LATER)
    assert Event.objects.filter(kind=TicketUnmerged.kind).count() == 1
    again = merge(source=source, target=target, actor=actor, at=LATER)
    assert again != done
    prove(source)
    prove(target)


def test_a_target_that_was_merged_on_is_freed_first(pair: tuple[Ticket, Ticket, Actor]) -> None:
    source, target, actor = pair
    last = make_ticket(customer=source.customer)
    first = merge(source=source, target=target, actor=actor, at=LATER)
    second = merge(source=target, target=last, actor=actor, at=LATER)
    with pytest.raises(Conflict) as refused:
        unmerge(merge=first, actor=actor, at=LATER)
    assert refused.value.code == "merged_on"
    unmerge(merge=second, actor=actor, at=LATER)
    unmerge(merge=first, actor=actor, at=LATER)
    assert Ticket.objects.get(pk=source.pk).status == Status.NEW
    for ticket in (source, target, last):
        prove(ticket)


def test_entries_that_went_on_cannot_come_back(pair: tuple[Ticket, Ticket, Actor]) -> None:
    source, target, actor = pair
    done = merge(source=source, target=target, actor=actor, at=LATER)
    TicketEntry.objects.filter(pk=done.before["entries"][0]).update(
        ticket=make_ticket(customer=source.customer)
    )
    with pytest.raises(Conflict) as refused:
        unmerge(merge=done, actor=actor, at=LATER)
    assert refused.value.code == "entries_moved"


def test_words_said_since_stay_and_are_still_owed(pair: tuple[Ticket, Ticket, Actor]) -> None:
    source, target, actor = pair
    done = merge(source=source, target=target, actor=actor, at=LATER)
    said = hear(target, "另外窗帘也不动了", at=LATER + MINUTE)
    unmerge(merge=done, actor=actor, at=LATER + 2 * MINUTE)
    assert timeline.ticket_of_message(said) == target
    target.refresh_from_db()
    assert target.awaiting_reply
    assert clock_of(target, ClockKind.NEXT_RESPONSE).state == ClockState.RUNNING
    prove(target)


def test_an_answer_given_since_stays_given(pair: tuple[Ticket, Ticket, Actor]) -> None:
    source, target, actor = pair
    done = merge(source=source, target=target, actor=actor, at=LATER)
    talk.reply(ticket=target, body="一起处理", actor=actor, at=LATER + MINUTE)
    unmerge(merge=done, actor=actor, at=LATER + 2 * MINUTE)
    target.refresh_from_db()
    assert not target.awaiting_reply
    assert clock_of(target, ClockKind.NEXT_RESPONSE).state == ClockState.MET
    prove(target)


def test_a_late_clock_is_stopped_and_not_taken_back(pair: tuple[Ticket, Ticket, Actor]) -> None:
    source, target, actor = pair
    done = merge(source=source, target=target, actor=actor, at=LATER)
    unmerge(merge=done, actor=actor, at=NOW + timedelta(hours=9))
    late = clock_of(target, ClockKind.NEXT_RESPONSE)
    assert (late.state, late.breached_at is not None) == (ClockState.STOPPED, True)
    assert clock_of(source, ClockKind.FIRST_RESPONSE).breached_at is not None
    prove(source)
    prove(target)


def test_whoever_left_meanwhile_does_not_get_it_back(pair: tuple[Ticket, Ticket, Actor]) -> None:
    source, target, actor = pair
    done = merge(source=source, target=target, actor=actor, at=LATER)
    source.refresh_from_db()
    assert source.assignee is not None
    source.assignee.is_active = False
    source.assignee.save()
    unmerge(merge=done, actor=SYSTEM, at=LATER)
    source.refresh_from_db()
    assert (source.assignee_id, source.status) == (None, Status.NEW)


def test_nothing_but_undoing_leads_out_of_a_merged_ticket(pair: tuple[Ticket, Ticket, Actor]) -> None:
    source, target, actor = pair
    merge(source=source, target=target, actor=actor, at=LATER)
    for verb in (
        lambda: state.set_waiting(ticket=source, status="waiting_customer", actor=actor, at=LATER),
        lambda: state.resume(ticket=source, actor=actor, at=LATER),
        lambda: talk.reply(ticket=source, body="x", actor=actor, at=LATER),
    ):
        with pytest.raises(Conflict) as refused:
            verb()
        assert refused.value.extra["allowed"] == []


def test_the_database_holds_it_too(pair: tuple[Ticket, Ticket, Actor]) -> None:
    source, target, actor = pair
    merge(source=source, target=target, actor=actor, at=LATER)
    for fields in ({"target": target}, {"target": source, "undone_at": LATER}):
        with pytest.raises(IntegrityError), transaction.atomic():
            TicketMerge.objects.create(source=source, at=LATER, **fields)
    with pytest.raises(IntegrityError), transaction.atomic():
        Ticket.objects.filter(pk=target.pk).update(merged_into=source)


# --- any story ----------------------------------------------------------------------------------------------

STEP = st.tuples(
    st.sampled_from(["source", "target"]),
    st.sampled_from(["reply", "hear", "note", "part", "customer", "third", "resume", "link", "level"]),
    st.integers(0, 900),
)
TICKET = (
    "status",
    "assignee_id",
    "merged_into_id",
    "awaiting_reply",
    "last_customer_at",
    "last_public_at",
    "first_responded_at",
    "due_at",
    "due_kind",
    "due_total",
    "sla_target_id",
)


def links_now() -> list[Any]:
    return sorted(TicketLink.objects.values_list("pk", "source_id", "target_id", "kind"))


def world(*tickets: Ticket) -> dict[str, Any]:
    """All that a merge touches, as values."""
    ids = [ticket.pk for ticket in tickets]
    said = TicketEntry.objects.filter(ticket__in=ids).exclude(kind="event")
    return {
        "tickets": list(Ticket.objects.filter(pk__in=ids).order_by("pk").values_list("pk", *TICKET)),
        "clocks": list(Clock.objects.filter(ticket__in=ids).order_by("pk").values_list("pk", *SHARED)),
        "entries": sorted(said.values_list("pk", "ticket_id", "public")),
        "links": links_now(),
    }


class _Undone(Exception):
    """Lets a glimpse of the future be forgotten."""


def expected(tickets: list[Ticket], moments: list[datetime]) -> dict[str, Any]:
    """The world as it will be if nothing happens but time."""
    found: dict[str, Any] = {}
    try:
        with transaction.atomic():
            for at in moments:
                for ticket in tickets:
                    clocks.sync_clocks(ticket=ticket, actor=SYSTEM, at=at)
            found = world(*tickets)
            raise _Undone
    except _Undone:
        return found


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    steps=st.lists(STEP, max_size=12),
    merged_for=st.integers(0, 29),
    same_customer=st.booleans(),
    answered=st.booleans(),
)
def test_merging_and_undoing_is_the_identity(
    desk_defaults: dict[str, Any],
    steps: list[tuple[str, str, int]],
    merged_for: int,
    same_customer: bool,
    answered: bool,
) -> None:
    with transaction.atomic():
        agent = make_colleague()
        actor = actor_of(agent)
        customer = CustomerFactory()
        source = make_ticket(
            customer=customer if same_customer else CustomerFactory(), assignee=agent, words="甲"
        )
        target = make_ticket(customer=customer, assignee=agent, words="乙")
        other = make_ticket(customer=customer, words="丙")
        at = NOW
        if answered:
            talk.reply(ticket=target, body="好", actor=actor, at=at)
        for which, what, minutes in steps:
            at += minutes * MINUTE
            _do(what, source if which == "source" else target, other, actor, at)
        at += MINUTE
        undone_at = at + merged_for * MINUTE
        clocks.sync_clocks(ticket=target, actor=SYSTEM, at=at)
        told = expected([source, target], [at, undone_at])
        done = merge(source=source, target=target, confirmed=True, actor=actor, at=at)
        prove(source)
        prove(target)
        unmerge(merge=done, actor=actor, at=undone_at)
        clocks.sync_clocks(ticket=target, actor=SYSTEM, at=undone_at)
        prove(source)
        prove(target)
        now = world(source, target)
        extra = [row for row in now["clocks"] if row not in told["clocks"]]
        # a promise that broke while they were one stays on record, on the target
        assert all(row[SHARED.index("breached_at") + 1] is not None for row in extra), extra
        assert [row for row in now["clocks"] if row not in extra] == told["clocks"]
        assert now | {"clocks": []} == told | {"clocks": []}
        fire_due(at=undone_at)
        prove(source)
        prove(target)
        transaction.set_rollback(True)


def _do(what: str, ticket: Ticket, other: Ticket, actor: Actor, at: datetime) -> None:
    waits = {"part": "waiting_part", "customer": "waiting_customer", "third": "waiting_third_party"}
    if what == "reply":
        talk.reply(ticket=ticket, body="在看", actor=actor, at=at)
    elif what == "hear":
        hear(ticket, "还是不行", at=at)
    elif what == "note":
        talk.add_note(ticket=ticket, body="记一笔", actor=actor, at=at)
    elif what == "link":
        relations.link(ticket=ticket, other=other, kind=LinkKind.RELATED, actor=actor, at=at)
    elif what in waits and ticket.status != Status.NEW:
        state.set_waiting(ticket=ticket, status=waits[what], reason="等", actor=actor, at=at)
    elif what == "resume" and ticket.status != Status.NEW:
        state.resume(ticket=ticket, actor=actor, at=at)


def test_a_thread_of_its_own_belongs_to_the_merged(pair: tuple[Ticket, Ticket, Actor]) -> None:
    source, target, actor = pair
    merge(source=source, target=target, actor=actor, at=LATER)
    may = channel_ports.may_see_thread
    assert may(link_of(target), source.thread_id)
    assert not may(link_of(target), ThreadFactory().pk)
