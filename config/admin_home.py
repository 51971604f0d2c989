"""The start page of the admin: what needs a person now; each number is the length of the list it leads to."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, DateTimeField, IntegerField, Min, Q, QuerySet, Value
from django.db.models.functions import Cast, TruncHour
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext, npgettext, pgettext
from django.utils.translation import gettext as _

from channels_hub.enums import SendState
from channels_hub.models import Outbox
from config.admin_changes import recent_changes
from core import clock
from core.actors import Actor
from core.admin_base import viewer_of
from core.models import Delivery, Timer
from core.models.delivery import DeliveryState
from core.templatetags.ui import duration_words, remaining_words, sla_chip
from knowledge.models import Article
from surveys.models import BadRatingFollowUp
from tickets.models import Ticket, TicketAlert
from tickets.querysets import SOON, is_due_soon, is_overdue, is_unanswered

TOP = 4


@dataclass(frozen=True)
class Card:
    """One number that needs a person. `tone`: bad (something is late), ok (nothing to do), else plain."""

    key: str
    title: str
    icon: str
    count: int
    unit: str
    line: str
    url: str
    tone: str = ""
    chip: SafeString | str = ""


@dataclass
class Tickets:
    """What the queues hold, from one grouped query."""

    overdue: int = 0
    oldest: datetime | None = None
    soon: int = 0
    soon_free: int = 0
    next_due: datetime | None = None
    unanswered: int = 0
    unanswered_free: int = 0
    late_queues: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Waiting:
    """Rows of one kind that wait: how many, the earliest deadline, how many without an owner."""

    count: int = 0
    first: datetime | None = None
    free: int = 0


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """unfold's DASHBOARD_CALLBACK."""
    return {**context, **now_context(request)}


def now_context(request: HttpRequest) -> dict[str, Any]:
    """Everything on the start page, by what this person may see."""
    at = clock.now()
    viewer = viewer_of(request)
    may = request.user.has_perm
    intake = intake_of(viewer, at) if may("tickets.view_ticket") else None
    return {
        "at": at,
        "cards": cards_of(viewer, may, at),
        "changes": recent_changes(english=_english()) if may("tickets.view_slapolicy") else None,
        "intake": intake,
        "refresh_url": reverse("admin:now"),
    }


def _english() -> bool:
    return (get_language() or "").startswith("en")


# --- cards -----------------------------------------------------------------------------------------------
def cards_of(viewer: Actor, may: Callable[[str], bool], at: datetime) -> list[Card]:
    """In the order of the page; two queries."""
    cards: list[Card] = []
    if may("tickets.view_ticket"):
        cards += _ticket_cards(count_tickets(viewer, at), at)
    waiting = count_waiting(viewer, may, at)
    makers: tuple[tuple[str, Callable[[Waiting, datetime], Card]], ...] = (
        ("follow_ups", _follow_up_card),
        ("alerts", _alert_card),
        ("mail", _mail_card),
        ("deliveries", _delivery_card),
        ("timers", _timer_card),
        ("articles", _article_card),
    )
    others = {key: make(waiting[key], at) for key, make in makers if key in waiting}
    if "follow_ups" in others:
        # ratings stand beside what is due
        cards.insert(2 if len(cards) > 2 else len(cards), others.pop("follow_ups"))
    alerts = others.pop("alerts", None)
    if alerts is not None and alerts.count:
        # most days there is none: then nothing takes the first place
        cards.insert(0, alerts)
    return cards + list(others.values())


def count_tickets(viewer: Actor, at: datetime) -> Tickets:
    """Overdue, soon due and unanswered tickets by queue."""
    late, soon, quiet = is_overdue(at), is_due_soon(at), is_unanswered()
    rows = (
        Ticket.objects.visible_to(viewer)
        .active()
        .filter(late | soon | quiet)
        .order_by()
        .values("queue__name_zh", "queue__name_en")
        .annotate(
            late=Count("pk", filter=late),
            oldest=Min("due_at", filter=late),
            soon=Count("pk", filter=soon),
            soon_free=Count("pk", filter=soon & Q(assignee=None)),
            next_due=Min("due_at", filter=soon),
            quiet=Count("pk", filter=quiet),
            quiet_free=Count("pk", filter=quiet & Q(assignee=None)),
        )
    )
    found = Tickets()
    name = "queue__name_en" if _english() else "queue__name_zh"
    for row in rows:
        found.overdue += row["late"]
        found.soon += row["soon"]
        found.soon_free += row["soon_free"]
        found.unanswered += row["quiet"]
        found.unanswered_free += row["quiet_free"]
        found.oldest = _first(found.oldest, row["oldest"])
        found.next_due = _first(found.next_due, row["next_due"])
        if row["late"]:
            found.late_queues[row[name] or _("no queue")] += row["late"]
    return found


