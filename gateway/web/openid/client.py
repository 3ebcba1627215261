"""The client side of OpenID Connect: authorization code, PKCE, and an ID token that is believed only when all fits.

Sources: OpenID Connect Core 1.0 sections 3.1.2, 3.1.3.3, 3.1.3.7 and 5.3; Discovery 1.0 section 4; RFC 7636; RFC 9700
(best current practice); RP-Initiated Logout 1.0. Pro Santé Connect is such a provider: its scope is ``openid
scope_all``, its ``acr_values`` ``eidas1``, and the professional's national identifier stands in ``SubjectNameID`` and
``preferred_username``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError

from gateway.errors import PeerMisbehaved, PeerRefused, PeerUnreachable, SettingsError
from gateway.flow.ports import Clock
from gateway.model.access import Person
from gateway.web.openid.claims import patient, professional
from gateway.web.openid.http import bound
from gateway.web.openid.provider import OpenIdSettings, Provider, Published
from gateway.web.openid.seals import Tokens

ALGORITHMS = ("RS256", "ES256", "PS256")
LEEWAY_S = 60
"""How far the provider's clock may be from ours."""
_TOKEN_CHARACTERS = 64 * 1024
LOGOUT_TOKEN_S = 300
"""A logout token is not believed when it is older than this."""
_LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
_SHORT_LIFE_S = 120.0
"""Of an access token that does not say: that of Pro Santé Connect."""
_LIFE_S = 86400.0
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

