"""Every page of the admin renders for a superuser; lists ask the same number of questions whatever their length."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection, models, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.config.admin_world import make_root, make_world, one_row, sign_in

OURS = {"core", "accounts", "customers", "knowledge", "channels_hub", "tickets", "surveys"}
MODELS = sorted(
    (model for model in admin.site._registry if model._meta.app_label in OURS | {"admin", "auth"}),
    key=lambda model: model._meta.label,
)
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    """Made once for all pages, in a transaction around the tests' own."""
    with django_db_blocker.unblock():
        around = transaction.atomic()
        around._from_testcase = True  # type: ignore[attr-defined]  # limits count in front of it
        around.__enter__()
        made = make_world()
        yield {**made, "user": make_root()}
        transaction.set_rollback(True)
        around.__exit__(None, None, None)


@pytest.fixture
def root(world: dict[str, Any], db: None) -> Client:
    return sign_in(world["user"])


def url(model: type[models.Model], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def admin_of(model: type[models.Model]) -> Any:
    return admin.site._registry[model]


@every_model
def test_list_with_search_and_each_filter(
    model: type[models.Model], world: dict[str, Any], root: Client
) -> None:
    """The list, a search, and every choice of every filter."""
    address = url(model, "changelist")
    response = root.get(address)
    assert response.status_code == 200
    cl = response.context["cl"]
    if admin_of(model).search_fields:
        for term in ("T-2026-1", "13800000001", "网关", "' OR 1=1 --", "%", "\x00"):
            assert root.get(address, {"q": term}).status_code == 200, term
    for spec in cl.filter_specs:
        for values in choices_of(spec, cl):
            assert root.get(address, values).status_code == 200, (spec, values)
    for place in range(len(cl.list_display)):
        assert root.get(address, {"o": f"-{place}"}).status_code == 200


def choices_of(spec: Any, cl: Any) -> list[dict[str, str]]:
    found = []
    for choice in spec.choices(cl):
        form = choice.get("form") if isinstance(choice, dict) else None
        if form is None:
            continue
        for name, field in form.fields.items():
            options = [str(value) for value, _label in getattr(field, "choices", [])][:6] or ["2026-03-17"]
            found += [{name: option} for option in options if option]
    return found


@every_model
def test_add_change_and_history_pages(model: type[models.Model], world: dict[str, Any], root: Client) -> None:
    """They render, fetch nothing from elsewhere and hold no script: the content policy allows scripts from files."""
    page = root.get(url(model, "add"))
    assert page.status_code == (200 if admin_of(model).has_add_permission(page.wsgi_request) else 403)
    row = model._default_manager.order_by("pk")[0]
    pages = [page, root.get(url(model, "change", row.pk)), root.get(url(model, "history", row.pk))]
    assert [found.status_code for found in pages[1:]] == [200, 200]
    pages.append(root.get(url(model, "changelist")))
    for found in pages:
        html = found.content.decode()
        assert external(html) == []
        assert [tag for tag in re.findall(r"<script\b[^>]*>", html) if "src=" not in tag] == []
        assert re.findall(r"\son(?:click|change|submit|load|input)\s*=", html) == []


@every_model
def test_export_pages(model: type[models.Model], world: dict[str, Any], root: Client) -> None:
    found = admin_of(model)
    if not hasattr(found, "export_action"):
        return
    page = root.get(url(model, "export"))
    assert page.status_code == 200
    for place in range(2):
        data = {"format": str(place), "resource": "0"}
        for name, field in page.context["form"].fields.items():
            if getattr(field, "is_selectable_field", False):
                data[name] = "on"
        response = root.post(url(model, "export"), data)
        assert response.status_code == 200
        assert response["Content-Disposition"].startswith("attachment"), page.context["form"].errors


@every_model
def test_a_list_asks_no_more_for_three_rows_than_for_one(
    model: type[models.Model], world: dict[str, Any], root: Client
) -> None:
    address = url(model, "changelist")
    root.get(address)
    with CaptureQueriesContext(
        connection,
    ) as one:
        root.get(address)
    for n in (1, 2):
        one_row(n, world["agent"], world)
    with CaptureQueriesContext(connection) as three:
        root.get(address)
    assert len(three) == len(one), "\n".join(q["sql"] for q in three.captured_queries)


def external(html: str) -> list[str]:
    """Addresses of other hosts that a browser would fetch (names of namespaces are no addresses)."""
    found = re.findall(r"""(?:src|href|action|srcset|poster)\s*=\s*["']?((?:https?:)?//[^"'\s>]+)""", html)
    found += re.findall(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s]+)""", html)
    return found
