"""SLA policies: which one holds, new versions of it, and what a new version would do to open tickets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from core.actors import Actor
from core.db import lock_rows
from core.errors import Conflict, InvalidInput
from core.events import announce
from customers.enums import Level
from tickets import rules, stopwatch
from tickets.enums import ClockKind, ClockState, Grade
from tickets.events import SlaPolicyApplied, SlaPolicyChanged
from tickets.models import Calendar, Clock, EscalationStep, SlaPolicy, SlaTarget, Ticket
from tickets.services.clocks import retarget_all
from tickets.services.clocks.sheet import Sheet, watch_of
from tickets.services.hours import open_hours
from tickets.services.promises import CELL_FIELDS, cells_of, current_policy

__all__ = [
    "Changes",
    "Preview",
    "apply_to_open",
    "cells_of",
    "check",
    "current_policy",
    "follow_calendar",
    "new_version",
    "preview",
]

#: longest promise, so that a slip of the keyboard (a year in minutes) is refused
MAX_MINUTES = 366 * 24 * 60
NUMBERS = ("confirm_hours", "reopen_days", "part_pause_days")


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What a new version changes. `targets`: (grade, level) → the fields of that cell that differ; calendars are
    Calendar rows or None. `ladder`: all steps as (percent, recipient), None = as before. `numbers`: confirm_hours,
    reopen_days, part_pause_days."""

    targets: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    ladder: Sequence[tuple[int, str]] | None = None
    numbers: Mapping[str, int] = field(default_factory=dict)
    name_zh: str = ""
    name_en: str = ""


@transaction.atomic
def new_version(*, policy: SlaPolicy, changes: Changes, actor: Actor, at: datetime) -> SlaPolicy:
    """Make the next version of a policy current, for new tickets. Changes that change nothing return the policy as it
    is. Raises InvalidInput, and Conflict when the policy is no longer the current version."""
    old = lock_rows(SlaPolicy.objects.filter(code=policy.code, is_current=True)).first()
    if old is None or old.pk != policy.pk:
        raise Conflict(_("Somebody changed this policy meanwhile."), code="stale_version")
    cells = cells_of(old)
    ladder = list(old.ladder.values_list("percent", "recipient"))
    check(changes)
    after = {
        key: {**cells.get(key, {}), **changes.targets.get(key, {})} for key in {*cells, *changes.targets}
    }
    _check_whole(after)
    steps = ladder if changes.ladder is None else sorted(changes.ladder)
    numbers = {name: changes.numbers.get(name, getattr(old, name)) for name in NUMBERS}
    names = {"name_zh": changes.name_zh or old.name_zh, "name_en": changes.name_en or old.name_en}
    same = all(getattr(old, name) == value for name, value in {**numbers, **names}.items())
    if same and after == cells and steps == ladder:
        return old
    SlaPolicy.objects.filter(pk=old.pk).update(is_current=False)
    new = SlaPolicy(
        code=old.code, version=old.version + 1, brand_id=old.brand_id, created_at=at, **numbers, **names
    )
    new.save(force_insert=True)
    SlaTarget.objects.bulk_create(
        SlaTarget(policy=new, grade=grade, level=level, **cell)
        for (grade, level), cell in sorted(after.items())
    )
    EscalationStep.objects.bulk_create(
        EscalationStep(policy=new, percent=percent, recipient=recipient) for percent, recipient in steps
    )
    announce(
        SlaPolicyChanged(subject_id=new.pk, code=new.code, version=new.version, before_id=old.pk),
        actor=actor,
        at=at,
    )
    return new


def follow_calendar(*, old: Calendar, new: Calendar, actor: Actor, at: datetime) -> list[SlaPolicy]:
    """A calendar has a new version: the current policies that promise on the old one get a new version as well."""
    uses = Q(targets__response_calendar=old) | Q(targets__resolution_calendar=old)
    made = []
    for policy in SlaPolicy.objects.filter(uses, is_current=True).distinct():
        targets: dict[tuple[str, str], dict[str, Any]] = {}
        for key, cell in cells_of(policy).items():
            moved = {
                name: new
                for name, value in cell.items()
                if isinstance(value, Calendar) and value.pk == old.pk
            }
            if moved:
                targets[key] = moved
        made.append(new_version(policy=policy, changes=Changes(targets=targets), actor=actor, at=at))
    return made


