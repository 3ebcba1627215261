"""The metadata observations beside a document: masks, destinations, secure mail, what goes to the DMP.

Source: CI-SIS "Transmission de document(s) CDA en HL7v2" 2.1: "Les métadonnées DMP/MSSanté", "Règles de gestion
MSSanté".
"""

from __future__ import annotations

from gateway import valuesets
from gateway.hl7 import embedded, profiles
from gateway.hl7.check.case import Case
from gateway.hl7.check.identity import has_ins
from gateway.hl7.er7 import Segment
from gateway.hl7.profiles.common import CDA
from gateway.hl7.profiles.document import (
    COMMENT_KINDS,
    MAILS,
    REQUIRED_STATEMENTS,
    STATEMENTS,
    WANTED_STATEMENTS,
    is_document,
)
from gateway.model.finding import Severity


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
        code = case.statement_of(row)
        if code not in STATEMENTS:
            known_system = row.text(3, 3) in (profiles.METADATA_SYSTEM, "") and not case.older
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
            wanted = code in REQUIRED_STATEMENTS and not case.is_first_edition
            severity = Severity.ERROR if wanted else Severity.WARNING
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
    said = {case.statement_of(row): row for row in case.message.all("OBX") if not is_document(row)}
    yes = {code for code, row in said.items() if row.text(5) == "Y"}
    source = f"{CDA}, règles de gestion MSSanté"
    if "DESTMSSANTEPAT" in yes and "INVISIBLE_PATIENT" in yes:
        case.say("mail-invisible", said["DESTMSSANTEPAT"], 5, err3="103", source=source)
    elif "DESTMSSANTEPS" in yes and "MASQUE_PS" in yes:
        case.say("mail-masked", said["DESTMSSANTEPS"], 5, err3="103", source=source)
    elif yes & {"DESTMSSANTEPS", "DESTMSSANTEPAT"} and not _in_matrix(yes):
        row = said["DESTMSSANTEPS"] if "DESTMSSANTEPS" in yes else said["DESTMSSANTEPAT"]
        # Official examples write to professionals alone whether or not something is hidden from the patient's side,
        # and to the patient alone what goes to the DMP too.
        official = "DESTMSSANTEPAT" not in yes or _in_matrix(yes - {"DESTDMP"})
        severity = Severity.WARNING if official else Severity.ERROR
        case.say("mail-matrix", row, 5, severity=severity, err3="103", source=source)
    if "DESTDMP" in yes:
        _shared(case, said["DESTDMP"])
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


def _shared(case: Case, row: Segment) -> None:
    """What goes to the DMP (*row*: DESTDMP) has a national identity, and is of a type that the DMP takes."""
    if not has_ins(case.message.first("PID")):
        case.say("dmp-without-ins", row, 5, err3="101", err5="903", source=f"{CDA}, alimentation DMP")
    taken, known = valuesets.load(valuesets.DMP_TYPE), valuesets.load(valuesets.TYPE)
    for request in case.message.all("OBR"):
        code = request.text(4)
        if code in known and code not in taken:
            case.say("dmp-type", request, 4, repetition=1, component=1, err3="103", source=taken.name, value=code)


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
