"""Rules of acknowledgements, receipts, changes of images and of identities.

Sources: CI-SIS "Transmission de document(s) CDA en HL7v2" 2.1 (ACK, ZAM); CI-SIS "Téléradiologie" (ACK); DRIM-M
OMI^O23; IHE ITI TF-2 3.30 and the national extension France 2.11 (A40, A47).
"""

from __future__ import annotations

from gateway import valuesets
from gateway.hl7.check.case import Case, components
from gateway.hl7.order_groups import of
from gateway.hl7.profiles.common import CDA, DRIM, PAM
from gateway.hl7.profiles.others import IMAGE_CHANGE, STATUS_BY_EVENT, TEXTS_0357
from gateway.model.codes import dicom_modality
from gateway.model.finding import Severity

_VERSIONS = {"R01": ("2.5", "2.5.1"), "O01": ("2.5.1", "2.5"), "O23": ("2.5.1",)}
_VERSIONS |= dict.fromkeys(("T02", "T04", "T10", "Z01", "Z02", "Z03"), ("2.6",))


def acknowledgement(case: Case) -> None:
    """ERR comes with AE and AR and only with them; the version is that of what is acknowledged."""
    verdict = case.message.first("MSA")
    error = case.message.first("ERR")
    code = verdict.text(1) if verdict else ""
    if code in ("AE", "AR") and error is None:
        case.say("error-missing", "ERR^1", err3="100", source=f"{CDA}, segment ERR", segment="ERR")
    if code == "AA" and error is not None:
        case.say("error-unexpected", error, err3="199", source=f"{CDA}, segment ERR")
    event, version = case.message.header.text(9, 2), case.message.header.text(12)
    allowed = _VERSIONS.get(event)
    if allowed and version and version not in allowed:
        case.say(
            "value",
            case.message.header,
            12,
            err3="203",
            source=f"{CDA}, acquittement",
            value=version,
            expected=", ".join(allowed),
        )
    credential = case.message.first("UAC")
    if credential is not None and version in ("2.5", "2.5.1"):
        source = f"{CDA}, profil du message ACK"
        case.say("segment-unknown", credential, severity=Severity.WARNING, err3="199", source=source)
    _error_texts(case)
    severities = {row.text(4) for row in case.message.all("ERR")}
    if error is not None and code in ("AE", "AR") and severities <= {"I", "W"}:
        # Table 0516: both say that the message was processed.
        case.say("error-severity", error, 4, err3="103", source=f"{CDA}, table 0516", value=error.text(4))
    if error is not None and error.text(3) == "207" and not error.text(5):
        case.say("error-detail", error, 5, severity=Severity.WARNING, err3="101", source=f"{CDA}, table 0357, 207")


def _error_texts(case: Case) -> None:
    """The words of ERR-3 are not those of another code."""
    for row in case.message.all("ERR"):
        stated, meant = row.text(3), TEXTS_0357.get(row.text(3, 2).casefold(), "")
        if meant and meant != stated:
            case.say("error-text", row, 3, err3="103", source=f"{CDA}, table 0357", value=stated, expected=meant)


def receipt(case: Case) -> None:
    """ZAM: the observations of its event; ERR when, and only when, the answer is N."""
    event = case.message.header.text(9, 2)
    status = STATUS_BY_EVENT.get(event, "")
    rows = case.message.all("OBX")
    if rows and rows[0].text(3) != status:
        case.say(
            "value",
            rows[0],
            3,
            repetition=1,
            component=1,
            err3="103",
            source=f"{CDA}, ZAM^{event}",
            value=rows[0].text(3),
            expected=status,
        )
    expected = {"Z02": "DESTINATAIRE_MSS", "Z03": "LECTEUR_MSS"}.get(event)
    if expected and len(rows) > 1 and rows[1].text(3) != expected:
        case.say(
            "value",
            rows[1],
            3,
            repetition=1,
            component=1,
            err3="103",
            source=f"{CDA}, ZAM^{event}",
            value=rows[1].text(3),
            expected=expected,
        )
    error = case.message.first("ERR")
    answer = rows[0].text(5) if rows else ""
    _error_texts(case)
    if answer == "N" and error is None:
        case.say("error-missing", "ERR^1", err3="100", source=f"{CDA}, ZAM^{event}, segment ERR", segment="ERR")
    if answer == "Y" and error is not None:
        case.say("error-unexpected", error, err3="199", source=f"{CDA}, ZAM^{event}, segment ERR")


def image_change(case: Case) -> None:
    """The observation says in words that the examination was changed; the patient is known by an authority."""
    rows = case.message.all("OBX")
    if rows and not any(row.text(3, 2) == IMAGE_CHANGE for row in rows):
        case.say(
            "value",
            rows[0],
            3,
            repetition=1,
            component=2,
            err3="103",
            source=DRIM,
            value=rows[0].text(3, 2),
            expected=IMAGE_CHANGE,
        )
    for control in case.message.all("IPC"):
        modality = control.text(5)
        if modality and dicom_modality(modality) not in valuesets.load(valuesets.MODALITY):
            severity = Severity.WARNING  # a series may be of a kind (PR, SR) that is no way to make images
            case.say("code-unknown", control, 5, severity=severity, err3="103", source=DRIM, value=modality)
    for order in case.orders:
        request = of(order, "OBR")
        if request is not None and request.text(2) and components(request, 2) != components(order[0], 2):
            case.say("order-number-differs", request, 2, err3="103", source=DRIM)


def merge(case: Case) -> None:
    """PID-3 and MRG-1 each name somebody under an authority; who is merged away is kept by no pair of the message."""
    patients, merged = case.message.all("PID"), case.message.all("MRG")
    kept = {_identity(patient, 3, n) for patient in patients for n in patient.repetitions(3)}
    for old in merged:
        gone = {_identity(old, 1, n) for n in old.repetitions(1)}
        if kept & gone:
            case.say("merge-itself", old, 1, err3="103", source=f"ITI-30 ; {PAM}")
        if case.profile.name == "adt-a40" and not {authority for _, authority in kept} & {its for _, its in gone}:
            case.say("merge-authority", old, 1, severity=Severity.WARNING, err3="103", source=f"ITI-30 ; {PAM}")


def visit_event(case: Case) -> None:
    """An event of the stay (ITI-31): judged as a message, and nothing that a gateway reads."""
    event = case.message.header.text(9, 2)
    case.say(
        "visit-event",
        case.message.header,
        9,
        repetition=1,
        component=2,
        severity=Severity.WARNING,
        err3="201",
        source=f"IHE ITI TF-2 3.31 ; {PAM}",
        value=event,
    )


def same_authority(case: Case) -> None:
    """A47 changes an identifier within its authority."""
    patient, old = case.message.first("PID"), case.message.first("MRG")
    if patient is None or old is None:
        return
    authorities = {_identity(patient, 3, n)[1:] for n in patient.repetitions(3)}
    for number in old.repetitions(1):
        if _identity(old, 1, number)[1:] not in authorities:
            case.say("merge-authority", old, 1, repetition=number, component=4, err3="103", source=f"ITI-30 ; {PAM}")


def _identity(segment: object, field: int, number: int) -> tuple[str, str]:
    text = segment.text  # type: ignore[attr-defined]
    root = text(field, 4, 2, number) or text(field, 4, 1, number)
    return text(field, 1, 1, number), root
