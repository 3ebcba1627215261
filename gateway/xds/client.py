"""A document registry and its repository, seen by the one who publishes and consults (``flow.ports.Destination``).

``consumer`` finds and retrieves, ``amending`` changes what is registered, ``peer`` is what both stand on; here is what
a share needs: submissions, sent once however often they are tried.

Sources: IHE ITI TF-2 section 3.41 (Provide and Register), RAD TF-2 section 4.68 (the same with a manifest).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

import structlog
from lxml import etree

from gateway.errors import PeerRefused
from gateway.model.document import DocumentEntry, Status
from gateway.model.share import FrozenSubmission, Publication
from gateway.model.site import Site
from gateway.trust import safexml
from gateway.xds import ebrim, metadata, mtom, queries
from gateway.xds.amending import Amending
from gateway.xds.answers import BUSY, DUPLICATE, OTHER_HASH, RegistryRefused, refuse_failure, severe
from gateway.xds.constants import XDSB
from gateway.xds.consumer import Found
from gateway.xds.peer import Contents, DestinationSettings
from gateway.xds.retrieval import ImagingSeries, Retrieval, same_hash
from gateway.xds.updates import Submitter, submitter_of

__all__ = [
    "BUSY",
    "XDSB",
    "Contents",
    "DestinationSettings",
    "Found",
    "ImagingSeries",
    "RegistryClient",
    "RegistryRefused",
    "Retrieval",
    "Submitter",
    "refuse_failure",
    "same_hash",
    "submitter_of",
]

log = structlog.get_logger(__name__)


CORRECTED = (
    "event_codes",
    "reference_ids",
    "service_start_time",
    "service_stop_time",
    "title",
    "confidentiality_codes",
    "practice_setting_code",
    "type_code",
    "class_code",
)
"""What a correction of the metadata alone brings up to date: what a source may state otherwise later."""


def _restated(wanted: DocumentEntry, registered: DocumentEntry) -> DocumentEntry:
    return replace(registered, **{name: getattr(wanted, name) for name in CORRECTED})


class RegistryClient(Amending):
    """A registry to publish to and to consult; may be used by several threads. Close it to end its connections.

    Raises SettingsError for an address or a file that cannot be used.
    """

    def prepare(self, publication: Publication) -> FrozenSubmission:
        """As ``flow.ports.Destination.prepare``."""
        return metadata.prepare(publication, self.settings.metadata)

    def known(self, frozen: FrozenSubmission) -> bool:
        """ITI-18 GetDocuments of every document: whether all are there, approved, with our hash.

        Raises PeerRefused (``registry_other_hash``) when one is there with another hash, and as :meth:`send`.
        """
        if not frozen.documents:
            return False
        wanted = [document.unique_id for document in frozen.documents]
        found = self.whole(queries.get_documents(unique_ids=wanted)).entries
        approved = 0
        for document in frozen.documents:
            entries = [entry for entry in found if entry.unique_id == document.unique_id and entry.hash]
            if any(not same_hash(entry.hash, document.hash) for entry in entries):
                raise PeerRefused("registry_other_hash", unique_id=document.unique_id, words=OTHER_HASH)
            approved += any(entry.status == Status.APPROVED for entry in entries)
        log.info("registry.asked", destination=self.settings.name, documents=len(wanted), approved=approved)
        return approved == len(wanted)

    def send(self, frozen: FrozenSubmission, *, again: bool, contents: Contents | None = None) -> None:
        """ITI-41 of the frozen metadata, as they were serialised, and of the frozen documents, streamed.

        *contents* says where the documents' bytes are when they are not with the others of this client.
        *again* says that these bytes may have left before: a refusal because the submission set is known already is
        then a success, once the registry confirms it. Raises PeerRefused (RegistryRefused ``registry_refused`` or
        ``registry_other_hash``, ``facts["codes"]`` and ``["words"]`` from every error of the answer), PeerUnreachable
        (no answer, or ``registry_busy``), PeerMisbehaved, Unavailable (a document is gone from the disk).
        """
        with self._provide_and_register(frozen, contents or self._contents) as (request, attachments):
            url = self.settings.repository_url
            with self._reply("ProvideAndRegister", url, request, attachments, multipart=True) as reply:
                response = ebrim.read_response(reply.body)
        codes = {error.code for error in severe(response.errors)}
        if not response.success and again and codes == {DUPLICATE} and self._is_ours(frozen):
            log.info("registry.known_already", destination=self.settings.name)
            return
        if response.contradicts and self.settings.ask_first and self.known(frozen):
            log.warning("registry.contradicts_itself", destination=self.settings.name, codes=sorted(codes))
            return
        refuse_failure(response)
        log.info(
            "registry.submitted",
            destination=self.settings.name,
            documents=len(frozen.documents),
            warnings=[error.code for error in response.errors],
        )

    def replace(self, frozen: FrozenSubmission, replaced: Mapping[str, str], *, again: bool = False) -> None:
        """Publish *frozen* in place of registered documents: :meth:`replacing`, then :meth:`send`.

        *replaced*: the unique id of each new document, and of the registered one that it replaces. Idempotent with
        *again*: when the new documents are there, an earlier try got through. A share keeps what ``replacing`` gives
        before anything leaves, and calls ``send`` itself. Raises as both.
        """
        if again and self.known(frozen):
            return
        self.send(self.replacing(frozen, replaced), again=again)

    def standing(self, unique_ids: Sequence[str]) -> frozenset[str]:
        """As ``flow.ports.Destination.standing`` (ITI-18 GetDocuments)."""
        found = self.registered(unique_ids)
        return frozenset(one for one, entry in found.items() if entry.status in ("", Status.APPROVED))

    def take_back(self, unique_ids: Sequence[str], site: Site, now: datetime, *, again: bool) -> None:
        """As ``flow.ports.Destination.take_back`` (ITI-57 UpdateAvailabilityStatus)."""
        submitter = submitter_of(site, self.settings.metadata)
        self.withdraw(list(dict.fromkeys(unique_ids)), submitter, now, again=again)

    def correct(self, wanted: FrozenSubmission, site: Site, now: datetime) -> None:
        """As ``flow.ports.Destination.correct``: an ITI-57 a document, of :data:`CORRECTED` alone."""
        submitter = submitter_of(site, self.settings.metadata)
        for entry in ebrim.read(safexml.parse(wanted.metadata)).entries:
            self.update(entry.unique_id, partial(_restated, entry), submitter, now)

    @contextlib.contextmanager
    def _provide_and_register(
        self, frozen: FrozenSubmission, contents: Contents
    ) -> Iterator[tuple[etree._Element, list[mtom.Attachment]]]:
        # Parsed at every call: an element that is put into an envelope is taken out of the tree it came from.
        request = etree.Element(f"{{{XDSB}}}ProvideAndRegisterDocumentSetRequest", nsmap={"xdsb": XDSB})
        request.append(safexml.parse(frozen.metadata))
        attachments = []
        with contextlib.ExitStack() as streams:
            for number, document in enumerate(frozen.documents, start=1):
                content_id = f"{number}.document@gateway"
                element = etree.SubElement(request, f"{{{XDSB}}}Document", {"id": document.entry_id})
                element.append(mtom.include(content_id))
                content = streams.enter_context(contents.open(document.digest))
                attachments.append(mtom.Attachment(content_id, document.mime_type, content))
            yield request, attachments

    def _is_ours(self, frozen: FrozenSubmission) -> bool:
        return not self.settings.ask_first or self.known(frozen)
