"""Every address of the web, who may ask it, and that nobody else gets anything: an address without a row fails."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Any, NamedTuple
from unittest.mock import Mock
from urllib.parse import urlsplit

import pytest
from flask import Response
from werkzeug.test import Client, EnvironBuilder, TestResponse

from gateway.model.share import ShareState
from gateway.monitoring.door import PATHS as HEALTH_PATHS
from gateway.monitoring.door import HealthParts
from gateway.web.app import create_app
from gateway.web.door_settings import ImageDoors, ImagePeer
from gateway.web.login.session import Access
from gateway.web.parts import RelayParts
from tests.support.image_site import SharedList
from tests.support.web import (
    KEY,
    OTHER_KEY,
    PLATFORM_KEY,
    RADIOLOGIST,
    REFERRER,
    Site,
    build,
    overview,
    sign_in,
)

URL = "http://127.0.0.1:8080"
CSRF = "c" * 43
PEER_KEY = "a-key-of-another-gateway"

# Who may ask.
ANYONE = "anyone"
"""It tells nothing of anybody, or begins a login."""
PROVIDER = "provider"
"""Who can show a token that the identity provider has signed for us."""
SESSION = "session"
HANDLE = "handle"
"""The session for which the handle in the address was made."""
READER = "reader"
"""Readers and administrators of the console."""
ADMINISTRATOR = "administrator"
SITE_KEY = "site key"
PLATFORM_KEY_HOLDER = "platform key"
ANY_KEY = "any key"
PEER = "peer"
"""Another system by its key or certificate, a person by a token, or a session."""
WATCHER = "watcher"
"""A machine at an address of the settings."""


class Row(NamedTuple):
    """What holds of one address."""

    who: str
    audit: str = ""
    """The action that the trail has of it (of its use, or of what it refused)."""
    form: bool = False
    """Whether it takes a form of ours, with the session's own token in it."""
    fragment: bool = False
    """Whether a script asks for it: no login begins there."""


