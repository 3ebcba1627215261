"""The body of a report as elements: sections with their narrative, or the one document of level 1."""

from __future__ import annotations

from gateway.cda.build.datatypes import concept, identifiers, media
from gateway.cda.build.entries import entry
from gateway.cda.build.markup import Element, made, words
from gateway.cda.build.people import author
from gateway.model.narrative import Narrative, Part
from gateway.model.report_body import Body, Section


def body(value: Body, level: int) -> Element:
    """structuredBody or nonXMLBody."""
    about = (concept("confidentialityCode", value.confidentiality), _language(value.language))
    if level == 1:
        return made("nonXMLBody", {}, media("text", value.media), about)
    return made("structuredBody", {}, about, [made("component", {}, section(one)) for one in value.sections])


def section(value: Section) -> Element:
    """One section with what is in it."""
    return made(
        "section",
        {"ID": value.xml_id},
        identifiers(value.templates, name="templateId"),
        identifiers(value.identifiers),
        concept("code", value.code),
        words("title", value.title),
        None if value.text is None else narrative(value.text),
        concept("confidentialityCode", value.confidentiality),
        _language(value.language),
        [author(one) for one in value.authors],
        [entry(one) for one in value.entries],
        [made("component", {}, section(one)) for one in value.sections],
    )


def narrative(value: Narrative) -> Element:
    """section/text, without a blank that the value has not."""
    return Element("text", dict(value.attributes), mixed=[_part(child) for child in value.children])


def _part(value: Part | str) -> Element | str:
    if isinstance(value, str):
        return value
    return Element(value.name, dict(value.attributes), mixed=[_part(child) for child in value.children])


def _language(value: str) -> Element | None:
    return made("languageCode", {"code": value}) if value else None
