"""Entries to values: by the name of the element, as the class that the template names.

Sources: IMG-CR-IMG 2024.01 technical specification sections 3.3.3 to 3.3.11; HL7 CDA R2.
"""

from __future__ import annotations

from typing import Any

from gateway.cda.datatypes import (
    addresses,
    code_of,
    concepts,
    identifiers,
    maybe_concept,
    media,
    period,
    person_name,
    quantity,
    quantity_range,
    telecoms,
    value,
    wording,
)
from gateway.cda.node import Node
from gateway.cda.whole.header import author
from gateway.cda.whole.people import organization, professional
from gateway.model.identifiers import Identifier
from gateway.model.report_entries import (
    ENTRIES,
    GENERAL,
    Administration,
    EmbeddedMedia,
    Entry,
    EntryParticipant,
    Observation,
    Procedure,
    Product,
    Supply,
)

_BY_TEMPLATE = {kind.FRENCH: kind for kind in ENTRIES} | {root: kind for kind in ENTRIES for root in kind.INTERNATIONAL}
_BY_TAG = {kind.TAG: kind for kind in GENERAL}
_NEGATED = frozenset({"act", "encounter", "observation", "procedure", "substanceAdministration"})
"""Elements that may say that they are not so (HL7 CDA R2, negationInd)."""
_UNNAMED = frozenset({EmbeddedMedia.TAG})
"""Elements whose entries need no template to be known."""


def entries(holder: Node, name: str) -> tuple[Entry, ...]:
    """The entries that hang from *holder* by elements called *name* (entry, entryRelationship, component)."""
    found = []
    for link in holder.all(name):
        link.fixed(contextConductionInd="true")
        tag = next((tag for tag in _BY_TAG if link.has(tag)), "")
        node = link.take(tag) if tag else None
        if node is not None:
            found.append(_entry(node, tag, link=link.get("typeCode"), inverted=link.get("inversionInd")))
    return tuple(found)


def _entry(node: Node, tag: str, *, link: str, inverted: str) -> Entry:
    templates = identifiers(node, "templateId")
    kind = _kind(templates, tag)
    if kind is None:
        kind = _BY_TAG[tag]
        if tag not in _UNNAMED:
            node.complain("template")
    known: dict[str, Any] = {
        "link": link,
        "inverted": inverted,
        "class_code": node.get("classCode"),
        "mood_code": node.get("moodCode"),
        "negated": node.get("negationInd") if tag in _NEGATED else "",
        "xml_id": node.get("ID"),
        "templates": templates,
        "identifiers": identifiers(node),
        "status": code_of(node, "statusCode"),
        "participants": tuple(_participant(each) for each in node.all("participant")),
        "performers": tuple(_performer(each) for each in node.all("performer")),
        "authors": tuple(author(each) for each in node.all("author")),
        "language": code_of(node, "languageCode"),
    }
    if tag == EmbeddedMedia.TAG:
        content = node.take("value")
        return EmbeddedMedia(**known, media=media(content) if content else None, relations=_relations(node))
    known |= {
        "code": maybe_concept(node, "code"),
        "text": wording(node.take("text")),
        "time": period(node.take("effectiveTime")),
        "priority": maybe_concept(node, "priorityCode"),
        "relations": _relations(node),
    }
    return kind(**known, **_more(node, kind))


def _kind(templates: tuple[Identifier, ...], tag: str) -> type[Entry] | None:
    """The class that the templates name for this element: the last that is known, which is the most precise."""
    named = (_BY_TEMPLATE.get(each.root) for each in reversed(templates))
    return next((kind for kind in named if kind is not None and tag == kind.TAG), None)


def _relations(node: Node) -> tuple[Entry, ...]:
    return entries(node, "entryRelationship") + entries(node, "component")


def _more(node: Node, kind: type[Entry]) -> dict[str, Any]:
    """What only some elements have."""
    if issubclass(kind, Observation):
        return {
            "values": tuple(value(each) for each in node.all("value")),
            "interpretations": concepts(node, "interpretationCode"),
            "methods": concepts(node, "methodCode"),
            "sites": concepts(node, "targetSiteCode"),
        }
    if issubclass(kind, Procedure):
        return {
            "methods": concepts(node, "methodCode"),
            "approach_sites": concepts(node, "approachSiteCode"),
            "sites": concepts(node, "targetSiteCode"),
        }
    if issubclass(kind, Administration):
        return {
            "more_times": _periods(node),
            "route": maybe_concept(node, "routeCode"),
            "approach_sites": concepts(node, "approachSiteCode"),
            "dose": quantity_range(node.take("doseQuantity")),
            "rate": quantity_range(node.take("rateQuantity")),
            "product": _product(node.take("consumable")),
        }
    if issubclass(kind, Supply):
        amount = node.take("quantity")
        return {
            "more_times": _periods(node),
            "quantity": quantity(amount) if amount else None,
            "product": _product(node.take("product")),
        }
    return {}


def _periods(node: Node) -> tuple[Any, ...]:
    return tuple(period(each) for each in node.all("effectiveTime"))


def _performer(node: Node) -> Any:
    node.fixed(typeCode="PRF")
    return professional(node, "assignedEntity")


def _product(node: Node | None) -> Product | None:
    if node is None:
        return None
    made = node.take("manufacturedProduct")
    link = node.get("typeCode")
    if made is None:
        return Product(link=link)
    material, maker = made.take("manufacturedMaterial"), made.take("manufacturerOrganization")
    name = lot = None
    if material:
        material.fixed(classCode="MMAT", determinerCode="KIND")
        name, lot = material.take("name"), material.take("lotNumberText")
    return Product(
        link=link,
        class_code=made.get("classCode"),
        templates=identifiers(made, "templateId"),
        identifiers=identifiers(made),
        code=maybe_concept(material, "code") if material else None,
        name=name.text() if name else "",
        lot=lot.text() if lot else "",
        manufacturer=organization(maker) if maker else None,
    )


def _participant(node: Node) -> EntryParticipant:
    node.fixed(contextControlCode="OP")
    role = node.take("participantRole")
    kind, when = node.get("typeCode"), period(node.take("time"))
    if role is None:
        return EntryParticipant(type_code=kind, time=when)
    device = role.take("playingDevice")
    played = device or role.take("playingEntity")
    return EntryParticipant(
        type_code=kind,
        time=when,
        role_class=role.get("classCode"),
        identifiers=identifiers(role),
        code=maybe_concept(role, "code"),
        addresses=addresses(role),
        telecoms=telecoms(role),
        device=device is not None,
        entity=played is not None,
        **(_played(played) if played else {}),
    )


def _played(node: Node) -> dict[str, Any]:
    node.fixed(determinerCode="INSTANCE")
    model, software = node.take("manufacturerModelName"), node.take("softwareName")
    return {
        "entity_class": node.get("classCode"),
        "entity_code": maybe_concept(node, "code"),
        "name": person_name(node.take("name")),
        "device_model": model.text() if model else "",
        "device_software": software.text() if software else "",
        "description": wording(node.take("desc")),
    }
