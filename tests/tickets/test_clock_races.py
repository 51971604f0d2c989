"""Clocks when several processes work at once: real connections, real row locks."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction

from core.models import Event, Timer
from core.services.timers import fire_due
from tests.factories.tickets import make_desk, make_timed_ticket
from tests.tickets.timing import PERSON, SYSTEM, clock_of, move, prove
from tickets.enums import ClockKind, ClockState, Status
from tickets.events import ClockChanged, ClockWarned
from tickets.models import Clock, Ticket
from tickets.services import clocks
from tickets.services.clocks import due

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres_only]

FIRST, NEXT, RESOLUTION = ClockKind.FIRST_RESPONSE, ClockKind.NEXT_RESPONSE, ClockKind.RESOLUTION
MINUTE = timedelta(minutes=1)


def together(*verbs: Callable[[], Any]) -> list[Any]:
    """Do these at the same time, each on a connection of its own; the first error comes out."""
    start = Barrier(len(verbs))

    def run(verb: Callable[[], Any]) -> Any:
        try:
            start.wait(timeout=20)
            return verb()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(verbs)) as pool:
        return [done.result(timeout=60) for done in [pool.submit(run, verb) for verb in verbs]]


def test_clocks_are_started_once(at: datetime) -> None:
    make_desk()
    ticket = make_timed_ticket(at=at, start=False)
    together(*[lambda: clocks.start_clocks(ticket=Ticket(pk=ticket.pk), actor=SYSTEM, at=at)] * 4)
    assert Clock.objects.filter(ticket=ticket).count() == 3
    prove(ticket)


def test_two_messages_at_once_start_one_clock(at: datetime) -> None:
    make_desk()
    ticket = make_timed_ticket(at=at)
    clocks.meet(ticket=ticket, kind=FIRST, actor=PERSON, at=at)
    started = together(
        *[lambda: clocks.start_next_response(ticket=Ticket(pk=ticket.pk), actor=SYSTEM, at=at + MINUTE)] * 4
    )
    assert sorted(started) == [False, False, False, True]
    prove(ticket)


def test_two_beats_mark_each_breach_once(at: datetime) -> None:
    make_desk()
    tickets = [make_timed_ticket(at=at) for _n in range(30)]
    for seconds in (0, 2, 4):  # what one beat has in hand, the other leaves to a later round
        now = at + 31 * MINUTE + timedelta(seconds=seconds)
        together(*[partial(fire_due, at=now)] * 4)
    for ticket in tickets:
        changes = Event.objects.filter(kind=ClockChanged.kind, subject_id=ticket.pk, data__clock=FIRST)
        assert changes.filter(data__change="breached").count() == 1
        warned = Event.objects.filter(kind=ClockWarned.kind, subject_id=ticket.pk, data__clock=FIRST)
        assert [event.data["percent"] for event in warned.order_by("pk")] == [50, 80, 100]
        prove(ticket)
    assert not Timer.objects.filter(dead=True).exists()


def test_an_answer_and_the_deadline_at_the_same_moment(at: datetime) -> None:
    """Verbs and beats take the same rows in opposite order; nobody may be killed by a deadlock, and nothing lost."""
    make_desk()
    for second in range(12):
        ticket = make_timed_ticket(at=at)
        now = at + 30 * MINUTE + timedelta(seconds=second)
        together(
            partial(clocks.meet, ticket=Ticket(pk=ticket.pk), kind=FIRST, actor=PERSON, at=now),
            partial(fire_due, at=now),
            partial(move, Ticket(pk=ticket.pk), Status.WAITING_CUSTOMER, at=now),
        )
        first = clock_of(ticket, FIRST)
        assert (first.state, first.breached_at is not None) == (ClockState.MET, True)
        assert clock_of(ticket, RESOLUTION).state == ClockState.PAUSED
        fire_due(at=now + timedelta(seconds=5))
        prove(ticket)
    assert not Timer.objects.filter(dead=True).exists()


def test_a_clock_that_somebody_holds_is_tried_again(at: datetime) -> None:
    make_desk()
    ticket = make_timed_ticket(at=at)
    first = clock_of(ticket, FIRST)
    now = at + 31 * MINUTE
    with transaction.atomic():
        list(Clock.objects.select_for_update().filter(ticket=ticket))
        together(lambda: fire_due(at=now))
        assert Timer.objects.get(dedupe=f"clock:{first.pk}").due_at == now + due.AGAIN
    assert clock_of(ticket, FIRST).breached_at is None
    fire_due(at=now + due.AGAIN)
    assert clock_of(ticket, FIRST).breached_at is not None
    prove(ticket)


def test_a_pause_whose_ticket_somebody_holds_ends_a_moment_later(at: datetime) -> None:
    make_desk()
    ticket = make_timed_ticket(at=at)
    move(ticket, Status.WAITING_PART, at=at)
    end = at + timedelta(days=7)
    with transaction.atomic():
        Ticket.objects.select_for_update().get(pk=ticket.pk)
        together(lambda: due.end_pause(clock_of(ticket, RESOLUTION).pk, at=end))
    assert clock_of(ticket, RESOLUTION).state == ClockState.PAUSED
    fire_due(at=end + due.AGAIN)
    assert clock_of(ticket, RESOLUTION).running_since == end
    prove(ticket)
