"""What a list of tickets can be narrowed to."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from accounts.models import User
from core import clock
from tickets.enums import Status
from tickets.models import StatusName, Ticket
from tickets.querysets import TicketQuerySet


class StatusFilter(DropdownFilter):
    """By the names that supervisors gave the states, and by groups of them."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        names = {row.code: row.name for row in StatusName.objects.all()}
        return [
            ("active", str(_("All that are not done"))),
            *((status.value, names.get(status.value, str(status.label))) for status in Status),
        ]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Ticket]") -> "QuerySet[Ticket]":
        value = self.value()
        if value == "active" and isinstance(queryset, TicketQuerySet):
            return queryset.active()
        return queryset.filter(status=value) if value in Status.values else queryset


class NeedFilter(DropdownFilter):
    """What needs a person: the cards of the start page lead here."""

    title = _("needs a person")
    parameter_name = "need"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("overdue", _("Overdue")),
            ("soon", _("Due within 30 minutes")),
            ("unanswered", _("No owner, deadline or answer")),
            ("unassigned", _("Waiting for somebody to take them")),
        ]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Ticket]") -> "QuerySet[Ticket]":
        if not isinstance(queryset, TicketQuerySet):
            return queryset
        match self.value():
            case "overdue":
                return queryset.overdue(clock.now())
            case "soon":
                return queryset.due_soon(clock.now())
            case "unanswered":
                return queryset.unanswered()
            case "unassigned":
                return queryset.unassigned()
        return queryset


class AssigneeFilter(DropdownFilter):
    """Colleagues who take tickets; one query whatever their number."""

    title = _("assignee")
    parameter_name = "assignee"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows = User.objects.filter(agent__isnull=False).order_by("display_name", "username")
        people = rows.values_list("pk", "display_name", "username")
        return [("none", str(_("Nobody"))), *((str(pk), name or username) for pk, name, username in people)]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Ticket]") -> "QuerySet[Ticket]":
        value = self.value()
        if value == "none":
            return queryset.filter(assignee=None)
        return queryset.filter(assignee_id=int(value)) if value and value.isdecimal() else queryset
