"""Who may take a ticket, and how well each of them fits: numbers from 0 to 1 by criterion, weighed and added
up."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from accounts.enums import SkillKind
from accounts.models import Agent, AgentSkill, Shift, Skill
from tickets import rules
from tickets.models import Assignment, Ticket

#: what `consider` reads of a ticket
NEEDED = (
    "queue__tier",
    "product__line",
    "category__skill",
    "category__parent__skill",
    "customer",
    "thread",
    "region",
)


@dataclass
class Candidate:
    """One person considered. `out` says why they may not take it (off_shift, full, no_skill), else it is
    empty; `facts` are what the scores were made from."""

    agent: Agent
    open: int
    out: str = ""
    scores: dict[str, float] = field(default_factory=dict)
    weights: dict[str, int] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def total(self) -> float:
        """The weighted sum, in points."""
        return round(sum(self.weights[name] * score for name, score in self.scores.items()), 2)

    def as_json(self, *, won: bool = False) -> dict[str, Any]:
        """What the assignment keeps."""
        row: dict[str, Any] = {
            "agent": self.agent.user_id,
            "open": self.open,
            "capacity": self.agent.ticket_capacity,
        }
        if self.out:
            return row | {"out": self.out}
        points = {name: round(self.weights[name] * score, 2) for name, score in self.scores.items()}
        return row | {"total": self.total, "points": points, "facts": self.facts, "won": won}


def consider(
    ticket: Ticket, agents: Iterable[Agent], taken: Mapping[int, int], *, at: datetime
) -> list[Candidate]:
    """Score everybody. `taken` is how many open tickets each has (by user id). Six queries, whatever the
    number."""
    candidates = [Candidate(agent, taken.get(agent.user_id, 0)) for agent in agents]
    ids = [c.agent.pk for c in candidates]
    skills = _skills(ids, at)
    regions = _regions(ids)
    off_shift = _off_shift(ids, at)
    wanted = _wanted_skills(ticket)
    # a skill that nobody on duty here has cannot be asked for: better an unskilled answer than none
    held = {code for own in skills.values() for code in own}
    required = [code for code in wanted if code in held]
    weights = weights_of(ticket)
    prior = _prior(ticket, [c.agent.user_id for c in candidates])
    for candidate in candidates:
        own = skills.get(candidate.agent.pk, {})
        if candidate.agent.pk in off_shift:
            candidate.out = "off_shift"
        elif candidate.open >= candidate.agent.ticket_capacity:
            candidate.out = "full"
        elif any(code not in own for code in required):
            candidate.out = "no_skill"
        else:
            candidate.weights = weights
            _score(candidate, ticket, own, required, regions.get(candidate.agent.pk, set()), prior, at)
    return candidates


def ranked(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Those who may take it, the best first; equals by fewest open tickets, then by the longest time since
    the last assignment."""
    able = [c for c in candidates if not c.out]
    return sorted(able, key=lambda c: (-c.total, c.open, _last(c.agent), c.agent.pk))


def weights_of(ticket: Ticket) -> dict[str, int]:
    """How much each criterion counts: the usual weights, changed by the queue's own."""
    own = ticket.queue.weights if ticket.queue else {}
    return {
        name: int(own[name]) if isinstance(own.get(name), int | float) else weight
        for name, weight in rules.ROUTING_WEIGHTS.items()
    }


def _score(
    candidate: Candidate,
    ticket: Ticket,
    own: Mapping[str, int],
    required: list[str],
    regions: set[int],
    prior: int | None,
    at: datetime,
) -> None:
    agent = candidate.agent
    levels = [own[code] for code in required]
    speaks = rules.LANGUAGE_SKILLS.get(_language(ticket))
    minutes = _idle_minutes(agent, at)
    in_region = ticket.region is not None and bool(regions & {ticket.region_id, ticket.region.parent_id})
    candidate.facts = {
        "skills": {code: own[code] for code in required},
        "region": in_region,
        "language": bool(speaks and speaks in own),
        "idle_minutes": minutes,
        "prior": prior == agent.user_id,
    }
    candidate.scores = {
        "prior": float(prior == agent.user_id),
        "skill": sum(levels) / (5 * len(levels)) if levels else 0.0,
        "load": 1 - candidate.open / agent.ticket_capacity,
        "region": float(in_region) if regions or ticket.region is None else 0.5,
        "language": float(speaks in own) if speaks else 0.0,
        "value": float(ticket.level in rules.VALUED_LEVELS and rules.VALUE_SKILL in own),
        "idle": 1.0 if minutes is None else min(minutes / rules.IDLE_FULL_MINUTES, 1.0),
    }


def _last(agent: Agent) -> float:
    return agent.last_assigned_at.timestamp() if agent.last_assigned_at else 0.0


def _idle_minutes(agent: Agent, at: datetime) -> int | None:
    """Minutes since the last assignment; None when there was none."""
    if agent.last_assigned_at is None:
        return None
    return max(0, int((at - agent.last_assigned_at).total_seconds() // 60))


def _language(ticket: Ticket) -> str:
    return (ticket.thread.language or ticket.customer.language or "zh")[:2]


def _skills(agent_ids: list[int], at: datetime) -> dict[int, dict[str, int]]:
    """Levels by skill code; a certificate that ran out does not count (valid_until is its last day)."""
    rows = AgentSkill.objects.filter(agent_id__in=agent_ids).filter(
        Q(valid_until=None) | Q(valid_until__gte=timezone.localdate(at))
    )
    found: dict[int, dict[str, int]] = {}
    for agent_id, code, level in rows.values_list("agent_id", "skill__code", "level"):
        found.setdefault(agent_id, {})[code] = level
    return found


def _regions(agent_ids: list[int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    rows = Agent.regions.through.objects.filter(agent_id__in=agent_ids)
    for agent_id, region_id in rows.values_list("agent_id", "region_id"):
        found.setdefault(agent_id, set()).add(region_id)
    return found


def _off_shift(agent_ids: list[int], at: datetime) -> set[int]:
    """Who has shifts planned for today (in Shanghai) but none now; without a plan, being available is
    enough."""
    day = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = Shift.objects.filter(
        agent_id__in=agent_ids, starts_at__lt=day + timedelta(days=1), ends_at__gt=day
    ).values_list("agent_id", "starts_at", "ends_at")
    planned, on = set(), set()
    for agent_id, starts_at, ends_at in rows:
        planned.add(agent_id)
        if starts_at <= at < ends_at:
            on.add(agent_id)
    return planned - on


def _wanted_skills(ticket: Ticket) -> list[str]:
    """The skills that the ticket asks for: its product line's (it has the line's code) and its category's."""
    codes = []
    if ticket.product is not None:
        codes.append(ticket.product.line.code)
    category = ticket.category
    if category is not None:
        skill = category.skill or (category.parent.skill if category.parent else None)
        if skill is not None and skill.code not in codes:
            codes.append(skill.code)
    if not codes:
        return []
    kinds = (SkillKind.PRODUCT, SkillKind.SPECIAL)
    known = set(Skill.objects.filter(code__in=codes, kind__in=kinds).values_list("code", flat=True))
    return [code for code in codes if code in known]


def _prior(ticket: Ticket, user_ids: list[int]) -> int | None:
    """Who of these worked on the ticket last."""
    return (
        Assignment.objects.filter(ticket_id=ticket.pk, agent_id__in=user_ids)
        .order_by("-since", "-pk")
        .values_list("agent_id", flat=True)
        .first()
    )
