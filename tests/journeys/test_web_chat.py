"""A visitor and an agent talk, live on both sides, and a reload loses nothing."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.journeys.house import House


def test_visitor_and_agent_talk_live_and_a_reload_resumes(
    visit: Callable[..., Page], sign_in: Callable[[str, str], Page], house: House
) -> None:
    visitor = visit("/chat/", phone=True)
    visitor.get_by_label("What is it about?").fill("My lock says low battery")
    visitor.get_by_role("button", name="Start the chat").click()
    visitor.wait_for_url("**/chat/room/")
    login = house.ask(
        """
import json, time
from tickets.models import Ticket
for _ in range(60):
    ticket = Ticket.objects.filter(channel__kind="web_chat").select_related("assignee").order_by("-pk").first()
    if ticket and ticket.assignee:
        break
    time.sleep(0.5)
print(json.dumps([ticket.reference, ticket.assignee.username]))
"""
    )
    agent = sign_in(str(login[1]), f"/desk/t/{login[0]}/")
    expect(agent.locator("#thread")).to_contain_text("low battery")
    agent.locator("#reply-form textarea").fill("Which model is it?")
    agent.get_by_role("button", name="Send, wait for customer").click()
    expect(visitor.get_by_role("log")).to_contain_text("Which model is it?")
    visitor.get_by_label("Your message").fill("HQ-L5 Pro")
    visitor.get_by_role("button", name="Send").click()
    expect(agent.locator("#thread")).to_contain_text("HQ-L5 Pro")
    visitor.reload()
    log = visitor.get_by_role("log")
    for words in ("low battery", "Which model is it?", "HQ-L5 Pro"):
        expect(log).to_contain_text(words)
