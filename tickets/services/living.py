"""Where a merged ticket's work goes on."""

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
