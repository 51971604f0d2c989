"""What the desk's pages are made of: readers that several addresses share. No writes here."""

import uuid
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.core.cache import caches
from django.db.models import Exists, FilteredRelation, OuterRef, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.enums import DutyState
from accounts.models import Agent, DutyReason
from core.actors import Actor
from core.db import JsonRows
from core.errors import DomainError, NotVisible, SignInNeeded
from core.panels import panels_at
from core.templatetags.ui import remaining_words, sla_chip
from customers.enums import Level
from customers.models import Device
from customers.services.warranty import warranties_at_a_glance
from customers.viewers import viewer_of
from tickets.enums import ACTIVE, DONE, Grade, Status
from tickets.models import (
    Assignment,
    Draft,
    Macro,
    Queue,
    StatusName,
    Ticket,
    TicketAlert,
    TicketWatcher,
    TierHop,
)
from tickets.sections import acts_of, sections_of
from tickets.services import alerts, assist, classify, desk, duplicates, timeline
from tickets.services.clocks.views import clock_view, queue_chip
from tickets.services.why import why

THREAD_PAGE = 50
TICKET_RELATED = (
    "customer__region",
    "product__line",
    "device",
    "category__parent",
    "queue",
    "tier",
    "assignee",
    "steward",
    "channel",
    "thread",
    "solution_code",
    "root_cause",
    "merged_into",
)
#: the channel's picture in the sprite
CHANNEL_ICONS = {
    "web_form": "globe",
    "web_chat": "chat",
    "app": "mobile",
    "email": "mail",
    "sms": "mobile",
    "phone": "phone",
    "wechat": "wechat",
    "shop": "box",
    "device": "wifi",
}
#: what a line about one of the customer's other tickets shows
LAST_SERVICE = {f"its_{name}": name for name in ("reference", "subject", "status", "created_at")}
NAMES_SECONDS = 30
ANY_TICKET = "T-0"


def staff_viewer(request: HttpRequest) -> Actor:
    """The member of staff who looks. Raises NotVisible for customers, for whom the desk does not exist, and
    SignInNeeded for nobody who writes (who only reads was led to the sign-in, see desk_urls)."""
    if not request.user.is_authenticated:
        raise SignInNeeded(
            _("Sign in again in another tab, then send once more. What you wrote is still in the field.")
        )
    viewer = viewer_of(request)
    if not viewer.is_staff:
        raise NotVisible()
    return viewer


def ticket_for(viewer: Actor, reference: str) -> Ticket:
    """The ticket, if the viewer may see it. Raises NotVisible."""
    rows = (
        Ticket.objects.visible_to(viewer)
        .annotate(
            given=FilteredRelation("assignments", condition=Q(assignments__until=None)),
            **_companions(),
            has_drafts=Exists(Draft.objects.filter(ticket=OuterRef("pk"), author_id=viewer.id)),
            watching=Exists(TicketWatcher.objects.filter(ticket=OuterRef("pk"), user_id=viewer.id)),
        )
        .select_related(*TICKET_RELATED, "given__agent", "given__by")
    )
    # neither an order nor a limit: a reference is one row, and a limit alone makes PostgreSQL plan twice as many joins
    for ticket in rows.filter(reference=reference).order_by():
        return ticket
    raise NotVisible()


@cache
def _companions() -> dict[str, Any]:
    """What hangs on a ticket: who has it comes along, and what most tickets have none of is asked for only where there
    is some. Built once: Django copies an expression where it uses it."""
    others = Ticket.objects.filter(customer_id=OuterRef("customer_id")).exclude(pk=OuterRef("pk"))
    return {
        "has_hops": Exists(TierHop.objects.filter(ticket=OuterRef("pk"))),
        "has_alerts": Exists(TicketAlert.objects.open().filter(ticket=OuterRef("pk"))),
        "has_company": duplicates.has_company(),
        "last_services": JsonRows(others.order_by("-created_at")[:5], **LAST_SERVICE),
    }


def status_names() -> dict[str, StatusName]:
    """The names of the states; a renamed one shows within half a minute."""
    names: dict[str, StatusName] | None = caches["local"].get("status-names")
    if names is None:
        names = {row.code: row for row in StatusName.objects.all()}
        caches["local"].set("status-names", names, NAMES_SECONDS)
    return names


def macro_actions(macro: Macro) -> str:
    """What a macro does once its answer is sent, in words; empty for a script."""
    found = []
    if macro.then_status:
        name = status_names().get(macro.then_status)
        found.append(name.name if name else str(Status(macro.then_status).label))
    if macro.note:
        found.append(str(_("leaves an internal note")))
    return " · ".join(found)


def allowed_states(refusal: DomainError | None) -> list[str]:
    """The names of the states that a refused step could have led to."""
    allowed = refusal.extra.get("allowed") if refusal is not None else None
    names = status_names()
    codes = [str(code) for code in allowed] if isinstance(allowed, list) else []
    return [names[code].name if code in names else str(Status(code).label) for code in codes]


