"""The side that looks for documents and gets them: ITI-18, ITI-51, ITI-43, RAD-69.

Sources: IHE ITI TF-2 sections 3.18, 3.43, 3.51; RAD TF-2 section 4.69; TF-3 section 4.2.4 (answers and error codes).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import structlog

from gateway.errors import PeerMisbehaved, SettingsError
from gateway.model.document import (
    Association,
    DocumentEntry,
    Folder,
    RegistryError,
    RetrievedDocument,
    Status,
    SubmissionSet,
)
from gateway.model.identifiers import new_uid
from gateway.xds import ebrim, queries, retrieval
from gateway.xds.answers import refuse_failure
from gateway.xds.peer import Peer
from gateway.xds.retrieval import EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN, ImagingSeries, Retrieval

log = structlog.get_logger(__name__)

_Object = TypeVar("_Object", DocumentEntry, SubmissionSet, Folder, Association)

IN_MEMORY_BYTES = 256 * 1024 * 1024
"""Of all documents that :meth:`Consumer.retrieve` hands on in memory; :meth:`Consumer.fetch` knows no such limit."""
INSTANCES_A_REQUEST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a registry answered to a stored query, as values of the model."""

    entries: tuple[DocumentEntry, ...] = ()
    submission_sets: tuple[SubmissionSet, ...] = ()
    folders: tuple[Folder, ...] = ()
    associations: tuple[Association, ...] = ()
    references: tuple[str, ...] = ()
    """entryUUIDs, of a query that asked for ObjectRef."""
    complete: bool = True
    """False for PartialSuccess: some of what was asked could not be looked through, ``errors`` say why."""
    errors: tuple[RegistryError, ...] = ()


