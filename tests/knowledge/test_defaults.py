"""The shipped problems and articles."""

import pytest

from core.actors import SYSTEM
from core.models import Event
from customers.services.defaults import load_defaults as load_catalogue
from knowledge.enums import ArticleStatus
from knowledge.models import Article, Problem, SearchEntry
from knowledge.services.defaults import load_defaults, read_articles

pytestmark = pytest.mark.django_db


def test_forty_articles_are_published_through_the_verbs(at):
    load_catalogue(at)
    problems = len({row["problem"] for row, _zh, _en in read_articles()})
    assert load_defaults(at, SYSTEM) == Problem.objects.count() + 40
    assert Article.objects.filter(status=ArticleStatus.PUBLISHED, published_at=at).count() == 40
    assert SearchEntry.objects.count() == 80
    assert Event.objects.filter(kind="knowledge.article_published").count() == 40
    assert Problem.objects.filter(articles__isnull=False).distinct().count() == problems
    assert all(article.current.warnings == [] for article in Article.objects.select_related("current"))


def test_loading_again_doubles_nothing_and_keeps_edits(at, monkeypatch):
    load_catalogue(at)
    with monkeypatch.context() as before:
        before.setattr("knowledge.services.defaults.read_articles", lambda: list(read_articles())[:39])
        load_defaults(at, SYSTEM)
    Problem.objects.filter(code="connect").update(name_zh="联网")
    Article.objects.filter(slug="ac-e3").update(minutes=9)
    assert load_defaults(at, SYSTEM) == 1
    assert Article.objects.count() == 40
    assert Problem.objects.get(code="connect").name_zh == "联网"
    assert Article.objects.get(slug="ac-e3").minutes == 9


def test_codes_belong_to_the_lines_of_their_article(at):
    load_catalogue(at)
    load_defaults(at, SYSTEM)
    e3 = Article.objects.get(slug="ac-e3")
    assert [(code.code, code.line.code) for code in e3.error_codes.all()] == [("E3", "ac")]
    assert e3.problem.parent.code == "hardware"
