"""Staff in the admin: who signs in, what they can do, when they work."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as BaseGroupAdmin
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import (
    ChoicesDropdownFilter,
    RelatedDropdownFilter,
)
from unfold.decorators import action, display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts.enums import DutyState, UserKind
from accounts.models import Agent, AgentSkill, DutyLog, DutyReason, Notice, Region, Shift, Skill, Team, User
from accounts.services.duty import set_duty
from core import clock
from core.admin_base import BaseAdmin, TableInline, ViewOnlyInline, viewer_of
from core.admin_export import ConfigResource, ExportMixin, ImportExportMixin, SafeResource
from core.admin_filters import DaysFilter
from core.masks import mask_email, mask_phone

DUTY_COLOURS = {
    str(DutyState.AVAILABLE.label): "success",
    str(DutyState.ON_CALL.label): "info",
    str(DutyState.WRAP_UP.label): "info",
    str(DutyState.BREAK.label): "warning",
    str(DutyState.BUSY.label): "warning",
    str(DutyState.FORCED_OUT.label): "danger",
}


class StaffForm(UserChangeForm):
    """A customer's account never becomes staff, whatever is ticked; nobody hands out more than they hold."""

    editor: User

    def clean_groups(self) -> Any:
        chosen = self.cleaned_data["groups"]
        held = self.editor.get_all_permissions()
        new = chosen.exclude(pk__in=self.instance.groups.all()).prefetch_related("permissions__content_type")
        for group in new:
            rights = {f"{p.content_type.app_label}.{p.codename}" for p in group.permissions.all()}
            if not rights <= held:
                words = _("The role “%(role)s” has rights that you do not hold yourself.")
                raise ValidationError(words % {"role": group.name})
        return chosen

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if self.instance.kind == UserKind.CUSTOMER:
            for name in ("is_staff", "is_superuser"):
                if values.get(name):
                    self.add_error(name, _("A customer's account cannot become staff."))
            if values.get("groups"):
                self.add_error("groups", _("A customer's account cannot hold a role."))
        return values


class NewStaffForm(UserCreationForm):
    """Somebody new: staff, always."""

    class Meta:
        model = User
        fields = ("username", "display_name")

    def _post_clean(self) -> None:
        self.instance.kind = UserKind.STAFF
        super()._post_clean()


class AgentInline(ViewOnlyInline):
    model = Agent
    fields = ("employee_no", "tier", "duty_state", "ticket_capacity")
    show_change_link = True


