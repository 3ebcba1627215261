"""The small vocabulary with which CDA elements are read: names, texts, identifiers, codes, times.

Every function takes elements of a tree that ``trust.safexml`` has parsed and walks children, never ``//``. Sources:
HL7 CDA R2, data types of HL7 v3 Release 1 (II, CD, TS, IVL_TS, ED).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from lxml import etree

from gateway.errors import InputRejected, InputTooLarge
from gateway.model.codes import Code
from gateway.model.identifiers import Identifier, is_root
from gateway.model.times import Timestamp

CDA = "urn:hl7-org:v3"
PS3_20 = "urn:dicom-org:ps3-20"
"""Namespace of the DICOM extension that holds the accession number (DICOM PS3.20 section 8)."""

REPEATS = 200
"""How often one element may be repeated where each repetition becomes work (acts, orders, authors, identifiers)."""
LENGTH = 1024
"""Characters kept of a name, a title or a label."""

_EXTENSION_LENGTH = 255
_FORBIDDEN_IN_EXTENSION = re.compile(r"[\^&~|\x00-\x1f\x7f]")
_STRING = etree.XPath("string()")


@lru_cache(maxsize=256)
def path(steps: str) -> str:
    """``a/b`` as an ElementPath in the CDA namespace."""
    return "/".join(f"{{{CDA}}}{step}" for step in steps.split("/"))


@lru_cache(maxsize=512)
def tags(steps: str) -> tuple[str, ...]:
    """The tags along ``a/b`` in the CDA namespace."""
    return tuple(f"{{{CDA}}}{step}" for step in steps.split("/"))


def find(parent: etree._Element | None, steps: str) -> etree._Element | None:
    """The first element below *parent* along *steps*."""
    return None if parent is None else _first(parent, tags(steps))


def _first(parent: etree._Element, wanted: tuple[str, ...]) -> etree._Element | None:
    """Children by their tags: several times quicker than the library's own paths."""
    for child in parent.iterchildren(wanted[0]):
        found = child if len(wanted) == 1 else _first(child, wanted[1:])
        if found is not None:
            return found
    return None


def find_all(parent: etree._Element | None, steps: str, place: str = "") -> list[etree._Element]:
    """The elements below *parent* along *steps*; raises InputTooLarge when there are more than ``REPEATS``."""
    found = [] if parent is None else [parent]
    for tag in tags(steps):
        found = [child for one in found for child in one.iterchildren(tag)]
    if len(found) > REPEATS:
        raise InputTooLarge("report_too_many", place=place or steps, limit=REPEATS)
    return found


def children(parent: etree._Element) -> Iterator[etree._Element]:
    """The child elements of the CDA namespace; comments, instructions and extensions are passed over."""
    return parent.iterchildren(f"{{{CDA}}}*")


@lru_cache(maxsize=1024)
def local_name(tag: str) -> str:
    """The local name of a tag in Clark's notation."""
    return tag.rpartition("}")[2]


def name_of(element: etree._Element) -> str:
    """The local name."""
    return local_name(str(element.tag))


def text_of(element: etree._Element | None) -> str:
    """The text in and below *element* without comments, its white space collapsed, at most ``LENGTH`` characters."""
    if element is None:
        return ""
    # Most have no children, and then no path is needed (ten times quicker).
    text = str(_STRING(element)) if len(element) else element.text or ""
    return " ".join(text.split())[:LENGTH]


def attribute(element: etree._Element | None, name: str) -> str:
    """An attribute without the white space around it; empty when it is absent."""
    value = None if element is None else element.get(name)
    return value.strip() if value else ""


def identifier(element: etree._Element | None, place: str) -> Identifier | None:
    """An II, or None when it has a nullFlavor or says nothing.

    Raises InputRejected when its root is no OID and no UUID, or when its extension holds what would break the HL7
    strings and queries it is put into (separators, control characters) or is above 255 characters.
    """
    if element is None or attribute(element, "nullFlavor"):
        return None
    root, extension = attribute(element, "root"), attribute(element, "extension")
    if not root and not extension:
        return None
    if not is_root(root) or len(extension) > _EXTENSION_LENGTH or _FORBIDDEN_IN_EXTENSION.search(extension):
        raise InputRejected("report_identifier_invalid", place=place)
    return Identifier(root, extension or None)


def identifiers(parent: etree._Element | None, steps: str, place: str) -> tuple[Identifier, ...]:
    """Every II along *steps* that says something, in order."""
    found = (identifier(element, place) for element in find_all(parent, steps, place))
    return tuple(dict.fromkeys(i for i in found if i is not None))


def code(element: etree._Element | None) -> Code | None:
    """A CD or CE, or None when it has no code."""
    value = attribute(element, "code")
    if element is None or not value:
        return None
    display = attribute(element, "displayName") or text_of(find(element, "originalText"))
    return Code(value[:LENGTH], attribute(element, "codeSystem"), display[:LENGTH])


def time(element: etree._Element | None, place: str) -> Timestamp | None:
    """A TS, or None when it has no value; raises InputRejected when its value is no date and time."""
    value = attribute(element, "value")
    if not value:
        return None
    try:
        return Timestamp.parse_v3(value)
    except ValueError:
        raise InputRejected("report_time_invalid", place=place) from None


def interval(element: etree._Element | None, place: str) -> tuple[Timestamp | None, Timestamp | None]:
    """The ends of an IVL_TS; a plain value is its start. Raises as :func:`time`."""
    start = time(find(element, "low"), f"{place}/low") or time(element, place)
    return start, time(find(element, "high"), f"{place}/high")


def has_template(element: etree._Element, roots: frozenset[str]) -> bool:
    """Whether *element* declares one of the templates *roots*."""
    return any(attribute(template, "root") in roots for template in element.findall(path("templateId")))
