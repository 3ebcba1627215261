"""Marks every attribute and text of a document, and looks the marks up in what was made of it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import Enum

from lxml import etree

from gateway.model.times import Timestamp

_TIME = re.compile(r"(\d{8}(?:\d{4}(?:\d\d)?)?)((?:\.\d+)?(?:[+-]\d{4})?)")
_OID = re.compile(r"[0-9]+(\.[0-9]+)+")
_NAMED = re.compile(r"(?:(\w[\w-]*):)?([\w-]+|\*)(?:\[(\d+)\])?")
_NARRATIVE = "{urn:hl7-org:v3}text"

Mark = tuple[etree._Element, str, str]
"""Where it stands (element, and attribute or ``text()``), and the mark."""


def token(number: int, value: str) -> str:
    """A mark that may stand where *value* stands: a time for a time, an OID for an OID, else a word."""
    time = _TIME.fullmatch(value)
    if time:
        moment = datetime(1951, 1, 1) + timedelta(days=number, seconds=number)  # noqa: DTZ001 - written as digits
        return moment.strftime("%Y%m%d%H%M%S")[: len(time.group(1))] + time.group(2)
    if _OID.fullmatch(value):
        return f"1.2.250.1.999.7777.{number}.0"
    return f"m{number}k"


def places(root: etree._Element) -> Iterator[tuple[etree._Element, str, str]]:
    """Every attribute and every text that is not white space: element, attribute or ``text()``, value."""
    for element in root.iter("*"):
        for name, value in element.attrib.items():
            yield element, str(name), str(value)
        if any(text.strip() for text in own_texts(element)):
            yield element, "text()", "".join(own_texts(element))


def own_texts(element: etree._Element) -> list[str]:
    return [element.text or "", *(child.tail or "" for child in element)]


def mark(element: etree._Element, name: str, value: str) -> None:
    """Put *value* at a place."""
    if name != "text()":
        element.set(name, value)
        return
    element.text = value
    for child in element:
        child.tail = None


def strings(value: object) -> Iterator[str]:
    """Every string of a value, times as HL7 writes them, bytes decoded."""
    if isinstance(value, Timestamp):
        yield value.hl7
    elif isinstance(value, bytes):
        yield value.decode("latin-1")
    elif isinstance(value, Enum):
        yield str(value.value)
    elif dataclasses.is_dataclass(value):
        for each in dataclasses.fields(value):
            yield from strings(getattr(value, each.name))
    elif isinstance(value, tuple | frozenset):
        for item in value:
            yield from strings(item)
    elif value is not None:
        yield str(value)


def listed(root: etree._Element, found: tuple[tuple[str, str], ...]) -> set[tuple[etree._Element, str]]:
    """The places that a list of paths names, an element as itself with an empty name."""
    return {_resolved(root, path) for path, why in found if why not in ("template", "base64", "more")}


def covered(element: etree._Element, name: str, known: set[tuple[etree._Element, str]]) -> bool:
    """Whether a place, or an element that holds it, is among *known*."""
    if (element, name) in known:
        return True
    return any((each, "") in known for each in (element, *element.iterancestors()))


def _resolved(root: etree._Element, path: str) -> tuple[etree._Element, str]:
    element = root
    for step in path.split("/")[2:]:
        if step.startswith("@"):
            local = step[1:].rpartition(":")[2]
            return element, next(str(n) for n in element.attrib if str(n).rpartition("}")[2] == local)
        if step == "text()":
            return element, step
        match = _NAMED.fullmatch(step)
        assert match is not None, path
        name, position = match.group(2), int(match.group(3) or 1)
        same = [c for c in element.iterchildren("*") if name in ("*", str(c.tag).rpartition("}")[2])]
        element = same[position - 1]
    return element, ""
