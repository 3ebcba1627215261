"""The fourteen stored queries as the client writes them, slot by slot, and no reader of ours between."""

from __future__ import annotations

import pytest
from lxml import etree

from gateway.model.codes import DCM, SNOMED_CT, Code
from gateway.model.document import STABLE, AssociationType, Status
from gateway.xds import queries
from gateway.xds.queries import QueryError, StoredQuery

PATIENT = "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH"
OTHER = Code("MASQUE_PS", "1.2.250.1.213.1.1.4.13")
NORMAL = Code("N", "2.16.840.1.113883.5.25")
CT, MR, THORAX = Code("CT", DCM), Code("MR", DCM), Code("67734004", SNOMED_CT)
APPROVED = "('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')"
UUID = "urn:uuid:11111111-2222-4333-8444-555555555555"

KNOWN = {**queries.DEFINITIONS, **queries.MULTIPLE_PATIENTS}
GOLDEN: list[tuple[StoredQuery, str, list[tuple[str, list[str]]]]] = [
    (
        queries.find_documents(
            PATIENT,
            status=[Status.APPROVED, Status.DEPRECATED],
            codes={"ClassCode": [Code("31", "1.2.250.1.213.1.1.4.1")], "TypeCode": [Code("18748-4", "2.16")]},
            events=[[CT, MR], [THORAX]],  # (CT or MR) and thorax
            confidentialities=[[NORMAL], [OTHER]],
            created=("20260101", "20270101"),
            started=("2026", ""),
            stopped=("", "202612"),
            authors=["%L'HÉRITIER%"],
            object_types=[STABLE],
            availability=["urn:ihe:iti:2010:DocumentAvailability:Online"],
            metadata_level=2,
        ),
        "14d4debf-8f97-4251-9a74-a90016b0af0d",
        [
            ("$XDSDocumentEntryPatientId", [f"'{PATIENT}'"]),
            (
                "$XDSDocumentEntryStatus",
                [
                    "('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved',"
                    "'urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated')"
                ],
            ),
            ("$XDSDocumentEntryClassCode", ["('31^^1.2.250.1.213.1.1.4.1')"]),
            ("$XDSDocumentEntryTypeCode", ["('18748-4^^2.16')"]),
            ("$XDSDocumentEntryCreationTimeFrom", ["20260101"]),
            ("$XDSDocumentEntryCreationTimeTo", ["20270101"]),
            ("$XDSDocumentEntryServiceStartTimeFrom", ["2026"]),
            ("$XDSDocumentEntryServiceStopTimeTo", ["202612"]),
            ("$XDSDocumentEntryEventCodeList", ["('CT^^1.2.840.10008.2.16.4','MR^^1.2.840.10008.2.16.4')"]),
            ("$XDSDocumentEntryEventCodeList", ["('67734004^^2.16.840.1.113883.6.96')"]),
            ("$XDSDocumentEntryConfidentialityCode", ["('N^^2.16.840.1.113883.5.25')"]),
            ("$XDSDocumentEntryConfidentialityCode", ["('MASQUE_PS^^1.2.250.1.213.1.1.4.13')"]),
            ("$XDSDocumentEntryAuthorPerson", ["('%L''HÉRITIER%')"]),
            ("$XDSDocumentEntryType", ["('urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1')"]),
            ("$XDSDocumentEntryDocumentAvailability", ["('urn:ihe:iti:2010:DocumentAvailability:Online')"]),
            ("$MetadataLevel", ["2"]),
        ],
    ),
    (
        queries.find_documents_by_reference_id(PATIENT, ["A^^^^x", "B^^^^x"], also=[["C^^^^y"]], events=[[CT]]),
        "12941a89-e02e-4be5-967c-ce4bfc8fe492",
        [
            ("$XDSDocumentEntryPatientId", [f"'{PATIENT}'"]),
            ("$XDSDocumentEntryStatus", [APPROVED]),
            ("$XDSDocumentEntryEventCodeList", ["('CT^^1.2.840.10008.2.16.4')"]),
            ("$XDSDocumentEntryReferenceIdList", ["('A^^^^x','B^^^^x')"]),
            ("$XDSDocumentEntryReferenceIdList", ["('C^^^^y')"]),
        ],
    ),
    (
        queries.of_patients(queries.find_documents(PATIENT, events=[[CT]]), [PATIENT, "1^^^&1.2&ISO"]),
        "3d1bdb10-39a2-11de-89c2-2f44d94eaa9f",
        [
            ("$XDSDocumentEntryPatientId", [f"('{PATIENT}','1^^^&1.2&ISO')"]),
            ("$XDSDocumentEntryStatus", [APPROVED]),
            ("$XDSDocumentEntryEventCodeList", ["('CT^^1.2.840.10008.2.16.4')"]),
        ],
    ),
    (
        queries.of_patients(queries.find_documents_by_reference_id(PATIENT, ["A^^^^x"]), []),
        "1191642d-86c4-42d8-b784-f95445f9f0d5",
        [("$XDSDocumentEntryStatus", [APPROVED]), ("$XDSDocumentEntryReferenceIdList", ["('A^^^^x')"])],
    ),
    (
        queries.of_patients(queries.find_folders(PATIENT, codes=[[CT]], metadata_level=1), [PATIENT]),
        "50d3f5ac-39a2-11de-a1ca-b366239e58df",
        [
            ("$XDSFolderPatientId", [f"('{PATIENT}')"]),
            ("$XDSFolderCodeList", ["('CT^^1.2.840.10008.2.16.4')"]),
            ("$XDSFolderStatus", [APPROVED]),
            ("$MetadataLevel", ["1"]),
        ],
    ),
    (
        queries.find_submission_sets(
            PATIENT,
            source_ids=["1.2.3", "1.2.4"],
            submitted=("20260101", "2027"),
            authors=["A%"],
            content_types=[Code("97", "1.2.250.1.213.2.2")],
        ),
        "f26abbcb-ac74-4422-8a30-edb644bbc1a9",
        [
            ("$XDSSubmissionSetPatientId", [f"'{PATIENT}'"]),
            ("$XDSSubmissionSetSourceId", ["('1.2.3','1.2.4')"]),
            ("$XDSSubmissionSetSubmissionTimeFrom", ["20260101"]),
            ("$XDSSubmissionSetSubmissionTimeTo", ["2027"]),
            ("$XDSSubmissionSetAuthorPerson", ["('A%')"]),
            ("$XDSSubmissionSetContentType", ["('97^^1.2.250.1.213.2.2')"]),
            ("$XDSSubmissionSetStatus", [APPROVED]),
        ],
    ),
    (
        queries.find_folders(PATIENT, updated=("2026", ""), codes=[[CT], [MR]]),
        "958f3006-baad-4929-a4de-ff1114824431",
        [
            ("$XDSFolderPatientId", [f"'{PATIENT}'"]),
            ("$XDSFolderLastUpdateTimeFrom", ["2026"]),
            ("$XDSFolderCodeList", ["('CT^^1.2.840.10008.2.16.4')"]),
            ("$XDSFolderCodeList", ["('MR^^1.2.840.10008.2.16.4')"]),
            ("$XDSFolderStatus", [APPROVED]),
        ],
    ),
    (
        queries.get_all(PATIENT, formats=[CT], confidentialities=[[NORMAL]], object_types=[STABLE]),
        "10b545ea-725c-446d-9b95-8aeb444eddf3",
        [
            ("$patientId", [f"'{PATIENT}'"]),
            ("$XDSDocumentEntryStatus", [APPROVED]),
            ("$XDSSubmissionSetStatus", [APPROVED]),
            ("$XDSFolderStatus", [APPROVED]),
            ("$XDSDocumentEntryFormatCode", ["('CT^^1.2.840.10008.2.16.4')"]),
            ("$XDSDocumentEntryConfidentialityCode", ["('N^^2.16.840.1.113883.5.25')"]),
            ("$XDSDocumentEntryType", ["('urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1')"]),
        ],
    ),
    (
        queries.get_documents(entry_uuids=[UUID, "urn:uuid:2"]),
        "5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4",
        [("$XDSDocumentEntryEntryUUID", [f"('{UUID}','urn:uuid:2')"])],
    ),
    (
        queries.get_documents(logical_ids=[UUID], metadata_level=2),
        "5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4",
        [("$XDSDocumentEntryLogicalID", [f"('{UUID}')"]), ("$MetadataLevel", ["2"])],
    ),
    (
        queries.get_folders(unique_ids=["1.2"]),
        "5737b14c-8a1a-4539-b659-e03a34a5e1e4",
        [("$XDSFolderUniqueId", ["('1.2')"])],
    ),
    (
        queries.get_associations([UUID], association_status=[Status.APPROVED]),
        "a7ae438b-4bc2-4642-93e9-be891f7bb155",
        [("$uuid", [f"('{UUID}')"]), ("$XDSAssociationStatus", [APPROVED])],
    ),
    (
        queries.get_documents_and_associations(unique_ids=["1.2"]),
        "bab9529a-4a10-40b3-a01f-f68a615d247a",
        [("$XDSDocumentEntryUniqueId", ["('1.2')"])],
    ),
    (
        queries.get_submission_sets([UUID]),
        "51224314-5390-4169-9b91-b1980040715a",
        [("$uuid", [f"('{UUID}')"])],
    ),
    (
        queries.get_submission_set_and_contents(unique_id="1.2", formats=[CT]),
        "e8e3cb2c-e39c-46b9-99e4-c12f57260b83",
        [("$XDSSubmissionSetUniqueId", ["'1.2'"]), ("$XDSDocumentEntryFormatCode", ["('CT^^1.2.840.10008.2.16.4')"])],
    ),
    (
        queries.get_folder_and_contents(entry_uuid=UUID),
        "b909a503-523d-4517-8acf-8e5834dfc4c7",
        [("$XDSFolderEntryUUID", [f"'{UUID}'"])],
    ),
    (
        queries.get_folders_for_document(unique_id="1.2"),
        "10cae35a-c7f9-4cf5-b61e-fc3278ffb578",
        [("$XDSDocumentEntryUniqueId", ["'1.2'"])],
    ),
    (
        queries.get_related_documents([AssociationType.REPLACE, AssociationType.SIGNS], entry_uuid=UUID),
        "d90e5407-b356-4d91-a89f-873917b4b0e6",
        [
            ("$XDSDocumentEntryEntryUUID", [f"'{UUID}'"]),
            (
                "$AssociationTypes",
                ["('urn:ihe:iti:2007:AssociationType:RPLC','urn:ihe:iti:2007:AssociationType:signs')"],
            ),
        ],
    ),
]


