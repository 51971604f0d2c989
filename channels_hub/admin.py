"""Channels, what was said, and what still has to leave the house, in the admin."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter
from unfold.decorators import action, display

from channels_hub import rules
from channels_hub.enums import SendState
from channels_hub.models import Channel, Conversation, Message, Outbox, Outlet, Thread
from channels_hub.services import sending
from core import clock
from core.admin_base import BaseAdmin, ConfigAdmin, ViewOnlyInline, viewer_of
from core.admin_export import ExportMixin, SafeResource
from core.admin_filters import DaysFilter
from core.masks import mask_contact, mask_email

STATE_COLOURS = {
    str(SendState.FAILED.label): "danger",
    str(SendState.QUEUED.label): "warning",
    str(SendState.SENT.label): "success",
}


@admin.register(Channel)
class ChannelAdmin(ConfigAdmin):
    list_display = ("code", "name_zh", "name_en", "kind", "brand", "enabled")
    list_filter = (("kind", ChoicesDropdownFilter), ("enabled", BooleanRadioFilter))
    list_select_related = ("brand",)
    search_fields = ("code", "name_zh", "name_en")
    autocomplete_fields = ("brand",)


class OutboxResource(SafeResource):
    personal = frozenset({"recipient"})

    class Meta:
        model = Outbox
        fields = (
            "id",
            "via",
            "recipient",
            "subject",
            "state",
            "attempts",
            "created_at",
            "sent_at",
            "last_error",
        )


@admin.register(Outbox)
class OutboxAdmin(ExportMixin, BaseAdmin):
    """Letters that were given up wait here for "send again"."""

    resource_classes = (OutboxResource,)
    list_display = ("id", "via", "to", "subject", "state_shown", "attempts", "next_at", "last_error_shown")
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("via", ChoicesDropdownFilter),
        ("created_at", DaysFilter),
    )
    exact_search = {"recipient": str.lower, "dedupe": str}
    search_help_text = _("Whole recipient or key")
    ordering = ("-id",)
    actions = ("send_again",)
    fields = (
        "via",
        "channel",
        "to",
        "subject",
        "body_shown",
        "state",
        "attempts",
        "next_at",
        "last_error",
        "created_at",
        "sent_at",
    )
    readonly_fields = ("to", "body_shown")

    @display(description=_("text"))
    def body_shown(self, row: Outbox) -> str:
        return rules.without_secrets(row.body)

    @display(description=_("recipient"))
    def to(self, row: Outbox) -> str:
        return mask_contact(row.recipient)

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def state_shown(self, row: Outbox) -> str:
        return str(row.get_state_display())

    @display(description=_("last error"))
    def last_error_shown(self, row: Outbox) -> str:
        return row.last_error[:120]

    @action(description=_("Send again"), permissions=["work"])
    def send_again(self, request: HttpRequest, rows: "QuerySet[Outbox]") -> None:
        ids = [row.pk for row in rows[:1000]]
        again = sending.retry(ids, actor=viewer_of(request), at=clock.now())
        self.message_user(request, _("%(n)d will be sent again.") % {"n": again})


@admin.register(Outlet)
class OutletAdmin(BaseAdmin):
    list_display = ("via", "away_since", "retry_at", "failures", "last_error")


class ConversationInline(ViewOnlyInline):
    model = Conversation
    fields = ("handler", "started_at", "ended_at")
    per_page = 20
    ordering = ("-started_at",)


@admin.register(Thread)
class ThreadAdmin(BaseAdmin):
    list_display = ("id", "channel", "customer", "display_name", "created_at", "last_message_at")
    list_filter = (("channel__kind", ChoicesDropdownFilter), ("last_message_at", DaysFilter))
    list_select_related = ("channel", "customer")
    exact_search = {"customer__phone": str, "reply_email": str.lower}
    search_help_text = _("Whole phone number or email address")
    ordering = ("-id",)
    fields = ("channel", "customer", "display_name", "reply_to", "language", "created_at", "last_message_at")
    readonly_fields = ("reply_to",)
    inlines = (ConversationInline,)

    @display(description=_("replies by email to"))
    def reply_to(self, thread: Thread) -> str:
        return mask_email(thread.reply_email)


class MessageResource(SafeResource):
    class Meta:
        model = Message
        fields = ("id", "thread", "seq", "direction", "author", "state", "at")


@admin.register(Message)
class MessageAdmin(ExportMixin, BaseAdmin):
    """Every message; what was said is read on the ticket, where it belongs."""

    resource_classes = (MessageResource,)
    list_display = ("id", "thread", "seq", "direction", "author", "staff", "state_shown", "at", "files")
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("direction", ChoicesDropdownFilter),
        ("author", ChoicesDropdownFilter),
        ("at", DaysFilter),
    )
    list_select_related = ("thread__channel", "staff")
    exact_search = {"thread_id": lambda term: term if term.isdecimal() and len(term) < 19 else ""}
    search_help_text = _("Number of the thread")
    ordering = ("-id",)
    fields = ("thread", "seq", "direction", "author", "staff", "body", "at", "state", "files")

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def state_shown(self, message: Message) -> str:
        return str(message.get_state_display())
