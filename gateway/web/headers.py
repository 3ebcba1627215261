"""What guards every answer and every question: security headers, cookies, the Host header, forged posts.

Sources: Content Security Policy Level 3; Fetch Metadata Request Headers; RFC 6265bis section 4.1.3 (cookie prefixes);
OWASP ASVS 5.0 chapters 3 and 7.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from urllib.parse import urlsplit
from wsgiref.types import WSGIEnvironment

from werkzeug.http import dump_cookie, parse_cookie

from gateway.web.parts import LOOPBACK_NAMES, WebSettings

SESSION = "gateway-session"
LOGIN = "gateway-login"


def security_headers(
    settings: WebSettings,
    form_origins: Iterable[str] = (),
    *,
    holds_documents: bool = False,
    is_document: bool = False,
) -> list[tuple[str, str]]:
    """The headers of every answer; *form_origins*: where a form's answer may redirect to (the identity provider).

    *holds_documents*: a page that may show PDF documents, its own or inside it; *is_document*: such a document, which
    our own pages alone may hold.

    Browsers apply ``form-action`` to the redirects that follow a post, which is why the provider must stand there
    for the logout.
    """
    ancestors = "'self'" if is_document else " ".join(settings.frame_ancestors) or "'none'"
    policy = "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data: blob:",
            "connect-src 'self'",
            *(
                ("object-src 'self' data:", "frame-src 'self' data:", "media-src 'self' blob:")
                if holds_documents
                else ()
            ),
            f"frame-ancestors {ancestors}",
            "base-uri 'none'",
            " ".join(("form-action 'self'", *form_origins)),
        )
    )
    headers = [
        ("Content-Security-Policy", policy),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    ]
    if settings.secure:
        headers.append(("Strict-Transport-Security", "max-age=31536000"))
    return headers


NO_STORE = ("Cache-Control", "no-store")


def cookie_name(settings: WebSettings, name: str) -> str:
    """The name of a cookie: under https with the prefix that no other host and no clear connection can set."""
    return f"__Host-{name}" if settings.secure else name


def set_cookie(settings: WebSettings, name: str, value: str, max_age_s: float | None = None) -> str:
    """A Set-Cookie value; a *max_age_s* of 0 removes the cookie, None keeps it until the browser closes."""
    return dump_cookie(
        cookie_name(settings, name),
        value,
        max_age=None if max_age_s is None else int(max_age_s),
        path="/",
        secure=settings.secure,
        httponly=True,
        samesite="Lax",
    )


def read_cookie(settings: WebSettings, environ: WSGIEnvironment, name: str) -> str:
    """The value of a cookie, or nothing."""
    return parse_cookie(environ).get(cookie_name(settings, name), "")


def host_is_ours(settings: WebSettings, host: str) -> bool:
    """Whether *host* (the Host header) is a name of this server.

    A page whose own name was made to point here (DNS rebinding) sends its own name. On loopback, where tunnels
    change ports, any port of a loopback name is ours.
    """
    host = host.lower()
    if host == settings.host or host in (other.lower() for other in settings.other_hosts):
        return True
    try:
        parts = urlsplit(f"//{host}")
        name, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if settings.loopback:
        return name in LOOPBACK_NAMES and parts.username is None
    own = urlsplit(settings.public_url)
    default = 443 if settings.secure else 80
    return name == own.hostname and (port or default) == (own.port or default) and parts.username is None


def post_is_ours(settings: WebSettings, environ: WSGIEnvironment, sent: str, expected: str) -> bool:
    """Whether a post comes from one of our own pages, *sent* being the token in its form.

    Our ``Referrer-Policy: no-referrer`` makes browsers write ``Origin: null`` on the posts of our own forms, so that
    value says nothing; ``Sec-Fetch-Site``, which a page cannot forge, does.
    """
    site = environ.get("HTTP_SEC_FETCH_SITE", "")
    origin = environ.get("HTTP_ORIGIN", "")
    if site and site != "same-origin":
        return False
    if origin == "null":
        if not site:
            return False
    elif origin and not _origin_is_ours(settings, origin):
        return False
    return bool(expected) and hmac.compare_digest(sent.encode(), expected.encode())


def _origin_is_ours(settings: WebSettings, origin: str) -> bool:
    scheme, _, host = origin.partition("://")
    return scheme == urlsplit(settings.public_url).scheme and host_is_ours(settings, host)
