"""What the composer offers and refuses: scripts, macros and forbidden words."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models, transaction
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from import_export.fields import Field
from import_export.widgets import ForeignKeyWidget
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter, RelatedDropdownFilter

from accounts.models import Team
from core.admin_base import ConfigAdmin
from core.admin_export import ConfigResource, ImportExportMixin
from core.admin_fields import LinesField
from tickets.models import Category, ForbiddenWord, Macro, MacroUse, Queue
from tickets.services import forbidden


class MacroForm(forms.ModelForm):
    def clean(self) -> dict[str, Any]:
        """Approved words hold nothing that could not be sent."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        for name in ("body_zh", "body_en"):
            for rule in forbidden.check(values.get(name) or ""):
                if rule.stop:
                    self.add_error(name, forbidden.sentence(rule))
        return values


class MacroResource(ConfigResource):
    category = Field("category", "category", ForeignKeyWidget(Category, "code"))
    queue = Field("queue", "queue", ForeignKeyWidget(Queue, "code"))
    team = Field("team", "team", ForeignKeyWidget(Team, "code"))

    class Meta(ConfigResource.Meta):
        model = Macro
        fields = (
            "code",
            "kind",
            "name_zh",
            "name_en",
            "body_zh",
            "body_en",
            "category",
            "queue",
            "team",
            "then_status",
            "note",
            "position",
            "active",
        )


@admin.register(Macro)
class MacroAdmin(ImportExportMixin, ConfigAdmin):
    form = MacroForm
    resource_classes = (MacroResource,)
    list_display = ("code", "name_zh", "name_en", "kind", "scope", "used", "position", "active")
    list_editable = ("position", "active")
    list_filter = (
        ("kind", ChoicesDropdownFilter),
        ("team", RelatedDropdownFilter),
        ("category", RelatedDropdownFilter),
        ("active", BooleanRadioFilter),
    )
    list_select_related = ("category", "queue", "team")
    search_fields = ("code", "name_zh", "name_en", "body_zh", "body_en")
    autocomplete_fields = ("category", "queue", "team")
    readonly_fields = ("used",)
    fieldsets = (
        (None, {"fields": (("code", "kind"), ("name_zh", "name_en"), "body_zh", "body_en")}),
        (_("What happens after sending"), {"fields": ("then_status", "note")}),
        (
            _("For which tickets"),
            {
                "fields": ("category", "queue", "team"),
                "description": _("Nothing chosen: for every ticket and everybody"),
            },
        ),
        (None, {"fields": (("position", "active"), "used")}),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        uses = (
            MacroUse.objects.filter(macro=OuterRef("pk")).order_by().values("macro").annotate(n=Count("pk"))
        )
        counted = Coalesce(Subquery(uses.values("n"), output_field=IntegerField()), 0)
        return super().get_queryset(request).annotate(use_count=counted)

    @admin.display(description=_("used"))
    def used(self, row: Macro) -> int:
        return int(getattr(row, "use_count", 0))

    @admin.display(description=_("for"))
    def scope(self, row: Macro) -> str:
        return " · ".join(str(part) for part in (row.category, row.queue, row.team) if part) or str(_("all"))


class ForbiddenWordForm(forms.ModelForm):
    exceptions = LinesField(
        label=_("Not when it is part of"),
        required=False,
        help_text=_("One a line, for example: in person"),
    )


class ForbiddenWordResource(ConfigResource):
    class Meta(ConfigResource.Meta):
        model = ForbiddenWord
        import_id_fields = ("word",)
        fields = ("word", "suggestion", "language", "level", "exceptions", "active")


@admin.register(ForbiddenWord)
class ForbiddenWordAdmin(ImportExportMixin, ConfigAdmin):
    """A change holds at once where it was made, within half a minute everywhere (tickets.services.forbidden)."""

    form = ForbiddenWordForm
    resource_classes = (ForbiddenWordResource,)
    list_display = ("word", "suggestion", "language", "level", "active")
    list_editable = ("level", "active")
    list_filter = (
        ("language", ChoicesDropdownFilter),
        ("level", ChoicesDropdownFilter),
        ("active", BooleanRadioFilter),
    )
    search_fields = ("word", "suggestion")
    deletable = True

    def save_model(self, request: HttpRequest, obj: models.Model, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        transaction.on_commit(forbidden.forget)

    def delete_model(self, request: HttpRequest, obj: models.Model) -> None:
        super().delete_model(request, obj)
        transaction.on_commit(forbidden.forget)

    def delete_queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> None:
        super().delete_queryset(request, queryset)
        transaction.on_commit(forbidden.forget)
