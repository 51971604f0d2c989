"""SLA policies: which one holds, new versions of it, and what a new version would do to open tickets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.actors import Actor
from core.db import lock_rows
from core.errors import Conflict, InvalidInput
from core.events import announce
from customers.enums import Level
from customers.models import Brand
from tickets.enums import Grade
from tickets.events import SlaPolicyChanged
from tickets.models import Calendar, EscalationStep, SlaPolicy, SlaTarget

#: longest promise, so that a slip of the keyboard (a year in minutes) is refused
MAX_MINUTES = 366 * 24 * 60
CELL_FIELDS = ("first_response_minutes", "resolution_minutes", "response_calendar", "resolution_calendar")
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


def current_policy(*, brand: Brand | int, at: datetime) -> SlaPolicy | None:
    """The policy that new tickets of this brand get: the brand's own, else the one for all brands; None when there is
    none. Of several the newest wins, but one that was made after `at` only where there is no other."""
    brand_id = brand if isinstance(brand, int) else brand.pk
    found = SlaPolicy.objects.filter(Q(brand_id=brand_id) | Q(brand=None), is_current=True)

    def rank(policy: SlaPolicy) -> tuple[bool, bool, float]:
        return policy.brand_id is None, policy.created_at > at, -policy.created_at.timestamp()

    return min(found, key=rank, default=None)


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


def cells_of(policy: SlaPolicy) -> dict[tuple[str, str], dict[str, Any]]:
    """The matrix: (grade, level) → the cell's fields."""
    rows = policy.targets.select_related("response_calendar", "resolution_calendar")
    return {(row.grade, row.level): {name: getattr(row, name) for name in CELL_FIELDS} for row in rows}


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
