"""A registry that is published to, and consulted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from gateway.model.document import DocumentEntry, RetrievedDocument
from gateway.model.share import (
    FrozenSubmission,
    Publication,
)
from gateway.model.site import Site


class Destination(Protocol):
    """A registry to publish to."""

    def prepare(self, publication: Publication) -> FrozenSubmission:
        """Make the metadata and fix everything that will be sent; pure but for the new unique ids.

        The documents' bytes are put into the blobs by the caller. Raises Mismatch when a value that the destination
        requires cannot be known (an unqualified identity for ``dmp``, a region nobody states).
        """

    def known(self, frozen: FrozenSubmission) -> bool:
        """Ask whether every document of *frozen* is registered, with our hash.

        Raises PeerRefused when a document is registered with another hash, PeerUnreachable otherwise.
        """

    def send(self, frozen: FrozenSubmission, *, again: bool) -> None:
        """ITI-41 of the frozen bytes; returns when the registry says Success.

        *again* says that these bytes may have left before: a refusal because the submission set is known already is
        then a success. Raises PeerRefused with the registry's words, PeerUnreachable when no answer came.
        """

    def standing(self, unique_ids: Sequence[str]) -> Collection[str]:
        """Those of *unique_ids* that are registered and approved now. Raises as :meth:`known`."""

    def replacing(self, frozen: FrozenSubmission, replaced: Mapping[str, str]) -> FrozenSubmission:
        """*frozen* with an RPLC to what it replaces, by the entryUUIDs that the registry is asked for; nothing is sent.

        *replaced*: the unique id of each new document, and of the registered one that it replaces. Raises PeerRefused
        when that one is not registered or not current, and as :meth:`known`.
        """

    def take_back(self, unique_ids: Sequence[str], site: Site, now: datetime, *, again: bool) -> None:
        """Take registered documents out of sight, in the name of *site*; what is out of sight is left alone.

        Raises PeerRefused for a document that the registry does not have, unless *again* (an earlier try may have got
        through, and some registries do not show what is withdrawn), and as :meth:`send`.
        """

    def correct(self, wanted: FrozenSubmission, site: Site, now: datetime) -> None:
        """Bring the metadata of registered documents to what *wanted* states of them, their bytes as they are.

        Nothing is sent for what is so already. Raises as :meth:`send`.
        """

    def find_by_reference(self, patient_id: str, references: Sequence[str]) -> Sequence[DocumentEntry]:
        """ITI-18 FindDocumentsByReferenceId, approved documents; each reference is a CXi."""

    def retrieve(self, entries: Sequence[DocumentEntry]) -> Sequence[RetrievedDocument]:
        """ITI-43, every byte as it came."""
