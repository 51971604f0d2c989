"""What a version of a calendar means in hours."""

from collections.abc import Iterable, Sequence
from datetime import date, time
from uuid import UUID

import chinese_calendar.constants

from tickets.business_time import OpenHours, Windows, closing, merge, seconds_of
from tickets.enums import DayKind
from tickets.models import Calendar

_cache: dict[tuple[int, UUID], OpenHours] = {}


def open_hours(calendar: Calendar | None) -> OpenHours | None:
    """The hours of a version of a calendar (None = natural time), kept by the process: a version never changes, and
    its key is drawn anew for each row. A calendar that is never open counts natural time, so that a promise made on
    it still falls due; the services refuse to make one."""
    if calendar is None:
        return None
    kept = (calendar.pk, calendar.key)
    if kept not in _cache:
        if len(_cache) > 500:
            _cache.clear()
        _cache[kept] = _read(calendar)
    hours = _cache[kept]
    return hours if hours.ever_open else None


def _read(calendar: Calendar) -> OpenHours:
    if calendar.always_open:
        return OpenHours(zone=calendar.time_zone, week=((),) * 7, always_open=True)
    by_weekday: list[list[tuple[int, int]]] = [[] for _weekday in range(7)]
    for window in calendar.windows.all():
        by_weekday[window.weekday].append((seconds_of(window.opens), closing(window.closes)))
    week = tuple(merge(windows) for windows in by_weekday)
    ordinary = next((windows for windows in week if windows), ())
    special: dict[date, Windows] = {}
    if calendar.follows_holidays:
        special.update(_public(week, ordinary, calendar.holidays_until))
    for day in calendar.days.all():
        own = merge((seconds_of(opens), closing(closes)) for opens, closes in times_of(day.windows))
        special[day.date] = (own or ordinary) if day.kind == DayKind.WORKING else ()
    return OpenHours(zone=calendar.time_zone, week=week, special=special)


def _public(week: tuple[Windows, ...], ordinary: Windows, until: int) -> dict[date, Windows]:
    """Public holidays are closed, make-up working days (调休) open like an ordinary day."""
    holidays = {
        day: () for day in chinese_calendar.constants.holidays if day.year <= until and week[day.weekday()]
    }
    made_up = {
        day: ordinary
        for day in chinese_calendar.constants.workdays
        if day.year <= until and not week[day.weekday()]
    }
    return {**holidays, **made_up}


def times_of(windows: Iterable[Sequence[str]]) -> list[tuple[time, time]]:
    """The windows of a special day as it keeps them."""
    return [(time.fromisoformat(opens), time.fromisoformat(closes)) for opens, closes in windows]
