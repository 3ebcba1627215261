"""What the objects of a submission must satisfy (ITI TF-3 section 4.2, ITI TF-2 3.41.4.1.3 and 3.42.4.1.3): pure.

Every rule looks at the whole submission and gives all that is wrong, so that one answer tells everything. Two halves:
:func:`metadata_findings` are the registry's, :func:`document_findings` the repository's, which has the bytes. How
objects may be joined stands in :mod:`gateway.registry.relations`, what only the database can tell in
:mod:`gateway.registry.conflicts`.

A finding's context quotes the value and names the component that is wrong; it goes to the sender and to no log.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from gateway.model.document import (
    DOCUMENT_OFFLINE,
    DOCUMENT_ONLINE,
    ON_DEMAND,
    STABLE,
    DocumentEntry,
    Folder,
    RegistryError,
    Submission,
)
from gateway.model.document import SubmissionSet as Set
from gateway.registry import forms, relations
from gateway.registry.findings import Checks, metadata_error, quote, repeated, repository_error


class Context(Enum):
    """The transaction a submission came by."""

    PROVIDE = "ITI-41"
    REGISTER = "ITI-42"
    REGISTER_ON_DEMAND = "ITI-61"
    UPDATE = "ITI-57"
    RESTRICTED_UPDATE = "ITI-92"

    @property
    def updates(self) -> bool:
        return self in (Context.UPDATE, Context.RESTRICTED_UPDATE)


@dataclass(frozen=True, slots=True)
class Measured:
    """What the repository measured on the bytes of one document."""

    entry_id: str
    """The id of its DocumentEntry in the submission."""
    sha1: str
    """40 hexadecimal digits, lower case."""
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Policy:
    """What this registry adds to the standard's rules."""

    patient_authorities: frozenset[str] = frozenset()
    """OIDs whose patients are known here; empty: those of every authority."""
    listed_patients: bool = False
    """Whether a patient must be in the registry's own list (ITI-44, ``gateway registry patients``)."""
    keep_extra_slots: bool = True
    """Whether slots with a URN for a name that the standard does not know are kept."""
    objects: int = 1000
    """Objects of one kind in a submission at most."""
    values: int = 500
    """Values of one attribute of an object at most."""


def oversize(submission: Submission, policy: Policy) -> tuple[RegistryError, ...]:
    """Whether the submission is above the numbers this registry takes: looked at first, and alone when it is."""
    kinds = (submission.submission_sets, submission.folders, submission.entries, submission.associations)
    most = max(map(len, kinds))
    if most > policy.objects:
        context = f"the submission holds {most} objects of one kind, above the {policy.objects} taken at once"
        return (metadata_error(context),)
    return tuple(
        metadata_error(f"{name} holds {len(values)} values, above the {policy.values} taken", where)
        for name, values, where in _lists(submission)
        if len(values) > policy.values
    )


def _lists(submission: Submission) -> Iterator[tuple[str, Sequence[object], str]]:
    for one in submission.submission_sets:
        yield "SubmissionSet.author", one.authors, one.entry_uuid
    for folder in submission.folders:
        yield "Folder.codeList", folder.codes, folder.entry_uuid
    for entry in submission.entries:
        yield "DocumentEntry.author", entry.authors, entry.entry_uuid
        yield "DocumentEntry.eventCodeList", entry.event_codes, entry.entry_uuid
        yield "DocumentEntry.confidentialityCode", entry.confidentiality_codes, entry.entry_uuid
        yield "DocumentEntry.referenceIdList", entry.reference_ids, entry.entry_uuid


def metadata_findings(submission: Submission, policy: Policy, context: Context) -> tuple[RegistryError, ...]:
    """The registry's half: what is wrong with the metadata alone."""
    found: list[RegistryError] = []
    if len(submission.submission_sets) != 1:
        words = f"a submission holds exactly one SubmissionSet, this one has {len(submission.submission_sets)}"
        found.append(metadata_error(words))
    found += _identities(submission, context)
    for submission_set in submission.submission_sets:
        found += _submission_set(submission_set)
    for folder in submission.folders:
        found += _folder(folder)
        found += _lineage("Folder", folder, context)
    for entry in submission.entries:
        found += _entry(entry, context)
        found += _lineage("DocumentEntry", entry, context)
    found += _patients(submission, policy)
    if not context.updates:
        found += relations.findings(submission)
    return tuple(found)


