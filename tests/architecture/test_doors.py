"""Every read a person can reach starts from `visible_to(viewer)`."""

import ast

import pytest
from django.apps import apps

from tests.architecture.source import APPS, Module, calls, chain, modules

#: `module:function` that reads a guarded model otherwise, with the reason
ALLOWED = {
    "channels_hub.views.chat:_start": "the customer that viewer_of says is looking",
    "channels_hub.views.chat:_say": "messages of a thread that its token has opened",
    "channels_hub.views.room:_dressed": "messages of a thread that its token has opened",
    "channels_hub.views.room:read_by_us": "messages of a thread that its token has opened",
    "channels_hub.views.room:state_of": "messages of a thread that its token has opened",
    "knowledge.admin:queryset": "narrows the admin's rows, which are guarded (core.admin_base)",
    "surveys.admin:queryset": "narrows the admin's rows, which are guarded (core.admin_base)",
    "tickets.views.requests:sent": "the reference stands in the sender's own session, written by the request",
    "tickets.views.desk_context:_companions": "what hangs on a ticket that the viewer may see, and the history of its "
    "customer: reference, subject and state of the last five, which whoever serves the customer must know",
}


def guarded() -> set[str]:
    """Models whose rows are not for everybody: their queryset has `visible_to`."""
    return {
        model.__name__
        for model in apps.get_models()
        if model._meta.app_label in APPS and hasattr(model._default_manager.all(), "visible_to")
    }


def unguarded_reads(module: Module) -> list[tuple[str, str]]:
    """(where, function) of each chain from a guarded model's manager without `visible_to` in it."""
    found = []
    inner = {id(call.func.value) for call in calls(module.tree) if isinstance(call.func, ast.Attribute)}
    for function in [
        n for n in ast.walk(module.tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
    ]:
        for call in calls(function):
            links = chain(call)
            if id(call) in inner or len(links) < 3 or links[0] not in guarded() or links[1] != "objects":
                continue
            if "visible_to" not in links and links[2] != "none":
                found.append((module.at(call), f"{module.name}:{function.name}"))
    return found


def doors() -> list[Module]:
    """Modules that answer people: not handlers and jobs, which act for the system."""
    return [m for m in modules() if m.is_door and m.room not in ("handlers", "jobs")] + [
        m for m in modules() if m.app == "config" and "management" not in m.name
    ]


def test_the_guarded_models_are_these() -> None:
    """A model that loses its `visible_to` would drop out of the test below."""
    assert guarded() >= {
        "Article",
        "BadRatingFollowUp",
        "Customer",
        "Device",
        "Message",
        "SurveyInvitation",
        "Thread",
        "Ticket",
    }


def test_every_door_reads_what_its_viewer_may_see() -> None:
    wrong = [
        where for module in doors() for where, function in unguarded_reads(module) if function not in ALLOWED
    ]
    assert wrong == []


def test_no_exception_is_out_of_date() -> None:
    used = {function for module in doors() for _, function in unguarded_reads(module)}
    assert set(ALLOWED) - used == set()


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        ("def f():\n    return Ticket.objects.filter(pk=1).first()", 1),
        ("def f():\n    return get_object_or_404(Ticket.objects.all(), pk=1)", 1),
        ("def f(v):\n    return Ticket.objects.visible_to(v).filter(pk=1).first()", 0),
        ("def f(v):\n    return Ticket.objects.select_related('queue').visible_to(v)", 0),
        ("def f():\n    return Ticket.objects.none()", 0),
        ("def f():\n    return Calendar.objects.all()", 0),
    ],
)
def test_an_unguarded_read_is_seen(code: str, seen: int) -> None:
    module = Module("somewhere.views", modules()[0].path, ast.parse(code))
    assert len(unguarded_reads(module)) == seen
