"""Pure rules: which state may follow which, which clock runs in which state, what a priority is."""

from collections.abc import Iterable

from tickets.enums import ACTIVE, ClockKind, Grade, Impact, Status, Urgency

#: state → the states that may follow; services.state._move is the only one to use it
TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.NEW: frozenset({Status.OPEN, Status.MERGED}),
    Status.OPEN: frozenset(
        {
            Status.WAITING_CUSTOMER,
            Status.WAITING_PART,
            Status.WAITING_THIRD_PARTY,
            Status.RESOLVED,
            Status.MERGED,
        }
    ),
    Status.WAITING_CUSTOMER: frozenset(
        {Status.OPEN, Status.WAITING_PART, Status.WAITING_THIRD_PARTY, Status.RESOLVED, Status.MERGED}
    ),
    Status.WAITING_PART: frozenset(
        {Status.OPEN, Status.WAITING_CUSTOMER, Status.WAITING_THIRD_PARTY, Status.RESOLVED, Status.MERGED}
    ),
    Status.WAITING_THIRD_PARTY: frozenset(
        {Status.OPEN, Status.WAITING_CUSTOMER, Status.WAITING_PART, Status.RESOLVED, Status.MERGED}
    ),
    Status.RESOLVED: frozenset({Status.OPEN, Status.CLOSED}),
    Status.CLOSED: frozenset({Status.OPEN}),
    # undoing a merge brings a ticket back to where it was, and nothing else does
    Status.MERGED: ACTIVE,
}

#: clock → the states it runs in; in any other active state it is paused
CLOCK_RUNS_IN: dict[ClockKind, frozenset[Status]] = {
    ClockKind.FIRST_RESPONSE: frozenset(
        {Status.NEW, Status.OPEN, Status.WAITING_CUSTOMER, Status.WAITING_PART, Status.WAITING_THIRD_PARTY}
    ),
    ClockKind.NEXT_RESPONSE: frozenset(
        {Status.NEW, Status.OPEN, Status.WAITING_CUSTOMER, Status.WAITING_PART, Status.WAITING_THIRD_PARTY}
    ),
    ClockKind.RESOLUTION: frozenset({Status.NEW, Status.OPEN, Status.WAITING_THIRD_PARTY}),
    ClockKind.REOPEN_RESOLUTION: frozenset({Status.NEW, Status.OPEN, Status.WAITING_THIRD_PARTY}),
    ClockKind.TIER_HOP: frozenset({Status.NEW, Status.OPEN, Status.WAITING_THIRD_PARTY}),
}

#: every live clock stops for good in these
CLOCKS_STOP_IN = frozenset({Status.CLOSED, Status.MERGED})

#: a pause in these may only last as long as the policy says (`part_pause_days`), in all
PAUSE_IS_LIMITED = frozenset({Status.WAITING_PART})

#: what counts to the solution, not to an answer
RESOLUTIONS = frozenset({ClockKind.RESOLUTION, ClockKind.REOPEN_RESOLUTION})

#: promises that nobody but a person keeps
MET_BY_PEOPLE = frozenset({ClockKind.FIRST_RESPONSE, ClockKind.NEXT_RESPONSE})


def runs_in(kind: ClockKind, status: Status) -> bool:
    """Whether a clock of this kind runs while the ticket is in this state."""
    return status in CLOCK_RUNS_IN[kind]


def next_step(ladder: Iterable[int], *, warned: int, breached: bool) -> int | None:
    """The next percentage at which something happens to a running clock: a step of the ladder that was not
    announced, or the breach; None when nothing is left."""
    steps = {percent for percent in ladder if percent > warned}
    if not breached:
        steps.add(100)
    return min(steps, default=None)


def colour(left_percent: int, *, overdue: bool) -> str:
    """Green above half, yellow from half to a fifth, orange below a fifth, red when overdue."""
    if overdue:
        return "red"
    if left_percent > 50:
        return "green"
    return "yellow" if left_percent >= 20 else "orange"


def may_move(before: Status, after: Status) -> bool:
    """Whether the table allows the step."""
    return after in TRANSITIONS[before]


def priority_of(impact: int, urgency: int) -> int:
    """1 (highest) to 4 from impact × urgency (rules of the field: ITIL's matrix)."""
    product = Impact(impact) * Urgency(urgency)
    if product >= 9:
        return 1
    if product >= 6:
        return 2
    if product >= 3:
        return 3
    return 4


#: the usual impact and urgency of a grade, where nobody said otherwise
GRADE_WEIGHT: dict[Grade, tuple[Impact, Urgency]] = {
    Grade.CONSULT: (Impact.LOW, Urgency.LOW),
    Grade.SIMPLE: (Impact.MEDIUM, Urgency.MEDIUM),
    Grade.COMPLEX: (Impact.HIGH, Urgency.MEDIUM),
    Grade.MAJOR: (Impact.CRITICAL, Urgency.HIGH),
}

#: what counts when a ticket is given to somebody, and how much; a queue may weigh otherwise (Queue.weights).
#: `prior` is whoever worked on this ticket at this tier before, `value` somebody trained for valued
#: customers, `idle` the time since the last assignment. Each criterion scores 0 to 1. One open ticket of
#: thirty weighs as much as an hour's wait: fewest open first, equals by the longest time since the last one.
ROUTING_WEIGHTS: dict[str, int] = {
    "prior": 200,
    "skill": 40,
    "load": 30,
    "region": 15,
    "language": 10,
    "value": 10,
    "idle": 1,
}

#: the idle time (minutes) that counts in full
IDLE_FULL_MINUTES = 60

#: how much later a ticket seems to have come for each step of priority below the highest, and how much
#: earlier for a valued customer. A normal customer never waits longer than that for members (S2-21); a major
#: fault goes before all.
AGEING_STEP_MINUTES = 10
MEMBER_HEAD_START_MINUTES: dict[str, int] = {
    "normal": 0,
    "silver": 1,
    "gold": 2,
    "diamond": 4,
    "enterprise": 3,
    "enterprise_vip": 5,
}

#: levels whose tickets prefer somebody with the skill VALUE_SKILL
VALUED_LEVELS = frozenset({"gold", "diamond", "enterprise_vip"})
VALUE_SKILL = "vip"
#: language of the customer → the skill that speaks it (Chinese needs none)
LANGUAGE_SKILLS = {"en": "english"}

#: the reopening that brings a ticket to the experts
REOPENINGS_TO_EXPERTS = 3

#: days that a private tracking link is good for
LINK_DAYS = 180

#: files with a request for service
REQUEST_FILES = 5

#: a deadline this near (minutes) is "soon due" in the lists
SOON_MINUTES = 30

#: days that a ticket may be put aside at most
SNOOZE_DAYS = 30
