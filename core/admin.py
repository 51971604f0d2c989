"""The machinery in the admin: what was given up can be tried again, the rest is looked at."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display

from core import clock
from core.admin_base import BaseAdmin
from core.admin_export import ExportMixin, SafeResource
from core.admin_filters import DaysFilter
from core.events import subscribed_kinds
from core.models import Delivery, Event, File, Seal, Timer
from core.models.delivery import DeliveryState
from core.services import deliveries, timers


class RetryMixin(BaseAdmin):
    """Rows that were given up, with "try again"."""

    actions = ("retry",)

    def report_retry(self, request: HttpRequest, rows: "QuerySet[Any]", again: int) -> None:
        for row in rows[:200]:
            self.log_change(request, row, "tried again")
        words = ngettext("%(n)d is tried again.", "%(n)d are tried again.", again)
        self.message_user(request, words % {"n": again})


@admin.register(Delivery)
class DeliveryAdmin(RetryMixin):
    list_display = (
        "id",
        "subscriber",
        "event_kind",
        "state_shown",
        "attempts",
        "next_at",
        "last_error_shown",
    )
    list_filter = (("state", ChoicesDropdownFilter),)
    list_select_related = ("event",)
    exact_search = {"subscriber": str}
    search_help_text = _("Name of the handler")
    ordering = ("-id",)
    fields = ("event", "subscriber", "state", "attempts", "next_at", "last_error", "done_at")

    @display(description=_("event"))
    def event_kind(self, delivery: Delivery) -> str:
        return delivery.event.kind

    @display(
        description=_("state"),
        label={
            str(DeliveryState.DEAD.label): "danger",
            str(DeliveryState.RUNNING.label): "info",
            str(DeliveryState.DONE.label): "success",
        },
    )
    def state_shown(self, delivery: Delivery) -> str:
        return str(delivery.get_state_display())

    @display(description=_("last error"))
    def last_error_shown(self, delivery: Delivery) -> str:
        return delivery.last_error[:120]

    @action(description=_("Try again"), permissions=["work"])
    def retry(self, request: HttpRequest, rows: "QuerySet[Delivery]") -> None:
        again = deliveries.retry([row.pk for row in rows[:1000]], at=clock.now())
        self.report_retry(request, rows, again)


@admin.register(Timer)
class TimerAdmin(RetryMixin):
    list_display = ("kind", "subject_id", "due_at", "attempts", "dead", "last_error_shown")
    list_filter = ("dead",)
    exact_search = {"kind": str, "dedupe": str}
    search_help_text = _("Kind or key of the timer")
    ordering = ("due_at", "id")

    @display(description=_("last error"))
    def last_error_shown(self, timer: Timer) -> str:
        return timer.last_error[:120]

    @action(description=_("Try again"), permissions=["work"])
    def retry(self, request: HttpRequest, rows: "QuerySet[Timer]") -> None:
        again = timers.retry([row.pk for row in rows[:1000]], at=clock.now())
        self.report_retry(request, rows, again)


class EventKindFilter(admin.SimpleListFilter):
    """The kinds that somebody subscribes to: a fixed list, so that no scan of the table is needed."""

    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind, kind) for kind in subscribed_kinds()]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Event]") -> "QuerySet[Event]":
        return queryset.filter(kind=self.value()) if self.value() else queryset


class EventResource(SafeResource):
    class Meta:
        model = Event
        fields = ("id", "at", "kind", "actor_kind", "actor_id", "subject_kind", "subject_id", "data")


@admin.register(Event)
class EventAdmin(ExportMixin, BaseAdmin):
    """The audit trail. Details (personal data) stand in a table of their own and are not shown here."""

    resource_classes = (EventResource,)
    list_display = ("id", "at", "kind", "by", "about", "data")
    list_filter = (EventKindFilter, ("at", DaysFilter))
    exact_search = {"subject_id": lambda term: term if term.isdecimal() and len(term) < 19 else ""}
    search_help_text = _("Number of what the event is about")
    ordering = ("-id",)
    fields = ("id", "at", "kind", "by", "about", "data", "detail_hash")
    readonly_fields = ("id", "by", "about")

    @display(description=_("by"))
    def by(self, event: Event) -> str:
        return f"{event.actor_kind} {event.actor_id or ''}".strip()

    @display(description=_("about"))
    def about(self, event: Event) -> str:
        return f"{event.subject_kind} {event.subject_id}"


@admin.register(Seal)
class SealAdmin(BaseAdmin):
    list_display = ("id", "at", "events", "last_event_id", "hash")
    ordering = ("-id",)


@admin.register(File)
class FileAdmin(BaseAdmin):
    list_display = ("name", "content_type", "size", "owner_kind", "owner_id", "created_at", "opened")
    list_filter = (("created_at", DaysFilter),)
    exact_search = {
        "owner_id": lambda term: term if term.isdecimal() and len(term) < 19 else "",
        "sha256": lambda term: term.lower() if len(term) == 64 else "",
    }
    search_help_text = _("Number of what the file belongs to, or its SHA-256")
    ordering = ("-created_at", "id")
    fields = (
        "id",
        "name",
        "content_type",
        "size",
        "sha256",
        "owner_kind",
        "owner_id",
        "created_at",
        "opened",
    )
    readonly_fields = ("id", "opened")

    @display(description=_("content"))
    def opened(self, file: File) -> str:
        """Through the guarded download, which asks the app that the file belongs to."""
        return format_html('<a href="{}">{}</a>', reverse("core:file", args=[file.pk]), _("Open"))


@admin.register(LogEntry)
class LogEntryAdmin(BaseAdmin):
    """What people did in the admin."""

    list_display = ("action_time", "user", "content_type", "object_repr", "what")
    list_filter = (("action_time", DaysFilter),)
    list_select_related = ("user", "content_type")
    exact_search = {"object_id": str}
    search_help_text = _("Number of the row")
    ordering = ("-action_time",)
    fields = ("action_time", "user", "content_type", "object_repr", "what")
    readonly_fields = ("what",)

    @display(description=_("what"))
    def what(self, entry: LogEntry) -> str:
        return entry.get_change_message()

    def has_add_permission(self, request: HttpRequest) -> bool:  # type: ignore[override]
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may see the audit trail."""
        return bool(request.user.has_perm("core.view_event"))
