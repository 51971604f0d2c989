"""Calendars: what they mean in hours, and how an edit becomes a version."""

from datetime import UTC, date, datetime, time, timedelta
from io import StringIO
from typing import Any

import chinese_calendar.constants
import pytest
from django.core.management import call_command

from core import clock
from core.actors import SYSTEM
from core.errors import Conflict, InvalidInput
from core.models import Event
from tests.factories.tickets import (
    OFFICE,
    CalendarDayFactory,
    CalendarFactory,
    SlaPolicyFactory,
    make_timed_ticket,
)
from tests.tickets.timing import PERSON, clock_of, prove
from tickets.business_time import OpenHours, add, between
from tickets.enums import ClockKind, DayKind
from tickets.models import Calendar, CalendarDay, SlaPolicy
from tickets.services import calendars, policies
from tickets.services.calendars import Day, new_version, open_hours

pytestmark = pytest.mark.django_db

HOUR = 3600
OFFICE_SECONDS = ((9 * HOUR, 12 * HOUR), (int(13.5 * HOUR), 18 * HOUR))
WEEK = {weekday: list(OFFICE) for weekday in range(5)}


def hours_of(calendar: Calendar) -> OpenHours:
    hours = open_hours(calendar)
    assert hours is not None
    return hours


def following(**fields: Any) -> Calendar:
    return CalendarFactory(windows=OFFICE, follows_holidays=True, **fields)


# --- hours ----------------------------------------------------------------------------------------------------


def test_windows_become_hours() -> None:
    hours = hours_of(CalendarFactory(windows=OFFICE))
    assert hours.week == (OFFICE_SECONDS,) * 5 + ((),) * 2
    assert dict(hours.special) == {}


def test_round_the_clock_has_no_windows() -> None:
    assert hours_of(CalendarFactory()).always_open


def test_no_calendar_is_natural_time() -> None:
    assert open_hours(None) is None


@pytest.mark.parametrize(
    ("day", "is_open"),
    [
        (date(2026, 2, 17), False),  # Spring Festival, a Tuesday
        (date(2026, 2, 14), True),  # a Saturday that is worked for it
        (date(2026, 2, 28), True),
        (date(2026, 3, 7), False),  # an ordinary Saturday
        (date(2026, 10, 1), False),  # National Day
        (date(2026, 10, 10), True),  # a Saturday worked for it
        (date(2026, 10, 12), True),
    ],
)
def test_public_holidays_are_closed_and_make_up_days_open(day: date, is_open: bool) -> None:
    assert hours_of(following()).windows_on(day) == (OFFICE_SECONDS if is_open else ())


def test_a_promise_before_the_spring_festival_is_kept_after_it() -> None:
    """Friday the 13th, 17:00, plus two hours: Saturday is worked, so 10:00 then; plus ten more: after the holiday."""
    hours = hours_of(following())
    friday = datetime(2026, 2, 13, 17, tzinfo=hours.tz)
    assert add(friday, 2 * HOUR, hours) == datetime(2026, 2, 14, 10, tzinfo=hours.tz)
    assert add(friday, 10 * HOUR, hours) == datetime(2026, 2, 24, 10, 30, tzinfo=hours.tz)


def test_a_calendar_that_does_not_follow_them_stays_open() -> None:
    assert hours_of(CalendarFactory(windows=OFFICE)).windows_on(date(2026, 10, 1)) == OFFICE_SECONDS


def test_an_entered_day_wins_over_the_public_holidays() -> None:
    calendar = following()
    CalendarDayFactory(calendar=calendar, date=date(2026, 10, 1), kind=DayKind.WORKING)
    CalendarDayFactory(calendar=calendar, date=date(2026, 10, 10), kind=DayKind.HOLIDAY)
    CalendarDayFactory(
        calendar=calendar, date=date(2026, 12, 31), kind=DayKind.WORKING, windows=[["09:00", "11:30"]]
    )
    hours = hours_of(calendar)
    assert hours.windows_on(date(2026, 10, 1)) == OFFICE_SECONDS
    assert hours.windows_on(date(2026, 10, 10)) == ()
    assert hours.windows_on(date(2026, 12, 31)) == ((9 * HOUR, int(11.5 * HOUR)),)


def test_a_later_holiday_table_changes_no_promise_that_was_made() -> None:
    """A version uses the years that were known when it was made."""
    calendar = following(holidays_until=2025)
    assert hours_of(calendar).windows_on(date(2026, 10, 1)) == OFFICE_SECONDS
    assert hours_of(calendar).windows_on(date(2025, 10, 1)) == ()


