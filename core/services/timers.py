"""Things due at a time: set, moved, cancelled, fired once."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F

from core.db import lock_rows
from core.models import Lease, Timer

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 5
_kinds: dict[str, Callable[[Timer, datetime], None]] = {}


def on_timer(kind: str) -> Callable[[Callable[[Timer, datetime], None]], Callable[[Timer, datetime], None]]:
    """Register what happens when a timer of this kind is due: `handle(timer, at)`, ending in one service call."""

    def register(handle: Callable[[Timer, datetime], None]) -> Callable[[Timer, datetime], None]:
        _kinds[kind] = handle
        return handle

    return register


def set_timer(
    kind: str, *, subject_id: int, due_at: datetime, dedupe: str = "", data: dict[str, Any] | None = None
) -> None:
    """Make sure that one timer with this key is due at this time; an earlier setting of the same key is moved."""
    Timer.objects.update_or_create(
        dedupe=dedupe or f"{kind}:{subject_id}",
        defaults={
            "kind": kind,
            "subject_id": subject_id,
            "due_at": due_at,
            "data": data or {},
            "attempts": 0,
            "dead": False,
            "last_error": "",
        },
    )


def cancel_timer(dedupe: str) -> bool:
    """Forget the timer of this key; whether there was one."""
    return bool(Timer.objects.filter(dedupe=dedupe).delete()[0])


def fire_due(*, at: datetime, limit: int = 200) -> int:
    """Fire what is due, each in a transaction of its own with its deletion; returns how many were tried."""
    ids = list(
        Timer.objects.filter(dead=False, due_at__lte=at)
        .order_by("due_at", "id")
        .values_list("pk", flat=True)[:limit]
    )
    return sum(_fire(pk, at=at) for pk in ids)


def _fire(pk: int, *, at: datetime) -> bool:
    # the attempt is committed before the work: a timer that kills its process is given up after five
    claimed = Timer.objects.filter(pk=pk, dead=False, due_at__lte=at).update(attempts=F("attempts") + 1)
    if not claimed:
        return False
    try:
        with transaction.atomic():
            timer = lock_rows(
                Timer.objects.filter(pk=pk, dead=False, due_at__lte=at), skip_locked=True
            ).first()
            if timer is None:
                return False
            handle = _kinds.get(timer.kind)
            if handle is None:
                raise LookupError(f"no handler for timers of kind {timer.kind}")
            handle(timer, at)
            # a handler may have set the same key anew: then the row has moved on and stays
            Timer.objects.filter(pk=pk, due_at=timer.due_at).delete()
    except Exception as error:  # noqa: BLE001  any failure of any handler becomes a retry
        timer = Timer.objects.get(pk=pk)
        dead = timer.attempts >= MAX_ATTEMPTS
        log.warning("timer_failed", timer=pk, kind=timer.kind, dead=dead, exc_info=True)
        Timer.objects.filter(pk=pk).update(
            dead=dead,
            due_at=at + timedelta(seconds=5 * 3 ** min(timer.attempts, 6)),
            last_error=f"{type(error).__name__}: {error}"[:2000],
        )
    return True


def retry(ids: list[int], *, at: datetime) -> int:
    """Give dead timers five more tries; returns how many."""
    return Timer.objects.filter(pk__in=ids, dead=True).update(dead=False, attempts=0, due_at=at)


def lease(name: str, holder: str, *, at: datetime, seconds: int = 10) -> bool:
    """Take or renew a lease; False while somebody else holds it."""
    until = at + timedelta(seconds=seconds)
    if Lease.objects.filter(name=name, holder=holder).update(until=until):
        return True
    if Lease.objects.filter(name=name, until__lt=at).update(holder=holder, until=until):
        return True
    return Lease.objects.bulk_create(
        [Lease(name=name, holder=holder, until=until)], ignore_conflicts=True
    ) != [] and (Lease.objects.filter(name=name, holder=holder).exists())