ROUTES: dict[tuple[str, str], Row] = {
    ("GET", "/"): Row(ANYONE),
    ("GET", "/favicon.ico"): Row(ANYONE),
    ("GET", "/static/<path:filename>"): Row(ANYONE),
    ("GET", "/static/full/<name>"): Row(ANYONE),
    ("GET", "/console/report.css"): Row(ANYONE),
    # Login and logout
    ("GET", "/login/choose"): Row(ANYONE),
    ("GET", "/login/callback"): Row(ANYONE, "session.opened"),
    ("POST", "/login/back-channel"): Row(PROVIDER, "session.closed"),
    ("POST", "/login/back-channel/<name>"): Row(PROVIDER, "session.closed"),
    ("POST", "/logout"): Row(SESSION, "session.closed", form=True),
    ("GET", "/signed-out"): Row(ANYONE),
    ("GET", "/situation"): Row(SESSION),
    ("POST", "/situation"): Row(SESSION, "session.situation", form=True),
    # Links and what they open
    ("GET", "/IHEInvokeImageDisplay"): Row(ANYONE, "images.displayed"),
    ("POST", "/break-glass"): Row(SESSION, "glass.broken", form=True),
    ("GET", "/viewer/<token>"): Row(HANDLE),
    ("GET", "/viewer/<token>/light"): Row(HANDLE),
    ("GET", "/viewer/<token>/full"): Row(HANDLE),
    ("GET", "/viewer/<token>/report"): Row(HANDLE, "report.shown"),
    ("GET", "/viewer/<token>/exam.json"): Row(HANDLE),
    ("GET", "/viewer/<token>/structured/<int:series>/<int:instance>"): Row(HANDLE),
    ("GET", "/viewer/<token>/state/<int:series>/<int:instance>"): Row(HANDLE),
    ("GET", "/viewer/<token>/layers/<int:series>/<int:instance>"): Row(HANDLE),
    # The console
    ("GET", "/console"): Row(READER, "console.opened"),
    ("GET", "/console/now"): Row(READER, fragment=True),
    ("GET", "/console/shares"): Row(READER, "console.shares"),
    ("POST", "/console/shares"): Row(READER, "console.shares", form=True),
    ("GET", "/console/shares/rows"): Row(READER, fragment=True),
    ("GET", "/console/shares/<share_id>"): Row(READER, "console.share"),
    ("GET", "/console/shares/<share_id>/now"): Row(READER, fragment=True),
    ("GET", "/console/shares/<share_id>/metadata"): Row(READER, "console.share"),
    ("GET", "/console/shares/<share_id>/manifest/<int:number>"): Row(READER, "console.share"),
    ("GET", "/console/shares/<share_id>/do/<act>"): Row(ADMINISTRATOR, "console.act"),
    ("POST", "/console/shares/<share_id>/do/<act>"): Row(ADMINISTRATOR, "console.act", form=True),
    ("GET", "/console/held/<reason>"): Row(ADMINISTRATOR, "console.act"),
    ("POST", "/console/held/<reason>"): Row(ADMINISTRATOR, "console.act", form=True),
    ("GET", "/console/reports"): Row(READER, "console.reports"),
    ("POST", "/console/reports"): Row(READER, "console.reports", form=True),
    ("GET", "/console/reports/<report_id>"): Row(READER, "console.report"),
    ("GET", "/console/reports/<report_id>/parts/<int:number>"): Row(READER, "console.report"),
    ("GET", "/console/messages"): Row(READER, "console.messages"),
    ("GET", "/console/messages/<message_id>"): Row(READER, "console.messages"),
    ("POST", "/console/messages/<message_id>"): Row(ADMINISTRATOR, "console.messages", form=True),
    ("GET", "/console/sessions"): Row(ADMINISTRATOR, "console.opened"),
    ("POST", "/console/sessions/end"): Row(ADMINISTRATOR, "session.revoked", form=True),
    ("GET", "/console/relay"): Row(READER, "console.relay"),
    ("GET", "/console/relay/<request_id>"): Row(READER, "console.relay"),
    ("POST", "/console/relay/messages/<message_id>"): Row(ADMINISTRATOR, "console.relay", form=True),
    # Systems with a key
    ("POST", "/api/reports"): Row(SITE_KEY),
    ("GET", "/api/reports/<report_id>"): Row(SITE_KEY),
    ("DELETE", "/api/reports/<report_id>"): Row(SITE_KEY),
    ("POST", "/api/relay/requests"): Row(ANY_KEY),
    ("GET", "/api/relay/requests"): Row(ANY_KEY),
    ("GET", "/api/relay/requests/<request_id>"): Row(ANY_KEY),
    ("GET", "/api/relay/requests/<request_id>/messages/<message_id>"): Row(ANY_KEY),
    ("GET", "/api/relay/requests/<request_id>/messages/<message_id>/documents/<int:number>"): Row(ANY_KEY),
    ("GET", "/api/relay/requests/<request_id>/messages/<message_id>/hl7"): Row(ANY_KEY),
    ("POST", "/api/relay/requests/<request_id>/messages/<message_id>/received"): Row(ANY_KEY),
}
"""The pages, by method and rule."""

TOKEN = "A" * 43
BARE: dict[tuple[str, str], Row] = {
    ("GET", f"/viewer/{TOKEN}/frames/0/0"): Row(HANDLE),
    ("GET", f"/viewer/{TOKEN}/frames/0/0/1"): Row(HANDLE),
    ("GET", f"/viewer/{TOKEN}/metadata/0"): Row(HANDLE),
    ("GET", f"/viewer/{TOKEN}/thumbnails/0"): Row(HANDLE),
    ("GET", f"/viewer/{TOKEN}/rendered/0/0"): Row(HANDLE),
    ("GET", f"/viewer/{TOKEN}/objects/0/0"): Row(HANDLE),
    ("GET", f"/viewer/{TOKEN}/document/0/0"): Row(HANDLE),
    ("GET", f"/viewer/{TOKEN}/dicom-web/studies"): Row(HANDLE),
    ("GET", f"/viewer/{TOKEN}/dicom-web/studies/1.2.3/metadata"): Row(HANDLE),
    ("GET", "/dicom-web/studies?StudyInstanceUID=1.2.3"): Row(PEER, "images.retrieved"),
    ("GET", "/dicom-web/studies/1.2.3"): Row(PEER, "images.retrieved"),
    ("GET", "/dicom-web-rs/studies/1.2.3/series/1.2.4/metadata"): Row(PEER, "images.retrieved"),
    ("POST", "/rad69"): Row(PEER, "images.retrieved"),
    **{("GET", path): Row(WATCHER) for path in HEALTH_PATHS},
}
"""What is served beside the pages, by examples of each form."""

