"""What happened to tickets, to be looked at."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from core.admin_base import BaseAdmin
from core.admin_export import ExportMixin, SafeResource
from core.admin_filters import DaysFilter
from tickets.models import Assignment, Clock, TierHop


def ticket_number(term: str) -> str:
    return term.strip().upper()


class AssignmentResource(SafeResource):
    class Meta:
        model = Assignment
        fields = ("ticket__reference", "agent__display_name", "source", "reason", "since", "until")


@admin.register(Assignment)
class AssignmentAdmin(ExportMixin, BaseAdmin):
    resource_classes = (AssignmentResource,)
    list_display = ("ticket", "agent", "source", "reason", "by", "since", "until")
    list_filter = (("source", ChoicesDropdownFilter), ("since", DaysFilter))
    list_select_related = ("ticket", "agent", "by")
    exact_search = {"ticket__reference": ticket_number, "agent__username": str}
    search_help_text = _("Whole ticket number or sign-in name")
    ordering = ("-id",)


@admin.register(Clock)
class ClockAdmin(BaseAdmin):
    list_display = ("ticket", "kind", "cycle", "state", "calendar", "due_at", "finished_at", "breached_at")
    list_filter = (
        ("kind", ChoicesDropdownFilter),
        ("state", ChoicesDropdownFilter),
        ("breached_at", DaysFilter),
    )
    list_select_related = ("ticket", "calendar")
    exact_search = {"ticket__reference": ticket_number}
    search_help_text = _("Whole ticket number")
    ordering = ("-id",)


class HopResource(SafeResource):
    class Meta:
        model = TierHop
        fields = (
            "ticket__reference",
            "from_tier__code",
            "to_tier__code",
            "reason__code",
            "category__code",
            "at",
        )


@admin.register(TierHop)
class TierHopAdmin(ExportMixin, BaseAdmin):
    resource_classes = (HopResource,)
    list_display = ("ticket", "moved", "reason", "category", "by", "at")
    list_filter = (("direction", ChoicesDropdownFilter), ("at", DaysFilter))
    list_select_related = ("ticket", "from_tier", "to_tier", "reason", "category", "by")
    exact_search = {"ticket__reference": ticket_number}
    search_help_text = _("Whole ticket number")
    ordering = ("-id",)

    @display(description=_("move"))
    def moved(self, hop: TierHop) -> str:
        return f"{hop.from_tier.code} → {hop.to_tier.code}"
