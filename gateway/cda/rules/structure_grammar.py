"""The notation of :mod:`gateway.cda.rules.structure_table`, read once into shapes that the walk uses."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from functools import cache

from gateway.cda.elements import CDA, PS3_20
from gateway.cda.rules import structure_table as table

NAMESPACES = {
    "ps3-20": PS3_20,
    "sdtc": "urn:hl7-org:sdtc",
    "pharm": "urn:ihe:pharm:medication",
    "lab": "urn:oid:1.3.6.1.4.1.19376.1.3.2",
}
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"

_UID = re.compile(
    r"[0-2](\.(0|[1-9][0-9]*))*|[0-9a-zA-Z]{8}(-[0-9a-zA-Z]{4}){3}-[0-9a-zA-Z]{12}|[A-Za-z][A-Za-z0-9\-]*", re.ASCII
)
_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))*", re.ASCII)
_TS = re.compile(r"[0-9]{1,8}|([0-9]{9,14}|[0-9]{14}\.[0-9]+)([+\-][0-9]{1,4})?", re.ASCII)
_REAL = re.compile(r"\s*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?\s*|\s*(INF|-INF|NaN)\s*", re.ASCII)
_INT = re.compile(r"\s*[+-]?[0-9]+\s*", re.ASCII)
_NAME = re.compile(r"\s*[^\W\d][\w.\-·]*\s*")
_NMTOKENS = re.compile(r"\s*[\w.\-:·]+(\s+[\w.\-:·]+)*\s*")
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*", re.ASCII)

Test = Callable[[str], object]


TYPES: Mapping[str, Test] = {
    "uid": _UID.fullmatch,
    "oid": _OID.fullmatch,
    "cs": lambda value: len(value.split()) == 1,
    "st": lambda value: value != "",
    "bl": lambda value: value.strip() in ("true", "false"),
    "boolean": lambda value: value.strip() in ("true", "false", "0", "1"),
    "int": _INT.fullmatch,
    "real": _REAL.fullmatch,
    "ts": _TS.fullmatch,
    "ID": _NAME.fullmatch,
    "ID_of_another": _NAME.fullmatch,
    "IDs_of_others": lambda value: all(_NAME.fullmatch(one) for one in value.split()),
    "nmtoken": lambda value: len(value.split()) == 1 and _NMTOKENS.fullmatch(value),
    "nmtokens": lambda value: not value.strip() or _NMTOKENS.fullmatch(value),
    "base64": _BASE64.fullmatch,
    "uri": lambda value: True,
    "text": lambda value: True,
}
"""What an attribute of each type may hold (lexical forms of HL7 v3 data types, XML Schema part 2)."""


_MET: Mapping[str, set[str]] = {kind: set() for kind in TYPES}
"""Values that were met and are right, by the type of the attribute."""
_EMPTY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute that an element may have."""

    test: Test
    expected: str
    gathered: bool = False
    """An ID: the walk lays its elements aside for the comparisons at the end."""
    right: Set[str] = frozenset()
    """Values that are known to be right, so that the test need not be asked: those of a list, or those met before."""

    def remember(self, value: str) -> None:
        """*value* has passed the test. A document says the same codes, systems and templates hundreds of times."""
        if isinstance(self.right, set) and len(self.right) < _REMEMBERED and len(value) <= _LONGEST:
            self.right.add(value)


_REMEMBERED, _LONGEST = 2000, 64
"""Values of one type that are remembered, and the characters of the longest: strangers write the documents."""


@dataclass(slots=True)
class Slot:
    """One child that an element may have."""

    tag: str
    index: int
    """Its place in the order; the members of a choice share one."""
    most: int | None
    shape: Shape
    choice: bool
    first: bool = False
    """It comes first even where the others may stand in any order."""


@dataclass(slots=True)
class Shape:
    """One class or data type."""

    name: str
    slots: dict[str, Slot] = field(default_factory=dict)
    needed: list[tuple[str, ...]] = field(default_factory=list)
    """Tags of which one at least must be there; a choice has several."""
    attributes: dict[str, Attribute] = field(default_factory=dict)
    needed_attributes: list[str] = field(default_factory=list)
    ordered: bool = True
    text: bool = False
    """Whether text may stand between the elements."""
    data: bool = False
    """A data type: it may say ``nullFlavor`` for itself and ``xsi:type``."""
    anything: bool = False


def tag_of(name: str) -> str:
    """``ps3-20:accessionNumber`` as a tag; a bare name is of CDA."""
    prefix, _, local = name.rpartition(":")
    return f"{{{NAMESPACES[prefix] if prefix else CDA}}}{local}"


@cache
def shapes() -> dict[str, Shape]:
    """Every shape by its name."""
    reader = _Reader()
    for text, kind in ((table.DATA, "data"), (table.NARRATIVE, "narrative"), (table.HEADER + table.BODY, "class")):
        reader.read(text, kind)
    return reader.shapes


