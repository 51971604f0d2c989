"""What readers say about an article."""

import threading

import pytest
from django.db import connection

from core.actors import NOBODY, SYSTEM
from core.errors import InvalidInput, NotVisible
from core.models import Event
from knowledge.enums import Audience
from knowledge.models import Article, ArticleFeedback
from knowledge.services.articles import publish, save_version
from knowledge.services.feedback import count_view, rate_article
from tests.factories.knowledge import draft, published, retired

pytestmark = pytest.mark.django_db

READER, OTHER = "r" * 32, "s" * 32


def counters(article) -> tuple[int, int]:
    article.refresh_from_db()
    return article.helped, article.not_helped


def test_an_answer_is_kept_counted_and_announced(at):
    article = published()
    given = rate_article(article, reader=READER, solved=True, actor=NOBODY, at=at)
    assert (given.version, given.solved, given.at) == (article.current, True, at)
    assert counters(article) == (1, 0)
    fact = Event.objects.get(kind="knowledge.article_rated")
    assert (fact.subject_id, fact.data) == (article.pk, {"version": 1, "solved": True})


def test_the_same_again_changes_nothing_and_a_later_answer_replaces(at):
    article = published()
    for solved in (True, True, False, False):
        rate_article(article, reader=READER, solved=solved, actor=NOBODY, at=at)
    assert counters(article) == (0, 1)
    assert ArticleFeedback.objects.count() == 1
    assert [
        e.data["solved"] for e in Event.objects.filter(kind="knowledge.article_rated").order_by("id")
    ] == [True, False]


def test_each_reader_counts_and_a_new_version_is_asked_anew(at):
    article = published()
    rate_article(article, reader=READER, solved=False, actor=NOBODY, at=at)
    rate_article(article, reader=OTHER, solved=True, actor=NOBODY, at=at)
    save_version(article, title_zh="新", body_zh="新", actor=SYSTEM, at=at)
    publish(article, actor=SYSTEM, at=at)
    rate_article(article, reader=READER, solved=True, actor=NOBODY, at=at)
    assert counters(article) == (2, 1)


def test_the_share_stands_beside_its_count(at):
    article = Article(helped=84, not_helped=16)
    assert (article.answers, article.helped_share) == (100, 84)
    assert (Article().answers, Article().helped_share) == (0, 0)


@pytest.mark.parametrize("make", [draft, retired, lambda: published(audience=Audience.INTERNAL)])
def test_what_a_reader_cannot_see_cannot_be_rated_or_counted(at, make):
    article = make()
    with pytest.raises(NotVisible):
        rate_article(article, reader=READER, solved=True, actor=NOBODY, at=at)
    count_view(article, actor=NOBODY, at=at)
    article.refresh_from_db()
    assert (article.helped, article.views) == (0, 0)


@pytest.mark.parametrize("reader", ["", "short", "x" * 41])
def test_a_reader_needs_a_key(at, reader):
    with pytest.raises(InvalidInput):
        rate_article(published(), reader=reader, solved=True, actor=NOBODY, at=at)


def test_views_add_up(at):
    article = published()
    count_view(article, actor=NOBODY, at=at)
    count_view(article, actor=NOBODY, at=at)
    article.refresh_from_db()
    assert article.views == 2


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("readers", [["r" * 32] * 6, [f"{n}" * 32 for n in range(6)]])
def test_counters_are_those_of_the_rows_when_many_answer_at_once(at, readers):
    article = published()
    start = threading.Barrier(len(readers))
    failed: list[BaseException] = []

    def answer(place: int, reader: str) -> None:
        try:
            start.wait()
            rate_article(article, reader=reader, solved=place % 2 == 0, actor=NOBODY, at=at)
        except BaseException as error:  # noqa: BLE001  (shown by the assertion below)
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=answer, args=pair) for pair in enumerate(readers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    rows = ArticleFeedback.objects
    assert rows.count() == len(set(readers))
    assert counters(article) == (rows.filter(solved=True).count(), rows.filter(solved=False).count())
