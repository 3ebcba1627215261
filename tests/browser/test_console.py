"""The console in a real browser, and what another site can do to a reader who is logged in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from playwright.sync_api import Browser, Page, expect

from gateway.model.share import ShareOverview, ShareState
from tests.support.browser import PHONE, chromium, open_link, page_of
from tests.support.console import eventful
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


def refresh(page: Page) -> None:
    """What happens every five seconds, now."""
    page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")


def held() -> ShareOverview:
    return overview(ShareState.HELD, 2, "patient_differs", report="281112915104759", pacs="IPP-7")


def test_the_day_follows_the_shares_by_itself(browser: Browser, site: Site) -> None:
    site.store.shares = [overview(ShareState.WAITING, 1, "study_settling")]
    with page_of(browser) as watched:
        page = watched.page
        open_console(page, site)
        expect(page.locator(".tile.waiting b")).to_have_text("1")
        expect(page.get_by_text("Rien n'attend une personne.")).to_be_visible()
        site.store.shares = [held()]
        refresh(page)
        expect(page.locator(".tile.held b")).to_have_text("1", timeout=30_000)
        expect(page.locator(".reasons")).to_contain_text("À faire")
        assert watched.complaints == []


def test_the_list_follows_the_shares_and_keeps_its_filter(browser: Browser, site: Site) -> None:
    site.store.shares = [overview(ShareState.WAITING, 1, "study_settling")]
    with page_of(browser) as watched:
        page = watched.page
        open_console(page, site)
        page.get_by_role("link", name="Partages", exact=True).click()
        expect(page.locator("#rows .badge")).to_have_text("En attente des images")
        site.store.shares = [overview(ShareState.SHARED, 1)]
        refresh(page)
        expect(page.locator("#rows .badge")).to_have_text("Partagé", timeout=30_000)
        page.get_by_role("navigation", name="Filtrer par état").get_by_role("link", name="À traiter").click()
        expect(page.locator("#rows")).to_contain_text("Aucun partage ne correspond")
        assert watched.complaints == []


def test_a_patient_is_searched_for_with_the_keyboard_and_never_stands_in_an_address(
    browser: Browser, site: Site
) -> None:
    site.store.shares = [held()]
    addresses: list[str] = []
    with page_of(browser) as watched:
        page = watched.page
        page.on("request", lambda request: addresses.append(request.url))
        open_console(page, site)
        page.goto(f"{site.url}/console/shares")
        page.get_by_label("Identifiant du patient").focus()
        page.keyboard.type("281112915104759")
        page.keyboard.press("Enter")
        expect(page.get_by_role("link", name="Tout effacer")).to_be_visible()
        expect(page.locator("#rows .badge")).to_have_text("À traiter")
        page.get_by_role("link", name="SC26031202").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("SC26031202")
        page.go_back()
        expect(page.get_by_label("Identifiant du patient")).to_have_value("281112915104759")
        assert not [one for one in addresses if "281112915104759" in one]
        assert watched.complaints == []


def test_a_share_is_given_up_after_one_more_question(browser: Browser, site: Site) -> None:
    site.store.shares = [held()]
    with page_of(browser) as watched:
        page = watched.page
        open_console(page, site)
        page.get_by_role("link", name="SC26031202").click()
        page.get_by_role("link", name="Relancer…", exact=True).click()
        expect(page.get_by_text("rien n'est publié deux fois")).to_be_visible()
        page.get_by_role("link", name="Annuler").click()
        assert site.acts.done == []
        page.get_by_role("link", name="Abandonner…").click()
        page.get_by_role("button", name="Abandonner").click()
        assert site.acts.done == [], "the browser asks for the reason"
        page.get_by_label("Pourquoi").fill("Reçu deux fois")
        page.get_by_role("button", name="Abandonner").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("SC26031202")
        assert [one[:3] for one in site.acts.done] == [("abandon", "share-2", "Reçu deux fois")]
        assert watched.complaints == []


def test_a_change_of_state_is_said_aloud(browser: Browser, site: Site) -> None:
    site.store.shares = [overview(ShareState.SENDING, 2)]
    with page_of(browser) as watched:
        page = watched.page
        open_console(page, site)
        page.goto(f"{site.url}/console/shares/share-2")
        expect(page.locator("[role=status]#announce")).to_be_empty()
        site.store.shares = [overview(ShareState.SHARED, 2)]
        refresh(page)
        expect(page.locator("#announce")).to_have_text("Partagé", timeout=30_000)
        expect(page.locator(".top .badge")).to_have_text("Partagé")
        assert watched.complaints == []


def test_everything_works_without_a_script(browser: Browser, site: Site) -> None:
    site.store.shares = [held()]
    with page_of(browser, java_script_enabled=False) as watched:
        page = watched.page
        open_console(page, site)
        expect(page.locator(".plots svg")).to_have_count(2)
        page.goto(f"{site.url}/console/shares")
        page.get_by_label("Numéro d'examen").fill("SC26031202")
        page.get_by_role("button", name="Chercher").click()
        page.get_by_role("link", name="SC26031202").click()
        page.get_by_role("link", name="Relancer…", exact=True).click()
        page.get_by_role("button", name="Relancer").click()
        page.wait_for_url("**/console/shares/share-2")
        assert site.acts.done == [("replay", "share-2", RADIOLOGIST.identifier)]


CONTRAST = """() => {
  const parse = colour => colour.match(/[0-9.]+/g).map(Number);
  const light = colour => {
    const [r, g, b] = parse(colour).map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const ground = element => {
    for (let one = element; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if ((parse(colour)[3] ?? 1) === 1) return colour;
    }
    return getComputedStyle(document.documentElement).backgroundColor;
  };
  const poor = [];
  for (const one of document.querySelectorAll("main *")) {
    const said = [...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!said || !one.checkVisibility() || one.closest("option, .unseen")) continue;
    const [high, low] = [light(getComputedStyle(one).color), light(ground(one))].sort((a, b) => b - a);
    const ratio = (high + .05) / (low + .05);
    if (ratio < 4.5) poor.push(`${one.className || one.tagName} ${ratio.toFixed(2)}`);
  }
  return poor;
}"""
"""Text whose contrast is below WCAG 2.2, 1.4.3 (AA)."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_a_phone_and_can_be_read(browser: Browser, site: Site, scheme: str) -> None:
    site.store.shares = [held(), *(overview(state, number) for number, state in enumerate(ShareState, 3))]
    site.overview.histories["share-2"] = eventful(site.store.shares[0])
    with page_of(browser, viewport=PHONE, color_scheme=scheme) as watched:
        page = watched.page
        open_console(page, site)
        for address in ("", "/shares", "/shares/share-2", "/shares/share-2/do/correct", "/reports"):
            page.goto(f"{site.url}/console{address}")
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide == 0, address
            assert page.evaluate(CONTRAST) == [], address
        assert watched.complaints == []


def test_a_peer_of_which_nothing_was_asked_today_takes_a_line_like_the_others(browser: Browser, site: Site) -> None:
    site.store.shares = [overview(ShareState.SHARED, 2)]
    with page_of(browser) as watched:
        open_console(watched.page, site)
        badges = watched.page.locator(".peers .badge")
        heights = [box["height"] for each in badges.all() if (box := each.bounding_box())]
        assert len(heights) == 3
        assert len(set(heights)) == 1, heights


def test_a_console_whose_session_is_over_says_so(browser: Browser, site: Site) -> None:
    site.store.shares = [held()]
    with page_of(browser) as watched:
        open_console(watched.page, site)
        site.sessions.sessions.clear()
        refresh(watched.page)
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
