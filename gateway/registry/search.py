"""Stored queries (ITI TF-2 3.18.4.1.2.3.7) over the tables.

Values of one slot mean OR, a repeated slot means AND, and parameters among each other AND. ``From`` is inclusive,
``To`` exclusive. An entry that lacks the attribute a parameter asks for does not match. To add a query, write its
conditions and name it in ``_QUERIES``; ``gateway.xds.queries`` has checked cardinality and form of its parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from gateway.model.codes import Code
from gateway.model.document import STABLE, DocumentEntry, ReferenceId
from gateway.registry import forms, rows, schema
from gateway.xds import queries
from gateway.xds.queries import QueryError, StoredQuery

MAXIMUM_VALUES = 500
"""Values of one query, all parameters together."""
MAXIMUM_PATTERNS = 100
"""Patterns of AuthorPerson: a chain of OR, whose depth SQLite limits."""
_MAXIMUM_CHARACTERS = 1024
"""Of one value."""
_ONLINE = "urn:ihe:iti:2010:DocumentAvailability:Online"
_ESCAPE = "\x01"  # LIKE has no escape in XDS: this character cannot stand in XML

_Condition = sa.ColumnElement[bool]

_ENTRY = "$XDSDocumentEntry"
_C = schema.ENTRIES.c
_SINGLE_CODES = {
    "ClassCode": (_C.class_code, _C.class_system),
    "TypeCode": (_C.type_code, _C.type_system),
    "FormatCode": (_C.format_code, _C.format_system),
    "HealthcareFacilityTypeCode": (_C.facility_code, _C.facility_system),
    "PracticeSettingCode": (_C.practice_code, _C.practice_system),
}
_REPEATED_CODES = {"EventCodeList": "event", "ConfidentialityCode": "confidentiality"}
_TIMES = {
    "CreationTime": _C.creation_time,
    "ServiceStartTime": _C.service_start_time,
    "ServiceStopTime": _C.service_stop_time,
}
_IDENTIFIERS = {"EntryUUID": _C.entry_uuid, "UniqueId": _C.unique_id, "LogicalID": _C.logical_id}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a query found: whole entries for LeafClass, else their ids alone."""

    entries: tuple[DocumentEntry, ...] = ()
    references: tuple[str, ...] = ()


def run(connection: sa.Connection, query: StoredQuery, limit: int) -> Answer:
    """Every entry that matches, the newest first.

    Raises QueryError: XDSUnknownStoredQuery, XDSStoredQueryParamNumber (a value that cannot be looked for),
    XDSTooManyResults above *limit*, XDSResultNotSinglePatient.
    """
    conditions = _QUERIES.get(query.query_id)
    if conditions is None:
        raise QueryError("XDSUnknownStoredQuery", query.query_id[:64])
    _bounded(query)
    leaf = query.return_type == queries.LEAF_CLASS
    selected = sa.select(_C.entry_uuid, _C.patient_key, _C.body if leaf else sa.null())
    ordered = selected.where(*conditions(query)).order_by(_C.creation_time.desc(), _C.entry_uuid).limit(limit + 1)
    found = connection.execute(ordered).all()
    if len(found) > limit:
        raise QueryError("XDSTooManyResults", f"more than {limit}: narrow the query, or ask for ObjectRef")
    if not leaf:
        return Answer(references=tuple(row[0] for row in found))
    if len({row[1] for row in found}) > 1:
        raise QueryError("XDSResultNotSinglePatient", "the entries are of several patients: ask for ObjectRef")
    return Answer(entries=tuple(rows.load(DocumentEntry, row[2]) for row in found))


def _bounded(query: StoredQuery) -> None:
    count = 0
    for name, groups in query.parameters.items():
        for group in groups:
            count += len(group)
            if any(len(value) > _MAXIMUM_CHARACTERS for value in group):
                raise QueryError("XDSStoredQueryParamNumber", f"{name} holds a value that is too long")
    if count > MAXIMUM_VALUES:
        raise QueryError("XDSStoredQueryParamNumber", f"more than {MAXIMUM_VALUES} values")


def _get_documents(query: StoredQuery) -> Iterator[_Condition]:
    for name, column in _IDENTIFIERS.items():
        if values := query.values(_ENTRY + name):
            yield column.in_(values)


