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
from dataclasses import dataclass
from typing import Any
from wsgiref.types import WSGIEnvironment

import requests

from gateway.errors import PeerUnreachable
from gateway.model.access import Kind, Person
from gateway.web.access import Access
from gateway.web.door_settings import ImageDoors, ImagePeer
from gateway.web.provider_http import bound

_TOKEN = re.compile(r"Bearer ([A-Za-z0-9._~+/=-]{16,8192})", re.ASCII | re.IGNORECASE)
_REMEMBERED = 1024


class Unknown(Exception):
    """Nobody that is known, or a token that is no longer good."""


def who(doors: ImageDoors, access: Access, environ: WSGIEnvironment) -> Person:
    """Who asks; raises Unknown, and PeerUnreachable where the identity provider cannot be asked."""
    header = environ.get("HTTP_AUTHORIZATION", "")
    if header:
        found = _TOKEN.fullmatch(header.strip())
        if found is None:
            raise Unknown
        return _bearer(doors, found[1])
    certificate = _certificate(environ)
    if certificate:
        for peer in doors.peers:
            if peer.certificate_sha256 and hmac.compare_digest(peer.certificate_sha256, certificate):
                return _system(peer)
    session = access.session_of(environ)
    if session is None:
        raise Unknown
    return session.person


def _bearer(doors: ImageDoors, token: str) -> Person:
    digest = hashlib.sha256(token.encode()).hexdigest()
    for peer in doors.peers:
        if peer.key_sha256 and hmac.compare_digest(peer.key_sha256, digest):
            return _system(peer)
    person = doors.introspect(token) if doors.introspect is not None else None
    if person is None:
        raise Unknown
    return person


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
    identifier_claims: tuple[str, ...] = ("SubjectNameID", "preferred_username")
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
        digest = hashlib.sha256(token.encode()).hexdigest()
        with self._lock:
            known = self._known.get(digest)
        if known is not None and self._now() < known[0]:
            return known[1]
        answer = self._ask(token)
        person = self._person(answer)
        if person is not None:
            until = self._now() + self._settings.remember_s
            expires = answer.get("exp")
            if isinstance(expires, int | float):
                until = min(until, float(expires))
            with self._lock:
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                self._known[digest] = (until, person)
        return person

    def _ask(self, token: str) -> Mapping[str, Any]:
        settings = self._settings
        form = {"token": token, "token_type_hint": "access_token"}
        pair = (settings.client_id, settings.client_secret) if settings.client_secret else None
        if pair is None:
            form["client_id"] = settings.client_id
        try:
            with requests.Session() as session:
                bound(session, authorities=settings.authorities, certificate=settings.certificate, key=settings.key)
                answer = session.post(
                    settings.url, data=form, auth=pair, headers={"Accept": "application/json"}, allow_redirects=False
                )
                told = answer.json() if answer.status_code == 200 else None
        except (requests.RequestException, ValueError):
            raise PeerUnreachable("wado_introspection") from None
        if not isinstance(told, dict):
            raise PeerUnreachable("wado_introspection")
        return told

    def _person(self, answer: Mapping[str, Any]) -> Person | None:
        if answer.get("active") is not True:
            return None
        expires = answer.get("exp")
        if isinstance(expires, int | float) and float(expires) <= self._now():
            return None
        claims = (answer.get(name) for name in self._settings.identifier_claims)
        identifier = next((value for value in claims if isinstance(value, str) and value), "")
        subject = answer.get("sub")
        profession = answer.get("profession")
        return Person(
            subject=subject if isinstance(subject, str) else identifier,
            issuer=str(answer.get("iss", "")),
            identifier=identifier,
            profession=profession if isinstance(profession, str) else "",
        )
