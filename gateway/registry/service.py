"""The document registry and repository itself: submissions, queries and documents as values, without SOAP.

ITI-41 (ITI TF-2 3.41), ITI-18 (3.18) and ITI-43 (3.43). What a registry has to say (a refusal too) is a return value;
an exception means that nothing was decided: Unavailable (the same request may be sent again), or a bug.
"""

from __future__ import annotations

import hashlib
import io
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import BinaryIO, Protocol, cast

import sqlalchemy as sa

from gateway.errors import Unavailable
from gateway.flow.ports import Blobs
from gateway.model.document import DocumentEntry, RegistryError, Status, Submission
from gateway.registry import catalogue, findings, forms, rows, rules, schema, search
from gateway.registry.catalogue import Known
from gateway.registry.rules import Measured, Policy
from gateway.store.engine import reading, transaction
from gateway.xds.queries import StoredQuery

_SPOOLED_BYTES = 256 * 1024
"""What a retrieved document may hold in memory while it waits to be sent; beyond it, a temporary file."""


class Content(Protocol):
    """The bytes of a submitted document, wherever they wait (``gateway.xds.mtom.Part``)."""

    @property
    def size_bytes(self) -> int: ...

    def chunks(self) -> Iterator[bytes]: ...

    def read(self) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What one answer may hold."""

    entries: int = 1000
    """Whole entries (LeafClass) of a query."""
    references: int = 10_000
    """Ids (ObjectRef) of a query."""
    documents: int = 200
    """Documents of one ITI-43 answer."""
    document_bytes: int = 1024 * 1024 * 1024
    """Bytes of all documents of one ITI-43 answer."""


EVERYONE = Policy()
USUAL = Bounds()


@dataclass(frozen=True, slots=True)
class DocumentRequest:
    """One DocumentRequest of ITI-43."""

    repository_unique_id: str
    unique_id: str


@dataclass(frozen=True, slots=True)
class Held:
    """One document of an ITI-43 answer; ``content`` is read from its beginning."""

    unique_id: str
    mime_type: str
    content: BinaryIO = field(repr=False)


class Retrieval:
    """An ITI-43 answer: the documents, and an error for each that is not among them. Close it when it was sent."""

    def __init__(self) -> None:
        self.documents: list[Held] = []
        self.errors: list[RegistryError] = []
        self._files = ExitStack()

    def add(self, unique_id: str, mime_type: str, content: bytes) -> None:
        """Put *content* aside. Raises Unavailable when there is no room for it."""
        try:
            file = tempfile.TemporaryFile() if len(content) > _SPOOLED_BYTES else io.BytesIO()  # noqa: SIM115
            self._files.enter_context(file)
            file.write(content)
        except OSError:
            raise Unavailable("registry_no_room") from None
        self.documents.append(Held(unique_id, mime_type, cast(BinaryIO, file)))

    def close(self) -> None:
        self._files.close()

    def __enter__(self) -> Retrieval:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def now_utc() -> datetime:
    return datetime.now(UTC)


class RegistryService:
    """Registry and repository over one database and one folder of blobs; safe for many threads and processes."""

    def __init__(
        self,
        engine: sa.Engine,
        blobs: Blobs,
        repository_unique_id: str,
        *,
        policy: Policy = EVERYONE,
        bounds: Bounds = USUAL,
        now: Callable[[], datetime] = now_utc,
    ) -> None:
        self._engine = engine
        self._blobs = blobs
        self.repository_unique_id = repository_unique_id
        self._policy = policy
        self._bounds = bounds
        self._now = now

    def close(self) -> None:
        """Give back the connections."""
        self._engine.dispose()

    def check(self) -> None:
        """Whether the database answers and has the tables. Raises Unavailable."""
        with reading(self._engine) as connection:
            connection.execute(sa.select(schema.ENTRIES.c.entry_uuid).limit(1)).first()

    def is_referenced(self, digest: str) -> bool:
        """Whether a document has the bytes of *digest* (SHA-256): for sweeping orphans out of the blobs."""
        with reading(self._engine) as connection:
            return catalogue.is_referenced(connection, digest)

    def provide_and_register(
        self, submission: Submission, documents: Mapping[str, Content]
    ) -> tuple[RegistryError, ...]:
        """ITI-41: all of the submission, or nothing and every reason; durable when it returns empty.

        *documents* are the contents by the ids of their entries. The same document again (same uniqueId, same bytes)
        joins the new submission set with the entry it has. Raises Unavailable.
        """
        if refused := rules.oversize(submission, self._policy):
            return findings.bounded(refused)
        measured = [measure(name, content) for name, content in documents.items()]
        unique_ids = [entry.unique_id for entry in submission.entries]
        found = list(rules.findings(submission, measured, self._policy))
        if found:
            with reading(self._engine) as connection:
                known = catalogue.known_documents(connection, unique_ids)
                found += catalogue.conflicts(connection, submission, measured, known)
            return findings.bounded(found)
        # Bytes before rows: a row never names bytes that a crash could have lost.
        for content in documents.values():
            self._blobs.put(content.read())
        with transaction(self._engine) as connection:
            catalogue.lock(connection)
            known = catalogue.known_documents(connection, unique_ids)
            refusals = catalogue.conflicts(connection, submission, measured, known)
            if not refusals:
                self._write(connection, submission, measured, known)
        return findings.bounded(refusals)

    def stored_query(self, query: StoredQuery) -> search.Answer:
        """ITI-18: what matches; raises ``queries.QueryError`` with an XDS code, and Unavailable."""
        limit = self._bounds.entries if query.return_type == "LeafClass" else self._bounds.references
        with reading(self._engine) as connection:
            return search.run(connection, query, limit)

    def retrieve(self, requests: Sequence[DocumentRequest]) -> Retrieval:
        """ITI-43: each document once; an error for each that cannot be given. Raises Unavailable."""
        retrieval = Retrieval()
        wanted = list(dict.fromkeys(requests))
        ours = [request.unique_id for request in wanted if request.repository_unique_id == self.repository_unique_id]
        with reading(self._engine) as connection:
            stored = catalogue.stored_documents(connection, ours[: self._bounds.documents])
        left = self._bounds.document_bytes
        try:
            for number, request in enumerate(wanted):
                document = stored.get(request.unique_id)
                size = document.size_bytes if document else 0
                if refused := self._refusal(request, document is not None, number, size > left):
                    retrieval.errors.append(refused)
                elif document is not None:
                    left -= size
                    self._give(document, retrieval)
        except BaseException:
            retrieval.close()
            raise
        return retrieval

    def _refusal(self, request: DocumentRequest, known: bool, number: int, too_large: bool) -> RegistryError | None:
        name = request.unique_id
        if request.repository_unique_id != self.repository_unique_id:
            context = f"the repository “{request.repository_unique_id[:64]}” is not this one"
            return RegistryError(code="XDSUnknownRepositoryId", context=context, location=name)
        if number >= self._bounds.documents or too_large:
            context = "the answer would be too large: ask for fewer documents at once"
            # not XDSRepositoryOutOfResources: a peer would ask the same again later
            return RegistryError(code="XDSRepositoryError", context=context, location=name)
        if not known:
            context = f"no document with the uniqueId “{name[:128]}” is here"
            return RegistryError(code="XDSDocumentUniqueIdError", context=context, location=name)
        return None

    def _give(self, document: catalogue.StoredDocument, retrieval: Retrieval) -> None:
        try:
            content = self._blobs.get(document.digest)
        except Unavailable as error:
            # One document whose bytes are damaged must not hide the others of the answer.
            context = f"the bytes of “{document.unique_id}” cannot be read here ({error.code})"
            found = RegistryError(code="XDSRepositoryError", context=context, location=document.unique_id)
            retrieval.errors.append(found)
            return
        retrieval.add(document.unique_id, document.mime_type, content)

    def _write(
        self, connection: sa.Connection, submission: Submission, measured: list[Measured], known: Mapping[str, Known]
    ) -> None:
        received_at = self._now().astimezone(UTC).isoformat(timespec="milliseconds")
        facts = {one.entry_id: one for one in measured}
        final = _with_final_ids(submission, known)
        fresh = []
        documents: list[rows.Row] = []
        for entry, submitted in zip(final.entries, submission.entries, strict=True):
            if entry.unique_id in known:
                continue
            fact = facts[submitted.entry_uuid]
            fresh.append(self._registered(entry, fact))
            documents.append(_document_row(entry, fact, received_at))
        catalogue.write(connection, replace(final, entries=tuple(fresh)), documents, received_at)

    def _registered(self, entry: DocumentEntry, fact: Measured) -> DocumentEntry:
        return replace(
            entry,
            logical_id=entry.entry_uuid,
            version="1",
            status=Status.APPROVED.value,
            repository_unique_id=self.repository_unique_id,
            hash=fact.sha1,
            size=fact.size_bytes,
        )


def measure(entry_id: str, content: Content) -> Measured:
    """Hash and size of the very bytes."""
    sha1, sha256 = hashlib.sha1(usedforsecurity=False), hashlib.sha256()
    for chunk in content.chunks():
        sha1.update(chunk)
        sha256.update(chunk)
    return Measured(entry_id, sha1.hexdigest(), sha256.hexdigest(), content.size_bytes)


def _document_row(entry: DocumentEntry, fact: Measured, received_at: str) -> rows.Row:
    return {
        "unique_id": entry.unique_id,
        "digest": fact.sha256,
        "hash": fact.sha1,
        "size_bytes": fact.size_bytes,
        "mime_type": entry.mime_type,
        "received_at": received_at,
    }


def _with_final_ids(submission: Submission, known: Mapping[str, Known]) -> Submission:
    """Symbolic ids become UUIDs, known documents take the entryUUID they have, everything is Approved."""
    final = {name: name if forms.is_uuid(name) else f"urn:uuid:{uuid.uuid4()}" for name in rules.object_ids(submission)}
    for entry in submission.entries:
        if entry.unique_id in known:
            final[entry.entry_uuid] = known[entry.unique_id].entry_uuid
    approved = Status.APPROVED.value
    return Submission(
        submission_sets=tuple(
            replace(one, entry_uuid=final[one.entry_uuid], status=approved) for one in submission.submission_sets
        ),
        entries=tuple(replace(entry, entry_uuid=final[entry.entry_uuid]) for entry in submission.entries),
        associations=tuple(
            replace(
                one,
                entry_uuid=final[one.entry_uuid],
                source=final.get(one.source, one.source),
                target=final.get(one.target, one.target),
                status=approved,
            )
            for one in submission.associations
        ),
    )