_VALUES = {
    "token": TOKEN,
    "series": "0",
    "instance": "0",
    "number": "0",
    "share_id": "share-2",
    "act": "replay",
    "reason": "patient_differs",
    "report_id": "report-1",
    "message_id": "message-1",
    "request_id": "request-1",
    "name": "patients",
    "filename": "icon.svg",
}


def address(rule: str) -> str:
    """An address that the rule is about."""
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: _VALUES[found[1]], rule)


ALL = {(method, address(rule)): row for (method, rule), row in {**ROUTES, **BARE}.items()}


def of(*who: str) -> list[tuple[str, str]]:
    return sorted(key for key, row in ALL.items() if row.who in who)


@dataclass
class Web:
    """The site with every part that it may have."""

    site: Site
    application: Any

    def ask(self, method: str, path: str, token: str = "", **sent: Any) -> TestResponse:
        one = Client(self.application, use_cookies=True)
        if token:
            one.set_cookie("gateway-session", token, domain="127.0.0.1")
        return one.open(path, method=method, base_url=URL, **sent)

    def form(self, method: str, path: str, token: str, csrf: str = CSRF, site: str = "same-origin") -> TestResponse:
        return self.ask(method, path, token, data={"csrf_token": csrf}, headers={"Sec-Fetch-Site": site})

    def done(self) -> tuple[object, ...]:
        """What somebody could have brought about."""
        site = self.site
        return (list(site.acts.done), list(site.received), dict(site.sessions.handles), list(site.sessions.glass))


def _never(*_: object) -> Any:
    raise AssertionError("nobody who may not has come so far")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Web:
    """Made once: it takes longer than a request."""
    site = build(tmp_path_factory.mktemp("routes"), URL, "http://127.0.0.1:8090")
    site.store.shares = [overview(ShareState.HELD, 2, "patient_differs")]
    peer = ImagePeer(name="box", key_sha256=hashlib.sha256(PEER_KEY.encode()).hexdigest())
    site.parts = replace(
        site.parts,
        doors=ImageDoors(shared=SharedList(), peers=(peer,), rad69=True),
        relay=Mock(spec=RelayParts),
        # Nobody here is at an address of the settings.
        health=HealthParts(networks=(ip_network("192.0.2.0/24"),), ready=_never, metrics=_never),
    )
    return Web(site, create_app(site.parts))


@pytest.fixture
def web(made: Web) -> Web:
    site = made.site
    for kept in (site.store.events, site.sessions.events, site.sessions.sessions, site.acts.done, site.received):
        kept.clear()
    return made


