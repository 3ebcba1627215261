"""A document registry and its repository, seen by the one who publishes and consults (``flow.ports.Destination``).

Sources: IHE ITI TF-2 sections 3.41 (Provide and Register), 3.18 (Registry Stored Query), 3.43 (Retrieve Document
Set); TF-3 section 4.2.4 (answers and error codes).
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import structlog
from lxml import etree

from gateway.errors import InputRejected, PeerMisbehaved, PeerRefused, PeerUnreachable
from gateway.flow.ports import Blobs
from gateway.model.document import STABLE, DocumentEntry, RegistryError, RetrievedDocument, Status
from gateway.model.identifiers import new_uid
from gateway.model.share import FrozenSubmission, Publication
from gateway.trust import safexml
from gateway.xds import ebrim, metadata, mtom, queries
from gateway.xds.caller import Assertion, Caller, Reply
from gateway.xds.transport import LIMITS, Connection, OnWire, peer_of

log = structlog.get_logger(__name__)

XDSB = "urn:ihe:iti:xds-b:2007"

BUSY = frozenset(
    {
        "XDSRegistryBusy",
        "XDSRegistryNotAvailable",
        "XDSRegistryOutOfResources",
        "XDSRepositoryBusy",
        "XDSRepositoryOutOfResources",
    }
)
"""Errors that pass by themselves (ITI TF-3 table 4.2.4.1-2)."""
DUPLICATE = "XDSDuplicateUniqueIdInRegistry"
OTHER_HASH = "XDSNonIdenticalHash"


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationSettings:
    """One ``[destination.NAME]`` table of the settings. Times in seconds, files in PEM."""

    name: str
    registry_url: str
    repository_url: str
    flavour: Literal["ihe", "dmp"] = "ihe"
    repository_unique_id: str = ""
    """For documents whose entry names no repository."""
    environment: Literal["test", "production"] = "test"
    ask_first: bool = True
    """Whether the registry answers GetDocuments: it is asked before a submission that may have left is sent again."""
    patient_identity: Literal["ins", "local"] = "ins"
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 60.0
    answer_timeout_s: float = 600.0
    ca_file: str = ""
    certificate_file: str = ""
    key_file: str = ""


class RegistryClient:
    """A registry to publish to and to consult; may be used by several threads. Close it to end its connections.

    Raises SettingsError for an address or a file that cannot be used.
    """

    def __init__(
        self,
        settings: DestinationSettings,
        blobs: Blobs,
        *,
        assertion: Assertion | None = None,
        on_wire: OnWire | None = None,
        limits: mtom.Limits = LIMITS,
    ) -> None:
        self.settings = settings
        self._blobs = blobs
        for url in (settings.registry_url, settings.repository_url):
            peer_of(url)
        connection = Connection(
            connect_timeout_s=settings.connect_timeout_s,
            read_timeout_s=settings.read_timeout_s,
            answer_timeout_s=settings.answer_timeout_s,
            ca_file=settings.ca_file,
            certificate_file=settings.certificate_file,
            key_file=settings.key_file,
        )
        self._caller = Caller(connection, limits=limits, assertion=assertion, on_wire=on_wire)

    def close(self) -> None:
        self._caller.close()

    def prepare(self, publication: Publication) -> FrozenSubmission:
        """As ``flow.ports.Destination.prepare``."""
        settings = metadata.MetadataSettings(
            flavour=self.settings.flavour,
            environment=self.settings.environment,
            patient_identity=self.settings.patient_identity,
            destination=self.settings.name,
        )
        return metadata.prepare(publication, settings)

    def ping(self) -> None:
        """Ask for a document that nobody has: address, certificates and the registry's manners are proved by it.

        Raises PeerUnreachable, PeerRefused, PeerMisbehaved.
        """
        self._query(queries.get_documents(unique_ids=[new_uid()]))

    def known(self, frozen: FrozenSubmission) -> bool:
        """ITI-18 GetDocuments of every document: whether all are there, approved, with our hash.

        Raises PeerRefused (``registry_other_hash``) when one is there with another hash, and as :meth:`send`.
        """
        if not frozen.documents:
            return False
        wanted = [document.unique_id for document in frozen.documents]
        found = self._query(queries.get_documents(unique_ids=wanted))
        approved = 0
        for document in frozen.documents:
            entries = [entry for entry in found if entry.unique_id == document.unique_id and entry.hash]
            if any(not same_hash(entry.hash, document.hash) for entry in entries):
                raise PeerRefused("registry_other_hash", unique_id=document.unique_id, words=OTHER_HASH)
            approved += any(entry.status == Status.APPROVED for entry in entries)
        log.info("registry.asked", destination=self.settings.name, documents=len(wanted), approved=approved)
        return approved == len(wanted)

    def send(self, frozen: FrozenSubmission, *, again: bool) -> None:
        """ITI-41 of the frozen metadata, as they were serialised, and of the frozen documents.

        Raises PeerRefused (``registry_refused`` or ``registry_other_hash``, ``facts["codes"]`` and ``["words"]`` from
        every error of the answer), PeerUnreachable (no answer, or ``registry_busy``), PeerMisbehaved.
        """
        request, attachments = self._provide_and_register(frozen)
        with (
            self._caller.call(
                "ProvideAndRegister", self.settings.repository_url, request, attachments, multipart=True
            ) as reply,
            _peer_mistakes(),
        ):
            response = ebrim.read_response(reply.body)
        codes = {error.code for error in _severe(response.errors)}
        if not response.success and again and codes == {DUPLICATE} and self._is_ours(frozen):
            log.info("registry.known_already", destination=self.settings.name)
            return
        refuse_failure(response)
        log.info(
            "registry.submitted",
            destination=self.settings.name,
            documents=len(frozen.documents),
            warnings=[error.code for error in response.errors],
        )

    def find_by_reference(self, patient_id: str, references: Sequence[str]) -> Sequence[DocumentEntry]:
        """ITI-18 FindDocumentsByReferenceId: approved documents with any of *references* (CXi).

        Raises as :meth:`send`; an incomplete answer (PartialSuccess) is refused too.
        """
        if not references:
            return ()
        return self._query(queries.find_documents_by_reference_id(patient_id, references))

    def retrieve(self, entries: Sequence[DocumentEntry]) -> Sequence[RetrievedDocument]:
        """ITI-43, one request a repository; documents come in the order of *entries*, each once.

        Raises as :meth:`send`, and PeerMisbehaved for a document that was not asked (``registry_documents``), is
        missing, or differs from the hash or size of its entry (``registry_hash``).
        """
        groups: dict[str, dict[str, DocumentEntry]] = {}
        for entry in entries:
            repository = entry.repository_unique_id or self.settings.repository_unique_id
            groups.setdefault(repository, {}).setdefault(entry.unique_id, entry)
        documents: dict[tuple[str, str], RetrievedDocument] = {}
        for repository, wanted in groups.items():
            request = _retrieve_request(repository, wanted.values())
            with self._caller.call("Retrieve", self.settings.repository_url, request) as reply, _peer_mistakes():
                refuse_failure(ebrim.read_response(reply.body))
                for document in _retrieved(reply, repository, wanted):
                    documents[repository, document.unique_id] = document
        return tuple(documents.values())

    def _query(self, query: queries.StoredQuery) -> Sequence[DocumentEntry]:
        with (
            self._caller.call("Query", self.settings.registry_url, queries.write(query)) as reply,
            _peer_mistakes(),
        ):
            refuse_failure(ebrim.read_response(reply.body))
            return ebrim.read(reply.body).entries

    def _provide_and_register(self, frozen: FrozenSubmission) -> tuple[etree._Element, list[mtom.Attachment]]:
        # Parsed at every call: an element that is put into an envelope is taken out of the tree it came from.
        request = etree.Element(f"{{{XDSB}}}ProvideAndRegisterDocumentSetRequest", nsmap={"xdsb": XDSB})
        request.append(safexml.parse(frozen.metadata))
        attachments = []
        for number, document in enumerate(frozen.documents, start=1):
            content_id = f"{number}.document@gateway"
            element = etree.SubElement(request, f"{{{XDSB}}}Document", {"id": document.entry_id})
            element.append(mtom.include(content_id))
            content = self._blobs.get(document.digest)
            attachments.append(mtom.Attachment(content_id, document.mime_type, content))
        return request, attachments

    def _is_ours(self, frozen: FrozenSubmission) -> bool:
        return not self.settings.ask_first or self.known(frozen)


def refuse_failure(response: ebrim.RegistryResponse) -> None:
    """Raises PeerUnreachable when only busyness is reported, PeerRefused for every other answer but Success."""
    if response.success:
        return
    errors = _severe(response.errors)
    codes = list(dict.fromkeys(error.code for error in errors))
    words = "; ".join(_words(error) for error in errors) or response.status
    facts = {"codes": ", ".join(codes), "words": words}
    if codes and BUSY.issuperset(codes):
        raise PeerUnreachable("registry_busy", **facts)
    if OTHER_HASH in codes:
        raise PeerRefused("registry_other_hash", **facts)
    raise PeerRefused("registry_refused", **facts)


def same_hash(stated: str, sha1: str) -> bool:
    """Whether *stated* is the SHA-1 *sha1* (40 hexadecimal digits): in any case, or in base64 as some registries do.

    Base64 too is compared without regard to case, for ``ebrim.read`` gives hashes in lower case.
    """
    base_64 = base64.b64encode(bytes.fromhex(sha1)).decode("ascii")
    return stated.strip().lower() in (sha1.lower(), base_64.lower())


def _severe(errors: Sequence[RegistryError]) -> list[RegistryError]:
    """The errors without the warnings; all of them when a peer calls every one a warning."""
    return [error for error in errors if error.severity != "Warning"] or list(errors)


def _words(error: RegistryError) -> str:
    return f"{error.code}: {error.context}" if error.context else error.code


@contextlib.contextmanager
def _peer_mistakes() -> Iterator[None]:
    """What our readers refuse in an answer is a mistake of the peer."""
    try:
        yield
    except InputRejected as error:
        raise PeerMisbehaved(error.code, place=error.place, **error.facts) from error


def _retrieve_request(repository: str, entries: Iterable[DocumentEntry]) -> etree._Element:
    request = etree.Element(f"{{{XDSB}}}RetrieveDocumentSetRequest", nsmap={"xdsb": XDSB})
    for entry in entries:
        asked = etree.SubElement(request, f"{{{XDSB}}}DocumentRequest")
        if entry.home_community_id:
            etree.SubElement(asked, f"{{{XDSB}}}HomeCommunityId").text = entry.home_community_id
        etree.SubElement(asked, f"{{{XDSB}}}RepositoryUniqueId").text = repository
        etree.SubElement(asked, f"{{{XDSB}}}DocumentUniqueId").text = entry.unique_id
    return request


def _retrieved(reply: Reply, repository: str, wanted: dict[str, DocumentEntry]) -> Iterator[RetrievedDocument]:
    """The documents of one answer in the order of *wanted*, each compared with its entry."""
    answers: dict[str, etree._Element] = {}
    for answer in reply.body.iterchildren(f"{{{XDSB}}}DocumentResponse"):
        unique_id = (answer.findtext(f"{{{XDSB}}}DocumentUniqueId") or "").strip()
        if unique_id not in wanted or unique_id in answers:
            raise PeerMisbehaved("registry_documents", unique_id=unique_id)
        answers[unique_id] = answer
    for unique_id, entry in wanted.items():
        element = answers[unique_id].find(f"{{{XDSB}}}Document") if unique_id in answers else None
        if element is None:
            raise PeerMisbehaved("registry_documents", unique_id=unique_id)
        part = mtom.content(element, reply.parts)
        # The bytes of an on-demand document are made when it is asked for: its entry cannot state them.
        stable = entry.object_type == STABLE
        if stable and entry.hash and not same_hash(entry.hash, part.sha1()):
            raise PeerMisbehaved("registry_hash", unique_id=unique_id)
        if stable and entry.size is not None and entry.size != part.size_bytes:
            raise PeerMisbehaved("registry_hash", unique_id=unique_id)
        yield RetrievedDocument(
            unique_id=unique_id,
            repository_unique_id=repository,
            mime_type=(answers[unique_id].findtext(f"{{{XDSB}}}mimeType") or "").strip(),
            content=part.read(),
        )
