"""The help centre's reading pages."""

import re

import pytest
from django.test import Client

from core.panels import _panels, panel
from core.tokens import tokens
from knowledge.enums import Audience
from knowledge.models import ArticleFeedback, SearchLog
from tests.factories.accounts import UserFactory
from tests.factories.customers import BrandFactory, ErrorCodeFactory, ProductFactory, ProductLineFactory
from tests.factories.knowledge import ProblemFactory, draft, published, retired

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh():
    tokens("warm")
    BrandFactory()


@pytest.fixture
def english(client):
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def text(response) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


# --- home ------------------------------------------------------------------------------------------------
def test_home_leads_to_products_problems_and_people(english):
    line = ProductLineFactory(code="ac", name_en="Air conditioner")
    published("second", title_zh="乙", start_page=2, title_en="Second", body_en="x")
    published("first", title_zh="甲", start_page=1, title_en="First", body_en="x")
    published("other", title_zh="丙", title_en="Other", body_en="x")
    page = text(english.get("/"))
    assert page.index(">First<") < page.index(">Second<")
    assert ">Other<" not in page
    assert page.count('href="/products/ac/"') == 2  # the house and the grid
    assert line.name_en in page
    for way in (
        'href="/chat/"',
        'href="tel:400-800-0000"',
        'href="/request/?call=1"',
        'href="/search/?problem=safety"',
    ):
        assert way in page
    assert '<link rel="canonical" href="http://127.0.0.1:8000/">' in page
    assert '<meta name="description"' in page


def test_an_empty_installation_has_a_home_too(english):
    assert "Articles are on their way" in text(english.get("/"))


def test_a_share_is_shown_with_its_count_and_not_before_ten_answers(english):
    article = published("a", start_page=1)
    type(article).objects.update(helped=8, not_helped=1)
    assert "readers solved" not in text(english.get("/"))
    type(article).objects.update(helped=42, not_helped=8)
    assert "84% of 50 readers solved it themselves" in text(english.get("/"))
    assert "84% of 50 readers solved it themselves" in text(english.get("/articles/a/"))


def test_other_apps_show_panels(english, monkeypatch):
    monkeypatch.setitem(_panels, "help-home", [])
    monkeypatch.setitem(_panels, "help-article", [])
    panel("help-home", template="partials/notice.html")(lambda request: {})
    panel("help-article", template="partials/notice.html")(lambda request, article: None)
    published("a")
    assert 'class="notice notice--info"' in text(english.get("/"))
    assert 'class="notice notice--info"' not in text(english.get("/articles/a/"))


# --- search -----------------------------------------------------------------------------------------------
def test_results_narrow_by_links_that_can_be_shared(english):
    ac, lock = ProductLineFactory(code="ac", name_en="Air conditioner"), ProductLineFactory(code="lock")
    ProductFactory(model="AC35-V2", code="ac35-v2", line=ac)
    water = ProblemFactory(code="hardware-water", name_en="Leaks")
    published("drip", title_zh="空调滴水", lines=[ac], problem=water)
    published("lock", title_zh="门锁滴水", lines=[lock])
    everything = text(english.get("/search/", {"q": "滴水"}))
    assert 'href="/articles/drip/?q=%E6%BB%B4%E6%B0%B4"' in everything
    assert 'href="/search/?q=%E6%BB%B4%E6%B0%B4&amp;line=ac"' in everything
    narrowed = text(english.get("/search/", {"q": "滴水", "line": "ac"}))
    assert "/articles/drip/" in narrowed
    assert "/articles/lock/" not in narrowed
    assert 'href="/search/?q=%E6%BB%B4%E6%B0%B4&amp;product=ac35-v2"' in narrowed
    both = text(english.get("/search/", {"product": "ac35-v2", "problem": "hardware-water"}))
    assert "/articles/drip/" in both
    assert 'href="/search/?line=ac&amp;problem=hardware-water"' in both  # takes the model away


def test_what_was_looked_for_is_marked_and_escaped(english):
    published("a", title_zh="空调滴水")
    page = text(english.get("/search/", {"q": "<script>空调"}))
    assert "<mark>空调</mark>滴水" in page
    assert "&lt;script&gt;空调" in page
    assert "<script>空调" not in page


def test_nothing_found_offers_a_person_and_is_remembered(english):
    page = text(english.get("/search/", {"q": "股票 13812345678"}))
    assert "Nothing found for this" in page
    assert "/chat/?q=%E8%82%A1%E7%A5%A8" in page
    assert list(SearchLog.objects.values_list("query", "results", "language")) == [("股票 ***", 0, "en")]


def test_live_results_are_a_part_and_not_remembered(english):
    published("a", title_zh="空调滴水")
    live = english.get("/search/", {"q": "空"}, headers={"HX-Request": "true", "HX-Trigger-Name": "q"})
    sent = english.get("/search/", {"q": "空调"}, headers={"HX-Request": "true"})
    assert "<html" not in text(live) + text(sent)
    assert "HX-Request" in sent["Vary"]
    assert SearchLog.objects.get().query == "空调"


