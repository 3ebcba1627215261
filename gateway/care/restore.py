"""``gateway restore``: a backup into an empty place, on either database.

Documents come first: what is there already is compared and left, so a restore that was broken off goes on where it
stood. Then come all rows in one transaction: a store is restored, or empty.

What was on its way when the backup was taken may have arrived since. Of shares that were fixed the registry is asked
first, as after any crash. Those that were still waiting would be fixed anew, under new unique ids; so they are held
until ``gateway reconcile`` has been read, unless it is said that nothing left after the backup.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, func, insert, literal, select, update

from gateway import audit
from gateway.audit.columns import UtcTime
from gateway.care import rows, sealing
from gateway.care.backup import (
    CONTENTS,
    LIST,
    PASSWORD_LEFT_OUT,
    SETTINGS,
    document_path,
    read_header,
)
from gateway.care.sealing import KeySeal, NoSeal, Seal
from gateway.errors import InputRejected, Unavailable
from gateway.flow.states import Happening
from gateway.model.audit import AuditEvent
from gateway.model.share import ShareState
from gateway.store import forms, migrations
from gateway.store.engine import take_as_long, transaction
from gateway.store.schema import LINEAGES, SHARE_STEPS, SHARES
from gateway.store.schema_care import CHORES
from gateway.wiring.house import House

log = structlog.get_logger(__name__)

REASON = "restored_look_first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restore has brought."""

    id: str
    taken_at: str
    rows: int
    documents: int
    missing: tuple[str, ...]
    """Documents that the backup itself did not have."""
    held: int
    """Shares that wait for a person, because they may have left after the backup."""
    again: bool
    """Whether the store held this backup already, and nothing was done."""


class Backup:
    """A backup that is open. Raises InputRejected (``backup_unreadable``, ``backup_locked``, ``backup_key``)."""

    def __init__(self, folder: Path, passphrase: Path | None, identity: Path | None) -> None:
        self.folder = folder
        header = read_header(folder)
        self._rows = Path(str(header.get("rows", ""))).name
        wrapped = header.get("key")
        self.seal: Seal = NoSeal()
        if wrapped:
            self.seal = KeySeal(
                sealing.unwrap(
                    wrapped,
                    sealing.passphrase_of(passphrase) if passphrase else None,
                    sealing.identity_of(identity) if identity else None,
                )
            )
        try:
            self.contents: dict[str, Any] = json.loads(self.read(f"{self._rows}/{CONTENTS}"))
            self.revision = str(self.contents["revision"])
            self.id = str(self.contents["id"])
            self.tables: dict[str, Mapping[str, Any]] = {table["name"]: table for table in self.contents["tables"]}
        except (ValueError, KeyError, TypeError) as error:
            raise InputRejected("backup_unreadable", name=CONTENTS, words=type(error).__name__) from None

    def read(self, name: str) -> bytes:
        return b"".join(self.seal.open(name, self.folder / name))

    def table(self, name: str) -> Any:
        """The bytes of a table's file, in pieces."""
        path = f"{self._rows}/{name}.gz"
        return self.seal.open(path, self.folder / path)

    def documents(self) -> list[str]:
        """The digests of its documents."""
        return self.read(f"{self._rows}/{LIST}").decode("ascii").split()

    def document(self, digest: str) -> bytes:
        """A document, compared with its name."""
        content = b"".join(self.seal.open(digest, document_path(self.folder, self.seal, digest)))
        if hashlib.sha256(content).hexdigest() != digest:
            raise InputRejected("backup_unreadable", name=digest, words="its content is not what its name says")
        return content


def verify(backup: Backup) -> int:
    """Read every document and every row of a backup and compare them with what is written of them; how many documents.

    Raises InputRejected (``backup_unreadable``) at the first fault.
    """
    digests = backup.documents()
    for digest in digests:
        backup.document(digest)
    for name, table in backup.tables.items():
        hashed, count = hashlib.sha256(), 0
        for line in rows.lines(name, backup.table(name)):
            hashed.update(line)
            count += 1
        if count != table["rows"] or hashed.hexdigest() != table["sha256"]:
            raise InputRejected("backup_unreadable", name=name, words="rows are missing or were changed")
    return len(digests)


def write_settings(backup: Backup, path: Path) -> bool:
    """Write the settings of the backup, and the secrets it holds, beside *path* where there are none; whether a
    password has to be put in by hand. Raises Unavailable."""
    text = backup.read(SETTINGS)
    for number, name in enumerate(backup.contents["secrets"]):
        target = path.resolve().parent / name
        if target.resolve().is_relative_to(path.resolve().parent) and not target.exists():
            sealing.write(target, [backup.read(f"secrets/{number}")])
    sealing.write(path, [text])
    return PASSWORD_LEFT_OUT.encode() in text