def check(changes: Changes) -> None:
    """Raises InvalidInput: a time that is not above zero (or longer than a year), a cell that is not of the matrix, a
    calendar that is never open or an old version, a step twice, below 1 % or for nobody."""
    wrong: dict[str, list[object]] = {}
    for (grade, level), cell in changes.targets.items():
        name = f"{grade}:{level}"
        if grade not in Grade.values or level not in Level.values or not set(cell) <= set(CELL_FIELDS):
            wrong[name] = [_("The matrix has no such cell.")]
            continue
        for minutes in (cell.get("first_response_minutes"), cell.get("resolution_minutes")):
            if minutes is not None and not 0 < minutes <= MAX_MINUTES:
                wrong.setdefault(name, []).append(_("A promise lasts at least a minute and at most a year."))
        for calendar in (cell.get("response_calendar"), cell.get("resolution_calendar")):
            if calendar is not None and not calendar.always_open and not calendar.windows.exists():
                wrong.setdefault(name, []).append(_("This calendar is never open."))
    if changes.ladder is not None:
        percents = [percent for percent, _recipient in changes.ladder]
        recipients = {value for value, _label in EscalationStep._meta.get_field("recipient").choices or []}
        if len(set(percents)) < len(percents):
            wrong["ladder"] = [_("A step is named twice.")]
        elif any(not 1 <= percent <= 1000 for percent in percents):
            wrong["ladder"] = [_("A step lies between 1 and 1000 percent.")]
        elif not {recipient for _percent, recipient in changes.ladder} <= recipients:
            wrong["ladder"] = [_("A step needs a recipient.")]
    for name, value in changes.numbers.items():
        if name not in NUMBERS or not 0 <= value <= 3650:
            wrong[name] = [_("This number is out of range.")]
    if wrong:
        raise InvalidInput(fields=wrong, code="policy_invalid")


def _check_whole(cells: Mapping[tuple[str, str], Mapping[str, Any]]) -> None:
    for (grade, level), cell in cells.items():
        if not {"first_response_minutes", "resolution_minutes"} <= set(cell):
            raise InvalidInput(
                fields={f"{grade}:{level}": [_("A cell needs both times.")]}, code="policy_invalid"
            )


# --- open tickets --------------------------------------------------------------------------------------------

Cells = Mapping[tuple[str, str], Mapping[str, Any]]


@dataclass(frozen=True)
class Moved:
    """So many live clocks of one kind, grade and level would get another promise."""

    kind: str
    grade: str
    level: str
    clocks: int
    old_seconds: int
    new_seconds: int


@dataclass(frozen=True)
class Example:
    """One ticket's deadline, now and after."""

    ticket_id: int
    reference: str
    kind: str
    old_due_at: datetime | None
    new_due_at: datetime | None


@dataclass(frozen=True)
class Preview:
    """What a policy would do to open tickets: how many of them, which clocks, and the deadlines of the `examined`
    running clocks that are due next; `late` of these would be overdue at once."""

    tickets: int
    moved: list[Moved]
    examined: int
    late: int
    examples: list[Example]


