"""The composer in Chromium: scripts behind the slash by keyboard, words that are refused, pictures before they go."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as conf
from django.db import connection
from playwright.sync_api import Page, expect, sync_playwright

from channels_hub.models import Message
from tests.tickets.doors import House, browser_of, make_house
from tickets.models import ForbiddenWord, Macro, MacroUse, Note, Ticket
from tickets.services import forbidden

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is absent (Debian: apt-get install chromium)"),
]
PASTE = """async (field) => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 4, height: 4 });
  canvas.getContext('2d').fillRect(0, 0, 4, 4);
  const blob = await new Promise((done) => canvas.toBlob(done, 'image/png'));
  const data = new DataTransfer();
  data.items.add(new File([blob], 'image.png', { type: 'image/png' }));
  field.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
}"""


@pytest.fixture
def house(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> House:
    # playwright keeps an event loop in this thread; the ORM is used beside it, not in it
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    made = make_house()
    texts = {"name_zh": "话术", "body_zh": "您好"}
    Macro.objects.create(code="a", name_en="Offline: restart", body_en="Please restart it.", **texts)
    Macro.objects.create(
        code="b",
        kind="macro",
        name_en="Offline: part",
        body_en="The part is ordered.",
        then_status="waiting_part",
        note="ordered",
        **texts,
    )
    ForbiddenWord.objects.create(word="absolutely", suggestion="usually", language="en")
    forbidden.forget()
    return made


@pytest.fixture
def page(live_server: Any, house: House) -> Iterator[Page]:
    """The agent at their desk with the ticket opened."""
    cookie = browser_of(house.agent).cookies[conf.SESSION_COOKIE_NAME].value
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(locale="en-GB", viewport={"width": 1440, "height": 900})
        context.add_cookies([{"name": conf.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
        page = context.new_page()
        page.goto(f"{live_server.url}/desk/t/{house.ticket.reference}/")
        yield page
        context.close()
        browser.close()
        # under that loop this thread has a connection of its own, which nobody else would close
        connection.close()


def field(page: Page) -> Any:
    return page.locator("#reply-form textarea")


def test_a_macro_is_chosen_by_keyboard_and_does_what_it_says(page: Page, house: House) -> None:
    field(page).press_sequentially("Good news. /off")
    options = page.get_by_role("option")
    expect(options).to_have_count(2)
    expect(options.first).to_have_attribute("aria-selected", "true")
    field(page).press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    field(page).press("Enter")
    expect(field(page)).to_have_value("Good news. The part is ordered.")
    expect(page.locator("#macro-menu")).to_be_hidden()
    expect(page.locator("[data-armed]")).to_contain_text("leaves an internal note")
    page.get_by_role("button", name="Send with the macro").click()
    expect(page.locator("#thread")).to_contain_text("Good news. The part is ordered.")
    expect(field(page)).to_have_value("")
    expect(page.locator("[data-armed]")).to_be_hidden()
    assert Ticket.objects.get(pk=house.ticket.pk).status == "waiting_part"
    assert (Note.objects.count(), MacroUse.objects.count()) == (1, 1)


def test_escape_leaves_the_slash_and_an_address_opens_nothing(page: Page) -> None:
    field(page).press_sequentially("/off")
    expect(page.get_by_role("option")).to_have_count(2)
    field(page).press("Escape")
    expect(page.locator("#macro-menu")).to_be_hidden()
    field(page).press_sequentially("x")
    page.wait_for_timeout(400)
    expect(page.locator("#macro-menu")).to_be_hidden()
    expect(field(page)).to_have_value("/offx")
    field(page).fill("")
    field(page).press_sequentially("see https://example.com/off")
    page.wait_for_timeout(400)
    expect(page.locator("#macro-menu")).to_be_hidden()
    assert not MacroUse.objects.exists()


def test_what_a_macro_does_can_be_left_out(page: Page, house: House) -> None:
    field(page).press_sequentially("/part")
    expect(page.get_by_role("option")).to_have_count(1)
    page.get_by_role("option").click()
    expect(field(page)).to_have_value("The part is ordered.")
    page.get_by_role("button", name="Send without it").click()
    page.get_by_role("button", name="Send, wait for customer").click()
    expect(page.locator("#thread")).to_contain_text("The part is ordered.")
    assert Ticket.objects.get(pk=house.ticket.pk).status == "waiting_customer"
    assert not Note.objects.exists()


def test_a_word_is_refused_and_text_and_picture_stay(page: Page) -> None:
    field(page).evaluate(PASTE)
    expect(page.locator("#reply-list .file")).to_have_count(1)
    expect(page.locator("#reply-list img")).to_be_visible()
    field(page).press_sequentially("It absolutely works")
    said = page.locator("#reply-hints")
    expect(said).to_contain_text("“absolutely” must not be said to a customer. Use “usually”?")
    field(page).evaluate("(area) => area.setAttribute('data-before', '')")
    field(page).press("Control+Enter")
    expect(page.locator("[data-before]")).to_have_count(0)
    expect(page.locator("#thread")).not_to_contain_text("absolutely works")
    expect(field(page)).to_have_value("It absolutely works")
    expect(field(page)).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#reply-list .file")).to_have_count(1)
    field(page).fill("It usually works")
    expect(said).not_to_contain_text("absolutely")
    page.locator("#reply-form").get_by_role("button", name="Send, wait for customer").click()
    expect(page.locator("#thread")).to_contain_text("It usually works")
    assert Message.objects.get(body="It usually works").files == 1


def test_a_pasted_picture_can_be_taken_off_again(page: Page) -> None:
    field(page).evaluate(PASTE)
    field(page).evaluate(PASTE)
    expect(page.locator("#reply-list .file")).to_have_count(2)
    page.get_by_role("button", name="Remove image.png").first.click()
    expect(page.locator("#reply-list .file")).to_have_count(1)
    assert page.locator("#reply-files").evaluate("(input) => input.files.length") == 1


def test_z_puts_aside(page: Page, house: House) -> None:
    page.locator("#ticket-title").click()
    page.keyboard.press("z")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("The deadlines run on.")
    dialog.get_by_text("Tomorrow morning").click()
    dialog.get_by_role("button", name="Put aside").click()
    expect(page.locator("#ticket-head")).to_contain_text("Put aside until")
    assert Ticket.objects.get(pk=house.ticket.pk).snoozed_by == house.agent
