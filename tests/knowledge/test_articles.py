"""Writing, publishing and retiring articles."""

import itertools
import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from core.actors import NOBODY, SYSTEM, Actor
from core.errors import Conflict, InvalidInput, NotAllowed, NotVisible
from core.models import Event
from knowledge import rules
from knowledge.enums import ArticleKind, ArticleStatus, Audience
from knowledge.models import Article, ArticleVersion, SearchEntry
from knowledge.services.articles import (
    create_article,
    publish,
    publish_many,
    restore_version,
    retire,
    save_version,
    send_back,
    submit,
)
from knowledge.services.indexing import problem_token, reindex
from tests.factories.accounts import UserFactory
from tests.factories.customers import ErrorCodeFactory, ProductFactory, ProductLineFactory
from tests.factories.knowledge import ProblemFactory, draft, published, retired

pytestmark = pytest.mark.django_db

STAFF_VERBS = {
    "create": lambda article, who, at: create_article(slug="x", kind="faq", actor=who, at=at),
    "save": lambda article, who, at: save_version(article, title_zh="x", body_zh="x", actor=who, at=at),
    "restore": lambda article, who, at: restore_version(article, article.versions.get(), actor=who, at=at),
    "submit": lambda article, who, at: submit(article, actor=who, at=at),
    "send_back": lambda article, who, at: send_back(article, actor=who, at=at),
    "publish": lambda article, who, at: publish(article, actor=who, at=at),
    "retire": lambda article, who, at: retire(article, actor=who, at=at),
}


def events(kind: str) -> list[Event]:
    return list(Event.objects.filter(kind=f"knowledge.{kind}").order_by("id"))


def test_an_article_begins_as_a_draft_with_all_it_belongs_to(at):
    problem, line = ProblemFactory(code="hardware-water"), ProductLineFactory(code="washer")
    product, code = ProductFactory(model="W10D", line=line), ErrorCodeFactory(line=line, code="E20")
    article = create_article(
        slug="washer-e20",
        kind=ArticleKind.GUIDE,
        problem=problem,
        lines=[line],
        products=[product],
        error_codes=[code],
        minutes=15,
        actor=SYSTEM,
        at=at,
    )
    article.refresh_from_db()
    assert (article.status, article.audience, article.current, article.minutes) == (
        "draft",
        "public",
        None,
        15,
    )
    assert [*article.lines.all(), *article.products.all(), *article.error_codes.all()] == [
        line,
        product,
        code,
    ]
    assert article.problem == problem


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"slug": "a b"}, "slug"),
        ({"slug": ""}, "slug"),
        ({"slug": "x" * 51}, "slug"),
        ({"slug": "taken"}, "slug"),
        ({"kind": "poem"}, "kind"),
        ({"audience": "friends"}, "audience"),
        ({"minutes": 0}, "minutes"),
        ({"minutes": 601}, "minutes"),
    ],
)
def test_a_wrong_value_is_named_and_nothing_is_written(at, given, field):
    draft("taken")
    with pytest.raises(InvalidInput) as error:
        create_article(**{"slug": "x", "kind": "faq", **given}, actor=SYSTEM, at=at)
    assert list(error.value.fields) == [field]
    assert Article.objects.count() == 1


def test_saving_makes_the_next_version_and_readers_see_the_old_one(at):
    article = published(title_zh="旧标题")
    user = UserFactory()
    version = save_version(
        article,
        title_zh=" 新标题 ",
        body_zh="第一行\r\n第二行",
        keywords=["离线", "离线", " ", "掉线"],
        change_note="更清楚",
        actor=Actor("staff", user.pk),
        at=at,
    )
    article.refresh_from_db()
    assert (version.number, version.title_zh, version.body_zh) == (2, "新标题", "第一行\n第二行")
    assert (version.html_zh, version.keywords) == ("<p>第一行<br>\n第二行</p>", ["离线", "掉线"])
    assert (version.created_by, version.created_at, version.change_note) == (user, at, "更清楚")
    assert article.current.title_zh == "旧标题"


