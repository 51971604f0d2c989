"""From event rows to work done: fan out, deliver at least once, give up visibly."""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import F, Q, QuerySet

from core.db import horizon, lock_rows
from core.events import subscriber_named, subscribers_of
from core.models import Delivery, Event, EventCursor
from core.models.delivery import DeliveryState

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 5
LEASE = timedelta(minutes=2)
BACKOFF_SECONDS = (5, 30, 120, 600)


class LeaseLost(Exception):
    """The work took longer than its lease and somebody else has taken it: undo ours."""


def after(position: EventCursor, *, limit: int) -> list[Event]:
    """The next events in reading order past the position, never past the horizon of running transactions."""
    rows = Event.objects.filter(Q(txid=position.txid, id__gt=position.event_id) | Q(txid__gt=position.txid))
    # the same once more in one comparison, which the index on (txid, id) can start from
    rows = rows.filter(txid__gte=position.txid)
    edge = horizon()
    if edge is not None:
        rows = rows.filter(txid__lt=edge)
    return list(rows.order_by("txid", "id")[:limit])


def fan_out(*, at: datetime, limit: int = 500) -> int:
    """Turn new events into deliveries, exactly once; returns how many events were read."""
    # look before locking: most beats find nothing, and on SQLite a transaction takes the only write lock
    seen = EventCursor.objects.filter(name="fan-out").first()
    if seen is not None and not after(seen, limit=1):
        return 0
    with transaction.atomic():
        EventCursor.objects.get_or_create(name="fan-out")
        cursor = lock_rows(EventCursor.objects.filter(name="fan-out")).get()
        events = after(cursor, limit=limit)
        if not events:
            return 0
        Delivery.objects.bulk_create(
            [
                Delivery(event=event, subscriber=s.name, next_at=at)
                for event in events
                for s in subscribers_of(event.kind)
            ],
            ignore_conflicts=True,
        )
        EventCursor.objects.filter(pk=cursor.pk).update(txid=events[-1].txid, event_id=events[-1].pk)
    return len(events)


def deliver_due(*, at: datetime, limit: int = 20) -> int:
    """Do what is due, one by one; returns how many were tried. Each is claimed and its attempt committed just before
    its own work: a worker that dies leaves one counted attempt and one lease that runs out, its neighbours stay queued.
    """
    ids = list(
        Delivery.objects.filter(state=DeliveryState.QUEUED, next_at__lte=at)
        .order_by("next_at", "id")
        .values_list("pk", flat=True)[:limit]
    )
    return sum(_claim_and_deliver(pk, at=at) for pk in ids)


def _claim_and_deliver(pk: int, *, at: datetime) -> bool:
    # the conditional update is the claim: of two workers one changes the row
    claimed = Delivery.objects.filter(pk=pk, state=DeliveryState.QUEUED, next_at__lte=at).update(
        state=DeliveryState.RUNNING, attempts=F("attempts") + 1, lease_until=at + LEASE
    )
    if not claimed:
        return False
    delivery = Delivery.objects.select_related("event").get(pk=pk)
    subscriber = subscriber_named(delivery.subscriber)
    try:
        if subscriber is None:
            raise LookupError(f"no handler is called {delivery.subscriber}")
        if subscriber.network:
            subscriber.handle(delivery.event)
            _done(delivery, at=at)
        else:
            with transaction.atomic():
                subscriber.handle(delivery.event)
                if not _done(delivery, at=at):
                    raise LeaseLost
    except LeaseLost:
        log.warning("delivery_lease_lost", delivery=pk, subscriber=delivery.subscriber)
    except Exception as error:  # noqa: BLE001  the one place where any failure of any handler becomes a retry
        _failed(delivery, error, at=at)
    return True


def _ours(delivery: Delivery) -> QuerySet[Delivery]:
    """The row while this attempt still owns it."""
    return Delivery.objects.filter(
        pk=delivery.pk,
        state=DeliveryState.RUNNING,
        attempts=delivery.attempts,
        lease_until=delivery.lease_until,
    )


def _done(delivery: Delivery, *, at: datetime) -> bool:
    return bool(_ours(delivery).update(state=DeliveryState.DONE, done_at=at, lease_until=None, last_error=""))


def _failed(delivery: Delivery, error: Exception, *, at: datetime) -> None:
    dead = delivery.attempts >= MAX_ATTEMPTS
    log.warning(
        "delivery_failed", delivery=delivery.pk, subscriber=delivery.subscriber, dead=dead, exc_info=error
    )
    wait = BACKOFF_SECONDS[min(delivery.attempts, len(BACKOFF_SECONDS)) - 1]
    _ours(delivery).update(
        state=DeliveryState.DEAD if dead else DeliveryState.QUEUED,
        next_at=at + timedelta(seconds=wait),
        lease_until=None,
        last_error=f"{type(error).__name__}: {error}"[:2000],
    )


def sweep(*, at: datetime) -> int:
    """Queue anew what a killed worker left running; a fifth death gives up. Returns how many rows changed."""
    lapsed = Delivery.objects.filter(state=DeliveryState.RUNNING, lease_until__lt=at)
    dead = lapsed.filter(attempts__gte=MAX_ATTEMPTS).update(
        state=DeliveryState.DEAD, lease_until=None, last_error="the worker died on each try"
    )
    return dead + lapsed.update(state=DeliveryState.QUEUED, next_at=at, lease_until=None)


def retry(ids: list[int], *, at: datetime) -> int:
    """Give dead deliveries five more tries; returns how many."""
    return Delivery.objects.filter(pk__in=ids, state=DeliveryState.DEAD).update(
        state=DeliveryState.QUEUED, attempts=0, next_at=at, lease_until=None
    )


def has_due(*, at: datetime) -> bool:
    """Whether a worker should be woken."""
    return Delivery.objects.filter(state=DeliveryState.QUEUED, next_at__lte=at).exists()
