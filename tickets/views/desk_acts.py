"""What agents do with a ticket: each act is a form, one service call, and the part of the page that changed.

An act is opened at desk:do as a dialog (htmx) or a page of its own (without scripts), and posted to the same address.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from core import clock, live
from core.actors import Actor
from core.errors import Conflict, DomainError, NotVisible
from customers.services.privacy import reveal as reveal_value
from tickets.enums import DraftMode
from tickets.forms import (
    AssignForm,
    ConfirmForm,
    EscalateForm,
    HandDownForm,
    NoteForm,
    RegradeForm,
    ReopenForm,
    ReplyForm,
    ResolveForm,
    SnoozeForm,
    WaitForm,
    add_domain_error,
)
from tickets.models import Ticket
from tickets.services import desk, macros
from tickets.services.classify import regrade
from tickets.services.escalate import escalate, hand_down
from tickets.services.resolve import confirm, reopen, resolve
from tickets.services.routing import assign, claim
from tickets.services.snooze import snooze, wake
from tickets.services.state import resume, set_waiting
from tickets.services.talk import add_note, reply
from tickets.views import desk_context as read


class PlainForm(forms.Form):
    """An act that asks nothing."""


class ComposerForm(ReplyForm):
    """The desk's reply: a macro may have been put in."""

    macro = forms.CharField(max_length=50, required=False, widget=forms.HiddenInput)


class RevealForm(forms.Form):
    """Why a masked value must be seen."""

    reason = forms.CharField(label=gettext_lazy("Why do you need it?"), max_length=200)


@dataclass(frozen=True)
class Act:
    """A form and the verb behind it."""

    title: Any
    form: type[forms.Form]
    run: Callable[[Ticket, dict[str, Any], Actor, datetime], object]
    button: Any
    done: Any


def _run(verb: Callable[..., object]) -> Callable[[Ticket, dict[str, Any], Actor, datetime], object]:
    return lambda ticket, data, actor, at: verb(ticket=ticket, **data, actor=actor, at=at)


ACTS: dict[str, Act] = {
    "claim": Act(
        gettext_lazy("Take the ticket"),
        PlainForm,
        _run(claim),
        gettext_lazy("Take it"),
        gettext_lazy("The ticket is yours."),
    ),
    "assign": Act(
        gettext_lazy("Assign"), AssignForm, _run(assign), gettext_lazy("Assign"), gettext_lazy("Assigned.")
    ),
    "escalate": Act(
        gettext_lazy("Escalate"),
        EscalateForm,
        _run(escalate),
        gettext_lazy("Escalate"),
        gettext_lazy("Escalated."),
    ),
    "hand-down": Act(
        gettext_lazy("Hand down"),
        HandDownForm,
        _run(hand_down),
        gettext_lazy("Hand down"),
        gettext_lazy("Handed down."),
    ),
    "regrade": Act(
        gettext_lazy("Change grade or category"),
        RegradeForm,
        _run(regrade),
        gettext_lazy("Change"),
        gettext_lazy("Changed; the deadlines follow."),
    ),
    "wait": Act(
        gettext_lazy("Wait for something"),
        WaitForm,
        _run(set_waiting),
        gettext_lazy("Wait"),
        gettext_lazy("The clocks follow."),
    ),
    "snooze": Act(
        gettext_lazy("Put aside"),
        SnoozeForm,
        _run(snooze),
        gettext_lazy("Put aside"),
        gettext_lazy("Put aside. It comes back by itself."),
    ),
    "wake": Act(
        gettext_lazy("Take back now"),
        PlainForm,
        _run(wake),
        gettext_lazy("Take back"),
        gettext_lazy("It is among your work again."),
    ),
    "resume": Act(
        gettext_lazy("Go on"),
        PlainForm,
        _run(resume),
        gettext_lazy("Go on"),
        gettext_lazy("The clocks run again."),
    ),
    "resolve": Act(
        gettext_lazy("Resolve"),
        ResolveForm,
        _run(resolve),
        gettext_lazy("Resolve and ask to confirm"),
        gettext_lazy("Resolved. The customer is asked to confirm."),
    ),
    "confirm": Act(
        gettext_lazy("Confirm for the customer"),
        ConfirmForm,
        _run(confirm),
        gettext_lazy("Close"),
        gettext_lazy("Closed."),
    ),
    "reopen": Act(
        gettext_lazy("Open again"),
        ReopenForm,
        _run(reopen),
        gettext_lazy("Open again"),
        gettext_lazy("Open again."),
    ),
}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def do(request: HttpRequest, reference: str, name: str) -> HttpResponse:
    """Open or carry out one of ACTS."""
    viewer = read.staff_viewer(request)
    ticket = read.ticket_for(viewer, reference)
    act = ACTS.get(name)
    if act is None:
        raise NotVisible()
    refusal: DomainError | None = None
    if request.method == "POST":
        form = act.form(request.POST, request.FILES)
        if form.is_valid():
            try:
                act.run(ticket, form.cleaned_data, viewer, clock.now())
            except DomainError as error:
                if error.status == 404:
                    raise
                refusal = error
                add_domain_error(form, error)
            else:
                messages.success(request, str(act.done))
                return _to_ticket(request, reference)
    else:
        form = act.form(initial=_initial(ticket, name, viewer))
    template = "desk/_do.html" if request.headers.get("HX-Request") else "desk/do.html"
    context = {
        "ticket": ticket,
        "act": act,
        "name": name,
        "form": form,
        "allowed": read.allowed_states(refusal),
        "files_lost": bool(request.FILES),
        **read.bar_context(request, viewer),
    }
    return render(request, template, context, status=_status_of(form, refusal))


