"""Limits of tries, counted in the database that all processes share."""

import hashlib
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from core.errors import TooMany
from core.models import Tries

# one statement counts and starts a window anew, so that tries at the same moment are all counted
COUNT = """
INSERT INTO core_tries (bucket, used, until) VALUES (%s, 1, %s)
ON CONFLICT (bucket) DO UPDATE SET
    used = CASE WHEN core_tries.until <= %s THEN 1 ELSE core_tries.used + 1 END,
    until = CASE WHEN core_tries.until <= %s THEN excluded.until ELSE core_tries.until END
RETURNING used
"""


def spend(bucket: str, *, limit: int, seconds: int, at: datetime | None = None) -> None:
    """Count one try in the bucket. Raises TooMany when more than `limit` fall into a window of `seconds`.

    Called by doors, before the work's transaction: RuntimeError inside one, for its rollback would forget the try.
    """
    # a test case's own surrounding transaction does not count
    if any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks):
        raise RuntimeError("spend a try before the transaction of the work, not in it")
    at = at or timezone.now()
    adapt = connection.ops.adapt_datetimefield_value
    now, until = adapt(at), adapt(at + timedelta(seconds=seconds))
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [hashlib.sha256(bucket.encode()).hexdigest(), until, now, now])
        used = cursor.fetchone()[0]
    if used > limit:
        raise TooMany(extra={"retry_after": seconds})


def forget(*, at: datetime) -> int:
    """Delete the windows that are over; returns how many."""
    return Tries.objects.filter(until__lte=at).delete()[0]
