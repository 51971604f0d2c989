"""Tickets that may be the same issue, though they came by different ways."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
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


def has_company() -> Any:
    """For an annotation of tickets: whether anything may stand under "other tickets" (`possible`, `related_of`), so
    that a page asks for it only then. Each part by an index of its own."""
    others = Ticket.objects.order_by().exclude(pk=OuterRef("pk"))
    phone = Q(customer__phone=OuterRef("customer__phone")) & ~Q(customer__phone="")
    return (
        Q(linked_to__isnull=False)
        | Q(split_from__isnull=False)
        | Q(merged_into__isnull=False)
        | Exists(TicketLink.objects.filter(source=OuterRef("pk")))
        | Exists(TicketLink.objects.filter(target=OuterRef("pk")))
        | Exists(others.filter(linked_to=OuterRef("pk")))
        | Exists(others.filter(split_from=OuterRef("pk")))
        | Exists(others.filter(merged_into=OuterRef("pk")))
        | Exists(others.active().filter(customer_id=OuterRef("customer_id")))
        | Exists(others.active().filter(Q(serial=OuterRef("serial")) & ~Q(serial="")))
        | Exists(others.active().filter(phone))
    )


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
