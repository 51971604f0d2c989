"""The rating on a ticket's page in the admin."""

from typing import Any

from django.http import HttpRequest

from core.admin_base import viewer_of
from core.panels import panel
from surveys.models import BadRatingFollowUp, SurveyInvitation
from tickets.models import Ticket


@panel("tickets.admin_page", template="admin/surveys/rating.html", order=20)
def rating(request: HttpRequest, ticket: Ticket) -> dict[str, Any] | None:
    """What the customer answered, newest first, and what became of a bad rating; nothing before anybody was asked."""
    viewer = viewer_of(request)
    asked = list(
        SurveyInvitation.objects.visible_to(viewer)
        .filter(ticket=ticket)
        .select_related("response", "rated_agent")
        .order_by("-cycle", "-pk")[:5]
    )
    if not asked:
        return None
    rows = BadRatingFollowUp.objects.visible_to(viewer).filter(ticket=ticket).select_related("owner")
    return {"asked": asked, "follow_ups": list(rows.order_by("-pk")[:5])}