__all__ = ["LoggedIn", "OpenIdConnect", "OpenIdSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedIn:
    """Who has logged in, by which session of the provider, with which tokens."""

    person: Person
    tokens: Tokens
    session: str = ""
    """``sid`` of the ID token."""


class OpenIdConnect:
    """The provider, as the login sees it. Usable by several threads.

    Every method raises PeerUnreachable when the provider does not answer, PeerMisbehaved when its answer cannot be
    believed and PeerRefused when it says no.
    """

    def __init__(self, settings: OpenIdSettings, clock: Clock) -> None:
        self.settings = settings
        self._clock = clock
        self._provider = Provider(settings, clock)
        self._secret()

    def authorization_url(
        self, *, redirect_uri: str, state: str, nonce: str, code_verifier: str, silent: bool = False
    ) -> str:
        """Where to send the browser (section 3.1.2.1); *silent*: nobody is to be asked anything."""
        endpoint = str(self._provider.published().metadata["authorization_endpoint"])
        extra = {"acr_values": self.settings.acr_values} if self.settings.acr_values else {}
        extra |= {"prompt": "none"} if silent else {}
        with self._session(redirect_uri) as session:
            url, _ = session.create_authorization_url(
                endpoint, state=state, nonce=nonce, code_verifier=code_verifier, **extra
            )
        return str(url)

    def log_in(self, *, code: str, redirect_uri: str, nonce: str, code_verifier: str) -> LoggedIn:
        """Change the *code* for tokens, and say who has logged in (sections 3.1.3 and 5.3)."""
        provider = self._provider.published()
        asked = {"code": code, "redirect_uri": redirect_uri, "code_verifier": code_verifier}
        token = self._exchange(provider, redirect_uri, "authorization_code", asked)
        id_token, access_token = token.get("id_token"), token.get("access_token")
        if not isinstance(id_token, str) or len(id_token) > _TOKEN_CHARACTERS:
            raise PeerMisbehaved("login_token_wrong", words="no ID token")
        claims = dict(self._verified(id_token, nonce))
        session = claims.get("sid")
        endpoint = provider.metadata.get("userinfo_endpoint")
        if endpoint and isinstance(access_token, str):
            info = self._provider.json(str(endpoint), {"Authorization": f"Bearer {access_token}"})
            if info.get("sub") != claims["sub"]:
                raise PeerMisbehaved("login_token_wrong", words="userinfo of another subject")
            # What was signed wins over what was only said.
            claims = {**info, **claims}
        return LoggedIn(
            person=self._named(claims),
            tokens=_tokens(token),
            session=session[:255] if isinstance(session, str) else "",
        )

    def renewed(self, tokens: Tokens) -> Tokens:
        """The tokens, asked for again (RFC 6749 section 6); PeerRefused says that the login is over."""
        token = self._exchange(self._provider.published(), "", "refresh_token", {"refresh_token": tokens.refresh})
        new = _tokens(token)
        return replace(new, refresh=new.refresh or tokens.refresh, identity=new.identity or tokens.identity)

    def logged_out(self, logout_token: str) -> tuple[str, str, datetime]:
        """(sid, sub, when) of a logout token (Back-Channel Logout 1.0 sections 2.4 and 2.6), one of them not empty.

        Raises PeerMisbehaved unless the provider has signed it for us just now, for a logout.
        """
        if len(logout_token) > _TOKEN_CHARACTERS:
            raise PeerMisbehaved("login_token_wrong", words="length")
        claims = self._signed(logout_token, iat={"essential": True}, jti={"essential": True})
        events, issued = claims.get("events"), claims["iat"]
        now = self._clock.now().timestamp()
        if not isinstance(events, dict) or _LOGOUT not in events or "nonce" in claims:
            raise PeerMisbehaved("login_token_wrong", words="no logout")
        if not isinstance(issued, int | float) or not now - LOGOUT_TOKEN_S <= issued <= now + LEEWAY_S:
            raise PeerMisbehaved("login_token_wrong", words="age")
        session, subject = claims.get("sid", ""), claims.get("sub", "")
        if not isinstance(session, str) or not isinstance(subject, str) or not (session or subject):
            raise PeerMisbehaved("login_token_wrong", words="nobody")
        return session[:255], subject[:255], datetime.fromtimestamp(issued, UTC)

    def end_session_url(self, return_to: str, identity: str = "") -> str:
        """Where a browser ends its session at the provider; empty when it offers no such place or is away.

        *identity*: the ID token of the login, by which the provider knows whose session it is.
        """
        try:
            endpoint = self._provider.published().metadata.get("end_session_endpoint")
        except (PeerUnreachable, PeerMisbehaved):
            return ""
        if not endpoint:
            return ""
        hint = {"id_token_hint": identity} if identity else {}
        query = urlencode({"client_id": self.settings.client_id, "post_logout_redirect_uri": return_to, **hint})
        return f"{endpoint}{'&' if '?' in str(endpoint) else '?'}{query}"

    def origins(self) -> tuple[str, ...]:
        """Origins that a form of ours may be redirected to, from what is known already: never asks the network."""
        known = self._provider.known
        urls = [self.settings.issuer, *([str(known.metadata.get("end_session_endpoint") or "")] if known else [])]
        found = (f"{urlsplit(url).scheme}://{urlsplit(url).netloc}" for url in urls if url)
        return tuple(dict.fromkeys(found))

    def _exchange(
        self, provider: Published, redirect_uri: str, grant_type: str, asked: Mapping[str, str]
    ) -> Mapping[str, Any]:
        try:
            with self._session(redirect_uri) as session:
                token: Mapping[str, Any] = session.fetch_token(
                    self._token_endpoint(provider), grant_type=grant_type, allow_redirects=False, **asked
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

    def _token_endpoint(self, provider: Published) -> str:
        """Where tokens are asked for; providers that know us by certificate may have another place (RFC 8705)."""
        aliases = provider.metadata.get("mtls_endpoint_aliases")
        alias = aliases.get("token_endpoint") if isinstance(aliases, dict) and self.settings.certificate else None
        return str(alias or provider.metadata["token_endpoint"])

    def _verified(self, id_token: str, nonce: str) -> Mapping[str, Any]:
        """The claims of an ID token that passes every check of section 3.1.3.7."""
        claims = self._signed(
            id_token,
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
            azp={"value": self.settings.client_id},
        )
        wanted = self.settings.acr_values.split()
        if wanted and claims.get("acr") not in wanted:
            raise PeerMisbehaved("login_token_wrong", words="acr")
        audience = claims["aud"]
        if isinstance(audience, list) and len(audience) > 1 and "azp" not in claims:
            raise PeerMisbehaved("login_token_wrong", words="several audiences")
        return claims

    def _signed(self, text: str, **wanted: Any) -> Mapping[str, Any]:
        """The claims of a token that the provider has signed for us, and of which all that is *wanted* holds."""
        try:
            try:
                token = jwt.decode(text, self._provider.published().keys, algorithms=ALGORITHMS)
            except InvalidKeyIdError:
                token = jwt.decode(text, self._provider.keys_again(), algorithms=ALGORITHMS)
            jwt.JWTClaimsRegistry(
                now=int(self._clock.now().timestamp()),
                leeway=LEEWAY_S,
                iss={"essential": True, "value": self.settings.issuer},
                aud={"essential": True, "value": self.settings.client_id},
                **wanted,
            ).validate(token.claims)
        except (JoseError, ValueError, RecursionError) as error:
            raise PeerMisbehaved("login_token_wrong", words=type(error).__name__) from None
        return token.claims

    def _named(self, claims: Mapping[str, Any]) -> Person:
        settings = self.settings
        if settings.patients is not None:
            return patient(claims, settings.issuer, settings.patients)
        allowed = (settings.administrators, settings.readers)
        return professional(claims, settings.issuer, settings.identifier_claims, *allowed)

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


def _tokens(token: Mapping[str, Any]) -> Tokens:
    """The tokens of an answer; what is out of measure counts as absent."""

    def word(name: str) -> str:
        value = token.get(name)
        return value if isinstance(value, str) and len(value) <= _TOKEN_CHARACTERS else ""

    life = token.get("expires_in")
    known = isinstance(life, int | float) and not isinstance(life, bool) and 0 < life < _LIFE_S
    return Tokens(
        access=word("access_token"),
        refresh=word("refresh_token"),
        identity=word("id_token"),
        life_s=float(life) if known and life is not None else _SHORT_LIFE_S,
    )