def test_without_a_question_it_lists_products_and_problems(english):
    top = ProblemFactory(code="connect", name_en="Connection")
    ProblemFactory(code="unused", name_en="Unused")
    published("a", problem=ProblemFactory(code="connect-offline", name_en="Offline", parent=top))
    published("hidden", problem=ProblemFactory(code="secret", name_en="Secret"), audience=Audience.INTERNAL)
    page = text(english.get("/search/"))
    assert 'href="/search/?problem=connect-offline">Offline' in page
    assert "Unused" not in page
    assert "Secret" not in page


@pytest.mark.parametrize(
    "given", [{"line": "nope"}, {"product": "nope"}, {"problem": "nope"}, {"line": "x' OR 1"}, {"q": "\x00"}]
)
def test_unknown_filters_are_left_out(client, given):
    assert client.get("/search/", given).status_code == 200


def test_safety_comes_first(english):
    safety = ProblemFactory(code="safety")
    published("gas", title_zh="闻到燃气味", problem=ProblemFactory(code="safety-gas", parent=safety))
    assert 'class="danger"' in text(english.get("/search/", {"q": "燃气"}))


def test_completions(english):
    published("a", title_zh="空调滴水")
    assert 'href="/articles/a/?q=%E7%A9%BA%E8%B0%83"' in text(english.get("/search/suggest/", {"q": "空调"}))
    assert text(english.get("/search/suggest/")).strip() == ""


# --- a line -----------------------------------------------------------------------------------------------
def test_a_line_shows_its_models_and_problems_before_the_general_ones(english):
    lines = [ProductLineFactory(code=code) for code in ("ac", "lock", "oven", "fridge")]
    ProductFactory(model="AC72", code="ac72", line=lines[0])
    ProductFactory(model="OLD", code="old", line=lines[0], active=False)
    published("general", title_zh="通用", lines=lines)
    published("own", title_zh="专用", lines=lines[:1])
    published("other", title_zh="别的", lines=lines[1:2])
    page = text(english.get("/products/ac/"))
    assert page.index("/articles/own/") < page.index("For all devices") < page.index("/articles/general/")
    assert "/articles/other/" not in page
    assert 'href="/search/?product=ac72"' in page
    assert "OLD" not in page
    assert english.get("/products/nope/").status_code == 404


# --- an article -------------------------------------------------------------------------------------------
def test_an_article_shows_its_text_what_it_applies_to_and_what_is_near(english):
    line, problem = (
        ProductLineFactory(code="ac"),
        ProblemFactory(code="hardware-cooling", name_en="Not cooling"),
    )
    code = ErrorCodeFactory(line=line, code="E3", meaning_en="Refrigerant protection")
    product = ProductFactory(model="AC72", code="ac72", line=line)
    published(
        "ac-e3",
        title_zh="空调显示E3",
        summary_zh="停机。",
        body_zh="> [!danger] 别加氟\n\n见《空调不凉》。",
        lines=[line],
        products=[product],
        error_codes=[code],
        problem=problem,
    )
    published("warm", title_zh="空调不凉、制冷差")
    published("near", title_zh="同类问题", problem=problem)
    page = text(english.get("/articles/ac-e3/"))
    assert '<aside class="notice notice--bad callout" role="note"><svg' in page
    assert ">Danger</b>" in page
    assert '《<a href="/articles/warm/">空调不凉</a>》' in page
    assert 'href="/articles/near/"' in page
    assert "Refrigerant protection" in page
    assert 'href="/search/?product=ac72">AC72' in page
    assert '<link rel="canonical" href="http://127.0.0.1:8000/articles/ac-e3/">' in page
    assert '<meta name="description" content="停机。">' in page


@pytest.mark.parametrize("make", [draft, retired, lambda slug: published(slug, audience=Audience.INTERNAL)])
def test_what_is_not_for_readers_does_not_exist(client, make):
    make("hidden")
    for address in ("/articles/hidden/", "/articles/nothing/"):
        assert client.get(address).status_code == 404
        assert client.post(f"{address}rate/", {"solved": "yes"}).status_code == 404
        assert client.post(f"{address}viewed/").status_code == 404


def test_staff_read_internal_articles(client):
    published("internal", audience=Audience.INTERNAL)
    client.force_login(UserFactory())
    page = client.get("/articles/internal/")
    assert page.status_code == 200
    assert '<meta name="robots" content="noindex">' in text(page)


