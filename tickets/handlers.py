"""What tickets do about facts, due times, open pages and the questions of the floors below."""

from collections.abc import Iterable
from datetime import datetime
from typing import cast

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django_q.tasks import async_task

from accounts.enums import DutyState
from accounts.events import DutyChanged
from accounts.models import Agent
from channels_hub import ports as channel_ports
from channels_hub.enums import Author, Handler
from channels_hub.events import (
    ContactLeft,
    HandoverRequested,
    MessageReceived,
    MessageSent,
    MessageStateChanged,
)
from channels_hub.models import Conversation, Message, Thread
from core import clock, live, ports_declared
from core.actors import SYSTEM, Actor, ActorKind
from core.errors import NotVisible
from core.events import subscribe
from core.models import Event, Timer
from core.services.files import guard_files_of
from core.services.timers import on_timer
from customers.events import LevelChanged
from customers.models import Customer
from tickets.enums import ACTIVE, Status
from tickets.events import (
    TOLD_TO_CUSTOMERS,
    AgentReplied,
    CustomerReplied,
    StatusChanged,
    TicketAssigned,
    TicketClassified,
    TicketMerged,
    TicketOpened,
    TicketQueued,
    TicketResolved,
    TicketSplit,
    TicketUnassigned,
    TicketUnmerged,
)
from tickets.models import Queue, SeenMark, Ticket
from tickets.services import (
    assist,
    classify,
    intake,
    links,
    queues,
    resolve,
    routing,
    search,
    snooze,
    talk,
    timeline,
)
from tickets.services.living import living

# --- facts about tickets ------------------------------------------------------------------------------------


@subscribe(TicketOpened)
def classify_opened(event: Event) -> None:
    """A new ticket is judged, timed and queued."""
    classify.classify(ticket=Ticket(pk=event.subject_id), at=clock.now())


@subscribe(TicketQueued, StatusChanged)
def route_queued(event: Event) -> None:
    """What waits is given to somebody (also what opens again while nobody has it); while nobody may take it,
    it is tried again every minute."""
    if event.kind == StatusChanged.kind and event.data["after"] != Status.OPEN:
        return
    ticket = Ticket(pk=event.subject_id)
    at = clock.now()
    if routing.route(ticket=ticket, at=at) is None and routing.waits(ticket):
        routing.look_again(at=at)


@subscribe(TicketResolved, TicketUnassigned, TicketAssigned, TicketMerged, network=True)
def fill_freed_hands(event: Event) -> None:
    """Somebody has one ticket less: the next one is theirs. (`network`: each ticket gets a transaction of its
    own.)"""
    done = event.kind in (TicketResolved.kind, TicketMerged.kind)
    user_id = event.data["agent_id"] if done else event.data.get("before_agent_id")
    if user_id is not None:
        routing.drain(user_id=user_id, at=clock.now())


@subscribe(TicketAssigned, TicketUnassigned)
def wake_for_somebody_else(event: Event) -> None:
    """What one colleague put aside is not aside for the next."""
    snooze.wake_moved(ticket=Ticket(pk=event.subject_id), at=clock.now())


@subscribe(TicketOpened, TicketClassified, AgentReplied, CustomerReplied)
def index(event: Event) -> None:
    """The search finds the newest words."""
    search.index_tickets([event.subject_id])


@subscribe(TicketClassified)
def suggest(event: Event) -> None:
    """Whoever opens the ticket finds beside it what may help."""
    assist.suggest(ticket=Ticket(pk=event.subject_id), actor=SYSTEM, at=clock.now())


@subscribe(TicketMerged, TicketUnmerged, TicketSplit)
def index_both(event: Event) -> None:
    """Words moved from one ticket to another."""
    search.index_tickets([event.subject_id, event.data.get("target_id") or event.data["new_id"]])


# --- facts about people and conversations -------------------------------------------------------------------


@subscribe(DutyChanged, network=True)
def follow_duty(event: Event) -> None:
    """Who is back gets what waits; who is gone gives back what nobody has answered. The state of now counts,
    whatever came in between. (`network`: each ticket gets a transaction of its own.)"""
    state = Agent.objects.filter(pk=event.subject_id).values_list("duty_state", flat=True).first()
    if state == DutyState.AVAILABLE:
        routing.drain(user_id=event.data["user_id"], at=clock.now())
    elif state in (DutyState.OFFLINE, DutyState.FORCED_OUT):
        routing.give_back_of(user_id=event.data["user_id"], at=clock.now())


