"""What a customer agreed to, by purpose, with the words they saw."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.actors import Actor
from core.db import lock_rows
from core.errors import InvalidInput, NotVisible
from core.events import announce
from customers.enums import Purpose
from customers.events import ConsentGiven, ConsentWithdrawn
from customers.models import Consent, Customer


@transaction.atomic
def give(
    *, customer: Customer, purpose: str, text_version: str, channel: str, actor: Actor, at: datetime
) -> Consent:
    """Record that the customer agrees. Agreeing again to the same words changes nothing; to new words ends
    the old consent and begins a new one. Raises InvalidInput (`purpose`, `text_version`), NotVisible for the
    wrong person."""
    _may(customer, purpose, actor)
    if not text_version.strip():
        message = _("Say which version of the text was shown.")
        raise InvalidInput(message, code="required", fields={"text_version": [message]})
    lock_rows(Customer.objects.filter(pk=customer.pk)).get()
    valid = Consent.objects.filter(customer=customer, purpose=purpose, withdrawn_at=None).first()
    if valid is not None:
        if valid.text_version == text_version:
            return valid
        Consent.objects.filter(pk=valid.pk).update(withdrawn_at=at)
    consent = Consent.objects.create(
        customer=customer, purpose=purpose, text_version=text_version, channel=channel, given_at=at
    )
    announce(ConsentGiven(subject_id=customer.pk, consent_id=consent.pk, purpose=purpose), actor=actor, at=at)
    return consent


@transaction.atomic
def withdraw(*, customer: Customer, purpose: str, actor: Actor, at: datetime) -> Consent | None:
    """End the consent; None when there was none. Raises InvalidInput (`purpose`), NotVisible for the wrong
    person."""
    _may(customer, purpose, actor)
    rows = Consent.objects.filter(customer=customer, purpose=purpose, withdrawn_at=None)
    consent: Consent | None = lock_rows(rows).first()
    if consent is None:
        return None
    consent.withdrawn_at = at
    consent.save(update_fields=["withdrawn_at"])
    announce(
        ConsentWithdrawn(subject_id=customer.pk, consent_id=consent.pk, purpose=purpose), actor=actor, at=at
    )
    return consent


def holds(customer: Customer, purpose: str) -> bool:
    """Whether a valid consent for this purpose stands."""
    return Consent.objects.filter(customer=customer, purpose=purpose, withdrawn_at=None).exists()


def _may(customer: Customer, purpose: str, actor: Actor) -> None:
    if not Customer.objects.visible_to(actor).filter(pk=customer.pk).exists():
        raise NotVisible()
    if purpose not in Purpose.values:
        message = _("There is no such purpose.")
        raise InvalidInput(message, code="unknown_purpose", fields={"purpose": [message]})
