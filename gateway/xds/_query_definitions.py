"""The fourteen stored queries of ITI-18 as data: what each takes (ITI TF-2 section 3.18.4.1.2.3.7).

``$MetadataLevel``, ``$XDSAssociationStatus`` and the LogicalID parameters are those of XDS Metadata Update (section
3.18.4.1.2.3.5.1 of its supplement).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from gateway.xds._slot_values import Kind

FIND_DOCUMENTS = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"
FIND_DOCUMENTS_BY_REFERENCE_ID = "urn:uuid:12941a89-e02e-4be5-967c-ce4bfc8fe492"
FIND_SUBMISSION_SETS = "urn:uuid:f26abbcb-ac74-4422-8a30-edb644bbc1a9"
FIND_FOLDERS = "urn:uuid:958f3006-baad-4929-a4de-ff1114824431"
GET_ALL = "urn:uuid:10b545ea-725c-446d-9b95-8aeb444eddf3"
GET_DOCUMENTS = "urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4"
GET_FOLDERS = "urn:uuid:5737b14c-8a1a-4539-b659-e03a34a5e1e4"
GET_ASSOCIATIONS = "urn:uuid:a7ae438b-4bc2-4642-93e9-be891f7bb155"
GET_DOCUMENTS_AND_ASSOCIATIONS = "urn:uuid:bab9529a-4a10-40b3-a01f-f68a615d247a"
GET_SUBMISSION_SETS = "urn:uuid:51224314-5390-4169-9b91-b1980040715a"
GET_SUBMISSION_SET_AND_CONTENTS = "urn:uuid:e8e3cb2c-e39c-46b9-99e4-c12f57260b83"
GET_FOLDER_AND_CONTENTS = "urn:uuid:b909a503-523d-4517-8acf-8e5834dfc4c7"
GET_FOLDERS_FOR_DOCUMENT = "urn:uuid:10cae35a-c7f9-4cf5-b61e-fc3278ffb578"
GET_RELATED_DOCUMENTS = "urn:uuid:d90e5407-b356-4d91-a89f-873917b4b0e6"

ENTRY = "$XDSDocumentEntry"
SUBMISSION_SET = "$XDSSubmissionSet"
FOLDER = "$XDSFolder"
METADATA_LEVEL = "$MetadataLevel"
ASSOCIATION_STATUS = "$XDSAssociationStatus"
ASSOCIATION_TYPES = "$AssociationTypes"
PATIENT_ID = "$patientId"
UUID = "$uuid"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a query; ``repeats`` says whether its slot may be repeated, meaning AND."""

    name: str
    kind: Kind
    required: bool = False
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class Definition:
    """One stored query; of the parameters in ``one_of`` exactly one is given."""

    query_id: str
    name: str
    parameters: tuple[Parameter, ...]
    one_of: frozenset[str] = frozenset()


_LEVEL = (Parameter(METADATA_LEVEL, Kind.NUMBER),)
_ASSOCIATED = (Parameter(ASSOCIATION_STATUS, Kind.TEXTS), *_LEVEL)
_FILTERS = (
    Parameter(ENTRY + "FormatCode", Kind.CODES),
    Parameter(ENTRY + "ConfidentialityCode", Kind.CODES, repeats=True),
    Parameter(ENTRY + "Type", Kind.TEXTS),
)
_FIND = (
    Parameter(ENTRY + "PatientId", Kind.TEXT, required=True),
    Parameter(ENTRY + "Status", Kind.TEXTS, required=True),
    Parameter(ENTRY + "ClassCode", Kind.CODES),
    Parameter(ENTRY + "TypeCode", Kind.CODES),
    Parameter(ENTRY + "PracticeSettingCode", Kind.CODES),
    Parameter(ENTRY + "CreationTimeFrom", Kind.TIME),
    Parameter(ENTRY + "CreationTimeTo", Kind.TIME),
    Parameter(ENTRY + "ServiceStartTimeFrom", Kind.TIME),
    Parameter(ENTRY + "ServiceStartTimeTo", Kind.TIME),
    Parameter(ENTRY + "ServiceStopTimeFrom", Kind.TIME),
    Parameter(ENTRY + "ServiceStopTimeTo", Kind.TIME),
    Parameter(ENTRY + "HealthcareFacilityTypeCode", Kind.CODES),
    Parameter(ENTRY + "EventCodeList", Kind.CODES, repeats=True),
    Parameter(ENTRY + "ConfidentialityCode", Kind.CODES, repeats=True),
    Parameter(ENTRY + "AuthorPerson", Kind.TEXTS),
    Parameter(ENTRY + "FormatCode", Kind.CODES),
    Parameter(ENTRY + "Type", Kind.TEXTS),
    Parameter(ENTRY + "DocumentAvailability", Kind.TEXTS),
    *_LEVEL,
)


