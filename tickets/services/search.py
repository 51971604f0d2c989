"""Finding tickets: by number, phone, serial number, or words."""

import re
from collections.abc import Iterable, Sequence
from typing import Literal

from django.db.models import QuerySet

from channels_hub.models import Message
from core.actors import Actor
from core.search import candidates, index_rows
from core.tokens import normalise, sounds, sounds_in, tokens
from customers.models import Customer, Identity
from customers.rules import phone_digits, serial_key
from tickets.models import Ticket, TicketSearchEntry

REFERENCE = re.compile(r"^t?-?(?:(20\d\d)-)?0*(\d{1,9})$")
#: messages of one ticket that are indexed: the newest
MESSAGES = 100


def index_tickets(ids: Iterable[int]) -> int:
    """Write the search entries of these tickets (again); returns how many. Two queries for reading, one for
    writing."""
    rows = Ticket.objects.filter(pk__in=list(ids)).select_related("product__line", "category")
    tickets = {ticket.pk: ticket for ticket in rows.order_by("pk")}
    said = Message.objects.filter(entries__ticket__in=tickets).order_by("-entries__id")
    bodies: dict[int, list[str]] = {}
    for ticket_id, body in said.values_list("entries__ticket_id", "body"):
        texts = bodies.setdefault(ticket_id, [])
        if len(texts) < MESSAGES:
            texts.append(body)
    entries = [entry_of(ticket, bodies.get(ticket.pk, [])) for ticket in tickets.values()]
    return index_rows(TicketSearchEntry, entries, key=["ticket"]) if entries else 0


def entry_of(ticket: Ticket, bodies: list[str]) -> TicketSearchEntry:
    """The unsaved search entry of a ticket with these messages, the newest first."""
    product = ticket.product
    title = tokens(
        " ".join(
            [
                ticket.subject,
                ticket.reference,
                ticket.serial,
                ticket.error_code,
                f"{product.model} {product.name_zh} {product.name_en}" if product else "",
                f"{ticket.category.name_zh} {ticket.category.name_en}" if ticket.category else "",
            ]
        )
    )
    body = tokens("\n".join([ticket.symptom, *bodies]))
    return TicketSearchEntry(
        ticket=ticket,
        title=" ".join(title),
        body=" ".join(body),
        pinyin=" ".join(dict.fromkeys(sounds([*title, *body]))),
    )


def find(*, query: str, viewer: Actor, limit: int = 50) -> list[int]:
    """Ids of tickets that the viewer may see, the best match first: an exact number, a phone or a serial
    number decides; otherwise words, all of them before any of them, and what sounds like them last."""
    text = normalise(query)
    if not text:
        return []
    visible = Ticket.objects.visible_to(viewer)
    exact = _exact(text, visible, viewer, limit)
    if exact is not None:
        return exact
    words = list(dict.fromkeys(tokens(text)))
    tries: list[tuple[Sequence[str | list[str]], Literal["all", "any"]]] = [
        (words, "all"),
        (words, "any"),
        ([sounds_in(text)], "any"),
    ]
    for groups, match in tries:
        if any(groups) and (found := _by_words(groups, match, visible, viewer, limit)):
            return found
    return []


def _by_words(
    groups: Sequence[str | list[str]],
    match: Literal["all", "any"],
    visible: QuerySet[Ticket],
    viewer: Actor,
    limit: int,
) -> list[int]:
    """The best matches that are visible. Staff see most tickets: asking who may see the best of all is
    cheaper than looking among what they may see, which is done only when too few of the best are theirs."""
    if viewer.is_staff or viewer.is_system:
        enough = limit if viewer.sees_all else 4 * limit
        best = candidates(TicketSearchEntry, groups, limit=enough, match=match, value="ticket_id")
        ids = [candidate.id for candidate in best]
        if viewer.sees_all:
            return ids
        seen = set(visible.filter(pk__in=ids).values_list("pk", flat=True))
        mine = [pk for pk in ids if pk in seen][:limit]
        if len(mine) == limit or len(ids) < enough:
            return mine
    within = TicketSearchEntry.objects.filter(ticket__in=visible)
    best = candidates(TicketSearchEntry, groups, limit=limit, match=match, value="ticket_id", within=within)
    return [candidate.id for candidate in best]


def _exact(text: str, visible: QuerySet[Ticket], viewer: Actor, limit: int) -> list[int] | None:
    """Tickets by number, the customer's phone (staff only), or serial number, the newest first; None when the
    text is none of these. A whole number (with T or the year) that the viewer may not see finds nothing, and
    no words either."""
    number = REFERENCE.match(text.replace(" ", ""))
    if number:
        rows = visible.filter(pk=int(number[2]))
        rows = rows.filter(reference__startswith=f"T-{number[1]}-") if number[1] else rows
        found = list(rows.values_list("pk", flat=True))
        if found or number[1] or text.startswith("t"):
            return found
    phone = phone_digits(text)
    if phone and (viewer.is_staff or viewer.is_system):
        known = set(
            Identity.objects.filter(kind="phone", value=phone).values_list("customer_id", flat=True)
        ) | set(Customer.objects.filter(phone=phone).values_list("pk", flat=True))
        found = _newest(visible.filter(customer_id__in=known), limit) if known else []
        if found:
            return found
    serial = serial_key(text)
    if 6 <= len(serial) <= 40 and any(c.isdigit() for c in serial):
        return _newest(visible.filter(serial=serial), limit) or None
    return None


def _newest(rows: QuerySet[Ticket], limit: int) -> list[int]:
    return list(rows.order_by("-pk").values_list("pk", flat=True)[:limit])
