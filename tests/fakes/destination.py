"""A registry in memory that can refuse, be away, or lose its reply, and counts what it was sent."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from gateway.errors import GatewayError, PeerRefused, PeerUnreachable
from gateway.flow.ports import Blobs
from gateway.model.document import DocumentEntry, RetrievedDocument
from gateway.model.share import FrozenSubmission, Publication
from gateway.xds.metadata import MetadataSettings, prepare


class FakeDestination:
    """Makes the real metadata, and keeps what it was sent by unique id.

    ``before`` is raised instead of taking a submission; with ``lose_replies`` it is taken and the answer is lost.
    """

    def __init__(self, blobs: Blobs, flavour: str = "ihe") -> None:
        self._blobs = blobs
        self._settings = MetadataSettings(
            flavour=flavour, environment="test", patient_identity="ins", destination="registry"
        )
        self.documents: dict[str, str] = {}
        self.sent: list[tuple[bytes, tuple[str, ...]]] = []
        self.asked = 0
        self.before: list[GatewayError] = []
        self.lose_replies = 0

    def prepare(self, publication: Publication) -> FrozenSubmission:
        return prepare(publication, self._settings)

    def known(self, frozen: FrozenSubmission) -> bool:
        self.asked += 1
        hashes = [self.documents.get(document.unique_id) for document in frozen.documents]
        if any(h not in (None, d.hash) for h, d in zip(hashes, frozen.documents, strict=True)):
            raise PeerRefused("registry_other_hash")
        return all(hashes)

    def send(self, frozen: FrozenSubmission, *, again: bool) -> None:
        if self.before:
            raise self.before.pop(0)
        contents = [self._blobs.get(document.digest) for document in frozen.documents]
        self.sent.append((frozen.metadata, tuple(hashlib.sha256(content).hexdigest() for content in contents)))
        for document, content in zip(frozen.documents, contents, strict=True):
            digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
            assert digest == document.hash
            assert len(content) == document.size
            assert document.unique_id not in self.documents or again
            self.documents[document.unique_id] = digest
        if self.lose_replies:
            self.lose_replies -= 1
            raise PeerUnreachable("registry_unreachable")

    def find_by_reference(self, patient_id: str, references: Sequence[str]) -> Sequence[DocumentEntry]:
        return ()

    def retrieve(self, entries: Sequence[DocumentEntry]) -> Sequence[RetrievedDocument]:
        return ()
