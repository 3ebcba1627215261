"""``section/text`` to :class:`gateway.model.narrative.Narrative`, in the canonical form that its docstring states."""

from __future__ import annotations

import re

from lxml import etree

from gateway.cda.elements import CDA
from gateway.cda.node import XSI_TYPE, Log, Node
from gateway.model.narrative import Narrative, Part

DEPTH = 50
"""Levels of a narrative; below them the words are kept and the markup is listed."""

ELEMENTS = frozenset({
    "content", "linkHtml", "sub", "sup", "br", "footnote", "footnoteRef", "renderMultiMedia", "paragraph", "list",
    "item", "caption", "table", "thead", "tfoot", "tbody", "colgroup", "col", "tr", "th", "td",
})  # fmt: skip
ATTRIBUTES = frozenset({
    "ID", "language", "styleCode", "revised", "name", "href", "rel", "rev", "title", "IDREF", "referencedObject",
    "listType", "summary", "width", "border", "frame", "rules", "cellspacing", "cellpadding", "align", "char",
    "charoff", "valign", "span", "abbr", "axis", "headers", "scope", "rowspan", "colspan",
})  # fmt: skip
"""What NarrativeBlock.xsd allows; which attribute may stand on which element is a question for the rules."""

_BARE = frozenset({"table", "thead", "tfoot", "tbody", "tr", "colgroup", "list"})
"""Elements in which white space means nothing."""
_PREFIX = f"{{{CDA}}}"
_SPACE = re.compile(r"[ \t\r\n]+")
_STRING = etree.XPath("string()")

Children = list[Part | str]


def narrative(node: Node) -> Narrative:
    """The narrative of the element ``text``, all of which is taken; what is not of CDA is listed, its words kept."""
    node.type("StrucDoc.Text")
    node.fixed(mediaType="text/x-hl7-text+xml")
    attributes = tuple(sorted((name, v) for name in ("ID", "language", "styleCode") if (v := node.get(name))))
    children = _children(node.whole(), node.path, node.log, 0)
    return Narrative(_trimmed(children), attributes)


def _children(element: etree._Element, path: str, log: Log, depth: int) -> Children:
    found: Children = []
    _add(found, element.text)
    position = 0
    for child in element:
        if isinstance(child.tag, str):  # neither a comment nor an instruction
            position += 1
            place = f"{path}/*[{position}]"
            if depth >= DEPTH or not log.spend():
                log.add(place, "too_deep" if depth >= DEPTH else "too_many")
                _add(found, str(_STRING(child)))
            else:
                _add_element(found, child, place, log, depth + 1)
        _add(found, child.tail)
    return found


def _add_element(found: Children, child: etree._Element, place: str, log: Log, depth: int) -> None:
    tag = str(child.tag)
    name = tag[len(_PREFIX) :] if tag.startswith(_PREFIX) else ""
    inside = _children(child, place, log, depth)
    if name in ELEMENTS:
        if name in _BARE:
            inside = [each.strip(" ") if isinstance(each, str) else each for each in inside]
        kept = tuple(each for each in inside if each != "")
        found.append(Part(name, _attributes(child, place, log), kept))
        return
    log.add(place, "unknown" if name else "foreign")
    for each in inside:
        if isinstance(each, str):
            _add(found, each)
        else:
            found.append(each)


def _attributes(element: etree._Element, place: str, log: Log) -> tuple[tuple[str, str], ...]:
    kept = []
    for name, value in element.attrib.items():
        if name in ATTRIBUTES:
            kept.append((str(name), str(value).strip()))
        elif name != XSI_TYPE:
            log.add(f"{place}/@{str(name).rpartition('}')[2]}", "unknown")
    return tuple(sorted(kept))


def _add(found: Children, text: str | None) -> None:
    """Append *text* with its white space collapsed, to the string before it when there is one."""
    if not text:
        return
    if found and isinstance(found[-1], str):
        found[-1] = _SPACE.sub(" ", found[-1] + text)
    else:
        found.append(_SPACE.sub(" ", text))


def _trimmed(children: Children) -> tuple[Part | str, ...]:
    if children and isinstance(children[0], str):
        children[0] = children[0].lstrip(" ")
    if children and isinstance(children[-1], str):
        children[-1] = children[-1].rstrip(" ")
    return tuple(each for each in children if each != "")
