"""What an identity provider, or someone in its place, may say without being believed."""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Response
from joserfc import jwt

from gateway.errors import GatewayError, PeerMisbehaved, PeerRefused, PeerUnreachable, SettingsError
from gateway.model.access import Person
from gateway.web.openid import http as provider_http
from gateway.web.openid import provider
from gateway.web.openid.client import OpenIdConnect, OpenIdSettings
from tests.fakes.clock import StoppedClock
from tests.support.dripping import dripping
from tests.support.web import SystemClock, bound_socket
from tests.support.web_provider import CURVE, KEY, OTHER, SUBJECT, Lies, lying, unsigned

Pair = tuple[Lies, OpenIdConnect]


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with lying(tmp_path) as one:
        yield one


def person(client: OpenIdConnect) -> Person:
    return client.log_in(
        code="code", redirect_uri="http://127.0.0.1:1/login/callback", nonce="right nonce", code_verifier="v" * 43
    ).person


def test_an_honest_answer_is_believed(pair: Pair) -> None:
    lies, client = pair
    found = person(client)
    assert found.subject == SUBJECT
    assert found.identifier == "810999000028"
    assert lies.token_form["code_verifier"] == "v" * 43
    assert found.roles == frozenset()


@pytest.mark.parametrize("sign", ["ES256", "PS256"])
def test_the_other_allowed_algorithms_are_believed(pair: Pair, sign: str) -> None:
    lies, client = pair
    key = CURVE if sign == "ES256" else KEY
    lies.keys = [dict(KEY.as_dict(private=False)), dict(CURVE.as_dict(private=False))]
    lies.token = lambda claims: jwt.encode({"alg": sign, "kid": key.kid}, claims, key, algorithms=[sign])
    assert person(client).subject == SUBJECT


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another nonce"},
        {"iss": "https://evil.example"},
        {"aud": "another client"},
        {"aud": ["gateway", "another client"]},
        {"azp": "another client"},
        {"exp": 1},
        {"exp": float("nan")},
        {"exp": "tomorrow"},
        {"iat": int(time.time()) + 3600},
        {"nbf": int(time.time()) + 3600},
        {"sub": ""},
        {"sub": ["a"]},
    ],
)
def test_an_id_token_with_a_wrong_claim_is_refused(pair: Pair, claims: dict[str, Any]) -> None:
    lies, client = pair
    lies.claims = claims
    with pytest.raises(PeerMisbehaved):
        person(client)


@pytest.mark.parametrize("name", ["iss", "sub", "aud", "exp", "iat", "nonce"])
def test_an_id_token_that_lacks_a_claim_is_refused(pair: Pair, name: str) -> None:
    lies, client = pair
    lies.without = (name,)
    with pytest.raises(PeerMisbehaved):
        person(client)


def _by_public_key(claims: dict[str, Any]) -> str:
    """HS256 with the public key as its secret: the confusion of algorithms."""
    signed = unsigned(claims, "HS256", KEY.kid or "").rstrip(".")
    mark = hmac.digest(KEY.as_pem(private=False), signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(mark).rstrip(b'=').decode()}"


@pytest.mark.parametrize(
    "token",
    [
        unsigned,
        _by_public_key,
        lambda claims: jwt.encode({"alg": "RS256", "kid": KEY.kid}, claims, OTHER),
        lambda claims: jwt.encode({"alg": "RS256", "kid": OTHER.kid}, claims, OTHER),
        lambda claims: jwt.encode({"alg": "RS512", "kid": KEY.kid}, claims, KEY, algorithms=["RS512"]),
        lambda claims: jwt.encode({"alg": "RS256", "kid": KEY.kid}, claims, KEY)[:-8] + "AAAAAAAA",
        lambda claims: "not.a.token",
        lambda claims: "",
        lambda claims: "a" * 100_000,
        lambda claims: None,
    ],
)
def test_a_token_that_no_key_of_the_provider_has_signed_is_refused(pair: Pair, token: Any) -> None:
    lies, client = pair
    lies.token = token
    with pytest.raises(PeerMisbehaved):
        person(client)


def test_a_shared_secret_among_the_keys_is_passed_over(pair: Pair) -> None:
    lies, client = pair
    lies.keys = [{"kty": "oct", "kid": "x", "k": "c2VjcmV0"}, "rubbish", {"kty": "RSA", "n": 1}, *lies.keys]  # type: ignore[list-item]
    assert person(client).subject == SUBJECT
    lies.keys = lies.keys[:3]


def test_a_key_that_has_changed_is_fetched_but_an_invented_one_makes_no_flood(tmp_path: Path) -> None:
    clock = StoppedClock(SystemClock().now())
    with lying(tmp_path, clock) as (lies, client):
        person(client)
        lies.keys = [dict(OTHER.as_dict(private=False))]
        lies.token = lambda claims: jwt.encode({"alg": "RS256", "kid": OTHER.kid}, claims, OTHER)
        with pytest.raises(PeerMisbehaved):
            person(client)
        clock.forward(31)
        assert person(client).subject == SUBJECT
        lies.token = lambda claims: jwt.encode({"alg": "RS256", "kid": KEY.kid}, claims, KEY)
        for _ in range(5):
            with pytest.raises(PeerMisbehaved):
                person(client)
        assert lies.asked.count("/k") == 2


def test_userinfo_of_another_person_is_refused(pair: Pair) -> None:
    lies, client = pair
    lies.userinfo = {"sub": "someone else", "SubjectNameID": "899"}
    with pytest.raises(PeerMisbehaved):
        person(client)


