"""The other messages: images that changed (OMI^O23), acknowledgements (ACK, ZAM), identities (ADT).

Sources: DRIM-M, OMI^O23 "Modification Examen Imagerie" (one message, no guide: what it lacks is a warning); CI-SIS
"Transmission de document(s) CDA en HL7v2" 2.1, acknowledgement and business receipts; CI-SIS "Téléradiologie",
acknowledgement; IHE ITI TF-2 3.30 (ITI-30) with the national extension France 2.11.
"""

from __future__ import annotations

from gateway.hl7.profiles.common import CDA, COUNTRY, DRIM, OTHER_PATIENT_CLASSES, PAM, PATIENT_CLASSES, header
from gateway.hl7.profiles.document import PROFILE
from gateway.hl7.profiles.grammar import Profile, Section, asked, said
from gateway.model.finding import Severity

_WARN = Severity.WARNING
IMAGE_CHANGE = "Modification Examen Imagerie"
"""OBX-3.2."""

ORDER_STATUSES = ("A", "CA", "CM", "DC", "ER", "HD", "IP", "RP", "SC")
"""ORC-5 (table 0038)."""
STATUSES = ("C", "D", "F", "I", "N", "O", "P", "R", "S", "U", "W", "X")
"""OBX-11 (table 0085)."""

OMI_CHANGE = Profile(
    name="drim-omi-o23",
    title_fr="DRIM-M, modification d'un examen d'imagerie (OMI^O23)",
    title_en="DRIM-M, an imaging examination has changed (OMI^O23)",
    structure="MSH [{SFT}] [{NTE}] PID [PD1] [{NTE}] [PV1 [PV2]] {ORC [{TQ1 [{TQ2}]}] OBR [{NTE}] {OBX [{NTE}]} {IPC}}",
    structure_source=DRIM,
    source=DRIM,
    national=False,
    rules=("identity", "number_kinds", "dates", "order_pairs", "image_change"),
    sections=(
        Section(
            segment="MSH",
            source=DRIM,
            fields=(
                *(asked(path) for path in ("3", "4", "5", "6", "7", "9", "11", "12")),
                asked("10", like=r".{1,199}"),
                asked("9.1", "R", "OMI", err3="200"),
                asked("9.2", "R", "O23", err3="201"),
                asked("9.3", "R", "OMI_O23", err3="200"),
                asked("11.1", "R", "P", "T", "D", err3="202"),
                asked("12.1", "R", "2.5.1", tolerated=("2.5", "2.6"), err3="203"),
                asked("17", "O", COUNTRY),
                asked("18", "R", "UNICODE UTF-8", "8859/15", "8859/1", severity=_WARN, first_only=True),
                asked("21", severity=_WARN),
            ),
        ),
        Section(
            segment="PID",
            source=DRIM,
            fields=(
                asked("3"),
                asked("3.1"),
                asked("3.4"),
                asked("5"),
                asked("5.1", first_only=True),
                asked("7", severity=_WARN),
                asked("8", "R", "F", "M", "U", "A", "N", "O"),
                asked("32", severity=_WARN),
            ),
        ),
        Section(
            segment="PV1",
            source=DRIM,
            fields=(asked("2", "R", *PATIENT_CLASSES, tolerated=OTHER_PATIENT_CLASSES),),
        ),
        Section(
            segment="ORC",
            source=DRIM,
            fields=(
                asked("5", "O", *ORDER_STATUSES),
                asked("1", "R", "NW", "XO", "SC", "SR", "CA", "OC"),
                asked("2"),
                asked("2.3", severity=_WARN),
            ),
        ),
        Section(segment="OBR", source=DRIM, fields=(asked("2", severity=_WARN), asked("4"), asked("4.1"))),
        Section(
            segment="OBX",
            source=DRIM,
            fields=(asked("2"), asked("3"), asked("3.3", severity=_WARN), asked("11", "R", *STATUSES)),
        ),
        Section(
            segment="IPC",
            source=DRIM,
            fields=(
                asked("1"),
                asked("1.1"),
                asked("1.3", severity=_WARN),
                asked("2", severity=_WARN),
                asked("3"),
                asked("3.1", like=r"[0-2](\.(0|[1-9][0-9]*))+"),
                asked("5", severity=_WARN),
            ),
        ),
    ),
)

