"""How checks look down from their element: children by name, and the templates that an element declares.

The walk keeps every element of the document alive while it is judged (:class:`gateway.cda.rules.engine.Context`), so
that a slice of the children costs nothing but the list: this is several times quicker than the iterators and paths of
the library, which the readers use because they meet each element once.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter

from lxml import etree

from gateway.cda.elements import CDA, tags

_TEMPLATE_ID = f"{{{CDA}}}templateId"


inside: Callable[[etree._Element], list[etree._Element]] = itemgetter(slice(None))
"""The children of an element, comments and instructions among them."""


def kids(element: etree._Element | None, steps: str) -> list[etree._Element]:
    """The elements below *element* along *steps* (``code/translation``), none when there is no element."""
    if element is None:
        return []
    first, *rest = tags(steps)
    found = [child for child in inside(element) if child.tag == first]
    for tag in rest:
        found = [child for one in found for child in inside(one) if child.tag == tag]
    return found


def tagged(element: etree._Element, tag: str) -> list[etree._Element]:
    """The children of *element* that have the *tag*, which may be of another namespace."""
    return [child for child in inside(element) if child.tag == tag]


def find(element: etree._Element | None, steps: str) -> etree._Element | None:
    """The first element below *element* along *steps*."""
    if element is None:
        return None
    wanted = tags(steps)
    if len(wanted) == 1:
        (tag,) = wanted
        for child in inside(element):
            if child.tag == tag:
                return child
        return None
    return next(iter(kids(element, steps)), None)


def declarations(element: etree._Element) -> list[str]:
    """The roots of its templateIds without the white space around them, in order, repetitions included."""
    return [(one.get("root") or "").strip() for one in inside(element) if one.tag == _TEMPLATE_ID]


def declares(element: etree._Element, *roots: str) -> bool:
    """Whether it declares one of the templates *roots*."""
    for one in inside(element):  # noqa: SIM110 - asked thousands of times: no generator
        if one.tag == _TEMPLATE_ID and one.get("root") in roots:
            return True
    return False