@pytest.mark.parametrize(
    ("query", "query_id", "slots"),
    GOLDEN,
    ids=[(queries.DEFINITIONS | queries.MULTIPLE_PATIENTS)[q.query_id].name for q, *_ in GOLDEN],
)
def test_each_query_is_written_letter_by_letter(
    query: StoredQuery, query_id: str, slots: list[tuple[str, list[str]]]
) -> None:
    element = queries.write(query)
    (option,) = element.iter("{*}ResponseOption")
    assert dict(option.attrib) == {"returnComposedObjects": "true", "returnType": "LeafClass"}
    (adhoc,) = element.iter("{*}AdhocQuery")
    assert dict(adhoc.attrib) == {"id": f"urn:uuid:{query_id}"}
    written = [(slot.get("name"), [str(value.text) for value in slot.iter("{*}Value")]) for slot in adhoc]
    assert written == slots
    assert queries.read(element) == query


def test_every_stored_query_has_its_builder() -> None:
    assert {query.query_id for query, *_ in GOLDEN} == set(KNOWN)


def test_references_alone_and_another_community_may_be_asked_for() -> None:
    query = queries.get_submission_sets([UUID], return_type=queries.OBJECT_REF, home="urn:oid:1.2.3")
    text = etree.tostring(queries.write(query)).decode()
    assert 'returnType="ObjectRef"' in text
    assert 'home="urn:oid:1.2.3"' in text


