"""One ticket of the demo's past, step by step: what config.demo.story plays through the services, told in memory."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from accounts.models import Agent
from channels_hub.enums import Author
from channels_hub.models import Channel, Thread
from config.demo import words
from config.demo.books import Books
from config.demo.ledger import Ledger
from config.demo.pen import SYSTEM, Pen, Who
from config.demo.ratings import Rating
from config.demo.watches import Watches
from core.models import Timer
from customers.models import Customer, Device
from tickets import rules
from tickets.enums import WAITING, AssignmentSource, ClockKind, ClockState, CloseReason, EntryKind, Status
from tickets.events import (
    AgentReplied,
    CustomerReplied,
    NoteAdded,
    TicketAssigned,
    TicketClassified,
    TicketClosed,
    TicketEscalated,
    TicketOpened,
    TicketQueued,
    TicketReopened,
    TicketResolved,
    TicketUnassigned,
)
from tickets.models import Assignment, Note, Queue, Ticket, TicketEntry, TierHop
from tickets.services.resolve import CONFIRM_TIMER
from tickets.services.scoring import Candidate
from tickets.services.search import entry_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
Step = tuple[datetime, Callable[[datetime], None]]


@dataclass
class Trouble:
    """Whose trouble it is and when it began. `stop` is the step after which a ticket of now stands still."""

    at: datetime
    customer: Customer
    device: Device
    problem: str
    channel: Channel
    error_code: str = ""
    pace: float = 1.0
    stop: str = ""


class Past:
    """Tells one ticket from the first word to the end, or to `now`."""

    def __init__(
        self, ledger: Ledger, books: Books, chance: random.Random, trouble: Trouble, *, now: datetime
    ) -> None:
        self.ledger, self.books, self.chance = ledger, books, chance
        self.trouble, self.now = trouble, now
        self.me: Who = ("customer", trouble.customer.pk)
        thread: Thread = ledger.add(
            Thread(
                channel=trouble.channel,
                external_id=f"request:{chance.getrandbits(128):032x}",
                customer=trouble.customer,
                display_name=trouble.customer.salutation[:60],
                language=trouble.customer.language,
                created_at=trouble.at,
            )
        )
        story = words.STORIES[trouble.problem]
        self.asked = chance.choice(story[1])
        self.ticket = ledger.add(self._ticket(thread))
        year = trouble.at.astimezone(SHANGHAI).year
        self.ticket.reference = f"T-{year}-{self.ticket.pk:06d}"
        self.pen = Pen(ledger, books, chance, self.ticket)
        self.needs_l2 = chance.random() < story[5] or trouble.stop == "wait_for_part"
        self.assignment: Assignment | None = None
        self.watches: Watches

    def _ticket(self, thread: Thread) -> Ticket:
        who, device, chance = self.trouble.customer, self.trouble.device, self.chance
        symptom = self.asked
        if chance.random() < 0.7:
            symptom += chance.choice(words.TAILS).format(room=device.room, months=chance.randint(1, 60))
        if chance.random() < 0.02:
            symptom += chance.choice(words.ODD_TAILS)
        bought, at = device.purchased_on, self.trouble.at
        return Ticket(
            brand_id=device.product.brand_id,
            customer=who,
            level=who.level,
            channel=self.trouble.channel,
            thread=thread,
            region_id=who.region_id,
            subject=self.asked[:60],
            symptom=symptom,
            product=device.product,
            device=device,
            serial=device.serial,
            error_code=self.trouble.error_code,
            purchased_on=bought if bought and bought <= at.date() else None,
            created_at=at,
            updated_at=at,
        )

    # --- the plot --------------------------------------------------------------------------------------------

    def tell(self) -> Ticket:
        """Everything up to now; the rows are in the ledger."""
        for at, step in self._plot():
            if at > self.now:
                break
            self._pass_time(at)
            self.pen.actor = SYSTEM
            step(at)
            self.ticket.updated_at = at
            if step.__name__.strip("_") == self.trouble.stop:
                break
        self._pass_time(self.now)
        self.pen.end_silent(self.now)
        self._settle()
        return self.ticket

    def _plot(self) -> Iterator[Step]:
        at = self.trouble.at
        yield at, self._open
        yield (at := at + timedelta(seconds=self.chance.randint(1, 3))), self._classify
        yield (at := at + timedelta(seconds=self.chance.randint(1, 40))), self._assign
        yield (at := at + self._minutes(1, 25)), self._answer
        if self.chance.random() < 0.12:
            yield (at := at + timedelta(seconds=20)), self._note
        yield (at := at + self._minutes(8, 300)), self._customer_writes
        if self.needs_l2:
            yield (at := at + self._minutes(5, 60)), self._escalate
            yield (at := at + timedelta(seconds=self.chance.randint(2, 90))), self._assign
            yield (at := at + self._minutes(10, 240)), self._second_line
            if self.chance.random() < 0.3 or self.trouble.stop == "wait_for_part":
                yield (at := at + timedelta(minutes=3)), self._wait_for_part
                at += self._minutes(400, 4000)
            at += self._minutes(100, 1200)
        yield (at := at + self._minutes(5, 120)), self._resolve
        yield from self._end(at, may_reopen=True)

    def _end(self, at: datetime, *, may_reopen: bool) -> Iterator[Step]:
        """What follows a resolution: the rating asked and given, confirmed or timed out, sometimes opened again."""
        confirm_by = self.ticket.confirm_by or at
        rating = Rating(self.pen, self.ticket, rated_agent_id=self.ticket.resolved_by_id or 0, now=self.now)
        yield at + timedelta(seconds=self.chance.randint(2, 9)), rating.ask
        later: list[Step] = [(confirm_by, self._time_out)]
        if self.chance.random() < 0.55:
            later = [(at + self._minutes(10, 900), self._confirm)]
        again: datetime | None = None
        if self.chance.random() < 0.45:
            rated_at = at + self._minutes(5, 1200)
            later.append((rated_at, rating.give))
            if may_reopen and rating.says_unsolved:
                again = rated_at + timedelta(seconds=2)
                later.append((again, self._reopen_by_rating))
        if may_reopen and again is None and self.chance.random() < 0.05:
            again = at + self._minutes(1500, 4000)
            later.append((again, self._reopen_by_message))
        for moment, step in sorted(later, key=lambda pair: pair[0]):
            if again is not None and moment > again:
                continue
            yield moment, step
        if again is not None:
            at = again + self._minutes(15, 90)
            yield at, self._answer_again
            yield (at := at + self._minutes(20, 300)), self._resolve
            yield from self._end(at, may_reopen=False)

    def _minutes(self, least: int, most: int) -> timedelta:
        """A random while, mostly short, in whole seconds."""
        share = self.chance.random() ** 2.2
        return timedelta(seconds=int(60 * (least + (most - least) * share) * self.trouble.pace))

    def _pass_time(self, at: datetime) -> None:
        if self.pen.watches is not None:
            self.pen.watches.pass_time(at)

    def _settle(self) -> None:
        if self.pen.watches is not None:
            self.pen.watches.settle()
            for clock in self.pen.watches.rows:
                self.ledger.add(clock)
            for timer in self.pen.watches.timers():
                self.ledger.add(timer)
        if self.ticket.status == Status.RESOLVED and self.ticket.confirm_by is not None:
            self.ledger.add(
                Timer(
                    kind=CONFIRM_TIMER,
                    subject_id=self.ticket.pk,
                    due_at=self.ticket.confirm_by,
                    dedupe=f"{CONFIRM_TIMER}:{self.ticket.pk}",
                    data={"cycle": self.ticket.cycle},
                )
            )
        self.ledger.add_search(entry_of(self.ticket, self.pen.said[::-1]))

    # --- its steps -------------------------------------------------------------------------------------------

    def _open(self, at: datetime) -> None:
        self.pen.actor = self.me
        message = self.pen.say(self.ticket.symptom, at, author=Author.CUSTOMER)
        fact = TicketOpened(
            subject_id=self.ticket.pk,
            channel_kind=self.ticket.channel.kind,
            customer_id=self.trouble.customer.pk,
        )
        self.pen.tell(fact, at, public=True)
        self.pen.show(message)
        self.ticket.last_customer_at = self.ticket.last_public_at = at

    def _classify(self, at: datetime) -> None:
        ticket, judgement = self.ticket, self.books.judgement(self.ticket, self.asked)
        impact, urgency = rules.GRADE_WEIGHT[judgement.grade]
        ticket.grade, ticket.category = judgement.grade.value, judgement.category
        ticket.grade_reason = judgement.reason
        ticket.impact, ticket.urgency = impact.value, urgency.value
        ticket.priority = rules.priority_of(impact, urgency)
        fact = TicketClassified(
            subject_id=ticket.pk,
            category=ticket.category.code if ticket.category else "",
            grade=ticket.grade,
            priority=ticket.priority,
            by_person=False,
        )
        self.pen.tell(fact, at, public=False)
        self._queue(self.books.queue(ticket, "L1"), at)
        cell = self.books.cell(ticket)
        ticket.sla_policy, ticket.sla_target = cell.policy, cell
        ladder = self.books.ladders[cell.policy_id]
        self.watches = self.pen.watches = Watches(ticket, cell, ladder, self.pen.tell_of_clock)
        for kind in (ClockKind.FIRST_RESPONSE, ClockKind.RESOLUTION, ClockKind.TIER_HOP):
            self.watches.start(kind, since=ticket.created_at)

    def _queue(self, queue: Queue, at: datetime) -> None:
        self.ticket.queue, self.ticket.tier = queue, queue.tier
        fact = TicketQueued(subject_id=self.ticket.pk, queue=queue.code, tier=queue.tier.code)
        self.pen.tell(fact, at, public=False)

    def _assign(self, at: datetime) -> None:
        ticket = self.ticket
        if ticket.queue is None:
            return
        crew = self.books.crew(ticket.queue)
        winner = self.chance.choice(crew)
        self.assignment = self.ledger.add(
            Assignment(
                ticket_id=ticket.pk,
                agent_id=winner.user_id,
                source=AssignmentSource.ROUTED.value,
                scores=self._scores(crew, winner),
                since=at,
            )
        )
        ticket.assignee_id = winner.user_id
        ticket.steward_id = ticket.steward_id or winner.user_id
        fact = TicketAssigned(
            subject_id=ticket.pk,
            agent_id=winner.user_id,
            assignment_id=self.assignment.pk,
            source=AssignmentSource.ROUTED.value,
        )
        self.pen.tell(fact, at, public=True)

    def _scores(self, crew: list[Agent], winner: Agent) -> list[dict[str, object]]:
        """Who was considered: the winner had the fewest open tickets."""
        found = []
        most = max(1, winner.ticket_capacity // 3)
        fewest = self.chance.randint(0, most)
        for agent in [winner, *(other for other in crew if other is not winner)][:4]:
            taken = fewest if agent is winner else self.chance.randint(fewest + 1, most + 2)
            candidate = Candidate(agent, taken, weights=rules.ROUTING_WEIGHTS)
            idle = self.chance.randint(1, 50)
            candidate.facts = {
                "skills": {},
                "region": True,
                "language": False,
                "idle_minutes": idle,
                "prior": False,
            }
            candidate.scores = {
                "prior": 0.0,
                "skill": 0.0,
                "load": 1 - taken / agent.ticket_capacity,
                "region": 1.0,
                "language": 0.0,
                "value": 0.0,
                "idle": idle / rules.IDLE_FULL_MINUTES,
            }
            found.append(candidate.as_json(won=agent is winner))
        return sorted(found, key=lambda row: -float(row["total"]))

    @property
    def agent(self) -> Agent:
        """Who has the ticket."""
        return next(agent for agent in self.books.agents if agent.user_id == self.ticket.assignee_id)

    def _answer(self, at: datetime) -> None:
        answer = self.chance.choice(words.STORIES[self.trouble.problem][2])
        greeting = f"{self.trouble.customer.salutation}您好，我是{self.agent.user.display_name}。"
        self._reply(greeting + answer, at, then=Status.WAITING_CUSTOMER)

    def _answer_again(self, at: datetime) -> None:
        self._reply(f"对不起，又给您添麻烦了。我是{self.agent.user.display_name}，马上接着查。", at)

    def _second_line(self, at: datetime) -> None:
        name = self.agent.user.display_name
        self._reply(
            f"您好，我是二线工程师{name}，情况我都看过了，不用再说一遍。正在处理，有结果马上告诉您。", at
        )

    def _reply(self, body: str, at: datetime, *, then: Status | None = None) -> None:
        ticket, pen = self.ticket, self.pen
        pen.actor = ("staff", ticket.assignee_id)
        message = pen.say(body, at, author=Author.AGENT, staff_id=ticket.assignee_id)
        pen.show(message)
        first = ticket.first_responded_at is None
        if first:
            ticket.first_responded_at = at
        ticket.awaiting_reply, ticket.last_public_at = False, at
        after = then or (Status.OPEN if ticket.status == Status.NEW else Status(ticket.status))
        if ticket.status == Status.NEW:
            pen.move(Status.OPEN, at, shown=after == Status.OPEN)
        if after != ticket.status:
            pen.move(after, at, shown=True)
        for kind in (ClockKind.FIRST_RESPONSE, ClockKind.NEXT_RESPONSE):
            self.watches.finish(kind, ClockState.MET, at=at)
        self.watches.follow(after, at=at)
        pen.tell(AgentReplied(subject_id=ticket.pk, message_id=message.pk, first=first), at)

    def _note(self, at: datetime) -> None:
        self.pen.actor = ("staff", self.ticket.assignee_id)
        note = self.ledger.add(
            Note(author_id=self.ticket.assignee_id, body=self.chance.choice(words.NOTES), at=at)
        )
        self.ledger.add(
            TicketEntry(
                ticket_id=self.ticket.pk, at=at, kind=EntryKind.NOTE.value, note_id=note.pk, public=False
            )
        )
        self.pen.tell(NoteAdded(subject_id=self.ticket.pk, note_id=note.pk), at)

    def _customer_writes(self, at: datetime) -> None:
        self._hear(self.chance.choice(words.CUSTOMER_FOLLOW_UPS), at)
        if self.ticket.status == Status.WAITING_CUSTOMER:
            self.pen.move(Status.OPEN, at, shown=True)
            self.watches.follow(Status.OPEN, at=at)
        self.watches.start(ClockKind.NEXT_RESPONSE, since=at)

    def _hear(self, body: str, at: datetime) -> None:
        self.pen.actor = self.me
        message = self.pen.say(body, at, author=Author.CUSTOMER)
        self.ticket.last_customer_at = self.ticket.last_public_at = at
        self.ticket.awaiting_reply = True
        self.pen.show(message)
        self.pen.tell(CustomerReplied(subject_id=self.ticket.pk, message_id=message.pk), at)

    def _escalate(self, at: datetime) -> None:
        ticket, pen = self.ticket, self.pen
        agent_id, origin = ticket.assignee_id, ticket.tier
        queue = self.books.queue(ticket, "L2")
        pen.actor = ("staff", agent_id)
        hop = self.ledger.add(
            TierHop(
                ticket_id=ticket.pk,
                direction="up",
                from_tier=origin,
                to_tier=queue.tier,
                reason=self.chance.choice(self.books.reasons),
                category=ticket.category or self.books.rulebook.categories[0],
                steps_tried=self.chance.choice(words.STEPS),
                evidence=self.chance.choice(words.EVIDENCE).format(
                    code=ticket.error_code or "无",
                    firmware=self.trouble.device.firmware or "未知",
                    serial=self.trouble.device.serial,
                ),
                by_id=agent_id,
                at=at,
            )
        )
        if ticket.status in WAITING:
            pen.move(Status.OPEN, at, shown=True)
            self.watches.follow(Status.OPEN, at=at)
        fact = TicketEscalated(
            subject_id=ticket.pk,
            hop_id=hop.pk,
            direction="up",
            from_tier=origin.code if origin else "",
            to_tier=queue.tier.code,
        )
        pen.tell(fact, at, public=True)
        if self.assignment is not None:
            self.assignment.until = at
        ticket.assignee_id = None
        pen.tell(TicketUnassigned(subject_id=ticket.pk, before_agent_id=agent_id), at)
        self._queue(queue, at)
        self.watches.finish(ClockKind.TIER_HOP, ClockState.MET, at=at)
        self.watches.start(ClockKind.TIER_HOP, since=at)

    def _wait_for_part(self, at: datetime) -> None:
        self.pen.actor = ("staff", self.ticket.assignee_id)
        self.pen.move(Status.WAITING_PART, at, shown=True, detail={"reason": "等主板到货"})
        self.watches.follow(Status.WAITING_PART, at=at)

    def _resolve(self, at: datetime) -> None:
        ticket, pen = self.ticket, self.pen
        _lines, _asks, _answers, solution, cause, _l2 = words.STORIES[self.trouble.problem]
        pen.actor = ("staff", ticket.assignee_id)
        said = pen.say(
            self.chance.choice(words.RESOLUTIONS), at, author=Author.AGENT, staff_id=ticket.assignee_id
        )
        pen.move(Status.RESOLVED, at, shown=False)
        ticket.solution_code, ticket.root_cause = self.books.solutions[solution], self.books.causes[cause]
        ticket.resolved_at, ticket.resolved_by_id = at, ticket.assignee_id
        hours = ticket.sla_policy.confirm_hours if ticket.sla_policy else 72
        ticket.confirm_by = at + timedelta(hours=hours)
        ticket.awaiting_reply, ticket.last_public_at = False, at
        pen.show(said)
        fact = TicketResolved(
            subject_id=ticket.pk,
            cycle=ticket.cycle,
            solution_code=solution,
            root_cause=cause,
            agent_id=ticket.assignee_id,
        )
        pen.tell(fact, at, public=True)
        pen.tell(AgentReplied(subject_id=ticket.pk, message_id=said.pk, first=False), at)
        self.watches.finish_all(ClockState.MET, at=at)

    def _confirm(self, at: datetime) -> None:
        self._close(CloseReason.CONFIRMED, self.me, at)

    def _time_out(self, at: datetime) -> None:
        self._close(CloseReason.TIMEOUT, SYSTEM, at)

    def _close(self, why: CloseReason, who: Who, at: datetime) -> None:
        ticket = self.ticket
        self.pen.actor = who
        self.pen.move(Status.CLOSED, at, shown=False)
        ticket.closed_at, ticket.close_reason, ticket.confirm_by = at, why.value, None
        ticket.awaiting_reply, ticket.last_public_at = False, at
        fact = TicketClosed(subject_id=ticket.pk, cycle=ticket.cycle, reason=why.value)
        self.pen.tell(fact, at, public=True)

    def _reopen_by_rating(self, at: datetime) -> None:
        self.pen.actor = self.me
        self._reopen("survey", at)

    def _reopen_by_message(self, at: datetime) -> None:
        self._hear(self.chance.choice(words.REOPEN_WORDS), at)
        self._reopen("customer_replied", at)
        self.watches.start(ClockKind.NEXT_RESPONSE, since=at)

    def _reopen(self, reason: str, at: datetime) -> None:
        ticket = self.ticket
        ticket.cycle += 1
        self.pen.move(Status.OPEN, at, shown=False)
        ticket.resolved_at, ticket.resolved_by_id, ticket.confirm_by = None, None, None
        ticket.closed_at, ticket.close_reason = None, ""
        ticket.solution_code, ticket.root_cause = None, None
        ticket.awaiting_reply, ticket.last_public_at = True, at
        fact = TicketReopened(subject_id=ticket.pk, cycle=ticket.cycle, reason=reason)
        self.pen.tell(fact, at, public=True)
        self.watches.start(ClockKind.REOPEN_RESOLUTION, since=at)
