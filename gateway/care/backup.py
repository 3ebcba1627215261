"""``gateway backup``: everything that cannot be made again, at one moment, while the gateway works.

A folder holds, sealed or not (:mod:`gateway.care.sealing`):

* ``backup.json``, always in the clear: what it is, how its key is wrapped, and which ``rows-…/`` are its; written
  last, so that a backup that was broken off is none, and one into the folder of an earlier one takes its place at that
  moment;
* ``rows-…/``: a file a table (:mod:`gateway.care.rows`), the list of the documents, and ``contents.json``, which says
  what belongs to it;
* ``documents/``: the documents, each under its digest, or under a name that tells nothing when it is sealed;
* ``settings.toml``, its passwords left out, and on demand the files of keys and secrets that it names.

Rows are read in one transaction and before the documents: a document is on the disk before a row names it, so none
that a row of the backup names can be too late for it.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, select

from gateway import __version__
from gateway.care import rows, sealing
from gateway.care.sealing import KeySeal, NoSeal, Seal
from gateway.errors import InputRejected, Unavailable
from gateway.settings.base import Table
from gateway.store import migrations
from gateway.store.engine import snapshot
from gateway.store.schema import DOCUMENTS, REPORTS, SHARES, SUBMISSIONS
from gateway.store.schema_care import ERASURES
from gateway.wiring.house import House

log = structlog.get_logger(__name__)

FORMAT = 1
HEADER = "backup.json"
CONTENTS = "contents.json"
SETTINGS = "settings.toml"
LIST = "documents.txt"
_UNFINISHED = re.compile(rf"\.(?:{re.escape(HEADER)}|{re.escape(SETTINGS)})\.[0-9a-f]{{8}}")
_PASSWORD = re.compile(r"(://[^:/@\s\"']+:)[^@/\s\"']+@")
PASSWORD_LEFT_OUT = "LEFT-OUT"  # noqa: S105 - says that there is none


@dataclass(frozen=True, slots=True, kw_only=True)
class BackedUp:
    """What a backup holds."""

    id: str
    revision: str
    rows: int
    documents: int
    documents_new: int
    """Of them, those that were not in the folder yet."""
    missing: tuple[str, ...]
    """Documents that a row names and the folder of documents does not have, or has damaged."""
    sealed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How a backup is made."""

    passphrase: Path | None = None
    recipient: Path | None = None
    with_secrets: bool = False
    told: Callable[[str], None] = lambda _: None
    """Called with what is being done."""


def back_up(house: House, settings_file: Path, folder: Path, wishes: Wishes) -> BackedUp:
    """Make a backup in *folder*: new, empty, or that of an earlier backup, of which the documents are kept.

    Raises InputRejected (``backup_folder``, ``backup_locked``, ``backup_key``), Unavailable (no room; the store).
    """
    migrations.check(house.engine)
    seal, header = _begin(folder, wishes)
    one = secrets.token_hex(8)
    place = f"rows-{one}"
    try:
        contents, listed, missing, fresh = _write(house, settings_file, folder, place, seal, wishes)
        sealing.write(folder / place / CONTENTS, seal.shut(f"{place}/{CONTENTS}", [_json(contents | {"id": one})]))
    except BaseException:
        shutil.rmtree(folder / place, ignore_errors=True)
        raise
    sealing.write(folder / HEADER, [_json(header | {"rows": place})])
    _take_old(folder, place, {seal.hidden(digest) for digest in listed})
    log.info("backup.made", documents=len(listed), new=fresh, missing=len(missing))
    return BackedUp(
        id=one,
        revision=contents["revision"],
        rows=sum(table["rows"] for table in contents["tables"]),
        documents=len(listed),
        documents_new=fresh,
        missing=tuple(missing),
        sealed=isinstance(seal, KeySeal),
    )


def _begin(folder: Path, wishes: Wishes) -> tuple[Seal, dict[str, Any]]:
    """The seal, and the header.

    Who has a passphrase has the key of the backup that is there, and its documents stay; for a recipient everything is
    sealed anew, beside what is there, which goes when that is done.
    """
    if folder.exists() and not folder.is_dir():
        raise InputRejected("backup_folder", folder=str(folder), words="it is a file")
    try:
        there = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        raise InputRejected("backup_folder", folder=str(folder), words=error.strerror or "unreadable") from None
    if HEADER in there:
        header = read_header(folder)
        wrapped = header.get("key")
        if bool(wrapped) != bool(wishes.passphrase or wishes.recipient):
            words = "the backup that is there is " + ("sealed" if wrapped else "not sealed")
            raise InputRejected("backup_folder", folder=str(folder), words=words)
        if not wrapped:
            return NoSeal(), header
        if wishes.recipient is None and wishes.passphrase is not None:
            return KeySeal(sealing.unwrap(wrapped, sealing.passphrase_of(wishes.passphrase), None)), header
    elif others := [name for name in there if not _is_left_over(name, there)]:
        raise InputRejected("backup_folder", folder=str(folder), words=f"it holds {others[0]}")
    header = {"what": "drim-gateway backup", "format": FORMAT}
    if wishes.recipient is None and wishes.passphrase is None:
        return NoSeal(), header
    key = sealing.new_key()
    if wishes.recipient is not None:
        header["key"] = sealing.wrap_for_recipient(key, sealing.recipient_of(wishes.recipient))
    elif wishes.passphrase is not None:
        header["key"] = sealing.wrap_for_passphrase(key, sealing.passphrase_of(wishes.passphrase))
    return KeySeal(key), header


