"""One ticket that turns out to be two issues."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from channels_hub.enums import ChannelKind, Direction
from channels_hub.models import Thread
from channels_hub.services.threads import open_thread
from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotVisible
from core.events import announce
from tickets.enums import ClockKind, ClockState, EntryKind, Status
from tickets.events import TicketSplit
from tickets.models import Ticket, TicketEntry
from tickets.services import clocks, intake, timeline
from tickets.services.state import lock_ticket, refuse, require_staff


@transaction.atomic
def split(*, ticket: Ticket, entry: TicketEntry, subject: str = "", actor: Actor, at: datetime) -> Ticket:
    """Make one message of the customer a ticket of its own: the message goes there, and the new ticket is judged, timed
    and routed like any other. An answer that was owed for this message alone is owed there. Splitting the same message
    again gives the same ticket. Raises NotVisible when the entry is not on the ticket, Conflict "not_a_message" (only
    what customers say is split), "only_message" (nothing would be left), or the ticket is merged; InvalidInput
    (subject)."""
    require_staff(actor)
    subject = " ".join(subject.split())
    if len(subject) > intake.SUBJECT_LIMIT:
        raise InvalidInput(
            fields={
                "subject": [
                    _("Please keep to %(limit)d characters; this has %(count)d.")
                    % {"limit": intake.SUBJECT_LIMIT, "count": len(subject)}
                ]
            }
        )
    lock_ticket(ticket, viewer=actor, related=("thread__channel__brand", "customer", "region", "brand"))
    found = TicketEntry.objects.select_related("message__thread", "ticket").filter(pk=entry.pk).first()
    if found is not None and found.ticket.split_from_id == ticket.pk:
        return found.ticket
    if found is None or found.ticket_id != ticket.pk:
        raise NotVisible()
    message = found.message
    if message is None or message.direction != Direction.IN:
        raise Conflict(_("Only a customer's message can become a ticket."), code="not_a_message")
    if ticket.status == Status.MERGED:
        raise refuse(ticket)
    said = TicketEntry.objects.filter(ticket=ticket, message__direction=Direction.IN).exclude(pk=found.pk)
    if not said.exists():
        raise Conflict(
            _("This is the only message of the customer: nothing would be left here."), code="only_message"
        )
    made = intake.open_ticket(
        customer=ticket.customer,
        thread=_thread_for(ticket, at=at),
        channel=ticket.channel,
        brand=ticket.brand,
        subject=subject or intake.subject_of(message.body) or ticket.subject,
        symptom=message.body[: intake.SYMPTOM_LIMIT],
        region=ticket.region,
        split_from=ticket,
        said_at=message.at,
        actor=actor,
        at=at,
    )
    timeline.move([found.pk], ticket=made)
    _settle(ticket, actor=actor, at=at)
    event = announce(
        TicketSplit(
            subject_id=ticket.pk,
            source=ticket.reference,
            new=made.reference,
            new_id=made.pk,
            message_id=message.pk,
        ),
        actor=actor,
        at=at,
    )
    for row in (ticket, made):
        timeline.record(row, event=event, public=False)
    return made


def _thread_for(ticket: Ticket, *, at: datetime) -> Thread:
    """Requests answer by mail with a link to their own ticket, so each has a thread of its own. Whoever chats or mails
    goes on where they are."""
    thread: Thread = ticket.thread
    if thread.channel.kind != ChannelKind.WEB_FORM:
        return thread
    return open_thread(
        channel=thread.channel,
        external_id=f"request:{uuid4().hex}",
        customer=ticket.customer,
        display_name=thread.display_name,
        language=thread.language,
        reply_email=thread.reply_email,
        at=at,
    )


def _settle(ticket: Ticket, *, actor: Actor, at: datetime) -> None:
    """What is left on a ticket from which a message was taken: when the customer last wrote, and whether they still
    wait for an answer."""
    said = TicketEntry.objects.filter(ticket=ticket, kind=EntryKind.MESSAGE)
    last = said.filter(message__direction=Direction.IN).order_by("-at", "-pk").first()
    answered = said.filter(message__direction=Direction.OUT).order_by("-at", "-pk").first()
    changes: dict[str, Any] = {"last_customer_at": last.at if last else None, "updated_at": at}
    satisfied = (
        ticket.awaiting_reply
        and ticket.first_responded_at is not None
        and (last is None or (answered is not None and answered.at >= last.at))
    )
    if satisfied:
        changes["awaiting_reply"] = False
    Ticket.objects.filter(pk=ticket.pk).update(**changes)
    for name, value in changes.items():
        setattr(ticket, name, value)
    if satisfied:
        with clocks.sheet_of(ticket, actor=actor, at=at) as sheet:
            sheet.finish(ticket.pk, ClockKind.NEXT_RESPONSE, ClockState.STOPPED, since=at)
