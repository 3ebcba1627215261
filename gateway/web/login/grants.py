"""Who may fetch frames, remembered for a few seconds.

A reader who scrolls asks for fifty frames in a second; each asks the store whether session and handle are alive and
moves the session's last-seen time, which is a write. The answer is kept for GRANT_S, so a session that is closed on
another machine may fetch frames for that long; one that is closed here is forgotten at once.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from wsgiref.types import WSGIEnvironment

from gateway.model.access import Handle
from gateway.web.login.session import Access
from gateway.web.parts import WebParts
from gateway.web.tokens import digest

GRANT_S = 5.0
_CAPACITY = 2048


class NoSession(Exception):
    """Nobody is logged in."""


class Grants:
    """Handles, checked for the session that asks."""

    def __init__(self, parts: WebParts, access: Access) -> None:
        self._parts = parts
        self._access = access
        self._lock = threading.Lock()
        self._given: dict[tuple[str, str], tuple[datetime, Handle]] = {}

    def handle(self, environ: WSGIEnvironment, token: str) -> Handle | None:
        """The handle behind *token*, when it is this session's and young enough; raises NoSession."""
        session_id = self._access.session_id(environ)
        key = (session_id, digest(token))
        now = self._parts.clock.now()
        with self._lock:
            given = self._given.get(key)
        if given is not None and timedelta(0) <= now - given[0] < timedelta(seconds=GRANT_S):
            return given[1]
        session = self._access.session_of(environ)
        if session is None:
            self.forget(session_id)
            raise NoSession
        found = self._parts.sessions.handle(key[1], session_id, now - timedelta(seconds=self._parts.settings.handle_s))
        shown = [(one.report_id, one.study_uid) for one in found.exams] if found is not None else []
        if not self._parts.consulting.still(session.person, shown):
            # Withdrawn or masked since the link was opened.
            return None
        if found is not None:
            with self._lock:
                if len(self._given) >= _CAPACITY:
                    self._given.clear()
                self._given[key] = (now, found)
        return found

    def forget_all(self) -> None:
        """Take back everything: some session has ended, and which one is not known here."""
        with self._lock:
            self._given.clear()

    def forget(self, session_id: str) -> None:
        """Take back what was granted to a session."""
        with self._lock:
            for key in [key for key in self._given if key[0] == session_id]:
                del self._given[key]