def test_a_parameter_that_a_query_does_not_have_is_refused_and_not_dropped() -> None:
    with pytest.raises(QueryError) as refusal:
        queries.write(queries.find_documents(PATIENT, codes={"EventCode": [CT]}))
    assert refusal.value.context == "$XDSDocumentEntryEventCode"


@pytest.mark.parametrize(
    "build",
    [
        lambda: queries.get_folders(),
        lambda: queries.get_folders(unique_ids=["1"], entry_uuids=["2"]),
        lambda: queries.get_documents_and_associations(),
        lambda: queries.get_submission_set_and_contents(),
        lambda: queries.get_submission_set_and_contents(unique_id="1", entry_uuid="2"),
        lambda: queries.get_folder_and_contents(unique_id="1", logical_id="2"),
        lambda: queries.get_folders_for_document(),
        lambda: queries.get_related_documents([AssociationType.REPLACE]),
    ],
)
def test_an_object_is_named_in_exactly_one_way(build: object) -> None:
    with pytest.raises(ValueError, match="exactly one kind of identifier"):
        build()  # type: ignore[operator]


def test_a_query_for_several_patients_is_one_that_knows_them_and_asks_for_something() -> None:
    with pytest.raises(ValueError, match="one patient alone"):
        queries.of_patients(queries.get_all(PATIENT), [PATIENT])
    with pytest.raises(ValueError, match="a patient or a code"):
        queries.of_patients(queries.find_documents(PATIENT), [])
