"""The list of tickets, lean: one query of plain values, one template for all rows. A model instance and a widget a cell
cost ten times as much."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from core import clock
from core.admin_base import CappedChangeList
from core.masks import mask_name
from core.templatetags.ui import local_time, remaining_words, sla_chip
from customers.enums import Level
from tickets.enums import ClockKind, Grade, Status
from tickets.models import StatusName
from tickets.services.clocks import queue_chip
from tickets.services.timeline import person_name

COLUMNS = (
    "pk",
    "reference",
    "subject",
    "level",
    "grade",
    "status",
    "due_at",
    "due_kind",
    "due_total",
    "created_at",
    "customer_id",
    "customer__salutation",
    "customer__name",
    "queue__name_zh",
    "queue__name_en",
    "assignee__display_name",
    "assignee__display_name_en",
    "assignee__username",
)
GRADE_LOOK = {Grade.MAJOR: "red", Grade.COMPLEX: "orange"}


class TicketChangeList(CappedChangeList):
    """Fetches only what a row shows."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list.values(*COLUMNS))


def due_chip(row: dict[str, Any], at: datetime) -> SafeString | str:
    """The next deadline in words and colour."""
    chip = queue_chip(row, at)
    if chip.due_at is None:
        return ""
    label = str(ClockKind(chip.kind).label) if chip.kind in ClockKind.values else ""
    return sla_chip(chip.state, chip.left_percent, remaining_words(chip.seconds), label=label)


def status_names() -> dict[str, tuple[str, str]]:
    """State → name in the reader's language and colour."""
    return {row.code: (row.name, row.color) for row in StatusName.objects.all()}


def rows_of(found: Iterable[dict[str, Any]], *, english: bool, query: str = "") -> list[dict[str, Any]]:
    """What the template prints, in order. `query` goes along with each link, so that the way back keeps the filters."""
    at = clock.now()
    names = status_names()
    grades = {grade.value: str(grade.label) for grade in Grade}
    levels = {level.value: str(level.label) for level in Level}
    pattern = reverse("admin:tickets_ticket_change", args=[0]).replace("/0/", "/{}/")
    suffix = f"?{query}" if query else ""
    rows = []
    for row in found:
        status, colour = names.get(row["status"], (str(Status(row["status"]).label), "grey"))
        rows.append(
            {
                "pk": row["pk"],
                "url": pattern.format(row["pk"]) + suffix,
                "reference": row["reference"],
                "subject": row["subject"],
                "customer": row["customer__salutation"] or mask_name(row["customer__name"]) or "–",
                "level": levels.get(row["level"], ""),
                "level_code": row["level"],
                "grade": grades.get(row["grade"], "–"),
                "grade_look": GRADE_LOOK.get(row["grade"], ""),
                "status": status,
                "status_look": colour,
                "queue": (row["queue__name_en"] if english else row["queue__name_zh"]) or "–",
                "assignee": _person(row) or "–",
                "due": due_chip(row, at),
                "created": local_time(row["created_at"], "short", now=at),
            }
        )
    return rows


def _person(row: dict[str, Any]) -> str:
    return person_name(
        row["assignee__display_name"] or "",
        row["assignee__display_name_en"] or "",
        row["assignee__username"] or "",
    )
