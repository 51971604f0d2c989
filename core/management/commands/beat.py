"""Keep the time: fan events out, fire timers, wake the worker. Any number may run; a lease lets one work."""

import os
import signal
import socket
import time
from types import FrameType

import structlog
from django.core.management.base import BaseCommand
from django.db import close_old_connections, connection
from django.db.utils import OperationalError
from django.utils import timezone
from django_q.models import OrmQ
from django_q.tasks import async_task

from core.services import deliveries, timers

log = structlog.get_logger(__name__)
BEAT = 0.25


class Command(BaseCommand):
    help = "Fan out events, fire timers and wake the worker, until stopped."

    def handle(self, *args: object, **options: object) -> None:
        self.running = True
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        holder = f"{socket.gethostname()}:{os.getpid()}"
        swept = sealed = 0.0
        while self.running:
            started = time.monotonic()
            try:
                close_old_connections()
                at = timezone.now()
                if timers.lease("beat", holder, at=at):
                    while deliveries.fan_out(at=at) == 500:
                        pass
                    timers.fire_due(at=at)
                    deliveries.fan_out(at=timezone.now())
                    if deliveries.has_due(at=at) and not OrmQ.objects.exists():
                        async_task("core.jobs.drain", save=False)
                    if started - swept > 60:
                        deliveries.sweep(at=at)
                        swept = started
                    if started - sealed > 60:
                        async_task("core.jobs.seal", save=False)
                        sealed = started
            except OperationalError:
                # the database went away: time is kept in it, so nothing is lost; try again with a new connection
                log.warning("beat_without_database", exc_info=True)
                connection.close()
                time.sleep(1)
            time.sleep(max(0.0, BEAT - (time.monotonic() - started)))

    def stop(self, number: int, frame: FrameType | None) -> None:
        self.running = False