def test_what_was_taken_out_stands_with_the_version(at):
    version = save_version(
        draft(),
        title_zh="x",
        body_zh="[x](javascript:y)",
        title_en="x",
        body_en="[x](javascript:y)",
        actor=SYSTEM,
        at=at,
    )
    assert version.warnings == [["link_removed", "javascript:y"]]
    assert "javascript" not in version.html_zh + version.html_en


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"title_zh": " "}, "title_zh"),
        ({"body_zh": "\n"}, "body_zh"),
        ({"title_zh": "x" * 121}, "title_zh"),
        ({"summary_zh": "x" * 301}, "summary_zh"),
        ({"body_zh": "x" * 200_001}, "body_zh"),
        ({"title_en": "x"}, "body_en"),
        ({"body_en": "x"}, "title_en"),
        ({"keywords": [str(n) for n in range(61)]}, "keywords"),
        ({"keywords": ["x" * 61]}, "keywords"),
    ],
)
def test_a_wrong_text_is_named_and_no_version_is_made(at, given, field):
    article = draft()
    with pytest.raises(InvalidInput) as error:
        save_version(article, **{"title_zh": "x", "body_zh": "x", **given}, actor=SYSTEM, at=at)
    assert list(error.value.fields) == [field]
    assert article.versions.count() == 1


def test_publishing_shows_the_newest_version_indexes_it_and_says_so(at):
    article = draft(title_zh="网关离线怎么办")
    published_one = publish(article, actor=SYSTEM, at=at)
    assert (published_one.status, published_one.published_at) == ("published", at)
    assert published_one.current.number == 1
    assert "网关" in SearchEntry.objects.get(article=article, language="zh").title.split(" ")
    assert [(event.subject_id, event.data) for event in events("article_published")] == [
        (article.pk, {"version": 1})
    ]


def test_publishing_again_without_a_new_version_changes_nothing(at):
    article = published()
    before = article.published_at
    again = publish(article, actor=SYSTEM, at=at + timedelta(days=1))
    assert again.published_at == before
    assert len(events("article_published")) == 1


def test_a_newer_version_takes_over_in_the_index_too(at):
    article = published(title_zh="网关离线", title_en="Gateway offline", body_en="Check the power.")
    assert SearchEntry.objects.filter(article=article).count() == 2
    save_version(article, title_zh="冰箱结霜", body_zh="断电", actor=SYSTEM, at=at)
    publish(article, actor=SYSTEM, at=at)
    entry = SearchEntry.objects.get(article=article)
    assert (entry.language, "冰箱" in entry.title, "网关" in entry.title) == ("zh", True, False)
    assert [event.data["version"] for event in events("article_published")] == [1, 2]


def test_an_older_version_can_be_published_and_restored(at):
    article = published(title_zh="第一版")
    first = article.current
    save_version(article, title_zh="第二版", body_zh="x", actor=SYSTEM, at=at)
    publish(article, actor=SYSTEM, at=at)
    restored = restore_version(article, first, actor=SYSTEM, at=at)
    assert (restored.number, restored.title_zh, restored.html_zh) == (3, "第一版", first.html_zh)
    assert publish(article, actor=SYSTEM, at=at).current == restored
    assert publish(article, version=first, actor=SYSTEM, at=at).current == first


def test_a_version_of_another_article_is_refused(at):
    one, other = draft("one"), draft("other")
    with pytest.raises(InvalidInput):
        publish(one, version=other.versions.get(), actor=SYSTEM, at=at)
    with pytest.raises(InvalidInput):
        restore_version(one, other.versions.get(), actor=SYSTEM, at=at)
    assert Article.objects.filter(status=ArticleStatus.DRAFT).count() == 2


def test_without_a_text_there_is_nothing_to_publish_or_review(at):
    article = create_article(slug="empty", kind="faq", actor=SYSTEM, at=at)
    for verb in (publish, submit):
        with pytest.raises(Conflict) as error:
            verb(article, actor=SYSTEM, at=at)
        assert error.value.code == "no_text"


def test_a_set_is_published_whole_or_not_at_all(at):
    good, empty = draft("good"), create_article(slug="empty", kind="faq", actor=SYSTEM, at=at)
    with pytest.raises(Conflict):
        publish_many([good, empty], actor=SYSTEM, at=at)
    assert Article.objects.filter(status=ArticleStatus.PUBLISHED).count() == 0
    assert SearchEntry.objects.count() == 0
    assert events("article_published") == []


def test_retiring_takes_it_out_of_the_search_once(at):
    article = published()
    assert retire(article, actor=SYSTEM, at=at).status == ArticleStatus.RETIRED
    assert retire(article, actor=SYSTEM, at=at).status == ArticleStatus.RETIRED
    assert SearchEntry.objects.count() == 0
    assert [event.subject_id for event in events("article_retired")] == [article.pk]


