"""What a ticket has beside its conversation: asked for only where there is some, offered only where it is allowed."""

import pytest

from core.actors import Actor
from tests.factories.work import actor_of
from tests.tickets.doors import House, browser_of, make_house, text_of
from tickets import sections
from tickets.models import Ticket
from tickets.sections import Act, Section, acts_of, register, sections_of
from tickets.services.sections import hide, show

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sections, "_sections", {})
    monkeypatch.setattr(sections, "_acts", {})


@pytest.fixture
def house(db: None) -> House:
    return make_house()


def codes_of(ticket: Ticket) -> list[str]:
    return list(Ticket.objects.values_list("sections", flat=True).get(pk=ticket.pk))


def test_sections_come_in_their_order_and_unknown_codes_are_left_out() -> None:
    register(Section("late", "desk:part_assist", order=90), Section("b", "desk:part_assist"))
    register(Section("a", "desk:part_assist"))
    assert [found.code for found in sections_of(["late", "b", "gone", "a"])] == ["a", "b", "late"]


def test_a_ticket_has_a_section_once_however_often_it_is_shown(house: House) -> None:
    show(ticket_id=house.ticket.pk, code="b")
    show(ticket_id=house.ticket.pk, code="a")
    show(ticket_id=house.ticket.pk, code="b")
    assert codes_of(house.ticket) == ["a", "b"]
    hide(ticket_id=house.ticket.pk, code="b")
    hide(ticket_id=house.ticket.pk, code="b")
    assert codes_of(house.ticket) == ["a"]


def test_the_page_asks_for_the_sections_a_ticket_has_and_for_no_other(house: House) -> None:
    register(Section("here", "desk:part_assist"), Section("elsewhere", "desk:part_assist"))
    show(ticket_id=house.ticket.pk, code="here")
    page = text_of(browser_of(house.agent).get(f"/desk/t/{house.ticket.reference}/"))
    assert f'id="section-here" hx-get="/desk/t/{house.ticket.reference}/assist/"' in page
    assert "section-elsewhere" not in page


def test_an_open_page_gets_a_section_that_came_meanwhile(house: House) -> None:
    register(Section("here", "desk:part_assist"))
    client = browser_of(house.agent)
    head = f"/desk/t/{house.ticket.reference}/head/"
    assert 'id="sections"' not in text_of(client.get(head, {"sections": ""}, headers=HTMX))
    show(ticket_id=house.ticket.pk, code="here")
    assert '<div id="sections" hx-swap-oob="true">' in text_of(
        client.get(head, {"sections": ""}, headers=HTMX)
    )
    # it has it now, and is not given it again
    assert 'id="sections"' not in text_of(client.get(head, {"sections": "here "}, headers=HTMX))


def test_the_menu_offers_what_the_row_allows(house: House) -> None:
    def is_mine(ticket: Ticket, viewer: Actor) -> bool:
        return ticket.assignee_id == viewer.id

    register(
        Act("mine", "For me", "check", "desk:part_assist", is_mine),
        Act("never", "For nobody", "check", "desk:part_assist", lambda ticket, viewer: False),
        Act("first", "Before", "check", "desk:part_assist", lambda ticket, viewer: True, order=1),
    )
    page = text_of(browser_of(house.agent).get(f"/desk/t/{house.ticket.reference}/"))
    assert page.index("Before") < page.index("For me")
    assert "For nobody" not in page
    assert [act.code for act in acts_of(house.ticket, actor_of(house.agent))] == ["first", "mine"]
    assert [act.code for act in acts_of(house.ticket, actor_of(house.colleague))] == ["first"]
