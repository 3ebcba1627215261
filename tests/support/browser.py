"""A Chromium to look with: Debian's, headless, and a page that keeps what went wrong in it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP = {"width": 1360, "height": 820}
PHONE = {"width": 390, "height": 780}
TIMEOUT_MS = 30_000


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser that has ended when the block ends."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


class Watched:
    """A page, and everything it complained of: script errors, console errors, broken policies."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.set_default_timeout(TIMEOUT_MS)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("console", lambda message: self._console(message))

    def _console(self, message: Any) -> None:
        # Chromium's advice on getImageData is about this module's own pixel().
        if message.type in ("error", "warning") and "willReadFrequently" not in message.text:
            self.complaints.append(f"{message.type}: {message.text}")


@contextmanager
def page_of(browser: Browser, locale: str = "fr-FR", **options: Any) -> Iterator[Watched]:
    """A page in a context (cookies) of its own."""
    context = browser.new_context(locale=locale, viewport=options.pop("viewport", DESKTOP), **options)
    try:
        yield Watched(context.new_page())
    finally:
        context.close()


def open_link(watched: Watched, link: str) -> Page:
    """Open *link*, log in as the first person the provider offers, wait for the first image."""
    page = watched.page
    page.goto(link)
    as_professional(page)
    page.get_by_role("button", name="Se connecter").click()
    page.wait_for_url("**/viewer/*")
    shown(page, "0/0/1")
    return page


def as_professional(page: Page) -> None:
    """Say so, where the page asks."""
    choice = page.get_by_role("link", name=re.compile("Professionnel de santé|Health professional"))
    if choice.count():
        choice.click()


def shown(page: Page, key: str) -> None:
    """Wait until the image *key* (series/instance/frame) is the one on the canvas, and drawn."""
    page.wait_for_function(
        "key => { const c = document.getElementById('canvas'); return c.dataset.shown === key && c.dataset.box }",
        arg=key,
    )
    settled(page)


def settled(page: Page) -> None:
    """Wait until what was asked for is drawn: two turns of the animation."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def pixel(page: Page, row: int, column: int) -> list[int]:
    """The colour on the canvas in the middle of the image's pixel (row, column): red, green, blue."""
    found: list[int] = page.evaluate(
        """([row, column]) => {
            const canvas = document.getElementById('canvas');
            const [left, top, scale, ratio] = canvas.dataset.box.split(' ').map(Number);
            const x = Math.floor((left + (column + 0.5) * scale) * ratio);
            const y = Math.floor((top + (row + 0.5) * scale) * ratio);
            return [...canvas.getContext('2d').getImageData(x, y, 1, 1).data.slice(0, 3)];
        }""",
        [row, column],
    )
    return found
