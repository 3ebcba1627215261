"""Attacks on the links, the sessions and the pages, and what each of them gets."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from werkzeug.test import Client

from gateway.errors import Unavailable
from gateway.model.access import LoginAttempt
from gateway.model.identifiers import Identifier
from gateway.model.link import national_url
from gateway.web.app import create_app
from gateway.web.openid.client import LoggedIn
from gateway.web.openid.seals import Tokens
from gateway.web.tokens import digest
from tests.fakes.clock import StoppedClock
from tests.support.web import (
    ACCESSION,
    MASKED_ACCESSION,
    MASKED_STUDY,
    RADIOLOGIST,
    REFERRER,
    REPORT,
    STUDY,
    Site,
    build,
    running,
    sign_in,
)

URL = "http://127.0.0.1:8080"
CANARIES = ("SC26031204", STUDY, "KERMARREC", "281112915104759", "1.2.2.1")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return build(tmp_path, URL, "http://127.0.0.1:8090", StoppedClock())


def client(site: Site, identifier: str = "", **roles: object) -> Client:
    """A browser of its own; logged in when *identifier* is given."""
    one = Client(create_app(site.parts), use_cookies=True)
    if identifier:
        one.set_cookie("gateway-session", sign_in(site, identifier, **roles), domain="127.0.0.1")  # type: ignore[arg-type]
    return one


def path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def get(one: Client, url: str, **options: object) -> object:
    return one.get(path(url), base_url=URL, **options)


def opened(site: Site, one: Client) -> str:
    answer = get(one, site.link)
    assert answer.status_code == 303  # type: ignore[attr-defined]
    return answer.headers["Location"]  # type: ignore[attr-defined,no-any-return]


def test_two_hundred_random_links_get_one_body_and_no_hint(site: Site) -> None:
    one = client(site, REFERRER.identifier)
    rng = random.Random(7)
    links = [
        national_url(
            URL,
            rng.choice([STUDY, f"1.2.{rng.randrange(10**9)}"]),
            Identifier(ACCESSION.root, f"SC{rng.randrange(10**8):08}"),
            rng.choice([REPORT, Identifier(f"1.3.{rng.randrange(10**9)}")]),
        )
        for _ in range(200)
    ]
    links.append(national_url(URL, MASKED_STUDY, MASKED_ACCESSION, REPORT))
    answers = [get(one, link) for link in links]
    assert {answer.status_code for answer in answers} == {404}  # type: ignore[attr-defined]
    assert len({answer.data for answer in answers}) == 1  # type: ignore[attr-defined]
    assert len({str(answer.headers) for answer in answers}) == 1  # type: ignore[attr-defined]
    malformed = get(one, f"{URL}/IHEInvokeImageDisplay?requestType=STUDY")
    assert malformed.status_code == 400  # type: ignore[attr-defined]
    assert malformed.data == answers[0].data  # type: ignore[attr-defined]
    refused = [event for event in site.events() if event.action == "images.displayed"]
    assert len(refused) == 201
    assert {event.outcome.value for event in refused} == {"4"}


def test_a_mask_does_not_bind_the_author(site: Site) -> None:
    link = national_url(URL, MASKED_STUDY, MASKED_ACCESSION, REPORT)
    assert get(client(site, REFERRER.identifier), link).status_code == 404  # type: ignore[attr-defined]
    assert get(client(site, RADIOLOGIST.identifier), link).status_code == 303  # type: ignore[attr-defined]


def test_an_accession_number_of_another_issuer_opens_nothing(site: Site) -> None:
    one = client(site, REFERRER.identifier)
    for accession in ("1.2.250.1.999.1.3.SC26031204", "1.2.250.1.999.1.2.sc26031204"):
        link = site.link.replace(ACCESSION.dotted, accession)
        assert get(one, link).status_code == 404  # type: ignore[attr-defined]


def test_a_handle_of_another_session_is_a_handle_that_does_not_exist(site: Site) -> None:
    mine, theirs = client(site, REFERRER.identifier), client(site, RADIOLOGIST.identifier)
    handle = opened(site, mine)
    invented = f"/viewer/{'a' * 43}"
    for suffix in ("", "/exam.json", "/frames/0/0"):
        assert mine.get(handle + suffix, base_url=URL).status_code == 200
        stolen, absent = theirs.get(handle + suffix, base_url=URL), theirs.get(invented + suffix, base_url=URL)
        assert stolen.status_code == absent.status_code == 404
        assert stolen.data == absent.data
        assert str(stolen.headers) == str(absent.headers)
    assert site.images.asked == [("1.2.2.1", 1)]


def test_a_handle_dies_with_its_time_and_with_its_session(site: Site) -> None:
    one = client(site, REFERRER.identifier)
    handle = opened(site, one)
    clock = site.parts.clock
    assert isinstance(clock, StoppedClock)
    for _ in range(5):
        clock.forward(359)
        assert one.get(f"{handle}/frames/0/0", base_url=URL).status_code == 200
    clock.forward(10)
    assert one.get(f"{handle}/frames/0/0", base_url=URL).status_code == 404
    clock.forward(1801)
    assert one.get(f"{handle}/frames/0/0", base_url=URL).status_code == 401


def test_a_frame_after_the_logout_is_refused_at_once(site: Site) -> None:
    one = client(site, REFERRER.identifier)
    handle = opened(site, one)
    assert one.get(f"{handle}/frames/0/0", base_url=URL).status_code == 200
    cookie = one.get_cookie("gateway-session", domain="127.0.0.1")
    assert cookie
    kept = cookie.value
    # The provider is away, so the logout stays with us.
    out = one.post("/logout", base_url=URL, data={"csrf_token": "c" * 43})
    assert out.headers["Location"] == "/signed-out"
    thief = Client(create_app(site.parts), use_cookies=True)
    thief.set_cookie("gateway-session", kept, domain="127.0.0.1")
    one.set_cookie("gateway-session", kept, domain="127.0.0.1")
    for browser in (one, thief):
        assert browser.get(f"{handle}/frames/0/0", base_url=URL).status_code == 401
    one.set_cookie("gateway-session", sign_in(site, REFERRER.identifier), domain="127.0.0.1")
    assert one.get(f"{handle}/frames/0/0", base_url=URL).status_code == 404


@pytest.mark.parametrize("suffix", ["/exam.json", "/frames/0/0", ""])
def test_without_a_session_nothing_is_shown(site: Site, suffix: str) -> None:
    handle = opened(site, client(site, REFERRER.identifier))
    assert client(site).get(handle + suffix, base_url=URL).status_code == 401
    assert not site.images.asked


@pytest.mark.parametrize(
    "place", ["/frames/9/0", "/frames/0/24", "/frames/0/0/0", "/frames/2/0/9", "/frames/9999/999999"]
)
def test_places_outside_the_examination_are_absent(site: Site, place: str) -> None:
    one = client(site, REFERRER.identifier)
    assert one.get(opened(site, one) + place, base_url=URL).status_code == 404
    assert not site.images.asked


def test_a_place_of_an_older_list_shows_nothing(site: Site) -> None:
    one = client(site, REFERRER.identifier)
    handle = opened(site, one)
    version = one.get(f"{handle}/exam.json", base_url=URL).get_json()["version"]
    assert one.get(f"{handle}/frames/0/0?v={version}", base_url=URL).status_code == 200
    answer = one.get(f"{handle}/frames/0/0?v=0000000000000000", base_url=URL)
    assert answer.status_code == 409
    assert answer.get_json() == {"code": "viewer_exam_changed"}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE"])
def test_frames_are_got_and_nothing_else(site: Site, method: str) -> None:
    one = client(site, REFERRER.identifier)
    assert one.open(f"{opened(site, one)}/frames/0/0", base_url=URL, method=method).status_code == 405


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8080", "", "a@127.0.0.1:8080", "[::1"])
def test_a_name_that_is_not_ours_gets_no_answer(site: Site, host: str) -> None:
    one = client(site, REFERRER.identifier)
    handle = opened(site, one)
    for address in ("/", path(site.link), handle, f"{handle}/frames/0/0", "/api/reports"):
        answer = one.get(address, base_url=URL, headers={"Host": host})
        assert answer.status_code == 421
    assert not site.images.asked


def test_a_head_of_a_link_has_no_effect_and_tells_nothing(site: Site) -> None:
    for one in (client(site), client(site, REFERRER.identifier)):
        for link in (site.link, site.link.replace("SC26", "XX26")):
            answer = one.head(path(link), base_url=URL)
            assert answer.status_code == 200
            assert "Set-Cookie" not in answer.headers
    assert client(site).head("/IHEInvokeImageDisplay", base_url=URL).status_code == 400
    assert not site.sessions.attempts
    assert not site.sessions.handles
    assert not site.events()


@pytest.mark.parametrize("name", ["next", "return", "url", "redirect_uri", "RelayState"])
def test_no_parameter_of_a_link_can_send_the_reader_elsewhere(site: Site, name: str) -> None:
    one = client(site, REFERRER.identifier)
    answer = get(one, f"{site.link}&{name}={quote('https://evil.example/')}")
    assert re.fullmatch(r"/viewer/[\w-]{43}", answer.headers["Location"])  # type: ignore[attr-defined]


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Site]:
    with running(tmp_path) as one:
        yield one


def test_what_is_kept_for_after_the_login_is_our_own_path(live: Site) -> None:
    one = Client(create_app(live.parts), use_cookies=True)
    answer = one.get(f"{path(live.link)}&next=https://evil.example/&requestId=7", base_url=live.url)
    assert answer.headers["Location"].startswith(live.provider_url)
    assert not answer.data
    (attempt,) = live.sessions.attempts.values()
    assert attempt.next_url == path(live.link)


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_a_path_that_is_not_ours_is_never_followed(live: Site, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    one = Client(create_app(live.parts), use_cookies=True)
    one.set_cookie("gateway-login", "b" * 43, domain="127.0.0.1")
    now = live.parts.clock.now()
    live.sessions.begin(
        LoginAttempt(
            state="s" * 43, browser=digest("b" * 43), nonce="n", code_verifier="v", next_url=target, created_at=now
        )
    )
    from gateway.model.access import Person

    who = LoggedIn(person=Person(subject="s", issuer="i"), tokens=Tokens())
    monkeypatch.setattr(live.parts.login, "log_in", lambda **_: who)
    answer = one.get(f"/login/callback?state={'s' * 43}&code=c", base_url=live.url)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/"


def test_an_attempt_that_is_too_old_is_over(live: Site) -> None:
    clock = StoppedClock(live.parts.clock.now())
    object.__setattr__(live.parts, "clock", clock)
    one = Client(create_app(live.parts), use_cookies=True)
    one.get(path(live.link), base_url=live.url)
    (attempt,) = live.sessions.attempts.values()
    clock.forward(601)
    answer = one.get(f"/login/callback?state={attempt.state}&code=c", base_url=live.url)
    assert answer.status_code == 400
    assert not live.sessions.sessions


@pytest.mark.parametrize(
    "query",
    [
        "",
        "code=c",
        "state=",
        f"state={'a' * 43}&code=c",
        f"state={'a' * 43}&state={'b' * 43}&code=c",
        f"state={'a' * 43}&code={'c' * 5000}",
        f"state={'a' * 43}&code=c&iss=https://evil.example",
        "error=server_error&error_description=<script>alert(1)</script>",
    ],
)
def test_an_answer_that_fits_no_attempt_is_refused_and_not_repeated_back(site: Site, query: str) -> None:
    answer = client(site).get(f"/login/callback?{query}", base_url=URL)
    assert answer.status_code == 400
    assert "script" not in answer.text
    assert not site.sessions.sessions


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({}, ""),
        ({}, "d" * 43),
        ({"Sec-Fetch-Site": "cross-site"}, "c" * 43),
        ({"Sec-Fetch-Site": "same-site"}, "c" * 43),
        ({"Origin": "https://evil.example"}, "c" * 43),
        ({"Origin": "null"}, "c" * 43),
    ],
)
def test_a_forged_logout_is_refused(site: Site, headers: dict[str, str], token: str) -> None:
    one = client(site, REFERRER.identifier)
    answer = one.post("/logout", base_url=URL, data={"csrf_token": token}, headers=headers)
    assert answer.status_code == 403
    assert len(site.sessions.sessions) == 1


def test_a_form_of_all_measure_is_refused(site: Site) -> None:
    one = client(site, REFERRER.identifier)
    assert one.post("/logout", base_url=URL, data={"csrf_token": "c" * 100_000}).status_code == 413


def test_nothing_that_is_sent_comes_back_in_a_header(site: Site) -> None:
    one = client(site, REFERRER.identifier)
    for address in (
        f"{path(site.link)}%0d%0aSet-Cookie:%20x=y",
        f"{path(site.link)}&x=%0d%0aSet-Cookie:%20x=y",
        "/viewer/%0d%0aSet-Cookie:%20x=y",
        "/%0d%0aSet-Cookie:%20x=y",
        "/console?state=%0d%0aSet-Cookie:%20x=y",
    ):
        answer = one.get(address, base_url=URL)
        assert "x=y" not in str(answer.headers)
        assert "x=y" not in answer.text


def test_every_answer_carries_the_guards_and_personal_ones_are_not_kept(site: Site) -> None:
    one = client(site, REFERRER.identifier, roles=frozenset({"administrator"}))
    handle = opened(site, one)
    addresses = ["/", handle, f"{handle}/exam.json", f"{handle}/frames/0/0", "/console", "/nowhere", "/api/reports/x"]
    for address in addresses:
        answer = one.get(address, base_url=URL)
        assert answer.headers["Cache-Control"] == "no-store", address
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    script = one.get("/static/viewer.js", base_url=URL)
    assert script.headers["Cache-Control"] == "no-cache"
    assert script.headers["Content-Type"].startswith("text/javascript")
    script.close()


def test_no_page_holds_a_script_or_a_style_of_its_own(site: Site) -> None:
    one = client(site, REFERRER.identifier, roles=frozenset({"administrator"}))
    for address in ("/", opened(site, one), "/console", "/nowhere", "/IHEInvokeImageDisplay"):
        page = one.get(address, base_url=URL).text
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
        assert not re.search(r"<script(?![^>]*\ssrc=)", page)


def test_a_name_full_of_markup_is_only_a_name(site: Site) -> None:
    token = sign_in(site, '"><script>alert(1)</script>')
    session = site.sessions.sessions[digest(token)]
    object.__setattr__(session.person, "name", '"><script>alert(1)</script>')
    one = Client(create_app(site.parts), use_cookies=True)
    one.set_cookie("gateway-session", token, domain="127.0.0.1")
    assert "<script>alert" not in one.get(opened(site, one), base_url=URL).text


def test_a_fault_of_ours_says_nothing_of_the_case(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    one = client(site, REFERRER.identifier)
    handle = opened(site, one)
    site.found["exam"] = ValueError("KERMARREC 281112915104759")
    site.images.fails = KeyError("KERMARREC")
    for suffix in ("/exam.json", "/frames/0/0"):
        answer = one.get(handle + suffix, base_url=URL)
        assert answer.status_code == 500
        assert not [canary for canary in CANARIES if canary in answer.text]
    logged = "".join(capsys.readouterr())
    assert "web.failed" in logged
    assert not [canary for canary in CANARIES if canary in logged]


def test_a_store_that_is_down_is_a_page_that_says_to_try_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    one = client(site, REFERRER.identifier)

    def down(*_: object) -> None:
        raise Unavailable("store_down", words="KERMARREC")

    monkeypatch.setattr(site.store, "led", down)
    answer = get(one, site.link)
    assert answer.status_code == 503  # type: ignore[attr-defined]
    assert "Réessayez" in answer.text  # type: ignore[attr-defined]
    assert "KERMARREC" not in answer.text  # type: ignore[attr-defined]


def test_a_provider_that_is_away_is_a_page_that_says_so(site: Site) -> None:
    answer = get(client(site), site.link)
    assert answer.status_code == 502  # type: ignore[attr-defined]
    assert "identification ne répond pas" in answer.text  # type: ignore[attr-defined]
    assert not site.sessions.attempts, "an attempt that never left is not kept"
