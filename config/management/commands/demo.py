"""Fill an empty database with the demo company."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.demo.build import build
from config.demo.people import PASSWORD
from core import clock
from tickets.models import Ticket

SCALES = {"quick": (300, 800, 600), "full": (3_000, 8_000, 20_000)}


class Command(BaseCommand):
    help = "Fill an empty database with the fictional company 禾栖智家 (never in production)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--scale", choices=sorted(SCALES), default="quick")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The demo's passwords are public: it is refused in production.")
        if Ticket.objects.exists():
            raise CommandError("There are tickets already: the demo fills an empty database only.")
        customers, devices, tickets = SCALES[options["scale"]]
        build(now=clock.now(), customers=customers, devices=devices, tickets=tickets, say=self.stdout.write)
        self.stdout.write(f"Sign in as admin, qinlan (supervisor), linxiao (agent), heting (L2): {PASSWORD}")