def test_userinfo_cannot_overrule_what_was_signed(pair: Pair) -> None:
    lies, client = pair
    lies.claims = {"SubjectNameID": "810999000028"}
    lies.userinfo = {"sub": SUBJECT, "SubjectNameID": "810999000010", "iss": "x", "given_name": "Zoé\r\nX: y"}
    found = person(client)
    assert found.identifier == "810999000028"
    assert found.issuer == lies.url
    assert found.name == "ZoéX: y"


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/t"},
        {"token_endpoint": "file:///etc/passwd"},
        {"authorization_endpoint": None},
        {"jwks_uri": ["x"]},
        {"userinfo_endpoint": "ftp://127.0.0.1/u"},
    ],
)
def test_a_discovery_document_that_does_not_fit_is_refused(pair: Pair, metadata: dict[str, Any]) -> None:
    lies, client = pair
    lies.metadata = metadata
    with pytest.raises(PeerMisbehaved):
        person(client)


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/k", "/t", "/u"])
@pytest.mark.parametrize(
    "answer",
    [
        Response("{", mimetype="application/json"),
        Response("[" * 50_000, mimetype="application/json"),
        Response("[]", mimetype="application/json"),
        Response("oops", 500),
        Response("", 302, {"Location": "http://127.0.0.1:1/"}),
        Response(b"x" * (provider_http.ANSWER_BYTES + 1)),
        Response(b"\x1f\x8brubbish", headers={"Content-Encoding": "gzip"}),
    ],
)
def test_a_broken_answer_is_a_named_error(pair: Pair, path: str, answer: Response) -> None:
    lies, client = pair
    lies.instead[path] = answer
    with pytest.raises(GatewayError):
        person(client)


def test_a_refusal_of_the_token_endpoint_is_told_apart_from_silence(pair: Pair) -> None:
    lies, client = pair
    lies.instead["/t"] = Response(
        '{"error":"invalid_grant","error_description":"ZOÉ"}', 400, mimetype="application/json"
    )
    with pytest.raises(PeerRefused) as raised:
        person(client)
    assert raised.value.facts == {"words": "invalid_grant"}


def test_an_answer_that_drips_ends_at_the_deadline(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    lies, client = pair
    monkeypatch.setattr(provider_http, "DEADLINE_S", 0.3)

    def drip() -> Iterator[bytes]:
        for _ in range(40):
            time.sleep(0.05)
            yield b" " * 20_000

    lies.instead["/k"] = Response(drip(), mimetype="application/json")
    with pytest.raises(PeerUnreachable):
        person(client)


def test_a_provider_that_is_away_is_not_asked_by_everyone(tmp_path: Path) -> None:
    sock = bound_socket()
    port = sock.getsockname()[1]
    sock.close()
    client = OpenIdConnect(OpenIdSettings(issuer=f"http://127.0.0.1:{port}", client_id="g"), StoppedClock())
    for _ in range(3):
        with pytest.raises(PeerUnreachable):
            client.authorization_url(redirect_uri="r", state="s", nonce="n", code_verifier="v" * 43)
    assert client.end_session_url("http://127.0.0.1/signed-out") == ""


def test_what_was_published_is_kept_while_the_provider_cannot_be_read_again(tmp_path: Path) -> None:
    clock = StoppedClock(SystemClock().now())
    with lying(tmp_path, clock) as (lies, client):
        ask = {"redirect_uri": "r", "state": "s", "nonce": "n", "code_verifier": "v" * 43}
        client.authorization_url(**ask)
        lies.instead["/.well-known/openid-configuration"] = Response("", 503)
        clock.forward(provider._CACHE_S + 1)
        assert client.authorization_url(**ask).startswith(f"{lies.url}/a?")
        clock.forward(provider._STALE_S)
        with pytest.raises(PeerUnreachable):
            client.authorization_url(**ask)


@pytest.mark.parametrize(
    "wrong",
    [{"issuer": "http://login.example.org"}, {"client_id": ""}, {"client_secret_file": Path("/nowhere/at/all")}],
)
def test_wrong_settings_stop_the_start(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        OpenIdConnect(
            OpenIdSettings(**{"issuer": "https://login.example.org", "client_id": "g", **wrong}), SystemClock()
        )


@pytest.mark.parametrize("rest", [b"X-Slow: ", b"Content-Length: 9999\r\n\r\n{", b"\r\n"])
def test_an_answer_that_comes_byte_by_byte_ends_at_the_deadline(rest: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider_http, "DEADLINE_S", 0.3)
    with dripping(b"HTTP/1.1 200 OK\r\n" + rest) as port:
        client = OpenIdConnect(OpenIdSettings(issuer=f"http://127.0.0.1:{port}", client_id="g"), StoppedClock())
        with pytest.raises(PeerUnreachable):
            client.authorization_url(redirect_uri="r", state="s", nonce="n", code_verifier="v" * 43)


def test_a_clock_that_was_put_back_does_not_keep_a_provider_from_being_asked(tmp_path: Path) -> None:
    clock = StoppedClock(SystemClock().now())
    ask = {"redirect_uri": "r", "state": "s", "nonce": "n", "code_verifier": "v" * 43}
    with lying(tmp_path, clock) as (lies, client):
        lies.instead["/.well-known/openid-configuration"] = Response("", 503)
        with pytest.raises(PeerUnreachable):
            client.authorization_url(**ask)
        del lies.instead["/.well-known/openid-configuration"]
        clock.forward(-3600.0)
        assert client.authorization_url(**ask).startswith(f"{lies.url}/a?")
