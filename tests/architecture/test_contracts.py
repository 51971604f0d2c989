"""Who may import whom: the floors, the rooms and the doors."""

import ast
import subprocess
import sys
from pathlib import Path

from tests.architecture.source import APPS, DOORS, ROOT, modules


def test_the_contracts_of_importlinter_hold() -> None:
    """.importlinter says what they are and why."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_nobody_imports_another_apps_doors() -> None:
    """Who imports a view or a handler depends on how an app answers, not on what it does. config joins the apps: it
    may import their doors."""
    wrong = []
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                continue
            for name in names:
                app, _, rest = name.partition(".")
                room = rest.split(".")[0]
                if (
                    app in APPS
                    and app not in (module.app, "core")
                    and module.app != "config"
                    and room in DOORS
                ):
                    wrong.append(f"{module.at(node)} imports {name}")
    assert wrong == []


def test_verbs_and_models_know_no_http() -> None:
    """A verb is called by pages, API, admin, jobs and the demo alike."""
    wrong = []
    for module in modules():
        if module.room not in ("services", "rules", "models", "querysets", "enums", "events"):
            continue
        for node in ast.walk(module.tree):
            names = []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            wrong += [
                f"{module.at(node)} imports {name}"
                for name in names
                if name.startswith(("django.http", "django.shortcuts", "django.views", "rest_framework"))
            ]
    assert wrong == []


def test_no_signals_no_save_overrides() -> None:
    """What happens on a change stands in its verb, where it can be read."""
    wrong = []
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
                "django.db.models.signals"
            ):
                wrong.append(f"{module.at(node)} imports signals")
            if (
                module.room == "models"
                and isinstance(node, ast.FunctionDef)
                and node.name in ("save", "delete")
            ):
                wrong.append(f"{module.at(node)} overrides {node.name}")
    assert wrong == []


def test_no_failure_is_silent() -> None:
    """No `fail_silently`, no bare `except`; a broad one says why in its line."""
    wrong = []
    for module in modules():
        lines = module.path.read_text(encoding="utf-8").splitlines()
        for node in ast.walk(module.tree):
            if isinstance(node, ast.keyword) and node.arg == "fail_silently":
                wrong.append(f"{module.at(node.value)} fails silently")
            if isinstance(node, ast.ExceptHandler):
                broad = node.type is None or (isinstance(node.type, ast.Name) and node.type.id == "Exception")
                if broad and "#" not in lines[node.lineno - 1]:
                    wrong.append(f"{module.at(node)} catches everything without saying why")
    assert wrong == []


def test_no_address_of_a_machine_stands_in_the_project() -> None:
    """Whoever clones it has other folders."""
    done = subprocess.run(
        [
            "git",
            "grep",
            "-nIE",
            r"(^|[^a-z])/(home|root|work|Users)/[a-z]",
            "--",
            ":!*.txt",
            ":!tests/architecture",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.stdout == ""
