"""How much may be asked without a session: by one address, by all together, behind a proxy; and who is not held up."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from werkzeug.test import Client, TestResponse

from gateway.web import limits as module
from gateway.web.app import create_app
from gateway.web.limits import Asked, Limits, LimitSettings, TooMany, address_of
from gateway.web.tokens import digest
from tests.support.web import Site, build, sign_in

URL = "http://127.0.0.1:8080"
PROXIES = (ip_network("127.0.0.0/8"), ip_network("10.9.0.0/16"))
BROWSER = {"REMOTE_ADDR": "192.0.2.1"}
OTHER = {"REMOTE_ADDR": "192.0.2.2"}
PROVIDER = "https://login.example.org/authorize"


class Minute:
    """A clock."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def ask(limits: Limits, environ: dict[str, str] = BROWSER, kind: Asked = Asked.LOGIN) -> None:
    limits.check(kind, environ)
    limits.take(kind, environ)


def until_refused(limits: Limits, environ: dict[str, str] = BROWSER, kind: Asked = Asked.LOGIN) -> tuple[int, int]:
    """How many were let in, and the seconds to wait then."""
    for number in range(10_000):
        try:
            ask(limits, environ, kind)
        except TooMany as refused:
            return number, refused.wait_s
    raise AssertionError("never")


def test_so_many_may_come_at_once_and_as_many_again_in_a_minute() -> None:
    clock = Minute()
    limits = Limits(LimitSettings(logins=30), now_s=clock)
    assert until_refused(limits) == (30, 3)
    clock.now_s += 1.9
    assert until_refused(limits)[0] == 0
    clock.now_s += 0.1
    assert until_refused(limits)[0] == 1
    clock.now_s += 60
    assert until_refused(limits)[0] == 30
    clock.now_s += 1e6
    assert until_refused(limits)[0] == 30, "no more than a minute's are kept"


def test_whoever_waits_as_long_as_they_are_told_is_let_in() -> None:
    clock = Minute()
    limits = Limits(LimitSettings(logins=7, logins_in_all=5), now_s=clock)
    for environ in (BROWSER, OTHER) * 5:
        _, wait_s = until_refused(limits, environ)
        clock.now_s += wait_s
        ask(limits, environ)


def test_one_address_takes_nothing_from_another_nor_one_kind_from_another() -> None:
    limits = Limits(LimitSettings(logins=5, refused=2), now_s=Minute())
    assert until_refused(limits)[0] == 5
    assert until_refused(limits, OTHER)[0] == 5
    assert until_refused(limits, kind=Asked.ANSWER)[0] == 2
    assert until_refused(limits, kind=Asked.TOKEN)[0] == 2


def test_all_together_may_ask_for_so_many_and_who_has_come_through_is_not_held_up_by_strangers() -> None:
    limits = Limits(LimitSettings(logins=10, logins_in_all=25), now_s=Minute())
    limits.came_through(OTHER)
    assert [until_refused(limits, {"REMOTE_ADDR": f"198.51.100.{n}"})[0] for n in range(4)] == [10, 10, 5, 0]
    assert until_refused(limits, OTHER)[0] == 10


def test_a_hospital_that_logs_in_is_never_refused() -> None:
    """Thousands behind one address: what is carried through does not count."""
    limits = Limits(LimitSettings(), now_s=Minute())
    for _ in range(20):
        for _ in range(500):
            ask(limits)
        for _ in range(500):
            limits.came_through(BROWSER, Asked.LOGIN)


def test_what_is_given_back_is_never_more_than_was_taken() -> None:
    limits = Limits(LimitSettings(logins=3, logins_in_all=6), now_s=Minute())
    for _ in range(50):
        limits.came_through(BROWSER, Asked.LOGIN)
    assert until_refused(limits)[0] == 3
    limits.came_through(BROWSER, Asked.LOGIN)
    assert until_refused(limits)[0] == 1