def test_hours_are_read_once(django_assert_num_queries: Any) -> None:
    calendar = CalendarFactory(windows=OFFICE)
    with django_assert_num_queries(2):
        open_hours(calendar)
    with django_assert_num_queries(0):
        assert open_hours(Calendar(pk=calendar.pk, key=calendar.key)) == open_hours(calendar)


def test_a_calendar_that_is_never_open_counts_natural_time(at: datetime) -> None:
    """It cannot be made through the services; should a row exist, what is promised on it falls due."""
    never = CalendarFactory(always_open=False)
    assert open_hours(never) is None
    SlaPolicyFactory(matrix=never)
    ticket = make_timed_ticket(at=at)
    assert clock_of(ticket, ClockKind.FIRST_RESPONSE).due_at == at + timedelta(minutes=30)


# --- years that nobody knows -----------------------------------------------------------------------------------


def test_unknown_years_are_told_in_time() -> None:
    known = max(chinese_calendar.constants.holidays).year
    following()
    assert calendars.unknown_years(datetime(known, 10, 1, tzinfo=UTC)) == []
    assert calendars.unknown_years(datetime(known, 12, 1, tzinfo=UTC)) == [known + 1]
    assert calendars.unknown_years(datetime(known + 1, 12, 1, tzinfo=UTC)) == [known + 1, known + 2]


def test_nothing_is_unknown_where_nobody_asks_or_somebody_entered_the_days() -> None:
    known = max(chinese_calendar.constants.holidays).year
    late = datetime(known, 12, 1, tzinfo=UTC)
    CalendarFactory(windows=OFFICE)
    CalendarFactory(follows_holidays=True)
    following(is_current=False)
    assert calendars.unknown_years(late) == []
    calendar = following()
    CalendarDayFactory(calendar=calendar, date=date(known + 1, 1, 1))
    assert calendars.unknown_years(late) == []


def test_in_an_unknown_year_monday_to_friday_count() -> None:
    known = max(chinese_calendar.constants.holidays).year
    hours = hours_of(following())
    start = datetime(known + 2, 1, 1, tzinfo=hours.tz)
    end = start + timedelta(weeks=10)
    assert between(start, end, hours) == 10 * hours.week_seconds


def test_a_renewed_table_makes_new_versions_and_keeps_what_was_entered(at: datetime) -> None:
    behind = following(holidays_until=2025)
    CalendarDayFactory(calendar=behind, date=date(2026, 5, 4), note="factory trip")
    up_to_date = following()
    made = calendars.refresh_holidays(actor=SYSTEM, at=at)
    assert [(new.code, new.version) for new in made] == [(behind.code, 2)]
    assert hours_of(made[0]).windows_on(date(2026, 10, 1)) == ()
    assert hours_of(made[0]).windows_on(date(2026, 5, 4)) == ()
    assert made[0].days.get().note == "factory trip"
    assert calendars.refresh_holidays(actor=SYSTEM, at=at) == []
    assert Calendar.objects.get(pk=up_to_date.pk).is_current


# --- versions -------------------------------------------------------------------------------------------------


def test_an_edit_is_a_new_version(at: datetime) -> None:
    old = CalendarFactory(windows=OFFICE, code="office")
    day = Day(date(2026, 5, 4), DayKind.WORKING, ((time(10), time(11, 30)),), "half a day")
    new = new_version(
        calendar=old,
        windows={0: [(time(8), time(20))]},
        days=[day],
        actor=PERSON,
        at=at,
        name_en="Long Monday",
    )
    assert (new.version, new.is_current, new.name_en, new.name_zh) == (2, True, "Long Monday", old.name_zh)
    assert Calendar.objects.get(pk=old.pk).is_current is False
    assert hours_of(old).week[0] == OFFICE_SECONDS
    assert hours_of(new).week == (((8 * HOUR, 20 * HOUR),),) + ((),) * 6
    assert hours_of(new).windows_on(day.date) == ((10 * HOUR, int(11.5 * HOUR)),)
    assert calendars.days_of(new) == [day]
    event = Event.objects.get(kind="tickets.calendar_changed")
    assert (event.subject_id, event.data) == (new.pk, {"code": "office", "version": 2, "before_id": old.pk})


