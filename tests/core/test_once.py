"""The same request twice is one request."""

import threading
from datetime import datetime

import pytest
from django.db import connection, transaction

from core.errors import Conflict
from core.services import once


def do(content: bytes, *, at: datetime, result: int | None = 7, key: str = "k") -> int | None:
    """The work as a door does it: claim, work, keep."""
    with transaction.atomic():
        earlier = once.claim(scope="tickets", key=key, content=content, at=at)
        if earlier is None and result is not None:
            once.keep(scope="tickets", key=key, result_id=result)
        return earlier


@pytest.mark.django_db
def test_the_second_time_gives_the_first_result(at: datetime) -> None:
    assert do(b"same", at=at) is None
    assert do(b"same", at=at) == 7
    assert do(b"same", at=at, key="another") is None


@pytest.mark.django_db
def test_a_key_is_not_used_for_other_content(at: datetime) -> None:
    do(b"first", at=at)
    with pytest.raises(Conflict) as refused:
        do(b"second", at=at)
    assert (refused.value.status, refused.value.code) == (409, "key_reused")


@pytest.mark.django_db
def test_a_request_still_being_worked_on_is_not_worked_on_again(at: datetime) -> None:
    do(b"same", at=at, result=None)
    with pytest.raises(Conflict) as refused:
        do(b"same", at=at)
    assert refused.value.code == "in_progress"


@pytest.mark.django_db(transaction=True)
def test_a_failed_first_time_leaves_the_key_free(at: datetime) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        once.claim(scope="tickets", key="k", content=b"same", at=at)
        raise ZeroDivisionError
    assert do(b"same", at=at) is None


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_two_at_the_same_moment_are_one(at: datetime) -> None:
    results: list[int | None] = []
    start = threading.Barrier(2)

    def request() -> None:
        try:
            start.wait()
            results.append(do(b"same", at=at))
        finally:
            connection.close()

    requests = [threading.Thread(target=request) for _ in range(2)]
    for one in requests:
        one.start()
    for one in requests:
        one.join()
    assert sorted(results, key=str) == [7, None]
