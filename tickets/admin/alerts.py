"""Words that raise alerts, and the alerts they raised."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import action, display

from core import clock
from core.admin_base import BaseAdmin, ConfigAdmin, viewer_of
from core.admin_export import ConfigResource, ExportMixin, ImportExportMixin, SafeResource
from core.admin_fields import LinesField
from core.admin_filters import DaysFilter
from tickets.admin.records import ticket_number
from tickets.enums import WordClass
from tickets.models import AlertWord, TicketAlert
from tickets.querysets import AlertQuerySet
from tickets.services.alerts import acknowledge_alert

COLOURS = {
    str(WordClass.EMOTION.label): "warning",
    str(WordClass.COMPLAINT.label): "warning",
    str(WordClass.EXPOSURE.label): "danger",
    str(WordClass.REGULATOR.label): "danger",
    str(WordClass.SAFETY.label): "danger",
}


class AlertWordForm(forms.ModelForm):
    exceptions = LinesField(
        label=_("Not when it is part of"),
        required=False,
        help_text=_("One a line, for example: not complaining"),
    )


class AlertWordResource(ConfigResource):
    class Meta(ConfigResource.Meta):
        model = AlertWord
        import_id_fields = ("word",)
        fields = ("word", "word_class", "language", "exceptions", "active")


@admin.register(AlertWord)
class AlertWordAdmin(ImportExportMixin, ConfigAdmin):
    """Safety words raise alerts too; they have their own list, because they also judge the ticket."""

    form = AlertWordForm
    resource_classes = (AlertWordResource,)
    list_display = ("word", "word_class", "language", "exceptions_shown", "active")
    list_editable = ("active",)
    list_filter = (
        ("word_class", ChoicesDropdownFilter),
        ("language", ChoicesDropdownFilter),
        ("active", BooleanRadioFilter),
    )
    search_fields = ("word",)
    deletable = True

    @admin.display(description=_("not when it is part of"))
    def exceptions_shown(self, row: AlertWord) -> str:
        return ", ".join(row.exceptions)


class OpenFilter(DropdownFilter):
    """The card of the start page leads here."""

    title = _("needs a person")
    parameter_name = "need"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("notice", _("Nobody took note"))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[TicketAlert]") -> "QuerySet[TicketAlert]":
        if self.value() == "notice" and isinstance(queryset, AlertQuerySet):
            return queryset.open()
        return queryset


class AlertResource(SafeResource):
    class Meta:
        model = TicketAlert
        fields = (
            "ticket__reference",
            "word_class",
            "word",
            "raised_at",
            "acknowledged_at",
            "acknowledged_by__display_name",
        )


@admin.register(TicketAlert)
class TicketAlertAdmin(ExportMixin, BaseAdmin):
    resource_classes = (AlertResource,)
    list_display = ("ticket", "kind", "word", "raised_at", "acknowledged_by", "acknowledged_at")
    list_filter = (OpenFilter, ("word_class", ChoicesDropdownFilter), ("raised_at", DaysFilter))
    list_select_related = ("ticket", "acknowledged_by")
    exact_search = {"ticket__reference": ticket_number}
    search_help_text = _("Whole ticket number")
    ordering = ("-id",)
    actions = ("take_note",)

    @display(description=_("class"), ordering="word_class", label=COLOURS)
    def kind(self, alert: TicketAlert) -> str:
        return str(alert.get_word_class_display())

    @action(description=_("Take note of it"), permissions=["work"])
    def take_note(self, request: HttpRequest, rows: "QuerySet[TicketAlert]") -> None:
        actor, at = viewer_of(request), clock.now()
        self.each(
            request,
            rows,
            lambda alert: acknowledge_alert(alert=alert, actor=actor, at=at),
            str(_("%(n)d taken note of.")),
        )
