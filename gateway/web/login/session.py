"""Who is asking: the session behind the cookie, how one begins and ends.

Sessions are rows; the browser holds an opaque token. A session gets a new token at each login, so a token that was
known before a login opens nothing after it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from wsgiref.types import WSGIEnvironment

import structlog
from flask import Response, abort, g, redirect, request

from gateway.errors import PeerMisbehaved, PeerRefused, PeerUnreachable
from gateway.model.access import LoginAttempt, Person, Session
from gateway.model.audit import AuditEvent, Outcome
from gateway.web import sealed
from gateway.web.headers import LOGIN, SESSION, post_is_ours, read_cookie, set_cookie
from gateway.web.limits import Asked
from gateway.web.openid.client import LoggedIn, OpenIdConnect
from gateway.web.openid.seals import Tokens, seal, unseal
from gateway.web.parts import WebParts
from gateway.web.tokens import digest, is_token, new_token

CALLBACK = "/login/callback"
CHOICE = "/login/choose"
SITUATION = "/situation"
SIGNED_OUT = "/signed-out"
PATIENTS = "patients"
"""Name of the second provider."""
_UNDECIDED = "?"
"""In the place of a provider's name: the person has not said yet which one."""
_REFRESH_AGAIN = timedelta(seconds=30)
"""A provider that is away is asked again for tokens after so long; nobody else asks meanwhile."""
_AGENT = 160
_ONWARD = 3500
"""Letters of a sealed address: more would not fit into the line of a request. Whoever comes with a longer one goes on
to the home page."""

log = structlog.get_logger(__name__)


def actor(person: Person) -> str:
    """The name of *person* in the audit trail."""
    return person.identifier or person.subject


def subject_key(issuer: str, value: str) -> str:
    """What the store knows a provider's subject or session by; empty for none."""
    return digest(f"{issuer}\n{value}") if value else ""


