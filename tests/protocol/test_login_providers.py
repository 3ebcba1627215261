"""The providers of identities, over loopback: Pro Santé Connect's ways, patients, silence, tokens, logout both ways."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from gateway.demo.logins import OPTICIAN, PATIENTS, SURGEON
from gateway.model.access import Kind, ShownStudy
from gateway.settings.access import PRO_SANTE_CONNECT, LoginTable
from gateway.web.openid.seals import Tokens, seal, unseal
from gateway.web.tokens import digest
from tests.protocol.test_login import form, logged_in
from tests.support.web import REFERRER, SECRET, STUDY, Site, running

SSO = {"acr_values": "eidas1", "scope": "openid scope_all", "refresh": True}


@contextmanager
def visiting(site: Site) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running(Path(tmp_path_factory.mktemp("psc")), login_options=SSO) as one:
        yield one


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Professionals asked silently first, and patients."""
    options = {**SSO, "silent_first": True}
    with running(Path(tmp_path_factory.mktemp("both")), login_options=options, patients=True) as one:
        yield one


@pytest.fixture
def browser(site: Site) -> Iterator[requests.Session]:
    with visiting(site) as one:
        yield one


def test_the_profile_sets_what_pro_sante_connect_asks() -> None:
    table = LoginTable(issuer="https://auth.example.org", client_id="c", profile="pro-sante-connect")
    assert {name: getattr(table, name) for name in PRO_SANTE_CONNECT} == PRO_SANTE_CONNECT
    own = LoginTable(issuer="https://a.example.org", client_id="c", profile="pro-sante-connect", refresh=False)
    assert not own.refresh
    assert LoginTable(issuer="https://auth.example.org", client_id="c").acr_values == ""


def test_the_request_is_that_of_the_profile(site: Site, browser: requests.Session) -> None:
    asked = parse_qs(urlsplit(browser.get(site.link, allow_redirects=False).headers["Location"]).query)
    assert asked["acr_values"] == ["eidas1"]
    assert asked["scope"] == ["openid scope_all"]
    assert len(asked["nonce"][0]) == len(asked["state"][0]) == len(asked["code_challenge"][0]) == 43


# .. the exercise situation


def test_a_professional_of_several_places_says_where_they_are_and_goes_on(
    site: Site, browser: requests.Session
) -> None:
    page = logged_in(site, browser, site.link, SURGEON.subject)
    assert page.url.partition("?")[0] == f"{site.url}/situation"
    assert STUDY not in page.url + page.text, "where to go on to is sealed"
    assert "Clinique des Abers" in page.text
    assert "Hôpital de la Rade" in page.text
    assert browser.get(site.link).url.startswith(f"{site.url}/situation?"), "nothing opens before"
    wrong = {**form(page.text), "situation": "2"}
    assert browser.post(page.url, data=wrong).status_code == 400
    assert browser.post(page.url, data={**form(page.text), "csrf_token": "x", "situation": "1"}).status_code == 403
    viewer = browser.post(page.url, data={**form(page.text), "situation": "1"})
    assert re.fullmatch(rf"{re.escape(site.url)}/viewer/[\w-]{{43}}", viewer.url)
    (session,) = [one for one in site.sessions.sessions.values() if one.person.identifier == SURGEON.identifier]
    assert session.person.structures == {"1290066663"}
    assert (session.person.profession, session.person.specialty) == ("10", "SCH01")
    assert [event.facts for event in site.events() if event.action == "session.situation"] == [
        {"profession": "10/SCH01", "structure": "1290066663"}
    ]
    assert browser.get(f"{site.url}/situation").url == f"{site.url}/", "asked once"