def _find_documents(query: StoredQuery) -> Iterator[_Condition]:
    patient = query.one(_ENTRY + "PatientId")
    if forms.cx(patient):
        raise QueryError("XDSStoredQueryParamNumber", f"{_ENTRY}PatientId is not id^^^&OID&ISO")
    yield _C.patient_key == forms.patient_key(patient)
    yield _C.status.in_(query.values(_ENTRY + "Status"))
    yield _C.object_type.in_(query.values(_ENTRY + "Type") or (STABLE,))
    for name, columns in _SINGLE_CODES.items():
        for group in query.codes(_ENTRY + name):
            yield _any_code(columns, group)
    for name, attribute in _REPEATED_CODES.items():
        for group in query.codes(_ENTRY + name):
            c = schema.CODES.c
            yield _has(schema.CODES, c.attribute == attribute, _any_code((c.code, c.system), group))
    for name, column in _TIMES.items():
        if start := query.one(f"{_ENTRY}{name}From"):
            yield column >= forms.full_time(start)
        if end := query.one(f"{_ENTRY}{name}To"):
            yield column < forms.full_time(end)
    if persons := query.values(_ENTRY + "AuthorPerson"):
        if len(persons) > MAXIMUM_PATTERNS:
            raise QueryError("XDSStoredQueryParamNumber", f"{_ENTRY}AuthorPerson holds more than {MAXIMUM_PATTERNS}")
        yield _has(schema.AUTHORS, sa.or_(*(_like(person) for person in persons)))
    availabilities = query.values(_ENTRY + "DocumentAvailability")
    if availabilities and _ONLINE not in availabilities:
        yield sa.false()  # every document of this repository is online


def _find_documents_by_reference_id(query: StoredQuery) -> Iterator[_Condition]:
    yield from _find_documents(query)
    for group in query.groups(_ENTRY + "ReferenceIdList"):
        yield _has(schema.REFERENCE_IDS, _any_reference(group))


def _any_code(columns: tuple[sa.ColumnElement[str], sa.ColumnElement[str]], codes: Sequence[Code]) -> _Condition:
    return sa.tuple_(*columns).in_([(code.code, code.system) for code in codes])


def _has(table: sa.Table, *conditions: _Condition) -> _Condition:
    """Whether the entry has a row in *table* that satisfies all *conditions*."""
    return sa.exists().where(table.c.entry_uuid == _C.entry_uuid, *conditions)


def _like(pattern: str) -> _Condition:
    return schema.AUTHORS.c.person.like(pattern.casefold(), escape=_ESCAPE)


def _any_reference(values: Sequence[str]) -> _Condition:
    """Id and type are equal, and the authorities too where both sides state one.

    A study instance UID is unique without an authority: dcm4chee writes none, French documents do. So the side that
    states none does not narrow the match.
    """
    c = schema.REFERENCE_IDS.c
    asked = [_reference(value) for value in values]
    anyones = [(one.value, one.type_code) for one in asked if not one.authority]
    qualified = [(one.value, one.type_code, stated) for one in asked if one.authority for stated in (one.authority, "")]
    # Lists rather than a chain of OR, whose depth SQLite limits.
    return sa.or_(
        sa.tuple_(c.value, c.type_code).in_(anyones), sa.tuple_(c.value, c.type_code, c.authority).in_(qualified)
    )


def _reference(text: str) -> ReferenceId:
    try:
        reference = ReferenceId.parse(text)
    except ValueError:
        raise _bad_reference() from None
    stated = text.split("^")[3]
    if stated and forms.authority(stated, "CXi.4"):
        raise _bad_reference()
    return reference


def _bad_reference() -> QueryError:
    return QueryError(
        "XDSStoredQueryParamNumber", f"{_ENTRY}ReferenceIdList holds a value that is not id^^^&OID&ISO^type"
    )


_QUERIES: Mapping[str, Callable[[StoredQuery], Iterator[_Condition]]] = {
    queries.FIND_DOCUMENTS: _find_documents,
    queries.FIND_DOCUMENTS_BY_REFERENCE_ID: _find_documents_by_reference_id,
    queries.GET_DOCUMENTS: _get_documents,
}
