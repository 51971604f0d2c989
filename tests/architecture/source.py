"""The product's own source as syntax trees."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: from the top floor to the bottom
APPS = ("config", "surveys", "tickets", "channels_hub", "knowledge", "customers", "accounts", "core")
DOORS = ("views", "api", "admin", "handlers", "jobs", "consumers")


@dataclass(frozen=True)
class Module:
    """One file: its dotted name and its tree."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def app(self) -> str:
        return self.name.split(".")[0]

    @property
    def room(self) -> str:
        """`views`, `services`…: the second part of the name, `admin_views` counting as `admin`."""
        parts = self.name.split(".")
        return parts[1] if len(parts) > 1 else ""

    @property
    def is_door(self) -> bool:
        return self.room in DOORS or self.room.startswith("admin_")

    def at(self, node: ast.AST) -> str:
        """`tickets/views/desk.py:12`, for messages."""
        return f"{self.path.relative_to(ROOT).as_posix()}:{getattr(node, 'lineno', 0)}"


@cache
def modules() -> tuple[Module, ...]:
    """Every module of the apps, without migrations and commands of the demo."""
    return tuple(_read())


def _read() -> Iterator[Module]:
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if "migrations" in parts or parts[:2] == ("config", "demo"):
                continue
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            yield Module(name, path, ast.parse(path.read_text(encoding="utf-8")))


def chain(node: ast.AST) -> list[str]:
    """`Ticket.objects.filter(…).update(…)` → ["Ticket", "objects", "filter", "update"]; calls are looked through."""
    names: list[str] = []
    while True:
        if isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        elif isinstance(node, ast.Name):
            names.append(node.id)
            return names[::-1]
        else:
            return ["?", *names[::-1]]


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Every call in a tree."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))
