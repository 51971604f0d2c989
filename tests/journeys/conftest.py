"""One installation for all journeys of a run, and browsers that look at it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.journeys.house import CHROMIUM, PASSWORD, House, running

expect.set_options(timeout=15_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every journey drives Chromium; without it they are skipped, loudly, one by one."""
    for item in items:
        if "journeys" in item.path.parts and "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(
                    pytest.mark.skip(reason="Chromium is absent (Debian: apt-get install chromium)")
                )


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The installation; up once, for all journeys."""
    home: Path = tmp_path_factory.mktemp("house")
    with running(home) as house:
        yield house


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """No longer than a file: its event loop in this thread would be in the way of other tests' ORM."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


Open = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, house: House) -> Iterator[Open]:
    """`visit("/path/", phone=True)`: a page of its own context (its own cookies), in English."""
    contexts: list[BrowserContext] = []

    def open_page(path: str, *, phone: bool = False) -> Page:
        size = {"width": 390, "height": 844} if phone else {"width": 1440, "height": 900}
        context = browser.new_context(locale="en-GB", viewport=size, timezone_id="Asia/Shanghai")  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{house.url}{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def sign_in(visit: Open, house: House) -> Callable[[str, str], Page]:
    """`sign_in("qinlan", "/desk/")`: a member of staff's page."""

    def go(login: str, path: str) -> Page:
        page = visit("/accounts/login/")
        page.locator("input[name=login]").fill(login)
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("input[name=password]").press("Enter")
        page.wait_for_url(lambda url: "/accounts/login" not in url)
        page.goto(f"{house.url}{path}")
        return page

    return go
