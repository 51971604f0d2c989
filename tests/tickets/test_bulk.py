"""One verb on many tickets."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import translation

from core import clock
from core.errors import InvalidInput, NotAllowed, NotVisible
from core.models import Event, Timer
from core.services.timers import fire_due
from tests.factories.customers import CustomerFactory
from tests.factories.tickets import make_desk
from tests.factories.times import NOW
from tests.factories.work import (
    actor_of,
    customer_of,
    make_colleague,
    make_open_ticket,
    make_resolved_ticket,
    make_ticket,
)
from tests.tickets.test_clock_races import together
from tickets import jobs
from tickets.enums import BulkState, Status
from tickets.events import BulkStarted, NoteAdded
from tickets.models import BulkRow, BulkRun, Note, Ticket
from tickets.services import bulk

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=10)


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


def start(by: Any, action: str, tickets: list[Ticket], key: str = "k", **params: Any) -> BulkRun:
    return bulk.start(
        action=action,
        ticket_ids=[ticket.pk for ticket in tickets],
        params=params,
        key=key,
        language="en",
        actor=actor_of(by),
        at=LATER,
    )


def work(run: BulkRun) -> list[tuple[str, str]]:
    """Let the worker do the run: state and code of each row."""
    with clock.at_time(LATER):
        jobs.run_bulk(run.pk)
    run.refresh_from_db()
    return list(run.rows.values_list("state", "code"))


def test_each_row_says_what_became_of_it(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    fresh, answered = make_ticket(), make_open_ticket(agent)
    done = make_resolved_ticket(agent, desk_defaults)
    run = start(agent, "wait", [fresh, answered, done], status="waiting_customer")
    assert (run.total, run.by, run.finished_at) == (3, agent, None)
    assert work(run) == [
        ("failed", "illegal_transition"),
        ("done", ""),
        ("failed", "illegal_transition"),
    ]
    answered.refresh_from_db()
    assert (answered.status, run.finished_at) == (Status.WAITING_CUSTOMER, LATER)
    assert run.rows.first().message == "This cannot be done while the ticket is “New”."
    assert bulk.progress(run) == bulk.Progress(total=3, done=1, failed=2)
    assert (bulk.progress(run).percent, bulk.progress(run).pending) == (100, 0)
    assert Event.objects.get(kind=BulkStarted.kind).data == {"action": "wait", "tickets": 3}
    assert not Timer.objects.filter(kind=bulk.TIMER).exists()


def test_every_action_is_its_verb(desk_defaults: dict[str, Any]) -> None:
    agent, other = make_colleague(), make_colleague()
    customer = CustomerFactory()
    one, two = make_ticket(customer=customer), make_open_ticket(agent, customer=customer)
    for number, (action, params) in enumerate(
        [
            ("assign", {"agent": other.pk, "reason": "换班"}),
            ("note", {"body": "批次 2301 召回"}),
            ("regrade", {"grade": "complex", "category": desk_defaults["category"].pk, "reason": "批次问题"}),
            (
                "resolve",
                {
                    "solution_code": desk_defaults["solution"].pk,
                    "root_cause": desk_defaults["cause"].pk,
                    "message": "云端已恢复",
                },
            ),
        ]
    ):
        run = start(agent, action, [one, two], key=str(number), **params)
        assert work(run) == [("done", ""), ("done", "")], run.rows.values_list("message")
    one.refresh_from_db()
    assert (one.assignee, one.grade, one.status, one.solution_code) == (
        other,
        "complex",
        Status.RESOLVED,
        desk_defaults["solution"],
    )
    assert set(Note.objects.values_list("body", "author")) == {("批次 2301 召回", agent.pk)}


def test_many_are_merged_into_one(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    customer = CustomerFactory()
    target, one, two = (make_ticket(customer=customer) for _n in range(3))
    stranger = make_ticket()
    run = start(agent, "merge", [target, one, two, stranger], target=target.pk, reason="同一次断网")
    assert work(run) == [("done", ""), ("done", ""), ("failed", "different_customers")]
    assert set(Ticket.objects.filter(merged_into=target)) == {one, two}


def test_what_is_refused_at_once(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_ticket()
    for action, ids, params, field in (
        ("explode", [ticket.pk], {}, "action"),
        ("note", [], {}, "tickets"),
        ("note", [999_999], {}, "tickets"),
        ("note", range(1, 502), {}, "tickets"),
        ("merge", [ticket.pk], {}, "target"),
        ("merge", [ticket.pk], {"target": ticket.pk}, "tickets"),
    ):
        with pytest.raises(InvalidInput) as refused:
            bulk.start(action=action, ticket_ids=ids, params=params, key="", actor=actor_of(agent), at=LATER)
        assert list(refused.value.fields) == [field]
    with pytest.raises(NotAllowed):
        bulk.start(
            action="note",
            ticket_ids=[ticket.pk],
            params={},
            key="",
            actor=customer_of(ticket.customer),
            at=LATER,
        )
    assert not BulkRun.objects.exists()


def test_what_somebody_may_not_see_is_not_there(desk_defaults: dict[str, Any]) -> None:
    agent, expert = make_colleague(), make_colleague(tier="L2")
    ticket = make_ticket()
    with pytest.raises(InvalidInput):
        start(expert, "note", [ticket], body="x")
    run = start(agent, "note", [ticket], body="x")
    for viewer in (actor_of(expert), customer_of(ticket.customer)):
        with pytest.raises(NotVisible):
            bulk.run_for(viewer=viewer, pk=run.pk)
    assert bulk.run_for(viewer=actor_of(agent), pk=run.pk) == run
    # the rights of the moment count: by now the ticket is somebody else's
    Ticket.objects.filter(pk=ticket.pk).update(queue=None, steward=None, assignee=None)
    assert work(run) == [("failed", "not_found")]


def test_the_same_form_twice_is_one_run(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    ticket = make_ticket()
    run = start(agent, "note", [ticket], body="x")
    assert start(agent, "note", [ticket], body="x") == run
    assert work(run) == [("done", "")]
    assert work(run) == [("done", "")]
    assert Note.objects.count() == 1


def test_a_killed_worker_leaves_nothing_half_done_and_the_rest_is_taken_up(
    desk_defaults: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = make_colleague()
    tickets = [make_ticket() for _n in range(3)]
    run = start(agent, "note", tickets, body="x")
    real = bulk.add_note

    def killed(**values: Any) -> Any:
        note = real(**values)
        if values["ticket"].pk == tickets[1].pk:
            raise KeyboardInterrupt
        return note

    monkeypatch.setattr(bulk, "add_note", killed)
    with pytest.raises(KeyboardInterrupt):
        work(run)
    assert list(run.rows.values_list("state", "attempts")) == [("done", 1), ("pending", 1), ("pending", 0)]
    assert Note.objects.count() == 1
    monkeypatch.setattr(bulk, "add_note", real)
    assert work(run) == [("done", "")] * 3
    assert Event.objects.filter(kind=NoteAdded.kind).count() == 3


def test_a_row_that_always_kills_is_given_up(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    run = start(agent, "note", [make_ticket()], body="x")
    BulkRow.objects.update(attempts=bulk.ATTEMPTS)
    assert work(run) == [("failed", "given_up")]


def test_the_beat_starts_a_run_and_looks_after_it(
    desk_defaults: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(jobs, "async_task", lambda *args, **kwargs: asked.append(args))
    agent = make_colleague()
    run = start(agent, "note", [make_ticket()], body="x")
    fire_due(at=LATER)
    assert asked == [("tickets.jobs.run_bulk", run.pk)]
    fire_due(at=LATER + bulk.AGAIN)  # the worker never came
    assert len(asked) == 2
    work(run)
    fire_due(at=LATER + 2 * bulk.AGAIN)
    assert len(asked) == 2


def test_what_failed_is_tried_again(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    fresh, answered = make_ticket(assignee=agent), make_open_ticket(agent)
    run = start(agent, "wait", [fresh, answered], status="waiting_customer")
    assert work(run) == [("failed", "illegal_transition"), ("done", "")]
    with pytest.raises(NotVisible):
        bulk.retry_failed(run=run, actor=actor_of(make_colleague()), at=LATER)
    Ticket.objects.filter(pk=fresh.pk).update(status=Status.OPEN, first_responded_at=NOW)
    assert bulk.retry_failed(run=run, actor=actor_of(agent), at=LATER) == 1
    assert Timer.objects.get(kind=bulk.TIMER).due_at == LATER
    assert work(run) == [("done", ""), ("done", "")]
    assert bulk.retry_failed(run=run, actor=actor_of(agent), at=LATER) == 0
    assert Event.objects.filter(subject_id=answered.pk, kind="tickets.status_changed").count() == 2


def test_whoever_left_has_nothing_done_in_their_name(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague()
    run = start(agent, "note", [make_ticket()], body="x")
    agent.is_active = False
    agent.save()
    assert work(run) == [("failed", "staff_only")]
    assert Note.objects.count() == 0
    assert run.finished_at == LATER


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres_only
def test_two_workers_do_each_row_once() -> None:
    make_desk()
    agent = make_colleague()
    run = start(agent, "note", [make_ticket() for _n in range(12)], body="x")
    together(*[partial(jobs.run_bulk, run.pk)] * 3)
    assert set(run.rows.values_list("state", flat=True)) == {BulkState.DONE}
    assert Note.objects.count() == 12
