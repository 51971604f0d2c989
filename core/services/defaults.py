"""Shipped configuration: read from an app's defaults/*.yaml, written once, then the administrators'."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from django.apps import apps
from django.db import models
from simple_history.utils import bulk_create_with_history

#: libyaml's safe loader where it was built in: six times as fast
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_defaults(app: str, name: str) -> dict[str, Any]:
    """The content of `<app>/defaults/<name>.yaml`."""
    path = Path(apps.get_app_config(app).path) / "defaults" / f"{name}.yaml"
    content = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506  (a safe loader, see above)
    if not isinstance(content, dict):
        raise ValueError(f"{path.name} holds no sections")
    return content


def create_missing(rows: Sequence[models.Model], *, key: Sequence[str], at: datetime) -> list[Any]:
    """Insert the rows (unsaved, of one model) whose `key` fields match no stored row; return these. What is
    there already is left as it is: an administrator may have edited it. Two queries, and one more for the
    history."""
    if not rows:
        return []
    model = type(rows[0])
    there = set(model._default_manager.values_list(*[_column(model, field) for field in key]))
    missing = [row for row in rows if tuple(getattr(row, _column(model, f)) for f in key) not in there]
    if not missing:
        return []
    if hasattr(model, "history"):
        return list(
            bulk_create_with_history(
                missing, model, batch_size=500, default_change_reason="defaults", default_date=at
            )
        )
    return list(model._default_manager.bulk_create(missing, batch_size=500))


def _column(model: type[models.Model], field: str) -> str:
    found = model._meta.get_field(field)
    return found.attname if isinstance(found, models.Field) else field