class Consumer(Peer):
    """A registry, its repositories and imaging document sources, asked. Every method raises PeerUnreachable (no
    answer, or ``registry_busy``), PeerRefused (``registry_refused`` with the registry's words) and PeerMisbehaved.
    """

    def query(self, query: queries.StoredQuery) -> Found:
        """ITI-18: any of the fourteen stored queries, or ITI-51: one of several patients, made by ``queries``.

        An answer in part (PartialSuccess) is given with ``complete`` False. Raises QueryError before anything leaves
        when the query breaks its own rules.
        """
        operation = "MultiPatientQuery" if query.query_id in queries.MULTIPLE_PATIENTS else "Query"
        with self._reply(operation, self.settings.registry_url, queries.write(query)) as reply:
            response = ebrim.read_response(reply.body)
            partial = response.status == ebrim.ResponseStatus.PARTIAL_SUCCESS or response.contradicts
            if not partial:
                refuse_failure(response)
            objects = ebrim.read(reply.body)
            references = ebrim.read_object_refs(reply.body)
        return Found(
            entries=_each_once(objects.entries),
            submission_sets=_each_once(objects.submission_sets),
            folders=_each_once(objects.folders),
            associations=_each_once(objects.associations),
            references=tuple(dict.fromkeys(references)),
            complete=not partial,
            errors=response.errors,
        )

    def whole(self, query: queries.StoredQuery) -> Found:
        """:meth:`query`, where an answer in part would be taken for the whole: it is refused."""
        found = self.query(query)
        if not found.complete:
            refuse_failure(
                ebrim.RegistryResponse(status=ebrim.ResponseStatus.PARTIAL_SUCCESS, errors=tuple(found.errors))
            )
        return found

    def ping(self) -> None:
        """Ask for a document that nobody has: address, certificates and the registry's manners are proved by it."""
        self.whole(queries.get_documents(unique_ids=[new_uid()]))

    def ping_repository(self) -> None:
        """Ask the repository for a document that nobody has (ITI-43): that it says so proves address and certificates.

        Nothing is sent to it; whether it takes submissions from us is known by the first.
        """
        repository = self.settings.repository_unique_id or new_uid()
        request = retrieval.one_request(repository, new_uid())
        with self._reply("Retrieve", self.settings.repository_url, request) as reply:
            ebrim.read_response(reply.body)

    def registered(self, unique_ids: Sequence[str]) -> dict[str, DocumentEntry]:
        """The entries of *unique_ids* as registered now, with the entryUUIDs that changes need (ITI-18 GetDocuments).

        One entry a unique id: the approved one, of several versions the newest. What is not there is left out.
        """
        if not unique_ids:
            return {}
        best: dict[str, DocumentEntry] = {}
        for entry in self.whole(queries.get_documents(unique_ids=list(dict.fromkeys(unique_ids)))).entries:
            known = best.get(entry.unique_id)
            if entry.unique_id in unique_ids and (known is None or _rank(entry) > _rank(known)):
                best[entry.unique_id] = entry
        return {unique_id: best[unique_id] for unique_id in unique_ids if unique_id in best}

    def find_by_reference(self, patient_id: str, references: Sequence[str]) -> Sequence[DocumentEntry]:
        """ITI-18 FindDocumentsByReferenceId: approved documents with any of *references* (CXi).

        An incomplete answer (PartialSuccess) is refused.
        """
        if not references:
            return ()
        return self.whole(queries.find_documents_by_reference_id(patient_id, references)).entries

    def fetch(self, entries: Sequence[DocumentEntry]) -> Retrieval:
        """ITI-43, one request a repository; the documents are in a temporary file until they are saved or read.

        Each is compared with the hash and the size of its entry, and not given when it differs. One document that is
        wrong or did not come does not lose the others: it is told in ``errors``. When nothing is left to be given,
        that is raised: PeerMisbehaved (``registry_hash``, ``registry_documents``) or the repository's refusal.
        """
        groups: dict[str, dict[str, DocumentEntry]] = {}
        for entry in entries:
            repository = entry.repository_unique_id or self.settings.repository_unique_id
            groups.setdefault(repository, {}).setdefault(entry.unique_id, entry)
        documents: list[retrieval.Document] = []
        errors: list[RegistryError] = []
        refused: list[ebrim.RegistryResponse] = []
        unused: list[PeerMisbehaved] = []
        complete = True
        with contextlib.ExitStack() as replies:
            for repository, wanted in groups.items():
                request = retrieval.retrieve_request(repository, wanted.values())
                reply = replies.enter_context(self._reply("Retrieve", self.settings.repository_url, request))
                response = ebrim.read_response(reply.body)
                found = retrieval.documents_of(reply, repository, tuple(wanted))
                if not (found or response.success):
                    refused.append(response)
                wrong = [one for one, document in found.items() if retrieval.differs(document, wanted[one])]
                unused += [PeerMisbehaved("registry_hash", unique_id=one) for one in wrong]
                unused += retrieval.absent(found, wanted) if response.success else ()
                documents += [document for one, document in found.items() if one not in wrong]
                errors += response.errors
                complete = complete and response.success and not response.contradicts
            if not documents:
                _nothing(unused, refused)
            errors += _told(unused)
            log.info("registry.retrieved", destination=self.settings.name, documents=len(documents), unused=len(unused))
            complete = complete and not unused
            return Retrieval(tuple(documents), tuple(errors), complete, tuple(unused), replies.pop_all())

    def retrieve(self, entries: Sequence[DocumentEntry]) -> Sequence[RetrievedDocument]:
        """ITI-43 into memory, all or nothing; documents come in the order of *entries*, each once.

        Raises as :meth:`fetch`, and PeerMisbehaved for a document that was not asked for or is missing
        (``registry_documents``) or for more than 256 MiB (``mtom_too_large``).
        """
        with self.fetch(entries) as fetched:
            for one in fetched.unused:
                raise one
            if not fetched.complete:
                status = ebrim.ResponseStatus.PARTIAL_SUCCESS
                refuse_failure(ebrim.RegistryResponse(status=status, errors=fetched.errors))
            if sum(one.size_bytes for one in fetched.documents) > IN_MEMORY_BYTES:
                raise PeerMisbehaved("mtom_too_large", what="document", limit=IN_MEMORY_BYTES)
            return tuple(
                RetrievedDocument(
                    unique_id=one.unique_id,
                    repository_unique_id=one.repository_unique_id,
                    mime_type=one.mime_type,
                    content=one.read(),
                )
                for one in fetched.documents
            )

    def images(
        self,
        series: Sequence[ImagingSeries],
        transfer_syntaxes: Sequence[str] = (EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN),
    ) -> Iterator[Retrieval]:
        """RAD-69: the instances of *series*, a hundred a request; each part is closed when the next is asked for.

        Every instance is compared with its file meta information. One that is wrong (``registry_image``), that did not
        come with an answer of success (``registry_documents``) or that the source has not does not lose the others: it
        is told in ``errors`` (location: its SOP Instance UID); when nothing is left of a part, the first of them is
        raised. Raises SettingsError (``imaging_source_unknown``) for a Retrieve Location UID that the settings give no
        address for.
        """
        by_address: dict[str, list[ImagingSeries]] = {}
        for one in series:
            by_address.setdefault(self._source(one.retrieve_location_uid), []).append(one)
        for address, wanted in by_address.items():
            for some in _portions(wanted, INSTANCES_A_REQUEST):
                with self._images(address, some, transfer_syntaxes) as retrieved:
                    yield retrieved

    def _images(self, address: str, series: Sequence[ImagingSeries], transfer_syntaxes: Sequence[str]) -> Retrieval:
        request = retrieval.imaging_request(series, transfer_syntaxes)
        wanted = tuple(dict.fromkeys(uid for one in series for uid in one.instance_uids))
        with contextlib.ExitStack() as replies:
            reply = replies.enter_context(self._reply("RetrieveImaging", address, request))
            response = ebrim.read_response(reply.body)
            found = retrieval.documents_of(reply, "", wanted)
            if not found:
                refuse_failure(response)
            wrong = retrieval.wrong_images(found.values(), transfer_syntaxes)
            unused = (*wrong.values(), *(retrieval.absent(found, wanted) if response.success else ()))
            documents = tuple(document for uid, document in found.items() if uid not in wrong)
            if not documents:
                _nothing(unused, ())
            log.info(
                "imaging_source.retrieved",
                destination=self.settings.name,
                instances=len(documents),
                unused=len(unused),
            )
            complete = response.success and not response.contradicts and not unused
            return Retrieval(documents, (*response.errors, *_told(unused)), complete, unused, replies.pop_all())

    def _source(self, location: str) -> str:
        try:
            return self.settings.imaging_sources[location]
        except KeyError:
            place = f"destination.{self.settings.name}.imaging_sources"
            raise SettingsError("imaging_source_unknown", place=place, location=location or "-") from None


