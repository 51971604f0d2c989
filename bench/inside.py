"""One size, inside a throwaway PostgreSQL: fill it, serve it as in production, measure. Called by bench.__main__."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parent.parent


def main(size: str, result: str, port: str) -> int:
    manage = [sys.executable, "manage.py"]
    started = time.monotonic()
    for command in (["prepare"], ["demo", "--scale", size]):
        if code := subprocess.run([*manage, *command], cwd=ROOT, stdout=subprocess.DEVNULL).returncode:
            return code
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as own:
        own.execute("VACUUM ANALYZE")
    print(f"{size} tickets in {time.monotonic() - started:.0f} s", flush=True)
    serve = [sys.executable, "scripts/serve_production.py", "--port", port, "--"]
    return subprocess.run([*serve, sys.executable, "-m", "bench.measure", size, result], cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
