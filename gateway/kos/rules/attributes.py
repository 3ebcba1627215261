"""What must be there, level by level, as tables: attribute, type, how many items, the one value it may have.

Sources: DICOM PS3.3 A.35.4 with C.7.1.1 (Patient), C.7.2.1 (General Study), C.17.6.1 (Key Object Document Series),
C.7.5.1 (General Equipment), C.17.6.2 (Key Object Document), C.17.3 (SR Document Content), C.12.1 (SOP Common), tables
10-17, 10-18, C.17-3, C.17-3c; 8.8 (codes).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from gateway.kos import tags as t
from gateway.kos.rules.context import Context, Path, name, under
from gateway.kos.tree import Node
from gateway.model.identifiers import is_uid

CODING_SCHEME_VERSION = 0x00080103


class Row(NamedTuple):
    """One attribute of a level."""

    tag: int
    type: int
    """1: there with a value; 2: there; 3: perhaps."""
    most: int | None = None
    """Items of a sequence at most."""
    values: frozenset[str] | None = None
    """What it may say."""


def _one(tag: int, *values: str) -> Row:
    return Row(tag, 1, values=frozenset(values) if values else None)


ROOT = (
    _one(t.SOP_CLASS_UID),
    _one(t.SOP_INSTANCE_UID),
    Row(t.PATIENT_NAME, 2),
    Row(t.PATIENT_ID, 2),
    Row(t.ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE, 3, 1),
    Row(t.PATIENT_BIRTH_DATE, 2),
    Row(t.PATIENT_SEX, 2, values=frozenset(("M", "F", "O"))),
    _one(t.STUDY_INSTANCE_UID),
    Row(t.STUDY_DATE, 2),
    Row(t.STUDY_TIME, 2),
    Row(t.REFERRING_PHYSICIAN_NAME, 2),
    Row(t.STUDY_ID, 2),
    Row(t.ACCESSION_NUMBER, 2),
    Row(t.ISSUER_OF_ACCESSION_NUMBER_SEQUENCE, 3, 1),
    _one(t.MODALITY, "KO"),
    _one(t.SERIES_INSTANCE_UID),
    _one(t.SERIES_NUMBER),
    Row(t.REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE, 2, 1),
    Row(t.MANUFACTURER, 2),
    _one(t.INSTANCE_NUMBER),
    _one(t.CONTENT_DATE),
    _one(t.CONTENT_TIME),
    _one(t.CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE),
    _one(t.VALUE_TYPE, "CONTAINER"),
    Row(t.CONCEPT_NAME_CODE_SEQUENCE, 1, 1),
    _one(t.CONTINUITY_OF_CONTENT, "SEPARATE"),
    Row(t.CONTENT_TEMPLATE_SEQUENCE, 3, 1),
    _one(t.CONTENT_SEQUENCE),
)
OTHER_PATIENT_ID = (
    _one(t.PATIENT_ID),
    _one(t.TYPE_OF_PATIENT_ID, "TEXT", "RFID", "BARCODE"),
    Row(t.ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE, 3, 1),
)
REQUEST = (
    _one(t.STUDY_INSTANCE_UID),
    Row(t.REFERENCED_STUDY_SEQUENCE, 2, 1),
    Row(t.ACCESSION_NUMBER, 2),
    Row(t.ISSUER_OF_ACCESSION_NUMBER_SEQUENCE, 3, 1),
    Row(t.PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST, 2),
    Row(t.ORDER_PLACER_IDENTIFIER_SEQUENCE, 3, 1),
    Row(t.FILLER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST, 2),
    Row(t.ORDER_FILLER_IDENTIFIER_SEQUENCE, 3, 1),
    Row(t.REQUESTED_PROCEDURE_ID, 2),
    Row(t.REQUESTED_PROCEDURE_DESCRIPTION, 2),
    Row(t.REQUESTED_PROCEDURE_CODE_SEQUENCE, 2, 1),
)
STUDY = (_one(t.STUDY_INSTANCE_UID), _one(t.REFERENCED_SERIES_SEQUENCE))
SERIES = (_one(t.SERIES_INSTANCE_UID), _one(t.REFERENCED_SOP_SEQUENCE))
REFERENCE = (_one(t.REFERENCED_SOP_CLASS_UID), _one(t.REFERENCED_SOP_INSTANCE_UID))
TEMPLATE = (_one(t.MAPPING_RESOURCE, "DCMR"), _one(t.TEMPLATE_IDENTIFIER))
CODE = (_one(t.CODE_MEANING),)
CONTENT = (
    _one(t.VALUE_TYPE),
    _one(t.RELATIONSHIP_TYPE),
    Row(t.CONCEPT_NAME_CODE_SEQUENCE, 3, 1),
    Row(t.CONCEPT_CODE_SEQUENCE, 3, 1),
    Row(t.MEASURED_VALUE_SEQUENCE, 3, 1),
)
_TABLES = (ROOT, REQUEST, STUDY, SERIES, REFERENCE, TEMPLATE, CODE, CONTENT)
OWN = frozenset(row.tag for rows in _TABLES for row in rows if row.type < 3)
"""What is written as unknown (UN) by nobody who knows the object."""
DESCRIBED = tuple(_one(tag) for tag in (t.STUDY_DATE, t.STUDY_TIME, t.MANUFACTURER, t.INSTITUTION_NAME))
"""What IHE MADO wants filled beyond the standard (6.X.2.6, 6.X.2.7)."""

_CODES = frozenset(
    (
        t.CONCEPT_NAME_CODE_SEQUENCE,
        t.CONCEPT_CODE_SEQUENCE,
        t.REQUESTED_PROCEDURE_CODE_SEQUENCE,
        t.MEASUREMENT_UNITS_CODE_SEQUENCE,
        0x00081032,  # Procedure Code Sequence
    )
)
_CONCEPT = re.compile(r"[1-9][0-9]{2,14}[01]0[0-9]", re.ASCII)
_PERMUTED = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
_UNIVERSAL_TYPES = frozenset(("ISO", "DNS", "EUI64", "UUID", "URI", "X400", "X500", "HL7"))
_BY_OID = frozenset(
    (
        t.ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE,
        t.ISSUER_OF_ACCESSION_NUMBER_SEQUENCE,
        t.ORDER_PLACER_IDENTIFIER_SEQUENCE,
        t.ORDER_FILLER_IDENTIFIER_SEQUENCE,
    )
)
"""Issuers that become assigning authorities of a registry, where only OIDs are."""


def check(context: Context) -> None:
    """The levels above the evidence and the content, which have tables of their own modules."""
    root = context.root
    level(context, root, "", ROOT)
    for index, item in enumerate(root.items(t.OTHER_PATIENT_IDS_SEQUENCE)):
        level(context, item, under("", t.OTHER_PATIENT_IDS_SEQUENCE, index), OTHER_PATIENT_ID)
    for index, item in enumerate(root.items(t.REFERENCED_REQUEST_SEQUENCE)):
        path = under("", t.REFERENCED_REQUEST_SEQUENCE, index)
        level(context, item, path, REQUEST)
        for number, study in enumerate(item.items(t.REFERENCED_STUDY_SEQUENCE)):
            level(context, study, under(path, t.REFERENCED_STUDY_SEQUENCE, number), REFERENCE)
    for index, item in enumerate(root.items(t.REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE)):
        level(context, item, under("", t.REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE, index), REFERENCE)
    if root.ascii(t.INSTANCE_NUMBER).startswith("-"):
        context.say("kos-number", under("", t.INSTANCE_NUMBER), value=root.ascii(t.INSTANCE_NUMBER))
    if context.described:
        for row in DESCRIBED:
            if not root.has(row.tag):
                context.say("kos-described", under("", row.tag), name=name(row.tag))
    elif not root.has(t.INSTITUTION_NAME):
        context.say("kos-institution", under("", t.INSTITUTION_NAME))
    _codes_and_issuers(context)


def level(context: Context, node: Node, path: Path, rows: tuple[Row, ...]) -> None:
    """*node* against its table."""
    for row in rows:
        element = node.get(row.tag)
        place = under(path, row.tag)
        if element is None:
            if row.type < 3:
                context.say("kos-missing", place, name=name(row.tag), type=row.type)
            continue
        if row.type == 1 and element.empty:
            context.say("kos-empty", place, name=name(row.tag))
        elif row.most is not None and len(element.items or ()) > row.most:
            context.say("kos-items", place, name=name(row.tag), value=str(len(element.items or ())), most=row.most)
        if row.values is not None and element.items is None and not element.empty:
            value = node.ascii(row.tag)
            if value not in row.values:
                expected = " | ".join(sorted(row.values))
                context.say("kos-fixed", place, name=name(row.tag), value=value, expected=expected)


def _codes_and_issuers(context: Context) -> None:
    """Every code and every named issuer of the file, wherever it stands."""
    pending: list[tuple[Node, Path]] = [(context.root, "")]
    while pending:
        node, path = pending.pop()
        for element in node.elements:
            for index, item in enumerate(element.items or ()):
                place = under(path, element.tag, index)
                pending.append((item, place))
                if element.tag in _CODES:
                    code(context, item, place)
                elif t.UNIVERSAL_ENTITY_ID in item.by_tag or t.UNIVERSAL_ENTITY_ID_TYPE in item.by_tag:
                    _entity(context, item, place, element.tag in _BY_OID)


def code(context: Context, item: Node, path: Path) -> None:
    """Code Sequence macro (PS3.3 table 8.8-1): one kind of value, its scheme unless it is a URN, its meaning."""
    level(context, item, path, CODE)
    values = [tag for tag in (t.CODE_VALUE, t.LONG_CODE_VALUE, t.URN_CODE_VALUE) if item.has(tag)]
    if len(values) != 1:
        context.say("kos-code", under(path, t.CODE_VALUE), name=name(t.CODE_VALUE))
    elif values[0] != t.URN_CODE_VALUE and not item.has(t.CODING_SCHEME_DESIGNATOR):
        context.say("kos-code", under(path, t.CODING_SCHEME_DESIGNATOR), name=name(t.CODING_SCHEME_DESIGNATOR))
    elif item.ascii(t.CODING_SCHEME_DESIGNATOR) == "SCT" and not _is_concept(item.ascii(values[0])):
        context.say("kos-code-concept", under(path, values[0]), value=item.ascii(values[0]))


def _is_concept(value: str) -> bool:
    """Whether *value* is a concept identifier of SNOMED CT: partition 00 or 10, and the check digit of Verhoeff
    (SNOMED CT Technical Implementation Guide, SCTID)."""
    if _CONCEPT.fullmatch(value) is None:
        return False
    check = 0
    for place, digit in enumerate(reversed(value)):
        permuted = int(digit)
        for _ in range(place % 8):
            permuted = _PERMUTED[permuted]
        check = _times(check, permuted)
    return check == 0


def _times(one: int, other: int) -> int:
    """The product of two elements of the dihedral group of order 10."""
    if one < 5:
        return (one + other) % 5 + (0 if other < 5 else 5)
    return (one - other) % 5 + (5 if other < 5 else 0)


def _entity(context: Context, item: Node, path: Path, by_oid: bool) -> None:
    """HL7v2 Hierarchic Designator macro (PS3.3 table 10-17): identifier and type go together."""
    kind, value = item.ascii(t.UNIVERSAL_ENTITY_ID_TYPE), item.ascii(t.UNIVERSAL_ENTITY_ID)
    if kind != "ISO" if by_oid else kind not in _UNIVERSAL_TYPES:
        context.say("kos-fixed", under(path, t.UNIVERSAL_ENTITY_ID_TYPE), name=name(t.UNIVERSAL_ENTITY_ID_TYPE),
                    value=kind, expected="ISO")  # fmt: skip
    if not value or (kind == "ISO" and not is_uid(value)):
        context.say("kos-issuer", under(path, t.UNIVERSAL_ENTITY_ID), name=name(t.UNIVERSAL_ENTITY_ID), value=value)
