"""Catalogues for the translator, without gettext's binaries."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from core import translations


class Command(BaseCommand):
    help = "Bring locale/zh_Hans/LC_MESSAGES/django.po up to date with the texts in code and templates."

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
        added, dropped = translations.update(path)
        self.stdout.write(f"{added} new, {dropped} dropped; still to do:")
        for problem in translations.problems(path):
            self.stdout.write(f"  {problem}")
