"""After an update of the holiday table: calendars that follow public holidays take the new years."""

from typing import Any

from django.core.management.base import BaseCommand

from core.actors import SYSTEM
from core.clock import now
from tickets.services import calendars


class Command(BaseCommand):
    help = "Give calendars that follow public holidays a new version with the years that are known now."

    def handle(self, *args: Any, **options: Any) -> None:
        at = now()
        for calendar in calendars.refresh_holidays(actor=SYSTEM, at=at):
            self.stdout.write(f"{calendar.code} v{calendar.version}: until {calendar.holidays_until}")
        for year in calendars.unknown_years(at):
            self.stderr.write(
                f"The public holidays of {year} are not known yet: Monday to Friday will count."
            )
