"""The rating page: looking records nothing, sending counts once, and a wrong link tells nothing."""

import re
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from core import clock
from core.models import Event
from surveys.handlers import rate_card
from surveys.models import BadRatingFollowUp, SurveyInvitation, SurveyResponse
from surveys.services.invite import card_pass
from tests.factories.accounts import UserFactory, make_agent
from tests.factories.customers import CustomerFactory
from tests.factories.surveys import ReasonTagFactory, make_invitation
from tests.factories.times import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _time_stands(at: datetime):
    with clock.at_time(at):
        yield


@pytest.fixture
def client() -> Client:
    return Client(headers={"Accept-Language": "en"})


def page(token: str) -> str:
    return reverse("surveys:rate", args=[token])


def rated() -> tuple[SurveyInvitation, str]:
    ReasonTagFactory()
    ReasonTagFactory(code="fast", polarity="good")
    return make_invitation(agent=make_agent("林晓"), customer=CustomerFactory(phone="13812345678"), at=NOW)


def test_looking_records_nothing_and_nothing_is_preselected(client: Client) -> None:
    invitation, token = rated()
    before = Event.objects.count()
    for method in (client.get, client.head):
        answer = method(page(token))
        assert answer.status_code == 200
    html = client.get(page(token)).content.decode()
    assert not re.search(r"\bchecked\b", html)
    assert not SurveyResponse.objects.exists()
    assert Event.objects.count() == before
    invitation.refresh_from_db()
    assert invitation.delivered_at is None


def test_it_names_who_handled_what(client: Client) -> None:
    invitation, token = rated()
    html = client.get(page(token)).content.decode()
    agent = invitation.rated_agent
    assert agent is not None
    assert f"{agent.display_name_en} handled “门锁离线” for you" in html
    assert "138****5678" in html
    assert "13812345678" not in html


def test_neither_search_engines_nor_other_sites_learn_the_address(client: Client) -> None:
    _invitation, token = rated()
    answer = client.get(page(token))
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_good_rating_is_recorded_with_thanks(client: Client) -> None:
    invitation, token = rated()
    answer = client.post(
        page(token), {"solved": "yes", "stars": "5", "reasons": ["fast"], "comment": "谢谢", "nps": "0"}
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, page(token))
    response = SurveyResponse.objects.get(invitation=invitation)
    assert (response.solved, response.stars, response.comment, response.nps) == (True, 5, "谢谢", 0)
    assert [tag.code for tag in response.reasons.all()] == ["fast"]
    html = client.get(page(token)).content.decode()
    assert "Thank you, it's recorded" in html
    assert "different colleague" not in html
    assert Event.objects.get(kind="surveys.answered").actor_kind == "link"


def test_after_a_bad_rating_somebody_else_calls(client: Client) -> None:
    _invitation, token = rated()
    client.post(page(token), {"solved": "no", "stars": "2", "call_me": "on"})
    assert BadRatingFollowUp.objects.get().due_at == NOW + timedelta(hours=24)
    html = client.get(page(token)).content.decode()
    assert "A different colleague will call you within 24 hours" in html
    assert "138****5678" in html
    assert "again and go on with it" in html


def test_sending_twice_counts_once_and_thanks_twice(client: Client) -> None:
    _invitation, token = rated()
    for stars in ("4", "1"):
        answer = client.post(page(token), {"solved": "yes", "stars": stars})
        assert answer.status_code in (200, 303)
    assert SurveyResponse.objects.get().stars == 4


def test_what_is_missing_is_said_beside_it_and_nothing_is_lost(client: Client) -> None:
    _invitation, token = rated()
    answer = client.post(
        page(token), {"solved": "no", "reasons": ["slow"], "comment": "太慢了", "effort": "2", "ces": "2"}
    )
    assert answer.status_code == 422
    html = answer.content.decode()
    assert 'id="stars_error"' in html
    assert re.search(r'value="no"[^>]*checked', html)
    assert re.search(r'value="slow"[^>]*checked', html)
    assert re.search(r'name="ces" value="2"[^>]*checked', html)
    assert ">太慢了</textarea>" in html
    assert not SurveyResponse.objects.exists()


@pytest.mark.parametrize("data", [{"solved": "maybe", "stars": "5"}, {"solved": "yes", "stars": "9"}])
def test_forged_choices_are_refused(client: Client, data: dict[str, str]) -> None:
    _invitation, token = rated()
    assert client.post(page(token), data).status_code == 422
    assert not SurveyResponse.objects.exists()


