"""What the worker runs for channels."""

import time

from channels_hub.services import conversations, sending
from core import clock

#: a task ends well before the cluster's own limit would kill it in the middle of a mail; the beat sends the
#: next
LONGEST_SECONDS = 40
BATCH = 10


def send_due() -> int:
    """Send what is due until nothing is, or the time is over; returns how many were tried."""
    total, started = 0, time.monotonic()
    while time.monotonic() - started < LONGEST_SECONDS:
        tried = sending.send_due(at=clock.now(), limit=BATCH)
        total += tried
        if tried < BATCH:
            break
    return total


def end_idle() -> int:
    """End conversations that silence has ended; returns how many."""
    return conversations.end_idle(at=clock.now())
