"""The log of received messages: a row each, written with what it brought, or by itself when it was refused.

A report's bytes are kept once, in the blobs: the row of its message has what stood around them and where. What cannot
be put together again in that way, and is too large for a row, is a blob of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pybase64
from sqlalchemy import Connection, Engine, Row, delete, func, or_, select

from gateway.audit.inserting import insert_rows
from gateway.errors import InputRejected
from gateway.model.message import Arrival, KeptMessage, Verdict, fingerprint, same_message
from gateway.store.engine import reading
from gateway.store.schema import MESSAGES
from gateway.store.writer import Writer

_COLUMNS = [column for column in MESSAGES.columns if column.name not in ("envelope", "cuts")]
_FORGET_AT_ONCE = 1000
_NOTHING = json.dumps([])


def record(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add messages to the log in the transaction of *connection*, in their order, each of its :func:`row`."""
    insert_rows(connection, MESSAGES, rows)


def row(
    arrival: Arrival,
    verdict: Verdict,
    *,
    digests: Sequence[str] = (),
    document_ids: Sequence[str] = (),
    report_ids: Sequence[str] = (),
    relay_id: str = "",
    duplicate: bool = False,
    blob: str = "",
) -> Mapping[str, Any]:
    """What :func:`record` adds for a message that is recorded now.

    *digests*: of the documents at ``arrival.offsets``, one each; *blob*: key of ``arrival.apart``.
    """
    taken_out = digests[: len(arrival.offsets)]
    # The bytes of a message that is kept apart are told by their key.
    of_bytes = fingerprint(arrival.envelope, [*taken_out, *([blob] if blob else [])])
    return {
        "id": arrival.id,
        "key": same_message(arrival.sender, arrival.control_id, arrival.kind, document_ids, of_bytes),
        "port": arrival.port,
        "peer": arrival.peer,
        "sender": arrival.sender,
        "control_id": arrival.control_id,
        "kind": arrival.kind,
        "profile": arrival.profile,
        "received_at": arrival.received_at,
        "recorded_at": datetime.now(UTC),
        "size_bytes": arrival.size_bytes,
        "digest": of_bytes,
        "answer": verdict.answer,
        "code": verdict.code,
        "place": verdict.place,
        "hl7_code": verdict.hl7_code,
        "report_ids": json.dumps(list(report_ids)) if report_ids else _NOTHING,
        "relay_id": relay_id,
        "duplicate": duplicate,
        "again_of": arrival.again_of,
        "envelope": arrival.envelope,
        "cuts": json.dumps(list(zip(arrival.offsets, taken_out, strict=True))) if taken_out else _NOTHING,
        "blob": blob or None,
        "whole": arrival.whole,
    }


def _record_refused(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> Sequence[None]:
    record(connection, rows)
    return [None] * len(rows)


class SqlMessages:
    """The log (:class:`gateway.flow.ports.MessageLog`). Every method raises Unavailable as the store's do."""

    def __init__(
        self, engine: Engine, writer: Writer, put: Callable[[bytes], str], get: Callable[[str], bytes]
    ) -> None:
        """*put* and *get* keep and give large bytes (:class:`gateway.flow.ports.Blobs`)."""
        self._engine = engine
        self._writer = writer
        self._put = put
        self._get = get

    def refuse(self, arrival: Arrival, verdict: Verdict) -> None:
        """Record a message that was not taken."""
        blob = "" if arrival.apart is None else self._put(arrival.apart)
        self._writer.run_together(_record_refused, row(arrival, verdict, blob=blob))

    def find(
        self,
        *,
        limit: int,
        since: datetime | None = None,
        sender: str = "",
        control_id: str = "",
        answer: str = "",
        before: int = 0,
    ) -> Sequence[KeptMessage]:
        """Messages, newest first.

        *sender* is part of ``application|facility``, *control_id* the whole MSH-10, *answer* ``AA``, ``AE`` or ``AR``.
        """
        query = select(*_COLUMNS)
        if since is not None:
            query = query.where(MESSAGES.c.received_at >= since)
        if sender:
            query = (
                query.where(func.instr(MESSAGES.c.sender, sender) > 0)
                if self._is_sqlite
                else query.where(func.strpos(MESSAGES.c.sender, sender) > 0)
            )
        if control_id:
            query = query.where(MESSAGES.c.control_id == control_id)
        if answer:
            query = query.where(MESSAGES.c.answer == answer)
        if before:
            query = query.where(MESSAGES.c.sequence < before)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(MESSAGES.c.sequence.desc()).limit(max(0, limit))).all()
        return tuple(map(_kept, rows))

    def message(self, message_id: str) -> KeptMessage:
        """Raises InputRejected (``message_unknown``)."""
        with reading(self._engine) as connection:
            row = connection.execute(select(*_COLUMNS).where(MESSAGES.c.id == message_id)).one_or_none()
        if row is None:
            raise InputRejected("message_unknown", message=message_id)
        return _kept(row)

    def content(self, message_id: str) -> bytes:
        """The message, byte for byte; its beginning where no more is kept.

        Raises InputRejected (``message_unknown``), Unavailable when a document of it is gone.
        """
        query = select(MESSAGES.c.envelope, MESSAGES.c.cuts, MESSAGES.c.blob).where(MESSAGES.c.id == message_id)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise InputRejected("message_unknown", message=message_id)
        if row.blob:
            return self._get(row.blob)
        pieces = []
        begin = 0
        for offset, digest in json.loads(row.cuts):
            pieces += [row.envelope[begin:offset], pybase64.b64encode(self._get(digest))]
            begin = offset
        return b"".join([*pieces, row.envelope[begin:]])

    def forget(self, before: datetime, refused_before: datetime) -> int:
        """Remove what was received before *before*, and refused messages before *refused_before*; gives how many."""
        old = or_(
            MESSAGES.c.received_at < before,
            (MESSAGES.c.answer != "AA") & (MESSAGES.c.received_at < refused_before),
        )
        removed = 0
        while True:
            some = select(MESSAGES.c.sequence).where(old).limit(_FORGET_AT_ONCE)
            gone: int = self._writer.run(
                lambda connection, some=some: (
                    connection.execute(  # type: ignore[misc]
                        delete(MESSAGES).where(MESSAGES.c.sequence.in_(some))
                    ).rowcount
                )
            )
            removed += gone
            if gone < _FORGET_AT_ONCE:
                return removed

    @property
    def _is_sqlite(self) -> bool:
        return self._engine.dialect.name == "sqlite"


def _kept(row: Row[Any]) -> KeptMessage:
    return KeptMessage(
        id=row.id,
        port=row.port,
        peer=row.peer,
        sender=row.sender,
        control_id=row.control_id,
        kind=row.kind,
        profile=row.profile,
        received_at=row.received_at,
        recorded_at=row.recorded_at,
        size_bytes=row.size_bytes,
        digest=row.digest,
        answer=row.answer,
        code=row.code,
        place=row.place,
        hl7_code=row.hl7_code,
        report_ids=tuple(json.loads(row.report_ids)),
        relay_id=row.relay_id,
        duplicate=row.duplicate,
        again_of=row.again_of,
        whole=row.whole,
    )
