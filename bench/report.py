"""Figures against targets: on the screen, and kept in docs/performance.md."""

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

Found = dict[str, dict[str, Any]]
PAGE = Path(__file__).resolve().parent.parent / "docs/performance.md"
BEGIN, END = "<!-- measured: make bench writes what stands between these lines -->", "<!-- end -->"


@dataclass(frozen=True)
class Target:
    """What is promised: `value` of the figures of one size may be at most `most`."""

    name: str
    most: float
    value: Callable[[Found], float]


def _p50(name: str) -> Callable[[Found], float]:
    return lambda found: float(found[name]["p50"])


def _over(name: str, other: Callable[[Found], float]) -> Callable[[Found], float]:
    return lambda found: float(found[name]["p50"]) / other(found)


def _sql(name: str) -> Callable[[Found], float]:
    return lambda found: float(found[name]["sql_p50"])


ROWS_PAGE = _p50("ORM + template, 50 rows")
TARGETS = [
    Target("queue page ÷ ORM + template page", 2, _over("queue page", ROWS_PAGE)),
    Target("queue page: queries", 8, lambda found: found["queue page"]["queries"]),
    Target(
        "ticket opened from the list ÷ ORM + template page",
        1.5,
        _over("ticket opened from the list", ROWS_PAGE),
    ),
    Target(
        "ticket opened from the list: queries",
        8,
        lambda found: found["ticket opened from the list"]["queries"],
    ),
    Target(
        "ticket page by its address ÷ ORM + template page",
        1.5,
        _over("ticket page by its address", ROWS_PAGE),
    ),
    Target(
        "ticket page by its address: queries", 8, lambda found: found["ticket page by its address"]["queries"]
    ),
    Target("admin ticket list ÷ queue page", 3, _over("admin ticket list", _p50("queue page"))),
    Target("create by API ÷ the raw transaction", 5, _over("create by API", _sql("create by API"))),
    Target("reply by API ÷ the raw transaction", 4, _over("reply by API", _sql("reply by API"))),
    Target(
        "search, rare word: the verb ÷ the raw full-text query",
        5,
        _over("search, rare word: the verb", _sql("search, rare word: the verb")),
    ),
    Target(
        "search, common word: the verb ÷ the raw full-text query",
        1.5,
        _over("search, common word: the verb", _sql("search, common word: the verb")),
    ),
    Target(
        "search, rare word: the page ÷ the raw full-text query",
        5,
        _over("search, rare word: the page", _sql("search, rare word: the verb")),
    ),
    Target(
        "search, common word: the page ÷ the raw full-text query",
        1.5,
        _over("search, common word: the page", _sql("search, common word: the verb")),
    ),
]
GROWING = ("queue page", "admin ticket list")


def table(sizes: dict[int, Found]) -> list[str]:
    """The figures and the verdicts as Markdown."""
    lines = []
    for size, found in sizes.items():
        lines += [
            f"### {size:,} tickets",
            "",
            "| | queries | p50 ms | p95 ms | a second, 8 clients | same SQL by psycopg ms | ÷ that | ÷ empty view |",
            "|---|---:|---:|---:|---:|---:|---:|---:|",
        ]
        empty = float(found["empty view"]["p50"])
        for name, row in found.items():
            sql = row["sql_p50"]
            cells = [
                name,
                str(row["queries"] or "–"),
                f"{row['p50']:.1f}",
                f"{row['p95']:.1f}",
                f"{row['throughput']:.0f}" if row["throughput"] else "–",
                f"{sql:.1f}" if sql else "–",
                f"{row['p50'] / sql:.1f}" if sql else "–",
                f"{row['p50'] / empty:.1f}",
            ]
            lines.append(f"| {' | '.join(cells)} |")
        lines += ["", "| target | at most | measured | |", "|---|---:|---:|---|"]
        for target in TARGETS:
            lines.append(_verdict(target.name, target.most, target.value(found)))
        lines.append("")
    if len(sizes) > 1:
        small, large = min(sizes), max(sizes)
        lines += [
            f"### {small:,} → {large:,}",
            "",
            "| target | at most | measured | |",
            "|---|---:|---:|---|",
        ]
        for name in GROWING:
            ratio = float(sizes[large][name]["p50"]) / float(sizes[small][name]["p50"])
            lines.append(_verdict(f"{name}: cost of the larger ÷ the smaller", 1.2, ratio))
        lines.append("")
    return lines


def _verdict(name: str, most: float, value: float) -> str:
    return f"| {name} | {most:g} | {value:.2f} | {'met' if value <= most else '**missed**'} |"


def keep(sizes: dict[int, Found], command: str) -> None:
    """Put the figures into docs/performance.md, in place of the last ones."""
    head, _begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _old, _end, tail = rest.partition(END)
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    intro = [f"Measured {date.today():%Y-%m-%d} by `{command}`, {machine}.", ""]
    PAGE.write_text(
        f"{head}{BEGIN}\n\n{chr(10).join([*intro, *table(sizes)])}\n{END}{tail}", encoding="utf-8"
    )