def _one_of(
    query_id: str, name: str, prefix: str, identifiers: Iterable[str], kind: Kind, more: tuple[Parameter, ...]
) -> Definition:
    """A query that takes exactly one kind of identifier of the object that *prefix* names."""
    names = [prefix + identifier for identifier in identifiers]
    return Definition(query_id, name, (*(Parameter(one, kind) for one in names), *more), frozenset(names))


_IDENTIFIERS = ("EntryUUID", "UniqueId", "LogicalID")
_VERSION = ("EntryUUID", "UniqueId")
_RELATED = (Parameter(ASSOCIATION_TYPES, Kind.TEXTS, required=True), Parameter(ENTRY + "Type", Kind.TEXTS))

_ALL = (
    Definition(FIND_DOCUMENTS, "FindDocuments", _FIND),
    Definition(
        FIND_DOCUMENTS_BY_REFERENCE_ID,
        "FindDocumentsByReferenceId",
        (*_FIND, Parameter(ENTRY + "ReferenceIdList", Kind.TEXTS, required=True, repeats=True)),
    ),
    Definition(
        FIND_SUBMISSION_SETS,
        "FindSubmissionSets",
        (
            Parameter(SUBMISSION_SET + "PatientId", Kind.TEXT, required=True),
            Parameter(SUBMISSION_SET + "SourceId", Kind.TEXTS),
            Parameter(SUBMISSION_SET + "SubmissionTimeFrom", Kind.TIME),
            Parameter(SUBMISSION_SET + "SubmissionTimeTo", Kind.TIME),
            Parameter(SUBMISSION_SET + "AuthorPerson", Kind.TEXTS),
            Parameter(SUBMISSION_SET + "ContentType", Kind.CODES),
            Parameter(SUBMISSION_SET + "Status", Kind.TEXTS, required=True),
            *_LEVEL,
        ),
    ),
    Definition(
        FIND_FOLDERS,
        "FindFolders",
        (
            Parameter(FOLDER + "PatientId", Kind.TEXT, required=True),
            Parameter(FOLDER + "LastUpdateTimeFrom", Kind.TIME),
            Parameter(FOLDER + "LastUpdateTimeTo", Kind.TIME),
            Parameter(FOLDER + "CodeList", Kind.CODES, repeats=True),
            Parameter(FOLDER + "Status", Kind.TEXTS, required=True),
            *_LEVEL,
        ),
    ),
    Definition(
        GET_ALL,
        "GetAll",
        (
            Parameter(PATIENT_ID, Kind.TEXT, required=True),
            Parameter(ENTRY + "Status", Kind.TEXTS, required=True),
            Parameter(SUBMISSION_SET + "Status", Kind.TEXTS, required=True),
            Parameter(FOLDER + "Status", Kind.TEXTS, required=True),
            *_FILTERS,
            *_ASSOCIATED,
        ),
    ),
    _one_of(GET_DOCUMENTS, "GetDocuments", ENTRY, _IDENTIFIERS, Kind.TEXTS, _ASSOCIATED),
    _one_of(GET_FOLDERS, "GetFolders", FOLDER, _IDENTIFIERS, Kind.TEXTS, _LEVEL),
    Definition(GET_ASSOCIATIONS, "GetAssociations", (Parameter(UUID, Kind.TEXTS, required=True), *_ASSOCIATED)),
    _one_of(GET_DOCUMENTS_AND_ASSOCIATIONS, "GetDocumentsAndAssociations", ENTRY, _VERSION, Kind.TEXTS, _ASSOCIATED),
    Definition(GET_SUBMISSION_SETS, "GetSubmissionSets", (Parameter(UUID, Kind.TEXTS, required=True), *_ASSOCIATED)),
    _one_of(
        GET_SUBMISSION_SET_AND_CONTENTS,
        "GetSubmissionSetAndContents",
        SUBMISSION_SET,
        _VERSION,
        Kind.TEXT,
        (*_FILTERS, *_ASSOCIATED),
    ),
    _one_of(
        GET_FOLDER_AND_CONTENTS,
        "GetFolderAndContents",
        FOLDER,
        _IDENTIFIERS,
        Kind.TEXT,
        (*_FILTERS, *_ASSOCIATED),
    ),
    _one_of(GET_FOLDERS_FOR_DOCUMENT, "GetFoldersForDocument", ENTRY, _IDENTIFIERS, Kind.TEXT, _ASSOCIATED),
    _one_of(GET_RELATED_DOCUMENTS, "GetRelatedDocuments", ENTRY, _VERSION, Kind.TEXT, (*_RELATED, *_ASSOCIATED)),
)