def _status_of(form: forms.BaseForm, refusal: DomainError | None) -> int:
    """409 when the ticket's state refuses, 422 when something filled in is wrong. htmx puts both in place."""
    if isinstance(refusal, Conflict):
        return refusal.status
    return 422 if form.errors else 200


def _initial(ticket: Ticket, name: str, viewer: Actor) -> dict[str, Any]:
    if name in ("escalate", "regrade"):
        return {"category": ticket.category_id, "grade": ticket.grade}
    if name == "assign" and ticket.assignee_id != viewer.id:
        return {"agent": viewer.id}  # "take over" is assigning to oneself
    return {}


def _to_ticket(request: HttpRequest, reference: str) -> HttpResponse:
    """Back to the ticket; htmx is told to go there."""
    answer = redirect("desk:ticket", reference)
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": answer["Location"]})
    return answer


@require_POST
def send_reply(request: HttpRequest, reference: str) -> HttpResponse:
    """Answer the customer. A newer message of theirs asks for a second look first; the text stays."""
    viewer = read.staff_viewer(request)
    ticket = read.ticket_for(viewer, reference)
    form = ComposerForm(request.POST, request.FILES)
    if form.is_valid():
        data = form.cleaned_data
        try:
            send = partial(macros.reply_with, code=data["macro"]) if data["macro"] else reply
            send(
                ticket=ticket,
                body=data["body"],
                files=data["files"],
                then=data["then"],
                client_id=data["client_id"],
                seen_seq=data["seen_seq"] if not request.POST.get("anyway") else None,
                actor=viewer,
                at=clock.now(),
            )
        except DomainError as error:
            if error.status == 404:
                raise
            return _composer(request, ticket, viewer, form, refusal=error)
        desk.clear_draft(ticket=ticket, mode=DraftMode.REPLY, actor=viewer)
        return _after_sending(request, reference, viewer)
    return _composer(request, ticket, viewer, form)


