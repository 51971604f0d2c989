"""`make bench`: for each size a new PostgreSQL, filled in bulk, served as in production, measured, thrown away.

BENCH_SIZES=10000 measures one size; without it, 10,000 and 100,000 tickets. Ends by itself after a few minutes; nothing
but loopback is spoken to. Figures of a complete run are kept in docs/performance.md (--keep keeps those of any run).
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.report import Found, keep, table

ROOT = Path(__file__).resolve().parent.parent
SIZES = "10000,100000"
#: preparing, filling and measuring one size
SECONDS_A_SIZE = 1800


def free_port() -> int:
    """The first of three ports in a row that are free (pages, sockets, reference pages)."""
    for port in range(8100, 8400, 3):
        try:
            for number in range(port, port + 3):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", number))
        except OSError:
            continue
        return port
    raise SystemExit("No three free ports between 8100 and 8400.")


def measure(size: int) -> Found:
    """The figures of one size. Raises SystemExit when a step failed."""
    with tempfile.TemporaryDirectory(prefix="anxinbench") as directory:
        result = Path(directory) / "found.json"
        command = [
            ROOT / "scripts/with_postgres",
            "--durable",
            sys.executable,
            "-m",
            "bench.inside",
            str(size),
            str(result),
            str(free_port()),
        ]
        env = {**os.environ, "ANXIN_VAR_DIR": directory, "STATIC_ROOT": f"{directory}/static"}
        try:
            done = subprocess.run(command, cwd=ROOT, env=env, timeout=SECONDS_A_SIZE)
        except subprocess.TimeoutExpired:
            raise SystemExit(f"{size} tickets took longer than {SECONDS_A_SIZE} s.") from None
        if done.returncode:
            raise SystemExit(f"Measuring {size} tickets failed ({done.returncode}).")
        found: Found = json.loads(result.read_text(encoding="utf-8"))
        return found


def main() -> int:
    chosen = os.environ.get("BENCH_SIZES", SIZES)
    sizes = {size: measure(size) for size in sorted(int(part) for part in chosen.split(","))}
    print("\n".join(table(sizes)))
    if chosen == SIZES or "--keep" in sys.argv:
        keep(sizes, "make bench" if chosen == SIZES else f"make bench BENCH_SIZES={chosen}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
