"""What the worker runs for core: one task drains a batch."""

import time

from django.core.management import call_command
from django.utils import timezone

from core.services import audit, deliveries, limits

#: a task ends well before the cluster's own limit would kill it in the middle of something; the beat sends the next
LONGEST_DRAIN_SECONDS = 60


def drain() -> int:
    """Deliver until nothing is due or a minute is over; returns how many deliveries were tried."""
    total, started = 0, time.monotonic()
    while time.monotonic() - started < LONGEST_DRAIN_SECONDS:
        if not deliveries.has_due(at=timezone.now()):
            break
        total += deliveries.deliver_due(at=timezone.now())
    return total


def seal() -> int:
    """Seal the audit trail up to now; returns how many events were sealed."""
    total = 0
    while done := audit.seal_events(at=timezone.now()):
        total += done
    return total


def clean() -> None:
    """Forget sessions and windows of tries that are over."""
    call_command("clearsessions")
    limits.forget(at=timezone.now())
