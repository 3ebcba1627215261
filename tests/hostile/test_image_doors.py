"""The images' doors against clients that play games: tokens, ranges, addresses, headers, other people's studies."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from gateway.demo.pacs import DemoPacs
from gateway.errors import PeerUnreachable
from gateway.model.access import Person
from gateway.web.doors import askers, wado_accept, wado_paths
from gateway.web.doors.askers import Introspection, IntrospectionSettings
from gateway.web.viewer import ranges
from tests.support.dicom_objects import STUDY, whole_study, write
from tests.support.dicom_scp import settings
from tests.support.image_site import ANY_SYNTAX, KEY, MANIFEST, ImageSite, box, image_site, parts_of
from tests.support.open_viewer import opened

TOKEN = "t" * 40
SECRET_STUDY = f"{STUDY}.55"


@contextmanager
def provider(
    answer: dict[str, Any], status: int = 200, userinfo: dict[str, Any] | None = None, userinfo_status: int = 200
) -> Iterator[tuple[str, list[dict[str, list[str]]]]]:
    """A provider whose introspection and userinfo say *answer*; its address and what it was asked."""
    asked: list[dict[str, list[str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            asked.append({**form, "Authorization": [self.headers.get("Authorization", "")]})
            self.say(status, answer)

        def do_GET(self) -> None:
            asked.append({"Authorization": [self.headers["Authorization"]]})
            self.say(userinfo_status, userinfo or {})

        def say(self, status: int, told: dict[str, Any]) -> None:
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/introspect", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def looking(url: str, now: list[float], *, userinfo: bool = False) -> Introspection:
    more = url.replace("introspect", "userinfo") if userinfo else ""
    settings = IntrospectionSettings(url=url, client_id="gateway", client_secret="s", userinfo_url=more)
    return Introspection(settings, lambda: now[0])


def situations(*pairs: tuple[str, str]) -> dict[str, Any]:
    """``SubjectRefPro`` with an exercise of each profession and specialty."""
    return {"exercices": [{"codeProfession": one, "codeSavoirFaire": other} for one, other in pairs]}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"SubjectRole": ["10^1.2.250.1.213.1.1.5.5"]}, ("10", "")),
        ({"profession": "60"}, ("60", "")),
        ({"SubjectRefPro": situations(("10", "SM44"))}, ("10", "SM44")),
        ({"SubjectRefPro": situations(("10", "SM44"), ("10", "SM26"))}, ("10", "")),
        ({"SubjectRefPro": situations(("10", "SM44"), ("21", "")), "SubjectRole": "21^x"}, ("21", "")),
        ({"SubjectRefPro": situations(("10", "SM44"), ("21", ""))}, ("", "")),
        ({"SubjectRole": 10, "SubjectRefPro": "10"}, ("", "")),
    ],
)
def test_the_profession_of_a_token_is_what_the_provider_says_beyond_doubt(
    told: dict[str, Any], expected: tuple[str, str]
) -> None:
    with provider({"active": True, "sub": "f:1", **told}) as (url, _):
        person = looking(url, [0.0])(TOKEN)
    assert person is not None
    assert (person.profession, person.specialty) == expected
    assert not person.must_choose


def test_who_has_no_profession_by_introspection_is_asked_for_by_userinfo() -> None:
    known = {"sub": "f:1", "SubjectNameID": "899700000011", "SubjectRole": ["10^1.2.250.1.213.1.1.5.5"]}
    with provider({"active": True, "sub": "f:1"}, userinfo=known) as (url, asked):
        person = looking(url, [0.0], userinfo=True)(TOKEN)
        assert person is not None
        assert (person.identifier, person.profession) == ("899700000011", "10")
        assert asked[1] == {"Authorization": [f"Bearer {TOKEN}"]}
    with provider({"active": True, "sub": "f:2"}, userinfo=known) as (url, _), pytest.raises(PeerUnreachable):
        looking(url, [0.0], userinfo=True)(TOKEN)
    with provider({"active": True, "sub": "f:1"}, userinfo_status=403) as (url, _):
        person = looking(url, [0.0], userinfo=True)(TOKEN)
        assert person is not None
        assert not person.profession
    with provider({"active": False}, userinfo=known) as (url, asked):
        assert looking(url, [0.0], userinfo=True)(TOKEN) is None
        assert len(asked) == 1, "a token that is not good is shown to nobody else"


@pytest.mark.parametrize(
    "told",
    [{"typ": "ID"}, {"typ": "Refresh"}, {"token_type": "refresh_token"}, {"typ": "Logout", "token_type": "Bearer"}],
)
def test_a_token_that_is_for_something_else_opens_nothing(told: dict[str, str]) -> None:
    """An ID token is seen by whoever sees the address of a logout."""
    person = {"active": True, "sub": "f:1", "SubjectNameID": "899700000011"}
    with provider({**person, **told}) as (url, _):
        assert looking(url, [0.0])(TOKEN) is None
    with provider({**person, "typ": "Bearer", "token_type": "Bearer"}) as (url, _):
        assert looking(url, [0.0])(TOKEN) is not None


def test_a_token_of_nobody_stands_for_nobody() -> None:
    with provider({"active": True}) as (url, _):
        assert looking(url, [0.0])(TOKEN) is None


def test_an_active_token_stands_for_a_person_until_its_end() -> None:
    now = [1000.0]
    told = {"active": True, "exp": 1010, "sub": "f:1", "SubjectNameID": "899700000011"}
    with provider(told) as (url, asked):
        look = looking(url, now)
        person = look(TOKEN)
        assert person is not None
        assert person.identifier == "899700000011"
        assert look(TOKEN) == person
        assert len(asked) == 1
        assert asked[0]["token"] == [TOKEN]
        now[0] = 1011.0
        assert look(TOKEN) is None
        assert len(asked) == 2


@pytest.mark.parametrize("told", [{}, {"active": False}, {"active": "true"}, {"active": True, "exp": 5}])
def test_a_token_that_is_not_active_stands_for_nobody(told: dict[str, Any]) -> None:
    with provider(told) as (url, _):
        assert looking(url, [1000.0])(TOKEN) is None


def test_a_token_is_good_until_its_end_and_not_at_it() -> None:
    now = [999.0]
    with provider({"active": True, "sub": "f:1", "exp": 1000}) as (url, asked):
        look = looking(url, now)
        assert look(TOKEN) is not None
        assert look.remembered(TOKEN) is not None
        assert look.remembered("x" * 40) is None
        now[0] = 1000.0
        assert look.remembered(TOKEN) is None
        assert look(TOKEN) is None
        assert len(asked) == 2


def test_an_answer_without_an_end_is_good_for_half_a_minute() -> None:
    now = [0.0]
    with provider({"active": True, "sub": "f:1"}) as (url, asked):
        look = looking(url, now)
        look(TOKEN)
        now[0] = 29.9
        look(TOKEN)
        assert len(asked) == 1
        now[0] = 30.0
        look(TOKEN)
        assert len(asked) == 2


def test_what_is_remembered_of_tokens_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(askers, "_REMEMBERED", 3)
    with provider({"active": True, "sub": "f:1"}) as (url, _):
        look = looking(url, [0.0])
        for number in range(7):
            look(f"{number}" * 40)
            assert look.remembered(f"{number}" * 40) is not None
            assert len(look._known) <= 3


def test_the_gateway_says_who_it_is_by_its_secret_or_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing else says it: neither a proxy nor a password of the environment."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    with provider({"active": True, "sub": "f:1"}) as (url, asked):
        assert looking(url, [0.0])(TOKEN) is not None
        assert Introspection(IntrospectionSettings(url=url, client_id="gateway"), lambda: 0.0)(TOKEN) is not None
    by_secret, by_name = asked
    assert by_secret["Authorization"] == ["Basic Z2F0ZXdheTpz"]
    assert "client_id" not in by_secret
    assert by_name["Authorization"] == [""]
    assert (by_name["client_id"], by_name["token_type_hint"]) == (["gateway"], ["access_token"])


@pytest.mark.parametrize("status", [302, 307])
def test_a_provider_that_sends_us_on_is_not_followed_with_the_token(status: int) -> None:
    with provider({"active": True, "sub": "f:1"}, status) as (url, asked):
        with pytest.raises(PeerUnreachable):
            looking(url, [0.0])(TOKEN)
        assert len(asked) == 1


@pytest.mark.parametrize(("status", "silent"), [(401, True), (403, True), (402, False), (404, False), (500, False)])
def test_a_token_that_does_not_reach_userinfo_has_no_profession_and_a_failure_is_none(
    status: int, silent: bool
) -> None:
    with provider({"active": True, "sub": "f:1"}, userinfo_status=status) as (url, _):
        look = looking(url, [0.0], userinfo=True)
        if silent:
            person = look(TOKEN)
            assert person is not None
            assert person.profession == ""
        else:
            with pytest.raises(PeerUnreachable):
                look(TOKEN)


def test_userinfo_is_asked_only_for_what_introspection_does_not_say() -> None:
    with provider({"active": True, "sub": "f:1", "SubjectRole": "10^x"}, userinfo={"sub": "f:1"}) as (url, asked):
        assert looking(url, [0.0], userinfo=True)(TOKEN) is not None
        assert len(asked) == 1
    known = {"sub": "f:1", "SubjectRole": "10^x", "SubjectNameID": "899700000022"}
    with provider({"active": True, "sub": "f:1", "SubjectNameID": "899700000011"}, userinfo=known) as (url, _):
        person = looking(url, [0.0], userinfo=True)(TOKEN)
        assert person is not None
        assert (person.identifier, person.profession) == ("899700000011", "10"), "the first answer counts"


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"sub": "f:1", "iss": "https://i"}, ("f:1", "", "https://i")),
        ({"SubjectNameID": "899700000011", "iss": 7}, ("899700000011", "899700000011", "")),
        ({"sub": "f:1", "SubjectNameID": "899700000011"}, ("f:1", "899700000011", "")),
    ],
)
def test_a_token_stands_for_whom_its_claims_name(told: dict[str, Any], expected: tuple[str, str, str]) -> None:
    with provider({"active": True, **told}) as (url, _):
        person = looking(url, [0.0])(TOKEN)
    assert person is not None
    assert (person.subject, person.identifier, person.issuer) == expected


def test_a_provider_that_does_not_say_is_no_yes() -> None:
    with provider({"active": True}, 500) as (url, _), pytest.raises(PeerUnreachable):
        looking(url, [0.0])(TOKEN)
    with pytest.raises(PeerUnreachable):
        looking("http://127.0.0.1:9/x", [0.0])(TOKEN)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImageSite]:
    folder = tmp_path_factory.mktemp("pacs")
    write(folder, [*whole_study(), *whole_study(SECRET_STUDY)])
    pacs = DemoPacs(folder, "PACS")
    pacs.start()

    def away(token: str) -> None:
        raise PeerUnreachable("wado_introspection")

    with image_site(tmp_path_factory.mktemp("web"), settings(pacs.port), STUDY, introspect=away) as made:
        yield made
    pacs.stop()


def test_a_provider_that_is_away_is_not_an_open_door(site: ImageSite) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "KOS-SOPInstanceUID": MANIFEST, "Accept": ANY_SYNTAX}
    assert requests.get(f"{site.url}/studies/{STUDY}", headers=headers, timeout=10).status_code == 503


def test_what_is_not_shared_looks_like_what_does_not_exist(site: ImageSite) -> None:
    with box() as peer:
        answers = [
            peer.get(f"{site.url}/studies/{uid}{rest}", headers={"Accept": "*/*"})
            for uid in (SECRET_STUDY, "1.2.3")
            for rest in ("", "/metadata", "/series", f"/series/{uid}.1", f"/series/{uid}.1/instances/{uid}.1.1")
        ]
    assert {(one.status_code, one.content) for one in answers} == {(404, answers[0].content)}


def test_the_series_of_one_study_is_not_given_under_another(site: ImageSite) -> None:
    with box() as peer:
        for path in (f"series/{SECRET_STUDY}.1", f"series/{STUDY}.1/instances/{SECRET_STUDY}.1.1"):
            assert peer.get(f"{site.url}/studies/{STUDY}/{path}").status_code == 404


def test_a_handle_opens_its_own_studies_for_its_own_session_alone(site: ImageSite) -> None:
    with requests.Session() as visitor, requests.Session() as stranger:
        visitor.trust_env = stranger.trust_env = False
        viewer = opened(site.site, visitor, STUDY)
        opened(site.site, stranger, STUDY)
        url = f"{viewer}/dicom-web/studies"
        assert visitor.get(f"{url}/{SECRET_STUDY}").status_code == 404
        assert stranger.get(f"{url}/{STUDY}").status_code == 404
        assert requests.get(f"{url}/{STUDY}", timeout=10).status_code == 401
        listed = visitor.get(f"{url}?StudyInstanceUID={SECRET_STUDY}", headers={"Accept": "application/dicom+json"})
        assert listed.status_code == 204
        assert visitor.get(f"{viewer}/objects/0/0", headers={"Range": "bytes=99999999-"}).status_code == 416


@pytest.mark.parametrize(
    ("header", "status", "length"),
    [("bytes=0-3", 206, 4), ("bytes=-5", 206, 5), ("bytes=0-1,4-5", 200, 0), ("bytes=5-1", 200, 0), ("x=1", 200, 0)],
)
def test_a_part_of_an_object_is_the_part_that_was_asked(site: ImageSite, header: str, status: int, length: int) -> None:
    with requests.Session() as visitor:
        visitor.trust_env = False
        viewer = opened(site.site, visitor, STUDY)
        whole = visitor.get(f"{viewer}/objects/0/0").content
        answer = visitor.get(f"{viewer}/objects/0/0", headers={"Range": header})
        assert answer.status_code == status
        assert len(answer.content) == (length or len(whole))
        assert answer.content in whole
        assert whole[128:132] == b"DICM"


def test_no_answer_may_be_kept_or_shown_elsewhere(site: ImageSite) -> None:
    with box() as peer:
        for path in (f"studies/{STUDY}", f"studies/{STUDY}/series/{STUDY}.1/metadata", "studies/1.2"):
            answer = peer.get(f"{site.url}/{path}", headers={"Accept": "*/*", "Origin": "https://evil.example"})
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert "Access-Control-Allow-Origin" not in answer.headers


def test_another_host_name_gets_nothing(site: ImageSite) -> None:
    parts = urlsplit(site.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    connection.request("GET", f"/dicom-web/studies/{STUDY}", headers={"Host": "evil.example", "Authorization": KEY})
    assert connection.getresponse().status == 421
    connection.close()


def test_a_token_that_expires_in_a_long_transfer_ends_after_it(site: ImageSite, tmp_path: Path) -> None:
    """Who was let in is given what was asked for, whole: a transfer cut off there would look like a fault of the PACS.
    The next request is refused."""
    good = [True]
    person = Person(subject="f:1", issuer="i", identifier="899700000011", name="Zoé Test", profession="10")
    pacs = site.source.settings
    with (
        image_site(tmp_path, pacs, STUDY, introspect=lambda token: person if good[0] else None) as own,
        requests.Session() as peer,
    ):
        peer.trust_env = False
        headers = {"Authorization": f"Bearer {TOKEN}", "Accept": ANY_SYNTAX, "KOS-SOPInstanceUID": MANIFEST}
        answer = peer.get(f"{own.url}/studies/{STUDY}", headers=headers, stream=True, timeout=30)
        assert answer.status_code == 200
        pieces = answer.iter_content(1000)
        begun = next(pieces)
        good[0] = False
        rest = b"".join(pieces)
        mark = answer.headers["Content-Type"].partition('boundary="')[2].partition('"')[0].encode()
        assert (begun + rest).rstrip().endswith(b"--" + mark + b"--")
        assert peer.get(f"{own.url}/studies/{STUDY}", headers=headers, timeout=30).status_code == 401


def test_headers_that_claim_an_identity_are_not_believed(site: ImageSite) -> None:
    claimed = {"X-Forwarded-User": "admin", "X-SSL-Client-S-DN": "CN=box", "X-Forwarded-Client-Cert": "Hash=0"}
    assert requests.get(f"{site.url}/studies/{STUDY}", headers=claimed, timeout=10).status_code == 401


@pytest.mark.parametrize(
    "accept",
    [
        'multipart/related; type="application/dicom"; transfer-syntax=' + "9" * 5000,
        "a/b," * 2000,
        '"' * 3000,
        ";" * 5000,
    ],
)
def test_an_accept_without_sense_is_answered_quickly(site: ImageSite, accept: str) -> None:
    with box() as peer:
        answer = peer.get(f"{site.url}/studies/{STUDY}", headers={"Accept": accept}, timeout=10)
    assert answer.status_code in (200, 400, 406, 431)


def test_a_reader_that_leaves_frees_its_place(site: ImageSite) -> None:
    parts = urlsplit(site.url)
    for _ in range(30):
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
        headers = {"Authorization": f"Bearer {KEY}", "Accept": ANY_SYNTAX}
        connection.request("GET", f"{parts.path}/studies/{STUDY}", headers=headers)
        connection.sock.close()
        connection.close()
    with box() as peer:
        answer = peer.get(f"{site.url}/studies/{STUDY}")
    assert answer.status_code == 200
    assert len(parts_of(answer)) == 9


@given(st.text(max_size=200))
def test_any_accept_and_any_address_are_read_without_a_failure(text: str) -> None:
    for one in wado_accept.ranges(text):
        assert 0 <= one.quality <= 1
    wado_paths.resource("/dicom-web/" + text)


@given(st.text(max_size=40), st.integers(0, 1000))
def test_a_range_never_leaves_the_body(header: str, size: int) -> None:
    for text in (header, f"bytes={header}"):
        try:
            found = ranges.asked(text, size)
        except ranges.NotSatisfiable:
            continue
        assert found is None or 0 <= found.start < found.stop <= size
