"""Moving a ticket through its states, for tests of time: what the verbs do, without what they say."""

from datetime import datetime

from django.db import transaction

from core.actors import SYSTEM, Actor
from core.db import lock_rows
from core.events import announce
from tests.factories.tickets import RootCauseFactory, SolutionCodeFactory
from tickets.enums import ClockKind, Status
from tickets.events import StatusChanged
from tickets.models import Clock, Ticket
from tickets.services import clocks, rebuild

PERSON = Actor("staff", 1, "林晓", sees_all=True)


@transaction.atomic
def move(
    ticket: Ticket,
    status: Status,
    *,
    at: datetime,
    actor: Actor = PERSON,
    merged_into: Ticket | None = None,
) -> None:
    """Bring the ticket to a state and let its clocks follow."""
    before = lock_rows(Ticket.objects.filter(pk=ticket.pk)).get().status
    done = status in (Status.RESOLVED, Status.CLOSED)
    Ticket.objects.filter(pk=ticket.pk).update(
        status=status,
        merged_into=merged_into,
        resolved_at=at if done else None,
        solution_code=SolutionCodeFactory() if done else None,
        root_cause=RootCauseFactory() if done else None,
        closed_at=at if status == Status.CLOSED else None,
        close_reason="timeout" if status == Status.CLOSED else "",
    )
    ticket.status = status
    announce(StatusChanged(subject_id=ticket.pk, before=before, after=status.value), actor=actor, at=at)
    clocks.sync_clocks(ticket=ticket, actor=actor, at=at)


def clock_of(ticket: Ticket, kind: ClockKind, cycle: int = 1) -> Clock:
    return Clock.objects.select_related("calendar").get(ticket=ticket, kind=kind, cycle=cycle)


def prove(ticket: Ticket) -> None:
    """Rows and history agree."""
    assert [str(found) for found in rebuild.differences([ticket.pk])] == []


__all__ = ["PERSON", "SYSTEM", "clock_of", "move", "prove"]
