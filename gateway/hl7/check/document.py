"""The transmission of a CDA document: the three flags, the document's type, its references.

Source: CI-SIS "Transmission de document(s) CDA en HL7v2" 2.1: "Le segment ORC", "Les métadonnées du document", "Les
données concernant la demande de traitement".
"""

from __future__ import annotations

from gateway import valuesets
from gateway.hl7 import profiles
from gateway.hl7.check.case import Case, Document
from gateway.hl7.er7 import Segment
from gateway.hl7.order_groups import of
from gateway.hl7.profiles.common import CDA
from gateway.hl7.profiles.document import is_document, is_statement
from gateway.model.codes import LOINC
from gateway.model.finding import Severity
from gateway.model.identifiers import is_root, is_uid

_MOST_DOCUMENTS = {"ORU": 2, "MDM": 1}


def trio(case: Case) -> None:
    """ORC-1, OBX-11 of each document and, for MDM, the event: they agree or the message is refused."""
    source = f"{CDA}, segment ORC"
    event = case.message.header.text(9, 2)
    by_control = {flags.order_control: flags for flags in profiles.ACTIONS.values()}
    for order in case.orders:
        flags = by_control.get(order[0].text(1))
        if flags is None:
            continue
        if event in {known.mdm_event for known in by_control.values()} and event != flags.mdm_event:
            case.say("trio", order[0], 1, err3="103", source=source, value=f"{flags.order_control} / {event}")
        for row in (row for row in order if row.name == "OBX" and is_document(row)):
            status = row.text(11)
            if status in {known.result_status for known in by_control.values()} and status != flags.result_status:
                case.say("trio", row, 11, err3="103", source=source, value=f"{flags.order_control} / {status}")
    if len({order[0].text(1) for order in case.orders}) > 1:
        case.say("trio", case.orders[1][0], 1, err3="103", source=source)


def document_type(case: Case) -> None:
    """OBR-4 is of the value set of document types, OBX-3 repeats it, TXA-2 and the document say the same."""
    source = f"{CDA}, segment OBR"
    for order in case.orders:
        request = of(order, "OBR")
        if request is None:
            continue
        code, system = request.text(4), request.text(4, 3)
        _of_value_set(case, request, code, system)
        for row in (row for row in order if row.name == "OBX" and is_document(row)):
            if code and (row.text(3) != code or row.text(3, 3) not in ("", system)):
                case.say(
                    "type-differs", row, 3, err3="103", source=f"{CDA}, OBX-3 = OBR-4", value=row.text(3), expected=code
                )
        transcription = case.message.first("TXA")
        if transcription and transcription.text(2) and code and transcription.text(2) != code:
            case.say(
                "type-differs", transcription, 2, err3="103", source=source, value=transcription.text(2), expected=code
            )
    for document in case.documents:
        report = document.report
        code = document.row.text(3)
        if report and code and report.code.code and report.code.code != code:
            case.say("type-differs", document.row, 3, err3="103", source=source, value=code, expected=report.code.code)


def _of_value_set(case: Case, request: Segment, code: str, system: str) -> None:
    types = valuesets.load(valuesets.TYPE)
    if code and code not in types:
        case.say("type-unknown", request, 4, component=1, err3="103", source="JDV_J07-XdsTypeCode-CISIS", value=code)
    elif code and system in ("LN", "TRE_A05"):
        expected = "LN" if types.code(code).system == LOINC else "TRE_A05"
        if system != expected:
            case.say(
                "value",
                request,
                4,
                component=3,
                err3="103",
                source="JDV_J07-XdsTypeCode-CISIS",
                value=system,
                expected=expected,
            )


def documents(case: Case) -> None:
    """One document, or two in an ORU: level 1 and level 3 of the same report, first of all the observations."""
    source = f"{CDA}, profil du message"
    most = _MOST_DOCUMENTS.get(case.message.header.text(9), 2)
    rows = [document.row for document in case.documents]
    if not rows:
        case.say("document-missing", "OBX^1^5", err3="101", source=source)
        return
    for row in rows[most:]:
        case.say("document-too-many", row, 5, err3="198", source=source, value=str(len(rows)), expected=str(most))
    for order in case.orders:
        seen_statement = False
        for row in (row for row in order if row.name == "OBX"):
            seen_statement = seen_statement or is_statement(row)
            if seen_statement and is_document(row):
                case.say("document-not-first", row, err3="100", source=source)
    levels = [document.report.level for document in case.documents if document.report]
    if len(levels) == 2 and levels[0] == levels[1]:
        case.say("document-levels", rows[1], 5, severity=Severity.WARNING, err3="198", source=source)
    ids = [document.report.identifier for document in case.documents if document.report]
    if len(set(ids)) < len(ids):
        case.say("document-same-id", rows[1], 5, err3="198", source=source)


def transcription(case: Case) -> None:
    """TXA-12 and TXA-13 are ``root`` or ``extension^^root^ISO``; TXA-13 on a replacement; both as the document says."""
    row = case.message.first("TXA")
    if row is None:
        return
    event = case.message.header.text(9, 2)
    source = f"{CDA}, segment TXA, note 1"
    if event == "T10" and not row.text(13):
        case.say("field-required", row, 13, err3="101", source=source)
    if event == "T02" and row.text(13):
        case.say("parent-unexpected", row, 13, err3="199", source=source)
    for number in (12, 13):
        if row.text(number):
            _entity(case, row, number, source)
    if row.text(13) and _named(row, 12) == _named(row, 13):
        case.say("parent-itself", row, 13, err3="103", source=source)
    for document in case.documents[:1]:
        _same_documents(case, row, document, source)


def _entity(case: Case, row: Segment, number: int, source: str) -> None:
    first, root, kind = row.text(number), row.text(number, 3), row.text(number, 4)
    if root or kind:
        if not is_root(root):
            case.say("type-oid", row, number, component=3, err3="102", source=source)
        if kind != "ISO":
            case.say("value", row, number, component=4, err3="103", source=source, value=kind, expected="ISO")
    elif not is_root(first):
        case.say("type-oid", row, number, component=1, err3="102", source=source)
    elif not is_uid(first):
        case.say("type-oid", row, number, component=1, severity=Severity.WARNING, err3="102", source=source)


def _named(row: Segment, number: int) -> str:
    first, root = row.text(number), row.text(number, 3)
    return f"{root}^{first}" if root else first


def _same_documents(case: Case, row: Segment, document: Document, source: str) -> None:
    if document.report is None:
        return
    identifier = document.report.identifier.unique_id
    if row.text(12) and _named(row, 12) != identifier:
        case.say("document-id-differs", row, 12, err3="207", err5="906", source=source, expected=identifier)
    parents = {r.identifier.unique_id for r in document.report.related if r.type_code == "RPLC"}
    if row.text(13) and case.message.header.text(9, 2) != "T02" and parents and _named(row, 13) not in parents:
        case.say("parent-differs", row, 13, err3="207", err5="900", source=source, expected=", ".join(sorted(parents)))
