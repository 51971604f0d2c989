"""The help centre through the API."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from knowledge.enums import Audience
from knowledge.models import Article, ArticleFeedback, SearchLog
from tests.api_client import App, app_of, problem
from tests.factories.accounts import UserFactory
from tests.factories.customers import ProductFactory
from tests.factories.knowledge import ProblemFactory, draft, published

pytestmark = pytest.mark.django_db

READER = "a-random-key-of-the-app"


def slugs(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["slug"] for row in answer.json()]


def test_articles_are_found_by_words_and_the_search_is_remembered_without_numbers() -> None:
    published("gateway-offline", title_en="Gateway offline", body_en="Restart it.")
    published("lock-battery", title_zh="门锁电池", summary_zh="怎么换", body_zh="换电池")
    found = App().get("articles/", q="网关离线 13812345678")
    assert slugs(found) == ["gateway-offline"]
    assert (found.json()[0]["title"], found.json()[0]["is_safety"]) == ("Gateway offline", False)
    assert SearchLog.objects.get().query == "网关离线 ***"


def test_articles_are_found_by_model_and_problem() -> None:
    product, problem_row = ProductFactory(), ProblemFactory(code="offline")
    found = published("gateway-offline", problem=problem_row)
    found.products.add(product)
    published("lock-battery")
    app = App()
    assert slugs(app.get("articles/", product=product.code, problem="offline")) == ["gateway-offline"]
    assert slugs(app.get("articles/", problem="nothing")) == []
    assert slugs(app.get("articles/", product="nothing", q="网关")) == []
    assert app.get("problems/").json() == [{"code": "offline", "name": "Offline"}]


def test_without_a_question_what_most_people_look_for() -> None:
    for place, slug in ((2, "second"), (1, "first"), (None, "other")):
        Article.objects.filter(pk=published(slug).pk).update(start_page=place)
    assert slugs(App().get("articles/")) == ["first", "second"]
    assert not SearchLog.objects.exists()


@pytest.mark.parametrize(("query", "field"), [({"q": "x" * 201}, "q"), ({"product": "a b"}, "product")])
def test_a_wrong_question_is_said_beside_its_field(query: dict[str, str], field: str) -> None:
    assert list(problem(App().get("articles/", **query), 400)["errors"]) == [field]


def test_an_article_with_its_text() -> None:
    published("gateway-offline", title_en="Gateway offline", body_en="**Restart** it.")
    found = App().get("articles/gateway-offline/").json()
    assert (found["title"], found["version"]) == ("Gateway offline", 1)
    assert found["html"] == "<p><strong>Restart</strong> it.</p>"


def test_drafts_and_internal_articles_do_not_exist_for_customers() -> None:
    draft("draft-one")
    Article.objects.filter(pk=published("for-staff").pk).update(audience=Audience.INTERNAL)
    for slug in ("draft-one", "for-staff", "nothing"):
        problem(App().get(f"articles/{slug}/"), 404)
        problem(App().post(f"articles/{slug}/feedback/", {"solved": True, "reader": READER}), 404)
    assert App().get("articles/", q="网关").json() == []
    assert app_of(UserFactory()).get("articles/for-staff/").status_code == 200


def test_a_reader_answers_once_and_may_change_their_mind() -> None:
    article = published()
    for solved in (True, True, False):
        answer = App().post(f"articles/{article.slug}/feedback/", {"solved": solved, "reader": READER})
        assert (answer.status_code, answer.json()["solved"]) == (201, solved)
    article.refresh_from_db()
    assert (article.helped, article.not_helped, ArticleFeedback.objects.count()) == (0, 1, 1)


def test_an_answer_needs_its_parts() -> None:
    article = published()
    body = problem(App().post(f"articles/{article.slug}/feedback/", {"reader": "me"}), 400)
    assert set(body["errors"]) == {"solved", "reader"}
    assert not ArticleFeedback.objects.exists()


def test_the_list_costs_the_same_for_one_and_for_three() -> None:
    counted = []
    for wanted in (1, 3):
        while Article.objects.count() < wanted:
            published(f"gateway-{Article.objects.count()}")
        with CaptureQueriesContext(connection) as seen:
            assert len(slugs(App().get("articles/", q="网关离线"))) == wanted
        counted.append(len(seen))
    assert counted[0] == counted[1]
