"""REST doors for staff: lists, a ticket, its timeline, suggestions, counts, and what acts choose from."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django_filters.utils import translate_validation
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from core import clock
from core.api.doors import StaffDoor
from core.api.fields import Named
from core.api.paging import NewestFirst
from core.api.schema import spec
from core.errors import NotVisible
from customers.enums import Level
from knowledge.services.search import suggest_articles
from tickets import forms
from tickets.api.filters import TicketFilter
from tickets.api.shapes import ListOut, RowOut, TicketOut, TimelineIn, TimelineOut, status_names
from tickets.enums import Grade, Status
from tickets.models import Assignment, EscalationReason, Queue, RootCause, SolutionCode, Ticket
from tickets.services import desk, search, timeline
from tickets.services.clocks.views import clock_view
from tickets.services.why import why

TAG = "agent"
RELATED = (
    "customer__region",
    "product__line",
    "device__product__line",
    "category__parent",
    "queue",
    "tier",
    "assignee",
    "steward",
    "channel",
    "solution_code",
    "root_cause",
    "merged_into",
)
HOPS = 10


class ListIn(serializers.Serializer[Any]):
    """What a list is asked for. The words behind codes stand in /reference/."""

    view = serializers.CharField(
        max_length=40, default="", allow_blank=True, help_text=f"{', '.join(desk.VIEWS)}, or queue:<id>"
    )
    q = serializers.CharField(
        max_length=200, default="", allow_blank=True, help_text="Number, phone, serial number or words"
    )
    cursor = serializers.CharField(max_length=300, default="", allow_blank=True)
    page_size = serializers.IntegerField(min_value=1, max_value=100, default=50)
    status = serializers.CharField(max_length=200, required=False, help_text="Codes with commas")
    grade = serializers.CharField(max_length=100, required=False, help_text="Codes with commas")
    level = serializers.CharField(max_length=100, required=False, help_text="Codes with commas")
    queue = serializers.IntegerField(min_value=0, max_value=2**63 - 1, required=False)
    assignee = serializers.IntegerField(min_value=0, max_value=2**63 - 1, required=False)
    unassigned = serializers.BooleanField(required=False)
    overdue = serializers.BooleanField(required=False)


class TicketDoor(StaffDoor):
    """A door of one ticket that the viewer may see."""

    def ticket(self, reference: str) -> Ticket:
        """The ticket with all that is shown of it. Raises NotVisible for what the viewer may not see."""
        rows = Ticket.objects.visible_to(self.viewer).select_related(*RELATED)
        return self._only(rows.filter(reference=reference))

    def named(self, reference: str) -> Ticket:
        """The ticket for a verb, which reads what it needs under its lock. Raises NotVisible."""
        return self._only(Ticket.objects.visible_to(self.viewer).filter(reference=reference))

    def _only(self, rows: QuerySet[Ticket]) -> Ticket:
        # neither an order nor a limit: a reference is one row, and a limit alone makes PostgreSQL plan twice as long
        for ticket in rows.order_by():
            return ticket
        raise NotVisible()

    def shown(self, reference: str, *, at: datetime) -> Response:
        """The whole ticket, read anew."""
        ticket = self.ticket(reference)
        assignment = (
            Assignment.objects.filter(ticket=ticket, until=None).select_related("agent", "by").first()
        )
        hops = ticket.hops.select_related("from_tier", "to_tier", "by", "reason").order_by("-pk")[:HOPS]
        return self.answer(
            TicketOut,
            ticket,
            at=at,
            names=status_names(),
            clocks=clock_view(ticket.clocks.select_related("calendar"), at),
            why=why(assignment) if assignment else None,
            hops=list(hops),
        )


class Tickets(StaffDoor):
    """Lists. With `view`, a list of the desk, what is due first; with `q`, what was found, the best first (one page);
    else everything that the viewer may see, newest first. Filters narrow each of them."""

    @spec("tickets", "Lists of tickets", tag=TAG, query=ListIn, gives=ListOut)
    def get(self, request: Request) -> Response:
        asked, at = self.asked(ListIn), clock.now()
        if asked["q"].strip() and asked["view"]:
            raise ValidationError({"q": [_("Search in all tickets: leave out the list.")]})
        if asked["q"].strip():
            return self._page(self._found(asked["q"]), at)
        if asked["view"]:
            page = desk.list_rows(
                viewer=self.viewer,
                view=asked["view"],
                at=at,
                limit=asked["page_size"],
                cursor=asked["cursor"],
                narrow=self._narrow,
            )
            return self._page(page.rows, at, next_cursor=page.next_cursor)
        paginator = NewestFirst()
        rows = desk.row_values(self._narrow(Ticket.objects.visible_to(self.viewer)), viewer=self.viewer)
        found = desk.with_unread(paginator.paginate_queryset(rows, request, view=self) or [])
        return paginator.get_paginated_response(self._rows(found, at).data)

    def _narrow(self, rows: Any) -> Any:
        """The filters of the address. Raises ValidationError for a code that does not exist."""
        wanted = TicketFilter(self.request.query_params, queryset=rows, request=self.request)
        if not wanted.is_valid():
            raise translate_validation(wanted.errors)
        return wanted.qs

    def _found(self, query: str) -> list[dict[str, Any]]:
        ids = search.find(query=query, viewer=self.viewer, limit=50)
        kept = set(
            self._narrow(Ticket.objects.visible_to(self.viewer).filter(pk__in=ids)).values_list(
                "pk", flat=True
            )
        )
        return desk.rows_for([pk for pk in ids if pk in kept], viewer=self.viewer)

    def _page(self, rows: list[dict[str, Any]], at: datetime, *, next_cursor: str = "") -> Response:
        following = None
        if next_cursor:
            given = {
                name: str(value) for name, value in self.request.query_params.items() if name != "cursor"
            }
            query = urlencode({**given, "cursor": next_cursor})
            following = self.request.build_absolute_uri(f"{self.request.path}?{query}")
        return Response({"next": following, "previous": None, "results": self._rows(rows, at).data})

    def _rows(self, rows: list[dict[str, Any]], at: datetime) -> Response:
        return self.answer(RowOut, rows, at=at, names=status_names())


class OneTicket(TicketDoor):
    """A ticket."""

    @spec("ticket", "One ticket", tag=TAG, gives=TicketOut)
    def get(self, request: Request, reference: str) -> Response:
        return self.shown(reference, at=clock.now())


class TicketTimeline(TicketDoor):
    """Messages, notes and events."""

    @spec("ticket_timeline", "What was said and done", tag=TAG, query=TimelineIn, gives=TimelineOut)
    def get(self, request: Request, reference: str) -> Response:
        lines = timeline.read(self.ticket(reference), viewer=self.viewer, **self.asked(TimelineIn))
        return self.answer(TimelineOut, {"results": lines, "last": lines[-1].id if lines else 0})


class SuggestionOut(serializers.Serializer[Any]):
    slug = serializers.CharField()
    title = serializers.CharField()
    summary = serializers.CharField(allow_blank=True)
    why = serializers.CharField(allow_blank=True)
    kind = serializers.CharField()
    audience = serializers.CharField()
    minutes = serializers.IntegerField()


class Suggestions(TicketDoor):
    """Articles that may help with this case, at most five."""

    @spec("ticket_suggestions", "Articles that may help", tag=TAG, gives=SuggestionOut(many=True))
    def get(self, request: Request, reference: str) -> Response:
        ticket = self.ticket(reference)
        hits = suggest_articles(
            f"{ticket.subject} {ticket.symptom}",
            product=ticket.product,
            error_code=ticket.error_code,
            category_code=ticket.category.code if ticket.category else "",
            viewer=self.viewer,
        )
        return self.answer(SuggestionOut, hits)


class OwnListOut(Named):
    count = serializers.IntegerField(allow_null=True, help_text="null where nobody counts")


class QueueOut(Named):
    view = serializers.CharField(help_text="For ?view= of /tickets/")
    waiting = serializers.IntegerField()
    oldest_at = serializers.DateTimeField(allow_null=True)


class ListsOut(serializers.Serializer[Any]):
    lists = OwnListOut(many=True)
    queues = QueueOut(many=True)


class Lists(StaffDoor):
    """The lists of the desk and the queues, with how many tickets are in them."""

    @spec("lists", "Lists with their counts", tag=TAG, gives=ListsOut)
    def get(self, request: Request) -> Response:
        counted = desk.counts(viewer=self.viewer, at=clock.now())
        lists = [
            {"code": code, "name": name, "count": counted.get(code)} for code, name in desk.VIEWS.items()
        ]
        queues = [
            {
                "code": row.queue.code,
                "name": row.queue.name,
                "view": f"queue:{row.queue.pk}",
                "waiting": row.waiting,
                "oldest_at": row.oldest_at,
            }
            for row in desk.queue_counts(viewer=self.viewer)
        ]
        return self.answer(ListsOut, {"lists": lists, "queues": queues})


class CategoryOut(Named):
    path = serializers.CharField(help_text="With the branch it belongs to")


class CauseOut(Named):
    part_of = serializers.SerializerMethodField()

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_part_of(self, cause: Any) -> str | None:
        return cause.parent.code if cause.parent else None


class QueueRefOut(Named):
    id = serializers.IntegerField()
    tier = serializers.CharField(source="tier.code")


class AgentOut(serializers.Serializer[Any]):
    id = serializers.IntegerField(help_text="For `agent` of assign")
    name = serializers.CharField()
    tier = serializers.CharField(source="agent.tier")
    duty = serializers.CharField(source="agent.duty_state")


class ReferenceOut(serializers.Serializer[Any]):
    categories = CategoryOut(many=True)
    solution_codes = Named(many=True)
    root_causes = CauseOut(many=True)
    escalation_reasons = Named(many=True)
    queues = QueueRefOut(many=True)
    agents = AgentOut(many=True)
    statuses = Named(many=True)
    grades = Named(many=True)
    levels = Named(many=True)


class Reference(StaffDoor):
    """What acts and filters choose from, in the reader's language."""

    @spec("reference", "Codes and their names", tag=TAG, gives=ReferenceOut)
    def get(self, request: Request) -> Response:
        names = status_names()
        shown = {
            "categories": forms.categories(),
            "solution_codes": SolutionCode.objects.filter(active=True),
            "root_causes": RootCause.objects.filter(active=True).select_related("parent"),
            "escalation_reasons": EscalationReason.objects.filter(active=True),
            "queues": Queue.objects.filter(active=True).select_related("tier"),
            "agents": forms.agents(),
            "statuses": [{"code": s.value, "name": names.get(s.value, s.label)} for s in Status],
            "grades": [{"code": g.value, "name": g.label} for g in Grade],
            "levels": [{"code": level.value, "name": level.label} for level in Level],
        }
        return self.answer(ReferenceOut, shown)
