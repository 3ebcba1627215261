"""Who is asking: the session behind the cookie, how one begins and ends.

Sessions are rows; the browser holds an opaque token. A session gets a new token at each login, so a token that was
known before a login opens nothing after it.
"""

from __future__ import annotations

from datetime import timedelta
from wsgiref.types import WSGIEnvironment

from flask import Response, abort, g, redirect, request

from gateway.model.access import LoginAttempt, Person, Session
from gateway.model.audit import AuditEvent, Outcome
from gateway.web.headers import LOGIN, SESSION, post_is_ours, read_cookie, set_cookie
from gateway.web.parts import WebParts
from gateway.web.tokens import digest, is_token, new_token

CALLBACK = "/login/callback"


def actor(person: Person) -> str:
    """The name of *person* in the audit trail."""
    return person.identifier or person.subject


class Access:
    """Sessions and logins of one application."""

    def __init__(self, parts: WebParts) -> None:
        self._parts = parts
        self.redirect_uri = f"{parts.settings.public_url}{CALLBACK}"

    def session_id(self, environ: WSGIEnvironment) -> str:
        """The digest of the session cookie, or nothing; says nothing on whether the session is alive."""
        token = read_cookie(self._parts.settings, environ, SESSION)
        return digest(token) if is_token(token) else ""

    def session_of(self, environ: WSGIEnvironment) -> Session | None:
        """The living session of a request."""
        session_id = self.session_id(environ)
        if not session_id:
            return None
        parts = self._parts
        return parts.sessions.session(session_id, parts.clock.now(), parts.settings.idle_s, parts.settings.hard_s)

    def current(self) -> Session | None:
        """The living session of the present request, looked up once."""
        if "session" not in g:
            g.session = self.session_of(request.environ)
        found: Session | None = g.session
        return found

    def begin(self, next_url: str) -> Response:
        """Send the browser to the provider; it comes back to *next_url*, which is one of ours and stays here."""
        parts = self._parts
        browser = read_cookie(parts.settings, request.environ, LOGIN)
        if not is_token(browser):
            browser = new_token()
        attempt = LoginAttempt(
            state=new_token(),
            browser=digest(browser),
            nonce=new_token(),
            code_verifier=new_token(),
            next_url=next_url,
            created_at=parts.clock.now(),
        )
        url = parts.login.authorization_url(
            redirect_uri=self.redirect_uri,
            state=attempt.state,
            nonce=attempt.nonce,
            code_verifier=attempt.code_verifier,
        )
        parts.sessions.begin(attempt)
        response = _redirect(url)
        # One cookie serves every attempt of a browser, so that two links opened side by side both come back.
        response.headers.add("Set-Cookie", set_cookie(parts.settings, LOGIN, browser, parts.settings.attempt_s))
        return response

    def attempt(self, state: str) -> LoginAttempt | None:
        """The attempt that this answer belongs to: ours, of this browser, young, and used now for good."""
        parts = self._parts
        browser = read_cookie(parts.settings, request.environ, LOGIN)
        if not is_token(state) or not is_token(browser):
            return None
        attempt = parts.sessions.finish(state)
        if attempt is None or attempt.browser != digest(browser):
            return None
        age = parts.clock.now() - attempt.created_at
        return attempt if timedelta(0) <= age <= timedelta(seconds=parts.settings.attempt_s) else None

    def open(self, person: Person, next_url: str) -> Response:
        """Begin a session for *person* and go on to *next_url*; a session that was there before ends."""
        parts = self._parts
        before = self.current()
        if before is not None:
            parts.sessions.close(before.id, [AuditEvent(action="session.closed", actor=actor(before.person))])
        token = new_token()
        now = parts.clock.now()
        session = Session(id=digest(token), person=person, csrf_token=new_token(), created_at=now, seen_at=now)
        parts.sessions.open(session, [AuditEvent(action="session.opened", actor=actor(person))])
        # The row is ours and so is the path in it; were it not, the reader would still stay here.
        response = _redirect(next_url if next_url.startswith("/") and next_url[1:2] not in ("/", "\\") else "/")
        response.headers.add("Set-Cookie", set_cookie(parts.settings, SESSION, token))
        return response

    def close(self, session: Session, next_url: str) -> Response:
        """End *session* and go on to *next_url*."""
        parts = self._parts
        parts.sessions.close(session.id, [AuditEvent(action="session.closed", actor=actor(session.person))])
        response = _redirect(next_url)
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


def _redirect(url: str) -> Response:
    response = redirect(url, code=303, Response=Response)
    # Werkzeug writes the address into the body as a link; an address of the provider holds the attempt's secrets.
    response.set_data(b"")
    return response  # type: ignore[return-value]
