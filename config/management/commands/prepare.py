"""What a start needs before it can serve, in one process: starting Django four times would cost four seconds."""

import io
import time
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from config.defaults import load_defaults
from config.demo.people import PASSWORD
from core import translations

#: who shows what: the demo's logins, by what they may do
LOGINS = {"admin": "everything", "qinlan": "supervisor", "linxiao": "agent, L1", "heting": "engineer, L2"}


class Command(BaseCommand):
    help = "Compile translations, migrate, load the shipped configuration, and demo data into a new database."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", action="store_true", help="fill a new database with demo data")

    def handle(self, *args: Any, **options: Any) -> None:
        translations.compile_all()
        executor = MigrationExecutor(connection)
        demo = options["demo"] and not settings.PRODUCTION
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self._timed("database", lambda: call_command("migrate", verbosity=0, interactive=False))
            if not demo or get_user_model().objects.exists():
                self._timed("shipped configuration", lambda: load_defaults(at=timezone.now()))
        if demo:
            if not get_user_model().objects.exists():
                self._timed("demo data", self.load_demo)
            self.write_logins()

    @transaction.atomic
    def load_demo(self) -> None:
        """All of it or nothing: after an interrupted start the database is still new, and the next one tries again."""
        call_command("demo", stdout=io.StringIO())

    def write_logins(self) -> None:
        """Leave what `make run` prints: the demo's logins, where the database is the demo's."""
        names = get_user_model().objects.filter(username__in=LOGINS).values_list("username", flat=True)
        there = [f"{name} ({LOGINS[name]})" for name in LOGINS if name in set(names)]
        text = f"  Sign in as   {', '.join(there)}; password {PASSWORD}\n" if there else ""
        (settings.VAR_DIR / "logins.txt").write_text(text, encoding="utf-8")

    def _timed(self, what: str, work: Any) -> None:
        started = time.monotonic()
        self.stdout.write(f"{what} … ", ending="")
        self.stdout.flush()
        work()
        self.stdout.write(f"{time.monotonic() - started:.1f} s")
