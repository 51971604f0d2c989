"""Who may put whom into which duty state."""

from accounts.enums import DutyState

#: these say why
NEEDS_REASON = frozenset({DutyState.BREAK, DutyState.FORCED_OUT})


def may_set_duty(*, own: bool, leads: bool, state: str) -> bool:
    """One sets one's own state; only somebody else (a lead, the system) can sign one out by force."""
    if state == DutyState.FORCED_OUT:
        return leads and not own
    return own or leads
