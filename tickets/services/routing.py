"""Queues and people: where a ticket waits, who gets it, and why this person.

Lock order: the ticket, then the agents' rows by id. Capacity is counted under the agents' locks, so that it
holds whatever happens at the same moment."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from accounts.enums import DutyState, TierCode
from accounts.models import Agent, User
from accounts.services.duty import note_assignment
from core.actors import SYSTEM, Actor
from core.db import lock_rows
from core.errors import Conflict, InvalidInput
from core.events import announce
from core.models import Timer
from core.services.timers import set_timer
from tickets.enums import ACTIVE, AssignmentSource, Status
from tickets.events import TicketAssigned, TicketQueued, TicketUnassigned
from tickets.models import Assignment, Queue, Ticket, Tier
from tickets.services import scoring, timeline
from tickets.services.queues import pick_queue, waiting
from tickets.services.state import lock_ticket, refuse, require_staff, staff_id

LOOK_AGAIN = "tickets.look-again"
LOOK_AGAIN_AFTER = timedelta(minutes=1)

# --- queues -------------------------------------------------------------------------------------------------


def enqueue(
    ticket: Ticket, *, tier_code: str, queue: Queue | None = None, actor: Actor, at: datetime
) -> Queue | None:
    """Put a locked ticket into the queue of a tier that fits, without an assignee; announces TicketQueued,
    upon which it is routed. A ticket that waits there already stays. Returns the queue."""
    queue = queue or pick_queue(ticket, tier_code)
    if queue is None:
        return None
    if queue.pk == ticket.queue_id and ticket.assignee_id is None:
        return queue
    release(ticket, actor=actor, at=at)
    tier: Tier = queue.tier
    Ticket.objects.filter(pk=ticket.pk).update(tier=tier, queue=queue, updated_at=at)
    ticket.tier, ticket.queue, ticket.updated_at = tier, queue, at
    event = announce(TicketQueued(subject_id=ticket.pk, queue=queue.code, tier=tier.code), actor=actor, at=at)
    timeline.record(ticket, event=event, public=False)
    return queue


def release(ticket: Ticket, *, actor: Actor, at: datetime) -> bool:
    """End the responsibility for a locked ticket; whether there was any."""
    before = ticket.assignee_id
    if before is None:
        return False
    Assignment.objects.filter(ticket=ticket, until=None).update(until=at)
    Ticket.objects.filter(pk=ticket.pk).update(assignee=None, updated_at=at)
    ticket.assignee, ticket.updated_at = None, at
    announce(TicketUnassigned(subject_id=ticket.pk, before_agent_id=before), actor=actor, at=at)
    return True


def requeue(ticket: Ticket, *, tier_code: str, actor: Actor, at: datetime) -> Queue | None:
    """Let a locked ticket be routed anew where it is: nobody is responsible, and TicketQueued is
    announced."""
    if ticket.queue is None:
        return enqueue(ticket, tier_code=tier_code, actor=actor, at=at)
    release(ticket, actor=actor, at=at)
    announce(
        TicketQueued(subject_id=ticket.pk, queue=ticket.queue.code, tier=ticket.queue.tier.code),
        actor=actor,
        at=at,
    )
    return ticket.queue


@transaction.atomic
def give_back(*, ticket: Ticket, actor: Actor, at: datetime) -> Ticket:
    """Nobody is responsible any more: the ticket waits in its queue and is routed anew. Nothing happens to
    one that is unassigned or done."""
    require_staff(actor)
    lock_ticket(ticket, viewer=actor)
    if ticket.status in ACTIVE and ticket.assignee_id is not None:
        requeue(ticket, tier_code=TierCode.L1, actor=actor, at=at)
    return ticket


def give_back_of(*, user_id: int, at: datetime) -> int:
    """Somebody went away: the tickets they were given and nobody has answered yet go back to their queues.
    Returns how many."""
    rows = Ticket.objects.filter(assignee_id=user_id, status=Status.NEW)
    given_back = 0
    for ticket in rows.order_by("pk"):
        with transaction.atomic():
            lock_ticket(ticket, viewer=SYSTEM)
            if ticket.assignee_id == user_id and ticket.status == Status.NEW:
                give_back(ticket=ticket, actor=SYSTEM, at=at)
                given_back += 1
    return given_back


# --- the rules choose ---------------------------------------------------------------------------------------


@transaction.atomic
def route(*, ticket: Ticket, at: datetime) -> Assignment | None:
    """Give a waiting ticket to the best of those who may take it; None when it needs nobody or nobody may:
    then it stays in its queue until somebody frees up (see drain). Doing it twice assigns once."""
    lock_ticket(ticket, viewer=SYSTEM, related=scoring.NEEDED)
    return _route(ticket, at=at)


def waits(ticket: Ticket) -> bool:
    """Whether the ticket waits in a queue for somebody."""
    return (
        ticket.assignee_id is None
        and ticket.queue_id is not None
        and ticket.status in (Status.NEW, Status.OPEN)
    )


def _route(ticket: Ticket, *, at: datetime) -> Assignment | None:
    if ticket.queue is None or not waits(ticket):
        return None
    agents = list(
        lock_rows(
            Agent.objects.filter(
                teams=ticket.queue.team_id,
                tier=ticket.queue.tier.code,
                duty_state=DutyState.AVAILABLE,
                user__is_active=True,
            )
            .select_related("user")
            .order_by("pk")
        )
    )
    if not agents:
        return None
    candidates = scoring.consider(ticket, agents, open_tickets(a.user_id for a in agents), at=at)
    ranked = scoring.ranked(candidates)
    if not ranked:
        return None
    best = ranked[0]
    return _give(
        ticket,
        best.agent,
        source=AssignmentSource.ROUTED,
        scores=[c.as_json(won=c is best) for c in (*ranked, *(c for c in candidates if c.out))],
        actor=SYSTEM,
        at=at,
    )


def open_tickets(user_ids: Iterable[int]) -> dict[int, int]:
    """How many active tickets each has."""
    rows = Ticket.objects.active().filter(assignee_id__in=list(user_ids)).order_by()
    return dict(rows.values_list("assignee_id").annotate(count=Count("pk")))


def drain(*, at: datetime, user_id: int | None = None, limit: int = 200) -> int:
    """Give waiting tickets to whoever can take them, in their order; `user_id` limits it to the queues of a
    person who became free. Each ticket in a transaction of its own, skipping those that another worker has in
    hand. Returns how many were given. Call outside a transaction."""
    teams = Agent.objects.filter(duty_state=DutyState.AVAILABLE, user__is_active=True)
    if user_id is not None:
        teams = teams.filter(user_id=user_id)
    rows = waiting().filter(queue__team__in=teams.values("teams"))
    given = 0
    exhausted: set[int] = set()
    for pk, queue_id in list(rows.values_list("pk", "queue_id")[:limit]):
        if queue_id in exhausted:
            continue
        done = _drain_one(pk, at=at)
        given += done is True
        if done is None:
            exhausted.add(queue_id)
    return given


@transaction.atomic
def _drain_one(pk: int, *, at: datetime) -> bool | None:
    """Whether the ticket was given; None when nobody of its queue has room left."""
    rows = Ticket.objects.unassigned().filter(pk=pk)
    ticket = lock_rows(rows.select_related(*scoring.NEEDED), skip_locked=True).first()
    if ticket is None:
        return False
    if _route(ticket, at=at) is not None:
        return True
    return False if _has_room(ticket) else None


def _has_room(ticket: Ticket) -> bool:
    if ticket.queue is None:
        return False
    agents = Agent.objects.filter(
        teams=ticket.queue.team_id, tier=ticket.queue.tier.code, duty_state=DutyState.AVAILABLE
    ).values_list("user_id", "ticket_capacity")
    capacities = dict(agents)
    taken = open_tickets(capacities)
    return any(taken.get(user_id, 0) < capacity for user_id, capacity in capacities.items())


def look_again(*, at: datetime) -> bool:
    """Have the waiting tickets tried again in a minute; False when that is set already."""
    if Timer.objects.filter(dedupe=LOOK_AGAIN).exists():
        return False
    set_timer(LOOK_AGAIN, subject_id=0, due_at=at + LOOK_AGAIN_AFTER, dedupe=LOOK_AGAIN)
    return True


# --- a person chooses ---------------------------------------------------------------------------------------


@transaction.atomic
def claim(*, ticket: Ticket, actor: Actor, at: datetime) -> Assignment:
    """Take a waiting ticket oneself. Taking one's own again changes nothing. Raises Conflict: somebody else
    has it ("already_taken"), one's hands are full ("at_capacity"), or it is done."""
    me = staff_id(actor)
    lock_ticket(ticket, viewer=actor, related=("assignee",))
    mine = _active_assignment(ticket)
    if mine is not None and ticket.assignee_id == me:
        return mine
    if ticket.status not in ACTIVE:
        raise refuse(ticket)
    if ticket.assignee_id is not None:
        raise Conflict(
            _("%(name)s has taken this ticket.") % {"name": ticket.assignee},
            code="already_taken",
            extra={"assignee": ticket.assignee_id},
        )
    agent = _agent_of(me)
    if _is_full(agent):
        raise Conflict(
            _("You have as many open tickets as you may have (%(limit)d).")
            % {"limit": agent.ticket_capacity},
            code="at_capacity",
        )
    return _give(ticket, agent, source=AssignmentSource.CLAIMED, actor=actor, at=at)


