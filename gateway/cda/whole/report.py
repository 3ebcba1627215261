"""A parsed CDA document to a report that keeps everything: header, sections, entries, and what was not understood.

``read`` gives what a share needs in a millisecond; this gives the rest where a report is shown, judged in its content
or built again, in some ten milliseconds for the official example. Nothing is lost silently (see ``node.py``); work and
list are bounded, and a base64 value is decoded once.
"""

from __future__ import annotations

from dataclasses import replace

from lxml import etree

from gateway.cda import read
from gateway.cda.datatypes import code_of, identifiers, maybe_concept, media
from gateway.cda.narrative import narrative
from gateway.cda.node import Log, Node
from gateway.cda.whole.entries import entries
from gateway.cda.whole.header import author, header
from gateway.model.identifiers import Identifier
from gateway.model.report import Report
from gateway.model.report_body import SECTIONS, Body, Section

_FRENCH = {root: kind for kind in SECTIONS for root in kind.STANDARD if root.startswith("1.2.250.1.213.")}
_INTERNATIONAL = {root: kind for kind in SECTIONS for root in kind.STANDARD if root not in _FRENCH}


def read_whole(root: etree._Element) -> Report:
    """The report with its body, every detail of its header, and the list of what was not understood.

    Raises as :func:`gateway.cda.read.read`, and for nothing more.
    """
    return completed(root, read.read(root))


def completed(root: etree._Element, short: Report, *, imaging: bool = True) -> Report:
    """*short*, the short reading of *root*, with everything else.

    *imaging* says that the ids of the acts documented are studies; in a request they are order numbers.
    """
    log = Log()
    node = Node(root, log)
    found = header(node, short, imaging=imaging)
    body = _body(node)
    node.finish()
    return replace(short, **found, body=body, not_understood=tuple(log.found))


def _body(node: Node) -> Body:
    component = node.take("component")
    if component is None:
        return Body()
    component.fixed(typeCode="COMP", contextConductionInd="true")
    structured = component.take("structuredBody")
    if structured:
        structured.fixed(classCode="DOCBODY", moodCode="EVN")
        return Body(
            sections=_sections(structured),
            confidentiality=maybe_concept(structured, "confidentialityCode"),
            language=code_of(structured, "languageCode"),
        )
    plain = component.take("nonXMLBody")
    if plain is None:
        return Body()
    plain.fixed(classCode="DOCBODY", moodCode="EVN")
    text = plain.take("text")
    return Body(
        media=media(text) if text else None,
        confidentiality=maybe_concept(plain, "confidentialityCode"),
        language=code_of(plain, "languageCode"),
    )


def _sections(holder: Node) -> tuple[Section, ...]:
    found = []
    for component in holder.all("component"):
        component.fixed(typeCode="COMP", contextConductionInd="true")
        section = component.take("section")
        if section:
            found.append(_section(section))
    return tuple(found)


def _section(node: Node) -> Section:
    node.fixed(classCode="DOCSECT", moodCode="EVN")
    templates = identifiers(node, "templateId")
    kind = _kind(templates)
    if kind is None:
        node.complain("template")
    title, text = node.take("title"), node.take("text")
    return (kind or Section)(
        xml_id=node.get("ID"),
        templates=templates,
        identifiers=identifiers(node),
        code=maybe_concept(node, "code"),
        title=title.text() if title else "",
        text=narrative(text) if text else None,
        confidentiality=maybe_concept(node, "confidentialityCode"),
        language=code_of(node, "languageCode"),
        authors=tuple(author(each) for each in node.all("author")),
        entries=entries(node, "entry"),
        sections=_sections(node),
    )


def _kind(templates: tuple[Identifier, ...]) -> type[Section] | None:
    """The class that the templates name; the French one decides before the international one."""
    for known in (_FRENCH, _INTERNATIONAL):
        for each in templates:
            if each.root in known:
                return known[each.root]
    return None
