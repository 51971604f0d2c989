"""The buttons of a ticket's page: a form, one service call, what to say when it worked."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.actors import Actor
from core.admin_verbs import Verb
from tickets import forms as f
from tickets.enums import ACTIVE, DONE, WAITING, Status
from tickets.models import Queue, Ticket
from tickets.services.classify import regrade
from tickets.services.escalate import escalate, hand_down
from tickets.services.moving import move_to_queue
from tickets.services.resolve import confirm, reopen, resolve
from tickets.services.routing import assign, give_back
from tickets.services.state import resume, set_waiting
from tickets.services.talk import add_note, reply


class QueueForm(forms.Form):
    """Another queue of the same tier."""

    queue = forms.ModelChoiceField(
        label=_("Queue"), queryset=Queue.objects.none(), empty_label=_("Choose a queue")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["queue"].queryset = Queue.objects.filter(active=True)  # type: ignore[attr-defined]


def _assign(ticket: Ticket, data: dict[str, Any], *, actor: Actor, at: datetime) -> object:
    return assign(ticket=ticket, agent=data["agent"], reason=data["reason"], actor=actor, at=at)


def _escalate(ticket: Ticket, data: dict[str, Any], *, actor: Actor, at: datetime) -> object:
    return escalate(ticket=ticket, actor=actor, at=at, **data)


def _hand_down(ticket: Ticket, data: dict[str, Any], *, actor: Actor, at: datetime) -> object:
    return hand_down(ticket=ticket, instruction=data["instruction"], actor=actor, at=at)


def _regrade(ticket: Ticket, data: dict[str, Any], *, actor: Actor, at: datetime) -> object:
    return regrade(
        ticket=ticket,
        grade=data["grade"],
        category=data["category"] or ticket.category,
        reason=data["reason"],
        actor=actor,
        at=at,
    )


def _note(ticket: Ticket, data: dict[str, Any], *, actor: Actor, at: datetime) -> object:
    return add_note(ticket=ticket, body=data["body"], actor=actor, at=at)


def _reply(ticket: Ticket, data: dict[str, Any], *, actor: Actor, at: datetime) -> object:
    return reply(ticket=ticket, actor=actor, at=at, **data)


def _wait(ticket: Ticket, data: dict[str, Any], *, actor: Actor, at: datetime) -> object:
    return set_waiting(ticket=ticket, status=data["status"], reason=data["reason"], actor=actor, at=at)


def _resume(ticket: Ticket, data: dict[str, Any], *, actor: Actor, at: datetime) -> object:
    return resume(ticket=ticket, actor=actor, at=at)


def _resolve(ticket: Ticket, data: dict[str, Any], *, actor: Actor, at: datetime) -> object:
    return resolve(ticket=ticket, actor=actor, at=at, **data)


def _reopen(ticket: Ticket, data: dict[str, Any], *, actor: Actor, at: datetime) -> object:
    return reopen(ticket=ticket, reason=data["reason"], actor=actor, at=at)


def _confirm(ticket: Ticket, data: dict[str, Any], *, actor: Actor, at: datetime) -> object:
    return confirm(ticket=ticket, reason=data["reason"], actor=actor, at=at)


def _route(ticket: Ticket, data: dict[str, Any], *, actor: Actor, at: datetime) -> object:
    return give_back(ticket=ticket, actor=actor, at=at)


def _move(ticket: Ticket, data: dict[str, Any], *, actor: Actor, at: datetime) -> object:
    return move_to_queue(ticket=ticket, queue=data["queue"], actor=actor, at=at)


def is_active(ticket: Ticket) -> bool:
    return ticket.status in ACTIVE


def is_waiting(ticket: Ticket) -> bool:
    return ticket.status in WAITING


def may_wait(ticket: Ticket) -> bool:
    return ticket.status in ACTIVE and ticket.status != Status.NEW


def is_resolved(ticket: Ticket) -> bool:
    return ticket.status == Status.RESOLVED


def is_done(ticket: Ticket) -> bool:
    return ticket.status in DONE and ticket.status != Status.MERGED


def is_not_merged(ticket: Ticket) -> bool:
    return ticket.status != Status.MERGED


def is_assigned(ticket: Ticket) -> bool:
    return ticket.status in ACTIVE and ticket.assignee_id is not None


def seen(ticket: Ticket) -> dict[str, Any]:
    """What was on the page when the reply was begun: a newer message is shown before it is sent."""
    return {"seen_seq": ticket.thread.last_seq}


ASSIGN = Verb(
    "assign",
    _("Assign"),
    _assign,
    _("The ticket is assigned."),
    icon="person_add",
    form=f.AssignForm,
    shown=is_active,
)
NOTE = Verb(
    "note",
    _("Note"),
    _note,
    _("The note is saved."),
    icon="lock",
    form=f.NoteForm,
    hint=_("Colleagues read this. The customer cannot see it."),
)
MOVE = Verb(
    "move",
    _("Move to a queue"),
    _move,
    _("The ticket waits in the other queue."),
    icon="move_item",
    form=QueueForm,
    shown=is_active,
)
ROUTE = Verb(
    "route",
    _("Route anew"),
    _route,
    _("The ticket is back in its queue and will be routed."),
    icon="alt_route",
    shown=is_assigned,
    hint=_("Whoever has it is free of it; the rules choose somebody again."),
)
VERBS = (
    Verb(
        "reply",
        _("Reply"),
        _reply,
        _("The reply is on its way."),
        icon="reply",
        form=f.ReplyForm,
        initial=seen,
        shown=is_not_merged,
        tone="primary",
    ),
    NOTE,
    ASSIGN,
    Verb(
        "escalate",
        _("Escalate"),
        _escalate,
        _("The ticket is with the next tier."),
        icon="arrow_upward",
        form=f.EscalateForm,
        initial=lambda ticket: {"category": ticket.category_id},
        shown=is_active,
    ),
    Verb(
        "hand-down",
        _("Hand down"),
        _hand_down,
        _("The ticket is with the tier below."),
        icon="arrow_downward",
        form=f.HandDownForm,
        shown=is_active,
    ),
    Verb(
        "regrade",
        _("Re-grade"),
        _regrade,
        _("The grade is changed, and the deadlines follow."),
        icon="tune",
        form=f.RegradeForm,
        initial=lambda ticket: {"grade": ticket.grade, "category": ticket.category_id},
        shown=is_active,
    ),
    Verb(
        "wait",
        _("Wait"),
        _wait,
        _("The ticket waits."),
        icon="hourglass_empty",
        form=f.WaitForm,
        shown=may_wait,
    ),
    Verb(
        "resume",
        _("Go on"),
        _resume,
        _("The ticket is open again."),
        icon="play_arrow",
        shown=is_waiting,
        hint=_("The wait is over; the clocks run again."),
    ),
    MOVE,
    ROUTE,
    Verb(
        "resolve",
        _("Resolve"),
        _resolve,
        _("Resolved. The customer is asked to confirm."),
        icon="task_alt",
        form=f.ResolveForm,
        shown=is_active,
    ),
    Verb(
        "confirm",
        _("Confirm for the customer"),
        _confirm,
        _("The ticket is closed."),
        icon="verified",
        form=f.ConfirmForm,
        shown=is_resolved,
    ),
    Verb(
        "reopen",
        _("Reopen"),
        _reopen,
        _("The ticket is open again."),
        icon="replay",
        form=f.ReopenForm,
        shown=is_done,
    ),
)
