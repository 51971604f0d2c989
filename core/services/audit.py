"""Sealing the audit trail: a hash chain over the events, made in batches so that writers never wait for it."""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from core.db import lock_rows
from core.models import Event, EventCursor, Seal
from core.services.deliveries import after

GENESIS = "0" * 64


@transaction.atomic
def seal_events(*, at: datetime, limit: int = 5000) -> int:
    """Seal the next batch; returns how many events it covers."""
    EventCursor.objects.get_or_create(name="seal")
    cursor = lock_rows(EventCursor.objects.filter(name="seal")).get()
    events = after(cursor, limit=limit)
    if not events:
        return 0
    previous = Seal.objects.order_by("-pk").values_list("hash", flat=True).first() or GENESIS
    last = events[-1]
    Seal.objects.create(
        at=at,
        last_txid=last.txid,
        last_event_id=last.pk,
        events=len(events),
        previous_hash=previous,
        hash=chain_hash(previous, events),
    )
    EventCursor.objects.filter(pk=cursor.pk).update(txid=last.txid, event_id=last.pk)
    return len(events)


def chain_hash(previous: str, events: Iterable[Event]) -> str:
    """SHA-256 over the previous seal and the events' own content."""
    digest = hashlib.sha256(previous.encode())
    for e in events:
        row = [
            e.pk,
            e.txid,
            e.at.isoformat(),
            e.kind,
            e.actor_kind,
            e.actor_id,
            e.subject_kind,
            e.subject_id,
            e.data,
            e.detail_hash,
        ]
        digest.update(json.dumps(row, sort_keys=True, ensure_ascii=False).encode())
    return digest.hexdigest()


def verify_chain() -> int | None:
    """Walk all seals; None when the trail is whole, else the id of the first seal that does not match."""
    previous, position = GENESIS, EventCursor()
    for seal in Seal.objects.order_by("pk").iterator():
        events = after(position, limit=seal.events)
        if seal.previous_hash != previous or chain_hash(previous, events) != seal.hash:
            return seal.pk
        previous = seal.hash
        position.txid, position.event_id = seal.last_txid, seal.last_event_id
    return None
