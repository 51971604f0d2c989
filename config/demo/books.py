"""What the demo's past is told from: configuration, staff and judgements, read once."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from accounts.models import Agent
from channels_hub.models import Channel
from surveys.models import ReasonTag, Survey
from surveys.querysets import AFTERCARE
from tickets.models import (
    EscalationReason,
    Queue,
    RootCause,
    SlaPolicy,
    SlaTarget,
    SolutionCode,
    Ticket,
)
from tickets.services.classify import Judgement, Rulebook, judge
from tickets.services.clocks.sheet import ladders_of
from tickets.services.promises import current_policy
from tickets.services.queues import active_queues, pick_queue


@dataclass
class Books:
    """Everything that a ticket's past refers to."""

    rulebook: Rulebook
    queues: list[Queue]
    agents: list[Agent]
    channels: dict[tuple[int, str], Channel]
    survey: Survey
    tags: dict[str, ReasonTag]
    solutions: dict[str, SolutionCode]
    causes: dict[str, RootCause]
    reasons: list[EscalationReason]
    policies: dict[int, SlaPolicy] = field(default_factory=dict)
    cells: dict[tuple[int, str, str], SlaTarget] = field(default_factory=dict)
    ladders: dict[int | None, dict[int, str]] = field(default_factory=dict)
    judged: dict[tuple[str, int, str], Judgement] = field(default_factory=dict)
    queued: dict[tuple[Any, ...], Queue] = field(default_factory=dict)
    teams: dict[tuple[int, str], list[Agent]] = field(default_factory=dict)
    aftercare: list[Agent] = field(default_factory=list)

    @classmethod
    def read(cls, agents: Iterable[Agent], *, at: Any) -> "Books":
        """The configuration as it stands."""
        books = cls(
            rulebook=Rulebook.read(),
            queues=active_queues(),
            agents=list(agents),
            channels={(row.brand_id, row.kind): row for row in Channel.objects.all()},
            survey=Survey.objects.filter(active=True).order_by("code")[0],
            tags={row.code: row for row in ReasonTag.objects.all()},
            solutions={row.code: row for row in SolutionCode.objects.all()},
            causes={row.code: row for row in RootCause.objects.all()},
            reasons=list(EscalationReason.objects.order_by("pk")),
        )
        for brand_id in {brand_id for brand_id, _kind in books.channels}:
            policy = current_policy(brand=brand_id, at=at)
            if policy is None:
                raise LookupError(f"no SLA policy covers brand {brand_id}")
            books.policies[brand_id] = policy
        cells = SlaTarget.objects.filter(policy__in=books.policies.values())
        for cell in cells.select_related("policy", "response_calendar", "resolution_calendar"):
            books.cells[cell.policy_id, cell.grade, cell.level] = cell
        books.ladders = ladders_of(policy.pk for policy in books.policies.values())
        for agent in books.agents:
            for team in agent.teams.all():
                books.teams.setdefault((team.pk, agent.tier), []).append(agent)
                if team.purpose == AFTERCARE:
                    books.aftercare.append(agent)
        return books

    def judgement(self, ticket: Ticket, asked: str) -> Judgement:
        """What the rules say about these words on this product line."""
        key = (asked, ticket.product.line_id if ticket.product else 0, ticket.error_code)
        if key not in self.judged:
            self.judged[key] = judge(ticket, self.rulebook)
        return self.judged[key]

    def queue(self, ticket: Ticket, tier_code: str) -> Queue:
        """Where such a ticket waits."""
        line_id = ticket.product.line_id if ticket.product else None
        key = (tier_code, ticket.channel.kind, ticket.level, line_id, ticket.category_id)
        if key not in self.queued:
            found = pick_queue(ticket, tier_code, self.queues)
            if found is None:
                raise LookupError(f"no queue in tier {tier_code}")
            self.queued[key] = found
        return self.queued[key]

    def cell(self, ticket: Ticket) -> SlaTarget:
        """What such a ticket is promised."""
        policy = self.policies[ticket.brand_id]
        found = self.cells.get((policy.pk, ticket.grade, ticket.level))
        return found or self.cells[policy.pk, ticket.grade, "normal"]

    def crew(self, queue: Queue) -> list[Agent]:
        """Who serves a queue; where nobody of its tier is in its team, the whole tier."""
        tier = queue.tier.code
        return self.teams.get((queue.team_id, tier)) or [a for a in self.agents if a.tier == tier]

    def caller(self, chance: random.Random, rated_agent_id: int) -> Agent:
        """Somebody of the aftercare team who is not the rated agent."""
        others = [agent for agent in self.aftercare or self.agents if agent.user_id != rated_agent_id]
        return chance.choice(others)
