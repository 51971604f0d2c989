"""Titles of published articles, kept by the process for half a minute: the desk names the same few again and again."""

from collections.abc import Iterable

from django.core.cache import caches

from knowledge.models import Article

SECONDS = 30
#: slug, Chinese title, English title; None for what is not published
Title = tuple[str, str, str]
_KEY = "knowledge.titles"


def titles(ids: Iterable[int]) -> dict[int, Title]:
    """Article id → slug and titles of those that are published; for staff, who may read them all. One query for those
    not kept, if any."""
    wanted = {f"{_KEY}:{number}": number for number in ids}
    local = caches["local"]
    found: dict[int, Title | None] = {wanted[key]: title for key, title in local.get_many(wanted).items()}
    missing = set(wanted.values()) - found.keys()
    if missing:
        rows = Article.objects.published().filter(pk__in=missing)
        fresh = {
            pk: (slug, zh, en)
            for pk, slug, zh, en in rows.values_list("pk", "slug", "current__title_zh", "current__title_en")
        }
        for number in missing:
            found[number] = fresh.get(number)
            local.set(f"{_KEY}:{number}", found[number], SECONDS)
    return {number: title for number, title in found.items() if title is not None}
