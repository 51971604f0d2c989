"""The SLA matrix: grade × level on one page; an edit is shown with what it would do, then becomes a new version."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django_q.tasks import async_task
from import_export.fields import Field
from unfold.decorators import display

from core import clock
from core.actors import Actor
from core.admin_base import BaseAdmin, ConfigAdmin, dress, viewer_of
from core.admin_export import ExportMixin, SafeResource
from core.admin_verbs import Verb, VerbsMixin
from core.errors import DomainError
from core.forms import add_domain_error
from customers.enums import Level
from tickets.enums import Grade
from tickets.models import Calendar, EscalationStep, SlaPolicy, SlaTarget
from tickets.services import policies

RECIPIENTS = EscalationStep._meta.get_field("recipient").choices or []


class MatrixForm(forms.Form):
    """All cells, the ladder and the numbers of one policy, filled with what holds now."""

    name_zh = forms.CharField(label=_("Name (Chinese)"), max_length=120)
    name_en = forms.CharField(label=_("Name (English)"), max_length=120)
    confirm_hours = forms.IntegerField(label=_("Hours to confirm"), min_value=1, max_value=720)
    reopen_days = forms.IntegerField(label=_("Days to reopen"), min_value=0, max_value=365)
    part_pause_days = forms.IntegerField(label=_("Days a part may be waited for"), min_value=0, max_value=365)
    ladder = forms.CharField(
        label=_("Ladder"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_(
            "One step a line: percent and who hears (owner, lead, manager, director), for example “75 lead”"
        ),
    )

    def __init__(self, policy: SlaPolicy, *args: Any, **kwargs: Any) -> None:
        self.policy = policy
        self.cells = policies.cells_of(policy)
        self.ladder_now = list(policy.ladder.order_by("percent").values_list("percent", "recipient"))
        initial: dict[str, Any] = {
            name: getattr(policy, name) for name in (*policies.NUMBERS, "name_zh", "name_en")
        }
        initial["ladder"] = "\n".join(f"{percent} {recipient}" for percent, recipient in self.ladder_now)
        for key, cell in self.cells.items():
            for field, value in cell.items():
                initial[_name(key, field)] = value.pk if isinstance(value, Calendar) else value
        super().__init__(*args, initial=initial, **kwargs)
        calendars = [
            ("", _("natural time")),
            *((c.pk, c.name) for c in Calendar.objects.filter(is_current=True)),
        ]
        known = {str(pk) for pk, _label in calendars}
        for key in self.keys():
            whole = key in self.cells
            for field, label in (
                ("first_response_minutes", _("Response")),
                ("resolution_minutes", _("Resolution")),
            ):
                self.fields[_name(key, field)] = forms.IntegerField(
                    label=label, min_value=1, max_value=policies.MAX_MINUTES, required=whole
                )
            for field in ("response_calendar", "resolution_calendar"):
                old = self.cells.get(key, {}).get(field)
                extra = [(old.pk, f"{old.name} v{old.version}")] if old and str(old.pk) not in known else []
                self.fields[_name(key, field)] = forms.ChoiceField(
                    label=_("on"), choices=[*calendars, *extra], required=False
                )

    @staticmethod
    def keys() -> list[tuple[str, str]]:
        return [(grade, level) for grade in Grade.values for level in Level.values]

    def clean_ladder(self) -> list[tuple[int, str]]:
        steps = []
        known = {str(value) for value, _label in RECIPIENTS}
        for line in self.cleaned_data["ladder"].splitlines():
            if not line.strip():
                continue
            percent, _space, recipient = line.strip().replace("%", " ").partition(" ")
            if not percent.isdecimal() or recipient.strip() not in known:
                raise forms.ValidationError(
                    _("“%(line)s” is not a step: write for example “75 lead”.") % {"line": line}
                )
            steps.append((int(percent), recipient.strip()))
        return sorted(steps)

    def changes(self) -> policies.Changes:
        """What differs from what holds now."""
        data = self.cleaned_data
        calendars = {c.pk: c for c in Calendar.objects.all()}
        targets: dict[tuple[str, str], dict[str, Any]] = {}
        for key in self.keys():
            old = self.cells.get(key, {})
            for field in policies.CELL_FIELDS:
                value = data.get(_name(key, field))
                if field.endswith("_calendar"):
                    value = calendars.get(int(value)) if value else None
                elif value is None:
                    continue
                if field not in old or old[field] != value:
                    targets.setdefault(key, {})[field] = value
        # a cell that had nothing stays so until it gets a time
        targets = {
            key: cell
            for key, cell in targets.items()
            if key in self.cells or any(name.endswith("_minutes") for name in cell)
        }
        ladder = data["ladder"] if data["ladder"] != self.ladder_now else None
        return policies.Changes(
            targets=targets,
            ladder=ladder,
            numbers={
                name: data[name] for name in policies.NUMBERS if data[name] != getattr(self.policy, name)
            },
            name_zh=data["name_zh"],
            name_en=data["name_en"],
        )

    def rows(self) -> list[dict[str, Any]]:
        """Grades with their cells, as bound fields."""
        return [
            {
                "label": grade.label,
                "cells": [
                    {
                        "minutes": (
                            self[_name((grade, level), "first_response_minutes")],
                            self[_name((grade, level), "response_calendar")],
                            self[_name((grade, level), "resolution_minutes")],
                            self[_name((grade, level), "resolution_calendar")],
                        ),
                        "errors": self.cell_errors((grade.value, level.value)),
                    }
                    for level in Level
                ],
            }
            for grade in Grade
        ]

    def cell_errors(self, key: tuple[str, str]) -> list[str]:
        found = [m for field in policies.CELL_FIELDS for m in self.errors.get(_name(key, field), [])]
        return [str(message) for message in found]


def _name(key: tuple[str, str], field: str) -> str:
    return f"{key[0]}-{key[1]}-{field}"


def place_errors(form: MatrixForm, error: DomainError) -> None:
    """The service names a cell "grade:level": its errors stand in the cell."""
    rest = {}
    for name, found in error.fields.items():
        grade, colon, level = name.partition(":")
        field = _name((grade, level), "first_response_minutes")
        if colon and field in form.fields:
            for message in found:
                form.add_error(field, str(message))
        else:
            rest[name] = found
    if rest or not error.fields:
        add_domain_error(form, type(error)(error.message, code=error.code, fields=rest, extra=error.extra))


class PolicyResource(SafeResource):
    policy = Field("policy__code", column_name=_("policy"))
    version = Field("policy__version", column_name=_("version"))

    class Meta:
        model = SlaTarget
        fields = (
            "policy",
            "version",
            "grade",
            "level",
            "first_response_minutes",
            "response_calendar__code",
            "resolution_minutes",
            "resolution_calendar__code",
        )


def _apply(policy: SlaPolicy, data: dict[str, Any], *, actor: Actor, at: datetime) -> object:
    """The worker does it, batch by batch; the event that it writes at the end says how many changed."""
    return async_task("tickets.jobs.apply_policy", policy.pk, actor.id)


APPLY = Verb(
    "apply",
    _("Apply to open tickets"),
    _apply,
    _("The open tickets get their new deadlines in the background."),
    icon="published_with_changes",
    shown=lambda policy: policy.is_current,
    needs="change",
    hint=_("Time that was used and pauses are kept; breaches on record stay."),
)


@admin.register(SlaPolicy)
class SlaPolicyAdmin(VerbsMixin, ConfigAdmin):
    """Versions. The current one is edited as a matrix, which makes the next; older ones are looked at."""

    verbs = (APPLY,)
    verb_template = "admin/tickets/slapolicy/apply.html"

    list_display = ("code", "name_zh", "name_en", "brand", "version", "is_current", "created_at", "matrix")
    list_filter = ("is_current",)
    list_select_related = ("brand",)
    search_fields = ("code", "name_zh", "name_en")
    ordering = ("code", "-version")

    @display(description=_("matrix"))
    def matrix(self, policy: SlaPolicy) -> str:
        url = reverse("admin:tickets_slapolicy_change", args=[policy.pk])
        words = _("Edit") if policy.is_current else _("View")
        return format_html('<a href="{}" class="text-primary-600">{}</a>', url, words)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The first version ships as data; every other one follows from an edit."""
        return False

    def has_change_history_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The matrix. POST without `confirm` shows what a new version would do, with it makes the version."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        policy = self.get_queryset(request).filter(pk=object_id).first() if object_id.isdecimal() else None
        if policy is None:
            raise Http404
        editable = policy.is_current and self.has_change_permission(request)
        preview = None
        if request.method == "POST":
            if not editable:
                raise PermissionDenied
            form = MatrixForm(policy, request.POST)
            if form.is_valid():
                try:
                    if "confirm" in request.POST:
                        return self._save(request, policy, form)
                    policies.check(form.changes())
                    preview = self._preview(policy, form)
                except DomainError as error:
                    place_errors(form, error)
        else:
            form = MatrixForm(policy)
        if not editable:
            for field in form.fields.values():
                field.disabled = True
        return TemplateResponse(
            request,
            "admin/tickets/slapolicy/matrix.html",
            {
                **self.admin_site.each_context(request),
                "title": str(policy),
                "opts": self.opts,
                "original": policy,
                "policy": policy,
                "form": form,
                "fields": [form[name] for name in ("name_zh", "name_en", *policies.NUMBERS, "ladder")],
                "levels": [level.label for level in Level],
                "editable": editable,
                "preview": preview,
                "versions": SlaPolicy.objects.filter(code=policy.code).order_by("-version")[:20],
                "dressed": dress(form),
                "verb_buttons": self.buttons(request, policy),
            },
            status=400 if form.errors else 200,
        )

    def verb_context(self, request: HttpRequest, verb: Verb, row: SlaPolicy) -> dict[str, Any]:
        """What it would do."""
        return {"effect": policies.preview(policy=row, at=clock.now())}

    def _preview(self, policy: SlaPolicy, form: MatrixForm) -> dict[str, Any]:
        changes = form.changes()
        cells = [
            {
                "grade": Grade(grade).label,
                "level": Level(level).label,
                "fields": [
                    (
                        SlaTarget._meta.get_field(name).verbose_name,
                        form.cells.get((grade, level), {}).get(name),
                        value,
                    )
                    for name, value in cell.items()
                ],
            }
            for (grade, level), cell in changes.targets.items()
        ]
        numbers = [
            (SlaPolicy._meta.get_field(name).verbose_name, getattr(policy, name), value)
            for name, value in changes.numbers.items()
        ]
        return {
            "cells": cells,
            "ladder": changes.ladder,
            "numbers": numbers,
            "effect": policies.preview(policy=policy, changes=changes, at=clock.now()),
            "nothing": not (cells or changes.ladder is not None or numbers or _renamed(policy, changes)),
        }

    def _save(self, request: HttpRequest, policy: SlaPolicy, form: MatrixForm) -> HttpResponse:
        new = policies.new_version(
            policy=policy, changes=form.changes(), actor=viewer_of(request), at=clock.now()
        )
        if new.pk == policy.pk:
            messages.info(request, str(_("Nothing was changed.")))
        else:
            self.log_change(request, new, f"version {new.version}")
            messages.success(request, str(_("Version %(n)d holds for new tickets.")) % {"n": new.version})
        return HttpResponseRedirect(reverse("admin:tickets_slapolicy_change", args=[new.pk]))


def _renamed(policy: SlaPolicy, changes: policies.Changes) -> bool:
    return (changes.name_zh, changes.name_en) != (policy.name_zh, policy.name_en)


@admin.register(SlaTarget)
class SlaTargetAdmin(ExportMixin, BaseAdmin):
    """The cells as a list, for searching and exporting; they change on the matrix."""

    resource_classes = (PolicyResource,)
    list_display = (
        "policy",
        "grade",
        "level",
        "first_response_minutes",
        "response_calendar",
        "resolution_minutes",
        "resolution_calendar",
    )
    list_filter = ("policy__is_current", "grade", "level")
    list_select_related = ("policy", "response_calendar", "resolution_calendar")
    search_fields = ("policy__code",)
    ordering = ("policy__code", "-policy__version", "grade", "level")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
