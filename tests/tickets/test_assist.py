"""What may help is looked for once, by the worker, and stands on the page from then on."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import translation

from core.actors import SYSTEM
from knowledge.enums import ArticleStatus
from knowledge.models import Article
from knowledge.services.articles import retire
from tests.factories.knowledge import published
from tests.factories.times import NOW
from tests.factories.work import actor_of, deliver, make_colleague, make_ticket
from tickets.models import Ticket
from tickets.services import assist

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def article() -> Article:
    return published(
        "gateway-red",
        title_zh="网关红灯闪",
        title_en="The gateway blinks red",
        summary_en="Look at the power first.",
        body_en="1. Look.",
    )


def test_a_judged_ticket_brings_what_may_help(desk_defaults: dict[str, Any], article: Article) -> None:
    ticket = make_ticket(subject="网关红灯闪")
    assert assist.suggestions_for(ticket) is None
    deliver(NOW)
    ticket.refresh_from_db()
    assert ticket.suggested == [article.pk]
    assert assist.suggestions_for(ticket) == [assist.Suggestion("gateway-red", "网关红灯闪")]
    with translation.override("en"):
        assert assist.suggestions_for(ticket) == [assist.Suggestion("gateway-red", "The gateway blinks red")]


def test_looking_twice_keeps_one_answer(desk_defaults: dict[str, Any], article: Article) -> None:
    ticket = make_ticket(subject="网关红灯闪")
    assert assist.suggest(ticket=ticket, actor=SYSTEM, at=NOW) == [article.pk]
    assert assist.suggest(ticket=ticket, actor=SYSTEM, at=LATER) == [article.pk]
    assert Ticket.objects.get(pk=ticket.pk).suggested == [article.pk]


def test_nothing_that_fits_is_an_answer_too(desk_defaults: dict[str, Any]) -> None:
    ticket = make_ticket(subject="网关红灯闪")
    assert assist.suggest(ticket=ticket, actor=SYSTEM, at=NOW) == []
    ticket.refresh_from_db()
    assert assist.suggestions_for(ticket) == []


def test_a_retired_article_is_not_offered(desk_defaults: dict[str, Any], article: Article) -> None:
    ticket = make_ticket(subject="网关红灯闪")
    assist.suggest(ticket=ticket, actor=SYSTEM, at=NOW)
    retire(article, actor=actor_of(make_colleague()), at=LATER)
    assert Article.objects.get(pk=article.pk).status == ArticleStatus.RETIRED
    ticket.refresh_from_db()
    assert assist.suggestions_for(ticket) == []


def test_known_titles_cost_no_query(
    desk_defaults: dict[str, Any], article: Article, django_assert_num_queries: Any
) -> None:
    ticket = make_ticket(subject="网关红灯闪")
    assist.suggest(ticket=ticket, actor=SYSTEM, at=NOW)
    ticket.refresh_from_db()
    with django_assert_num_queries(1):
        assist.suggestions_for(ticket)
    with django_assert_num_queries(0):
        assist.suggestions_for(ticket)
