"""What a service writes is read-only everywhere in the admin: on add and change pages, in inlines, lists and imports,
for superusers too. Every model admin is walked."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.options import InlineModelAdmin, ModelAdmin
from django.db import models
from django.test import RequestFactory

from accounts.enums import UserKind
from accounts.models import User
from core.admin_base import BaseAdmin, Guarded
from core.admin_export import ConfigResource, SafeResource
from core.writers import wholly_written, writer_of, written_fields

OURS = {"core", "accounts", "customers", "knowledge", "channels_hub", "tickets", "surveys"}
ADMINS = sorted(
    ((model, found) for model, found in admin.site._registry.items() if model._meta.app_label in OURS),
    key=lambda pair: pair[0]._meta.label,
)
IDS = [model._meta.label for model, _found in ADMINS]
every_admin = pytest.mark.parametrize(("model", "found"), ADMINS, ids=IDS)

#: models that stand on another's page or are machinery nobody looks at
NOT_REGISTERED = {
    "accounts.AgentSkill": "on the agent's and the skill's page",
    "channels_hub.Conversation": "on the thread's page",
    "core.EventCursor": "a position",
    "core.EventDetail": "personal data: shown nowhere as a list",
    "core.Lease": "machinery",
    "core.OnceKey": "machinery",
    "core.Tries": "machinery",
    "customers.Identity": "on the customer's page",
    "knowledge.ArticleVersion": "on the article's page",
    "knowledge.SearchEntry": "an index",
    "surveys.SurveyQuestion": "on the survey's page",
    "tickets.CalendarDay": "on the calendar's page",
    "tickets.CalendarWindow": "on the calendar's page",
    "tickets.Draft": "private",
    "tickets.EscalationStep": "on the policy's page",
    "tickets.MacroUse": "counted on the macro's page",
    "tickets.Note": "on the ticket's page",
    "tickets.SeenMark": "private",
    "tickets.TicketEntry": "on the ticket's page",
    "tickets.TicketSearchEntry": "an index",
    "tickets.TicketWatcher": "private",
    "tickets.TrackingLink": "a secret",
}


@pytest.fixture
def request_of_root(rf: RequestFactory, db: None) -> Any:
    request = rf.get("/admin/")
    request.user = User.objects.create_superuser("root", password="x", kind=UserKind.STAFF)
    return request


def inlines_of(found: ModelAdmin, request: Any) -> list[InlineModelAdmin]:
    return [inline(found.model, found.admin_site) for inline in found.get_inlines(request, None)]


def test_every_model_is_in_the_admin_or_says_why_not() -> None:
    ours = {
        model._meta.label
        for model in apps.get_models()
        if model._meta.app_label in OURS and not model.__name__.startswith("Historical")
    }
    assert ours - set(IDS) == set(NOT_REGISTERED)


@every_admin
def test_every_admin_keeps_the_rules_of_the_base(model: type[models.Model], found: ModelAdmin) -> None:
    assert isinstance(found, BaseAdmin)
    assert found.show_full_result_count is False
    for inline in found.inlines:
        assert issubclass(inline, Guarded)


@every_admin
def test_forms_cannot_change_what_a_service_writes(
    model: type[models.Model], found: ModelAdmin, request_of_root: Any
) -> None:
    written = written_fields(model)
    for obj in (None, model()):
        form = found.get_form(request_of_root, obj, change=obj is not None)
        assert written & set(form.base_fields) == set()


@every_admin
def test_lists_cannot_change_what_a_service_writes(model: type[models.Model], found: ModelAdmin) -> None:
    assert written_fields(model) & set(found.list_editable) == set()


@every_admin
def test_inlines_cannot_change_what_a_service_writes(
    model: type[models.Model], found: ModelAdmin, request_of_root: Any
) -> None:
    for inline in inlines_of(found, request_of_root):
        written = written_fields(inline.model)
        form = inline.get_formset(request_of_root, model()).form
        assert written & set(form.base_fields) == set(), inline
        if wholly_written(inline.model):
            assert not inline.has_add_permission(request_of_root, model())
            assert not inline.has_change_permission(request_of_root, model())
            assert not inline.has_delete_permission(request_of_root, model())


@pytest.mark.parametrize(("model", "found"), [pair for pair in ADMINS if wholly_written(pair[0])])
def test_nobody_adds_changes_or_deletes_what_services_alone_write(
    model: type[models.Model], found: ModelAdmin, request_of_root: Any
) -> None:
    assert not found.has_add_permission(request_of_root)
    assert not found.has_change_permission(request_of_root)
    assert not found.has_delete_permission(request_of_root)
    assert found.has_view_permission(request_of_root)


@every_admin
def test_imports_leave_out_what_a_service_writes(
    model: type[models.Model], found: ModelAdmin, request_of_root: Any
) -> None:
    if not hasattr(found, "get_import_resource_classes"):
        return
    for resource in found.get_import_resource_classes(request_of_root):
        assert issubclass(resource, ConfigResource)
        one = resource()
        names = {one.get_field_name(f) for f in one.get_import_fields()}
        assert written_fields(model) & names == set()


@every_admin
def test_exports_are_safe_and_hold_no_secrets(
    model: type[models.Model], found: ModelAdmin, request_of_root: Any
) -> None:
    if not hasattr(found, "get_export_resource_classes"):
        return
    for resource in found.get_export_resource_classes(request_of_root):
        assert issubclass(resource, SafeResource)
        attributes = {str(f.attribute) for f in resource().get_export_fields()}
        assert not {a for a in attributes if any(w in a for w in ("hash", "token", "password", "secret"))}
        contacts = {"phone", "email", "recipient", "reply_email", "address", "name", "value"}
        assert (contacts & attributes) <= resource.personal


@every_admin
def test_secrets_stand_on_no_page(model: type[models.Model], found: ModelAdmin, request_of_root: Any) -> None:
    shown = {
        name
        for _set, options in found.get_fieldsets(request_of_root, model())
        for name in _flat(options["fields"])
    }
    assert not {n for n in shown if n in {"token_hash", "secret_hash", "client_id", "salt", "body_hash"}}


def _flat(fields: Any) -> set[str]:
    return {name for line in fields for name in ([line] if isinstance(line, str) else line)}


def test_declared_writers_exist_and_name_real_fields() -> None:
    for app in OURS:
        for key, writer in import_module(f"{app}.writers").WRITERS.items():
            owner, field = key.split(".")
            model = apps.get_model(app, owner)
            assert field == "*" or model._meta.get_field(field), key
            assert import_module(writer), key
            if field != "*":
                assert writer_of(model, field) == writer
