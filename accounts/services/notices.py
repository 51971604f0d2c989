"""Telling staff: who hears of what, once; what they have read; what waits for them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.enums import NoticeLevel, UserKind
from accounts.events import NoticesRead, StaffNotified
from accounts.models import Notice, User
from core.actors import Actor
from core.db import lock_name
from core.errors import NotAllowed, NotVisible
from core.events import announce, announce_many

#: the bell counts so far and then says "99+"
COUNT_LIMIT = 100
#: alerts that a page is told of at once
ALERTS_AT_ONCE = 5


@transaction.atomic
def notify(
    *,
    recipients: Iterable[int],
    kind: str,
    subject_kind: str,
    subject_id: int,
    dedupe: str,
    data: dict[str, Any] | None = None,
    level: str = NoticeLevel.INFO,
    unless_unread: bool = False,
    actor: Actor,
    at: datetime,
) -> list[Notice]:
    """Tell these users (ids) something, each once for a `dedupe` key; returns what is new. Whoever did it (`actor`) is
    not told, nor is anybody but active staff. `data` holds codes and ids only. With `unless_unread` who has an unread
    notice of this kind about the same thing is not told again. Four statements, however many people."""
    wanted = set(recipients)
    if actor.is_staff:
        wanted.discard(actor.id or 0)
    if not wanted:
        return []
    lock_name(f"notice:{dedupe}")
    known = Notice.objects.filter(recipient_id__in=wanted, dedupe=dedupe)
    if unless_unread:
        known = known | Notice.objects.unread().filter(
            recipient_id__in=wanted, kind=kind, subject_kind=subject_kind, subject_id=subject_id
        )
    people = User.objects.filter(pk__in=wanted, kind=UserKind.STAFF, is_active=True)
    chosen = people.exclude(pk__in=known.order_by().values("recipient_id")).order_by("pk")
    notices: list[Notice] = Notice.objects.bulk_create(
        Notice(
            recipient_id=user_id,
            kind=kind,
            subject_kind=subject_kind,
            subject_id=subject_id,
            data=data or {},
            level=level,
            dedupe=dedupe,
            created_at=at,
        )
        for user_id in chosen.values_list("pk", flat=True)
    )
    announce_many(
        [
            StaffNotified(subject_id=notice.recipient_id, notice_id=notice.pk, notice=kind, level=level)
            for notice in notices
        ],
        actor=actor,
        at=at,
    )
    return notices


@transaction.atomic
def mark_read(
    *,
    notice_id: int | None = None,
    up_to: int | None = None,
    subject: tuple[str, int] | None = None,
    actor: Actor,
    at: datetime,
) -> int:
    """One's own notices are read: one, all up to a number, or all about a thing (what it says stood on the page).
    Returns how many were not before; twice changes nothing. Raises NotVisible for a notice that is not one's own,
    NotAllowed for anybody but staff."""
    if not actor.is_staff or actor.id is None:
        raise NotAllowed(code="staff_only")
    own = Notice.objects.of(actor)
    if notice_id is not None:
        own = own.filter(pk=notice_id)
        if not own.exists():
            raise NotVisible()
    if up_to is not None:
        own = own.filter(pk__lte=up_to)
    if subject is not None:
        own = own.filter(subject_kind=subject[0], subject_id=subject[1])
    read = Notice.objects.filter(pk__in=own.unread().values("pk"), read_at=None).update(read_at=at)
    if read:
        announce(NoticesRead(subject_id=actor.id, count=read), actor=actor, at=at)
    return read


@dataclass(frozen=True, slots=True)
class Unread:
    """What waits: how many at most COUNT_LIMIT, whether an alert is among them, the newest alerts (newest first)."""

    count: int
    alerts: list[Notice]

    @property
    def hot(self) -> bool:
        return bool(self.alerts)

    @property
    def label(self) -> str:
        return f"{COUNT_LIMIT - 1}+" if self.count >= COUNT_LIMIT else str(self.count)


def unread_of(viewer: Actor) -> Unread:
    """What the viewer has not read. Two queries."""
    own = Notice.objects.of(viewer).unread()
    count = len(own.order_by().values_list("pk", flat=True)[:COUNT_LIMIT])
    alerts = own.filter(level=NoticeLevel.ALERT).order_by("-pk")[:ALERTS_AT_ONCE] if count else []
    return Unread(count, list(alerts))


@dataclass(frozen=True, slots=True)
class Inbox:
    """One page of somebody's notices, newest first, and where the next begins (None at the end)."""

    notices: list[Notice]
    next_before: int | None


def inbox_of(viewer: Actor, *, before: int | None = None, limit: int = 20) -> Inbox:
    """The viewer's own notices. One query."""
    own = Notice.objects.of(viewer).order_by("-pk")
    if before is not None:
        own = own.filter(pk__lt=before)
    found = list(own[: limit + 1])
    return Inbox(found[:limit], found[limit - 1].pk if len(found) > limit else None)