def preview(
    *, policy: SlaPolicy, changes: Changes | None = None, at: datetime, examine: int = 2000, show: int = 20
) -> Preview:
    """What `apply_to_open` would do with this policy as it is, or as it would be with the changes. Counts are exact;
    new deadlines are worked out for the `examine` running clocks that are due next. Raises InvalidInput (see check)."""
    cells = cells_of(policy)
    if changes is not None:
        check(changes)
        cells = {
            key: {**cells.get(key, {}), **changes.targets.get(key, {})} for key in {*cells, *changes.targets}
        }
        _check_whole(cells)
    live = Clock.objects.filter(
        state__in=[ClockState.RUNNING, ClockState.PAUSED], ticket__in=_governed(policy)
    )
    groups = live.values(
        "kind", "target_seconds", "calendar_id", grade=F("ticket__grade"), level=F("ticket__level")
    ).annotate(clocks=Count("pk"))
    moved: list[Moved] = []
    reached = Q(pk__in=[])
    for group in groups.order_by("kind", "grade", "level"):
        promised = _promised(cells, group["kind"], group["grade"], group["level"], group["target_seconds"])
        if promised is None:
            continue
        seconds, calendar = promised
        if (seconds, calendar and calendar.pk) == (group["target_seconds"], group["calendar_id"]):
            continue
        moved.append(
            Moved(
                group["kind"],
                group["grade"],
                group["level"],
                group["clocks"],
                group["target_seconds"],
                seconds,
            )
        )
        reached |= Q(
            kind=group["kind"],
            target_seconds=group["target_seconds"],
            calendar_id=group["calendar_id"],
            ticket__grade=group["grade"],
            ticket__level=group["level"],
        )
    found = live.filter(reached)
    examples: list[Example] = []
    late = examined = 0
    next_due = found.filter(state=ClockState.RUNNING).order_by("due_at", "pk").select_related("calendar")
    for clock in next_due.annotate(
        reference=F("ticket__reference"), grade=F("ticket__grade"), level=F("ticket__level")
    )[:examine]:
        promised = _promised(cells, clock.kind, clock.grade, clock.level, clock.target_seconds)
        if promised is None:
            continue
        seconds, calendar = promised
        after = stopwatch.retarget(
            watch_of(clock),
            at,
            target_seconds=seconds,
            calendar_id=calendar.pk if calendar else None,
            hours=open_hours(calendar),
        )
        examined += 1
        late += stopwatch.is_late(after, at)
        if len(examples) < show:
            examples.append(Example(clock.ticket_id, clock.reference, clock.kind, clock.due_at, after.due_at))
    return Preview(
        tickets=found.values("ticket_id").distinct().count(),
        moved=moved,
        examined=examined,
        late=late,
        examples=examples,
    )


def apply_to_open(*, policy: SlaPolicy, actor: Actor, at: datetime, batch: int = 200) -> int:
    """Give the current policy to every open ticket that it governs, idle ones and ones without a promise included;
    returns how many got another promise. Each batch is a transaction of its own: an interrupted run is taken up again
    where it stopped, by running it once more. Raises Conflict when the policy is not the current version."""
    if not SlaPolicy.objects.filter(pk=policy.pk, is_current=True).exists():
        raise Conflict(_("Only the current version of a policy can be applied."), code="stale_version")
    waiting = _governed(policy).exclude(sla_policy=policy).order_by("pk")
    changed = last = 0
    while True:
        ids = list(waiting.filter(pk__gt=last).values_list("pk", flat=True)[:batch])
        if not ids:
            break
        with transaction.atomic():
            sheet = Sheet(ids, actor=actor, at=at)
            changed += retarget_all(sheet)
            sheet.save()
        last = ids[-1]
    with transaction.atomic():
        announce(SlaPolicyApplied(subject_id=policy.pk, tickets=changed), actor=actor, at=at)
    return changed


def _governed(policy: SlaPolicy) -> QuerySet[Ticket]:
    """Open tickets whose brand this policy (or its next version) serves."""
    rows = Ticket.objects.active()
    if policy.brand_id is not None:
        return rows.filter(brand_id=policy.brand_id)
    own = SlaPolicy.objects.filter(is_current=True, brand__isnull=False).values("brand_id")
    return rows.exclude(brand_id__in=own)


def _promised(
    cells: Cells, kind: str, grade: str, level: str, target_seconds: int
) -> tuple[int, Calendar | None] | None:
    """What the matrix promises a clock; a tier's time is the tier's own, only its calendar is the matrix's."""
    cell = cells.get((grade or Grade.SIMPLE, level)) or cells.get((grade or Grade.SIMPLE, Level.NORMAL))
    if cell is None:
        return None
    if kind == ClockKind.TIER_HOP:
        return target_seconds, cell["response_calendar"]
    if kind in rules.RESOLUTIONS:
        return cell["resolution_minutes"] * 60, cell["resolution_calendar"]
    return cell["first_response_minutes"] * 60, cell["response_calendar"]
