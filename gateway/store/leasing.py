"""Leases: how a row that waits is given to one worker, and written back by that worker alone.

Two tables each: the jobs (shares, messages of the relay), and the lines that they stand in (a lineage; one way of a
request). What is leased is the line: its one row is what two workers of PostgreSQL meet at, so that never two of its
jobs are worked on at a time. Each lease has a new token and each write compares it: a worker whose lease ran out and
was given to another one writes nothing more.

A table of jobs has ``id``, ``sequence`` (the order of arrival) and ``claim_at`` (null when nothing is to be done); one
of lines ``key``, ``lease`` and ``lease_until``.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, bindparam, or_, select, update

from gateway.audit.columns import UtcTime
from gateway.store.statements import keyed, rows_by

_NOW = bindparam("now", type_=UtcTime)


class Leases:
    """The leases of one kind of jobs. Its statements are made once: to make one takes longer than to run it."""

    def __init__(self, jobs: Table, lines: Table, *, line: str, held: str, may_go: ColumnElement[bool]) -> None:
        """*line*: the column of *jobs* with the key of their line; *held*: the column of *lines* with the id of the
        job that is held; *may_go*: what holds of a job that nothing before it in its line holds back."""
        self._line, self._held = line, held
        together = jobs.join(lines, lines.c.key == jobs.c[line])
        in_turn = (jobs.c.claim_at, jobs.c.sequence)
        self._due = (
            select(jobs)
            .select_from(together)
            .where(
                jobs.c.claim_at <= _NOW,
                or_(lines.c.lease_until.is_(None), lines.c.lease_until <= _NOW),
                may_go,
            )
            .order_by(*in_turn)
            .limit(1)
            # PostgreSQL locks the rows of the job and of its line, skips those that another worker is locking, and
            # looks again at both when it got them. Without key_share what arrives for the line would wait.
            .with_for_update(skip_locked=True, key_share=True)
        )
        self._next_free = (
            select(jobs.c.claim_at)
            .select_from(together)
            .where(jobs.c.claim_at.is_not(None), lines.c.lease_until.is_(None), may_go)
            .order_by(*in_turn)
            .limit(1)
        )
        self._leased = select(lines.c.key, lines.c.lease_until).where(lines.c.lease_until.is_not(None))
        self._waiting = keyed(
            select(jobs.c[line], jobs.c.claim_at).where(jobs.c.claim_at.is_not(None), may_go), jobs.c[line]
        )
        of_line = lines.c.key == bindparam("of_line")
        self._take = update(lines).where(of_line)
        self._own = update(lines).where(
            and_(of_line, lines.c.lease == bindparam("token"), lines.c[held] == bindparam("of_job"))
        )

    def claim(self, connection: Connection, now: datetime, lease_s: float) -> tuple[Row[Any], str] | None:
        """The job that is due longest among those that may be worked on at *now*, and the token of its new lease of
        *lease_s* seconds."""
        row = connection.execute(self._due, {"now": now}).one_or_none()
        if row is None:
            return None
        token = uuid.uuid4().hex
        given = {"lease": token, "lease_until": now + timedelta(seconds=lease_s), self._held: row.id}
        connection.execute(self._take, {"of_line": row._mapping[self._line], **given})
        return row, token

    def next_due(self, connection: Connection) -> datetime | None:
        """The first moment at which :meth:`claim` would give something, if nothing changes until then."""
        free = connection.execute(self._next_free).scalar_one_or_none()
        # By the few lines that are leased, in two steps: SQLite would go through every job that waits.
        ends = {row.key: row.lease_until for row in connection.execute(self._leased)}
        leased = rows_by(connection, self._waiting, ends)
        moments = [max(row.claim_at, ends[key]) for key, rows in leased.items() for row in rows]
        return min([*moments, free] if free is not None else moments, default=None)

    def renew(self, connection: Connection, line: str, token: str, job: str, until: datetime) -> bool:
        """Lengthen the lease *token* of *job* to *until*; False when it is not held any more."""
        return self._written(connection, line, token, job, {"lease_until": until})

    def fence(self, connection: Connection, line: str, token: str, job: str, *, release: bool) -> bool:
        """Hold the lease until the end of the transaction, or end it; False when it is not held any more."""
        after = {"lease": None, "lease_until": None, self._held: None} if release else {self._held: job}
        return bool(token) and self._written(connection, line, token, job, after)

    def _written(self, connection: Connection, line: str, token: str, job: str, values: dict[str, Any]) -> bool:
        whose = {"of_line": line, "token": token, "of_job": job}
        return connection.execute(self._own, {**whose, **values}).rowcount == 1
