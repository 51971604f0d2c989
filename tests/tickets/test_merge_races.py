"""Merging when several processes do so at once: real connections, real row locks."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from channels_hub.services.messages import receive
from core.errors import Conflict
from tests.factories.customers import CustomerFactory
from tests.factories.tickets import make_desk
from tests.factories.work import actor_of, customer_of, make_colleague, make_ticket
from tests.tickets.test_clock_races import together
from tests.tickets.timing import prove
from tickets.enums import Status
from tickets.models import Ticket, TicketMerge
from tickets.services import talk, timeline
from tickets.services.merge import merge, unmerge

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres_only]
MINUTE = timedelta(minutes=1)


def outcome(verb: Any) -> Any:
    """What it gives, or the code of the refusal."""
    try:
        return verb()
    except Conflict as refused:
        return refused.code


def test_two_tickets_merged_into_each_other_at_once_are_merged_once(at: datetime) -> None:
    make_desk()
    actor, customer = actor_of(make_colleague()), CustomerFactory()
    for _try in range(8):
        one, other = make_ticket(customer=customer), make_ticket(customer=customer)
        verbs = [
            partial(merge, source=Ticket(pk=a), target=Ticket(pk=b), actor=actor, at=at)
            for a, b in ((one.pk, other.pk), (other.pk, one.pk)) * 2
        ]
        found = together(*[partial(outcome, verb) for verb in verbs])
        merged = TicketMerge.objects.get(source__in=[one, other])
        assert [row for row in found if row not in (merged, "already_merged")] == []
        for ticket in (one, other):
            prove(ticket)


def test_a_ring_of_merges_at_once_is_no_ring(at: datetime) -> None:
    make_desk()
    actor, customer = actor_of(make_colleague()), CustomerFactory()
    for _try in range(5):
        a, b, c = (make_ticket(customer=customer) for _n in range(3))
        together(
            *[
                partial(outcome, partial(merge, source=Ticket(pk=x), target=Ticket(pk=y), actor=actor, at=at))
                for x, y in ((a.pk, b.pk), (b.pk, c.pk), (c.pk, a.pk))
            ]
        )
        states = Ticket.objects.filter(pk__in=[a.pk, b.pk, c.pk]).values_list("status", flat=True)
        assert Status.MERGED in states
        assert Status.NEW in states


def test_a_word_while_it_is_undone_is_lost_nowhere(at: datetime) -> None:
    make_desk()
    actor, customer = actor_of(make_colleague()), CustomerFactory()
    for _try in range(8):
        target, source = make_ticket(customer=customer), make_ticket(customer=customer)
        done = merge(source=source, target=target, actor=actor, at=at)
        message = receive(thread=source.thread, body="还是不行", actor=customer_of(customer), at=at)
        together(
            partial(unmerge, merge=done, actor=actor, at=at + MINUTE),
            partial(
                talk.note_customer_message,
                ticket=Ticket.objects.get(pk=source.pk),
                message=message,
                actor=customer_of(customer),
                at=at,
            ),
            partial(unmerge, merge=TicketMerge.objects.get(pk=done.pk), actor=actor, at=at + MINUTE),
        )
        assert timeline.ticket_of_message(message) in (source, target)
        prove(source)
        prove(target)
