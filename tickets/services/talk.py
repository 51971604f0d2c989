"""What is said on a ticket: to the customer, by the customer, among staff."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from channels_hub.enums import Author
from channels_hub.models import Message
from channels_hub.services import messages
from core.actors import SYSTEM, Actor
from core.errors import InvalidInput, NotAllowed, NotVisible
from core.events import announce
from core.models import Event
from core.services.files import removed_on_failure
from tickets.enums import WAITING, ClockKind, ClockState, DraftMode, Status, WokenBy
from tickets.events import AgentReplied, CustomerReplied, NoteAdded
from tickets.models import Note, Ticket
from tickets.services import clocks, forbidden, intake, resolve, routing, snooze, timeline
from tickets.services.desk import clear_draft
from tickets.services.living import living
from tickets.services.state import (
    _move,
    lock_ticket,
    refuse,
    refuse_unseen,
    require_staff,
    sent_before,
    staff_id,
)
from tickets.thanks import is_thanks_only

Upload = UploadedFile  # type: ignore[type-arg]
NOTE_LIMIT = 10_000


@removed_on_failure
@transaction.atomic
def reply(
    *,
    ticket: Ticket,
    body: str,
    files: Sequence[Upload] = (),
    then: str = "",
    client_id: str = "",
    seen_seq: int | None = None,
    actor: Actor,
    at: datetime,
) -> Message:
    """Answer the customer in public. The first answer opens a new ticket and meets its first response, a
    later one the next response; then the ticket moves on to `then` (a waiting state, or empty). The same
    `client_id` is one message. Whoever answers a ticket that nobody has, has it.

    Raises Conflict "newer_message" (extra: count, seq) when the customer wrote after message number
    `seen_seq`: nothing is sent, the caller shows it and asks again; Conflict for a merged ticket or a `then`
    that the state does not allow; InvalidInput (body, files, then), also for forbidden words."""
    staff_id(actor)
    if then and then not in WAITING and then != Status.OPEN:
        raise InvalidInput(fields={"then": [_("Choose what the ticket waits for.")]})
    lock_ticket(ticket, viewer=actor, related=("thread__channel__brand", "assignee"))
    if ticket.status == Status.MERGED:
        raise refuse(ticket)
    known = sent_before(ticket, client_id)
    if known is not None:
        return known
    forbidden.refuse(body)
    refuse_unseen(ticket.thread, seen_seq)
    message = messages.send(
        thread=ticket.thread,
        body=body,
        author=Author.AGENT,
        staff=_user_of(ticket, actor),
        files=files,
        client_id=client_id,
        actor=actor,
        at=at,
    )
    first = ticket.first_responded_at is None
    waited = ticket.awaiting_reply
    things: list[Event | Message] = [message]
    changes: dict[str, Any] = {"awaiting_reply": False, "last_public_at": at, "updated_at": at}
    if first:
        changes["first_responded_at"] = at
    before = Status(ticket.status)
    after = Status(then) if then else before
    if ticket.status == Status.NEW:
        opened = _move(ticket, Status.OPEN, actor=actor, at=at, entry=False, sync=False, **changes)
        things += [opened] if opened and after in (Status.NEW, Status.OPEN) else []
        after = Status.OPEN if after == Status.NEW else after
        changes = {}
    if after != ticket.status:
        moved = _move(ticket, after, actor=actor, at=at, entry=False, sync=False, **changes)
        things += [moved] if moved else []
    elif changes:
        Ticket.objects.filter(pk=ticket.pk).update(**changes)
        for name, value in changes.items():
            setattr(ticket, name, value)
    timeline.record_all(ticket, things)
    routing.take(ticket, actor=actor, at=at)
    if first or waited or after != before:
        _settle_clocks(ticket, actor=actor, at=at)
    announce(AgentReplied(subject_id=ticket.pk, message_id=message.pk, first=first), actor=actor, at=at)
    clear_draft(ticket=ticket, mode=DraftMode.REPLY, actor=actor)
    return message


def _settle_clocks(ticket: Ticket, *, actor: Actor, at: datetime) -> None:
    """The answers that were owed are given; the others follow the state."""
    with clocks.sheet_of(ticket, actor=actor, at=at) as sheet:
        for kind in (ClockKind.FIRST_RESPONSE, ClockKind.NEXT_RESPONSE):
            sheet.finish(ticket.pk, kind, ClockState.MET, since=at)
        sheet.sync(ticket.pk)


def _user_of(ticket: Ticket, actor: Actor) -> User:
    if ticket.assignee is not None and ticket.assignee_id == actor.id:
        return ticket.assignee
    return User.objects.get(pk=staff_id(actor))


@removed_on_failure
@transaction.atomic
def customer_reply(
    *,
    ticket: Ticket,
    body: str,
    files: Sequence[Upload] = (),
    client_id: str = "",
    actor: Actor,
    at: datetime,
) -> Message:
    """What the customer (signed in, by their link, or in the chat) writes on a ticket. It ends waiting for
    them; on a resolved ticket it reopens, or opens a new linked one when the time for that is over; thanks do
    neither. The same `client_id` is one message. Raises NotVisible for somebody else's ticket, InvalidInput
    (body, files)."""
    if actor.is_staff or actor.kind in ("bot", "nobody"):
        raise NotAllowed(_("Only the customer can do this."), code="customer_only")
    if ticket.merged_into_id is None:
        lock_ticket(ticket, viewer=actor, related=("thread__channel__brand",))
    elif not Ticket.objects.visible_to(actor).filter(pk=ticket.pk).exists():
        raise NotVisible()
    message = messages.receive(
        thread=ticket.thread, body=body, files=files, client_id=client_id, actor=actor, at=at
    )
    note_customer_message(ticket=ticket, message=message, actor=actor, at=at)
    return message


@transaction.atomic
def note_customer_message(*, ticket: Ticket, message: Message, actor: Actor, at: datetime) -> Ticket:
    """A message of the customer belongs to this ticket: put it on the timeline and draw the consequences (see
    customer_reply). Returns the ticket that took it: another one when this is merged, or done for too long. A
    message that stands on a timeline already changes nothing."""
    # what was merged is not locked on the way: undoing that merge may hold the other ticket and want this one
    ticket = living(ticket)
    lock_ticket(ticket, viewer=SYSTEM, related=("sla_policy", "thread__channel", "customer", "brand"))
    while ticket.merged_into_id is not None:
        ticket = lock_ticket(
            Ticket(pk=ticket.merged_into_id),
            viewer=SYSTEM,
            related=("sla_policy", "thread__channel", "customer", "brand"),
        )
    if timeline.has_message(message):
        return ticket
    status = Status(ticket.status)
    done = status in (Status.RESOLVED, Status.CLOSED)
    asks = bool(message.files) or not is_thanks_only(message.body)
    if done and asks and not resolve.may_reopen(ticket, at=message.at):
        newer = Ticket.objects.filter(linked_to=ticket, thread_id=ticket.thread_id).order_by("-pk").first()
        if newer is not None:
            return note_customer_message(ticket=newer, message=message, actor=actor, at=at)
        return _follow_up(ticket, message, actor=actor, at=at)
    changes: dict[str, Any] = {"last_customer_at": message.at, "last_public_at": message.at, "updated_at": at}
    if asks:
        changes["awaiting_reply"] = True
    Ticket.objects.filter(pk=ticket.pk).update(**changes)
    for name, value in changes.items():
        setattr(ticket, name, value)
    # a ticket of another customer was merged into this one: what they say is for staff
    theirs = message.thread_id == ticket.thread_id or message.thread.customer_id == ticket.customer_id
    timeline.record(ticket, message=message, public=theirs)
    snooze.wake_locked(ticket, cause=WokenBy.CUSTOMER, actor=actor, at=at)
    announce(CustomerReplied(subject_id=ticket.pk, message_id=message.pk), actor=actor, at=at)
    if done and asks:
        resolve.reopen_by_message(ticket, actor=actor, at=at)
    elif status == Status.WAITING_CUSTOMER:
        _move(ticket, Status.OPEN, actor=actor, at=at)
    if asks and ticket.first_responded_at is not None:
        clocks.start_next_response(ticket=ticket, actor=actor, at=message.at)
    return ticket


def _follow_up(ticket: Ticket, message: Message, *, actor: Actor, at: datetime) -> Ticket:
    """The old ticket is done for too long: the same customer's new issue, linked to it."""
    return intake.open_ticket(
        customer=ticket.customer,
        thread=ticket.thread,
        channel=ticket.thread.channel,
        brand=ticket.brand,
        subject=intake.subject_of(message.body) or ticket.subject,
        symptom=message.body[: intake.SYMPTOM_LIMIT],
        product=ticket.product,
        device=ticket.device,
        serial=ticket.serial,
        purchased_on=ticket.purchased_on,
        linked_to=ticket,
        message=message,
        actor=actor,
        at=at,
    )


@transaction.atomic
def add_note(*, ticket: Ticket, body: str, actor: Actor, at: datetime) -> Note:
    """Something for colleagues; customers never see it. Raises InvalidInput (body)."""
    require_staff(actor)
    text = body.strip()
    if not text:
        raise InvalidInput(fields={"body": [_("Please write a note.")]})
    if len(text) > NOTE_LIMIT:
        raise InvalidInput(
            fields={
                "body": [
                    _("Please keep to %(limit)d characters; this has %(count)d.")
                    % {"limit": NOTE_LIMIT, "count": len(text)}
                ]
            }
        )
    lock_ticket(ticket, viewer=actor)
    note = Note.objects.create(author_id=actor.id if actor.is_staff else None, body=text, at=at)
    timeline.record(ticket, note=note, public=False)
    Ticket.objects.filter(pk=ticket.pk).update(updated_at=at)
    ticket.updated_at = at
    clear_draft(ticket=ticket, mode=DraftMode.NOTE, actor=actor)
    announce(NoteAdded(subject_id=ticket.pk, note_id=note.pk), actor=actor, at=at)
    return note
