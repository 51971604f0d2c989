"""Surveys, what came back, and following up bad ratings, in the admin."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import (
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    DropdownFilter,
    RelatedDropdownFilter,
)
from unfold.decorators import display

from accounts.enums import UserKind
from accounts.models import User
from core import clock
from core.actors import Actor
from core.admin_base import BaseAdmin, ConfigAdmin, TableInline, viewer_of
from core.admin_export import ConfigResource, ExportMixin, ImportExportMixin, SafeResource
from core.admin_filters import DaysFilter
from core.admin_verbs import Verb, VerbsMixin, bulk
from core.templatetags.ui import remaining_words, sla_chip
from surveys import admin_panel, rules
from surveys.enums import OPEN_STATES, FollowUpState, Polarity
from surveys.models import (
    BadRatingFollowUp,
    ReasonTag,
    Survey,
    SurveyInvitation,
    SurveyQuestion,
    SurveyResponse,
)
from surveys.services.followups import assign_follow_up, move_follow_up, take_follow_up

#: registered when the admin is loaded
PANELS = (admin_panel.rating,)


class OwnerForm(forms.Form):
    owner = forms.ModelChoiceField(
        label=_("Owner"), queryset=User.objects.none(), empty_label=_("Choose a colleague")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(is_active=True, kind=UserKind.STAFF).order_by("display_name", "username")
        self.fields["owner"].queryset = people  # type: ignore[attr-defined]


class MoveForm(forms.Form):
    state = forms.ChoiceField(label=_("State"), choices=FollowUpState.choices)
    action = forms.CharField(
        label=_("What was done"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Needed to finish"),
    )
    reason = forms.ModelChoiceField(
        label=_("Reason"),
        queryset=ReasonTag.objects.filter(polarity=Polarity.BAD),
        required=False,
        empty_label="–",
    )
    re_rating = forms.IntegerField(label=_("New rating (1–5)"), required=False, min_value=1, max_value=5)


def _take(row: BadRatingFollowUp, data: dict[str, Any], *, actor: Actor, at: datetime) -> object:
    return take_follow_up(follow_up=row, actor=actor, at=at)


def _assign(row: BadRatingFollowUp, data: dict[str, Any], *, actor: Actor, at: datetime) -> object:
    return assign_follow_up(follow_up=row, owner=data["owner"], actor=actor, at=at)


def _move(row: BadRatingFollowUp, data: dict[str, Any], *, actor: Actor, at: datetime) -> object:
    return move_follow_up(follow_up=row, actor=actor, at=at, **data)


def is_open(row: BadRatingFollowUp) -> bool:
    return row.state in OPEN_STATES


TAKE = Verb(
    "take",
    _("Take it"),
    _take,
    _("It is yours."),
    icon="front_hand",
    shown=is_open,
    hint=_("You will be the one who calls the customer."),
    tone="primary",
)
ASSIGN = Verb(
    "assign", _("Assign"), _assign, _("It is assigned."), icon="person_add", form=OwnerForm, shown=is_open
)
MOVE = Verb(
    "move",
    _("Change the state"),
    _move,
    _("The state is changed."),
    icon="swap_horiz",
    form=MoveForm,
    initial=lambda row: {"state": row.state, "action": row.action, "reason": row.reason_id},
    shown=is_open,
)


class QuestionInline(TableInline):
    model = SurveyQuestion
    fields = ("code", "kind", "text_zh", "text_en", "when", "required", "position")
    deletable = True


@admin.register(Survey)
class SurveyAdmin(ConfigAdmin):
    list_display = ("code", "name_zh", "name_en", "valid_hours", "bad_stars", "follow_up_hours", "active")
    list_filter = (("active", BooleanRadioFilter),)
    search_fields = ("code", "name_zh", "name_en")
    inlines = (QuestionInline,)


class ReasonResource(ConfigResource):
    class Meta(ConfigResource.Meta):
        model = ReasonTag
        fields = ("code", "name_zh", "name_en", "polarity", "position")


@admin.register(ReasonTag)
class ReasonTagAdmin(ImportExportMixin, ConfigAdmin):
    resource_classes = (ReasonResource,)
    list_display = ("code", "name_zh", "name_en", "polarity", "position")
    list_editable = ("position",)
    list_filter = (("polarity", ChoicesDropdownFilter),)
    search_fields = ("code", "name_zh", "name_en")


class InvitationResource(SafeResource):
    class Meta:
        model = SurveyInvitation
        fields = ("ticket__reference", "cycle", "survey__code", "offered_at", "delivered_at", "expires_at")


@admin.register(SurveyInvitation)
class SurveyInvitationAdmin(ExportMixin, BaseAdmin):
    resource_classes = (InvitationResource,)
    list_display = ("ticket", "cycle", "survey", "rated_agent", "offered_at", "delivered_at", "expires_at")
    list_filter = (("survey", RelatedDropdownFilter), ("offered_at", DaysFilter))
    list_select_related = ("ticket", "survey", "rated_agent")
    exact_search = {"ticket__reference": str.upper}
    search_help_text = _("Whole ticket number")
    ordering = ("-id",)
    fields = ("ticket", "cycle", "survey", "rated_agent", "offered_at", "delivered_at", "expires_at")


class ResponseResource(SafeResource):
    class Meta:
        model = SurveyResponse
        fields = (
            "invitation__ticket__reference",
            "stars",
            "solved",
            "ces",
            "nps",
            "comment",
            "call_me",
            "at",
        )


@admin.register(SurveyResponse)
class SurveyResponseAdmin(ExportMixin, BaseAdmin):
    resource_classes = (ResponseResource,)
    list_display = ("ticket", "stars", "solved", "rated_agent", "call_me", "comment_shown", "at")
    list_filter = (
        "stars",
        ("solved", BooleanRadioFilter),
        ("call_me", BooleanRadioFilter),
        ("at", DaysFilter),
    )
    list_select_related = ("invitation__ticket", "invitation__rated_agent")
    exact_search = {"invitation__ticket__reference": str.upper}
    search_help_text = _("Whole ticket number")
    ordering = ("-at",)
    fields = ("ticket", "stars", "solved", "ces", "nps", "reasons", "comment", "call_me", "answers", "at")
    readonly_fields = ("ticket",)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[SurveyResponse]":
        """Whoever may see the invitation may see the answer."""
        seen = SurveyInvitation.objects.visible_to(viewer_of(request))
        return super().get_queryset(request).filter(invitation__in=seen)

    @display(description=_("ticket"))
    def ticket(self, row: SurveyResponse) -> str:
        return str(row.invitation.ticket)

    @display(description=_("rated agent"))
    def rated_agent(self, row: SurveyResponse) -> str:
        return str(row.invitation.rated_agent or "–")

    @display(description=_("comment"))
    def comment_shown(self, row: SurveyResponse) -> str:
        return row.comment[:80]


class FollowUpNeedFilter(DropdownFilter):
    title = _("needs a person")
    parameter_name = "need"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("contact", _("Not contacted yet")), ("open", _("Not finished")), ("late", _("Late"))]

    def queryset(
        self, request: HttpRequest, queryset: "QuerySet[BadRatingFollowUp]"
    ) -> "QuerySet[BadRatingFollowUp]":
        match self.value():
            case "contact":
                return queryset.filter(pk__in=BadRatingFollowUp.objects.not_contacted())
            case "open":
                return queryset.filter(state__in=OPEN_STATES)
            case "late":
                return queryset.filter(state__in=OPEN_STATES, due_at__lt=clock.now())
        return queryset


class FollowUpResource(SafeResource):
    class Meta:
        model = BadRatingFollowUp
        fields = (
            "ticket__reference",
            "response__stars",
            "state",
            "owner__display_name",
            "due_at",
            "first_contact_at",
            "finished_at",
            "reason__code",
            "action",
            "re_rating",
        )


@admin.register(BadRatingFollowUp)
class FollowUpAdmin(ExportMixin, VerbsMixin, BaseAdmin):
    resource_classes = (FollowUpResource,)
    verbs = (TAKE, ASSIGN, MOVE)
    list_display = ("ticket", "stars", "state_shown", "owner", "rated_agent", "due", "created_at")
    list_filter = (FollowUpNeedFilter, ("state", ChoicesDropdownFilter), ("owner", RelatedDropdownFilter))
    list_select_related = ("ticket", "owner", "rated_agent", "response")
    exact_search = {"ticket__reference": str.upper}
    search_help_text = _("Whole ticket number")
    ordering = ("due_at", "id")
    actions = ("take_many", "assign_many")
    fields = (
        ("ticket_link", "stars"),
        ("rated_agent", "owner"),
        ("state", "due"),
        "comment",
        ("reason", "re_rating"),
        "action",
        ("created_at", "first_contact_at", "finished_at"),
    )
    readonly_fields = ("ticket_link", "stars", "comment", "due")

    take_many = bulk(TAKE, _("Take them"))
    assign_many = bulk(ASSIGN, _("Assign to …"))

    def may(self, request: HttpRequest, verb: Verb) -> bool:
        """Owners without the right to change others' follow-ups still work on their own; the service
        decides."""
        return super().may(request, verb) or (verb is not ASSIGN and bool(self.has_view_permission(request)))

    @display(description=_("stars"))
    def stars(self, row: BadRatingFollowUp) -> str:
        return "★" * row.response.stars

    @display(description=_("comment"))
    def comment(self, row: BadRatingFollowUp) -> str:
        return row.response.comment or "–"

    @display(
        description=_("state"),
        ordering="state",
        label={
            str(FollowUpState.TO_DO.label): "danger",
            str(FollowUpState.CONTACTING.label): "warning",
            str(FollowUpState.WON_BACK.label): "success",
        },
    )
    def state_shown(self, row: BadRatingFollowUp) -> str:
        return str(row.get_state_display())

    @display(description=_("due"), ordering="due_at")
    def due(self, row: BadRatingFollowUp) -> str:
        if row.state not in OPEN_STATES:
            return "–"
        left = (row.due_at - clock.now()).total_seconds()
        total = max((row.due_at - row.created_at).total_seconds(), 1)
        percent = max(0.0, min(100.0, 100 * left / total))
        state = "red" if left <= 0 else "orange" if percent < 20 else "yellow" if percent <= 50 else "green"
        return format_html(
            '<span class="ax ax-inline">{}</span>', sla_chip(state, percent, remaining_words(left))
        )

    @display(description=_("ticket"))
    def ticket_link(self, row: BadRatingFollowUp) -> str:
        url = reverse("admin:tickets_ticket_change", args=[row.ticket_id])
        return format_html('<a href="{}" class="text-primary-600">{}</a>', url, row.ticket)

    def allowed_words(self, row: BadRatingFollowUp, allowed: Any) -> str:
        return ", ".join(str(FollowUpState(code).label) for code in allowed if code in rules.MOVES)
