"""The data types of HL7 v3 from their elements, whole and tolerant: what is wrong stays as written or is listed.

The strict and short readings that a share needs are in ``elements.py``. Source: HL7 v3 data types Release 1.
"""

from __future__ import annotations

import base64
import binascii

from gateway.cda.node import Node, collapsed
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

_CODED = ("CD", "CE", "CV", "CO", "CS")


def identifier(node: Node) -> Identifier:
    """An II; an ``InstanceId`` when it says more than root and extension."""
    root, extension = node.get("root"), node.get("extension") or None
    more = (node.get("nullFlavor"), node.get("assigningAuthorityName"), node.get("displayable"))
    if not any(more):
        return Identifier(root, extension)
    return InstanceId(root, extension, null_flavor=more[0], assigning_authority=more[1], displayable=more[2])


def identifiers(node: Node, name: str = "id") -> tuple[Identifier, ...]:
    """Every II called *name*, withheld ones too."""
    return tuple(identifier(each) for each in node.all(name))


def stated(node: Node) -> tuple[tuple[Identifier, ...], str]:
    """The ids that say something, and the nullFlavor of the first that is withheld; others of these are listed."""
    known: list[Identifier] = []
    withheld = ""
    for each in node.all("id"):
        if not each.peek("nullFlavor"):
            known.append(identifier(each))
        elif not withheld:
            withheld = each.get("nullFlavor")
    return tuple(known), withheld


def wording(node: Node | None) -> Wording | None:
    """An ED of words or of a reference."""
    if node is None:
        return None
    node.fixed(representation="TXT")
    reference = node.take("reference")
    return Wording(
        text=node.text(),
        reference=reference.get("value") if reference else "",
        media_type=node.get("mediaType"),
        null_flavor=node.get("nullFlavor"),
    )


def concept(node: Node) -> Concept:
    """A CD with all that it says."""
    node.type(*_CODED)
    return coded(node, tuple(concept(each) for each in node.all("translation")))


def coded(node: Node, translations: tuple[Concept, ...] = ()) -> Concept:
    """A CD with *translations* in place of its own, which stay to be taken."""
    return Concept(
        node.get("code"),
        node.get("codeSystem"),
        collapsed(node.get("displayName")),
        system_name=node.get("codeSystemName"),
        system_version=node.get("codeSystemVersion"),
        null_flavor=node.get("nullFlavor"),
        original_text=wording(node.take("originalText")),
        translations=translations,
        qualifiers=tuple(
            Qualifier(name=maybe_concept(each, "name"), value=maybe_concept(each, "value"))
            for each in node.all("qualifier")
        ),
    )


def maybe_concept(node: Node, name: str) -> Concept | None:
    """The first CD called *name*."""
    child = node.take(name)
    return concept(child) if child else None


def concepts(node: Node, name: str) -> tuple[Concept, ...]:
    """Every CD called *name*."""
    return tuple(concept(each) for each in node.all(name))


def code_of(node: Node, name: str) -> str:
    """The code of a CS called *name*, such as statusCode."""
    child = node.take(name)
    return child.get("code") if child else ""


def quantity(node: Node) -> Quantity:
    """A PQ."""
    node.type("PQ")
    return Quantity(
        value=node.get("value"),
        unit=node.get("unit"),
        null_flavor=node.get("nullFlavor"),
        translations=tuple(
            QuantityTranslation(value=each.get("value"), concept=concept(each)) for each in node.all("translation")
        ),
    )


def quantity_range(node: Node | None) -> QuantityRange | None:
    """An IVL_PQ, or a PQ as one."""
    if node is None:
        return None
    node.type("IVL_PQ", "PQ")
    low, high = node.take("low"), node.take("high")
    single = node.peek("value") or node.peek("unit") or node.has("translation")
    return QuantityRange(
        low=quantity(low) if low else None,
        high=quantity(high) if high else None,
        value=quantity(node) if single else None,
        null_flavor=node.get("nullFlavor"),
    )