def _first(a: datetime | None, b: datetime | None) -> datetime | None:
    return min(a, b) if a and b else a or b


def _ticket_cards(found: Tickets, at: datetime) -> list[Card]:
    url = reverse("admin:tickets_ticket_changelist")
    queues = pgettext("between names", ", ").join(
        f"{name} {n}" for name, n in found.late_queues.most_common(3)
    )
    over = int((at - found.oldest).total_seconds()) if found.oldest else 0
    left = int((found.next_due - at).total_seconds()) if found.next_due else 0
    return [
        Card(
            "overdue",
            _("Overdue"),
            "clock",
            found.overdue,
            _unit_tickets(found.overdue),
            queues or _("Every deadline is kept."),
            f"{url}?need=overdue",
            tone="bad" if found.overdue else "ok",
            chip=sla_chip("red", 0, _("longest %(time)s") % {"time": duration_words(over)})
            if found.overdue
            else "",
        ),
        Card(
            "soon",
            _("Due in 30 minutes"),
            "alarm",
            found.soon,
            _unit_tickets(found.soon),
            _free(found.soon_free) if found.soon else _("Nothing is due soon."),
            f"{url}?need=soon",
            tone="" if found.soon else "ok",
            chip=sla_chip("orange", 100 * left / SOON.total_seconds(), remaining_words(left))
            if found.soon
            else "",
        ),
        Card(
            "unanswered",
            _("Unanswered feedback"),
            "chat",
            found.unanswered,
            _unit_tickets(found.unanswered),
            _free(found.unanswered_free)
            if found.unanswered
            else _("Everybody who wrote has an owner and a deadline."),
            f"{url}?need=unanswered",
            tone="" if found.unanswered else "ok",
        ),
    ]


def _free(n: int) -> str:
    """How many have no owner."""
    if not n:
        return _("Each has an owner.")
    return ngettext("%(n)d has no owner", "%(n)d have no owner", n) % {"n": n}


def _unit_tickets(n: int) -> str:
    return npgettext("unit", "ticket", "tickets", n)


def count_waiting(viewer: Actor, may: Callable[[str], bool], at: datetime) -> dict[str, Waiting]:
    """The other cards' numbers, one query for all."""
    wanted: list[tuple[str, str, QuerySet[Any], str | None, Q | None]] = [
        (
            "follow_ups",
            "surveys.view_badratingfollowup",
            BadRatingFollowUp.objects.visible_to(viewer).not_contacted(),
            "due_at",
            Q(owner=None),
        ),
        (
            "alerts",
            "tickets.view_ticketalert",
            TicketAlert.objects.visible_to(viewer).open(),
            None,
            None,
        ),
        ("mail", "channels_hub.view_outbox", Outbox.objects.filter(state=SendState.FAILED), None, None),
        ("deliveries", "core.view_delivery", Delivery.objects.filter(state=DeliveryState.DEAD), None, None),
        ("timers", "core.view_timer", Timer.objects.filter(dead=True), None, None),
        (
            "articles",
            "knowledge.change_article",
            Article.objects.visible_to(viewer).to_review(at),
            None,
            None,
        ),
    ]
    parts = [
        rows.order_by()
        .annotate(key=Value(key))
        .values("key")
        .annotate(
            n=Count("pk"),
            first=Min(due) if due else Cast(Value(None), DateTimeField()),
            free=Count("pk", filter=free) if free is not None else Value(0, output_field=IntegerField()),
        )
        .values_list("key", "n", "first", "free")
        for key, permission, rows, due, free in wanted
        if may(permission)
    ]
    found = {key: Waiting() for key, permission, *_rest in wanted if may(permission)}
    if parts:
        for key, n, first, free in parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]:
            found[key] = Waiting(n, first, free)
    return found


def _follow_up_card(found: Waiting, at: datetime) -> Card:
    left = int((found.first - at).total_seconds()) if found.first else 0
    state = "red" if left <= 0 else "orange" if left < 7200 else "yellow"
    return Card(
        "follow_ups",
        _("Bad ratings not contacted"),
        "star",
        found.count,
        npgettext("unit", "rating", "ratings", found.count),
        _free(found.free) if found.count else _("Everybody was called."),
        f"{reverse('admin:surveys_badratingfollowup_changelist')}?need=contact",
        tone="bad" if found.count and left <= 0 else ("" if found.count else "ok"),
        chip=sla_chip(state, 100 * left / 86400, remaining_words(left)) if found.count else "",
    )


