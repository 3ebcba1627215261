"""The transmission of a CDA document: the three flags, the observations, the document's references.

Source: CI-SIS "Transmission de document(s) CDA en HL7v2" 2.1: "Le segment ORC", "Les métadonnées du document", "Les
données concernant la demande de traitement", "Règles de gestion MSSanté".
"""

from __future__ import annotations

from gateway import valuesets
from gateway.hl7 import embedded, profiles
from gateway.hl7.check.case import Case, Document
from gateway.hl7.check.identity import has_ins
from gateway.hl7.er7 import Segment
from gateway.hl7.order_groups import of
from gateway.hl7.profiles.common import CDA
from gateway.hl7.profiles.document import (
    ALIASES,
    COMMENT_KINDS,
    MAILS,
    REQUIRED_STATEMENTS,
    STATEMENTS,
    WANTED_STATEMENTS,
    is_document,
    is_statement,
)
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
            if code and (row.text(3), row.text(3, 3)) != (code, system):
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


def statements(case: Case) -> None:
    """Each metadata observation once, in the order of the profile; nothing of that system beside.

    A second document in an order of its own may have them again, as long as they say the same.
    """
    source = f"{CDA}, métadonnées complémentaires (OBX)"
    rows: dict[str, Segment] = {}
    before: dict[str, Segment] = {}
    last = -1
    for row in (segment for segment in case.message.segments if segment.name in ("ORC", "OBX")):
        if row.name == "ORC":
            before |= rows
            rows, last = {}, -1
        if row.name == "ORC" or is_document(row):
            continue
        code = ALIASES.get(row.text(3), row.text(3))
        if code not in STATEMENTS:
            known_system = row.text(3, 3) in (profiles.METADATA_SYSTEM, "")
            case.say(
                "statement-unknown",
                row,
                3,
                component=1,
                err3="103",
                source=source,
                value=row.text(3),
                severity=Severity.ERROR if known_system else Severity.WARNING,
            )
            continue
        if code != row.text(3):
            case.say(
                "value",
                row,
                3,
                component=1,
                severity=Severity.WARNING,
                err3="103",
                source=source,
                value=row.text(3),
                expected=code,
            )
        if code in rows or (code in before and before[code].text(5) != row.text(5)):
            case.say("statement-twice", row, 3, err3="198", source=source, value=code)
            continue
        rows[code] = row
        if STATEMENTS.index(code) < last:
            case.say("statement-order", row, 3, err3="100", source=source, value=code)
        last = max(last, STATEMENTS.index(code))
    rows |= before
    for code in (*REQUIRED_STATEMENTS, *WANTED_STATEMENTS):
        if code not in rows:
            severity = Severity.ERROR if code in REQUIRED_STATEMENTS else Severity.WARNING
            case.say(
                "statement-missing",
                f"OBX {code}",
                err3="100",
                severity=severity,
                source=source,
                segment="OBX",
                value=code,
            )


def mail(case: Case) -> None:
    """Destinations need an address or an identity; what the matrix of combinations does not list."""
    said = {ALIASES.get(row.text(3), row.text(3)): row for row in case.message.all("OBX") if not is_document(row)}
    yes = {code for code, row in said.items() if row.text(5) == "Y"}
    source = f"{CDA}, règles de gestion MSSanté"
    if "DESTMSSANTEPAT" in yes and "INVISIBLE_PATIENT" in yes:
        case.say("mail-invisible", said["DESTMSSANTEPAT"], 5, err3="103", source=source)
    elif "DESTMSSANTEPS" in yes and "MASQUE_PS" in yes:
        case.say("mail-masked", said["DESTMSSANTEPS"], 5, err3="103", source=source)
    elif yes & {"DESTMSSANTEPS", "DESTMSSANTEPAT"} and not _in_matrix(yes):
        row = said["DESTMSSANTEPS"] if "DESTMSSANTEPS" in yes else said["DESTMSSANTEPAT"]
        # Official examples write to professionals alone whether or not something is hidden from the patient's side.
        severity = Severity.ERROR if "DESTMSSANTEPAT" in yes else Severity.WARNING
        case.say("mail-matrix", row, 5, severity=severity, err3="103", source=source)
    if "DESTDMP" in yes and not has_ins(case.message.first("PID")):
        case.say("dmp-without-ins", said["DESTDMP"], 5, err3="101", err5="903", source=f"{CDA}, alimentation DMP")
    if "MODIF_CONF_CODE" in yes and any(order[0].text(1) == "NW" for order in case.orders):
        case.say(
            "mask-change-new",
            said["MODIF_CONF_CODE"],
            5,
            severity=Severity.WARNING,
            err3="103",
            source=f"{CDA}, MODIF_CONF_CODE",
        )
    for code in MAILS:
        if code in said:
            _mail_body(case, said[code])
    _replies(case)


def _replies(case: Case) -> None:
    """A comment under DESTMSSANTEPAT whose kind is FIN: the patient may not reply."""
    carrier = ""
    for segment in case.message.segments:
        carrier = segment.text(3) if segment.name == "OBX" else carrier
        kind = segment.text(4) if segment.name == "NTE" and carrier == "DESTMSSANTEPAT" else ""
        if kind and kind not in ("FIN", *COMMENT_KINDS):
            source = f"{CDA}, DESTMSSANTEPAT, NTE-4"
            case.say(
                "value", segment, 4, repetition=1, component=1, err3="103", source=source, value=kind, expected="FIN"
            )


def _mail_body(case: Case, row: Segment) -> None:
    if row.text(5, 4).upper() != "BASE64":
        return
    try:
        embedded.decoded(row.text(5, 5).encode())
    except ValueError:
        case.say(
            "mail-base64", row, 5, component=5, severity=Severity.WARNING, err3="102", source=f"{CDA}, corps du mail"
        )


def _in_matrix(yes: set[str]) -> bool:
    masked, patient, legal = (code in yes for code in ("MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REP_LEGAUX"))
    match ("DESTMSSANTEPS" in yes, "DESTMSSANTEPAT" in yes):
        case (True, True):
            return not (masked or patient or legal)
        case (True, False):
            return not masked and patient and not legal
        case _:
            return not patient and "CONNEXION_SECRETE" not in yes and "DESTDMP" not in yes


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
