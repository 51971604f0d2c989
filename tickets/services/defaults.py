"""The tiers, calendars, promises, categories, queues and codes that a new installation starts with."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from typing import Any

from django.db import models, transaction

from accounts.models import Skill, Team
from core.services.defaults import create_missing, read_defaults
from customers.models import ProductLine
from tickets.enums import DayKind
from tickets.models import (
    AlertWord,
    Calendar,
    CalendarDay,
    CalendarWindow,
    Category,
    EscalationReason,
    EscalationStep,
    Queue,
    RootCause,
    SafetyWord,
    SlaPolicy,
    SlaTarget,
    SolutionCode,
    StatusName,
    Tier,
)
from tickets.services import composer_defaults

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
POLICY = {"code": "standard", "name_zh": "标准服务承诺", "name_en": "Standard promise"}

Row = Mapping[str, Any]


@transaction.atomic
def load_defaults(at: datetime) -> int:
    """Insert what is missing of tickets/defaults/tickets.yaml; returns how many rows were new. Rows that are there stay
    as an administrator left them, the calendars and the policy with all that belongs to them. The teams and skills of
    accounts and the product lines of customers come first."""
    given = read_defaults("tickets", "tickets")
    skills = _ids(Skill)
    new = _insert(
        [Tier(position=row["order"], **_pick(row, "code", "hop_minutes")) for row in given["tiers"]], at
    )
    names = ("code", "color", "customer_name_zh", "customer_name_en")
    new += _insert([StatusName(**_pick(row, *names)) for row in given["statuses"]], at)
    new += _calendars(given["calendars"], at)
    new += _policy(given, at)
    new += _tree(
        given["categories"],
        lambda row: Category(
            skill_id=row["skill"] and skills[row["skill"]],
            **_pick(row, "code", "position", "default_grade", "required_fields", "keywords"),
        ),
        at,
    )
    categories = _ids(Category)
    new += len(
        create_missing(
            [
                SafetyWord(
                    word=row["word"],
                    exceptions=row["except"],
                    category_id=row["category"] and categories[row["category"]],
                )
                for row in given["safety_words"]
            ],
            key=["word"],
            at=at,
        )
    )
    new += _alert_words(given["alert_words"], at)
    new += _queues(given["queues"], categories, at)
    for model, section in ((SolutionCode, "solution_codes"), (EscalationReason, "escalation_reasons")):
        new += _insert([model(**_pick(row, "code", "position")) for row in _numbered(given[section])], at)
    new += _tree(given["root_causes"], lambda row: RootCause(**_pick(row, "code", "position")), at)
    return new + composer_defaults.load(at)


def _alert_words(rows: Iterable[Row], at: datetime) -> int:
    words = [
        AlertWord(
            word=str(word),
            word_class=row["class"],
            language=row["language"],
            exceptions=[phrase for phrase in row["except"] if str(word) in phrase],
        )
        for row in rows
        for word in row["words"]
    ]
    return len(create_missing(words, key=["word"], at=at))


def _pick(row: Row, *names: str) -> dict[str, Any]:
    """These fields and both names."""
    return {name: row[name] for name in (*names, "name_zh", "name_en")}


def _ids(model: type[models.Model]) -> dict[str, int]:
    return dict(model._default_manager.values_list("code", "pk"))


def _numbered(rows: Iterable[Row]) -> list[Row]:
    """The order of the file is the order of the lists."""
    return [{"position": 10 * place, **row} for place, row in enumerate(rows, start=1)]


def _insert(rows: list[Any], at: datetime) -> int:
    return len(create_missing(rows, key=["code"], at=at))


def _tree(rows: Iterable[Row], build: Callable[[Row], Any], at: datetime) -> int:
    """`_insert` for rows with parents, level by level, so that a parent stands before its children."""
    waiting = _numbered(rows)
    ids: dict[str, int] = {}
    new = 0
    while waiting:
        level = [(row, build(row)) for row in waiting if row["parent"] is None or row["parent"] in ids]
        if not level:
            raise ValueError(f"parents that do not exist: {sorted({row['parent'] for row in waiting})}")
        for row, made in level:
            made.parent_id = ids[row["parent"]] if row["parent"] else None
        new += _insert([made for _row, made in level], at)
        ids = _ids(type(level[0][1]))
        waiting = [row for row in waiting if row["code"] not in ids]
    return new


def _calendars(rows: Iterable[Row], at: datetime) -> int:
    made = create_missing(
        [Calendar(**_pick(row, "code", "always_open", "follows_holidays")) for row in rows],
        key=["code"],
        at=at,
    )
    by_code = {calendar.code: calendar for calendar in made}
    own = [(by_code[row["code"]], row) for row in rows if row["code"] in by_code]
    windows = CalendarWindow.objects.bulk_create(
        CalendarWindow(
            calendar=calendar,
            weekday=WEEKDAYS.index(name),
            opens=time.fromisoformat(opens),
            closes=time.fromisoformat(closes),
        )
        for calendar, row in own
        for name, spans in row["windows"].items()
        for opens, closes in spans
    )
    days = CalendarDay.objects.bulk_create(
        CalendarDay(
            calendar=calendar,
            date=date.fromisoformat(str(day["date"])),
            kind=DayKind(day["kind"]),
            note=day.get("note", ""),
            windows=day.get("windows", []),
        )
        for calendar, row in own
        for day in row.get("days", [])
    )
    return len(made) + len(windows) + len(days)


def _policy(given: Row, at: datetime) -> int:
    """One policy for all brands; only where there is none of its code."""
    made = create_missing([SlaPolicy(created_at=at, **POLICY)], key=["code"], at=at)
    if not made:
        return 0
    policy = made[0]
    calendars = dict(Calendar.objects.filter(is_current=True).values_list("code", "pk"))
    targets = create_missing(
        [
            SlaTarget(
                policy=policy,
                response_calendar_id=calendars[row["calendar"]],
                **{
                    name: row[name]
                    for name in ("grade", "level", "first_response_minutes", "resolution_minutes")
                },
            )
            for row in given["sla_targets"]
        ],
        key=["policy", "grade", "level"],
        at=at,
    )
    steps = create_missing(
        [EscalationStep(policy=policy, **row) for row in given["escalation_ladder"]],
        key=["policy", "percent"],
        at=at,
    )
    return 1 + len(targets) + len(steps)


def _queues(rows: Iterable[Row], categories: Mapping[str, int], at: datetime) -> int:
    tiers, teams, lines = _ids(Tier), _ids(Team), _ids(ProductLine)
    given = {row["code"]: row for row in _numbered(rows)}
    made = create_missing(
        [
            Queue(
                tier_id=tiers[row["tier"]],
                team_id=teams[row["team"]],
                channel_kinds=row.get("channel_kinds", []),
                levels=row.get("levels", []),
                **_pick(row, "code", "position"),
            )
            for row in given.values()
        ],
        key=["code"],
        at=at,
    )
    Queue.lines.through.objects.bulk_create(
        Queue.lines.through(queue_id=queue.pk, productline_id=lines[code])
        for queue in made
        for code in given[queue.code].get("lines", [])
    )
    Queue.categories.through.objects.bulk_create(
        Queue.categories.through(queue_id=queue.pk, category_id=categories[code])
        for queue in made
        for code in given[queue.code].get("categories", [])
    )
    return len(made)
