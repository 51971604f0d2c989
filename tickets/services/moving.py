"""Between the queues of one tier, by a person."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.actors import Actor
from core.errors import InvalidInput
from tickets.enums import ACTIVE
from tickets.models import Queue, Ticket
from tickets.services import routing
from tickets.services.state import lock_ticket, refuse, require_staff


@transaction.atomic
def move_to_queue(*, ticket: Ticket, queue: Queue, actor: Actor, at: datetime) -> Ticket:
    """Let a ticket wait in another queue of its tier; whoever had it is free of it, and it is routed there. The queue
    in which it waits already changes nothing. Raises InvalidInput (queue): another tier (that is an escalation), or
    not in use; Conflict when the ticket is done."""
    require_staff(actor)
    lock_ticket(ticket, viewer=actor, related=("tier", "queue__tier"))
    if ticket.status not in ACTIVE:
        raise refuse(ticket)
    if not queue.active:
        raise InvalidInput(fields={"queue": [_("This queue is not in use.")]}, code="queue_off")
    if ticket.tier_id is not None and ticket.tier_id != queue.tier_id:
        message = _("This queue belongs to another tier: escalate or hand down instead.")
        raise InvalidInput(message, code="other_tier", fields={"queue": [message]})
    routing.enqueue(ticket, tier_code=queue.tier.code, queue=queue, actor=actor, at=at)
    return ticket
