"""Fill an empty database with the demo company."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.demo.build import SCALES, Scale, build
from config.demo.people import PASSWORD
from core import clock
from tickets.models import Ticket

MOST_TICKETS = 5_000_000


class Command(BaseCommand):
    help = "Fill an empty database with the fictional company 禾栖智家 (never in production)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--scale",
            default="quick",
            help="quick (600 tickets), full (20,000), or a number of tickets for measuring, one in fifty of them open",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The demo's passwords are public: it is refused in production.")
        if Ticket.objects.exists():
            raise CommandError("There are tickets already: the demo fills an empty database only.")
        build(now=clock.now(), scale=_scale(options["scale"]), say=self.stdout.write)
        self.stdout.write(f"Sign in as admin, qinlan (supervisor), linxiao (agent), heting (L2): {PASSWORD}")


def _scale(name: str) -> Scale:
    if name in SCALES:
        return SCALES[name]
    if not name.isdecimal() or not 0 < int(name) <= MOST_TICKETS:
        raise CommandError(f"--scale is quick, full, or a number from 1 to {MOST_TICKETS}.")
    return Scale.of(int(name))
