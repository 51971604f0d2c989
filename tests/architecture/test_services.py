"""Verbs look alike: the thing itself first, everything else by keyword, who acts and when at the end."""

import ast
import importlib
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.architecture.source import Module, calls, modules

WRITES = {
    "create",
    "update",
    "delete",
    "save",
    "bulk_create",
    "bulk_update",
    "get_or_create",
    "update_or_create",
}
ANNOUNCES = {"announce", "announce_many"}

#: verbs that nobody but the machine performs, or whose actor is what they are about: they take no `actor`
WITHOUT_ACTOR = {
    "surveys.services.invite:invite": "the survey is sent by the system when a ticket is resolved",
    "surveys.services.invite:mark_delivered": "the mail system reports it",
    "surveys.services.followups:escalate_follow_up": "a timer does",
    "tickets.services.clocks.due:end_pause": "a timer does",
    "tickets.services.links:issue_link": "part of opening a ticket or sending mail; the link is no fact of its own",
    "tickets.services.links:revoke_links": "part of another verb, which announces",
    "tickets.services.timeline:record": "the private writer of timeline entries: its thing has the actor",
    "tickets.services.timeline:record_all": "as above",
    "tickets.services.timeline:move": "part of merging and splitting, which announce",
    "tickets.services.timeline:set_public": "as above",
    "tickets.services.relations:repoint": "part of merging, which announces",
    "tickets.services.bulk:finish": "the worker does",
    "tickets.services.bulk:refuse_rows": "the worker does, for somebody who has left",
    "channels_hub.services.chat:start_chat": "the visitor is who the new thread is about",
    "channels_hub.services.sending:queue_mail": "part of another verb, which announces",
    "channels_hub.services.threads:open_thread": "the sender is who the new thread is about",
    "channels_hub.services.threads:give_to_customer": "part of another verb, which announces",
    "knowledge.services.search:log_search": "a count without a person",
    "customers.services.accounts:prove_phone": "the signed-in user themself",
    "accounts.services.duty:note_assignment": "part of assigning, which announces",
    "accounts.services.roles:ensure_roles": "part of set-up",
}
#: verbs whose moment does not matter
WITHOUT_AT = {
    "tickets.services.desk:clear_draft": "a draft leaves no trace",
    "tickets.services.watchers:unwatch": "a watch leaves no trace",
    "tickets.services.timeline:record": "the entry's time is its thing's",
    "tickets.services.timeline:record_all": "as above",
    "tickets.services.timeline:move": "an entry keeps its time wherever it stands",
    "tickets.services.timeline:set_public": "part of another verb, which announces",
    "tickets.services.relations:repoint": "a link keeps its time",
    "accounts.services.roles:ensure_roles": "groups have no times",
}
#: more than the thing itself by position
BY_POSITION = {
    "channels_hub.services.sending:move_states": "messages and their state belong together",
    "tickets.services.timeline:record_all": "a ticket and its things belong together",
}


def verbs() -> Iterator[tuple[str, Callable[..., Any], Module]]:
    """Public functions of the apps' services that write or announce themselves. core is mechanism and keeps its own
    shape; defaults.py ships configuration."""
    for module in modules():
        if module.room != "services" or module.app == "core" or module.name.endswith(".defaults"):
            continue
        for node in module.tree.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and _writes(node):
                yield (
                    f"{module.name}:{node.name}",
                    getattr(importlib.import_module(module.name), node.name),
                    module,
                )


def _writes(function: ast.FunctionDef) -> bool:
    for call in calls(function):
        if isinstance(call.func, ast.Attribute) and call.func.attr in WRITES:
            return True
        if isinstance(call.func, ast.Name) and call.func.id in ANNOUNCES:
            return True
    return False


VERBS = {name: verb for name, verb, _ in verbs()}


@pytest.mark.parametrize("name", sorted(VERBS))
def test_a_verb_says_who_and_when_by_keyword(name: str) -> None:
    parameters = inspect.signature(VERBS[name]).parameters.values()
    by_position = [p.name for p in parameters if p.kind is not inspect.Parameter.KEYWORD_ONLY]
    given = {p.name for p in parameters}
    assert len(by_position) <= 1 or name in BY_POSITION, f"by position: {by_position}"
    assert "actor" not in by_position
    assert "at" not in by_position
    assert "actor" in given or name in WITHOUT_ACTOR, "takes no actor, and no reason is given"
    assert "at" in given or name in WITHOUT_AT, "takes no time, and no reason is given"


def test_no_exception_is_out_of_date() -> None:
    for listed, parameter in ((WITHOUT_ACTOR, "actor"), (WITHOUT_AT, "at")):
        stale = [
            name
            for name in listed
            if name not in VERBS or parameter in inspect.signature(VERBS[name]).parameters
        ]
        assert stale == []


def test_verbs_do_not_read_the_clock() -> None:
    """The door does; so that a verb can be told any moment, by a test or by the demo."""
    wrong = [
        module.at(call)
        for module in modules()
        if module.room in ("services", "rules", "models", "querysets") and module.app != "core"
        for call in calls(module.tree)
        if ast.unparse(call.func) in ("timezone.now", "datetime.now", "clock.now", "date.today", "time.time")
    ]
    assert wrong == []
