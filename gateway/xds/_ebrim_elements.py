"""What stands in one ebRIM element and beside it, found by name or scheme; what it means is for ``_ebrim_read``.

Children are walked and their tags compared: lxml takes half as long again to look for a tag among so few.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import NoReturn

from lxml import etree

from gateway.errors import InputRejected
from gateway.model.codes import Code
from gateway.model.document import Author, Slots
from gateway.xds.constants import rim

NAME, DESCRIPTION = rim("Name"), rim("Description")

_SLOT, _VALUE_LIST, _VALUE, _LOCALIZED = (rim(one) for one in ("Slot", "ValueList", "Value", "LocalizedString"))
_CLASSIFICATION, _IDENTIFIER, _VERSION = rim("Classification"), rim("ExternalIdentifier"), rim("VersionInfo")
_AUTHOR_SLOTS = ("authorPerson", "authorInstitution", "authorRole", "authorSpecialty", "authorTelecommunication")
_SEVERAL_VALUES = frozenset({"sourcePatientInfo", "intendedRecipient", "URI"})
_NO_SCHEME = frozenset({""})
_TEXTS = frozenset({NAME, DESCRIPTION})


def inner_text(element: etree._Element) -> str:
    """The text of *element* without the blanks around it; comments do not count."""
    if len(element):
        return "".join(str(text) for text in element.itertext()).strip()
    return (element.text or "").strip()


class _Described:
    """What describes an object or a classification alike: its slots and its texts."""

    __slots__ = ("element", "slots", "texts")

    def __init__(self, element: etree._Element) -> None:
        self.element = element
        slots: dict[str, tuple[str, ...]] = {}
        texts: dict[str, str] = {}
        for child in element:
            tag = child.tag
            if tag == _SLOT:
                name = child.get("name", "").strip()
                values = _values(child)
                slots[name] = (*slots[name], *values) if name in slots else values
            elif tag in _TEXTS:
                if not texts.get(tag):
                    texts[tag] = _localized(child)
            else:
                self._take(tag, child)
        self.slots = slots
        """Values by slot name; a slot that is repeated is joined."""
        self.texts = texts
        """By tag, the first LocalizedString that says something, in whatever language."""

    def attribute(self, name: str) -> str:
        return (self.element.get(name) or "").strip()

    def _take(self, tag: str, child: etree._Element) -> None:
        """Another child: an object has more of them, a classification has none."""


class ObjectReader(_Described):
    """One registry object: its attributes, and what stands in it and beside it, found by name or scheme."""

    def __init__(self, element: etree._Element, place: str, beside: Sequence[etree._Element]) -> None:
        self._place = place
        self._identifiers: dict[str, str] = {}
        self._classifications: dict[str, list[_Described]] = {}
        """By scheme, those in the object and beside it."""
        self._inside: set[str] = set()
        """Schemes of those in the object."""
        self._asked: set[str] = set()
        """Schemes of attributes that were read."""
        self.version = ""
        self.nodes: set[str] = set()
        self.whole = True
        """Whether nothing was left out so far."""
        super().__init__(element)
        for child in beside:
            self._classify(child)

    def _take(self, tag: str, child: etree._Element) -> None:
        if tag == _CLASSIFICATION:
            self._inside.add(self._classify(child))
        elif tag == _IDENTIFIER:
            scheme = child.get("identificationScheme", "").strip()
            self.whole &= scheme not in self._identifiers
            self._identifiers.setdefault(scheme, child.get("value", "").strip())
        elif tag == _VERSION and not self.version:
            self.version = child.get("versionName", "").strip()

    def _classify(self, element: etree._Element) -> str:
        """Keep the classification *element*; gives its scheme."""
        scheme = element.get("classificationScheme", "").strip()
        self._classifications.setdefault(scheme, []).append(_Described(element))
        if node := element.get("classificationNode"):
            self.nodes.add(node.strip())
        return str(scheme)

    def slot(self, name: str) -> str:
        """The one value of a slot, or empty."""
        values = self.slots.get(name)
        return values[0] if values else ""

    def text(self, tag: str) -> str:
        return self.texts.get(tag, "")

    def identifier(self, scheme: str) -> str:
        self._asked.add(scheme)
        return self._identifiers.get(scheme, "")

    def codes(self, scheme: str, attribute: str) -> tuple[Code, ...]:
        self._asked.add(scheme)
        return tuple([self._code(one, attribute) for one in self._classifications.get(scheme, ())])

    def code(self, scheme: str, attribute: str) -> Code:
        """The first code of *scheme*; refuses its absence."""
        self._asked.add(scheme)
        found = self._classifications.get(scheme)
        if not found:
            self.refuse(attribute)
        self.whole &= len(found) == 1
        return self._code(found[0], attribute)

    def optional_code(self, scheme: str, attribute: str) -> Code | None:
        return next(iter(self.codes(scheme, attribute)), None)

    def authors(self, scheme: str) -> tuple[Author, ...]:
        """Those of whom something is said."""
        self._asked.add(scheme)
        authors = []
        for one in self._classifications.get(scheme, ()):
            persons, institutions, roles, specialties, telecommunications = (
                one.slots.get(name, ()) for name in _AUTHOR_SLOTS
            )
            self.whole &= len(persons) < 2
            if persons or institutions or roles or specialties or telecommunications:
                person = persons[0] if persons else ""
                authors.append(
                    Author(
                        person=person,
                        institutions=institutions,
                        roles=roles,
                        specialties=specialties,
                        telecommunications=telecommunications,
                    )
                )
        return tuple(authors)

    def extra_slots(self, known: Container[str]) -> Slots:
        """The slots that the model does not name, as they came."""
        return tuple([(name, values) for name, values in self.slots.items() if name not in known and values])

    def need(self, value: str, attribute: str) -> str:
        return value or self.refuse(attribute)

    def refuse(self, attribute: str, code: str = "registry_metadata") -> NoReturn:
        raise InputRejected(code, place=self._place, attribute=attribute, object=self.attribute("id"))

    def is_whole(self) -> bool:
        """Whether what was read is all that stands in the object."""
        if not self.whole:
            return False
        for name, values in self.slots.items():
            if len(values) > 1 and not _several(name):
                return False
        return self._inside | self._identifiers.keys() <= self._asked | _NO_SCHEME

    def _code(self, one: _Described, attribute: str) -> Code:
        code = one.attribute("nodeRepresentation") or self.refuse(attribute)
        systems = one.slots.get("codingScheme") or self.refuse(f"{attribute}/codingScheme")
        self.whole &= len(systems) == 1
        return Code(code, systems[0], one.texts.get(NAME, ""))


def _values(slot: etree._Element) -> tuple[str, ...]:
    return tuple(
        [
            text
            for one in slot
            if one.tag == _VALUE_LIST
            for value in one
            if value.tag == _VALUE and (text := inner_text(value))
        ]
    )


def _localized(text: etree._Element) -> str:
    for localized in text:
        if localized.tag == _LOCALIZED and (value := localized.get("value", "").strip()):
            return str(value)
    return ""


def _several(slot: str) -> bool:
    """Whether the slot may have several values: one of these attributes, or one that has a URN for a name."""
    return slot in _SEVERAL_VALUES or slot.startswith("urn:")
