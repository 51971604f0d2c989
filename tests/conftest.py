"""What every test can use."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.db import connection


@pytest.fixture
def at() -> datetime:
    """A quiet Tuesday morning in Shanghai."""
    return datetime(2026, 3, 17, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture(autouse=True)
def _flushable_events(request: pytest.FixtureRequest) -> None:
    """A transactional test flushes its tables; on SQLite that is a DELETE, which the audit trigger forbids: drop the
    triggers for the time of the flush and put them back."""
    marker = request.node.get_closest_marker("django_db")
    transactional = (marker and marker.kwargs.get("transaction")) or "transactional_db" in request.fixturenames or "live_server" in request.fixturenames
    if not transactional:
        yield
        return
    request.getfixturevalue("transactional_db")
    yield
    # pytest-django flushes after this fixture's own teardown
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER IF EXISTS core_event_no_update")
            cursor.execute("DROP TRIGGER IF EXISTS core_event_no_delete")
