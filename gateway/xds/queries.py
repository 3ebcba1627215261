"""Registry Stored Queries (ITI-18) as data: a table of what each query takes, and its values read and written.

Values inside one slot mean OR, also when they are spread over several Value elements; the slot repeated means AND,
where the query allows it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lxml import etree

from gateway.errors import InputRejected
from gateway.model.codes import Code
from gateway.model.document import Status
from gateway.xds import _slot_values
from gateway.xds import constants as c
from gateway.xds._ebrim_read import inner_text
from gateway.xds._query_definitions import (
    DEFINITIONS,
    ENTRY,
    FIND_DOCUMENTS,
    FIND_DOCUMENTS_BY_REFERENCE_ID,
    FIND_FOLDERS,
    FIND_SUBMISSION_SETS,
    GET_ALL,
    GET_ASSOCIATIONS,
    GET_DOCUMENTS,
    GET_DOCUMENTS_AND_ASSOCIATIONS,
    GET_FOLDER_AND_CONTENTS,
    GET_FOLDERS,
    GET_FOLDERS_FOR_DOCUMENT,
    GET_RELATED_DOCUMENTS,
    GET_SUBMISSION_SET_AND_CONTENTS,
    GET_SUBMISSION_SETS,
    Definition,
    Parameter,
)
from gateway.xds.constants import rim

__all__ = [
    "DEFINITIONS",
    "FIND_DOCUMENTS",
    "FIND_DOCUMENTS_BY_REFERENCE_ID",
    "FIND_FOLDERS",
    "FIND_SUBMISSION_SETS",
    "GET_ALL",
    "GET_ASSOCIATIONS",
    "GET_DOCUMENTS",
    "GET_DOCUMENTS_AND_ASSOCIATIONS",
    "GET_FOLDERS",
    "GET_FOLDERS_FOR_DOCUMENT",
    "GET_FOLDER_AND_CONTENTS",
    "GET_RELATED_DOCUMENTS",
    "GET_SUBMISSION_SETS",
    "GET_SUBMISSION_SET_AND_CONTENTS",
    "LEAF_CLASS",
    "OBJECT_REF",
    "Definition",
    "Groups",
    "Parameter",
    "QueryError",
    "StoredQuery",
    "coded",
    "find_documents",
    "find_documents_by_reference_id",
    "get_documents",
    "parse_code",
    "read",
    "write",
]

LEAF_CLASS = "LeafClass"
OBJECT_REF = "ObjectRef"

_REQUEST = f"{{{c.QUERY}}}AdhocQueryRequest"
_OPTION = f"{{{c.QUERY}}}ResponseOption"

Groups = tuple[tuple[str, ...], ...]
"""One tuple a slot (all must match), in it the values (any may match)."""


class QueryError(InputRejected):
    """A query that cannot be run. ``code`` is the XDS error code, ``context`` its codeContext (no value in it)."""

    def __init__(self, code: str, context: str) -> None:
        super().__init__(code, place="AdhocQueryRequest", context=context)
        self.context = context


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredQuery:
    """A query with its values, unquoted. Numbers and times are strings of digits."""

    query_id: str
    parameters: Mapping[str, Groups] = field(default_factory=dict)
    return_type: str = LEAF_CLASS
    home_community_id: str = ""

    def one(self, name: str) -> str:
        """The value of a parameter that holds one, or empty."""
        return next((value for group in self.parameters.get(name, ()) for value in group), "")

    def groups(self, name: str) -> Groups:
        """Every slot of the parameter: each group must match, any value of a group does."""
        return self.parameters.get(name, ())

    def values(self, name: str) -> tuple[str, ...]:
        """The values of a parameter whose slot does not repeat: any of them matches."""
        return tuple(value for group in self.parameters.get(name, ()) for value in group)

    def codes(self, name: str) -> tuple[tuple[Code, ...], ...]:
        """:meth:`groups` of a coded parameter."""
        return tuple(tuple(parse_code(value) for value in group) for group in self.parameters.get(name, ()))


def coded(code: Code) -> str:
    """The form of a code in a query, ``code^^scheme``."""
    return f"{code.code}^^{code.system}"


def parse_code(text: str) -> Code:
    """Read ``code^^scheme``; raises ValueError when either is missing."""
    code, separator, system = text.partition("^^")
    if not code or not separator or not system:
        raise ValueError("a coded value is code^^scheme")
    return Code(code, system)


_ENTRY = ENTRY


def find_documents(
    patient_id: str,
    *,
    status: Sequence[str] = (Status.APPROVED,),
    events: Sequence[Sequence[Code]] = (),
    created: tuple[str, str] = ("", ""),
    started: tuple[str, str] = ("", ""),
    codes: Mapping[str, Sequence[Code]] | None = None,
    return_type: str = LEAF_CLASS,
) -> StoredQuery:
    """FindDocuments of a patient (CX).

    *events*: each group of eventCodeList must match, any code of a group does (a modality, and a region). *created*
    and *started*: from (inclusive) and to (exclusive) as DTM, empty for open. *codes*: other coded parameters by the
    name after ``$XDSDocumentEntry``, such as ``ClassCode``.
    """
    parameters = _find_parameters(patient_id, status)
    for name, values in (codes or {}).items():
        parameters[_ENTRY + name] = (tuple(coded(code) for code in values),)
    parameters[_ENTRY + "EventCodeList"] = tuple(tuple(coded(code) for code in group) for group in events)
    for name, (start, end) in (("CreationTime", created), ("ServiceStartTime", started)):
        parameters[f"{_ENTRY}{name}From"] = ((start,),) if start else ()
        parameters[f"{_ENTRY}{name}To"] = ((end,),) if end else ()
    return _query(FIND_DOCUMENTS, parameters, return_type)


def find_documents_by_reference_id(
    patient_id: str,
    references: Sequence[str],
    *,
    also: Sequence[Sequence[str]] = (),
    status: Sequence[str] = (Status.APPROVED,),
    return_type: str = LEAF_CLASS,
) -> StoredQuery:
    """FindDocumentsByReferenceId: entries with any of *references* (CXi), and any of each further group in *also*."""
    parameters = _find_parameters(patient_id, status)
    parameters[_ENTRY + "ReferenceIdList"] = tuple(tuple(group) for group in (references, *also))
    return _query(FIND_DOCUMENTS_BY_REFERENCE_ID, parameters, return_type)


def get_documents(
    *, unique_ids: Sequence[str] = (), entry_uuids: Sequence[str] = (), return_type: str = LEAF_CLASS, home: str = ""
) -> StoredQuery:
    """GetDocuments by unique ids or by entryUUIDs; raises ValueError for both or neither."""
    if bool(unique_ids) == bool(entry_uuids):
        raise ValueError("GetDocuments takes unique ids or entryUUIDs")
    name = _ENTRY + ("UniqueId" if unique_ids else "EntryUUID")
    return _query(GET_DOCUMENTS, {name: (tuple(unique_ids or entry_uuids),)}, return_type, home)


def _find_parameters(patient_id: str, status: Sequence[str]) -> dict[str, Groups]:
    statuses = tuple(str(value) for value in status)
    return {_ENTRY + "PatientId": ((patient_id,),), _ENTRY + "Status": (statuses,)}


def _query(query_id: str, parameters: Mapping[str, Groups], return_type: str, home: str = "") -> StoredQuery:
    stated = {name: tuple(group for group in groups if group) for name, groups in parameters.items()}
    return StoredQuery(
        query_id=query_id,
        parameters={name: groups for name, groups in stated.items() if groups},
        return_type=return_type,
        home_community_id=home,
    )


def write(query: StoredQuery) -> etree._Element:
    """The query:AdhocQueryRequest of *query*; raises QueryError as :func:`read` does, so that no bad query leaves."""
    definition = _definition(query.query_id)
    _check_return_type(query.return_type)
    _check(definition, query.parameters)
    root = etree.Element(_REQUEST, nsmap={"query": c.QUERY, "rim": c.RIM})
    etree.SubElement(root, _OPTION, {"returnComposedObjects": "true", "returnType": query.return_type})
    attributes = {"id": query.query_id, **({"home": query.home_community_id} if query.home_community_id else {})}
    adhoc = etree.SubElement(root, rim("AdhocQuery"), attributes)
    for parameter in definition.parameters:
        for group in query.groups(parameter.name):
            slot = etree.SubElement(adhoc, rim("Slot"), {"name": parameter.name})
            value_list = etree.SubElement(slot, rim("ValueList"))
            for text in _slot_values.write(parameter.kind, group):
                etree.SubElement(value_list, rim("Value")).text = text
    return root


def read(element: etree._Element) -> StoredQuery:
    """The query of a query:AdhocQueryRequest. Parameters that the query does not define are ignored.

    Raises QueryError: XDSUnknownStoredQuery, XDSStoredQueryMissingParam, XDSStoredQueryParamNumber (a wrong number of
    values, a wrong form, a repetition that is not allowed), XDSRegistryError (no query, an unsupported returnType).
    """
    adhoc = element.find(rim("AdhocQuery")) if element.tag == _REQUEST else None
    if adhoc is None:
        raise QueryError("XDSRegistryError", "AdhocQuery")
    definition = _definition((adhoc.get("id") or "").strip())
    option = element.find(_OPTION)
    return_type = LEAF_CLASS if option is None else (option.get("returnType") or "RegistryObject").strip()
    _check_return_type(return_type)
    known = {parameter.name: parameter for parameter in definition.parameters}
    parameters: dict[str, Groups] = {}
    for slot in adhoc.iterchildren(rim("Slot")):
        parameter = known.get((slot.get("name") or "").strip())
        group = () if parameter is None else _group(parameter, slot)
        if parameter is not None and group:
            parameters[parameter.name] = (*parameters.get(parameter.name, ()), group)
    _check(definition, parameters)
    return StoredQuery(
        query_id=definition.query_id,
        parameters=parameters,
        return_type=return_type,
        home_community_id=(adhoc.get("home") or "").strip(),
    )


def _definition(query_id: str) -> Definition:
    definition = DEFINITIONS.get(query_id.lower())
    if definition is None:
        raise QueryError("XDSUnknownStoredQuery", query_id[:64])
    return definition


def _check_return_type(return_type: str) -> None:
    if return_type not in (LEAF_CLASS, OBJECT_REF):
        raise QueryError("XDSRegistryError", "returnType")


def _check(definition: Definition, parameters: Mapping[str, Groups]) -> None:
    """Cardinalities and forms of every parameter."""
    for parameter in definition.parameters:
        groups = parameters.get(parameter.name, ())
        if parameter.required and not groups:
            raise QueryError("XDSStoredQueryMissingParam", parameter.name)
        too_many = parameter.kind.single and any(len(group) != 1 for group in groups)
        if too_many or (len(groups) > 1 and not parameter.repeats):
            raise QueryError("XDSStoredQueryParamNumber", parameter.name)
        if not all(_slot_values.well_formed(parameter.kind, value) for group in groups for value in group):
            raise QueryError("XDSStoredQueryParamNumber", parameter.name)
    given = definition.one_of.intersection(name for name, groups in parameters.items() if groups)
    if definition.one_of and not given:
        raise QueryError("XDSStoredQueryMissingParam", ", ".join(sorted(definition.one_of)))
    if len(given) > 1:
        raise QueryError("XDSStoredQueryParamNumber", ", ".join(sorted(given)))


def _group(parameter: Parameter, slot: etree._Element) -> tuple[str, ...]:
    """The values of one slot."""
    try:
        return _slot_values.read(parameter.kind, [inner_text(value) for value in slot.iter(rim("Value"))])
    except ValueError:
        raise QueryError("XDSStoredQueryParamNumber", parameter.name) from None
