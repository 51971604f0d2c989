"""Search results by model × problem, and completions while somebody types."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core import clock
from core.actors import Actor
from customers.models import Product, ProductLine
from customers.viewers import viewer_of
from knowledge.models import Article, Problem
from knowledge.services.queries import LONGEST_QUERY
from knowledge.services.search import Hit, complete, log_search, search_articles
from knowledge.views.shared import page_context

SHOWN = 30
LIVE_TRIGGER = "q"


@dataclass(frozen=True)
class Filter:
    """A link that narrows the results, or takes a narrowing away; `count` is how many articles remain."""

    name: str
    url: str
    count: int | None = None


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Results for ?q=&line=&product=&problem=; every combination is an address that can be shared. htmx asks
    for the list alone."""
    q = request.GET.get("q", "")[:LONGEST_QUERY].strip()
    lines = list(ProductLine.objects.all())
    line = next((row for row in lines if row.code == request.GET.get("line", "")), None)
    product = _product(request.GET.get("product", "")[:50])
    if product is not None:
        line = next(row for row in lines if row.pk == product.line_id)
    problems = {row.code: row for row in Problem.objects.all()}
    problem = problems.get(request.GET.get("problem", ""))
    viewer = viewer_of(request)
    hits = search_articles(q, viewer=viewer, line=line, product=product, problem=problem, limit=SHOWN)
    blank = not (q or line or product or problem)
    live = request.headers.get("HX-Trigger-Name") == LIVE_TRIGGER
    if q and not live:
        log_search(q, results=len(hits), language=get_language() or "", at=clock.now())
    chosen = {
        "q": q,
        "line": line.code if line and not product else "",
        "product": product.code if product else "",
        "problem": problem.code if problem else "",
    }
    context = {
        **page_context(request, q=q, product=chosen["product"], problem=chosen["problem"]),
        "q": q,
        "hits": hits,
        "line": line,
        "product": product,
        "problem": problem,
        "filtered": bool(line or product or problem),
        "chosen": chosen,
        "emergency": any(hit.is_safety for hit in hits[:3]) and bool(q),
        "carry": f"?{urlencode(kept)}" if (kept := _kept(q=q, product=chosen["product"])) else "",
        "chosen_filters": _chosen_filters(chosen, line, product, problem),
        "lines": lines,
        "topics": _topics(viewer, problems) if blank else [],
        "facets": [] if blank else _facets(chosen, lines, line, product, problems, problem, hits),
        "all_url": _url(q=q),
    }
    template = "help/search_results.html" if request.headers.get("HX-Request") else "help/search.html"
    response = render(request, template, context)
    # the same address answers with a page or with its list
    response["Vary"] = ", ".join(filter(None, [response.get("Vary", ""), "HX-Request"]))
    return response


@require_safe
def suggest(request: HttpRequest) -> HttpResponse:
    """A few titles for what was typed so far."""
    q = request.GET.get("q", "")[:60].strip()
    hits = complete(q, viewer=viewer_of(request)) if q else []
    return render(request, "help/suggest_part.html", {"q": q, "hits": hits, "search_url": _url(q=q)})


def _product(code: str) -> Product | None:
    if not code:
        return None
    return Product.objects.filter(code=code).select_related("line").first()


def _chosen_filters(
    chosen: dict[str, str], line: ProductLine | None, product: Product | None, problem: Problem | None
) -> list[Filter]:
    """What narrows the results now; each link takes one of them away."""
    found = []
    if product is not None:
        found.append(Filter(product.model, _url(**{**chosen, "product": "", "line": product.line.code})))
    elif line is not None:
        found.append(Filter(line.name, _url(**{**chosen, "line": ""})))
    if problem is not None:
        found.append(Filter(problem.name, _url(**{**chosen, "problem": ""})))
    return found


def _facets(
    chosen: dict[str, str],
    lines: Sequence[ProductLine],
    line: ProductLine | None,
    product: Product | None,
    problems: dict[str, Problem],
    problem: Problem | None,
    hits: Sequence[Hit],
) -> list[tuple[str, list[Filter]]]:
    """What can narrow them further: product, then its models, and the problem."""
    found = []
    if line is None:
        found.append((_("Product"), _line_filters(chosen, lines, hits)))
    elif product is None:
        models = line.products.filter(active=True).values_list("code", "model")
        links = [Filter(model, _url(**{**chosen, "line": "", "product": code})) for code, model in models]
        found.append((_("Model"), links))
    if problem is None:
        found.append((_("Problem"), _problem_filters(chosen, problems, hits)))
    return [(title, links) for title, links in found if links]


def _topics(viewer: Actor, problems: dict[str, Problem]) -> list[tuple[str, list[Filter]]]:
    """For somebody who has not said anything yet: the problems that have articles, by what they are part
    of."""
    articles = Article.objects.visible_to(viewer).published()
    counts = Counter(articles.exclude(problem=None).values_list("problem__code", flat=True))
    by_id = {problem.pk: problem for problem in problems.values()}
    topics: dict[str, list[Filter]] = {}
    for code, problem in problems.items():
        if counts[code]:
            top = by_id.get(problem.parent_id or 0, problem)
            while top.parent_id:
                top = by_id[top.parent_id]
            topics.setdefault(top.name, []).append(Filter(problem.name, _url(problem=code), counts[code]))
    return list(topics.items())


def _line_filters(chosen: dict[str, str], lines: Sequence[ProductLine], hits: Sequence[Hit]) -> list[Filter]:
    counts = Counter(code for hit in hits for code in hit.lines)
    if not hits and chosen["q"]:
        return []
    return [
        Filter(row.name, _url(**{**chosen, "line": row.code}), counts[row.code] or None)
        for row in lines
        if counts[row.code] or not hits
    ]


def _problem_filters(
    chosen: dict[str, str], problems: dict[str, Problem], hits: Sequence[Hit]
) -> list[Filter]:
    counts = Counter(hit.problems[0] for hit in hits if hit.problems and hit.problems[0] in problems)
    place = {code: number for number, code in enumerate(problems)}
    return [
        Filter(problems[code].name, _url(**{**chosen, "problem": code}), count)
        for code, count in sorted(counts.items(), key=lambda pair: place[pair[0]])
    ]


def _kept(**values: str) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}


def _url(**values: str) -> str:
    query = urlencode(_kept(**values))
    return reverse("help:search") + (f"?{query}" if query else "")
