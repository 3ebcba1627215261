"""The document registry and repository itself: submissions, updates, queries and documents as values, without SOAP.

ITI-41 (ITI TF-2 3.41), ITI-42 (3.42), ITI-61 (3.61), ITI-18 (3.18), ITI-43 (3.43), ITI-57 (XDS Metadata Update),
ITI-92 (Restricted Metadata Update), ITI-62 (3.62) and ITI-86 (3.86). What a registry has to say (a refusal too) is a
return value; an exception means that nothing was decided: Unavailable (the same request may be sent again), or a bug.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from gateway.model.document import RegistryError, Submission
from gateway.registry import (
    catalogue,
    conflicts,
    extras,
    findings,
    lifecycle,
    operations,
    patients,
    removal,
    rows,
    rules,
    schema,
    search,
    updates,
)
from gateway.registry.conflicts import Known
from gateway.registry.files import Content, DocumentFiles
from gateway.registry.finder import Answer
from gateway.registry.retrieval import Bounds, DocumentRequest, Retrieval, retrieve
from gateway.registry.rules import Context, Measured, Policy
from gateway.store.engine import reading
from gateway.store.writer import open_writer
from gateway.xds import queries
from gateway.xds.queries import StoredQuery

__all__ = ["EVERYONE", "USUAL", "Bounds", "DocumentRequest", "RegistryService", "Retrieval", "is_refused"]

EVERYONE = Policy()
USUAL = Bounds()


def now_utc() -> datetime:
    return datetime.now(UTC)


def is_refused(errors: Iterable[RegistryError]) -> bool:
    """Whether *errors* hold more than warnings."""
    return any(error.severity == "Error" for error in errors)


@dataclass(frozen=True, slots=True)
class Removed:
    """What ITI-86 did: how many documents went, and an error for each that did not."""

    documents: int
    errors: tuple[RegistryError, ...]


class RegistryService:
    """Registry and repository over one database and one folder of documents; for many threads and processes."""

    def __init__(
        self,
        engine: sa.Engine,
        files: DocumentFiles,
        repository_unique_id: str,
        *,
        policy: Policy = EVERYONE,
        bounds: Bounds = USUAL,
        now: Callable[[], datetime] = now_utc,
    ) -> None:
        self.engine = engine
        self.files = files
        self.repository_unique_id = repository_unique_id
        self._writer = open_writer(engine)
        self._policy = policy
        self._bounds = bounds
        self._now = now

    def close(self) -> None:
        """Give back the connections."""
        self._writer.close()
        self.engine.dispose()

    def check(self) -> None:
        """Whether the database answers and has the tables. Raises Unavailable."""
        with reading(self.engine) as connection:
            connection.execute(sa.select(schema.ENTRIES.c.entry_uuid).limit(1)).first()

    def is_referenced(self, digest: str) -> bool:
        """Whether a document has the bytes of *digest* (SHA-256): for sweeping orphans out of the files."""
        with reading(self.engine) as connection:
            return catalogue.is_referenced(connection, digest)

    def provide_and_register(
        self, submission: Submission, documents: Mapping[str, Content], found: Sequence[RegistryError] = ()
    ) -> tuple[RegistryError, ...]:
        """ITI-41: all of the submission, or nothing and every reason; durable when nothing but warnings comes back.

        *documents* are the contents by the ids of their entries. The same document again (same uniqueId, same bytes)
        gets an entry in the new submission set too. *found* is what is wrong already: the rest is then told
        with it and nothing is written. Raises Unavailable.
        """
        if refused := rules.oversize(submission, self._policy):
            return findings.bounded((*found, *refused))
        submission, warnings = extras.settled(submission, self._policy)
        with self.files.receive(documents) as receiving:
            measured = receiving.measured
            wrong = [*found, *rules.metadata_findings(submission, self._policy, Context.PROVIDE)]
            wrong += rules.document_findings(submission, measured)
            if wrong:
                return self._everything(submission, measured, wrong)
            # Bytes before rows: a row never names bytes that a crash could have lost.
            receiving.keep()
        return self._write(submission, measured, warnings)

    def register(
        self, submission: Submission, context: Context = Context.REGISTER, found: Sequence[RegistryError] = ()
    ) -> tuple[RegistryError, ...]:
        """ITI-42, or ITI-61 by its *context*: metadata of documents that are elsewhere; else as ITI-41."""
        if refused := rules.oversize(submission, self._policy):
            return findings.bounded((*found, *refused))
        submission, warnings = extras.settled(submission, self._policy)
        wrong = [*found, *rules.metadata_findings(submission, self._policy, context)]
        return self._everything(submission, (), wrong) if wrong else self._write(submission, (), warnings)

    def update(
        self, submission: Submission, context: Context = Context.UPDATE, found: Sequence[RegistryError] = ()
    ) -> tuple[RegistryError, ...]:
        """ITI-57, or ITI-92 by its *context*: every operation, or none and every reason. Raises Unavailable."""
        if refused := rules.oversize(submission, self._policy):
            return findings.bounded((*found, *refused))
        submission, warnings = extras.settled(submission, self._policy)
        restricted = context is Context.RESTRICTED_UPDATE
        asked, wrong = operations.read(submission, restricted=restricted)
        wrong = (*found, *rules.metadata_findings(submission, self._policy, context), *wrong)

        def judge(connection: sa.Connection) -> tuple[updates.World, tuple[RegistryError, ...]]:
            world = updates.look(connection, asked)
            against = updates.findings(connection, submission, asked, world, restricted=restricted)
            return world, (*self._unknown_patients(connection, submission), *against)

        def write(connection: sa.Connection) -> tuple[RegistryError, ...]:
            catalogue.lock(connection)
            world, against = judge(connection)
            if not against:
                updates.apply(connection, submission, asked, world, self._moment())
            return against

        if wrong:
            with reading(self.engine) as connection:
                return findings.bounded((*wrong, *judge(connection)[1]))
        return findings.bounded(self._writer.run(write) or warnings)

    def remove_metadata(self, uuids: Sequence[str]) -> tuple[RegistryError, ...]:
        """ITI-62: every object of *uuids*, or none and every reason. Raises Unavailable."""
        if len(uuids) > self._bounds.references:
            context = f"{len(uuids)} objects to remove, above the {self._bounds.references} taken at once"
            return (RegistryError(code="XDSRegistryError", context=context),)

        def write(connection: sa.Connection) -> tuple[RegistryError, ...]:
            catalogue.lock(connection)
            return removal.metadata(connection, uuids)

        return findings.bounded(self._writer.run(write))

    def remove_documents(self, requests: Sequence[DocumentRequest]) -> Removed:
        """ITI-86: each document that is here; its entries stay (ITI-62 removes them). Raises Unavailable."""
        wanted = dict.fromkeys(requests)

        def write(connection: sa.Connection) -> Removed:
            catalogue.lock(connection)
            names = [one.unique_id for one in wanted if one.repository_unique_id == self.repository_unique_id]
            here = catalogue.stored_documents(connection, names)
            errors = [error for one in wanted if (error := self._absent(one, here))]
            for digest in removal.documents(connection, here):
                # What is younger than a submission lasts is left to the sweeper: its row may be on its way.
                self.files.discard(digest, lambda one: catalogue.is_referenced(connection, one))
            return Removed(len(here), findings.bounded(errors))

        return self._writer.run(write)

    def stored_query(self, query: StoredQuery) -> Answer:
        """ITI-18: what matches; raises ``queries.QueryError`` with an XDS code, and Unavailable."""
        leaf = query.return_type == queries.LEAF_CLASS
        limit = self._bounds.entries if leaf else self._bounds.references
        with reading(self.engine) as connection:
            return search.run(connection, query, limit)

    def retrieve(self, requests: Sequence[DocumentRequest]) -> Retrieval:
        """ITI-43: each document once; an error for each that cannot be given. Raises Unavailable."""
        with reading(self.engine) as connection:
            return retrieve(connection, self.files, requests, self.repository_unique_id, self._bounds)

    def add_patients(self, patient_ids: Iterable[str]) -> int:
        """Put patients (CX) into the list; gives how many are new. Raises Unavailable."""
        wanted = tuple(patient_ids)
        return self._writer.run(lambda connection: self._feed(connection, wanted))

    def merge_patients(self, survivor: str, subsumed: Sequence[str]) -> int:
        """Give everything of *subsumed* (CX each) to *survivor* (CX); gives how many objects moved."""

        def write(connection: sa.Connection) -> int:
            catalogue.lock(connection)
            return patients.merge(connection, survivor, subsumed, self._moment())

        return self._writer.run(write)

    def _feed(self, connection: sa.Connection, patient_ids: Sequence[str]) -> int:
        catalogue.lock(connection)
        return patients.add(connection, patient_ids, self._moment())

    def _everything(
        self, submission: Submission, measured: Sequence[Measured], wrong: Sequence[RegistryError]
    ) -> tuple[RegistryError, ...]:
        """*wrong*, and what the database has against it too: nothing is written."""
        with reading(self.engine) as connection:
            known = conflicts.look(connection, submission)
            unknown = self._unknown_patients(connection, submission)
            against = conflicts.findings(connection, submission, measured, known)
            return findings.bounded((*wrong, *unknown, *against))

    def _write(
        self, submission: Submission, measured: Sequence[Measured], warnings: tuple[RegistryError, ...]
    ) -> tuple[RegistryError, ...]:
        def write(connection: sa.Connection) -> tuple[RegistryError, ...]:
            catalogue.lock(connection)
            known = conflicts.look(connection, submission)
            unknown = self._unknown_patients(connection, submission)
            against = (*unknown, *conflicts.findings(connection, submission, measured, known))
            if not against:
                now = self._moment()
                documents = _document_rows(submission, measured, known, now)
                added = {one.entry_id: self._added(one) for one in measured}
                lifecycle.Registration(connection, now).register(submission, known, documents, added)
            return against

        return findings.bounded(self._writer.run(write) or warnings)

    def _added(self, document: Measured) -> dict[str, Any]:
        """The attributes of its entry that the repository adds."""
        return {
            "repository_unique_id": self.repository_unique_id,
            "hash": document.sha1,
            "size": document.size_bytes,
        }

    def _unknown_patients(self, connection: sa.Connection, submission: Submission) -> tuple[RegistryError, ...]:
        return tuple(patients.unknown(connection, submission)) if self._policy.listed_patients else ()

    def _absent(self, request: DocumentRequest, here: Mapping[str, object]) -> RegistryError | None:
        if request.repository_unique_id != self.repository_unique_id:
            return findings.unknown_repository(request.repository_unique_id, request.unique_id)
        return None if request.unique_id in here else findings.unknown_document(request.unique_id)

    def _moment(self) -> datetime:
        return self._now().astimezone(UTC)


def _document_rows(submission: Submission, measured: Sequence[Measured], known: Known, now: datetime) -> list[rows.Row]:
    """The rows of ``registry_documents`` that are new."""
    facts = {one.entry_id: one for one in measured}
    return [
        {
            "unique_id": entry.unique_id,
            "digest": facts[entry.entry_uuid].sha256,
            "hash": facts[entry.entry_uuid].sha1,
            "size_bytes": facts[entry.entry_uuid].size_bytes,
            "mime_type": entry.mime_type,
            "received_at": now.isoformat(timespec="milliseconds"),
        }
        for entry in submission.entries
        if entry.entry_uuid in facts and entry.unique_id not in known.documents
    ]
