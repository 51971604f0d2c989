"""What the worker runs for core: one task drains a batch."""

from django.core.management import call_command
from django.utils import timezone

from core.services import audit, deliveries


def drain() -> int:
    """Deliver until nothing is due; returns how many deliveries were tried."""
    total = 0
    while done := deliveries.deliver_due(at=timezone.now()):
        total += done
    return total


def seal() -> int:
    """Seal the audit trail up to now; returns how many events were sealed."""
    total = 0
    while done := audit.seal_events(at=timezone.now()):
        total += done
    return total


def clear_sessions() -> None:
    """Forget sessions that ran out."""
    call_command("clearsessions")