def test_nothing_is_refused_where_there_is_no_limit() -> None:
    limits = Limits(LimitSettings(logins=0, logins_in_all=0), now_s=Minute())
    for _ in range(5000):
        ask(limits)


def test_those_who_come_at_the_same_moment_leave_no_debt() -> None:
    clock = Minute()
    limits = Limits(LimitSettings(logins=2), now_s=clock)
    for _ in range(50):
        limits.take(Asked.LOGIN, BROWSER)
    clock.now_s += 30
    ask(limits)


def test_memory_is_bounded_whoever_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ADDRESSES", 8)
    limits = Limits(LimitSettings(logins=2, logins_in_all=100), now_s=Minute())
    assert until_refused(limits)[0] == 2
    for number in range(40):
        ask(limits, {"REMOTE_ADDR": f"198.51.100.{number}"})
        limits.came_through({"REMOTE_ADDR": f"203.0.113.{number}"}, Asked.ANSWER)
        if number < 7:
            assert until_refused(limits)[0] == 0
    kinds = limits._kinds
    assert [len(kinds[kind]._left) for kind in Asked] == [8, 8, 0]
    assert len(limits._trusted) == 8
    assert until_refused(limits)[0] == 2, "what was not seen for longest is forgotten"
    assert sum(until_refused(limits, {"REMOTE_ADDR": f"192.0.3.{n}"})[0] for n in range(99)) == 100 - 44


def test_what_is_refused_is_counted_and_said_once_a_minute_without_an_address() -> None:
    clock, told = Minute(), []
    limits = Limits(LimitSettings(logins=1), told=told.append, now_s=clock)
    with capture_logs() as lines:
        for _ in range(3):
            until_refused(limits)
        clock.now_s += 60
        until_refused(limits)
        until_refused(limits)
    assert told == ["login"] * 5
    assert [line["event"] for line in lines] == ["web.too_many"] * 2
    assert not [line for line in lines if "192" in str(line)]


# .. the address


