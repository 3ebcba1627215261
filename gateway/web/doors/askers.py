"""Who knocks at the doors by which other systems fetch images.

Who asks is known by a bearer token (introspected at the identity provider, RFC 7662, or the key of a known system), by
a client certificate, or by a session of this gateway.

Sources: RFC 6750 (bearer tokens), RFC 7662 (introspection), IHE RAD TF-2 4.69 and 4.107.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from wsgiref.types import WSGIEnvironment

import requests

from gateway.errors import PeerUnreachable
from gateway.model.access import Kind, Person
from gateway.web.door_settings import ImageDoors, ImagePeer
from gateway.web.limits import Asked, Limits
from gateway.web.login.session import Access
from gateway.web.openid.claims import professional, undecided
from gateway.web.openid.http import bound

_TOKEN = re.compile(r"Bearer ([A-Za-z0-9._~+/=-]{16,8192})", re.ASCII | re.IGNORECASE)
_REMEMBERED = 1024
_NO_ACCESS = frozenset({"refresh", "offline", "id", "logout", "refresh_token", "id_token"})
"""What introspection calls active as well, by the names that providers give it: an ID token travels in the addresses of
a logout, and stands for nobody here."""
_ASKING: dict[str, Any] = {"headers": {"Accept": "application/json"}, "allow_redirects": False}


class Unknown(Exception):
    """Nobody that is known, or a token that is no longer good."""


def who(doors: ImageDoors, access: Access, limits: Limits, environ: WSGIEnvironment) -> Person:
    """Who asks; raises Unknown, PeerUnreachable where the identity provider cannot be asked, and TooMany where it was
    asked too often on behalf of this address."""
    header = environ.get("HTTP_AUTHORIZATION", "")
    if header:
        found = _TOKEN.fullmatch(header.strip())
        if found is None:
            raise Unknown
        return _bearer(doors, limits, environ, found[1])
    certificate = _certificate(environ)
    if certificate:
        for peer in doors.peers:
            if peer.certificate_sha256 and hmac.compare_digest(peer.certificate_sha256, certificate):
                return _system(peer)
    session = access.session_of(environ)
    if session is None or session.person.must_choose:
        # Who has not said yet in which situation they are sees nothing by any door.
        raise Unknown
    return session.person


def _bearer(doors: ImageDoors, limits: Limits, environ: WSGIEnvironment, token: str) -> Person:
    digest = _digest(token)
    for peer in doors.peers:
        if peer.key_sha256 and hmac.compare_digest(peer.key_sha256, digest):
            return _system(peer)
    if doors.introspect is None:
        raise Unknown
    person = doors.remembered(token)
    if person is not None:
        return person
    limits.check(Asked.TOKEN, environ)
    person = doors.introspect(token)
    if person is None:
        limits.take(Asked.TOKEN, environ)
        raise Unknown
    limits.came_through(environ)
    return person


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _system(peer: ImagePeer) -> Person:
    return Person(subject=peer.name, issuer="", identifier="", name=peer.name, kind=Kind.SYSTEM)


def _certificate(environ: WSGIEnvironment) -> str:
    """SHA-256 of the client certificate of a connection under TLS that was checked against our authorities."""
    connection = environ.get("gunicorn.socket")
    ask = getattr(connection, "getpeercert", None)
    if ask is None:
        return ""
    try:
        certificate = ask(binary_form=True)
    except (OSError, ValueError):
        return ""
    return hashlib.sha256(certificate).hexdigest() if certificate else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntrospectionSettings:
    """Where and how tokens are looked at."""

    url: str
    client_id: str
    client_secret: str = ""
    """Empty where the client is known by its certificate (RFC 8705)."""
    certificate: str = ""
    key: str = ""
    authorities: str = ""
    userinfo_url: str = ""
    """Where the person of a token is asked for (OpenID Connect Core 1.0 section 5.3) when introspection says that it
    is good and not of which profession they are; empty: what introspection says is all."""
    identifier_claims: tuple[str, ...] = ("SubjectNameID", "preferred_username")
    profession_claims: tuple[str, ...] = ("SubjectRole", "profession")
    remember_s: float = 30.0
    """An answer is used again for so long, and never beyond the token's own end."""


