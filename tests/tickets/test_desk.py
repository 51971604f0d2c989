"""Drafts, what was seen, and the lists of the desk."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.enums import Role
from core.actors import Actor
from core.errors import InvalidInput, NotAllowed, NotVisible
from tests.factories.customers import CustomerFactory
from tests.factories.tickets import QueueFactory, TierFactory
from tests.factories.times import NOW
from tests.factories.work import (
    actor_of,
    customer_of,
    make_colleague,
    make_open_ticket,
    make_resolved_ticket,
    make_ticket,
)
from tickets.enums import Status
from tickets.models import Draft, SeenMark, Ticket
from tickets.services import desk, snooze, state, talk

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=10)


def due_in(ticket: Ticket, minutes: int | None) -> Ticket:
    due_at = None if minutes is None else NOW + timedelta(minutes=minutes)
    Ticket.objects.filter(pk=ticket.pk).update(due_at=due_at)
    return ticket


def ids(page: desk.Page) -> list[int]:
    return [row["id"] for row in page.rows]


# --- drafts -------------------------------------------------------------------------------------------------


def test_a_draft_is_kept_once_and_the_last_save_wins(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket, me = make_ticket(assignee=agent), actor_of(agent)
    for number in range(3):
        draft = desk.save_draft(
            ticket=ticket, mode="reply", body=f"第{number}版", actor=me, at=NOW + timedelta(seconds=number)
        )
    assert draft is not None
    assert (Draft.objects.get().body, draft.saved_at) == ("第2版", NOW + timedelta(seconds=2))
    desk.save_draft(ticket=ticket, mode="note", body="备注", actor=me, at=NOW)
    assert {mode: d.body for mode, d in desk.drafts_of(ticket, me).items()} == {
        "reply": "第2版",
        "note": "备注",
    }


def test_an_empty_draft_is_none(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket, me = make_ticket(assignee=agent), actor_of(agent)
    desk.save_draft(ticket=ticket, mode="reply", body="字", actor=me, at=NOW)
    assert desk.save_draft(ticket=ticket, mode="reply", body=" \n", actor=me, at=NOW) is None
    assert not Draft.objects.exists()
    assert desk.clear_draft(ticket=ticket, mode="reply", actor=me) is False


def test_drafts_are_ones_own(desk_defaults: dict[str, Any]) -> None:
    agent, other = make_colleague(), make_colleague()
    ticket = make_ticket(assignee=agent)
    desk.save_draft(ticket=ticket, mode="reply", body="我的", actor=actor_of(agent), at=NOW)
    assert desk.drafts_of(ticket, actor_of(other)) == {}


@pytest.mark.parametrize(("mode", "body", "field"), [("poem", "x", "mode"), ("reply", "长" * 20_001, "body")])
def test_a_bad_draft_is_refused(mode: str, body: str, field: str, desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    with pytest.raises(InvalidInput) as refused:
        desk.save_draft(
            ticket=make_ticket(assignee=agent), mode=mode, body=body, actor=actor_of(agent), at=NOW
        )
    assert list(refused.value.fields) == [field]


def test_only_staff_who_see_the_ticket_write_or_look(desk_defaults: dict[str, Any]) -> None:
    ticket = make_ticket()
    stranger = actor_of(make_colleague(tier="L2"))
    for actor, error in ((stranger, NotVisible), (customer_of(ticket.customer), NotAllowed)):
        with pytest.raises(error):
            desk.save_draft(ticket=ticket, mode="reply", body="x", actor=actor, at=NOW)
        with pytest.raises(error):
            desk.mark_seen(ticket=ticket, actor=actor, at=NOW)


def test_what_was_seen_is_no_longer_new(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket, me = make_open_ticket(agent), actor_of(agent)

    def unread() -> bool:
        return bool(desk.list_rows(viewer=me, at=LATER).rows[0]["unread"])

    assert unread()
    desk.mark_seen(ticket=ticket, actor=me, at=LATER)
    desk.mark_seen(ticket=ticket, actor=me, at=LATER)
    assert not unread()
    assert SeenMark.objects.count() == 1
    talk.customer_reply(
        ticket=ticket, body="在吗", actor=customer_of(ticket.customer), at=LATER + timedelta(seconds=1)
    )
    assert unread()
    talk.reply(ticket=ticket, body="在", actor=me, at=LATER + timedelta(seconds=2))
    desk.mark_seen(ticket=ticket, actor=me, at=LATER + timedelta(seconds=3))
    assert not unread()


# --- lists --------------------------------------------------------------------------------------------------


@pytest.fixture
def lists(desk_defaults: dict[str, Any]) -> dict[str, Any]:
    """One agent with a ticket in each list, and others' tickets that belong to none of hers."""
    agent, other = make_colleague("林晓"), make_colleague()
    me = actor_of(agent)
    made = {
        "awaiting": due_in(make_ticket(assignee=agent), 45),
        "soon": due_in(make_ticket(assignee=agent), 35),
        "plain": due_in(make_open_ticket(agent), 300),
        "customer": make_open_ticket(agent),
        "part": make_open_ticket(agent),
        "third": make_open_ticket(agent),
        "snoozed": make_open_ticket(agent),
        "supporting": make_open_ticket(other),
        "unassigned": due_in(make_ticket(), 20),
        "others": make_ticket(assignee=other),
        "resolved": make_resolved_ticket(agent, desk_defaults),
    }
    Ticket.objects.filter(pk=made["supporting"].pk).update(steward=agent)
    for name, status in (
        ("customer", Status.WAITING_CUSTOMER),
        ("part", Status.WAITING_PART),
        ("third", Status.WAITING_THIRD_PARTY),
    ):
        state.set_waiting(ticket=made[name], status=status, reason="x", actor=me, at=LATER)
    snooze.snooze(ticket=made["snoozed"], until=LATER + timedelta(hours=1), actor=me, at=LATER)
    far = QueueFactory(code="far", tier=TierFactory(code="L2"))
    made["elsewhere"] = make_ticket()
    Ticket.objects.filter(pk=made["elsewhere"].pk).update(queue=far)
    return made | {"agent": agent, "me": me, "far": far}


