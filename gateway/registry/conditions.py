"""What a parameter of a stored query asks of a row (ITI TF-2 sections 3.18.4.1.2.3.5 and 3.18.4.1.2.3.7).

Values of one slot mean OR, a repeated slot means AND, and parameters among each other AND. ``From`` is inclusive,
``To`` exclusive. An object that lacks the attribute a parameter asks for does not match. A value is always a bound
parameter of the statement, never a part of it. :mod:`gateway.xds.queries` has checked cardinality and form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import sqlalchemy as sa

from gateway.model.codes import Code
from gateway.model.document import DOCUMENT_OFFLINE, DOCUMENT_ONLINE, STABLE, ReferenceId
from gateway.registry import forms, schema
from gateway.xds._query_definitions import ENTRY, FOLDER, SUBMISSION_SET
from gateway.xds.queries import QueryError, StoredQuery

MAXIMUM_PATTERNS = 100
"""Patterns of AuthorPerson: a chain of OR, whose depth SQLite limits."""
_ESCAPE = "\x01"  # LIKE has no escape in XDS: this character cannot stand in XML

Condition = sa.ColumnElement[bool]
_Columns = tuple[sa.ColumnElement[str], sa.ColumnElement[str]]

_E, _S, _F = schema.ENTRIES.c, schema.SUBMISSION_SETS.c, schema.FOLDERS.c
_SINGLE_CODES: Mapping[str, _Columns] = {
    "ClassCode": (_E.class_code, _E.class_system),
    "TypeCode": (_E.type_code, _E.type_system),
    "FormatCode": (_E.format_code, _E.format_system),
    "HealthcareFacilityTypeCode": (_E.facility_code, _E.facility_system),
    "PracticeSettingCode": (_E.practice_code, _E.practice_system),
}
_REPEATED_CODES = {"EventCodeList": "event", "ConfidentialityCode": "confidentiality"}
_TIMES = {
    "CreationTime": _E.creation_time,
    "ServiceStartTime": _E.service_start_time,
    "ServiceStopTime": _E.service_stop_time,
}


def of_entries(query: StoredQuery) -> Iterator[Condition]:
    """FindDocuments: every parameter but the level."""
    yield from _patients(query, ENTRY + "PatientId", _E.patient_key)
    yield from _beside_the_patient(query)


def _beside_the_patient(query: StoredQuery) -> Iterator[Condition]:
    yield _E.status.in_(query.values(ENTRY + "Status"))
    yield from contents(query)
    for name in ("ClassCode", "TypeCode", "HealthcareFacilityTypeCode", "PracticeSettingCode"):
        yield from _single_code(query, name)
    yield from _repeated_code(query, "EventCodeList")
    for name, column in _TIMES.items():
        yield from _between(query, ENTRY + name, column)
    yield from _authors(query, ENTRY + "AuthorPerson", schema.AUTHORS, _E.id)
    if availabilities := query.values(ENTRY + "DocumentAvailability"):
        stated = [*availabilities, *([""] if DOCUMENT_ONLINE in availabilities else [])]
        yield _E.availability.in_(stated)


def of_entries_by_reference_id(query: StoredQuery) -> Iterator[Condition]:
    """FindDocumentsByReferenceId.

    The first group of references leads: an accession number names a few entries, a patient may have thousands. So the
    patient's condition is written such that no index serves it (the key with nothing behind it is no column).
    """
    first, *others = query.groups(ENTRY + "ReferenceIdList")
    found = sa.select(schema.REFERENCE_IDS.c.owner).where(_any_reference(first))
    yield _E.id.in_(found)
    for group in others:
        yield _has(schema.REFERENCE_IDS, _E.id, _any_reference(group))
    yield from _patients(query, ENTRY + "PatientId", _E.patient_key.concat(""))
    yield from _beside_the_patient(query)


def contents(query: StoredQuery) -> Iterator[Condition]:
    """What narrows the documents of a patient, a submission set or a folder; stable ones when no type is asked for."""
    yield from of_type(query)
    yield from _single_code(query, "FormatCode")
    yield from _repeated_code(query, "ConfidentialityCode")


def of_type(query: StoredQuery) -> Iterator[Condition]:
    """``$XDSDocumentEntryType``: stable documents unless it says otherwise."""
    yield _E.object_type.in_(query.values(ENTRY + "Type") or (STABLE,))


def of_submission_sets(query: StoredQuery) -> Iterator[Condition]:
    """FindSubmissionSets."""
    yield from _patients(query, SUBMISSION_SET + "PatientId", _S.patient_key)
    yield _S.status.in_(query.values(SUBMISSION_SET + "Status"))
    if sources := query.values(SUBMISSION_SET + "SourceId"):
        yield _S.source_id.in_(sources)
    yield from _between(query, SUBMISSION_SET + "SubmissionTime", _S.submission_time)
    yield from _authors(query, SUBMISSION_SET + "AuthorPerson", schema.SET_AUTHORS, _S.id)
    for group in query.codes(SUBMISSION_SET + "ContentType"):
        yield _any_code((_S.content_type_code, _S.content_type_system), group)


def of_folders(query: StoredQuery) -> Iterator[Condition]:
    """FindFolders."""
    yield from _patients(query, FOLDER + "PatientId", _F.patient_key)
    yield _F.status.in_(query.values(FOLDER + "Status"))
    yield from _between(query, FOLDER + "LastUpdateTime", _F.last_update_time)
    codes = schema.FOLDER_CODES
    for group in query.codes(FOLDER + "CodeList"):
        yield _has(codes, _F.id, _any_code((codes.c.code, codes.c.system), group))


def patient_key(query: StoredQuery, name: str) -> str:
    """What the parameter *name* says of the one patient, as it is compared; raises as :func:`_key`."""
    return _key(name, query.one(name))


def latest_entries() -> tuple[Condition, ...]:
    """What metadata level 1 shows of document entries: the latest version, online."""
    return (_E.latest, _E.availability != DOCUMENT_OFFLINE)


def _key(name: str, patient: str) -> str:
    """Raises QueryError (XDSStoredQueryParamNumber) for a CX without its authority: nothing found would be the wrong
    answer."""
    if forms.cx(patient):
        raise QueryError("XDSStoredQueryParamNumber", f"{name} is not id^^^&OID&ISO")
    return forms.patient_key(patient)


def _patients(query: StoredQuery, name: str, column: sa.ColumnElement[str]) -> Iterator[Condition]:
    """The one patient of ITI-18, any of those of ITI-51, or everybody where that names none."""
    keys = {_key(name, patient) for patient in query.values(name)}
    if len(keys) == 1:
        yield column == next(iter(keys))
    elif keys:
        yield column.in_(sorted(keys))


def _single_code(query: StoredQuery, name: str) -> Iterator[Condition]:
    for group in query.codes(ENTRY + name):
        yield _any_code(_SINGLE_CODES[name], group)


def _repeated_code(query: StoredQuery, name: str) -> Iterator[Condition]:
    c = schema.CODES.c
    for group in query.codes(ENTRY + name):
        yield _has(schema.CODES, _E.id, c.attribute == _REPEATED_CODES[name], _any_code((c.code, c.system), group))


def _between(query: StoredQuery, name: str, column: sa.ColumnElement[str]) -> Iterator[Condition]:
    if start := query.one(f"{name}From"):
        yield column >= _moment(f"{name}From", start)
    if end := query.one(f"{name}To"):
        yield column < _moment(f"{name}To", end)


def _moment(name: str, dtm: str) -> str:
    """Raises QueryError (XDSStoredQueryParamNumber) for a date that does not exist."""
    if forms.dtm(dtm):
        raise QueryError("XDSStoredQueryParamNumber", f"{name} is a date or time that does not exist")
    return forms.full_time(dtm)


def _authors(query: StoredQuery, name: str, table: sa.Table, owner: sa.ColumnElement[int]) -> Iterator[Condition]:
    persons = query.values(name)
    if len(persons) > MAXIMUM_PATTERNS:
        raise QueryError("XDSStoredQueryParamNumber", f"{name} holds more than {MAXIMUM_PATTERNS}")
    if persons:
        patterns = (table.c.person.like(person.casefold(), escape=_ESCAPE) for person in persons)
        yield _has(table, owner, sa.or_(*patterns))


def _any_code(columns: _Columns, codes: Sequence[Code]) -> Condition:
    return sa.tuple_(*columns).in_([(code.code, code.system) for code in codes])


def _has(table: sa.Table, owner: sa.ColumnElement[int], *conditions: Condition) -> Condition:
    """Whether the object has a row in *table* that satisfies all *conditions*."""
    return sa.exists().where(table.c.owner == owner, *conditions)


def _any_reference(values: Sequence[str]) -> Condition:
    """Id and type are equal, and the authorities too where both sides state one.

    A study instance UID is unique without an authority: dcm4chee writes none, French documents do. So the side that
    states none does not narrow the match.
    """
    c = schema.REFERENCE_IDS.c
    asked = [reference(value) for value in values]
    anyones = [(one.value, one.type_code) for one in asked if not one.authority]
    qualified = [(one.value, one.type_code, stated) for one in asked if one.authority for stated in (one.authority, "")]
    # Lists rather than a chain of OR, whose depth SQLite limits. It finds no index for a list of rows: the list of
    # ids beside it does.
    matches = []
    if anyones:
        matches.append(sa.tuple_(c.value, c.type_code).in_(anyones))
    if qualified:
        matches.append(sa.tuple_(c.value, c.type_code, c.authority).in_(qualified))
    return sa.and_(c.value.in_({one.value for one in asked}), sa.or_(*matches))


def reference(text: str) -> ReferenceId:
    """A reference id that is looked for; raises QueryError (XDSStoredQueryParamNumber) for what is no CXi."""
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
        "XDSStoredQueryParamNumber", f"{ENTRY}ReferenceIdList holds a value that is not id^^^&OID&ISO^type"
    )
