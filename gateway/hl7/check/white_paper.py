"""The white paper's flows A, C and D: what they must tell, wherever HL7 has room for it.

Sources: ANS white paper "Téléradiologie", final version, sections 3.2.2 and 3.3.1; IHE RAD TF-2 section 4.4 (Scheduled
Workflow) for the places of accession number, modality and study.
"""

from __future__ import annotations

import re

from gateway import valuesets
from gateway.hl7.check.case import Case
from gateway.hl7.check.datatypes import is_number
from gateway.hl7.check.identity import has_ins
from gateway.hl7.order_groups import Order, all_of, of
from gateway.hl7.profiles import routing
from gateway.hl7.profiles.common import WHITE_PAPER
from gateway.hl7.profiles.white_paper import CANCELLATIONS, REFUSALS
from gateway.model.codes import dicom_modality
from gateway.model.finding import Severity

_NUMBER_OF_IMAGES = "113731"
_GRAY, _LENGTH = r"(n|u|µ|μ|m|c|d|k)?Gy", r"[. *·x×]?(m|c|d)?m"
_ACTIVITY, _SIEVERT = r"(k|M|G|T|m|u|µ|μ)?(Bq|Ci)", r"(n|u|µ|μ|m)?Sv"
_UNITS = {
    **dict.fromkeys(("111636", "111637", "113830"), ("Gy", re.compile(_GRAY))),
    "113813": ("Gy.cm", re.compile(_GRAY + _LENGTH)),
    **dict.fromkeys(("113722", "113726", "113727"), ("Gy.cm2", re.compile(_GRAY + _LENGTH + "[2²]"))),
    "113507": ("Bq, Ci", re.compile(_ACTIVITY)),
    "113839": ("Sv", re.compile(_SIEVERT)),
}
"""By quantity (DICOM PS3.16, TID 10001 and those below it): its unit, whatever it is multiplied by and however it is
written: a dose, a dose times a length (PDL), a dose times an area (PDS), an activity, an effective dose."""
IRRADIATING = frozenset({"CR", "CT", "DX", "IO", "MG", "NM", "PT", "PX", "RF", "RG", "XA"})
"""Modalities (DICOM CID 29) for which a dose exists."""


def white_paper_identity(case: Case) -> None:
    """The identity of flows A and D: matricule and OID, names, sex, birth date; the place of birth is of the INS."""
    patient = case.message.first("PID")
    if patient is None:
        return
    if not has_ins(patient):
        case.say("ins-missing", patient, 3, err3="101", err5="903", source=WHITE_PAPER)
    if not patient.text(5, 3):
        case.say("field-required", patient, 5, repetition=1, component=3, err3="101", source=WHITE_PAPER)


def clinical_information(case: Case) -> None:
    """Flow A: words on the reason, wherever HL7 has room for them; who takes a request back needs none."""
    for order in case.orders:
        if order[0].text(1) in CANCELLATIONS:
            continue
        request = of(order, "OBR")
        said = request is not None and any(request.raw(number) for number in (13, 31))
        if not said and not any(row.text(3) or row.text(5) for row in order if row.name in ("NTE", "OBX", "DG1")):
            case.say("clinical-information", order[0], err3="101", source=f"{WHITE_PAPER}, flux A")


def protocol(case: Case) -> None:
    """Flow C: a protocol."""
    for order in case.orders:
        rows = [row for row in all_of(order, "OBX") if row.text(3) == "PROTOCOLE_IMAGERIE"]
        if not any(row.text(5) or row.text(5, 5) for row in rows):
            case.say("protocol-missing", order[0], 1, err3="100", source=f"{WHITE_PAPER}, flux C")
        elif order[0].text(1) in REFUSALS:
            source = f"{WHITE_PAPER}, flux C"
            case.say("protocol-refused", rows[0], 3, severity=Severity.WARNING, err3="199", source=source)


