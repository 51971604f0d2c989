"""What surveys hears: a ticket was resolved, a rating came back, its message arrived, time is running out."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast

import structlog
from django.http import HttpRequest
from django.urls import reverse

from accounts.models import User
from channels_hub.enums import SendState
from channels_hub.events import MessageStateChanged
from channels_hub.models import Message
from core import clock, live
from core.actors import Actor, ActorKind
from core.errors import Conflict
from core.events import subscribe
from core.models import Event, Timer
from core.panels import panel
from core.services.timers import on_timer
from customers.viewers import viewer_of
from surveys.events import SurveyAnswered, SurveyOffered
from surveys.forms import STARS
from surveys.models import SurveyInvitation
from surveys.services import followups, invite
from tickets.enums import Status
from tickets.events import TicketResolved
from tickets.models import Ticket
from tickets.services import resolve

log = structlog.get_logger(__name__)

ARRIVED = frozenset({SendState.SENT, SendState.DELIVERED, SendState.READ})


@subscribe(TicketResolved)
def ask_for_rating(event: Event) -> None:
    """Ask for a rating, for the cycle that was resolved; the rated agent is who resolved it."""
    agent_id = event.data.get("agent_id")
    invite.ask(
        ticket=Ticket(pk=event.subject_id),
        cycle=event.data["cycle"],
        rated_agent=User.objects.filter(pk=agent_id).first() if agent_id else None,
        at=clock.now(),
    )


@subscribe(MessageStateChanged)
def note_delivery(event: Event) -> None:
    """Keep that the survey's message reached the customer."""
    if event.data["state"] not in ARRIVED:
        return
    key = Message.objects.filter(pk=event.data["message_id"]).values_list("client_id", flat=True).first()
    if key and key.startswith(invite.MESSAGE_KEY):
        invite.mark_delivered(invitation_id=int(key.removeprefix(invite.MESSAGE_KEY)), at=event.at)


@subscribe(SurveyAnswered)
def reopen_unsolved(event: Event) -> None:
    """ "Not solved" in a survey is a reopening, by whoever answered; nothing when the ticket is open again
    already."""
    if event.data["solved"] is not False:
        return
    invitation = SurveyInvitation.objects.select_related("ticket", "response").get(
        pk=event.data["invitation_id"]
    )
    ticket = invitation.ticket
    if ticket.cycle != invitation.cycle or ticket.status not in (Status.RESOLVED, Status.CLOSED):
        return
    try:
        resolve.reopen(
            ticket=ticket,
            reason="survey",
            actor=Actor(cast(ActorKind, event.actor_kind), event.actor_id),
            at=clock.now(),
        )
    except Conflict as error:  # opened, or out of its time, at this very moment: trying again would not help
        log.info("not_reopened", ticket=ticket.reference, code=error.code)


@live.route("ticket")
def news_for_the_customer(event: Event) -> Iterable[tuple[str, int]]:
    """The card on the customer's page appears with the offer and changes with the answer."""
    if event.kind in (SurveyOffered.kind, SurveyAnswered.kind):
        yield "request", event.subject_id


@panel("ticket-track", template="surveys/_rate_card.html", order=20)
def rate_card(request: HttpRequest, ticket: Ticket, viewer: Actor) -> dict[str, Any] | None:
    """The rating on a customer's page of a ticket: asked while the invitation is valid, then what they gave.
    The page has proven its viewer, so the card carries a signed pass; staff never see it."""
    if viewer.kind not in ("customer", "link") or viewer_of(request).is_staff:
        return None
    invitation = (
        SurveyInvitation.objects.filter(ticket=ticket, cycle=ticket.cycle).select_related("response").first()
    )
    if invitation is None:
        return None
    response = getattr(invitation, "response", None)
    if response is None and invitation.expires_at <= clock.now():
        return None
    return {
        "rating": response,
        "stars": STARS,
        "rate_url": reverse("surveys:rate", args=[invite.card_pass(invitation)]),
    }


@on_timer(followups.TIMER)
def follow_up_is_open(timer: Timer, at: datetime) -> None:
    """A share of a follow-up's time is over."""
    followups.escalate_follow_up(follow_up_id=timer.subject_id, step=timer.data["step"], at=at)
