"""Tickets: the list, what is done to many at once, and the page of one."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from import_export.fields import Field
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display
from unfold.templatetags.unfold_list import result_headers

from core.admin_base import BaseAdmin, viewer_of
from core.admin_export import ExportMixin, SafeResource
from core.admin_filters import DaysFilter
from core.admin_verbs import Verb, VerbsMixin, bulk
from core.errors import DomainError, NotVisible
from core.masks import mask_name
from tickets.admin import page, rows
from tickets.admin import verbs as v
from tickets.admin.filters import AssigneeFilter, NeedFilter, StatusFilter
from tickets.models import StatusName, Ticket
from tickets.services.search import find

FOUND = 200


class TicketResource(SafeResource):
    """A ticket's line in a file; the customer as the page shows them."""

    personal = frozenset({"phone"})
    customer = Field(column_name=_("customer"))
    phone = Field(column_name=_("phone"))

    class Meta:
        model = Ticket
        fields = (
            "reference",
            "subject",
            "customer",
            "phone",
            "level",
            "grade",
            "category__code",
            "status",
            "queue__code",
            "tier__code",
            "assignee__display_name",
            "channel__code",
            "product__model",
            "created_at",
            "first_responded_at",
            "due_at",
            "resolved_at",
            "closed_at",
            "solution_code__code",
            "root_cause__code",
        )
        export_order = fields

    def dehydrate_customer(self, ticket: Ticket) -> str:
        customer = ticket.customer
        return customer.salutation or mask_name(customer.name)

    def dehydrate_phone(self, ticket: Ticket) -> str:
        return str(ticket.customer.phone)


@admin.register(Ticket)
class TicketAdmin(ExportMixin, VerbsMixin, BaseAdmin):
    """Services write every field of a ticket: this page looks, and its buttons call the verbs."""

    resource_classes = (TicketResource,)
    verbs = v.VERBS
    change_list_template = "admin/tickets/ticket/change_list.html"
    verb_template = "admin/tickets/ticket/verb.html"
    list_display = (
        "reference",
        "subject",
        "customer",
        "level",
        "grade",
        "state",
        "queue",
        "assignee",
        "due_at",
    )
    list_display_links = ("reference",)
    list_filter = (
        NeedFilter,
        StatusFilter,
        ("grade", ChoicesDropdownFilter),
        ("level", ChoicesDropdownFilter),
        ("queue", RelatedDropdownFilter),
        ("tier", RelatedDropdownFilter),
        AssigneeFilter,
        ("channel", RelatedDropdownFilter),
        ("category", RelatedDropdownFilter),
        ("created_at", DaysFilter),
    )
    search_fields = ("reference",)
    search_help_text = _("Number, phone, serial number or words")
    sortable_by = ("due_at",)
    ordering = ("-created_at", "-id")
    list_disable_select_all = True
    actions = ("assign_many", "move_many", "route_many", "note_many")

    # --- the list --------------------------------------------------------------------------------------
    @display(description=_("state"))
    def state(self, ticket: Ticket) -> str:
        return str(ticket.get_status_display())

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return rows.TicketChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Ticket]", search_term: str
    ) -> tuple["QuerySet[Ticket]", bool]:
        """Through the index of tickets.services.search: a number, a phone, a serial number, else words."""
        if not search_term.strip():
            return queryset, False
        found = find(query=search_term, viewer=viewer_of(request), limit=FOUND)
        return queryset.filter(pk__in=found), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        if isinstance(response, TemplateResponse) and response.context_data and "cl" in response.context_data:
            cl = response.context_data["cl"]
            english = (get_language() or "").startswith("en")
            kept = urlencode({"_changelist_filters": request.GET.urlencode()}) if request.GET else ""
            response.context_data["rows"] = rows.rows_of(cl.result_list, english=english, query=kept)
            response.context_data["result_headers"] = list(result_headers(cl))
        return response

    def get_export_queryset(self, request: HttpRequest) -> "QuerySet[Ticket]":
        related = ("customer", "category", "queue", "tier", "assignee", "channel", "product")
        return super().get_export_queryset(request).select_related(*related, "solution_code", "root_cause")

    # --- many at once ----------------------------------------------------------------------------------
    assign_many = bulk(v.ASSIGN, _("Assign to …"))
    move_many = bulk(v.MOVE, _("Move to a queue …"))
    route_many = bulk(v.ROUTE, _("Route anew"))
    note_many = bulk(v.NOTE, _("Add a note …"))

    # --- one -------------------------------------------------------------------------------------------
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The ticket as it is, with its timeline; nothing on it is a form field."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD"):
            return HttpResponseRedirect(request.get_full_path())
        viewer = viewer_of(request)
        ticket = page.fetch(self.get_queryset(request), object_id)
        if ticket is None:
            raise NotVisible()
        context = page.context_of(ticket, viewer=viewer, request=request)
        return TemplateResponse(
            request,
            "admin/tickets/ticket/page.html",
            {
                **self.admin_site.each_context(request),
                "title": ticket.reference,
                "subtitle": None,
                "opts": self.opts,
                "original": ticket,
                "ticket": ticket,
                "verb_buttons": self.buttons(request, ticket),
                "back": self._back(request),
                **context,
                **(extra_context or {}),
            },
        )

    def _back(self, request: HttpRequest) -> str:
        kept = request.GET.get("_changelist_filters", "")
        url = reverse("admin:tickets_ticket_changelist")
        return f"{url}?{kept}" if kept else url

    def allowed_words(self, row: Ticket, allowed: Any) -> str:
        names = {found.code: found.name for found in StatusName.objects.filter(code__in=allowed)}
        return ", ".join(names.get(code, code) for code in allowed)

    def refresh(self, form: Form, refused: DomainError) -> None:
        """Whoever was shown a newer message has seen it when they send again."""
        if refused.code == "newer_message":
            data = form.data.copy()
            data["seen_seq"] = str(refused.extra["seq"])
            form.data = data

    def verb_context(self, request: HttpRequest, verb: Verb, row: Ticket) -> dict[str, Any]:
        """The last lines of the timeline stand beside the form."""
        viewer = viewer_of(request)
        return {"lines": page.lines_of(row, viewer=viewer, limit=6), "ticket": row}
