"""Business time against an independent oracle that looks at the clock on the wall, minute by minute."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tickets.business_time import (
    DAY,
    NoOpenTime,
    OpenHours,
    Windows,
    add,
    between,
    closing,
    merge,
    seconds_of,
    whole,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
HOUR = 3600


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def week(windows: Windows, days: int = 5) -> tuple[Windows, ...]:
    return (windows,) * days + ((),) * (7 - days)


OFFICE = OpenHours(zone="Asia/Shanghai", week=week(((9 * HOUR, 12 * HOUR), (int(13.5 * HOUR), 18 * HOUR))))


# --- by example -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "seconds", "end"),
    [
        ("2026-03-17 10:00", HOUR, "2026-03-17 11:00"),
        ("2026-03-17 11:30", HOUR, "2026-03-17 14:00"),  # over lunch
        ("2026-03-17 11:00", HOUR, "2026-03-17 12:00"),  # up to lunch: the earliest moment, not 13:30
        ("2026-03-17 12:15", 60, "2026-03-17 13:31"),  # begins at lunch
        ("2026-03-17 17:30", HOUR, "2026-03-18 09:30"),  # over night
        ("2026-03-20 17:30", HOUR, "2026-03-23 09:30"),  # over the weekend
        ("2026-03-21 10:00", 1, "2026-03-23 09:00:01"),  # begins on a Saturday
        ("2026-03-17 03:00", 0, "2026-03-17 03:00"),
    ],
)
def test_add_counts_open_time_only(start: str, seconds: int, end: str) -> None:
    assert add(at(start), seconds, OFFICE) == at(end)
    assert between(at(start), at(end), OFFICE) == seconds


def test_moments_come_back_in_utc() -> None:
    assert add(at("2026-03-17 10:00"), 60, OFFICE).tzinfo is UTC
    assert add(at("2026-03-17 10:00"), 60, None).tzinfo is UTC


def test_natural_time_and_round_the_clock_never_stop() -> None:
    always = OpenHours(zone="Asia/Shanghai", week=((),) * 7, always_open=True)
    start = at("2026-03-21 23:00")
    for hours in (None, always):
        assert add(start, 26 * HOUR, hours) == at("2026-03-23 01:00")
        assert between(start, at("2026-03-23 01:00"), hours) == 26 * HOUR


def test_a_day_off_is_skipped_and_a_make_up_saturday_counts() -> None:
    hours = OpenHours(
        zone="Asia/Shanghai",
        week=OFFICE.week,
        special={date(2026, 2, 27): (), date(2026, 2, 28): OFFICE.week[0]},
    )
    assert add(at("2026-02-26 17:00"), 2 * HOUR, hours) == at("2026-02-28 10:00")
    assert between(at("2026-02-26 00:00"), at("2026-03-02 00:00"), hours) == 2 * OFFICE.week_seconds // 5


def test_a_long_promise_jumps_over_years() -> None:
    thousand_weeks = 1000 * OFFICE.week_seconds
    assert add(at("2026-03-16 09:00"), thousand_weeks, OFFICE) == at("2026-03-16 09:00") + timedelta(
        weeks=999, days=4, hours=9
    )
    assert between(at("2026-03-16 09:00"), at("2045-05-15 09:00"), OFFICE) == thousand_weeks


def test_a_jump_stops_at_special_days() -> None:
    holiday = at("2030-05-01 00:00").date()
    hours = OpenHours(zone="Asia/Shanghai", week=OFFICE.week, special={holiday: ()})
    a, b = at("2026-03-16 09:00"), at("2045-05-15 09:00")
    assert between(a, b, hours) == 1000 * OFFICE.week_seconds - OFFICE.week_seconds // 5
    assert add(a, between(a, b, hours), hours) == at("2045-05-12 18:00")


def test_nothing_passes_when_the_end_is_not_after_the_start() -> None:
    assert between(at("2026-03-17 11:00"), at("2026-03-17 10:00"), OFFICE) == 0
    assert between(at("2026-03-17 11:00"), at("2026-03-17 10:00"), None) == 0


def test_a_duration_is_never_below_zero() -> None:
    with pytest.raises(ValueError, match="below zero"):
        add(at("2026-03-17 11:00"), -1, OFFICE)


def test_a_calendar_without_open_time_says_so_instead_of_looping() -> None:
    closed = OpenHours(zone="Asia/Shanghai", week=((),) * 7)
    assert not closed.ever_open
    with pytest.raises(NoOpenTime):
        add(at("2026-03-17 11:00"), 1, closed)
    assert between(at("2026-03-17 11:00"), at("2099-03-17 11:00"), closed) == 0


def test_a_calendar_that_opens_on_special_days_only_ends_with_them() -> None:
    fair = OpenHours(
        zone="Asia/Shanghai", week=((),) * 7, special={date(2028, 5, 1): ((9 * HOUR, 10 * HOUR),)}
    )
    assert add(at("2026-03-17 11:00"), HOUR, fair) == at("2028-05-01 10:00")
    assert between(at("2026-03-17 11:00"), at("2040-01-01 00:00"), fair) == HOUR
    with pytest.raises(NoOpenTime):
        add(at("2026-03-17 11:00"), HOUR + 1, fair)


def test_the_hour_that_is_left_out_is_no_open_hour() -> None:
    new_york = ZoneInfo("America/New_York")
    hours = OpenHours(zone="America/New_York", week=week(((HOUR, 4 * HOUR),), 7))
    assert between(at("2026-03-08 00:00", new_york), at("2026-03-08 12:00", new_york), hours) == 2 * HOUR
    assert add(at("2026-03-08 01:00", new_york), 90 * 60, hours) == at("2026-03-08 03:30", new_york)


def test_the_hour_that_comes_twice_counts_twice() -> None:
    new_york = ZoneInfo("America/New_York")
    hours = OpenHours(zone="America/New_York", week=week(((HOUR, 4 * HOUR),), 7))
    assert between(at("2026-11-01 00:00", new_york), at("2026-11-01 12:00", new_york), hours) == 4 * HOUR


def test_half_past_eleven_at_night_closes_at_midnight() -> None:
    assert closing(time(23, 59)) == DAY
    assert closing(time(23, 30)) == seconds_of(time(23, 30)) == int(23.5 * HOUR)


def test_windows_that_touch_or_overlap_are_one() -> None:
    assert merge([(5, 9), (1, 3), (3, 4), (8, 10)]) == ((1, 4), (5, 10))
    for wrong in ((4, 4), (-1, 3), (3, DAY + 1)):
        with pytest.raises(ValueError, match="not a window"):
            merge([wrong])


def test_clocks_stand_on_whole_seconds_in_utc() -> None:
    assert whole(datetime(2026, 3, 17, 10, 0, 0, 999999, tzinfo=SHANGHAI)) == datetime(
        2026, 3, 17, 2, 0, 0, tzinfo=UTC
    )


def test_hours_do_not_change_under_those_who_hold_them() -> None:
    special: dict[date, Windows] = {date(2026, 3, 17): ()}
    hours = OpenHours(zone="Asia/Shanghai", week=OFFICE.week, special=special)
    special.clear()
    assert hours.windows_on(date(2026, 3, 17)) == ()
    with pytest.raises(ValueError, match="seven"):
        OpenHours(zone="Asia/Shanghai", week=((),))


# --- by property ----------------------------------------------------------------------------------------------

ZONES = ["Asia/Shanghai", "Asia/Kolkata", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"]
MINUTE = 60
minutes = st.integers(0, 1440)


@st.composite
def windows(draw: st.DrawFn) -> Windows:
    edges = sorted(draw(st.sets(minutes, max_size=6)))
    return merge(
        (opens * MINUTE, closes * MINUTE) for opens, closes in zip(edges[::2], edges[1::2], strict=False)
    )


@st.composite
def calendars(draw: st.DrawFn, start: date = date(2026, 1, 1), days: int = 60) -> OpenHours:
    special = draw(
        st.dictionaries(
            st.integers(0, days).map(lambda n: start + timedelta(days=n)),
            st.one_of(st.just(()), windows()),
            max_size=8,
        )
    )
    return OpenHours(
        zone=draw(st.sampled_from(ZONES)),
        week=tuple(draw(st.lists(windows(), min_size=7, max_size=7))),
        special=special,
    )


moments = st.integers(0, 50 * DAY).map(lambda n: datetime(2026, 1, 3, tzinfo=UTC) + timedelta(seconds=n))


def shown_open(moment: datetime, hours: OpenHours) -> bool:
    """What somebody at the door would say: look at the clock on the wall and at the sign."""
    wall = moment.astimezone(ZoneInfo(hours.zone))
    windows = hours.special.get(wall.date(), hours.week[wall.weekday()])
    second = wall.hour * HOUR + wall.minute * MINUTE + wall.second
    return any(opens <= second < closes for opens, closes in windows)


def slow_between(a: datetime, b: datetime, hours: OpenHours) -> int:
    """Minute by minute; windows begin and end on whole minutes, so a minute is open or not."""
    total, moment = 0, a
    while moment < b:
        step = min(b, moment.replace(second=0) + timedelta(minutes=1))
        if shown_open(moment, hours):
            total += int((step - moment).total_seconds())
        moment = step
    return total


def slow_add(start: datetime, seconds: int, hours: OpenHours, limit: timedelta) -> datetime | None:
    moment, left = start, seconds
    while left and moment < start + limit:
        step = moment.replace(second=0) + timedelta(minutes=1)
        if shown_open(moment, hours):
            length = int((step - moment).total_seconds())
            if left <= length:
                return moment + timedelta(seconds=left)
            left -= length
        moment = step
    return None if left else moment


@settings(max_examples=120, deadline=None)
@given(calendars(), moments, st.integers(0, 8 * DAY))
def test_between_says_what_the_minute_hand_says(hours: OpenHours, a: datetime, span: int) -> None:
    b = a + timedelta(seconds=span)
    assert between(a, b, hours) == slow_between(a, b, hours)


@settings(max_examples=120, deadline=None)
@given(calendars(), moments, st.integers(0, 3 * DAY))
def test_add_says_what_the_minute_hand_says(hours: OpenHours, start: datetime, seconds: int) -> None:
    expected = slow_add(start, seconds, hours, timedelta(days=10))
    assume(expected is not None)
    assert add(start, seconds, hours) == expected


@pytest.mark.parametrize(
    "zone", ["America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "America/Santiago"]
)
@settings(max_examples=25, deadline=None)
@given(st.data())
def test_days_on_which_the_clock_is_set_are_what_the_wall_shows(zone: str, data: st.DataObject) -> None:
    """Around each change of the year, also where it falls on midnight (Santiago) or is half an hour (Lord Howe)."""
    changes = [
        day
        for day in (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=n) for n in range(366))
        if day.astimezone(ZoneInfo(zone)).utcoffset()
        != (day + timedelta(days=1)).astimezone(ZoneInfo(zone)).utcoffset()
    ]
    change = data.draw(st.sampled_from(changes))
    hours = OpenHours(zone=zone, week=(data.draw(windows()),) * 7)
    a = change + timedelta(minutes=data.draw(st.integers(-2880, 1440)))
    b = a + timedelta(minutes=data.draw(st.integers(0, 4320)))
    assert between(a, b, hours) == slow_between(a, b, hours)


@settings(max_examples=200, deadline=None)
@given(calendars(), moments, st.integers(0, 400 * DAY))
def test_add_and_between_undo_each_other(hours: OpenHours, start: datetime, seconds: int) -> None:
    assume(hours.ever_open)
    end = add(start, seconds, hours)
    assert between(start, end, hours) == seconds
    assert seconds == 0 or between(start, end - timedelta(seconds=1), hours) == seconds - 1


@settings(max_examples=200, deadline=None)
@given(calendars(), moments, st.integers(0, 200 * DAY), st.integers(0, 200 * DAY))
def test_time_adds_up(hours: OpenHours, a: datetime, first: int, second: int) -> None:
    assume(hours.ever_open)
    b = a + timedelta(seconds=first)
    c = b + timedelta(seconds=second)
    assert between(a, c, hours) == between(a, b, hours) + between(b, c, hours)
    assert add(add(a, first, hours), second, hours) == add(a, first + second, hours)


@settings(max_examples=200, deadline=None)
@given(calendars(), moments, st.integers(0, 30 * DAY), st.integers(0, 30 * DAY))
def test_later_is_never_earlier(hours: OpenHours, a: datetime, delay: int, seconds: int) -> None:
    assume(hours.ever_open)
    later = a + timedelta(seconds=delay)
    assert add(a, seconds, hours) <= add(later, seconds, hours)
    assert add(a, seconds, hours) <= add(a, seconds + delay, hours)
    assert 0 <= between(a, later, hours) <= delay
