"""What a submission must satisfy (ITI TF-3 section 4.2, ITI TF-2 3.41.4.1.3 and 3.42.4.1.3): pure.

Every rule looks at the whole submission and gives all that is wrong, so that one answer tells everything. Two halves:
:func:`metadata_findings` are the registry's (they will serve ITI-42 as they are), :func:`document_findings` the
repository's, which has the bytes. What only the database can tell is in :mod:`gateway.registry.conflicts`.

A finding's context quotes the value and names the component that is wrong; it goes to the sender and to no log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from gateway.model.codes import Code
from gateway.model.document import STABLE, Association, AssociationType, DocumentEntry, RegistryError, Submission
from gateway.model.document import SubmissionSet as Set
from gateway.registry import forms

ORIGINAL = "Original"
REFERENCE = "Reference"
STATUS_SLOT = "SubmissionSetStatus"

_ANSWERED = 200
"""Errors of one answer at most."""
_QUOTED = 120
"""Characters of a value that an error quotes at most."""


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
        return (RegistryError(code="XDSRegistryOutOfResources", context=context),)
    return tuple(
        _metadata(f"DocumentEntry.{name} holds {len(values)} values, above the {policy.values} taken", entry.entry_uuid)
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


def bounded(found: Sequence[RegistryError]) -> tuple[RegistryError, ...]:
    """*found*, cut where it would only make the answer long; the last one then says how many more there are."""
    if len(found) <= _ANSWERED:
        return tuple(found)
    rest = RegistryError(code="XDSRegistryError", context=f"{len(found) - _ANSWERED} more errors are not listed")
    return (*found[:_ANSWERED], rest)


def metadata_findings(submission: Submission, policy: Policy) -> tuple[RegistryError, ...]:
    """The registry's half: what is wrong with the metadata alone."""
    found: list[RegistryError] = []
    if len(submission.submission_sets) != 1:
        context = f"a submission holds exactly one SubmissionSet, this one has {len(submission.submission_sets)}"
        found.append(_metadata(context))
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
            found.append(_repository(f"{count} documents have the id {_quote(name)}", name))
        if name not in entries:
            context = f"the document {_quote(name)} has no DocumentEntry with that id"
            found.append(RegistryError(code="XDSMissingDocumentMetadata", context=context, location=name))
    present = {document.entry_id for document in documents}
    for entry in submission.entries:
        if entry.entry_uuid not in present:
            context = f"the DocumentEntry {_quote(entry.entry_uuid)} came without its document"
            found.append(RegistryError(code="XDSMissingDocument", context=context, location=entry.entry_uuid))
    for document in documents:
        if (stated := entries.get(document.entry_id)) is not None:
            found += _bytes(stated, document)
    return tuple(found)


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
        yield _repository("the document is empty", where)
    if entry.hash and (wrong := forms.sha1(entry.hash)):
        yield _repository(f"hash {_quote(entry.hash)} {wrong}", where)
    elif entry.hash and entry.hash.lower() != document.sha1:
        context = f"hash {_quote(entry.hash)} is not the SHA-1 of the bytes received, which is {document.sha1}"
        yield _repository(context, where)
    if entry.size is not None and entry.size != document.size_bytes:
        yield _repository(f"size {entry.size} is not that of the bytes received, {document.size_bytes}", where)


def _identities(submission: Submission) -> Iterator[RegistryError]:
    registered = [*submission.submission_sets, *submission.entries]
    ids = [one.entry_uuid for one in (*registered, *submission.associations) if one.entry_uuid]
    for name, count in Counter(ids).items():
        if count > 1:
            yield _metadata(f"{count} objects of the submission have the id {_quote(name)}", name)
    for name, count in Counter(one.unique_id for one in registered if one.unique_id).items():
        if count > 1:
            context = f"uniqueId {_quote(name)} stands {count} times in the submission"
            yield RegistryError(code="XDSRegistryDuplicateUniqueIdInMessage", context=context, location=name)


def _submission_set(one: Set) -> Iterator[RegistryError]:
    check = _Checks("SubmissionSet", one.entry_uuid)
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
    check = _Checks("DocumentEntry", entry.entry_uuid)
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


def _times(entry: DocumentEntry, check: _Checks) -> Iterator[RegistryError]:
    yield from check.required("creationTime", entry.creation_time, forms.dtm)
    start, stop = entry.service_start_time, entry.service_stop_time
    wrong = [*check.optional("serviceStartTime", start, forms.dtm), *check.optional("serviceStopTime", stop, forms.dtm)]
    yield from wrong
    if start and stop and not wrong:
        common = min(len(start), len(stop))
        if start[:common] > stop[:common]:
            yield check.wrong("serviceStartTime", start, f"is later than serviceStopTime {stop}")


