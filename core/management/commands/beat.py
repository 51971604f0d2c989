"""Keep the time: fan events out, fire timers, wake the worker."""

import os
import signal
import socket

from django.core.management.base import BaseCommand

from core.beat import Beat


class Command(BaseCommand):
    help = "Fan out events, fire timers and wake the worker, until stopped. Any number may run; a lease lets one work."

    def handle(self, *args: object, **options: object) -> None:
        beat = Beat(f"{socket.gethostname()[:40]}:{os.getpid()}")
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, frame: beat.stop.set())
        beat.run()
