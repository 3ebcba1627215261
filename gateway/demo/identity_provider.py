"""The demo's identity provider: OpenID Connect on loopback, shaped like Pro Santé Connect, for a few invented people.

Two clients may be known to it, one for professionals (claims as Pro Santé Connect gives them, exercise situations
included) and one for patients (INS traits). Access tokens live two minutes and are refreshed; who leaves here is told
to the clients (Back-Channel Logout 1.0). A person is picked from a list and nobody is asked for a password, which is
why it refuses to listen anywhere but on loopback. It keeps to the rules its client must keep too: exact redirect
addresses, PKCE S256, codes that are used once and die young, ID tokens signed with a key made at the start (OpenID
Connect Core 1.0 section 3.1, RFC 7636).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import socket
from collections.abc import Callable, Mapping
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, unquote_plus, urlencode, urlsplit

from flask import Flask, Response, jsonify, render_template_string, request
from werkzeug.serving import WSGIRequestHandler, make_server

from gateway.demo.identity_page import PAGE, STYLE
from gateway.demo.logins import ADMINISTRATOR, PROFESSIONALS, DemoPerson
from gateway.demo.provider import Grant, IdentityProviderSettings, Provider, Session
from gateway.errors import SettingsError

__all__ = ["ADMINISTRATOR", "PROFESSIONALS", "IdentityProviderSettings", "create_app", "run", "with_server"]

COOKIE = "demo-identity"


def create_app(settings: IdentityProviderSettings) -> Flask:
    """The provider as a WSGI application."""
    provider = Provider(settings)
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


def _browser_routes(app: Flask, provider: Provider) -> None:
    settings = provider.settings

    @app.get("/authorize")
    def authorize() -> Response:
        asked = request.args.to_dict()
        wrong = provider.checked(asked)
        if wrong:
            return Response(f"invalid request: {wrong}\n", HTTPStatus.BAD_REQUEST, mimetype="text/plain")
        known: Session | None = provider.sessions.get(request.cookies.get(COOKIE, ""))
        people = provider.people(asked["client_id"])
        if known is not None and known.person in people and asked.get("prompt") != "login":
            return _back(asked, {"code": provider.code(asked, known)})
        if asked.get("prompt") == "none":
            return _back(asked, {"error": "login_required"})
        page = render_template_string(PAGE, asked=asked, people=people, patients=people is settings.patients)
        return Response(page, mimetype="text/html")

    @app.post("/authorize")
    def chosen() -> Response:
        asked = request.form.to_dict()
        person = provider.person(asked.get("client_id", ""), asked.get("subject", ""))
        # A page of another origin must not be able to log anyone in.
        if provider.checked(asked) or request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            return Response("invalid request\n", HTTPStatus.BAD_REQUEST, mimetype="text/plain")
        if person is None or "cancelled" in asked:
            return _back(asked, {"error": "access_denied"})
        session = Session(person, secrets.token_urlsafe(16))
        response = _back(asked, {"code": provider.code(asked, session)})
        response.set_cookie(COOKIE, provider.sessions.put(session), httponly=True, samesite="Lax")
        return response

    @app.get("/end-session")
    def end_session() -> Response:
        provider.left(request.cookies.get(COOKIE, ""))
        target = request.args.get("post_logout_redirect_uri", "")
        clients = (settings.client_id, settings.patients_client_id)
        if target in settings.signed_out_uris and request.args.get("client_id") in clients:
            response = Response(status=HTTPStatus.SEE_OTHER, headers={"Location": target})
        else:
            response = Response("Session terminée.\n", mimetype="text/plain")
        response.delete_cookie(COOKIE)
        return response

    @app.get("/style.css")
    def style() -> Response:
        return Response(STYLE, mimetype="text/css")


def _client_routes(app: Flask, provider: Provider) -> None:
    settings = provider.settings

    @app.get("/.well-known/openid-configuration")
    def discovery() -> Response:
        places = {
            "authorization_endpoint": "/authorize",
            "token_endpoint": "/token",
            "userinfo_endpoint": "/userinfo",
            "jwks_uri": "/jwks",
            "end_session_endpoint": "/end-session",
            "introspection_endpoint": "/introspect",
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
                "grant_types_supported": ["authorization_code", "refresh_token"],
                "acr_values_supported": ["eidas1"],
                "backchannel_logout_supported": True,
                "backchannel_logout_session_supported": True,
            }
        )

    @app.get("/jwks")
    def jwks() -> Response:
        return jsonify({"keys": [provider.key.as_dict(private=False)]})

    @app.post("/token")
    def token() -> Response:
        client = _client(provider)
        if not client:
            return _refused("invalid_client", HTTPStatus.UNAUTHORIZED)
        if request.form.get("grant_type") == "refresh_token":
            renewed: Grant | None = provider.refresh_tokens.get(request.form.get("refresh_token", ""), take=True)
            if renewed is None or renewed.client_id != client:
                return _refused("invalid_grant")
            return jsonify(provider.answer(renewed))
        if request.form.get("grant_type") != "authorization_code":
            return _refused("unsupported_grant_type")
        grant: Grant | None = provider.codes.get(request.form.get("code", ""), take=True)
        verifier = request.form.get("code_verifier", "").encode()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier).digest()).rstrip(b"=").decode()
        if grant is None or grant.redirect_uri != request.form.get("redirect_uri") or grant.challenge != challenge:
            return _refused("invalid_grant")
        return jsonify(provider.answer(grant)) if grant.client_id == client else _refused("invalid_grant")

    @app.post("/introspect")
    def introspect() -> Response:
        """RFC 7662: whether an access token is good, and whose it is."""
        if not _client(provider):
            return _refused("invalid_client", HTTPStatus.UNAUTHORIZED)
        person: DemoPerson | None = provider.tokens.get(request.form.get("token", ""))
        return jsonify({"active": False} if person is None else {"active": True, **person.claims()})

    @app.get("/userinfo")
    def userinfo() -> Response:
        scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
        person: DemoPerson | None = provider.tokens.get(sent) if scheme == "Bearer" else None
        if person is None:
            return _refused("invalid_token", HTTPStatus.UNAUTHORIZED)
        return jsonify(person.claims())


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


def _client(provider: Provider) -> str:
    """Which client the caller has authenticated as, by header or in the form (RFC 6749 section 2.3.1), or none."""
    name, secret = request.form.get("client_id", ""), request.form.get("client_secret", "")
    if request.authorization is not None and request.authorization.type == "basic":
        name = unquote_plus(request.authorization.username or "")
        secret = unquote_plus(request.authorization.password or "")
    return provider.client(name, secret)


def _back(asked: Mapping[str, str], answer: Mapping[str, str]) -> Response:
    query = urlencode({**answer, "state": asked["state"]}, quote_via=quote)
    return Response(status=HTTPStatus.SEE_OTHER, headers={"Location": f"{asked['redirect_uri']}?{query}"})


def _refused(error: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> Response:
    response = jsonify({"error": error})
    response.status_code = status
    return response