def examination_elements(case: Case) -> None:
    """Flow D: requester, site, accession number, study, order number, modality and region; of each examination."""
    source = f"{WHITE_PAPER}, flux D"
    for order in case.orders[1:]:
        request, control = of(order, "OBR"), of(order, "IPC")
        stated = (request is not None and request.text(18)) or (control is not None and control.text(1))
        if not stated:
            name = "Accession Number (OBR-18, IPC-1)"
            case.say("element-missing", order[0], err3="101", source=source, value=name)
    for order in case.orders:
        _said_twice(case, order, source)
    study = any(
        re.fullmatch(r"[0-2](\.(0|[1-9][0-9]*))+", uid) for uid in (case.value_of("ZDS", 1), case.value_of("IPC", 3))
    )
    accession = case.value_of("OBR", 18) or case.value_of("IPC", 1)
    modality = examined_modality(case)
    region = case.value_of("OBR", 15) or any(row.text(3) == "REGION_ANATOMIQUE" for row in case.message.all("OBX"))
    requester = case.value_of("OBR", 16) or case.value_of("ORC", 12)
    for name, present in (
        ("Study Instance UID (ZDS-1, IPC-3)", study),
        ("Accession Number (OBR-18, IPC-1)", accession),
        ("modality (OBR-24, IPC-5, OBX MODALITE_IMAGERIE)", modality),
        ("region (OBR-15, OBX REGION_ANATOMIQUE)", region),
        ("requester (OBR-16, ORC-12)", requester),
    ):
        if not present:
            case.say(
                "element-missing", case.orders[0][0] if case.orders else "ORC^1", err3="101", source=source, value=name
            )
    if modality and dicom_modality(modality) not in valuesets.load(valuesets.MODALITY):
        case.say("code-unknown", "OBR^1^24", err3="103", source=source, segment="OBR", value=modality)


def _said_twice(case: Case, order: Order, source: str) -> None:
    """Accession number, study and modality may stand in OBR, ZDS and IPC: they are the same then."""
    request, control, study = of(order, "OBR"), of(order, "IPC"), of(order, "ZDS")
    if control is None:
        return
    for field, stated in (
        (1, request.text(18) if request else ""),
        (3, study.text(1) if study else ""),
        (5, request.text(24) if request else ""),
    ):
        value = control.text(field)
        if field == 5:
            stated, value = dicom_modality(stated), dicom_modality(value)
        if stated and value and stated != value:
            case.say("element-differs", control, field, err3="103", source=source)


def examined_modality(case: Case) -> str:
    """The modality of an examination, where the messages of flow D have it."""
    stated = case.value_of("OBR", 24) or case.value_of("IPC", 5)
    rows = (row.text(5) for row in case.message.all("OBX") if row.text(3) == "MODALITE_IMAGERIE")
    return stated or next(rows, "")


def dose(case: Case) -> None:
    """Flow D: an irradiating examination tells its dose, a number with a unit."""
    source = f"{WHITE_PAPER}, flux D, dose"
    rows = [row for row in case.message.all("OBX") if routing.is_dose(row.text(3), row.text(3, 2))]
    irradiates = dicom_modality(examined_modality(case)) in IRRADIATING
    if irradiates and not rows:
        case.say("dose-missing", case.orders[0][0] if case.orders else "ORC^1", err3="101", source=source)
    for row in rows:
        if row.text(2) != "NM":
            case.say("value", row, 2, err3="103", source=source, value=row.text(2), expected="NM")
        for field in (5, 6):
            if not row.text(field) and not (field == 6 and row.text(3) == _NUMBER_OF_IMAGES):
                case.say("field-required", row, field, err3="101", source=source)
        unit, words = row.text(6), row.text(6, 2)
        expected, form = _UNITS.get(row.text(3), ("", re.compile("")))
        if unit and expected and not any(form.fullmatch(text) for text in (unit, words)):
            case.say("value", row, 6, err3="103", source=source, value=unit, expected=expected)
        if row.text(5).startswith("-"):
            case.say("form", row, 5, err3="102", source=source, value=row.text(5))
        elif expected and is_number(row.text(5)) and not row.text(5).strip("+0."):
            case.say("measure", row, 5, err3="102", source=source, value=row.text(5))
