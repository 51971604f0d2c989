"""Finding articles: for readers, for staff, and while somebody types.

The index (core.search) yields candidates that this viewer may see, the re-ranker orders them; two queries
whatever the number of articles."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core.actors import NOBODY, Actor
from core.search import candidate_rows
from core.tokens import compact, normalise, tokens
from customers.models import Product, ProductLine
from knowledge.models import Article, Problem, SearchEntry, SearchLog
from knowledge.services import ranking
from knowledge.services.excerpts import Segment, excerpt, highlight
from knowledge.services.indexing import problem_token
from knowledge.services.queries import EXACT, SYNONYM, Query, is_code, understand

MOST_CANDIDATES = 60
LONGEST_CONTEXT = 2_000
# below this a hit is noise: half a term in a body
LEAST_SCORE = 0.22
# and where only common words coincide
LEAST_UNGROUNDED = 0.45
SAFETY = "safety"

_SEVEN_DIGITS = re.compile(r"\+?\d(?:[\s\-().]*\d){6,}")
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")


@dataclass(frozen=True)
class Hit:
    """An article that was found. `heading` (the title) and `snippet` are cut into segments for
    highlighting, `why` says in a few words
    what it was found by; `score` compares within one search only."""

    article_id: int
    slug: str
    title: str
    summary: str
    heading: tuple[Segment, ...]
    snippet: tuple[Segment, ...]
    score: float
    why: str
    kind: str
    audience: str
    minutes: int
    problems: tuple[str, ...]
    lines: tuple[str, ...]
    products: tuple[str, ...]
    models: tuple[str, ...]
    codes: tuple[str, ...]

    @property
    def is_safety(self) -> bool:
        return SAFETY in self.problems


def search_articles(
    query: str,
    *,
    viewer: Actor,
    line: ProductLine | None = None,
    product: Product | None = None,
    problem: Problem | None = None,
    limit: int = 20,
) -> list[Hit]:
    """Published articles that this viewer may see and that answer the query, best first; without a query,
    those of the line, model and problem. Of the query the first 200 characters count. An unintelligible query
    (empty, emoji only) finds nothing unless a filter is given."""
    meant = understand(query)
    within = _entries(viewer, line=line, product=product, problem=problem)
    if not meant:
        filtered = line is not None or product is not None or problem is not None
        return _browse(within, limit) if filtered and not normalise(query) else []
    rows = _candidate_rows(meant, within)
    ranked = ranking.rank(meant, [_document(row) for row in rows])
    return _hits(meant, ranked, rows, limit=limit)


def suggest_articles(
    text: str,
    *,
    product: Product | None = None,
    error_code: str = "",
    category_code: str = "",
    limit: int = 5,
    viewer: Actor = NOBODY,
) -> list[Hit]:
    """What may help a member of staff with this case: words of the customer, and what is known of model, code
    and category. Internal articles only when the viewer is given and may see them."""
    meant = understand(f"{error_code} {text}" if error_code else text, longest=LONGEST_CONTEXT)
    marks = [problem_token(code) for code in _upwards(category_code)]
    if not meant and not marks:
        return []
    rows = _candidate_rows(meant, _entries(viewer), extra=marks)
    ranked = ranking.rank(meant, [_document(row) for row in rows])
    by_key = {(row.article_id, row.language): row for row in rows}
    for found in ranked:
        facts = by_key[found.document.article_id, found.document.language].facts
        found.score += _context(facts, product, error_code, category_code)
    ranked.sort(key=lambda found: (-found.score, found.document.article_id))
    return _hits(meant, ranked, rows, limit=limit, product=product, category_code=category_code)


def complete(text: str, *, viewer: Actor, limit: int = 6) -> list[Hit]:
    """Titles while somebody types: every word begun so far, the last one perhaps unfinished; else what a
    search would find."""
    words = list(dict.fromkeys(tokens(normalise(text[:60]))))
    if not words:
        return []
    within = _entries(viewer)
    found = candidate_rows(SearchEntry, words, match="all", prefix=True, limit=limit * 4, within=within)
    rows = list(_with_article(found).order_by("pk"))
    meant = understand(text[:60])
    ranked = ranking.rank(meant, [_document(row) for row in rows])
    if ranked:
        typed = normalise(text[:60])
        for found_row in ranked:
            # whatever begins so is worth showing; titles that say it come first
            found_row.score += 1.0 + (typed in found_row.document.phrases[-1])
        ranked.sort(key=lambda one: (-one.score, one.document.article_id))
        return _hits(meant, ranked, rows, limit=limit)
    return search_articles(text[:60], viewer=viewer, limit=limit)


def log_search(query: str, *, results: int, language: str, at: datetime) -> SearchLog | None:
    """Remember what was looked for and how much was found. Phone-like figures (seven digits and more) and
    mail addresses are masked first. Nothing is kept of an empty query."""
    text = mask(normalise(query[:400]))[:200]
    if not text:
        return None
    return SearchLog.objects.create(query=text, language=language[:10], results=min(results, 32_767), at=at)


def mask(text: str) -> str:
    """The text without numbers that may reach a person."""
    return _ADDRESS.sub("***@***", _SEVEN_DIGITS.sub("***", text))


def _entries(
    viewer: Actor,
    *,
    line: ProductLine | None = None,
    product: Product | None = None,
    problem: Problem | None = None,
) -> QuerySet[Any]:
    """Index rows of what the viewer may read. The index holds published articles only; who may see them is
    asked again here, so that a stale row shows nothing."""
    articles = Article.objects.visible_to(viewer).published()
    if product is not None:
        # no model named means: all models of the lines
        articles = articles.filter(Q(products=product) | Q(products=None, lines=product.line_id))
    elif line is not None:
        articles = articles.filter(lines=line)
    if problem is not None:
        articles = articles.filter(
            Q(problem=problem) | Q(problem__parent=problem) | Q(problem__parent__parent=problem)
        )
    return SearchEntry.objects.filter(article__in=articles.values("pk"))


def _candidate_rows(meant: Query, within: QuerySet[Any], extra: Sequence[str] = ()) -> list[SearchEntry]:
    groups: list[Sequence[str]] = [[mark] for mark in extra]
    groups.extend(term.alternatives for term in meant.terms)
    found = candidate_rows(SearchEntry, groups, limit=MOST_CANDIDATES, within=within)
    return list(_with_article(found).order_by("pk"))


def _with_article(rows: QuerySet[Any]) -> QuerySet[Any]:
    shown = ("slug", "kind", "audience", "minutes", "helped", "not_helped")
    texts = ("title_zh", "title_en", "summary_zh", "summary_en")
    return rows.select_related("article__current").only(
        *("article_id", "language", "title", "body", "pinyin", "facts"),
        *(f"article__{name}" for name in shown),
        *(f"article__current__{name}" for name in texts),
    )


def _browse(within: QuerySet[Any], limit: int) -> list[Hit]:
    rows = list(
        _with_article(within)
        .filter(language="zh")
        .order_by("article__problem__position", "-article__helped", "article_id")[:limit]
    )
    return [_hit(row, Query("", ()), 0.0, [], why="") for row in rows]


def _document(row: SearchEntry) -> ranking.Document:
    return ranking.Document(
        article_id=row.article_id,
        language=row.language,
        heads=frozenset(row.title.split(" ")),
        words=frozenset(row.body.split(" ")),
        sounds=frozenset(row.pinyin.split(" ")),
        phrases=ranking.phrases_of(row.facts["keywords"], _title(row)),
        codes=frozenset(map(compact, (*row.facts["codes"], *row.facts["models"]))),
    )


def _title(row: SearchEntry) -> str:
    current = row.article.shown
    return current.title_en if row.language == "en" else current.title_zh


def _hits(
    meant: Query,
    ranked: Sequence[ranking.Ranked],
    rows: Sequence[SearchEntry],
    *,
    limit: int,
    product: Product | None = None,
    category_code: str = "",
) -> list[Hit]:
    """The best row of each article, as hits; a row in the reader's language lends its text."""
    by_key = {(row.article_id, row.language): row for row in rows}
    language = _language()
    scored: dict[int, Hit] = {}
    for found in sorted(ranked, key=lambda one: -_with_votes(one, by_key)):
        article_id = found.document.article_id
        if found.score < (LEAST_SCORE if found.grounded else LEAST_UNGROUNDED) or article_id in scored:
            continue
        row = by_key[article_id, found.document.language]
        shown = by_key.get((article_id, language), row)
        why = _why(found, shown, product, category_code)
        scored[article_id] = _hit(shown, meant, found.score, found.matches, why=why)
        if len(scored) == limit:
            break
    return list(scored.values())


