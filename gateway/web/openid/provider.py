"""What a provider publishes of itself (OpenID Connect Discovery 1.0 section 4; RFC 7517), and how it knows us."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet, RSAKey

from gateway.errors import PeerMisbehaved, PeerUnreachable, SettingsError
from gateway.flow.ports import Clock
from gateway.web.openid.claims import PatientClaims
from gateway.web.openid.http import bound, may_be_asked

_CACHE_S = 3600.0
_STALE_S = 86400.0
"""What was published is still used for so long while it cannot be read again: logins go on without it."""
_KEYS_AGAIN_S = 30.0
"""A key we do not know makes us look again, but not more often than this: anyone can invent a key id."""
_FAILURE_S = 3.0
"""A provider that did not answer is not asked again for so long: a queue of clinicians must not become a flood."""
_KEYS = 64

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIdSettings:
    """How we are known to the provider."""

    issuer: str
    client_id: str
    client_secret_file: Path | None = None
    """None where the client is known by its certificate."""
    certificate: str = ""
    key: str = ""
    authorities: str = ""
    scope: str = "openid profile"
    acr_values: str = ""
    token_auth_method: str = ""
    """``client_secret_basic`` or ``client_secret_post``; empty: basic, or none without a secret."""
    identifier_claims: tuple[str, ...] = ("SubjectNameID", "preferred_username")
    """The first that is present is the professional's national identifier."""
    administrators: frozenset[str] = frozenset()
    """Subjects or national identifiers of those who may open the console and act there."""
    readers: frozenset[str] = frozenset()
    """Of those who may look at it."""
    patients: PatientClaims | None = None
    """Where this provider knows patients: the names of its claims. None: it knows professionals."""
    silent_first: bool = False
    """Ask with ``prompt=none`` before anybody is asked anything."""
    refresh: bool = False
    """Ask for the tokens again when they have run out: a login that ended at the provider ends here too."""

    def __post_init__(self) -> None:
        if not self.client_id or not may_be_asked(self.issuer, self.issuer):
            raise SettingsError("login_issuer", place="issuer")


@dataclass(frozen=True, slots=True)
class Published:
    """What the provider published, and when we read it."""

    metadata: Mapping[str, Any]
    keys: KeySet
    read_at: float
    keys_read_at: float


class Provider:
    """Its metadata and keys, read when they are needed and remembered. Usable by several threads."""

    def __init__(self, settings: OpenIdSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self.known: Published | None = None
        """What was read last, if anything."""
        self._failed_at = float("-inf")

    def published(self) -> Published:
        """What the provider publishes, at most an hour old; a day while it is away. Raises as the client does."""
        now = self._clock.now().timestamp()
        known = self.known
        if known is not None and _within(now - known.read_at, _CACHE_S):
            return known
        with self._lock:
            if self.known is not known and self.known is not None:
                return self.known
            now = self._clock.now().timestamp()
            usable = known is not None and now - known.read_at < _STALE_S
            if not _within(now - self._failed_at, _FAILURE_S):
                try:
                    metadata = self._discovered()
                    self.known = Published(metadata, self._keys(str(metadata["jwks_uri"])), now, now)
                except (PeerUnreachable, PeerMisbehaved):
                    self._failed_at = self._clock.now().timestamp()
                    if not usable:
                        raise
                    log.warning("login.provider_kept", age_s=round(now - known.read_at if known else 0))
            elif not usable:
                raise PeerUnreachable("login_provider_away")
            if self.known is None:
                raise PeerUnreachable("login_provider_away")
            return self.known

    def _discovered(self) -> dict[str, Any]:
        metadata = self.json(f"{self._settings.issuer.rstrip('/')}/.well-known/openid-configuration", {})
        if metadata.get("issuer") != self._settings.issuer:
            raise PeerMisbehaved("login_provider_misbehaved", words="another issuer")
        needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        optional = ("userinfo_endpoint", "end_session_endpoint")
        for name in (*needed, *(name for name in optional if name in metadata)):
            url = metadata.get(name)
            if not isinstance(url, str) or not may_be_asked(url, self._settings.issuer):
                raise PeerMisbehaved("login_provider_misbehaved", words=name)
        aliases = metadata.get("mtls_endpoint_aliases")
        alias = aliases.get("token_endpoint") if isinstance(aliases, dict) else None
        if alias is not None and not (isinstance(alias, str) and may_be_asked(alias, self._settings.issuer)):
            raise PeerMisbehaved("login_provider_misbehaved", words="mtls_endpoint_aliases")
        return metadata

    def _keys(self, url: str) -> KeySet:
        stated = self.json(url, {}).get("keys")
        if not isinstance(stated, list):
            raise PeerMisbehaved("login_provider_misbehaved", words="jwks_uri")
        keys: list[Key] = []
        for data in stated[:_KEYS]:
            # Asymmetric keys alone, so that no public text can ever be taken for a shared secret.
            if not isinstance(data, dict) or data.get("use", "sig") != "sig" or data.get("kty") not in ("RSA", "EC"):
                continue
            try:
                keys.append(RSAKey.import_key(data) if data["kty"] == "RSA" else ECKey.import_key(data))
            except (JoseError, ValueError, TypeError, KeyError) as error:
                log.warning("login.key_unreadable", error=type(error).__name__)
        if not keys:
            raise PeerMisbehaved("login_provider_misbehaved", words="jwks_uri")
        return KeySet(keys)

    def keys_again(self) -> KeySet:
        """The keys, looked up once more: the provider may have changed them since."""
        with self._lock:
            now = self._clock.now().timestamp()
            known = self.known
            if known is None or _within(now - known.keys_read_at, _KEYS_AGAIN_S):
                raise PeerMisbehaved("login_token_wrong", words="unknown key")
            keys = self._keys(str(known.metadata["jwks_uri"]))
            self.known = Published(known.metadata, keys, known.read_at, now)
            return keys

    def json(self, url: str, headers: Mapping[str, str]) -> dict[str, Any]:
        """A JSON object that the provider gives; raises PeerUnreachable, PeerMisbehaved."""
        settings = self._settings
        try:
            with requests.Session() as session:
                bound(session, authorities=settings.authorities, certificate=settings.certificate, key=settings.key)
                answer = session.get(url, headers={"Accept": "application/json", **headers}, allow_redirects=False)
        except requests.RequestException as error:
            raise PeerUnreachable("login_provider_away", words=type(error).__name__) from None
        if answer.status_code != 200:
            raise PeerUnreachable("login_provider_away", words=f"HTTP {answer.status_code}")
        try:
            value = answer.json()
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise PeerMisbehaved("login_provider_misbehaved", words="no JSON object")
        return value


def _within(passed_s: float, limit_s: float) -> bool:
    """Whether no more than that has passed; not after the clock was put back, else nothing would be read again until it
    has come so far once more."""
    return 0.0 <= passed_s < limit_s