DEFINITIONS: Mapping[str, Definition] = {definition.query_id: definition for definition in _ALL}
"""Every query of ITI-18 that this version knows, by id."""


def _of_multiple_patients(query_id: str, base: str, name: str) -> Definition:
    """The query *base* where the patient is any of a list, or not named (ITI TF-2 section 3.51.4.1.2.3)."""
    parameters = [
        replace(one, kind=Kind.TEXTS, required=False) if one.name.endswith("PatientId") else one
        for one in DEFINITIONS[base].parameters
    ]
    return Definition(query_id, name, tuple(parameters))


FIND_DOCUMENTS_FOR_MULTIPLE_PATIENTS = "urn:uuid:3d1bdb10-39a2-11de-89c2-2f44d94eaa9f"
FIND_FOLDERS_FOR_MULTIPLE_PATIENTS = "urn:uuid:50d3f5ac-39a2-11de-a1ca-b366239e58df"
FIND_DOCUMENTS_BY_REFERENCE_ID_FOR_MULTIPLE_PATIENTS = "urn:uuid:1191642d-86c4-42d8-b784-f95445f9f0d5"
_MULTIPLE = (
    _of_multiple_patients(FIND_DOCUMENTS_FOR_MULTIPLE_PATIENTS, FIND_DOCUMENTS, "FindDocumentsForMultiplePatients"),
    _of_multiple_patients(FIND_FOLDERS_FOR_MULTIPLE_PATIENTS, FIND_FOLDERS, "FindFoldersForMultiplePatients"),
    _of_multiple_patients(
        FIND_DOCUMENTS_BY_REFERENCE_ID_FOR_MULTIPLE_PATIENTS,
        FIND_DOCUMENTS_BY_REFERENCE_ID,
        "FindDocumentsByReferenceIdForMultiplePatients",
    ),
)
_NEWER = (
    Definition("urn:uuid:4308b1df-36de-4bef-8e2e-ba91f593c435", "FindDocumentsExclude", _FIND),
    Definition(
        "urn:uuid:ab474085-82b5-402d-8115-3f37cb1e2405",
        "FindDocumentsByTitle",
        (*_FIND, Parameter(ENTRY + "Title", Kind.TEXTS, required=True)),
    ),
)
NARROWING = ("ClassCode", "EventCodeList", "HealthcareFacilityTypeCode", "CodeList", "ReferenceIdList")
"""Endings of the parameters one of which a query of ITI-51 has when it names no patient (section 3.51.4.1.2.3)."""
OF_MULTIPLE: Mapping[str, Definition] = dict(
    zip((FIND_DOCUMENTS, FIND_FOLDERS, FIND_DOCUMENTS_BY_REFERENCE_ID), _MULTIPLE, strict=True)
)
"""The queries of ITI-51 by those of ITI-18 that they widen."""
MULTIPLE_PATIENTS: Mapping[str, Definition] = {definition.query_id: definition for definition in _MULTIPLE}
"""The queries of ITI-51, by id."""
ALL: Mapping[str, Definition] = {
    **DEFINITIONS,
    **MULTIPLE_PATIENTS,
    **{definition.query_id: definition for definition in _NEWER},
}
"""Every stored query of IHE that a message may hold, by id."""
