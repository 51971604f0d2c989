"""`make mutants`: for each verb, do its tests fail when the verb does nothing?

A verb is a public function of a services/ module that takes `at` by keyword; its tests are tests/<app>/test_<module>.py
and every test file that imports the module or the verb. Each mutant runs these with the verb's body gone
(ANXIN_MUTANT, tests/conftest.py), on SQLite, until the first failure. Verbs whose tests still pass are listed; then the
exit code is 1. Arguments narrow it down: `make mutants ONLY=tickets.services.talk`.
"""

import ast
import os
import queue
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APPS = ("surveys", "tickets", "channels_hub", "knowledge", "customers", "accounts", "core")
#: tests that would hang or say nothing about one verb
OUT = ("tests/architecture/", "tests/journeys/")
LIMIT_SECONDS = 600
#: verbs that are said to be nothing by themselves, with the reason
EQUIVALENT: dict[str, str] = {}


@dataclass(frozen=True)
class Verb:
    """A function and the files that test it."""

    module: str
    name: str
    tests: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.module}:{self.name}"


def verbs(only: list[str]) -> list[Verb]:
    """Every verb whose name begins with one of the arguments, in order."""
    texts = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
    }
    found = []
    for app in APPS:
        for path in sorted((ROOT / app / "services").rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                    continue
                if "at" not in {argument.arg for argument in node.args.kwonlyargs}:
                    continue
                verb = f"{module}:{node.name}"
                if not only or any(verb.startswith(start) for start in only):
                    found.append(Verb(module, node.name, tests_of(module, node.name, texts)))
    return found


def tests_of(module: str, name: str, texts: dict[str, str]) -> tuple[str, ...]:
    """The mirroring file first, then those that use the verb."""
    app, *_, last = module.split(".")
    mirror = f"tests/{app}/test_{last}.py"
    word = re.compile(rf"\b{name}\b")
    package, _, leaf = module.rpartition(".")
    imports = re.compile(
        rf"from {re.escape(module)} import|from {re.escape(package)} import [^\n]*\b{leaf}\b|{module}\b"
    )
    users = [
        path
        for path, text in texts.items()
        if path != mirror and not path.startswith(OUT) and imports.search(text) and word.search(text)
    ]
    return ((mirror,) if mirror in texts else ()) + tuple(users[:4])


def survives(verb: Verb, var: str) -> str:
    """Empty when a test noticed; else what is wrong. `var` holds a database that one run at a time uses again."""
    if not verb.tests:
        return "no test file"
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--no-header"]
    command += ["--reuse-db", "-m", "not browser and not postgres_only", *verb.tests]
    env = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"} | {"ANXIN_VAR_DIR": var}
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=env | {"ANXIN_MUTANT": str(verb)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return ""  # tests that wait for what never happens have noticed
    if done.returncode == 1:
        return ""
    if done.returncode == 0:
        return f"its tests pass: {', '.join(verb.tests)}"
    return f"pytest ended with {done.returncode}: {done.stdout[-300:]}{done.stderr[-300:]}"


def main(only: list[str]) -> int:
    started = time.monotonic()
    listed = verbs(only)
    print(f"{len(listed)} verbs", flush=True)
    survivors = []
    jobs = int(os.environ.get("MUTANT_JOBS") or 2)
    free: queue.SimpleQueue[str] = queue.SimpleQueue()

    def judge(verb: Verb) -> str:
        var = free.get()
        try:
            return survives(verb, var)
        finally:
            free.put(var)

    with tempfile.TemporaryDirectory(prefix="anxin-mutants-") as scratch, ThreadPoolExecutor(jobs) as pool:
        for number in range(jobs):
            free.put(f"{scratch}/{number}")
        for verb, outcome in zip(listed, pool.map(judge, listed), strict=True):
            known = EQUIVALENT.get(str(verb))
            word = "noticed " if not outcome else "known   " if known else "SURVIVED"
            print(f"{word}  {verb}  {known or outcome}", flush=True)
            if outcome and not known:
                survivors.append(verb)
    print(f"{len(listed) - len(survivors)} of {len(listed)} noticed in {time.monotonic() - started:.0f} s")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
