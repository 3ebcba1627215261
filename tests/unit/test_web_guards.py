"""Headers, cookies, hosts, posts, settings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import SettingsError
from gateway.web.headers import cookie_name, host_is_ours, post_is_ours, security_headers, set_cookie
from gateway.web.openid.http import may_be_asked
from gateway.web.parts import IntakeKey, WebSettings
from gateway.web.tokens import digest, is_token, new_token

PUBLIC = WebSettings(public_url="https://images.example.org", other_hosts=("gateway.local:8080",))
LOCAL = WebSettings(public_url="http://127.0.0.1:8080")


def test_the_policy_lets_in_our_own_scripts_only() -> None:
    headers = dict(security_headers(PUBLIC, ("https://login.example.org",)))
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self' https://login.example.org" in policy
    assert "unsafe" not in policy
    assert headers["Strict-Transport-Security"]
    assert "Strict-Transport-Security" not in dict(security_headers(LOCAL))


def test_pages_may_be_framed_by_the_origins_of_the_settings() -> None:
    settings = WebSettings(public_url="https://images.example.org", frame_ancestors=("https://dpi.example.org",))
    assert "frame-ancestors https://dpi.example.org;" in dict(security_headers(settings))["Content-Security-Policy"]


def test_cookies_are_bound_to_the_host_and_out_of_reach_of_scripts() -> None:
    cookie = set_cookie(PUBLIC, "gateway-session", "value")
    assert cookie == "__Host-gateway-session=value; Secure; HttpOnly; Path=/; SameSite=Lax"
    assert set_cookie(LOCAL, "gateway-session", "value") == "gateway-session=value; HttpOnly; Path=/; SameSite=Lax"
    assert cookie_name(LOCAL, "x") == "x"


@pytest.mark.parametrize(
    ("settings", "host", "ours"),
    [
        (PUBLIC, "images.example.org", True),
        (PUBLIC, "IMAGES.example.org", True),
        (PUBLIC, "images.example.org:443", True),
        (PUBLIC, "gateway.local:8080", True),
        (PUBLIC, "images.example.org:8080", False),
        (PUBLIC, "gateway.local", False),
        (PUBLIC, "127.0.0.1", False),
        (PUBLIC, "evil.example", False),
        (PUBLIC, "images.example.org.evil.example", False),
        (PUBLIC, "images.example.org@evil.example", False),
        (PUBLIC, "evil@images.example.org", False),
        (PUBLIC, "", False),
        (PUBLIC, "images.example.org:x", False),
        (LOCAL, "localhost:9999", True),
        (LOCAL, "[::1]:8080", True),
        (LOCAL, "127.0.0.1.evil.example:8080", False),
        (LOCAL, "evil.example:8080", False),
    ],
)
def test_only_our_own_names_are_answered(settings: WebSettings, host: str, ours: bool) -> None:
    assert host_is_ours(settings, host) is ours


@given(st.text(max_size=80))
def test_any_host_header_is_judged_without_an_error(host: str) -> None:
    host_is_ours(LOCAL, host)
    assert not host_is_ours(PUBLIC, host) or "images.example.org" in host.lower() or "gateway.local" in host.lower()


@pytest.mark.parametrize(
    ("environ", "sent", "ours"),
    [
        ({"HTTP_SEC_FETCH_SITE": "same-origin", "HTTP_ORIGIN": "null"}, "token", True),
        ({"HTTP_SEC_FETCH_SITE": "same-origin", "HTTP_ORIGIN": "https://images.example.org"}, "token", True),
        ({}, "token", True),
        ({"HTTP_SEC_FETCH_SITE": "same-origin"}, "other", False),
        ({"HTTP_SEC_FETCH_SITE": "same-origin"}, "", False),
        ({"HTTP_SEC_FETCH_SITE": "cross-site"}, "token", False),
        ({"HTTP_SEC_FETCH_SITE": "same-site"}, "token", False),
        ({"HTTP_SEC_FETCH_SITE": "none"}, "token", False),
        ({"HTTP_ORIGIN": "null"}, "token", False),
        ({"HTTP_ORIGIN": "https://evil.example"}, "token", False),
        ({"HTTP_ORIGIN": "http://images.example.org"}, "token", False),
    ],
)
def test_a_post_must_come_from_a_form_of_ours(environ: dict[str, str], sent: str, ours: bool) -> None:
    assert post_is_ours(PUBLIC, environ, sent, "token") is ours  # type: ignore[arg-type]


def test_an_empty_token_of_a_session_matches_nothing() -> None:
    assert not post_is_ours(PUBLIC, {}, "", "")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"public_url": "https://images.example.org/"}, "web_public_url"),
        ({"public_url": "https://images.example.org/drim"}, "web_public_url"),
        ({"public_url": "https://user@images.example.org"}, "web_public_url"),
        ({"public_url": "ftp://images.example.org"}, "web_public_url"),
        ({"public_url": "images.example.org"}, "web_public_url"),
        ({"public_url": "http://images.example.org"}, "web_public_url_clear"),
        ({"frame_ancestors": ("https://a; script-src *",)}, "web_frame_ancestors"),
        ({"frame_ancestors": ("*",)}, "web_frame_ancestors"),
        ({"other_hosts": ("a/b",)}, "web_other_hosts"),
        ({"languages": ("de",)}, "web_languages"),
        ({"languages": ()}, "web_languages"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_its_name(wrong: dict[str, object], code: str) -> None:
    with pytest.raises(SettingsError) as raised:
        WebSettings(**{"public_url": "https://images.example.org", **wrong})  # type: ignore[arg-type]
    assert raised.value.code == code


def test_an_intake_key_is_known_by_a_digest() -> None:
    with pytest.raises(SettingsError):
        IntakeKey(name="ris", sha256_hex="secret", site="nord")


@pytest.mark.parametrize(
    ("url", "issuer", "may"),
    [
        ("https://login.example.org/token", "https://login.example.org", True),
        ("http://login.example.org/token", "https://login.example.org", False),
        ("http://127.0.0.1:8090/token", "http://127.0.0.1:8090", True),
        ("http://127.0.0.1:8090/token", "https://login.example.org", False),
        ("file:///etc/passwd", "https://login.example.org", False),
        ("https://user:pw@login.example.org/", "https://login.example.org", False),
        ("https://[bad", "https://login.example.org", False),
        ("", "https://login.example.org", False),
    ],
)
def test_the_provider_is_asked_by_https_or_on_loopback(url: str, issuer: str, may: bool) -> None:
    assert may_be_asked(url, issuer) is may


def test_tokens_are_long_random_and_kept_as_digests() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(is_token(token) for token in tokens)
    assert not is_token("a" * 42)
    assert not is_token("a" * 42 + "\n")
    assert digest("a") != digest("b")
