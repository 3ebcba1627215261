"""Stored queries: which there are, what each must be given, and the form of the values.

Source: ITI TF-2 section 3.18.4.1.2.3 and 3.51.4.1.2.3.
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from gateway.xds import _slot_values as grammar
from gateway.xds import constants as c
from gateway.xds.rules import hl7_values
from gateway.xds.rules.objects import slot_values
from gateway.xds.rules.rule import ERROR, TF2, WARNING, Findings, rule

QUERY = rule(
    "query.id",
    ERROR,
    f"{TF2} 3.18.4.1.2.4",
    "La requête « {value} » n'est pas une requête enregistrée d'IHE.",
    "The query “{value}” is no stored query of IHE.",
)
RETURN_TYPE = rule(
    "query.return-type",
    ERROR,
    f"{TF2} 3.18.4.1.2.6",
    "returnType vaut « {value} » ; attendu : {expected}.",
    "returnType is “{value}”; expected: {expected}.",
)
COMPOSED = rule(
    "query.return-composed-objects",
    ERROR,
    f"{TF2} 3.18.4.1.2.6 (returnComposedObjects true)",
    "returnComposedObjects vaut « {value} » ; attendu : true.",
    "returnComposedObjects is “{value}”; expected: true.",
)
PARAMETER_MISSING = rule(
    "query.parameter.missing",
    ERROR,
    f"{TF2} 3.18.4.1.2.3.7 (XDSStoredQueryMissingParam)",
    "Le paramètre {value} de la requête manque.",
    "The parameter {value} of the query is missing.",
)
PARAMETER_UNKNOWN = rule(
    "query.parameter.unknown",
    WARNING,
    f"{TF2} 3.18.4.1.2.3.7 (extra parameters shall be ignored)",
    "Le paramètre {value} n'est pas de cette requête : il sera ignoré.",
    "The parameter {value} is not of this query: it will be ignored.",
)
PARAMETER_FORM = rule(
    "query.parameter.form",
    ERROR,
    f"{TF2} 3.18.4.1.2.3.5",
    "Le paramètre {attribute} est mal formé : « {value} » ({expected}).",
    "The parameter {attribute} is malformed: “{value}” ({expected}).",
)
_ENTRY, _SET, _FOLDER = "$XDSDocumentEntry", "$XDSSubmissionSet", "$XDSFolder"
_FILTER_NAMES = """ClassCode TypeCode PracticeSettingCode HealthcareFacilityTypeCode EventCodeList ConfidentialityCode
AuthorPerson FormatCode Type DocumentAvailability ReferenceIdList UniqueId Title Comments
CreationTimeFrom CreationTimeTo ServiceStartTimeFrom ServiceStartTimeTo ServiceStopTimeFrom ServiceStopTimeTo"""
_ENTRY_FILTERS = tuple(f"{_ENTRY}{name}" for name in _FILTER_NAMES.split())
_CONTENT_FILTERS = (f"{_ENTRY}FormatCode", f"{_ENTRY}ConfidentialityCode", f"{_ENTRY}Type")
_EVERYWHERE = ("$MetadataLevel", "$homeCommunityId", "$XDSAssociationStatus")


@dataclass(frozen=True, slots=True)
class Query:
    """A stored query: what must be given (of each group one), what may."""

    name: str
    required: tuple[tuple[str, ...], ...]
    optional: tuple[str, ...] = ()


def _one_of(prefix: str) -> tuple[str, ...]:
    return (f"{prefix}EntryUUID", f"{prefix}UniqueId", f"{prefix}LogicalID")


_BY_ENTRY = (_one_of(_ENTRY),)
QUERIES = {
    "14d4debf-8f97-4251-9a74-a90016b0af0d": Query(
        "FindDocuments", ((f"{_ENTRY}PatientId",), (f"{_ENTRY}Status",)), _ENTRY_FILTERS
    ),
    "12941a89-e02e-4be5-967c-ce4bfc8fe492": Query(
        "FindDocumentsByReferenceId",
        ((f"{_ENTRY}PatientId",), (f"{_ENTRY}Status",), (f"{_ENTRY}ReferenceIdList",)),
        _ENTRY_FILTERS,
    ),
    "4308b1df-36de-4bef-8e2e-ba91f593c435": Query(
        "FindDocumentsExclude", ((f"{_ENTRY}PatientId",), (f"{_ENTRY}Status",)), _ENTRY_FILTERS
    ),
    "ab474085-82b5-402d-8115-3f37cb1e2405": Query(
        "FindDocumentsByTitle", ((f"{_ENTRY}PatientId",), (f"{_ENTRY}Status",), (f"{_ENTRY}Title",)), _ENTRY_FILTERS
    ),
    "f26abbcb-ac74-4422-8a30-edb644bbc1a9": Query(
        "FindSubmissionSets",
        ((f"{_SET}PatientId",), (f"{_SET}Status",)),
        tuple(
            f"{_SET}{n}" for n in ("SourceId", "SubmissionTimeFrom", "SubmissionTimeTo", "AuthorPerson", "ContentType")
        ),
    ),
    "958f3006-baad-4929-a4de-ff1114824431": Query(
        "FindFolders",
        ((f"{_FOLDER}PatientId",), (f"{_FOLDER}Status",)),
        tuple(f"{_FOLDER}{n}" for n in ("LastUpdateTimeFrom", "LastUpdateTimeTo", "CodeList")),
    ),
    "10b545ea-725c-446d-9b95-8aeb444eddf3": Query(
        "GetAll",
        (("$patientId",), (f"{_ENTRY}Status",), (f"{_SET}Status",), (f"{_FOLDER}Status",)),
        _CONTENT_FILTERS,
    ),
    "5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4": Query("GetDocuments", _BY_ENTRY),
    "5737b14c-8a1a-4539-b659-e03a34a5e1e4": Query("GetFolders", (_one_of(_FOLDER),)),
    "a7ae438b-4bc2-4642-93e9-be891f7bb155": Query("GetAssociations", (("$uuid",),)),
    "bab9529a-4a10-40b3-a01f-f68a615d247a": Query("GetDocumentsAndAssociations", _BY_ENTRY),
    "51224314-5390-4169-9b91-b1980040715a": Query("GetSubmissionSets", (("$uuid",),)),
    "e8e3cb2c-e39c-46b9-99e4-c12f57260b83": Query("GetSubmissionSetAndContents", (_one_of(_SET),), _CONTENT_FILTERS),
    "b909a503-523d-4517-8acf-8e5834dfc4c7": Query("GetFolderAndContents", (_one_of(_FOLDER),), _CONTENT_FILTERS),
    "10cae35a-c7f9-4cf5-b61e-fc3278ffb578": Query("GetFoldersForDocument", _BY_ENTRY),
    "d90e5407-b356-4d91-a89f-873917b4b0e6": Query(
        "GetRelatedDocuments", (_one_of(_ENTRY), ("$AssociationTypes",)), (f"{_ENTRY}Type",)
    ),
    "3d1bdb10-39a2-11de-89c2-2f44d94eaa9f": Query(
        "FindDocumentsForMultiplePatients", ((f"{_ENTRY}Status",),), (f"{_ENTRY}PatientId", *_ENTRY_FILTERS)
    ),
    "50d3f5ac-39a2-11de-a1ca-b366239e58df": Query(
        "FindFoldersForMultiplePatients",
        ((f"{_FOLDER}Status",),),
        tuple(f"{_FOLDER}{n}" for n in ("PatientId", "LastUpdateTimeFrom", "LastUpdateTimeTo", "CodeList")),
    ),
    "1191642d-86c4-42d8-b784-f95445f9f0d5": Query(
        "FindDocumentsByReferenceIdForMultiplePatients",
        ((f"{_ENTRY}Status",), (f"{_ENTRY}ReferenceIdList",)),
        (f"{_ENTRY}PatientId", *_ENTRY_FILTERS),
    ),
}
"""Stored queries by their id without ``urn:uuid:``."""
_CODES = ("Code", "CodeList", "EventCodeList", "ContentType")
_RETURN_TYPES = ("LeafClass", "ObjectRef")


def check(element: etree._Element, findings: Findings) -> None:
    """A query:AdhocQueryRequest: which query, its parameters, and what it wants back."""
    for option in element.iterchildren(f"{{{c.QUERY}}}ResponseOption"):
        return_type = option.get("returnType", "RegistryObject").strip()
        if return_type not in _RETURN_TYPES:
            findings.add(RETURN_TYPE, option, value=return_type, expected=", ".join(_RETURN_TYPES))
        composed = option.get("returnComposedObjects", "false").strip()
        if composed not in ("true", "1"):
            findings.add(COMPOSED, option, value=composed)
    for adhoc in element.iterchildren(f"{{{c.RIM}}}AdhocQuery"):
        _parameters(adhoc, findings)


def _parameters(adhoc: etree._Element, findings: Findings) -> None:
    identifier = (adhoc.get("id") or "").strip()
    known = QUERIES.get(identifier.removeprefix("urn:uuid:")) if identifier.startswith("urn:uuid:") else None
    if known is None:
        if identifier:
            findings.add(QUERY, adhoc, value=identifier)
        return
    found = slot_values(adhoc)
    for group in known.required:
        if not any(found.get(name) for name in group):
            findings.add(PARAMETER_MISSING, adhoc, value=" / ".join(group), attribute=known.name)
    allowed = {name for group in known.required for name in group} | set(known.optional) | set(_EVERYWHERE)
    for name, told in found.items():
        if name not in allowed:
            findings.add(PARAMETER_UNKNOWN, adhoc, value=name, attribute=known.name)
            continue
        kind = _kind(name)
        try:
            given = grammar.read(kind, [one.text for one in told])
        except ValueError:
            given = ()
        single = kind.single and len(given) != 1
        if not given or single or not all(grammar.well_formed(kind, value) for value in given):
            findings.add(PARAMETER_FORM, told[0].element, attribute=name, value=told[0].text, expected=kind.value)
        elif name.endswith("PatientId") or name == "$patientId":
            for value in given:
                if fault := hl7_values.cx(value):
                    findings.add(PARAMETER_FORM, told[0].element, attribute=name, value=value, expected=fault.en)


def _kind(name: str) -> grammar.Kind:
    if name.endswith(("From", "To")):
        return grammar.Kind.TIME
    if name == "$MetadataLevel":
        return grammar.Kind.NUMBER
    if name.endswith(_CODES):
        return grammar.Kind.CODES
    single = ("PatientId", "$patientId", "SetEntryUUID", "SetUniqueId", "SourceId", "FolderEntryUUID", "FolderUniqueId")
    if name.endswith(single) and name not in (f"{_FOLDER}EntryUUID", f"{_FOLDER}UniqueId"):
        return grammar.Kind.TEXT if not name.endswith("SourceId") else grammar.Kind.TEXTS
    return grammar.Kind.TEXTS
