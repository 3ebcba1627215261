"""How checks look down from their element: children by name, and the templates that an element declares.

Fifty checks look at the same section, each for some of its children. While a document is judged (:func:`remembering`)
the children of an element are therefore listed once, and where each name stands among them is known by the sequence of
their names, which repeats itself from act to act and from report to report. The document may not be altered meanwhile;
elsewhere nothing is remembered. Four fifths of the children need not be touched again by that (20,000 to 4,000 in the
official example), which is several times quicker than the iterators and paths of the library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import cast

from lxml import etree

from gateway.cda.elements import CDA

inside: Callable[[etree._Element], list[etree._Element]] = itemgetter(slice(None))
"""The children of an element, comments and instructions among them."""


@dataclass(slots=True, eq=False)
class Names:
    """The names of a sequence of children; shared by the elements that have the same, unless there are too many."""

    tags: tuple[object, ...]
    places: dict[object, tuple[int, ...]]
    """Where each tag stands."""
    shared: bool


Family = tuple[list[etree._Element], Names]
"""The children of an element, not to be altered, and their names."""

_shared: dict[tuple[object, ...], Names] = {}
_SHARED, _LONG = 3000, 80
"""Sequences that are kept for other elements, and the children of the longest: strangers write the documents."""
_known: ContextVar[dict[etree._Element, Family] | None] = ContextVar("families", default=None)


@contextmanager
def remembering() -> Iterator[None]:
    """Within it, children are listed once; no element may be altered."""
    token = _known.set({})
    try:
        yield
    finally:
        _known.reset(token)


def family(element: etree._Element) -> Family:
    """The children of *element* and their names."""
    known = _known.get()
    if known is None:
        return _listed(element)
    found = known.get(element)
    if found is None:
        found = known[element] = _listed(element)
    return found


def _listed(element: etree._Element) -> Family:
    children = inside(element)
    tags = tuple([child.tag for child in children])
    names = _shared.get(tags)
    return children, _named(tags) if names is None else names


def _named(tags: tuple[object, ...]) -> Names:
    places: dict[object, list[int]] = {}
    for at, tag in enumerate(tags):
        places.setdefault(tag, []).append(at)
    shared = len(tags) <= _LONG and len(_shared) < _SHARED
    names = Names(tags, {tag: tuple(some) for tag, some in places.items()}, shared)
    if shared:
        _shared[tags] = names
    return names


class _Tags(dict[str, str]):
    """Names of CDA as tags; the names are those that the checks ask for."""

    def __missing__(self, name: str) -> str:
        self[name] = tag = f"{{{CDA}}}{name}"
        return tag


_TAGS = _Tags()
_TEMPLATE_ID = _TAGS["templateId"]


@cache
def _along(steps: str) -> etree.XPath:
    """Compiled child steps: beyond two of them quicker than going from list to list."""
    return etree.XPath("/".join(f"cda:{step}" for step in steps.split("/")), namespaces={"cda": CDA})


def kids(element: etree._Element | None, steps: str) -> list[etree._Element]:
    """The elements below *element* along *steps* (``code/translation``), none when there is no element."""
    if element is None:
        return []
    if "/" not in steps:
        return tagged(element, _TAGS[steps])
    first, _, rest = steps.partition("/")
    if "/" in rest:
        return cast(list[etree._Element], _along(steps)(element))
    last = _TAGS[rest]
    return [one for child in tagged(element, _TAGS[first]) for one in tagged(child, last)]


def tagged(element: etree._Element, tag: str) -> list[etree._Element]:
    """The children of *element* that have the *tag*, which may be of another namespace."""
    children, names = family(element)
    places = names.places.get(tag)
    return [children[at] for at in places] if places else []


def is_alone(element: etree._Element) -> bool:
    """Whether no sibling has the same name."""
    parent = element.getparent()
    return parent is None or len(family(parent)[1].places[element.tag]) == 1


def find(element: etree._Element | None, steps: str) -> etree._Element | None:
    """The first element below *element* along *steps*."""
    if element is None:
        return None
    if "/" in steps:
        return next(iter(kids(element, steps)), None)
    children, names = family(element)
    places = names.places.get(_TAGS[steps])
    return None if places is None else children[places[0]]


def declarations(element: etree._Element) -> list[str]:
    """The roots of its templateIds without the white space around them, in order, repetitions included."""
    return [(one.get("root") or "").strip() for one in tagged(element, _TEMPLATE_ID)]


def declares(element: etree._Element, *roots: str) -> bool:
    """Whether it declares one of the templates *roots*."""
    for one in tagged(element, _TEMPLATE_ID):  # noqa: SIM110 - asked thousands of times: no generator
        if one.get("root") in roots:
            return True
    return False
