"""Small changes to a message: each finds a part of it by its name in the standard and alters it."""

from __future__ import annotations

import copy

from lxml import etree

from gateway.xds import constants as c
from gateway.xds.constants import rim

Element = etree._Element
HAS_MEMBER = "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"


def objects(root: Element) -> Element:
    return next(root.iter(rim("RegistryObjectList")))


def entry(root: Element, number: int = 1) -> Element:
    return list(root.iter(rim("ExtrinsicObject")))[number - 1]


def package(root: Element, number: int = 1) -> Element:
    return list(root.iter(rim("RegistryPackage")))[number - 1]


def association(root: Element, number: int = 1) -> Element:
    return list(root.iter(rim("Association")))[number - 1]


def slot(parent: Element, name: str) -> Element:
    return next(one for one in parent.iterchildren(rim("Slot")) if one.get("name") == name)


def value(parent: Element, name: str, number: int = 1) -> Element:
    return list(slot(parent, name).iter(rim("Value")))[number - 1]


def told(parent: Element, name: str, text: str, number: int = 1) -> None:
    """Another text for a value of a slot."""
    value(parent, name, number).text = text


def classified(parent: Element, scheme: str, number: int = 1) -> Element:
    found = [one for one in parent.iter(rim("Classification")) if one.get("classificationScheme") == scheme]
    return found[number - 1]


def node(parent: Element, uuid: str) -> Element:
    return next(one for one in parent.iter(rim("Classification")) if one.get("classificationNode") == uuid)


def identifier(parent: Element, scheme: str) -> Element:
    return next(one for one in parent.iter(rim("ExternalIdentifier")) if one.get("identificationScheme") == scheme)


def text(parent: Element, tag: str = "Name") -> Element:
    """The LocalizedString of a name or description."""
    return next(iter(next(parent.iterchildren(rim(tag)))))


def drop(element: Element) -> None:
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)


def twice(element: Element) -> Element:
    """A copy right behind *element*, with ids of its own."""
    same = copy.deepcopy(element)
    for one in same.iter(etree.Element):
        if one.get("id"):
            one.set("id", one.get("id", "") + "bis")
    element.addnext(same)
    return same


def add_slot(parent: Element, name: str, *values: str) -> Element:
    made = etree.Element(rim("Slot"), {"name": name})
    inside = etree.SubElement(made, rim("ValueList"))
    for one in values:
        etree.SubElement(inside, rim("Value")).text = one
    parent.insert(0, made)
    return made


def add_node(parent: Element, uuid: str) -> Element:
    made = etree.SubElement(parent, rim("Classification"))
    made.set("id", f"n{uuid[-6:]}")
    made.set("classifiedObject", parent.get("id", ""))
    made.set("classificationNode", uuid)
    return made


def add_association(root: Element, kind: str, source: str, target: str, name: str = "more") -> Element:
    made = etree.SubElement(objects(root), rim("Association"))
    for key, one in (("id", name), ("associationType", kind), ("sourceObject", source), ("targetObject", target)):
        made.set(key, one)
    return made


def on_demand(root: Element, number: int = 1) -> Element:
    """The entry as one whose document does not exist yet."""
    found = entry(root, number)
    found.set("objectType", "urn:uuid:34268e47-fdf5-41a6-ba33-82133c465248")
    return found


def limited(root: Element) -> None:
    """Every object says that its metadata are limited."""
    for one in root.iter(rim("ExtrinsicObject")):
        add_node(one, c.ENTRY_LIMITED_NODE)
    for one in root.iter(rim("RegistryPackage")):
        is_set = any(found.get("classificationNode") == c.SUBMISSION_SET_NODE for found in one)
        add_node(one, c.SET_LIMITED_NODE if is_set else c.FOLDER_LIMITED_NODE)