_ADT_EVENTS = ("A01", "A03", "A04", "A08", "A31", "A40", "A47")
ACK_EVENTS = ("R01", "T02", "T04", "T10", "O01", "O23", "Z01", "Z02", "Z03", *_ADT_EVENTS)
CONDITIONS = ("100", "101", "102", "103", "198", "199", "200", "201", "202", "203", "207")
TEXTS_0357 = {
    "segment sequence error": "100",
    "required field missing": "101",
    "data type error": "102",
    "table value not found": "103",
    "non-conformant cardinality": "198",
    "other hl7 error": "199",
    "unsupported message type": "200",
    "unsupported event code": "201",
    "unsupported processing id": "202",
    "unsupported processing": "202",
    "unsupported version id": "203",
    "unsupported version": "203",
    "application internal error": "207",
    "application error": "207",
}
"""ERR-3.2 in small letters: the standard's words (table 0357), and the guide's."""
_TOLERATED_CONDITIONS = ("204", "205", "206")
ACK = Profile(
    name="ack",
    title_fr="Acquittement (ACK)",
    title_en="Acknowledgement (ACK)",
    structure="MSH [{SFT}] [UAC] MSA [{ERR}]",
    structure_source=f"{CDA}, profil du message ACK",
    source=CDA,
    rules=("acknowledgement",),
    sections=(
        header(f"{CDA}, acquittement, segment MSH", "ACK", ACK_EVENTS, "ACK", ("2.5", "2.5.1", "2.6"), None),
        Section(segment="MSA", source=f"{CDA}, segment MSA", fields=(asked("1", "R", "AA", "AE", "AR"), asked("2"))),
        Section(
            segment="ERR",
            source=f"{CDA}, segment ERR",
            fields=(
                asked("2", "O"),
                asked("2.1", like=r"[A-Z][A-Z0-9]{2}"),
                *(asked(f"2.{part}", "O", like=r"[0-9]{1,6}") for part in range(2, 7)),
                asked("3"),
                asked("3.1", "R", *CONDITIONS, tolerated=_TOLERATED_CONDITIONS),
                asked("3.3", "R", "messageErrorCondition", tolerated=("HL70357",)),
                asked("3.2", severity=_WARN),
                asked("4", "R", "E", "F", "I", "W"),
                asked("5", "O"),
                asked("5.1", like=r"90[0-6]"),
                asked("5.3", "R", "applicationErrorCondition", tolerated=("HL70533", "applicationErrorCode")),
            ),
        ),
    ),
)

STATUS_BY_EVENT = {"Z01": "ACK_RECEPTION_DMP", "Z02": "ACK_RECEPTION_MSS", "Z03": "ACK_LECTURE_MSS"}
RECEIPT_LABELS = {
    "ACK_RECEPTION_DMP": "Accusé de réception DMP",
    "ACK_RECEPTION_MSS": "Accusé de réception MSSanté",
    "DESTINATAIRE_MSS": "Destinataire MSSanté",
    "ACK_LECTURE_MSS": "Accusé de lecture",
    "LECTEUR_MSS": "Lecteur du courriel MSSanté",
}
"""OBX-3 of receipts (table "AckMetierZAM")."""
SMTP_CODES = (
    *("101", "111", "251", "252", "420", "421", "422", "431", "432", "441", "442", "450", "451", "452"),
    *("500", "501", "502", "503", "504", "510", "512", "513", "523", "530", "541", "550", "551", "552", "553", "554"),
)
"""ERR-5.1 of a receipt of the secure mail (table "SMTPERRORCODE")."""
ADDRESS_BY_EVENT = {"Z02": "DESTINATAIRE_MSS", "Z03": "LECTEUR_MSS"}
ERROR_SYSTEMS = {
    "Z01": ("DMP_ERROR_CODE", ("DMPERRORCODE",)),
    "Z02": ("SMTPERRORCODE", ("SMTP_ERROR_CODE",)),
    "Z03": ("applicationErrorCondition", ("HL70533", "applicationErrorCode")),
}
"""ERR-5.3: the name that the guide gives, and those that examples write."""
ERROR_CODES = {"Z02": "|".join(SMTP_CODES), "Z03": r"90[0-6]"}
"""ERR-5.1: codes of the guide's tables; the DMP's codes are words."""


