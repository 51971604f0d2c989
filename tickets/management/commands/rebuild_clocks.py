"""Prove that every clock's row is what the event history says."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from tickets.models import Clock, Ticket
from tickets.services import rebuild


class Command(BaseCommand):
    help = (
        "Rebuild every clock from the event history and compare it with its row. Prints each difference; "
        "exits with 1 if there is any. Changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--ticket", help="only the ticket with this number")
        parser.add_argument("--limit", type=int, default=100, help="print at most so many differences (100)")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = Ticket.objects.all()
        if options["ticket"]:
            rows = rows.filter(reference=options["ticket"])
            found = iter(rebuild.differences(rows.values_list("pk", flat=True)))
        else:
            found = rebuild.all_differences()
        count = 0
        for count, difference in enumerate(found, start=1):
            if count <= options["limit"]:
                self.stdout.write(str(difference))
        clocks = Clock.objects.filter(ticket__in=rows).count() if options["ticket"] else Clock.objects.count()
        if count:
            self.stderr.write(f"{count} differences among {clocks} clocks of {rows.count()} tickets")
            raise SystemExit(1)
        self.stdout.write(f"{clocks} clocks of {rows.count()} tickets are what their history says")
