"""The agents' part of the API: lists, a ticket, acts, what is masked."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.enums import Role
from core.models import Event
from tests.api_client import App, app_of, problem
from tests.factories.customers import CustomerFactory, ProductFactory
from tests.factories.knowledge import published
from tests.factories.times import NOW
from tests.factories.work import (
    customer_of,
    make_colleague,
    make_open_ticket,
    make_resolved_ticket,
    make_ticket,
)
from tickets.models import ForbiddenWord, Note, Ticket
from tickets.services import forbidden, search, talk

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("desk_defaults")]


@pytest.fixture(autouse=True)
def now():
    with time_machine.travel(NOW, tick=False) as moment:
        yield moment


def references(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["reference"] for row in answer.json()["results"]]


# --- lists --------------------------------------------------------------------------------------------------
def test_a_list_of_the_desk_what_is_due_first() -> None:
    agent = make_colleague("林晓")
    later = make_ticket(assignee=agent, at=NOW)
    sooner = make_ticket(assignee=agent, at=NOW - timedelta(minutes=10))
    make_ticket()
    answer = app_of(agent).get("tickets/", view="mine")
    assert references(answer) == [sooner.reference, later.reference]
    row = answer.json()["results"][0]
    assert row["customer"] == "周女士"
    assert row["assignee"] == {"id": agent.pk, "name": agent.display_name_en}
    assert row["due"]["kind"] == "first_response"
    assert row["due"]["seconds"] == -5 * 60
    assert (row["status"], row["status_name"], row["unread"]) == ("new", "New", True)


def test_the_pages_of_a_list_follow_each_other() -> None:
    agent = make_colleague("林晓")
    made = [make_ticket(assignee=agent, at=NOW + timedelta(minutes=n)).reference for n in range(3)]
    app = app_of(agent)
    first = app.get("tickets/", view="mine", page_size=2, status="new")
    second = app.get(first.json()["next"].removeprefix("http://testserver"))
    assert references(first) + references(second) == made
    assert second.json()["next"] is None


def test_without_a_list_everything_that_one_may_see_newest_first(desk_defaults: dict[str, Any]) -> None:
    agent = make_colleague("林晓", tier="L1")
    open_one = make_open_ticket(agent)
    done = make_resolved_ticket(agent, desk_defaults, at=NOW + timedelta(minutes=1))
    stranger = make_colleague("周工", tier="L2")
    assert references(app_of(agent).get("tickets/")) == [done.reference, open_one.reference]
    assert references(app_of(stranger).get("tickets/")) == []
    boss = make_colleague("主管", tier="L2", roles=(Role.SUPERVISOR,))
    assert references(app_of(boss).get("tickets/")) == [done.reference, open_one.reference]


def test_filters_narrow_every_list(desk_defaults: dict[str, Any], now: Any) -> None:
    agent = make_colleague("林晓", roles=(Role.SUPERVISOR,))
    gold = make_ticket(customer=CustomerFactory(level="gold"), assignee=agent)
    plain = make_ticket(at=NOW + timedelta(minutes=1))
    done = make_resolved_ticket(agent, desk_defaults, at=NOW + timedelta(minutes=2))
    app = app_of(agent)
    for query, wanted in (
        ({"status": "resolved"}, [done]),
        ({"status": "new,resolved"}, [done, plain, gold]),
        ({"level": "gold"}, [gold]),
        ({"grade": gold.grade}, [done, plain, gold]),
        ({"assignee": agent.pk}, [done, gold]),
        ({"unassigned": "true"}, [plain]),
        ({"queue": gold.queue_id}, [done, plain, gold]),
        ({"queue": 0}, []),
        ({"overdue": "true"}, []),
        ({"overdue": "false"}, [done, plain, gold]),
    ):
        assert references(app.get("tickets/", **query)) == [ticket.reference for ticket in wanted], query
    assert references(app.get("tickets/", view="all", level="gold")) == [gold.reference]
    now.shift(timedelta(days=3))
    assert references(app.get("tickets/", overdue="true")) == [plain.reference, gold.reference]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"status": "nothing"}, "status"),
        ({"grade": "nothing"}, "grade"),
        ({"level": "nothing"}, "level"),
        ({"queue": "x"}, "queue"),
        ({"assignee": str(2**70)}, "assignee"),
        ({"overdue": "perhaps"}, "overdue"),
        ({"page_size": "0"}, "page_size"),
        ({"cursor": "x"}, "cursor"),
        ({"view": "mine", "cursor": "x"}, "cursor"),
        ({"view": "mine", "q": "x"}, "q"),
        ({"q": "\x00"}, "q"),
    ],
)
def test_a_wrong_question_is_said_beside_its_field(query: dict[str, str], field: str) -> None:
    body = problem(app_of(make_colleague("林晓")).get("tickets/", **query), 400)
    assert list(body["errors"]) == [field]


def test_a_list_that_does_not_exist() -> None:
    problem(app_of(make_colleague("林晓")).get("tickets/", view="nothing"), 404)


def test_search_finds_by_number_phone_and_words() -> None:
    agent = make_colleague("林晓")
    ticket = make_ticket(customer=CustomerFactory(phone="13812345678"), words="门锁识别不了指纹")
    other = make_ticket(words="网关离线")
    search.index_tickets([ticket.pk, other.pk])
    app = app_of(agent)
    for query in (ticket.reference, "138 1234 5678", "指纹"):
        assert references(app.get("tickets/", q=query)) == [ticket.reference], query
    assert references(app.get("tickets/", q="指纹", status="resolved")) == []
    assert references(app_of(make_colleague("周工", tier="L2")).get("tickets/", q=ticket.reference)) == []


@pytest.mark.parametrize("query", [{}, {"view": "all"}, {"q": "网关"}])
def test_a_list_costs_the_same_for_one_and_for_three(query: dict[str, str]) -> None:
    agent = make_colleague("林晓")
    app = app_of(agent)
    counted = []
    for wanted in (1, 3):
        while Ticket.objects.count() < wanted:
            ticket = make_ticket(words="网关离线", product=ProductFactory(), assignee=agent)
            search.index_tickets([ticket.pk])
        with CaptureQueriesContext(connection) as seen:
            assert len(references(app.get("tickets/", **query))) == wanted
        counted.append(len(seen))
    assert counted[0] == counted[1] <= 11


def test_counts_of_lists_and_queues() -> None:
    agent = make_colleague("林晓")
    make_ticket(assignee=agent)
    make_ticket()
    found = app_of(agent).get("lists/").json()
    counts = {row["code"]: row["count"] for row in found["lists"]}
    assert (counts["mine"], counts["unassigned"], counts["all"]) == (1, 1, None)
    (queue,) = found["queues"]
    assert (queue["code"], queue["waiting"]) == ("queue-l1", 1)
    assert references(app_of(agent).get("tickets/", view=queue["view"])) != []


# --- one ticket ---------------------------------------------------------------------------------------------
def test_a_ticket_says_all_that_one_needs_and_masks_the_rest() -> None:
    agent = make_colleague("林晓")
    customer = CustomerFactory(phone="13812345678", email="zhou@example.com")
    ticket = make_open_ticket(agent, customer=customer)
    answer = app_of(agent).get(f"tickets/{ticket.reference}/")
    card = answer.json()
    assert card["customer"]["phone"] == "138****5678"
    assert card["customer"]["email"] == "z***@example.com"
    assert b"13812345678" not in answer.content
    assert b"zhou@example.com" not in answer.content
    assert [(clock["kind"], clock["state"]) for clock in card["clocks"]] == [
        ("first_response", "met"),
        ("resolution", "green"),
        ("tier_hop", "green"),
    ]
    assert card["allowed"] == [
        *("reply", "note", "assign", "escalate", "regrade", "wait", "snooze", "resolve"),
        *("merge", "split", "link"),
    ]
    assert card["why_grade"] == "No known problem is named"
    assert card["why_person"]["sentence"] == "Assigned by the system"
    assert (card["tier"]["code"], card["topic"]) == ("L1", f"ticket:{ticket.pk}")


def test_a_ticket_costs_a_bounded_number_of_queries() -> None:
    agent = make_colleague("林晓")
    app = app_of(agent)
    ticket = make_open_ticket(agent, product=ProductFactory())
    with CaptureQueriesContext(connection) as seen:
        assert app.get(f"tickets/{ticket.reference}/").status_code == 200
    assert len(seen) <= 12, [query["sql"][:90] for query in seen]


@pytest.mark.parametrize("path", ["", "timeline/", "suggestions/", "drafts/"])
def test_another_teams_ticket_does_not_exist(path: str) -> None:
    ticket = make_ticket()
    problem(app_of(make_colleague("周工", tier="L2")).get(f"tickets/{ticket.reference}/{path}"), 404)
    problem(app_of(make_colleague("林晓")).get(f"tickets/T-2026-999999/{path}"), 404)


ACTS = (
    *(
        "claim",
        "assign",
        "escalate",
        "hand-down",
        "regrade",
        "wait",
        "snooze",
        "wake",
        "resume",
        "resolve",
        "confirm",
        "reopen",
    ),
    *("reply", "note", "reveal", "seen", "drafts"),
)


def test_nobody_acts_on_another_teams_ticket(desk_defaults: dict[str, Any]) -> None:
    ticket = make_ticket()
    stranger = make_colleague("周工", tier="L2")
    app, before = app_of(stranger), Event.objects.count()
    filled = {
        "body": "x",
        "mode": "note",
        "field": "phone",
        "reason": "beyond-skill",
        "agent": stranger.pk,
        "instruction": "x",
        "category": "connect",
        "steps_tried": "x",
        "evidence": "x",
        "status": "waiting_customer",
        "solution_code": "guided",
        "root_cause": "use-setting",
        "message": "x",
        "until": (NOW + timedelta(hours=1)).isoformat(),
    }
    for act in ACTS:
        given = {**filled, **({"reason": "其他"} if act != "escalate" else {})}
        problem(app.post(f"tickets/{ticket.reference}/{act}/", given), 404, "not_found")
    assert Event.objects.count() == before


def test_the_timeline_has_notes_and_facts() -> None:
    agent = make_colleague("林晓")
    ticket = make_open_ticket(agent)
    app = app_of(agent)
    noted = app.post(f"tickets/{ticket.reference}/note/", {"body": "客户很急"})
    assert (noted.status_code, noted.json()["kind"], noted.json()["public"]) == (201, "note", False)
    lines = app.get(f"tickets/{ticket.reference}/timeline/").json()["results"]
    assert lines[-1]["text"] == "客户很急"
    assert {line["code"]: line["facts"] for line in lines}["tickets.assigned"]["agent_id"] == agent.pk
    assert Note.objects.get().author_id == agent.pk


def test_suggestions_fit_the_case() -> None:
    article = published("gateway-offline", title_zh="网关离线怎么办", keywords=("网关离线",))
    ticket = make_ticket(words="网关离线了")
    found = app_of(make_colleague("林晓")).get(f"tickets/{ticket.reference}/suggestions/").json()
    assert [row["slug"] for row in found] == [article.slug]


# --- acts ---------------------------------------------------------------------------------------------------
def test_taking_a_ticket_and_taking_it_from_somebody() -> None:
    lin, chen = make_colleague("林晓"), make_colleague("陈客")
    ticket = make_ticket()
    for _ in range(2):  # twice is once
        card = app_of(lin).post(f"tickets/{ticket.reference}/claim/").json()
        assert card["assignee"]["id"] == lin.pk
    problem(app_of(chen).post(f"tickets/{ticket.reference}/claim/"), 409, "already_taken")
    body = problem(
        app_of(chen).post(f"tickets/{ticket.reference}/assign/", {"agent": chen.pk}), 400, "reason_required"
    )
    assert list(body["errors"]) == ["reason"]
    card = (
        app_of(chen).post(f"tickets/{ticket.reference}/assign/", {"agent": chen.pk, "reason": "换班"}).json()
    )
    assert card["assignee"]["id"] == chen.pk


@pytest.mark.parametrize("agent", [None, "x", 0, 10**30, True, [1]])
def test_a_colleague_who_does_not_exist(agent: Any) -> None:
    ticket = make_ticket()
    body = problem(
        app_of(make_colleague("林晓")).post(f"tickets/{ticket.reference}/assign/", {"agent": agent}), 400
    )
    assert list(body["errors"]) == ["agent"]


def test_a_reply_is_sent_once_and_not_past_a_newer_message() -> None:
    agent = make_colleague("林晓")
    ticket = make_ticket(assignee=agent)
    app = app_of(agent)
    url = f"tickets/{ticket.reference}/reply/"
    first, second = (app.post(url, {"body": "您好", "client_id": "r1", "seen_seq": 1}) for _ in range(2))
    assert first.status_code == 201
    assert first.json() == second.json()
    assert (first.json()["mine"], first.json()["seq"]) == (True, 2)
    talk.customer_reply(ticket=ticket, body="还有一件事", actor=customer_of(ticket.customer), at=NOW)
    body = problem(app.post(url, {"body": "好的", "client_id": "r2", "seen_seq": 2}), 409, "newer_message")
    assert (body["count"], body["seq"]) == (1, 3)
    sent = app.post(url, {"body": "好的", "client_id": "r2", "seen_seq": 3, "then": "waiting_customer"})
    assert sent.status_code == 201
    assert app.get(f"tickets/{ticket.reference}/").json()["status"] == "waiting_customer"
    assert list(problem(app.post(url, {"body": "x", "then": "closed"}), 400)["errors"]) == ["then"]
    assert problem(app.post(url, {}), 400)["errors"] == {"body": ["Please write a message."]}


def test_a_forbidden_word_is_a_problem_beside_its_field() -> None:
    ForbiddenWord.objects.create(word="绝对", suggestion="一般")
    forbidden.forget()
    agent = make_colleague("林晓")
    ticket = make_open_ticket(agent)
    app = app_of(agent)
    body = problem(
        app.post(f"tickets/{ticket.reference}/reply/", {"body": "绝对没问题"}), 400, "forbidden_word"
    )
    assert body["errors"] == {"body": ["“绝对” must not be said to a customer. Use “一般”?"]}
    assert body["words"] == ["绝对"]
    resolution = {"solution_code": "guided", "root_cause": "use-setting", "message": "绝对好了"}
    body = problem(app.post(f"tickets/{ticket.reference}/resolve/", resolution), 400, "forbidden_word")
    assert list(body["errors"]) == ["message"]
    assert app.post(f"tickets/{ticket.reference}/note/", {"body": "绝对"}).status_code == 201


def test_aside_and_back() -> None:
    agent, colleague = make_colleague("林晓"), make_colleague("何婷")
    ticket = make_open_ticket(agent)
    app, url = app_of(agent), f"tickets/{ticket.reference}"
    for until in ("", "yesterday", (NOW - timedelta(minutes=1)).isoformat()):
        assert list(problem(app.post(f"{url}/snooze/", {"until": until}), 400)["errors"]) == ["until"]
    until = NOW + timedelta(hours=1)
    asked = {"until": until.isoformat(), "reason": "客户在开车"}
    problem(app_of(colleague).post(f"{url}/snooze/", asked), 409, "not_assigned_to_you")
    card = app.post(f"{url}/snooze/", asked).json()
    assert datetime.fromisoformat(card["snoozed_until"]) == until
    assert {"wake", "snooze"} <= set(card["allowed"])
    assert references(app.get("tickets/", view="mine")) == []
    assert references(app.get("tickets/", view="snoozed")) == [ticket.reference]
    assert app.post(f"{url}/wake/").json()["snoozed_until"] is None
    assert references(app.get("tickets/", view="mine")) == [ticket.reference]


def test_waiting_and_going_on() -> None:
    agent = make_colleague("林晓")
    ticket = make_open_ticket(agent)
    app = app_of(agent)
    body = problem(app.post(f"tickets/{ticket.reference}/wait/", {"status": "waiting_part"}), 400)
    assert list(body["errors"]) == ["reason"]
    card = app.post(f"tickets/{ticket.reference}/wait/", {"status": "waiting_part", "reason": "锁芯"}).json()
    assert card["status"] == "waiting_part"
    assert {clock["kind"]: clock["state"] for clock in card["clocks"]}["resolution"] == "paused"
    assert "resume" in card["allowed"]
    assert app.post(f"tickets/{ticket.reference}/resume/").json()["status"] == "open"


def test_up_and_down_between_the_tiers() -> None:
    lin, zhou = make_colleague("林晓"), make_colleague("周工", tier="L2")
    ticket = make_open_ticket(lin)
    url = f"tickets/{ticket.reference}"
    wrong = app_of(lin).post(f"{url}/escalate/", {"reason": "nothing", "category": "nothing"})
    assert problem(wrong, 400)["errors"] == {
        "reason": ["We don't know “nothing”. Choose one from the list."],
        "category": ["We don't know “nothing”. Choose one from the list."],
    }
    given = {"reason": "beyond-skill", "category": "connect", "steps_tried": "重启", "evidence": "红灯"}
    card = app_of(lin).post(f"{url}/escalate/", given).json()
    assert card["tier"]["code"] == "L2"
    assert [(hop["direction"], hop["evidence"]) for hop in card["hops"]] == [("up", "红灯")]
    down = app_of(zhou).post(f"{url}/hand-down/", {"instruction": "请换电池"})
    # back at L1 it is no longer the engineer's to see
    assert (down.status_code, down.content) == (204, b"")
    assert app_of(lin).get(f"{url}/").json()["hops"][0]["instruction"] == "请换电池"
    problem(app_of(lin).post(f"{url}/hand-down/", {"instruction": "更低"}), 409, "bottom_tier")


def test_another_grade_moves_the_deadlines() -> None:
    agent = make_colleague("林晓")
    ticket = make_ticket(assignee=agent)
    url = f"tickets/{ticket.reference}/regrade/"
    before = app_of(agent).get(f"tickets/{ticket.reference}/").json()
    assert list(problem(app_of(agent).post(url, {"grade": "major"}), 400)["errors"]) == ["reason"]
    card = app_of(agent).post(url, {"grade": "major", "reason": "有焦味"}).json()
    assert (card["grade"], card["why_grade"]) == ("major", "Judged by a person: 有焦味")
    assert card["clocks"][0]["total"] == 120 < before["clocks"][0]["total"]


def test_the_end_and_the_beginning_again() -> None:
    agent = make_colleague("林晓")
    ticket = make_open_ticket(agent)
    url = f"tickets/{ticket.reference}"
    app = app_of(agent)
    assert set(problem(app.post(f"{url}/resolve/"), 400)["errors"]) == {
        "solution_code",
        "root_cause",
        "message",
    }
    done = {"solution_code": "guided", "root_cause": "use-setting", "message": "已恢复"}
    assert app.post(f"{url}/resolve/", done).json()["status"] == "resolved"
    problem(app.post(f"{url}/resolve/", done), 409, "illegal_transition")
    assert list(problem(app.post(f"{url}/confirm/"), 400)["errors"]) == ["reason"]
    assert app.post(f"{url}/confirm/", {"reason": "电话里说好了"}).json()["status"] == "closed"
    assert list(problem(app.post(f"{url}/reopen/"), 400)["errors"]) == ["reason"]
    card = app.post(f"{url}/reopen/", {"reason": "又坏了"}).json()
    assert (card["status"], card["cycle"]) == ("open", 2)


def test_drafts_follow_from_the_phone_to_the_desk() -> None:
    agent = make_colleague("林晓")
    ticket = make_ticket(assignee=agent)
    url = f"tickets/{ticket.reference}/drafts/"
    app = app_of(agent)
    assert app.post(url, {"mode": "reply", "body": "您好，"}).json() == {"reply": "您好，", "note": ""}
    assert app_of(make_colleague("陈客")).get(url).json() == {"reply": "", "note": ""}
    assert app.post(url, {"mode": "reply", "body": ""}).json() == {"reply": "", "note": ""}


def test_what_was_looked_at_is_no_longer_unread() -> None:
    agent = make_colleague("林晓")
    ticket = make_ticket(assignee=agent)
    app = app_of(agent)
    assert app.get("tickets/", view="mine").json()["results"][0]["unread"] is True
    assert app.post(f"tickets/{ticket.reference}/seen/").status_code == 204
    assert app.get("tickets/", view="mine").json()["results"][0]["unread"] is False


# --- what is masked -----------------------------------------------------------------------------------------
def test_a_masked_value_is_shown_for_a_reason_that_is_kept() -> None:
    agent = make_colleague("林晓")
    ticket = make_ticket(customer=CustomerFactory(phone="13812345678"))
    app, url = app_of(agent), f"tickets/{ticket.reference}/reveal/"
    assert list(problem(app.post(url, {"field": "phone"}), 400, "reason_needed")["errors"]) == ["reason"]
    assert list(problem(app.post(url, {"field": "password", "reason": "回电话"}), 400)["errors"]) == ["field"]
    shown = app.post(url, {"field": "phone", "reason": "客户要求回电"})
    assert shown.json() == {"field": "phone", "value": "13812345678"}
    event = Event.objects.get(kind="customers.revealed")
    assert (event.actor_id, event.detail.body) == (agent.pk, {"reason": "客户要求回电"})


def test_thirty_looks_an_hour() -> None:
    ticket = make_ticket()
    app = app_of(make_colleague("林晓"))
    given = {"field": "phone", "reason": "客户要求回电"}
    for _ in range(30):
        assert app.post(f"tickets/{ticket.reference}/reveal/", given).status_code == 200
    problem(app.post(f"tickets/{ticket.reference}/reveal/", given), 429)


# --- reference data and nudges ------------------------------------------------------------------------------
def test_what_acts_choose_from() -> None:
    agent = make_colleague("林晓")
    found = app_of(agent).get("reference/").json()
    assert [row["code"] for row in found["categories"]] == ["connect"]
    assert [row["code"] for row in found["solution_codes"]] == ["guided"]
    assert [(row["code"], row["part_of"]) for row in found["root_causes"]] == [("use-setting", None)]
    assert [row["code"] for row in found["escalation_reasons"]] == ["beyond-skill"]
    assert {row["tier"] for row in found["queues"]} == {"L1", "L2", "L3"}
    assert [(row["id"], row["tier"], row["duty"]) for row in found["agents"]] == [
        (agent.pk, "L1", "available")
    ]


def test_nudges_tell_what_changed_to_whom_it_concerns() -> None:
    agent = make_colleague("林晓")
    ticket = make_ticket(assignee=agent)
    app = app_of(agent)
    topics = f"ticket:{ticket.pk},desk:{agent.pk},ticket:999999,nonsense"
    start = app.get("events/since/", topics=topics).json()["event"]
    app.post(f"tickets/{ticket.reference}/note/", {"body": "看过了"})
    news = app.get("events/since/", topics=topics, event=start).json()
    assert {"ticket": f"ticket:{ticket.pk}", "kind": "tickets.note_added"} in [
        {"ticket": nudge["topic"], "kind": nudge["kind"]} for nudge in news["nudges"]
    ]
    assert news["event"] > start
    other = app_of(make_colleague("周工", tier="L2")).get("events/since/", topics=topics, event=start).json()
    assert other["nudges"] == []
    problem(App().get("events/since/", topics=topics), 401)
    assert list(problem(app.get("events/since/", event="-1"), 400)["errors"]) == ["event"]
