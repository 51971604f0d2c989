"""How clocks look on a page and a deadline in a list."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.factories.tickets import OFFICE, CalendarFactory, SlaPolicyFactory, make_timed_ticket
from tests.tickets.timing import PERSON, SYSTEM, clock_of, move
from tickets.enums import ClockKind, Status
from tickets.models import Clock, Ticket
from tickets.services import clocks
from tickets.services.clocks import Chip, ClockFace, clock_view, queue_chip

pytestmark = pytest.mark.django_db

FIRST, NEXT = ClockKind.FIRST_RESPONSE, ClockKind.NEXT_RESPONSE
RESOLUTION, HOP = ClockKind.RESOLUTION, ClockKind.TIER_HOP
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def faces(ticket: Ticket, at: datetime) -> dict[str, ClockFace]:
    rows = Clock.objects.filter(ticket=ticket).select_related("calendar")
    return {found.kind: found for found in clock_view(rows, at)}


@pytest.mark.parametrize(
    ("minutes", "colour", "left"),
    [
        (0, "green", 100),
        (14, "green", 53),
        (15, "yellow", 50),
        (24, "yellow", 20),
        (25, "orange", 16),
        (29, "orange", 3),
        (30, "red", 0),
        (300, "red", 0),
    ],
)
def test_colours_tell_what_is_left(
    desk_defaults: dict[str, Any], at: datetime, minutes: int, colour: str, left: int
) -> None:
    ticket = make_timed_ticket(at=at)
    now = at + minutes * MINUTE
    face = faces(ticket, now)[FIRST]
    assert (face.state, face.left_percent, face.used) == (colour, left, minutes * 60)
    assert (face.seconds, face.total, face.due_at) == (1800 - minutes * 60, 1800, at + 30 * MINUTE)
    assert face.late is (minutes >= 30)
    chip = queue_chip(ticket, now)
    assert (chip.state, chip.left_percent, chip.seconds) == (colour, left, face.seconds)


def test_what_stands_is_grey_and_says_for_how_long(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    move(ticket, Status.WAITING_CUSTOMER, at=at + 6 * HOUR)
    face = faces(ticket, at + 8 * HOUR)[RESOLUTION]
    assert (face.state, face.left_percent, face.seconds, face.due_at) == ("paused", 75, 0, None)
    assert (face.used, face.paused) == (6 * 3600, 2 * 3600)


def test_what_was_met_says_when_and_whether_it_was_late(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    clocks.meet(ticket=ticket, kind=FIRST, actor=PERSON, at=at + 40 * MINUTE)
    face = faces(ticket, at + 9 * HOUR)[FIRST]
    assert (face.state, face.finished_at, face.late) == ("met", at + 40 * MINUTE, True)
    assert (face.due_at, face.seconds) == (at + 30 * MINUTE, 0)


def test_only_the_newest_of_each_kind_is_shown_and_nothing_that_has_passed(
    desk_defaults: dict[str, Any], at: datetime
) -> None:
    ticket = make_timed_ticket(at=at)
    clocks.meet(ticket=ticket, kind=FIRST, actor=PERSON, at=at)
    clocks.start_next_response(ticket=ticket, actor=SYSTEM, at=at + MINUTE)
    clocks.restart_hop(ticket=ticket, actor=PERSON, at=at + 5 * MINUTE)
    shown = faces(ticket, at + 10 * MINUTE)
    assert list(shown) == [FIRST, NEXT, RESOLUTION, HOP]
    assert shown[HOP].used == 300
    clocks.meet(ticket=ticket, kind=NEXT, actor=PERSON, at=at + 11 * MINUTE)
    clocks.stop_all(ticket=ticket, actor=PERSON, at=at + 12 * MINUTE)
    assert list(faces(ticket, at + 13 * MINUTE)) == [FIRST, RESOLUTION]


def test_a_face_counts_on_the_clocks_calendar_and_the_wall_clock_to_the_deadline(at: datetime) -> None:
    """20 of 30 minutes are used at closing time; 10 are left, but it is due tomorrow."""
    SlaPolicyFactory(matrix=CalendarFactory(windows=OFFICE, name_en="Office"))
    ticket = make_timed_ticket(at=at.replace(hour=17, minute=40))
    midnight = at.replace(hour=0) + timedelta(days=1)
    face = faces(ticket, midnight)[FIRST]
    assert (face.state, face.left_percent, face.used) == ("yellow", 33, 1200)
    assert face.seconds == int((9 * HOUR + 10 * MINUTE).total_seconds())
    # the list knows no calendar: overnight it shows the promise as whole rather than as used up
    assert queue_chip(ticket, midnight).state == "green"
    morning = at.replace(hour=9, minute=5) + timedelta(days=1)
    assert (faces(ticket, morning)[FIRST].left_percent, queue_chip(ticket, morning).left_percent) == (16, 16)


def test_faces_need_no_query(
    desk_defaults: dict[str, Any], at: datetime, django_assert_num_queries: Any
) -> None:
    ticket = make_timed_ticket(at=at)
    rows = list(Clock.objects.filter(ticket=ticket).select_related("calendar"))
    with django_assert_num_queries(0):
        assert len(clock_view(rows, at)) == 3


def test_a_chip_reads_the_tickets_own_columns(
    desk_defaults: dict[str, Any], at: datetime, django_assert_num_queries: Any
) -> None:
    ticket = make_timed_ticket(at=at)
    columns = ("status", "due_at", "due_kind", "due_total")
    row = Ticket.objects.values(*columns).get(pk=ticket.pk)
    lean = Ticket.objects.only(*columns).get(pk=ticket.pk)
    expected = Chip("green", FIRST, at + 30 * MINUTE, 1500, 83)
    with django_assert_num_queries(0):
        assert queue_chip(row, at + 5 * MINUTE) == queue_chip(lean, at + 5 * MINUTE) == expected


def test_a_chip_without_a_deadline(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    clocks.meet(ticket=ticket, kind=FIRST, actor=PERSON, at=at)
    move(ticket, Status.WAITING_CUSTOMER, at=at)
    assert queue_chip(ticket, at) == Chip("paused", "", None, 0, 0)
    move(ticket, Status.CLOSED, at=at)
    assert queue_chip(ticket, at) == Chip("none", "", None, 0, 0)


def test_a_breach_shows_before_anybody_has_marked_it(desk_defaults: dict[str, Any], at: datetime) -> None:
    ticket = make_timed_ticket(at=at)
    assert clock_of(ticket, FIRST).breached_at is None
    assert faces(ticket, at + 30 * MINUTE)[FIRST].late is True
