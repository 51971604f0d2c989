"""The admin's sidebar: grouped by what people come for; what they may not see is not there."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

#: name, icon, url name, permission
Entry = tuple[str, str, str, str]


def entries() -> list[tuple[str, list[Entry]]]:
    """In the reader's language."""
    return [
        (
            _("Service"),
            [
                (_("Tickets"), "confirmation_number", "tickets_ticket", "tickets.view_ticket"),
                (_("Queues"), "format_list_bulleted", "tickets_queue", "tickets.view_queue"),
                (_("Assignments"), "assignment_ind", "tickets_assignment", "tickets.view_assignment"),
                (_("Moves between tiers"), "stairs", "tickets_tierhop", "tickets.view_tierhop"),
                (_("Alerts"), "warning", "tickets_ticketalert", "tickets.view_ticketalert"),
                (_("Merges"), "merge", "tickets_ticketmerge", "tickets.view_ticketmerge"),
                (_("Bulk runs"), "checklist", "tickets_bulkrun", "tickets.view_bulkrun"),
                (_("Ratings"), "star", "surveys_surveyresponse", "surveys.view_surveyresponse"),
                (
                    _("Follow-ups"),
                    "phone_callback",
                    "surveys_badratingfollowup",
                    "surveys.view_badratingfollowup",
                ),
            ],
        ),
        (
            _("Customers and knowledge"),
            [
                (_("Customers"), "group", "customers_customer", "customers.view_customer"),
                (_("Devices"), "devices_other", "customers_device", "customers.view_device"),
                (_("Articles"), "menu_book", "knowledge_article", "knowledge.view_article"),
                (_("Problems"), "help", "knowledge_problem", "knowledge.view_problem"),
                (_("Searches"), "search", "knowledge_searchlog", "knowledge.view_searchlog"),
                (
                    _("Article feedback"),
                    "thumbs_up_down",
                    "knowledge_articlefeedback",
                    "knowledge.view_articlefeedback",
                ),
            ],
        ),
        (
            _("Rules"),
            [
                (_("SLA matrix"), "timer", "tickets_slapolicy", "tickets.view_slapolicy"),
                (_("SLA targets"), "table_chart", "tickets_slatarget", "tickets.view_slatarget"),
                (_("Calendars"), "calendar_month", "tickets_calendar", "tickets.view_calendar"),
                (_("Tiers"), "layers", "tickets_tier", "tickets.view_tier"),
                (_("Categories"), "sell", "tickets_category", "tickets.view_category"),
                (_("Scripts and macros"), "quickreply", "tickets_macro", "tickets.view_macro"),
                (
                    _("Forbidden words"),
                    "speaker_notes_off",
                    "tickets_forbiddenword",
                    "tickets.view_forbiddenword",
                ),
                (_("Safety words"), "warning", "tickets_safetyword", "tickets.view_safetyword"),
                (_("Alert words"), "campaign", "tickets_alertword", "tickets.view_alertword"),
                (_("Names of states"), "label", "tickets_statusname", "tickets.view_statusname"),
                (_("Solution codes"), "task_alt", "tickets_solutioncode", "tickets.view_solutioncode"),
                (_("Root causes"), "troubleshoot", "tickets_rootcause", "tickets.view_rootcause"),
                (
                    _("Escalation reasons"),
                    "arrow_upward",
                    "tickets_escalationreason",
                    "tickets.view_escalationreason",
                ),
                (_("Surveys"), "rate_review", "surveys_survey", "surveys.view_survey"),
                (_("Reasons of ratings"), "reviews", "surveys_reasontag", "surveys.view_reasontag"),
            ],
        ),
        (
            _("Products"),
            [
                (_("Models"), "inventory_2", "customers_product", "customers.view_product"),
                (_("Product lines"), "category", "customers_productline", "customers.view_productline"),
                (_("Firmware"), "memory", "customers_firmware", "customers.view_firmware"),
                (_("Error codes"), "error", "customers_errorcode", "customers.view_errorcode"),
                (
                    _("Warranty"),
                    "verified_user",
                    "customers_warrantypolicy",
                    "customers.view_warrantypolicy",
                ),
                (_("Brands"), "storefront", "customers_brand", "customers.view_brand"),
            ],
        ),
        (
            _("People"),
            [
                (_("Users"), "person", "accounts_user", "accounts.view_user"),
                (_("Roles"), "shield_person", "auth_group", "auth.view_group"),
                (_("Agents"), "support_agent", "accounts_agent", "accounts.view_agent"),
                (_("Teams"), "groups", "accounts_team", "accounts.view_team"),
                (_("Skills"), "psychology", "accounts_skill", "accounts.view_skill"),
                (_("Shifts"), "schedule", "accounts_shift", "accounts.view_shift"),
                (_("Duty records"), "event_note", "accounts_dutylog", "accounts.view_dutylog"),
                (_("Notices"), "notifications", "accounts_notice", "accounts.view_notice"),
                (_("Reasons for a break"), "coffee", "accounts_dutyreason", "accounts.view_dutyreason"),
                (_("Regions"), "map", "accounts_region", "accounts.view_region"),
            ],
        ),
        (
            _("System"),
            [
                (_("Channels"), "hub", "channels_hub_channel", "channels_hub.view_channel"),
                (_("Outgoing mail"), "outbox", "channels_hub_outbox", "channels_hub.view_outbox"),
                (_("Ways out"), "router", "channels_hub_outlet", "channels_hub.view_outlet"),
                (_("Deliveries"), "sync", "core_delivery", "core.view_delivery"),
                (_("Timers"), "alarm", "core_timer", "core.view_timer"),
                (_("Files"), "attach_file", "core_file", "core.view_file"),
                (_("Audit trail"), "receipt_long", "core_event", "core.view_event"),
                (_("Audit seals"), "lock_clock", "core_seal", "core.view_seal"),
                (_("Changes in the admin"), "manage_history", "admin_logentry", "core.view_event"),
            ],
        ),
    ]


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """unfold's SIDEBAR.navigation: only what this person may see, so that nothing is asked for in vain."""
    home = reverse("admin:index")
    groups: list[dict[str, Any]] = [
        {
            "title": None,
            "items": [
                _item(_("Today"), "home", home, active=request.path == home),
                _item(_("Desk"), "inbox", "/desk/", active=False),
            ],
        }
    ]
    for title, rows in entries():
        items = []
        for name, icon, url, permission in rows:
            if request.user.has_perm(permission):
                address = reverse(f"admin:{url}_changelist")
                items.append(_item(name, icon, address, active=request.path.startswith(address)))
        if items:
            groups.append({"title": title, "items": items, "collapsible": False})
    return groups


def _item(name: str, icon: str, address: str, *, active: bool) -> dict[str, Any]:
    return {"title": name, "icon": icon, "link": address, "active": _always(active)}


def _always(value: bool) -> Callable[[HttpRequest], bool]:
    return lambda request: value


def account_links(request: HttpRequest) -> list[dict[str, Any]]:
    """The person's menu."""
    return [
        {"title": _("Desk"), "link": "/desk/"},
        {"title": _("Help centre"), "link": "/"},
        {"title": _("Change password"), "link": reverse("admin:password_change")},
    ]
