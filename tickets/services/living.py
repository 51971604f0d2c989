"""Where a merged ticket's work goes on."""

from core.actors import Actor
from tickets.models import Ticket

#: merges of merges that are followed: far more than people make
DEPTH = 20


def living(ticket: Ticket, *, same_customer: bool = False) -> Ticket:
    """What the ticket was merged into, to the end; the ticket itself when it was not merged. With `same_customer` it
    ends before somebody else's ticket: what is private to one customer does not lead to another."""
    for _hop in range(DEPTH):
        if ticket.merged_into_id is None:
            return ticket
        following = Ticket.objects.select_related("customer", "thread__channel").get(pk=ticket.merged_into_id)
        if same_customer and following.customer_id != ticket.customer_id:
            return ticket
        ticket = following
    return ticket


def found_by(reference: str, *, viewer: Actor, related: tuple[str, ...] = ()) -> Ticket | None:
    """The customer's ticket of this number, or what it became a part of: the address and the app's list stay good.
    None for what the viewer may not see."""
    rows = Ticket.objects.visible_to(viewer).select_related(*related)
    ticket = rows.filter(reference=reference).first()
    if ticket is not None and ticket.merged_into_id is None:
        return ticket
    named = ticket or Ticket.objects.filter(reference=reference, merged_into__isnull=False).first()
    return rows.filter(pk=living(named, same_customer=True).pk).first() if named is not None else None
