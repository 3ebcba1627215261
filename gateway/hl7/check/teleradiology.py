"""Teleradiology: what belongs together between ORC, OBR, OBX, TQ1 and IPC.

Sources: CI-SIS "Téléradiologie" (HL7 v2.5.1), flows 1 to 4 and "Utilisation du champ OBX-4".
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict

from gateway import valuesets
from gateway.hl7 import embedded
from gateway.hl7.check.case import Case, components
from gateway.hl7.check.datatypes import MOST_DIGITS, is_number
from gateway.hl7.er7 import Segment
from gateway.hl7.order_groups import Order, all_of, of
from gateway.hl7.profiles.common import TLR, structure_number
from gateway.hl7.profiles.teleradiology import (
    HEIGHT,
    MODALITY,
    OBSERVATIONS,
    OF_FLOW,
    PREGNANCY,
    PROTOCOL,
    SYSTEM_NAMES,
    WEIGHT,
    Kind,
    Observation,
)
from gateway.model.codes import dicom_modality
from gateway.model.finding import Severity

_POSSIBLE = {
    HEIGHT: {"cm": (15, 300), "m": (0.15, 3), "mm": (150, 3000), "[in_i]": (6, 120), "[ft_i]": (0.5, 10)},
    WEIGHT: {"kg": (0.2, 700), "g": (200, 700_000), "[lb_av]": (0.4, 1500)},
}
"""By observation and unit: from the smallest child born alive to more than the tallest and the heaviest ever known."""
_SUB_ID = "CI-SIS Téléradiologie, utilisation du champ OBX-4"
_TABLES = {
    "REQUESTED_MODALITY": valuesets.REQUESTED_MODALITY,
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
        number, form = head.text(21, 10), structure_number(register)
        if number and form and not form.fullmatch(number):
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


_COMMENTED = {"OBR": "FINALITE_EXAMEN", "MODALITE_IMAGERIE": "MODALITE_IMAGERIE"}
"""NTE-4, by what the comment stands under."""


def relevant_comments(case: Case) -> None:
    """A comment under the order is the purpose, one under the modality is about it."""
    carrier = ""
    for segment in case.message.segments:
        if segment.name != "NTE":
            carrier = segment.text(3) if segment.name == "OBX" else segment.name
            continue
        expected = _COMMENTED.get(carrier)
        kind = segment.text(4)
        if expected is None and kind in _COMMENTED.values():
            case.say("segment-order", segment, err3="100", source=f"{TLR}, flux 1, segment NTE")
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
                    _measure(case, row, kind)
        _facets(case, rows, kinds)
        for row in rows:
            _encapsulated(case, row)
            if row.text(3) == PREGNANCY and row.text(5) == "Y" and case.value_of("PID", 8) == "M":
                case.say("pregnant-man", row, 5, severity=Severity.WARNING, err3="103", value="M")


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


def _cardinality(case: Case, order: Order, rows: list[Segment], kind: Observation) -> None:
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
        _told_apart(case, found)
        return
    if kind.facet:
        for number, count in Counter(row.text(4) for row in found).items():
            if count > kind.most:
                again = [row for row in found if row.text(4) == number][kind.most]
                case.say("observation-twice", again, 4, err3="198", source=_SUB_ID, value=f"{kind.code} {number}")
    elif len(found) > kind.most:
        case.say("observation-twice", found[kind.most], 3, err3="198", value=kind.code)


def _told_apart(case: Case, found: list[Segment]) -> None:
    """OBX-4 is used as soon as several OBX share OBX-3; a warning, because the tables of these ask for none."""
    seen: set[str] = set()
    for row in found if len(found) > 1 else ():
        number = row.text(4)
        if not number or number in seen:
            case.say(
                "sub-id", row, 4, severity=Severity.WARNING, err3="102", source=_SUB_ID, value=number, expected="n.1"
            )
        seen.add(number)


def _of_value_set(case: Case, row: Segment, kind: Observation) -> None:
    code, system = row.text(5), row.text(5, 3)
    if not kind.value_set or not code or system not in kind.systems:
        return
    table = valuesets.load(_TABLES[kind.value_set])
    is_modality = kind.code == MODALITY.code
    code = dicom_modality(code) if is_modality else code
    if code in table:
        expected = SYSTEM_NAMES[table.code(code).system] if is_modality else system
        if system != expected:
            case.say("value", row, 5, repetition=1, component=3, err3="103", value=system, expected=expected)
        return
    # DICOM's other modalities (US, CR, XA…) are no request in the value set's words, and understood.
    understood = is_modality and system == "DCM" and code in valuesets.load(valuesets.MODALITY)
    case.say(
        "code-unknown",
        row,
        5,
        repetition=1,
        component=1,
        err3="103",
        source=table.name,
        value=code,
        severity=Severity.WARNING if understood else Severity.ERROR,
    )


def _measure(case: Case, row: Segment, kind: Observation) -> None:
    """A number above nothing and within what people measure, in a unit of what is measured."""
    if not kind.unit:
        return
    value, unit = row.text(5), row.text(6)
    if value.startswith("-") or (value and not value.strip("+0.")) or _beyond(kind, value, unit):
        case.say("measure", row, 5, err3="102", value=value)
    if unit and kind.units and unit not in kind.units:
        case.say("value", row, 6, err3="103", value=unit, expected=", ".join(kind.units))


def _beyond(kind: Observation, value: str, unit: str) -> bool:
    """Whether nobody is so tall or so heavy, or so small: a unit is wrong then, or a point is missing."""
    possible = _POSSIBLE.get(kind.code, {}).get(unit)
    if possible is None or len(value) > MOST_DIGITS or not is_number(value):
        return False
    return not possible[0] <= float(value) <= possible[1]


def _facets(case: Case, rows: list[Segment], kinds: tuple[Observation, ...]) -> None:
    """What one occurrence needs: a modifier its region, a lot its product, a product its lot, a quantity both."""
    needs: dict[str, dict[int, tuple[int, ...]]] = {
        "REGION_ANATOMIQUE": {2: (1,)},
        "PRODUIT_ADMINISTRE": {1: (2,), 2: (1,), 3: (1, 2)},
    }
    present: dict[tuple[str, str], dict[int, Segment]] = defaultdict(dict)
    for row in rows:
        number, _, facet = row.text(4).partition(".")
        if facet.isdecimal() and row.text(3) in {kind.code for kind in kinds}:
            present[row.text(3), number].setdefault(int(facet), row)
    for (code, number), facets in present.items():
        for having, row in facets.items():
            for other in needs.get(code, {}).get(having, ()):
                if other not in facets:
                    case.say(
                        "facet-missing",
                        row,
                        4,
                        err3="100",
                        source=_SUB_ID,
                        value=f"{number}.{having}",
                        expected=f"{number}.{other}",
                    )


def _encapsulated(case: Case, row: Segment) -> None:
    """ED as ``^TEXT^^Base64^data``; official examples hold data that are no base64 by their length."""
    if row.text(2) == "FT" and row.text(3) == PROTOCOL.code and row.text(5, 4).upper() == "BASE64":
        case.say("encapsulated-as-text", row, 5, err3="102", source=f"{TLR}, {row.text(3)}")
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
    """An accepted request comes with its protocol, and is not refused beside."""
    decisions: dict[tuple[str, ...], str] = {}
    for order in case.orders:
        decision = order[0].text(1)
        if decisions.setdefault(components(order[0], 2), decision) != decision:
            case.say("decisions", order[0], 1, err3="103", source=f"{TLR}, flux 3, ORC-1")
        if decision == "OK" and order[0].raw(16):
            source = f"{TLR}, flux 3, ORC-16"
            case.say("reason-accepted", order[0], 16, severity=Severity.WARNING, err3="199", source=source)
        protocols = [row for row in all_of(order, "OBX") if row.text(3) == PROTOCOL.code]
        source = f"{TLR}, flux 3, protocole d'imagerie"
        if order[0].text(1) == "OK" and not protocols:
            case.say("protocol-missing", order[0], 1, err3="100", source=source)
        if order[0].text(1) == "OC" and protocols:
            case.say("protocol-refused", protocols[0], 3, severity=Severity.WARNING, err3="199", source=source)
