"""Structure: names, order and number of elements, attributes and their forms, ``xsi:type``, stray text.

The walk sees for itself what is plainly right; it calls :func:`examine` for a sequence of children that it does not
know, :func:`attributes` where an attribute may be wrong, :func:`say_stray` where there is text too many. Source: HL7
CDA R2 (classes and data types), to which the "Volet Structuration minimale" and 001 section 3.1 refer for everything
that they do not constrain themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lxml import etree

from gateway.cda.elements import CDA, local_name
from gateway.cda.rules.engine import WARNING, Book, Context, step_name
from gateway.cda.rules.looking import Family, find
from gateway.cda.rules.structure_grammar import XSI_TYPE, Shape, derived, shapes
from gateway.cda.rules.visits import Plan, Visit

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
_HINTS = frozenset({f"{_XSI}schemaLocation", f"{_XSI}noNamespaceSchemaLocation"})
"""Where to find a schema: attributes that may stand anywhere. The schema of CDA foresees no ``xml:*`` and no nil."""
_ROOT_EXTRA = "extravalidationterminologies"
"""An attribute that some publishers put on the root and that every official check tolerates."""

_TYPE_ID = ("2.16.840.1.113883.1.3", "POCD_HD000040")


@BOOK.at("ClinicalDocument")
def type_id(root: etree._Element, context: Context) -> None:
    stated = find(root, "typeId")
    if stated is None or (stated.get("root"), stated.get("extension")) != _TYPE_ID:
        context.say(TYPE_ID, root if stated is None else stated, at="typeId" if stated is None else "")


def examine(element: etree._Element, family: Family, visit: Visit, context: Context) -> Plan:
    """Say what is wrong with the children of *element*, a sequence that *visit* does not know; remember a right one."""
    children, names = family
    plan = visit.plan(names)
    if visit.shape is not None and not visit.free and _are_right(element, children, visit.shape, context):
        visit.remember(names, plan)
    return plan


def say_stray(element: etree._Element, context: Context) -> None:
    """Say that there is text between the elements of *element*."""
    context.say(STRAY_TEXT, element, element=step_name(element))


def attributes(element: etree._Element, visit: Visit, context: Context) -> Visit:
    """Say what is wrong with the attributes of *element*; the visit that its ``xsi:type`` chooses, or *visit*."""
    shape = visit.shape
    assert shape is not None  # noqa: S101 - the walk asks for elements of CDA alone
    if shape.data and (shape.name == "ANY" or element.get(XSI_TYPE) is not None):
        shape = shape_of(element, shape, context)
    _attributes(element, element.items(), shape, context)
    return visit if shape is visit.shape else visit.typed(shape)


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
    """Whether the prefix of *stated* is that of CDA here: nearly always the element's own."""
    prefix = stated.strip().rpartition(":")[0] or None
    if prefix == element.prefix:
        return str(element.tag).startswith(_IN_CDA)
    return element.nsmap.get(prefix) == CDA


_IN_CDA = f"{{{CDA}}}"


def _attributes(element: etree._Element, stated: Any, shape: Shape, context: Context) -> None:
    known = shape.attributes
    for name, value in stated:
        attribute = known.get(name)
        if attribute is None:
            _extra(element, name, value, shape, context)
        elif value not in attribute.right and not attribute.test(value):
            context.say(ATTRIBUTE_VALUE, element, at=f"@{name}", value=value, expected=attribute.expected, name=name)
        if attribute is not None and attribute.gathered:
            context.collected["ID"].append(element)
    for name in shape.needed_attributes:
        if element.get(name) is None:
            context.say(ATTRIBUTE_MISSING, element, at=f"@{name}", name=name, element=step_name(element))


def _extra(element: etree._Element, name: str, value: str, shape: Shape, context: Context) -> None:
    """An attribute that the shape lacks: those that say where a schema is may stand anywhere."""
    if name == XSI_TYPE:
        if not shape.data:
            context.say(TYPE, element, at="@xsi:type", value=value, expected=shape.name)
    elif name not in _HINTS and name != _ROOT_EXTRA:
        shown = local_name(name)
        context.say(ATTRIBUTE_UNKNOWN, element, at=f"@{shown}", value=value, name=shown, element=step_name(element))


def _are_right(element: etree._Element, children: Sequence[etree._Element], shape: Shape, context: Context) -> bool:
    """Whether they are those of the class, in its order and number; says what is not."""
    right = True
    counts: dict[str, int] = {}
    chosen: dict[int, str] = {}
    slots, texts = shape.slots, shape.text
    reached, last = -1, element
    for child in children:
        if not texts:
            tail = child.tail
            if tail and not tail.isspace():
                say_stray(element, context)
        tag = child.tag
        slot = slots.get(tag)
        if slot is None:
            if isinstance(tag, str):  # no comment, no instruction
                right = False
                context.say(UNKNOWN, child, name=step_name(child))
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
    for tags in shape.needed:
        if tags[0] not in counts and not any(tag in counts for tag in tags):
            right = False
            if not _void(element, shape):
                name = "|".join(_local(tag) for tag in tags)
                context.say(MISSING, element, at=name, expected=name)
    return right


def _void(element: etree._Element, shape: Shape) -> bool:
    """A data type that says ``nullFlavor`` needs no content."""
    return shape.data and element.get("nullFlavor") is not None


def _members(shape: Shape, index: int) -> str:
    return ", ".join(_local(slot.tag) for slot in shape.slots.values() if slot.index == index)


def _local(tag: str) -> str:
    return local_name(tag)