def test_of_two_windows_each_goes_on_to_the_patient_that_it_was_opened_for(
    site: Site, browser: requests.Session
) -> None:
    """The situation is chosen in the first while the second asks for it as well."""
    first = logged_in(site, browser, site.link, SURGEON.subject)
    elsewhere = "/IHEInvokeImageDisplay?requestType=STUDY&studyUID=1.2.3.4"
    second = browser.get(f"{site.url}{elsewhere}")
    assert second.url.startswith(f"{site.url}/situation?")
    viewer = browser.post(first.url, data={**form(first.text), "situation": "1"})
    assert [one.study_uid for one in _shown(site, viewer.url)] == [STUDY]
    for late in (
        browser.post(second.url, data={**form(second.text), "situation": "0"}),
        browser.get(second.url),
    ):
        assert late.history[0].headers["Location"] == elsewhere
        assert (late.status_code, late.url) == (404, f"{site.url}{elsewhere}")


@pytest.mark.parametrize("onward", ["", "x", "A" * 200, "//evil.example", "/console"])
def test_where_the_choice_of_a_situation_leads_is_ours_alone_to_say(
    site: Site, browser: requests.Session, onward: str
) -> None:
    page = logged_in(site, browser, site.link, SURGEON.subject)
    sent = {**form(page.text), "situation": "1", "to": onward}
    assert browser.post(page.url, data=sent, allow_redirects=False).headers["Location"] == "/"
    asked = browser.get(f"{site.url}/situation", params={"to": onward}, allow_redirects=False)
    assert asked.headers["Location"] == "/"


def _shown(site: Site, url: str) -> tuple[ShownStudy, ...]:
    return site.sessions.handles[digest(url.rpartition("/")[2])].exams


def test_a_single_situation_is_taken_without_a_question(site: Site, browser: requests.Session) -> None:
    assert "/viewer/" in logged_in(site, browser).url
    (session,) = [one for one in site.sessions.sessions.values() if one.person.identifier == REFERRER.identifier][-1:]
    assert session.person.structures == {"1290088881"}
    assert session.person.situations[0].structure_name == "Cabinet du Port"


def test_without_situations_the_role_says_the_profession(site: Site, browser: requests.Session) -> None:
    logged_in(site, browser, site.link, OPTICIAN.subject)
    (session,) = [one for one in site.sessions.sessions.values() if one.person.identifier == OPTICIAN.identifier]
    assert session.person.profession == "28"
    assert not session.person.structures


# .. tokens


def test_tokens_open_with_the_cookie_alone() -> None:
    tokens = Tokens(access="a", refresh="r", identity="i", life_s=120.0)
    sealed = seal(tokens, "cookie")
    assert unseal(sealed, "cookie") == tokens
    assert unseal(sealed, "another") is None
    assert unseal(sealed[:-8] + "AAAAAAAA", "cookie") is None
    assert unseal("", "cookie") is None
    assert "refresh" not in sealed
    assert seal(tokens, "cookie") != sealed
    assert repr(tokens) == "Tokens(life_s=120.0)"


def test_the_store_holds_no_token_in_the_clear(site: Site, browser: requests.Session) -> None:
    logged_in(site, browser)
    cookie = browser.cookies.get("gateway-session")
    for session in site.sessions.sessions.values():
        assert cookie not in repr(session)
        tokens = unseal(session.tokens, str(cookie))
        if tokens is not None:
            assert tokens.refresh
            assert tokens.refresh not in repr(session) + session.tokens


@contextmanager
def later(folder: Path) -> Iterator[tuple[Site, requests.Session]]:
    """A login whose access token has just run out: the session's row says so."""
    with running(folder, login_options=SSO) as site, visiting(site) as browser:
        logged_in(site, browser)
        (session,) = site.sessions.sessions.values()
        assert session.refresh_at is not None
        due = replace(session, refresh_at=site.parts.clock.now())
        site.sessions.sessions[session.id] = due
        yield site, browser


def test_tokens_that_ran_out_are_asked_for_again_unseen(tmp_path: Path) -> None:
    with later(tmp_path) as (site, browser):
        (before,) = site.sessions.sessions.values()
        assert "/viewer/" in browser.get(site.link).url
        (after,) = site.sessions.sessions.values()
        assert after.tokens != before.tokens
        assert after.refresh_at > before.refresh_at  # type: ignore[operator]
        cookie = str(browser.cookies.get("gateway-session"))
        old, new = unseal(before.tokens, cookie), unseal(after.tokens, cookie)
        assert old is not None
        assert new is not None
        assert new.refresh != old.refresh


