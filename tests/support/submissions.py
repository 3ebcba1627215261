"""Submissions for tests: one plain example, and strategies for any."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from gateway.model.codes import Code
from gateway.model.document import (
    DOCUMENT_OFFLINE,
    DOCUMENT_ONLINE,
    REFERENCE_ACCESSION,
    REFERENCE_ORDER,
    REFERENCE_STUDY,
    STABLE,
    Association,
    AssociationType,
    Author,
    DocumentEntry,
    Folder,
    ReferenceId,
    Status,
    Submission,
    SubmissionSet,
)

PATIENT = "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH"

ENTRY = DocumentEntry(
    entry_uuid="Document01",
    unique_id="1.2.3^4",
    mime_type="text/xml",
    patient_id=PATIENT,
    class_code=Code("31", "1.2.250.1.213.1.1.4.1", "Imagerie médicale"),
    type_code=Code("18748-4", "2.16.840.1.113883.6.1", "CR d'imagerie médicale"),
    format_code=Code("urn:ihe:iti:xds-sd:pdf:2008", "1.3.6.1.4.1.19376.1.2.3", "PDF"),
    healthcare_facility_type_code=Code("SA08", "1.2.250.1.71.4.2.4", "Cabinet de groupe"),
    practice_setting_code=Code("AMBULATOIRE", "1.2.250.1.213.1.1.4.9", "Ambulatoire"),
    confidentiality_codes=(Code("N", "2.16.840.1.113883.5.25", "Normal"),),
    creation_time="20210108101700",
    language_code="fr-FR",
    reference_ids=(ReferenceId("ACN102", "1.2.250.1.213.4.5.2.5", REFERENCE_ACCESSION),),
    hash="da39a3ee5e6b4b0d3255bfef95601890afd80709",
    size=0,
)
SUBMISSION_SET = SubmissionSet(
    entry_uuid="SubmissionSet01",
    unique_id="2.25.1",
    source_id="1.2.3.4",
    patient_id=PATIENT,
    content_type_code=Code("07", "1.2.250.1.213.2.2", "Consultation Soins Externes"),
    submission_time="20210108101900",
)
FOLDER = Folder(
    entry_uuid="Folder01",
    unique_id="2.25.2",
    patient_id=PATIENT,
    codes=(Code("IMG", "1.2.3.9", "Imagerie"),),
    title="Imagerie",
    last_update_time="20210108101900",
)
MEMBER = Association(
    entry_uuid="Association01",
    type=AssociationType.HAS_MEMBER,
    source="SubmissionSet01",
    target="Document01",
    slots=(("SubmissionSetStatus", ("Original",)),),
)
SUBMISSION = Submission(submission_sets=(SUBMISSION_SET,), entries=(ENTRY,), associations=(MEMBER,))

_printable = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Zs", "Zl", "Zp"))
words = st.text(_printable, min_size=1, max_size=12)
texts = st.lists(words, min_size=1, max_size=3).map(" ".join)
maybe = st.just("") | texts
oids = st.lists(st.integers(0, 999).map(str), min_size=2, max_size=6).map(".".join)
codes = st.builds(Code, words, words, maybe)
authors = st.builds(
    Author,
    person=texts,
    institutions=st.lists(texts, max_size=2).map(tuple),
    roles=st.lists(texts, max_size=2).map(tuple),
    specialties=st.lists(texts, max_size=2).map(tuple),
    telecommunications=st.lists(texts, max_size=2).map(tuple),
)
references = st.builds(
    ReferenceId,
    words.filter(lambda word: "^" not in word),
    st.just("") | oids,
    st.sampled_from([REFERENCE_ACCESSION, REFERENCE_STUDY, REFERENCE_ORDER]),
    st.just("") | oids,
)
_slots = st.dictionaries(words.map(lambda word: f"x{word}"), st.lists(texts, min_size=1, max_size=2).map(tuple))

_extra = _slots.map(lambda slots: tuple(slots.items()))
_versions = st.just("") | st.integers(1, 99).map(str)
_logical_ids = st.just("") | st.uuids().map(lambda uuid: uuid.urn)


def _several(strategy: st.SearchStrategy[Any], least: int = 0) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, min_size=least, max_size=3).map(tuple)


entries = st.builds(
    DocumentEntry,
    entry_uuid=st.uuids().map(lambda uuid: uuid.urn),
    unique_id=words,
    mime_type=words,
    patient_id=words,
    class_code=codes,
    type_code=codes,
    format_code=codes,
    healthcare_facility_type_code=codes,
    practice_setting_code=codes,
    confidentiality_codes=_several(codes, 1),
    creation_time=words,
    language_code=words,
    source_patient_id=maybe,
    source_patient_info=_several(texts),
    title=maybe,
    comments=maybe,
    authors=_several(authors),
    legal_authenticator=maybe,
    event_codes=_several(codes),
    reference_ids=_several(references),
    service_start_time=maybe,
    service_stop_time=maybe,
    hash=st.just("") | st.text("0123456789abcdef", min_size=40, max_size=40),
    size=st.none() | st.integers(0, 10**12),
    repository_unique_id=st.just("") | oids,
    home_community_id=st.just("") | oids.map(lambda oid: f"urn:oid:{oid}"),
    uri=maybe,
    status=st.sampled_from(["", *(status.value for status in Status)]),
    object_type=st.just(STABLE),
    logical_id=_logical_ids,
    version=_versions,
    document_availability=st.sampled_from(["", DOCUMENT_ONLINE, DOCUMENT_OFFLINE]),
    limited_metadata=st.booleans(),
    extra_slots=_extra,
)
submission_sets = st.builds(
    SubmissionSet,
    entry_uuid=st.uuids().map(lambda uuid: uuid.urn),
    unique_id=words,
    source_id=words,
    patient_id=words,
    content_type_code=codes,
    submission_time=words,
    authors=_several(authors),
    title=maybe,
    comments=maybe,
    intended_recipients=_several(texts),
    status=maybe,
    home_community_id=st.just("") | oids,
    logical_id=_logical_ids,
    version=_versions,
    limited_metadata=st.booleans(),
    extra_slots=_extra,
)
folders = st.builds(
    Folder,
    entry_uuid=st.uuids().map(lambda uuid: uuid.urn),
    unique_id=words,
    patient_id=words,
    codes=_several(codes),
    title=maybe,
    comments=maybe,
    last_update_time=maybe,
    status=maybe,
    home_community_id=st.just("") | oids,
    logical_id=_logical_ids,
    version=_versions,
    limited_metadata=st.booleans(),
    extra_slots=_extra,
)
associations = st.builds(
    Association,
    entry_uuid=st.uuids().map(lambda uuid: uuid.urn),
    type=st.sampled_from([kind.value for kind in AssociationType]),
    source=words,
    target=words,
    slots=_extra,
    status=maybe,
    documentation=st.none() | codes,
    home_community_id=st.just("") | oids,
    logical_id=_logical_ids,
    version=_versions,
)
submissions = st.builds(
    Submission,
    submission_sets=_several(submission_sets),
    entries=_several(entries),
    associations=_several(associations),
    folders=_several(folders),
).filter(lambda submission: len(set(_ids(submission))) == len(_ids(submission)))


def _ids(submission: Submission) -> list[str]:
    sets = [item.entry_uuid for item in submission.submission_sets]
    objects = [*submission.entries, *submission.associations, *submission.folders]
    return sets + [item.entry_uuid for item in objects]


def with_entry(**changes: object) -> Submission:
    """The example with its entry changed."""
    return replace(SUBMISSION, entries=(replace(ENTRY, **changes),))  # type: ignore[arg-type]
