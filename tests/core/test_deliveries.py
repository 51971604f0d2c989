"""Every subscriber hears of every fact at least once, whatever dies in between; who cannot be reached is shown."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction

from core.actors import SYSTEM
from core.events import Subscriber, announce
from core.models import Delivery, Event, EventCursor
from core.services import deliveries
from tests.core.conftest import BulbLit, light

Hearing = Callable[..., Subscriber]


def queued(hearing: Hearing, handle, *, at: datetime, network: bool = False) -> Delivery:
    """One delivery, due."""
    hearing(handle, network=network)
    light(at=at)
    deliveries.fan_out(at=at)
    return Delivery.objects.get()


@pytest.mark.django_db
def test_each_subscriber_gets_each_event_once(at: datetime, hearing: Hearing) -> None:
    hearing(lambda event: None, name="a.one")
    hearing(lambda event: None, name="b.two")
    events = [light(bulb, at=at) for bulb in (1, 2)]
    assert deliveries.fan_out(at=at) == 2
    assert deliveries.fan_out(at=at) == 0
    assert set(Delivery.objects.values_list("event_id", "subscriber")) == {
        (event.pk, name) for event in events for name in ("a.one", "b.two")
    }


@pytest.mark.django_db
def test_a_fan_out_that_died_before_its_cursor_moved_is_done_again_without_doubles(
    at: datetime, hearing: Hearing
) -> None:
    queued(hearing, lambda event: None, at=at)
    EventCursor.objects.update(txid=0, event_id=0)
    assert deliveries.fan_out(at=at) == 1
    assert Delivery.objects.count() == 1


@pytest.mark.django_db
def test_looking_for_events_without_any_writes_nothing(at: datetime, django_assert_num_queries) -> None:
    light(at=at)
    deliveries.fan_out(at=at)
    with django_assert_num_queries(2):  # the cursor, the events
        assert deliveries.fan_out(at=at) == 0


@pytest.mark.django_db
def test_what_is_due_is_done_once(at: datetime, hearing: Hearing) -> None:
    heard: list[int] = []
    delivery = queued(hearing, lambda event: heard.append(event.subject_id), at=at)
    assert deliveries.deliver_due(at=at) == 1
    assert deliveries.deliver_due(at=at) == 0
    delivery.refresh_from_db()
    assert heard == [1]
    assert (delivery.state, delivery.attempts, delivery.done_at, delivery.lease_until) == (
        "done",
        1,
        at,
        None,
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("network", [False, True])
def test_a_failing_handler_is_tried_five_times_with_growing_pauses_then_given_up(
    at: datetime, hearing: Hearing, network: bool
) -> None:
    def fail(event: Event) -> None:
        raise ValueError("no bulb")

    delivery = queued(hearing, fail, at=at, network=network)
    pauses = []
    for attempt in range(1, 6):
        assert deliveries.deliver_due(at=at) == 1
        delivery.refresh_from_db()
        assert delivery.attempts == attempt
        pauses.append((delivery.next_at - at).total_seconds())
        at = delivery.next_at
    assert pauses == [5, 30, 120, 600, 600]
    assert (delivery.state, delivery.last_error) == ("dead", "ValueError: no bulb")
    assert deliveries.deliver_due(at=at + timedelta(days=1)) == 0


@pytest.mark.django_db(transaction=True)
def test_what_a_failing_handler_wrote_is_undone(at: datetime, hearing: Hearing) -> None:
    def write_and_fail(event: Event) -> None:
        EventCursor.objects.create(name="half-way")
        raise ValueError

    queued(hearing, write_and_fail, at=at)
    deliveries.deliver_due(at=at)
    assert not EventCursor.objects.filter(name="half-way").exists()


@pytest.mark.django_db
def test_a_given_up_delivery_can_be_tried_anew(at: datetime, hearing: Hearing) -> None:
    heard: list[int] = []
    delivery = queued(hearing, lambda event: heard.append(event.pk), at=at)
    Delivery.objects.update(state="dead", attempts=5)
    assert deliveries.retry([delivery.pk], at=at) == 1
    assert deliveries.retry([delivery.pk], at=at) == 0
    deliveries.deliver_due(at=at)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, len(heard)) == ("done", 1, 1)


class Killed(BaseException):
    """The process ends here: nothing of it runs any more."""


@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_leaves_a_counted_attempt_and_the_work_is_done_later(
    at: datetime, hearing: Hearing
) -> None:
    heard: list[int] = []

    def die_first(event: Event) -> None:
        if not heard:
            heard.append(0)
            raise Killed
        heard.append(event.subject_id)

    delivery = queued(hearing, die_first, at=at)
    with pytest.raises(Killed):
        deliveries.deliver_due(at=at)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("running", 1)
    assert deliveries.sweep(at=at + timedelta(seconds=119)) == 0
    later = at + timedelta(seconds=121)
    assert deliveries.sweep(at=later) == 1
    assert deliveries.deliver_due(at=later) == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, heard) == ("done", 2, [0, 1])


@pytest.mark.django_db(transaction=True)
def test_a_job_that_kills_its_worker_five_times_is_given_up_and_its_neighbours_are_not(
    at: datetime, hearing: Hearing
) -> None:
    heard: list[int] = []

    def die_for_one(event: Event) -> None:
        if event.subject_id == 1:
            raise Killed
        heard.append(event.subject_id)

    hearing(die_for_one)
    for bulb in (1, 2, 3):
        light(bulb, at=at)
    deliveries.fan_out(at=at)
    for _ in range(5):
        with pytest.raises(Killed):
            deliveries.deliver_due(at=at)
        at += timedelta(minutes=3)
        deliveries.sweep(at=at)
        # the poison comes first again while it has tries left; those behind it were never touched
        Delivery.objects.filter(event__subject_id=1).update(next_at=at - timedelta(hours=1))
    assert Delivery.objects.get(event__subject_id=1).state == "dead"
    assert Delivery.objects.get(event__subject_id=1).last_error == "the worker died on each try"
    assert deliveries.deliver_due(at=at) == 2
    assert heard == [2, 3]
    assert set(Delivery.objects.exclude(event__subject_id=1).values_list("state", "attempts")) == {
        ("done", 1)
    }


@pytest.mark.django_db(transaction=True)
def test_who_lost_the_lease_undoes_the_work(at: datetime, hearing: Hearing) -> None:
    def too_slow(event: Event) -> None:
        EventCursor.objects.create(name="mine")
        # meanwhile a sweep gave the row to another worker
        Delivery.objects.update(state="running", attempts=2, lease_until=at + timedelta(hours=1))

    delivery = queued(hearing, too_slow, at=at)
    deliveries.deliver_due(at=at)
    delivery.refresh_from_db()
    assert not EventCursor.objects.filter(name="mine").exists()
    # the row as the first worker's claim left it: its own transaction is gone, the sweep will queue it again
    assert (delivery.state, delivery.attempts) == ("running", 1)


@pytest.mark.django_db
def test_a_delivery_whose_handler_a_release_removed_is_shown_not_lost(at: datetime, hearing: Hearing) -> None:
    delivery = queued(hearing, lambda event: None, at=at)
    Delivery.objects.update(subscriber="gone.handler", attempts=4)
    deliveries.deliver_due(at=at)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.last_error) == (
        "dead",
        "LookupError: no handler is called gone.handler",
    )


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_a_reader_never_passes_a_transaction_that_is_still_running(at: datetime) -> None:
    """Two connections: the earlier id commits later, and is still read."""
    written, may_commit = threading.Event(), threading.Event()

    def slow_writer() -> None:
        try:
            with transaction.atomic():
                announce(BulbLit(subject_id=1), actor=SYSTEM, at=at)
                written.set()
                may_commit.wait(10)
        finally:
            connection.close()

    thread = threading.Thread(target=slow_writer)
    thread.start()
    assert written.wait(10)
    second = light(2, at=at)
    start = EventCursor()
    assert deliveries.after(start, limit=10) == []
    may_commit.set()
    thread.join()
    read = deliveries.after(start, limit=10)
    assert [event.subject_id for event in read] == [1, 2]
    assert read[0].pk < read[1].pk == second.pk


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_an_earlier_id_of_a_later_transaction_is_read_in_its_turn(at: datetime, hearing: Hearing) -> None:
    """A transaction that drew its number first but its event id last: the cursor may not step over it."""
    hearing(lambda event: None)
    numbered, may_write = threading.Event(), threading.Event()

    def early_number_late_event() -> None:
        try:
            with transaction.atomic():
                EventCursor.objects.create(name="draws a transaction number")
                numbered.set()
                may_write.wait(10)
                announce(BulbLit(subject_id=1), actor=SYSTEM, at=at)
        finally:
            connection.close()

    thread = threading.Thread(target=early_number_late_event)
    thread.start()
    assert numbered.wait(10)
    light(2, at=at)
    assert deliveries.fan_out(at=at) == 0
    may_write.set()
    thread.join()
    assert deliveries.fan_out(at=at) == 2
    assert [event.subject_id for event in deliveries.after(EventCursor(), limit=10)] == [1, 2]
    assert Delivery.objects.count() == 2


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_do_each_delivery_once(at: datetime, hearing: Hearing) -> None:
    heard: list[int] = []
    hearing(lambda event: heard.append(event.subject_id))
    for bulb in range(20):
        light(bulb, at=at)
    deliveries.fan_out(at=at)
    start = threading.Barrier(2)

    def work() -> None:
        try:
            start.wait()
            deliveries.deliver_due(at=at)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(heard) == list(range(20))
    assert set(Delivery.objects.values_list("state", "attempts")) == {("done", 1)}