@cache
def derived(base: str) -> frozenset[str]:
    """The data types that ``xsi:type`` may name where *base* is expected, *base* included unless it is abstract."""
    itself = frozenset() if base == "ANY" else frozenset({base})
    return frozenset(table.DERIVED.get(base, "").split()) | itself


@cache
def words(name: str) -> frozenset[str]:
    """The words of one of the lists of the table, with those of the lists that it names."""
    found: set[str] = set()
    for word in table.LISTS[name].split("|"):
        found |= words(word[1:-1]) if word.startswith("{") else {word}
    return frozenset(found)


class _Reader:
    def __init__(self) -> None:
        self.shapes: dict[str, Shape] = {"ANYTHING": Shape("ANYTHING", anything=True)}
        self._infrastructure = ["realmCode:CS*", "typeId:TYPEID?", "templateId:II*"]

    def _shape(self, name: str) -> Shape:
        return self.shapes.setdefault(name, Shape(name))

    def read(self, text: str, kind: str) -> None:
        while "%" in text:
            for short, long in table.MACROS.items():
                text = text.replace(short, long)
        for line in re.sub(r"\n +", " ", text).split("\n"):
            if line:
                self._line(line, kind)

    def _line(self, line: str, kind: str) -> None:
        head, _, tail = line.partition(" : ")
        title, *attributes = head.split()
        match = re.fullmatch(r"(\w+)(~?)(\"?)(?:>(\w+))?", title)
        if match is None:
            raise ValueError(f"a line of the grammar cannot be read: {title}")
        name, loose, text, base = match.groups()
        shape = self._shape(name)
        shape.ordered, shape.text, shape.data = not loose, bool(text), kind == "data"
        if base:
            self._inherit(shape, self.shapes[base])
        if kind != "narrative":
            shape.attributes["nullFlavor"] = _listed("null_flavor")
        for attribute in attributes:
            self._attribute(shape, attribute)
        children = re.sub(r"\s*\|", "|", tail).split()
        if kind == "class" and name != "LanguageCommunication":
            above = self._infrastructure
            # the root must say what it is; elsewhere it may
            children = [one.removesuffix("?") if name == "ClinicalDocument" else one for one in above] + children
        first = len({slot.index for slot in shape.slots.values()})
        for index, child in enumerate(children, first):
            self._child(shape, child, index)

    @staticmethod
    def _inherit(shape: Shape, base: Shape) -> None:
        shape.slots.update(base.slots)
        shape.needed.extend(base.needed)
        shape.attributes.update(base.attributes)
        shape.needed_attributes.extend(base.needed_attributes)
        if base.data:
            shape.ordered, shape.text = base.ordered, base.text

    @staticmethod
    def _attribute(shape: Shape, word: str) -> None:
        match = re.fullmatch(r"@([\w:]+)(!?)(?::(\w+)|=(.+))", word)
        if match is None:
            raise ValueError(f"an attribute of the grammar cannot be read: {word}")
        name, needed, kind, fixed = match.groups()
        if ":" in name:
            name = tag_of(name)
        if kind:
            # an ID is never remembered: it has to be gathered each time it is met
            gathered = kind == "ID"
            shape.attributes[name] = Attribute(TYPES[kind], kind, gathered, _EMPTY if gathered else _MET[kind])
        elif fixed.startswith("{"):
            shape.attributes[name] = _listed(fixed[1:-1])
        else:
            shape.attributes[name] = _one_of(frozenset(fixed.split("|")), fixed)
        if needed:
            shape.needed_attributes.append(name)

    def _child(self, shape: Shape, word: str, index: int) -> None:
        if word.startswith("("):
            members, often = word[1:].rsplit(")", 1)
            most = None if often in ("*", "+") else 1
            tags = [self._slot(shape, member, index, most, choice=often != "+") for member in members.split("|")]
        else:
            first = word.endswith("^")
            word = word.removesuffix("^")
            often = word[-1] if word[-1] in "?*+" else ""
            one = word.removesuffix(often) if often else word
            tags = [self._slot(shape, one, index, 1 if often in ("", "?") else None, choice=False)]
            shape.slots[tags[0]].first = first
        if often in ("", "+"):
            shape.needed.append(tuple(tags))

    def _slot(self, shape: Shape, word: str, index: int, most: int | None, *, choice: bool) -> str:
        name, _, kind = word.rpartition(":")
        tag = tag_of(name)
        shape.slots[tag] = Slot(tag, index, most, self._shape(kind), choice)
        return tag


def _one_of(allowed: frozenset[str], shown: str) -> Attribute:
    return Attribute(lambda value: value.strip() in allowed, shown, right=allowed)


def _listed(name: str) -> Attribute:
    allowed = words(name)
    shown = "|".join(sorted(allowed)) if len(allowed) <= 20 else name
    if name in table.SPACED:
        return Attribute(lambda value: allowed.issuperset(value.split()), shown, right=allowed)
    return _one_of(allowed, shown)