@pytest.mark.parametrize(
    ("remote", "forwarded", "expected"),
    [
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "203.0.113.5", "192.0.2.1"),
        ("127.0.0.1", "203.0.113.5", "203.0.113.5"),
        ("127.0.0.1", "6.6.6.6, 203.0.113.5", "203.0.113.5"),
        ("127.0.0.1", "6.6.6.6, 203.0.113.5, 10.9.0.1", "203.0.113.5"),
        ("127.0.0.1", "10.9.0.2,10.9.0.1", "10.9.0.2"),
        ("127.0.0.1", "6.6.6.6, unknown", "127.0.0.1"),
        ("127.0.0.1", "6.6.6.6, _hidden, 10.9.0.1", "10.9.0.1"),
        ("127.0.0.1", ",", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.5:4711", "203.0.113.5"),
        ("127.0.0.1", "[2001:db8:1:2:3:4:5:6]:4711", "2001:db8:1:2::/64"),
        ("127.0.0.1", "2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:127.0.0.1", "::ffff:203.0.113.5", "203.0.113.5"),
        ("2001:db8:1:2:3:4:5:6", "203.0.113.5", "2001:db8:1:2::/64"),
        ("", "203.0.113.5", ""),
        ("", "", ""),
    ],
)
def test_the_address_is_the_last_that_is_no_proxys(remote: str, forwarded: str, expected: str) -> None:
    environ = {"REMOTE_ADDR": remote, **({"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {})}
    assert address_of(environ, PROXIES) == expected


@given(st.text(max_size=60))
def test_whatever_a_header_says_there_is_an_address(forwarded: str) -> None:
    assert address_of({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": forwarded}, PROXIES)


def test_who_writes_addresses_of_their_own_gains_nothing() -> None:
    limits = Limits(LimitSettings(logins=3), now_s=Minute())
    let_in = 0
    for number in range(10):
        environ = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": f"198.51.100.{number}, 203.0.113.5"}
        try:
            ask(limits, environ)
            let_in += 1
        except TooMany:
            pass
    assert let_in == 3


# .. at the web


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site that lets four logins begin and two answers be nobody's; its provider is only told of."""
    made = build(tmp_path, URL, PROVIDER)
    monkeypatch.setattr(type(made.parts.login), "authorization_url", lambda self, **asked: PROVIDER)
    made.parts = replace(made.parts, limits=Limits(LimitSettings(logins=4, refused=2), now_s=Minute()))
    return made


def opening(site: Site) -> Callable[..., TestResponse]:
    application = create_app(site.parts)

    def open_(path: str, method: str = "GET", token: str = "", **environ: str) -> TestResponse:
        one = Client(application, use_cookies=True)
        if token:
            one.set_cookie("gateway-session", token, domain="127.0.0.1")
        one.set_cookie("gateway-login", "b" * 43, domain="127.0.0.1")
        return one.open(path, method=method, base_url=URL, environ_overrides={**BROWSER, **environ})

    return open_


def test_a_link_that_is_opened_too_often_without_a_login_writes_no_more_rows(site: Site) -> None:
    open_, link = opening(site), site.link.removeprefix(site.url)
    assert [open_(link).status_code for _ in range(4)] == [303] * 4
    pages = [open_(link), open_("/IHEInvokeImageDisplay?requestType=STUDY&studyUID=1.2.3"), open_("/console")]
    assert [page.status_code for page in pages] == [429] * 3
    assert {page.headers["Retry-After"] for page in pages} == {"16"}
    assert len({page.data for page in pages}) == 1, "the page says nothing of what was asked"
    assert "Attendez une minute" in pages[0].text
    assert "Wait a minute" in pages[0].text
    assert pages[0].headers["Cache-Control"] == "no-store"
    assert not re.search("1\\.2\\.3|SC26", pages[0].text)
    assert len(site.sessions.attempts) == 4
    assert open_(link, REMOTE_ADDR="192.0.2.2").status_code == 303, "somebody else"
    assert site.events() == []


def test_who_has_a_session_is_not_counted(site: Site) -> None:
    open_, link, token = opening(site), site.link.removeprefix(site.url), sign_in(site)
    for _ in range(9):
        open_(link)
    for _ in range(9):
        assert open_(link, token=token).status_code == 303
        assert open_("/console", token=token).status_code == 403


def test_what_costs_nothing_is_not_counted(site: Site) -> None:
    """A link that is none, one that is only looked at, pages for anyone."""
    open_ = opening(site)
    link = site.link.removeprefix(site.url)
    for path, method in ((link, "HEAD"), ("/IHEInvokeImageDisplay?x=y", "GET"), ("/", "GET"), ("/signed-out", "GET")):
        assert 429 not in {open_(path, method).status_code for _ in range(9)}
    assert open_(link).status_code == 303


def test_answers_to_logins_that_nobody_has_begun_are_looked_up_so_many_times(site: Site) -> None:
    open_ = opening(site)
    states = [f"{number}" * 43 for number in range(5)]
    assert [open_(f"/login/callback?code=c&state={s}").status_code for s in states] == [400, 400, 429, 429, 429]
    assert open_("/login/callback?code=c&state=short").status_code == 400, "that one needs no look"
    assert open_(site.link.removeprefix(site.url)).status_code == 303, "logins may still be begun"


def test_a_login_that_goes_on_is_counted_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The choice of the provider, and the silent question before it, belong to the login that was begun."""
    monkeypatch.setattr(site.parts.login, "settings", replace(site.parts.login.settings, silent_first=True))
    open_, link = opening(site), site.link.removeprefix(site.url)
    for _ in range(4):
        before = set(site.sessions.attempts)
        assert open_(link).status_code == 303
        (state,) = set(site.sessions.attempts) - before
        site.sessions.attempts[state] = replace(site.sessions.attempts[state], browser=digest("b" * 43))
        assert open_(f"/login/callback?error=login_required&state={state}").headers["Location"] == PROVIDER
    assert open_(link).status_code == 429
