"""Who may read surveys and follow-ups."""

from typing import Any, Self

from django.db.models import Exists, Q, QuerySet

from accounts.models import Team
from core.actors import Actor
from surveys.enums import OPEN_STATES, FollowUpState

#: the purpose of the teams that call customers after service
AFTERCARE = "aftercare"


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
        """Staff who see all and the owner; what has no owner yet also the aftercare team; never the rated
        agent."""
        if viewer.kind == "system":
            return self
        if not viewer.is_staff:
            return self.none()
        others = self.filter(~Q(rated_agent_id=viewer.id))
        if viewer.sees_all:
            return others
        aftercare = Team.objects.filter(pk__in=viewer.scopes, purpose=AFTERCARE)
        return others.filter(Q(owner_id=viewer.id) | Q(owner=None) & Exists(aftercare))

    def open(self) -> Self:
        return self.filter(state__in=OPEN_STATES)

    def not_contacted(self) -> Self:
        """Nobody has reached the customer yet."""
        return self.filter(state__in=[FollowUpState.TO_DO, FollowUpState.CONTACTING], first_contact_at=None)
