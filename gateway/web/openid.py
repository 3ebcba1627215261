"""The client side of OpenID Connect: authorization code, PKCE, and an ID token that is believed only when all fits.

Sources: OpenID Connect Core 1.0 sections 3.1.2, 3.1.3.3, 3.1.3.7 and 5.3; Discovery 1.0 section 4; RFC 7636; RFC 9700
(best current practice); RP-Initiated Logout 1.0. Pro Santé Connect is such a provider: its scope is ``openid
scope_all``, its ``acr_values`` ``eidas1``, and the professional's national identifier stands in ``SubjectNameID`` and
``preferred_username``.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import ECKey, Key, KeySet, RSAKey

from gateway.errors import PeerMisbehaved, PeerRefused, PeerUnreachable, SettingsError
from gateway.flow.ports import Clock
from gateway.model.access import Person
from gateway.web.provider_http import bound, may_be_asked

ALGORITHMS = ("RS256", "ES256", "PS256")
LEEWAY_S = 60
"""How far the provider's clock may be from ours."""
_CACHE_S = 3600.0
_STALE_S = 86400.0
"""What was published is still used for so long while it cannot be read again: logins go on without it."""
_KEYS_AGAIN_S = 30.0
"""A key we do not know makes us look again, but not more often than this: anyone can invent a key id."""
_FAILURE_S = 3.0
"""A provider that did not answer is not asked again for so long: a queue of clinicians must not become a flood."""
_KEYS = 64
_TOKEN_CHARACTERS = 64 * 1024
_TOKEN_ERRORS = frozenset(
    {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
    }
)

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
    """Subjects or national identifiers of those who may open the console."""

    def __post_init__(self) -> None:
        if not self.client_id or not may_be_asked(self.issuer, self.issuer):
            raise SettingsError("login_issuer", place="issuer")


@dataclass(frozen=True, slots=True)
class _Known:
    """What the provider published, and when we read it."""

    metadata: Mapping[str, Any]
    keys: KeySet
    read_at: float
    keys_read_at: float