def test_every_address_has_its_row_and_every_row_its_address(web: Web) -> None:
    rules = {
        (method, rule.rule)
        for rule in web.application._pages.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert rules == set(ROUTES)
    served = web.application._bare
    for _, path in BARE:
        plain = path.partition("?")[0]
        assert served.of(plain) is not None or plain in HEALTH_PATHS, path


def test_every_form_of_an_address_beside_the_pages_has_a_row() -> None:
    from gateway.web.doors import rad69, wado_paths
    from gateway.web.viewer import frames, pictures

    named = [path.partition("?")[0] for _, path in BARE]
    for pattern in (frames.PATH, pictures.PATH, wado_paths.PATH):
        assert any(pattern.fullmatch(path) for path in named), pattern.pattern
    for kind in re.findall(r"[a-z]{6,}", pictures.PATH.pattern.replace("viewer", "")):
        assert any(f"/{kind}/" in path for path in named), kind
    assert rad69.PATH in named


@pytest.mark.parametrize(("method", "path"), of(PROVIDER, SESSION, HANDLE, READER, ADMINISTRATOR, PEER))
def test_a_stranger_gets_nothing(web: Web, method: str, path: str) -> None:
    row, before = ALL[method, path], web.done()
    answer = web.ask(method, path)
    if row.who in (READER, ADMINISTRATOR) and method == "GET" and not row.fragment:
        # A login begins; here it cannot, for the provider is away.
        assert answer.status_code == 502
    elif path == "/logout":
        assert (answer.status_code, answer.headers["Location"]) == (303, "/signed-out")
    else:
        assert answer.status_code == (400 if path == "/login/back-channel" else 404 if row.who == PROVIDER else 401)
    assert web.done() == before
    assert "SC26" not in answer.text


@pytest.mark.parametrize(("method", "path"), of(READER, ADMINISTRATOR))
def test_a_professional_without_a_role_gets_nothing_of_the_console(web: Web, method: str, path: str) -> None:
    row, token = ALL[method, path], sign_in(web.site)
    answer = web.form(method, path, token)
    assert answer.status_code == 403
    assert "SC26" not in answer.text
    assert not web.site.acts.done
    if row.audit:
        assert [event.action for event in web.site.events()] == [row.audit]
        assert web.site.events()[0].actor == REFERRER.identifier


@pytest.mark.parametrize(("method", "path"), of(ADMINISTRATOR))
def test_a_reader_acts_on_nothing(web: Web, method: str, path: str) -> None:
    token = sign_in(web.site, RADIOLOGIST.identifier, frozenset({"reader"}))
    assert web.form(method, path, token).status_code == 403
    assert not web.site.acts.done
    assert [event.action for event in web.site.events()] == [ALL[method, path].audit]


@pytest.mark.parametrize(("method", "path"), [key for key, row in ALL.items() if row.form])
@pytest.mark.parametrize(
    ("csrf", "origin"), [("", "same-origin"), ("d" * 43, "same-origin"), (CSRF, "cross-site"), (CSRF, "same-site")]
)
def test_a_form_that_is_not_ours_changes_nothing(web: Web, method: str, path: str, csrf: str, origin: str) -> None:
    token = sign_in(web.site, RADIOLOGIST.identifier, frozenset({"administrator"}))
    before = web.done()
    assert web.form(method, path, token, csrf, origin).status_code == 403
    assert web.done() == before
    assert web.site.sessions.sessions, "the session is still there"
    assert [event for event in web.site.events() if event.action not in ("console.act",)] == []


def test_every_post_of_a_session_is_a_form_of_ours() -> None:
    posts = {key for key, row in ALL.items() if key[0] != "GET" and row.who in (SESSION, HANDLE, READER, ADMINISTRATOR)}
    assert posts == {key for key, row in ALL.items() if row.form}


@pytest.mark.parametrize(("method", "path"), of(HANDLE))
def test_a_handle_of_nobody_is_unknown_to_who_is_logged_in(web: Web, method: str, path: str) -> None:
    assert web.ask(method, path, sign_in(web.site)).status_code == 404


@pytest.mark.parametrize(("method", "path"), of(SITE_KEY, ANY_KEY))
@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        f"Bearer {'x' * 43}",
        f"Basic {KEY}",
        f"Bearer {KEY}x",
        f"Bearer {KEY[:-1]}",
        f"Bearer {KEY.upper()}",
        f"Bearer {KEY} {KEY}",
        f"Bearer {hashlib.sha256(KEY.encode()).hexdigest()}",
        f"Bearer {PEER_KEY}",
        KEY,
    ],
)
def test_who_has_no_key_gets_nothing(web: Web, method: str, path: str, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    administrator = sign_in(web.site, RADIOLOGIST.identifier, frozenset({"administrator"}))
    for token in ("", administrator):
        answer = web.ask(method, path, token, headers=headers, data=b"<x/>", content_type="application/xml")
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert web.site.received == []


@pytest.mark.parametrize(("method", "path"), of(SITE_KEY))
def test_a_key_opens_what_is_its_own(web: Web, method: str, path: str) -> None:
    def status(key: str) -> int:
        headers = {"Authorization": f"Bearer {key}"}
        return web.ask(method, path, headers=headers, data=b"<x/>", content_type="application/xml").status_code

    assert status(PLATFORM_KEY) == 403
    if method != "POST":
        assert status(OTHER_KEY) == 404


@pytest.mark.parametrize(("method", "path"), of(PEER))
def test_a_key_of_another_kind_opens_no_image(web: Web, method: str, path: str) -> None:
    for key in (KEY, PLATFORM_KEY, PEER_KEY + "x"):
        answer = web.ask(method, path, headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 401
    assert web.ask(method, path, headers={"Authorization": f"Bearer {PEER_KEY}"}).status_code != 401


@pytest.mark.parametrize("path", sorted({path for _, path in ALL}))
def test_no_other_method_is_answered(web: Web, path: str) -> None:
    """Nor is one that a header or a field would put in the place of the request's own."""
    offered = {method for method, other in ALL if other == path}
    before = web.done()
    token = sign_in(web.site, RADIOLOGIST.identifier, frozenset({"administrator"}))
    for method in {"PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "POST"} - offered:
        assert web.form(method, path, token).status_code in (401, 404, 405), method
    for method in {"POST", "DELETE"} & offered:
        for header in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
            if "GET" not in offered:
                answer = web.ask("GET", path, token, headers={header: method}, query_string={"_method": method})
                assert answer.status_code in (401, 404, 405)
    assert web.done() == before


@pytest.mark.parametrize(("method", "path"), sorted(ALL))
def test_every_answer_carries_the_guards(web: Web, method: str, path: str) -> None:
    answers = [web.ask(method, path), web.form(method, path, sign_in(web.site, roles=frozenset({"administrator"})))]
    for answer in answers:
        headers = answer.headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        # Documents are held by our own pages; everything else by nobody.
        assert re.search("frame-ancestors '(none|self)'", headers["Content-Security-Policy"])
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        if not path.startswith("/static"):
            assert headers["Cache-Control"] == "no-store"
        assert not [name for name, _ in headers if name.lower().startswith("access-control-")]
        answer.close()


def _variants(path: str) -> Iterable[str]:
    """The same address as a proxy and a server may read it differently."""
    yield f"/{path}"
    yield f"{path}/"
    yield f"/.{path}"
    yield f"/static/..{path}"
    yield f"/static/%2e%2e{path}"
    yield f"{path};x=y"
    yield path.replace("/", "/%2F", 1)
    yield "%2F".join(path.rsplit("/", 1))
    yield path.upper()
    yield f"{path}%00"
    yield f"{path}%0A"


def test_a_login_leads_back_to_no_address_that_nobody_could_have_written(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = []
    monkeypatch.setattr(Access, "begin", lambda self, back: begun.append(back) or Response(status=303))
    for path in ("/console/held/a%00b", "/console/held/a%0d%0aSet-Cookie:%20x=y", "/console/shares/%09x"):
        assert web.ask("GET", path).status_code == 303
    assert begun == ["/console"] * 3
    web.ask("GET", "/console/held/é")
    assert begun[-1] == "/console/held/é"


@pytest.mark.parametrize("path", sorted(path for _, path in of(HANDLE, READER, ADMINISTRATOR, PEER)))
def test_no_other_way_of_writing_an_address_leads_behind_its_guard(web: Web, path: str) -> None:
    for written in _variants(path.partition("?")[0]):
        answer = web.ask("GET", written)
        assert answer.status_code in (308, 400, 401, 404, 405, 502), written
        assert "SC26" not in answer.text
        if answer.status_code == 308:
            assert answer.headers["Location"].startswith(f"{URL}/")


@pytest.mark.parametrize(
    "path", ["//evil.example/console", "///evil.example", "/\\evil.example", "//evil.example/%2e%2e"]
)
def test_an_address_that_looks_like_another_host_leads_to_none(web: Web, path: str) -> None:
    environ = EnvironBuilder(base_url=URL).get_environ()
    environ["PATH_INFO"] = environ["REQUEST_URI"] = environ["RAW_URI"] = path
    answer = Client(web.application).open(environ)
    assert answer.status_code in (308, 404, 502)
    assert urlsplit(answer.headers.get("Location", URL)).netloc == urlsplit(URL).netloc