def take(ticket: Ticket, *, actor: Actor, at: datetime) -> Assignment | None:
    """Whoever works on a locked ticket that nobody has, has it, however many they have already; None when
    somebody has it, it is done, or they take no tickets (a supervisor)."""
    if ticket.assignee_id is not None or ticket.status not in ACTIVE:
        return None
    agent = lock_rows(Agent.objects.filter(user_id=staff_id(actor), user__is_active=True)).first()
    if agent is None:
        return None
    return _give(ticket, agent, source=AssignmentSource.CLAIMED, actor=actor, at=at)


@transaction.atomic
def assign(
    *, ticket: Ticket, agent: User | Agent, reason: str = "", actor: Actor, at: datetime
) -> Assignment:
    """Give a ticket to a person. Taking it from somebody else, or giving it to somebody whose hands are full,
    needs a reason. Giving it to whoever has it changes nothing. Raises InvalidInput (agent, reason), Conflict
    when it is done."""
    require_staff(actor)
    lock_ticket(ticket, viewer=actor)
    if ticket.status not in ACTIVE:
        raise refuse(ticket)
    user_id = agent.user_id if isinstance(agent, Agent) else agent.pk
    mine = _active_assignment(ticket)
    if mine is not None and ticket.assignee_id == user_id:
        return mine
    row = _agent_of(user_id)
    overrides = ticket.assignee_id is not None or _is_full(row)
    if overrides and not reason.strip():
        raise InvalidInput(
            fields={
                "reason": [
                    _("Somebody has this ticket: say why it goes to another.")
                    if ticket.assignee_id is not None
                    else _("This person has as many tickets as they may have: say why they get one more.")
                ]
            },
            code="reason_required",
        )
    source = AssignmentSource.OVERRIDDEN if overrides else AssignmentSource.ASSIGNED
    return _give(ticket, row, source=source, reason=reason.strip(), actor=actor, at=at)