def restore(house: House, backup: Backup, *, go_on: bool = False) -> Restored:
    """Bring *backup* into the empty store and the folder of documents of *house*.

    *go_on*: nothing left after the backup was taken, so what waited may go on by itself. Raises InputRejected
    (``backup_newer``, ``backup_unreadable``, ``restore_not_empty``), Unavailable.
    """
    if not migrations.known(backup.revision):
        raise InputRejected("backup_newer", revision=backup.revision, head=migrations.head())
    if _was_restored(house, backup.id):
        return _told(backup, 0, 0, 0, again=True)
    _empty_tables_of(house, backup.revision)
    digests = backup.documents()
    for digest in digests:
        _bring(house, backup, digest)
    count, held = _bring_rows(house, backup, go_on=go_on)
    migrations.upgrade(house.engine)
    log.info("restore.done", rows=count, documents=len(digests), held=held)
    return _told(backup, count, len(digests), held, again=False)


def _told(backup: Backup, count: int, documents: int, held: int, *, again: bool) -> Restored:
    return Restored(
        id=backup.id,
        taken_at=str(backup.contents["taken_at"]),
        rows=count,
        documents=documents,
        missing=tuple(backup.contents["missing"]),
        held=held,
        again=again,
    )


def _was_restored(house: House, one: str) -> bool:
    if migrations.current(house.engine) is None:
        return False
    with transaction(house.engine) as connection:
        if not connection.dialect.has_table(connection, CHORES.name):
            return False
        return connection.execute(select(CHORES.c.name).where(CHORES.c.name == _mark(one))).first() is not None


def _mark(one: str) -> str:
    return f"restored:{one}"


def _empty_tables_of(house: House, revision: str) -> None:
    """Have the tables as they were when the backup was taken, empty. Raises InputRejected (``restore_not_empty``)."""
    if migrations.current(house.engine) is not None:
        with transaction(house.engine) as connection:
            for table in rows.tables(connection):
                if connection.execute(select(func.count()).select_from(table)).scalar_one():
                    raise InputRejected("restore_not_empty", table=table.name)
        if migrations.current(house.engine) == revision:
            return
        migrations.downgrade(house.engine, "base")
    migrations.upgrade(house.engine, revision)


def _bring(house: House, backup: Backup, digest: str) -> None:
    try:
        house.blobs.get(digest)
    except Unavailable as error:
        if error.code not in ("store_blob_missing", "store_blob_damaged"):
            raise
        house.blobs.put(backup.document(digest))


def _bring_rows(house: House, backup: Backup, *, go_on: bool) -> tuple[int, int]:
    now = house.clock.now()
    with transaction(house.engine) as connection:
        take_as_long(connection)
        tables = {table.name: table for table in rows.tables(connection)}
        unknown = sorted(set(backup.tables) - set(tables))
        if unknown:
            raise InputRejected("backup_unreadable", name=unknown[0], words="a table that this version does not know")
        count = sum(
            rows.load(connection, table, backup.tables[name], backup.table(name))
            for name, table in tables.items()
            if name in backup.tables
        )
        held = _settle(connection, now, go_on=go_on)
        if connection.dialect.has_table(connection, CHORES.name):
            connection.execute(insert(CHORES), {"name": _mark(backup.id), "done_at": now, "holder": ""})
        audit.record(
            connection,
            AuditEvent(action="store.restored", actor="gateway", facts={"backup": backup.id, "rows": str(count)}),
        )
    return count, held


def _settle(connection: Connection, now: datetime, *, go_on: bool) -> int:
    """No lease of another life; what may have left since the backup is asked for first, or held."""
    connection.execute(update(LINEAGES).values(lease=None, lease_until=None, share_id=None))
    _note(connection, ShareState.FROZEN, Happening.DEPARTURE, ShareState.SENDING, "", now)
    fixed = update(SHARES).where(SHARES.c.state == ShareState.FROZEN)
    connection.execute(fixed.values(state=ShareState.SENDING.value, claim_at=now, due_at=now, updated_at=now))
    if go_on:
        return 0
    _note(connection, ShareState.WAITING, Happening.MISMATCH, ShareState.HELD, REASON, now)
    waiting = update(SHARES).where(SHARES.c.state == ShareState.WAITING)
    held = {
        "state": ShareState.HELD.value,
        "claim_at": None,
        "updated_at": now,
        "reason": REASON,
        "facts": forms.dump_words({}),
    }
    return connection.execute(waiting.values(held)).rowcount


def _note(
    connection: Connection, before: ShareState, happening: Happening, after: ShareState, reason: str, now: datetime
) -> None:
    """Say in the history of every share that is *before* that the restore moved it to *after*."""
    if not connection.dialect.has_table(connection, SHARE_STEPS.name):
        # A backup of a release that kept no history.
        return
    last = select(func.max(SHARE_STEPS.c.position)).where(SHARE_STEPS.c.share_id == SHARES.c.id).scalar_subquery()
    said = {
        "share_id": SHARES.c.id,
        "position": func.coalesce(last, -1) + 1,
        "at": literal(now, UtcTime),
        "last_at": literal(now, UtcTime),
        "times": literal(1),
        "happening": literal(happening.name),
        "state": literal(after.value),
        "reason": literal(reason),
        "facts": literal(forms.dump_words({})),
        "actor": literal("gateway restore"),
    }
    rows_of = select(*said.values()).where(SHARES.c.state == before)
    connection.execute(insert(SHARE_STEPS).from_select(list(said), rows_of))