def test_a_login_that_ended_at_the_provider_ends_here(tmp_path: Path) -> None:
    with later(tmp_path) as (site, browser):
        cookie = str(browser.cookies.get("gateway-session"))
        (session,) = site.sessions.sessions.values()
        spent = seal(replace(unseal(session.tokens, cookie) or Tokens(), refresh="worth nothing"), cookie)
        site.sessions.sessions[session.id] = replace(session, tokens=spent)
        answer = browser.get(site.link, allow_redirects=False)
        assert answer.headers["Location"].startswith(site.provider_url)
        assert not site.sessions.sessions
        assert site.events()[-1].facts == {"reason": "ended by the provider"}


def test_a_provider_that_is_away_does_not_throw_anybody_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gateway.errors import PeerUnreachable

    with later(tmp_path) as (site, browser):
        asked = []

        def away(tokens: Tokens) -> Tokens:
            asked.append(tokens)
            raise PeerUnreachable("login_provider_away")

        monkeypatch.setattr(site.parts.login, "renewed", away)
        assert "/viewer/" in browser.get(site.link).url
        assert "/viewer/" in browser.get(site.link).url
        assert len(asked) == 1, "and is not asked at every click"


# .. logout


def test_who_leaves_at_the_provider_has_left_here(site: Site, browser: requests.Session) -> None:
    page = logged_in(site, browser)
    assert browser.get(f"{page.url}/exam.json").status_code == 200
    browser.get(f"{site.provider_url}/end-session")
    assert browser.get(f"{page.url}/exam.json").status_code == 401
    assert site.events()[-1].facts == {"reason": "back-channel logout"}


def test_a_logout_names_the_session_to_the_provider(site: Site, browser: requests.Session) -> None:
    page = browser.get(logged_in(site, browser).url)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token
    out = browser.post(f"{site.url}/logout", data={"csrf_token": token[1]}, allow_redirects=False)
    asked = parse_qs(urlsplit(out.headers["Location"]).query)
    assert asked["id_token_hint"][0].count(".") == 2
    assert asked["post_logout_redirect_uri"] == [f"{site.url}/signed-out"]


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "x" * 70000])
def test_a_logout_that_the_provider_did_not_sign_is_refused(site: Site, token: str) -> None:
    answer = requests.post(f"{site.url}/login/back-channel", data={"logout_token": token}, timeout=5)
    assert answer.status_code in (400, 413)
    assert requests.post(f"{site.url}/login/back-channel/nobody", data={}, timeout=5).status_code == 404


def test_an_id_token_is_no_logout_token(site: Site, browser: requests.Session) -> None:
    logged_in(site, browser)
    cookie = str(browser.cookies.get("gateway-session"))
    found = [unseal(one.tokens, cookie) for one in site.sessions.sessions.values()]
    (tokens,) = [one for one in found if one is not None]
    sent = {"logout_token": tokens.identity}
    assert requests.post(f"{site.url}/login/back-channel", data=sent, timeout=5).status_code == 400
    assert "/viewer/" in browser.get(site.link).url


# .. two providers


def test_who_is_known_to_neither_provider_is_asked_which(both: Site) -> None:
    with visiting(both) as browser:
        page = browser.get(both.link)
        assert page.url.startswith(f"{both.url}/login/choose?ask=")
        assert "SC26031204" not in page.url + page.text
        ours = re.findall(r'href="(/login/choose\?[^"]+)"', page.text)
        assert len(ours) == 2
        provider = browser.get(both.url + ours[1].replace("&amp;", "&"))
        assert provider.url.startswith(f"{both.provider_url}/authorize")
        assert "Patiente de la démonstration" in provider.text
        assert REFERRER.family_name not in provider.text
        again = browser.get(both.url + ours[0].replace("&amp;", "&"))
        assert again.status_code == 400, "a choice is made once"


