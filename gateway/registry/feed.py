"""ITI-44, Patient Identity Feed HL7 V3, towards a Document Registry (ITI TF-2 3.44.4.1 and 3.44.4.2).

Add (PRPA_IN201301UV02) and Revise (PRPA_IN201302UV02) make the patient known; Merge (PRPA_IN201304UV02) names in
``replacementOf`` who was merged into the patient. Of the demographics nothing is read: a registry needs the identifier
alone.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from lxml import etree

from gateway.model.identifiers import Identifier, is_uid
from gateway.registry import forms
from gateway.registry.findings import quote

HL7 = "urn:hl7-org:v3"
MERGE = "PRPA_IN201304UV02"
MESSAGES = ("PRPA_IN201301UV02", "PRPA_IN201302UV02", MERGE)
RESPONSE_ACTION = f"{HL7}:MCCI_IN000002UV01"
_XSI_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_MOST = 100
"""Identifiers of one message at most."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a feed message says: identifiers as CX, and what is wrong with it."""

    patients: tuple[str, ...]
    subsumed: tuple[str, ...]
    wrong: str = ""

    @property
    def acceptable(self) -> bool:
        return not self.wrong


def read(body: etree._Element) -> Message:
    """The patients of a feed message; a message that names none, or one that is no OID and id, is wrong."""
    event = f"{{{HL7}}}controlActProcess/{{{HL7}}}subject/{{{HL7}}}registrationEvent"
    ids = list(body.iterfind(f"{event}/{{{HL7}}}subject1/{{{HL7}}}patient/{{{HL7}}}id"))
    prior = f"{event}/{{{HL7}}}replacementOf/{{{HL7}}}priorRegistration/{{{HL7}}}subject1"
    replaced = list(body.iterfind(f"{prior}/{{{HL7}}}priorRegisteredRole/{{{HL7}}}id"))
    merge = etree.QName(body).localname == MERGE
    wrong = _wrong(ids, replaced, merge=merge)
    if wrong:
        return Message((), (), wrong)
    return Message(tuple(_cx(ids)), tuple(_cx(replaced)) if merge else ())


def acknowledge(body: etree._Element, wrong: str, *, retry: bool = False) -> etree._Element:
    """The MCCI_IN000002UV01 that answers *body*: CA, CE with what is *wrong*, or CR when it may be sent again."""
    answer = etree.Element(f"{{{HL7}}}MCCI_IN000002UV01", {"ITSVersion": "XML_1.0"}, nsmap={"hl7": HL7})
    _child(answer, "id", root=f"2.25.{uuid.uuid4().int}")
    _child(answer, "creationTime", value=datetime.now(UTC).strftime("%Y%m%d%H%M%S"))
    _child(answer, "interactionId", root="2.16.840.1.113883.1.6", extension="MCCI_IN000002UV01")
    for name, code in (("processingCode", "P"), ("processingModeCode", "T"), ("acceptAckCode", "NE")):
        _child(answer, name, code=code)
    for name, kind, other in (("receiver", "RCV", "sender"), ("sender", "SND", "receiver")):
        device = _child(_child(answer, name, typeCode=kind), "device", classCode="DEV", determinerCode="INSTANCE")
        found = body.find(f"{{{HL7}}}{other}/{{{HL7}}}device/{{{HL7}}}id")
        attributes = {} if found is None else {n: found.get(n, "") for n in ("root", "extension") if found.get(n)}
        _child(device, "id", **(attributes or {"nullFlavor": "UNK"}))
    code = ("CR" if retry else "CE") if wrong else "CA"
    acknowledgement = _child(answer, "acknowledgement")
    _child(acknowledgement, "typeCode", code=code)
    answered = body.find(f"{{{HL7}}}id")
    named = {} if answered is None else {n: answered.get(n, "") for n in ("root", "extension") if answered.get(n)}
    _child(_child(acknowledgement, "targetMessage"), "id", **(named or {"nullFlavor": "UNK"}))
    if wrong:
        detail = _child(acknowledgement, "acknowledgementDetail", typeCode="E")
        _child(detail, "text").text = wrong
    return answer


def _wrong(ids: list[etree._Element], replaced: list[etree._Element], *, merge: bool) -> str:
    if not ids:
        return "the message names no patient (registrationEvent/subject1/patient/id)"
    if merge and (not replaced or len(ids) > 1):
        return "a merge names one patient, and in replacementOf the identifiers that were merged into it"
    if len(ids) + len(replaced) > _MOST:
        return f"the message names more than {_MOST} identifiers"
    for one in (*ids, *replaced):
        root, extension = one.get("root", ""), one.get("extension", "")
        if not is_uid(root) or not extension or one.get(_XSI_NIL) == "true":
            return f"the identifier {quote(extension)} of {quote(root)} is not an OID with an extension"
        if len(extension) > forms.LONGEST_VALUE - 80 or any(sign in extension for sign in "^&|~\\"):
            return f"the identifier {quote(extension)} of {quote(root)} cannot stand in a CX"
    return ""


def _cx(ids: list[etree._Element]) -> Iterator[str]:
    return (Identifier(one.get("root", ""), one.get("extension", "")).cx() for one in ids)


def _child(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{HL7}}}{name}", attributes)