OLDER_RECEIPTS = {"1.0^CISIS_CDA_HL7_LPS": "1.0", "1.1^CISIS_CDA_HL7_LPS": "1.1", "2.0^CISIS_CDA_HL7_V2": "2.0"}
"""MSH-21 of receipts of version 2.0, and of before the two directions had one profile."""


def _zam(event: str, fr: str, en: str) -> Profile:
    source = f"{CDA}, ZAM^{event}"
    system, others = ERROR_SYSTEMS[event]
    status = STATUS_BY_EVENT[event]
    sections = [
        header(f"{source}, segment MSH", "ZAM", (event,), "ZAM_Z01", ("2.6",), PROFILE),
        Section(
            segment="OBX",
            title=status,
            when=said(3, 1, status),
            source=f"{source}, segment OBX",
            fields=(
                asked("1", "R", "1"),
                asked("2", "R", "CWE"),
                asked("3.2"),
                asked("3.3", "R", "AckMetierZAM"),
                asked("4"),
                asked("5.1", "R", "Y", "N"),
                asked("5", single=True),
                asked("5.3", "R", "expandedYes-NoIndicator", older=("HL70136",)),
                asked("11", "R", "F"),
            ),
        ),
        Section(
            segment="ERR",
            source=f"{source}, segment ERR",
            fields=(
                asked("3"),
                asked("3.1", "R", "207"),
                asked("3.2", severity=_WARN),
                asked("3.3", "R", "messageErrorCondition", older=("HL70357",)),
                asked("4", "R", "E", "F", "I", "W"),
                asked("5"),
                asked("5.1", like=ERROR_CODES.get(event, "")),
                asked("5.3", "R", system, tolerated=others),
            ),
        ),
    ]
    if event in ADDRESS_BY_EVENT:
        code = ADDRESS_BY_EVENT[event]
        sections.append(
            Section(
                segment="OBX",
                title=code,
                when=said(3, 1, code),
                source=f"{source}, segment OBX",
                fields=(
                    asked("1", "R", "2"),
                    asked("2", "R", "XTN"),
                    asked("3.2"),
                    asked("3.3", "R", "AckMetierZAM", tolerated=("AckMétierZAM",)),
                    asked("5", single=True),
                    asked("5.3", "R", "X.400"),
                    asked("5.4", like=r"[^@\s]+@[^@\s]+"),
                    asked("11", "R", "F"),
                ),
            )
        )
    structure = "MSH [{SFT}] [EVN] OBX [ERR]" if event == "Z01" else "MSH [{SFT}] [EVN] OBX OBX [ERR]"
    return Profile(
        name=f"zam-{event.lower()}",
        title_fr=f"{fr} (ZAM^{event})",
        title_en=f"{en} (ZAM^{event})",
        structure=structure,
        structure_source=source,
        source=CDA,
        older=OLDER_RECEIPTS,
        rules=("receipt", "labels"),
        sections=tuple(sections),
    )


ITI_30, ITI_31 = (f"IHE ITI TF-2 3.{number} ; {PAM}" for number in (30, 31))
VISIT_EVENTS = ("A01", "A03", "A04")
"""Events of the stay, which a gateway is sent with the others and does not read."""


