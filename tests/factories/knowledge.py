"""Articles for tests: `published(...)` goes through the verbs, as everything else does."""

from typing import Any

import factory

from core.actors import SYSTEM
from knowledge.enums import ArticleKind
from knowledge.models import Article, Problem
from knowledge.services.articles import create_article, publish, retire, save_version
from tests.factories.times import NOW


class ProblemFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Problem
        django_get_or_create = ("code",)

    code = factory.Sequence(lambda n: f"problem-{n}")
    name_zh = factory.LazyAttribute(lambda o: f"问题{o.code}")
    name_en = factory.LazyAttribute(lambda o: o.code.title())


def draft(slug: str = "gateway-offline", **given: Any) -> Article:
    """A draft with one version."""
    text = {
        "title_zh": given.pop("title_zh", "网关离线怎么办"),
        "title_en": given.pop("title_en", ""),
        "summary_zh": given.pop("summary_zh", "先看电源，再看网络。"),
        "summary_en": given.pop("summary_en", ""),
        "body_zh": given.pop("body_zh", "1. 看电源灯。\n2. 重启路由器。"),
        "body_en": given.pop("body_en", ""),
        "keywords": given.pop("keywords", ()),
    }
    given.setdefault("kind", ArticleKind.GUIDE)
    article = create_article(slug=slug, actor=SYSTEM, at=NOW, **given)
    save_version(article, actor=SYSTEM, at=NOW, **text)
    return article


def published(slug: str = "gateway-offline", **given: Any) -> Article:
    """An article that readers see."""
    return publish(draft(slug, **given), actor=SYSTEM, at=NOW)


def retired(slug: str = "gateway-offline", **given: Any) -> Article:
    """One that readers no longer see."""
    return retire(published(slug, **given), actor=SYSTEM, at=NOW)