class Introspection:
    """Tokens looked at (RFC 7662), each answer remembered for a short while. May be used by several threads."""

    def __init__(self, settings: IntrospectionSettings, now: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._now = now
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, Person]] = {}

    def __call__(self, token: str) -> Person | None:
        """Whom *token* stands for; None where it is not active. Raises PeerUnreachable."""
        known = self.remembered(token)
        if known is not None:
            return known
        answer = self._introspected(token)
        if not self._is_good(answer):
            return None
        person = self._person(answer)
        if self._settings.userinfo_url and not (person and person.profession):
            person = self._person({**self._userinfo(token, answer.get("sub")), **answer})
        if person is not None:
            self._remember(token, person, answer.get("exp"))
        return person

    def remembered(self, token: str) -> Person | None:
        """Whom *token* stood for a moment ago; None where the provider must be asked."""
        with self._lock:
            until, person = self._known.get(_digest(token), (0.0, None))
        return person if self._now() < until else None

    def _remember(self, token: str, person: Person, expires: object) -> None:
        until = self._now() + self._settings.remember_s
        if isinstance(expires, int | float):
            until = min(until, float(expires))
        with self._lock:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[_digest(token)] = (until, person)

    def _is_good(self, answer: Mapping[str, Any]) -> bool:
        expires = answer.get("exp")
        if {str(answer.get(name, "")).lower() for name in ("typ", "token_type")} & _NO_ACCESS:
            return False
        return answer.get("active") is True and not (isinstance(expires, int | float) and float(expires) <= self._now())

    def _introspected(self, token: str) -> Mapping[str, Any]:
        settings = self._settings
        form = {"token": token, "token_type_hint": "access_token"}
        pair = (settings.client_id, settings.client_secret) if settings.client_secret else None
        if pair is None:
            form["client_id"] = settings.client_id
        return self._told(lambda session: session.post(settings.url, data=form, auth=pair, **_ASKING))

    def _userinfo(self, token: str, subject: object) -> Mapping[str, Any]:
        """What the provider says of the token's person, who must be *subject*; nothing where the token does not go so
        far (RFC 6750 section 3.1)."""
        headers = {**_ASKING["headers"], "Authorization": f"Bearer {token}"}
        told = self._told(
            lambda session: session.get(self._settings.userinfo_url, **{**_ASKING, "headers": headers}), (401, 403)
        )
        if told and told.get("sub") != subject:
            raise PeerUnreachable("wado_introspection")
        return told

    def _told(
        self, ask: Callable[[requests.Session], requests.Response], silent: tuple[int, ...] = ()
    ) -> Mapping[str, Any]:
        """The object that the provider answers with, or nothing for a status of *silent*; raises PeerUnreachable."""
        settings = self._settings
        try:
            with requests.Session() as session:
                bound(session, authorities=settings.authorities, certificate=settings.certificate, key=settings.key)
                answer = ask(session)
                if answer.status_code in silent:
                    return {}
                told = answer.json() if answer.status_code == 200 else None
        except (requests.RequestException, ValueError, RecursionError):
            raise PeerUnreachable("wado_introspection") from None
        if not isinstance(told, dict):
            raise PeerUnreachable("wado_introspection")
        return told

    def _person(self, told: Mapping[str, Any]) -> Person | None:
        """Whom the claims *told* are of; None where they name nobody."""
        settings = self._settings
        issuer = told.get("iss")
        person = professional(
            {"sub": "", **told},
            issuer if isinstance(issuer, str) else "",
            settings.identifier_claims,
            profession_claims=settings.profession_claims,
        )
        if not person.subject and not person.identifier:
            return None
        return undecided(person if person.subject else replace(person, subject=person.identifier))
