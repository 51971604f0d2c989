"""Production's processes on this machine, for measuring and trying: pages and API by WSGI, sockets by ASGI.

    scripts/with_postgres --durable .venv/bin/python scripts/serve_production.py --port 8100 -- COMMAND…

runs the command while they serve, with PAGES_URL and LIVE_URL in its environment, and stops them after it; without a
command they serve until Ctrl-C. DATABASE_URL must name a PostgreSQL database that is migrated (or --prepare).
"""

import argparse
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
START_SECONDS = 60


def answers(url: str) -> bool:
    """Whether a server answers there."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=8100, help="of the pages; sockets take the next one")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="WSGI processes")
    parser.add_argument(
        "--prepare", action="store_true", help="migrate and load the shipped configuration first"
    )
    parser.add_argument("--jobs", action="store_true", help="run worker and beat, too")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if "postgres" not in os.environ.get("DATABASE_URL", ""):
        print("DATABASE_URL must name a PostgreSQL database: see scripts/with_postgres.", file=sys.stderr)
        return 64
    pages, live = f"http://127.0.0.1:{options.port}", f"http://127.0.0.1:{options.port + 1}"
    env = {
        "SECRET_KEY": secrets.token_urlsafe(60),
        "ALLOWED_HOSTS": "127.0.0.1",
        "EMAIL_URL": "dummymail://",
        "LOG_LEVEL": "WARNING",
        **os.environ,
        "ANXIN_ENV": "production",
        "BEHIND_PROXY": "0",
        "SECURE_SSL_REDIRECT": "0",
        "SECURE_COOKIES": "0",
        "PUBLIC_URL": pages,
    }
    manage = [sys.executable, "manage.py"]
    before = [[*manage, "collectstatic", "--noinput", "--verbosity", "0"]]
    if options.prepare:
        before.append([*manage, "prepare"])
    for step in before:
        if code := subprocess.run(step, cwd=ROOT, env=env).returncode:
            return code
    servers = [
        [BIN / "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(options.port)]
        + [
            "--workers",
            str(options.workers),
            "--no-access-log",
            "--log-level",
            "warning",
            "config.wsgi:application",
        ],
        [
            BIN / "uvicorn",
            "config.asgi:application",
            "--lifespan",
            "off",
            "--no-access-log",
            "--log-level",
            "warning",
        ]
        + ["--port", str(options.port + 1), "--ws-max-size", "65536"],
    ]
    if options.jobs:
        servers += [[*manage, "qcluster"], [*manage, "beat"]]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    running: list[subprocess.Popen[bytes]] = []
    try:
        for server in servers:
            # ASGI opens a connection a thread and must not keep them
            own = env | ({"CONN_MAX_AGE": "0"} if "uvicorn" in str(server[0]) else {})
            running.append(subprocess.Popen(server, cwd=ROOT, env=own, start_new_session=True))
        deadline = time.monotonic() + START_SECONDS
        while not (answers(f"{pages}/healthz") and answers(f"{live}/healthz")):
            if time.monotonic() > deadline or any(process.poll() is not None for process in running):
                print("The servers did not start.", file=sys.stderr)
                return 1
            time.sleep(0.1)
        if command:
            return subprocess.run(command, env=env | {"PAGES_URL": pages, "LIVE_URL": live}).returncode
        print(f"pages and API {pages}/ · sockets {live}/ws/live/ · Ctrl-C stops", flush=True)
        while all(process.poll() is None for process in running):
            time.sleep(0.5)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        for process in running:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        for process in running:
            try:
                process.wait(timeout=8)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


if __name__ == "__main__":
    sys.exit(main())
