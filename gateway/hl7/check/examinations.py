"""Teleradiology, flow 4: the examinations that were done, each with its study, accession number and viewer address.

Source: CI-SIS "Téléradiologie" (HL7 v2.5.1), flow 4.
"""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from gateway import valuesets
from gateway.hl7.check.case import Case, components
from gateway.hl7.check.datatypes import is_time
from gateway.hl7.check.dates import is_later
from gateway.hl7.check.teleradiology import decoded
from gateway.hl7.er7 import Segment
from gateway.hl7.order_groups import Order, all_of, of
from gateway.hl7.profiles.common import TLR
from gateway.model.codes import dicom_modality
from gateway.model.finding import Severity


def examinations(case: Case) -> None:
    """Flow 4: one order is one examination; its study, its accession number and its viewer address agree."""
    source = f"{TLR}, flux 4"
    made = case.message.header.text(7)
    studies: set[str] = set()
    numbers: set[tuple[str, ...]] = set()
    for order in case.orders:
        control = of(order, "IPC")
        if control is None:
            continue
        study = control.text(3)
        if study in studies and study:
            case.say("study-twice", control, 3, err3="198", source=source, value=study)
        studies.add(study)
        number = components(control, 1)
        if number in numbers and number:
            # One request may have given two studies; the guide gives each a number of its own.
            case.say("accession-twice", control, 1, severity=Severity.WARNING, err3="198", source=source)
        numbers.add(number)
        _modality(case, order, control)
        _codes(case, order, control)
        _viewer(case, order, control)
        timing = list(all_of(order, "TQ1"))
        if len(timing) > 1:
            # The structure lets the group repeat, the table of its fields has one.
            severity = Severity.WARNING
            case.say("segment-repeated", timing[1], severity=severity, err3="198", source=f"{source}, segment TQ1")
        for row in timing:
            performed = row.text(7)
            if performed and is_time(performed) and is_time(made) and is_later(performed, made):
                case.say("dates-performed", row, 7, err3="102", source=f"{source}, TQ1-7")
            if row.text(6, 2) and row.text(6, 2).lower() not in ("jours", "jour", "j", "d", "day", "days"):
                case.say(
                    "value",
                    row,
                    6,
                    repetition=1,
                    component=2,
                    err3="103",
                    source=f"{source}, TQ1-6",
                    value=row.text(6, 2),
                    expected="jours",
                )


def _codes(case: Case, order: Order, control: Segment) -> None:
    table = valuesets.load(valuesets.IMAGING_CODES)
    for field in (2, 4):
        code = control.text(field)
        if code and code not in table:
            case.say(
                "code-unknown", control, field, repetition=1, component=1, err3="103", source=table.name, value=code
            )
    act = next((row.text(5) for row in all_of(order, "OBX") if row.text(3) == "CODE_ACTE_IMAGERIE"), "")
    if act and control.text(4) and act != control.text(4):
        case.say("act-differs", control, 4, severity=Severity.WARNING, err3="103", value=control.text(4), expected=act)


def _modality(case: Case, order: Order, control: Segment) -> None:
    """IPC-5, where it is filled, is the modality that the observation names."""
    stated = control.text(5)
    told = [dicom_modality(row.text(5)) for row in all_of(order, "OBX") if row.text(3) == "MODALITE_IMAGERIE"]
    if stated and any(told) and dicom_modality(stated) not in told:
        case.say("modality-differs", control, 5, severity=Severity.WARNING, err3="103", value=stated, expected=told[0])


def _viewer(case: Case, order: Order, control: Segment) -> None:
    """The partial address names the study and the accession number of its order."""
    source = f"{TLR}, flux 4, URL de viewer DRIMbox"
    for row in all_of(order, "OBX"):
        data = decoded(row) if row.text(3) == "URL_PARTIELLE_VIEWER" and row.text(5, 5) else None
        if data is None:
            continue
        try:
            address = urlsplit(data.decode("ascii").strip())
            asked = {name.lower(): values[0] for name, values in parse_qs(address.query).items()}
        except ValueError:
            asked, address = {}, urlsplit("")
        if address.scheme != "https" or not address.hostname:
            # The guide's own example holds bytes that are no text at all; words that are no address are a fault.
            readable = data.isascii() and data.strip().decode().isprintable()
            case.say(
                "viewer-address",
                row,
                5,
                repetition=1,
                component=5,
                err3="102",
                source=source,
                severity=Severity.ERROR if readable else Severity.WARNING,
            )
            continue
        # The guide names the values and not the parameters; the national link calls the study ``studyUID``.
        asked.setdefault("studyinstanceuid", asked.get("studyuid", ""))
        for name, expected in (("studyinstanceuid", control.text(3)), ("accessionnumber", control.text(1))):
            stated = asked.get(name, "")
            if not stated:
                case.say("viewer-parameter", row, 5, repetition=1, component=5, err3="101", source=source, value=name)
            elif expected and not _same(stated, expected, control.text(1, 3)):
                case.say("viewer-differs", row, 5, repetition=1, component=5, err3="103", source=source, value=name)


def _same(stated: str, expected: str, root: str) -> bool:
    """The link writes an accession number alone, or behind its issuer."""
    return stated == expected or (bool(root) and stated in (f"{root}.{expected}", f"{root}^{expected}"))
