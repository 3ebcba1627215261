"""PRT: who sends the document, whom it goes to, where answers go.

Source: CI-SIS "Transmission de document(s) CDA en HL7v2" 2.1, segments PRT.
"""

from __future__ import annotations

import re

from gateway.hl7.check.case import Case
from gateway.hl7.check.identity import is_national
from gateway.hl7.er7 import Segment
from gateway.hl7.profiles.common import CDA, PROFESSIONAL_ID, structure_number
from gateway.hl7.profiles.document import is_document
from gateway.model.finding import Severity
from gateway.model.identifiers import INS_OIDS, ORGANIZATION_OID, PROFESSIONAL_OID, ins_key_is_right

_NATIONAL = frozenset({"IDNPS", "RPPS", "ADELI"})
_MAILBOXES = re.compile(r"[^@\s]+@([a-z0-9-]+\.)*mssante\.fr", re.IGNORECASE | re.ASCII)
"""Addresses of the secure mail (MSSanté): all are under one domain."""
_ORDER = ("SB", "RCT", "REPLY")
"""PRT-4, as the tables follow one another."""
_RECIPIENT = f"{CDA}, segment PRT destinataire"


def participations(case: Case) -> None:
    """PRT stands behind the document; publishing needs a sender, sending needs an address."""
    yes = {row.text(3) for row in case.message.all("OBX") if not is_document(row) and row.text(5) == "Y"}
    kinds: set[str] = set()
    for carrier, rows in _by_observation(case):
        if carrier is not None and not is_document(carrier):
            for row in rows:
                case.say("participation-place", row, err3="100", source=f"{CDA}, note 1")
        _of_one_document(case, rows)
        kinds.update(row.text(4) for row in rows)
    severity = Severity.WARNING if case.is_first_edition else Severity.ERROR
    for rule, wanted, kind, source in (
        ("sender-missing", {"DESTDMP"}, "SB", f"{CDA}, segment PRT expéditeur"),
        ("recipient-missing", {"DESTMSSANTEPS", "DESTMSSANTEPAT"}, "RCT", _RECIPIENT),
    ):
        if yes & wanted and kind not in kinds:
            case.say(rule, "PRT^1", severity=severity, err3="100", source=source, segment="PRT")


def _by_observation(case: Case) -> list[tuple[Segment | None, list[Segment]]]:
    """The PRT behind each OBX; before the first one, behind none."""
    found: list[tuple[Segment | None, list[Segment]]] = [(None, [])]
    for segment in case.message.segments:
        if segment.name == "OBX":
            found.append((segment, []))
        elif segment.name == "PRT":
            found[-1][1].append(segment)
    return found


def _of_one_document(case: Case, rows: list[Segment]) -> None:
    """One sender, recipients each once, one address of reply, in this order."""
    seen: set[str] = set()
    addresses: set[str] = set()
    last = 0
    for row in rows:
        kind = row.text(4)
        if kind not in _ORDER:
            continue
        if _ORDER.index(kind) < last:
            source = f"{CDA}, segments PRT dans l'ordre indiqué"
            case.say("participation-order", row, severity=Severity.WARNING, err3="100", source=source)
        last = max(last, _ORDER.index(kind))
        if kind == "SB":
            _sender(case, row, kind in seen)
        else:
            _address(case, row)
        if kind == "REPLY" and kind in seen:
            case.say("segment-repeated", row, err3="198", source=f"{CDA}, segment PRT adresse de réponse")
        if kind == "RCT":
            _recipient(case, row)
            address = row.text(15, 4).casefold()
            if address and address in addresses:
                case.say("recipient-twice", row, 15, severity=Severity.WARNING, err3="198", source=_RECIPIENT)
            addresses.add(address)
        seen.add(kind)


def _sender(case: Case, row: Segment, again: bool) -> None:
    source = f"{CDA}, segment PRT expéditeur"
    if again:
        case.say("sender-twice", row, err3="198", source=source)
    if not row.text(5) and not row.text(10):
        case.say("sender-nobody", row, 5, err3="101", source=source)
    _structure(case, row, source)


def _structure(case: Case, row: Segment, source: str) -> None:
    number, kind = row.text(8, 10), row.text(8, 7)
    form = structure_number(kind)
    if number and form and not form.fullmatch(number):
        case.say("form", row, 8, repetition=1, component=10, err3="102", source=source, value=number)


def _recipient(case: Case, row: Segment) -> None:
    """Who is a professional, a structure, the patient, has the number and the authority of one."""
    kind, authority = row.text(5, 13), row.text(5, 9, 2)
    number = row.text(5)
    if kind in _NATIONAL and number and not re.fullmatch(PROFESSIONAL_ID, number):
        case.say("form", row, 5, repetition=1, component=1, err3="102", source=_RECIPIENT)
    wanted = (PROFESSIONAL_OID,) if kind in _NATIONAL else tuple(sorted(INS_OIDS)) if kind.startswith("INS") else ()
    if authority and wanted and authority not in wanted:
        case.say(
            "value",
            row,
            5,
            repetition=1,
            component=9,
            subcomponent=2,
            err3="103",
            source=_RECIPIENT,
            value=authority,
            expected=", ".join(wanted),
        )
    if kind.startswith("INS"):
        _patient(case, row, number)
    _structure(case, row, _RECIPIENT)
    authority = row.text(8, 6, 2)
    if row.text(8, 7) in ("FINEJ", "FINEG", "IDNST") and authority not in ("", ORGANIZATION_OID):
        case.say(
            "value",
            row,
            8,
            repetition=1,
            component=6,
            subcomponent=2,
            err3="103",
            source=_RECIPIENT,
            value=authority,
            expected=ORGANIZATION_OID,
        )
    address = row.text(15, 4)
    if "@" in address and not _MAILBOXES.fullmatch(address):
        case.say("mail-address", row, 15, component=4, severity=Severity.WARNING, err3="103", source=_RECIPIENT)


def _patient(case: Case, row: Segment, number: str) -> None:
    """The patient as a recipient is the one of PID; official examples have numbers that are none."""
    patient = case.message.first("PID")
    if patient is None or not number:
        return
    stated = {patient.text(3, repetition=n) for n in patient.repetitions(3) if is_national(patient, n)}
    if not ins_key_is_right(number) or (stated and number not in stated):
        case.say("recipient-differs", row, 5, component=1, severity=Severity.WARNING, err3="207", source=_RECIPIENT)


def _address(case: Case, row: Segment) -> None:
    """PRT-15; one snippet of the guide has a separator too many, which puts it into a sixteenth field."""
    source = f"{CDA}, segment PRT-15"
    if row.text(15, 4) or row.text(15):
        return
    start, end = row.span(16)
    if start < end:
        case.say("address-shifted", row, 16, severity=Severity.WARNING, err3="199", source=source)
    else:
        case.say("field-required", row, 15, err3="101", source=source)
