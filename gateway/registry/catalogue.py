"""What the database knows about a submission, and how a submission is written. Every function works inside a
transaction of its caller, who has taken the write lock first (:func:`lock`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from gateway.model.document import RegistryError, Submission
from gateway.registry import forms, rows, rules, schema

_POSTGRESQL_LOCK = 0x44524D31
"""Any fixed number, known to this registry alone."""
_BATCH = 500
"""Values of one IN list: SQLite takes 32,766 parameters in a statement, PostgreSQL 65,535."""


@dataclass(frozen=True, slots=True)
class Known:
    """A document that is registered already."""

    entry_uuid: str
    patient_key: str
    digest: str
    """SHA-256."""


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document of the repository."""

    unique_id: str
    digest: str
    """SHA-256, key of its bytes."""
    size_bytes: int
    mime_type: str


def lock(connection: sa.Connection) -> None:
    """One submission at a time: what was looked up stays true until the commit.

    On SQLite the transaction holds the write lock from its beginning. On PostgreSQL an advisory lock does the same for
    submissions and for nothing else, queries included; metadata rows are written in milliseconds, and replacements
    will need the same order.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_POSTGRESQL_LOCK)))


def known_documents(connection: sa.Connection, unique_ids: Iterable[str]) -> dict[str, Known]:
    """Of *unique_ids* those that are registered, each with its newest entry."""
    entries, documents = schema.ENTRIES.c, schema.DOCUMENTS.c
    columns = (documents.unique_id, entries.entry_uuid, entries.patient_key, documents.digest)
    joined = schema.DOCUMENTS.join(schema.ENTRIES, documents.unique_id == entries.unique_id)
    query = sa.select(*columns).select_from(joined).order_by(entries.version)
    return {
        row[0]: Known(row[1], row[2], row[3]) for row in _selected(connection, query, documents.unique_id, unique_ids)
    }


def stored_documents(connection: sa.Connection, unique_ids: Iterable[str]) -> dict[str, StoredDocument]:
    """Of *unique_ids* those that the repository has."""
    c = schema.DOCUMENTS.c
    query = sa.select(c.unique_id, c.digest, c.size_bytes, c.mime_type)
    return {
        row[0]: StoredDocument(row[0], row[1], row[2], row[3])
        for row in _selected(connection, query, c.unique_id, unique_ids)
    }


def is_referenced(connection: sa.Connection, digest: str) -> bool:
    """Whether a document of the repository has the bytes of *digest*."""
    query = sa.select(schema.DOCUMENTS.c.unique_id).where(schema.DOCUMENTS.c.digest == digest).limit(1)
    return connection.execute(query).first() is not None


def conflicts(
    connection: sa.Connection, submission: Submission, documents: Sequence[rules.Measured], known: Mapping[str, Known]
) -> tuple[RegistryError, ...]:
    """What contradicts the database, all of it.

    The rule of a second submission (ITI TF-2 3.42.4.1.3.3; NIST 12004): a known uniqueId with the same bytes is no
    error; with other bytes it is XDSNonIdenticalHash; a known SubmissionSet.uniqueId or entryUUID is
    XDSDuplicateUniqueIdInRegistry.
    """
    return (
        *_duplicates(connection, submission),
        *_other_bytes(submission, documents, known),
        *_references(connection, submission),
    )


def write(connection: sa.Connection, submission: Submission, documents: Sequence[rows.Row], registered_at: str) -> None:
    """Insert everything: objects with their final ids, and the rows of ``registry_documents``."""
    entries = submission.entries
    for table, values in (
        (schema.DOCUMENTS, list(documents)),
        (schema.ENTRIES, [rows.entry_row(entry, registered_at) for entry in entries]),
        (schema.REFERENCE_IDS, [row for entry in entries for row in rows.reference_rows(entry)]),
        (schema.CODES, [row for entry in entries for row in rows.code_rows(entry)]),
        (schema.AUTHORS, [row for entry in entries for row in rows.author_rows(entry)]),
        (schema.SUBMISSION_SETS, [rows.submission_set_row(one, registered_at) for one in submission.submission_sets]),
        (schema.ASSOCIATIONS, [rows.association_row(one) for one in submission.associations]),
    ):
        if values:
            connection.execute(table.insert(), values)


def _duplicates(connection: sa.Connection, submission: Submission) -> Iterator[RegistryError]:
    sets, entries = schema.SUBMISSION_SETS.c, schema.ENTRIES.c
    set_ids = [one.unique_id for one in submission.submission_sets]
    entry_ids = [one.unique_id for one in submission.entries]
    # A SubmissionSet and a document never share a uniqueId, so each is looked for among the others too.
    known = _values(connection, sets.unique_id, [*set_ids, *entry_ids]) | _values(
        connection, entries.unique_id, set_ids
    )
    for name in sorted(known):
        yield _duplicate(f"uniqueId “{name}” is registered already", name)
    uuids = [name for name in rules.object_ids(submission) if forms.is_uuid(name)]
    for column in (sets.entry_uuid, entries.entry_uuid, schema.ASSOCIATIONS.c.entry_uuid):
        for name in sorted(_values(connection, column, uuids)):
            yield _duplicate(f"entryUUID “{name}” is registered already", name)


def _other_bytes(
    submission: Submission, documents: Sequence[rules.Measured], known: Mapping[str, Known]
) -> Iterator[RegistryError]:
    digests = {document.entry_id: document.sha256 for document in documents}
    for entry in submission.entries:
        registered = known.get(entry.unique_id)
        if registered is None:
            continue
        # SHA-256 decides and not the hash attribute: two documents of one SHA-1 can be made.
        if digests.get(entry.entry_uuid, registered.digest) != registered.digest:
            context = f"uniqueId “{entry.unique_id}” is registered with other bytes (another hash)"
            yield RegistryError(code="XDSNonIdenticalHash", context=context, location=entry.entry_uuid)
        elif entry.patient_id and forms.patient_key(entry.patient_id) != registered.patient_key:
            context = f"uniqueId “{entry.unique_id}” is registered for another patient"
            yield RegistryError(code="XDSPatientIdDoesNotMatch", context=context, location=entry.entry_uuid)


def _references(connection: sa.Connection, submission: Submission) -> Iterator[RegistryError]:
    outside = rules.references(submission)
    entries = schema.ENTRIES.c
    query = sa.select(entries.entry_uuid, entries.patient_key)
    targets = [one.target for one in outside if forms.is_uuid(one.target)]
    found = {row[0]: row[1] for row in _selected(connection, query, entries.entry_uuid, targets)}
    patients = {forms.patient_key(one.patient_id) for one in submission.submission_sets}
    for association in outside:
        if association.target not in found and forms.is_uuid(association.target):
            context = f"HasMember target “{association.target}” is not registered"
            yield RegistryError(code="UnresolvedReferenceException", context=context, location=association.target)
        elif association.target in found and found[association.target] not in patients:
            context = f"HasMember target “{association.target}” is registered for another patient"
            yield RegistryError(code="XDSPatientIdDoesNotMatch", context=context, location=association.target)


def _values(connection: sa.Connection, column: sa.ColumnElement[str], values: Iterable[str]) -> set[str]:
    return {row[0] for row in _selected(connection, sa.select(column), column, values)}


def _selected(
    connection: sa.Connection, query: sa.Select[Any], column: sa.ColumnElement[str], values: Iterable[str]
) -> Iterator[Sequence[Any]]:
    wanted = sorted(set(values))
    for start in range(0, len(wanted), _BATCH):
        yield from connection.execute(query.where(column.in_(wanted[start : start + _BATCH])))


def _duplicate(context: str, location: str) -> RegistryError:
    return RegistryError(code="XDSDuplicateUniqueIdInRegistry", context=context, location=location)
