"""Sealing the audit trail: a hash chain over the events, made in batches so that writers never wait for it."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from core.db import lock_rows
from core.events import detail_hash
from core.models import Event, EventCursor, EventDetail, Seal
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


@dataclass(frozen=True)
class Report:
    """What a walk along the chain found; `broken_seal` is the first that does not match, `changed_details` are event
    ids."""

    seals: int
    sealed: int
    unsealed: int
    broken_seal: int | None
    changed_details: list[int]


def verify() -> Report:
    """Walk all seals and all details that were not purged; reads everything, changes nothing."""
    previous, position = GENESIS, EventCursor()
    seals = sealed = 0
    broken: int | None = None
    for seal in Seal.objects.order_by("pk").iterator(chunk_size=500):
        events = after(position, limit=seal.events)
        if seal.previous_hash != previous or chain_hash(previous, events) != seal.hash:
            broken = seal.pk
            break
        seals, sealed = seals + 1, sealed + len(events)
        previous = seal.hash
        position = EventCursor(txid=seal.last_txid, event_id=seal.last_event_id)
    details = EventDetail.objects.filter(purged_at=None).select_related("event")
    changed = [
        detail.event_id
        for detail in details.order_by("pk").iterator(chunk_size=500)
        if detail_hash(detail.salt, detail.body) != detail.event.detail_hash
    ]
    return Report(seals, sealed, Event.objects.count() - sealed, broken, changed)