def _alert_card(found: Waiting, at: datetime) -> Card:
    return Card(
        "alerts",
        _("Alerts nobody took note of"),
        "alert",
        found.count,
        npgettext("unit", "alert", "alerts", found.count),
        _("A customer used a word that needs you."),
        f"{reverse('admin:tickets_ticketalert_changelist')}?need=notice",
        tone="bad",
    )


def _mail_card(found: Waiting, at: datetime) -> Card:
    return Card(
        "mail",
        _("Mail not sent"),
        "send",
        found.count,
        npgettext("unit", "message", "messages", found.count),
        _("Given up after all tries. Send again, or reach the customer another way.")
        if found.count
        else _("Everything was sent."),
        f"{reverse('admin:channels_hub_outbox_changelist')}?state__exact={SendState.FAILED}",
        tone="bad" if found.count else "ok",
    )


def _delivery_card(found: Waiting, at: datetime) -> Card:
    return Card(
        "deliveries",
        _("Deliveries given up"),
        "bug",
        found.count,
        npgettext("unit", "delivery", "deliveries", found.count),
        _("Tried five times. Look at the error and try again.")
        if found.count
        else _("All events were handled."),
        f"{reverse('admin:core_delivery_changelist')}?state__exact={DeliveryState.DEAD}",
        tone="bad" if found.count else "ok",
    )


def _timer_card(found: Waiting, at: datetime) -> Card:
    return Card(
        "timers",
        _("Timers given up"),
        "refresh",
        found.count,
        npgettext("unit", "timer", "timers", found.count),
        _("Tried five times. Look at the error and try again.")
        if found.count
        else _("Every timer has fired."),
        f"{reverse('admin:core_timer_changelist')}?dead__exact=1",
        tone="bad" if found.count else "ok",
    )


def _article_card(found: Waiting, at: datetime) -> Card:
    return Card(
        "articles",
        _("Articles to review"),
        "book",
        found.count,
        npgettext("unit", "article", "articles", found.count),
        _("In review, or past the day to look at them.") if found.count else _("All are reviewed."),
        f"{reverse('admin:knowledge_article_changelist')}?need=review",
        tone="" if found.count else "ok",
    )


# --- intake ----------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Intake:
    """Tickets opened by hour, today and yesterday, and what they were about."""

    today: Sequence[int]
    yesterday: Sequence[int]
    so_far: int
    so_far_yesterday: int
    top: Sequence[tuple[str, int, int]]
    hours: Sequence[tuple[int, int, int]]
    label: str


def intake_of(viewer: Actor, at: datetime) -> Intake:
    """One query over two days, by hour and category."""
    zone = timezone.get_current_timezone()
    midnight = at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    before = (midnight - timedelta(hours=12)).replace(hour=0)
    rows = (
        Ticket.objects.visible_to(viewer)
        .filter(created_at__gte=before, created_at__lte=at)
        .order_by()
        .annotate(hour=TruncHour("created_at", tzinfo=zone))
        .values_list("hour", "category__code", "category__name_zh", "category__name_en")
        .annotate(n=Count("pk"))
    )
    today, yesterday = [0] * 24, [0] * 24
    now_hour = at.astimezone(zone).hour
    about: dict[str, list[int]] = {}
    names: dict[str, str] = {}
    english = _english()
    for hour, code, zh, en, n in rows:
        local = hour.astimezone(zone)
        is_today = local >= midnight
        (today if is_today else yesterday)[local.hour] += n
        if code:
            names[code] = en if english else zh
            if is_today or local.hour <= now_hour:
                about.setdefault(code, [0, 0])[0 if is_today else 1] += n
    ranked = sorted(about.items(), key=lambda item: (-item[1][0], item[0]))
    peak = max(range(24), key=lambda hour: yesterday[hour])
    return Intake(
        today=today,
        yesterday=yesterday,
        so_far=sum(today),
        so_far_yesterday=sum(yesterday[: now_hour + 1]),
        top=[(names[code], n, n - old) for code, (n, old) in ranked if n][:TOP],
        hours=[(hour, today[hour], yesterday[hour]) for hour in range(24)],
        label=_("Tickets by hour: today %(today)d, yesterday most at %(hour)d:00 with %(peak)d")
        % {"today": sum(today), "hour": peak, "peak": yesterday[peak]},
    )
