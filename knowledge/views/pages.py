"""The start page, a product line's page, the ways to a person, and what search engines read."""

from datetime import datetime

from django.conf import settings
from django.db.models import Count, Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.actors import NOBODY
from customers.models import Product, ProductLine
from customers.viewers import viewer_of
from knowledge.models import Article
from knowledge.querysets import COLUMNS
from knowledge.views.shared import page_context, panels

COMMON_PROBLEMS = 6
MOST_IN_SITEMAP = 5_000
#: an article for more lines than this is a general one
OWN_BREADTH = 3


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The help centre's start page."""
    viewer = viewer_of(request)
    common = (
        Article.objects.visible_to(viewer)
        .published()
        .exclude(start_page=None)
        .select_related("current")
        .only(*COLUMNS, "helped", "not_helped")
        .order_by("start_page", "pk")[:COMMON_PROBLEMS]
    )
    lines = list(ProductLine.objects.all())
    context = {
        **page_context(request),
        "common": common,
        "lines": lines,
        "house": {line.code: line for line in lines},
        "panels": panels("help-home", request),
        # what people say; each is a search
        "tries": [
            _("can't connect to wifi"),
            _("air conditioner E3"),
            _("red light on the modem"),
            _("offline since the update"),
        ],
    }
    return render(request, "help/home.html", context)


@require_safe
def line(request: HttpRequest, code: str) -> HttpResponse:
    """One product line: its models, and what can go wrong with them."""
    viewer = viewer_of(request)
    models = Product.objects.filter(active=True)
    found = get_object_or_404(ProductLine.objects.prefetch_related(Prefetch("products", models)), code=code)
    articles = (
        Article.objects.visible_to(viewer)
        .published()
        # a subquery, so that the count sees all lines of the article and not this one alone
        .filter(pk__in=Article.lines.through.objects.filter(productline=found).values("article_id"))
        .select_related("current")
        .only(*COLUMNS)
        .annotate(breadth=Count("lines"))
        .order_by("problem__position", "pk")
    )
    # an article for this line alone says more than one for all devices
    listed = list(articles)
    own = [article for article in listed if article.breadth <= OWN_BREADTH]
    general = [article for article in listed if article.breadth > OWN_BREADTH]
    context = {
        **page_context(request),
        "line": found,
        "line_only": {"line": found.code},
        "own": own,
        "general": general,
    }
    return render(request, "help/line.html", context)


@require_safe
def human(request: HttpRequest) -> HttpResponse:
    """The ways to a person; what the page before knew goes along."""
    given = {name: request.GET.get(name, "")[:200] for name in ("article", "product", "problem", "code", "q")}
    return render(request, "help/human.html", page_context(request, **given))


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """What crawlers may read."""
    closed = ("/desk/", "/admin/", "/accounts/", "/chat/", "/t/", "/s/", "/my/", "/files/", "/search/")
    rules = [f"Disallow: {path}" for path in closed]
    sitemap = f"Sitemap: {settings.PUBLIC_URL}{reverse('help:sitemap')}"
    return HttpResponse("\n".join(["User-agent: *", *rules, sitemap, ""]), content_type="text/plain")


@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    """The public pages for crawlers, whoever asks."""
    articles = Article.objects.visible_to(NOBODY).published().order_by("pk")
    rows: list[tuple[str, datetime | None]] = [(reverse("help:home"), None)]
    rows += [
        (reverse("help:line", args=[code]), None)
        for code in ProductLine.objects.values_list("code", flat=True)
    ]
    rows += [
        (reverse("help:article", args=[slug]), published)
        for slug, published in articles.values_list("slug", "published_at")[:MOST_IN_SITEMAP]
    ]
    context = {"rows": [(f"{settings.PUBLIC_URL}{path}", changed) for path, changed in rows]}
    return render(request, "help/sitemap.xml", context, content_type="application/xml")
