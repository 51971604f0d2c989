"""Several calls at the same moment, each on a connection of its own (PostgreSQL; mark the test `postgres_only`)."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection

from core.errors import DomainError


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each call returned, or the DomainError it raised, in the order of the calls."""
    answers: list[Any] = [None] * len(calls)
    start = threading.Barrier(len(calls))

    def run(place: int) -> None:
        try:
            start.wait()
            answers[place] = calls[place]()
        except DomainError as error:
            answers[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