def _told(unused: Iterable[PeerMisbehaved]) -> list[RegistryError]:
    """What we have against documents of an answer, beside what the repository says of them."""
    return [
        RegistryError(code=one.code, context=str(one.facts.get("what", "")), location=str(one.facts["unique_id"]))
        for one in unused
    ]


def _nothing(unused: Sequence[PeerMisbehaved], refused: Sequence[ebrim.RegistryResponse]) -> None:
    """Raises what stood in the way of every document; nothing does when none was asked for."""
    for one in unused:
        raise one
    for response in refused:
        refuse_failure(response)


def _each_once(objects: Sequence[_Object]) -> tuple[_Object, ...]:
    """*objects* without what an answer says twice, by entryUUID; one that has none is one by itself."""
    return tuple({one.entry_uuid or id(one): one for one in objects}.values())


def _rank(entry: DocumentEntry) -> tuple[bool, int]:
    version = entry.version if entry.version.isascii() and entry.version.isdigit() else "0"
    return entry.status == Status.APPROVED, int(version[:9])


def _portions(series: Iterable[ImagingSeries], size: int) -> Iterator[list[ImagingSeries]]:
    """*series* cut so that no portion has more than *size* instances."""
    portion: list[ImagingSeries] = []
    room = size
    for one in series:
        left = one.instance_uids
        while left:
            some, left = left[:room], left[room:]
            portion.append(
                ImagingSeries(
                    study_uid=one.study_uid,
                    series_uid=one.series_uid,
                    instance_uids=some,
                    retrieve_location_uid=one.retrieve_location_uid,
                    home_community_id=one.home_community_id,
                )
            )
            room -= len(some)
            if not room:
                yield portion
                portion, room = [], size
    if portion:
        yield portion
