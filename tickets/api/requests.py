"""REST doors for customers: ask for service, follow it, write, confirm or say "not solved"."""

from typing import Any

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core import clock
from core.api.doors import CustomerDoor, Door
from core.api.fields import uploads, words
from core.api.paging import NewestFirst
from core.api.parsers import Json, MultiPartParser
from core.api.schema import IDEMPOTENCY_KEY, page_of, spec
from core.errors import NotVisible
from core.services.limits import spend
from core.viewers import address_of
from customers.viewers import customer_behind
from tickets.api.shapes import (
    LineOut,
    RequestDetailOut,
    RequestOut,
    TimelineIn,
    TimelineOut,
    status_names,
)
from tickets.models import Ticket, TicketEntry
from tickets.services import timeline
from tickets.services.intake import SYMPTOM_LIMIT, request_service
from tickets.services.links import issue_link, look_up
from tickets.services.living import found_by
from tickets.services.resolve import confirm, reopen
from tickets.services.talk import customer_reply

TAG = "customer"
#: requests from one address an hour, together with those by the page
REQUESTS_AN_HOUR = 30
MESSAGES_A_MINUTE = 20


class RequestIn(serializers.Serializer[Any]):
    phone = words(40, help_text="Needed when nobody is signed in and no email is given")
    name = words(40)
    email = words(254)
    product = words(50, help_text="Code of the model")
    serial = words(60)
    serial_unverified = serializers.BooleanField(
        default=False, help_text="Send it although the serial number is not known"
    )
    symptom = words(SYMPTOM_LIMIT)
    error_code = words(12)
    purchased_on = serializers.DateField(required=False, allow_null=True, default=None)
    region = words(50, help_text="Code of the city")
    call_me = serializers.BooleanField(default=False)
    article = words(200, help_text="The article that did not help")
    files = uploads()


class SentOut(serializers.Serializer[Any]):
    reference = serializers.CharField()
    status = serializers.CharField()
    tracking_token = serializers.CharField(help_text="For X-Tracking-Token; keep it, it is not shown again")
    tracking_url = serializers.CharField(help_text="The same as a page")


class LookUpIn(serializers.Serializer[Any]):
    reference = words(24)
    phone = words(40)


class MessageIn(serializers.Serializer[Any]):
    body = words()
    client_id = words(64, help_text="The app's own key: the same again is the same message")
    files = uploads()


class NotSolvedIn(serializers.Serializer[Any]):
    reason = words(1000, help_text="What is still wrong")


def sent(request: Request, ticket: Ticket, token: str) -> dict[str, str]:
    url = request.build_absolute_uri(reverse("tickets:track", args=[token]))
    return {
        "reference": ticket.reference,
        "status": ticket.status,
        "tracking_token": token,
        "tracking_url": url,
    }


class Requests(Door):
    """A customer's requests; anybody may send one."""

    parser_classes = [Json, MultiPartParser]
    keys = CustomerDoor.keys

    @spec("requests", "My requests, newest first", tag=TAG, gives=page_of(RequestOut))
    def get(self, request: Request) -> Response:
        self.admit(CustomerDoor.kinds)
        paginator = NewestFirst()
        rows = Ticket.objects.visible_to(self.viewer).select_related("product")
        page = paginator.paginate_queryset(rows, request, view=self) or []
        names = status_names(for_customer=True)
        return paginator.get_paginated_response(self.answer(RequestOut, list(page), names=names).data)

    @spec("request_send", "Ask for service", tag=TAG, takes=RequestIn, gives=SentOut, status=201, files=True,
          headers=[IDEMPOTENCY_KEY])  # fmt: skip
    def post(self, request: Request) -> Response:
        data = self.taken(RequestIn)
        key, at, viewer = self.once_key, clock.now(), self.signed_in
        spend(f"requests:{address_of(request)}", limit=REQUESTS_AN_HOUR, seconds=3600, at=at)
        extra: dict[str, Any] = {"articles_read": [data["article"]]} if data["article"] else {}
        if data["call_me"]:
            extra["call_me"] = True
        fields = ("phone", "name", "email", "product", "serial", "serial_unverified", "symptom", "error_code")
        ticket, token = request_service(
            **{name: data[name] for name in (*fields, "purchased_on", "region", "files")},
            language=get_language() or "",
            customer=customer_behind(viewer),
            custom=extra,
            token=key,
            actor=viewer,
            at=at,
        )
        response = self.answer(SentOut, sent(request, ticket, token), status=201)
        response["Location"] = reverse("api:request", args=[ticket.reference])
        return response