def document_findings(submission: Submission, documents: Sequence[Measured]) -> tuple[RegistryError, ...]:
    """The repository's half: what is wrong between the metadata and the bytes."""
    found: list[RegistryError] = []
    entries = {entry.entry_uuid: entry for entry in submission.entries}
    present = {document.entry_id for document in documents}
    for name, count in repeated(document.entry_id for document in documents):
        found.append(repository_error(f"{count} documents have the id {quote(name)}", name))
    for name in sorted(present - entries.keys()):
        context = f"the document {quote(name)} has no DocumentEntry with that id"
        found.append(RegistryError(code="XDSMissingDocumentMetadata", context=context, location=name))
    for entry in submission.entries:
        if entry.entry_uuid not in present:
            context = f"the DocumentEntry {quote(entry.entry_uuid)} came without its document"
            found.append(RegistryError(code="XDSMissingDocument", context=context, location=entry.entry_uuid))
    for document in documents:
        if (stated := entries.get(document.entry_id)) is not None:
            found += _bytes(stated, document)
    return tuple(found)


def object_ids(submission: Submission) -> Iterator[str]:
    """The id of every object of the message."""
    for kind in (submission.submission_sets, submission.folders, submission.entries, submission.associations):
        yield from (one.entry_uuid for one in kind)


def _bytes(entry: DocumentEntry, document: Measured) -> Iterator[RegistryError]:
    where = entry.entry_uuid
    if document.size_bytes == 0:
        yield repository_error("the document is empty", where)
    if entry.hash and (wrong := forms.sha1(entry.hash)):
        yield repository_error(f"hash {quote(entry.hash)} {wrong}", where)
    elif entry.hash and entry.hash.lower() != document.sha1:
        context = f"hash {quote(entry.hash)} is not the SHA-1 of the bytes received, which is {document.sha1}"
        yield repository_error(context, where)
    if entry.size is not None and entry.size != document.size_bytes:
        yield repository_error(f"size {entry.size} is not that of the bytes received, {document.size_bytes}", where)


def _identities(submission: Submission, context: Context) -> Iterator[RegistryError]:
    for name, count in repeated(name for name in object_ids(submission) if name):
        yield metadata_error(f"{count} objects of the submission have the id {quote(name)}", name)
    registered: list[Set | Folder | DocumentEntry] = [
        *submission.submission_sets,
        *submission.folders,
        *submission.entries,
    ]
    unique_ids = {one.unique_id for one in registered}
    for one in submission.submission_sets:
        if one.source_id and one.source_id in unique_ids:
            words = f"SubmissionSet.sourceId {quote(one.source_id)} is the uniqueId of an object too"
            yield metadata_error(words, one.entry_uuid)
    documents = dict(repeated(one.unique_id for one in submission.entries))
    for name, count in repeated(one.unique_id for one in registered if one.unique_id):
        # The repository sees documents first and the registry everything else (ITI TF-3 table 4.2.4.1-2).
        repository = context is Context.PROVIDE and name in documents
        code = f"XDS{'Repository' if repository else 'Registry'}DuplicateUniqueIdInMessage"
        words = f"uniqueId {quote(name)} stands {count} times in the submission"
        yield RegistryError(code=code, context=words, location=name)


def _submission_set(one: Set) -> Iterator[RegistryError]:
    check = Checks("SubmissionSet", one.entry_uuid)
    yield from check.required("id", one.entry_uuid, forms.entry_uuid)
    yield from check.required("uniqueId", one.unique_id, forms.oid)
    yield from check.required("sourceId", one.source_id, forms.oid)
    yield from check.required("patientId", one.patient_id, forms.cx)
    yield from check.required("submissionTime", one.submission_time, forms.dtm)
    yield from check.optional("homeCommunityId", one.home_community_id, forms.home_community)
    yield from check.code("contentTypeCode", one.content_type_code)
    for author in one.authors:
        yield from check.optional("authorPerson", author.person, forms.xcn)
        yield from check.each("authorInstitution", author.institutions, forms.xon)


def _folder(one: Folder) -> Iterator[RegistryError]:
    check = Checks("Folder", one.entry_uuid)
    yield from check.required("id", one.entry_uuid, forms.entry_uuid)
    yield from check.required("uniqueId", one.unique_id, forms.oid)
    yield from check.required("patientId", one.patient_id, forms.cx)
    yield from check.optional("homeCommunityId", one.home_community_id, forms.home_community)
    if not one.title:
        yield check.missing("title")
    if not one.codes:
        yield check.missing("codeList")
    for code in one.codes:
        yield from check.code("codeList", code)


def _entry(entry: DocumentEntry, context: Context) -> Iterator[RegistryError]:
    check = Checks("DocumentEntry", entry.entry_uuid)
    yield from check.required("id", entry.entry_uuid, forms.entry_uuid)
    yield from check.required("uniqueId", entry.unique_id, forms.unique_id)
    yield from check.required("mimeType", entry.mime_type, forms.mime_type)
    yield from check.required("patientId", entry.patient_id, forms.cx)
    yield from check.required("languageCode", entry.language_code, forms.language)
    yield from check.required("sourcePatientId", entry.source_patient_id, forms.source_patient)
    yield from check.each("sourcePatientInfo", entry.source_patient_info, forms.source_patient_field)
    yield from check.optional("homeCommunityId", entry.home_community_id, forms.home_community)
    yield from check.optional("legalAuthenticator", entry.legal_authenticator, forms.xcn)
    yield from _kept(entry, check, context)
    yield from _times(entry, check)
    yield from _codes(entry, check)
    for author in entry.authors:
        yield from check.optional("authorPerson", author.person, forms.xcn)
        yield from check.each("authorInstitution", author.institutions, forms.xon)
    for reference in entry.reference_ids:
        if wrong := forms.reference_id(reference):
            yield check.wrong("referenceIdList", reference.cxi(), wrong)


