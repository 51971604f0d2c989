"""What the search knows of an article: its tokens per language, and the facts that ranking and lists need.

Title column: title, keywords, models, lines, codes. Body column: summary, text, and tokens that name problem,
line and model (`problem_token` and its siblings), so that a category finds its articles without a word in
common."""

from collections.abc import Collection

from django.db import transaction

from core.search import index_rows, remove
from core.tokens import compact, sounds, tokens
from knowledge.enums import ArticleStatus
from knowledge.models import Article, Problem, SearchEntry
from knowledge.services.markdown import plain_text

LONGEST_EXCERPT_SOURCE = 6_000


@transaction.atomic
def index_articles(ids: Collection[int]) -> int:
    """Write the entries of these articles anew; those that are not published lose theirs. Returns how many
    articles can be found now."""
    if not ids:
        return 0
    articles = list(
        Article.objects.filter(pk__in=ids, status=ArticleStatus.PUBLISHED)
        .select_related("current", "problem__parent__parent")
        .prefetch_related("lines", "products__line", "error_codes")
    )
    rows = [row for article in articles for row in entries_of(article)]
    # also a language that is gone
    remove(SearchEntry, article_id__in=list(ids))
    index_rows(SearchEntry, rows, key=["article", "language"])
    return len(articles)


def forget_articles(ids: Collection[int]) -> int:
    """Take articles out of the search."""
    return remove(SearchEntry, article_id__in=list(ids))


def reindex(ids: Collection[int] | None = None) -> int:
    """Index again after an edit of lines, models, codes or problem (or everything, after a change of the word
    list)."""
    return index_articles(list(Article.objects.values_list("pk", flat=True)) if ids is None else ids)


def problem_token(code: str) -> str:
    return "xproblem" + compact(code)


def line_token(code: str) -> str:
    return "xline" + compact(code)


def product_token(code: str) -> str:
    return "xmodel" + compact(code)


def entries_of(article: Article) -> list[SearchEntry]:
    """One unsaved row a language."""
    version = article.current
    if version is None:
        return []
    languages = ["zh"] if not version.body_en else ["zh", "en"]
    return [_entry(article, language) for language in languages]


def _entry(article: Article, language: str) -> SearchEntry:
    version = article.shown
    title, summary = getattr(version, f"title_{language}"), getattr(version, f"summary_{language}")
    text = plain_text(getattr(version, f"html_{language}"))
    lines, products = list(article.lines.all()), list(article.products.all())
    codes = [code.code for code in article.error_codes.all()]
    named = [
        title,
        *(version.keywords if language == "zh" else []),
        *(product.model for product in products),
        *(getattr(line, f"name_{language}") for line in lines[:4]),
        *codes,
    ]
    problems = list(_with_parents(article.problem))
    marks = [
        *(problem_token(problem.code) for problem in problems),
        *(line_token(line.code) for line in lines),
        *(product_token(product.code) for product in products),
    ]
    heads = tokens(" ".join(named))
    summaries = tokens(summary)
    return SearchEntry(
        article=article,
        language=language,
        title=" ".join(heads),
        body=" ".join([*summaries, *tokens(text), *marks]),
        pinyin=" ".join(dict.fromkeys(sounds([*heads, *summaries]))),
        facts={
            "keywords": version.keywords if language == "zh" else [],
            "codes": codes,
            "lines": [line.code for line in lines],
            "products": [product.code for product in products],
            "models": [product.model for product in products],
            "problems": [problem.code for problem in problems],
            "text": text[:LONGEST_EXCERPT_SOURCE],
        },
    )


def _with_parents(problem: Problem | None) -> list[Problem]:
    found = []
    while problem is not None:
        found.append(problem)
        problem = problem.parent
    return found
