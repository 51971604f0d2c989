"""How much a customer matters for times, never for severity."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.actors import Actor
from core.db import lock_rows
from core.errors import InvalidInput, NotVisible
from core.events import announce
from customers.enums import Level
from customers.events import LevelChanged
from customers.models import Customer


@transaction.atomic
def set_level(*, customer: Customer, level: str, actor: Actor, at: datetime) -> Customer:
    """Put a customer on a level; doing it twice changes nothing. New tickets take the new level, open ones
    keep the one they were opened with. Raises InvalidInput (`level`), NotVisible for anybody but staff."""
    if not (actor.is_staff or actor.is_system):
        raise NotVisible()
    if level not in Level.values:
        message = _("There is no such level.")
        raise InvalidInput(message, code="unknown_level", fields={"level": [message]})
    locked: Customer = lock_rows(Customer.objects.filter(pk=customer.pk)).get()
    before = locked.level
    if before == level:
        return locked
    locked.level = level
    locked.level_since = timezone.localdate(at)
    locked.save(update_fields=["level", "level_since"])
    announce(LevelChanged(subject_id=locked.pk, before=before, after=level), actor=actor, at=at)
    return locked
