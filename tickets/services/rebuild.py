"""What the clocks must be, told by the events alone: the proof that rows and history agree."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.models import Event
from tickets import rules, stopwatch
from tickets.business_time import OpenHours
from tickets.enums import ClockKind, ClockState, Status
from tickets.events import ClockChanged, ClockWarned, StatusChanged
from tickets.models import Calendar, Clock, Ticket
from tickets.services.clocks.sheet import SHARED, watch_of
from tickets.services.hours import open_hours
from tickets.stopwatch import Stopwatch

BATCH = 500


class BrokenHistory(ValueError):
    """The events of a ticket tell no possible story."""


@dataclass(frozen=True)
class ClockView:
    """One clock as the history tells it."""

    kind: str
    cycle: int
    watch: Stopwatch


@dataclass(frozen=True)
class Difference:
    """Where a row and its history differ. `field` may be `row` (one of the two is missing) or `history`."""

    ticket_id: int
    clock: str
    cycle: int
    field: str
    row: Any
    rebuilt: Any

    def __str__(self) -> str:
        where = f"ticket {self.ticket_id}: {self.clock} {self.cycle}: {self.field}"
        return f"{where}: row {self.row}, history {self.rebuilt}"


def rebuild(*, ticket: Ticket) -> list[ClockView]:
    """Every clock of the ticket from its events, in order of kind and cycle. Raises BrokenHistory."""
    events = _events([ticket.pk]).get(ticket.pk, [])
    return _fold(events, _hours(events))


def differences(ticket_ids: Iterable[int]) -> list[Difference]:
    """Where rows differ from history among these tickets: the clocks, whether they run as the state says, and the
    deadline repeated on the ticket. Four queries, however many tickets."""
    ids = list(ticket_ids)
    by_ticket = _events(ids)
    hours = _hours(event for events in by_ticket.values() for event in events)
    rows: dict[int, dict[tuple[str, int], Clock]] = {pk: {} for pk in ids}
    for clock in Clock.objects.filter(ticket_id__in=ids).select_related("calendar"):
        rows[clock.ticket_id][clock.kind, clock.cycle] = clock
    found: list[Difference] = []
    columns = ("pk", "status", "due_at", "due_kind", "due_total")
    for pk, status, *due in Ticket.objects.filter(pk__in=ids).order_by("pk").values_list(*columns):
        events = by_ticket.get(pk, [])
        try:
            views = {(view.kind, view.cycle): view for view in _fold(events, hours)}
        except BrokenHistory as error:
            found.append(Difference(pk, "*", 0, "history", len(events), str(error)))
            continue
        found += _compare(pk, rows[pk], views)
        found += _against_state(pk, Status(status), events, views)
        running = [view for view in views.values() if view.watch.running and view.watch.due_at]
        first = min(running, key=lambda view: (view.watch.due_at, view.kind), default=None)
        expected = [first.watch.due_at, first.kind, first.watch.target_seconds] if first else [None, "", 0]
        if due != expected:
            found.append(Difference(pk, "ticket", 0, "due", due, expected))
    return found


def all_differences(*, batch: int = BATCH) -> Iterator[Difference]:
    """`differences` for every ticket there is, in batches."""
    last = 0
    while True:
        ids = list(Ticket.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:batch])
        if not ids:
            return
        yield from differences(ids)
        last = ids[-1]


# --- reading the story ---------------------------------------------------------------------------------------

Story = Sequence[tuple[str, datetime, dict[str, Any]]]


def _events(ticket_ids: Iterable[int]) -> dict[int, list[tuple[str, datetime, dict[str, Any]]]]:
    """What happened to the clocks and the state, in the order it was written (the writers held the clock's lock)."""
    kinds = (ClockChanged.kind, ClockWarned.kind, StatusChanged.kind)
    rows = Event.objects.filter(kind__in=kinds, subject_kind="ticket", subject_id__in=list(ticket_ids))
    story: dict[int, list[tuple[str, datetime, dict[str, Any]]]] = {}
    for subject_id, kind, at, data in rows.order_by("id").values_list("subject_id", "kind", "at", "data"):
        story.setdefault(subject_id, []).append((kind, at, data))
    return story


def _hours(events: Iterable[tuple[str, datetime, dict[str, Any]]]) -> dict[int | None, OpenHours | None]:
    """The hours of every calendar that the events name."""
    ids = {data["calendar_id"] for _kind, _at, data in events if data.get("calendar_id") is not None}
    found: dict[int | None, OpenHours | None] = {None: None}
    for calendar in Calendar.objects.filter(pk__in=ids):
        found[calendar.pk] = open_hours(calendar)
    return found


def _fold(events: Story, hours: dict[int | None, OpenHours | None]) -> list[ClockView]:
    watches: dict[tuple[str, int], Stopwatch] = {}
    halted: dict[tuple[str, int], Stopwatch] = {}
    for kind, _at, data in events:
        if kind == StatusChanged.kind:
            continue
        key = (data["clock"], data["cycle"])
        if kind == ClockWarned.kind:
            if key not in watches:
                raise BrokenHistory(f"{key[0]} {key[1]} was warned of before it started")
            watches[key] = stopwatch.warn(watches[key], data["percent"])
            continue
        before = watches.get(key)
        if data["change"] == "revived":
            if before is None or before.live or key not in halted:
                raise BrokenHistory(f"{key[0]} {key[1]} was revived without having been stopped")
            watches[key] = halted.pop(key)
            continue
        watches[key] = _apply(before, data, hours)
        if before is not None and data["change"] == ClockState.STOPPED:
            halted[key] = before
        if data["change"] == "withdrawn":
            del watches[key]
    order = list(ClockKind.values)
    return [
        ClockView(kind, cycle, watch)
        for (kind, cycle), watch in sorted(
            watches.items(), key=lambda item: (order.index(item[0][0]), item[0][1])
        )
    ]


def _apply(
    watch: Stopwatch | None, data: dict[str, Any], hours: dict[int | None, OpenHours | None]
) -> Stopwatch:
    change, since = data["change"], datetime.fromisoformat(data["since"])
    promise = {
        "target_seconds": data["target_seconds"],
        "calendar_id": data["calendar_id"],
        "hours": hours.get(data["calendar_id"]),
    }
    if change == "started":
        if watch is not None:
            raise BrokenHistory(f"{data['clock']} {data['cycle']} started twice")
        return stopwatch.start(since, **promise)
    if watch is None:
        raise BrokenHistory(f"{data['clock']} {data['cycle']} {change} before it started")
    if not watch.live:
        raise BrokenHistory(f"{data['clock']} {data['cycle']} {change} after its end")
    if change == "paused":
        until = data["pause_until"]
        return stopwatch.pause(watch, since, until=datetime.fromisoformat(until) if until else None)
    if change == "resumed":
        return stopwatch.resume(watch, since)
    if change == "retargeted":
        return stopwatch.retarget(watch, since, **promise)
    if change == "breached":
        return stopwatch.breach(watch, since)
    if change == "withdrawn":
        return watch
    if change in (ClockState.MET, ClockState.STOPPED):
        return stopwatch.finish(watch, since, ClockState(change))
    raise BrokenHistory(f"nobody knows what {change} means")


# --- comparing -----------------------------------------------------------------------------------------------


def _compare(
    ticket_id: int, rows: dict[tuple[str, int], Clock], views: dict[tuple[str, int], ClockView]
) -> list[Difference]:
    found = []
    for key in sorted({*rows, *views}):
        if key not in rows or key not in views:
            found.append(Difference(ticket_id, *key, "row", key in rows, key in views))
            continue
        row, view = watch_of(rows[key]), views[key].watch
        found += [
            Difference(ticket_id, *key, name, getattr(row, name), getattr(view, name))
            for name in SHARED
            if getattr(row, name) != getattr(view, name)
        ]
    return found


def _against_state(
    ticket_id: int, status: Status, events: Story, views: dict[tuple[str, int], ClockView]
) -> list[Difference]:
    """The last state in the history is the ticket's, and every live clock runs or stands as that state says; a clock
    whose limited pause was used up may run where it would stand."""
    found = []
    told = [data["after"] for kind, _at, data in events if kind == StatusChanged.kind]
    if told and told[-1] != status:
        found.append(Difference(ticket_id, "ticket", 0, "status", status.value, told[-1]))
    for (kind, cycle), view in views.items():
        if not view.watch.live:
            continue
        runs = rules.runs_in(ClockKind(kind), status)
        used_up = status in rules.PAUSE_IS_LIMITED and view.watch.capped_seconds > 0
        if view.watch.running != runs and not (view.watch.running and used_up):
            found.append(Difference(ticket_id, kind, cycle, "runs", view.watch.running, runs))
    return found