def test_new_tickets_take_the_new_version_and_running_clocks_keep_theirs(at: datetime) -> None:
    office = CalendarFactory(windows=OFFICE, code="office")
    policy = SlaPolicyFactory(matrix=office)
    evening = at.replace(hour=18)
    running = make_timed_ticket(at=evening)
    new_version(
        calendar=office,
        windows={weekday: [(time(9), time(22))] for weekday in range(7)},
        days=[],
        actor=PERSON,
        at=at,
    )
    later = make_timed_ticket(at=evening)
    first = ClockKind.FIRST_RESPONSE
    assert clock_of(running, first).due_at == evening.replace(hour=9, minute=30) + timedelta(days=1)
    assert clock_of(later, first).due_at == evening + timedelta(minutes=30)
    assert later.sla_policy == SlaPolicy.objects.get(code=policy.code, version=2)
    prove(running)
    prove(later)


def test_an_edit_of_an_old_version_is_refused(at: datetime) -> None:
    old = CalendarFactory(windows=OFFICE)
    new_version(calendar=old, windows=WEEK, days=[], actor=PERSON, at=at)
    with pytest.raises(Conflict) as refused:
        new_version(calendar=old, windows={0: [(time(8), time(9))]}, days=[], actor=PERSON, at=at)
    assert refused.value.code == "stale_version"
    assert Calendar.objects.filter(code=old.code).count() == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"windows": {}}, "windows"),
        ({"windows": {0: []}}, "windows"),
        ({"windows": {0: [(time(12), time(9))]}}, "windows"),
        ({"windows": {0: [(time(9), time(9))]}}, "windows"),
        ({"windows": {0: [(time(9), time(12)), (time(11), time(14))]}}, "windows"),
        ({"windows": {7: [(time(9), time(12))]}}, "windows"),
        ({"days": [Day(date(2026, 5, 4), DayKind.HOLIDAY)] * 2}, "days"),
        ({"days": [Day(date(2026, 5, 4), DayKind.WORKING, ((time(12), time(9)),))]}, "windows"),
        ({"time_zone": "Asia/Atlantis"}, "time_zone"),
        ({"time_zone": "../etc/passwd"}, "time_zone"),
    ],
)
def test_impossible_calendars_are_refused_and_nothing_changes(
    at: datetime, changes: dict[str, Any], field: str
) -> None:
    old = CalendarFactory(windows=OFFICE)
    given: dict[str, Any] = {"windows": WEEK, "days": [], **changes}
    with pytest.raises(InvalidInput) as refused:
        new_version(calendar=old, actor=PERSON, at=at, **given)
    assert list(refused.value.fields) == [field]
    assert list(Calendar.objects.values_list("pk", "is_current")) == [(old.pk, True)]
    assert not CalendarDay.objects.exists()


def test_round_the_clock_needs_no_windows(at: datetime) -> None:
    old = CalendarFactory(windows=OFFICE)
    new = new_version(calendar=old, windows={}, days=[], always_open=True, actor=PERSON, at=at)
    assert hours_of(new).always_open


def test_windows_that_touch_are_allowed(at: datetime) -> None:
    old = CalendarFactory(windows=OFFICE)
    new = new_version(
        calendar=old,
        windows={0: [(time(9), time(12)), (time(12), time(23, 59))]},
        days=[],
        actor=PERSON,
        at=at,
    )
    assert hours_of(new).week[0] == ((9 * HOUR, 24 * HOUR),)
    assert calendars.windows_of(new) == {0: [(time(9), time(12)), (time(12), time(23, 59))]}


def test_a_policy_that_does_not_use_the_calendar_keeps_its_version(at: datetime) -> None:
    policy = SlaPolicyFactory(matrix=CalendarFactory(windows=OFFICE))
    other = CalendarFactory(windows=OFFICE)
    new_version(calendar=other, windows=WEEK, days=[], actor=PERSON, at=at)
    assert policies.current_policy(brand=1, at=at) == policy


def test_the_command_renews_and_warns(at: datetime) -> None:
    known = max(chinese_calendar.constants.holidays).year
    behind = following(holidays_until=2025, code="shop")
    out, err = StringIO(), StringIO()
    with clock.at_time(datetime(known, 12, 24, tzinfo=UTC)):
        call_command("refresh_holidays", stdout=out, stderr=err)
    assert out.getvalue() == f"shop v2: until {known}\n"
    assert f"The public holidays of {known + 1} are not known yet" in err.getvalue()
    assert Calendar.objects.get(pk=behind.pk).is_current is False
