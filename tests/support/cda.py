"""Reports to read, link and break: the demo's own, as trees that a test may change."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from lxml import etree

from gateway.cda.elements import path
from gateway.cda.link import linked
from gateway.demo.identity import CHEST, CT
from gateway.demo.reports import Draft, level1, level3
from gateway.trust import safexml


def ct_report() -> etree._Element:
    """The level-3 report of the demo's CT, parsed."""
    return safexml.parse(_ct_bytes())


def chest_report() -> etree._Element:
    """The level-1 report of the demo's chest radiograph, parsed."""
    return safexml.parse(_chest_bytes())


@cache
def _ct_bytes() -> bytes:
    return level3(Draft(study=CT))


@cache
def _chest_bytes() -> bytes:
    return level1(Draft(study=CHEST))


def at(root: etree._Element, steps: str) -> etree._Element:
    """The one element of the document along *steps*, which must be there."""
    found = root.find(path(steps))
    assert found is not None, steps
    return found


def drop(root: etree._Element, steps: str) -> etree._Element:
    """The document without its elements along *steps*."""
    for element in root.findall(path(steps)):
        parent = element.getparent()
        assert parent is not None
        parent.remove(element)
    return root


def add(parent: etree._Element, xml: str) -> etree._Element:
    """The element that *xml* writes, in the namespaces of CDA, appended to *parent*."""
    wrapped = f'<w xmlns="urn:hl7-org:v3" xmlns:ps3-20="urn:dicom-org:ps3-20">{xml}</w>'
    element = safexml.parse(wrapped.encode())[0]
    parent.append(element)
    return element


def put_links(root: etree._Element, links: Mapping[str, str]) -> bool:
    """*links* in the document *root*, in place, by way of its bytes; whether they changed. Both must say the same."""
    content = safexml.serialise(root)
    result = linked(content, root, links)
    assert _canonical(safexml.parse(result)) == _canonical(root)
    return result is not content


def _canonical(root: etree._Element) -> bytes:
    return etree.tostring(root, method="c14n2")


def with_template(root: etree._Element, template: str) -> list[etree._Element]:
    """Every element that declares *template*."""
    found = []
    for declared in root.iter(path("templateId")):
        parent = declared.getparent()
        if declared.get("root") == template and parent is not None:
            found.append(parent)
    return found


def remove_each(elements: list[etree._Element]) -> None:
    """Take *elements* out of their tree."""
    for element in elements:
        parent = element.getparent()
        assert parent is not None
        parent.remove(element)