@subscribe(LevelChanged)
def follow_level(event: Event) -> None:
    """A customer's level changes the promises of what is open."""
    classify.follow_level(customer_id=event.subject_id, actor=_actor_of(event), at=clock.now())


@subscribe(HandoverRequested)
def open_for_chat(event: Event) -> None:
    """A conversation asks for a person: it gets a ticket."""
    intake.open_for_thread(
        thread=Thread(pk=event.subject_id),
        conversation=Conversation.objects.get(pk=event.data["conversation_id"]),
        actor=_actor_of(event),
        at=clock.now(),
    )


@subscribe(ContactLeft)
def name_customer(event: Event) -> None:
    """A visitor said how to reach them: their ticket has a customer now."""
    before_id = event.data["previous_id"]
    if before_id is not None:
        intake.name_customer(
            thread_id=event.subject_id,
            before_id=before_id,
            customer=Customer.objects.get(pk=event.data["customer_id"]),
            actor=_actor_of(event),
            at=clock.now(),
        )


@subscribe(MessageReceived)
def take_note(event: Event) -> None:
    """What a customer says on a thread with a ticket belongs to that ticket. A bot that has the conversation
    keeps it while no ticket is open."""
    ticket = _ticket_of_thread(event.subject_id)
    if ticket is None:
        return
    message = Message.objects.select_related("conversation").get(pk=event.data["message_id"])
    if ticket.status not in ACTIVE and message.conversation.handler == Handler.BOT:
        return
    talk.note_customer_message(
        ticket=ticket,
        message=message,
        actor=_actor_of(event),
        at=clock.now(),
    )


@subscribe(MessageSent)
def record_sent(event: Event) -> None:
    """What a bot or the system says on a ticket's thread stands on its timeline; agents' words do already."""
    if event.data["author"] == Author.AGENT:
        return
    ticket = _ticket_of_thread(event.subject_id)
    message = Message.objects.get(pk=event.data["message_id"])
    if ticket is not None and ticket.status in ACTIVE and not timeline.has_message(message):
        timeline.record(ticket, message=message, public=True)


def _actor_of(event: Event) -> Actor:
    """Who did it, as a value; what comes of it is done in their name."""
    return Actor(cast(ActorKind, event.actor_kind), event.actor_id)


def _ticket_of_thread(thread_id: int) -> Ticket | None:
    """The newest ticket of a thread, or what that was merged into. While the ticket that another was split from is
    being worked on, the thread stays its own."""
    ticket = (
        Ticket.objects.filter(thread_id=thread_id)
        .exclude(split_from__thread_id=thread_id, split_from__status__in=ACTIVE)
        .order_by("-pk")
        .first()
    )
    return living(ticket) if ticket is not None else None


# --- due times ----------------------------------------------------------------------------------------------


@on_timer(resolve.CONFIRM_TIMER)
def confirm_timeout(timer: Timer, at: datetime) -> None:
    """The customer has said nothing: closed, if it is still this resolution."""
    resolve.close_unconfirmed(ticket=Ticket(pk=timer.subject_id), cycle=timer.data.get("cycle"), at=at)


@on_timer(snooze.SNOOZE_ENDS)
def wake_due(timer: Timer, at: datetime) -> None:
    """What was put aside is back."""
    snooze.wake_due(ticket=Ticket(pk=timer.subject_id), at=at)


@on_timer(routing.LOOK_AGAIN)
def look_again(timer: Timer, at: datetime) -> None:
    """Tickets may wait for somebody whose shift has begun, or whom an event did not name."""
    async_task("tickets.jobs.drain_queues", save=False)


# --- open pages ---------------------------------------------------------------------------------------------


@live.topic("ticket")
def may_watch_ticket(viewer: Actor, ticket_id: int) -> bool:
    """Staff who may see the ticket: its nudges tell of notes and warnings, too."""
    return viewer.is_staff and Ticket.objects.visible_to(viewer).filter(pk=ticket_id).exists()


@live.topic("request")
def may_watch_request(viewer: Actor, ticket_id: int) -> bool:
    """Whoever may see the ticket; it moves only by what its customer is told."""
    return Ticket.objects.visible_to(viewer).filter(pk=ticket_id).exists()


@live.topic("queue")
def may_watch_queue(viewer: Actor, queue_id: int) -> bool:
    """Staff of the queue's team."""
    if not viewer.is_staff:
        return False
    return viewer.sees_all or Queue.objects.filter(pk=queue_id, team_id__in=viewer.scopes).exists()


