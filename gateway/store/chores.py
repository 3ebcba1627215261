"""Chores: what one process of all does now and then (:data:`gateway.store.schema_care.CHORES`)."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import Connection, or_, update

from gateway.audit.inserting import insert_new
from gateway.store.schema_care import CHORES
from gateway.store.writer import Writer


def take(connection: Connection, name: str, now: datetime, every_s: float, lease_s: float) -> bool:
    """Whether the chore *name* is due and ours now: it was not done for *every_s*, and nobody else is at it."""
    insert_new(connection, CHORES, {"name": name, "holder": ""})
    done_long_ago = or_(
        CHORES.c.done_at.is_(None),
        CHORES.c.done_at <= now - timedelta(seconds=every_s),
        CHORES.c.done_at > now + timedelta(seconds=every_s),  # the clock was put back
    )
    free = or_(
        CHORES.c.lease_until.is_(None),
        CHORES.c.lease_until <= now,
        CHORES.c.lease_until > now + timedelta(seconds=2 * lease_s),
    )
    taken = (
        update(CHORES)
        .where(CHORES.c.name == name, done_long_ago, free)
        .values(lease_until=now + timedelta(seconds=lease_s), holder=f"{socket.gethostname()}:{os.getpid()}")
    )
    return connection.execute(taken).rowcount == 1


def done(connection: Connection, name: str, now: datetime) -> None:
    connection.execute(update(CHORES).where(CHORES.c.name == name).values(done_at=now, lease_until=None, holder=""))


@contextmanager
def chore(writer: Writer, name: str, now: datetime, *, every_s: float, lease_s: float = 3600.0) -> Iterator[bool]:
    """``with chore(...) as mine``: whether to do it; what raises leaves it undone until its lease ends."""
    mine = writer.run(lambda connection: take(connection, name, now, every_s, lease_s))
    yield mine
    if mine:
        writer.run(lambda connection: done(connection, name, now))