def _kept(entry: DocumentEntry, check: Checks, context: Context) -> Iterator[RegistryError]:
    """What says where the document is and what it weighs."""
    expected = ON_DEMAND if context is Context.REGISTER_ON_DEMAND else STABLE
    if entry.object_type != expected and not (context.updates and entry.object_type == ON_DEMAND):
        kind = "an on-demand" if expected == ON_DEMAND else "a stable"
        yield check.wrong("objectType", entry.object_type, f"is not that of {kind} document, as {context.value} takes")
    if context is not Context.PROVIDE:
        yield from check.optional("hash", entry.hash, forms.sha1)
        yield from check.required("repositoryUniqueId", entry.repository_unique_id, forms.oid)
    if context is not Context.PROVIDE and entry.object_type == STABLE:
        if not entry.hash:
            yield check.missing("hash")
        if entry.size is None:
            yield check.missing("size")
    availability = entry.document_availability
    if availability not in ("", DOCUMENT_ONLINE, DOCUMENT_OFFLINE):
        yield check.wrong("documentAvailability", availability, "is neither Online nor Offline")


def _lineage(kind: str, item: DocumentEntry | Folder, context: Context) -> Iterator[RegistryError]:
    """``lid``: a first version says nothing else than itself, a later one what it follows."""
    where = item.entry_uuid
    if not context.updates:
        if item.logical_id not in ("", item.entry_uuid):
            words = f"{kind}.logicalID {quote(item.logical_id)} is not the id: a first version is submitted here"
            yield metadata_error(words, where)
        return
    if not forms.is_uuid(item.logical_id):
        words = f"{kind}.logicalID {quote(item.logical_id)} is not the UUID of the version in the registry"
        yield RegistryError(code="XDSMetadataUpdateError", context=words, location=where)
    elif item.logical_id == item.entry_uuid:
        words = f"{kind}.id {quote(item.entry_uuid)} is that of the first version: a new version has an id of its own"
        yield RegistryError(code="XDSMetadataUpdateError", context=words, location=where)


def _times(entry: DocumentEntry, check: Checks) -> Iterator[RegistryError]:
    if entry.object_type == ON_DEMAND:
        yield from check.optional("creationTime", entry.creation_time, forms.dtm)
    else:
        yield from check.required("creationTime", entry.creation_time, forms.dtm)
    start, stop = entry.service_start_time, entry.service_stop_time
    wrong = [*check.optional("serviceStartTime", start, forms.dtm), *check.optional("serviceStopTime", stop, forms.dtm)]
    yield from wrong
    if start and stop and not wrong:
        common = min(len(start), len(stop))
        if start[:common] > stop[:common]:
            yield check.wrong("serviceStartTime", start, f"is later than serviceStopTime {stop}")


def _codes(entry: DocumentEntry, check: Checks) -> Iterator[RegistryError]:
    for name, code in (
        ("classCode", entry.class_code),
        ("typeCode", entry.type_code),
        ("formatCode", entry.format_code),
        ("healthcareFacilityTypeCode", entry.healthcare_facility_type_code),
        ("practiceSettingCode", entry.practice_setting_code),
        *(("confidentialityCode", code) for code in entry.confidentiality_codes),
        *(("eventCodeList", code) for code in entry.event_codes),
    ):
        yield from check.code(name, code)
    if not entry.confidentiality_codes:
        yield check.missing("confidentialityCode")


def _patients(submission: Submission, policy: Policy) -> Iterator[RegistryError]:
    everyone: list[Set | Folder | DocumentEntry] = [
        *submission.submission_sets,
        *submission.folders,
        *submission.entries,
    ]
    stated = [one for one in everyone if one.patient_id]
    first = forms.patient_key(stated[0].patient_id) if stated else ""
    for one in stated:
        key = forms.patient_key(one.patient_id)
        if key != first:
            context = f"patientId {quote(one.patient_id)} is not that of the SubmissionSet"
            yield RegistryError(code="XDSPatientIdDoesNotMatch", context=context, location=one.entry_uuid)
        authority = key.rpartition("^")[2]
        if policy.patient_authorities and authority not in policy.patient_authorities:
            context = f"patientId {quote(one.patient_id)} is of an authority this registry does not serve"
            yield RegistryError(code="XDSUnknownPatientId", context=context, location=one.entry_uuid)
