"""What stands on a ticket's page in the admin."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from accounts.models import User
from core import clock
from core.actors import Actor
from core.masks import mask_address, mask_email, mask_name, mask_phone
from core.panels import panels_at
from customers.services.warranty import warranty_of
from tickets.admin.rows import GRADE_LOOK, due_chip, status_names
from tickets.enums import Grade
from tickets.models import Assignment, Ticket
from tickets.services import timeline
from tickets.services.classify import reason_words
from tickets.services.clocks import clock_view
from tickets.services.why import why

#: where upper apps put their part of the page (core.panels); they get request and ticket
PLACE = "tickets.admin_page"
RELATED = (
    "customer__region",
    "product__line",
    "product__brand",
    "device__product",
    "queue",
    "tier",
    "category__parent",
    "assignee",
    "steward",
    "channel",
    "thread",
    "brand",
    "sla_policy",
    "sla_target",
    "solution_code",
    "root_cause__parent",
    "resolved_by",
    "merged_into",
    "linked_to",
)
LINES = 50


def fetch(rows: "QuerySet[Ticket]", object_id: str) -> Ticket | None:
    """The ticket with all that the page names, if this viewer may see it."""
    if not object_id.isdecimal():
        return None
    return rows.select_related(*RELATED).filter(pk=int(object_id)).first()


def lines_of(
    ticket: Ticket, *, viewer: Actor, limit: int = LINES, before: int | None = None
) -> list[timeline.Line]:
    return timeline.read(ticket, viewer=viewer, limit=limit, before=before)


def context_of(ticket: Ticket, *, viewer: Actor, request: HttpRequest) -> dict[str, Any]:
    """Everything on the page; the number of queries does not depend on how much happened."""
    at = clock.now()
    earlier = request.GET.get("before", "")
    lines = lines_of(ticket, viewer=viewer, before=int(earlier) if earlier.isdecimal() else None)
    status, look = status_names().get(ticket.status, (str(ticket.get_status_display()), "grey"))
    return {
        "status": status,
        "status_look": look,
        "grade_look": GRADE_LOOK.get(Grade(ticket.grade), "") if ticket.grade else "",
        "due": due_chip(_due(ticket), at),
        "faces": clock_view(list(ticket.clocks.select_related("calendar")), at),
        "lines": lines,
        "earlier": lines[0].id if len(lines) == LINES else None,
        "assignee": name_of(ticket.assignee),
        "why_grade": reason_words(ticket),
        "assignments": assignments_of(ticket),
        "hops": list(
            ticket.hops.select_related("from_tier", "to_tier", "reason", "category", "by").order_by("-at")[
                :20
            ]
        ),
        "person": person_card(ticket, at),
        "others": list(
            Ticket.objects.visible_to(viewer)
            .filter(customer_id=ticket.customer_id)
            .exclude(pk=ticket.pk)
            .order_by("-created_at")
            .values("pk", "reference", "subject", "status")[:5]
        ),
        "panels": panels(request, ticket),
    }


def _due(ticket: Ticket) -> dict[str, Any]:
    return {name: getattr(ticket, name) for name in ("status", "due_at", "due_kind", "due_total")}


def person_card(ticket: Ticket, at: Any) -> dict[str, Any]:
    """The customer, masked: what is behind a mask is not in the page."""
    customer = ticket.customer
    devices = list(customer.devices.select_related("product__line", "product__brand").order_by("-pk")[:5])
    device = ticket.device
    return {
        "name": customer.salutation or mask_name(customer.name),
        "phone": mask_phone(customer.phone),
        "email": mask_email(customer.email),
        "address": mask_address(customer.address),
        "city": customer.region.name if customer.region else "",
        "district": customer.district,
        "care": customer.care_labels,
        "devices": devices,
        "warranty": warranty_of(device, at.date()) if device is not None else None,
    }


def assignments_of(ticket: Ticket) -> list[dict[str, Any]]:
    """Who was responsible, newest first; why it is the present one, in words and with everybody considered."""
    rows = list(
        Assignment.objects.filter(ticket=ticket).select_related("agent", "by").order_by("-since", "-id")[:10]
    )
    return [
        {
            "row": row,
            "agent": name_of(row.agent),
            "by": name_of(row.by),
            "why": why(row) if place == 0 else None,
        }
        for place, row in enumerate(rows)
    ]


def name_of(user: User | None) -> str:
    """A colleague in the reader's language."""
    return timeline.person_name(user.display_name, user.display_name_en, user.username) if user else ""


def panels(request: HttpRequest, ticket: Ticket) -> list[SafeString]:
    """The parts of upper apps, rendered."""
    found = []
    for panel in panels_at(PLACE):
        context = panel.context(request, ticket)
        if context is not None:
            found.append(mark_safe(render_to_string(panel.template, context, request=request)))  # noqa: S308  a template's own output
    return found
