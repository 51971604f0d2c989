"""Private links to one ticket, and progress by number and phone."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput, NotVisible
from core.services.limits import spend
from customers.models import Identity
from customers.services.contacts import clean_phone
from tickets import rules
from tickets.models import Ticket, TrackingLink
from tickets.services.living import living

#: wrong links from one address an hour; numbers with phones from one address, and tried on one number, an
#: hour
WRONG_LINKS = 30
LOOK_UPS = 20
LOOK_UPS_OF_ONE = 10
HOUR = 3600


@transaction.atomic(savepoint=False)
def issue_link(*, ticket: Ticket, at: datetime) -> str:
    """A new private link to the ticket: the token, of which only the SHA-256 is kept. Earlier links stay
    valid."""
    token = secrets.token_urlsafe(32)
    TrackingLink.objects.create(
        ticket=ticket,
        token_hash=_hash(token),
        created_at=at,
        expires_at=at + timedelta(days=rules.LINK_DAYS),
    )
    return token


def ticket_of_token(*, token: str, at: datetime, bucket: str = "") -> Ticket:
    """The ticket of a valid link. A wrong, expired or revoked one raises NotVisible, and counts against
    `bucket` (the door's address of the asker): TooMany after WRONG_LINKS an hour. The lookup goes by hash, so
    that its time tells nothing about the token. A merged ticket leads to what it was merged into. Call
    outside a transaction."""
    link = (
        TrackingLink.objects.filter(token_hash=_hash(token), expires_at__gt=at, revoked_at=None)
        .select_related("ticket__customer", "ticket__thread__channel")
        .first()
    )
    if link is None:
        if bucket:
            spend(f"link:{bucket}", limit=WRONG_LINKS, seconds=HOUR, at=at)
        raise NotVisible()
    return living(link.ticket, same_customer=True)


def look_up(*, reference: str, phone: str, at: datetime, bucket: str = "") -> Ticket:
    """The ticket of this number, if the phone is its customer's. Raises NotVisible on any mismatch (and tells
    not which), InvalidInput for something that is no phone number, TooMany when the address or the number was
    tried too often. Call outside a transaction."""
    if not reference.strip():
        raise InvalidInput(
            fields={"reference": [_("Please enter the number of your request, such as T-2026-000042.")]}
        )
    phone = clean_phone(phone)
    reference = reference.strip().upper()[:24]
    if bucket:
        spend(f"look-up:{bucket}", limit=LOOK_UPS, seconds=HOUR, at=at)
    spend(f"look-up-of:{reference}", limit=LOOK_UPS_OF_ONE, seconds=HOUR, at=at)
    ticket = Ticket.objects.select_related("customer").filter(reference=reference).first()
    if ticket is None or not _is_phone_of(ticket.customer_id, ticket.customer.phone, phone):
        raise NotVisible()
    return living(ticket, same_customer=True)


@transaction.atomic
def revoke_links(*, ticket: Ticket, at: datetime) -> int:
    """Make all links to the ticket worthless; returns how many were good."""
    return TrackingLink.objects.filter(ticket=ticket, revoked_at=None, expires_at__gt=at).update(
        revoked_at=at
    )


def _is_phone_of(customer_id: int, own: str, phone: str) -> bool:
    known = Identity.objects.filter(customer_id=customer_id, kind="phone", value=phone).exists()
    return known or secrets.compare_digest(own.encode(), phone.encode())


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