class LookUp(Door):
    """Progress by number and phone."""

    @spec("request_look_up", "Open a request by number and phone", tag=TAG, takes=LookUpIn, gives=SentOut)
    def post(self, request: Request) -> Response:
        data, at = self.taken(LookUpIn), clock.now()
        ticket = look_up(reference=data["reference"], phone=data["phone"], at=at, bucket=address_of(request))
        return self.answer(SentOut, sent(request, ticket, issue_link(ticket=ticket, at=at)))


class OwnRequest(CustomerDoor):
    """A door of one request of the viewer's."""

    def ticket(self, reference: str) -> Ticket:
        """The request, or what it became a part of. Raises NotVisible for anybody else's."""
        found = found_by(reference, viewer=self.viewer, related=("product", "assignee", "customer"))
        if found is None:
            raise NotVisible()
        return found

    def shown(self, ticket: Ticket) -> Response:
        return self.answer(
            RequestDetailOut,
            ticket,
            names=status_names(for_customer=True),
            steps=timeline.customer_steps(ticket),
        )


class OneRequest(OwnRequest):
    """A request with its steps."""

    @spec("request", "One of my requests", tag=TAG, gives=RequestDetailOut)
    def get(self, request: Request, reference: str) -> Response:
        return self.shown(self.ticket(reference))


class RequestTimeline(OwnRequest):
    """What was said and done, as far as the customer sees it."""

    @spec("request_timeline", "What was said and done", tag=TAG, query=TimelineIn, gives=TimelineOut)
    def get(self, request: Request, reference: str) -> Response:
        lines = timeline.read(self.ticket(reference), viewer=self.viewer, **self.asked(TimelineIn))
        return self.answer(TimelineOut, {"results": lines, "last": lines[-1].id if lines else 0})


class RequestMessages(OwnRequest):
    """A word from the customer."""

    parser_classes = [Json, MultiPartParser]

    @spec("request_message", "Write", tag=TAG, takes=MessageIn, gives=LineOut, status=201, files=True)
    def post(self, request: Request, reference: str) -> Response:
        data = self.taken(MessageIn)
        ticket, at = self.ticket(reference), clock.now()
        spend(f"request-say:{ticket.pk}", limit=MESSAGES_A_MINUTE, seconds=60, at=at)
        message = customer_reply(
            ticket=ticket,
            body=data["body"],
            files=data["files"],
            client_id=data["client_id"],
            actor=self.viewer,
            at=at,
        )
        entry = TicketEntry.objects.select_related("ticket__customer").get(message=message)
        return self.answer(LineOut, timeline.line_of(entry, viewer=self.viewer), status=201)


class RequestConfirm(OwnRequest):
    """It works."""

    @spec("request_confirm", "Say that it works", tag=TAG, gives=RequestDetailOut)
    def post(self, request: Request, reference: str) -> Response:
        ticket = self.ticket(reference)
        confirm(ticket=ticket, actor=self.viewer, at=clock.now())
        return self.shown(self.ticket(reference))


class RequestNotSolved(OwnRequest):
    """It does not."""

    @spec(
        "request_not_solved", "Say that it is not solved", tag=TAG, takes=NotSolvedIn, gives=RequestDetailOut
    )
    def post(self, request: Request, reference: str) -> Response:
        reason = self.taken(NotSolvedIn)["reason"].strip()
        ticket = self.ticket(reference)
        reopen(
            ticket=ticket,
            reason=reason or _("The customer says that it is not solved."),
            actor=self.viewer,
            at=clock.now(),
        )
        return self.shown(self.ticket(reference))