def patient_login(site: Site, browser: requests.Session, subject: str) -> requests.Response:
    page = browser.get(site.link)
    link = re.findall(r'href="(/login/choose\?[^"]+patients)"', page.text)[0].replace("&amp;", "&")
    provider = browser.get(site.url + link)
    answer = browser.post(
        f"{site.provider_url}/authorize", data={**form(provider.text), "subject": subject}, allow_redirects=False
    )
    return browser.get(answer.headers["Location"])


@pytest.mark.parametrize(
    ("patient", "kind", "opens"),
    [(0, Kind.PATIENT, True), (1, Kind.REPRESENTATIVE, True), (2, Kind.PATIENT, False)],
)
def test_a_patient_sees_their_own_images_and_nobody_elses(both: Site, patient: int, kind: Kind, opens: bool) -> None:
    with visiting(both) as browser:
        page = patient_login(both, browser, PATIENTS[patient].subject)
        assert page.status_code == (200 if opens else 404)
        assert ("/viewer/" in page.url) is opens
        (session,) = [one for one in both.sessions.sessions.values() if one.person.subject == PATIENTS[patient].subject]
        assert session.person.kind is kind
        assert session.provider == "patients"
        assert browser.get(f"{both.url}/console").status_code == 403


def test_who_is_logged_in_at_the_provider_sees_no_form_at_all(both: Site) -> None:
    with visiting(both) as browser:
        page = browser.get(both.link)
        link = re.findall(r'href="(/login/choose\?[^"]+professionals)"', page.text)[0].replace("&amp;", "&")
        provider = browser.get(both.url + link)
        answer = browser.post(
            f"{both.provider_url}/authorize",
            data={**form(provider.text), "subject": REFERRER.subject},
            allow_redirects=False,
        )
        assert "/viewer/" in browser.get(answer.headers["Location"]).url
        browser.cookies.clear(domain="127.0.0.1", path="/", name="gateway-session")
        page = browser.get(both.link)
        assert "/viewer/" in page.url
        assert [hop.status_code for hop in page.history] == [303] * len(page.history)
        assert any("prompt=none" in hop.url for hop in page.history)


def test_one_providers_answer_does_not_serve_at_the_other(both: Site) -> None:
    """The nonce, the client and the attempt's own provider bind an answer: a patient's code is no professional's."""
    with visiting(both) as browser:
        page = browser.get(both.link)
        link = re.findall(r'href="(/login/choose\?[^"]+patients)"', page.text)[0].replace("&amp;", "&")
        provider = browser.get(both.url + link)
        sent = {**form(provider.text), "subject": PATIENTS[0].subject, "client_id": "gateway"}
        answer = browser.post(f"{both.provider_url}/authorize", data=sent, allow_redirects=False)
        refused = browser.get(answer.headers["Location"])
        assert refused.status_code in (403, 502)
        assert "gateway-session" not in browser.cookies


def test_the_client_of_one_cannot_spend_the_refresh_token_of_the_other(both: Site) -> None:
    with visiting(both) as browser:
        patient_login(both, browser, PATIENTS[0].subject)
        cookie = str(browser.cookies.get("gateway-session"))
        found = [unseal(one.tokens, cookie) for one in both.sessions.sessions.values()]
        (tokens,) = [one for one in found if one is not None]
    sent = {"grant_type": "refresh_token", "refresh_token": tokens.refresh}
    answer = requests.post(f"{both.provider_url}/token", data=sent, auth=("gateway", SECRET), timeout=5)
    assert answer.json() == {"error": "invalid_grant"}


def test_the_console_asks_nobody_whether_they_are_a_patient(tmp_path: Path) -> None:
    with running(tmp_path, patients=True) as site, visiting(site) as visitor:
        asked = visitor.get(f"{site.url}/console/shares", allow_redirects=False).headers["Location"]
        assert asked.startswith(site.parts.login.settings.issuer)
        assert "/login/choose" in visitor.get(site.link, allow_redirects=False).headers["Location"]
