"""An article, and what its reader says about it."""

import re
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from core import clock
from core.actors import Actor
from core.errors import InvalidInput, NotVisible
from core.services.limits import spend
from core.viewers import address_of
from customers.viewers import viewer_of
from knowledge.models import Article
from knowledge.querysets import COLUMNS
from knowledge.readers import reader_of
from knowledge.services.feedback import count_view, rate_article
from knowledge.views.shared import page_context, panels

RELATED = 5
#: answers from one address an hour: a whole office may sit behind it, a script soon stops
RATINGS_AN_HOUR, VIEWS_AN_HOUR = 60, 600
CARRIED = ("product", "code", "q")
_NAMED = re.compile(r"《([^《》]{2,60})》")
_NAMED_EN = re.compile(r"[\"“]([A-Z][^\"“”]{4,80})[\"”]")


@require_safe
def article(request: HttpRequest, slug: str) -> HttpResponse:
    """The article; ?said=yes or no shows what follows from an answer, ?product=&q= go along to a person."""
    viewer = viewer_of(request)
    found = _visible(viewer, slug, "problem__parent")
    context = {
        **page_context(request, **_known(request, found)),
        "article": found,
        "version": found.current,
        "lines": found.lines.all(),
        "products": found.products.all(),
        "codes": found.error_codes.all(),
        **_neighbours(found, viewer),
        "said": request.GET.get("said", "") if request.GET.get("said") in ("yes", "no") else "",
        "kept": {name: request.GET.get(name, "")[:200] for name in CARRIED if request.GET.get(name)},
        "panels": panels("help-article", request, found),
    }
    return render(request, "help/article.html", context)


@require_POST
def rate(request: HttpRequest, slug: str) -> HttpResponse:
    """The answer to "did this solve it?". Without script it leads back to the article; htmx gets the part."""
    viewer = viewer_of(request)
    found = _visible(viewer, slug)
    said = request.POST.get("solved", "")
    if said not in ("yes", "no"):
        raise InvalidInput(fields={"solved": ["yes, no"]})
    spend(f"article-rate:{address_of(request)}", limit=RATINGS_AN_HOUR, seconds=3600)
    rate_article(found, reader=reader_of(request), solved=said == "yes", actor=viewer, at=clock.now())
    kept = {name: request.POST.get(name, "")[:200] for name in CARRIED if request.POST.get(name)}
    if request.headers.get("HX-Request"):
        known = {"article": found.slug, "problem": found.problem.code if found.problem else "", **kept}
        context = {**page_context(request, **known), "article": found, "said": said, "kept": kept}
        return render(request, "help/helped_part.html", context)
    query = urlencode({"said": said, **kept})
    return HttpResponseRedirect(f"{reverse('help:article', args=[found.slug])}?{query}#helped")


@require_POST
def viewed(request: HttpRequest, slug: str) -> HttpResponse:
    """A browser opened the article (help.js, once a visit)."""
    viewer = viewer_of(request)
    found = _visible(viewer, slug)
    spend(f"article-view:{address_of(request)}", limit=VIEWS_AN_HOUR, seconds=3600)
    count_view(found, actor=viewer, at=clock.now())
    return HttpResponse(status=204)


def _visible(viewer: Actor, slug: str, *related: str) -> Article:
    """A published article that this viewer may see; anything else does not exist."""
    found = (
        Article.objects.visible_to(viewer)
        .published()
        .select_related("current", "problem", *related)
        .filter(slug=slug)
        .first()
    )
    if found is None:
        raise NotVisible
    return found


def _known(request: HttpRequest, found: Article) -> dict[str, str]:
    return {
        "article": found.slug,
        "problem": found.problem.code if found.problem else "",
        **{name: request.GET.get(name, "")[:200] for name in CARRIED},
    }


def _neighbours(found: Article, viewer: Actor) -> dict[str, Any]:
    """In one query: articles about the same problem, and those that the text names (《…》), with their
    addresses."""
    version = found.shown
    named = {*_NAMED.findall(version.html_zh), *_NAMED_EN.findall(version.html_en)}
    wanted = Q(problem=found.problem_id) if found.problem_id else Q()
    if found.problem and found.problem.parent_id:
        wanted |= Q(problem__parent=found.problem.parent_id)
    for name in named:
        wanted |= Q(current__title_zh__startswith=name) | Q(current__title_en__startswith=name)
    if not wanted:
        return {"related": [], "named": {}}
    rows = (
        Article.objects.visible_to(viewer)
        .published()
        .filter(wanted)
        .exclude(pk=found.pk)
        .select_related("current")
        .only(*COLUMNS, "problem_id")
        .order_by("pk")
        .distinct()[:60]
    )
    addresses: dict[str, str] = {}
    near, far = [], []
    for row in rows:
        titles = (row.shown.title_zh, row.shown.title_en)
        for name in named:
            if any(title.startswith(name) for title in titles):
                addresses[name] = reverse("help:article", args=[row.slug])
        (near if row.problem_id == found.problem_id else far).append(row)
    return {"related": [*near, *far][:RELATED], "named": addresses}