class Access:
    """Sessions and logins of one application."""

    def __init__(self, parts: WebParts) -> None:
        self._parts = parts
        self.redirect_uri = f"{parts.settings.public_url}{CALLBACK}"
        self.providers: dict[str, OpenIdConnect] = {"": parts.login}
        if parts.patient_login is not None:
            self.providers[PATIENTS] = parts.patient_login

    # .. the session of a request

    def session_id(self, environ: WSGIEnvironment) -> str:
        """The digest of the session cookie, or nothing; says nothing on whether the session is alive."""
        token = read_cookie(self._parts.settings, environ, SESSION)
        return digest(token) if is_token(token) else ""

    def session_of(self, environ: WSGIEnvironment) -> Session | None:
        """The living session of a request; one that the provider has ended since is ended here."""
        token = read_cookie(self._parts.settings, environ, SESSION)
        if not is_token(token):
            return None
        parts, now = self._parts, self._parts.clock.now()
        found = parts.sessions.session(digest(token), now, parts.settings.idle_s, parts.settings.hard_s)
        if found is None or found.refresh_at is None or found.refresh_at > now:
            return found
        if not parts.sessions.refresh_due(found.id, now, now + _REFRESH_AGAIN):
            return found
        return self._renewed(found, token)

    def _renewed(self, session: Session, cookie: str) -> Session | None:
        """*session* with new tokens; None, and ended, when the provider says that its login is over."""
        parts = self._parts
        provider, tokens = self.providers.get(session.provider), unseal(session.tokens, cookie)
        try:
            if provider is None or tokens is None or not tokens.refresh:
                raise PeerRefused("login_refused")
            new = provider.renewed(tokens)
        except PeerRefused:
            facts = {"reason": "ended by the provider"}
            event = AuditEvent(action="session.closed", actor=actor(session.person), facts=facts)
            parts.sessions.close(session.id, [event])
            return None
        except (PeerUnreachable, PeerMisbehaved) as error:
            # The person is at work; what they were given stays within the hours of the session.
            log.warning("login.refresh_failed", code=error.code)
            return session
        renewed = replace(session, tokens=seal(new, cookie), refresh_at=self._next_refresh(provider, new))
        return renewed if parts.sessions.change(renewed, []) else None

    def current(self) -> Session | None:
        """The living session of the present request, looked up once."""
        if "session" not in g:
            g.session = self.session_of(request.environ)
        found: Session | None = g.session
        return found

    def access_token(self, session: Session) -> str:
        """The provider's access token for the person of the present request, to act for them elsewhere."""
        tokens = unseal(session.tokens, read_cookie(self._parts.settings, request.environ, SESSION))
        return tokens.access if tokens else ""

    # .. login

    def begin(self, next_url: str, provider: str | None = None, *, silent: bool | None = None) -> Response:
        """Send the browser to a provider; it comes back to *next_url*, which is one of ours and stays here.

        Without *provider* the first one is asked silently where that is set; then, with several, the person is.
        Raises TooMany where logins have been begun too often; one that goes on is not counted again.
        """
        if provider is None:
            if silent is None:
                self._parts.limits.check(Asked.LOGIN, request.environ)
                self._parts.limits.take(Asked.LOGIN, request.environ)
            wants_silence = self.providers[""].settings.silent_first and silent is None
            # The console is for professionals alone: there nobody is asked.
            if len(self.providers) > 1 and not wants_silence and not next_url.startswith("/console"):
                return self._ask(next_url)
            provider, silent = "", wants_silence
        attempt = self._attempt(next_url, provider, silent=bool(silent))
        url = self.providers[provider].authorization_url(
            redirect_uri=self.redirect_uri,
            state=attempt[0].state,
            nonce=attempt[0].nonce,
            code_verifier=attempt[0].code_verifier,
            silent=bool(silent),
        )
        return self._sent(url, *attempt)

    def _ask(self, next_url: str) -> Response:
        """Send the browser to the page that asks which provider; the page's address names the attempt alone."""
        attempt = self._attempt(next_url, _UNDECIDED, silent=False)
        return self._sent(f"{CHOICE}?ask={attempt[0].state}", *attempt)

    def _attempt(self, next_url: str, provider: str, *, silent: bool) -> tuple[LoginAttempt, str]:
        browser = read_cookie(self._parts.settings, request.environ, LOGIN)
        if not is_token(browser):
            browser = new_token()
        attempt = LoginAttempt(
            state=new_token(),
            browser=digest(browser),
            nonce=new_token(),
            code_verifier=new_token(),
            next_url=next_url,
            created_at=self._parts.clock.now(),
            provider=provider,
            silent=silent,
        )
        return attempt, browser

    def _sent(self, url: str, attempt: LoginAttempt, browser: str) -> Response:
        parts = self._parts
        parts.sessions.begin(attempt)
        response = _redirect(url)
        # One cookie serves every attempt of a browser, so that two links opened side by side both come back.
        response.headers.add("Set-Cookie", set_cookie(parts.settings, LOGIN, browser, parts.settings.attempt_s))
        return response

    def attempt(self, state: str, *, undecided: bool = False) -> LoginAttempt | None:
        """The attempt that this answer belongs to: ours, of this browser, young, and used now for good.

        Raises TooMany where too many answers belonged to none.
        """
        parts = self._parts
        browser = read_cookie(parts.settings, request.environ, LOGIN)
        if not is_token(state) or not is_token(browser):
            return None
        parts.limits.check(Asked.ANSWER, request.environ)
        attempt = parts.sessions.finish(state)
        if attempt is None or attempt.browser != digest(browser) or (attempt.provider == _UNDECIDED) != undecided:
            parts.limits.take(Asked.ANSWER, request.environ)
            return None
        age = parts.clock.now() - attempt.created_at
        return attempt if timedelta(0) <= age <= timedelta(seconds=parts.settings.attempt_s) else None

    def open(self, who: LoggedIn, attempt: LoginAttempt) -> Response:
        """Begin a session for who has logged in, and go on; a session that was there before ends."""
        parts = self._parts
        before = self.current()
        if before is not None:
            parts.sessions.close(before.id, [AuditEvent(action="session.closed", actor=actor(before.person))])
        token, now, person = new_token(), parts.clock.now(), who.person
        provider = self.providers[attempt.provider]
        session = Session(
            id=digest(token),
            person=person,
            csrf_token=new_token(),
            created_at=now,
            seen_at=now,
            provider=attempt.provider,
            provider_session=subject_key(person.issuer, who.session),
            subject_key=subject_key(person.issuer, person.subject),
            tokens=seal(who.tokens, token),
            refresh_at=self._next_refresh(provider, who.tokens),
            agent=_agent(),
        )
        parts.limits.came_through(request.environ, Asked.LOGIN)
        facts = {"kind": person.kind.value, **({"provider": attempt.provider} if attempt.provider else {})}
        parts.sessions.open(session, [AuditEvent(action="session.opened", actor=actor(person), facts=facts)])
        if person.must_choose:
            response = self.must_choose(session, attempt.next_url)
        else:
            response = _redirect(ours(attempt.next_url))
        response.headers.add("Set-Cookie", set_cookie(parts.settings, SESSION, token))
        return response

    def _next_refresh(self, provider: OpenIdConnect, tokens: Tokens) -> datetime | None:
        if not provider.settings.refresh or not tokens.refresh:
            return None
        return self._parts.clock.now() + timedelta(seconds=tokens.life_s)

    def must_choose(self, session: Session, next_url: str) -> Response:
        """Send the person to choose an exercise situation; they come back to *next_url*.

        It goes with the page, sealed: kept in the session, the link of one window would take that of another's place.
        """
        onward = sealed.seal(session, SITUATION, {"to": next_url})
        return _redirect(f"{SITUATION}?to={onward}" if len(onward) <= _ONWARD else SITUATION)

    # .. logout

    def close(self, session: Session) -> Response:
        """End *session* here and at its provider."""
        parts = self._parts
        tokens = unseal(session.tokens, read_cookie(parts.settings, request.environ, SESSION))
        parts.sessions.close(session.id, [AuditEvent(action="session.closed", actor=actor(session.person))])
        provider = self.providers.get(session.provider)
        back = f"{parts.settings.public_url}{SIGNED_OUT}"
        end = provider.end_session_url(back, tokens.identity if tokens else "") if provider else ""
        response = _redirect(end or SIGNED_OUT)
        response.headers.add("Set-Cookie", set_cookie(parts.settings, SESSION, "", 0))
        return response

    def refused(self, action: str, session: Session | None, **facts: str) -> None:
        """Record that something was refused."""
        who = actor(session.person) if session else "unknown"
        self._parts.store.record(AuditEvent(action=action, actor=who, outcome=Outcome.MINOR_FAILURE, facts=facts))

    def check_post(self, session: Session) -> None:
        """Answer 403 unless the present post comes from a form of ours."""
        sent = request.form.get("csrf_token", "")
        if not post_is_ours(self._parts.settings, request.environ, sent, session.csrf_token):
            abort(403)


def ours(url: str) -> str:
    """*url* when it is a path of ours, else the home page: the row it comes from is ours, and so is the path in it;
    were it not, the reader would still stay here."""
    return url if url.startswith("/") and url[1:2] not in ("/", "\\") else "/"


def _agent() -> str:
    """What the browser calls itself."""
    return "".join(c for c in request.headers.get("User-Agent", "") if c.isprintable())[:_AGENT]


def _redirect(url: str) -> Response:
    response = redirect(url, code=303, Response=Response)
    # Werkzeug writes the address into the body as a link; an address of the provider holds the attempt's secrets.
    response.set_data(b"")
    return response  # type: ignore[return-value]
