"""From event rows to work done: fan out, deliver at least once, give up visibly."""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import F, Q

from core.db import horizon, lock_rows
from core.events import subscriber_named, subscribers_of
from core.models import Delivery, Event, EventCursor
from core.models.delivery import DeliveryState

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 5
LEASE = timedelta(minutes=5)
BACKOFF_SECONDS = (5, 30, 120, 600)


def after(position: EventCursor, *, limit: int) -> list[Event]:
    """The next events in reading order past the position, never past the horizon of running transactions."""
    rows = Event.objects.filter(Q(txid__gt=position.txid) | Q(txid=position.txid, id__gt=position.event_id))
    edge = horizon()
    if edge is not None:
        rows = rows.filter(txid__lt=edge)
    return list(rows.order_by("txid", "id")[:limit])


@transaction.atomic
def fan_out(*, at: datetime, limit: int = 500) -> int:
    """Turn new events into deliveries, exactly once; returns how many events were read."""
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


def deliver_due(*, at: datetime, limit: int = 100) -> int:
    """Claim due deliveries and do them one by one; returns how many were tried. A claim commits before the work, so
    that a killed worker leaves a counted attempt and a lease that runs out."""
    with transaction.atomic():
        due = Delivery.objects.filter(state=DeliveryState.QUEUED, next_at__lte=at).order_by("next_at", "id")
        ids = list(lock_rows(due, skip_locked=True).values_list("pk", flat=True)[:limit])
        Delivery.objects.filter(pk__in=ids).update(
            state=DeliveryState.RUNNING, attempts=F("attempts") + 1, lease_until=at + LEASE
        )
    for delivery in Delivery.objects.filter(pk__in=ids).select_related("event").order_by("next_at", "pk"):
        _deliver(delivery, at=at)
    return len(ids)


def _deliver(delivery: Delivery, *, at: datetime) -> None:
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
                _done(delivery, at=at)
    except Exception as error:  # noqa: BLE001  the one place where any failure of any handler becomes a retry
        dead = delivery.attempts >= MAX_ATTEMPTS
        log.warning(
            "delivery_failed", delivery=delivery.pk, subscriber=delivery.subscriber, dead=dead, exc_info=True
        )
        wait = BACKOFF_SECONDS[min(delivery.attempts, len(BACKOFF_SECONDS)) - 1]
        Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.RUNNING).update(
            state=DeliveryState.DEAD if dead else DeliveryState.QUEUED,
            next_at=at + timedelta(seconds=wait),
            lease_until=None,
            last_error=f"{type(error).__name__}: {error}"[:2000],
        )


def _done(delivery: Delivery, *, at: datetime) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(
        state=DeliveryState.DONE, done_at=at, lease_until=None, last_error=""
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
