"""Pure rules: which state may follow which, which clock runs in which state, what a priority is."""

from tickets.enums import ClockKind, Grade, Impact, Status, Urgency

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
    Status.MERGED: frozenset({Status.OPEN}),
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