def test_a_retired_article_can_come_back(at):
    article = retired()
    assert publish(article, actor=SYSTEM, at=at).status == ArticleStatus.PUBLISHED
    assert SearchEntry.objects.filter(article=article).exists()


def test_review_and_back(at):
    article = draft()
    assert submit(article, actor=SYSTEM, at=at).status == ArticleStatus.REVIEW
    assert send_back(article, actor=SYSTEM, at=at).status == ArticleStatus.DRAFT


MADE = {
    ArticleStatus.DRAFT: lambda at: draft(),
    ArticleStatus.REVIEW: lambda at: submit(draft(), actor=SYSTEM, at=at),
    ArticleStatus.PUBLISHED: lambda at: published(),
    ArticleStatus.RETIRED: lambda at: retired(),
}
VERB_TO = {
    ArticleStatus.DRAFT: send_back,
    ArticleStatus.REVIEW: submit,
    ArticleStatus.PUBLISHED: publish,
    ArticleStatus.RETIRED: retire,
}
# already so: the same again is no conflict
SAME = {(ArticleStatus.PUBLISHED, ArticleStatus.PUBLISHED), (ArticleStatus.RETIRED, ArticleStatus.RETIRED)}


@pytest.mark.parametrize(("before", "after"), list(itertools.product(MADE, VERB_TO)))
def test_every_move_is_allowed_or_refused_by_the_table(at, before, after):
    article = MADE[before](at)
    if rules.may_move(before, after) or (before, after) in SAME:
        assert VERB_TO[after](article, actor=SYSTEM, at=at).status == after
    else:
        with pytest.raises(Conflict) as error:
            VERB_TO[after](article, actor=SYSTEM, at=at)
        assert error.value.extra == {"status": before, "allowed": rules.allowed_from(before)}
        article.refresh_from_db()
        assert article.status == before


def test_the_table_covers_every_status():
    assert set(rules.MOVES) == set(ArticleStatus.values)


@pytest.mark.parametrize("verb", STAFF_VERBS)
@pytest.mark.parametrize("kind", ["nobody", "customer", "visitor", "link"])
def test_nobody_but_staff_writes(at, verb, kind):
    article = draft()
    with pytest.raises(NotAllowed):
        STAFF_VERBS[verb](article, Actor(kind, 1), at)
    article.refresh_from_db()
    assert (article.status, article.versions.count(), Article.objects.count()) == ("draft", 1, 1)


def test_an_article_that_is_gone_does_not_exist(at):
    article = draft()
    ghost = Article(pk=article.pk + 1, slug="ghost")
    with pytest.raises(NotVisible):
        publish(ghost, actor=SYSTEM, at=at)


def test_the_database_refuses_a_published_article_without_text():
    article = draft()
    with pytest.raises(IntegrityError), transaction.atomic():
        Article.objects.filter(pk=article.pk).update(status=ArticleStatus.PUBLISHED)


def test_who_sees_what(at):
    public, internal = published("public"), published("internal", audience=Audience.INTERNAL)
    draft("draft")
    retired("retired")
    assert [a.slug for a in Article.objects.visible_to(NOBODY).order_by("pk")] == [public.slug]
    assert [a.slug for a in Article.objects.visible_to(Actor("customer", 1))] == [public.slug]
    assert Article.objects.visible_to(Actor("staff", 1)).count() == 4
    assert internal in Article.objects.visible_to(Actor("staff", 1)).published()


def test_an_edit_of_what_it_belongs_to_is_indexed_again(at):
    article = published()
    problem = ProblemFactory(code="connect-offline", parent=ProblemFactory(code="connect"))
    article.problem = problem
    article.save(update_fields=["problem"])
    article.lines.add(ProductLineFactory(code="gateway"))
    assert reindex([article.pk]) == 1
    entry = SearchEntry.objects.get(article=article)
    assert entry.facts["problems"] == ["connect-offline", "connect"]
    assert entry.facts["lines"] == ["gateway"]
    assert problem_token("connect") in entry.body.split(" ")
    assert reindex() == 1


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_two_editors_at_once_get_two_numbers(at):
    article = draft()
    start = threading.Barrier(2)
    failed: list[BaseException] = []

    def write(title: str) -> None:
        try:
            start.wait()
            save_version(article, title_zh=title, body_zh="x", actor=SYSTEM, at=at)
        except BaseException as error:  # noqa: BLE001  (shown by the assertion below)
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(title,)) for title in ("一", "二")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sorted(ArticleVersion.objects.values_list("number", flat=True)) == [1, 2, 3]
