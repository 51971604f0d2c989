"""Who may read surveys and follow-ups."""

from typing import Any, Self

from django.db.models import Q, QuerySet

from core.actors import Actor
from surveys.enums import OPEN_STATES


class InvitationQuerySet(QuerySet[Any]):
    def visible_to(self, viewer: Actor) -> Self:
        """Staff who see all; customers their own; the holder of a tracking link that of its ticket."""
        if viewer.kind == "system" or (viewer.is_staff and viewer.sees_all):
            return self
        if viewer.kind == "customer":
            return self.filter(ticket__customer_id=viewer.id)
        if viewer.kind == "link":
            return self.filter(ticket_id=viewer.id)
        return self.none()


class FollowUpQuerySet(QuerySet[Any]):
    def visible_to(self, viewer: Actor) -> Self:
        """Staff who see all, and the owner; never the rated agent."""
        if viewer.kind == "system" or (viewer.is_staff and viewer.sees_all):
            return self
        if viewer.is_staff:
            return self.filter(Q(owner_id=viewer.id) & ~Q(rated_agent_id=viewer.id))
        return self.none()

    def open(self) -> Self:
        return self.filter(state__in=OPEN_STATES)
