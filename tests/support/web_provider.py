"""An identity provider that can be told to lie, each lie one that a client must not believe."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from gateway.web.openid.client import OpenIdConnect, OpenIdSettings
from tests.support.web import SystemClock, bound_socket, serving

SUBJECT = "f:demo:810999000028"
KEY = RSAKey.generate_key(2048, {"use": "sig"}, auto_kid=True)
OTHER = RSAKey.generate_key(2048, {"use": "sig"}, auto_kid=True)
CURVE = ECKey.generate_key("P-256", {"use": "sig"}, auto_kid=True)


@dataclass
class Lies:
    """What the provider says; a test changes it."""

    url: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    token: Callable[[dict[str, Any]], str] = lambda claims: jwt.encode({"alg": "RS256", "kid": KEY.kid}, claims, KEY)
    keys: list[dict[str, Any]] = field(default_factory=lambda: [dict(KEY.as_dict(private=False))])
    metadata: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=lambda: {"sub": SUBJECT, "SubjectNameID": "810999000028"})
    instead: dict[str, Response] = field(default_factory=dict)
    """Answers by path, in the place of the right ones."""
    asked: list[str] = field(default_factory=list)
    token_form: dict[str, str] = field(default_factory=dict)


def application(lies: Lies) -> Flask:
    """The provider."""
    app = Flask(__name__, static_folder=None)

    @app.before_request
    def count() -> Response | None:
        lies.asked.append(request.path)
        return lies.instead.get(request.path)

    @app.get("/.well-known/openid-configuration")
    def discovery() -> dict[str, Any]:
        places = {"authorization_endpoint": "/a", "token_endpoint": "/t", "jwks_uri": "/k", "userinfo_endpoint": "/u"}
        return {"issuer": lies.url, **{name: lies.url + path for name, path in places.items()}, **lies.metadata}

    @app.get("/k")
    def keys() -> dict[str, Any]:
        return {"keys": lies.keys}

    @app.post("/t")
    def token() -> dict[str, Any]:
        lies.token_form = request.form.to_dict()
        now = int(time.time())
        claims = {
            "iss": lies.url,
            "sub": SUBJECT,
            "aud": "gateway",
            "iat": now,
            "exp": now + 120,
            "nonce": "right nonce",
            **lies.claims,
        }
        return {
            "access_token": "access",
            "token_type": "Bearer",
            "id_token": lies.token({name: value for name, value in claims.items() if name not in lies.without}),
        }

    @app.get("/u")
    def userinfo() -> dict[str, Any]:
        return lies.userinfo

    return app


@contextmanager
def lying(folder: Path, clock: Any = None) -> Iterator[tuple[Lies, OpenIdConnect]]:
    """A provider on loopback and a client that knows it."""
    sock = bound_socket()
    lies = Lies(url=f"http://127.0.0.1:{sock.getsockname()[1]}")
    secret = folder / "secret"
    secret.write_text("s3cret", encoding="utf-8")
    settings = OpenIdSettings(issuer=lies.url, client_id="gateway", client_secret_file=secret)
    with serving(application(lies), sock):
        yield lies, OpenIdConnect(settings, clock or SystemClock())


def unsigned(claims: dict[str, Any], algorithm: str = "none", key_id: str = "") -> str:
    """A token without a signature."""

    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': algorithm, 'kid': key_id, 'typ': 'JWT'})}.{part(claims)}."
