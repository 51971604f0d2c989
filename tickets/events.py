"""Facts about tickets. The subject is always the ticket."""

from dataclasses import dataclass
from typing import ClassVar

from core.events import DomainEvent


@dataclass(frozen=True, kw_only=True)
class TicketEvent(DomainEvent):
    subject_kind: ClassVar[str] = "ticket"


@dataclass(frozen=True, kw_only=True)
class TicketOpened(TicketEvent):
    """A ticket exists; classification, clocks and routing follow."""

    kind: ClassVar[str] = "tickets.opened"
    channel_kind: str
    customer_id: int


@dataclass(frozen=True, kw_only=True)
class CustomerNamed(TicketEvent):
    """It turned out whose ticket it is: a nameless visitor left a number."""

    kind: ClassVar[str] = "tickets.customer_named"
    customer_id: int
    before_customer_id: int


@dataclass(frozen=True, kw_only=True)
class TicketClassified(TicketEvent):
    """Category, grade and priority were set; `by_person` tells a change of mind from the suggestion."""

    kind: ClassVar[str] = "tickets.classified"
    category: str
    grade: str
    priority: int
    by_person: bool
    before_grade: str = ""


@dataclass(frozen=True, kw_only=True)
class ClockChanged(TicketEvent):
    """A clock started, paused, resumed, was retargeted, met, stopped or breached (or, when a merge is undone, revived
    as it was before it stopped, or withdrawn as if it had never started): with this the event history rebuilds every
    deadline. Times are ISO 8601; `due_at`/`old_due_at` empty where there is none. `since` is the moment the
    change counts from (a clock starts when the ticket was opened, however late it is classified), `pause_until` the
    end of a pause that may not last for ever, `policy_id` the policy that promises."""

    kind: ClassVar[str] = "tickets.clock_changed"
    clock: str
    cycle: int
    change: str
    target_seconds: int
    calendar_id: int | None
    elapsed_seconds: int
    due_at: str = ""
    old_due_at: str = ""
    since: str = ""
    pause_until: str = ""
    policy_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class ClockWarned(TicketEvent):
    """So much of a clock is used; `recipient` is the step of the ladder."""

    kind: ClassVar[str] = "tickets.clock_warned"
    clock: str
    cycle: int
    percent: int
    recipient: str


@dataclass(frozen=True, kw_only=True)
class StatusChanged(TicketEvent):
    """The state changed."""

    kind: ClassVar[str] = "tickets.status_changed"
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class TicketAssigned(TicketEvent):
    """Somebody became responsible; `source` is routed, claimed or overridden."""

    kind: ClassVar[str] = "tickets.assigned"
    agent_id: int
    assignment_id: int
    source: str
    before_agent_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class TicketUnassigned(TicketEvent):
    """Nobody is responsible: it waits in its queue."""

    kind: ClassVar[str] = "tickets.unassigned"
    before_agent_id: int | None


@dataclass(frozen=True, kw_only=True)
class TicketQueued(TicketEvent):
    """The ticket waits in a queue."""

    kind: ClassVar[str] = "tickets.queued"
    queue: str
    tier: str


@dataclass(frozen=True, kw_only=True)
class TicketEscalated(TicketEvent):
    """The ticket went to another tier."""

    kind: ClassVar[str] = "tickets.escalated"
    hop_id: int
    direction: str
    from_tier: str
    to_tier: str


@dataclass(frozen=True, kw_only=True)
class CustomerReplied(TicketEvent):
    """The customer wrote on the ticket."""

    kind: ClassVar[str] = "tickets.customer_replied"
    message_id: int


@dataclass(frozen=True, kw_only=True)
class AgentReplied(TicketEvent):
    """A person answered in public; `first` when it was the first answer."""

    kind: ClassVar[str] = "tickets.agent_replied"
    message_id: int
    first: bool


@dataclass(frozen=True, kw_only=True)
class NoteAdded(TicketEvent):
    """An internal note was written."""

    kind: ClassVar[str] = "tickets.note_added"
    note_id: int


@dataclass(frozen=True, kw_only=True)
class TicketSnoozed(TicketEvent):
    """Whoever has the ticket put it aside until a time (ISO 8601); clocks run on."""

    kind: ClassVar[str] = "tickets.snoozed"
    until: str


@dataclass(frozen=True, kw_only=True)
class TicketWoke(TicketEvent):
    """A ticket that was put aside is back; `cause` is one of WokenBy."""

    kind: ClassVar[str] = "tickets.woke"
    cause: str


