"""Logins as rows (:class:`gateway.flow.ports.Sessions`). What a browser holds is never stored, only its digest."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, delete, insert, select, update

from gateway import audit
from gateway.model.access import Handle, LoginAttempt, Session
from gateway.model.audit import AuditEvent
from gateway.store import forms
from gateway.store.engine import reading
from gateway.store.schema import HANDLES, LOGIN_ATTEMPTS, SESSIONS
from gateway.store.writer import Writer

_ATTEMPT_LIFETIME = timedelta(hours=1)
"""Nobody is longer at the identity provider than this; anybody may begin, so what is older goes with each begin."""
_SEEN_STEP_S = 1.0


class SqlSessions:
    """Sessions, login attempts and handles on the database of the store."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    def begin(self, attempt: LoginAttempt) -> None:
        """Keep *attempt*, and forget those an hour older."""

        def write(connection: Connection) -> None:
            too_old = attempt.created_at - _ATTEMPT_LIFETIME
            connection.execute(delete(LOGIN_ATTEMPTS).where(LOGIN_ATTEMPTS.c.created_at < too_old))
            connection.execute(
                insert(LOGIN_ATTEMPTS),
                {
                    "state": attempt.state,
                    "browser": attempt.browser,
                    "nonce": attempt.nonce,
                    "code_verifier": attempt.code_verifier,
                    "next_url": attempt.next_url,
                    "created_at": attempt.created_at,
                },
            )

        self._writer.run(write)

    def finish(self, state: str) -> LoginAttempt | None:
        """The attempt of *state*, removed: of several callers one gets it."""
        removal = delete(LOGIN_ATTEMPTS).where(LOGIN_ATTEMPTS.c.state == state).returning(LOGIN_ATTEMPTS)
        row = self._writer.run(lambda connection: connection.execute(removal).one_or_none())
        return None if row is None else LoginAttempt(**row._mapping)

    def open(self, session: Session, events: Iterable[AuditEvent]) -> None:
        kept = tuple(events)

        def write(connection: Connection) -> None:
            connection.execute(
                insert(SESSIONS),
                {
                    "id": session.id,
                    "person": forms.dump_person(session.person),
                    "csrf_token": session.csrf_token,
                    "created_at": session.created_at,
                    "seen_at": session.seen_at,
                },
            )
            _record(connection, kept)

        self._writer.run(write)

    def session(self, session_id: str, now: datetime, idle_s: float, hard_s: float) -> Session | None:
        """The session while it was seen less than *idle_s* and opened less than *hard_s* seconds before *now*.

        Its row's ``seen_at`` follows in steps of a second: a page of many images is not as many commits.
        """
        with reading(self._engine) as connection:
            row = connection.execute(select(SESSIONS).where(SESSIONS.c.id == session_id)).one_or_none()
        if row is None:
            return None
        unseen_s = (now - row.seen_at).total_seconds()
        if unseen_s >= idle_s or (now - row.created_at).total_seconds() >= hard_s:
            return None
        if unseen_s >= _SEEN_STEP_S and not self._seen(session_id, now):
            return None
        return Session(
            id=row.id,
            person=forms.load_person(row.person),
            csrf_token=row.csrf_token,
            created_at=row.created_at,
            seen_at=max(row.seen_at, now),
        )

    def close(self, session_id: str, events: Iterable[AuditEvent]) -> None:
        """Remove the session and every handle that was named for it."""
        kept = tuple(events)

        def write(connection: Connection) -> None:
            connection.execute(delete(HANDLES).where(HANDLES.c.session_id == session_id))
            connection.execute(delete(SESSIONS).where(SESSIONS.c.id == session_id))
            _record(connection, kept)

        self._writer.run(write)

    def name(self, handle: Handle, events: Iterable[AuditEvent]) -> None:
        kept = tuple(events)

        def write(connection: Connection) -> None:
            connection.execute(
                insert(HANDLES),
                {
                    "id": handle.id,
                    "session_id": handle.session_id,
                    "site": handle.site,
                    "study_uid": handle.study_uid,
                    "report_id": handle.report_id,
                    "created_at": handle.created_at,
                },
            )
            _record(connection, kept)

        self._writer.run(write)

    def handle(self, handle_id: str, session_id: str, not_before: datetime) -> Handle | None:
        with reading(self._engine) as connection:
            row = connection.execute(
                select(HANDLES).where(
                    HANDLES.c.id == handle_id,
                    HANDLES.c.session_id == session_id,
                    HANDLES.c.created_at >= not_before,
                )
            ).one_or_none()
        return None if row is None else Handle(**row._mapping)

    def forget(self, before: datetime) -> None:
        """Remove every session, handle and attempt made before *before* (now less the hard limit of a session)."""

        def write(connection: Connection) -> None:
            for table in (SESSIONS, HANDLES, LOGIN_ATTEMPTS):
                connection.execute(delete(table).where(table.c.created_at < before))

        self._writer.run(write)

    def _seen(self, session_id: str, now: datetime) -> bool:
        """Write ``seen_at``; False when the session was closed meanwhile."""
        statement = update(SESSIONS).where(SESSIONS.c.id == session_id).values(seen_at=now)
        return self._writer.run(lambda connection: connection.execute(statement).rowcount == 1)


def _record(connection: Connection, events: Iterable[AuditEvent]) -> None:
    for event in events:
        audit.record(connection, event)
