"""Leases: how a row that waits is given to one worker, and written back by that worker alone.

Two tables each: the jobs (shares, messages of the relay), and the lines that they stand in (a lineage; one way of a
request). What is leased is the line: its one row is what two workers of PostgreSQL meet at, so that never two of its
jobs are worked on at a time. Each lease has a new token and each write compares it: a worker whose lease ran out and
was given to another one writes nothing more.

The jobs that are due longest are taken some at a time off the index of ``claim_at``, and held against their lines and
what stands before them. Asked in one sentence, PostgreSQL judged every job that waits and sorted them then, as long as
it had not counted the table: 25 ms for each thousand, at each claim (measured).

A table of jobs has ``id``, ``sequence`` (the order of arrival) and ``claim_at`` (null when nothing is to be done), with
an index of ``claim_at`` and ``sequence``; one of lines ``key``, ``lease`` and ``lease_until``.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, bindparam, literal_column, or_, select, tuple_, update

from gateway.audit.columns import UtcTime
from gateway.store.prepared import Prepared
from gateway.store.statements import keyed, rows_by

_NOW = bindparam("now", type_=UtcTime)
_SOME = 32
"""Jobs that are looked at together: more than are usually leased at a time."""
_ONE: ColumnElement[Any] = literal_column("1")
"""Not a parameter: PostgreSQL plans for one row alone only when it sees that."""
_BEGINNING: Mapping[str, Any] = {"after_at": datetime(1, 1, 2, tzinfo=UTC), "after": 0}
_END = datetime(9999, 12, 30, tzinfo=UTC)


class Leases:
    """The leases of one kind of jobs. Its statements are made once: to make one takes longer than to run it."""

    def __init__(self, jobs: Table, lines: Table, *, line: str, held: str, may_go: ColumnElement[bool]) -> None:
        """*line*: the column of *jobs* with the key of their line; *held*: the column of *lines* with the id of the
        job that is held; *may_go*: what holds of a job that nothing before it in its line holds back."""
        self._line, self._held = line, held
        behind = tuple_(jobs.c.claim_at, jobs.c.sequence) > tuple_(
            bindparam("after_at", type_=UtcTime), bindparam("after")
        )
        in_turn = (
            select(jobs.c.claim_at, jobs.c.sequence)
            .where(jobs.c.claim_at.is_not(None), behind)
            .order_by(jobs.c.claim_at, jobs.c.sequence)
        )
        some = in_turn.limit(literal_column(str(_SOME))).subquery("some")
        first = (
            some.join(jobs, jobs.c.sequence == some.c.sequence).join(lines, lines.c.key == jobs.c[line]),
            (jobs.c.claim_at <= _NOW, may_go),
            (some.c.claim_at, some.c.sequence),
        )
        self._due = Prepared(
            select(jobs)
            .select_from(first[0])
            .where(*first[1], or_(lines.c.lease_until.is_(None), lines.c.lease_until <= _NOW))
            .order_by(*first[2])
            .limit(_ONE)
            # PostgreSQL locks the rows of the job and of its line, skips those that another worker is locking, and
            # looks again at both when it got them. Without key_share what arrives for the line would wait.
            .with_for_update(skip_locked=True, key_share=True, of=[jobs, lines])
        )
        self._free = Prepared(
            select(jobs.c.claim_at)
            .select_from(first[0])
            .where(*first[1], lines.c.lease_until.is_(None))
            .order_by(*first[2])
            .limit(_ONE)
        )
        self._last_of_some = Prepared(in_turn.offset(literal_column(str(_SOME - 1))).limit(_ONE))
        self._leased = Prepared(select(lines.c.key, lines.c.lease_until).where(lines.c.lease_until.is_not(None)))
        self._waiting = keyed(
            select(jobs.c[line], jobs.c.claim_at).where(jobs.c.claim_at.is_not(None), may_go), jobs.c[line]
        )
        of_line = lines.c.key == bindparam("of_line")
        whose = (of_line, lines.c.lease == bindparam("token"), lines.c[held] == bindparam("of_job"))
        self._take = Prepared(update(lines).where(of_line))
        self._own = Prepared(update(lines).where(*whose))
        # The lock alone: a row that is written anew costs PostgreSQL twice as much, three times a share.
        self._hold = Prepared(select(lines.c.key).where(*whose).with_for_update(key_share=True))

    def claim(self, connection: Connection, now: datetime, lease_s: float) -> tuple[Any, str] | None:
        """The job that is due longest among those that may be worked on at *now*, and the token of its new lease of
        *lease_s* seconds."""
        row = self._first(connection, self._due, now)
        if row is None:
            return None
        token = uuid.uuid4().hex
        given = {"lease": token, "lease_until": now + timedelta(seconds=lease_s), self._held: row.id}
        self._take.count(connection, {"of_line": getattr(row, self._line), **given})
        return row, token

    def _first(self, connection: Connection, wanted: Prepared, until: datetime) -> Any:
        """The first row of *wanted*, of jobs that are due by *until*, or None."""
        after: Mapping[str, Any] = _BEGINNING
        while True:
            row = wanted.one_or_none(connection, {**after, "now": until})
            if row is not None:
                return row
            last = self._last_of_some.one_or_none(connection, after)
            if last is None or last.claim_at > until:
                return None
            after = {"after_at": last.claim_at, "after": last.sequence}

    def next_due(self, connection: Connection) -> datetime | None:
        """The first moment at which :meth:`claim` would give something, if nothing changes until then."""
        free = self._first(connection, self._free, _END)
        # By the few lines that are leased, in two steps: SQLite would go through every job that waits.
        ends = {row.key: row.lease_until for row in self._leased.all(connection, {})}
        leased = rows_by(connection, self._waiting, ends)
        moments = [max(row.claim_at, ends[key]) for key, rows in leased.items() for row in rows]
        return min([*moments, free.claim_at] if free is not None else moments, default=None)

    def renew(self, connection: Connection, line: str, token: str, job: str, until: datetime) -> bool:
        """Lengthen the lease *token* of *job* to *until*; False when it is not held any more."""
        whose = {"of_line": line, "token": token, "of_job": job}
        return self._own.count(connection, {**whose, "lease_until": until}) == 1

    def fence(self, connection: Connection, line: str, token: str, job: str, *, release: bool) -> bool:
        """Hold the lease until the end of the transaction, or end it; False when it is not held any more."""
        whose = {"of_line": line, "token": token, "of_job": job}
        if not token:
            return False
        if not release:
            return self._hold.one_or_none(connection, whose) is not None
        return self._own.count(connection, {**whose, "lease": None, "lease_until": None, self._held: None}) == 1
