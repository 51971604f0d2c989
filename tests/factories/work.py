"""Tickets as the verbs make them, and who works on them."""

from datetime import datetime
from typing import Any

from accounts.models import User
from accounts.services.people import staff_actor
from channels_hub.enums import ChannelKind
from channels_hub.models import Thread
from channels_hub.services.messages import receive
from core import clock
from core.actors import SYSTEM, Actor
from core.models import Delivery, Event
from core.services.deliveries import deliver_due, fan_out
from customers.models import Customer
from tests.factories.accounts import make_agent
from tests.factories.channels_hub import ChannelFactory, ThreadFactory
from tests.factories.customers import CustomerFactory
from tests.factories.tickets import QueueFactory, TierFactory
from tests.factories.times import NOW
from tickets.models import Queue, Ticket, TicketEntry
from tickets.services import classify, intake, resolve, routing, talk

SOMETIMES = 60


def make_ticket(
    *,
    at: datetime = NOW,
    customer: Customer | None = None,
    thread: Thread | None = None,
    channel_kind: str = ChannelKind.WEB_FORM,
    words: str = "网关离线了，红灯一直闪",
    classified: bool = True,
    assignee: User | None = None,
    **fields: Any,
) -> Ticket:
    """A ticket that a customer asked for in these words, judged and queued; given to `assignee` if there is one."""
    who = customer or CustomerFactory()
    channel = thread.channel if thread else ChannelFactory(kind=channel_kind)
    thread = thread or ThreadFactory(channel=channel, customer=who)
    message = receive(thread=thread, body=words, actor=customer_of(who), at=at)
    ticket = intake.open_ticket(
        customer=who,
        thread=thread,
        channel=channel,
        brand=channel.brand,
        subject=fields.pop("subject", words[:60]),
        symptom=fields.pop("symptom", words),
        message=message,
        actor=customer_of(who),
        at=at,
        **fields,
    )
    if classified or assignee:
        classify.classify(ticket=ticket, at=at)
    if assignee:
        routing.assign(ticket=ticket, agent=assignee, actor=SYSTEM, at=at)
    return ticket


def make_open_ticket(agent: User, *, at: datetime = NOW, **fields: Any) -> Ticket:
    """A ticket that its agent has answered once."""
    ticket = make_ticket(at=at, assignee=agent, **fields)
    talk.reply(ticket=ticket, body="我来看看", actor=actor_of(agent), at=at)
    return ticket


def make_resolved_ticket(agent: User, codes: dict[str, Any], *, at: datetime = NOW, **fields: Any) -> Ticket:
    """A ticket that its agent has resolved; `codes` is what make_desk returns."""
    ticket = make_ticket(at=at, assignee=agent, **fields)
    return resolve.resolve(
        ticket=ticket,
        solution_code=codes["solution"],
        root_cause=codes["cause"],
        message="重启后恢复",
        actor=actor_of(agent),
        at=at,
    )


def make_colleague(name: str = "", *, queue: Queue | None = None, tier: str = "L1", **agent: Any) -> User:
    """An available agent who works the queue (of their tier)."""
    queue = queue or QueueFactory(tier=TierFactory(code=tier))
    return make_agent(name, teams=(queue.team,), tier=tier, **agent)


def actor_of(user: User) -> Actor:
    """The member of staff, with teams and rights as they are now."""
    return staff_actor(User.objects.get(pk=user.pk))


def customer_of(customer: Customer) -> Actor:
    return Actor("customer", customer.pk)


def link_of(ticket: Ticket) -> Actor:
    return Actor("link", ticket.pk)


def deliver(at: datetime = NOW) -> int:
    """Let all handlers hear of what has happened, and of what comes of it, as if it were `at`; returns how many
    deliveries were made."""
    done = 0
    with clock.at_time(at):
        for _round in range(SOMETIMES):
            read = fan_out(at=at)
            tried = deliver_due(at=at)
            done += tried
            if not read and not tried:
                failed = list(Delivery.objects.exclude(last_error="").values_list("subscriber", "last_error"))
                if failed:
                    raise AssertionError(failed)
                return done
    raise AssertionError("events keep causing events")


def kinds_of(ticket: Ticket, *, after: int = 0) -> list[str]:
    """What was announced about a ticket, in order."""
    events = Event.objects.filter(subject_kind="ticket", subject_id=ticket.pk, pk__gt=after)
    return list(events.order_by("pk").values_list("kind", flat=True))


def entries_of(ticket: Ticket) -> list[TicketEntry]:
    return list(TicketEntry.objects.filter(ticket=ticket).order_by("at", "pk"))
