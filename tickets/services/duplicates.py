"""Tickets that may be the same issue, though they came by different ways."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import BooleanField, Exists, OuterRef, Q
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext

from core.actors import Actor
from core.events import announce
from customers.services.contacts import holders_of
from tickets.enums import ACTIVE
from tickets.events import DuplicateDismissed
from tickets.models import NotDuplicate, Ticket, TicketLink
from tickets.services.merge import lock_pair
from tickets.services.state import require_staff

#: how far apart two tickets of one issue were opened, and how many are shown
DAYS = 14
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Possible:
    """Another open ticket, and why it may be the same issue, in words; the strongest reason first."""

    id: int
    reference: str
    subject: str
    status: str
    channel: str
    created_at: datetime
    assignee: str
    reasons: list[str]
    same_customer: bool


def possible(*, ticket: Ticket, viewer: Actor, limit: int = SHOWN) -> list[Possible]:
    """Other open tickets that the viewer may see, opened at most DAYS before or after, of the same customer, of the
    same serial number, or of somebody known by the same phone; without those that are linked or were said to be
    different. The most alike first. At most four queries."""
    if ticket.status not in ACTIVE:
        return []
    phone = ticket.customer.phone
    customers = {ticket.customer_id, *(row.pk for row in (holders_of("phone", phone) if phone else ()))}
    alike = Q(customer_id__in=customers)
    if ticket.serial:
        alike |= Q(serial=ticket.serial)
    span = timedelta(days=DAYS)
    rows = (
        Ticket.objects.visible_to(viewer)
        .active()
        .filter(alike, created_at__gte=ticket.created_at - span, created_at__lte=ticket.created_at + span)
        .exclude(pk=ticket.pk)
        .exclude(_settled(ticket))
        .exclude(split_from=ticket)
        .order_by("-created_at")
    )
    if ticket.split_from_id is not None:
        rows = rows.exclude(pk=ticket.split_from_id)
    found = rows.values(
        "id",
        "reference",
        "subject",
        "status",
        "channel__kind",
        "created_at",
        "customer_id",
        "serial",
        "product_id",
        "category_id",
        "error_code",
        "assignee__display_name",
    )[: 4 * limit]
    weighed = sorted(((_weigh(ticket, row), row) for row in found), key=lambda pair: -pair[0][0])
    return [
        Possible(
            id=row["id"],
            reference=row["reference"],
            subject=row["subject"],
            status=row["status"],
            channel=row["channel__kind"],
            created_at=row["created_at"],
            assignee=row["assignee__display_name"] or "",
            reasons=reasons,
            same_customer=row["customer_id"] == ticket.customer_id,
        )
        for (_weight, reasons), row in weighed[:limit]
    ]


#: each part by an index of its own. Written in SQL: built from querysets it would cost more than all the rest of the
#: ticket's page, which it is there to make cheaper
_HAS_COMPANY = """(
    tickets_ticket.linked_to_id IS NOT NULL
    OR tickets_ticket.split_from_id IS NOT NULL
    OR tickets_ticket.merged_into_id IS NOT NULL
    OR EXISTS (SELECT 1 FROM tickets_ticketlink l WHERE l.source_id = tickets_ticket.id)
    OR EXISTS (SELECT 1 FROM tickets_ticketlink l WHERE l.target_id = tickets_ticket.id)
    OR EXISTS (SELECT 1 FROM tickets_ticket o WHERE o.linked_to_id = tickets_ticket.id)
    OR EXISTS (SELECT 1 FROM tickets_ticket o WHERE o.split_from_id = tickets_ticket.id)
    OR EXISTS (SELECT 1 FROM tickets_ticket o WHERE o.merged_into_id = tickets_ticket.id)
    OR EXISTS (
        SELECT 1 FROM tickets_ticket o
        WHERE o.customer_id = tickets_ticket.customer_id AND o.id <> tickets_ticket.id AND o.status IN ({active})
    )
    OR EXISTS (
        SELECT 1 FROM tickets_ticket o
        WHERE o.serial = tickets_ticket.serial AND o.serial <> ''
            AND o.id <> tickets_ticket.id AND o.status IN ({active})
    )
    OR EXISTS (
        SELECT 1 FROM customers_customer me
        JOIN customers_customer c ON c.phone = me.phone AND c.phone <> ''
        JOIN tickets_ticket o ON o.customer_id = c.id
        WHERE me.id = tickets_ticket.customer_id AND o.id <> tickets_ticket.id AND o.status IN ({active})
    )
)""".format(active=", ".join(f"'{status.value}'" for status in sorted(ACTIVE)))  # noqa: S608  only names of states go in


def has_company() -> RawSQL:
    """For an annotation of tickets: whether anything may stand under "other tickets" (`possible`, `related_of`), so
    that a page asks for it only then."""
    return RawSQL(_HAS_COMPANY, [], output_field=BooleanField())  # noqa: S611  a constant


def _settled(ticket: Ticket) -> Q:
    """Pairs that somebody has looked at: said to be different, or linked."""
    seen = Q(first=ticket, second=OuterRef("pk")) | Q(second=ticket, first=OuterRef("pk"))
    linked = Q(source=ticket, target=OuterRef("pk")) | Q(target=ticket, source=OuterRef("pk"))
    return Q(Exists(NotDuplicate.objects.filter(seen))) | Q(Exists(TicketLink.objects.filter(linked)))


def _weigh(ticket: Ticket, row: Mapping[str, Any]) -> tuple[int, list[str]]:
    """How alike two tickets are, and why."""
    reasons: list[tuple[int, str]] = []
    model = ticket.product_id is not None and row["product_id"] == ticket.product_id
    category = ticket.category_id is not None and row["category_id"] == ticket.category_id
    if ticket.serial and row["serial"] == ticket.serial:
        reasons.append((8, gettext("same serial number")))
    if model and category:
        reasons.append((6, gettext("same model and category")))
    elif model:
        reasons.append((3, gettext("same model")))
    elif category:
        reasons.append((2, gettext("same category")))
    if ticket.error_code and row["error_code"] == ticket.error_code:
        reasons.append((4, gettext("same error code")))
    if row["customer_id"] == ticket.customer_id:
        reasons.append((1, gettext("same customer")))
    elif not ticket.serial or row["serial"] != ticket.serial:
        reasons.append((1, gettext("same phone number")))
    reasons.sort(key=lambda reason: -reason[0])
    return sum(weight for weight, _words in reasons), [words for _weight, words in reasons]


@transaction.atomic
def dismiss(*, ticket: Ticket, other: Ticket, actor: Actor, at: datetime) -> NotDuplicate:
    """Remember that the two are different issues; saying it twice is saying it once. Raises NotVisible."""
    require_staff(actor)
    lock_pair(ticket, other, viewer=actor)
    first, second = sorted((ticket, other), key=lambda row: row.pk)
    kept, new = NotDuplicate.objects.get_or_create(
        first=first,
        second=second,
        defaults={"by_id": actor.id if actor.is_staff else None, "at": at},
    )
    if new:
        announce(DuplicateDismissed(subject_id=ticket.pk, other_id=other.pk), actor=actor, at=at)
    return kept
