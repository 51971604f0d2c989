"""The first judgement: what a ticket is about, how grave, how urgent, and in which queue it waits."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.enums import SkillKind, TierCode
from core.actors import SYSTEM, Actor
from core.errors import InvalidInput
from core.events import announce
from core.tokens import normalise
from customers.models import ErrorCode
from tickets import rules
from tickets.enums import ACTIVE, Grade, Status
from tickets.events import TicketClassified
from tickets.models import Category, SafetyWord, Ticket
from tickets.services import clocks, routing, timeline
from tickets.services.state import lock_ticket, refuse, require_staff

GRAVITY = [Grade.CONSULT, Grade.SIMPLE, Grade.COMPLEX, Grade.MAJOR]


@dataclass(frozen=True)
class Judgement:
    """A grade, a category, and why (the JSON that the ticket keeps)."""

    grade: Grade
    category: Category | None
    reason: dict[str, Any]


@transaction.atomic
def classify(*, ticket: Ticket, at: datetime) -> Ticket:
    """Judge a new ticket by the rules that supervisors keep as data (safety words, error codes, category
    keywords), start its clocks and put it into a queue. A ticket that has a grade already stays as it is."""
    lock_ticket(ticket, viewer=SYSTEM, related=("product__line", "channel", "customer"))
    if ticket.grade:
        return ticket
    judgement = judge(ticket)
    _write(ticket, judgement, actor=SYSTEM, at=at)
    _announce(ticket, by_person=False, before_grade="", actor=SYSTEM, at=at)
    if ticket.queue_id is None and ticket.status in ACTIVE:
        routing.enqueue(ticket, tier_code=TierCode.L1, actor=SYSTEM, at=at)
    clocks.start_clocks(ticket=ticket, actor=SYSTEM, at=at)
    return ticket


@transaction.atomic
def regrade(
    *,
    ticket: Ticket,
    grade: str = "",
    category: Category | None = None,
    reason: str,
    actor: Actor,
    at: datetime,
) -> Ticket:
    """Change grade or category by a person's judgement; what is not given stays. Who and why are kept beside
    what the rules had said; the promises are chosen anew. A waiting ticket moves to the queue that fits now.
    Giving what stands already changes nothing. Raises InvalidInput (grade, reason), Conflict when the ticket
    is merged."""
    require_staff(actor)
    complaints: dict[str, list[object]] = {}
    if not reason.strip():
        complaints["reason"] = [_("Say why you judge otherwise.")]
    if grade and grade not in Grade.values:
        complaints["grade"] = [_("Choose a grade.")]
    if complaints:
        raise InvalidInput(fields=complaints)
    lock_ticket(ticket, viewer=actor, related=("product__line", "channel", "category"))
    if ticket.status == Status.MERGED:
        raise refuse(ticket)
    before = ticket.grade
    wanted = Grade(grade or ticket.grade or Grade.SIMPLE)
    chosen = category or ticket.category
    if wanted == ticket.grade and chosen == ticket.category:
        return ticket
    suggested = ticket.grade_reason.get("suggested") or ticket.grade_reason
    why = {
        "rule": "person",
        "by": actor.id,
        "reason": reason.strip(),
        "before": {"grade": before, "category": ticket.category.code if ticket.category else ""},
        "suggested": suggested,
    }
    _write(ticket, Judgement(wanted, chosen, why), actor=actor, at=at)
    _announce(ticket, by_person=True, before_grade=before, reason=reason.strip(), actor=actor, at=at)
    if ticket.status in ACTIVE:
        if before:
            clocks.retarget(ticket=ticket, actor=actor, at=at)
        else:
            clocks.start_clocks(ticket=ticket, actor=actor, at=at)
        if ticket.assignee_id is None:
            routing.enqueue(ticket, tier_code=ticket.tier.code if ticket.tier else "", actor=actor, at=at)
    return ticket


def follow_level(*, customer_id: int, actor: Actor, at: datetime) -> int:
    """A customer's level changed: their active tickets get the promises of the level they have now; what is
    used and paused stays. Returns how many changed."""
    rows = Ticket.objects.active().filter(customer_id=customer_id).exclude(level=F("customer__level"))
    return sum(_follow_level(ticket, actor=actor, at=at) for ticket in rows.order_by("pk"))


@transaction.atomic
def _follow_level(ticket: Ticket, *, actor: Actor, at: datetime) -> bool:
    lock_ticket(ticket, viewer=SYSTEM, related=("customer",))
    if ticket.status not in ACTIVE or ticket.level == ticket.customer.level:
        return False
    ticket.level, ticket.updated_at = ticket.customer.level, at
    ticket.save(update_fields=["level", "updated_at"])
    if ticket.grade:
        clocks.retarget(ticket=ticket, actor=actor, at=at)
    return True


def _write(ticket: Ticket, judgement: Judgement, *, actor: Actor, at: datetime) -> None:
    impact, urgency = rules.GRADE_WEIGHT[judgement.grade]
    ticket.grade = judgement.grade.value
    ticket.category = judgement.category
    ticket.grade_reason = judgement.reason
    ticket.impact, ticket.urgency = impact.value, urgency.value
    ticket.priority = rules.priority_of(impact, urgency)
    ticket.updated_at = at
    ticket.save(
        update_fields=["grade", "category", "grade_reason", "impact", "urgency", "priority", "updated_at"]
    )


def _announce(
    ticket: Ticket, *, by_person: bool, before_grade: str, actor: Actor, at: datetime, reason: str = ""
) -> None:
    event = announce(
        TicketClassified(
            subject_id=ticket.pk,
            category=ticket.category.code if ticket.category else "",
            grade=ticket.grade,
            priority=ticket.priority,
            by_person=by_person,
            before_grade=before_grade,
        ),
        actor=actor,
        at=at,
        detail={"reason": reason} if reason else None,
    )
    timeline.record(ticket, event=event, public=False)


# --- the judgement ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rulebook:
    """The rows that judge, read once for many tickets."""

    safety: list[SafetyWord]
    categories: list[Category]
    codes: list[ErrorCode]

    @classmethod
    def read(cls) -> "Rulebook":
        """Three queries."""
        return cls(list(_safety_rows()), list(_category_rows()), list(ErrorCode.objects.all()))


def judge(ticket: Ticket, book: Rulebook | None = None) -> Judgement:
    """What the rules say about a ticket's words. Three queries, or none with a `book` read before."""
    text = normalise(f"{ticket.subject}\n{ticket.symptom}")
    line = ticket.product.line.code if ticket.product else ""
    words, safety_category, calm = _safety(text, book.safety if book else None)
    category, score, hits = best_category(text, line, book.categories if book else None, calm=calm)
    code = _error_code(ticket, book.codes if book else None)
    reason: dict[str, Any] = {
        "rule": "default",
        "words": hits,
        "category": category.code if category else "",
        "score": score,
    }
    if code is not None:
        reason["error_code"] = code.code
    if words:
        chosen = safety_category or category
        reason |= {"rule": "safety", "words": words, "category": chosen.code if chosen else ""}
        return Judgement(Grade.MAJOR, chosen, reason)
    votes = []
    if category is not None:
        votes.append((GRAVITY.index(Grade(category.default_grade)), "category"))
    if code is not None and code.grade in Grade.values:
        votes.append((GRAVITY.index(Grade(code.grade)), "error_code"))
    if votes:
        gravity, reason["rule"] = max(votes)
        return Judgement(GRAVITY[gravity], category, reason)
    something_broke = bool(ticket.product_id or ticket.serial or ticket.error_code)
    return Judgement(Grade.SIMPLE if something_broke else Grade.CONSULT, category, reason)