def period(node: Node | None) -> Period | None:
    """A TS or IVL_TS."""
    if node is None:
        return None
    return Period(
        type=node.type("IVL_TS", "TS"),
        value=node.get("value"),
        low=_time(node.take("low")),
        high=_time(node.take("high")),
        null_flavor=node.get("nullFlavor"),
    )


def _time(node: Node | None) -> Time | None:
    return Time(value=node.get("value"), null_flavor=node.get("nullFlavor")) if node else None


def timestamp(node: Node | None) -> Timestamp | None:
    """A TS of the header; one that is no time is listed."""
    value = node.peek("value") if node else ""
    if node is None or not value:
        return None
    try:
        moment = Timestamp.parse_v3(value)
    except ValueError:
        node.complain("no_time", "value")
        return None
    node.get("value")
    return moment


def bounds(node: Node | None) -> tuple[Timestamp | None, Timestamp | None, str, str]:
    """The ends of an IVL_TS of the header, and their nullFlavors; a plain value is its start."""
    if node is None:
        return None, None, "", ""
    node.type("IVL_TS", "TS")
    low, high = node.take("low"), node.take("high")
    start = timestamp(low) or timestamp(node)
    start_null = low.get("nullFlavor") if low else node.get("nullFlavor")
    return start, timestamp(high), start_null, high.get("nullFlavor") if high else ""


def address(node: Node) -> Address:
    """An AD."""
    parts = tuple((name, part.text()) for name, part in node.ordered())
    return Address(parts=parts, text=node.text(), use=node.get("use"), null_flavor=node.get("nullFlavor"))


def addresses(node: Node) -> tuple[Address, ...]:
    """Every addr."""
    return tuple(address(each) for each in node.all("addr"))


def telecoms(node: Node) -> tuple[Telecom, ...]:
    """Every telecom."""
    return tuple(
        Telecom(value=each.get("value"), use=each.get("use"), null_flavor=each.get("nullFlavor"))
        for each in node.all("telecom")
    )


def person_name(node: Node | None) -> PersonName | None:
    """A PN without the marks that a patient's name has (they would be listed)."""
    if node is None:
        return None
    parts: dict[str, str] = {}
    for name in ("family", "given", "prefix", "suffix"):
        parts[name] = " ".join(filter(None, (each.text() for each in node.all(name))))
    return PersonName(**parts, text=node.text(), null_flavor=node.get("nullFlavor"))


def media(node: Node) -> Media:
    """A large ED. Base64 is decoded once; what cannot be decoded stays text, and is listed."""
    node.type("ED")
    representation = node.get("representation")
    reference = node.take("reference")
    content, text = b"", ""
    if representation == "B64":
        raw = node.raw()
        try:
            content = base64.b64decode(raw.encode("ascii").translate(None, b" \t\r\n"), validate=True)
        except (ValueError, binascii.Error):
            text = raw.strip()
            node.complain("base64")
    else:
        text = node.raw().strip()
    return Media(
        media_type=node.get("mediaType"),
        representation=representation,
        content=content,
        text=text,
        reference=reference.get("value") if reference else "",
        language=node.get("language"),
        compression=node.get("compression"),
        charset=node.get("charset"),
        null_flavor=node.get("nullFlavor"),
    )


def value(node: Node) -> Value:
    """The value of an observation, by its xsi:type; without one, or with one that is not known, its text is kept."""
    kind = node.type()
    if kind in _CODED:
        return Value(type=kind, concept=concept(node))
    match kind:
        case "PQ":
            return Value(type=kind, quantity=quantity(node))
        case "IVL_PQ":
            return Value(type=kind, range=quantity_range(node))
        case "TS" | "IVL_TS":
            return Value(type=kind, period=period(node))
        case "ED":
            return Value(type=kind, media=media(node))
        case "II":
            return Value(type=kind, identifier=identifier(node))
        case "BL" | "INT" | "REAL":
            return Value(type=kind, text=node.get("value"), null_flavor=node.get("nullFlavor"))
    return Value(type=kind, text=node.text(), null_flavor=node.get("nullFlavor"))
