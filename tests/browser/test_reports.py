"""A rendered report in a real browser: nothing of it runs, its pictures are shown, it fits a phone and paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from gateway.cda import render
from tests.support import rendered
from tests.support.browser import PHONE, chromium, page_of
from tests.support.web import RADIOLOGIST, running

pytestmark = [pytest.mark.chromium, pytest.mark.timeout(300)]
ATTACK = (
    "<script>document.title='owned'</script><content onclick='alert(1)' ID='x'>a</content>"
    "<linkHtml href='javascript:document.title=1'>b</linkHtml>&lt;img src=x onerror=alert(1)&gt;"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


def test_a_page_of_its_own_obeys_its_own_policy(browser: Browser, tmp_path: Path) -> None:
    page_file = tmp_path / "report.html"
    page_file.write_bytes(render.page(rendered.full_report()))
    with page_of(browser) as watched:
        page = watched.page
        page.goto(page_file.as_uri())
        assert page.locator(".report").evaluate("e => getComputedStyle(e).maxWidth") == "960px", "the style is allowed"
        assert page.locator("img").evaluate("e => e.naturalWidth") == 160, "the picture is shown"
        blocked = page.evaluate(
            "() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1';"
            " document.body.append(s); return window.ran === undefined }"
        )
        assert blocked


def test_nothing_hostile_runs(browser: Browser, tmp_path: Path) -> None:
    page_file = tmp_path / "report.html"
    page_file.write_bytes(render.page(rendered.with_text(ATTACK)))
    with page_of(browser) as watched:
        watched.page.goto(page_file.as_uri())
        watched.page.get_by_text("b", exact=True).first.click()
        assert watched.page.title().startswith("Scanner")
        assert watched.complaints == []


def test_a_report_fits_a_phone_and_paper(browser: Browser, tmp_path: Path) -> None:
    page_file = tmp_path / "report.html"
    page_file.write_bytes(render.page(rendered.full_report()))
    with page_of(browser, viewport=PHONE) as watched:
        watched.page.goto(page_file.as_uri())
        assert watched.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert watched.page.pdf(prefer_css_page_size=True).startswith(b"%PDF-")
        watched.page.emulate_media(media="print")
        expect(watched.page.locator("object")).to_be_hidden()
        expect(watched.page.get_by_role("heading", name="Conclusions")).to_be_visible()


def test_a_file_is_judged_and_shown_in_the_console(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.xml"
    file.write_bytes(rendered.xml(rendered.sections()))
    with running(tmp_path) as site, page_of(browser) as watched:
        page = watched.page
        page.goto(f"{site.url}/console/reports")
        page.get_by_text(RADIOLOGIST.family_name).click()
        page.get_by_role("button", name="Se connecter").click()
        page.wait_for_url("**/console/reports")
        page.get_by_label("Compte rendu (CDA)").set_input_files(file)
        page.get_by_role("button", name="Contrôler").click()
        expect(page.locator(".verdict .badge")).to_be_visible()
        expect(page.get_by_role("heading", name="Conclusions")).to_be_visible()
        page.get_by_text("Afficher le document PDF").click()
        assert watched.complaints == []