@lru_cache(maxsize=8_000)
def _normal(word: str) -> str:
    """A keyword as texts are compared; the same few thousand for every ticket."""
    return normalise(word)


def _safety_rows() -> Iterable[SafetyWord]:
    return SafetyWord.objects.select_related("category").order_by("word")


def _category_rows() -> Iterable[Category]:
    return Category.objects.filter(active=True).select_related("parent__parent", "skill")


def _safety(text: str, rows: Iterable[SafetyWord] | None = None) -> tuple[list[str], Category | None, str]:
    """The safety words in a text that stand outside their harmless phrases, the first one's category, and the
    text without any harmless phrase."""
    found, category, calm = [], None, text
    for row in _safety_rows() if rows is None else rows:
        for harmless in row.exceptions or ():
            calm = calm.replace(_normal(harmless), " ")
        if stands_in(text, row):
            found.append(row.word)
            category = category or row.category
    return found, category, calm


def words_in(text: str, rows: Iterable[Any]) -> list[Any]:
    """Which of these words (rows with `word` and `exceptions`) a text holds outside their harmless phrases, by the same
    matching that judges new tickets."""
    read = normalise(text)
    return [row for row in rows if stands_in(read, row)]


def stands_in(text: str, row: Any) -> bool:
    """Whether a normalised text holds the row's word outside the row's harmless phrases."""
    rest = text
    for harmless in row.exceptions or ():
        rest = rest.replace(_normal(harmless), " ")
    return contains(rest, _normal(row.word))


