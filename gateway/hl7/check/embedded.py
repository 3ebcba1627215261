"""The document inside a message: readable, a CDA, about the same patient, and replacing what the message says.

Source: CI-SIS "Transmission de document(s) CDA en HL7v2" 2.1 ("Le PID-3 doit être identique aux identifiants de patient
portés par le document CDA"; replacing: relatedDocument RPLC).
"""

from __future__ import annotations

import unicodedata

from gateway.errors import GatewayError
from gateway.hl7.check.case import Case, Document
from gateway.hl7.er7 import Segment
from gateway.hl7.profiles.common import CDA
from gateway.model.finding import Severity
from gateway.model.identifiers import Identifier, is_uid
from gateway.model.people import Patient
from gateway.model.report import Report

PATIENT = f"{CDA}, PID-3 et recordTarget/patientRole/id"


def embedded_documents(case: Case) -> None:
    """Judge each document of the message."""
    for document in case.documents:
        if document.error is not None:
            _unreadable(case, document.row, document.error)
        elif document.report is not None:
            _judge(case, document, document.report)


def _unreadable(case: Case, row: Segment, error: GatewayError) -> None:
    encoding = error.code in ("hl7_base64", "hl7_encapsulation")
    if error.code == "hl7_encapsulation" or not row.text(5, 4):
        return  # told already as the value of OBX-5.4
    rule = "document-base64" if encoding else "document-unreadable"
    start, end = row.span(5, 1, 5)
    if start == end:
        return  # told already as a required field
    from gateway.texts import sentence

    fr, en = (sentence(error.code, error.facts, language) for language in ("fr", "en"))
    case.say(
        rule,
        row,
        5,
        repetition=1,
        component=5,
        err3="102" if encoding else "207",
        err5="" if encoding else "906",
        source=f"{CDA}, OBX-5.5",
        reason=f"{error.place} {en}".strip() if fr == en else f"{error.place} {fr} / {en}".strip(),
    )


def _judge(case: Case, document: Document, report: Report) -> None:
    patient = case.message.first("PID")
    if patient is not None:
        _identifiers(case, patient, report.patient)
        _traits(case, patient, report.patient)
    _lineage(case, document, report)
    _numbers(case, document, report)
    _confidentiality(case, document, report)
    if report.legal_authenticator is None:
        case.say(
            "document-unsigned",
            document.row,
            5,
            component=5,
            err3="207",
            err5="906",
            source="CI-SIS Structuration minimale, legalAuthenticator",
        )


def _identifiers(case: Case, segment: Segment, patient: Patient) -> None:
    """The same identifiers on both sides; one that only the document has is what official examples do."""
    stated = {}
    for number in segment.repetitions(3):
        root = segment.text(3, 4, 2, number)
        if is_uid(root):
            stated[Identifier(root, segment.text(3, repetition=number))] = number
    theirs = set(patient.identifiers)
    for identifier, number in stated.items():
        if identifier not in theirs:
            same_issuer = identifier.root in {each.root for each in theirs}
            case.say(
                "patient-differs",
                segment,
                3,
                repetition=number,
                component=1 if same_issuer else 4,
                err3="207",
                err5="904" if same_issuer else "902",
                source=PATIENT,
            )
    if stated and theirs - set(stated):
        case.say("patient-more", segment, 3, severity=Severity.WARNING, err3="207", source=PATIENT)


def _traits(case: Case, segment: Segment, patient: Patient) -> None:
    born = segment.text(7)[:8]
    length = min(len(born), len(patient.birth_date), 8)
    if length and born[:length] != patient.birth_date[:length]:
        case.say("patient-trait", segment, 7, err3="207", err5="904", source=PATIENT)
    if {segment.text(8), patient.sex[:1]} == {"M", "F"}:
        case.say("patient-trait", segment, 8, err3="207", err5="904", source=PATIENT)
    for component, name in ((1, patient.birth_family), (2, patient.birth_given)):
        stated = segment.text(5, component)
        if stated and name and _folded(stated) != _folded(name):
            case.say(
                "patient-trait", segment, 5, repetition=1, component=component, err3="207", err5="904", source=PATIENT
            )
    for number in segment.repetitions(11):
        place = segment.text(11, 9, repetition=number) if segment.text(11, 7, repetition=number) == "BDL" else ""
        if place and patient.birth_place and place != patient.birth_place:
            case.say(
                "patient-trait",
                segment,
                11,
                repetition=number,
                component=9,
                err3="207",
                err5="904",
                source=PATIENT,
            )


def _folded(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name).upper()
    return "".join(letter for letter in letters if letter.isalnum())


def _lineage(case: Case, document: Document, report: Report) -> None:
    """A replacement names what it replaces, in the document; a first version names nothing."""
    status = document.row.text(11)
    replaces = [related for related in report.related if related.type_code == "RPLC"]
    source = f"{CDA}, remplacement de document"
    if status == "C" and not replaces:
        case.say("replaces-nothing", document.row, 11, err3="207", err5="900", source=source)
    if status == "F" and replaces:
        case.say("replaces-unsaid", document.row, 11, err3="207", err5="900", source=source)
    if any(related.identifier == report.identifier for related in replaces):
        case.say("replaces-itself", document.row, 5, component=5, err3="207", err5="900", source=source)


def _numbers(case: Case, document: Document, report: Report) -> None:
    """Order and accession number, which the message need not have, are those of the document under the same OID.

    A warning: between a site and a reading platform ORC-2 ties any document to the request, and an earlier report was
    made for another one.
    """
    order = next((order for order in case.orders if document.row in order), ())
    source = f"{CDA}, cohérence entre le message et le document"
    for field, stated in (
        (2, [each.placer for each in report.orders if each.placer]),
        (3, list(report.accessions)),
    ):
        for row in order:
            number, root = (row.text(field), row.text(field, 3)) if row.name in ("ORC", "OBR") else ("", "")
            known = {each.extension for each in stated if each.root == root}
            if root and number and known and number not in known:
                case.say("number-differs", row, field, severity=Severity.WARNING, err3="207", err5="906", source=source)


def _confidentiality(case: Case, document: Document, report: Report) -> None:
    """A document of raised confidentiality should not be shared (point of attention of DESTDMP)."""
    level = report.confidentiality.code if report.confidentiality else ""
    shared = any(row.text(3) == "DESTDMP" and row.text(5) == "Y" for row in case.message.all("OBX"))
    if shared and level in ("R", "V"):
        source = f"{CDA}, alimentation DMP"
        case.say("dmp-confidential", document.row, 5, component=5, severity=Severity.WARNING, err3="207", source=source)
