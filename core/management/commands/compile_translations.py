"""Catalogues for the machine, without gettext's binaries."""

from typing import Any

from django.core.management.base import BaseCommand

from core import translations


class Command(BaseCommand):
    help = "Write locale/*/LC_MESSAGES/django.mo from the .po files that changed."

    def handle(self, *args: Any, **options: Any) -> None:
        for path in translations.compile_all():
            self.stdout.write(f"compiled {path.parts[-3]}")
