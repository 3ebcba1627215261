"""Who looks, and at what: logins, and the examinations that links name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from gateway.model.access import Handle, LoginAttempt, Session
from gateway.model.audit import AuditEvent
from gateway.model.link import Asked, Led
from gateway.model.rights import BrokenGlass


class Sessions(Protocol):
    """Logins, as rows."""

    def begin(self, attempt: LoginAttempt) -> None: ...

    def finish(self, state: str) -> LoginAttempt | None:
        """The attempt, removed: it can be used once."""

    def open(self, session: Session, events: Iterable[AuditEvent]) -> None: ...

    def session(self, session_id: str, now: datetime, idle_s: float, hard_s: float) -> Session | None:
        """The session when it is alive, its ``seen_at`` moved to *now*."""

    def close(self, session_id: str, events: Iterable[AuditEvent]) -> None: ...

    def change(self, session: Session, events: Iterable[AuditEvent]) -> bool:
        """Write who it is and the tokens of a living session; False when it has ended."""

    def refresh_due(self, session_id: str, now: datetime, again: datetime) -> bool:
        """Whether the tokens of the session are to be asked for again; of several callers one is told so, and
        nobody else until *again*."""

    def living(self, now: datetime, idle_s: float, hard_s: float, limit: int) -> Sequence[Session]:
        """The sessions that are open, the last seen first."""

    def end(
        self, *, provider_session: str = "", subject_key: str = "", before: datetime, events: Iterable[AuditEvent]
    ) -> int:
        """End the sessions opened before *before* of a provider's session, or of a subject; gives how many.

        *events* are recorded when there was one.
        """

    def broke(self, use: BrokenGlass, events: Iterable[AuditEvent]) -> None:
        """Keep a use of break-glass."""

    def broken(self, session_id: str, patient_keys: Iterable[str]) -> bool:
        """Whether break-glass was used in this session for every one of these patients, of whom there is one."""

    def uses(self, limit: int) -> Sequence[BrokenGlass]:
        """Uses of break-glass, newest first."""

    def name(self, handle: Handle, events: Iterable[AuditEvent]) -> None: ...

    def handle(self, handle_id: str, session_id: str, not_before: datetime) -> Handle | None:
        """The handle, when it is this session's and not older than *not_before*."""


class Exams(Protocol):
    """Examinations of accepted reports, as links look for them."""

    def led(self, asked: Asked) -> Sequence[Led]:
        """Every examination that one of the values of *asked* names, each with what it has become.

        Where the PACS has told which accession number a study has, only that pair; before, each of the report's.
        """
