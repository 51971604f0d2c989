"""A supervisor drives a ticket from the admin: every button calls the verb that the desk calls."""

import json
import urllib.request
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.journeys.house import House


def open_ticket(house: House) -> tuple[int, str]:
    """A request sent by the API, as an app does it; answers its id and number once it is judged and queued."""
    body = json.dumps(
        {"phone": "13900139001", "symptom": "The washer shows E20 and does not drain", "error_code": "E20"}
    ).encode()
    request = urllib.request.Request(
        f"{house.url}/api/v1/requests/", data=body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        reference = json.load(answer)["reference"]
    pk = house.ask(
        f"""
import json, time
from tickets.models import Ticket
for _ in range(60):
    ticket = Ticket.objects.get(reference={reference!r})
    if ticket.assignee_id:
        break
    time.sleep(0.5)
print(json.dumps(ticket.pk))
"""
    )
    return int(str(pk)), reference


def test_every_button_of_a_ticket_works(sign_in: Callable[[str, str], Page], house: House) -> None:
    pk, reference = open_ticket(house)
    page = sign_in("qinlan", f"/admin/tickets/ticket/{pk}/change/")
    expect(page.locator("body")).to_contain_text(reference)
    expect(page.locator("body")).to_contain_text("139****9001")
    expect(page.locator("body")).not_to_contain_text("13900139001")

    def press(verb: str, fill: dict[str, str | int]) -> None:
        page.locator(f"a[href$='/do/{verb}/']").first.click()
        for name, value in fill.items():
            field = page.locator(f"[name={name}]").first
            if isinstance(value, int):
                field.select_option(index=value)
            elif field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(value=value)
            else:
                field.fill(value)
        page.locator("form button[type=submit]:visible, form input[type=submit]:visible").last.click()
        page.wait_for_url(f"**/admin/tickets/ticket/{pk}/change/**")

    press("reply", {"body": "Please clean the drain filter first."})
    press("note", {"body": "Second call from this address"})
    press("regrade", {"grade": "complex", "reason": "Floor is wet already"})
    press("assign", {"agent": 2, "reason": "Knows this model"})
    press("escalate", {"reason": 1, "category": 5, "steps_tried": "Filter cleaned", "evidence": "E20 stays"})
    press("resolve", {"solution_code": 2, "root_cause": 2, "message": "Pump exchanged."})
    press("reopen", {"reason": "Customer called: leaks again"})
    for words in ("drain filter", "Second call", "Pump exchanged", "leaks again"):
        expect(page.locator("body")).to_contain_text(words)
    state = house.ask(
        f"""
import json
from tickets.models import Ticket
t = Ticket.objects.select_related("tier").get(pk={pk})
print(json.dumps([t.status, t.grade, t.tier.code, t.cycle, t.entries.filter(kind="note").count()]))
"""
    )
    assert state == ["open", "complex", "L2", 2, 1]


def test_the_start_page_shows_what_needs_a_person(sign_in: Callable[[str, str], Page]) -> None:
    page = sign_in("qinlan", "/admin/")
    expect(page.locator(".ax").first).to_be_visible()
    expect(page.locator("h1, .ax h2").first).to_be_visible()
