"""Which tickets whom concern."""

from datetime import datetime, timedelta
from typing import Any, Self

from django.db.models import F, Q, QuerySet

from core.actors import Actor
from tickets.enums import ACTIVE, Status

#: what is due so soon needs a person now
SOON = timedelta(minutes=30)


def is_overdue(at: datetime) -> Q:
    """Of active tickets: the deadline has passed."""
    return Q(due_at__lt=at)


def is_due_soon(at: datetime) -> Q:
    """Of active tickets: the deadline is within half an hour, and not past."""
    return Q(due_at__gte=at, due_at__lt=at + SOON)


def is_unanswered() -> Q:
    """Of active tickets: the customer waits for an answer for which nobody is responsible, or that has no deadline."""
    return Q(awaiting_reply=True) & (Q(assignee=None) | Q(due_at=None))


class TicketQuerySet(QuerySet[Any]):
    def visible_to(self, viewer: Actor) -> Self:
        """Supervisors and quality see all; an agent the queues of their teams and what they are assigned or steward of;
        a customer their own; the holder of a link its one ticket; a visitor the tickets of their chat."""
        if viewer.kind == "system" or (viewer.is_staff and viewer.sees_all):
            return self
        if viewer.is_staff:
            return self.filter(
                Q(queue__team_id__in=viewer.scopes) | Q(assignee_id=viewer.id) | Q(steward_id=viewer.id)
            )
        if viewer.kind == "customer":
            return self.filter(customer_id=viewer.id)
        if viewer.kind == "link":
            return self.filter(pk=viewer.id)
        if viewer.kind == "visitor":
            return self.filter(thread_id=viewer.id)
        return self.none()

    def active(self) -> Self:
        """Not resolved, closed or merged."""
        return self.filter(status__in=ACTIVE)

    def unassigned(self) -> Self:
        """Waiting for somebody to take them."""
        return self.filter(assignee=None, status__in=[Status.NEW, Status.OPEN])

    def overdue(self, at: datetime) -> Self:
        """Active, with a running clock past its deadline."""
        return self.active().filter(is_overdue(at))

    def due_soon(self, at: datetime) -> Self:
        """Active, with a deadline within half an hour."""
        return self.active().filter(is_due_soon(at))

    def unanswered(self) -> Self:
        """Active, and the customer waits for an answer without an owner or a deadline."""
        return self.active().filter(is_unanswered())

    def unpromised(self) -> Self:
        """Active and judged, but no SLA policy covered them: nothing will ever fall due."""
        return self.active().filter(sla_target=None).exclude(grade="")

    def waiting_on_customer(self) -> Self:
        return self.filter(status=Status.WAITING_CUSTOMER)

    def by_due(self) -> Self:
        """What is due comes first; what has no running clock last."""
        return self.order_by(F("due_at").asc(nulls_last=True), "id")


class AlertQuerySet(QuerySet[Any]):
    def visible_to(self, viewer: Actor) -> Self:
        """Staff see the alerts of the tickets they see; customers none."""
        if viewer.kind == "system" or (viewer.is_staff and viewer.sees_all):
            return self
        if not viewer.is_staff:
            return self.none()
        tickets = self.model._meta.get_field("ticket").related_model._default_manager
        return self.filter(ticket__in=tickets.visible_to(viewer))

    def open(self) -> Self:
        """Nobody took note of them."""
        return self.filter(acknowledged_at=None)


class MacroQuerySet(QuerySet[Any]):
    def visible_to(self, viewer: Actor) -> Self:
        """Staff: those for everybody and those of their teams; whoever sees all tickets sees all. Nobody else any."""
        if viewer.is_system or (viewer.is_staff and viewer.sees_all):
            return self
        if viewer.is_staff:
            return self.filter(Q(team=None) | Q(team_id__in=viewer.scopes))
        return self.none()

    def for_ticket(self, ticket: Any) -> Self:
        """In use, and meant for a ticket of this queue and category (or one above it, up to the top)."""
        category = ticket.category
        above = (
            [category.pk, category.parent_id, category.parent and category.parent.parent_id]
            if category
            else []
        )
        return self.filter(
            Q(queue=None) | Q(queue_id=ticket.queue_id or 0),
            Q(category=None) | Q(category_id__in=[number for number in above if number]),
            active=True,
        )
