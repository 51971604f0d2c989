"""Business time: adding open seconds to a moment and counting the open seconds between two.

Pure arithmetic over an immutable `OpenHours`. Moments are aware datetimes and come back in UTC; windows are meant on
the wall clock of the calendar's zone, days on which that clock is set forward or back included. Seconds are real
(elapsed) seconds, counted whole. `hours=None` is natural time.

All intervals are half-open: the moment a window closes is outside it. `add` returns the earliest moment at which so
many open seconds have passed, so that `between(start, add(start, n, hours), hours) == n` for every n ≥ 0.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from types import MappingProxyType
from zoneinfo import ZoneInfo

DAY = 86400
#: from, to in seconds since midnight on the wall clock
Window = tuple[int, int]
Windows = tuple[Window, ...]
_ONE_DAY = timedelta(days=1)
# every moment of a local day lies between these distances from its midnight read as UTC (offsets are −12 … +14 h)
_EARLIEST = timedelta(hours=-15)
_LATEST = timedelta(hours=DAY // 3600 + 13)


class NoOpenTime(ValueError):
    """A calendar has no open time in which the seconds could pass."""


@dataclass(frozen=True)
class OpenHours:
    """When a calendar is open. `week` holds the windows of Monday … Sunday, `special` those of days that differ
    (empty = closed). Windows of a day are sorted and do not overlap: build them with `merge`."""

    zone: str
    week: tuple[Windows, ...]
    special: Mapping[date, Windows] = field(default_factory=dict)
    always_open: bool = False

    def __post_init__(self) -> None:
        if len(self.week) != 7:
            raise ValueError("a week has seven days")
        object.__setattr__(self, "special", MappingProxyType(dict(self.special)))

    @cached_property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @cached_property
    def special_dates(self) -> list[date]:
        return sorted(self.special)

    @cached_property
    def week_seconds(self) -> int:
        """Open seconds of a week without special days."""
        return sum(closes - opens for windows in self.week for opens, closes in windows)

    @property
    def ever_open(self) -> bool:
        """Whether an ordinary week has open time, so that every promise ends."""
        return self.always_open or self.week_seconds > 0

    def windows_on(self, day: date) -> Windows:
        """The day's windows on the wall clock."""
        special = self.special.get(day)
        return self.week[day.weekday()] if special is None else special


def seconds_of(moment: time) -> int:
    """Seconds since midnight. A closing time of 23:59 or later means midnight (86400): see `closing`."""
    return moment.hour * 3600 + moment.minute * 60 + moment.second


def closing(moment: time) -> int:
    """The end of a window: a clock face cannot show 24:00, so 23:59 stands for the end of the day."""
    return DAY if (moment.hour, moment.minute) == (23, 59) else seconds_of(moment)


def merge(windows: Iterable[Window]) -> Windows:
    """Sorted windows without overlaps or gaps of zero length."""
    merged: list[Window] = []
    for opens, closes in sorted(windows):
        if not 0 <= opens < closes <= DAY:
            raise ValueError(f"not a window of a day: {opens}–{closes}")
        if merged and opens <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], closes))
        else:
            merged.append((opens, closes))
    return tuple(merged)


def whole(moment: datetime) -> datetime:
    """The moment in UTC on whole seconds, on which all clocks stand."""
    return moment.astimezone(UTC).replace(microsecond=0)


def add(start: datetime, seconds: int, hours: OpenHours | None) -> datetime:
    """The earliest moment at which `seconds` (≥ 0) of open time have passed since `start`. Raises NoOpenTime."""
    if seconds < 0:
        raise ValueError("a duration is never below zero")
    start = start.astimezone(UTC)
    if hours is None or hours.always_open or seconds == 0:
        return start + timedelta(seconds=seconds)
    left = seconds
    day = start.astimezone(hours.tz).date()
    first = True
    while True:
        if not first and left > hours.week_seconds > 0 and _plain_week(day, hours):
            left -= hours.week_seconds
            day += 7 * _ONE_DAY
            continue
        if hours.week_seconds == 0 and not _special_from(day, hours):
            raise NoOpenTime(f"no open time after {day}")
        for opens, closes in _intervals(day, hours):
            opens = max(opens, start)
            length = _seconds(opens, closes)
            if length <= 0:
                continue
            if left <= length:
                return opens + timedelta(seconds=left)
            left -= length
        first = False
        day = _next_day(day, hours)


def between(a: datetime, b: datetime, hours: OpenHours | None) -> int:
    """Open seconds from `a` to `b`, rounded down; 0 when `b` is not after `a`."""
    a, b = a.astimezone(UTC), b.astimezone(UTC)
    if b <= a:
        return 0
    if hours is None or hours.always_open:
        return _seconds(a, b)
    total = timedelta()
    day = a.astimezone(hours.tz).date()
    last = b.astimezone(hours.tz).date()
    weeks = 0
    first = True
    while day <= last:
        if not first and day + 7 * _ONE_DAY <= last and _plain_week(day, hours):
            weeks += 1
            day += 7 * _ONE_DAY
            continue
        for opens, closes in _intervals(day, hours):
            length = min(closes, b) - max(opens, a)
            if length > timedelta():
                total += length
        first = False
        day = _next_day(day, hours)
    return weeks * hours.week_seconds + total // timedelta(seconds=1)


def _seconds(a: datetime, b: datetime) -> int:
    return (b - a) // timedelta(seconds=1)


def _next_day(day: date, hours: OpenHours) -> date:
    """Tomorrow, or for a calendar that opens on special days only, the next of them."""
    if hours.week_seconds:
        return day + _ONE_DAY
    return _special_from(day + _ONE_DAY, hours) or date.max


def _special_from(day: date, hours: OpenHours) -> date | None:
    """The first special day on or after this one."""
    position = bisect_left(hours.special_dates, day)
    return hours.special_dates[position] if position < len(hours.special_dates) else None


def _plain_week(day: date, hours: OpenHours) -> bool:
    """Whether the seven days from here are ordinary: none special, and the wall clock is not set meanwhile."""
    special = _special_from(day, hours)
    if special is not None and special < day + 7 * _ONE_DAY:
        return False
    return _offset(_midnight(day) + _EARLIEST, hours) == _offset(
        _midnight(day + 6 * _ONE_DAY) + _LATEST, hours
    )


def _midnight(day: date) -> datetime:
    """The day's midnight read as UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _offset(moment: datetime, hours: OpenHours) -> timedelta:
    return moment.astimezone(hours.tz).utcoffset() or timedelta()


def _intervals(day: date, hours: OpenHours) -> Iterator[tuple[datetime, datetime]]:
    """The day's windows as moments in UTC. Where the wall clock is set during the day, a window is what the clock
    shows: cut by the hour that is left out, opened twice by the hour that comes twice."""
    windows = hours.windows_on(day)
    if not windows:
        return
    midnight = _midnight(day)
    low, high = midnight + _EARLIEST, midnight + _LATEST
    before, after = _offset(low, hours), _offset(high, hours)
    if before == after:
        for opens, closes in windows:
            yield midnight + timedelta(seconds=opens) - before, midnight + timedelta(seconds=closes) - before
        return
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        low, high = (middle, high) if _offset(middle, hours) == before else (low, middle)
    pieces = [
        piece
        for opens, closes in windows
        for piece in (
            (
                midnight + timedelta(seconds=opens) - before,
                min(midnight + timedelta(seconds=closes) - before, high),
            ),
            (
                max(midnight + timedelta(seconds=opens) - after, high),
                midnight + timedelta(seconds=closes) - after,
            ),
        )
        if piece[0] < piece[1]
    ]
    yield from sorted(pieces)
