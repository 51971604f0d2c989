"""Searching, suggesting, completing, and what is remembered of it."""

import pytest
from django.utils.translation import override

from core.actors import NOBODY, SYSTEM, Actor
from core.tokens import tokens
from knowledge.enums import Audience
from knowledge.models import Article, SearchEntry, SearchLog
from knowledge.services.articles import retire
from knowledge.services.excerpts import Segment, excerpt, highlight
from knowledge.services.queries import understand
from knowledge.services.search import complete, log_search, mask, search_articles, suggest_articles
from tests.factories.customers import ErrorCodeFactory, ProductFactory, ProductLineFactory
from tests.factories.knowledge import ProblemFactory, draft, published

pytestmark = pytest.mark.django_db

STAFF = Actor("staff", 1)


def slugs(query: str, **options) -> list[str]:
    return [hit.slug for hit in search_articles(query, **{"viewer": NOBODY, **options})]


# --- what is found --------------------------------------------------------------------------------------
def test_a_hit_says_what_it_is_and_why():
    line = ProductLineFactory(code="washer", name_zh="洗衣机")
    published(
        "washer-e20",
        title_zh="洗衣机不排水",
        summary_zh="断电、放水、清过滤器。",
        kind="guide",
        minutes=15,
        lines=[line],
        products=[ProductFactory(model="W10D", code="w10d", line=line)],
        error_codes=[ErrorCodeFactory(line=line, code="E20")],
        problem=ProblemFactory(code="hardware-water", parent=ProblemFactory(code="hardware")),
    )
    with override("en"):
        hit = search_articles("显示E20", viewer=NOBODY)[0]
    assert (hit.slug, hit.title, hit.summary) == ("washer-e20", "洗衣机不排水", "断电、放水、清过滤器。")
    assert (hit.kind, hit.audience, hit.minutes, hit.why) == ("guide", "public", 15, "Names E20")
    assert (hit.problems, hit.lines, hit.products) == (("hardware-water", "hardware"), ("washer",), ("w10d",))
    assert (hit.models, hit.codes, hit.is_safety) == (("W10D",), ("E20",), False)


def test_the_title_counts_more_than_the_text():
    published("text", title_zh="别的事情", body_zh="这里也提到冰箱结霜。")
    published("title", title_zh="冰箱结霜", body_zh="断电。")
    assert slugs("冰箱结霜") == ["title", "text"]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("掉线", "“掉线” means “离线”"),
        ("断线了", "“断线” means “离线”"),
        ("离线", "About “离线”"),
        ("立线", "Read as “离线”"),
    ],
)
def test_synonyms_and_homophones(said, why):
    published("offline", title_zh="设备离线")
    with override("en"):
        hit = search_articles(said, viewer=NOBODY)[0]
    assert (hit.slug, hit.why) == ("offline", why)


def test_a_wrong_letter_in_a_latin_word():
    published("fw", title_zh="固件升级", title_en="Firmware update", body_en="Plug it in.")
    assert slugs("firmwere") == ["fw"]
    assert slugs("E2") == []


def test_codes_are_never_guessed():
    line = ProductLineFactory(code="ac")
    published("e3", title_zh="显示E3", lines=[line], error_codes=[ErrorCodeFactory(line=line, code="E3")])
    assert slugs("E3") == ["e3"]
    assert slugs("E6") == []
    assert understand("E6").terms[0].others == {}


def test_votes_decide_between_equals():
    for slug in ("first", "second"):
        published(slug, title_zh="冰箱结霜", body_zh="断电。")
    assert slugs("冰箱结霜") == ["first", "second"]
    Article.objects.filter(slug="second").update(helped=50)
    assert slugs("冰箱结霜") == ["second", "first"]


# --- narrowed --------------------------------------------------------------------------------------------
@pytest.fixture
def shelf():
    ac, lock = ProductLineFactory(code="ac"), ProductLineFactory(code="lock")
    v2 = ProductFactory(model="AC35-V2", code="ac35-v2", line=ac)
    big = ProductFactory(model="AC72", code="ac72", line=ac)
    top = ProblemFactory(code="hardware", position=1)
    water = ProblemFactory(code="hardware-water", parent=top, position=2)
    published("ac-v2", title_zh="空调滴水", lines=[ac], products=[v2], problem=water)
    published("ac-all", title_zh="空调滴水", lines=[ac], problem=top)
    published("lock", title_zh="门锁滴水", lines=[lock])
    return {"ac": ac, "v2": v2, "big": big, "water": water, "top": top}


