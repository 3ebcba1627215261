"""The demo's identity provider: OpenID Connect on loopback, shaped like Pro Santé Connect, for two invented people.

A person is picked from a list and nobody is asked for a password, which is why it refuses to listen anywhere but on
loopback. It keeps to the rules its client must keep too: exact redirect addresses, PKCE S256, codes that are used
once and die young, ID tokens signed with a key made at the start (OpenID Connect Core 1.0 section 3.1, RFC 7636).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, unquote_plus, urlencode, urlsplit

from flask import Flask, Response, jsonify, render_template_string, request
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import WSGIRequestHandler, make_server

from gateway.demo.identity import RADIOLOGIST, REFERRER
from gateway.errors import SettingsError
from gateway.model.people import Professional

COOKIE = "demo-identity"
CODE_S = 60
TOKEN_S = 120
SESSION_S = 3600
_ENTRIES = 256


@dataclass(frozen=True, slots=True)
class DemoProfessional:
    """Someone who can log in, with the claims that Pro Santé Connect would give."""

    subject: str
    identifier: str
    given_name: str
    family_name: str
    title: str
    """What the list of the login page says."""
    role: str
    """``SubjectRole``: code of the profession and its value set."""

    @classmethod
    def of(cls, person: Professional, title: str) -> DemoProfessional:
        identifier = person.identifiers[0].extension or ""
        return cls(f"f:demo:{identifier}", identifier, person.given, person.family, title, "10^1.2.250.1.213.1.1.5.5")


PROFESSIONALS = (
    DemoProfessional.of(REFERRER, "Médecin généraliste, demandeur de l'examen"),
    DemoProfessional.of(RADIOLOGIST, "Médecin radiologue, administratrice du site"),
)
ADMINISTRATOR = PROFESSIONALS[1].identifier
"""Who opens the console in the demo's settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityProviderSettings:
    """Where the provider is and whom it serves."""

    host: str = "127.0.0.1"
    port: int = 8090
    client_id: str = "gateway"
    client_secret: str = field(repr=False)
    redirect_uris: tuple[str, ...]
    """Exact addresses that a code may be sent to."""
    signed_out_uris: tuple[str, ...] = ()
    """Exact addresses to go to after a logout."""
    professionals: tuple[DemoProfessional, ...] = PROFESSIONALS

    @property
    def issuer(self) -> str:
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


@dataclass(slots=True)
class _Shelf:
    """Things that die young: codes, access tokens, sessions."""

    life_s: float
    entries: dict[str, tuple[float, Any]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, thing: object) -> str:
        name = secrets.token_urlsafe(32)
        with self.lock:
            self.entries[name] = (time.monotonic() + self.life_s, thing)
            while len(self.entries) > _ENTRIES:
                del self.entries[next(iter(self.entries))]
        return name

    def get(self, name: str, *, take: bool = False) -> Any:
        with self.lock:
            found = self.entries.pop(name, None) if take else self.entries.get(name)
        return found[1] if found is not None and found[0] > time.monotonic() else None


@dataclass(frozen=True, slots=True)
class _Grant:
    person: DemoProfessional
    nonce: str
    challenge: str
    redirect_uri: str


class _Provider:
    def __init__(self, settings: IdentityProviderSettings) -> None:
        self.settings = settings
        self.key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
        self.codes = _Shelf(CODE_S)
        self.tokens = _Shelf(TOKEN_S)
        self.sessions = _Shelf(SESSION_S)

    def person(self, subject: str) -> DemoProfessional | None:
        return next((one for one in self.settings.professionals if one.subject == subject), None)

    def checked(self, asked: Mapping[str, str]) -> str:
        """Why an authorization request cannot be served, or nothing."""
        if asked.get("client_id") != self.settings.client_id:
            return "client_id"
        if asked.get("redirect_uri") not in self.settings.redirect_uris:
            return "redirect_uri"
        if asked.get("response_type") != "code" or "openid" not in asked.get("scope", "").split():
            return "response_type"
        if asked.get("code_challenge_method") != "S256" or len(asked.get("code_challenge", "")) != 43:
            return "code_challenge"
        return "" if asked.get("state") and asked.get("nonce") else "state"

    def granted(self, asked: Mapping[str, str], person: DemoProfessional) -> Response:
        """Back to the client with a code."""
        code = self.codes.put(_Grant(person, asked["nonce"], asked["code_challenge"], asked["redirect_uri"]))
        return _back(asked, {"code": code})

    def client_is_ours(self) -> bool:
        """Whether the caller has authenticated as the client, by header or in the form (RFC 6749 section 2.3.1)."""
        name, secret = request.form.get("client_id", ""), request.form.get("client_secret", "")
        if request.authorization is not None and request.authorization.type == "basic":
            name = unquote_plus(request.authorization.username or "")
            secret = unquote_plus(request.authorization.password or "")
        expected = self.settings.client_secret.encode()
        return name == self.settings.client_id and hmac.compare_digest(secret.encode(), expected)

    def id_token(self, grant: _Grant) -> str:
        now = int(time.time())
        claims = {
            "iss": self.settings.issuer,
            "sub": grant.person.subject,
            "aud": self.settings.client_id,
            "azp": self.settings.client_id,
            "iat": now,
            "exp": now + TOKEN_S,
            "nonce": grant.nonce,
            "acr": "eidas1",
            "preferred_username": grant.person.identifier,
        }
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)