def test_each_list_holds_what_its_name_says_and_counts_it(lists: dict[str, Any]) -> None:
    me = lists["me"]
    held = {
        view: {name for name, t in lists.items() if isinstance(t, Ticket) and t.pk in ids(page)}
        for view in desk.VIEWS
        if (page := desk.list_rows(viewer=me, view=view, at=LATER))
    }
    assert held == {
        "mine": {"awaiting", "soon", "plain", "customer", "part", "third"},
        "awaiting": {"awaiting", "soon"},
        "soon": {"soon"},
        "waiting_customer": {"customer"},
        "waiting_part": {"part"},
        "waiting_third_party": {"third"},
        "snoozed": {"snoozed"},
        "supporting": {"supporting"},
        "unassigned": {"unassigned"},
        "resolved": {"resolved"},
        "all": {
            "awaiting",
            "soon",
            "plain",
            "customer",
            "part",
            "third",
            "snoozed",
            "supporting",
            "unassigned",
            "others",
        },
    }
    with CaptureQueriesContext(connection) as queries:
        counted = desk.counts(viewer=me, at=LATER)
    assert len(queries) == 1
    assert counted == {view: len(held[view]) for view in counted}
    assert list(counted) == [view for view in desk.VIEWS if view not in ("resolved", "all")]


def test_supervisors_see_every_queue(lists: dict[str, Any]) -> None:
    boss = actor_of(make_colleague(roles=(Role.SUPERVISOR,)))
    assert desk.counts(viewer=boss, at=LATER)["unassigned"] == 2
    assert lists["elsewhere"].pk in ids(desk.list_rows(viewer=boss, view="all", at=LATER))
    assert lists["elsewhere"].pk in ids(
        desk.list_rows(viewer=boss, view=f"queue:{lists['far'].pk}", at=LATER)
    )


def test_a_queue_is_a_list_of_its_teams_only(lists: dict[str, Any]) -> None:
    queue = lists["unassigned"].queue
    page = desk.list_rows(viewer=lists["me"], view=f"queue:{queue.pk}", at=LATER)
    assert lists["others"].pk in ids(page)
    assert ids(desk.list_rows(viewer=lists["me"], view=f"queue:{lists['far'].pk}", at=LATER)) == []


@pytest.mark.parametrize(
    "view", ["", "nonsense", "queue:", "queue:x", "queue:-1", "queue:²", f"queue:{10**30}"]
)
def test_an_unknown_list_does_not_exist(view: str, desk_defaults: dict[str, Any]) -> None:
    with pytest.raises(NotVisible):
        desk.list_rows(viewer=actor_of(make_colleague()), view=view, at=LATER)


