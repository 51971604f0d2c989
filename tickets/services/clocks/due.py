"""What time itself does to clocks: warnings, breaches, and pauses that may not last for ever.

One timer a clock wakes it for its next step of the ladder. A timer that fires takes its like along, so that a hundred
thousand deadlines of one morning are marked in sets, not one by one. Whoever fires holds the timer's row; a verb holds
the clock's row and then wants the timer's. So nothing here ever waits for a clock or a ticket: a clock that somebody
holds is tried again a second later.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from core.actors import SYSTEM
from core.db import lock_rows
from core.events import DomainEvent, announce_many
from core.models import Timer
from core.services.timers import cancel_timers, due_subjects, set_timer, set_timers
from tickets import stopwatch
from tickets.enums import ClockState
from tickets.events import ClockWarned
from tickets.models import Clock
from tickets.services.clocks.sheet import (
    BREACH,
    PAUSE_ENDS,
    WARN,
    Sheet,
    changed,
    key_of,
    ladders_of,
    timer_of,
    watch_of,
)

BATCH = 1000
AGAIN = timedelta(seconds=1)


@dataclass(frozen=True)
class Marked:
    """What was done in one go."""

    seen: int
    breached: int
    warned: int


@transaction.atomic
def mark_breached(ids: Iterable[int], *, at: datetime) -> int:
    """Put on record every breach among these clocks that is not, with the steps of the ladder that were reached, each
    exactly once; returns how many breaches. Clocks that another transaction holds are left to their timers."""
    late = Clock.objects.filter(
        pk__in=list(ids), state=ClockState.RUNNING, breached_at=None, due_at__lte=at
    ).values_list("pk", flat=True)
    return _advance(list(late), at=at).breached


@transaction.atomic
def run_due(clock_id: int, *, kind: str, at: datetime) -> Marked:
    """A timer of this clock fired: do what is due on it, and on up to a thousand others that wait for the same."""
    own = lock_rows(Clock.objects.filter(pk=clock_id), skip_locked=True).values_list("pk", flat=True)
    if not own:
        if Clock.objects.filter(pk=clock_id).exists():
            set_timer(kind, subject_id=clock_id, due_at=at + AGAIN, dedupe=key_of(clock_id))
        return Marked(0, 0, 0)
    others = due_subjects([WARN, BREACH], at=at, limit=BATCH)
    return _advance([clock_id, *others], at=at)


@transaction.atomic
def end_pause(clock_id: int, *, at: datetime) -> bool:
    """The limit of a pause is reached: the clock runs again, though the ticket still waits. Whether it does."""
    ticket_id = Clock.objects.filter(pk=clock_id).values_list("ticket_id", flat=True).first()
    if ticket_id is None:
        return False
    sheet = Sheet([ticket_id], actor=SYSTEM, at=at, skip_locked=True)
    clock = (
        next((found for found in sheet.clocks(ticket_id) if found.pk == clock_id), None)
        if sheet.tickets
        else None
    )
    if clock is None:
        paused = Clock.objects.filter(pk=clock_id, state=ClockState.PAUSED, pause_until__isnull=False)
        if paused.exists():
            set_timer(PAUSE_ENDS, subject_id=clock_id, due_at=at + AGAIN, dedupe=key_of(clock_id))
        return False
    ended = sheet.end_pause(clock)
    sheet.save()
    return ended


def _advance(ids: list[int], *, at: datetime) -> Marked:
    """Warn and breach what is due among these clocks and set each one's next timer."""
    rows = (
        Clock.objects.filter(pk__in=ids)
        .select_related("calendar")
        .annotate(policy_id=F("ticket__sla_policy_id"))
    )
    clocks = list(lock_rows(rows, skip_locked=True).order_by("pk"))
    ladders = ladders_of(clock.policy_id for clock in clocks)
    facts: list[DomainEvent] = []
    wanted: list[Timer] = []
    unwanted: list[str] = []
    # a row is written once: a second update in one transaction would check its foreign key, and so wait for the ticket
    written: dict[tuple[bool, int], list[int]] = {}
    breaches = warnings = 0
    for clock in clocks:
        watch = watch_of(clock)
        ladder = ladders[clock.policy_id]
        if stopwatch.is_late(watch, at):
            watch = stopwatch.breach(watch, at)
            breaches += 1
            since = watch.breached_at or at
            facts.append(
                changed(clock, watch, "breached", since=since, policy_id=clock.policy_id, before=watch)
            )
        if watch.running:
            for percent, recipient in ladder.items():
                if percent > watch.warned_percent and watch.moment_of(percent) <= at:
                    watch = stopwatch.warn(watch, percent)
                    warnings += 1
                    facts.append(
                        ClockWarned(
                            subject_id=clock.ticket_id,
                            clock=clock.kind,
                            cycle=clock.cycle,
                            percent=percent,
                            recipient=recipient,
                        )
                    )
        late = watch.breached_at != clock.breached_at
        if late or watch.warned_percent != clock.warned_percent:
            written.setdefault((late, watch.warned_percent), []).append(clock.pk)
        timer = timer_of(clock.pk, watch, ladder)
        if timer is not None:
            wanted.append(timer)
        else:
            unwanted.append(key_of(clock.pk))
    for (late, percent), alike in written.items():
        change = {"warned_percent": percent, **({"breached_at": stopwatch.whole(at)} if late else {})}
        Clock.objects.filter(pk__in=alike).update(**change)
    announce_many(facts, actor=SYSTEM, at=at)
    if wanted:
        set_timers(wanted)
    if unwanted:
        cancel_timers(unwanted)
    return Marked(len(clocks), breaches, warnings)
