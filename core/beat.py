"""The beat: four times a second somebody looks at the clock. Any number of beats may run; a lease lets one work."""

import threading
import time
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, close_old_connections, connection
from django.utils import timezone
from django_q.models import OrmQ
from django_q.tasks import async_task

from core import wakers
from core.services import deliveries, timers

log = structlog.get_logger(__name__)

BEAT_SECONDS = 0.25
LEASE_SECONDS = 10
BATCH = 500
SWEEP = timedelta(seconds=15)
SEAL = timedelta(minutes=1)
CLEAN = timedelta(hours=1)
WAKE, WAKE_BUSY = timedelta(seconds=1), timedelta(seconds=10)


class Beat:
    """One holder's beats. `run` returns when `stop` is set."""

    def __init__(self, holder: str) -> None:
        self.holder = holder
        self.stop = threading.Event()
        self._renew_at: datetime | None = None
        self._last: dict[str, datetime] = {}

    def run(self) -> None:
        """Beat until stopped; a lost database costs beats, never facts: all of them are in it."""
        while not self.stop.is_set():
            started = time.monotonic()
            try:
                close_old_connections()
                self.beat(at=timezone.now())
            except DatabaseError:
                log.warning("beat_without_database", exc_info=True)
                self._renew_at = None
                connection.close()
                self.stop.wait(1)
            self.stop.wait(max(0.0, BEAT_SECONDS - (time.monotonic() - started)))
        timers.release("beat", self.holder)

    def beat(self, *, at: datetime) -> bool:
        """One beat; False while another holder has the lease."""
        if not self._leads(at):
            return False
        while deliveries.fan_out(at=at, limit=BATCH) == BATCH:
            pass
        if timers.fire_due(at=at):
            deliveries.fan_out(at=at, limit=BATCH)
        if self._every("sweep", SWEEP, at):
            deliveries.sweep(at=at)
        # a task in work or left by a killed worker is locked into the future: only one that waits counts
        if deliveries.has_due(at=at) and not OrmQ.objects.filter(lock__lte=at).exists():
            async_task("core.jobs.drain", save=False)
        for task in wakers.due(at):
            # no oftener than the worker can take it, and not never while it is busy with deliveries
            waiting = OrmQ.objects.filter(lock__lte=at).exists()
            if self._every(task, WAKE_BUSY if waiting else WAKE, at):
                async_task(task, save=False)
        if self._every("seal", SEAL, at):
            async_task("core.jobs.seal", save=False)
        if self._every("clean", CLEAN, at):
            async_task("core.jobs.clean", save=False)
        return True

    def _leads(self, at: datetime) -> bool:
        """Hold the lease, renewed when half of it is gone: a beat with nothing to do writes nothing."""
        if self._renew_at is not None and at < self._renew_at:
            return True
        if not timers.lease("beat", self.holder, at=at, seconds=LEASE_SECONDS):
            self._renew_at = None
            return False
        self._renew_at = at + timedelta(seconds=LEASE_SECONDS / 2)
        return True

    def _every(self, name: str, pause: timedelta, at: datetime) -> bool:
        if name in self._last and at - self._last[name] < pause:
            return False
        self._last[name] = at
        return True