def _active_assignment(ticket: Ticket) -> Assignment | None:
    return Assignment.objects.filter(ticket=ticket, until=None).first()


def _agent_of(user_id: int) -> Agent:
    agent = lock_rows(Agent.objects.filter(user_id=user_id, user__is_active=True)).first()
    if agent is None:
        raise InvalidInput(fields={"agent": [_("This person takes no tickets.")]}, code="no_agent")
    return agent


def _is_full(agent: Agent) -> bool:
    return open_tickets([agent.user_id]).get(agent.user_id, 0) >= agent.ticket_capacity


def _give(
    ticket: Ticket,
    agent: Agent,
    *,
    source: AssignmentSource,
    reason: str = "",
    scores: list[dict[str, Any]] | None = None,
    actor: Actor,
    at: datetime,
) -> Assignment:
    """Make somebody responsible for a locked ticket; the agent's row is locked, too."""
    before = ticket.assignee_id
    if before is not None:
        Assignment.objects.filter(ticket=ticket, until=None).update(until=at)
    assignment = Assignment.objects.create(
        ticket=ticket,
        agent_id=agent.user_id,
        source=source,
        reason=reason[:300],
        scores=scores or [],
        by_id=actor.id if actor.is_staff else None,
        since=at,
    )
    steward_id = ticket.steward_id or agent.user_id
    Ticket.objects.filter(pk=ticket.pk).update(
        assignee_id=agent.user_id, steward_id=steward_id, updated_at=at
    )
    ticket.assignee_id, ticket.steward_id, ticket.updated_at = agent.user_id, steward_id, at
    note_assignment(user_id=agent.user_id, at=at)
    event = announce(
        TicketAssigned(
            subject_id=ticket.pk,
            agent_id=agent.user_id,
            assignment_id=assignment.pk,
            source=source.value,
            before_agent_id=before,
        ),
        actor=actor,
        at=at,
        detail={"reason": reason} if reason else None,
    )
    timeline.record(ticket, event=event, public=True)
    return assignment
