"""What people lately changed in the configuration, from its history: who, what, before and after."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.apps import apps
from django.core.cache import caches
from django.db import models
from django.db.models import CharField, F, Value
from django.db.models.functions import Cast
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from tickets.models import SlaPolicy
from tickets.services.policies import cells_of

SHOWN = 6
#: models whose differences one page looks up; what is left comes with the next refresh
LOOKED_UP = 2
DAY = 86400


@dataclass(frozen=True)
class Change:
    """One entry. `fields`: (name of the field, before, after), at most three."""

    at: datetime
    who: str
    what: str
    kind: str
    fields: tuple[tuple[str, str, str], ...]
    url: str


@cache
def tracked() -> dict[str, type[models.Model]]:
    """Label → model, of every model that keeps its history."""
    return {
        model._meta.label_lower: model
        for model in apps.get_models()
        if hasattr(model._meta, "simple_history_manager_attribute")
    }


def _history(model: type[models.Model]) -> Any:
    return getattr(model, model._meta.simple_history_manager_attribute)  # type: ignore[attr-defined]


def _names(model: type[models.Model]) -> tuple[str, str]:
    """The columns that name a row, in both languages."""
    own = {field.name for field in model._meta.fields}
    for zh, en in (("name_zh", "name_en"), ("text_zh", "text_en"), ("word", "word"), ("grade", "level")):
        if zh in own:
            return zh, en
    return "percent", "percent"


def recent_changes(*, english: bool) -> list[Change]:
    """The newest, made by people (what ships is nobody's change): one query, and one more a model for differences that
    are not known yet."""
    parts = [
        _history(model)
        .filter(history_user__isnull=False)
        .order_by()
        .values_list(
            Value(label, output_field=CharField()),
            "id",
            "history_id",
            "history_date",
            "history_type",
            F("history_user__display_name"),
            F("history_user__display_name_en"),
            F("history_user__username"),
            Cast(_names(model)[0], CharField()),
            Cast(_names(model)[1], CharField()),
        )
        for label, model in tracked().items()
    ]
    rows = list(parts[0].union(*parts[1:], all=True).order_by("-history_date", "-history_id")[:SHOWN])
    known = _differences(rows)
    found = []
    for label, pk, history_id, at, kind, zh_who, en_who, username, zh, en in rows:
        model = tracked()[label]
        who = (en_who if english else "") or zh_who or username
        what = f"{model._meta.verbose_name}: {(en if english else zh) or zh}"
        found.append(Change(at, who, what, kind, known.get((label, history_id), ()), _url(model, pk)))
    return found


def _url(model: type[models.Model], pk: int) -> str:
    opts = model._meta
    try:
        return reverse(f"admin:{opts.app_label}_{opts.model_name}_history", args=[pk])
    except NoReverseMatch:
        return ""


Fields = tuple[tuple[str, str, str], ...]


def _differences(rows: Iterable[tuple[Any, ...]]) -> dict[tuple[str, int], Fields]:
    """What each entry changed. An entry never changes, so the answer is kept."""
    keys = {(row[0], row[2]): row for row in rows}
    cached = caches["local"].get_many([f"admin-change:{label}:{pk}" for label, pk in keys])
    known: dict[tuple[str, int], Fields] = {}
    missing: dict[str, list[tuple[Any, ...]]] = {}
    for key, row in keys.items():
        kept = cached.get(f"admin-change:{key[0]}:{key[1]}")
        if kept is not None:
            known[key] = kept
        else:
            missing.setdefault(key[0], []).append(row)
    for label, entries in list(missing.items())[:LOOKED_UP]:
        found = _compare(tracked()[label], entries)
        known.update({(label, history_id): fields for history_id, fields in found.items()})
        caches["local"].set_many({f"admin-change:{label}:{pk}": fields for pk, fields in found.items()}, DAY)
    return known


def _compare(model: type[models.Model], entries: list[tuple[Any, ...]]) -> dict[int, Fields]:
    if model is SlaPolicy:
        return {row[2]: _cells(row[1]) for row in entries}
    ids = {row[1] for row in entries}
    newest = max(row[2] for row in entries)
    records = _history(model).filter(id__in=ids, history_id__lte=newest).order_by("id", "history_id")
    before: dict[int, Any] = {}
    found: dict[int, Fields] = {}
    wanted = {row[2] for row in entries}
    for record in records:
        old = before.get(record.id)
        if record.history_id in wanted:
            found[record.history_id] = _fields(model, old, record) if old is not None else ()
        before[record.id] = record
    return found


def _fields(model: type[models.Model], old: Any, new: Any) -> Fields:
    changed = []
    for field in model._meta.fields:
        a, b = getattr(old, field.attname, None), getattr(new, field.attname, None)
        if a != b:
            changed.append((str(field.verbose_name), _text(a), _text(b)))
    return tuple(changed[:3])


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)[:60] or "–"
    return str(value)[:60] if value not in (None, "") else "–"


def _cells(policy_id: int) -> Fields:
    """What a version of the SLA matrix changed: two queries, once."""
    policy = SlaPolicy.objects.filter(pk=policy_id).first()
    before = policy and SlaPolicy.objects.filter(code=policy.code, version=policy.version - 1).first()
    if policy is None or before is None:
        return ()
    old = cells_of(before)
    labels = {"first_response_minutes": _("first response"), "resolution_minutes": _("resolution")}
    changed = []
    for (grade, level), cell in cells_of(policy).items():
        for name, label in labels.items():
            a = old.get((grade, level), {}).get(name)
            if a != cell[name]:
                changed.append((f"{grade} × {level} {label}", _text(a), _text(cell[name])))
    return tuple(changed[:3])
