"""The room in Chromium: what is typed gets there, once, whatever happens on the way.

The server under test takes no sockets, so that this also shows the room without them.
"""

import shutil
from collections.abc import Iterator

import pytest
from django.db import connection
from django.utils import timezone
from playwright.sync_api import Page, Route, expect, sync_playwright

from channels_hub.enums import Author, ChannelKind, SendState
from channels_hub.models import Message, Thread
from channels_hub.services.messages import send
from core.actors import SYSTEM
from tests.factories.channels_hub import ChannelFactory

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is absent (Debian: apt-get install chromium)"),
]


@pytest.fixture
def page(live_server, settings, monkeypatch) -> Iterator[Page]:
    """A phone in a chat."""
    settings.LANGUAGE_CODE = "en"
    # playwright keeps an event loop in this thread; the ORM is used beside it, not in it
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    ChannelFactory(kind=ChannelKind.WEB_CHAT)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(locale="en-GB", viewport={"width": 390, "height": 844})
        page = context.new_page()
        page.goto(f"{live_server.url}/chat/")
        page.get_by_label("What is it about?").fill("The lock is offline")
        page.get_by_role("button", name="Start the chat").click()
        page.wait_for_url("**/chat/room/")
        yield page
        context.close()
        browser.close()
        # under that loop this thread has a connection of its own, which nobody else would close
        connection.close()


def say(page: Page, text: str) -> None:
    page.get_by_label("Your message").fill(text)
    page.get_by_role("button", name="Send").click()


def bodies() -> list[str]:
    return list(Message.objects.order_by("seq").values_list("body", flat=True))


def answer(text: str) -> Message:
    thread = Thread.objects.select_related("channel").get()
    return send(thread=thread, body=text, author=Author.SYSTEM, actor=SYSTEM, at=timezone.now())


def test_words_go_both_ways_without_a_reload_and_stay_after_one(page: Page) -> None:
    log = page.get_by_role("log")
    say(page, "Are you <b>there</b>?")
    expect(log.locator("[data-seq='2']")).to_contain_text("Are you <b>there</b>?")
    message = answer("Yes, we are")
    expect(log.locator("[data-seq='3']")).to_contain_text("Yes, we are")
    expect(page.get_by_label("Your message")).to_have_value("")
    page.reload()
    expect(log.locator("[data-seq]")).to_have_count(3)
    expect(log.locator("[data-pending]")).to_have_count(0)
    for _ in range(50):
        message.refresh_from_db()
        if message.state == SendState.READ:
            break
        page.wait_for_timeout(100)
    assert message.state == SendState.READ


def test_an_answer_that_got_lost_makes_no_second_message(page: Page) -> None:
    lost = []

    def take_but_say_nothing(route: Route) -> None:
        if route.request.method != "POST" or lost:
            route.continue_()
            return
        lost.append(route.fetch().status)
        route.abort()

    page.route("**/chat/messages/**", take_but_say_nothing)
    say(page, "Only once, please")
    expect(page.locator("[data-pending]")).to_have_count(0)
    expect(page.get_by_role("log").get_by_text("Only once, please")).to_have_count(1)
    assert lost == [200]
    assert bodies() == ["The lock is offline", "Only once, please"]


def test_what_could_not_be_sent_survives_a_reload_and_goes_out_in_order(page: Page) -> None:
    page.route("**/chat/messages/**", lambda route: route.abort())
    say(page, "first")
    say(page, "second")
    expect(page.locator("[data-pending]")).to_have_count(2)
    expect(page.locator("[data-pending] [data-sent]").first).to_have_text("waiting for a connection")
    page.reload()
    expect(page.locator("[data-pending]")).to_have_count(2)
    assert bodies() == ["The lock is offline"]
    page.unroute("**/chat/messages/**")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("[data-pending]")).to_have_count(0)
    assert bodies() == ["The lock is offline", "first", "second"]


def test_a_refused_message_says_why_and_gives_its_words_back(page: Page) -> None:
    page.get_by_label("Your message").evaluate("el => el.removeAttribute('maxlength')")
    say(page, "x" * 4001)
    refused = page.locator("[data-pending]")
    expect(refused.locator("[data-sent]")).to_have_text(
        "not sent: Please keep to 4000 characters; this has 4001."
    )
    say(page, "short")
    expect(page.get_by_role("log").locator("[data-seq='2']")).to_contain_text("short")
    refused.get_by_role("button", name="Discard").click()
    expect(page.locator("[data-pending]")).to_have_count(0)
    expect(page.get_by_label("Your message")).to_have_value("x" * 4001)


def test_somebody_reading_further_up_is_told_and_not_moved(page: Page) -> None:
    for n in range(12):
        answer(f"A long answer, part {n}\n\n\n")
    log = page.get_by_role("log")
    expect(log.locator("[data-seq='13']")).to_be_visible()
    # the room hears of scrolling a moment later
    log.evaluate(
        "el => new Promise((done) => { el.addEventListener('scroll', done, {once: true}); el.scrollTop = 0; })"
    )
    answer("The end")
    pill = page.get_by_role("button", name="New message")
    expect(pill).to_be_visible()
    assert log.evaluate("el => el.scrollTop") == 0
    pill.click()
    expect(log.get_by_text("The end")).to_be_in_viewport()
    expect(pill).to_be_hidden()