@live.topic("desk")
def may_watch_desk(viewer: Actor, user_id: int) -> bool:
    """One's own lists."""
    return viewer.is_staff and viewer.id == user_id


@live.route("ticket")
def topics_of_ticket(event: Event) -> Iterable[tuple[str, int]]:
    """The ticket's page, its queue's list, and the lists of those who have it, had it or look after it."""
    yield "ticket", event.subject_id
    if event.kind in TOLD_TO_CUSTOMERS:
        yield "request", event.subject_id
    for name in ("target_id", "other_id", "new_id"):
        if event.data.get(name):
            yield "ticket", event.data[name]
    found = (
        Ticket.objects.filter(pk=event.subject_id)
        .values_list("queue_id", "assignee_id", "steward_id")
        .first()
    )
    if found is None:
        return
    queue_id, *people = found
    if queue_id is not None:
        yield "queue", queue_id
    for user_id in {*people, event.data.get("before_agent_id")} - {None}:
        yield "desk", user_id


@live.route("thread")
def tickets_of_message(event: Event) -> Iterable[tuple[str, int]]:
    """What became of a sent message is news on the ticket's page."""
    if event.kind == MessageStateChanged.kind:
        for pk in Ticket.objects.filter(thread_id=event.subject_id).values_list("pk", flat=True):
            yield "ticket", pk
            yield "request", pk


# --- questions of the floors below --------------------------------------------------------------------------


@ports_declared.viewer_of_link.provide
def viewer_of_link(token: str) -> Actor | None:
    """The holder of a tracking link. (Wrong ones are counted by who asks.)"""
    try:
        ticket = links.ticket_of_token(token=token, at=clock.now())
    except NotVisible:
        return None
    return Actor("link", ticket.pk)


@channel_ports.work_of_thread.provide
def work_of_thread(thread_id: int) -> channel_ports.ThreadWork | None:
    """The newest ticket on a thread."""
    ticket = _ticket_of_thread(thread_id)
    return channel_ports.ThreadWork(ticket.reference, ticket.subject) if ticket else None


@channel_ports.mail_link_of_thread.provide
def mail_link_of_thread(thread_id: int, at: datetime) -> channel_ports.ThreadWork | None:
    """The newest ticket on a thread with a new tracking link, as an absolute address."""
    ticket = _ticket_of_thread(thread_id)
    if ticket is None:
        return None
    path = reverse("tickets:track", args=[links.issue_link(ticket=ticket, at=at)])
    return channel_ports.ThreadWork(ticket.reference, ticket.subject, f"{settings.PUBLIC_URL}{path}")


@channel_ports.may_see_thread.provide
def may_see_thread(viewer: Actor, thread_id: int) -> bool:
    """Whether a ticket on the thread is visible to staff or the holder of a link."""
    on_it = Q(thread_id=thread_id) | Q(merged_from__thread_id=thread_id)
    return Ticket.objects.visible_to(viewer).filter(on_it).exists()


@guard_files_of("message")
def may_have_file(viewer: Actor, message_id: int) -> bool:
    """Whether the message stands on the timeline of a ticket that the viewer may see."""
    if viewer.kind not in ("staff", "link", "customer"):
        return False
    rows = Ticket.objects.visible_to(viewer).filter(entries__message_id=message_id)
    if not viewer.is_staff:
        rows = rows.filter(entries__message_id=message_id, entries__public=True)
    return rows.exists()


@channel_ports.seen_by_staff.provide
def seen_by_staff(thread_id: int) -> int:
    """The number of the last message of the thread that somebody of the staff has seen."""
    seen_at = (
        SeenMark.objects.filter(ticket__thread_id=thread_id)
        .order_by("-seen_at")
        .values_list("seen_at", flat=True)
        .first()
    )
    if seen_at is None:
        return 0
    rows = Message.objects.filter(thread_id=thread_id, at__lte=seen_at).order_by("-seq")
    return rows.values_list("seq", flat=True).first() or 0


@channel_ports.place_in_queue.provide
def place_in_queue(thread_id: int) -> channel_ports.QueuePlace | None:
    """How many are served before the thread's ticket; None when somebody has it already."""
    ticket = _ticket_of_thread(thread_id)
    place = queues.place_of(ticket, at=clock.now()) if ticket else None
    return channel_ports.QueuePlace(*place) if place else None
