"""The index seam: the same answers from tsvector and FTS5."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from core.db import on_postgresql
from core.search import MOST_BYTES, candidate_rows, candidates, index_rows, remove
from core.tokens import tokens
from knowledge.enums import ArticleKind
from knowledge.models import Article, SearchEntry

pytestmark = pytest.mark.django_db


def entry(slug: str, title: str = "", body: str = "", pinyin: str = "") -> SearchEntry:
    article = Article.objects.create(slug=slug, kind=ArticleKind.FAQ)
    row = SearchEntry(article=article, language="zh", title=title, body=body, pinyin=pinyin)
    index_rows(SearchEntry, [row], key=["article", "language"])
    return SearchEntry.objects.get(article=article)


def found(*words, **options) -> list[str]:
    hits = candidates(SearchEntry, words, value="article_id", **options)
    slugs = dict(Article.objects.values_list("id", "slug"))
    # the other way of asking finds the same rows
    rows = candidate_rows(SearchEntry, words, **options)
    assert {row.article_id for row in rows} == {hit.id for hit in hits}
    return [slugs[hit.id] for hit in hits]


def test_a_title_outranks_a_body_and_a_body_the_sound():
    entry("sound", pinyin="wangguan")
    entry("body", body="wangguan 其他")
    entry("title", title="wangguan 其他")
    assert found("wangguan") == ["title", "body", "sound"]


def test_any_and_all():
    entry("both", body="网关 离线")
    entry("one", body="网关 安装")
    assert sorted(found("网关", "离线")) == ["both", "one"]
    assert found("网关", "离线", match="all") == ["both"]


def test_a_group_is_satisfied_by_one_of_its_words():
    entry("a", body="掉线 网关")
    entry("b", body="离线 门锁")
    assert found(["断网", "掉线", "离线"], "网关", match="all") == ["a"]
    assert sorted(found(["断网", "掉线", "离线"])) == ["a", "b"]


def test_the_last_token_may_be_a_beginning():
    entry("lock", title="hql5pro")
    assert found("hql5") == []
    assert found("hql5", prefix=True) == ["lock"]
    assert found("hql5", "zzz", prefix=True) == []


@pytest.mark.parametrize("token", ["2.4g", "e20", "ac35v2", "2.4.0", "摄像头", "café"])
def test_names_and_versions_stay_whole(token):
    entry("here", body=f"前 {token} 后")
    entry("elsewhere", body="2.4 2 4 g e 20 ac35 摄像 caf")
    assert found(token) == ["here"]


@pytest.mark.parametrize(
    "hostile",
    [
        "'", '"', "''", '""', "\\", "\\'", "a' | 'b", "网关' & !'离线", 'x" OR "网关', "title:网关",
        "网关*", "网关:*",
        "NEAR(网关)", "网关 AND", "^网关", "-网关", "(", ")", ":", "&", "|", "!", "<->", "{title}:",
        ";DROP TABLE x;--", "%s", "%", "\x00网\x00", "NOT", "AND", "OR", "🙂", "", " ", "\ufffd",
    ],
)  # fmt: skip
@pytest.mark.parametrize("match", ["any", "all"])
def test_what_looks_like_syntax_is_only_text(hostile, match):
    entry("plain", title="安装 指南")
    assert found(hostile, match=match) == []
    assert found(hostile, prefix=True) == []
    assert found(hostile, "安装") == ["plain"]


def test_a_token_with_a_quote_is_found_as_written():
    entry("quoted", body="o'neil c:\\temp")
    assert found("o'neil") == ["quoted"]
    assert found("c:\\temp") == ["quoted"]


def test_within_limits_the_rows():
    kept, other = entry("kept", body="网关"), entry("other", body="网关")
    assert sorted(found("网关")) == ["kept", "other"]
    assert found("网关", within=SearchEntry.objects.filter(article__slug="kept")) == ["kept"]
    assert found("网关", within=SearchEntry.objects.none()) == []
    assert candidates(SearchEntry, ["网关"], within=SearchEntry.objects.filter(pk=other.pk))[0].id == other.pk
    assert kept.pk != other.pk


def test_limit_and_nothing_to_look_for():
    for number in range(4):
        entry(f"a{number}", body="网关")
    assert len(found("网关", limit=3)) == 3
    assert found("网关", limit=0) == []
    assert found() == []
    assert found([]) == []
    assert found([""]) == []


def test_writing_again_replaces_and_old_words_are_gone():
    row = entry("changing", title="旧 标题")
    again = SearchEntry(article_id=row.article_id, language="zh", title="新 标题")
    assert index_rows(SearchEntry, [again], key=["article", "language"]) == 1
    assert SearchEntry.objects.count() == 1
    assert found("旧") == []
    assert found("新") == ["changing"]


def test_writes_past_the_writer_keep_the_index_too():
    row = entry("a", title="旧")
    SearchEntry.objects.filter(pk=row.pk).update(title="新")
    assert (found("旧"), found("新")) == ([], ["a"])
    row.article.delete()
    assert candidates(SearchEntry, ["新"]) == []


def test_removed_rows_are_not_found():
    row = entry("a", title="网关")
    entry("b", title="网关")
    assert remove(SearchEntry, article_id__in=[row.article_id]) == 1
    assert found("网关") == ["b"]


def test_a_huge_text_is_cut_at_a_token_and_still_found():
    row = entry("huge", title="头", body=" ".join(f"词{number}" for number in range(200_000)))
    assert len(row.body.encode()) <= MOST_BYTES["body"]
    last = row.body.split(" ")[-1]
    assert last in {f"词{number}" for number in range(200_000)}
    assert found("头") == ["huge"]
    assert found("词7") == ["huge"]


def test_a_text_with_nul_bytes_can_be_stored():
    assert entry("nul", body="网\x00关 x").body == "网关 x"


def test_many_tokens_are_bounded():
    entry("a", body="网关")
    assert found("网关", *[f"x{number}" for number in range(5_000)]) == ["a"]
    assert found(["网关", *[f"x{number}" for number in range(5_000)]]) == ["a"]


def test_of_too_many_matches_the_newest_are_ranked(monkeypatch):
    monkeypatch.setattr("core.search.MOST_RANKED", 3)
    rows = [entry(f"a{number}", body="网关") for number in range(6)]
    newest = {row.pk for row in rows[-2:]}
    assert {hit.id for hit in candidates(SearchEntry, ["网关"], limit=2)} == newest


def test_the_structure_can_be_taken_away_and_given_again():
    entry("a", title="网关")
    operation = import_module("knowledge.migrations.0002_full_text").Migration.operations[0]

    class Editor:
        def __init__(self):
            self.connection = connection

        def execute(self, statement, params=None):
            with connection.cursor() as cursor:
                cursor.execute(statement, params)

    if on_postgresql():
        Editor().execute("SET CONSTRAINTS ALL IMMEDIATE")
    operation.reverse_code(apps, Editor())
    operation.code(apps, Editor())
    operation.code(apps, Editor())
    assert found("网关") == ["a"]


def test_tokens_of_a_sentence_find_it_again():
    entry("a", title=" ".join(tokens("网关离线怎么办")), body=" ".join(tokens("HQ-L5 Pro 显示 E20")))
    assert found(*tokens("我的网关离线了")) == ["a"]
    assert found(*tokens("hq-l5pro")) == ["a"]