@require_POST
def send_note(request: HttpRequest, reference: str) -> HttpResponse:
    """Write an internal note."""
    viewer = read.staff_viewer(request)
    ticket = read.ticket_for(viewer, reference)
    form = NoteForm(request.POST)
    if form.is_valid():
        try:
            add_note(ticket=ticket, body=form.cleaned_data["body"], actor=viewer, at=clock.now())
        except DomainError as error:
            if error.status == 404:
                raise
            return _composer(request, ticket, viewer, form, mode="note", refusal=error)
        desk.clear_draft(ticket=ticket, mode=DraftMode.NOTE, actor=viewer)
        return _after_sending(request, reference, viewer, mode="note")
    return _composer(request, ticket, viewer, form, mode="note")


def _after_sending(
    request: HttpRequest, reference: str, viewer: Actor, *, mode: str = "reply"
) -> HttpResponse:
    """A fresh composer; the page hears `desk:sent` and fetches thread and head."""
    if not request.headers.get("HX-Request"):
        return redirect("desk:ticket", reference)
    context = read.conversation_context(read.ticket_for(viewer, reference), viewer, clock.now())
    response = render(request, "desk/_composer.html", {**context, "mode": mode})
    response["HX-Trigger-After-Swap"] = "desk:sent"
    return response


def _composer(
    request: HttpRequest,
    ticket: Ticket,
    viewer: Actor,
    form: forms.Form,
    *,
    mode: str = "reply",
    refusal: DomainError | None = None,
) -> HttpResponse:
    """The composer with what was written and what is wrong with it: 422 for what was filled in, 409 for the ticket's
    state and for newer messages of the customer, which the page then shows."""
    at = clock.now()
    event = live.position()
    ticket = read.ticket_for(viewer, ticket.reference)
    context = read.conversation_context(ticket, viewer, at)
    problems = [str(message) for found in form.errors.values() for message in found]
    newer = None
    hints: list[dict[str, Any]] = []
    if refusal is not None:
        newer = refusal.extra.get("count") if refusal.code == "newer_message" else None
        # what is wrong with the words stands under them, see _hints.html
        hints = [{"text": str(m), "stop": True} for m in refusal.fields.get("body", ())]
        problems += [str(m) for name, found in refusal.fields.items() if name != "body" for m in found]
        problems = problems or ([] if hints else [str(refusal)])
    armed = macros.armed(ticket, form.data.get("macro", ""), viewer=viewer)
    context |= {
        "mode": mode,
        "written": form.data.get("body", ""),
        "problems": [] if newer else problems,
        "allowed": read.allowed_states(refusal),
        "newer": newer,
        "hints": hints,
        "armed": armed,
        "armed_actions": read.macro_actions(armed) if armed else "",
        "client_id": form.data.get("client_id") or context["client_id"],
        # only what a refusal shows counts as seen
        "seen_seq": context["seen_seq"] if newer else form.data.get("seen_seq", ""),
        "files_lost": bool(request.FILES),
    }
    status = refusal.status if isinstance(refusal, Conflict) else 422
    if request.headers.get("HX-Request"):
        response = render(request, "desk/_composer.html", context, status=status)
        if newer:
            response["HX-Trigger-After-Swap"] = "desk:newer"
        return response
    context |= read.customer_context(request, ticket, viewer, at)
    context |= read.list_context(request, viewer, at, current=ticket.reference)
    context |= read.bar_context(request, viewer)
    return render(request, "desk/ticket.html", context | {"event": event}, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def reveal(request: HttpRequest, reference: str, field: str) -> HttpResponse:
    """Show a masked value for a reason; the look is kept."""
    viewer = read.staff_viewer(request)
    ticket = read.ticket_for(viewer, reference)
    value = ""
    form = RevealForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            value = reveal_value(
                customer=ticket.customer,
                field=field,
                reason=form.cleaned_data["reason"],
                actor=viewer,
                at=clock.now(),
            )
        except DomainError as error:
            if error.status == 404:
                raise
            add_domain_error(form, error)
    template = "desk/_reveal.html" if request.headers.get("HX-Request") else "desk/reveal.html"
    context = {
        "ticket": ticket,
        "field": field,
        "form": form,
        "value": value,
        **read.bar_context(request, viewer),
    }
    return render(request, template, context, status=422 if form.errors else 200)
