"""Documents out of the repository (ITI-43, ITI TF-2 3.43)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType

import sqlalchemy as sa

from gateway.errors import Unavailable
from gateway.model.document import RegistryError
from gateway.registry import catalogue, findings
from gateway.registry.catalogue import StoredDocument
from gateway.registry.files import DocumentFiles, Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What one answer may hold."""

    entries: int = 1000
    """Whole objects (LeafClass) of a query."""
    references: int = 10_000
    """Ids (ObjectRef) of a query, and of a removal."""
    documents: int = 200
    """Documents of one ITI-43 answer."""
    document_bytes: int = 1024 * 1024 * 1024
    """Bytes of all documents of one ITI-43 answer."""


@dataclass(frozen=True, slots=True)
class DocumentRequest:
    """One DocumentRequest of ITI-43 or ITI-86."""

    repository_unique_id: str
    unique_id: str


@dataclass(frozen=True, slots=True)
class Held:
    """One document of an ITI-43 answer; ``content`` is read from its beginning."""

    unique_id: str
    mime_type: str
    content: Stored = field(repr=False)


class Retrieval:
    """An ITI-43 answer: the documents, and an error for each that is not among them. Close it when it was sent."""

    def __init__(self) -> None:
        self.documents: list[Held] = []
        self.errors: list[RegistryError] = []

    def close(self) -> None:
        for held in self.documents:
            held.content.close()

    def __enter__(self) -> Retrieval:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def retrieve(
    connection: sa.Connection,
    files: DocumentFiles,
    requests: Sequence[DocumentRequest],
    repository: str,
    bounds: Bounds,
) -> Retrieval:
    """Each document of *requests* once, in their order; a document that was withdrawn counts as none."""
    wanted = list(dict.fromkeys(requests))
    ours = [request.unique_id for request in wanted if request.repository_unique_id == repository][: bounds.documents]
    stored = catalogue.stored_documents(connection, ours)
    for name in catalogue.withdrawn(connection, stored):
        del stored[name]
    retrieval = Retrieval()
    left = bounds.document_bytes
    for number, request in enumerate(wanted):
        refused = _refusal(request, number, stored, left, repository, bounds)
        if refused is not None:
            retrieval.errors.append(refused)
            continue
        document = stored[request.unique_id]
        left -= document.size_bytes
        _give(document, files, retrieval, alone=len(wanted) == 1)
    return retrieval


def _refusal(
    request: DocumentRequest,
    number: int,
    stored: Mapping[str, StoredDocument],
    left: int,
    repository: str,
    bounds: Bounds,
) -> RegistryError | None:
    name = request.unique_id
    if request.repository_unique_id != repository:
        return findings.unknown_repository(request.repository_unique_id, name)
    document = stored.get(name)
    if number >= bounds.documents or (document is not None and document.size_bytes > left):
        context = "the answer would be too large: ask for fewer documents at once"
        # not XDSRepositoryOutOfResources: a peer would ask the same again later
        return RegistryError(code="XDSRepositoryError", context=context, location=name)
    return findings.unknown_document(name) if document is None else None


def _give(document: StoredDocument, files: DocumentFiles, retrieval: Retrieval, *, alone: bool) -> None:
    try:
        content = files.content(document.digest, alone=alone)
        if content.size_bytes != document.size_bytes:
            raise Unavailable("store_blob_damaged", digest=document.digest)
    except Unavailable as error:
        # One document whose bytes are damaged must not hide the others of the answer.
        context = f"the bytes of {findings.quote(document.unique_id)} cannot be read here ({error.code})"
        found = RegistryError(code="XDSRepositoryError", context=context, location=document.unique_id)
        retrieval.errors.append(found)
        return
    retrieval.documents.append(Held(document.unique_id, document.mime_type, content))
