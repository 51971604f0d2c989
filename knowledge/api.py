"""REST doors of the help centre: find articles, read them, say whether they helped."""

from typing import Any

from django.utils.translation import get_language
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core import clock
from core.api.doors import Door
from core.api.fields import Named
from core.api.schema import spec
from core.errors import NotVisible
from core.services.limits import spend
from core.viewers import address_of
from customers.models import Product, ProductLine
from knowledge.models import Article, Problem
from knowledge.services.feedback import rate_article
from knowledge.services.search import log_search, search_articles

TAG = "help"
SHOWN = 30
#: searches and answers from one address an hour
RATINGS_AN_HOUR, SEARCHES_A_MINUTE = 60, 120


class SearchIn(serializers.Serializer[Any]):
    q = serializers.CharField(
        max_length=200, default="", allow_blank=True, help_text="Words, a code, a model"
    )
    line = serializers.SlugField(default="", allow_blank=True, help_text="Code of a product line")
    product = serializers.SlugField(default="", allow_blank=True, help_text="Code of a model")
    problem = serializers.SlugField(default="", allow_blank=True, help_text="Code of a problem")


class HitOut(serializers.Serializer[Any]):
    slug = serializers.CharField()
    title = serializers.CharField()
    summary = serializers.CharField(allow_blank=True)
    kind = serializers.CharField()
    minutes = serializers.IntegerField(help_text="How long it takes")
    why = serializers.CharField(allow_blank=True, help_text="What it was found by")
    is_safety = serializers.BooleanField()


class FeedbackIn(serializers.Serializer[Any]):
    solved = serializers.BooleanField(help_text="Did it solve the problem?")
    reader = serializers.RegexField(
        r"^[A-Za-z0-9_-]{16,40}$",
        help_text="A random key that the app made for itself: a later answer replaces an earlier one",
    )


class FeedbackOut(serializers.Serializer[Any]):
    solved = serializers.BooleanField()
    at = serializers.DateTimeField()


class ArticleOut(serializers.Serializer[Article]):
    slug = serializers.CharField()
    kind = serializers.CharField()
    minutes = serializers.IntegerField()
    title = serializers.CharField(source="current.title")
    summary = serializers.CharField(source="current.summary")
    html = serializers.CharField(source="current.html", help_text="Cleaned; no scripts, no styles")
    version = serializers.IntegerField(source="current.number")
    problem = Named(allow_null=True)
    lines = Named(many=True)
    products = Named(many=True)
    published_at = serializers.DateTimeField()
    helped = serializers.IntegerField()
    not_helped = serializers.IntegerField()


class Articles(Door):
    """Published articles that answer the query, best first (at most 30); without one, those of the line, model and
    problem; without anything, what most people look for."""

    @spec("articles", "Find articles", tag=TAG, query=SearchIn, gives=HitOut(many=True))
    def get(self, request: Request) -> Response:
        asked = self.asked(SearchIn)
        at = clock.now()
        spend(f"article-search:{address_of(request)}", limit=SEARCHES_A_MINUTE, seconds=60, at=at)
        found = {
            "line": _named(ProductLine, asked["line"]),
            "product": _named(Product.objects.select_related("line"), asked["product"]),
            "problem": _named(Problem, asked["problem"]),
        }
        if any(asked[name] and found[name] is None for name in found):
            return self.answer(HitOut, [])  # nothing is written about what does not exist
        if not any(asked.values()):
            return self.answer(HitOut, self._common())
        hits = search_articles(asked["q"], viewer=self.viewer, limit=SHOWN, **found)
        if asked["q"].strip():
            log_search(asked["q"], results=len(hits), language=get_language() or "", at=at)
        return self.answer(HitOut, hits)

    def _common(self) -> list[dict[str, Any]]:
        rows = Article.objects.visible_to(self.viewer).published().exclude(start_page=None)
        return [
            {
                "slug": row.slug,
                "title": row.current.title if row.current else row.slug,
                "summary": row.current.summary if row.current else "",
                "kind": row.kind,
                "minutes": row.minutes,
                "why": "",
                "is_safety": False,
            }
            for row in rows.select_related("current").order_by("start_page", "pk")[:SHOWN]
        ]


def _named(rows: Any, code: str) -> Any:
    manager = getattr(rows, "objects", rows)
    return manager.filter(code=code).first() if code else None


def _article(door: Door, slug: str) -> Article:
    found = (
        Article.objects.visible_to(door.viewer)
        .published()
        .select_related("current", "problem")
        .prefetch_related("lines", "products")
        .filter(slug=slug)
        .first()
    )
    if found is None:
        raise NotVisible()
    return found


class OneArticle(Door):
    """An article with its text."""

    @spec("article", "Read an article", tag=TAG, gives=ArticleOut)
    def get(self, request: Request, slug: str) -> Response:
        return self.answer(ArticleOut, _article(self, slug))


class Feedback(Door):
    """Whether an article helped."""

    @spec(
        "article_feedback", "Say whether it helped", tag=TAG, takes=FeedbackIn, gives=FeedbackOut, status=201
    )
    def post(self, request: Request, slug: str) -> Response:
        data = self.taken(FeedbackIn)
        article = _article(self, slug)
        at = clock.now()
        spend(f"article-rate:{address_of(request)}", limit=RATINGS_AN_HOUR, seconds=3600, at=at)
        given = rate_article(article, reader=data["reader"], solved=data["solved"], actor=self.viewer, at=at)
        return self.answer(FeedbackOut, given, status=201)


class Problems(Door):
    """What customers look for help with: the filter `problem` of /articles/."""

    @spec("problems", "Problems", tag=TAG, gives=Named(many=True))
    def get(self, request: Request) -> Response:
        return self.answer(Named, list(Problem.objects.all()))
