"""A whole installation for the journeys: its own empty database, web server with sockets, worker and beat, as
processes, with the shipped defaults and the demo's staff. Nothing in it is mocked."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "anxin-demo-2026"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SETTLE = """
from config.defaults import load_defaults
from config.demo.people import hire_staff
from core import clock
load_defaults(at=clock.now())
hire_staff(at=clock.now())
"""


class House:
    """The running installation: its address, and a way to ask its database."""

    def __init__(self, url: str, env: dict[str, str], mails: Path) -> None:
        self.url = url
        self.env = env
        self.mails = mails

    def ask(self, code: str) -> object:
        """Run Python in the installation; the code prints one JSON value, which is returned."""
        done = subprocess.run(
            [sys.executable, "manage.py", "shell", "-v", "0", "-c", code],
            cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout.strip().splitlines()[-1])

    def login_of(self, name: str) -> str:
        """The sign-in of the member of staff of this name, in either language."""
        code = f"""
import json
from django.db.models import Q
from accounts.models import User
print(json.dumps(User.objects.get(Q(display_name={name!r}) | Q(display_name_en={name!r})).username))
"""
        return str(self.ask(code))


@contextmanager
def running(home: Path) -> Iterator[House]:
    """Bring an installation up in `home`, and down again."""
    with database(home) as database_url:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "ANXIN_VAR_DIR": str(home / "var"),
            "DATABASE_URL": database_url,
            "PUBLIC_URL": url,
            "LOG_LEVEL": "WARNING",
            "EMAIL_URL": f"filemail://{home / 'mails'}",
            "CONN_MAX_AGE": "0",
        }
        env.pop("PYTEST_CURRENT_TEST", None)
        for step in (["migrate", "-v", "0"], ["shell", "-v", "0", "-c", SETTLE]):
            subprocess.run([sys.executable, "manage.py", *step], cwd=ROOT, env=env, check=True, timeout=180)
        with processes(home, env, port):
            wait_for(f"{url}/healthz")
            yield House(url, env, home / "mails")


@contextmanager
def database(home: Path) -> Iterator[str]:
    """An empty database beside the tests' own: a file, or one more in the same PostgreSQL cluster."""
    own = settings.DATABASES["default"]
    if "postgresql" not in own["ENGINE"]:
        yield f"sqlite:///{home / 'journey.sqlite3'}"
        return
    name = f"journey_{os.getpid()}"
    keys = {"host": own["HOST"], "port": own["PORT"], "user": own["USER"], "password": own["PASSWORD"]}
    given = {key: value for key, value in keys.items() if value}
    with psycopg.connect(dbname="postgres", autocommit=True, **given) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield other_database(os.environ["DATABASE_URL"], name)
        finally:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def other_database(url: str, name: str) -> str:
    """The address of another database in the same cluster."""
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.urlunsplit(parts._replace(path=f"/{name}"))


@contextmanager
def processes(home: Path, env: dict[str, str], port: int) -> Iterator[None]:
    """Web, worker and beat; ended together."""
    commands = {
        "web": [
            sys.executable,
            "-m",
            "uvicorn",
            "config.asgi:application",
            "--port",
            str(port),
            "--log-level",
            "warning",
        ],
        "worker": [sys.executable, "manage.py", "qcluster"],
        "beat": [sys.executable, "manage.py", "beat"],
    }
    running = []
    try:
        for name, command in commands.items():
            with (home / f"{name}.log").open("w") as log:  # the process keeps a handle of its own
                running.append(
                    subprocess.Popen(
                        command, cwd=ROOT, env=env, stdout=log, stderr=log, start_new_session=True
                    )
                )
        yield
    finally:
        for process in running:
            with_group(process, signal.SIGTERM)
        for process in running:
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                with_group(process, signal.SIGKILL)
                process.wait()


def with_group(process: "subprocess.Popen[bytes]", number: int) -> None:
    """Signal a process and what it started."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, seconds: float = 60) -> None:
    """Until the address answers."""
    until = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.3)
