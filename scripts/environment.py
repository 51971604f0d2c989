"""The virtual environment in .venv, from the hash-locked requirements; nothing is done when the lock is unchanged."""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed.txt"


def ensure(kind: str) -> str:
    """The path of a Python with requirements/<kind>.txt installed; `dev` holds all of `base`. Exits with a message
    when that cannot be."""
    if sys.version_info < (3, 11):  # noqa: UP036  whoever starts this may have an older one
        sys.exit(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}.")
    wanted = {name: _digest(name) for name in ("base", "dev")}
    installed = STAMP.read_text().split() if STAMP.exists() and PYTHON.exists() else []
    acceptable = {wanted[kind], wanted["dev"]}
    if acceptable & set(installed):
        return str(PYTHON)
    started = time.monotonic()
    print(f"installing requirements/{kind}.txt into .venv … ", end="", flush=True)
    _install(kind)
    STAMP.write_text(wanted[kind] + "\n")
    print(f"{time.monotonic() - started:.1f} s", flush=True)
    return str(PYTHON)


def _digest(kind: str) -> str:
    text = (ROOT / "requirements" / f"{kind}.txt").read_bytes()
    return hashlib.sha256(text + sys.version.encode()).hexdigest()


def _install(kind: str) -> None:
    locked = str(ROOT / "requirements" / f"{kind}.txt")
    uv = shutil.which("uv")
    if uv and subprocess.run([uv, "--version"], capture_output=True).returncode == 0:
        if not PYTHON.exists():
            _run([uv, "venv", "--quiet", "--python", sys.executable, str(VENV)])
        _run([uv, "pip", "install", "--quiet", "--python", str(PYTHON), "--require-hashes", "-r", locked])
        return
    if (
        not PYTHON.exists()
        or subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True).returncode
    ):
        _make_venv()
    _run(
        [
            str(PYTHON),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--require-hashes",
            "--disable-pip-version-check",
            "-r",
            locked,
        ]
    )


def _make_venv() -> None:
    """Debian keeps venv's own part in a package of its own; root may add it."""
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    if subprocess.run(command, capture_output=True).returncode == 0:
        return
    apt = shutil.which("apt-get")
    if apt and os.geteuid() == 0:
        subprocess.run([apt, "update", "-qq"], stdout=subprocess.DEVNULL)
        _run([apt, "install", "-y", "-qq", "python3-venv"])
        _run(command)
        return
    sys.exit("Python's venv module is incomplete. On Debian: apt-get install python3-venv (or install uv).")


def _run(command: list[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f"\n{done.stdout}\n{' '.join(command)} failed.")


if __name__ == "__main__":
    print(ensure(sys.argv[1] if len(sys.argv) > 1 else "base"))
