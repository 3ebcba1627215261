"""Every small alteration of a message: each element gone, doubled, empty or renamed, each attribute and text spoilt.

One of each kind of element is altered (by its place in the message, its slot's name or its scheme), so that a long
message gives some hundred alterations and not thousands.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

from lxml import etree

Element = etree._Element
_TOLD_APART = ("name", "classificationScheme", "classificationNode", "identificationScheme", "associationType")


def altered(root: Element) -> Iterator[tuple[str, Element]]:
    """Each altered copy of *root*, with words for a test's failure."""
    seen: set[str] = set()
    for number, one in enumerate(root.iter(etree.Element)):
        place = _place(one)
        if place in seen or one.getparent() is None:
            continue
        seen.add(place)
        for name, change in _changes(one):
            made = copy.deepcopy(root)
            change(list(made.iter(etree.Element))[number])
            yield f"{name} {place}", made


def _changes(one: Element) -> Iterator[tuple[str, Callable[[Element], object]]]:
    yield "without", lambda e: e.getparent().remove(e)  # type: ignore[union-attr]
    yield "twice", lambda e: e.addnext(copy.deepcopy(e))
    yield "renamed", lambda e: setattr(e, "tag", f"{e.tag}s")
    if len(one):
        yield "emptied", lambda e: [e.remove(child) for child in list(e)]
    for name, value in one.attrib.items():
        yield f"@{name} gone from", lambda e, name=name: e.attrib.pop(name)  # type: ignore[misc]
        yield f"@{name} spoilt in", lambda e, name=name, value=value: e.set(name, f"{value[:-1]}é ")  # type: ignore[misc]
    if one.text and one.text.strip():
        text = one.text
        for spoilt in ("", f"{text}x", text.replace("^", ""), text[:-1], "9" * 300):
            yield "other text in", lambda e, spoilt=spoilt: setattr(e, "text", spoilt)  # type: ignore[misc]


def _place(one: Element) -> str:
    steps = []
    above: Element | None = one
    while above is not None:
        apart = next((str(above.get(name)) for name in _TOLD_APART if above.get(name)), "")
        steps.append(f"{etree.QName(above).localname}[{apart}]" if apart else etree.QName(above).localname)
        above = above.getparent()
    return "/".join(reversed(steps))
