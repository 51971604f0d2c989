"""Things due at a time: set, moved, cancelled, fired once. And who keeps the time."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F

from core.db import lock_rows
from core.models import Lease, Timer

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 5
Handler = Callable[[Timer, datetime], None]
_kinds: dict[str, Handler] = {}


def on_timer(kind: str) -> Callable[[Handler], Handler]:
    """Register what happens when a timer of this kind is due: `handle(timer, at)`, idempotent, ending in one service
    call. Raises RuntimeError when the kind has a handler already."""

    def register(handle: Handler) -> Handler:
        if kind in _kinds:
            raise RuntimeError(f"timers of kind {kind} have a handler already")
        _kinds[kind] = handle
        return handle

    return register


def handler_of(kind: str) -> Callable[[Timer, datetime], None]:
    """What is done when a timer of this kind is due. Raises LookupError for a kind that no app registered."""
    if kind not in _kinds:
        raise LookupError(f"no handler for timers of kind {kind}")
    return _kinds[kind]


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


def set_timers(timers: Sequence[Timer]) -> None:
    """`set_timer` for a set, in one statement: unsaved timers, each with its own `dedupe`."""
    Timer.objects.bulk_create(
        timers,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["dedupe"],
        update_fields=["kind", "subject_id", "due_at", "data", "attempts", "dead", "last_error"],
    )


def cancel_timer(dedupe: str) -> bool:
    """Forget the timer of this key; whether there was one."""
    return bool(Timer.objects.filter(dedupe=dedupe).delete()[0])


def cancel_timers(dedupes: Sequence[str]) -> int:
    """Forget the timers of these keys; returns how many there were."""
    return Timer.objects.filter(dedupe__in=dedupes).delete()[0]


def due_subjects(kinds: Sequence[str], *, at: datetime, limit: int) -> list[int]:
    """What untried timers of these kinds that are due are about, the earliest first: for a handler that does its like
    in one go. Timers that failed once are left to fire on their own, so that one bad row holds up no other."""
    return list(
        Timer.objects.filter(dead=False, due_at__lte=at, attempts=0, kind__in=kinds)
        .order_by("due_at", "id")
        .values_list("subject_id", flat=True)[:limit]
    )


def fire_due(*, at: datetime, limit: int = 200) -> int:
    """Fire what is due, each in a transaction of its own with its deletion; returns how many were tried."""
    ids = list(
        Timer.objects.filter(dead=False, due_at__lte=at)
        .order_by("due_at", "id")
        .values_list("pk", flat=True)[:limit]
    )
    return sum(_fire(pk, at=at) for pk in ids)


def _fire(pk: int, *, at: datetime) -> bool:
    due = Timer.objects.filter(pk=pk, dead=False, due_at__lte=at)
    # the attempt is committed before the work: a timer that kills its process is given up after five
    if not due.filter(attempts__lt=MAX_ATTEMPTS).update(attempts=F("attempts") + 1):
        due.update(dead=True, last_error="the process died on each try")
        return False
    try:
        with transaction.atomic():
            timer = lock_rows(due, skip_locked=True).first()
            if timer is None:
                return False
            handle = _kinds.get(timer.kind)
            if handle is None:
                raise LookupError(f"no handler for timers of kind {timer.kind}")
            handle(timer, at)
            # a handler may have set the same key anew, be it for the same moment: then no attempt is counted
            Timer.objects.filter(pk=pk, due_at=timer.due_at, attempts=timer.attempts).delete()
    except Exception as error:  # noqa: BLE001  any failure of any handler becomes a retry
        _failed(pk, error, at=at)
    return True


def _failed(pk: int, error: Exception, *, at: datetime) -> None:
    timer = Timer.objects.filter(pk=pk, due_at__lte=at).first()
    if timer is None:  # cancelled or moved meanwhile
        return
    dead = timer.attempts >= MAX_ATTEMPTS
    log.warning("timer_failed", timer=pk, kind=timer.kind, dead=dead, exc_info=error)
    Timer.objects.filter(pk=pk, attempts=timer.attempts).update(
        dead=dead,
        due_at=at + timedelta(seconds=5 * 3**timer.attempts),
        last_error=f"{type(error).__name__}: {error}"[:2000],
    )


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
    Lease.objects.bulk_create([Lease(name=name, holder=holder, until=until)], ignore_conflicts=True)
    return Lease.objects.filter(name=name, holder=holder).exists()


def release(name: str, holder: str) -> None:
    """Give a lease back, so that the next one need not wait for it to run out."""
    Lease.objects.filter(name=name, holder=holder).delete()
