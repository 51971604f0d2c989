"""Merges, links, pairs that are no duplicates and runs over many tickets, to be looked at."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from core.admin_base import BaseAdmin
from core.admin_export import ExportMixin, SafeResource
from core.admin_filters import DaysFilter
from tickets.admin.records import ticket_number
from tickets.models import BulkRow, BulkRun, NotDuplicate, TicketLink, TicketMerge


class MergeResource(SafeResource):
    class Meta:
        model = TicketMerge
        fields = ("source__reference", "target__reference", "by__display_name", "at", "undone_at")


@admin.register(TicketMerge)
class TicketMergeAdmin(ExportMixin, BaseAdmin):
    resource_classes = (MergeResource,)
    list_display = ("source", "target", "reason", "by", "at", "undone_by", "undone_at")
    list_filter = (("at", DaysFilter), ("undone_at", DaysFilter))
    list_select_related = ("source", "target", "by", "undone_by")
    exact_search = {"source__reference": ticket_number, "target__reference": ticket_number}
    search_help_text = _("Whole ticket number")
    ordering = ("-id",)


@admin.register(TicketLink)
class TicketLinkAdmin(BaseAdmin):
    list_display = ("source", "kind", "target", "by", "at")
    list_filter = (("kind", ChoicesDropdownFilter), ("at", DaysFilter))
    list_select_related = ("source", "target", "by")
    exact_search = {"source__reference": ticket_number, "target__reference": ticket_number}
    search_help_text = _("Whole ticket number")
    ordering = ("-id",)


@admin.register(NotDuplicate)
class NotDuplicateAdmin(BaseAdmin):
    list_display = ("first", "second", "by", "at")
    list_filter = (("at", DaysFilter),)
    list_select_related = ("first", "second", "by")
    exact_search = {"first__reference": ticket_number, "second__reference": ticket_number}
    search_help_text = _("Whole ticket number")
    ordering = ("-id",)


@admin.register(BulkRun)
class BulkRunAdmin(BaseAdmin):
    list_display = ("id", "action", "by", "total", "created_at", "finished_at")
    list_filter = (("action", ChoicesDropdownFilter), ("created_at", DaysFilter))
    list_select_related = ("by",)
    exact_search = {"by__username": str}
    search_help_text = _("Whole sign-in name")
    exclude = ("key",)
    ordering = ("-id",)


@admin.register(BulkRow)
class BulkRowAdmin(BaseAdmin):
    list_display = ("ticket", "done_by", "state", "code", "message", "attempts", "at")
    list_filter = (("state", ChoicesDropdownFilter), ("at", DaysFilter))
    list_select_related = ("ticket", "run__by")
    exact_search = {"ticket__reference": ticket_number}
    search_help_text = _("Whole ticket number")
    ordering = ("-id",)

    @display(description=_("by"))
    def done_by(self, row: BulkRow) -> str:
        return f"{row.run} · {row.run.by}"
