"""The desk while no ticket is opened: what to do next and what is new. Made of what the list and the counts have read
already, so that it costs no query."""

from typing import Any

from django.utils.translation import gettext_lazy as _

NEWS = 8
#: why this one is next, by the group it stands in
REASONS: dict[str, Any] = {
    "late": _("Overdue for longest"),
    "soon": _("Due next"),
    "later": _("Due next"),
    "paused": _("Nothing is due; this one comes first"),
}


def idle_context(listed: dict[str, Any]) -> dict[str, Any]:
    """The next ticket with its reason, how much is due, the newest words of customers, and what waits for somebody.
    `listed`: list_context with lists_context."""
    groups = listed["groups"]
    rows = [row for group in groups for row in group["rows"]]
    news = sorted((row for row in rows if row["unread"]), key=lambda row: row["moment"], reverse=True)
    waiting = [row for row in listed["queues"] if row["waiting"]]
    return {
        "next_row": rows[0] if rows else None,
        "next_reason": REASONS[groups[0]["code"]] if rows else "",
        "news": news[:NEWS],
        "news_count": len(news),
        "own_count": next(row["count"] for row in listed["own_lists"] if row["code"] == "mine"),
        "waiting_count": sum(row["waiting"] for row in waiting),
        "waiting_since": min((row["oldest_at"] for row in waiting if row["oldest_at"]), default=None),
    }
