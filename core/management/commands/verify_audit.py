"""Walk the audit chain."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.services import audit


class Command(BaseCommand):
    help = "Check every seal of the audit trail against its events, and every kept detail against its hash."

    def handle(self, *args: Any, **options: Any) -> None:
        report = audit.verify()
        if report.broken_seal is not None:
            raise CommandError(f"seal {report.broken_seal} does not match the events it covers")
        if report.changed_details:
            listed = ", ".join(str(event) for event in report.changed_details[:20])
            raise CommandError(f"the details of these events were changed: {listed}")
        self.stdout.write(
            f"whole: {report.seals} seals over {report.sealed} events, {report.unsealed} events not sealed yet"
        )
