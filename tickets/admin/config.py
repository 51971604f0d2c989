"""What supervisors configure: tiers, queues, categories, codes, words."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from import_export.fields import Field
from import_export.widgets import ForeignKeyWidget
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter, RelatedDropdownFilter

from accounts.models import Skill
from channels_hub.enums import ChannelKind
from core.admin_base import ConfigAdmin, TableInline
from core.admin_export import ConfigResource, ExportMixin, ImportExportMixin, SafeResource
from core.admin_fields import ChosenField, LinesField
from customers.enums import Level
from tickets.models import (
    Category,
    EscalationReason,
    Queue,
    RootCause,
    SafetyWord,
    SolutionCode,
    StatusName,
    Tier,
)


class QueueForm(forms.ModelForm):
    channel_kinds = ChosenField(
        ChannelKind.choices, label=_("Channels"), help_text=_("None chosen: every channel")
    )
    levels = ChosenField(Level.choices, label=_("Customer levels"), help_text=_("None chosen: every level"))


class CategoryForm(forms.ModelForm):
    keywords = LinesField(
        label=_("Keywords"), required=False, help_text=_("One a line; they feed the classifier")
    )

    def clean(self) -> dict[str, Any]:
        """Three levels, at most eight children each, and no circle."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        parent = values.get("parent")
        seen, above = {self.instance.pk}, parent
        depth = 1
        while above is not None:
            if above.pk in seen:
                self.add_error("parent", _("A category cannot be part of itself."))
                return values
            seen.add(above.pk)
            depth += 1
            above = above.parent
        if depth > 3:
            self.add_error("parent", _("At most three levels."))
        if parent is not None and parent.children.exclude(pk=self.instance.pk).count() >= 8:
            self.add_error("parent", _("At most eight parts each."))
        return values


class SafetyWordForm(forms.ModelForm):
    exceptions = LinesField(
        label=_("Not when it is part of"),
        required=False,
        help_text=_("One a line, for example: smoke detector"),
    )


@admin.register(Tier)
class TierAdmin(ConfigAdmin):
    list_display = ("code", "name_zh", "name_en", "position", "hop_minutes")
    search_fields = ("code", "name_zh", "name_en")
    ordering = ("position",)


class QueueResource(SafeResource):
    class Meta:
        model = Queue
        fields = ("code", "name_zh", "name_en", "tier__code", "team__code", "position", "active")


@admin.register(Queue)
class QueueAdmin(ExportMixin, ConfigAdmin):
    form = QueueForm
    resource_classes = (QueueResource,)
    list_display = ("code", "name_zh", "name_en", "tier", "team", "position", "active")
    list_editable = ("position", "active")
    list_filter = (
        ("tier", RelatedDropdownFilter),
        ("team", RelatedDropdownFilter),
        ("active", BooleanRadioFilter),
    )
    list_select_related = ("tier", "team")
    search_fields = ("code", "name_zh", "name_en")
    autocomplete_fields = ("team", "lines", "categories")


class ChildInline(TableInline):
    model = Category
    fk_name = "parent"
    fields = ("code", "name_zh", "name_en", "default_grade", "position", "active")
    verbose_name_plural = _("parts")
    show_change_link = True


class CategoryResource(ConfigResource):
    parent = Field("parent", "parent", ForeignKeyWidget(Category, "code"))
    skill = Field("skill", "skill", ForeignKeyWidget(Skill, "code"))

    class Meta(ConfigResource.Meta):
        model = Category
        fields = (
            "code",
            "name_zh",
            "name_en",
            "parent",
            "default_grade",
            "skill",
            "required_fields",
            "keywords",
            "position",
            "active",
        )


@admin.register(Category)
class CategoryAdmin(ImportExportMixin, ConfigAdmin):
    form = CategoryForm
    resource_classes = (CategoryResource,)
    list_display = ("code", "name_zh", "name_en", "parent", "default_grade", "position", "active")
    list_filter = (
        ("parent", RelatedDropdownFilter),
        ("default_grade", ChoicesDropdownFilter),
        ("active", BooleanRadioFilter),
    )
    list_select_related = ("parent",)
    search_fields = ("code", "name_zh", "name_en", "keywords")
    autocomplete_fields = ("parent", "skill")
    inlines = (ChildInline,)
    ordering = ("parent__position", "position", "code")


class SafetyWordResource(ConfigResource):
    category = Field("category", "category", ForeignKeyWidget(Category, "code"))

    class Meta(ConfigResource.Meta):
        model = SafetyWord
        import_id_fields = ("word",)
        fields = ("word", "exceptions", "category")


@admin.register(SafetyWord)
class SafetyWordAdmin(ImportExportMixin, ConfigAdmin):
    form = SafetyWordForm
    resource_classes = (SafetyWordResource,)
    list_display = ("word", "exceptions_shown", "category")
    list_select_related = ("category",)
    search_fields = ("word",)
    autocomplete_fields = ("category",)
    deletable = True

    @admin.display(description=_("not when it is part of"))
    def exceptions_shown(self, row: SafetyWord) -> str:
        return ", ".join(row.exceptions)


@admin.register(StatusName)
class StatusNameAdmin(ConfigAdmin):
    """The states themselves are fixed; what they are called is not."""

    list_display = ("code", "name_zh", "name_en", "customer_name_zh", "customer_name_en", "color")
    search_fields = ("name_zh", "name_en")

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*super().get_readonly_fields(request, obj), "code"]


class CodedAdmin(ImportExportMixin, ConfigAdmin):
    list_display: Any = ("code", "name_zh", "name_en", "position", "active")
    list_editable = ("position", "active")
    list_filter: Any = (("active", BooleanRadioFilter),)
    search_fields = ("code", "name_zh", "name_en")


class SolutionResource(ConfigResource):
    class Meta(ConfigResource.Meta):
        model = SolutionCode
        fields = ("code", "name_zh", "name_en", "position", "active")


class ReasonResource(ConfigResource):
    class Meta(ConfigResource.Meta):
        model = EscalationReason
        fields = ("code", "name_zh", "name_en", "position", "active")


class CauseResource(ConfigResource):
    parent = Field("parent", "parent", ForeignKeyWidget(RootCause, "code"))

    class Meta(ConfigResource.Meta):
        model = RootCause
        fields = ("code", "name_zh", "name_en", "parent", "position", "active")


@admin.register(SolutionCode)
class SolutionCodeAdmin(CodedAdmin):
    resource_classes = (SolutionResource,)


@admin.register(EscalationReason)
class EscalationReasonAdmin(CodedAdmin):
    resource_classes = (ReasonResource,)


@admin.register(RootCause)
class RootCauseAdmin(CodedAdmin):
    resource_classes = (CauseResource,)
    list_display = ("code", "name_zh", "name_en", "parent", "position", "active")
    list_filter = (("parent", RelatedDropdownFilter), ("active", BooleanRadioFilter))
    list_select_related = ("parent",)
    autocomplete_fields = ("parent",)
