"""The problems and articles that a new installation starts with."""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction

from core.actors import Actor
from core.services.defaults import create_missing, read_defaults
from customers.models import ErrorCode, Product, ProductLine
from knowledge.models import Article, Problem
from knowledge.services.articles import create_article, publish_many, save_version

FOLDER = Path(__file__).parent.parent / "defaults" / "articles"
_ENGLISH = re.compile(r"^<!--\s*en\s*-->\s*$", re.MULTILINE)


@transaction.atomic
def load_defaults(at: datetime, actor: Actor) -> int:
    """Insert the problems and publish the articles that are missing, through the verbs; returns how many rows
    were new. What is there already stays as editors left it. Needs the catalogue
    (customers.services.defaults)."""
    given = read_defaults("knowledge", "problems")
    new = _load_problems(given["problems"], at)
    first = {slug: place for place, slug in enumerate(given["start_page"], start=1)}
    there = set(Article.objects.values_list("slug", flat=True))
    problems = Problem.objects.in_bulk(field_name="code")
    lines = ProductLine.objects.in_bulk(field_name="code")
    products = Product.objects.in_bulk(field_name="code")
    codes = list(ErrorCode.objects.select_related("line"))
    fresh = []
    for row, zh, en in read_articles():
        if row["slug"] in there:
            continue
        article = create_article(
            slug=row["slug"],
            kind=row["kind"],
            audience=row["audience"],
            problem=problems[row["problem"]],
            lines=[lines[code] for code in row["lines"]],
            products=[products[code] for code in row["products"]],
            error_codes=[
                code
                for code in codes
                if code.code in row["error_codes"] and (code.line is None or code.line.code in row["lines"])
            ],
            minutes=row["minutes"],
            start_page=first.get(row["slug"]),
            actor=actor,
            at=at,
        )
        save_version(
            article,
            title_zh=row["title_zh"],
            title_en=row["title_en"],
            summary_zh=row["summary_zh"],
            summary_en=row["summary_en"],
            body_zh=zh,
            body_en=en,
            keywords=row["keywords_zh"],
            actor=actor,
            at=at,
        )
        fresh.append(article)
    if fresh:
        publish_many(fresh, actor=actor, at=at)
    return new + len(fresh)


def read_articles() -> Iterator[tuple[dict[str, Any], str, str]]:
    """Front matter, Chinese and English text of each shipped article, by its number."""
    for path in sorted(FOLDER.glob("*.md")):
        _start, matter, body = path.read_text(encoding="utf-8").split("---\n", 2)
        zh, *en = _ENGLISH.split(body, maxsplit=1)
        yield yaml.safe_load(matter), zh.strip(), en[0].strip() if en else ""


def _load_problems(given: list[dict[str, Any]], at: datetime) -> int:
    rows = [
        Problem(code=row["code"], name_zh=row["name_zh"], name_en=row["name_en"], position=place)
        for place, row in enumerate(given)
    ]
    fresh = create_missing(rows, key=["code"], at=at)
    stored = Problem.objects.in_bulk(field_name="code")
    parents = {row["code"]: row["parent"] for row in given}
    for problem in fresh:
        problem.parent = stored[parents[problem.code]] if parents[problem.code] else None
    Problem.objects.bulk_update(fresh, ["parent"])
    return len(fresh)
