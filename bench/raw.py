"""The same SQL without Django: what a request asks the database, asked again by psycopg alone."""

import time
from collections.abc import Callable
from typing import Any

import psycopg
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from bench.http import Timing

CONTROL = ("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT", "BEGIN", "COMMIT", "ROLLBACK")


def captured(act: Callable[[], object]) -> list[str]:
    """The statements of one call in this process, with their values."""
    with CaptureQueriesContext(connection) as context:
        act()
    return [query["sql"] for query in context if not query["sql"].startswith(CONTROL)]


def connect() -> psycopg.Connection[Any]:
    """A connection of our own to the database that Django uses."""
    settings = connection.settings_dict
    return psycopg.connect(
        host=settings["HOST"],
        dbname=settings["NAME"],
        user=settings["USER"],
        password=settings["PASSWORD"],
        autocommit=True,
        cursor_factory=psycopg.ClientCursor,
    )


def repeat(statements: list[str], *, rounds: int, seconds: float) -> Timing:
    """Reading statements, one after the other on one connection."""
    timing = Timing()
    with connect() as own, own.cursor() as cursor:
        end = time.perf_counter() + seconds
        while len(timing.rounds) < rounds and time.perf_counter() < end:
            start = time.perf_counter()
            _run(cursor, statements)
            timing.rounds.append((time.perf_counter() - start) * 1000)
    return timing


def undone(work: Callable[[int], object], number: int = 0) -> list[str]:
    """The statements of a piece of work that is undone again."""
    with transaction.atomic():
        statements = captured(lambda: work(number))
        transaction.set_rollback(True)
    return statements


def transactions(work: Callable[[int], object], *, rounds: int) -> Timing:
    """Writing transactions. Each is done once by the service and undone, the sequences are set back, and then its very
    statements are run and committed by psycopg: only that is timed."""
    timing = Timing()
    with connect() as own, own.cursor() as cursor:
        for number in range(rounds):
            cursor.execute("SELECT schemaname || '.' || sequencename, last_value FROM pg_sequences")
            before = cursor.fetchall()
            statements = undone(work, number)
            for name, value in before:
                cursor.execute("SELECT setval(%s, %s, %s)", [name, value or 1, value is not None])
            start = time.perf_counter()
            cursor.execute("BEGIN")
            _run(cursor, statements)
            cursor.execute("COMMIT")
            timing.rounds.append((time.perf_counter() - start) * 1000)
    return timing


def _run(cursor: Any, statements: list[str]) -> None:
    for statement in statements:
        cursor.execute(statement)
        if cursor.description is not None:
            cursor.fetchall()
