"""One writer per field: each app's writers.py declares which service writes what, and this module answers for them.

    WRITERS = {
        "Ticket.status": "tickets.services.state",   # one field
        "Clock.*": "tickets.services.clocks",        # a whole model: nobody else adds, changes or deletes its rows
    }

What a service writes is read-only in the admin (core.admin_base) and never taken from an import.
"""

from functools import cache
from importlib import import_module
from importlib.util import find_spec

from django.apps import apps
from django.db import models

WRITERS = {
    "Event.*": "core.events",
    "EventDetail.*": "core.events",
    "Seal.*": "core.services.audit",
    "Delivery.*": "core.services.deliveries",
    "EventCursor.*": "core.services",
    "Timer.*": "core.services.timers",
    "Lease.*": "core.services.timers",
    "File.*": "core.services.files",
    "OnceKey.*": "core.services.once",
    "Tries.*": "core.services.limits",
}


@cache
def written_fields(model: type[models.Model]) -> frozenset[str]:
    """Names of the model's own fields (many-to-many included, the key left out) that a service writes."""
    declared = _declared(model)
    own = {f.name for f in (*model._meta.fields, *model._meta.many_to_many) if not f.primary_key}
    if "*" in declared:
        return frozenset(own)
    return frozenset(own & declared.keys())


@cache
def wholly_written(model: type[models.Model]) -> bool:
    """Whether services alone add, change and delete rows of this model."""
    return "*" in _declared(model)


def writer_of(model: type[models.Model], field: str) -> str | None:
    """The module that writes the field, None when people may."""
    declared = _declared(model)
    return declared.get(field) or declared.get("*")


def _declared(model: type[models.Model]) -> dict[str, str]:
    """Field name (or "*") → writer, for one model."""
    app = apps.get_app_config(model._meta.app_label).name
    name = f"{app}.writers"
    if find_spec(name) is None:
        return {}
    written: dict[str, str] = import_module(name).WRITERS
    rows = (key.split(".") + [writer] for key, writer in written.items())
    return {field: writer for owner, field, writer in rows if owner == model.__name__}
