"""One function for each of the fourteen stored queries, with typed parameters (ITI TF-2 section 3.18.4.1.2.3.7).

Several values of one parameter mean OR; groups of values mean AND between the groups. ``return_type`` is
``queries.LEAF_CLASS`` (whole objects) or ``queries.OBJECT_REF`` (their entryUUIDs); ``home`` the homeCommunityId where
a registry stands for several communities. Times are DTM in UTC: from (inclusive) and to (exclusive), empty for open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypedDict, Unpack

from gateway.model.codes import Code
from gateway.model.document import Status
from gateway.xds import _query_definitions as definitions
from gateway.xds._query_definitions import ENTRY, FOLDER, SUBMISSION_SET
from gateway.xds._stored_query import LEAF_CLASS, Groups, StoredQuery, coded

APPROVED: Sequence[str] = (Status.APPROVED,)
Period = tuple[str, str]


class Asking(TypedDict, total=False):
    """How every query may be asked."""

    return_type: str
    home: str
    metadata_level: int
    """2 shows what Metadata Update has added (versions); else a registry may leave it out."""


class EntryFilters(Asking, total=False):
    """What FindDocuments and FindDocumentsByReferenceId may ask of the entries."""

    codes: Mapping[str, Sequence[Code]]
    """Coded parameters by the name after ``$XDSDocumentEntry``: ``ClassCode``, ``TypeCode``, ``PracticeSettingCode``,
    ``HealthcareFacilityTypeCode``, ``FormatCode``."""
    events: Sequence[Sequence[Code]]
    """eventCodeList: each group must match, any code of a group does (a modality, and a region)."""
    confidentialities: Sequence[Sequence[Code]]
    created: Period
    started: Period
    stopped: Period
    authors: Sequence[str]
    """authorPerson, with ``%`` and ``_`` as in SQL LIKE."""
    object_types: Sequence[str]
    """``STABLE``, ``ON_DEMAND``."""
    availability: Sequence[str]


class ContentFilters(Asking, total=False):
    """What GetAll, GetSubmissionSetAndContents and GetFolderAndContents may ask of the entries."""

    formats: Sequence[Code]
    confidentialities: Sequence[Sequence[Code]]
    object_types: Sequence[str]
    association_status: Sequence[str]


class Associated(Asking, total=False):
    """What queries that follow associations may ask of these."""

    association_status: Sequence[str]


def find_documents(
    patient_id: str, *, status: Sequence[str] = APPROVED, **filters: Unpack[EntryFilters]
) -> StoredQuery:
    """FindDocuments of a patient (CX)."""
    return _query(definitions.FIND_DOCUMENTS, _entries(patient_id, status, filters), filters)


def find_documents_by_reference_id(
    patient_id: str,
    references: Sequence[str],
    *,
    also: Sequence[Sequence[str]] = (),
    status: Sequence[str] = APPROVED,
    **filters: Unpack[EntryFilters],
) -> StoredQuery:
    """FindDocumentsByReferenceId: entries with any of *references* (CXi), and any of each further group in *also*."""
    parameters = _entries(patient_id, status, filters)
    parameters[ENTRY + "ReferenceIdList"] = tuple(tuple(group) for group in (references, *also))
    return _query(definitions.FIND_DOCUMENTS_BY_REFERENCE_ID, parameters, filters)


def of_patients(query: StoredQuery, patient_ids: Sequence[str]) -> StoredQuery:
    """ITI-51: *query* (FindDocuments, FindDocumentsByReferenceId or FindFolders) of any of *patient_ids*, or of all.

    Raises ValueError for another query, and for documents or folders of all patients without a code (section
    3.51.4.1.2.3: a patient or a code is asked for).
    """
    definition = definitions.OF_MULTIPLE.get(query.query_id)
    if definition is None:
        raise ValueError("this query knows one patient alone")
    others = {name: groups for name, groups in query.parameters.items() if not name.endswith("PatientId")}
    stated = (FOLDER if query.query_id == definitions.FIND_FOLDERS else ENTRY) + "PatientId"
    if not patient_ids and not any(name.endswith(definitions.NARROWING) for name in others):
        raise ValueError("a patient or a code is asked for")
    parameters = {**({stated: _any(patient_ids)} if patient_ids else {}), **others}
    return replace(query, query_id=definition.query_id, parameters=parameters)


def find_submission_sets(
    patient_id: str,
    *,
    status: Sequence[str] = APPROVED,
    source_ids: Sequence[str] = (),
    submitted: Period = ("", ""),
    authors: Sequence[str] = (),
    content_types: Sequence[Code] = (),
    **asking: Unpack[Asking],
) -> StoredQuery:
    """FindSubmissionSets of a patient (CX)."""
    parameters: dict[str, Groups] = {
        SUBMISSION_SET + "PatientId": ((patient_id,),),
        SUBMISSION_SET + "Status": _any(status),
        SUBMISSION_SET + "SourceId": _any(source_ids),
        SUBMISSION_SET + "AuthorPerson": _any(authors),
        SUBMISSION_SET + "ContentType": _coded([content_types]),
        **_period(SUBMISSION_SET + "SubmissionTime", submitted),
    }
    return _query(definitions.FIND_SUBMISSION_SETS, parameters, asking)


def find_folders(
    patient_id: str,
    *,
    status: Sequence[str] = APPROVED,
    updated: Period = ("", ""),
    codes: Sequence[Sequence[Code]] = (),
    **asking: Unpack[Asking],
) -> StoredQuery:
    """FindFolders of a patient (CX); *codes*: each group of codeList must match, any code of a group does."""
    parameters: dict[str, Groups] = {
        FOLDER + "PatientId": ((patient_id,),),
        FOLDER + "Status": _any(status),
        FOLDER + "CodeList": _coded(codes),
        **_period(FOLDER + "LastUpdateTime", updated),
    }
    return _query(definitions.FIND_FOLDERS, parameters, asking)


def get_all(
    patient_id: str,
    *,
    status: Sequence[str] = APPROVED,
    set_status: Sequence[str] = APPROVED,
    folder_status: Sequence[str] = APPROVED,
    **filters: Unpack[ContentFilters],
) -> StoredQuery:
    """GetAll of a patient (CX): entries, submission sets, folders, and the associations between them."""
    parameters: dict[str, Groups] = {
        definitions.PATIENT_ID: ((patient_id,),),
        ENTRY + "Status": _any(status),
        SUBMISSION_SET + "Status": _any(set_status),
        FOLDER + "Status": _any(folder_status),
        **_content(filters),
    }
    return _query(definitions.GET_ALL, parameters, filters)


def get_documents(
    *,
    unique_ids: Sequence[str] = (),
    entry_uuids: Sequence[str] = (),
    logical_ids: Sequence[str] = (),
    **asking: Unpack[Associated],
) -> StoredQuery:
    """GetDocuments by unique ids, entryUUIDs or logicalIDs; raises ValueError for several of these or none."""
    chosen = _identified(ENTRY, UniqueId=unique_ids, EntryUUID=entry_uuids, LogicalID=logical_ids)
    return _query(definitions.GET_DOCUMENTS, {**chosen, **_associated(asking)}, asking)


def get_folders(
    *,
    unique_ids: Sequence[str] = (),
    entry_uuids: Sequence[str] = (),
    logical_ids: Sequence[str] = (),
    **asking: Unpack[Asking],
) -> StoredQuery:
    """GetFolders by unique ids, entryUUIDs or logicalIDs; raises ValueError for several of these or none."""
    chosen = _identified(FOLDER, UniqueId=unique_ids, EntryUUID=entry_uuids, LogicalID=logical_ids)
    return _query(definitions.GET_FOLDERS, chosen, asking)


def get_associations(entry_uuids: Sequence[str], **asking: Unpack[Associated]) -> StoredQuery:
    """GetAssociations from and to objects."""
    parameters = {definitions.UUID: _any(entry_uuids), **_associated(asking)}
    return _query(definitions.GET_ASSOCIATIONS, parameters, asking)


def get_documents_and_associations(
    *, unique_ids: Sequence[str] = (), entry_uuids: Sequence[str] = (), **asking: Unpack[Associated]
) -> StoredQuery:
    """GetDocumentsAndAssociations by unique ids or entryUUIDs; raises ValueError for both or neither."""
    chosen = _identified(ENTRY, UniqueId=unique_ids, EntryUUID=entry_uuids)
    return _query(definitions.GET_DOCUMENTS_AND_ASSOCIATIONS, {**chosen, **_associated(asking)}, asking)


def get_submission_sets(entry_uuids: Sequence[str], **asking: Unpack[Associated]) -> StoredQuery:
    """GetSubmissionSets: those that hold entries or folders, with the associations that say so."""
    parameters = {definitions.UUID: _any(entry_uuids), **_associated(asking)}
    return _query(definitions.GET_SUBMISSION_SETS, parameters, asking)


def get_submission_set_and_contents(
    *, unique_id: str = "", entry_uuid: str = "", **filters: Unpack[ContentFilters]
) -> StoredQuery:
    """GetSubmissionSetAndContents by unique id or entryUUID; raises ValueError for both or neither."""
    chosen = _identified(SUBMISSION_SET, UniqueId=_one(unique_id), EntryUUID=_one(entry_uuid))
    return _query(definitions.GET_SUBMISSION_SET_AND_CONTENTS, {**chosen, **_content(filters)}, filters)


def get_folder_and_contents(
    *, unique_id: str = "", entry_uuid: str = "", logical_id: str = "", **filters: Unpack[ContentFilters]
) -> StoredQuery:
    """GetFolderAndContents by unique id, entryUUID or logicalID; raises ValueError for several of these or none."""
    chosen = _identified(FOLDER, UniqueId=_one(unique_id), EntryUUID=_one(entry_uuid), LogicalID=_one(logical_id))
    return _query(definitions.GET_FOLDER_AND_CONTENTS, {**chosen, **_content(filters)}, filters)


def get_folders_for_document(
    *, unique_id: str = "", entry_uuid: str = "", logical_id: str = "", **asking: Unpack[Associated]
) -> StoredQuery:
    """GetFoldersForDocument by unique id, entryUUID or logicalID; raises ValueError for several of these or none."""
    chosen = _identified(ENTRY, UniqueId=_one(unique_id), EntryUUID=_one(entry_uuid), LogicalID=_one(logical_id))
    return _query(definitions.GET_FOLDERS_FOR_DOCUMENT, {**chosen, **_associated(asking)}, asking)


def get_related_documents(
    association_types: Sequence[str],
    *,
    unique_id: str = "",
    entry_uuid: str = "",
    object_types: Sequence[str] = (),
    **asking: Unpack[Associated],
) -> StoredQuery:
    """GetRelatedDocuments: those joined to one document by any of *association_types* (replaced by it, signing it)."""
    chosen = _identified(ENTRY, UniqueId=_one(unique_id), EntryUUID=_one(entry_uuid))
    parameters = {
        **chosen,
        definitions.ASSOCIATION_TYPES: _any(association_types),
        ENTRY + "Type": _any(object_types),
        **_associated(asking),
    }
    return _query(definitions.GET_RELATED_DOCUMENTS, parameters, asking)


def _entries(patient_id: str, status: Sequence[str], filters: EntryFilters) -> dict[str, Groups]:
    return {
        ENTRY + "PatientId": ((patient_id,),),
        ENTRY + "Status": _any(status),
        **{ENTRY + name: _coded([codes]) for name, codes in filters.get("codes", {}).items()},
        ENTRY + "EventCodeList": _coded(filters.get("events", ())),
        ENTRY + "ConfidentialityCode": _coded(filters.get("confidentialities", ())),
        **_period(ENTRY + "CreationTime", filters.get("created", ("", ""))),
        **_period(ENTRY + "ServiceStartTime", filters.get("started", ("", ""))),
        **_period(ENTRY + "ServiceStopTime", filters.get("stopped", ("", ""))),
        ENTRY + "AuthorPerson": _any(filters.get("authors", ())),
        ENTRY + "Type": _any(filters.get("object_types", ())),
        ENTRY + "DocumentAvailability": _any(filters.get("availability", ())),
    }


def _content(filters: ContentFilters) -> dict[str, Groups]:
    return {
        ENTRY + "FormatCode": _coded([filters.get("formats", ())]),
        ENTRY + "ConfidentialityCode": _coded(filters.get("confidentialities", ())),
        ENTRY + "Type": _any(filters.get("object_types", ())),
        definitions.ASSOCIATION_STATUS: _any(filters.get("association_status", ())),
    }


def _associated(asking: Associated) -> dict[str, Groups]:
    return {definitions.ASSOCIATION_STATUS: _any(asking.get("association_status", ()))}


def _any(values: Sequence[str]) -> Groups:
    return (tuple(str(value) for value in values),)


def _one(value: str) -> tuple[str, ...]:
    return (value,) if value else ()


def _coded(groups: Sequence[Sequence[Code]]) -> Groups:
    return tuple(tuple(coded(code) for code in group) for group in groups)


def _period(name: str, period: Period) -> dict[str, Groups]:
    start, end = period
    return {name + "From": (_one(start),), name + "To": (_one(end),)}


def _identified(prefix: str, **given: Sequence[str]) -> dict[str, Groups]:
    """The one kind of identifier that is given; raises ValueError for several or none."""
    chosen = {prefix + name: _any(values) for name, values in given.items() if values}
    if len(chosen) != 1:
        raise ValueError("this query takes exactly one kind of identifier")
    return chosen


def _query(query_id: str, parameters: Mapping[str, Groups], asking: Asking) -> StoredQuery:
    """The query, without the parameters that say nothing."""
    level = asking.get("metadata_level")
    stated = dict(parameters)
    if level is not None:
        stated[definitions.METADATA_LEVEL] = ((str(level),),)
    kept = {name: tuple(group for group in groups if group) for name, groups in stated.items()}
    return StoredQuery(
        query_id=query_id,
        parameters={name: groups for name, groups in kept.items() if groups},
        return_type=asking.get("return_type", LEAF_CLASS),
        home_community_id=asking.get("home", ""),
    )
