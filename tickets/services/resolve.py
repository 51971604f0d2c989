"""The end of a ticket: resolved, confirmed or timed out, and opened again when it was not solved."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.enums import DutyState, TierCode
from accounts.models import Agent, User
from channels_hub.enums import Author
from channels_hub.services import messages
from core.actors import SYSTEM, Actor
from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import announce
from core.services.files import removed_on_failure
from core.services.timers import cancel_timer, set_timer
from tickets import rules
from tickets.enums import ClockKind, ClockState, CloseReason, Status
from tickets.events import AgentReplied, TicketClosed, TicketReopened, TicketResolved
from tickets.models import RootCause, SlaPolicy, SolutionCode, Ticket
from tickets.services import clocks, forbidden, routing, timeline
from tickets.services.state import (
    _move,
    lock_ticket,
    refuse,
    refuse_unseen,
    sent_before,
    staff_id,
)

Upload = UploadedFile  # type: ignore[type-arg]
CONFIRM_TIMER = "tickets.confirm-timeout"
#: reasons of a reopening that have a code; any other text goes into the event's detail
REOPEN_CODES = frozenset({"not_solved", "customer_replied", "survey"})


@removed_on_failure
@transaction.atomic
def resolve(
    *,
    ticket: Ticket,
    solution_code: SolutionCode | None,
    root_cause: RootCause | None,
    message: str,
    files: Sequence[Upload] = (),
    client_id: str = "",
    seen_seq: int | None = None,
    actor: Actor,
    at: datetime,
) -> Ticket:
    """Say how it was solved and why it happened, tell the customer, and wait for their confirmation (the
    policy's hours; then it closes by itself). A new ticket is opened by this first answer, and whoever
    resolves a ticket that nobody has, has it. The same `client_id` resolves once. Raises InvalidInput
    (solution_code, root_cause, message, files) with every complaint at once, Conflict when it is resolved or
    done already, and "newer_message" when the customer wrote after message number `seen_seq` (see
    talk.reply)."""
    staff_id(actor)
    complaints: dict[str, list[object]] = {}
    if solution_code is None:
        complaints["solution_code"] = [_("Choose how it was solved.")]
    if root_cause is None:
        complaints["root_cause"] = [_("Choose why it happened.")]
    if not message.strip():
        complaints["message"] = [_("Tell the customer what was done.")]
    if complaints or solution_code is None or root_cause is None:
        raise InvalidInput(fields=complaints)
    lock_ticket(ticket, viewer=actor, related=("thread__channel__brand", "sla_policy"))
    if ticket.status == Status.RESOLVED and sent_before(ticket, client_id) is not None:
        return ticket
    forbidden.refuse(message, field="message")
    before = Status(ticket.status)
    if before != Status.NEW and not rules.may_move(before, Status.RESOLVED):
        raise refuse(ticket, Status.RESOLVED)
    refuse_unseen(ticket.thread, seen_seq)
    routing.take(ticket, actor=actor, at=at)
    said = _tell(ticket, message, files, client_id, actor=actor, at=at)
    first = ticket.first_responded_at is None
    if before == Status.NEW:
        _move(ticket, Status.OPEN, actor=actor, at=at, entry=False, sync=False, first_responded_at=at)
    confirm_by = at + timedelta(hours=_policy_of(ticket).confirm_hours)
    _move(
        ticket,
        Status.RESOLVED,
        actor=actor,
        at=at,
        entry=False,
        sync=False,
        solution_code=solution_code,
        root_cause=root_cause,
        resolved_at=at,
        resolved_by_id=actor.id,
        confirm_by=confirm_by,
        awaiting_reply=False,
        last_public_at=at,
        first_responded_at=ticket.first_responded_at or at,
    )
    event = announce(
        TicketResolved(
            subject_id=ticket.pk,
            cycle=ticket.cycle,
            solution_code=solution_code.code,
            root_cause=root_cause.code,
            agent_id=ticket.assignee_id or actor.id,
        ),
        actor=actor,
        at=at,
    )
    announce(AgentReplied(subject_id=ticket.pk, message_id=said.pk, first=first), actor=actor, at=at)
    timeline.record_all(ticket, [said, event])
    with clocks.sheet_of(ticket, actor=actor, at=at) as sheet:
        for kind in ClockKind:
            sheet.finish(ticket.pk, kind, ClockState.MET, since=at)
    set_timer(CONFIRM_TIMER, subject_id=ticket.pk, due_at=confirm_by, data={"cycle": ticket.cycle})
    return ticket


def _tell(
    ticket: Ticket, body: str, files: Sequence[Upload], client_id: str, *, actor: Actor, at: datetime
) -> Any:
    try:
        return messages.send(
            thread=ticket.thread,
            body=body,
            author=Author.AGENT,
            staff=User.objects.get(pk=staff_id(actor)),
            files=files,
            client_id=client_id,
            actor=actor,
            at=at,
        )
    except InvalidInput as error:
        # what the thread calls body, the caller called message
        fields = {("message" if name == "body" else name): said for name, said in error.fields.items()}
        raise InvalidInput(error.message, code=error.code, fields=fields) from error


def _policy_of(ticket: Ticket) -> SlaPolicy:
    """The ticket's policy; the model's own defaults where it has none."""
    return ticket.sla_policy or SlaPolicy()


@transaction.atomic
def confirm(*, ticket: Ticket, reason: str = "", actor: Actor, at: datetime) -> Ticket:
    """The customer says that it works; staff may say so for them, with a reason. Confirming a closed ticket
    changes nothing. Raises NotVisible for somebody else's ticket, Conflict when it is not resolved,
    InvalidInput (reason)."""
    if actor.kind in ("bot", "nobody", "system"):
        raise NotAllowed(_("Only the customer can do this."), code="customer_only")
    if actor.is_staff and not reason.strip():
        raise InvalidInput(fields={"reason": [_("Say how the customer confirmed.")]})
    lock_ticket(ticket, viewer=actor)
    if ticket.status == Status.CLOSED:
        return ticket
    if ticket.status != Status.RESOLVED:
        raise refuse(ticket, Status.CLOSED)
    why = CloseReason.BY_STAFF if actor.is_staff else CloseReason.CONFIRMED
    _close(ticket, why, reason=reason.strip(), actor=actor, at=at)
    cancel_timer(f"{CONFIRM_TIMER}:{ticket.pk}")
    return ticket


@transaction.atomic
def close_unconfirmed(*, ticket: Ticket, at: datetime, cycle: int | None = None) -> bool:
    """The time to confirm is over; whether that closed it. `cycle` is the resolution that the time was given
    for: one that was reopened since, or has more time, stays."""
    lock_ticket(ticket, viewer=SYSTEM)
    if ticket.status != Status.RESOLVED or (cycle is not None and cycle != ticket.cycle):
        return False
    if ticket.confirm_by is not None and at < ticket.confirm_by:
        return False
    _close(ticket, CloseReason.TIMEOUT, actor=SYSTEM, at=at)
    return True


def _close(ticket: Ticket, why: CloseReason, *, actor: Actor, at: datetime, reason: str = "") -> None:
    _move(
        ticket,
        Status.CLOSED,
        actor=actor,
        at=at,
        entry=False,
        closed_at=at,
        close_reason=why.value,
        confirm_by=None,
        awaiting_reply=False,
        last_public_at=at,
    )
    event = announce(
        TicketClosed(subject_id=ticket.pk, cycle=ticket.cycle, reason=why.value),
        actor=actor,
        at=at,
        detail={"reason": reason} if reason else None,
    )
    timeline.record(ticket, event=event, public=True)


def may_reopen(ticket: Ticket, *, at: datetime) -> bool:
    """Whether a customer may still reopen it: resolved, at most the policy's days ago."""
    if ticket.status not in (Status.RESOLVED, Status.CLOSED) or ticket.resolved_at is None:
        return False
    return at <= ticket.resolved_at + timedelta(days=_policy_of(ticket).reopen_days)


@transaction.atomic
def reopen(*, ticket: Ticket, reason: str = "", actor: Actor, at: datetime) -> Ticket:
    """Not solved after all: the same number, the first clocks as they are and one more to resolve it. Whoever
    handled it keeps it if they are available, else it is routed anew; the third reopening goes to the
    experts. `reason` is a code (not_solved, customer_replied, survey) or, from staff, a text. Raises Conflict
    when it is not resolved ("illegal_transition") or, for a customer, when the time for it is over
    ("too_late"), InvalidInput (reason)."""
    if actor.kind in ("bot", "nobody"):
        raise NotAllowed(_("Only the customer can do this."), code="customer_only")
    if actor.is_staff and not reason.strip():
        raise InvalidInput(fields={"reason": [_("Say why it is opened again.")]})
    lock_ticket(ticket, viewer=actor, related=("sla_policy", "product__line", "channel", "category"))
    if ticket.status not in (Status.RESOLVED, Status.CLOSED):
        raise refuse(ticket, Status.OPEN)
    if not actor.is_staff and not actor.is_system and not may_reopen(ticket, at=at):
        raise Conflict(
            _("This request was finished too long ago. Please send a new one; we link the two."),
            code="too_late",
        )
    return _reopen(ticket, reason.strip() or "not_solved", actor=actor, at=at)


def reopen_by_message(ticket: Ticket, *, actor: Actor, at: datetime) -> Ticket:
    """`reopen` of a locked ticket because the customer wrote on it."""
    return _reopen(ticket, "customer_replied", actor=actor, at=at)


def _reopen(ticket: Ticket, reason: str, *, actor: Actor, at: datetime) -> Ticket:
    cycle = ticket.cycle + 1
    _move(
        ticket,
        Status.OPEN,
        actor=actor,
        at=at,
        entry=False,
        sync=False,
        cycle=cycle,
        resolved_at=None,
        resolved_by_id=None,
        confirm_by=None,
        closed_at=None,
        close_reason="",
        solution_code=None,
        root_cause=None,
        awaiting_reply=True,
        last_public_at=at,
    )
    code = reason if reason in REOPEN_CODES else "said"
    event = announce(
        TicketReopened(subject_id=ticket.pk, cycle=cycle, reason=code),
        actor=actor,
        at=at,
        detail={"reason": reason} if code == "said" else None,
    )
    timeline.record(ticket, event=event, public=True)
    cancel_timer(f"{CONFIRM_TIMER}:{ticket.pk}")
    clocks.start_reopen(ticket=ticket, actor=actor, at=at)
    _to_whom(ticket, cycle, actor=actor, at=at)
    return ticket


def _to_whom(ticket: Ticket, cycle: int, *, actor: Actor, at: datetime) -> None:
    """Experts at the third reopening; else whoever had it, if available; else the queue."""
    tier = ticket.tier.code if ticket.tier else TierCode.L1
    if cycle - 1 >= rules.REOPENINGS_TO_EXPERTS and tier not in (TierCode.L3, TierCode.RD):
        queue = routing.enqueue(ticket, tier_code=TierCode.L3, actor=actor, at=at)
        if queue is not None:
            clocks.restart_hop(ticket=ticket, actor=actor, at=at)
            return
    if ticket.assignee_id is None or not _is_available(ticket.assignee_id):
        routing.requeue(ticket, tier_code=tier, actor=actor, at=at)


def _is_available(user_id: int) -> bool:
    return Agent.objects.filter(
        user_id=user_id, user__is_active=True, duty_state=DutyState.AVAILABLE
    ).exists()
