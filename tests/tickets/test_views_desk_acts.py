"""What agents do on the desk: every act as a dialog and as a page, sent and refused; replies, notes and drafts."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.urls import reverse
from django.utils import translation

from core import clock
from core.models import Event
from tests.factories.work import actor_of, customer_of, make_ticket
from tests.tickets.doors import PHONE, House, browser_of, make_house, text_of
from tickets.models import Draft, Ticket, TicketEntry
from tickets.services.resolve import resolve
from tickets.services.snooze import snooze
from tickets.services.state import set_waiting
from tickets.services.talk import customer_reply
from tickets.views.desk_acts import ACTS

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def client(house: House) -> Any:
    return browser_of(house.agent)


def now(house: House) -> Ticket:
    return Ticket.objects.get(pk=house.ticket.pk)


def address(house: House, name: str) -> str:
    return reverse("desk:do", args=[house.ticket.reference, name])


def prepare(house: House, name: str) -> dict[str, Any]:
    """Bring the ticket to where the act is allowed; returns what to fill in."""
    codes, actor, at = house.codes, actor_of(house.agent), clock.now()
    if name in ("confirm", "reopen"):
        resolve(
            ticket=house.ticket,
            solution_code=codes["solution"],
            root_cause=codes["cause"],
            message="restarted",
            actor=actor,
            at=at,
        )
    if name == "resume":
        set_waiting(ticket=house.ticket, status="waiting_customer", actor=actor, at=at)
    if name == "wake":
        snooze(ticket=house.ticket, until=at + timedelta(hours=1), actor=actor, at=at)
    if name == "hand-down":
        Ticket.objects.filter(pk=house.ticket.pk).update(
            tier=codes["tiers"]["L2"], queue=codes["queues"]["L2"]
        )
        house.agent.agent.teams.add(codes["queues"]["L2"].team)
    if name == "claim":
        house.ticket = make_ticket(customer=house.customer, at=at)
    return {
        "claim": {},
        "resume": {},
        "wake": {},
        "snooze": {"when": "tomorrow", "reason": "the technician calls"},
        "assign": {"agent": house.colleague.pk, "reason": "knows the model"},
        "escalate": {
            "reason": codes["reason"].pk,
            "category": codes["category"].pk,
            "steps_tried": "power cycle",
            "evidence": "N05 stays",
        },
        "hand-down": {"instruction": "call them back"},
        "regrade": {"grade": "complex", "reason": "whole house"},
        "wait": {"status": "waiting_part", "reason": "board"},
        "resolve": {
            "solution_code": codes["solution"].pk,
            "root_cause": codes["cause"].pk,
            "message": "It works again",
        },
        "confirm": {"reason": "said so on the phone"},
        "reopen": {"reason": "red again"},
    }[name]


every_act = pytest.mark.parametrize("name", ACTS)


@every_act
def test_an_act_opens_as_a_dialog_and_as_a_page(client: Any, house: House, name: str) -> None:
    prepare(house, name)
    dialog = text_of(client.get(address(house, name), headers=HTMX))
    assert "<html" not in dialog
    assert f'action="{address(house, name)}"' in dialog
    page = text_of(client.get(address(house, name)))
    assert "<html" in page
    assert f'action="{address(house, name)}"' in page
    assert house.ticket.reference in page


@every_act
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "dialog"])
def test_an_act_is_done_and_leads_back_to_the_ticket(
    client: Any, house: House, name: str, headers: dict[str, str]
) -> None:
    data = prepare(house, name)
    before = Event.objects.count()
    answer = client.post(address(house, name), data, headers=headers)
    ticket_page = reverse("desk:ticket", args=[house.ticket.reference])
    if headers:
        assert (answer.status_code, answer["HX-Redirect"]) == (204, ticket_page)
    else:
        assert (answer.status_code, answer["Location"]) == (302, ticket_page)
    assert Event.objects.count() > before
    with translation.override("en"):
        assert str(ACTS[name].done) in text_of(client.get(ticket_page))


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("assign", "agent"),
        ("escalate", "steps_tried"),
        ("escalate", "evidence"),
        ("escalate", "category"),
        ("regrade", "reason"),
        ("wait", "reason"),
        ("resolve", "root_cause"),
        ("resolve", "message"),
        ("confirm", "reason"),
        ("reopen", "reason"),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "dialog"])
def test_what_is_missing_is_said_beside_the_field_and_the_rest_is_kept(
    client: Any, house: House, name: str, missing: str, headers: dict[str, str]
) -> None:
    data = prepare(house, name)
    before = Event.objects.count()
    answer = client.post(address(house, name), {**data, missing: ""}, headers=headers)
    html = text_of(answer)
    assert answer.status_code == 422
    assert f'data-error="{missing}"' in html
    for field, value in data.items():
        if field != missing and isinstance(value, str) and field != "grade":
            assert value in html
    assert Event.objects.count() == before


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "dialog"])
def test_a_step_that_the_state_forbids_says_what_it_allows(
    client: Any, house: House, headers: dict[str, str]
) -> None:
    answer = client.post(address(house, "confirm"), {"reason": "kept reason"}, headers=headers)
    html = text_of(answer)
    assert answer.status_code == 409
    assert "This cannot be done while the ticket is" in html
    allowed = re.search(r"From here the ticket can become: ([^<]*)<", html)
    assert allowed is not None
    assert "Resolved" in allowed[1]
    assert "Closed" not in allowed[1]
    assert "kept reason" in html
    assert now(house).status == "open"


def test_taking_what_somebody_else_took_says_who(client: Any, house: House) -> None:
    prepare(house, "claim")
    assert browser_of(house.colleague).post(address(house, "claim")).status_code == 302
    answer = client.post(address(house, "claim"))
    assert answer.status_code == 409
    assert "has taken this ticket." in text_of(answer)
    assert Ticket.objects.get(pk=house.ticket.pk).assignee == house.colleague


@every_act
def test_an_act_done_twice_is_done_once(client: Any, house: House, name: str) -> None:
    data = prepare(house, name)
    if name == "escalate":
        return  # twice is two tiers up, as it says
    client.post(address(house, name), data)
    entries = TicketEntry.objects.count()
    again = client.post(address(house, name), data)
    assert again.status_code in (302, 409)
    assert TicketEntry.objects.count() == entries


def test_an_act_that_does_not_exist_is_not_found(client: Any, house: House) -> None:
    assert client.get(address(house, "explode")).status_code == 404


def test_take_over_proposes_oneself(house: House) -> None:
    page = text_of(browser_of(house.colleague).get(address(house, "assign")))
    assert f'<option value="{house.colleague.pk}" selected' in page


def test_resolving_takes_files(client: Any, house: House) -> None:
    data = prepare(house, "resolve")
    dialog = text_of(client.get(address(house, "resolve"), headers=HTMX))
    assert 'hx-encoding="multipart/form-data"' in dialog
    wrong = SimpleUploadedFile("proof.png", b"MZ\x90\x00", "image/png")
    answer = client.post(address(house, "resolve"), {**data, "files": wrong}, headers=HTMX)
    assert answer.status_code == 422
    assert "is not what its name says" in text_of(answer)
    good = SimpleUploadedFile("proof.txt", b"all lights blue", "text/plain")
    assert client.post(address(house, "resolve"), {**data, "files": good}, headers=HTMX).status_code == 204
    assert "proof.txt" in text_of(client.get(reverse("desk:ticket", args=[house.ticket.reference])))


# --- replies and notes --------------------------------------------------------------------------------------
def reply(client: Any, house: House, headers: dict[str, str] | None = None, **data: Any) -> HttpResponse:
    return client.post(
        reverse("desk:reply", args=[house.ticket.reference]),
        {"client_id": "c1", **data},
        headers=headers or {},
    )


def test_a_reply_is_sent_waits_for_the_customer_and_forgets_the_draft(client: Any, house: House) -> None:
    draft(client, house, "reply", "half a sen")
    answer = reply(client, house, HTMX, body="Please restart", then="waiting_customer")
    assert (answer.status_code, answer["HX-Trigger-After-Swap"]) == (200, "desk:sent")
    assert "Please restart" not in text_of(answer)
    assert now(house).status == "waiting_customer"
    assert not Draft.objects.exists()
    assert reply(client, house, body="and call", client_id="c2").status_code == 302


def test_a_reply_sent_twice_is_one_message(client: Any, house: House) -> None:
    for _ in range(2):
        reply(client, house, body="Please restart")
    assert TicketEntry.objects.filter(message__body="Please restart").count() == 1


def test_each_composer_has_a_key_of_its_own(client: Any, house: House) -> None:
    page = reverse("desk:ticket", args=[house.ticket.reference])
    keys = {re.search(r'name="client_id" value="(\w+)"', text_of(client.get(page)))[1] for _ in range(2)}
    assert len(keys) == 2


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "part"])
@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"then": "closed"}, "Select a valid choice"),
        ({"files": b"MZ\x90\x00"}, "is not what its name says"),
        ({"seen_seq": "-1"}, "greater than or equal to 0"),
    ],
)
def test_a_refused_reply_keeps_its_text(
    client: Any, house: House, headers: dict[str, str], data: dict[str, Any], words: str
) -> None:
    if "files" in data:
        data = {"files": SimpleUploadedFile("light.png", data["files"], "image/png")}
    answer = reply(client, house, headers, body="kept words", **data)
    html = text_of(answer)
    assert answer.status_code == 422
    assert words in html
    assert ">kept words</textarea>" in html
    assert 'name="client_id" value="c1"' in html
    assert ("Please attach your files again." in html) == ("files" in data)
    assert not TicketEntry.objects.filter(message__body="kept words").exists()


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "part"])
def test_a_newer_message_asks_for_a_look_first_and_keeps_the_text(
    client: Any, house: House, headers: dict[str, str]
) -> None:
    page = text_of(client.get(reverse("desk:ticket", args=[house.ticket.reference])))
    seen = re.search(r'name="seen_seq" value="(\d+)"', page)[1]
    customer_reply(
        ticket=house.ticket, body="it is blue now!", actor=customer_of(house.customer), at=clock.now()
    )
    answer = reply(client, house, headers, body="kept words", seen_seq=seen)
    html = text_of(answer)
    assert answer.status_code == 409
    assert "The customer just wrote 1 more message." in html
    assert ">kept words</textarea>" in html
    assert "Send anyway" in html
    assert (answer.get("HX-Trigger-After-Swap") == "desk:newer") == bool(headers)
    # having looked, the same text goes out, with "anyway" or with the number the page now holds
    fresh = re.search(r'name="seen_seq" value="(\d+)"', html)[1]
    assert int(fresh) > int(seen)
    sent = (
        reply(client, house, body="kept words", seen_seq=fresh)
        if headers
        else reply(client, house, body="kept words", seen_seq=seen, anyway="1")
    )
    assert sent.status_code == 302
    assert TicketEntry.objects.filter(message__body="kept words").count() == 1


def test_a_reply_that_the_state_refuses_keeps_its_text_and_says_what_is_allowed(
    client: Any, house: House
) -> None:
    prepare(house, "confirm")
    browser_of(house.customer.user).post(reverse("tickets:mine_confirm", args=[house.ticket.reference]))
    answer = reply(client, house, HTMX, body="kept words", then="waiting_part")
    html = text_of(answer)
    assert answer.status_code == 409
    assert "From here the ticket can become:" in html
    assert ">kept words</textarea>" in html


def test_a_reply_of_somebody_signed_out_is_refused_with_the_page_left_as_it_is(house: House) -> None:
    answer = reply(browser_of(), house, HTMX, body="kept words")
    assert answer.status_code == 401
    assert "data-part-error" in text_of(answer)
    assert "Sign in again in another tab" in text_of(answer)


def test_a_note_is_kept_inside_and_one_that_is_empty_says_so(client: Any, house: House) -> None:
    note = reverse("desk:note", args=[house.ticket.reference])
    draft(client, house, "note", "half")
    answer = client.post(note, {"body": "batch 2.4.0"}, headers=HTMX)
    assert (answer.status_code, answer["HX-Trigger-After-Swap"]) == (200, "desk:sent")
    assert not Draft.objects.exists()
    assert TicketEntry.objects.get(note__body="batch 2.4.0").public is False
    assert client.post(note, {"body": ""}, headers=HTMX).status_code == 422
    long = client.post(note, {"body": "kept" + "x" * 10_000})
    assert long.status_code == 422
    assert "keptxxx" in text_of(long)
    assert 'data-mode="note"' in text_of(long)


# --- drafts -------------------------------------------------------------------------------------------------
def draft(client: Any, house: House, mode: str, body: str) -> HttpResponse:
    return client.post(reverse("desk:draft", args=[house.ticket.reference]), {"mode": mode, "body": body})


def test_drafts_are_kept_by_person_and_paper_shown_again_and_cleared(client: Any, house: House) -> None:
    page = reverse("desk:ticket", args=[house.ticket.reference])
    assert draft(client, house, "reply", "dear customer").json()["saved_at"]
    assert draft(client, house, "note", "dear colleague").status_code == 200
    html = text_of(client.get(page))
    assert ">dear customer</textarea>" in html
    assert ">dear colleague</textarea>" in html
    assert "dear customer" not in text_of(browser_of(house.colleague).get(page))
    assert draft(client, house, "reply", "").json() == {"saved_at": None, "hints": []}
    assert "dear customer" not in text_of(client.get(page))


@pytest.mark.parametrize(("mode", "body"), [("poem", "x"), ("reply", "x" * 20_001)])
def test_what_is_no_draft_is_refused(client: Any, house: House, mode: str, body: str) -> None:
    assert draft(client, house, mode, body).status_code == 400
    assert not Draft.objects.exists()


# --- masked values ------------------------------------------------------------------------------------------
def test_a_number_is_shown_for_a_reason_which_is_on_record(client: Any, house: House) -> None:
    reveal = reverse("desk:reveal", args=[house.ticket.reference, "phone"])
    answer = client.post(reveal, {"reason": ""})
    assert answer.status_code == 422
    assert PHONE not in text_of(answer)
    before = Event.objects.count()
    assert PHONE in text_of(client.post(reveal, {"reason": "call back"}, headers=HTMX))
    assert Event.objects.count() == before + 1
    wrong = client.post(reverse("desk:reveal", args=[house.ticket.reference, "shoe_size"]), {"reason": "x"})
    assert wrong.status_code in (404, 422)
