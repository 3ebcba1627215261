"""Registry Stored Queries (ITI-18, ITI-51) as data: what each takes, one builder each, their values read and written.

Values inside one slot mean OR, also when they are spread over several Value elements; the slot repeated means AND,
where the query allows it.
"""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from gateway.errors import InputRejected
from gateway.xds import _slot_values
from gateway.xds import constants as c
from gateway.xds._ebrim_elements import inner_text
from gateway.xds._query_builders import (
    find_documents,
    find_documents_by_reference_id,
    find_folders,
    find_submission_sets,
    get_all,
    get_associations,
    get_documents,
    get_documents_and_associations,
    get_folder_and_contents,
    get_folders,
    get_folders_for_document,
    get_related_documents,
    get_submission_set_and_contents,
    get_submission_sets,
    of_patients,
)
from gateway.xds._query_definitions import (
    DEFINITIONS,
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
    MULTIPLE_PATIENTS,
    Definition,
    Parameter,
)
from gateway.xds._stored_query import LEAF_CLASS, OBJECT_REF, Groups, StoredQuery, coded, parse_code
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
    "MULTIPLE_PATIENTS",
    "OBJECT_REF",
    "Definition",
    "Groups",
    "Parameter",
    "QueryError",
    "StoredQuery",
    "coded",
    "find_documents",
    "find_documents_by_reference_id",
    "find_folders",
    "find_submission_sets",
    "get_all",
    "get_associations",
    "get_documents",
    "get_documents_and_associations",
    "get_folder_and_contents",
    "get_folders",
    "get_folders_for_document",
    "get_related_documents",
    "get_submission_set_and_contents",
    "get_submission_sets",
    "of_patients",
    "parse_code",
    "read",
    "write",
]

_REQUEST = f"{{{c.QUERY}}}AdhocQueryRequest"
_OPTION = f"{{{c.QUERY}}}ResponseOption"


class QueryError(InputRejected):
    """A query that cannot be run. ``code`` is the XDS error code, ``context`` its codeContext (no value in it)."""

    def __init__(self, code: str, context: str) -> None:
        super().__init__(code, place="AdhocQueryRequest", context=context)
        self.context = context


def write(query: StoredQuery) -> etree._Element:
    """The query:AdhocQueryRequest of *query*; raises QueryError as :func:`read` does, so that no bad query leaves.

    A parameter that the query does not have is refused too (``XDSRegistryError``).
    """
    definition = _definition(query.query_id)
    _check_return_type(query.return_type)
    _check(definition, query.parameters)
    for name in query.parameters:  # one that would not be written would widen the search without a word
        if all(name != parameter.name for parameter in definition.parameters):
            raise QueryError("XDSRegistryError", name)
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
    definition = DEFINITIONS.get(query_id.lower()) or MULTIPLE_PATIENTS.get(query_id.lower())
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
