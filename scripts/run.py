"""`make run`: everything at once — environment, database, demo data, web server, worker and beat under one parent.

Ctrl-C (or SIGTERM) stops all; when one of them dies the others are stopped and its last lines are shown. Runs with any
Python ≥ 3.11; what needs Django runs in .venv.
"""

import argparse
import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from pathlib import Path

import environment

ROOT = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("ANXIN_VAR_DIR") or ROOT / "var")
PR_SET_PDEATHSIG = 1
GRACE_SECONDS = 8
START_SECONDS = 60


def die_with_parent() -> None:
    """Ask the kernel to stop a child should this process be killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    """One process of ours: its lines go to var/log/<name>.log and, when they warn, to the terminal."""

    def __init__(self, name: str, command: list[str], env: dict[str, str]) -> None:
        self.name = name
        self.last: deque[str] = deque(maxlen=60)
        logs = VAR / "log"
        logs.mkdir(parents=True, exist_ok=True)
        self.log = logs / f"{name}.log"
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C reaches the parent only, which stops the children in order
            preexec_fn=die_with_parent,
        )
        threading.Thread(target=self._copy, daemon=True).start()

    def _copy(self) -> None:
        assert self.process.stdout
        with self.log.open("w", encoding="utf-8") as log:
            for line in self.process.stdout:
                log.write(line)
                log.flush()
                self.last.append(line)
                if "warning" in line or "error" in line or "critical" in line:
                    print(f"[{self.name}] {line}", end="", flush=True)

    def signal(self, number: int) -> None:
        """To the child and to what it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


def stop(children: list[Child]) -> None:
    """Ask all to end, and end who does not."""
    for child in children:
        if child.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                child.process.terminate()
    deadline = time.monotonic() + GRACE_SECONDS
    for child in children:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.process.wait(timeout=max(0.1, deadline - time.monotonic()))
        child.signal(signal.SIGKILL)
        child.process.wait()


def port_is_free(host: str, port: int) -> bool:
    """Whether we may listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def answers(url: str) -> bool:
    """Whether a server answers there."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000))
    parser.add_argument("--host", default=os.environ.get("HOST") or "127.0.0.1")
    parser.add_argument("--no-demo", action="store_true", help="leave a new database without demo data")
    options = parser.parse_args()
    started = time.monotonic()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if not port_is_free(options.host, options.port):
        print(
            f"Port {options.port} is taken. Choose another one: make run PORT={options.port + 1}",
            file=sys.stderr,
        )
        return 1
    children: list[Child] = []
    try:
        python = environment.ensure("base")
        url = f"http://{options.host}:{options.port}"
        env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PUBLIC_URL": os.environ.get("PUBLIC_URL") or url,
            "PYTHONUNBUFFERED": "1",
            "LOG_LEVEL": os.environ.get("LOG_LEVEL") or "INFO",
            "NO_COLOR": "1",
        }
        prepare = [python, "manage.py", "prepare"] + ([] if options.no_demo else ["--demo"])
        if code := subprocess.run(prepare, cwd=ROOT, env=env).returncode:
            print("The database could not be prepared; see above.", file=sys.stderr)
            return code
        web = [python, "-m", "uvicorn", "config.asgi:application", "--lifespan", "off", "--no-access-log"]
        web += ["--host", options.host, "--port", str(options.port), "--ws-max-size", "65536"]
        web += ["--timeout-graceful-shutdown", "3"]
        children.append(Child("web", web, env))
        children.append(Child("beat", [python, "manage.py", "beat"], env))
        children.append(Child("worker", [python, "manage.py", "qcluster"], env))
        deadline = time.monotonic() + START_SECONDS
        ready = False
        while True:
            dead = next((child for child in children if child.process.poll() is not None), None)
            if dead is not None:
                time.sleep(0.2)  # its last lines are still on their way
                print(f"\n{dead.name} ended with code {dead.process.returncode}; stopping. Its last lines:")
                print("".join(dead.last), end="")
                return 1
            if not ready and answers(f"{url}/healthz"):
                ready = True
                print(
                    f"\nReady after {time.monotonic() - started:.1f} s. Logs: {VAR / 'log'}. Ctrl-C stops all."
                )
                announce(url)
            if not ready and time.monotonic() > deadline:
                print(
                    "The web server does not answer. Its last lines:\n" + "".join(children[0].last),
                    file=sys.stderr,
                )
                return 1
            time.sleep(0.1 if not ready else 0.5)
    except KeyboardInterrupt:
        print("\nStopping …", flush=True)
        return 0
    finally:
        # a second Ctrl-C must not leave anybody behind
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        stop(children)


def announce(url: str) -> None:
    """Where to go, and as whom; the demo leaves its logins in var/."""
    print(f"  Help centre  {url}/\n  Desk         {url}/desk/\n  Admin        {url}/admin/")
    print(f"  API          {url}/api/v1/schema/swagger/")
    logins = VAR / "logins.txt"
    if logins.exists() and logins.stat().st_size:
        print(logins.read_text(encoding="utf-8").rstrip())
    else:
        print("  No demo data: make a login with .venv/bin/python manage.py createsuperuser")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