def _with_votes(found: ranking.Ranked, by_key: dict[tuple[int, str], SearchEntry]) -> float:
    """Readers' votes decide between equals: at most 0.03 either way."""
    article = by_key[found.document.article_id, found.document.language].article
    helped = (article.helped + 1) / (article.helped + article.not_helped + 2)
    return found.score + 0.06 * (helped - 0.5)


def _hit(row: SearchEntry, meant: Query, score: float, matches: Sequence[ranking.Match], *, why: str) -> Hit:
    article, facts = row.article, row.facts
    words = [match.token for match in matches if match.term.weight >= 1 or len(match.token) > 1]
    title, summary = article.shown.title, article.shown.summary
    heading, snippet = highlight(title, words), highlight(summary, words)
    if words and not any(part.hit for part in (*heading, *snippet)):
        # neither says what was looked for: the text does
        snippet = excerpt(facts["text"], words) or snippet
    return Hit(
        article_id=article.pk,
        slug=article.slug,
        title=title,
        summary=summary,
        heading=heading,
        snippet=snippet,
        score=round(score, 4),
        why=why,
        kind=article.kind,
        audience=article.audience,
        minutes=article.minutes,
        problems=tuple(facts["problems"]),
        lines=tuple(facts["lines"]),
        products=tuple(facts["products"]),
        models=tuple(facts["models"]),
        codes=tuple(facts["codes"]),
    )


