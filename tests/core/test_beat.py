"""The beat moves facts and timers on, wakes the worker, and leaves it to one of many."""

from datetime import datetime, timedelta

import pytest
from django_q.models import OrmQ

from core import jobs
from core.beat import Beat
from core.models import Delivery, Lease, Seal, Timer
from core.services import timers
from tests.core.conftest import light


def tasks() -> list[str]:
    """What the worker is asked to do, in order."""
    return [task.task["func"] for task in OrmQ.objects.order_by("pk")]


@pytest.fixture
def beat(at: datetime) -> Beat:
    """A beat whose hourly and minutely chores are behind it."""
    beat = Beat("one")
    for name in ("sweep", "seal", "clean"):
        beat._last[name] = at
    return beat


@pytest.mark.django_db
def test_a_beat_turns_a_fact_into_a_delivery_and_wakes_the_worker_once(
    at: datetime, beat: Beat, hearing
) -> None:
    hearing(lambda event: None)
    light(at=at)
    assert beat.beat(at=at) is True
    assert Delivery.objects.count() == 1
    OrmQ.objects.update(lock=at)  # queued by the real clock
    assert beat.beat(at=at + timedelta(seconds=1)) is True
    assert tasks() == ["core.jobs.drain"]


@pytest.mark.django_db
def test_a_task_left_by_a_killed_worker_does_not_keep_the_next_from_being_sent(
    at: datetime, beat: Beat, hearing
) -> None:
    hearing(lambda event: None)
    light(at=at)
    beat.beat(at=at)
    OrmQ.objects.update(lock=at + timedelta(seconds=360))  # taken, never finished
    beat.beat(at=at + timedelta(seconds=1))
    assert tasks() == ["core.jobs.drain", "core.jobs.drain"]


@pytest.mark.django_db
def test_what_a_timer_announces_is_delivered_in_the_same_beat(
    at: datetime, beat: Beat, hearing, monkeypatch: pytest.MonkeyPatch
) -> None:
    hearing(lambda event: None)
    monkeypatch.setattr(timers, "_kinds", {"dusk": lambda timer, now: light(at=now)})
    timers.set_timer("dusk", subject_id=1, due_at=at)
    beat.beat(at=at)
    assert not Timer.objects.exists()
    assert Delivery.objects.count() == 1


@pytest.mark.django_db
def test_a_second_beat_rests_and_takes_over_when_the_first_is_gone(at: datetime, beat: Beat) -> None:
    second = Beat("two")
    assert beat.beat(at=at) is True
    assert second.beat(at=at) is False
    assert second.beat(at=at + timedelta(seconds=11)) is True
    assert beat.beat(at=at + timedelta(seconds=12)) is False


@pytest.mark.django_db
def test_an_idle_beat_writes_nothing(at: datetime, beat: Beat, django_assert_max_num_queries) -> None:
    beat.beat(at=at)
    with django_assert_max_num_queries(5) as queries:
        beat.beat(at=at + timedelta(seconds=1))
    assert [query["sql"] for query in queries.captured_queries if not query["sql"].startswith("SELECT")] == []


@pytest.mark.django_db
def test_chores_come_at_their_pace(at: datetime) -> None:
    beat = Beat("one")
    beat.beat(at=at)
    assert tasks() == ["core.jobs.seal", "core.jobs.clean"]
    beat.beat(at=at + timedelta(seconds=59))
    beat.beat(at=at + timedelta(seconds=60))
    assert tasks() == ["core.jobs.seal", "core.jobs.clean", "core.jobs.seal"]


@pytest.mark.django_db(transaction=True)
def test_a_stopped_beat_gives_its_lease_back() -> None:
    beat = Beat("one")
    beat.stop.set()
    timers.lease("beat", "one", at=datetime.fromisoformat("2026-03-17T10:00:00+08:00"))
    beat.run()
    assert not Lease.objects.exists()


@pytest.mark.django_db
def test_the_worker_drains_what_is_due(at: datetime, beat: Beat, hearing) -> None:
    heard: list[int] = []
    hearing(lambda event: heard.append(event.subject_id))
    for bulb in range(25):
        light(bulb, at=at)
    beat.beat(at=at)
    assert jobs.drain() == 25
    assert heard == list(range(25))
    assert jobs.drain() == 0


@pytest.mark.django_db(transaction=True)
def test_the_worker_seals_the_trail(at: datetime) -> None:
    light(at=at)
    assert jobs.seal() == 1
    assert Seal.objects.get().events == 1
