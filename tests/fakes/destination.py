"""A registry in memory that can refuse, be away, or lose its reply, and counts what it was sent."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from gateway.errors import GatewayError, PeerRefused, PeerUnreachable
from gateway.flow.ports import Blobs
from gateway.model.document import AssociationType, DocumentEntry, RetrievedDocument
from gateway.model.share import FrozenSubmission, Publication
from gateway.model.site import Site
from gateway.trust import safexml
from gateway.xds import ebrim, updates
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
        self.questions: list[GatewayError] = []
        """Raised instead of answering what stands."""
        self.lose_replies = 0
        self.gone: set[str] = set()
        """Unique ids of what was replaced or withdrawn."""
        self.taken_back: list[str] = []
        self.corrected: list[FrozenSubmission] = []
        self.confidentiality: dict[str, tuple[str, ...]] = {}
        """What corrections have made of each document, by unique id."""
        self.between: Callable[[], None] = lambda: None
        """Called after each message of a correction."""

    def prepare(self, publication: Publication) -> FrozenSubmission:
        return prepare(publication, self._settings)

    def known(self, frozen: FrozenSubmission) -> bool:
        self.asked += 1
        self._be_away()
        hashes = [self.documents.get(document.unique_id) for document in frozen.documents]
        if any(h not in (None, d.hash) for h, d in zip(hashes, frozen.documents, strict=True)):
            raise PeerRefused("registry_other_hash")
        return all(hashes) and not self.gone.intersection(document.unique_id for document in frozen.documents)

    def send(self, frozen: FrozenSubmission, *, again: bool) -> None:
        if self.before:
            raise self.before.pop(0)
        contents = [self._blobs.get(document.digest) for document in frozen.documents]
        self.sent.append((frozen.metadata, tuple(hashlib.sha256(content).hexdigest() for content in contents)))
        for document, content in zip(frozen.documents, contents, strict=True):
            digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
            assert digest == document.hash
            assert len(content) == document.size
            known = document.unique_id in self.documents
            # The same bytes may come again under their id once the former entry is out of sight (ITI TF-3 4.1.4).
            assert (
                not known or again or (document.unique_id in self.gone and self.documents[document.unique_id] == digest)
            )
            self.gone.discard(document.unique_id)
            self.documents[document.unique_id] = digest
        self.gone |= {one for one in self.documents if _entry_uuid(one) in _replaced(frozen.metadata)}
        self._lose_reply()

    def standing(self, unique_ids: Sequence[str]) -> Sequence[str]:
        self.asked += 1
        self._be_away()
        return [one for one in unique_ids if one in self.documents and one not in self.gone]

    def replacing(self, frozen: FrozenSubmission, replaced: Mapping[str, str]) -> FrozenSubmission:
        self._be_away()
        for old in replaced.values():
            if old not in self.documents:
                raise PeerRefused("xds_document_unknown", unique_id=old, words="")
            if old in self.gone:
                raise PeerRefused("xds_document_not_current", unique_id=old, words="Deprecated")
        entry_ids = {document.unique_id: document.entry_id for document in frozen.documents}
        targets = {entry_ids[new]: _entry_uuid(old) for new, old in replaced.items()}
        return replace(frozen, metadata=updates.with_replacements(frozen.metadata, targets))

    def take_back(self, unique_ids: Sequence[str], site: Site, now: datetime, *, again: bool) -> None:
        if self.before:
            raise self.before.pop(0)
        if not again and any(one not in self.documents for one in unique_ids):
            raise PeerRefused("xds_document_unknown", unique_id="", words="")
        self.gone |= set(unique_ids)
        self.taken_back += list(unique_ids)
        self._lose_reply()

    def correct(self, wanted: FrozenSubmission, site: Site, now: datetime) -> None:
        if self.before:
            raise self.before.pop(0)
        # A message for each document, each a transaction of its own.
        for entry in ebrim.read(safexml.parse(wanted.metadata)).entries:
            self.confidentiality[entry.unique_id] = tuple(code.code for code in entry.confidentiality_codes)
            self.between()
        self.corrected.append(wanted)
        self._lose_reply()

    @property
    def approved(self) -> set[str]:
        """Unique ids of what people find."""
        return set(self.documents) - self.gone

    def _be_away(self) -> None:
        if self.questions:
            raise self.questions.pop(0)

    def _lose_reply(self) -> None:
        if self.lose_replies:
            self.lose_replies -= 1
            raise PeerUnreachable("registry_unreachable")

    def find_by_reference(self, patient_id: str, references: Sequence[str]) -> Sequence[DocumentEntry]:
        return ()

    def retrieve(self, entries: Sequence[DocumentEntry]) -> Sequence[RetrievedDocument]:
        return ()


def _entry_uuid(unique_id: str) -> str:
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, unique_id)}"


def _replaced(metadata: bytes) -> set[str]:
    """The entryUUIDs that the submission replaces."""
    submission = ebrim.read(safexml.parse(metadata))
    return {one.target for one in submission.associations if one.type == AssociationType.REPLACE}