def list_context(request: HttpRequest, viewer: Actor, at: datetime, *, current: str = "") -> dict[str, Any]:
    """The queue column: one page of the chosen list."""
    view = request.GET.get("view") or "mine"
    page = desk.list_rows(viewer=viewer, view=view, at=at, cursor=request.GET.get("cursor", ""))
    groups = grouped(page.rows, at)
    due = {str(group["code"]): group["rows"] for group in groups}
    late, soon = due.get("late", []), due.get("soon", [])
    return {
        "view": view,
        "view_name": _view_name(view),
        "groups": groups,
        "facts": [*late, *soon][:2],
        "late_count": len(late),
        "soon_count": len(soon),
        "shown": len(page.rows),
        "next_cursor": page.next_cursor,
        "current": current,
        "at": at,
    }


def _view_name(view: str) -> object:
    if view in desk.VIEWS:
        return desk.VIEWS[view]
    queue = next((row for row in all_queues() if f"queue:{row['id']}" == view), None)
    return in_reader_language(queue) if queue else ""


def all_queues() -> list[dict[str, Any]]:
    """Names of the queues, kept for half a minute."""
    rows: list[dict[str, Any]] | None = caches["local"].get("queue-names")
    if rows is None:
        queues = Queue.objects.filter(active=True).order_by("position", "code")
        rows = [dict(row) for row in queues.values("id", "name_zh", "name_en", "team_id")]
        caches["local"].set("queue-names", rows, NAMES_SECONDS)
    return rows


def in_reader_language(row: dict[str, Any], field: str = "name") -> str:
    """`<field>_zh` or `<field>_en` of a row of values()."""
    first, second = ("en", "zh") if (get_language() or "").startswith("en") else ("zh", "en")
    return row[f"{field}_{first}"] or row[f"{field}_{second}"]


@cache
def _ticket_path() -> str:
    """Where a ticket stands, with ANY_TICKET for its number: a list asks fifty times."""
    return reverse("desk:ticket", args=[ANY_TICKET])


def grouped(rows: list[dict[str, Any]], at: datetime) -> list[dict[str, Any]]:
    """Rows under their headings, by what is due: overdue, within 30 minutes, later, no running clock."""
    groups: dict[str, list[dict[str, Any]]] = {"late": [], "soon": [], "later": [], "paused": []}
    names = status_names()
    for row in rows:
        groups[decorate(row, at, names)].append(row)
    return [{"code": code, "rows": found} for code, found in groups.items() if found]


def decorate(row: dict[str, Any], at: datetime, names: dict[str, StatusName]) -> str:
    """Give a row of ticket values what its template prints (`names` of the states); returns the group it belongs to."""
    chip = queue_chip(row, at)
    row["chip"] = chip
    row["url"] = _ticket_path().replace(ANY_TICKET, row["reference"])
    row["icon"] = CHANNEL_ICONS.get(row["channel__kind"], "chat")
    row["who"] = row["customer__salutation"] or row["customer__name"]
    row["grade_name"] = str(Grade(row["grade"]).label) if row["grade"] else ""
    row["wait_words"] = names[row["status"]].name if row["status"] in names else ""
    row["level_name"] = Level(row["level"]).label
    row["category"] = in_reader_language(row, "category__name") if row["category__name_zh"] else ""
    row["aside_until"] = row["snoozed_until"] if row["snoozed_until"] and row["snoozed_until"] > at else None
    row["moment"] = row["last_customer_at"] or row["created_at"]
    row["flag"] = row["grade_name"] if row["grade"] == Grade.MAJOR else ""
    about = (row["product__model"], "" if row["flag"] else row["grade_name"], row["category"])
    row["about"] = " · ".join(filter(None, about))
    # made here, not in the template: a page has fifty
    if chip.state == "paused":
        row["mark"] = sla_chip("paused", None, row["wait_words"])
    elif chip.due_at is not None:
        words = remaining_words(chip.seconds)
        row["mark"] = sla_chip(chip.state, chip.left_percent, words, chip.due_at, row["due_total"])
    else:
        row["mark"] = ""
    if chip.due_at is None:
        return "paused"
    if chip.seconds < 0:
        return "late"
    return "soon" if chip.seconds <= 30 * 60 else "later"


def lists_context(viewer: Actor, at: datetime, *, view: str = "") -> dict[str, Any]:
    """The lists column: counts of one's own lists and of the queues."""
    found = desk.counts(viewer=viewer, at=at)
    waiting = desk.waiting_by_queue(viewer=viewer)
    hot = {"soon"}
    return {
        "own_lists": [
            {
                "code": code,
                "label": label,
                "count": found.get(code),
                "hot": code in hot and bool(found.get(code)),
            }
            for code, label in desk.VIEWS.items()
        ],
        "queues": [
            {
                "name": in_reader_language(row),
                "waiting": waiting.get(row["id"], (0, None))[0],
                "oldest_at": waiting.get(row["id"], (0, None))[1],
                "view": f"queue:{row['id']}",
            }
            for row in own_queues(viewer)
        ],
        "view": view,
        "at": at,
    }


