"""Which promises hold: the policy of a brand, and its matrix."""

from datetime import datetime
from typing import Any

from django.db.models import Q

from customers.models import Brand
from tickets.models import SlaPolicy

CELL_FIELDS = ("first_response_minutes", "resolution_minutes", "response_calendar", "resolution_calendar")


def current_policy(*, brand: Brand | int, at: datetime) -> SlaPolicy | None:
    """The policy that new tickets of this brand get: the brand's own, else the one for all brands; None when there is
    none. Of several the newest wins, but one that was made after `at` only where there is no other."""
    brand_id = brand if isinstance(brand, int) else brand.pk
    found = SlaPolicy.objects.filter(Q(brand_id=brand_id) | Q(brand=None), is_current=True)

    def rank(policy: SlaPolicy) -> tuple[bool, bool, float]:
        return policy.brand_id is None, policy.created_at > at, -policy.created_at.timestamp()

    return min(found, key=rank, default=None)


def cells_of(policy: SlaPolicy) -> dict[tuple[str, str], dict[str, Any]]:
    """The matrix: (grade, level) → the cell's fields."""
    rows = policy.targets.select_related("response_calendar", "resolution_calendar")
    return {(row.grade, row.level): {name: getattr(row, name) for name in CELL_FIELDS} for row in rows}
