"""What every test can use."""

import gettext
import importlib
import inspect
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from asgiref.local import Local
from django.core.cache import caches
from django.db import connection
from django.db.backends.sqlite3 import base as sqlite
from django.utils import translation
from django.utils.translation import trans_real

from core import translations
from core.services import deliveries, timers

AUDIT_TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'core_event'"


@pytest.fixture
def at() -> datetime:
    """A quiet Tuesday morning in Shanghai."""
    return datetime(2026, 3, 17, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked `postgres_only` are skipped, and counted as such, on SQLite."""
    if connection.vendor == "postgresql":
        return
    for item in items:
        if item.get_closest_marker("postgres_only"):
            item.add_marker(pytest.mark.skip(reason="needs PostgreSQL: several connections, real row locks"))


@pytest.fixture(scope="session", autouse=True)
def _translations_are_compiled() -> None:
    """A fresh clone has no compiled catalogue: Django forgets the empty ones that it read before."""
    if translations.compile_all():
        trans_real._translations.clear()
        trans_real._default = None
        trans_real._active = Local()
        gettext._translations.clear()


@pytest.fixture(autouse=True)
def _local_caches_are_empty() -> None:
    """What a process keeps for itself must not pass from one test to the next."""
    caches["local"].clear()


@pytest.fixture(autouse=True)
def _no_language_is_left_behind() -> None:
    """A request of an earlier test may have left its reader's language on this thread."""
    translation.deactivate()


@pytest.fixture(autouse=True)
def _events_of_the_test_are_below_the_horizon(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test that runs in one transaction, rolled back at its end, is itself the oldest running one on PostgreSQL: no
    reader would ever come to its events. Transactional tests keep the real horizon."""
    marker = request.node.get_closest_marker("django_db")
    transactional = {"transactional_db", "live_server"} & set(request.fixturenames)
    if not transactional and not (marker and marker.kwargs.get("transaction")):
        monkeypatch.setattr("core.services.deliveries.horizon", lambda: None)
        monkeypatch.setattr("core.live.below_horizon", lambda rows: rows)


@pytest.fixture
def settle() -> Callable[..., int]:
    """`settle(at=at)`: what beat and worker do, until nothing is due: events become deliveries and are delivered,
    timers fire. Returns how many deliveries were tried."""

    def run(*, at: datetime) -> int:
        total = 0
        while True:
            moved = deliveries.fan_out(at=at) + timers.fire_due(at=at)
            done = deliveries.deliver_due(at=at)
            total += done
            if not moved and not done:
                return total

    return run


@pytest.fixture(scope="session", autouse=True)
def _flush_passes_the_audit_trail() -> Iterator[None]:
    """A transactional test ends with a flush; on SQLite that is a DELETE, which the audit trail's triggers refuse:
    they step aside for it and come back."""
    flush = sqlite.DatabaseOperations.execute_sql_flush

    def execute_sql_flush(self: Any, sql_list: list[str]) -> None:
        with self.connection.cursor() as cursor:
            triggers = cursor.execute(AUDIT_TRIGGERS).fetchall()
            for name, _sql in triggers:
                cursor.execute(f"DROP TRIGGER {name}")
        flush(self, sql_list)
        with self.connection.cursor() as cursor:
            for _name, sql in triggers:
                cursor.execute(sql)

    sqlite.DatabaseOperations.execute_sql_flush = execute_sql_flush  # type: ignore[method-assign]  # undone below
    yield
    sqlite.DatabaseOperations.execute_sql_flush = flush  # type: ignore[method-assign]  # as it was


def pytest_sessionstart() -> None:
    """`make mutants`: ANXIN_MUTANT=module:function makes that verb do nothing, in every place that imported it."""
    mutant = os.environ.get("ANXIN_MUTANT")
    if not mutant:
        return
    module, _, name = mutant.partition(":")
    verb = inspect.unwrap(getattr(importlib.import_module(module), name))
    verb.__code__ = (lambda *args, **kwargs: None).__code__