# --- solved or not ----------------------------------------------------------------------------------------
def test_an_answer_without_script_leads_back_and_not_solved_carries_the_context(english):
    published("a", problem=ProblemFactory(code="connect-offline"))
    sent = english.post("/articles/a/rate/", {"solved": "no", "q": "灯灰了", "product": "g2"})
    assert sent.status_code == 302
    assert sent["Location"].endswith("#helped")
    page = text(english.get(sent["Location"].partition("#")[0]))
    context = "article=a&amp;problem=connect-offline&amp;product=g2&amp;q=%E7%81%AF%E7%81%B0%E4%BA%86"
    for way in ("/chat/?", "/request/?"):
        assert f'href="{way}{context}"' in page
    assert f'href="/request/?{context}&amp;call=1"' in page
    assert "Then a person helps" in page


def test_htmx_gets_the_part(english):
    published("a")
    part = text(english.post("/articles/a/rate/", {"solved": "yes"}, headers={"HX-Request": "true"}))
    assert "Glad it works again." in part
    assert "<html" not in part


def test_one_browser_counts_once_and_another_again(client):
    article = published("a")
    for solved in ("no", "yes", "yes"):
        client.post("/articles/a/rate/", {"solved": solved})
    Client().post("/articles/a/rate/", {"solved": "yes"})
    article.refresh_from_db()
    assert (article.helped, article.not_helped) == (2, 0)
    readers = list(ArticleFeedback.objects.values_list("reader", flat=True))
    assert len(set(readers)) == 2
    assert all(re.fullmatch("[0-9a-f]{32}", reader) for reader in readers)


@pytest.mark.parametrize("said", ["", "maybe", "YES"])
def test_another_answer_is_refused(client, said):
    published("a")
    assert client.post("/articles/a/rate/", {"solved": said}).status_code == 400
    assert ArticleFeedback.objects.count() == 0


def test_ratings_of_one_address_are_limited(client, monkeypatch):
    published("a")
    monkeypatch.setattr("knowledge.views.articles.RATINGS_AN_HOUR", 2)
    answers = [client.post("/articles/a/rate/", {"solved": "yes"}).status_code for _ in range(3)]
    assert answers == [302, 302, 429]


def test_a_rating_needs_the_forms_token():
    published("a")
    assert Client(enforce_csrf_checks=True).post("/articles/a/rate/", {"solved": "yes"}).status_code == 403


def test_views_are_counted_by_post_alone(client):
    article = published("a")
    client.get("/articles/a/")
    article.refresh_from_db()
    assert article.views == 0
    assert client.post("/articles/a/viewed/").status_code == 204
    article.refresh_from_db()
    assert article.views == 1


@pytest.mark.parametrize("address", ["/articles/a/rate/", "/articles/a/viewed/"])
def test_get_changes_nothing(client, address):
    published("a")
    assert client.get(address).status_code == 405


def test_reading_opens_no_session(client):
    published("a", start_page=1)
    for address in ("/", "/search/?q=网关", "/articles/a/", "/articles/a/?said=no", "/human/"):
        assert "sessionid" not in client.get(address).cookies


# --- people, crawlers -------------------------------------------------------------------------------------
def test_the_way_to_a_person_keeps_what_is_known(english):
    page = text(english.get("/human/", {"article": "a", "q": "x", "evil": "y"}))
    assert 'href="/chat/?article=a&amp;q=x"' in page


def test_every_page_is_two_clicks_from_a_person(english):
    published("a", lines=[ProductLineFactory(code="ac")])
    for address in ("/", "/search/", "/search/?q=zzz", "/products/ac/", "/articles/a/"):
        assert 'href="/human/"' in text(english.get(address))


def test_crawlers_are_told_what_is_public(client):
    published("public")
    published("internal", audience=Audience.INTERNAL)
    robots, sitemap = client.get("/robots.txt"), client.get("/sitemap.xml")
    assert robots["Content-Type"].startswith("text/plain")
    assert "Disallow: /desk/" in text(robots)
    assert "<loc>http://127.0.0.1:8000/articles/public/</loc>" in text(sitemap)
    assert "internal" not in text(sitemap)
    assert 'content="noindex, follow"' in text(client.get("/search/"))


# --- cost -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(
    ("address", "limit"),
    [
        ("/", 8),
        ("/search/?q=网关离线", 6),
        ("/search/?line=gateway", 6),
        ("/search/", 6),
        ("/products/gateway/", 6),
        ("/articles/a0/", 6),
    ],
)
def test_queries_do_not_grow_with_the_rows(
    client, django_assert_max_num_queries, monkeypatch, address, limit, count
):
    for place in ("help-home", "help-article"):
        monkeypatch.setitem(_panels, place, [])
    line, problem = ProductLineFactory(code="gateway"), ProblemFactory(code="connect-offline")
    for number in range(count):
        product = ProductFactory(model=f"G{number}", line=line)
        code = ErrorCodeFactory(line=line, code=f"N{number}")
        published(
            f"a{number}",
            lines=[line],
            problem=problem,
            products=[product],
            error_codes=[code],
            start_page=number + 1,
        )
    with django_assert_max_num_queries(limit):
        assert client.get(address).status_code == 200
