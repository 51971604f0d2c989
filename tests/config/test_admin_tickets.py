"""A supervisor drives tickets from the admin: the buttons call the services, and say why when they refuse."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.enums import Role
from channels_hub.models import Message
from core import clock
from core.models import Event
from tests.config.admin_world import make_staff, sign_in
from tests.factories.surveys import make_rating
from tests.factories.tickets import CategoryFactory, QueueFactory, make_desk
from tests.factories.times import NOW
from tests.factories.work import (
    actor_of,
    customer_of,
    deliver,
    kinds_of,
    make_colleague,
    make_open_ticket,
    make_resolved_ticket,
    make_ticket,
)
from tickets.enums import Grade, Status
from tickets.events import TicketClosed, TicketReopened, TicketResolved
from tickets.models import Assignment, Note, Ticket, TierHop
from tickets.services import talk
from tickets.services.escalate import escalate

LATER = NOW + timedelta(minutes=10)


@pytest.fixture(autouse=True)
def _later(db: None) -> Any:
    with clock.at_time(LATER):
        yield


@pytest.fixture
def codes(db: None) -> dict[str, Any]:
    return make_desk()


@pytest.fixture
def boss(codes: dict[str, Any]) -> Client:
    return sign_in(make_staff(Role.SUPERVISOR, "qin"))


@pytest.fixture
def lin(codes: dict[str, Any]) -> Any:
    return make_colleague("林晓")


def do(client: Client, ticket: Ticket, verb: str, **data: Any) -> Any:
    return client.post(reverse("admin:tickets_ticket_do", args=[ticket.pk, verb]), data)


def page(client: Client, ticket: Ticket) -> Any:
    return client.get(reverse("admin:tickets_ticket_change", args=[ticket.pk]))


def buttons(response: Any) -> list[str]:
    return [button["verb"].name for button in response.context["verb_buttons"]]


def fresh(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


def said(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


# --- the page ------------------------------------------------------------------------------------------------
def test_page_shows_what_happened_and_why(boss: Client, lin: Any, codes: dict[str, Any]) -> None:
    ticket = make_open_ticket(lin)
    talk.add_note(ticket=ticket, body="客户下午在家", actor=actor_of(lin), at=LATER)
    response = page(boss, ticket)
    assert response.status_code == 200
    texts = [line.text for line in response.context["lines"]]
    assert "网关离线了，红灯一直闪" in texts
    assert "我来看看" in texts
    assert "客户下午在家" in texts
    assert [item["row"].agent for item in response.context["assignments"]] == [lin]
    assert response.context["why_grade"]
    assert response.context["assignee"] == lin.name
    assert [face.kind for face in response.context["faces"]] == ["first_response", "resolution", "tier_hop"]
    html = response.content.decode()
    assert ticket.customer.phone not in html
    assert f"{ticket.customer.phone[:3]}****{ticket.customer.phone[-4:]}" in html


def test_why_this_person_lists_everybody_considered(boss: Client, lin: Any, codes: dict[str, Any]) -> None:
    zhao = make_colleague("赵磊")
    ticket = make_ticket()
    deliver(LATER)
    response = page(boss, ticket)
    why = response.context["assignments"][0]["why"]
    assert {row.agent_id for row in why.rows} == {lin.pk, zhao.pk}
    assert [row.won for row in why.rows] == [True, False]
    assert why.sentence


def test_the_rating_stands_beside_it(boss: Client, codes: dict[str, Any]) -> None:
    answer = make_rating(2, at=NOW, comment="等了太久")
    response = page(boss, answer.invitation.ticket)
    [part] = response.context["panels"]
    assert "等了太久" in part
    assert "2 of 5 stars" in part
    assert reverse("admin:surveys_badratingfollowup_change", args=[answer.follow_up.pk]) in part
    assert page(boss, make_ticket()).context["panels"] == []


def test_long_timelines_come_in_pieces(boss: Client, lin: Any) -> None:
    ticket = make_ticket(assignee=lin)
    for n in range(60):
        talk.add_note(ticket=ticket, body=f"note {n}", actor=actor_of(lin), at=NOW + timedelta(seconds=n))
    newest = page(boss, ticket)
    assert len(newest.context["lines"]) == 50
    earlier = boss.get(newest.request["PATH_INFO"], {"before": newest.context["earlier"]})
    assert earlier.context["lines"][-1].id < newest.context["lines"][0].id


def test_the_questions_do_not_grow_with_the_timeline(
    boss: Client, lin: Any, codes: dict[str, Any], django_assert_max_num_queries: Any
) -> None:
    ticket = make_open_ticket(lin)
    for n in range(8):
        talk.reply(ticket=ticket, body=f"step {n}", actor=actor_of(lin), at=NOW + timedelta(minutes=n))
    page(boss, ticket)
    with django_assert_max_num_queries(26):
        page(boss, ticket)


def test_buttons_follow_the_state(boss: Client, lin: Any, codes: dict[str, Any]) -> None:
    new = make_ticket()
    assert buttons(page(boss, new)) == [
        *("reply", "note", "assign", "escalate", "hand-down", "regrade", "move", "resolve"),
    ]
    done = make_resolved_ticket(lin, codes)
    assert buttons(page(boss, done)) == ["reply", "note", "confirm", "reopen"]


def test_a_ticket_that_does_not_exist(boss: Client) -> None:
    assert boss.get(reverse("admin:tickets_ticket_change", args=[999])).status_code == 404
    assert boss.get("/admin/tickets/ticket/none/change/").status_code == 404
    assert boss.get(reverse("admin:tickets_ticket_do", args=[999, "note"])).status_code == 404


def test_a_verb_that_does_not_exist(boss: Client, lin: Any) -> None:
    assert boss.get(reverse("admin:tickets_ticket_do", args=[make_ticket().pk, "explode"])).status_code == 404


# --- each button ---------------------------------------------------------------------------------------------
def test_every_form_opens_and_changes_nothing(boss: Client, lin: Any) -> None:
    ticket = make_open_ticket(lin)
    before = Event.objects.count()
    for verb in buttons(page(boss, ticket)):
        response = boss.get(reverse("admin:tickets_ticket_do", args=[ticket.pk, verb]))
        assert response.status_code == 200, verb
    assert Event.objects.count() == before


def test_assign(boss: Client, lin: Any) -> None:
    ticket = make_ticket()
    response = do(boss, ticket, "assign", agent=lin.pk)
    assert response.url == reverse("admin:tickets_ticket_change", args=[ticket.pk])
    assert fresh(ticket).assignee == lin
    row = Assignment.objects.get(ticket=ticket)
    assert (row.source, row.by.username) == ("assigned", "qin")


def test_assign_from_somebody_needs_a_reason_beside_the_field(boss: Client, lin: Any) -> None:
    ticket, zhao = make_open_ticket(lin), make_colleague("赵磊")
    response = do(boss, ticket, "assign", agent=zhao.pk)
    assert response.status_code == 400
    assert list(response.context["form"].errors) == ["reason"]
    assert response.context["form"]["agent"].value() == str(zhao.pk)
    assert fresh(ticket).assignee == lin
    assert do(boss, ticket, "assign", agent=zhao.pk, reason="林晓休息").status_code == 302
    assert fresh(ticket).assignee == zhao


def test_escalate(boss: Client, lin: Any, codes: dict[str, Any]) -> None:
    ticket = make_open_ticket(lin)
    empty = do(boss, ticket, "escalate", reason=codes["reason"].pk)
    assert sorted(empty.context["form"].errors) == ["category", "evidence", "steps_tried"]
    data = {
        "reason": codes["reason"].pk,
        "category": codes["category"].pk,
        "steps_tried": "重启",
        "evidence": "红灯",
    }
    assert do(boss, ticket, "escalate", **data).status_code == 302
    assert fresh(ticket).tier.code == "L2"
    assert TierHop.objects.get(ticket=ticket).by.username == "qin"


def test_hand_down(boss: Client, lin: Any, codes: dict[str, Any]) -> None:
    ticket = make_open_ticket(lin)
    bottom = do(boss, ticket, "hand-down", instruction="再试一次")
    assert bottom.status_code == 409
    assert "There is no tier below this one." in str(bottom.context["form"].non_field_errors())
    escalate(
        ticket=ticket,
        category=codes["category"],
        steps_tried="重启",
        evidence="红灯",
        actor=actor_of(lin),
        at=LATER,
    )
    assert do(boss, ticket, "hand-down", instruction="再试一次").status_code == 302
    assert fresh(ticket).tier.code == "L1"


def test_regrade(boss: Client, lin: Any) -> None:
    ticket, category = make_open_ticket(lin), CategoryFactory(code="power")
    response = do(boss, ticket, "regrade", grade=Grade.MAJOR, category=category.pk, reason="有焦味")
    assert response.status_code == 302
    found = fresh(ticket)
    assert (found.grade, found.category) == (Grade.MAJOR, category)
    assert do(boss, ticket, "regrade", grade=Grade.SIMPLE).context["form"].errors.keys() == {"reason"}


def test_note(boss: Client, lin: Any) -> None:
    ticket = make_open_ticket(lin)
    assert do(boss, ticket, "note", body="   ").context["form"].errors.keys() == {"body"}
    assert do(boss, ticket, "note", body="客户已回电").status_code == 302
    assert Note.objects.get(entry__ticket=ticket).body == "客户已回电"


def test_the_same_form_sent_twice_is_one_note(boss: Client, lin: Any) -> None:
    ticket = make_open_ticket(lin)
    for _time in range(2):
        assert do(boss, ticket, "note", body="客户已回电", form_token="abc").status_code == 302
    assert Note.objects.filter(entry__ticket=ticket).count() == 1
    assert do(boss, ticket, "note", body="又打来", form_token="def").status_code == 302
    assert Note.objects.filter(entry__ticket=ticket).count() == 2


def test_reply_with_a_file(boss: Client, lin: Any) -> None:
    ticket = make_open_ticket(lin)
    upload = SimpleUploadedFile("steps.txt", b"first the light")
    response = do(
        boss, ticket, "reply", body="请看附件", files=upload, then="waiting_customer", client_id="c1"
    )
    assert response.status_code == 302
    assert Message.objects.get(body="请看附件").files == 1
    assert fresh(ticket).status == Status.WAITING_CUSTOMER


def test_reply_with_a_file_that_is_not_what_its_name_says(boss: Client, lin: Any) -> None:
    ticket = make_open_ticket(lin)
    response = do(
        boss, ticket, "reply", body="请看附件", files=SimpleUploadedFile("photo.jpg", b"MZ\x90\x00")
    )
    assert response.context["form"].errors == {"files": ["“photo.jpg” is not what its name says."]}
    assert not Message.objects.filter(body="请看附件").exists()
    assert response.context["form"]["body"].value() == "请看附件"


def test_reply_shows_what_the_customer_just_wrote(boss: Client, lin: Any) -> None:
    ticket = make_open_ticket(lin)
    form = boss.get(reverse("admin:tickets_ticket_do", args=[ticket.pk, "reply"])).context["form"]
    seen = form["seen_seq"].value()
    talk.customer_reply(ticket=ticket, body="现在又好了", actor=customer_of(ticket.customer), at=LATER)
    response = do(boss, ticket, "reply", body="我们派人来", seen_seq=seen, client_id="c1")
    assert response.status_code == 409
    assert "1 more message" in str(response.context["form"].non_field_errors())
    assert "现在又好了" in [line.text for line in response.context["lines"]]
    assert response.context["form"]["body"].value() == "我们派人来"
    assert not Message.objects.filter(body="我们派人来").exists()
    # having seen it, the same form goes through
    again = response.context["form"]["seen_seq"].value()
    assert do(boss, ticket, "reply", body="我们派人来", seen_seq=again, client_id="c1").status_code == 302


def test_wait_and_go_on(boss: Client, lin: Any) -> None:
    ticket = make_open_ticket(lin)
    assert do(boss, ticket, "wait", status="waiting_part").context["form"].errors.keys() == {"reason"}
    assert do(boss, ticket, "wait", status="waiting_part", reason="缺锁体").status_code == 302
    assert fresh(ticket).status == Status.WAITING_PART
    assert do(boss, ticket, "resume").status_code == 302
    assert fresh(ticket).status == Status.OPEN


def test_resolve_confirm_reopen(boss: Client, lin: Any, codes: dict[str, Any]) -> None:
    ticket = make_open_ticket(lin)
    missing = do(boss, ticket, "resolve")
    assert sorted(missing.context["form"].errors) == ["message", "root_cause", "solution_code"]
    data = {"solution_code": codes["solution"].pk, "root_cause": codes["cause"].pk, "message": "已重置"}
    assert do(boss, ticket, "resolve", **data).status_code == 302
    assert fresh(ticket).status == Status.RESOLVED
    assert do(boss, ticket, "confirm", reason="电话里确认").status_code == 302
    assert fresh(ticket).status == Status.CLOSED
    assert do(boss, ticket, "reopen", reason="又坏了").status_code == 302
    assert fresh(ticket).status == Status.OPEN
    done = [
        kind
        for kind in kinds_of(ticket)
        if kind in (TicketResolved.kind, TicketClosed.kind, TicketReopened.kind)
    ]
    assert done == [TicketResolved.kind, TicketClosed.kind, TicketReopened.kind]


def test_a_conflict_says_what_is_possible(boss: Client, lin: Any, codes: dict[str, Any]) -> None:
    ticket = make_resolved_ticket(lin, codes)
    response = do(boss, ticket, "wait", status="waiting_customer")
    assert response.status_code == 409
    assert response.context["allowed"] == "Possible now: Closed, Open"
    assert fresh(ticket).status == Status.RESOLVED


def test_move_and_route_anew(boss: Client, lin: Any, codes: dict[str, Any]) -> None:
    ticket = make_ticket(assignee=lin)
    other = QueueFactory(code="night", tier=codes["tiers"]["L1"])
    wrong = do(boss, ticket, "move", queue=codes["queues"]["L2"].pk)
    assert wrong.context["form"].errors.keys() == {"queue"}
    assert do(boss, ticket, "move", queue=other.pk).status_code == 302
    found = fresh(ticket)
    assert (found.queue, found.assignee) == (other, None)
    do(boss, ticket, "assign", agent=lin.pk)
    assert do(boss, ticket, "route").status_code == 302
    assert fresh(ticket).assignee is None


# --- who may -------------------------------------------------------------------------------------------------
def test_quality_reads_but_does_nothing(lin: Any) -> None:
    ticket, reader = make_open_ticket(lin), sign_in(make_staff(Role.QUALITY))
    assert buttons(page(reader, ticket)) == []
    assert do(reader, ticket, "note", body="hello").status_code == 403
    assert not Note.objects.exists()


def test_a_lead_sees_the_own_teams_tickets_only(lin: Any, codes: dict[str, Any]) -> None:
    ticket, lead = make_open_ticket(lin), make_staff(Role.LEAD)
    assert page(sign_in(lead), ticket).status_code == 404
    team = ticket.queue.team
    team.lead = lead
    team.save()
    assert page(sign_in(lead), ticket).status_code == 200


def test_no_csrf_no_verb(lin: Any) -> None:
    ticket = make_open_ticket(lin)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make_staff(Role.SUPERVISOR))
    assert do(strict, ticket, "note", body="hello").status_code == 403
    assert not Note.objects.exists()


# --- the list ------------------------------------------------------------------------------------------------
def rows_of(client: Client, **query: Any) -> list[str]:
    response = client.get(reverse("admin:tickets_ticket_changelist"), query)
    return [row["reference"] for row in response.context["rows"]]


def test_list_shows_words_not_people(boss: Client, lin: Any) -> None:
    ticket = make_open_ticket(lin)
    response = boss.get(reverse("admin:tickets_ticket_changelist"))
    row = response.context["rows"][0]
    assert row["reference"] == ticket.reference
    assert row["customer"] == "周女士"
    assert row["assignee"] == lin.display_name_en
    assert ticket.customer.phone not in response.content.decode()


def test_search_by_number_phone_serial_and_words(boss: Client, lin: Any) -> None:
    one = make_ticket(words="门锁指纹不灵", serial="L5P2025000777")
    two = make_ticket(words="空调滴水")
    deliver(LATER)
    assert rows_of(boss, q=one.reference) == [one.reference]
    assert rows_of(boss, q=two.customer.phone) == [two.reference]
    assert rows_of(boss, q="L5P-2025-000777") == [one.reference]
    assert rows_of(boss, q="滴水") == [two.reference]
    assert rows_of(boss, q="没有这个词啊") == []


def test_filters(boss: Client, lin: Any) -> None:
    early = make_ticket(at=NOW - timedelta(hours=3))
    late = make_open_ticket(lin)
    assert rows_of(boss, need="overdue") == [early.reference]
    assert rows_of(boss, need="unassigned") == [early.reference]
    assert rows_of(boss, state="open") == [late.reference]
    assert rows_of(boss, state="active") == [late.reference, early.reference]
    assert rows_of(boss, assignee=lin.pk) == [late.reference]
    assert rows_of(boss, assignee="none") == [early.reference]
    assert rows_of(boss, created_at_from="2026-03-18") == []
    assert rows_of(boss, created_at_from="2026-03-17", created_at_to="2026-03-17") == [
        late.reference,
        early.reference,
    ]


def bulk(client: Client, action: str, tickets: list[Ticket], **data: Any) -> Any:
    chosen = {"action": action, "_selected_action": [t.pk for t in tickets]}
    return client.post(reverse("admin:tickets_ticket_changelist"), {**chosen, **data})


def test_many_are_assigned_and_each_says_what_came_of_it(
    boss: Client, lin: Any, codes: dict[str, Any]
) -> None:
    zhao = make_colleague("赵磊")
    free, done = make_ticket(), make_resolved_ticket(lin, codes)
    form = bulk(boss, "assign_many", [free, done])
    assert form.status_code == 200
    assert fresh(free).assignee is None
    response = bulk(boss, "assign_many", [free, done], agent=zhao.pk, reason="", apply="1")
    assert response.status_code == 302
    assert fresh(free).assignee == zhao
    assert fresh(done).assignee == lin
    words = said(response)
    assert words[0].startswith("1 ")
    assert words[1].startswith(done.reference)


def test_many_get_a_note(boss: Client, lin: Any) -> None:
    tickets = [make_ticket(), make_ticket()]
    assert bulk(boss, "note_many", tickets, body="", apply="1").status_code == 400
    bulk(boss, "note_many", tickets, body="今晚停机维护", apply="1")
    assert Note.objects.filter(body="今晚停机维护").count() == 2


def test_who_may_not_work_finds_no_actions(lin: Any) -> None:
    ticket, reader = make_ticket(), sign_in(make_staff(Role.QUALITY))
    bulk(reader, "note_many", [ticket], body="hello", apply="1")
    assert not Note.objects.exists()
