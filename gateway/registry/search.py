"""The fourteen stored queries (ITI TF-2 section 3.18.4.1.2.3.7) over the tables: one function each; and the three of
several patients (ITI-51, section 3.51.4.1.2.3), which are three of them with another condition of the patient.

What a query gives besides the objects it names:

* an association is given with the objects it joins only where both of its ends may be shown (metadata level, filters);
* GetAll and GetDocumentsAndAssociations give every association with one end in the answer;
* GetRelatedDocuments gives nothing at all for a document without relations of the types asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import sqlalchemy as sa

from gateway.model.document import AssociationType
from gateway.registry import conditions, schema, usual
from gateway.registry.conditions import Condition
from gateway.registry.finder import Answer, Finder
from gateway.registry.rows import Kind
from gateway.xds import queries
from gateway.xds._query_definitions import (
    ASSOCIATION_TYPES,
    ENTRY,
    FOLDER,
    NARROWING,
    OF_MULTIPLE,
    PATIENT_ID,
    SUBMISSION_SET,
    UUID,
)
from gateway.xds.queries import QueryError, StoredQuery

MAXIMUM_VALUES = 500
"""Values of one query, all parameters together."""
_MAXIMUM_CHARACTERS = 1024
"""Of one value."""
_E, _S, _F, _A = schema.ENTRIES.c, schema.SUBMISSION_SETS.c, schema.FOLDERS.c, schema.ASSOCIATIONS.c
_IDENTIFIERS: Mapping[str, Mapping[str, sa.ColumnElement[str]]] = {
    ENTRY: {"EntryUUID": _E.entry_uuid, "UniqueId": _E.unique_id, "LogicalID": _E.logical_id},
    FOLDER: {"EntryUUID": _F.entry_uuid, "UniqueId": _F.unique_id, "LogicalID": _F.logical_id},
    SUBMISSION_SET: {"EntryUUID": _S.entry_uuid, "UniqueId": _S.unique_id},
}
_SHORT_TYPES = {kind.value.rpartition(":")[2]: kind.value for kind in AssociationType}


def run(connection: sa.Connection, query: StoredQuery, limit: int) -> Answer:
    """Every object that matches.

    Raises QueryError: XDSUnknownStoredQuery, XDSStoredQueryParamNumber (a value that cannot be looked for),
    XDSTooManyResults above *limit*, XDSResultNotSinglePatient.
    """
    function = _QUERIES.get(query.query_id)
    if function is None:
        raise QueryError("XDSUnknownStoredQuery", query.query_id[:64])
    _bounded(query)
    finder = Finder(connection, query, limit)
    function(finder, query)
    return finder.answer()


def _bounded(query: StoredQuery) -> None:
    count = 0
    for name, groups in query.parameters.items():
        for group in groups:
            count += len(group)
            if any(len(value) > _MAXIMUM_CHARACTERS for value in group):
                raise QueryError("XDSStoredQueryParamNumber", f"{name} holds a value that is too long")
    if count > MAXIMUM_VALUES:
        raise QueryError("XDSStoredQueryParamNumber", f"more than {MAXIMUM_VALUES} values")


def _find_documents(finder: Finder, query: StoredQuery) -> None:
    finder.entries(*conditions.of_entries(query))


def _find_documents_by_reference_id(finder: Finder, query: StoredQuery) -> None:
    if not usual.find_by_reference_id(finder, query):
        finder.entries(*conditions.of_entries_by_reference_id(query))


def _find_submission_sets(finder: Finder, query: StoredQuery) -> None:
    finder.submission_sets(*conditions.of_submission_sets(query))


def _find_folders(finder: Finder, query: StoredQuery) -> None:
    finder.folders(*conditions.of_folders(query))


def _get_all(finder: Finder, query: StoredQuery) -> None:
    key = conditions.patient_key(query, PATIENT_ID)
    finder.submission_sets(_S.patient_key == key, _S.status.in_(query.values(SUBMISSION_SET + "Status")))
    finder.folders(_F.patient_key == key, _F.status.in_(query.values(FOLDER + "Status")))
    narrowed = conditions.contents(query)
    finder.entries(_E.patient_key == key, _E.status.in_(query.values(ENTRY + "Status")), *narrowed)
    finder.keep(
        finder.touching(finder.found(Kind.SUBMISSION_SET) | finder.found(Kind.FOLDER) | finder.found(Kind.ENTRY))
    )


def _get_documents(finder: Finder, query: StoredQuery) -> None:
    finder.entries(_identified(query, ENTRY))


def _get_folders(finder: Finder, query: StoredQuery) -> None:
    finder.folders(_identified(query, FOLDER))


def _get_associations(finder: Finder, query: StoredQuery) -> None:
    finder.keep(finder.touching(query.values(UUID)))


def _get_documents_and_associations(finder: Finder, query: StoredQuery) -> None:
    found = finder.entries(_identified(query, ENTRY))
    finder.keep(finder.touching(hit.uuid for hit in found))


def _get_submission_sets(finder: Finder, query: StoredQuery) -> None:
    links = finder.memberships(query.values(UUID), Kind.SUBMISSION_SET)
    finder.of(Kind.SUBMISSION_SET, (link.source for link in links))
    finder.keep(links)


def _get_submission_set_and_contents(finder: Finder, query: StoredQuery) -> None:
    sets = finder.submission_sets(_identified(query, SUBMISSION_SET))
    links = finder.members(hit.uuid for hit in sets)
    targets = {kind: [link.target for link in links if link.target_kind == kind.value] for kind in Kind}
    finder.of(Kind.FOLDER, targets[Kind.FOLDER])
    finder.of(Kind.ENTRY, targets[Kind.ENTRY], *conditions.contents(query))
    shown = finder.found(Kind.FOLDER) | finder.found(Kind.ENTRY)
    hidden = set(targets[Kind.ENTRY]) - shown
    inner = [link for link in finder.members(finder.found(Kind.FOLDER)) if link.target in shown]
    named = finder.links(by=_A.entry_uuid, uuids=targets[Kind.ASSOCIATION])
    inner += [link for link in named if not hidden & {link.source, link.target}]
    shown |= {link.uuid for link in inner}
    finder.keep(link for link in links if link.target in shown)
    finder.keep(inner)


def _get_folder_and_contents(finder: Finder, query: StoredQuery) -> None:
    folders = finder.folders(_identified(query, FOLDER))
    links = finder.members(hit.uuid for hit in folders)
    finder.of(Kind.ENTRY, (link.target for link in links), *conditions.contents(query))
    finder.keep(link for link in links if link.target in finder.found(Kind.ENTRY))


def _get_folders_for_document(finder: Finder, query: StoredQuery) -> None:
    found = finder.entries(_identified(query, ENTRY))
    links = finder.memberships((hit.uuid for hit in found), Kind.FOLDER)
    for hit in found:
        finder.drop(Kind.ENTRY, hit.uuid)
    finder.of(Kind.FOLDER, (link.source for link in links))


def _get_related_documents(finder: Finder, query: StoredQuery) -> None:
    types = [_SHORT_TYPES.get(name, name) for name in query.values(ASSOCIATION_TYPES)]
    own = [hit.uuid for hit in finder.entries(_identified(query, ENTRY))]
    joined = (_A.type.in_(types), _A.source_kind == Kind.ENTRY.value, _A.target_kind == Kind.ENTRY.value)
    links = [*finder.links(*joined, by=_A.source, uuids=own), *finder.links(*joined, by=_A.target, uuids=own)]
    others = {end for link in links for end in (link.source, link.target)} - set(own)
    finder.of(Kind.ENTRY, others, *conditions.of_type(query))
    shown = finder.found(Kind.ENTRY)
    whole = [link for link in links if link.source in shown and link.target in shown]
    related = {end for link in whole for end in (link.source, link.target)}
    for uuid in shown - related:
        finder.drop(Kind.ENTRY, uuid)
    finder.keep(whole)


def _of_several(function: Callable[[Finder, StoredQuery], None], finder: Finder, query: StoredQuery) -> None:
    """*function* for any patient of a list; for everybody where the query has a code, as ITI-51 asks."""
    patients = (ENTRY + "PatientId", FOLDER + "PatientId")
    if not any(map(query.values, patients)) and not any(name.endswith(NARROWING) for name in query.parameters):
        raise QueryError("XDSStoredQueryMissingParam", "a patient, or a code that narrows the query")
    function(finder, query)


def _identified(query: StoredQuery, prefix: str) -> Condition:
    """The one identifier that the query gives: :mod:`gateway.xds.queries` has seen to it that it is one."""
    stated: Sequence[tuple[sa.ColumnElement[str], tuple[str, ...]]] = [
        (column, values) for name, column in _IDENTIFIERS[prefix].items() if (values := query.values(prefix + name))
    ]
    return sa.and_(*(column.in_(values) for column, values in stated)) if stated else sa.false()


_OF_ONE_PATIENT: Mapping[str, Callable[[Finder, StoredQuery], None]] = {
    queries.FIND_DOCUMENTS: _find_documents,
    queries.FIND_DOCUMENTS_BY_REFERENCE_ID: _find_documents_by_reference_id,
    queries.FIND_SUBMISSION_SETS: _find_submission_sets,
    queries.FIND_FOLDERS: _find_folders,
    queries.GET_ALL: _get_all,
    queries.GET_DOCUMENTS: _get_documents,
    queries.GET_FOLDERS: _get_folders,
    queries.GET_ASSOCIATIONS: _get_associations,
    queries.GET_DOCUMENTS_AND_ASSOCIATIONS: _get_documents_and_associations,
    queries.GET_SUBMISSION_SETS: _get_submission_sets,
    queries.GET_SUBMISSION_SET_AND_CONTENTS: _get_submission_set_and_contents,
    queries.GET_FOLDER_AND_CONTENTS: _get_folder_and_contents,
    queries.GET_FOLDERS_FOR_DOCUMENT: _get_folders_for_document,
    queries.GET_RELATED_DOCUMENTS: _get_related_documents,
}
_QUERIES: Mapping[str, Callable[[Finder, StoredQuery], None]] = {
    **_OF_ONE_PATIENT,
    **{several.query_id: partial(_of_several, _OF_ONE_PATIENT[one]) for one, several in OF_MULTIPLE.items()},
}
