"""docs/requirements.md tells the truth: every demand once, and every test that it names exists."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| (S[0-3]-[\w]+) \| (.+?) \| (open|partly|done) \|(.*)\|(.*)\|$", re.M)
#: how many demands each source document holds
COUNTS = {"S0": 26, "S1": 23, "S2": 33, "S3": 29}


def rows() -> list[tuple[str, str, str, str, str]]:
    return ROW.findall((ROOT / "docs/requirements.md").read_text())


def named_tests(cell: str) -> list[str]:
    return re.findall(r"`(tests/[^`]+)`", cell)


def test_every_demand_stands_there_once() -> None:
    ids = [row[0] for row in rows()]
    assert len(ids) == len(set(ids))
    assert {source: sum(i.startswith(source) for i in ids) for source in COUNTS} == COUNTS


def test_what_is_not_open_says_where_and_names_its_tests() -> None:
    silent = [row[0] for row in rows() if row[2] != "open" and not (row[3].strip() and named_tests(row[4]))]
    assert silent == []


def test_every_named_test_exists() -> None:
    missing = [name for row in rows() for name in named_tests(row[4]) if not exists(name)]
    assert missing == []


def exists(name: str) -> bool:
    path, *parts = name.split("::")
    file = ROOT / path
    if not file.exists():
        return False
    if not parts:
        return True
    body: list[ast.stmt] = ast.parse(file.read_text()).body
    for part in parts:
        found = [
            n
            for n in body
            if isinstance(n, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef) and n.name == part
        ]
        if not found:
            return False
        body = found[0].body
    return True
