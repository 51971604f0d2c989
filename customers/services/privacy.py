"""Masked values are shown to staff for a reason, and each look is kept."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.actors import Actor
from core.errors import InvalidInput, NotVisible
from core.events import announce
from core.services import limits
from customers.events import PersonalDataRevealed
from customers.models import Customer

#: what can be revealed
FIELDS = frozenset({"name", "phone", "email", "address"})
SHORTEST_REASON = 4
PER_HOUR = 30


def reveal(*, customer: Customer, field: str, reason: str, actor: Actor, at: datetime) -> str:
    """The unmasked value of a field (name, phone, email, address), for staff with a reason of at least four
    characters. Each look is an event with its reason in the detail; at most 30 an hour for each member of
    staff. Called outside a transaction, so that a refused try stays counted. Raises NotVisible for anybody
    else and for unknown fields, InvalidInput (`reason`), TooMany."""
    if not actor.is_staff or field not in FIELDS:
        raise NotVisible()
    reason = reason.strip()
    if len(reason) < SHORTEST_REASON:
        message = _("Say in a few words why you need it.")
        raise InvalidInput(message, code="reason_needed", fields={"reason": [message]})
    limits.spend(f"reveal:{actor.id}", limit=PER_HOUR, seconds=3600, at=at)
    with transaction.atomic():
        found = Customer.objects.visible_to(actor).filter(pk=customer.pk).first()
        if found is None:
            raise NotVisible()
        announce(
            PersonalDataRevealed(subject_id=found.pk, field=field),
            actor=actor,
            at=at,
            detail={"reason": reason[:300]},
        )
    value: str = getattr(found, field)
    if field == "address" and found.district:
        return f"{found.district} {value}".strip()
    return value
