"""The registry objects of a message as they stand there, nothing read into them: what the rules look at.

Unlike ``gateway.xds.ebrim`` nothing is refused, joined or dropped here: a slot that is there twice is there twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from lxml import etree

from gateway.xds import constants as c
from gateway.xds.constants import rim


class Kind(StrEnum):
    """What an object is; a package that says neither is a ``Package``."""

    ENTRY = "DocumentEntry"
    SET = "SubmissionSet"
    FOLDER = "Folder"
    ASSOCIATION = "Association"
    PACKAGE = "RegistryPackage"


@dataclass(frozen=True, slots=True)
class Value:
    """One value, where it stands."""

    text: str
    element: etree._Element


@dataclass(slots=True, eq=False)
class Thing:
    """One registry object, or one classification: what is in it, by name or scheme, every time it is there."""

    kind: Kind
    element: etree._Element
    slots: dict[str, list[etree._Element]] = field(default_factory=dict)
    values: dict[str, list[Value]] = field(default_factory=dict)
    """Values that are not blank, of every slot of the name."""
    classifications: dict[str, list[etree._Element]] = field(default_factory=dict)
    nodes: dict[str, list[etree._Element]] = field(default_factory=dict)
    identifiers: dict[str, list[etree._Element]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return (self.element.get("id") or "").strip()

    def attribute(self, name: str) -> str:
        return (self.element.get(name) or "").strip()

    def value(self, slot: str) -> str:
        """The first value of *slot*, or empty."""
        return next((one.text for one in self.values.get(slot, ())), "")

    def identifier(self, scheme: str) -> str:
        """The value of the first external identifier of *scheme*, or empty."""
        return next(((one.get("value") or "").strip() for one in self.identifiers.get(scheme, ())), "")

    def codes(self, scheme: str) -> list[CodeAt]:
        return [CodeAt.of(one) for one in self.classifications.get(scheme, ())]

    def code(self, scheme: str) -> CodeAt | None:
        return next(iter(self.codes(scheme)), None)

    def text(self, tag: str) -> str:
        """The first LocalizedString of *tag* that says something."""
        return localized(self.element, tag)


@dataclass(frozen=True, slots=True)
class CodeAt:
    """A coded attribute as it stands."""

    code: str
    system: str
    display: str
    element: etree._Element

    @classmethod
    def of(cls, element: etree._Element) -> CodeAt:
        systems = [one.text for one in slot_values(element).get("codingScheme", ())]
        return cls(
            (element.get("nodeRepresentation") or "").strip(),
            next(iter(systems), ""),
            localized(element, "Name"),
            element,
        )


def children(element: etree._Element, *tags: str) -> Iterator[etree._Element]:
    """The rim children of *element* with one of the local names *tags*."""
    return element.iterchildren(*(rim(tag) for tag in tags))


def inner_text(element: etree._Element) -> str:
    return "".join(str(text) for text in element.itertext()).strip()


def own_text(element: etree._Element) -> str:
    """The text of *element* itself, without that of its children; comments do not part it."""
    return (element.text or "") + "".join(child.tail or "" for child in element)


def localized(element: etree._Element, tag: str) -> str:
    """The first LocalizedString with a value in the *tag* children of *element*."""
    values = (one.get("value") or "" for name in children(element, tag) for one in children(name, "LocalizedString"))
    return next((value.strip() for value in values if value.strip()), "")


def slots_of(element: etree._Element) -> dict[str, list[etree._Element]]:
    found: dict[str, list[etree._Element]] = {}
    for slot in children(element, "Slot"):
        found.setdefault((slot.get("name") or "").strip(), []).append(slot)
    return found


def slot_values(element: etree._Element) -> dict[str, list[Value]]:
    """The values that are not blank, by the name of their slot."""
    found: dict[str, list[Value]] = {}
    for slot in children(element, "Slot"):
        for value_list in children(slot, "ValueList"):
            for value in children(value_list, "Value"):
                if text := inner_text(value):
                    found.setdefault((slot.get("name") or "").strip(), []).append(Value(text, value))
    return found


@dataclass(frozen=True, slots=True)
class Objects:
    """Everything of one rim:RegistryObjectList."""

    element: etree._Element
    entries: list[Thing]
    sets: list[Thing]
    folders: list[Thing]
    packages: list[Thing]
    """Packages that are neither submission set nor folder, or both."""
    associations: list[Thing]
    references: list[etree._Element]
    """ObjectRef."""
    strays: list[etree._Element]
    """Classifications beside the objects that classify none of them."""

    @property
    def all(self) -> list[Thing]:
        return [*self.sets, *self.folders, *self.packages, *self.entries, *self.associations]

    @property
    def patients(self) -> list[Thing]:
        """The objects that have a patientId."""
        return [*self.sets, *self.folders, *self.entries]


def read(element: etree._Element) -> Objects:
    """The objects of a rim:RegistryObjectList."""
    made = Objects(element, [], [], [], [], [], list(children(element, "ObjectRef")), [])
    things: list[Thing] = []
    for tag, kind in (
        ("RegistryPackage", Kind.PACKAGE),
        ("ExtrinsicObject", Kind.ENTRY),
        ("Association", Kind.ASSOCIATION),
    ):
        things += [_thing(one, kind) for one in children(element, tag)]
    by_id = {thing.id: thing for thing in things if thing.id}
    for stray in children(element, "Classification"):
        owner = by_id.get((stray.get("classifiedObject") or "").strip())
        if owner is None:
            made.strays.append(stray)
        else:
            _classify(owner, stray)
    for thing in things:
        if thing.kind is Kind.PACKAGE:
            thing.kind = _package_kind(thing)
        lists = {
            Kind.SET: made.sets,
            Kind.FOLDER: made.folders,
            Kind.PACKAGE: made.packages,
            Kind.ENTRY: made.entries,
            Kind.ASSOCIATION: made.associations,
        }
        lists[thing.kind].append(thing)
    return made


def _thing(element: etree._Element, kind: Kind) -> Thing:
    thing = Thing(kind, element, slots_of(element), slot_values(element))
    for one in children(element, "Classification"):
        _classify(thing, one)
    for one in children(element, "ExternalIdentifier"):
        thing.identifiers.setdefault((one.get("identificationScheme") or "").strip(), []).append(one)
    return thing


def _classify(thing: Thing, element: etree._Element) -> None:
    if scheme := (element.get("classificationScheme") or "").strip():
        thing.classifications.setdefault(scheme, []).append(element)
    if node := (element.get("classificationNode") or "").strip():
        thing.nodes.setdefault(node, []).append(element)


def _package_kind(thing: Thing) -> Kind:
    """By its node; without one, by the schemes of its identifiers, so that the rest of it is judged all the same."""
    is_set, is_folder = c.SUBMISSION_SET_NODE in thing.nodes, c.FOLDER_NODE in thing.nodes
    if is_set != is_folder:
        return Kind.SET if is_set else Kind.FOLDER
    if {c.SET_UNIQUE_ID, c.SET_SOURCE_ID, c.SET_PATIENT_ID} & set(thing.identifiers):
        return Kind.SET
    if {c.FOLDER_UNIQUE_ID, c.FOLDER_PATIENT_ID} & set(thing.identifiers):
        return Kind.FOLDER
    return Kind.PACKAGE
