"""Logins as rows (:class:`gateway.flow.ports.Sessions`). What a browser holds is never stored, only its digest."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, delete, insert, select, update

from gateway import audit
from gateway.model.access import Handle, LoginAttempt, Session, ShownStudy, ViewOptions
from gateway.model.audit import AuditEvent
from gateway.model.rights import BrokenGlass
from gateway.store import forms
from gateway.store.engine import reading
from gateway.store.schema import HANDLES, LOGIN_ATTEMPTS, SESSIONS
from gateway.store.schema_access import BREAK_GLASS
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
                    "provider": attempt.provider,
                    "silent": attempt.silent,
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
                    "details": forms.dump_session(session),
                    "provider_session": session.provider_session,
                    "subject_key": session.subject_key,
                    "refresh_at": session.refresh_at,
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
        return replace(forms.load_session(row), seen_at=max(row.seen_at, now))

    def close(self, session_id: str, events: Iterable[AuditEvent]) -> None:
        """Remove the session and every handle that was named for it."""
        kept = tuple(events)

        def write(connection: Connection) -> None:
            connection.execute(delete(HANDLES).where(HANDLES.c.session_id == session_id))
            connection.execute(delete(SESSIONS).where(SESSIONS.c.id == session_id))
            _record(connection, kept)

        self._writer.run(write)

    def change(self, session: Session, events: Iterable[AuditEvent]) -> bool:
        """Write who it is and the tokens of a living session; False when it has ended."""
        kept = tuple(events)

        def write(connection: Connection) -> bool:
            changed = connection.execute(
                update(SESSIONS)
                .where(SESSIONS.c.id == session.id)
                .values(
                    person=forms.dump_person(session.person),
                    details=forms.dump_session(session),
                    refresh_at=session.refresh_at,
                )
            )
            if changed.rowcount == 1:
                _record(connection, kept)
            return changed.rowcount == 1

        return self._writer.run(write)

    def refresh_due(self, session_id: str, now: datetime, again: datetime) -> bool:
        """As the port: the row itself decides between callers on several machines."""
        statement = update(SESSIONS).where(SESSIONS.c.id == session_id, SESSIONS.c.refresh_at <= now)
        return self._writer.run(lambda connection: connection.execute(statement.values(refresh_at=again)).rowcount == 1)

    def living(self, now: datetime, idle_s: float, hard_s: float, limit: int) -> Sequence[Session]:
        query = (
            select(SESSIONS)
            .where(
                SESSIONS.c.seen_at > now - timedelta(seconds=idle_s),
                SESSIONS.c.created_at > now - timedelta(seconds=hard_s),
            )
            .order_by(SESSIONS.c.seen_at.desc(), SESSIONS.c.id)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return tuple(forms.load_session(row) for row in connection.execute(query))

    def end(
        self, *, provider_session: str = "", subject_key: str = "", before: datetime, events: Iterable[AuditEvent]
    ) -> int:
        kept = tuple(events)
        named = [
            column == value
            for column, value in (
                (SESSIONS.c.provider_session, provider_session),
                (SESSIONS.c.subject_key, subject_key),
            )
            if value
        ]
        if not named:
            return 0

        def write(connection: Connection) -> int:
            query = select(SESSIONS.c.id).where(*named, SESSIONS.c.created_at < before)
            ids = connection.execute(query).scalars().all()
            connection.execute(delete(HANDLES).where(HANDLES.c.session_id.in_(ids)))
            connection.execute(delete(SESSIONS).where(SESSIONS.c.id.in_(ids)))
            if ids:
                _record(connection, kept)
            return len(ids)

        return self._writer.run(write)

    def broke(self, use: BrokenGlass, events: Iterable[AuditEvent]) -> None:
        kept = tuple(events)

        def write(connection: Connection) -> None:
            values = {**dataclasses.asdict(use), "reason": forms.dump_words({"reason": use.reason})}
            connection.execute(insert(BREAK_GLASS), values)
            _record(connection, kept)

        self._writer.run(write)

    def broken(self, session_id: str, patient_keys: Iterable[str]) -> bool:
        wanted = set(patient_keys)
        query = select(BREAK_GLASS.c.patient_key).where(
            BREAK_GLASS.c.session_id == session_id, BREAK_GLASS.c.patient_key.in_(wanted)
        )
        with reading(self._engine) as connection:
            return bool(wanted) and set(connection.execute(query).scalars()) == wanted

    def uses(self, limit: int) -> Sequence[BrokenGlass]:
        query = select(BREAK_GLASS).order_by(BREAK_GLASS.c.created_at.desc(), BREAK_GLASS.c.id).limit(limit)
        with reading(self._engine) as connection:
            return tuple(
                BrokenGlass(**{**row._mapping, "reason": forms.load_words(row.reason)["reason"]})
                for row in connection.execute(query)
            )

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
                    "shown": forms.dump_shown(handle),
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
        if row is None:
            return None
        exams: tuple[ShownStudy, ...] = (ShownStudy(site=row.site, study_uid=row.study_uid, report_id=row.report_id),)
        options = ViewOptions()
        if row.shown:
            exams, options = forms.load_shown(row.shown)
        return Handle(id=row.id, session_id=row.session_id, exams=exams, created_at=row.created_at, options=options)

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
