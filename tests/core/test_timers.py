"""What is due happens once, a moment after it is due; who keeps the time is agreed by a lease."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from core.models import EventCursor, Lease, Timer
from core.services import timers

MINUTE = timedelta(minutes=1)


@pytest.fixture
def on_ring(monkeypatch: pytest.MonkeyPatch) -> Callable[[timers.Handler], None]:
    """Register what happens when a `ring` timer is due, for this test only."""
    monkeypatch.setattr(timers, "_kinds", {})
    return lambda handle: timers.on_timer("ring")(handle)


@pytest.mark.django_db
def test_a_timer_fires_once_when_due(at: datetime, on_ring) -> None:
    rung: list[tuple[int, dict]] = []
    on_ring(lambda timer, now: rung.append((timer.subject_id, timer.data)))
    timers.set_timer("ring", subject_id=5, due_at=at, data={"tone": "low"})
    assert timers.fire_due(at=at - timedelta(microseconds=1)) == 0
    assert timers.fire_due(at=at) == 1
    assert timers.fire_due(at=at + MINUTE) == 0
    assert rung == [(5, {"tone": "low"})]
    assert not Timer.objects.exists()


@pytest.mark.django_db
def test_the_same_key_is_one_timer_that_moves(at: datetime, on_ring) -> None:
    rung: list[datetime] = []
    on_ring(lambda timer, now: rung.append(timer.due_at))
    timers.set_timer("ring", subject_id=5, due_at=at)
    timers.set_timer("ring", subject_id=5, due_at=at + MINUTE)
    timers.set_timer("ring", subject_id=5, due_at=at, dedupe="another")
    assert timers.fire_due(at=at) == 1
    assert timers.fire_due(at=at + MINUTE) == 1
    assert rung == [at, at + MINUTE]


@pytest.mark.django_db
def test_a_cancelled_timer_does_not_fire(at: datetime, on_ring) -> None:
    timers.set_timer("ring", subject_id=5, due_at=at)
    assert timers.cancel_timer("ring:5") is True
    assert timers.cancel_timer("ring:5") is False
    assert timers.fire_due(at=at) == 0


@pytest.mark.django_db
def test_a_handler_may_set_its_own_key_anew(at: datetime, on_ring) -> None:
    on_ring(lambda timer, now: timers.set_timer("ring", subject_id=5, due_at=now + MINUTE))
    timers.set_timer("ring", subject_id=5, due_at=at)
    assert timers.fire_due(at=at) == 1
    assert list(Timer.objects.values_list("due_at", "attempts")) == [(at + MINUTE, 0)]


@pytest.mark.django_db
def test_it_may_even_be_the_same_moment(at: datetime, on_ring) -> None:
    """What fires says that something else is due already: the next beat does it."""
    rung: list[datetime] = []

    def ring(timer: Timer, now: datetime) -> None:
        rung.append(now)
        if len(rung) == 1:
            timers.set_timer("ring", subject_id=5, due_at=timer.due_at)

    on_ring(ring)
    timers.set_timer("ring", subject_id=5, due_at=at)
    assert [timers.fire_due(at=at + MINUTE) for _beat in range(3)] == [1, 1, 0]
    assert not Timer.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_failing_timer_is_tried_five_times_then_shown(at: datetime, on_ring) -> None:
    def fail(timer: Timer, now: datetime) -> None:
        EventCursor.objects.create(name="half-way")
        raise ValueError("no bell")

    on_ring(fail)
    timers.set_timer("ring", subject_id=5, due_at=at)
    pauses = []
    for _ in range(5):
        assert timers.fire_due(at=at) == 1
        timer = Timer.objects.get()
        pauses.append((timer.due_at - at).total_seconds())
        at = timer.due_at
    assert pauses == [15, 45, 135, 405, 1215]
    assert (timer.dead, timer.attempts, timer.last_error) == (True, 5, "ValueError: no bell")
    assert timers.fire_due(at=at + timedelta(days=1)) == 0
    assert not EventCursor.objects.exists()
    assert timers.retry([timer.pk], at=at) == 1
    assert timers.fire_due(at=at) == 1


@pytest.mark.django_db(transaction=True)
def test_a_timer_that_kills_its_process_is_given_up_after_five(at: datetime, on_ring) -> None:
    class Killed(BaseException):
        pass

    def die(timer: Timer, now: datetime) -> None:
        raise Killed

    on_ring(die)
    timers.set_timer("ring", subject_id=5, due_at=at)
    for _ in range(5):
        with pytest.raises(Killed):
            timers.fire_due(at=at)
    assert timers.fire_due(at=at) == 0
    assert list(Timer.objects.values_list("dead", "last_error")) == [(True, "the process died on each try")]


@pytest.mark.django_db
def test_a_timer_without_a_handler_is_shown_not_lost(at: datetime, on_ring) -> None:
    timers.set_timer("forgotten", subject_id=5, due_at=at)
    assert timers.fire_due(at=at) == 1
    assert Timer.objects.get().last_error == "LookupError: no handler for timers of kind forgotten"


def test_a_kind_has_one_handler(on_ring) -> None:
    on_ring(lambda timer, now: None)
    with pytest.raises(RuntimeError, match="ring"):
        on_ring(lambda timer, now: None)


@pytest.mark.django_db
def test_a_set_of_timers_is_set_moved_and_cancelled_together(at: datetime, django_assert_num_queries) -> None:
    timers.set_timer("ring", subject_id=1, due_at=at)
    Timer.objects.update(attempts=3, dead=True)
    wanted = [Timer(kind="ring", subject_id=n, due_at=at + n * MINUTE, dedupe=f"ring:{n}") for n in (1, 2, 3)]
    with django_assert_num_queries(1):
        timers.set_timers(wanted)
    rows = Timer.objects.order_by("subject_id").values_list("subject_id", "due_at", "attempts", "dead")
    assert list(rows) == [(n, at + n * MINUTE, 0, False) for n in (1, 2, 3)]
    assert timers.cancel_timers(["ring:1", "ring:3", "ring:9"]) == 2
    assert Timer.objects.get().subject_id == 2


@pytest.mark.django_db
def test_a_handler_learns_what_else_of_its_kind_is_due_and_untried(at: datetime) -> None:
    for number in (3, 1, 2):
        timers.set_timer("ring", subject_id=number, due_at=at - number * MINUTE)
    timers.set_timer("ring", subject_id=4, due_at=at + MINUTE)
    timers.set_timer("knock", subject_id=5, due_at=at)
    timers.set_timer("ring", subject_id=6, due_at=at)
    Timer.objects.filter(subject_id=6).update(attempts=1)
    assert timers.due_subjects(["ring"], at=at, limit=10) == [3, 2, 1]
    assert timers.due_subjects(["ring", "knock"], at=at, limit=10) == [3, 2, 1, 5]
    assert timers.due_subjects(["ring"], at=at, limit=2) == [3, 2]


@pytest.mark.django_db
def test_one_holder_has_the_lease_until_it_stops_renewing(at: datetime) -> None:
    assert timers.lease("beat", "one", at=at) is True
    assert timers.lease("beat", "two", at=at) is False
    assert timers.lease("beat", "one", at=at + timedelta(seconds=9)) is True
    assert timers.lease("beat", "two", at=at + timedelta(seconds=18)) is False
    assert timers.lease("beat", "two", at=at + timedelta(seconds=20)) is True
    assert timers.lease("beat", "one", at=at + timedelta(seconds=21)) is False
    assert Lease.objects.count() == 1


@pytest.mark.django_db
def test_a_released_lease_is_free_at_once(at: datetime) -> None:
    timers.lease("beat", "one", at=at)
    timers.release("beat", "two")
    assert timers.lease("beat", "two", at=at) is False
    timers.release("beat", "one")
    assert timers.lease("beat", "two", at=at) is True
