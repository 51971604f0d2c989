"""`make screenshots`: pictures of the main screens into docs/images/, from a fresh demo of its own.

Starts the web server on a free port with a database in a temporary folder and ends it again.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
PASSWORD = "anxin-demo-2026"
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@contextmanager
def server() -> Iterator[str]:
    """A demo installation; its address."""
    home = Path(tempfile.mkdtemp(prefix="anxin-screenshots-"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {
        **os.environ,
        "ANXIN_VAR_DIR": str(home),
        "LOG_LEVEL": "WARNING",
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
    }
    env.pop("DATABASE_URL", None)
    subprocess.run([sys.executable, "manage.py", "prepare", "--demo"], cwd=ROOT, env=env, check=True)
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "config.asgi:application",
        "--port",
        str(port),
        "--log-level",
        "warning",
    ]
    process = subprocess.Popen(command, cwd=ROOT, env=env)
    try:
        until = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2).close()
                break
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.5)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)
        shutil.rmtree(home, ignore_errors=True)


def context(
    browser: Browser, size: dict[str, int], *, dark: bool = False, language: str = "zh-CN"
) -> BrowserContext:
    return browser.new_context(
        viewport=size,  # type: ignore[arg-type]
        color_scheme="dark" if dark else "light",
        locale=language,
        timezone_id="Asia/Shanghai",
    )


def shoot(page: Page, url: str, name: str, *, pause: int = 1200, full: bool = False) -> None:
    page.goto(url)
    page.wait_for_timeout(pause)
    page.screenshot(path=str(IMAGES / f"{name}.png"), full_page=full)
    print(f"docs/images/{name}.png")


def sign_in(page: Page, base: str, login: str) -> None:
    page.goto(f"{base}/accounts/login/")
    page.locator("input[name=login]").fill(login)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(lambda url: "/accounts/login" not in url)


def main() -> None:
    """Take them all."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("Chromium is absent (Debian: apt-get install chromium)")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with server() as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for size, suffix in ((DESKTOP, ""), (PHONE, "-phone")):
            page = context(browser, size).new_page()
            shoot(page, f"{base}/", f"help{suffix}")
            shoot(page, f"{base}/articles/gateway-offline/", f"article{suffix}")
            shoot(page, f"{base}/request/", f"request{suffix}")
        page = context(browser, PHONE).new_page()
        shoot(page, f"{base}/chat/", "chat-phone")
        staff = context(browser, DESKTOP)
        page = staff.new_page()
        sign_in(page, base, "qinlan")
        page.goto(f"{base}/desk/?view=all")
        ticket = page.locator("#queue-list .trow").first.get_attribute("href")
        shoot(page, f"{base}{ticket}", "desk", pause=2500)
        shoot(page, f"{base}/admin/", "admin", pause=2500)
        shoot(page, f"{base}/admin/tickets/ticket/", "admin-tickets", pause=1500)
        dark = browser.new_context(
            viewport=DESKTOP,  # type: ignore[arg-type]
            color_scheme="dark", locale="en-GB", storage_state=staff.storage_state(),
        )  # fmt: skip
        shoot(dark.new_page(), f"{base}{ticket}", "desk-dark-english", pause=2500)
        phone = browser.new_context(
            viewport=PHONE,
            locale="zh-CN",
            storage_state=staff.storage_state(),  # type: ignore[arg-type]
        )
        shoot(phone.new_page(), f"{base}/desk/?view=all", "desk-phone")
        browser.close()


if __name__ == "__main__":
    main()
