"""Asking for a rating: one invitation for each cycle of a ticket."""

import hashlib
import secrets
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext

from accounts.models import User
from channels_hub.enums import Author
from channels_hub.services.messages import send
from core.actors import SYSTEM
from core.db import lock_rows
from core.errors import Conflict, NotVisible
from core.events import announce
from surveys.events import SurveyOffered
from surveys.models import Survey, SurveyInvitation
from tickets.models import Ticket
from tickets.services import timeline

log = structlog.get_logger(__name__)

#: a card on the tracking page carries a signed pass instead of the token, which nobody knows any more
CARD_PREFIX = "c."
CARD_SALT = "surveys.card"
#: the client_id of the message that carries the link
MESSAGE_KEY = "survey:"


@transaction.atomic
def invite(*, ticket: Ticket, rated_agent: User | None = None, at: datetime) -> tuple[SurveyInvitation, str]:
    """Offer a rating for the ticket's present cycle; returns the invitation and its token, of which only the
    SHA-256 is kept. A second call for the cycle returns the same invitation and an empty token. Raises
    Conflict (`no_survey`) while no survey is active."""
    locked: Ticket = lock_rows(Ticket.objects.filter(pk=ticket.pk)).get()
    there = SurveyInvitation.objects.filter(ticket=locked, cycle=locked.cycle).first()
    if there is not None:
        return there, ""
    survey = Survey.objects.filter(active=True).order_by("code").first()
    if survey is None:
        raise Conflict(code="no_survey")
    token = secrets.token_urlsafe(24)
    invitation = SurveyInvitation.objects.create(
        survey=survey,
        ticket=locked,
        cycle=locked.cycle,
        rated_agent=rated_agent or locked.resolved_by or locked.assignee,
        token_hash=_hash(token),
        offered_at=at,
        expires_at=at + timedelta(hours=survey.valid_hours),
    )
    announce(
        SurveyOffered(subject_id=locked.pk, invitation_id=invitation.pk, cycle=locked.cycle),
        actor=SYSTEM,
        at=at,
    )
    return invitation, token


@transaction.atomic
def ask(*, ticket: Ticket, cycle: int, rated_agent: User | None, at: datetime) -> SurveyInvitation | None:
    """Invite and tell the customer, in the ticket's thread and in their language. None when the ticket went
    on meanwhile (another cycle, not resolved any more) or no survey is active. Doing it twice sends one
    message."""
    fresh = Ticket.objects.select_related("thread__channel", "customer").get(pk=ticket.pk)
    if fresh.cycle != cycle or fresh.resolved_at is None:
        return None
    try:
        invitation, token = invite(ticket=fresh, rated_agent=rated_agent, at=at)
    except Conflict:
        log.warning("no_active_survey", ticket=fresh.reference)
        return None
    if not token:
        return invitation
    url = settings.PUBLIC_URL + reverse("surveys:rate", args=[token])
    language = fresh.thread.language or fresh.customer.language or settings.LANGUAGE_CODE
    with translation.override(language):
        body = gettext("How was this service? Two taps, valid for %(hours)d hours: %(url)s") % {
            "hours": invitation.survey.valid_hours,
            "url": url,
        }
    message = send(
        thread=fresh.thread,
        body=body,
        author=Author.SYSTEM,
        client_id=f"{MESSAGE_KEY}{invitation.pk}",
        actor=SYSTEM,
        at=at,
    )
    timeline.record(fresh, message=message, public=True)
    return invitation


@transaction.atomic
def mark_delivered(*, invitation_id: int, at: datetime) -> bool:
    """The message with the link reached the customer; whether that was news."""
    return bool(SurveyInvitation.objects.filter(pk=invitation_id, delivered_at=None).update(delivered_at=at))


def invitation_of_token(*, token: str, at: datetime) -> SurveyInvitation:
    """The invitation behind a link's token or a card's pass, with all that its page shows. Raises NotVisible
    when it is wrong or has expired. The lookup goes by hash: its time tells nothing about the token."""
    rows = SurveyInvitation.objects.select_related(
        "survey", "ticket__brand", "ticket__customer", "rated_agent", "response__follow_up"
    ).filter(expires_at__gt=at)
    if token.startswith(CARD_PREFIX):
        found = rows.filter(pk=_opened_pass(token)).first()
    else:
        found = rows.filter(token_hash=_hash(token)).first()
    if found is None:
        raise NotVisible()
    return found


def card_pass(invitation: SurveyInvitation) -> str:
    """What a page that already proved its viewer (the tracking page) puts in place of the token."""
    return CARD_PREFIX + signing.dumps(invitation.pk, salt=CARD_SALT)


def _opened_pass(token: str) -> int:
    try:
        opened = signing.loads(token.removeprefix(CARD_PREFIX), salt=CARD_SALT)
    except signing.BadSignature:
        raise NotVisible() from None
    return int(opened)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
