"""Names behind codes and ids, kept by the process for half a minute: every page of the desk asks for the same few."""

from collections.abc import Iterable
from typing import Any

from django.core.cache import caches
from django.db.models import CharField, F, Value
from django.db.models.functions import Cast

from accounts.models import Skill, User
from tickets.models import Category, Queue, RootCause, SolutionCode, StatusName, Tier

SECONDS = 30
#: name, English name, and the same as customers read them
Names = tuple[str, str, str, str]
TABLES: dict[str, Any] = {
    "status": StatusName,
    "category": Category,
    "queue": Queue,
    "tier": Tier,
    "solution": SolutionCode,
    "cause": RootCause,
}
_KEY = "tickets.names"


def configured(wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Names]:
    """(table, code) → names of every configuration row that events name, with those that are wanted, though they be
    new. One query, if any."""
    kept: dict[tuple[str, str], Names] | None = caches["local"].get(_KEY)
    if kept is None or not kept.keys() >= set(wanted):
        parts = [_columns(table, model) for table, model in TABLES.items()]
        kept = {(table, code): (*names,) for table, code, *names in parts[0].union(*parts[1:], all=True)}
        caches["local"].set(_KEY, kept, SECONDS)
    return kept


def _columns(table: str, model: Any) -> Any:
    prefix = "customer_" if model is StatusName else ""
    columns = ("code", "name_zh", "name_en", f"{prefix}name_zh", f"{prefix}name_en")
    return model.objects.order_by().values_list(
        Value(table, output_field=CharField()), *(Cast(F(column), CharField()) for column in columns)
    )


def skills(codes: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Code → Chinese and English name of every skill, with those that are wanted, though they be new. One query, if
    any."""
    kept: dict[str, tuple[str, str]] | None = caches["local"].get(f"{_KEY}:skills")
    if kept is None or not kept.keys() >= set(codes):
        kept = {code: (zh, en) for code, zh, en in Skill.objects.values_list("code", "name_zh", "name_en")}
        caches["local"].set(f"{_KEY}:skills", kept, SECONDS)
    return kept


def people(ids: Iterable[int]) -> dict[int, tuple[str, str, str]]:
    """User id → Chinese name, English name, sign-in name. One query for those not kept, if any."""
    wanted = {f"{_KEY}:{number}": number for number in ids if number}
    local = caches["local"]
    found = {wanted[key]: names for key, names in local.get_many(wanted).items()}
    missing = set(wanted.values()) - set(found)
    if missing:
        rows = User.objects.filter(pk__in=missing)
        for number, *names in rows.values_list("pk", "display_name", "display_name_en", "username"):
            found[number] = (names[0], names[1], names[2])
            local.set(f"{_KEY}:{number}", found[number], SECONDS)
    return found
