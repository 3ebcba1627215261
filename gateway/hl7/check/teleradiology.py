"""Teleradiology: what belongs together between ORC, OBR, OBX, TQ1 and IPC.

Sources: CI-SIS "Téléradiologie" (HL7 v2.5.1), flows 1 to 4 and "Utilisation du champ OBX-4"; ANS white paper, flows A, C
and D.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from urllib.parse import parse_qs, urlsplit

from gateway import valuesets
from gateway.hl7 import embedded
from gateway.hl7.check.case import Case, all_of, components, of
from gateway.hl7.check.datatypes import is_time
from gateway.hl7.check.identity import _later, has_ins
from gateway.hl7.er7 import Segment
from gateway.hl7.profiles import routing
from gateway.hl7.profiles.common import FINESS, TLR, WHITE_PAPER
from gateway.hl7.profiles.teleradiology import (
    IMAGING_SITE,
    OBSERVATIONS,
    OF_FLOW,
    Kind,
    Observation,
)
from gateway.model.codes import dicom_modality
from gateway.model.finding import Severity

_SUB_ID = "CI-SIS Téléradiologie, utilisation du champ OBX-4"
IRRADIATING = frozenset({"CR", "CT", "DX", "IO", "MG", "NM", "PT", "PX", "RF", "RG", "XA"})
"""Modalities (DICOM CID 29) for which a dose exists."""
_TABLES = {
    "MODALITY": valuesets.MODALITY,
    "REGION": valuesets.REGION,
    "TOPOGRAPHIC_MODIFIER": valuesets.TOPOGRAPHIC_MODIFIER,
    "IMAGING_CODES": valuesets.IMAGING_CODES,
}


def order_numbers(case: Case) -> None:
    """OBR-2 repeats ORC-2; a message is about one request."""
    numbers = []
    for order in case.orders:
        request = of(order, "OBR")
        stated = components(order[0], 2)
        numbers.append(stated)
        if request is not None and request.raw(2) and stated and components(request, 2) != stated:
            case.say("order-number-differs", request, 2, err3="103", source=f"{TLR}, OBR-2 identique à ORC-2")
    if len(set(numbers)) > 1 and case.profile.name == "tlr-4-complement":
        case.say("order-number-several", case.orders[1][0], 2, err3="103", source=f"{TLR}, flux 4")


def responsible(case: Case) -> None:
    """OBR-16 repeats ORC-12; an organisation of the national register is under its OID."""
    for order in case.orders:
        head, request = order[0], of(order, "OBR")
        if (
            request is not None
            and request.raw(16)
            and head.text(12)
            and components(request, 16) != components(head, 12)
        ):
            case.say("responsible-differs", request, 16, err3="103", source=f"{TLR}, OBR-16 identique à ORC-12")
        register = head.text(21, 7)
        number = head.text(21, 10)
        if register in ("FINEJ", "FINEG") and number and not FINESS.fullmatch(number):
            case.say("form", head, 21, repetition=1, component=10, err3="102", source=f"{TLR}, ORC-21.10", value=number)
        if register in ("FINEJ", "FINEG", "IDNST"):
            for part, expected in ((2, "1.2.250.1.71.4.2.2"), (3, "ISO")):
                value = head.text(21, 6, part)
                if value != expected:
                    case.say(
                        "value",
                        head,
                        21,
                        repetition=1,
                        component=6,
                        subcomponent=part,
                        err3="103",
                        source=f"{TLR}, ORC-21.6",
                        value=value,
                        expected=expected,
                    )


def reason(case: Case) -> None:
    """ORC-16 is a code with its system, or words."""
    for order in case.orders:
        code, words, system = (order[0].text(16, part) for part in (1, 2, 3))
        if code and not system:
            case.say("field-required", order[0], 16, repetition=1, component=3, err3="101", source=f"{TLR}, ORC-16")
        if not code and not words and order[0].raw(16):
            case.say("field-required", order[0], 16, repetition=1, component=2, err3="101", source=f"{TLR}, ORC-16")


def relevant_comments(case: Case) -> None:
    """A comment under the order is the purpose, one under the modality is about it."""
    carrier = ""
    for segment in case.message.segments:
        if segment.name != "NTE":
            carrier = segment.text(3) if segment.name == "OBX" else segment.name
            continue
        expected = {"OBR": "FINALITE_EXAMEN", "MODALITE_IMAGERIE": "MODALITE_IMAGERIE"}.get(carrier)
        kind = segment.text(4)
        if expected and kind != expected:
            known = kind in ("FINALITE_EXAMEN", "MODALITE_IMAGERIE") or not kind
            case.say(
                "value",
                segment,
                4,
                repetition=1,
                component=1,
                err3="103",
                source=f"{TLR}, flux 1, segment NTE",
                severity=Severity.ERROR if known or segment.text(4, 3) == "HL70364" else Severity.WARNING,
                value=kind,
                expected=expected,
            )


def observations(case: Case) -> None:
    """Each kind of observation as often as its flow says, its codes of their value sets, its facets together."""
    kinds = OF_FLOW.get(case.profile.name, ())
    for order in case.orders:
        rows = list(all_of(order, "OBX"))
        _known(case, rows, kinds)
        for kind in kinds:
            _cardinality(case, order, rows, kind)
            for row in rows:
                if Kind(kind)(row):
                    _of_value_set(case, row, kind)
        _facets(case, rows, kinds)
        for row in rows:
            _encapsulated(case, row)


def _known(case: Case, rows: list[Segment], kinds: tuple[Observation, ...]) -> None:
    by_code = defaultdict(set)
    for kind in kinds:
        by_code[kind.code].add(kind.facet)
    for row in rows:
        code, system = row.text(3), row.text(3, 3)
        if code not in by_code:
            severity = Severity.ERROR if kinds and (not code or system in (OBSERVATIONS, "")) else Severity.WARNING
            case.say(
                "observation-unknown", row, 3, repetition=1, component=1, severity=severity, err3="103", value=code
            )
            continue
        facets = by_code[code] - {0}
        match = re.fullmatch(r"([1-9][0-9]*)\.([1-9][0-9]*)", row.text(4))
        if facets and (match is None or int(match[2]) not in facets):
            wanted = ", ".join(f"n.{facet}" for facet in sorted(facets))
            case.say("sub-id", row, 4, err3="102", source=_SUB_ID, value=row.text(4), expected=wanted)


def _cardinality(case: Case, order: tuple[Segment, ...], rows: list[Segment], kind: Observation) -> None:
    found = [row for row in rows if Kind(kind)(row)]
    name = f"{kind.code} n.{kind.facet}" if kind.facet else kind.code
    if len(found) < kind.least:
        case.say(
            "observation-missing",
            f"OBX {name}",
            err3="100",
            segment="OBX",
            value=name,
            source=f"{case.profile.source}, {name}",
        )
    if not kind.most:
        return
    if kind.facet:
        for number, count in Counter(row.text(4) for row in found).items():
            if count > kind.most:
                again = [row for row in found if row.text(4) == number][kind.most]
                case.say("observation-twice", again, 4, err3="198", source=_SUB_ID, value=f"{kind.code} {number}")
    elif len(found) > kind.most:
        case.say("observation-twice", found[kind.most], 3, err3="198", value=kind.code)


def _of_value_set(case: Case, row: Segment, kind: Observation) -> None:
    code, system = row.text(5), row.text(5, 3)
    if not kind.value_set or not code or system not in kind.systems:
        return
    table = valuesets.load(_TABLES[kind.value_set])
    if (dicom_modality(code) if kind.value_set == "MODALITY" else code) in table:
        return
    # The modalities of a request have a value set of their own, which is not public with its codes.
    local = system == "terminologie-cisis-fr"
    case.say(
        "code-unknown",
        row,
        5,
        repetition=1,
        component=1,
        err3="103",
        source=table.name,
        value=code,
        severity=Severity.WARNING if local else Severity.ERROR,
    )


def _facets(case: Case, rows: list[Segment], kinds: tuple[Observation, ...]) -> None:
    """What one occurrence needs: a modifier its region, a lot its product, a product its lot, a quantity both."""
    needs = {
        "REGION_ANATOMIQUE": {2: (1,)},
        "PRODUIT_ADMINISTRE": {1: (2,), 2: (1,), 3: (1, 2)},
    }
    present: dict[tuple[str, str], dict[int, Segment]] = defaultdict(dict)
    for row in rows:
        number, _, facet = row.text(4).partition(".")
        if facet.isdecimal() and row.text(3) in {kind.code for kind in kinds}:
            present[row.text(3), number].setdefault(int(facet), row)
    for (code, number), facets in present.items():
        for facet, row in facets.items():
            for other in needs.get(code, {}).get(facet, ()):
                if other not in facets:
                    case.say(
                        "facet-missing",
                        row,
                        4,
                        err3="100",
                        source=_SUB_ID,
                        value=f"{number}.{facet}",
                        expected=f"{number}.{other}",
                    )


def _encapsulated(case: Case, row: Segment) -> None:
    """ED as ``^TEXT^^Base64^data``; official examples hold data that are no base64 by their length."""
    if row.text(2) != "ED" or row.text(3) not in ("PROTOCOLE_IMAGERIE", "URL_PARTIELLE_VIEWER"):
        return
    source = f"{TLR}, {row.text(3)}"
    for part, expected in ((2, "TEXT"), (4, "Base64")):
        value = row.text(5, part)
        if value.upper() != expected.upper():
            rule, err3 = ("value", "103") if value else ("field-required", "101")
            case.say(
                rule,
                row,
                5,
                repetition=1,
                component=part,
                err3=err3,
                source=source,
                value=value or None,
                expected=expected,
            )
    data = row.text(5, 5)
    if not data:
        case.say("field-required", row, 5, repetition=1, component=5, err3="101", source=source)
    elif row.text(5, 4).upper() == "BASE64" and decoded(row) is None:
        foreign = re.fullmatch(r"[A-Za-z0-9+/\s]+={0,2}", data) is None
        case.say(
            "data-base64",
            row,
            5,
            repetition=1,
            component=5,
            err3="102",
            source=source,
            severity=Severity.ERROR if foreign else Severity.WARNING,
        )


def decoded(row: Segment) -> bytes | None:
    """The data of an ED; None when they are no base64."""
    try:
        return embedded.decoded(row.text(5, 5).encode())
    except ValueError:
        return None


def answer(case: Case) -> None:
    """An accepted request comes with its protocol."""
    for order in case.orders:
        protocols = [row for row in all_of(order, "OBX") if row.text(3) == "PROTOCOLE_IMAGERIE"]
        if order[0].text(1) == "OK" and not protocols:
            case.say("protocol-missing", order[0], 1, err3="100", source=f"{TLR}, flux 3, protocole d'imagerie")


def examinations(case: Case) -> None:
    """Flow 4: one order is one examination; its study, its accession number and its viewer address agree."""
    source = f"{TLR}, flux 4"
    made = case.message.header.text(7)
    studies: set[str] = set()
    for order in case.orders:
        control = of(order, "IPC")
        if control is None:
            continue
        study = control.text(3)
        if study in studies and study:
            case.say("study-twice", control, 3, err3="198", source=source, value=study)
        studies.add(study)
        _codes(case, order, control)
        _viewer(case, order, control)
        timing = [row for row in all_of(order, "TQ1")]
        if len(timing) > 1:
            case.say("segment-repeated", timing[1], err3="198", source=f"{source}, segment TQ1")
        for row in timing:
            performed = row.text(7)
            if performed and is_time(performed) and is_time(made) and _later(performed, made):
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


def _codes(case: Case, order: tuple[Segment, ...], control: Segment) -> None:
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


def _viewer(case: Case, order: tuple[Segment, ...], control: Segment) -> None:
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
            readable = address.scheme == "http"
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
        for name, expected in (("studyinstanceuid", control.text(3)), ("accessionnumber", control.text(1))):
            stated = asked.get(name, "")
            if not stated:
                case.say("viewer-parameter", row, 5, repetition=1, component=5, err3="101", source=source, value=name)
            elif expected and not _same(stated, expected, control.text(1, 3)):
                case.say("viewer-differs", row, 5, repetition=1, component=5, err3="103", source=source, value=name)


def _same(stated: str, expected: str, root: str) -> bool:
    """The link writes an accession number alone, or behind its issuer."""
    return stated == expected or (bool(root) and stated in (f"{root}.{expected}", f"{root}^{expected}"))


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
    """Flow A: words on the reason, wherever HL7 has room for them."""
    for order in case.orders:
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


def examination_elements(case: Case) -> None:
    """Flow D: requester, site, accession number, study, order number, modality and region."""
    source = f"{WHITE_PAPER}, flux D"
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
            if not row.text(field):
                case.say("field-required", row, field, err3="101", source=source)
        if row.text(5).startswith("-"):
            case.say("form", row, 5, err3="102", source=source, value=row.text(5))


__all__ = ["IMAGING_SITE", "decoded"]
