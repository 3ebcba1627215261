"""The data types of HL7 v3 as elements: II, CD, PQ, IVL, TS, AD, TEL, PN, ED (data types Release 1).

The order of children is that of the CDA R2 schema; what a value does not say is not written.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence

from gateway.cda.build.markup import Element, made, words
from gateway.model.codes import DCM, LOINC, SNOMED_CT, Code
from gateway.model.datatypes import (
    Address,
    Concept,
    InstanceId,
    Media,
    Period,
    PersonName,
    Qualifier,
    Quantity,
    QuantityRange,
    QuantityTranslation,
    Telecom,
    Time,
    Value,
    Wording,
)
from gateway.model.identifiers import Identifier
from gateway.model.times import Timestamp

SYSTEM_NAMES = {
    LOINC: "LOINC",
    DCM: "DCM",
    SNOMED_CT: "SNOMED CT",
    "1.2.250.1.213.2.5": "CCAM",
    "1.2.250.1.215.300.1": "CCAM",
    "0.4.0.127.0.16.1.1.2.1": "EDQM",
    "1.2.250.1.213.2.3.2": "CIP",
    "1.2.250.1.213.2.3.1": "UCD",
    "2.16.840.1.113883.6.73": "ATC",
    "2.16.840.1.113883.6.3": "CIM-10",
    "1.2.840.10008.2.6.1": "DCMUID",
    "1.2.250.1.213.2.68": "EMDN",
}
"""codeSystemName by codeSystem, for a code that comes without; the names are those of the official example."""


def identifier(name: str, value: Identifier | None, null_flavor: str = "") -> Element | None:
    """An II; withheld when only *null_flavor* is given."""
    if value is None:
        return made(name, {"nullFlavor": null_flavor}) if null_flavor else None
    attributes = {"root": value.root, "extension": value.extension or ""}
    if isinstance(value, InstanceId):
        attributes |= {
            "assigningAuthorityName": value.assigning_authority,
            "displayable": value.displayable,
            "nullFlavor": value.null_flavor,
        }
    return made(name, attributes)


def identifiers(values: Iterable[Identifier], null_flavor: str = "", name: str = "id") -> list[Element | None]:
    """Several II, or one that is withheld."""
    found = [identifier(name, value) for value in values]
    return found or [identifier(name, None, null_flavor)]


def concept(name: str, value: Code | None, xsi_type: str = "") -> Element | None:
    """A CD; a plain ``Code`` gets the name of its code system where that is known."""
    if value is None:
        return None
    attributes = {"xsi:type": xsi_type, "code": value.code, "displayName": value.display, "codeSystem": value.system}
    if not isinstance(value, Concept):
        return made(name, {**attributes, "codeSystemName": SYSTEM_NAMES.get(value.system, "")})
    attributes |= {
        "codeSystemName": value.system_name,
        "codeSystemVersion": value.system_version,
        "nullFlavor": value.null_flavor,
    }
    return made(
        name,
        attributes,
        wording("originalText", value.original_text),
        [_qualifier(one) for one in value.qualifiers],
        [concept("translation", one) for one in value.translations],
    )


def concepts(name: str, values: Iterable[Code]) -> list[Element | None]:
    """Several CD under one name."""
    return [concept(name, value) for value in values]


def sites(name: str, values: Iterable[Concept]) -> list[Element | None]:
    """Places of the body: the official example writes the type of those that have a code."""
    return [concept(name, value, "CD" if value.code else "") for value in values]


def _qualifier(value: Qualifier) -> Element:
    return made("qualifier", {}, concept("name", value.name), concept("value", value.value))


def wording(name: str, value: Wording | None) -> Element | None:
    """A short ED: words, or a reference to where they stand."""
    if value is None:
        return None
    attributes = {"mediaType": value.media_type, "nullFlavor": value.null_flavor}
    if not value.reference:
        return Element(name, attributes, mixed=[value.text] if value.text else [])
    reference = made("reference", {"value": value.reference})
    if value.text:
        return Element(name, attributes, mixed=[reference, value.text])
    return made(name, attributes, reference)


def quantity(name: str, value: Quantity | None, xsi_type: str = "") -> Element | None:
    """A PQ."""
    if value is None:
        return None
    attributes = {
        "xsi:type": xsi_type,
        "value": value.value,
        "unit": value.unit,
        "nullFlavor": value.null_flavor,
    }
    return made(name, attributes, [_translation(one) for one in value.translations])


def quantity_range(name: str, value: QuantityRange | None, xsi_type: str = "") -> Element | None:
    """An IVL_PQ: one value, or its bounds."""
    if value is None:
        return None
    element = quantity(name, value.value, xsi_type) or made(name, {"xsi:type": xsi_type})
    element.attributes = {
        **element.attributes,
        "nullFlavor": value.null_flavor or element.attributes.get("nullFlavor", ""),
    }
    element.children += [one for one in (quantity("low", value.low), quantity("high", value.high)) if one is not None]
    return element


def _translation(value: QuantityTranslation) -> Element:
    element = concept("translation", value.concept) or made("translation")
    element.attributes = {"value": value.value, **element.attributes}
    return element


def timestamp(name: str, value: Timestamp | None, null_flavor: str = "") -> Element | None:
    """A TS."""
    if value is not None:
        return made(name, {"value": value.hl7})
    return made(name, {"nullFlavor": null_flavor}) if null_flavor else None


def interval(
    name: str, start: Timestamp | None, stop: Timestamp | None, start_null: str = "", stop_null: str = ""
) -> Element | None:
    """An IVL_TS by its ends."""
    ends = [timestamp("low", start, start_null), timestamp("high", stop, stop_null)]
    return made(name, {}, ends) if any(ends) else None


def time(name: str, value: Time | None) -> Element | None:
    """A TS as it was written."""
    return None if value is None else made(name, {"value": value.value, "nullFlavor": value.null_flavor})


def period(name: str, value: Period | None, xsi_type: str = "") -> Element | None:
    """A TS or an IVL_TS as it was written."""
    if value is None:
        return None
    attributes = {"xsi:type": xsi_type or value.type, "value": value.value, "nullFlavor": value.null_flavor}
    return made(name, attributes, time("low", value.low), time("high", value.high))


def addresses(values: Sequence[Address], name: str = "addr") -> list[Element]:
    """Several AD."""
    return [address(value, name) for value in values]


def address(value: Address, name: str = "addr") -> Element:
    """An AD: its parts, or free text."""
    attributes = {"use": value.use, "nullFlavor": value.null_flavor}
    parts = [Element(part, mixed=[text] if text else []) for part, text in value.parts]
    if value.text:
        return Element(name, attributes, mixed=[value.text, *parts])
    return made(name, attributes, parts)


def telecoms(values: Sequence[Telecom]) -> list[Element]:
    """Several TEL."""
    return [
        made("telecom", {"value": value.value, "use": value.use, "nullFlavor": value.null_flavor}) for value in values
    ]


def person_name(value: PersonName | None, name: str = "name") -> Element | None:
    """A PN: prefix, given, family, suffix."""
    if value is None:
        return None
    parts = [
        part
        for part in (
            words("prefix", value.prefix),
            words("given", value.given),
            words("family", value.family),
            words("suffix", value.suffix),
        )
        if part is not None
    ]
    attributes = {"nullFlavor": value.null_flavor}
    if value.text:
        return Element(name, attributes, mixed=[value.text, *parts])
    return made(name, attributes, parts)


def media(name: str, value: Media | None, xsi_type: str = "") -> Element | None:
    """A large ED; bytes are written in base64."""
    if value is None:
        return None
    attributes = {
        "xsi:type": xsi_type,
        "mediaType": value.media_type,
        "representation": value.representation,
        "language": value.language,
        "compression": value.compression,
        "charset": value.charset,
        "nullFlavor": value.null_flavor,
    }
    mixed: list[Element | str] = [made("reference", {"value": value.reference})] if value.reference else []
    text = b64encode(value.content).decode("ascii") if value.content else value.text
    return Element(name, attributes, mixed=[*mixed, text] if text else mixed)


def observed(value: Value) -> Element:
    """The ``value`` of an observation, by its type."""
    kind = value.type
    found = (
        concept("value", value.concept, kind)
        or quantity("value", value.quantity, kind)
        or quantity_range("value", value.range, kind)
        or period("value", value.period, kind)
        or media("value", value.media, kind)
    )
    if found is None and value.identifier is not None:
        found = identifier("value", value.identifier)
        if found is not None:
            found.attributes = {"xsi:type": kind, **found.attributes}
    if found is not None:
        return found
    attributes = {"xsi:type": kind, "nullFlavor": value.null_flavor}
    if kind in ("BL", "INT", "REAL"):
        return made("value", {**attributes, "value": value.text})
    return Element("value", attributes, mixed=[value.text] if value.text else [])
