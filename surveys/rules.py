"""What a rating means, and how a follow-up moves."""

from datetime import datetime, timedelta
from fractions import Fraction

from surveys.enums import OPEN_STATES, FollowUpState

S = FollowUpState

#: from → where a follow-up may go; finished ones stay
MOVES: dict[str, frozenset[str]] = {
    S.TO_DO: frozenset({S.CONTACTING, S.INVALID}),
    S.CONTACTING: frozenset({S.CONTACTED, S.INVALID}),
    S.CONTACTED: frozenset({S.HANDLING, S.WON_BACK, S.NOT_WON_BACK, S.INVALID}),
    S.HANDLING: frozenset({S.WON_BACK, S.NOT_WON_BACK, S.INVALID}),
    S.WON_BACK: frozenset(),
    S.NOT_WON_BACK: frozenset(),
    S.INVALID: frozenset(),
}
#: a follow-up that ends says what was done
FINISHED = frozenset(S) - OPEN_STATES
#: shares of its time after which an open follow-up is escalated: 12, 20 and 24 of 24 hours
REMINDERS = (Fraction(1, 2), Fraction(5, 6), Fraction(1))
#: a customer is asked for a recommendation (NPS) at most this often
NPS_EVERY = timedelta(days=90)


def may_move(before: str, after: str) -> bool:
    """Whether a follow-up may go from one state to the other."""
    return after in MOVES[before]


def wants_follow_up(*, stars: int, bad_stars: int, call_me: bool) -> bool:
    """A bad rating is followed up, and whoever asks for a call gets one."""
    return stars <= bad_stars or call_me


def reminder_times(opened_at: datetime, hours: int) -> list[datetime]:
    """When an open follow-up is escalated, in order."""
    return [opened_at + timedelta(seconds=int(hours * 3600 * share)) for share in REMINDERS]
