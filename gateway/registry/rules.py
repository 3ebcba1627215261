"""What a submission must satisfy (ITI TF-3 section 4.2, ITI TF-2 3.41.4.1.3 and 3.42.4.1.3): pure.

Every rule looks at the whole submission and gives all that is wrong, so that one answer tells everything. Two halves:
:func:`metadata_findings` are the registry's (they will serve ITI-42 as they are), :func:`document_findings` the
repository's, which has the bytes. What only the database can tell is in :mod:`gateway.registry.conflicts`.

A finding's context quotes the value and names the component that is wrong; it goes to the sender and to no log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.model.document import STABLE, Association, AssociationType, DocumentEntry, RegistryError, Submission
from gateway.model.document import SubmissionSet as Set
from gateway.registry import forms
from gateway.registry.findings import Checks, metadata_error, quote, repository_error

ORIGINAL = "Original"
REFERENCE = "Reference"
STATUS_SLOT = "SubmissionSetStatus"


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
    """OIDs whose patients are known here; empty: every patient is (nobody feeds this registry with patients)."""
    objects: int = 1000
    """Objects of one kind in a submission at most."""
    values: int = 500
    """Values of one attribute of an entry at most."""


def oversize(submission: Submission, policy: Policy) -> tuple[RegistryError, ...]:
    """Whether the submission is above the numbers this registry takes: looked at first, and alone when it is."""
    most = max(len(submission.submission_sets), len(submission.entries), len(submission.associations))
    if most > policy.objects:
        context = f"the submission holds {most} objects of one kind, above the {policy.objects} taken at once"
        return (metadata_error(context),)
    return tuple(
        metadata_error(
            f"DocumentEntry.{name} holds {len(values)} values, above the {policy.values} taken", entry.entry_uuid
        )
        for entry in submission.entries
        for name, values in (
            ("author", entry.authors),
            ("eventCodeList", entry.event_codes),
            ("confidentialityCode", entry.confidentiality_codes),
            ("referenceIdList", entry.reference_ids),
        )
        if len(values) > policy.values
    )


def findings(submission: Submission, documents: Sequence[Measured], policy: Policy) -> tuple[RegistryError, ...]:
    """Everything that is wrong with an ITI-41 request; empty when it may be registered."""
    return (*metadata_findings(submission, policy), *document_findings(submission, documents))


def metadata_findings(submission: Submission, policy: Policy) -> tuple[RegistryError, ...]:
    """The registry's half: what is wrong with the metadata alone."""
    found: list[RegistryError] = []
    if len(submission.submission_sets) != 1:
        context = f"a submission holds exactly one SubmissionSet, this one has {len(submission.submission_sets)}"
        found.append(metadata_error(context))
    found += _identities(submission)
    for submission_set in submission.submission_sets:
        found += _submission_set(submission_set)
    for entry in submission.entries:
        found += _entry(entry)
    found += _patients(submission, policy)
    found += _associations(submission)
    return tuple(found)


def document_findings(submission: Submission, documents: Sequence[Measured]) -> tuple[RegistryError, ...]:
    """The repository's half: what is wrong between the metadata and the bytes."""
    found: list[RegistryError] = []
    entries = {entry.entry_uuid: entry for entry in submission.entries}
    for name, count in Counter(document.entry_id for document in documents).items():
        if count > 1:
            found.append(repository_error(f"{count} documents have the id {quote(name)}", name))
        if name not in entries:
            context = f"the document {quote(name)} has no DocumentEntry with that id"
            found.append(RegistryError(code="XDSMissingDocumentMetadata", context=context, location=name))
    present = {document.entry_id for document in documents}
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
    yield from (one.entry_uuid for one in submission.submission_sets)
    yield from (one.entry_uuid for one in submission.entries)
    yield from (one.entry_uuid for one in submission.associations)


def references(submission: Submission) -> tuple[Association, ...]:
    """HasMember associations to entries outside the message: the database tells whether they exist."""
    inside = {entry.entry_uuid for entry in submission.entries}
    return tuple(a for a in submission.associations if _is_member(a) and a.target not in inside)


def member_status(association: Association) -> str:
    """SubmissionSetStatus of a HasMember: Original, Reference, or what else stands there (perhaps nothing)."""
    return next((", ".join(values) for name, values in association.slots if name == STATUS_SLOT), "")


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