def create_app(settings: IdentityProviderSettings) -> Flask:
    """The provider as a WSGI application."""
    provider = _Provider(settings)
    app = Flask(__name__, static_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=16 * 1024)
    _browser_routes(app, provider)
    _client_routes(app, provider)

    @app.after_request
    def guard(response: Response) -> Response:
        allowed = {f"{urlsplit(uri).scheme}://{urlsplit(uri).netloc}" for uri in settings.redirect_uris}
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none';"
            f" form-action 'self' {' '.join(sorted(allowed))}"
        )
        return response

    return app


def _browser_routes(app: Flask, provider: _Provider) -> None:
    settings = provider.settings

    @app.get("/authorize")
    def authorize() -> Response:
        asked = request.args.to_dict()
        wrong = provider.checked(asked)
        if wrong:
            return Response(f"invalid request: {wrong}\n", HTTPStatus.BAD_REQUEST, mimetype="text/plain")
        known = provider.sessions.get(request.cookies.get(COOKIE, ""))
        if known is not None and asked.get("prompt") != "login":
            return provider.granted(asked, known)
        if asked.get("prompt") == "none":
            return _back(asked, {"error": "login_required"})
        page = render_template_string(_PAGE, asked=asked, professionals=settings.professionals)
        return Response(page, mimetype="text/html")

    @app.post("/authorize")
    def chosen() -> Response:
        asked = request.form.to_dict()
        person = provider.person(asked.get("subject", ""))
        # A page of another origin must not be able to log anyone in.
        if provider.checked(asked) or request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            return Response("invalid request\n", HTTPStatus.BAD_REQUEST, mimetype="text/plain")
        if person is None or "cancelled" in asked:
            return _back(asked, {"error": "access_denied"})
        response = provider.granted(asked, person)
        response.set_cookie(COOKIE, provider.sessions.put(person), httponly=True, samesite="Lax")
        return response

    @app.get("/end-session")
    def end_session() -> Response:
        provider.sessions.get(request.cookies.get(COOKIE, ""), take=True)
        target = request.args.get("post_logout_redirect_uri", "")
        if target in settings.signed_out_uris and request.args.get("client_id") == settings.client_id:
            response = Response(status=HTTPStatus.SEE_OTHER, headers={"Location": target})
        else:
            response = Response("Session terminée.\n", mimetype="text/plain")
        response.delete_cookie(COOKIE)
        return response

    @app.get("/style.css")
    def style() -> Response:
        return Response(_STYLE, mimetype="text/css")


def _client_routes(app: Flask, provider: _Provider) -> None:
    settings = provider.settings

    @app.get("/.well-known/openid-configuration")
    def discovery() -> Response:
        places = {
            "authorization_endpoint": "/authorize",
            "token_endpoint": "/token",
            "userinfo_endpoint": "/userinfo",
            "jwks_uri": "/jwks",
            "end_session_endpoint": "/end-session",
        }
        return jsonify(
            {
                "issuer": settings.issuer,
                **{name: f"{settings.issuer}{path}" for name, path in places.items()},
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid", "profile", "scope_all"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            }
        )

    @app.get("/jwks")
    def jwks() -> Response:
        return jsonify({"keys": [provider.key.as_dict(private=False)]})

    @app.post("/token")
    def token() -> Response:
        if not provider.client_is_ours():
            return _refused("invalid_client", HTTPStatus.UNAUTHORIZED)
        if request.form.get("grant_type") != "authorization_code":
            return _refused("unsupported_grant_type")
        grant: _Grant | None = provider.codes.get(request.form.get("code", ""), take=True)
        verifier = request.form.get("code_verifier", "").encode()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier).digest()).rstrip(b"=").decode()
        if grant is None or grant.redirect_uri != request.form.get("redirect_uri") or grant.challenge != challenge:
            return _refused("invalid_grant")
        return jsonify(
            {
                "access_token": provider.tokens.put(grant.person),
                "token_type": "Bearer",
                "expires_in": TOKEN_S,
                "id_token": provider.id_token(grant),
            }
        )

    @app.get("/userinfo")
    def userinfo() -> Response:
        scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
        person: DemoProfessional | None = provider.tokens.get(sent) if scheme == "Bearer" else None
        if person is None:
            return _refused("invalid_token", HTTPStatus.UNAUTHORIZED)
        return jsonify(
            {
                "sub": person.subject,
                "SubjectNameID": person.identifier,
                "preferred_username": person.identifier,
                "given_name": person.given_name,
                "family_name": person.family_name,
                "SubjectRole": [person.role],
            }
        )


