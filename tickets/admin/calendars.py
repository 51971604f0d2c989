"""Calendars: opening times and special days below; saving makes a new version, so that running clocks keep theirs."""

import re
from datetime import time
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold import widgets

from core import clock
from core.admin_base import ConfigAdmin, TableInline, viewer_of
from tickets.enums import DayKind
from tickets.models import Calendar, CalendarDay, CalendarWindow
from tickets.services import calendars

SPAN = re.compile(r"^(\d{1,2}:\d{2})\s*[-–~至]\s*(\d{1,2}:\d{2})$")


class SpansField(forms.CharField):
    """09:00-12:00, 13:00-18:00"""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            required=False,
            label=_("opening times"),
            help_text=_("For example 09:00-12:00, 13:00-18:00; empty: those of a usual day"),
            widget=widgets.UnfoldAdminTextInputWidget(),
            **kwargs,
        )

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(f"{a}-{b}" for a, b in value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[list[str]]:
        if isinstance(value, list):
            return value
        spans = []
        for part in re.split(r"[,，;；]", str(value or "")):
            if not part.strip():
                continue
            found = SPAN.match(part.strip())
            try:
                times = [time.fromisoformat(t.zfill(5)) for t in found.groups()] if found else []
            except ValueError:
                times = []
            if not times:
                raise forms.ValidationError(_("“%(text)s” is no span of time.") % {"text": part.strip()})
            spans.append([f"{t:%H:%M}" for t in times])
        return spans

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return self.to_python(initial) != self.to_python(data)
        except forms.ValidationError:
            return True


class DayForm(forms.ModelForm):
    windows = SpansField()


class WindowInline(TableInline):
    model = CalendarWindow
    fields = ("weekday", "opens", "closes")
    deletable = True


class DayInline(TableInline):
    model = CalendarDay
    form = DayForm
    fields = ("date", "kind", "windows", "note")
    deletable = True


@admin.register(Calendar)
class CalendarAdmin(ConfigAdmin):
    list_display = ("code", "name_zh", "name_en", "version", "is_current", "always_open", "follows_holidays")
    list_filter = ("is_current",)
    search_fields = ("code", "name_zh", "name_en")
    ordering = ("code", "-version")
    inlines = (WindowInline, DayInline)
    fields = (
        ("name_zh", "name_en"),
        ("code", "time_zone"),
        ("always_open", "follows_holidays"),
        ("version", "is_current", "holidays_until"),
    )
    readonly_fields = ("holidays_until",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fixed = list(super().get_readonly_fields(request, obj))
        return [*fixed, "code"] if obj is not None else fixed

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A version that is no longer current stays as it is."""
        return super().has_change_permission(request, obj) and (obj is None or obj.is_current)

    def has_change_history_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Calendar, form: forms.ModelForm, change: bool) -> None:
        """A change is not saved here: `save_related` makes the next version from form and rows together."""
        if not change:
            super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        windows, days = _content(formsets)
        if not change:
            calendars.check(form.instance, windows, days)
            super().save_related(request, form, formsets, change)
            return
        for formset in formsets:
            # nothing of it was saved: the log of the page names the form's fields only
            formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []
        data = form.cleaned_data
        if not (form.has_changed() or any(formset.has_changed() for formset in formsets)):
            return
        request.new_calendar = calendars.new_version(  # type: ignore[attr-defined]
            calendar=Calendar.objects.get(pk=form.instance.pk),
            windows=windows,
            days=days,
            actor=viewer_of(request),
            at=clock.now(),
            always_open=data["always_open"],
            follows_holidays=data["follows_holidays"],
            time_zone=data["time_zone"],
            name_zh=data["name_zh"],
            name_en=data["name_en"],
        )

    def response_change(self, request: HttpRequest, obj: Calendar) -> HttpResponse:
        new = getattr(request, "new_calendar", None)
        if new is None:
            messages.info(request, str(_("Nothing was changed.")))
            return HttpResponseRedirect(reverse("admin:tickets_calendar_changelist"))
        words = _("Version %(n)d holds for new tickets; running clocks keep theirs.")
        messages.success(request, str(words) % {"n": new.version})
        return HttpResponseRedirect(reverse("admin:tickets_calendar_change", args=[new.pk]))


def _content(formsets: Any) -> tuple[dict[int, list[tuple[time, time]]], list[calendars.Day]]:
    """The rows below as the service takes them; those ticked for deletion are left out."""
    windows: dict[int, list[tuple[time, time]]] = {}
    days: list[calendars.Day] = []
    for formset in formsets:
        for data in formset.cleaned_data:
            if not data or data.get("DELETE"):
                continue
            if formset.model is CalendarWindow:
                windows.setdefault(data["weekday"], []).append((data["opens"], data["closes"]))
            else:
                spans = tuple((time.fromisoformat(a), time.fromisoformat(b)) for a, b in data["windows"])
                days.append(calendars.Day(data["date"], DayKind(data["kind"]), spans, data["note"]))
    return windows, days
