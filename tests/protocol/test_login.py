"""The login from end to end: link, provider, callback, viewer, logout, over loopback with an HTTP client."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.support.web import RADIOLOGIST, REFERRER, STUDY, Site, running


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running(Path(tmp_path_factory.mktemp("login"))) as one:
        yield one


@pytest.fixture
def browser() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


def form(page: str) -> dict[str, str]:
    """The hidden fields of the provider's page."""
    fields = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page)
    return {name: value.replace("&amp;", "&") for name, value in fields}


def chosen(site: Site, browser: requests.Session, start: str, subject: str) -> requests.Response:
    """Open *start*, pick a person at the provider, and stop before the callback."""
    page = browser.get(start)
    assert page.url.startswith(f"{site.provider_url}/authorize?")
    return browser.post(
        f"{site.provider_url}/authorize", data={**form(page.text), "subject": subject}, allow_redirects=False
    )


def logged_in(site: Site, browser: requests.Session, start: str = "", subject: str = "") -> requests.Response:
    answer = chosen(site, browser, start or site.link, subject or REFERRER.subject)
    return browser.get(answer.headers["Location"])


def test_a_link_leads_through_the_login_to_the_viewer(site: Site, browser: requests.Session) -> None:
    page = logged_in(site, browser)
    assert page.status_code == 200
    assert re.fullmatch(rf"{re.escape(site.url)}/viewer/[\w-]{{43}}", page.url)
    told = browser.get(f"{page.url}/exam.json").json()
    assert told["patient"]["name"] == "KERMARREC-LEFÈVRE ZOÉ"
    frame = browser.get(f"{page.url}/frames/0/0")
    assert frame.status_code == 200
    assert len(frame.content) == 2 * 128 * 128
    session = next(one for one in site.sessions.sessions.values() if one.person.identifier == REFERRER.identifier)
    assert session.person.name == f"{REFERRER.given_name} {REFERRER.family_name}"
    assert session.person.profession == "10"
    shown = [event for event in site.events() if event.action == "images.displayed"]
    assert shown[-1].actor == REFERRER.identifier
    assert shown[-1].study_uid == STUDY


def test_nothing_of_the_link_travels_through_the_provider(site: Site, browser: requests.Session) -> None:
    page = browser.get(site.link)
    assert "SC26031204" not in page.url + page.text
    assert STUDY not in page.url + page.text
    asked = parse_qs(urlsplit(page.url).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [f"{site.url}/login/callback"]


def test_a_second_link_needs_no_second_login(site: Site, browser: requests.Session) -> None:
    first = logged_in(site, browser)
    second = browser.get(site.link)
    assert second.status_code == 200
    assert second.url != first.url, "each opening of a link has a name of its own"


def test_two_links_opened_side_by_side_both_come_back(site: Site, browser: requests.Session) -> None:
    one = chosen(site, browser, site.link, REFERRER.subject)
    other = browser.get(site.link)
    assert "/viewer/" in other.url
    assert "/viewer/" in browser.get(one.headers["Location"]).url


def test_an_answer_is_used_once(site: Site, browser: requests.Session) -> None:
    answer = chosen(site, browser, site.link, REFERRER.subject)
    assert browser.get(answer.headers["Location"]).status_code == 200
    replayed = browser.get(answer.headers["Location"])
    assert replayed.status_code == 400
    assert "déjà servi" in replayed.text


def test_an_answer_is_refused_in_another_browser(site: Site, browser: requests.Session) -> None:
    answer = chosen(site, browser, site.link, REFERRER.subject)
    with requests.Session() as other:
        other.trust_env = False
        assert other.get(answer.headers["Location"]).status_code == 400
        other.get(site.link)
        assert other.get(answer.headers["Location"]).status_code == 400
        assert not other.cookies.get("gateway-session")


def test_a_login_gives_a_new_session_and_ends_the_old_one(site: Site, browser: requests.Session) -> None:
    first = chosen(site, browser, site.link, REFERRER.subject)
    second = browser.get(site.link, allow_redirects=False)
    browser.get(first.headers["Location"])
    before = browser.cookies.get("gateway-session")
    browser.get(second.headers["Location"])
    after = browser.cookies.get("gateway-session")
    assert before
    assert before != after
    with requests.Session() as thief:
        thief.trust_env = False
        thief.cookies.set("gateway-session", before)
        stopped = thief.get(site.link, allow_redirects=False)
        assert stopped.headers["Location"].startswith(site.provider_url)


def test_the_images_of_a_session_that_ended_by_a_login_are_closed_at_once(
    site: Site, browser: requests.Session
) -> None:
    """Whoever kept its cookie fetches no frame more, although who may is remembered for seconds."""
    first = chosen(site, browser, site.link, REFERRER.subject)
    second = browser.get(site.link, allow_redirects=False)
    page = browser.get(first.headers["Location"])
    with requests.Session() as thief:
        thief.trust_env = False
        thief.cookies.set("gateway-session", browser.cookies.get("gateway-session") or "")
        assert thief.get(f"{page.url}/frames/0/1").status_code == 200
        browser.get(second.headers["Location"])
        assert thief.get(f"{page.url}/frames/0/1").status_code == 401


def test_a_session_that_someone_else_has_set_is_not_used_after_the_login(site: Site, browser: requests.Session) -> None:
    planted = "f" * 43
    browser.cookies.set("gateway-session", planted, domain="127.0.0.1", path="/")
    logged_in(site, browser)
    assert browser.cookies.get("gateway-session", domain="127.0.0.1") != planted


def test_cancelling_at_the_provider_says_so(site: Site, browser: requests.Session) -> None:
    answer = chosen(site, browser, site.link, "nobody")
    page = browser.get(answer.headers["Location"])
    assert page.status_code == 403
    assert "annulée" in page.text


def test_the_console_opens_for_administrators_alone(site: Site, browser: requests.Session) -> None:
    assert logged_in(site, browser, f"{site.url}/console", REFERRER.subject).status_code == 403
    with requests.Session() as other:
        other.trust_env = False
        page = logged_in(site, other, f"{site.url}/console", RADIOLOGIST.subject)
        assert page.status_code == 200
        assert page.url == f"{site.url}/console"


def test_a_logout_ends_both_sessions(site: Site, browser: requests.Session) -> None:
    page = logged_in(site, browser)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token
    assert browser.post(f"{site.url}/logout").status_code == 403, "not without the page's own token"
    out = browser.post(f"{site.url}/logout", data={"csrf_token": token[1]})
    assert out.status_code == 200
    assert out.url == f"{site.url}/signed-out"
    assert browser.get(f"{page.url}/frames/0/0").status_code == 401
    assert browser.get(site.link).url.startswith(f"{site.provider_url}/authorize"), "the provider asks again"


def test_the_provider_refuses_what_it_was_not_set_up_for(site: Site, browser: requests.Session) -> None:
    step = browser.get(site.link, allow_redirects=False)
    url = step.headers["Location"]
    for wrong in (
        url.replace("redirect_uri=", "redirect_uri=https%3A%2F%2Fevil.example&x="),
        url.replace("S256", "plain"),
        url.replace("client_id=gateway", "client_id=other"),
    ):
        assert browser.get(wrong).status_code == 400
    bad = {"grant_type": "authorization_code", "code": "x", "redirect_uri": f"{site.url}/login/callback"}
    assert requests.post(f"{site.provider_url}/token", data=bad, timeout=5).json() == {"error": "invalid_client"}
