"""A provider that knows its client by a certificate (RFC 8705), as Pro Santé Connect asks: no secret leaves."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from gateway.errors import PeerUnreachable
from gateway.web.openid.client import OpenIdConnect, OpenIdSettings
from tests.support.web import SystemClock, bound_socket, serving
from tests.support.web_provider import SUBJECT, Lies, application

OURS = "imaging-gateway"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server(authority: trustme.CA, *, asks_clients: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    if asks_clients:
        authority.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@contextmanager
def provider(authority: trustme.CA) -> Iterator[tuple[Lies, Lies]]:
    """What it publishes is open to all; tokens are given at another address, to who shows a certificate."""
    open_, closed = bound_socket(), bound_socket()
    published, tokens = (Lies(url=f"https://127.0.0.1:{one.getsockname()[1]}") for one in (open_, closed))
    published.metadata = {"mtls_endpoint_aliases": {"token_endpoint": f"{tokens.url}/t"}}
    tokens.claims = {"iss": published.url, "aud": OURS}
    with (
        serving(application(published), open_, server(authority, asks_clients=False)),
        serving(application(tokens), closed, server(authority, asks_clients=True)),
    ):
        yield published, tokens


def client(url: str, folder: Path, trusted: trustme.CA, signed_by: trustme.CA) -> OpenIdConnect:
    authorities, certificate, key = folder / "ca.pem", folder / "client.pem", folder / "client.key"
    trusted.cert_pem.write_to_path(str(authorities))
    held = signed_by.issue_cert("gateway.example.org")
    held.cert_chain_pems[0].write_to_path(str(certificate))
    held.private_key_pem.write_to_path(str(key))
    settings = OpenIdSettings(
        issuer=url, client_id=OURS, authorities=str(authorities), certificate=str(certificate), key=str(key)
    )
    return OpenIdConnect(settings, SystemClock())


def logged_in(one: OpenIdConnect) -> str:
    return one.log_in(
        code="code", redirect_uri="https://g.example.org/login/callback", nonce="right nonce", code_verifier="v" * 43
    ).person.subject


def test_the_certificate_is_shown_where_the_provider_asks_for_it_and_no_secret_is(
    authority: trustme.CA, tmp_path: Path
) -> None:
    with provider(authority) as (published, tokens):
        assert logged_in(client(published.url, tmp_path, authority, authority)) == SUBJECT
        assert tokens.token_form["client_id"] == OURS
        assert "client_secret" not in tokens.token_form
        assert "/t" in tokens.asked
        assert "/t" not in published.asked, "the address for certificates is taken"


def test_a_certificate_of_another_authority_logs_nobody_in(authority: trustme.CA, tmp_path: Path) -> None:
    with provider(authority) as (published, tokens), pytest.raises(PeerUnreachable):
        logged_in(client(published.url, tmp_path, authority, trustme.CA()))
    assert not tokens.asked


def test_a_provider_of_another_authority_is_not_asked(authority: trustme.CA, tmp_path: Path) -> None:
    with provider(authority) as (published, _), pytest.raises(PeerUnreachable):
        logged_in(client(published.url, tmp_path, trustme.CA(), authority))
    assert not published.asked