@admin.register(User)
class UserAdmin(BaseUserAdmin, BaseAdmin):
    """Roles are groups. The kind (staff or customer) is fixed when the account is made."""

    form = StaffForm
    add_form = NewStaffForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "display_name", "kind", "roles", "is_active", "is_staff", "last_login")
    list_filter = (
        ("kind", ChoicesDropdownFilter),
        ("groups", RelatedDropdownFilter),
        "is_active",
        "is_staff",
    )
    search_fields = ("=username", "display_name", "display_name_en")
    search_help_text = _("Sign-in name or name shown")
    ordering = ("username",)
    filter_horizontal = ()
    autocomplete_fields = ("groups",)
    inlines = (AgentInline,)
    readonly_fields = ("kind", "last_login", "date_joined", "email_masked")
    fieldsets = (
        (None, {"fields": ("username", "password", "kind")}),
        (_("Person"), {"fields": ("display_name", "display_name_en", "email", "language")}),
        (_("Rights"), {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        (_("Times"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", "display_name", "usable_password", "password1", "password2")}),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[User]":
        return BaseAdmin.get_queryset(self, request).prefetch_related("groups")

    @display(description=_("roles"))
    def roles(self, user: User) -> str:
        return ", ".join(sorted(group.name for group in user.groups.all()))

    @display(description=_("email"))
    def email_masked(self, user: User) -> str:
        return mask_email(user.email)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Of a customer's account only whether it may sign in is staff's business."""
        if obj is not None and obj.kind == UserKind.CUSTOMER:
            return (
                (None, {"fields": ("username_masked", "kind", "email_masked", "language")}),
                (_("Rights"), {"fields": ("is_active",)}),
                (_("Times"), {"fields": ("last_login", "date_joined")}),
            )
        return super().get_fieldsets(request, obj)

    @display(description=_("sign-in name"))
    def username_masked(self, user: User) -> str:
        return mask_phone(user.username) if user.username.isdecimal() else mask_email(user.username) or "****"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fixed = [*super().get_readonly_fields(request, obj), "username_masked"]
        if not request.user.is_superuser:
            fixed += ["is_superuser"]
            if obj is not None and obj.pk == request.user.pk:
                # nobody changes their own rights
                fixed += ["is_staff", "is_active", "groups"]
        if obj is not None and obj.kind == UserKind.CUSTOMER:
            fixed += ["username", "email"]
        return fixed

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is not None and obj.kind == UserKind.CUSTOMER:
            kwargs["form"] = ModelForm
        form = super().get_form(request, obj, change=change, **kwargs)
        form.editor = request.user
        return form

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A superuser's account is changed by superusers only."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or not obj.is_superuser or request.user.is_superuser)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj is not None and obj.kind == UserKind.STAFF else ()

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        found = self.get_object(request, id)
        if found is not None and found.kind == UserKind.CUSTOMER:
            raise Http404  # customers choose their own password
        return super().user_change_password(request, id, form_url)


admin.site.unregister(Group)


@admin.register(Group)
class RoleAdmin(BaseGroupAdmin, BaseAdmin):
    """Roles, and the rights that each carries."""

    search_fields = ("name",)
    ordering = ("name",)
    autocomplete_fields = ()
    filter_horizontal = ("permissions",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class AgentSkillInline(TableInline):
    model = AgentSkill
    fields = ("skill", "level", "valid_until")
    autocomplete_fields = ("skill",)
    deletable = True


class ShiftInline(TableInline):
    model = Shift
    fields = ("starts_at", "ends_at")
    deletable = True
    per_page = 20
    ordering = ("-starts_at",)


class DutyInline(ViewOnlyInline):
    model = DutyLog
    fields = ("state", "reason", "since", "until")
    per_page = 20
    ordering = ("-since",)


class AgentResource(SafeResource):
    class Meta:
        model = Agent
        fields = (
            "employee_no",
            "user__display_name",
            "tier",
            "ticket_capacity",
            "chat_capacity",
            "duty_state",
        )


@admin.register(Agent)
class AgentAdmin(ExportMixin, BaseAdmin):
    resource_classes = (AgentResource,)
    list_display = ("employee_no", "user", "tier", "duty", "duty_since", "ticket_capacity", "chat_capacity")
    list_filter = (
        ("tier", ChoicesDropdownFilter),
        ("duty_state", ChoicesDropdownFilter),
        ("teams", RelatedDropdownFilter),
    )
    list_select_related = ("user",)
    search_fields = ("=employee_no", "user__display_name", "user__display_name_en", "=user__username")
    search_help_text = _("Employee number or name")
    autocomplete_fields = ("user", "teams", "regions")
    inlines = (AgentSkillInline, ShiftInline, DutyInline)
    actions = ("sign_out",)
    fieldsets = (
        (None, {"fields": ("user", "employee_no", "tier", "teams", "regions")}),
        (_("How much at a time"), {"fields": ("ticket_capacity", "chat_capacity")}),
        (_("Now"), {"fields": ("duty_state", "duty_since", "last_assigned_at")}),
        (_("Signature"), {"fields": ("signature_zh", "signature_en")}),
    )

    @display(description=_("duty state"), ordering="duty_state", label=DUTY_COLOURS)
    def duty(self, agent: Agent) -> str:
        return str(agent.get_duty_state_display())

    @action(description=_("Sign out of work"), permissions=["work"])
    def sign_out(self, request: HttpRequest, rows: "QuerySet[Agent]") -> None:
        actor, at = viewer_of(request), clock.now()
        self.each(
            request,
            rows,
            lambda agent: set_duty(
                agent=agent, state=DutyState.FORCED_OUT, reason="admin", actor=actor, at=at
            ),
            str(_("%(n)d signed out.")),
        )


class ShiftResource(ConfigResource):
    class Meta(ConfigResource.Meta):
        model = Shift
        fields = ("id", "agent__employee_no", "starts_at", "ends_at")
        import_id_fields = ("id",)


@admin.register(Shift)
class ShiftAdmin(ExportMixin, BaseAdmin):
    resource_classes = (ShiftResource,)
    list_display = ("agent", "starts_at", "ends_at")
    list_filter = (("starts_at", DaysFilter),)
    list_select_related = ("agent__user",)
    search_fields = ("=agent__employee_no", "agent__user__display_name")
    autocomplete_fields = ("agent",)
    ordering = ("-starts_at", "agent")
    deletable = True


class DutyResource(SafeResource):
    class Meta:
        model = DutyLog
        fields = ("agent__employee_no", "state", "reason", "since", "until")


@admin.register(DutyLog)
class DutyLogAdmin(ExportMixin, BaseAdmin):
    resource_classes = (DutyResource,)
    list_display = ("agent", "state", "reason", "since", "until")
    list_filter = (("state", ChoicesDropdownFilter), ("since", DaysFilter))
    list_select_related = ("agent__user",)
    search_fields = ("=agent__employee_no", "agent__user__display_name")
    ordering = ("-since", "-id")


class SkillResource(ConfigResource):
    class Meta(ConfigResource.Meta):
        model = Skill
        fields = ("code", "name_zh", "name_en", "kind")


@admin.register(Skill)
class SkillAdmin(ImportExportMixin, BaseAdmin):
    resource_classes = (SkillResource,)
    list_display = ("code", "name_zh", "name_en", "kind")
    list_filter = (("kind", ChoicesDropdownFilter),)
    search_fields = ("code", "name_zh", "name_en")


class HolderInline(TableInline):
    """Who has the skill (on the skill's own page)."""

    model = AgentSkill
    fields = ("agent", "level", "valid_until")
    autocomplete_fields = ("agent",)
    deletable = True


SkillAdmin.inlines = (HolderInline,)


@admin.register(Team)
class TeamAdmin(BaseAdmin):
    list_display = ("code", "name_zh", "name_en", "tier", "lead")
    list_filter = (("tier", ChoicesDropdownFilter),)
    list_select_related = ("lead",)
    search_fields = ("code", "name_zh", "name_en")
    autocomplete_fields = ("lead", "skills")


class RegionResource(ConfigResource):
    class Meta(ConfigResource.Meta):
        model = Region
        fields = ("code", "name_zh", "name_en", "parent__code")


@admin.register(Region)
class RegionAdmin(ExportMixin, BaseAdmin):
    resource_classes = (RegionResource,)
    list_display = ("code", "name_zh", "name_en", "parent")
    list_select_related = ("parent",)
    search_fields = ("code", "name_zh", "name_en")
    autocomplete_fields = ("parent",)


@admin.register(DutyReason)
class DutyReasonAdmin(BaseAdmin):
    list_display = ("code", "name_zh", "name_en", "position", "active")
    list_editable = ("position", "active")
    search_fields = ("code", "name_zh", "name_en")


@admin.register(Notice)
class NoticeAdmin(BaseAdmin):
    """Who was told of what, and when they read it."""

    list_display = ("created_at", "recipient", "kind", "level", "subject_kind", "subject_id", "read_at")
    list_filter = (("level", ChoicesDropdownFilter), ("created_at", DaysFilter), ("read_at", DaysFilter))
    list_select_related = ("recipient",)
    search_fields = ("=recipient__username", "=kind")
    search_help_text = _("Sign-in name or kind")
    ordering = ("-id",)
