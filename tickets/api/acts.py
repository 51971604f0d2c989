"""REST doors for what agents do with a ticket: each act is a serializer and one service call."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core import clock
from core.api.fields import uploads, words
from core.api.parsers import Json, MultiPartParser
from core.api.schema import spec
from core.errors import NotVisible
from customers.services.privacy import FIELDS, reveal
from tickets import forms
from tickets.api.shapes import LineOut, TicketOut
from tickets.api.tickets import TAG, TicketDoor
from tickets.enums import WAITING, DraftMode, Grade, Status
from tickets.models import Category, EscalationReason, RootCause, SolutionCode, TicketEntry
from tickets.services import desk, timeline
from tickets.services.classify import regrade
from tickets.services.escalate import escalate, hand_down
from tickets.services.resolve import confirm, reopen, resolve
from tickets.services.routing import assign, claim
from tickets.services.snooze import snooze, wake
from tickets.services.state import resume, set_waiting
from tickets.services.talk import add_note, reply


class Coded(serializers.SlugRelatedField):
    """A row of configuration by its code; what is not in use any more does not exist."""

    def __init__(self, model: Any, **kwargs: Any) -> None:
        super().__init__(
            slug_field="code",
            queryset=model.objects.filter(active=True),
            required=False,
            allow_null=True,
            default=None,
            error_messages={
                "does_not_exist": _("We don't know “{value}”. Choose one from the list."),
                "invalid": _("Give its code."),
            },
            **kwargs,
        )


class Empty(serializers.Serializer[Any]):
    """An act that asks nothing."""


class ReplyIn(serializers.Serializer[Any]):
    body = words()
    then = serializers.ChoiceField(
        choices=[(s.value, s.label) for s in Status if s in WAITING],
        default="",
        allow_blank=True,
        help_text="What it waits for afterwards",
    )
    client_id = words(64, help_text="The app's own key: the same again is the same message")
    seen_seq = serializers.IntegerField(
        min_value=0,
        max_value=2**63 - 1,
        required=False,
        allow_null=True,
        default=None,
        help_text="The `seq` of the last message shown: 409 newer_message when the customer wrote since",
    )
    files = uploads()


class NoteIn(serializers.Serializer[Any]):
    body = words()


class AssignIn(serializers.Serializer[Any]):
    agent = serializers.PrimaryKeyRelatedField(
        queryset=forms.agents(),
        help_text="`id` of an agent in /reference/",
        pk_field=serializers.IntegerField(min_value=0, max_value=2**63 - 1),
    )
    reason = words(300)


class EscalateIn(serializers.Serializer[Any]):
    reason = Coded(EscalationReason)
    category = Coded(Category)
    steps_tried = words(5000)
    evidence = words(5000)


class HandDownIn(serializers.Serializer[Any]):
    instruction = words(5000)


class RegradeIn(serializers.Serializer[Any]):
    grade = serializers.ChoiceField(choices=Grade.choices, default="", allow_blank=True)
    category = Coded(Category)
    reason = words(300)


class WaitIn(serializers.Serializer[Any]):
    status = words(20, help_text="waiting_customer, waiting_part or waiting_third_party")
    reason = words(300)


class SnoozeIn(serializers.Serializer[Any]):
    until = serializers.DateTimeField(help_text="In the future, at most 30 days ahead; clocks run on")
    reason = words(300)


class ResolveIn(serializers.Serializer[Any]):
    solution_code = Coded(SolutionCode)
    root_cause = Coded(RootCause)
    message = words()
    client_id = words(64)
    files = uploads()


class ReasonIn(serializers.Serializer[Any]):
    reason = words(1000)


@dataclass(frozen=True)
class Act:
    """A body and the verb behind it."""

    summary: str
    takes: type[serializers.Serializer[Any]]
    verb: Callable[..., Any]
    files: bool = False


ACTS: dict[str, Act] = {
    "claim": Act("Take a waiting ticket", Empty, claim),
    "assign": Act("Give it to a colleague", AssignIn, assign),
    "escalate": Act("Pass it to the next tier", EscalateIn, escalate),
    "hand-down": Act("Pass it back to the tier below", HandDownIn, hand_down),
    "regrade": Act("Change grade or category", RegradeIn, regrade),
    "wait": Act("Wait for something; clocks stand", WaitIn, set_waiting),
    "snooze": Act("Put it aside until a time; clocks run on", SnoozeIn, snooze),
    "wake": Act("Take back what was put aside", Empty, wake),
    "resume": Act("The wait is over", Empty, resume),
    "resolve": Act("Say how it was solved, and ask the customer to confirm", ResolveIn, resolve, files=True),
    "confirm": Act("The customer confirmed otherwise", ReasonIn, confirm),
    "reopen": Act("Not solved after all", ReasonIn, reopen),
}


class ActDoor(TicketDoor):
    """One of ACTS. Answers with the ticket as it is now; 204 when the act took it out of the viewer's sight."""

    act: Act

    def post(self, request: Request, reference: str) -> Response:
        data = self.taken(self.act.takes)
        ticket, at = self.ticket(reference), clock.now()
        self.act.verb(ticket=ticket, **data, actor=self.viewer, at=at)
        try:
            return self.shown(reference, at=at)
        except NotVisible:
            return Response(status=204)


