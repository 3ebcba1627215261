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
from operator import attrgetter, itemgetter

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
    runs: dict[object, slice]
    """Where each tag stands whose elements follow each other: nearly all do, and a slice of a list costs least."""
    shared: bool


Family = tuple[list[etree._Element], Names]
"""The children of an element, not to be altered, and their names."""
Declared = tuple[list[str | None], list[str]]
"""The roots of an element's templateIds, as they are written and without the white space around them."""

_shared: dict[tuple[object, ...], Names] = {}
_SHARED, _LONG = 3000, 80
"""Sequences that are kept for other elements, and the children of the longest: strangers write the documents."""


class _Families(dict[etree._Element, Family]):
    """The families of one document, and the templates that its elements declare; listed when first asked for."""

    def __missing__(self, element: etree._Element) -> Family:
        found = self[element] = _listed(element)
        return found


class _Declarations(dict[etree._Element, Declared]):
    def __missing__(self, element: etree._Element) -> Declared:
        found = self[element] = _declared(element)
        return found


class _Anew(dict[etree._Element, Family]):
    """Where nothing is remembered."""

    def __missing__(self, element: etree._Element) -> Family:
        return _listed(element)


class _DeclaredAnew(dict[etree._Element, Declared]):
    def __missing__(self, element: etree._Element) -> Declared:
        return _declared(element)


_families: ContextVar[dict[etree._Element, Family]] = ContextVar("families", default=_Anew())  # noqa: B039 - stays empty
_declarations: ContextVar[dict[etree._Element, Declared]] = ContextVar(
    "declarations",
    default=_DeclaredAnew(),  # noqa: B039 - stays empty
)


@contextmanager
def remembering() -> Iterator[dict[etree._Element, Family]]:
    """Within it, children and templates are listed once; no element may be altered. Gives the families."""
    families = _Families()
    tokens = _families.set(families), _declarations.set(_Declarations())
    try:
        yield families
    finally:
        _families.reset(tokens[0])
        _declarations.reset(tokens[1])


def family(element: etree._Element) -> Family:
    """The children of *element* and their names."""
    return _families.get()[element]


def _listed(element: etree._Element) -> Family:
    children = inside(element)
    tags = tuple(map(_tag, children))
    names = _shared.get(tags)
    return children, _named(tags) if names is None else names


_tag: Callable[[etree._Element], object] = attrgetter("tag")


def _named(tags: tuple[object, ...]) -> Names:
    places: dict[object, list[int]] = {}
    for at, tag in enumerate(tags):
        places.setdefault(tag, []).append(at)
    runs = {tag: slice(some[0], some[-1] + 1) for tag, some in places.items() if some[-1] - some[0] == len(some) - 1}
    shared = len(tags) <= _LONG and len(_shared) < _SHARED
    names = Names(tags, {tag: tuple(some) for tag, some in places.items()}, runs, shared)
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


class _Steps(dict[str, tuple[str, ...]]):
    """Child steps as tags."""

    def __missing__(self, steps: str) -> tuple[str, ...]:
        self[steps] = tags = tuple(_TAGS[step] for step in steps.split("/"))
        return tags


_STEPS = _Steps()


def kids(element: etree._Element | None, steps: str) -> list[etree._Element]:
    """The elements below *element* along *steps* (``code/translation``), none when there is no element."""
    if element is None:
        return []
    families = _families.get()
    found = [element]
    for tag in _STEPS[steps]:
        if len(found) == 1:
            found = _among(families[found[0]], tag)
        else:
            found = [one for child in found for one in _among(families[child], tag)]
        if not found:
            break
    return found


def _among(family: Family, tag: str) -> list[etree._Element]:
    """The children that have the *tag*."""
    children, names = family
    run = names.runs.get(tag)
    if run is not None:
        return children[run]
    places = names.places.get(tag)
    return [children[at] for at in places] if places else []


def tagged(element: etree._Element, tag: str) -> list[etree._Element]:
    """The children of *element* that have the *tag*, which may be of another namespace."""
    return _among(_families.get()[element], tag)


def is_alone(element: etree._Element) -> bool:
    """Whether no sibling has the same name."""
    parent = element.getparent()
    return parent is None or len(family(parent)[1].places[element.tag]) == 1


def find(element: etree._Element | None, steps: str) -> etree._Element | None:
    """The first element below *element* along *steps*."""
    if element is None:
        return None
    tags = _STEPS[steps]
    if len(tags) > 1:
        return next(iter(kids(element, steps)), None)
    children, names = _families.get()[element]
    places = names.places.get(tags[0])
    return None if places is None else children[places[0]]


def _declared(element: etree._Element) -> Declared:
    written = [one.get("root") for one in tagged(element, _TEMPLATE_ID)]
    return written, [(root or "").strip() for root in written]


def roots_of(element: etree._Element) -> list[str | None]:
    """The roots of its templateIds as they are written, in order, repetitions included; not to be altered."""
    return _declarations.get()[element][0]


def declarations(element: etree._Element) -> list[str]:
    """The roots of its templateIds without the white space around them, in order; not to be altered."""
    return _declarations.get()[element][1]


def declares(element: etree._Element, *roots: str) -> bool:
    """Whether it declares one of the templates *roots*."""
    for root in _declarations.get()[element][0]:  # noqa: SIM110 - asked thousands of times: no generator
        if root in roots:
            return True
    return False
