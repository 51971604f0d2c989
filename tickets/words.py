"""Codes to sentences: events and reasons in the reader's language, for staff and for customers."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import get_language, gettext

from tickets import events
from tickets.enums import CloseReason, Grade, LinkKind, WokenBy, WordClass


class Names:
    """Names of configuration rows and people by table and code, in the reader's language. `for_customer`
    chooses the words meant for customers."""

    def __init__(self) -> None:
        self.for_customer = False
        self._found: dict[tuple[str, str], tuple[str, str, str, str]] = {}

    def add(self, table: str, code: str, zh: str, en: str, customer_zh: str, customer_en: str) -> None:
        self._found[table, code] = (zh, en, customer_zh, customer_en)

    def of(self, table: str, code: object) -> str:
        """The name; the code itself when the row is gone."""
        found = self._found.get((table, str(code)))
        if found is None:
            return str(code or "")
        zh, en = found[2:] if self.for_customer and table == "status" else found[:2]
        first, second = (en, zh) if (get_language() or "").startswith("en") else (zh, en)
        return first or second or (found[2] if table == "person" else "") or str(code)


Text = Callable[[dict[str, Any], Names], str]


def of_event(kind: str, data: dict[str, Any], names: Names) -> str:
    """A fact as one sentence."""
    staff, customer = _TEXTS.get(kind, (None, None))
    text = (customer or staff) if names.for_customer else staff
    return text(data, names) if text else kind


def _assigned(data: dict[str, Any], names: Names) -> str:
    agent = names.of("person", data["agent_id"])
    if data.get("before_agent_id"):
        before = names.of("person", data["before_agent_id"])
        return gettext("Passed from %(before)s to %(agent)s") % {"before": before, "agent": agent}
    if data["source"] == "claimed":
        return gettext("Taken by %(agent)s") % {"agent": agent}
    return gettext("Assigned to %(agent)s") % {"agent": agent}


def _assigned_for_customer(data: dict[str, Any], names: Names) -> str:
    return gettext("%(agent)s is looking after your request") % {
        "agent": names.of("person", data["agent_id"])
    }


def _classified(data: dict[str, Any], names: Names) -> str:
    return gettext("Classified: %(grade)s, %(category)s") % {
        "grade": Grade(data["grade"]).label if data["grade"] else "–",
        "category": names.of("category", data["category"]) or "–",
    }


def _status(data: dict[str, Any], names: Names) -> str:
    return gettext("State: %(before)s → %(after)s") % {
        "before": names.of("status", data["before"]),
        "after": names.of("status", data["after"]),
    }


def _status_for_customer(data: dict[str, Any], names: Names) -> str:
    return names.of("status", data["after"])


def _queued(data: dict[str, Any], names: Names) -> str:
    return gettext("Waits in queue %(queue)s") % {"queue": names.of("queue", data["queue"])}


def _escalated(data: dict[str, Any], names: Names) -> str:
    values = {"before": names.of("tier", data["from_tier"]), "after": names.of("tier", data["to_tier"])}
    if data["direction"] == "up":
        return gettext("Escalated from %(before)s to %(after)s") % values
    return gettext("Handed down from %(before)s to %(after)s") % values


def _escalated_for_customer(data: dict[str, Any], names: Names) -> str:
    return gettext("Passed to %(tier)s") % {"tier": names.of("tier", data["to_tier"])}


def _resolved(data: dict[str, Any], names: Names) -> str:
    return gettext("Resolved: %(solution)s (%(cause)s)") % {
        "solution": names.of("solution", data["solution_code"]),
        "cause": names.of("cause", data["root_cause"]),
    }


def _closed(data: dict[str, Any], names: Names) -> str:
    return gettext("Closed: %(reason)s") % {"reason": CloseReason(data["reason"]).label}


def _reopened(data: dict[str, Any], names: Names) -> str:
    return gettext("Reopened: %(reason)s") % {"reason": reopen_reason(data["reason"])}


def reopen_reason(code: str) -> str:
    """Why a ticket was reopened."""
    return {
        "not_solved": gettext("not solved"),
        "customer_replied": gettext("the customer wrote again"),
        "survey": gettext("the rating says not solved"),
        "said": gettext("reason given"),
    }.get(code, code)


def clock_name(data: dict[str, Any]) -> str:
    """The name of the clock that a fact is about."""
    return {
        "first_response": gettext("First response"),
        "next_response": gettext("Next response"),
        "resolution": gettext("Resolution"),
        "reopen_resolution": gettext("Resolution after reopening"),
        "tier_hop": gettext("Time at this tier"),
    }.get(data["clock"], data["clock"])


def _warned(data: dict[str, Any], names: Names) -> str:
    return gettext("%(clock)s: %(percent)d%% of the time is used") % {
        "clock": clock_name(data),
        "percent": data["percent"],
    }


def _clock_changed(data: dict[str, Any], names: Names) -> str:
    changes = {
        "started": gettext("%(clock)s: clock started"),
        "paused": gettext("%(clock)s: clock stands"),
        "resumed": gettext("%(clock)s: clock runs again"),
        "retargeted": gettext("%(clock)s: new deadline"),
        "met": gettext("%(clock)s: kept"),
        "stopped": gettext("%(clock)s: clock stopped"),
        "breached": gettext("%(clock)s: late"),
        "revived": gettext("%(clock)s: clock runs as before"),
        "withdrawn": gettext("%(clock)s: clock taken back"),
    }
    return changes.get(data["change"], "%(clock)s") % {"clock": clock_name(data)}


def _alerted(data: dict[str, Any], names: Names) -> str:
    return gettext("Alert: %(class)s") % {"class": word_class(data["word_class"])}


def _acknowledged(data: dict[str, Any], names: Names) -> str:
    return gettext("%(agent)s took note of the alert: %(class)s") % {
        "agent": names.of("person", data["agent_id"]),
        "class": word_class(data["word_class"]),
    }


def word_class(code: str) -> str:
    """What kind of words it was."""
    return str(WordClass(code).label) if code in WordClass.values else code


def _snoozed(data: dict[str, Any], names: Names) -> str:
    until = timezone.localtime(datetime.fromisoformat(data["until"]))
    return gettext("Put aside until %(time)s") % {"time": until.strftime("%Y-%m-%d %H:%M")}


def _woke(data: dict[str, Any], names: Names) -> str:
    return gettext("Back: %(cause)s") % {"cause": WokenBy(data["cause"]).label}


def _merged(data: dict[str, Any], names: Names) -> str:
    return gettext("%(source)s was merged into %(target)s") % data


def _unmerged(data: dict[str, Any], names: Names) -> str:
    return gettext("%(source)s stands on its own again, apart from %(target)s") % data


def _split(data: dict[str, Any], names: Names) -> str:
    return gettext("A message of %(source)s became %(new)s") % data


def _linked(data: dict[str, Any], names: Names) -> str:
    values = {"source": data["source"], "other": data["other"], "kind": LinkKind(data["link"]).label}
    return gettext("%(source)s linked with %(other)s: %(kind)s") % values


def _unlinked(data: dict[str, Any], names: Names) -> str:
    return gettext("Link between %(source)s and %(other)s taken away") % data


def _plain(text: Callable[[], str]) -> Text:
    return lambda data, names: text()


#: kind → (for staff, for customers where it differs)
_TEXTS: dict[str, tuple[Text, Text | None]] = {
    events.TicketOpened.kind: (
        _plain(lambda: gettext("Request received")),
        _plain(lambda: gettext("We received your request")),
    ),
    events.CustomerNamed.kind: (_plain(lambda: gettext("The customer left a number")), None),
    events.TicketClassified.kind: (_classified, None),
    events.TicketQueued.kind: (_queued, None),
    events.TicketAssigned.kind: (_assigned, _assigned_for_customer),
    events.TicketUnassigned.kind: (_plain(lambda: gettext("Back in its queue")), None),
    events.StatusChanged.kind: (_status, _status_for_customer),
    events.TicketEscalated.kind: (_escalated, _escalated_for_customer),
    events.TicketResolved.kind: (_resolved, _plain(lambda: gettext("Fixed. Please confirm"))),
    events.TicketClosed.kind: (_closed, _plain(lambda: gettext("Closed"))),
    events.TicketReopened.kind: (_reopened, _plain(lambda: gettext("Opened again"))),
    events.TicketAlerted.kind: (_alerted, None),
    events.AlertAcknowledged.kind: (_acknowledged, None),
    events.TicketSnoozed.kind: (_snoozed, None),
    events.TicketWoke.kind: (_woke, None),
    events.TicketMerged.kind: (
        _merged,
        _plain(lambda: gettext("We handle this together with another request")),
    ),
    events.TicketUnmerged.kind: (_unmerged, _plain(lambda: gettext("We handle this request on its own"))),
    events.TicketSplit.kind: (_split, None),
    events.TicketLinked.kind: (_linked, None),
    events.TicketUnlinked.kind: (_unlinked, None),
    events.ClockWarned.kind: (_warned, None),
    events.ClockChanged.kind: (_clock_changed, None),
}
