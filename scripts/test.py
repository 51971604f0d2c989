"""`make test`: everything that must hold, step by step, each named and timed.

A tool that is absent is skipped loudly and counted in the last line; SKIP_FORBIDDEN=1 turns a skip into a failure.
Names of steps as arguments run only these: lint format templates types contracts migrations sqlite postgres.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import environment

ROOT = environment.ROOT
BIN = environment.VENV / "bin"
TEMPLATES = "templates"


@dataclass
class Run:
    """What happened so far."""

    passed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def step(self, name: str, command: list[str], env: dict[str, str]) -> None:
        """Run one step and show its output as it comes."""
        print(f"\n=== {name}: {' '.join(command[:8])}", flush=True)
        started = time.monotonic()
        code = subprocess.run(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL).returncode
        outcome = "ok" if code == 0 else f"FAILED ({code})"
        print(f"=== {name}: {outcome} in {time.monotonic() - started:.1f} s", flush=True)
        (self.passed if code == 0 else self.failed).append(name)

    def skip(self, name: str, reason: str) -> None:
        """Say loudly what does not happen."""
        print(f"\n!!! {name} SKIPPED: {reason}", flush=True)
        self.skipped.append(f"{name} ({reason})")


def chromium() -> str | None:
    """The browser of the journeys."""
    given = os.environ.get("CHROMIUM")
    return given or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )


def main(only: list[str]) -> int:
    started = time.monotonic()
    python = environment.ensure("dev")
    run = Run()
    # nothing of whoever starts this leaks into the tests: the project's own settings are read from the environment
    env = {key: value for key, value in os.environ.items() if not key.startswith(("ANXIN_", "DJANGO_"))}
    given_database = env.pop("DATABASE_URL", "")
    env["PATH"] = f"{BIN}{os.pathsep}{env['PATH']}"
    with tempfile.TemporaryDirectory(prefix="anxin-test-") as scratch:
        env["ANXIN_VAR_DIR"] = scratch
        steps(run, only, python, env, given_database)
    print(f"\n=== all steps: {time.monotonic() - started:.0f} s; passed: {', '.join(run.passed) or 'none'}")
    if run.skipped:
        print(f"!!! skipped: {'; '.join(run.skipped)}")
    if run.failed:
        print(f"!!! failed: {', '.join(run.failed)}")
    forbidden = bool(run.skipped) and os.environ.get("SKIP_FORBIDDEN") == "1"
    if forbidden:
        print("!!! skipping is forbidden here (SKIP_FORBIDDEN=1)")
    return 1 if run.failed or forbidden else 0


def steps(run: Run, only: list[str], python: str, env: dict[str, str], given_database: str) -> None:
    """All steps in order; a failed one does not keep the others from running."""

    def wanted(name: str) -> bool:
        return not only or name in only

    if wanted("lint"):
        run.step("lint", [f"{BIN}/ruff", "check", "."], env)
    if wanted("format"):
        run.step("format", [f"{BIN}/ruff", "format", "--check", "."], env)
    if wanted("templates"):
        run.step("templates", [f"{BIN}/djlint", TEMPLATES, "--lint", "--quiet"], env)
    if wanted("types"):
        run.step("types", [f"{BIN}/mypy", "."], env)
    if wanted("contracts"):
        run.step("contracts", [f"{BIN}/lint-imports", "--no-cache"], env)
    if wanted("migrations"):
        run.step("migrations", [python, "manage.py", "makemigrations", "--check", "--dry-run"], env)

    if wanted("sqlite") or wanted("postgres"):
        # before any Django of the tests has read (and kept) a catalogue that is not there yet
        run.step("translations", [python, "manage.py", "compile_translations"], env)
    unit = [python, "-m", "pytest", "-n", "2", "--dist", "loadfile", "-q", "-p", "no:cacheprovider"]
    # in a process of their own: playwright leaves an event loop in its thread, beside which Django refuses the ORM
    suites = {"tests": [*unit, "-m", "not browser"]}
    if browser := chromium():
        env["CHROMIUM"] = browser
        suites["journeys"] = [*unit, "-m", "browser"]
    elif wanted("sqlite") or wanted("postgres"):
        run.skip("browser journeys", "no chromium; Debian: apt-get install chromium")
    if wanted("sqlite"):
        for name, command in suites.items():
            run.step(f"{name} on SQLite", command, env)
    if wanted("postgres"):
        if given_database:
            # one after another: a transaction of one worker would hold back the readers of events of the other
            for name, command in suites.items():
                alone = [*command, "-n", "0"]
                run.step(f"{name} on PostgreSQL", alone, env | {"DATABASE_URL": given_database})
        elif shutil.which("initdb") or list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
            for name, command in suites.items():
                throwaway = [sys.executable, "scripts/with_postgres", "--clusters", "2", *command]
                run.step(f"{name} on PostgreSQL", throwaway, env)
        else:
            run.skip(
                "tests on PostgreSQL", "neither DATABASE_URL nor initdb; Debian: apt-get install postgresql"
            )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