def test_a_wrong_or_expired_link_says_what_to_do_instead(client: Client) -> None:
    _invitation, token = rated()
    for wrong, moment in (("x" * 32, NOW), (token, NOW + timedelta(hours=24))):
        with clock.at_time(moment):
            answer = client.get(page(wrong))
            assert answer.status_code == 404
            assert "This link is wrong or expired. Try your number and phone" in answer.content.decode()
            assert client.post(page(wrong), {"solved": "yes", "stars": "5"}).status_code == 404
    assert not SurveyResponse.objects.exists()


def test_guessing_links_is_limited(client: Client) -> None:
    for number in range(30):
        assert client.get(page(f"guess-{number}")).status_code == 404
    answer = client.get(page("guess-31"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3600")


def test_staff_do_not_rate(client: Client) -> None:
    _invitation, token = rated()
    client.force_login(UserFactory(), backend="accounts.backends.PasswordBackend")
    assert client.post(page(token), {"solved": "yes", "stars": "5"}).status_code == 404
    assert not SurveyResponse.objects.exists()


def test_a_form_of_another_site_is_refused() -> None:
    _invitation, token = rated()
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(page(token), {"solved": "yes", "stars": "5"}).status_code == 403


def test_a_recommendation_is_not_asked_again_within_90_days(client: Client) -> None:
    invitation, token = rated()
    assert 'name="nps"' in client.get(page(token)).content.decode()
    SurveyResponse.objects.create(invitation=invitation, stars=5, nps=9, at=NOW)
    from surveys.services.invite import invite

    invitation.ticket.cycle = 2
    invitation.ticket.save(update_fields=["cycle"])
    _again, other = invite(ticket=invitation.ticket, at=NOW)
    assert 'name="nps"' not in client.get(page(other)).content.decode()


def test_questions_about_a_visit_are_left_out_and_stars_cannot_be_configured_away(client: Client) -> None:
    invitation, token = rated()
    invitation.survey.questions.filter(code="overall").delete()
    html = client.get(page(token)).content.decode()
    assert 'name="stars"' in html
    assert 'name="a_punctual"' not in html


def test_a_question_of_ones_own_is_kept_under_its_code(client: Client) -> None:
    invitation, token = rated()
    invitation.survey.questions.create(
        code="speed", kind="scale7", text_zh="快吗？", text_en="Fast?", position=9
    )
    client.post(page(token), {"solved": "yes", "stars": "5", "a_speed": "6"})
    assert SurveyResponse.objects.get().answers == {"speed": 6}


def test_the_page_speaks_chinese_too() -> None:
    _invitation, token = rated()
    html = Client(headers={"Accept-Language": "zh-CN"}).get(page(token)).content.decode()
    assert 'lang="zh-hans"' in html
    assert "问题解决了吗？" in html


# --- the card on the customer's page of the ticket -------------------------------------------------------------
def card(rf, invitation: SurveyInvitation, kind: str = "link") -> dict[str, object] | None:
    from django.contrib.auth.models import AnonymousUser

    from core.actors import Actor

    request = rf.get("/")
    request.user = AnonymousUser()
    found: dict[str, object] | None = rate_card(request, invitation.ticket, Actor(kind, invitation.ticket_id))
    return found


def test_the_card_needs_no_token(rf, client: Client) -> None:
    invitation, _token = rated()
    shown = card(rf, invitation)
    assert shown is not None
    answer = client.post(str(shown["rate_url"]), {"solved": "yes", "stars": "4"})
    assert answer.status_code == 303
    assert SurveyResponse.objects.get(invitation=invitation).stars == 4
    invitation.refresh_from_db()
    again = card(rf, invitation)
    assert again is not None
    assert again["rating"] == invitation.response


def test_the_card_stays_away_when_there_is_nothing_to_rate(rf) -> None:
    invitation, _token = rated()
    assert card(rf, invitation, "staff") is None
    with clock.at_time(NOW + timedelta(hours=24)):
        assert card(rf, invitation) is None
    invitation.ticket.cycle = 2
    assert card(rf, invitation) is None


def test_a_pass_is_good_for_its_own_survey_only(client: Client) -> None:
    invitation, _token = rated()
    forged = card_pass(invitation)[:-1] + "x"
    assert client.get(page(forged)).status_code == 404