def test_by_line_model_and_problem(shelf):
    assert sorted(slugs("滴水")) == ["ac-all", "ac-v2", "lock"]
    assert sorted(slugs("滴水", line=shelf["ac"])) == ["ac-all", "ac-v2"]
    assert sorted(slugs("滴水", product=shelf["v2"])) == ["ac-all", "ac-v2"]
    assert slugs("滴水", product=shelf["big"]) == ["ac-all"]
    assert slugs("滴水", problem=shelf["water"]) == ["ac-v2"]
    assert sorted(slugs("滴水", problem=shelf["top"])) == ["ac-all", "ac-v2"]
    assert slugs("滴水", product=shelf["big"], problem=shelf["water"]) == []


def test_filters_alone_list_what_there_is(shelf):
    assert slugs("", line=shelf["ac"]) == ["ac-all", "ac-v2"]
    assert slugs("  ", product=shelf["big"]) == ["ac-all"]
    assert slugs("", line=shelf["ac"], limit=1) == ["ac-all"]
    assert slugs("🙂", line=shelf["ac"]) == []


# --- who may see ------------------------------------------------------------------------------------------
def test_readers_find_public_published_articles_only():
    published("public", title_zh="网关离线")
    published("internal", title_zh="网关离线", audience=Audience.INTERNAL)
    retire(published("old", title_zh="网关离线"), actor=SYSTEM, at=published("x").published_at)
    draft("new", title_zh="网关离线")
    for viewer in (NOBODY, Actor("customer", 1), Actor("link", 1), Actor("visitor", 1)):
        assert slugs("网关离线", viewer=viewer) == ["public", "x"]
    assert slugs("网关离线", viewer=STAFF) == ["public", "internal", "x"]


def test_a_stale_index_row_shows_nothing():
    article = published("a", title_zh="网关离线")
    Article.objects.filter(pk=article.pk).update(audience=Audience.INTERNAL)
    assert SearchEntry.objects.filter(article=article).exists()
    assert slugs("网关离线") == []
    assert [hit.slug for hit in complete("网关", viewer=NOBODY)] == []
    assert suggest_articles("网关离线", viewer=NOBODY) == []
    assert [hit.slug for hit in suggest_articles("网关离线", viewer=STAFF)] == ["a"]


# --- hostile input ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "query",
    [
        "", " ", "🙂🙂", "\x00", "'", '"', "网关' OR 1=1 --", 'title:"x" NEAR', "a & !b | (c", "*", "%", "\\",
        "网" * 1_000_000,
        "x" * 1_000_000, "(" * 5000, "网关 离线 " * 100_000, "NOT AND OR", "\u202e\u200b", "<script>alert(1)</script>",
    ],
)  # fmt: skip
def test_no_query_breaks_the_search(query):
    published("a", title_zh="网关离线")
    for found in (
        search_articles(query, viewer=NOBODY),
        complete(query, viewer=NOBODY),
        suggest_articles(query, viewer=NOBODY),
    ):
        assert {hit.slug for hit in found} <= {"a"}


def test_only_the_first_200_characters_count():
    published("a", title_zh="网关离线")
    assert slugs("嗯" * 200 + "网关离线") == []
    assert slugs("网关离线" + "嗯" * 10_000) == ["a"]


# --- queries ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("count", [1, 3])
def test_one_query_however_many_articles(django_assert_num_queries, count):
    for number in range(count):
        published(f"a{number}", title_zh="网关离线", lines=[ProductLineFactory(code="gateway")])
    tokens("warm")
    with django_assert_num_queries(1):
        assert len(search_articles("网关离线", viewer=NOBODY)) == count
    with django_assert_num_queries(1):
        assert len(suggest_articles("网关离线", viewer=NOBODY)) == count
    with django_assert_num_queries(1):
        assert len(complete("网关", viewer=NOBODY)) == count