@dataclass(frozen=True, kw_only=True)
class TicketResolved(TicketEvent):
    """Resolved, awaiting the customer's confirmation."""

    kind: ClassVar[str] = "tickets.resolved"
    cycle: int
    solution_code: str
    root_cause: str
    agent_id: int | None


@dataclass(frozen=True, kw_only=True)
class TicketClosed(TicketEvent):
    """Closed; `reason` is confirmed, timeout or by_staff."""

    kind: ClassVar[str] = "tickets.closed"
    cycle: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class TicketReopened(TicketEvent):
    """Not solved after all."""

    kind: ClassVar[str] = "tickets.reopened"
    cycle: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class TicketAlerted(TicketEvent):
    """The customer said a word that somebody responsible must hear of."""

    kind: ClassVar[str] = "tickets.alerted"
    alert_id: int
    word_class: str


@dataclass(frozen=True, kw_only=True)
class AlertAcknowledged(TicketEvent):
    """Somebody took care of an alert."""

    kind: ClassVar[str] = "tickets.alert_acknowledged"
    alert_id: int
    word_class: str
    agent_id: int


@dataclass(frozen=True, kw_only=True)
class TicketMerged(TicketEvent):
    """The ticket became part of another. `agent_id` had it."""

    kind: ClassVar[str] = "tickets.merged"
    merge_id: int
    source: str
    target: str
    target_id: int
    agent_id: int | None


@dataclass(frozen=True, kw_only=True)
class TicketUnmerged(TicketEvent):
    """The merge was undone: the ticket stands on its own again."""

    kind: ClassVar[str] = "tickets.unmerged"
    merge_id: int
    source: str
    target: str
    target_id: int


@dataclass(frozen=True, kw_only=True)
class TicketSplit(TicketEvent):
    """A customer's message of the ticket became a ticket of its own, `new_id`."""

    kind: ClassVar[str] = "tickets.split"
    source: str
    new: str
    new_id: int
    message_id: int


@dataclass(frozen=True, kw_only=True)
class TicketLinked(TicketEvent):
    """The ticket was linked with `other_id`."""

    kind: ClassVar[str] = "tickets.linked"
    source: str
    other: str
    other_id: int
    link: str


@dataclass(frozen=True, kw_only=True)
class TicketUnlinked(TicketEvent):
    """The link with `other_id` was taken away."""

    kind: ClassVar[str] = "tickets.unlinked"
    source: str
    other: str
    other_id: int
    link: str


@dataclass(frozen=True, kw_only=True)
class DuplicateDismissed(TicketEvent):
    """Somebody looked: the ticket and `other_id` are different issues."""

    kind: ClassVar[str] = "tickets.duplicate_dismissed"
    other_id: int


@dataclass(frozen=True, kw_only=True)
class BulkStarted(DomainEvent):
    """Somebody asked for one verb on many tickets."""

    kind: ClassVar[str] = "tickets.bulk_started"
    subject_kind: ClassVar[str] = "bulk_run"
    action: str
    tickets: int


@dataclass(frozen=True, kw_only=True)
class CalendarChanged(DomainEvent):
    """A calendar got a new version, current from now on."""

    kind: ClassVar[str] = "tickets.calendar_changed"
    subject_kind: ClassVar[str] = "calendar"
    code: str
    version: int
    before_id: int


@dataclass(frozen=True, kw_only=True)
class SlaPolicyChanged(DomainEvent):
    """An SLA policy got a new version, current from now on."""

    kind: ClassVar[str] = "tickets.sla_policy_changed"
    subject_kind: ClassVar[str] = "sla_policy"
    code: str
    version: int
    before_id: int


@dataclass(frozen=True, kw_only=True)
class SlaPolicyApplied(DomainEvent):
    """The current policy was given to open tickets as well; `tickets` counts those that changed."""

    kind: ClassVar[str] = "tickets.sla_policy_applied"
    subject_kind: ClassVar[str] = "sla_policy"
    tickets: int


#: what changes a customer's page of the ticket; the others stay inside, even that they happened
TOLD_TO_CUSTOMERS = frozenset(
    event.kind
    for event in (
        TicketOpened,
        CustomerNamed,
        ClockChanged,
        StatusChanged,
        TicketAssigned,
        TicketUnassigned,
        TicketEscalated,
        CustomerReplied,
        AgentReplied,
        TicketResolved,
        TicketClosed,
        TicketReopened,
        TicketMerged,
        TicketUnmerged,
    )
)