def act_door(name: str) -> Any:
    """The view of an act, for urls: each has a schema of its own."""
    act = ACTS[name]
    takes: Any = None if act.takes is Empty else act.takes
    if act.files:
        takes = {"application/json": act.takes, "multipart/form-data": act.takes}
    document = extend_schema(
        operation_id=f"ticket_{name.replace('-', '_')}",
        summary=act.summary,
        tags=[TAG],
        request=takes,
        responses={
            200: TicketOut,
            204: OpenApiResponse(description="Done; the ticket is no longer yours to see"),
        },
    )
    parsers = [Json, MultiPartParser] if act.files else [Json]
    door = type(
        f"{name.title().replace('-', '')}Door",
        (ActDoor,),
        {
            "act": act,
            "parser_classes": parsers,
            "post": document(_own_copy(ActDoor.post)),
            "__doc__": ActDoor.__doc__,
        },
    )
    return door.as_view()  # type: ignore[attr-defined]  # type() does not know its bases


def _own_copy(method: Callable[..., Response]) -> Callable[..., Response]:
    """The method as a function of its own: a schema is kept on the function."""

    def post(self: Any, request: Request, reference: str) -> Response:
        return method(self, request, reference)

    return post


class Reply(TicketDoor):
    """Answer the customer."""

    parser_classes = [Json, MultiPartParser]

    @spec(
        "ticket_reply", "Answer the customer", tag=TAG, takes=ReplyIn, gives=LineOut, status=201, files=True
    )
    def post(self, request: Request, reference: str) -> Response:
        data = self.taken(ReplyIn)
        ticket = self.named(reference)
        message = reply(ticket=ticket, **data, actor=self.viewer, at=clock.now())
        entry = TicketEntry(
            pk=TicketEntry.objects.values_list("pk", flat=True).get(message=message), ticket=ticket
        )
        return self.answer(LineOut, timeline.line_of(entry, viewer=self.viewer), status=201)


class Note(TicketDoor):
    """Something for colleagues; customers never see it."""

    @spec("ticket_note", "Write a note for colleagues", tag=TAG, takes=NoteIn, gives=LineOut, status=201)
    def post(self, request: Request, reference: str) -> Response:
        data = self.taken(NoteIn)
        note = add_note(ticket=self.named(reference), **data, actor=self.viewer, at=clock.now())
        entry = TicketEntry.objects.select_related("ticket__customer").get(note=note)
        return self.answer(LineOut, timeline.line_of(entry, viewer=self.viewer), status=201)


class RevealIn(serializers.Serializer[Any]):
    field = serializers.ChoiceField(choices=sorted(FIELDS))
    reason = words(200, help_text="Why it is needed; kept with the look")


class RevealOut(serializers.Serializer[Any]):
    field = serializers.CharField()
    value = serializers.CharField(allow_blank=True)


class Reveal(TicketDoor):
    """A masked value of the customer, for a reason; each look is kept."""

    @spec("ticket_reveal", "Show a masked value", tag=TAG, takes=RevealIn, gives=RevealOut)
    def post(self, request: Request, reference: str) -> Response:
        data = self.taken(RevealIn)
        ticket = self.ticket(reference)
        value = reveal(
            customer=ticket.customer,
            field=data["field"],
            reason=data["reason"],
            actor=self.viewer,
            at=clock.now(),
        )
        return self.answer(RevealOut, {"field": data["field"], "value": value})


class Seen(TicketDoor):
    """The viewer looked at it."""

    @spec("ticket_seen", "Say that I looked at it", tag=TAG, status=204)
    def post(self, request: Request, reference: str) -> Response:
        desk.mark_seen(ticket=self.named(reference), actor=self.viewer, at=clock.now())
        return Response(status=204)


class DraftIn(serializers.Serializer[Any]):
    mode = serializers.ChoiceField(choices=DraftMode.choices)
    body = words(desk.DRAFT_LIMIT)


class DraftsOut(serializers.Serializer[Any]):
    reply = serializers.CharField(allow_blank=True)
    note = serializers.CharField(allow_blank=True)


class Drafts(TicketDoor):
    """What the viewer is writing: begun on the phone, finished at the desk."""

    @spec("ticket_drafts", "What I am writing", tag=TAG, gives=DraftsOut)
    def get(self, request: Request, reference: str) -> Response:
        return self._shown(reference)

    @spec("ticket_draft", "Keep what I am writing", tag=TAG, takes=DraftIn, gives=DraftsOut)
    def post(self, request: Request, reference: str) -> Response:
        data = self.taken(DraftIn)
        desk.save_draft(ticket=self.named(reference), **data, actor=self.viewer, at=clock.now())
        return self._shown(reference)

    def _shown(self, reference: str) -> Response:
        drafts = desk.drafts_of(self.named(reference), self.viewer)
        return self.answer(
            DraftsOut, {mode: drafts[mode].body if mode in drafts else "" for mode in DraftMode.values}
        )