def bar_context(request: HttpRequest, viewer: Actor, *, agent: Agent | None = None) -> dict[str, Any]:
    """The bar: one's own duty state (as it was when the request came, unless it is given), and what the page wants to
    hear of."""
    agent = agent or getattr(request.user, "agent", None)
    return {
        "agent": agent,
        "duty_label": DutyState(agent.duty_state).label if agent else "",
        "topics": " ".join(
            [
                f"desk:{viewer.id}",
                f"notices:{viewer.id}",
                *(f"queue:{row['id']}" for row in own_queues(viewer)),
            ]
        ),
        "break_reasons": [(row["code"], in_reader_language(row)) for row in break_reasons()],
    }


def own_queues(viewer: Actor) -> list[dict[str, Any]]:
    """The queues of the viewer's teams, as in all_queues."""
    return [row for row in all_queues() if viewer.sees_all or row["team_id"] in viewer.scopes]


def break_reasons() -> list[dict[str, Any]]:
    """What somebody may say a break is for; kept for half a minute."""
    rows: list[dict[str, Any]] | None = caches["local"].get("break-reasons")
    if rows is None:
        found = DutyReason.objects.filter(active=True).values("code", "name_zh", "name_en")
        rows = [dict(row) for row in found]
        caches["local"].set("break-reasons", rows, NAMES_SECONDS)
    return rows


def conversation_context(ticket: Ticket, viewer: Actor, at: datetime) -> dict[str, Any]:
    """Head, clocks, thread and composer of one ticket."""
    lines = timeline.read(ticket, viewer=viewer, limit=THREAD_PAGE)
    faces = clock_view(ticket.clocks.select_related("calendar"), at)
    status = Status(ticket.status)
    return {
        "ticket": ticket,
        "status": status_names().get(ticket.status),
        "lines": lines,
        "older": len(lines) == THREAD_PAGE,
        "last_entry": lines[-1].id if lines else 0,
        "seen_seq": ticket.thread.last_seq,
        "client_id": uuid.uuid4().hex,
        "clocks": faces,
        "drafts": desk.drafts_of(ticket, viewer) if getattr(ticket, "has_drafts", True) else {},
        "alerts": list(alerts.open_alerts(ticket)) if getattr(ticket, "has_alerts", True) else [],
        "watching": getattr(ticket, "watching", False),
        "mine": ticket.assignee_id == viewer.id,
        "aside": ticket.snoozed_until is not None and ticket.snoozed_until > at,
        "active": status in ACTIVE,
        "done": status in DONE,
        "can": {name.replace("-", "_") for name in desk.acts_for(ticket, viewer)},
        "more_acts": acts_of(ticket, viewer),
        "channel_icon": CHANNEL_ICONS.get(ticket.channel.kind, "chat"),
        "at": at,
    }


def customer_context(request: HttpRequest, ticket: Ticket, viewer: Actor, at: datetime) -> dict[str, Any]:
    """The customer column: who, devices with warranty, other tickets, why this grade and this person."""
    devices = list(
        Device.objects.visible_to(viewer)
        .filter(customer_id=ticket.customer_id)
        .select_related("product__line")
        .order_by("-pk")[:6]
    )
    devices.sort(key=lambda device: device.pk != ticket.device_id)
    warranties = warranties_at_a_glance(devices, at.date()) if devices else {}
    history = [_last_service(row) for row in ticket.__dict__["last_services"] or ()]
    # a joined row that is not there leaves no attribute behind
    assignment: Assignment | None = getattr(ticket, "given", None)
    panels = [
        (panel.template, panel.context(request, ticket, viewer)) for panel in panels_at("desk-customer")
    ]
    return {
        "ticket": ticket,
        "devices": [{"device": device, "warranty": warranties.get(device.pk)} for device in devices],
        "history": history,
        "open_others": [row for row in history if row["is_open"]],
        "assignment": assignment,
        "why_person": why(assignment) if assignment else None,
        "why_grade": classify.reason_words(ticket),
        "hops": list(ticket.hops.select_related("from_tier", "to_tier", "by", "reason")[:3])
        if getattr(ticket, "has_hops", True)
        else [],
        "suggestions": assist.suggestions_for(ticket),
        "sections": sections_of(ticket.sections),
        "panels": [(template, context) for template, context in panels if context is not None],
        "at": at,
    }


def _last_service(found: dict[str, Any]) -> dict[str, Any]:
    row = {name: found[key] for key, name in LAST_SERVICE.items()}
    names = status_names()
    moment = datetime.fromisoformat(row["created_at"])
    return row | {
        "created_at": moment if moment.tzinfo else moment.replace(tzinfo=UTC),
        "status_name": names[row["status"]].name if row["status"] in names else Status(row["status"]).label,
        "is_open": row["status"] in ACTIVE,
    }


def assist_context(ticket: Ticket, viewer: Actor) -> dict[str, Any]:
    """The articles that may help; as long as the worker has not looked, what a search finds now."""
    kept = assist.suggestions_for(ticket)
    if kept is None:
        kept = assist.look(ticket, viewer=viewer)
    return {"ticket": ticket, "suggestions": kept}