def _is_left_over(name: str, there: Sequence[str]) -> bool:
    """Whether *name*, of those in a folder without a header, is of a first backup that was broken off."""
    if name.startswith("rows-") or name == "documents" or re.fullmatch(_UNFINISHED, name):
        return True
    return name in (SETTINGS, "secrets") and any(one.startswith("rows-") or one == "documents" for one in there)


def read_header(folder: Path) -> dict[str, Any]:
    """``backup.json``. Raises InputRejected (``backup_unreadable``)."""
    try:
        header = json.loads((folder / HEADER).read_bytes())
    except (OSError, ValueError) as error:
        raise InputRejected("backup_unreadable", name=HEADER, words=type(error).__name__) from None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise InputRejected("backup_unreadable", name=HEADER, words="another format")
    return header


def _write(
    house: House, settings_file: Path, folder: Path, place: str, seal: Seal, wishes: Wishes
) -> tuple[dict[str, Any], list[str], list[str], int]:
    def put(name: str, chunks: Iterable[bytes]) -> None:
        sealing.write(folder / name, seal.shut(name, chunks))

    named: set[str] = set()
    dumped = []
    with snapshot(house.engine) as connection:
        # Of the snapshot, not of the moment after it.
        taken_at = datetime.now(UTC)
        for table in rows.tables(connection):
            wishes.told(table.name)
            dump = rows.Dump(connection, table, named)
            put(f"{place}/{table.name}.gz", dump.chunks())
            dumped.append(dump.told().as_json())
        erased = _erased(connection)
    listed, damaged, fresh = _documents(house, folder, seal, wishes)
    put(f"{place}/{LIST}", ("".join(f"{digest}\n" for digest in listed).encode(),))
    missing = sorted((named - set(listed) - erased) | (damaged & named))
    secrets_kept = _settings(house, settings_file, put, wishes)
    contents = {
        "format": FORMAT,
        "gateway": __version__,
        "revision": migrations.head(),
        "taken_at": taken_at.isoformat(),
        "tables": dumped,
        "documents": len(listed),
        "missing": missing,
        "secrets": secrets_kept,
    }
    return contents, listed, missing, fresh


def _erased(connection: Connection) -> set[str]:
    """Documents whose rows stay, and whose bytes were erased by rule."""
    gone = select(ERASURES.c.report_id)
    shares = select(SHARES.c.id).where(SHARES.c.report_id.in_(gone))
    return {
        digest
        for query in (
            select(REPORTS.c.digest).where(REPORTS.c.id.in_(gone)),
            select(DOCUMENTS.c.digest).where(DOCUMENTS.c.share_id.in_(shares)),
            select(SUBMISSIONS.c.signature_digest).where(SUBMISSIONS.c.share_id.in_(shares)),
        )
        for digest in connection.execute(query).scalars()
    }


def _documents(house: House, folder: Path, seal: Seal, wishes: Wishes) -> tuple[list[str], set[str], int]:
    """Copy every document that is not there yet, compared with its name; (all, those that are damaged, the new)."""
    wishes.told("documents")
    listed: list[str] = []
    damaged: set[str] = set()
    fresh = 0
    for digest in house.blobs.digests():
        path = document_path(folder, seal, digest)
        if not path.exists():
            try:
                content = house.blobs.get(digest)
            except Unavailable as error:
                if error.code == "store_blob_damaged":
                    damaged.add(digest)
                    continue
                if error.code == "store_blob_missing":  # swept, or erased, since it was listed
                    continue
                raise
            sealing.write(path, seal.shut(digest, [content]))
            fresh += 1
        listed.append(digest)
    return listed, damaged, fresh


def document_path(folder: Path, seal: Seal, digest: str) -> Path:
    """Where a document lies in the backup."""
    name = seal.hidden(digest)
    return folder / "documents" / name[:2] / name


def _settings(
    house: House, settings_file: Path, put: Callable[[str, Iterable[bytes]], None], wishes: Wishes
) -> list[str]:
    """Keep the settings, and the files of secrets when that was asked for; gives the names of the latter."""
    text = settings_file.read_text(encoding="utf-8")
    if not wishes.with_secrets:
        put(SETTINGS, [_PASSWORD.sub(rf"\g<1>{PASSWORD_LEFT_OUT}@", text).encode()])
        return []
    put(SETTINGS, [text.encode()])
    home = settings_file.resolve().parent
    kept: list[str] = []
    for path in sorted(set(_files(house.settings))):
        if path.is_file() and path.resolve().is_relative_to(home):
            name = str(path.resolve().relative_to(home))
            put(f"secrets/{len(kept)}", [path.read_bytes()])
            kept.append(name)
    return kept


def _files(value: Any) -> Iterator[Path]:
    """Every path that the settings name."""
    if isinstance(value, Path):
        yield value
    elif isinstance(value, Table):
        for name in type(value).model_fields:
            yield from _files(getattr(value, name))
    elif isinstance(value, dict):
        for one in value.values():
            yield from _files(one)
    elif isinstance(value, tuple):
        for one in value:
            yield from _files(one)


def _take_old(folder: Path, place: str, names: set[str]) -> None:
    """Take away the rows of earlier backups, and documents that the gateway does not have any more."""
    try:
        for old in folder.glob("rows-*"):
            if old.name != place:
                shutil.rmtree(old)
        for path in (folder / "documents").glob("*/*"):
            if path.name not in names:
                path.unlink()
    except OSError as error:
        # The new one stands; what is left goes with the next.
        log.warning("backup.old_left", words=error.strerror or type(error).__name__)


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()
