"""Wrong reports: the good report with one thing changed, told by the path of the thing.

``cut("author/time")`` takes away, ``put(path, attribute, value)`` writes an attribute (None takes it away),
``says(path, text)`` writes text, ``twice(path)`` repeats, ``add(path, xml)`` appends, ``before(path, xml)`` inserts,
``then(...)`` does one after the other. Paths are of CDA names from the root, with the predicates of ElementPath.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

from lxml import etree

from gateway.cda.elements import PS3_20, path
from tests.support import report_documents
from tests.support.report_documents import Change

ACCESSION = f"{path('inFulfillmentOf/order')}/{{{PS3_20}}}accessionNumber"
EVENT = "documentationOf/serviceEvent"
PATIENT = "recordTarget/patientRole/patient"
ENCOUNTER = "componentOf/encompassingEncounter"
PERFORMER = f"{EVENT}/performer/assignedEntity"


def at(root: etree._Element, where: str) -> etree._Element:
    """The first element at *where*, which must be there."""
    found = root if where == "." else root.find(where if where.startswith("{") else path(where))
    assert found is not None, where
    return found


def cut(*where: str) -> Change:
    """Without each of these."""

    def change(root: etree._Element) -> None:
        for one in where:
            report_documents.remove(at(root, one))

    return change


def put(where: str, name: str, value: str | None) -> Change:
    """With this attribute."""

    def change(root: etree._Element) -> None:
        element = at(root, where)
        if value is None:
            del element.attrib[name]
        else:
            element.set(name, value)

    return change


def says(where: str, text: str) -> Change:
    """With this text and nothing below."""

    def change(root: etree._Element) -> None:
        element = at(root, where)
        for child in list(element):
            element.remove(child)
        element.text = text

    return change


def null(where: str, flavor: str = "UNK") -> Change:
    """With a nullFlavor and nothing else."""

    def change(root: etree._Element) -> None:
        element = at(root, where)
        says(where, "")(root)
        element.text = None
        for name in list(element.attrib):
            del element.attrib[name]
        element.set("nullFlavor", flavor)

    return change


def twice(where: str) -> Change:
    """With this once more, right after it."""

    def change(root: etree._Element) -> None:
        element = at(root, where)
        element.addnext(deepcopy(element))

    return change


def add(where: str, text: str) -> Change:
    """With what *text* writes at the end of this."""
    return lambda root: report_documents.below(at(root, where), text)


def before(where: str, text: str) -> Change:
    """With what *text* writes before this."""

    def change(root: etree._Element) -> None:
        element = at(root, where)
        parent = element.getparent()
        assert parent is not None
        element.addprevious(report_documents.below(parent, text))

    return change


def rename(where: str, name: str) -> Change:
    """With another name."""

    def change(root: etree._Element) -> None:
        at(root, where).tag = path(name)

    return change


def then(*changes: Callable[[etree._Element], object]) -> Change:
    """One after the other."""

    def change(root: etree._Element) -> None:
        for one in changes:
            one(root)

    return change
