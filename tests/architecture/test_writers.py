"""One writer per state: what an app's writers.py says is written by one module is written there and nowhere else.

Read from the syntax: `x.field = …`, `Model.objects….update(field=…)`, `create`, `bulk_create`, `save` and `delete`,
where x's model is known by its annotation, its assignment or its name (`ticket`, `follow_up`).
"""

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest
from django.apps import apps
from django.db import models

from core.writers import wholly_written, writer_of
from tests.architecture.source import APPS, Module, calls, chain, modules

MANAGERS = {"objects", "_default_manager", "_base_manager"}
CHANGES = {"update", "bulk_update", "update_or_create"}
ROWS = {"create", "bulk_create", "get_or_create", "update_or_create", "delete", "save"}


@cache
def known() -> dict[str, type[models.Model]]:
    """The product's models by name."""
    return {
        model.__name__: model for model in apps.get_models() if model._meta.app_label in (*APPS, "project")
    }


@cache
def accessors() -> dict[str, type[models.Model]]:
    """`ticket.clocks` → Clock, where only one model is reached by that name."""
    found: dict[str, set[type[models.Model]]] = {}
    for model in known().values():
        for relation in model._meta.related_objects:
            if relation.related_model in known().values() and (name := relation.get_accessor_name()):
                found.setdefault(name, set()).add(relation.related_model)
    return {name: reached.pop() for name, reached in found.items() if len(reached) == 1}


def by_name(variable: str) -> type[models.Model] | None:
    """`follow_up` → BadRatingFollowUp's usual name is given here; `ticket` → Ticket."""
    usual = {"follow_up": "BadRatingFollowUp", "invitation": "SurveyInvitation", "log": "DutyLog"}
    camel = "".join(part.title() for part in variable.split("_"))
    return known().get(usual.get(variable, camel))


def of_chain(node: ast.AST, names: dict[str, type[models.Model]]) -> type[models.Model] | None:
    """The model whose rows a chain ends in."""
    links = chain(node)
    if len(links) == 2 and links[0] in known():  # Ticket(…).save()
        return known()[links[0]]
    model = known().get(links[0]) if len(links) > 1 and links[1] in MANAGERS else names.get(links[0])
    for link in links[1:-1]:
        model = accessors().get(link, model)
    return model


def functions(module: Module) -> Iterator[ast.AST]:
    """Each function by itself, for its names are its own."""
    return (
        node for node in ast.walk(module.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def names_in(function: ast.AST) -> dict[str, type[models.Model]]:
    """Variables of a function whose model is known by annotation, assignment or name."""
    found: dict[str, type[models.Model]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and (model := by_name(node.id)):
            found.setdefault(node.id, model)
    for node in ast.walk(function):
        if isinstance(node, ast.arg) and node.annotation is not None:
            for word in re.findall(r"\w+", ast.unparse(node.annotation)):
                if word in known():
                    found[node.arg] = known()[word]
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            links = chain(node.value)
            if len(links) > 1 and links[0] in known() and links[1] in MANAGERS:
                found[node.targets[0].id] = known()[links[0]]
    return found


def writes(module: Module) -> Iterator[tuple[ast.AST, type[models.Model], str]]:
    """Every write that can be read from the syntax: where, which model, which field ("*" for whole rows)."""
    for function in functions(module):
        names = names_in(function)
        for node in ast.walk(function):
            if isinstance(node, ast.Assign | ast.AugAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
                        model = names.get(target.value.id)
                        if model is not None:
                            yield node, model, target.attr.removesuffix("_id")
        for call in calls(function):
            if not isinstance(call.func, ast.Attribute) or call.func.attr not in CHANGES | ROWS:
                continue
            model = of_chain(call, names)
            if model is None:
                continue
            if call.func.attr in CHANGES:
                yield from ((call, model, (key.arg or "*").removesuffix("_id")) for key in call.keywords)
            if call.func.attr in ROWS:
                yield call, model, "*"


def may_write(module: str, model: type[models.Model], field: str) -> bool:
    """Whether this module is the declared writer, or nobody is."""
    if field == "*":
        if not wholly_written(model):
            return True
        writer = writer_of(model, "*")
    else:
        writer = writer_of(model, field)
    return writer is None or module == writer or module.startswith(f"{writer}.")


def test_each_state_is_written_by_its_one_writer() -> None:
    wrong = [
        f"{module.at(node)} writes {model.__name__}.{field}, which is {writer_of(model, field)}'s"
        for module in modules()
        for node, model, field in writes(module)
        if not may_write(module.name, model, field)
    ]
    assert sorted(set(wrong)) == []


def test_every_declared_writer_and_field_exists() -> None:
    names = {module.name for module in modules()}
    missing = []
    for model in known().values():
        own = {field.name for field in (*model._meta.fields, *model._meta.many_to_many)}
        for field in own | {"*"}:
            writer = writer_of(model, field)
            if writer is not None and writer not in names:
                missing.append(f"{model.__name__}.{field}: {writer}")
    assert missing == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("def f(ticket):\n    ticket.status = 'open'", ("Ticket", "status")),
        ("def f(row: Ticket):\n    row.assignee_id = 3", ("Ticket", "assignee")),
        ("def f():\n    Ticket.objects.filter(pk=1).update(tier=2)", ("Ticket", "tier")),
        ("def f():\n    rows = Clock.objects.all()\n    rows.update(state='met')", ("Clock", "state")),
        ("def f(ticket):\n    ticket.clocks.filter(pk=1).update(state='met')", ("Clock", "state")),
        ("def f():\n    Delivery.objects.create(event=1)", ("Delivery", "*")),
        ("def f():\n    DutyLog(agent=1).save()", ("DutyLog", "*")),
        ("def f(follow_up):\n    follow_up.state = 'closed'", ("BadRatingFollowUp", "state")),
    ],
)
def test_a_write_is_seen(code: str, found: tuple[str, str]) -> None:
    module = Module("somewhere.views", modules()[0].path, ast.parse(code))
    seen = [(model.__name__, field) for _, model, field in writes(module)]
    assert found in seen
    model = known()[found[0]]
    assert not may_write("somewhere.views", model, found[1]), "a stranger may not write it"