def _why(found: ranking.Ranked, row: SearchEntry, product: Product | None, category_code: str) -> str:
    """The strongest reason, in words."""
    by_weight = sorted(found.matches, key=lambda match: -match.term.weight * match.sureness)
    for match in by_weight:
        if is_code(match.token) and match.token in found.document.codes:
            shown = next(
                (
                    name
                    for name in (*row.facts["codes"], *row.facts["models"])
                    if compact(name) == match.token
                ),
                match.token,
            )
            return _("Names %(code)s") % {"code": shown}
    if product is not None and product.code in row.facts["products"]:
        return _("Written for %(model)s") % {"model": product.model}
    if category_code and category_code in row.facts["problems"]:
        return _("Same kind of problem")
    for match in by_weight:
        said = {"said": match.term.token, "word": match.token}
        if match.sureness == SYNONYM:
            return _("“%(said)s” means “%(word)s”") % said
        if match.sureness < SYNONYM:
            return _("Read as “%(word)s”") % said
        if match.sureness == EXACT and match.place == ranking.TITLE:
            return _("About “%(word)s”") % said
    return _("Similar wording") if found.matches else ""


def _context(facts: dict[str, Any], product: Product | None, error_code: str, category_code: str) -> float:
    """What is known beside the words, in steps that a few good words can still outdo."""
    extra = 0.0
    if error_code:
        extra += 0.6 if compact(error_code) in map(compact, facts["codes"]) else 0.0
    if category_code and facts["problems"]:
        if facts["problems"][0] == category_code:
            extra += 0.5
        elif set(facts["problems"]) & set(_upwards(category_code)):
            extra += 0.3
    if product is not None:
        if product.code in facts["products"]:
            extra += 0.3
        elif product.line.code in facts["lines"]:
            extra += 0.1 if not facts["products"] else -0.2
        elif facts["lines"]:
            extra -= 0.4
    return extra


def _upwards(code: str) -> list[str]:
    """A category code and those above it, without the first level: "a-b-c" → ["a-b-c", "a-b"]."""
    found = []
    while "-" in code:
        found.append(code)
        code = code.rpartition("-")[0]
    return found


def _language() -> str:
    return "en" if (get_language() or "").startswith("en") else "zh"
