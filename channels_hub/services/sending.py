"""What leaves the house: queued with the decision, sent after the commit, tried again, given up visibly.

The one writer of `Outbox`, `Outlet` and `Message.state`. A try is counted and leased before the network is
touched. A worker that dies between the server's "taken" and our commit sends the same mail again, under the
same Message-ID: at least once, and the receiving side can tell."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from channels_hub import rules
from channels_hub.adapters import adapter_of
from channels_hub.adapters.base import Outgoing, PermanentFailure, ServerAway, Session, TemporaryFailure
from channels_hub.adapters.email.compose import message_id
from channels_hub.enums import ChannelKind, Direction, SendState
from channels_hub.events import MessageStateChanged
from channels_hub.models import Channel, Message, Outbox, Outlet
from core.actors import SYSTEM, Actor
from core.db import lock_rows
from core.errors import InvalidInput
from core.events import announce_many

log = structlog.get_logger(__name__)
LEASE = timedelta(minutes=5)
REFERENCES = 10


@transaction.atomic
def queue_mail(
    *,
    channel: Channel,
    recipient: str,
    subject: str,
    body: str,
    dedupe: str,
    message: Message | None = None,
    at: datetime,
) -> Outbox:
    """Store a mail to be sent after the commit. The same `dedupe` key again returns the first row. Raises
    InvalidInput when the recipient is no single mail address."""
    try:
        validate_email(recipient)
    except ValidationError as error:
        raise InvalidInput(
            fields={"recipient": [_("Please enter an email address such as name@example.com.")]}
        ) from error
    row = Outbox(
        message=message,
        channel=channel,
        via=ChannelKind.EMAIL,
        recipient=recipient,
        subject=" ".join(subject.split())[:200],
        body=body,
        dedupe=dedupe,
        next_at=at,
        created_at=at,
    )
    Outbox.objects.bulk_create([row], ignore_conflicts=True)
    return Outbox.objects.get(dedupe=dedupe)


def _due(at: datetime) -> "QuerySet[Outbox]":
    """What may be tried now: due, and its way out not known to be away."""
    away = Outlet.objects.filter(retry_at__gt=at).values("via")
    return Outbox.objects.filter(state=SendState.QUEUED, next_at__lte=at).exclude(via__in=away)


def has_due(*, at: datetime) -> bool:
    """Whether a worker should be woken."""
    return _due(at).exists()


def send_due(*, at: datetime, limit: int = 50) -> int:
    """Send what is due, at most `limit`; returns how many were tried. Never call inside a transaction: each
    claim and each outcome commits on its own, the network lies between them."""
    tried = 0
    for via in sorted(set(_due(at).order_by().values_list("via", flat=True))):
        try:
            with adapter_of(via).open() as session:
                while tried < limit and (row := _claim(via, at=at)) is not None:
                    tried += 1
                    _try(row, session, at=at)
        except ServerAway as error:
            _note_away(via, str(error), at=at)
    return tried


@transaction.atomic
def _claim(via: str, *, at: datetime) -> Outbox | None:
    """The next row, its try counted and leased: a killed worker's row comes due again by itself when the
    lease is over, and a row that kills each worker is given up like any other."""
    while True:
        due = _due(at).filter(via=via).order_by("next_at", "id")
        row = lock_rows(due, skip_locked=True).first()
        if row is None:
            return None
        if row.attempts < rules.MAX_ATTEMPTS:
            break
        _give_up(row, row.last_error or "every try ended without an answer", at=at)
    row.attempts += 1
    row.lease_until = row.next_at = at + LEASE
    row.save(update_fields=["attempts", "lease_until", "next_at"])
    return row


def _try(row: Outbox, session: Session, *, at: datetime) -> None:
    """Carry one row and keep what became of it. Raises ServerAway when no other need be tried now."""
    try:
        session.carry(_outgoing(row))
    except PermanentFailure as error:
        _note_failure(row, str(error), for_good=True, at=at)
    except TemporaryFailure as error:
        _note_failure(row, str(error), for_good=False, at=at)
    except ServerAway as error:
        _note_failure(row, str(error), for_good=False, at=at)
        raise
    else:
        _note_sent(row, at=at)


def _outgoing(row: Outbox) -> Outgoing:
    message = row.message
    earlier: list[str] = []
    language = ""
    if message is not None:
        language = message.thread.language
        theirs = (
            Message.objects.filter(thread_id=message.thread_id, direction=Direction.IN, seq__lt=message.seq)
            .filter(external_id__startswith="<", external_id__endswith=">")
            .order_by("-seq")
            .values_list("external_id", flat=True)[:1]
        )
        ours = (
            Outbox.objects.filter(
                message__thread_id=message.thread_id, recipient=row.recipient, state=SendState.SENT
            )
            .filter(via=row.via, pk__lt=row.pk)
            .order_by("-pk")
            .values_list("pk", flat=True)[:REFERENCES]
        )
        earlier = [message_id(pk) for pk in reversed(ours)] + list(theirs)
    return Outgoing(
        outbox_id=row.pk,
        recipient=row.recipient,
        subject=row.subject,
        body=row.body,
        sender=str(row.channel.settings.get("sender", "")),
        language=language,
        references=tuple(earlier),
    )


@transaction.atomic
def _note_sent(row: Outbox, *, at: datetime) -> None:
    # whoever holds the lease by now: the server took it, so it is sent
    Outbox.objects.filter(pk=row.pk).exclude(state=SendState.SENT).update(
        state=SendState.SENT,
        sent_at=at,
        lease_until=None,
        last_error="",
        # the customer has the private link now; of it, only hashes stay with us
        body=rules.without_secrets(row.body),
    )
    if row.message_id is not None:
        move_states([row.message_id], SendState.SENT, actor=SYSTEM, at=at)
    Outlet.objects.filter(via=row.via, away_since__isnull=False).update(
        away_since=None, retry_at=None, failures=0, last_error=""
    )


@transaction.atomic
def _note_failure(row: Outbox, error: str, *, for_good: bool, at: datetime) -> None:
    # only while this try is the newest: a worker that lost its lease has nothing to say any more
    held = lock_rows(Outbox.objects.filter(pk=row.pk, state=SendState.QUEUED, attempts=row.attempts)).first()
    if held is None:
        return
    # servers quote the address that they refuse: it belongs neither into logs nor beside the masked recipient
    error = error.replace(row.recipient, "…")
    log.warning("not_sent", outbox=row.pk, attempts=row.attempts, for_good=for_good)
    if for_good or held.attempts >= rules.MAX_ATTEMPTS:
        _give_up(held, error, at=at)
        return
    held.lease_until = None
    held.next_at = at + rules.wait_after(held.attempts)
    held.last_error = error[:2000]
    held.save(update_fields=["lease_until", "next_at", "last_error"])


def _give_up(row: Outbox, error: str, *, at: datetime) -> None:
    Outbox.objects.filter(pk=row.pk).update(state=SendState.FAILED, lease_until=None, last_error=error[:2000])
    if row.message_id is not None:
        move_states([row.message_id], SendState.FAILED, actor=SYSTEM, at=at)


@transaction.atomic
def _note_away(via: str, error: str, *, at: datetime) -> None:
    """The server cannot be reached: nobody knocks for a while, and nothing that waits is counted as tried."""
    Outlet.objects.get_or_create(via=via)
    outlet = lock_rows(Outlet.objects.filter(via=via)).get()
    outlet.failures += 1
    outlet.away_since = outlet.away_since or at
    outlet.retry_at = at + rules.knock_after(outlet.failures)
    outlet.last_error = error[:2000]
    outlet.save()
    log.warning("server_away", via=via, failures=outlet.failures, error=error)


@transaction.atomic
def retry(ids: Iterable[int], *, actor: Actor, at: datetime) -> int:
    """Send given-up rows once more, with all their tries; returns how many. Rows in other states stay."""
    rows = list(lock_rows(Outbox.objects.filter(pk__in=list(ids), state=SendState.FAILED).order_by("pk")))
    Outbox.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=SendState.QUEUED, attempts=0, next_at=at, lease_until=None
    )
    move_states(
        [row.message_id for row in rows if row.message_id is not None], SendState.QUEUED, actor=actor, at=at
    )
    return len(rows)


def move_states(messages: Iterable[int], state: str, *, actor: Actor, at: datetime) -> list[int]:
    """Bring outgoing messages (ids) to a state and announce it; those that may not go there stay as they are.
    Returns the ids that moved. Call inside a transaction."""
    rows = list(
        lock_rows(
            Message.objects.filter(pk__in=list(messages), state__in=rules.states_before(state)).order_by("pk")
        )
    )
    moved = [row.pk for row in rows]
    Message.objects.filter(pk__in=moved).update(state=state)
    announce_many(
        [MessageStateChanged(subject_id=row.thread_id, message_id=row.pk, state=str(state)) for row in rows],
        actor=actor,
        at=at,
    )
    return moved


def waiting() -> dict[str, int]:
    """For people who look after the system: how much waits to be sent, and how much was given up."""
    return {
        "queued": Outbox.objects.filter(state=SendState.QUEUED).count(),
        "failed": Outbox.objects.filter(state=SendState.FAILED).count(),
    }
