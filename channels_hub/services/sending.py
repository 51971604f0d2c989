"""What leaves the house: queued with the decision, sent after the commit, tried again, given up visibly. The
one writer of `Outbox` and of `Message.state`."""

from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from channels_hub import rules
from channels_hub.events import MessageStateChanged
from channels_hub.models import Channel, Message, Outbox
from core.actors import Actor
from core.db import lock_rows
from core.errors import InvalidInput
from core.events import announce_many


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
        recipient=recipient,
        subject=" ".join(subject.split())[:200],
        body=body,
        dedupe=dedupe,
        next_at=at,
        created_at=at,
    )
    Outbox.objects.bulk_create([row], ignore_conflicts=True)
    return Outbox.objects.get(dedupe=dedupe)


def move_states(messages: Iterable[Message], state: str, *, actor: Actor, at: datetime) -> list[int]:
    """Bring outgoing messages to a state and announce it; those that may not go there stay as they are.
    Returns the ids that moved. Call inside a transaction."""
    ids = [message.pk for message in messages]
    rows = list(
        lock_rows(Message.objects.filter(pk__in=ids, state__in=rules.states_before(state)).order_by("pk"))
    )
    moved = [row.pk for row in rows]
    Message.objects.filter(pk__in=moved).update(state=state)
    announce_many(
        [MessageStateChanged(subject_id=row.thread_id, message_id=row.pk, state=str(state)) for row in rows],
        actor=actor,
        at=at,
    )
    return moved