def _identities(submission: Submission) -> Iterator[RegistryError]:
    registered: list[Set | DocumentEntry] = [*submission.submission_sets, *submission.entries]
    ids = [name for name in object_ids(submission) if name]
    for name, count in Counter(ids).items():
        if count > 1:
            yield metadata_error(f"{count} objects of the submission have the id {quote(name)}", name)
    for name, count in Counter(one.unique_id for one in registered if one.unique_id).items():
        if count > 1:
            context = f"uniqueId {quote(name)} stands {count} times in the submission"
            yield RegistryError(code="XDSRegistryDuplicateUniqueIdInMessage", context=context, location=name)


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


def _entry(entry: DocumentEntry) -> Iterator[RegistryError]:
    check = Checks("DocumentEntry", entry.entry_uuid)
    yield from check.required("id", entry.entry_uuid, forms.entry_uuid)
    yield from check.required("uniqueId", entry.unique_id, forms.unique_id)
    yield from check.required("mimeType", entry.mime_type, forms.mime_type)
    yield from check.required("patientId", entry.patient_id, forms.cx)
    yield from check.required("languageCode", entry.language_code, forms.language)
    yield from check.optional("sourcePatientId", entry.source_patient_id, forms.cx)
    yield from check.each("sourcePatientInfo", entry.source_patient_info, forms.source_patient_field)
    yield from check.optional("homeCommunityId", entry.home_community_id, forms.home_community)
    yield from check.optional("legalAuthenticator", entry.legal_authenticator, forms.xcn)
    yield from _times(entry, check)
    yield from _codes(entry, check)
    for author in entry.authors:
        yield from check.optional("authorPerson", author.person, forms.xcn)
        yield from check.each("authorInstitution", author.institutions, forms.xon)
    for reference in entry.reference_ids:
        if wrong := forms.reference_id(reference):
            yield check.wrong("referenceIdList", reference.cxi(), wrong)
    if entry.object_type != STABLE:
        yield check.wrong("objectType", entry.object_type, "is not that of a stable document, the only kind kept here")


def _times(entry: DocumentEntry, check: Checks) -> Iterator[RegistryError]:
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
    everyone: list[Set | DocumentEntry] = [*submission.submission_sets, *submission.entries]
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


def _associations(submission: Submission) -> Iterator[RegistryError]:
    sets = {one.entry_uuid for one in submission.submission_sets}
    inside = {entry.entry_uuid for entry in submission.entries}
    members: Counter[str] = Counter()
    for association in submission.associations:
        if not _is_member(association):
            yield _unsupported(association)
            continue
        members[association.target] += 1
        yield from _member(association, sets, inside)
    for entry in submission.entries:
        if members[entry.entry_uuid] == 0:
            context = f"no HasMember joins the DocumentEntry {quote(entry.entry_uuid)} to the SubmissionSet"
            yield metadata_error(context, entry.entry_uuid)
    for target, count in members.items():
        if count > 1:
            yield metadata_error(f"{count} HasMember associations have the target {quote(target)}", target)


def _member(association: Association, sets: set[str], inside: set[str]) -> Iterator[RegistryError]:
    where = association.entry_uuid or association.target
    if association.entry_uuid and (wrong := forms.entry_uuid(association.entry_uuid)):
        yield metadata_error(f"Association id {quote(association.entry_uuid)} {wrong}", where)
    if association.source not in sets:
        yield metadata_error(
            f"HasMember source {quote(association.source)} is not the SubmissionSet of the message", where
        )
    status = member_status(association)
    if association.target in inside:
        if status != ORIGINAL:
            yield metadata_error(f"{STATUS_SLOT} {quote(status)} of a document sent along must be {ORIGINAL}", where)
    elif not forms.is_uuid(association.target):
        yield metadata_error(f"HasMember target {quote(association.target)} is no object of the submission", where)
    elif status != REFERENCE:
        yield metadata_error(
            f"{STATUS_SLOT} {quote(status)} of an entry outside the message must be {REFERENCE}", where
        )


def _unsupported(association: Association) -> RegistryError:
    # Replacement, addendum, transformation, signature and status change come with later versions: each is refused by
    # name, for an association that is dropped in silence would leave two approved versions of one document.
    context = f"this registry does not handle associations of type {quote(association.type)} yet, only HasMember"
    return RegistryError(code="XDSRegistryError", context=context, location=association.entry_uuid)


def _is_member(association: Association) -> bool:
    return association.type == AssociationType.HAS_MEMBER
