"""Between the tiers: up with what is known, down with what to do."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.actors import Actor
from core.errors import Conflict, InvalidInput
from core.events import announce
from tickets.enums import ACTIVE, WAITING, HopDirection, Status
from tickets.events import TicketEscalated
from tickets.models import Category, EscalationReason, Queue, Ticket, Tier, TierHop
from tickets.services import clocks, routing, timeline
from tickets.services.state import _move, lock_ticket, refuse, staff_id

RELATED = ("tier", "queue__tier", "product__line", "channel", "category")


@transaction.atomic
def escalate(
    *,
    ticket: Ticket,
    reason: EscalationReason | None = None,
    category: Category | None = None,
    steps_tried: str = "",
    evidence: str = "",
    actor: Actor,
    at: datetime,
) -> TierHop:
    """Pass a ticket to the next tier, with its category, the steps tried and the evidence. It leaves its
    assignee and is routed there; its time at the tier starts anew; waiting for something ends. Raises
    InvalidInput (category, steps_tried, evidence) with every complaint at once, Conflict when there is no
    tier above ("top_tier") or the ticket is done."""
    staff_id(actor)
    complaints: dict[str, list[object]] = {}
    if category is None:
        complaints["category"] = [_("Choose a category: the next tier sorts by it.")]
    if not steps_tried.strip():
        complaints["steps_tried"] = [_("Say what was tried, so that nobody tries it again.")]
    if not evidence.strip():
        complaints["evidence"] = [_("Give the evidence: readings, log lines, what the photo shows.")]
    if complaints:
        raise InvalidInput(fields=complaints)
    lock_ticket(ticket, viewer=actor, related=RELATED)
    if ticket.status not in ACTIVE:
        raise refuse(ticket)
    origin = _tier_of(ticket)
    queue = _queue_beyond(ticket, origin, up=True)
    if queue is None:
        raise Conflict(_("There is no tier above this one."), code="top_tier", extra={"allowed": []})
    hop = TierHop(
        ticket=ticket,
        direction=HopDirection.UP,
        from_tier=origin,
        to_tier=queue.tier,
        reason=reason,
        category=category,
        steps_tried=steps_tried.strip(),
        evidence=evidence.strip(),
        by_id=actor.id,
        at=at,
    )
    return _pass_on(ticket, hop, queue, public=True, actor=actor, at=at)


@transaction.atomic
def hand_down(*, ticket: Ticket, instruction: str, actor: Actor, at: datetime) -> TierHop:
    """Pass a ticket back to the tier below with an instruction; whoever had it there gets it first, if
    available. Raises InvalidInput (instruction), Conflict when there is no tier below ("bottom_tier") or the
    ticket is done."""
    staff_id(actor)
    if not instruction.strip():
        raise InvalidInput(fields={"instruction": [_("Say what is to be done there.")]})
    lock_ticket(ticket, viewer=actor, related=RELATED)
    if ticket.status not in ACTIVE:
        raise refuse(ticket)
    origin = _tier_of(ticket)
    queue = _queue_beyond(ticket, origin, up=False)
    if queue is None:
        raise Conflict(_("There is no tier below this one."), code="bottom_tier", extra={"allowed": []})
    hop = TierHop(
        ticket=ticket,
        direction=HopDirection.DOWN,
        from_tier=origin,
        to_tier=queue.tier,
        instruction=instruction.strip(),
        by_id=actor.id,
        at=at,
    )
    return _pass_on(ticket, hop, queue, public=False, actor=actor, at=at)


def _tier_of(ticket: Ticket) -> Tier:
    if ticket.tier is None:
        raise Conflict(_("The ticket is not sorted yet. Try again in a moment."), code="not_queued")
    return ticket.tier


def _queue_beyond(ticket: Ticket, origin: Tier, *, up: bool) -> Queue | None:
    """The queue that takes the ticket in the nearest tier with a queue, above or below."""
    tiers = Tier.objects.filter(queues__active=True).distinct()
    tiers = (
        tiers.filter(position__gt=origin.position).order_by("position")
        if up
        else tiers.filter(position__lt=origin.position).order_by("-position")
    )
    tier = tiers.first()
    return routing.pick_queue(ticket, tier.code) if tier is not None else None


def _pass_on(
    ticket: Ticket, hop: TierHop, queue: Queue, *, public: bool, actor: Actor, at: datetime
) -> TierHop:
    hop.save(force_insert=True)
    if ticket.status in WAITING:
        _move(ticket, Status.OPEN, actor=actor, at=at)
    event = announce(
        TicketEscalated(
            subject_id=ticket.pk,
            hop_id=hop.pk,
            direction=hop.direction,
            from_tier=hop.from_tier.code,
            to_tier=hop.to_tier.code,
        ),
        actor=actor,
        at=at,
    )
    timeline.record(ticket, event=event, public=public)
    routing.enqueue(ticket, tier_code=queue.tier.code, queue=queue, actor=actor, at=at)
    clocks.restart_hop(ticket=ticket, actor=actor, at=at)
    return hop
