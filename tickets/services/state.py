"""A ticket's state: one private writer, and the moves that are nothing but a move.

Moving to the state that a ticket already has does nothing and announces nothing, so that a doubled click is
one click. Verbs that bring content of their own (resolve, reopen) refuse the second time instead: their
content would be lost."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from channels_hub.enums import Direction
from channels_hub.models import Message, Thread
from core.actors import Actor
from core.db import lock_rows
from core.errors import Conflict, InvalidInput, NotAllowed, NotVisible
from core.events import announce
from core.models import Event
from tickets import rules
from tickets.enums import ACTIVE, WAITING, Status
from tickets.events import StatusChanged
from tickets.models import Ticket
from tickets.services import clocks, timeline


def lock_ticket(ticket: Ticket, *, viewer: Actor, related: tuple[str, ...] = ()) -> Ticket:
    """Lock the row, bring the caller's object up to date and hand it back. `related` is fetched with it.
    Raises NotVisible when there is no such ticket for this viewer."""
    rows = Ticket.objects.visible_to(viewer)
    if related:
        rows = rows.select_related(*related)
    try:
        ticket.refresh_from_db(from_queryset=lock_rows(rows))
    except Ticket.DoesNotExist:
        raise NotVisible() from None
    return ticket


def require_staff(actor: Actor) -> None:
    """Raises NotAllowed for anybody but staff and the system itself."""
    if not actor.is_staff and not actor.is_system:
        raise NotAllowed(_("Only staff can do this."), code="staff_only")


def staff_id(actor: Actor) -> int:
    """The user id of a member of staff. Raises NotAllowed for anybody else, the system too."""
    if not actor.is_staff or actor.id is None:
        raise NotAllowed(_("Only staff can do this."), code="staff_only")
    return actor.id


def refuse(ticket: Ticket, after: Status | None = None) -> Conflict:
    """The error for a step that the state does not allow; says what it allows."""
    before = Status(ticket.status)
    # out of a merged ticket only undoing the merge leads
    allowed = sorted(rules.TRANSITIONS[before]) if before != Status.MERGED else []
    return Conflict(
        _("This cannot be done while the ticket is “%(state)s”.") % {"state": before.label},
        code="illegal_transition",
        extra={"status": before.value, "asked": after.value if after else "", "allowed": allowed},
    )


def refuse_unseen(thread: Thread, seen_seq: int | None) -> None:
    """Raises Conflict "newer_message" (extra: count, seq) when the customer has said more than the writer
    saw; None asks for nothing. The thread stays locked, so that nothing can come in between."""
    if seen_seq is None:
        return
    last = lock_rows(Thread.objects.filter(pk=thread.pk)).values_list("last_seq", flat=True).get()
    if last <= seen_seq:
        return
    unseen = Message.objects.filter(thread_id=thread.pk, direction=Direction.IN, seq__gt=seen_seq).count()
    if unseen:
        raise Conflict(
            ngettext(
                "The customer just wrote %(count)d more message. Look before you send?",
                "The customer just wrote %(count)d more messages. Look before you send?",
                unseen,
            )
            % {"count": unseen},
            code="newer_message",
            extra={"count": unseen, "seq": last},
        )


def sent_before(ticket: Ticket, client_id: str) -> Message | None:
    """The message of ours that this key was used for on the ticket's thread."""
    if not client_id:
        return None
    return Message.objects.filter(
        thread_id=ticket.thread_id, client_id=client_id[:64], direction=Direction.OUT
    ).first()


def _move(
    ticket: Ticket,
    after: Status,
    *,
    actor: Actor,
    at: datetime,
    reason: str = "",
    entry: bool = True,
    sync: bool = True,
    **also: Any,
) -> Event | None:
    """Bring a locked ticket (see lock_ticket) to a state, with what is written at the same moment (`also`);
    the clocks follow (`sync`), the timeline shows it (`entry`; False when the verb records an event of its
    own). Returns the event, or None when the ticket was there already. Raises Conflict
    "illegal_transition"."""
    before = Status(ticket.status)
    if before == after:
        return None
    if not rules.may_move(before, after):
        raise refuse(ticket, after)
    changes = {"status": after.value, "updated_at": at, **also}
    if after not in ACTIVE and ticket.snoozed_until is not None:
        changes |= {"snoozed_until": None, "snoozed_by_id": None}  # what is done is put aside no more
    # the state in the condition makes a caller that forgot the lock fail instead of overwrite
    if not Ticket.objects.filter(pk=ticket.pk, status=before).update(**changes):
        raise Conflict(code="illegal_transition", extra={"allowed": []})
    for field, value in changes.items():
        setattr(ticket, field, value)
    event = announce(
        StatusChanged(subject_id=ticket.pk, before=before.value, after=after.value),
        actor=actor,
        at=at,
        detail={"reason": reason} if reason else None,
    )
    if entry:
        timeline.record(ticket, event=event, public=True)
    if sync:
        clocks.sync_clocks(ticket=ticket, actor=actor, at=at)
    return event


@transaction.atomic
def set_waiting(*, ticket: Ticket, status: str, reason: str = "", actor: Actor, at: datetime) -> Ticket:
    """Wait for the customer, a part or a third party. A part or a third party needs a reason: it pauses a
    promise. Raises InvalidInput (status, reason), Conflict from a state that has not been answered yet or is
    done."""
    require_staff(actor)
    if status not in WAITING:
        raise InvalidInput(fields={"status": [_("Choose what the ticket waits for.")]})
    if status != Status.WAITING_CUSTOMER and not reason.strip():
        raise InvalidInput(fields={"reason": [_("Say what it waits for: the clock stands meanwhile.")]})
    lock_ticket(ticket, viewer=actor)
    if ticket.status == Status.MERGED:
        raise refuse(ticket, Status(status))
    _move(ticket, Status(status), actor=actor, at=at, reason=reason.strip())
    return ticket


@transaction.atomic
def resume(*, ticket: Ticket, actor: Actor, at: datetime) -> Ticket:
    """The wait is over. An open ticket stays open; raises Conflict from any other state."""
    require_staff(actor)
    lock_ticket(ticket, viewer=actor)
    if ticket.status not in WAITING and ticket.status != Status.OPEN:
        raise refuse(ticket, Status.OPEN)
    _move(ticket, Status.OPEN, actor=actor, at=at)
    return ticket
