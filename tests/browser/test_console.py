"""The console in a real browser, and what another site can do to a reader who is logged in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from playwright.sync_api import Browser, Page, expect

from gateway.model.share import ShareState
from tests.support.browser import chromium, open_link, page_of
from tests.support.web import RADIOLOGIST, Site, bound_socket, overview, running, serving

pytestmark = [pytest.mark.chromium, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with running(tmp_path) as one:
        yield one


def open_console(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/console")
    page.get_by_text(RADIOLOGIST.family_name).click()
    page.get_by_role("button", name="Se connecter").click()
    page.wait_for_url("**/console")


def test_the_console_follows_the_shares_by_itself(browser: Browser, site: Site) -> None:
    site.store.shares = [overview(ShareState.WAITING, 1, "study_settling")]
    with page_of(browser) as watched:
        page = watched.page
        open_console(page, site)
        expect(page.locator(".badge")).to_have_text("En attente des images")
        site.store.shares = [overview(ShareState.SHARED, 1)]
        expect(page.locator(".badge")).to_have_text("Partagé", timeout=30_000)
        page.get_by_role("link", name="À traiter").click()
        expect(page.locator("#rows")).to_contain_text("Aucun partage dans cet état")
        assert watched.complaints == []


def test_a_console_whose_session_is_over_says_so(browser: Browser, site: Site) -> None:
    with page_of(browser) as watched:
        open_console(watched.page, site)
        site.sessions.sessions.clear()
        expect(watched.page.locator("#stale")).to_be_visible(timeout=30_000)


def elsewhere(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/html")])
    return [b"<!doctype html><title>elsewhere</title><p>elsewhere</p>"]


def test_another_site_can_neither_frame_nor_read_nor_post(browser: Browser, site: Site) -> None:
    sock = bound_socket()
    port = sock.getsockname()[1]
    with serving(elsewhere, sock), page_of(browser) as watched:
        page = open_link(watched, site.link)
        viewer = page.url
        page.goto(f"http://localhost:{port}/")
        page.evaluate(
            """url => { const frame = document.createElement('iframe'); frame.src = url;
                        document.body.append(frame); }""",
            viewer,
        )
        read = page.evaluate(
            """url => fetch(url, { credentials: 'include' }).then(() => 'read', () => 'refused')""",
            f"{viewer}/exam.json",
        )
        assert read == "refused"
        page.evaluate(
            """url => { const form = document.createElement('form'); form.method = 'post'; form.action = url;
                        document.body.append(form); form.submit(); }""",
            f"{site.url}/logout",
        )
        page.wait_for_url(f"{site.url}/**")
        assert len(site.sessions.sessions) == 1, "the session is still there"
        assert any("frame-ancestors" in one for one in watched.complaints)
        page.goto(viewer)
        expect(page.locator("#patient-name")).to_have_text("KERMARREC-LEFÈVRE ZOÉ")
