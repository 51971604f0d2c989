"""Why this person: an assignment's scores in words."""

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import get_language, gettext, ngettext

from tickets.enums import AssignmentSource
from tickets.models import Assignment
from tickets.services import naming
from tickets.services.timeline import person_name


@dataclass(frozen=True, slots=True)
class Row:
    """One person considered: their points by criterion (label, points), the highest first; `out` says in
    words why they could not take it."""

    agent_id: int
    name: str
    total: float
    won: bool
    out: str
    open: int
    capacity: int
    points: list[tuple[str, float]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Why:
    """The sentence that says it, and everybody considered, the winner first."""

    sentence: str
    rows: list[Row]


def why(assignment: Assignment) -> Why:
    """Why this person has the ticket, in the reader's language. Two queries at most."""
    scores: list[dict[str, Any]] = assignment.scores
    names = _names({row["agent"] for row in scores} | {assignment.agent_id, assignment.by_id or 0})
    rows = [
        Row(
            agent_id=row["agent"],
            name=names.get(row["agent"], ""),
            total=row.get("total", 0.0),
            won=row.get("won", False),
            out=_out(row.get("out", "")),
            open=row["open"],
            capacity=row["capacity"],
            points=sorted(
                ((_label(name), points) for name, points in row.get("points", {}).items() if points),
                key=lambda pair: -pair[1],
            ),
        )
        for row in scores
    ]
    return Why(_sentence(assignment, scores, names), rows)


def _sentence(assignment: Assignment, scores: list[dict[str, Any]], names: dict[int, str]) -> str:
    if assignment.source == AssignmentSource.CLAIMED:
        return gettext("Taken by %(name)s") % {"name": names.get(assignment.agent_id, "")}
    if assignment.source != AssignmentSource.ROUTED:
        by = names.get(assignment.by_id or 0) or gettext("the system")
        text = gettext("Assigned by %(name)s") % {"name": by}
        return f"{text}: {assignment.reason}" if assignment.reason else text
    winner = next((row for row in scores if row.get("won")), None)
    return " · ".join(_facts(winner)) if winner else ""


def _skill(names: tuple[str, str] | None, code: str) -> str:
    if names is None:
        return code
    first, second = reversed(names) if (get_language() or "").startswith("en") else names
    return first or second


def _facts(row: dict[str, Any]) -> list[str]:
    facts = row["facts"]
    parts = [gettext("worked on it before")] if facts["prior"] else []
    skills = naming.skills(facts["skills"]) if facts["skills"] else {}
    parts += [
        gettext("%(skill)s %(level)d of 5") % {"skill": _skill(skills.get(code), code), "level": level}
        for code, level in facts["skills"].items()
    ]
    if facts["region"]:
        parts.append(gettext("serves the customer's city"))
    if facts["language"]:
        parts.append(gettext("speaks the customer's language"))
    parts.append(
        gettext("%(open)d of %(capacity)d tickets") % {"open": row["open"], "capacity": row["capacity"]}
    )
    minutes = facts["idle_minutes"]
    if minutes:
        parts.append(gettext("free for %(time)s") % {"time": _span(minutes)})
    return parts


def _span(minutes: int) -> str:
    """A stretch of free time in its largest whole unit: nobody counts 56 382 minutes."""
    if minutes >= 2 * 1440:
        days = minutes // 1440
        return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
    if minutes >= 60:
        hours = minutes // 60
        return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
    return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}


def _label(criterion: str) -> str:
    return {
        "prior": gettext("Worked on it before"),
        "skill": gettext("Skill"),
        "load": gettext("Load"),
        "region": gettext("City"),
        "language": gettext("Language"),
        "value": gettext("Valued customers"),
        "idle": gettext("Time since the last one"),
    }.get(criterion, criterion)


def _out(code: str) -> str:
    return {
        "": "",
        "off_shift": gettext("outside their shift"),
        "full": gettext("has as many tickets as they may have"),
        "no_skill": gettext("lacks the skill"),
    }.get(code, code)


def _names(ids: set[int]) -> dict[int, str]:
    return {number: person_name(*names) for number, names in naming.people(ids).items()}
