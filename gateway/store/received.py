"""Instances that a PACS sent: rejection notes and imports. The bytes are blobs, the rows say whose they are.

A note and what it does to the studies it speaks of are one transaction: who sent it is answered with Success when
both are durable, and each of these studies is then due to be looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, delete, select

from gateway import audit
from gateway.audit.inserting import insert_new
from gateway.errors import InputConflicts
from gateway.flow.ports import Blobs
from gateway.model.audit import AuditEvent
from gateway.model.codes import Code
from gateway.model.exam import KeyObjectNote
from gateway.store import forms, watches
from gateway.store.engine import reading
from gateway.store.schema import RECEIVED_INSTANCES as RECEIVED
from gateway.store.writer import Writer

REJECTION, IMPORT, STEP = "rejection", "import", "step"


class SqlReceived:
    """Implements :class:`gateway.flow.ports.ReceivedInstances`; raises as :class:`gateway.store.sql.SqlStore`."""

    def __init__(self, engine: Engine, writer: Writer, blobs: Blobs) -> None:
        self._engine = engine
        self._writer = writer
        self._blobs = blobs

    def keep_rejection(
        self, note: KeyObjectNote, study_uids: Sequence[str], content: bytes, *, peer: str, now: datetime
    ) -> bool:
        """As the port."""
        return self._keep(REJECTION, study_uids, note.sop_instance_uid, content, dump_note(note), peer=peer, now=now)

    def keep_import(self, study_uid: str, sop_instance_uid: str, content: bytes, *, peer: str, now: datetime) -> bool:
        """As the port."""
        return self._keep(IMPORT, [study_uid], sop_instance_uid, content, "", peer=peer, now=now)

    def changed(self, study_uids: Sequence[str], *, peer: str, now: datetime) -> int:
        """As the port."""
        event = _event("study.announced", study_uids, peer, {})

        def write(connection: Connection) -> int:
            found = watches.told(connection, study_uids, now)
            if found:
                audit.record(connection, event)
            return found

        return self._writer.run(write)

    def begin_step(self, sop_instance_uid: str, study_uids: Sequence[str], *, peer: str, now: datetime) -> bool:
        """As the port."""

        def write(connection: Connection) -> bool:
            if _studies_of_step(connection, sop_instance_uid):
                return False
            return all(
                _insert(connection, study_uid, sop_instance_uid, STEP, "", 0, peer, "", now)
                for study_uid in sorted(set(study_uids))
            )

        return self._writer.run(write)

    def end_step(self, sop_instance_uid: str, *, peer: str, now: datetime) -> bool:
        """As the port."""

        def write(connection: Connection) -> bool:
            studies = _studies_of_step(connection, sop_instance_uid)
            connection.execute(delete(RECEIVED).where(*_of_step(sop_instance_uid)))
            watches.told(connection, studies, now)
            if studies:
                audit.record(connection, _event("step.ended", studies, peer, {"instance": sop_instance_uid}))
            return bool(studies)

        return self._writer.run(write)

    def forget_steps(self, before: datetime) -> int:
        """Steps that began before *before* and never ended."""
        old = delete(RECEIVED).where(RECEIVED.c.kind == STEP, RECEIVED.c.received_at < before)
        return self._writer.run(lambda connection: connection.execute(old).rowcount)

    def rejections(self, study_uid: str) -> Collection[KeyObjectNote]:
        """The rejection notes that speak of a study."""
        query = select(RECEIVED.c.note).where(RECEIVED.c.study_uid == study_uid, RECEIVED.c.kind == REJECTION)
        with reading(self._engine) as connection:
            return tuple(load_note(text) for text in connection.execute(query).scalars())

    def take_back(self, study_uid: str, sop_instance_uid: str, *, actor: str, now: datetime) -> bool:
        """Forget a rejection note of a study: what it rejected is shared again. False when it is not there."""
        event = _event("rejection.taken_back", [study_uid], actor, {"instance": sop_instance_uid})
        one = (
            RECEIVED.c.study_uid == study_uid,
            RECEIVED.c.sop_instance_uid == sop_instance_uid,
            RECEIVED.c.kind == REJECTION,
        )

        def write(connection: Connection) -> bool:
            if connection.execute(delete(RECEIVED).where(*one)).rowcount != 1:
                return False
            watches.told(connection, [study_uid], now)
            audit.record(connection, event)
            return True

        return self._writer.run(write)

    def _keep(
        self,
        kind: str,
        study_uids: Sequence[str],
        sop_instance_uid: str,
        content: bytes,
        note: str,
        *,
        peer: str,
        now: datetime,
    ) -> bool:
        digest = self._blobs.put(content)
        event = _event(f"{kind}.received", study_uids, peer, {"instance": sop_instance_uid})

        def write(connection: Connection) -> bool:
            fresh = [
                study_uid
                for study_uid in sorted(set(study_uids))
                if _insert(connection, study_uid, sop_instance_uid, kind, digest, len(content), peer, note, now)
            ]
            if fresh:
                watches.told(connection, fresh, now)
                audit.record(connection, event)
            return bool(fresh)

        return self._writer.run(write)


def _of_step(sop_instance_uid: str) -> tuple[ColumnElement[bool], ...]:
    return RECEIVED.c.sop_instance_uid == sop_instance_uid, RECEIVED.c.kind == STEP


def _studies_of_step(connection: Connection, sop_instance_uid: str) -> list[str]:
    query = select(RECEIVED.c.study_uid).where(*_of_step(sop_instance_uid)).order_by(RECEIVED.c.study_uid)
    return list(connection.execute(query).scalars())


def dump_note(note: KeyObjectNote) -> str:
    return forms.dump(
        {
            "sop_instance_uid": note.sop_instance_uid,
            "series_uid": note.series_uid,
            "title": [note.title.code, note.title.system, note.title.display],
            "description": note.description,
            "marked": sorted(note.marked),
        }
    )


def load_note(text: str) -> KeyObjectNote:
    data: dict[str, Any] = forms.load(text)
    return KeyObjectNote(**{**data, "title": Code(*data["title"]), "marked": frozenset(data["marked"])})


def _insert(
    connection: Connection,
    study_uid: str,
    sop_instance_uid: str,
    kind: str,
    digest: str,
    size_bytes: int,
    peer: str,
    note: str,
    now: datetime,
) -> bool:
    """False when it is there; raises InputConflicts (``instance_differs``) when other bytes are."""
    row = {
        "study_uid": study_uid,
        "sop_instance_uid": sop_instance_uid,
        "kind": kind,
        "digest": digest,
        "size_bytes": size_bytes,
        "peer": peer,
        "note": note,
        "received_at": now,
    }
    if insert_new(connection, RECEIVED, row):
        return True
    key = (RECEIVED.c.study_uid == study_uid, RECEIVED.c.sop_instance_uid == sop_instance_uid)
    if connection.execute(select(RECEIVED.c.digest).where(*key)).scalar_one() != digest:
        raise InputConflicts("instance_differs")
    return False


def _event(action: str, study_uids: Sequence[str], peer: str, facts: dict[str, str]) -> AuditEvent:
    return AuditEvent(action=action, actor=peer, study_uid=study_uids[0] if study_uids else "", facts=facts)
