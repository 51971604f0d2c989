"""What happened to each ticket of the demo: asked, answered, escalated, solved, rated, or still on somebody's desk."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from accounts.models import Agent
from accounts.services.people import staff_actor
from channels_hub.models import Channel
from config.demo import words
from config.demo.clockwork import Clockwork, Plan
from core.actors import Actor
from customers.models import Customer, Device
from surveys.models import BadRatingFollowUp, SurveyInvitation
from surveys.services.followups import move_follow_up
from surveys.services.respond import respond
from tickets.enums import ACTIVE, Status
from tickets.models import Category, EscalationReason, RootCause, SolutionCode, Ticket
from tickets.services.escalate import escalate
from tickets.services.intake import request_service
from tickets.services.resolve import confirm, resolve
from tickets.services.routing import claim
from tickets.services.state import set_waiting
from tickets.services.talk import add_note, customer_reply, reply


@dataclass
class Cast:
    """The people and codes that a story needs, read once."""

    agents: dict[int, Agent]
    solutions: dict[str, SolutionCode] = field(default_factory=dict)
    causes: dict[str, RootCause] = field(default_factory=dict)
    reasons: list[EscalationReason] = field(default_factory=list)
    categories: dict[str, Category] = field(default_factory=dict)

    @classmethod
    def gather(cls, agents: list[Agent]) -> "Cast":
        return cls(
            agents={agent.user_id: agent for agent in agents},
            solutions={row.code: row for row in SolutionCode.objects.all()},
            causes={row.code: row for row in RootCause.objects.all()},
            reasons=list(EscalationReason.objects.all()),
            categories={row.code: row for row in Category.objects.all()},
        )


@dataclass
class Story:
    """One customer's trouble, played step by step on the clockwork. `turn`: what is
    certain to happen (part: a part is waited for still; stalled: nobody went on; bad: rated badly)."""

    chance: random.Random
    clockwork: Clockwork
    cast: Cast
    customer: Customer
    device: Device
    problem: str
    channel: Channel
    error_code: str = ""
    pace: float = 1.0
    ticket_id: int = 0
    turn: str = ""

    def open(self, at: datetime) -> None:
        """The customer asks; what follows is planned from here."""
        ask = self.chance.choice(words.STORIES[self.problem][1])
        bought = self.device.purchased_on
        ticket, _token = request_service(
            phone=self.customer.phone,
            name=self.customer.name,
            email=self.customer.email,
            product=self.device.product,
            serial=self.device.serial,
            subject=ask[:60],
            symptom=ask,
            error_code=self.error_code,
            purchased_on=bought if bought and bought <= at.date() else None,
            region=self.customer.region,
            channel=self.channel,
            actor=self.me,
            at=at,
        )
        self.ticket_id = ticket.pk
        self._later(at, self._minutes(1, 25), self._answer)

    @property
    def me(self) -> Actor:
        return Actor("customer", id=self.customer.pk)

    def _answer(self, at: datetime) -> None:
        ticket = self._ticket()
        agent = self._owner(ticket, at)
        if agent is None:
            self._later(at, self._minutes(20, 60), self._answer)
            return
        answer = self.chance.choice(words.STORIES[self.problem][2])
        greeting = f"{self.customer.salutation}您好，我是{agent.name}。"
        reply(ticket=ticket, body=greeting + answer, then=Status.WAITING_CUSTOMER, actor=agent, at=at)
        if self.chance.random() < 0.12:
            add_note(
                ticket=ticket,
                body=self.chance.choice(words.NOTES),
                actor=agent,
                at=at + timedelta(seconds=20),
            )
        needs_l2 = self.turn == "part" or self.chance.random() < words.STORIES[self.problem][5]
        self._later(at, self._minutes(8, 300), self._customer_answers)
        if self.turn != "stalled":
            self._later(at, self._minutes(310, 420), self._escalate if needs_l2 else self._solve)

    def _customer_answers(self, at: datetime) -> None:
        ticket = self._ticket()
        if ticket.status not in ACTIVE:
            return
        customer_reply(
            ticket=ticket, body=self.chance.choice(words.CUSTOMER_FOLLOW_UPS), actor=self.me, at=at
        )

    def _escalate(self, at: datetime) -> None:
        ticket = self._ticket()
        agent = self._owner(ticket, at)
        if agent is None or ticket.status not in ACTIVE:
            return
        evidence = self.chance.choice(words.EVIDENCE).format(
            code=self.error_code or "无", firmware=self.device.firmware or "未知", serial=self.device.serial
        )
        escalate(
            ticket=ticket,
            reason=self.chance.choice(self.cast.reasons),
            category=ticket.category or self.cast.categories[self.problem],
            steps_tried=self.chance.choice(words.STEPS),
            evidence=evidence,
            actor=agent,
            at=at,
        )
        self._later(at, self._minutes(30, 500), self._second_line)

    def _second_line(self, at: datetime) -> None:
        ticket = self._ticket()
        agent = self._owner(ticket, at)
        if agent is None or ticket.status not in ACTIVE:
            return
        reply(
            ticket=ticket,
            body=f"您好，我是二线工程师{agent.name}，情况我都看过了，不用再说一遍。正在处理，有结果马上告诉您。",
            then=None,
            actor=agent,
            at=at,
        )
        if self.turn == "part" or self.chance.random() < 0.3:
            set_waiting(
                ticket=ticket,
                status=Status.WAITING_PART,
                reason="等主板到货",
                actor=agent,
                at=at + timedelta(minutes=3),
            )
        if self.turn != "part":
            self._later(at, self._minutes(200, 2200), self._solve)

    def _solve(self, at: datetime) -> None:
        ticket = self._ticket()
        agent = self._owner(ticket, at)
        if agent is None or ticket.status not in ACTIVE or ticket.status == Status.NEW:
            return
        _, _, _, solution, cause, _ = words.STORIES[self.problem]
        resolve(
            ticket=ticket,
            solution_code=self.cast.solutions[solution],
            root_cause=self.cast.causes[cause],
            message=self.chance.choice(words.RESOLUTIONS),
            actor=agent,
            at=at,
        )
        if self.chance.random() < 0.55:
            self._later(at, self._minutes(10, 900), self._confirm)
        if self.turn == "bad":
            self._later(at, self._minutes(5, 60), self._rate)
        elif self.chance.random() < 0.45:
            self._later(at, self._minutes(5, 1200), self._rate)
        if self.chance.random() < 0.05:
            self._later(at, self._minutes(1500, 4000), self._again)

    def _confirm(self, at: datetime) -> None:
        ticket = self._ticket()
        if ticket.status == Status.RESOLVED:
            confirm(ticket=ticket, actor=self.me, at=at)

    def _again(self, at: datetime) -> None:
        ticket = self._ticket()
        if ticket.status in (Status.RESOLVED, Status.CLOSED):
            customer_reply(ticket=ticket, body=self.chance.choice(words.REOPEN_WORDS), actor=self.me, at=at)
            self._later(at, self._minutes(15, 90), self._answer)

    def _rate(self, at: datetime) -> None:
        invitation = (
            SurveyInvitation.objects.filter(ticket_id=self.ticket_id, response=None)
            .order_by("-cycle")
            .first()
        )
        if invitation is None or invitation.expires_at <= at:
            return
        weights = [1, 1, 0, 0, 0] if self.turn == "bad" else [2, 4, 9, 30, 55]
        stars = self.chance.choices([1, 2, 3, 4, 5], weights)[0]
        response = respond(
            invitation=invitation,
            solved=stars > 2 or self.chance.random() < 0.6,
            stars=stars,
            ces=min(7, stars + 2),
            reasons=[] if stars > 2 else [self.chance.choice(["slow", "unsolved", "attitude", "process"])],
            comment=self.chance.choice(words.GOOD_COMMENTS if stars > 3 else words.BAD_COMMENTS),
            actor=self.me,
            at=at,
        )
        if stars <= 2:
            # who calls back does not hurry because the ticket did
            self._later(
                at, self._minutes(120, 1300) / self.pace, lambda moment: self._call_back(response.pk, moment)
            )

    def _call_back(self, response_id: int, at: datetime) -> None:
        follow_up = BadRatingFollowUp.objects.filter(response_id=response_id).select_related("owner").first()
        if follow_up is None or follow_up.owner is None or follow_up.state != "to_do":
            return
        actor = staff_actor(follow_up.owner)
        for state, action in (
            ("contacting", ""),
            ("contacted", ""),
            ("handling", ""),
            ("won_back", "道歉并送一次免费清洗，客户接受"),
        ):
            follow_up = move_follow_up(follow_up=follow_up, state=state, action=action, actor=actor, at=at)

    def _owner(self, ticket: Ticket, at: datetime) -> Actor | None:
        """Who answers: the assignee, else whoever of its team takes it."""
        if ticket.assignee_id is not None:
            return staff_actor(self.cast.agents[ticket.assignee_id].user)
        if ticket.queue_id is None:
            return None
        team = ticket.queue.team_id
        for agent in self.cast.agents.values():
            if any(t.pk == team for t in agent.teams.all()):
                actor = staff_actor(agent.user)
                claim(ticket=ticket, actor=actor, at=at)
                return actor
        return None

    def _ticket(self) -> Ticket:
        return Ticket.objects.select_related("queue", "category").get(pk=self.ticket_id)

    def _minutes(self, least: int, most: int) -> timedelta:
        """A random while, mostly short."""
        return timedelta(seconds=60 * (least + (most - least) * self.chance.random() ** 2.2) * self.pace)

    def _later(self, at: datetime, delay: timedelta, what: Plan) -> None:
        self.clockwork.plan(at + delay, what)
