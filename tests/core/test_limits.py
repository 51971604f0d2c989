"""Tries are counted for all processes together and by the window."""

import threading
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction

from core.errors import TooMany
from core.models import Tries
from core.services import limits


@pytest.mark.django_db
def test_the_try_over_the_limit_is_refused_until_the_window_ends(at: datetime) -> None:
    for _ in range(3):
        limits.spend("login:1.2.3.4", limit=3, seconds=60, at=at)
    with pytest.raises(TooMany) as refused:
        limits.spend("login:1.2.3.4", limit=3, seconds=60, at=at + timedelta(seconds=59))
    assert refused.value.extra == {"retry_after": 60}
    limits.spend("login:5.6.7.8", limit=3, seconds=60, at=at)
    # tries within a window do not prolong it
    limits.spend("login:1.2.3.4", limit=3, seconds=60, at=at + timedelta(seconds=60))


@pytest.mark.django_db
def test_what_is_counted_is_not_written_down(at: datetime) -> None:
    limits.spend("sms:13800000000", limit=3, seconds=60, at=at)
    assert "13800000000" not in Tries.objects.get().bucket


@pytest.mark.django_db(transaction=True)
def test_a_try_is_not_spent_inside_the_work_which_may_be_rolled_back(at: datetime) -> None:
    with pytest.raises(RuntimeError, match="before the transaction"), transaction.atomic():
        limits.spend("login", limit=3, seconds=60, at=at)


@pytest.mark.django_db
def test_windows_that_are_over_are_forgotten(at: datetime) -> None:
    limits.spend("old", limit=3, seconds=60, at=at)
    limits.spend("new", limit=3, seconds=600, at=at)
    assert limits.forget(at=at + timedelta(seconds=60)) == 1
    assert Tries.objects.count() == 1


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_tries_at_the_same_moment_are_all_counted(at: datetime) -> None:
    start = threading.Barrier(8)

    def guess() -> None:
        try:
            start.wait()
            limits.spend("guess", limit=100, seconds=60, at=at)
        finally:
            connection.close()

    guessers = [threading.Thread(target=guess) for _ in range(8)]
    for guesser in guessers:
        guesser.start()
    for guesser in guessers:
        guesser.join()
    assert Tries.objects.get().used == 8
