"""referenceIdList: the types that IHE defines, and what each wants beside the number.

Source: ITI TF-3 table 4.2.3.1.7-2 (CXi) and section 4.2.3.2.28; value set JDV_J197.
"""

from __future__ import annotations

from gateway.model.document import (
    REFERENCE_ACCESSION,
    REFERENCE_ENCOUNTER,
    REFERENCE_ORDER,
    REFERENCE_REFERRAL,
    REFERENCE_STUDY,
    REFERENCE_UNIQUE_ID,
    REFERENCE_WORKFLOW,
)
from gateway.texts.text import Text
from gateway.xds.rules import values
from gateway.xds.rules.objects import Value
from gateway.xds.rules.rule import ERROR, TF3, WARNING, Findings, rule

REFERENCE_TYPE = rule(
    "DocumentEntry.referenceIdList.type",
    WARNING,
    f"{TF3} table 4.2.3.1.7-2 (CXi.5)",
    "referenceIdList : le type (CXi.5) « {value} » n'est pas de ceux qu'IHE définit ; un type local se convient.",
    "referenceIdList: the type (CXi.5) “{value}” is not one that IHE defines; a local type must be agreed.",
)
REFERENCE_TYPE_OF_IHE = rule(
    "DocumentEntry.referenceIdList.type-ihe",
    ERROR,
    f"{TF3} table 4.2.3.1.7-2 (CXi.5)",
    "referenceIdList : CXi.5 « {value} » prend le préfixe d'IHE sans être un type d'IHE.",
    "referenceIdList: CXi.5 “{value}” takes the prefix of IHE and is no type of IHE.",
)
REFERENCE_AUTHORITY = rule(
    "DocumentEntry.referenceIdList.authority",
    WARNING,
    f"{TF3} table 4.2.3.1.7-2 (CXi.4)",
    "referenceIdList : « {value} » n'a pas d'autorité (CXi.4), dont un numéro de ce type a besoin.",
    "referenceIdList: “{value}” has no authority (CXi.4), which a number of this type needs.",
)
REFERENCE_UID = rule(
    "DocumentEntry.referenceIdList.uid",
    ERROR,
    f"{TF3} table 4.2.3.1.7-2 (CXi)",
    "referenceIdList : CXi.1 « {value} » {fault}.",
    "referenceIdList: CXi.1 “{value}” {fault}.",
)
REFERENCE_UID_AUTHORITY = rule(
    "DocumentEntry.referenceIdList.uid-authority",
    ERROR,
    f"{TF3} table 4.2.3.1.7-2 (only CXi.1 and CXi.5 shall be present)",
    "referenceIdList : « {value} » est un UID et ne porte pas d'autorité (CXi.4).",
    "referenceIdList: “{value}” is a UID and carries no authority (CXi.4).",
)
REFERENCE_TYPES = frozenset(
    {
        REFERENCE_UNIQUE_ID,
        REFERENCE_ACCESSION,
        REFERENCE_REFERRAL,
        REFERENCE_ORDER,
        REFERENCE_WORKFLOW,
        REFERENCE_STUDY,
        REFERENCE_ENCOUNTER,
    }
)
NEEDS_AUTHORITY = frozenset({REFERENCE_REFERRAL, REFERENCE_ORDER, REFERENCE_ENCOUNTER})
"""Numbers whose "assigning authority shall be present"; of an accession number it may be missing where the number is
globally unique of itself, which no reader can tell."""
_NAMES = frozenset(one.rpartition(":")[2] for one in REFERENCE_TYPES)
UIDS = frozenset({REFERENCE_STUDY, REFERENCE_WORKFLOW})


def type_fault(kind: str) -> Text | None:
    """A type (CXi.5) that is all but one of IHE's: other capitals, another year, the last word alone."""
    almost = kind in _NAMES or any(values.resembles(kind, known) for known in REFERENCE_TYPES)
    if kind in REFERENCE_TYPES or not (almost or kind.lower().startswith("urn:ihe:")):
        return None
    return values.both("a en CXi.5 un type qu'IHE ne définit pas", "has in CXi.5 a type that IHE does not define")


def asked_fault(value: str) -> Text | None:
    """What is wrong with a well-formed CXi that a query asks for: its type, or what its type wants of the number."""
    number, _, _, authority, kind = value.split("^")[:5]
    if kind in UIDS and (fault := values.oid(number)):
        return fault
    if kind in NEEDS_AUTHORITY and not authority:
        return values.both(
            "n'a pas d'autorité (CXi.4), dont un numéro de ce type a besoin",
            "has no authority (CXi.4), which a number of this type needs",
        )
    return type_fault(kind)


def check(one: Value, findings: Findings, *, french: bool) -> None:
    parts = one.text.split("^")
    number, authority, kind = parts[0], parts[3], parts[4]
    if kind not in REFERENCE_TYPES:
        broken = REFERENCE_TYPE_OF_IHE if type_fault(kind) else REFERENCE_TYPE
        severity = ERROR if french else None  # value set J197 is closed
        findings.add(broken, one.element, value=kind, attribute="DocumentEntry.referenceIdList", severity=severity)
    if kind in (REFERENCE_ACCESSION, *NEEDS_AUTHORITY) and not authority:
        severity = ERROR if french or kind in NEEDS_AUTHORITY else None
        findings.add(REFERENCE_AUTHORITY, one.element, value=one.text, severity=severity)
    if kind == REFERENCE_UNIQUE_ID and not authority:  # unique of itself, then
        alone = number.replace("\\S\\", "^").removeprefix("urn:oid:")
        if fault := values.unique_id(alone):
            findings.add(REFERENCE_UID, one.element, value=number, fault=fault)
    if kind in UIDS:
        if fault := values.oid(number):
            findings.add(REFERENCE_UID, one.element, value=number, fault=fault)
        if authority:
            # every official French sample writes a placeholder here
            severity = WARNING if french else None
            findings.add(REFERENCE_UID_AUTHORITY, one.element, value=one.text, severity=severity)