# --- for the desk -----------------------------------------------------------------------------------------
def test_suggestions_weigh_category_model_and_code(shelf):
    def first(**known) -> str:
        return suggest_articles("滴水", **known)[0].slug

    assert first(category_code="hardware-water") == "ac-v2"
    assert first(category_code="hardware-water-leak") == "ac-v2"
    assert first(product=shelf["big"]) == "ac-all"
    assert first(product=shelf["v2"]) == "ac-v2"


def test_a_category_alone_finds_its_articles(shelf):
    assert [hit.slug for hit in suggest_articles("", category_code="hardware-water")] == ["ac-v2"]
    assert suggest_articles("", category_code="") == []
    assert suggest_articles("", category_code="nothing-like-it") == []


def test_a_long_story_is_no_hindrance():
    published("washer", title_zh="洗衣机不排水", keywords=["桶里有水"])
    story = "您好，昨天下午我在家里洗衣服，洗到一半就停了，" * 20 + "洗衣机不排水"
    assert [hit.slug for hit in suggest_articles(story)] == ["washer"]


def test_at_most_as_many_as_asked_for():
    for number in range(7):
        published(f"a{number}", title_zh="网关离线")
    assert len(suggest_articles("网关离线")) == 5
    assert len(suggest_articles("网关离线", limit=2)) == 2


# --- while typing -----------------------------------------------------------------------------------------
def test_completion_takes_the_last_word_as_a_beginning():
    line = ProductLineFactory(code="ac")
    published("v2", title_zh="空调AC35-V2清洗", lines=[line])
    published("fridge", title_zh="冰箱结霜")
    assert [hit.slug for hit in complete("ac3", viewer=NOBODY)] == ["v2"]
    assert [hit.slug for hit in complete("冰箱", viewer=NOBODY)] == ["fridge"]
    assert complete("", viewer=NOBODY) == []


def test_completion_falls_back_to_a_search():
    published("offline", title_zh="设备离线")
    assert [hit.slug for hit in complete("掉现", viewer=NOBODY)] == ["offline"]


# --- what is remembered -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("空调E3", "空调e3"),
        ("我的电话13812345678", "我的电话***"),
        ("138 1234 5678", "***"),
        ("+86-138-1234-5678 打给我", "*** 打给我"),
        ("（010）88886666", "(***"),
        ("mail me: a.b@c.example 谢谢", "mail me: ***@*** 谢谢"),
        ("型号AC35 2.4.0", "型号ac35 2.4.0"),
        ("１３８１２３４５６７８", "***"),
    ],
)
def test_searches_are_kept_without_numbers_that_reach_a_person(at, said, kept):
    log = log_search(said, results=0, language="zh-hans", at=at)
    assert (log.query, log.results, log.language, log.at) == (kept, 0, "zh-hans", at)
    assert mask(kept) == kept


def test_nothing_is_kept_of_an_empty_search(at):
    assert log_search("  \x00", results=0, language="en", at=at) is None
    assert log_search("长" * 5_000, results=99_999, language="en", at=at).results == 32_767
    assert len(SearchLog.objects.get().query) == 200


# --- excerpts ---------------------------------------------------------------------------------------------
def test_highlights_find_written_forms():
    assert highlight("门锁HQ-L5 Pro没电", ["hql5pro", "没电"]) == (
        Segment("门锁"),
        Segment("HQ-L5 Pro", hit=True),
        Segment("没电", hit=True),
    )
    assert highlight("E20和E2", ["e2"]) == (Segment("E20和"), Segment("E2", hit=True))
    assert highlight("", ["x"]) == ()
    assert highlight("文字", []) == (Segment("文字"),)


def test_an_excerpt_surrounds_the_first_hit():
    text = "开头的话。" * 30 + "这里说到网关离线的事情。" + "结尾的话。" * 30
    parts = excerpt(text, ["网关"])
    assert "".join(part.text for part in parts).startswith("…")
    assert [part.text for part in parts if part.hit] == ["网关"]
    assert len("".join(part.text for part in parts)) <= 95
    assert excerpt(text, ["冰箱"]) == ()