def best_category(
    text: str, line: str, rows: Iterable[Category] | None = None, *, calm: str | None = None
) -> tuple[Category | None, int, list[str]]:
    """The category whose keywords say most about a normalised text, its score and the keywords found. A
    keyword weighs as many points as it has characters (Latin letters half); a category of the product's own
    line counts half as much again, one of another line is out. The narrower category wins a tie. Categories
    of major faults look at `calm`, the text without harmless phrases (a smoke detector is no smoke)."""
    best: tuple[Category | None, int, list[str]] = (None, 0, [])
    rank: tuple[int, int, int] = (0, 0, 0)
    for row in _category_rows() if rows is None else rows:
        of_line = row.skill is not None and row.skill.kind == SkillKind.PRODUCT
        if of_line and line and row.skill is not None and row.skill.code != line:
            continue
        read = calm if calm is not None and row.default_grade == Grade.MAJOR else text
        hits = [word for word in row.keywords if contains(read, _normal(str(word)))]
        if not hits:
            continue
        points = sum(_weight(_normal(str(word))) for word in hits)
        if of_line and line:
            points = points * 3 // 2
        mine = (points, _depth(row), -row.position)
        if mine > rank:
            best, rank = (row, points, hits), mine
    return best


def contains(text: str, word: str) -> bool:
    """Whether a normalised text holds a normalised word; Latin words must stand alone (plan is not in
    explanation)."""
    if not word:
        return False
    if not word.isascii():
        return word in text
    return re.search(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])", text) is not None


def _weight(word: str) -> int:
    return max(1, len(word) // 2) if word.isascii() else len(word)


def _depth(category: Category) -> int:
    depth, parent = 0, category.parent
    while parent is not None:
        depth, parent = depth + 1, parent.parent
    return depth


def _error_code(ticket: Ticket, codes: Iterable[ErrorCode] | None = None) -> ErrorCode | None:
    """What the maker's table says about the code: the line's own row before the one for all lines."""
    if not ticket.error_code:
        return None
    if codes is None:
        codes = ErrorCode.objects.filter(code__iexact=ticket.error_code)
    found = {row.line_id: row for row in codes if row.code.lower() == ticket.error_code.lower()}
    line_id = ticket.product.line_id if ticket.product else None
    return found.get(line_id) or found.get(None)


# --- why, in words ------------------------------------------------------------------------------------------


def reason_words(ticket: Ticket) -> str:
    """Why the ticket has its grade, in the reader's language."""
    why = ticket.grade_reason
    if not why:
        return ""
    if why.get("rule") == "person":
        return gettext("Judged by a person: %(reason)s") % {"reason": why.get("reason", "")}
    parts = []
    if why.get("rule") == "safety":
        parts.append(gettext("Safety words: %(words)s") % {"words": _listed(why["words"])})
    elif why.get("words"):
        parts.append(gettext("Words found: %(words)s") % {"words": _listed(why["words"])})
    if why.get("error_code"):
        parts.append(gettext("Error code %(code)s") % {"code": why["error_code"]})
    if not parts:
        parts.append(
            gettext("A device is named, but no known problem")
            if ticket.grade != Grade.CONSULT
            else gettext("No known problem is named")
        )
    return " · ".join(parts)


def _listed(words: Iterable[object]) -> str:
    return ", ".join(str(word) for word in words)