def test_customers_have_no_desk(desk_defaults: dict[str, Any]) -> None:
    for viewer in (customer_of(CustomerFactory()), Actor("link", make_ticket().pk), Actor("nobody")):
        with pytest.raises(NotVisible):
            desk.list_rows(viewer=viewer, view="all", at=LATER)


def test_what_is_due_comes_first_and_what_stands_last(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    tickets = [due_in(make_ticket(assignee=agent), m) for m in (90, 10, None, 30, 10, None)]
    page = desk.list_rows(viewer=actor_of(agent), at=LATER)
    assert ids(page) == [tickets[n].pk for n in (1, 4, 3, 0, 2, 5)]


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_pages_join_without_gap_or_overlap(size: int, desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    me = actor_of(agent)
    for minutes in (90, 10, None, 30, 10, None, 10):
        due_in(make_ticket(assignee=agent), minutes)
    whole = ids(desk.list_rows(viewer=me, at=LATER))
    found: list[int] = []
    cursor = ""
    for _ in range(10):
        page = desk.list_rows(viewer=me, at=LATER, limit=size, cursor=cursor)
        found += ids(page)
        cursor = page.next_cursor
        if not cursor:
            break
    assert found == whole


def test_pages_of_what_was_resolved_go_back_in_time(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    me = actor_of(agent)
    done = [make_resolved_ticket(agent, desk_defaults, at=NOW + timedelta(minutes=n)).pk for n in (1, 3, 2)]
    first = desk.list_rows(viewer=me, view="resolved", at=LATER, limit=2)
    rest = desk.list_rows(viewer=me, view="resolved", at=LATER, limit=2, cursor=first.next_cursor)
    assert (ids(first), ids(rest), rest.next_cursor) == ([done[1], done[2]], [done[0]], "")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "-",
        "~",
        "-~x",
        "2026-13-01~1",
        "2026-03-17T10:00:00~",
        "2026-03-17T10:00:00~1",
        "-~²",
        f"-~{10**30}",
        "~1",
    ],
)
def test_a_made_up_cursor_is_refused(cursor: str, desk_defaults: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refused:
        desk.list_rows(viewer=actor_of(make_colleague()), at=LATER, cursor=cursor)
    assert list(refused.value.fields) == ["cursor"]


def test_what_was_resolved_has_a_time(desk_defaults: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        desk.list_rows(viewer=actor_of(make_colleague()), view="resolved", at=LATER, cursor="-~5")


@pytest.mark.parametrize("view", ["mine", "unassigned", "all", "resolved"])
def test_a_list_costs_one_query_for_one_row_or_three(view: str, desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    me = actor_of(agent)

    def add() -> None:
        make_ticket(assignee=agent)
        make_ticket()
        make_resolved_ticket(agent, desk_defaults)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            desk.list_rows(viewer=me, view=view, at=LATER)
        return len(queries)

    add()
    one = cost()
    add()
    add()
    assert (one, cost()) == (1, 1)


def test_a_row_has_what_a_list_shows(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague("林晓")
    ticket = make_ticket(assignee=agent)
    row = desk.list_rows(viewer=actor_of(agent), at=LATER).rows[0]
    shown = {
        "reference": ticket.reference,
        "subject": "网关离线了，红灯一直闪",
        "status": "new",
        "grade": "consult",
        "level": "normal",
        "assignee__display_name": "林晓",
        "channel__kind": "web_form",
        "customer__salutation": "周女士",
        "due_kind": "first_response",
        "due_at": ticket.due_at,
        "unread": True,
    }
    assert {name: row[name] for name in shown} == shown


def test_queues_with_who_waits_longest(lists: dict[str, Any]) -> None:
    with CaptureQueriesContext(connection) as queries:
        counted = desk.queue_counts(viewer=lists["me"])
    assert len(queries) == 2
    assert [(c.queue.code, c.waiting, c.oldest_at) for c in counted] == [("queue-l1", 1, NOW)]
    boss = actor_of(make_colleague(roles=(Role.SUPERVISOR,)))
    assert {c.queue.code: c.waiting for c in desk.queue_counts(viewer=boss)} == {
        "far": 1,
        "queue-l1": 1,
        "queue-l2": 0,
        "queue-l3": 0,
    }


def test_rows_for_given_tickets_keep_their_order_and_their_viewer(lists: dict[str, Any]) -> None:
    wanted = [lists[name].pk for name in ("plain", "elsewhere", "unassigned", "awaiting")]
    rows = desk.rows_for(wanted, viewer=lists["me"])
    assert [row["id"] for row in rows] == [wanted[0], wanted[2], wanted[3]]