def _adt(event: str, message: str, segments: str, fr: str, en: str, rules: tuple[str, ...]) -> Profile:
    source = ITI_31 if event in VISIT_EVENTS else ITI_30
    merged = (
        (
            Section(
                segment="MRG",
                source=f"{source}, segment MRG",
                fields=(asked("1"), asked("1.1"), asked("1.4"), asked("7", "RE")),
            ),
        )
        if "MRG" in segments
        else ()
    )
    return Profile(
        name=f"adt-{event.lower()}",
        title_fr=f"{fr} (ADT^{event})",
        title_en=f"{en} (ADT^{event})",
        structure=segments,
        structure_source=f"{source}, {message}",
        source=source,
        national=False,
        rules=("identity", "number_kinds", "dates", *rules),
        sections=(
            Section(
                segment="MSH",
                source=source,
                fields=(
                    *(asked(path) for path in ("3", "4", "5", "6", "7", "9", "11", "12")),
                    asked("10", like=r".{1,199}"),
                    asked("9.1", "R", "ADT", err3="200"),
                    asked("9.2", "R", event, err3="201"),
                    asked("9.3", "R", message, err3="200"),
                    asked("11.1", "R", "P", "T", "D", err3="202"),
                    asked("12.1", "R", "2.5", "2.5.1", "2.6", err3="203"),
                    asked("17", "O", COUNTRY),
                    asked("18", "O", "UNICODE UTF-8", "8859/1", "8859/15", first_only=True),
                ),
            ),
            Section(segment="EVN", source=source, fields=(asked("1", "O", event), asked("2"), asked("6", "RE"))),
            Section(
                segment="PID",
                source=source,
                fields=(
                    *(asked(path) for path in ("3", "3.1", "3.4", "5")),
                    asked("5.1", first_only=True),
                    asked("5.7"),
                    asked("7", "RE"),
                    asked("8", "RE", "F", "M", "U", "A", "N", "O"),
                    asked("32", "RE", "VALI", "PROV", "DOUTE", "FICTI", "VIDE", "US", "UD", "UA", "AL"),
                ),
            ),
            *merged,
        ),
    )


_BEFORE, _AFTER = "[PD1] [{ROL}] [{NK1}]", "[{GT1}] [{IN1 [IN2] [{IN3}]}]"
_CARE = "[{AL1}] [{DG1}] [DRG] [{PR1}]"
_REST = f"{_BEFORE} [PV1 [PV2]] [{{ROL}}] [{{DB1}}] [{{OBX}}] {_CARE} {_AFTER}"
_ADMITTED = f"{_BEFORE} PV1 [PV2] [{{ROL}}] [{{DB1}}] [{{OBX}}] {_CARE} {_AFTER}"
_DISCHARGED = f"{_BEFORE} PV1 [PV2] [{{ROL}}] [{{DB1}}] {_CARE} [{{OBX}}] {_AFTER}"
_HEAD = "MSH [{SFT}] EVN"
PROFILES = (
    OMI_CHANGE,
    ACK,
    _zam("Z01", "Accusé de réception DMP", "Receipt of the DMP"),
    _zam("Z02", "Accusé de réception MSSanté", "Receipt of the secure mail"),
    _zam("Z03", "Accusé de lecture MSSanté", "Reading receipt of the secure mail"),
    _adt("A08", "ADT_A01", f"{_HEAD} PID {_REST}", "Identité corrigée", "Identity corrected", ()),
    _adt("A31", "ADT_A05", f"{_HEAD} PID {_REST}", "Identité corrigée", "Identity corrected", ()),
    _adt(
        "A40",
        "ADT_A39",
        f"{_HEAD} {{PID [PD1] MRG [PV1]}}",
        "Identités fusionnées",
        "Identities merged",
        ("merge",),
    ),
    _adt(
        "A47",
        "ADT_A30",
        f"{_HEAD} PID [PD1] MRG",
        "Identifiant du patient modifié",
        "Patient identifier changed",
        ("merge", "same_authority"),
    ),
    _adt("A01", "ADT_A01", f"{_HEAD} PID {_ADMITTED}", "Admission", "Admission", ("visit_event",)),
    _adt("A03", "ADT_A03", f"{_HEAD} PID {_DISCHARGED}", "Sortie", "Discharge", ("visit_event",)),
    _adt("A04", "ADT_A01", f"{_HEAD} PID {_ADMITTED}", "Consultation externe", "Registration", ("visit_event",)),
)
