"""Calendars: what they mean in hours, and new versions of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.actors import Actor
from core.db import lock_rows
from core.errors import Conflict, InvalidInput
from core.events import announce
from tickets.business_time import closing, seconds_of
from tickets.enums import DayKind
from tickets.events import CalendarChanged
from tickets.models import Calendar, CalendarDay, CalendarWindow
from tickets.models.calendar import holidays_known_until
from tickets.services import policies
from tickets.services.hours import open_hours, times_of

__all__ = [
    "Day",
    "check",
    "days_of",
    "new_version",
    "open_hours",
    "refresh_holidays",
    "unknown_years",
    "windows_of",
]

#: how far ahead a year without known holidays is worth a warning
HORIZON = timedelta(days=60)


@dataclass(frozen=True)
class Day:
    """A day that is not what its weekday says."""

    date: date
    kind: DayKind
    windows: tuple[tuple[time, time], ...] = ()
    note: str = ""


def unknown_years(at: datetime) -> list[int]:
    """Years within sight whose public holidays some current calendar that follows them does not know: there it counts
    Monday to Friday until the holiday table is renewed (`refresh_holidays`) or somebody enters the days."""
    years = range(at.year, (at + HORIZON).year + 1)
    missing: set[int] = set()
    for calendar in Calendar.objects.filter(is_current=True, follows_holidays=True, always_open=False):
        entered = {day.year for day in calendar.days.values_list("date", flat=True)}
        missing |= {year for year in years if year > calendar.holidays_until and year not in entered}
    return sorted(missing)


@transaction.atomic
def new_version(
    *,
    calendar: Calendar,
    windows: Mapping[int, Sequence[tuple[time, time]]],
    days: Sequence[Day],
    actor: Actor,
    at: datetime,
    always_open: bool | None = None,
    follows_holidays: bool | None = None,
    time_zone: str | None = None,
    name_zh: str = "",
    name_en: str = "",
) -> Calendar:
    """Make the next version of a calendar (weekday 0 = Monday → windows) current. The current policies that use the old
    one get a new version too, so that new tickets take it; running clocks keep theirs. Raises InvalidInput, and
    Conflict when the calendar is no longer the current version."""
    old = lock_rows(Calendar.objects.filter(code=calendar.code, is_current=True)).first()
    if old is None or old.pk != calendar.pk:
        raise Conflict(_("Somebody changed this calendar meanwhile."), code="stale_version")
    new = Calendar(
        code=old.code,
        version=old.version + 1,
        always_open=old.always_open if always_open is None else always_open,
        follows_holidays=old.follows_holidays if follows_holidays is None else follows_holidays,
        time_zone=time_zone or old.time_zone,
        name_zh=name_zh or old.name_zh,
        name_en=name_en or old.name_en,
    )
    check(new, windows, days)
    Calendar.objects.filter(pk=old.pk).update(is_current=False)
    new.save(force_insert=True)
    CalendarWindow.objects.bulk_create(
        CalendarWindow(calendar=new, weekday=weekday, opens=opens, closes=closes)
        for weekday, spans in windows.items()
        for opens, closes in spans
    )
    CalendarDay.objects.bulk_create(
        CalendarDay(
            calendar=new,
            date=day.date,
            kind=day.kind,
            note=day.note,
            windows=[[f"{opens:%H:%M}", f"{closes:%H:%M}"] for opens, closes in day.windows],
        )
        for day in days
    )
    announce(
        CalendarChanged(subject_id=new.pk, code=new.code, version=new.version, before_id=old.pk),
        actor=actor,
        at=at,
    )
    policies.follow_calendar(old=old, new=new, actor=actor, at=at)
    return new


def check(
    calendar: Calendar, windows: Mapping[int, Sequence[tuple[time, time]]], days: Sequence[Day]
) -> None:
    """Raises InvalidInput: an unknown zone, a window that ends before it begins or overlaps, a day
    twice, never open."""
    wrong: dict[str, list[object]] = {}
    try:
        ZoneInfo(calendar.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        wrong["time_zone"] = [_("There is no such time zone.")]
    spans = [(f"{weekday}", list(of_day)) for weekday, of_day in windows.items()]
    spans += [(f"{day.date}", list(day.windows)) for day in days]
    for _name, of_day in spans:
        ordered = sorted((seconds_of(opens), closing(closes)) for opens, closes in of_day)
        if any(opens >= closes for opens, closes in ordered):
            wrong["windows"] = [_("An opening time must end after it begins.")]
        elif any(a[1] > b[0] for a, b in zip(ordered, ordered[1:], strict=False)):
            wrong["windows"] = [_("Opening times of one day overlap.")]
    if not set(windows) <= set(range(7)):
        wrong["windows"] = [_("A week has seven days.")]
    if len({day.date for day in days}) < len(days):
        wrong["days"] = [_("A day is named twice.")]
    if not calendar.always_open and not any(windows.values()):
        wrong["windows"] = [
            _("A calendar needs at least one opening time: otherwise nothing would ever fall due.")
        ]
    if wrong:
        raise InvalidInput(fields=wrong, code="calendar_invalid")


def refresh_holidays(*, actor: Actor, at: datetime) -> list[Calendar]:
    """After the holiday table was renewed: a new version of each current calendar that follows public holidays but
    knows fewer years than the table."""
    behind = Calendar.objects.filter(
        is_current=True, follows_holidays=True, holidays_until__lt=holidays_known_until()
    )
    return [
        new_version(
            calendar=calendar, windows=windows_of(calendar), days=days_of(calendar), actor=actor, at=at
        )
        for calendar in behind
    ]


def windows_of(calendar: Calendar) -> dict[int, list[tuple[time, time]]]:
    """The windows by weekday, as `new_version` takes them."""
    found: dict[int, list[tuple[time, time]]] = {}
    for window in calendar.windows.all():
        found.setdefault(window.weekday, []).append((window.opens, window.closes))
    return found


def days_of(calendar: Calendar) -> list[Day]:
    """The special days, as `new_version` takes them."""
    return [
        Day(date=day.date, kind=DayKind(day.kind), windows=tuple(times_of(day.windows)), note=day.note)
        for day in calendar.days.all()
    ]