def run(settings: IdentityProviderSettings, sock: socket.socket | None = None) -> None:
    """Serve until the process ends; *sock*: a socket bound to the settings' port, to use, which is taken over.

    Raises SettingsError unless the address is a loopback one.
    """
    with_server(settings, lambda server: server.serve_forever(), sock)


def with_server(
    settings: IdentityProviderSettings, use: Callable[[Any], None], sock: socket.socket | None = None
) -> None:
    """Make the server, give it to *use*, close it."""
    host = sock.getsockname()[0] if sock is not None else settings.host
    if not _is_loopback(host) or not _is_loopback(settings.host):
        raise SettingsError("identity_provider_loopback", place="host")
    number = sock.fileno() if sock is not None else None
    server = make_server(
        settings.host, settings.port, create_app(settings), threaded=True, request_handler=_Quiet, fd=number
    )
    if sock is not None:
        # The server has made a socket of its own from the number.
        sock.close()
    try:
        use(server)
    finally:
        server.server_close()


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
        """No log: addresses hold codes and states."""


def _back(asked: Mapping[str, str], answer: Mapping[str, str]) -> Response:
    query = urlencode({**answer, "state": asked["state"]}, quote_via=quote)
    return Response(status=HTTPStatus.SEE_OTHER, headers={"Location": f"{asked['redirect_uri']}?{query}"})


def _refused(error: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> Response:
    response = jsonify({"error": error})
    response.status_code = status
    return response


_PAGE = """<!doctype html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Identification de démonstration</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
</head>
<body>
<main>
<p class="mark">Service d'identification de démonstration</p>
<h1>Qui êtes-vous&nbsp;?</h1>
<p class="note">Personnes inventées, sans mot de passe. En service réel&nbsp;: Pro Santé Connect.</p>
<form method="post" action="/authorize">
{% for name in ("client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "code_challenge",
                "code_challenge_method") %}
<input type="hidden" name="{{ name }}" value="{{ asked[name] }}">
{% endfor %}
<fieldset>
<legend>Professionnel</legend>
{% for person in professionals %}
<label><input type="radio" name="subject" value="{{ person.subject }}"{% if loop.first %} checked{% endif %}>
<span><strong>Dr {{ person.given_name }} {{ person.family_name }}</strong><br>{{ person.title }}</span></label>
{% endfor %}
</fieldset>
<button type="submit">Se connecter</button>
<button type="submit" name="cancelled" value="yes" class="plain">Annuler</button>
</form>
</main>
</body>
</html>
"""

_STYLE = """
* { box-sizing: border-box; }
body { display: grid; place-items: center; min-height: 100vh; margin: 0; padding: 1rem; background: #e8eef4;
  color: #17222d; font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main { width: min(30rem, 100%); padding: 2rem; border-radius: 1rem; background: #fff;
  box-shadow: 0 6px 30px rgb(20 40 60 / 12%); }
.mark { margin: 0 0 1.5rem; color: #2a5d9c; font-weight: 600; }
h1 { margin: 0; font-size: 1.5rem; }
.note { margin: .25rem 0 1.25rem; color: #5a6b7a; font-size: .9rem; }
fieldset { margin: 0 0 1.25rem; padding: 0; border: 0; }
legend { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
label { display: flex; align-items: center; gap: .9rem; margin-bottom: .6rem; padding: .8rem 1rem;
  border: 1px solid #cfd9e3; border-radius: .7rem; cursor: pointer; }
label:has(:checked) { border-color: #2a5d9c; background: #f1f6fc; }
input { accent-color: #2a5d9c; }
button { padding: .6rem 1.2rem; border: 1px solid #2a5d9c; border-radius: .6rem; background: #2a5d9c; color: #fff;
  font: inherit; cursor: pointer; }
button.plain { border-color: transparent; background: none; color: #2a5d9c; }
:focus-visible { outline: 2px solid #2a5d9c; outline-offset: 2px; }
"""
