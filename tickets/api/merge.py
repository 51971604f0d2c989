"""REST doors of tickets that belong together: merged, taken apart, split and linked."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core import clock
from core.api.fields import words
from core.api.schema import spec
from core.errors import NotVisible
from tickets.api.shapes import TicketOut
from tickets.api.tickets import TAG, TicketDoor
from tickets.enums import LinkKind
from tickets.models import TicketEntry, TicketLink
from tickets.services import relations
from tickets.services.merge import merge, merge_of, unmerge
from tickets.services.split import split

NUMBER = 2**63 - 1


class MergeIn(serializers.Serializer[Any]):
    target = serializers.CharField(max_length=24, help_text="The number of the ticket that stays")
    reason = words(300)
    confirmed = serializers.BooleanField(
        default=False, help_text="Needed when the customers differ (409 different_customers)"
    )


class SplitIn(serializers.Serializer[Any]):
    entry = serializers.IntegerField(
        min_value=1, max_value=NUMBER, help_text="`id` of a line of the timeline"
    )
    subject = words(200)


class LinkIn(serializers.Serializer[Any]):
    other = serializers.CharField(max_length=24, help_text="The number of the other ticket")
    kind = serializers.ChoiceField(
        choices=LinkKind.choices,
        help_text="parent: this is the parent of the other; follow_up: this follows on from the other",
    )


class UnlinkIn(serializers.Serializer[Any]):
    id = serializers.IntegerField(min_value=1, max_value=NUMBER, help_text="`id` in `links`")


class NewOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    reference = serializers.CharField()
    subject = serializers.CharField()


class Merge(TicketDoor):
    """Make it a part of another ticket. Answers with the ticket that stays."""

    @spec("ticket_merge", "Merge it into another ticket", tag=TAG, takes=MergeIn, gives=TicketOut)
    def post(self, request: Request, reference: str) -> Response:
        data, at = self.taken(MergeIn), clock.now()
        target = self.ticket(data["target"].strip().upper())
        merge(
            source=self.ticket(reference),
            target=target,
            reason=data["reason"],
            confirmed=data["confirmed"],
            actor=self.viewer,
            at=at,
        )
        return self.shown(target.reference, at=at)


class Unmerge(TicketDoor):
    """Let a merged ticket stand on its own again. 404 for one that is not merged."""

    @spec("ticket_unmerge", "Undo the merge", tag=TAG, gives=TicketOut)
    def post(self, request: Request, reference: str) -> Response:
        at = clock.now()
        kept = merge_of(self.ticket(reference))
        if kept is None:
            raise NotVisible()
        unmerge(merge=kept, actor=self.viewer, at=at)
        return self.shown(reference, at=at)


class Split(TicketDoor):
    """Make a customer's message a ticket of its own. Answers with the new ticket, which waits to be judged."""

    @spec("ticket_split", "Split off a message", tag=TAG, takes=SplitIn, gives=NewOut, status=201)
    def post(self, request: Request, reference: str) -> Response:
        data, at = self.taken(SplitIn), clock.now()
        made = split(
            ticket=self.ticket(reference),
            entry=TicketEntry(pk=data["entry"]),
            subject=data["subject"],
            actor=self.viewer,
            at=at,
        )
        return self.answer(NewOut, made, status=201)


class Link(TicketDoor):
    """Say that it has to do with another ticket."""

    @spec("ticket_link", "Link it with another ticket", tag=TAG, takes=LinkIn, gives=TicketOut)
    def post(self, request: Request, reference: str) -> Response:
        data, at = self.taken(LinkIn), clock.now()
        other = self.ticket(data["other"].strip().upper())
        relations.link(
            ticket=self.ticket(reference), other=other, kind=data["kind"], actor=self.viewer, at=at
        )
        return self.shown(reference, at=at)


class Unlink(TicketDoor):
    """Take a link away."""

    @spec("ticket_unlink", "Take a link away", tag=TAG, takes=UnlinkIn, gives=TicketOut)
    def post(self, request: Request, reference: str) -> Response:
        data, at = self.taken(UnlinkIn), clock.now()
        ticket = self.ticket(reference)
        found = TicketLink.objects.filter(pk=data["id"]).first()
        if found is None or ticket.pk not in (found.source_id, found.target_id):
            raise NotVisible()
        relations.unlink(link=found, actor=self.viewer, at=at)
        return self.shown(reference, at=at)
