"""What the demo's identity provider knows and signs: its people, codes, tokens, sessions (OpenID Connect Core 1.0).

No addresses here: :mod:`gateway.demo.identity_provider` is the provider as its clients and browsers see it.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from joserfc import jwt
from joserfc.jwk import RSAKey

from gateway.demo.logins import OPTICIAN, PATIENTS, PROFESSIONALS, SURGEON, DemoPatient, DemoPerson, DemoProfessional

CODE_S = 60
TOKEN_S = 120
TELL_S = 3.0
"""A client that is told of a logout must answer within this time."""
SESSION_S = 3600
_ENTRIES = 256


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
    professionals: tuple[DemoProfessional, ...] = (*PROFESSIONALS, SURGEON, OPTICIAN)
    patients_client_id: str = "gateway-patients"
    """The second client, whose people are the patients; its secret is the same."""
    patients: tuple[DemoPatient, ...] = PATIENTS
    logout_uris: Mapping[str, str] = field(default_factory=dict)
    """Where each client is told that one of its people left."""
    token_s: float = TOKEN_S

    @property
    def issuer(self) -> str:
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


@dataclass(slots=True)
class Shelf:
    """Things that die young: codes, access tokens, sessions."""

    life_s: float
    entries: dict[str, tuple[float, Any]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, thing: object) -> str:
        """Keep *thing*, under a name that cannot be guessed."""
        name = secrets.token_urlsafe(32)
        with self.lock:
            self.entries[name] = (time.monotonic() + self.life_s, thing)
            while len(self.entries) > _ENTRIES:
                del self.entries[next(iter(self.entries))]
        return name

    def drop(self, unwanted: Callable[[Any], bool]) -> None:
        """Forget what is *unwanted*."""
        with self.lock:
            for name in [name for name, (_, thing) in self.entries.items() if unwanted(thing)]:
                del self.entries[name]

    def get(self, name: str, *, take: bool = False) -> Any:
        """What is under *name* and not dead yet, or None; *take*: for the last time."""
        with self.lock:
            found = self.entries.pop(name, None) if take else self.entries.get(name)
        return found[1] if found is not None and found[0] > time.monotonic() else None


@dataclass(frozen=True, slots=True)
class Grant:
    """What a code or a refresh token stands for."""

    person: DemoPerson
    client_id: str
    nonce: str
    challenge: str
    redirect_uri: str
    session: str
    """``sid``: a name of the provider's session that opens nothing."""


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who has logged in here."""

    person: DemoPerson
    sid: str


class Provider:
    """The provider, for its routes. Usable by several threads."""

    def __init__(self, settings: IdentityProviderSettings) -> None:
        self.settings = settings
        self.key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
        self.codes = Shelf(CODE_S)
        self.tokens = Shelf(settings.token_s)
        self.refresh_tokens = Shelf(SESSION_S)
        self.sessions = Shelf(SESSION_S)

    def people(self, client_id: str) -> tuple[DemoPerson, ...]:
        """Who may log in at a client."""
        settings = self.settings
        return settings.patients if client_id == settings.patients_client_id else settings.professionals

    def person(self, client_id: str, subject: str) -> DemoPerson | None:
        """One of them."""
        return next((one for one in self.people(client_id) if one.subject == subject), None)

    def checked(self, asked: Mapping[str, str]) -> str:
        """Why an authorization request cannot be served, or nothing."""
        if asked.get("client_id") not in (self.settings.client_id, self.settings.patients_client_id):
            return "client_id"
        if asked.get("redirect_uri") not in self.settings.redirect_uris:
            return "redirect_uri"
        if asked.get("response_type") != "code" or "openid" not in asked.get("scope", "").split():
            return "response_type"
        if asked.get("code_challenge_method") != "S256" or len(asked.get("code_challenge", "")) != 43:
            return "code_challenge"
        return "" if asked.get("state") and asked.get("nonce") else "state"

    def code(self, asked: Mapping[str, str], session: Session) -> str:
        """The code that the client may change for tokens."""
        grant = Grant(
            person=session.person,
            client_id=asked["client_id"],
            nonce=asked["nonce"],
            challenge=asked["code_challenge"],
            redirect_uri=asked["redirect_uri"],
            session=session.sid,
        )
        return self.codes.put(grant)

    def left(self, cookie: str) -> None:
        """End the session of *cookie*: its refresh tokens are worth nothing, and the clients are told."""
        session: Session | None = self.sessions.get(cookie, take=True)
        if session is None:
            return
        self.refresh_tokens.drop(lambda grant: grant.session == session.sid)
        for client_id, uri in self.settings.logout_uris.items():
            if session.person not in self.people(client_id):
                continue
            try:
                with requests.Session() as client:
                    client.trust_env = False
                    client.post(uri, data={"logout_token": self.logout_token(client_id, session)}, timeout=TELL_S)
            except requests.RequestException:
                # A client that is away keeps its session until it asks for tokens again.
                continue

    def client(self, name: str, secret: str) -> str:
        """*name* where it is that of a client and the secret is right, or nothing."""
        known = name in (self.settings.client_id, self.settings.patients_client_id)
        return name if known and hmac.compare_digest(secret.encode(), self.settings.client_secret.encode()) else ""

    def answer(self, grant: Grant) -> dict[str, Any]:
        """The tokens of a grant."""
        return {
            "access_token": self.tokens.put(grant.person),
            "refresh_token": self.refresh_tokens.put(grant),
            "token_type": "Bearer",
            "expires_in": self.settings.token_s,
            "id_token": self.id_token(grant),
        }

    def logout_token(self, client_id: str, session: Session) -> str:
        """Back-Channel Logout 1.0 section 2.4."""
        claims = {
            "iss": self.settings.issuer,
            "aud": client_id,
            "iat": int(time.time()),
            "exp": int(time.time()) + TOKEN_S,
            "jti": secrets.token_urlsafe(16),
            "sub": session.person.subject,
            "sid": session.sid,
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        }
        return jwt.encode({"alg": "RS256", "kid": self.key.kid, "typ": "logout+jwt"}, claims, self.key)

    def id_token(self, grant: Grant) -> str:
        """OpenID Connect Core 1.0 section 2."""
        now = int(time.time())
        claims = {
            "iss": self.settings.issuer,
            "sub": grant.person.subject,
            "aud": grant.client_id,
            "azp": grant.client_id,
            "iat": now,
            "exp": now + TOKEN_S,
            "nonce": grant.nonce,
            "acr": "eidas1",
            "sid": grant.session,
            "preferred_username": grant.person.identifier,
        }
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)
