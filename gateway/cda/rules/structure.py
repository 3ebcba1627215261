"""Structure: names, order and number of elements, attributes and their forms, ``xsi:type``, stray text.

The walk calls :func:`examine` for every element whose shape is known. Source: HL7 CDA R2 (classes and data types), to
which the "Volet Structuration minimale" and 001 section 3.1 refer for everything that they do not constrain themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from lxml import etree

from gateway.cda.elements import CDA, local_name
from gateway.cda.rules.engine import WARNING, Book, Context, step_name
from gateway.cda.rules.looking import find, inside
from gateway.cda.rules.structure_grammar import XSI_TYPE, Shape, derived, shapes

BOOK = Book("structure")
_CDA_R2 = "HL7 CDA R2, {}; CI-SIS Structuration minimale; 001 3.1.1"

UNKNOWN = BOOK.rule(
    "X-1a",
    "L'élément {name} n'existe pas à cet endroit dans un document CDA.",
    "The element {name} does not exist at this place of a CDA document.",
    source=_CDA_R2.format("classes of POCD_MT000040"),
)
ORDER = BOOK.rule(
    "X-1b",
    "L'élément {name} n'est pas à sa place : il vient avant {before}.",
    "The element {name} is out of order: it comes before {before}.",
    source=_CDA_R2.format("order of the elements of a class"),
)
MISSING = BOOK.rule(
    "X-1c",
    "Il manque l'élément {expected}.",
    "The element {expected} is missing.",
    source=_CDA_R2.format("cardinalities"),
)
TOO_MANY = BOOK.rule(
    "X-1d",
    "L'élément {name} est répété : un seul est permis ici.",
    "The element {name} is repeated: one is allowed here.",
    source=_CDA_R2.format("cardinalities"),
)
CHOICE = BOOK.rule(
    "X-1e",
    "Un seul des éléments {expected} est permis ici.",
    "Only one of the elements {expected} is allowed here.",
    source=_CDA_R2.format("choices of a class"),
)
ATTRIBUTE_UNKNOWN = BOOK.rule(
    "X-1f",
    "L'attribut {name} n'existe pas sur l'élément {element}.",
    "The attribute {name} does not exist on the element {element}.",
    source=_CDA_R2.format("attributes of a class"),
)
ATTRIBUTE_MISSING = BOOK.rule(
    "X-1g",
    "Il manque l'attribut {name} de l'élément {element}.",
    "The attribute {name} of the element {element} is missing.",
    source=_CDA_R2.format("attributes of a class"),
)
ATTRIBUTE_VALUE = BOOK.rule(
    "X-1h",
    "L'attribut {name} vaut « {value} », ce qui n'est pas permis (attendu : {expected}).",
    "The attribute {name} is “{value}”, which is not allowed (expected: {expected}).",
    source=_CDA_R2.format("attributes, data types and structural vocabularies"),
)
STRAY_TEXT = BOOK.rule(
    "X-1i",
    "Du texte se trouve entre les éléments de {element}, où il n'en faut pas.",
    "There is text between the elements of {element}, where there may be none.",
    source=_CDA_R2.format("classes without text"),
)
TYPE = BOOK.rule(
    "X-1j",
    "Le type de données « {value} » (xsi:type) n'est pas permis ici (attendu : {expected}).",
    "The data type “{value}” (xsi:type) is not allowed here (expected: {expected}).",
    source=_CDA_R2.format("data types") + "; 001 3.1.3",
)
TYPE_MISSING = BOOK.rule(
    "X-1k",
    "Il manque le type de données (attribut xsi:type) de l'élément value.",
    "The data type (attribute xsi:type) of the element value is missing.",
    source=_CDA_R2.format("data type ANY") + "; 001 3.1.3",
)

TYPE_ID = BOOK.rule(
    "H-2",
    "typeId doit valoir 2.16.840.1.113883.1.3 / POCD_HD000040 ; sans lui le validateur officiel ne regarde pas"
    " l'en-tête.",
    "typeId must be 2.16.840.1.113883.1.3 / POCD_HD000040; without it the official validator does not look at the"
    " header.",
    source="HL7 CDA R2 4.2.1.1 typeId; CI-SIS Structuration minimale, typeId [1..1]",
    official=WARNING,
)

_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_XML = "{http://www.w3.org/XML/1998/namespace}"
_ROOT_EXTRA = "extravalidationterminologies"
"""An attribute that some publishers put on the root and that every official check tolerates."""

_TYPE_ID = ("2.16.840.1.113883.1.3", "POCD_HD000040")


@BOOK.at("ClinicalDocument")
def type_id(root: etree._Element, context: Context) -> None:
    stated = find(root, "typeId")
    if stated is None or (stated.get("root"), stated.get("extension")) != _TYPE_ID:
        context.say(TYPE_ID, root if stated is None else stated, at="typeId" if stated is None else "")


Asked = TypeVar("Asked")
Step = tuple[etree._Element, str, "Shape | None", Asked | None]
"""A child: itself, its tag, the shape that its class gives it, and what the walk will ask about at its path."""


def examine(element: etree._Element, shape: Shape, context: Context, below: Mapping[str, Asked]) -> list[Step[Asked]]:
    """Say what is wrong with the attributes and children of *element*; returns the children.

    *below* is what the walk asks about the children, by their tags.
    """
    attributes: Any = element.items()
    if attributes or shape.needed_attributes:
        _attributes(element, attributes, shape, context)
    if not shape.text:
        text = element.text
        if text and not text.isspace():
            context.say(STRAY_TEXT, element, element=step_name(element))
    children = inside(element)
    if not children and not shape.needed:
        return []
    plan = shape.regular.get(tuple([child.tag for child in children]))
    if plan is None:
        return _judged(element, children, shape, context, below)
    if not shape.text:
        for child in children:
            tail = child.tail
            if tail and not tail.isspace():
                context.say(STRAY_TEXT, element, element=step_name(element))
    planned = zip(children, plan, strict=True)
    if below:
        return [(child, tag, of, below.get(tag)) for child, (tag, of) in planned if of is not None]
    return [(child, tag, of, None) for child, (tag, of) in planned if of is not None]


def shape_of(element: etree._Element, shape: Shape, context: Context) -> Shape:
    """The shape that ``xsi:type`` chooses, or *shape*; an abstract one needs the choice."""
    stated = element.get(XSI_TYPE)
    if stated is None:
        if shape.name == "ANY":
            context.say(TYPE_MISSING, element, at="@xsi:type")
        return shape
    name = stated.strip().rpartition(":")[2]
    allowed = derived(shape.name)
    if name in allowed and _is_cda(element, stated):
        return shapes()[name]
    expected = "|".join(sorted(allowed)) if shape.name != "ANY" else "CD, PQ, ST, TS, ..."
    context.say(TYPE, element, at="@xsi:type", value=stated, expected=expected)
    return shape


def _is_cda(element: etree._Element, stated: str) -> bool:
    prefix = stated.strip().rpartition(":")[0] or None
    return element.nsmap.get(prefix) == CDA


def _attributes(element: etree._Element, stated: Sequence[tuple[str, str]], shape: Shape, context: Context) -> None:
    known = shape.attributes
    for name, value in stated:
        attribute = known.get(name)
        if attribute is None:
            _extra(element, name, value, shape, context)
        elif value not in attribute.usual and not attribute.test(value):
            context.say(ATTRIBUTE_VALUE, element, at=f"@{name}", value=value, expected=attribute.expected, name=name)
        if attribute is not None and attribute.gathered:
            context.collected["ID"].append(element)
    for name in shape.needed_attributes:
        if element.get(name) is None:
            context.say(ATTRIBUTE_MISSING, element, at=f"@{name}", name=name, element=step_name(element))


def _extra(element: etree._Element, name: str, value: str, shape: Shape, context: Context) -> None:
    """An attribute that the shape lacks: those of XML and of XML Schema may stand anywhere."""
    if name == XSI_TYPE:
        if not shape.data:
            context.say(TYPE, element, at="@xsi:type", value=value, expected=shape.name)
    elif not name.startswith((_XSI, _XML)) and name != _ROOT_EXTRA:
        shown = local_name(name)
        context.say(ATTRIBUTE_UNKNOWN, element, at=f"@{shown}", value=value, name=shown, element=step_name(element))


def _remember(shape: Shape, children: Sequence[etree._Element]) -> None:
    """These children, in this order, are right; bounded, because a stranger writes them."""
    if len(shape.regular) < _SEQUENCES and len(children) <= _LONG:
        slots, tags = shape.slots, tuple([child.tag for child in children])
        plan: list[tuple[str, Shape | None]] = [(tag, slots[tag].shape if tag in slots else None) for tag in tags]
        shape.regular[tags] = tuple(plan)


_SEQUENCES, _LONG = 200, 80


def _judged(
    element: etree._Element,
    children: Sequence[etree._Element],
    shape: Shape,
    context: Context,
    below: Mapping[str, Asked],
) -> list[Step[Asked]]:
    found: list[Step[Asked]] = []
    right = True
    counts: dict[str, int] = {}
    chosen: dict[int, str] = {}
    slots, texts = shape.slots, shape.text
    reached, last = -1, element
    for child in children:
        if not texts:
            tail = child.tail
            if tail and not tail.isspace():
                context.say(STRAY_TEXT, element, element=step_name(element))
        tag = child.tag
        slot = slots.get(tag)
        if slot is None:
            if isinstance(tag, str):  # no comment, no instruction
                right = False
                context.say(UNKNOWN, child, name=step_name(child))
                found.append((child, tag, None, below.get(tag)))
            continue
        if (slot.index < reached) if shape.ordered else (slot.first and reached >= 0):
            right = False
            context.say(ORDER, child, name=step_name(child), before=step_name(last))
        else:
            reached, last = slot.index, child
        count = counts[tag] = counts.get(tag, 0) + 1
        if slot.most is not None and count > slot.most:
            right = False
            context.say(TOO_MANY, child, name=step_name(child))
        elif slot.choice and chosen.setdefault(slot.index, tag) != tag:
            right = False
            context.say(CHOICE, child, expected=_members(shape, slot.index))
        found.append((child, tag, slot.shape, below.get(tag)))
    for tags in shape.needed:
        if tags[0] not in counts and not any(tag in counts for tag in tags):
            right = False
            if not _void(element, shape):
                name = "|".join(_local(tag) for tag in tags)
                context.say(MISSING, element, at=name, expected=name)
    if right:
        _remember(shape, children)
    return found


def _void(element: etree._Element, shape: Shape) -> bool:
    """A data type that says ``nullFlavor`` needs no content."""
    return shape.data and element.get("nullFlavor") is not None


def _members(shape: Shape, index: int) -> str:
    return ", ".join(_local(slot.tag) for slot in shape.slots.values() if slot.index == index)


def _local(tag: str) -> str:
    return local_name(tag)