def _codes(entry: DocumentEntry, check: _Checks) -> Iterator[RegistryError]:
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
    stated = [one for one in (*submission.submission_sets, *submission.entries) if one.patient_id]
    first = forms.patient_key(stated[0].patient_id) if stated else ""
    for one in stated:
        key = forms.patient_key(one.patient_id)
        if key != first:
            context = f"patientId {_quote(one.patient_id)} is not that of the SubmissionSet"
            yield RegistryError(code="XDSPatientIdDoesNotMatch", context=context, location=one.entry_uuid)
        authority = key.rpartition("^")[2]
        if policy.patient_authorities and authority not in policy.patient_authorities:
            context = f"patientId {_quote(one.patient_id)} is of an authority this registry does not serve"
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
            context = f"no HasMember joins the DocumentEntry {_quote(entry.entry_uuid)} to the SubmissionSet"
            yield _metadata(context, entry.entry_uuid)
    for target, count in members.items():
        if count > 1:
            yield _metadata(f"{count} HasMember associations have the target {_quote(target)}", target)


def _member(association: Association, sets: set[str], inside: set[str]) -> Iterator[RegistryError]:
    where = association.entry_uuid or association.target
    if association.entry_uuid and (wrong := forms.entry_uuid(association.entry_uuid)):
        yield _metadata(f"Association id {_quote(association.entry_uuid)} {wrong}", where)
    if association.source not in sets:
        yield _metadata(f"HasMember source {_quote(association.source)} is not the SubmissionSet of the message", where)
    status = member_status(association)
    if association.target in inside:
        if status != ORIGINAL:
            yield _metadata(f"{STATUS_SLOT} {_quote(status)} of a document sent along must be {ORIGINAL}", where)
    elif not forms.is_uuid(association.target):
        yield _metadata(f"HasMember target {_quote(association.target)} is no object of the submission", where)
    elif status != REFERENCE:
        yield _metadata(f"{STATUS_SLOT} {_quote(status)} of an entry outside the message must be {REFERENCE}", where)


def _unsupported(association: Association) -> RegistryError:
    # Replacement, addendum, transformation, signature and status change come with later versions: each is refused by
    # name, for an association that is dropped in silence would leave two approved versions of one document.
    context = f"this registry does not handle associations of type {_quote(association.type)} yet, only HasMember"
    return RegistryError(code="XDSRegistryError", context=context, location=association.entry_uuid)


def _is_member(association: Association) -> bool:
    return association.type == AssociationType.HAS_MEMBER


@dataclass(frozen=True, slots=True)
class _Checks:
    """Makes the findings of one object: *kind* and *where* name it."""

    kind: str
    where: str

    def required(self, name: str, value: str, form: Callable[[str], str]) -> Iterator[RegistryError]:
        if not value:
            yield self.missing(name)
        else:
            yield from self.optional(name, value, form)

    def optional(self, name: str, value: str, form: Callable[[str], str]) -> Iterator[RegistryError]:
        if value and (wrong := form(value)):
            yield self.wrong(name, value, wrong)

    def each(self, name: str, values: Iterable[str], form: Callable[[str], str]) -> Iterator[RegistryError]:
        for value in values:
            yield from self.required(name, value, form)

    def code(self, name: str, code: Code) -> Iterator[RegistryError]:
        if not code.code:
            yield self.missing(name)
        elif not code.system:
            yield self.wrong(name, code.code, "lacks its codingScheme")
        yield from self.optional(name, code.code, forms.short)
        yield from self.optional(f"codingScheme of {name}", code.system, forms.short)

    def missing(self, name: str) -> RegistryError:
        return _metadata(f"{self.kind}.{name} is missing", self.where)

    def wrong(self, name: str, value: str, words: str) -> RegistryError:
        return _metadata(f"{self.kind}.{name} {_quote(value)} {words}", self.where)


def _quote(value: str) -> str:
    return f"“{value}”" if len(value) <= _QUOTED else f"“{value[:_QUOTED]}…”"


def _metadata(context: str, location: str = "") -> RegistryError:
    return RegistryError(code="XDSRegistryMetadataError", context=context, location=location)


def _repository(context: str, location: str) -> RegistryError:
    return RegistryError(code="XDSRepositoryMetadataError", context=context, location=location)
