"""The API's page in Chromium: it works under the content policy and asks no other server."""

import shutil
from collections.abc import Iterator

import pytest
from django.db import connection
from playwright.sync_api import Page, expect, sync_playwright

from tests.factories.accounts import RegionFactory

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is absent (Debian: apt-get install chromium)"),
]


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    # playwright keeps an event loop in this thread; the ORM is used beside it, not in it
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_context(locale="en-GB", viewport={"width": 1440, "height": 900}).new_page()
        yield page
        browser.close()
        # under that loop this thread has a connection of its own, which nobody else would close
        connection.close()


def test_an_operation_is_read_and_tried_without_leaving_our_server(live_server, page: Page) -> None:
    RegionFactory(code="hangzhou", name_en="Hangzhou")
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.goto(f"{live_server.url}/api/v1/docs/")
    expect(page.get_by_role("heading", name="Anxin Desk API")).to_be_visible()
    page.locator("#operations-customer-regions .opblock-summary-control").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute", exact=True).click()
    expect(page.locator(".live-responses-table tbody .response-col_status")).to_contain_text("200")
    expect(page.locator(".live-responses-table tbody")).to_contain_text("Hangzhou")
    elsewhere = [url for url in asked if not url.startswith((live_server.url, "data:", "blob:"))]
    assert elsewhere == []
    assert said == []