class OpenIdConnect:
    """The provider, as the login sees it. Usable by several threads.

    Every method raises PeerUnreachable when the provider does not answer, PeerMisbehaved when its answer cannot be
    believed and PeerRefused when it says no.
    """

    def __init__(self, settings: OpenIdSettings, clock: Clock) -> None:
        self.settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._known: _Known | None = None
        self._failed_at = float("-inf")
        self._secret()

    def authorization_url(self, *, redirect_uri: str, state: str, nonce: str, code_verifier: str) -> str:
        """Where to send the browser (section 3.1.2.1)."""
        endpoint = str(self._provider().metadata["authorization_endpoint"])
        extra = {"acr_values": self.settings.acr_values} if self.settings.acr_values else {}
        with self._session(redirect_uri) as session:
            url, _ = session.create_authorization_url(
                endpoint, state=state, nonce=nonce, code_verifier=code_verifier, **extra
            )
        return str(url)

    def person(self, *, code: str, redirect_uri: str, nonce: str, code_verifier: str) -> Person:
        """Change the *code* for tokens, and say who has logged in (sections 3.1.3 and 5.3)."""
        provider = self._provider()
        token = self._exchange(provider, code, redirect_uri, code_verifier)
        id_token, access_token = token.get("id_token"), token.get("access_token")
        if not isinstance(id_token, str) or len(id_token) > _TOKEN_CHARACTERS:
            raise PeerMisbehaved("login_token_wrong", words="no ID token")
        claims = dict(self._verified(id_token, nonce))
        endpoint = provider.metadata.get("userinfo_endpoint")
        if endpoint and isinstance(access_token, str):
            info = self._json(str(endpoint), {"Authorization": f"Bearer {access_token}"})
            if info.get("sub") != claims["sub"]:
                raise PeerMisbehaved("login_token_wrong", words="userinfo of another subject")
            # What was signed wins over what was only said.
            claims = {**info, **claims}
        return self._named(claims)

    def end_session_url(self, return_to: str) -> str:
        """Where a browser ends its session at the provider; empty when it offers no such place or is away."""
        try:
            endpoint = self._provider().metadata.get("end_session_endpoint")
        except (PeerUnreachable, PeerMisbehaved):
            return ""
        if not endpoint:
            return ""
        query = urlencode({"client_id": self.settings.client_id, "post_logout_redirect_uri": return_to})
        return f"{endpoint}{'&' if '?' in str(endpoint) else '?'}{query}"

    def origins(self) -> tuple[str, ...]:
        """Origins that a form of ours may be redirected to, from what is known already: never asks the network."""
        known = self._known
        urls = [self.settings.issuer, *([str(known.metadata.get("end_session_endpoint") or "")] if known else [])]
        found = (f"{urlsplit(url).scheme}://{urlsplit(url).netloc}" for url in urls if url)
        return tuple(dict.fromkeys(found))

    def _provider(self) -> _Known:
        now = self._clock.now().timestamp()
        known = self._known
        if known is not None and now - known.read_at < _CACHE_S:
            return known
        with self._lock:
            if self._known is not known and self._known is not None:
                return self._known
            usable = known is not None and now - known.read_at < _STALE_S
            if now - self._failed_at >= _FAILURE_S:
                try:
                    metadata = self._discovered()
                    self._known = _Known(metadata, self._keys(str(metadata["jwks_uri"])), now, now)
                except (PeerUnreachable, PeerMisbehaved):
                    self._failed_at = self._clock.now().timestamp()
                    if not usable:
                        raise
                    log.warning("login.provider_kept", age_s=round(now - known.read_at if known else 0))
            elif not usable:
                raise PeerUnreachable("login_provider_away")
            if self._known is None:
                raise PeerUnreachable("login_provider_away")
            return self._known

    def _discovered(self) -> dict[str, Any]:
        metadata = self._json(f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration", {})
        if metadata.get("issuer") != self.settings.issuer:
            raise PeerMisbehaved("login_provider_misbehaved", words="another issuer")
        needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        optional = ("userinfo_endpoint", "end_session_endpoint")
        for name in (*needed, *(name for name in optional if name in metadata)):
            url = metadata.get(name)
            if not isinstance(url, str) or not may_be_asked(url, self.settings.issuer):
                raise PeerMisbehaved("login_provider_misbehaved", words=name)
        return metadata

    def _keys(self, url: str) -> KeySet:
        stated = self._json(url, {}).get("keys")
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

    def _keys_again(self) -> KeySet:
        """The keys, looked up once more: the provider may have changed them since."""
        now = self._clock.now().timestamp()
        with self._lock:
            known = self._known
            if known is None or now - known.keys_read_at < _KEYS_AGAIN_S:
                raise PeerMisbehaved("login_token_wrong", words="unknown key")
            keys = self._keys(str(known.metadata["jwks_uri"]))
            self._known = _Known(known.metadata, keys, known.read_at, now)
            return keys

    def _exchange(self, provider: _Known, code: str, redirect_uri: str, code_verifier: str) -> Mapping[str, Any]:
        try:
            with self._session(redirect_uri) as session:
                token: Mapping[str, Any] = session.fetch_token(
                    str(provider.metadata["token_endpoint"]),
                    grant_type="authorization_code",
                    code=code,
                    redirect_uri=redirect_uri,
                    code_verifier=code_verifier,
                    allow_redirects=False,
                )
        except AuthlibBaseError as error:
            # Only the registered code of the error (RFC 6749 section 5.2) is kept; its description may say anything.
            words = error.error if error.error in _TOKEN_ERRORS else "other"
            raise PeerRefused("login_refused", words=words) from None
        except requests.RequestException as error:
            raise PeerUnreachable("login_provider_away", words=type(error).__name__) from None
        except (ValueError, RecursionError):
            raise PeerMisbehaved("login_provider_misbehaved", words="token_endpoint") from None
        return token

    def _verified(self, id_token: str, nonce: str) -> Mapping[str, Any]:
        """The claims of an ID token that passes every check of section 3.1.3.7."""
        try:
            try:
                token = jwt.decode(id_token, self._provider().keys, algorithms=ALGORITHMS)
            except InvalidKeyIdError:
                token = jwt.decode(id_token, self._keys_again(), algorithms=ALGORITHMS)
            jwt.JWTClaimsRegistry(
                now=int(self._clock.now().timestamp()),
                leeway=LEEWAY_S,
                iss={"essential": True, "value": self.settings.issuer},
                aud={"essential": True, "value": self.settings.client_id},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": nonce},
                azp={"value": self.settings.client_id},
            ).validate(token.claims)
        except (JoseError, ValueError, RecursionError) as error:
            raise PeerMisbehaved("login_token_wrong", words=type(error).__name__) from None
        wanted = self.settings.acr_values.split()
        if wanted and token.claims.get("acr") not in wanted:
            raise PeerMisbehaved("login_token_wrong", words="acr")
        audience = token.claims["aud"]
        if isinstance(audience, list) and len(audience) > 1 and "azp" not in token.claims:
            raise PeerMisbehaved("login_token_wrong", words="several audiences")
        return token.claims

    def _named(self, claims: Mapping[str, Any]) -> Person:
        settings = self.settings
        subject = str(claims["sub"])[:255]
        found = (claims.get(name) for name in settings.identifier_claims)
        identifier = next((value for value in found if isinstance(value, str) and value), "")[:255]
        words = (claims.get("given_name"), claims.get("family_name"))
        name = " ".join(word for word in words if isinstance(word, str)) or claims.get("name")
        administrator = bool(settings.administrators & {subject, identifier} - {""})
        return Person(
            subject=subject,
            issuer=settings.issuer,
            identifier=identifier,
            name=_printable(name),
            profession=_printable(_profession(claims)),
            roles=frozenset({"administrator"}) if administrator else frozenset(),
        )

    def _session(self, redirect_uri: str) -> OAuth2Session:
        settings = self.settings
        session = OAuth2Session(
            settings.client_id,
            self._secret() or None,
            token_endpoint_auth_method=settings.token_auth_method or None,
            scope=settings.scope,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
        )
        bound(session, authorities=settings.authorities, certificate=settings.certificate, key=settings.key)
        return session

    def _secret(self) -> str:
        """The client secret, read each time so that it can be changed while we run."""
        if self.settings.client_secret_file is None:
            return ""
        try:
            return self.settings.client_secret_file.read_text(encoding="utf-8").strip()
        except (OSError, ValueError):
            raise SettingsError("login_secret_file", place="client_secret_file") from None

    def _json(self, url: str, headers: Mapping[str, str]) -> dict[str, Any]:
        settings = self.settings
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


def _profession(claims: Mapping[str, Any]) -> str:
    """Code of the profession: ``SubjectRole`` of Pro Santé Connect is a list of ``code^system``."""
    roles = claims.get("SubjectRole")
    first = roles[0] if isinstance(roles, list) and roles else roles
    return first.partition("^")[0] if isinstance(first, str) else ""


def _printable(value: object) -> str:
    return "".join(c for c in value if c.isprintable())[:200] if isinstance(value, str) else ""
