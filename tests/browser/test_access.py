"""The pages of login and rights in a real browser: which provider, which situation, refusal, break-glass, sessions."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from gateway.demo.logins import OPTICIAN, PATIENTS, SURGEON
from gateway.model.rights import Policy, Right
from tests.support.browser import PHONE, chromium, page_of
from tests.support.web import RADIOLOGIST, REFERRER, STUDY, Site, bound_socket, running, serving

pytestmark = [pytest.mark.chromium, pytest.mark.timeout(300)]
POLICY = Policy(
    matrix=(Right(professions=frozenset({"10"}), documents=frozenset({"*"})),), glass_professions=frozenset({"10"})
)
SHOTS = os.environ.get("GATEWAY_SCREENSHOTS", "")
"""A folder where the pages are kept for people to look at."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = Path(tmp_path_factory.mktemp("access"))
    with running(folder, policy=POLICY, patients=True, login_options={"silent_first": True}) as one:
        yield one


def keep(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def sign_in(page: Page, site: Site, url: str, subject: str, door: str = "Professionnel de santé") -> None:
    page.goto(url)
    if "/console" not in url:
        page.get_by_role("link", name=door).click()
    page.locator(f'input[value="{subject}"]').check()
    page.get_by_role("button", name="Se connecter").click()


def opens_the_images(page: Page) -> None:
    page.wait_for_url("**/viewer/**")


def test_a_patient_chooses_their_door_and_sees_their_images(browser: Browser, site: Site) -> None:
    with page_of(browser, viewport=PHONE) as watched:
        page = watched.page
        page.goto(site.link)
        expect(page.get_by_role("heading", name="Qui êtes-vous ?")).to_be_visible()
        assert STUDY not in page.url
        keep(page, "login-choice")
        sign_in(page, site, site.link, PATIENTS[0].subject, "Patient ou représentant")
        opens_the_images(page)
        assert watched.complaints == []


def test_a_professional_chooses_the_situation(browser: Browser, site: Site) -> None:
    with page_of(browser) as watched:
        page = watched.page
        sign_in(page, site, site.link, SURGEON.subject)
        expect(page.get_by_role("heading", name="Dans quelle situation d'exercice êtes-vous ?")).to_be_visible()
        keep(page, "situation")
        page.get_by_label("Hôpital de la Rade").check()
        page.get_by_role("button", name="Continuer").click()
        opens_the_images(page)
        assert watched.complaints == []


def test_a_refusal_is_explained(browser: Browser, site: Site) -> None:
    with page_of(browser) as watched:
        page = watched.page
        sign_in(page, site, site.link, OPTICIAN.subject)
        expect(page.get_by_text("matrice d'habilitation")).to_be_visible()
        expect(page.locator("textarea")).to_have_count(0)
        keep(page, "refused")


def test_break_glass_asks_for_a_reason_and_opens(browser: Browser, site: Site) -> None:
    with page_of(browser) as watched:
        page = watched.page
        url = f"{site.url}/IHEInvokeImageDisplay?requestType=STUDY&studyUID={STUDY}"
        sign_in(page, site, url, REFERRER.subject)
        reason = page.get_by_label("Motif")
        expect(reason).to_be_visible()
        keep(page, "break-glass")
        reason.fill("??")
        page.get_by_role("button", name="Accéder en urgence").click()
        expect(page.get_by_role("alert")).to_contain_text("Écrivez en quelques mots")
        keep(page, "break-glass-wrong")
        page.get_by_label("Motif").fill("Patiente inconsciente aux urgences")
        page.get_by_role("button", name="Accéder en urgence").click()
        opens_the_images(page)


def test_an_administrator_ends_a_session(browser: Browser, site: Site) -> None:
    with page_of(browser) as other, page_of(browser) as watched:
        sign_in(other.page, site, site.link, REFERRER.subject)
        opens_the_images(other.page)
        page = watched.page
        sign_in(page, site, f"{site.url}/console/sessions", RADIOLOGIST.subject)
        expect(page.get_by_role("heading", name="Sessions ouvertes")).to_be_visible()
        keep(page, "sessions")
        page.get_by_role("row", name=REFERRER.identifier).first.get_by_role("button").click()
        page.wait_for_url("**/console/sessions")
        assert watched.complaints == []


def test_a_page_of_another_origin_can_neither_open_nor_frame_the_link(browser: Browser, site: Site) -> None:
    """A picture, a script, a fetch, a frame and a form of a foreign page: none of them makes a handle."""
    link = site.link
    foreign = f"""<!doctype html><title>evil</title><img src="{link}"><iframe src="{link}"></iframe>
        <script src="{link}"></script><form id=f method=post action="{site.url}/break-glass">
        <input name=reason value="a good reason indeed"><input name=link value="/IHEInvokeImageDisplay?x"></form>
        <script>window.answers = []; fetch("{link}", {{credentials: "include"}}).then(
        () => answers.push("read"), () => answers.push("refused"));</script>"""

    def application(environ: object, start_response: object) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])  # type: ignore[operator]
        return [foreign.encode()]

    sock = bound_socket()
    port = sock.getsockname()[1]
    with serving(application, sock), page_of(browser) as watched:  # type: ignore[arg-type]
        page = watched.page
        sign_in(page, site, link, REFERRER.subject)
        opens_the_images(page)
        before = dict(site.sessions.handles)
        page.goto(f"http://localhost:{port}/")
        page.wait_for_function("window.answers.length === 1")
        page.wait_for_load_state("networkidle")
        assert page.evaluate("answers") == ["refused"]
        assert site.sessions.handles == before
        page.evaluate("document.getElementById('f').submit()")
        page.wait_for_url("**/break-glass")
        assert not any(event.action == "glass.broken" for event in site.events()[-2:])
