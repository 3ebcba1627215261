"""Imaging requests (IMG-DA-IMG 2024.01): recognised, and judged on their header.

Of the body only the sections that a request must have are looked for; what stands in them is not judged here. Source:
CI-SIS IMG-DA-IMG 2024.01, header and list of sections.
"""

from __future__ import annotations

from lxml import etree

from gateway.cda.rules.engine import Book, Context, Model
from gateway.cda.rules.looking import declarations, find, kids
from gateway.cda.rules.profiles import DA_IMG, IMAGING_REQUEST
from gateway.cda.rules.vocabulary import shown
from gateway.model.codes import LOINC

BOOK = Book("imaging request", models={Model.DA_IMG})

_CD = "ClinicalDocument"
_EXTENSION = "2024.01"
_GENERAL_HEADER = "1.2.840.10008.9.20"
_SECTIONS = {
    "FR-DICOM-Informations-cliniques": "1.2.840.10008.9.2",
    "FR-Education-du-patient": "1.2.250.1.213.1.1.2.107",
    "FR-Plan-de-soins-IMG-DA": "1.2.250.1.213.1.1.2.158.3",
}
"""The sections that a request must have, by the template that the validator looks for."""

REQUEST_VERSION = BOOK.rule(
    "Q-1",
    "Le templateId du modèle de demande doit avoir l'extension {expected} ; il a « {value} ».",
    "The templateId of the model of request must have the extension {expected}; it has “{value}”.",
    source="CI-SIS IMG-DA-IMG 2024.01, templateId 1.2.250.1.213.1.1.1.47",
    official=None,
)
REQUEST_MODEL = BOOK.rule(
    "Q-6",
    "La déclaration de conformité {expected} (templateId de la demande d'imagerie) manque.",
    "The declaration of conformance {expected} (templateId of the imaging request) is missing.",
    source="CI-SIS IMG-DA-IMG 2024.01, templateId 1.2.250.1.213.1.1.1.47",
    official=None,
)
REQUEST_TYPE = BOOK.rule(
    "Q-2",
    "Le type de document d'une demande d'imagerie doit être 55115-0 (LOINC) ; c'est « {value} ».",
    "The type of document of an imaging request must be 55115-0 (LOINC); it is “{value}”.",
    source="CI-SIS IMG-DA-IMG 2024.01, code 55115-0",
)
REQUEST_TEMPLATE = BOOK.rule(
    "Q-3",
    "Le templateId {expected} (General Header, DICOM Part 20) doit être déclaré.",
    "The templateId {expected} (General Header, DICOM Part 20) must be declared.",
    source="CI-SIS IMG-DA-IMG 2024.01, templateId 1.2.840.10008.9.20",
)
REQUESTED_ACT = BOOK.rule(
    "Q-4",
    "Une demande doit avoir exactement un acte principal (documentationOf/serviceEvent/code 55115-0, LOINC) ; trouvé :"
    " {value}.",
    "A request must have exactly one main act (documentationOf/serviceEvent/code 55115-0, LOINC); found: {value}.",
    source="CI-SIS IMG-DA-IMG 2024.01, documentationOf: acte principal [1..1] 55115-0",
)
REQUEST_SECTION = BOOK.rule(
    "Q-5",
    "La section {name} ({expected}) doit être présente une fois ; trouvé : {value}.",
    "The section {name} ({expected}) must be there once; found: {value}.",
    source="CI-SIS IMG-DA-IMG 2024.01, structuredBody: sections [1..1]",
)


@BOOK.at(_CD)
def request(element: etree._Element, context: Context) -> None:
    for one in kids(element, "templateId"):
        if one.get("root") == DA_IMG and one.get("extension") != _EXTENSION:
            context.say(REQUEST_VERSION, one, at="@extension", value=one.get("extension", ""), expected=_EXTENSION)
    if DA_IMG not in declarations(element):
        context.say(REQUEST_MODEL, element, at="templateId", expected=DA_IMG)
    code = find(element, "code")
    if code is not None and (code.get("code"), code.get("codeSystem")) != (IMAGING_REQUEST, LOINC):
        context.say(REQUEST_TYPE, code, value=shown(code))
    if _GENERAL_HEADER not in declarations(element):
        context.say(REQUEST_TEMPLATE, element, at="templateId", expected=_GENERAL_HEADER)
    acts = [
        one
        for one in kids(element, "documentationOf/serviceEvent/code")
        if (one.get("code"), one.get("codeSystem")) == (IMAGING_REQUEST, LOINC)
    ]
    if len(acts) != 1:
        context.say(REQUESTED_ACT, element, at="documentationOf", value=str(len(acts)), expected="1..1")


@BOOK.at(f"{_CD}/component/structuredBody")
def sections(body: etree._Element, context: Context) -> None:
    there = [one for section in kids(body, "component/section") for one in set(declarations(section))]
    for name, template in _SECTIONS.items():
        if there.count(template) != 1:
            context.say(
                REQUEST_SECTION,
                body,
                at=f"component[{name}]",
                value=str(there.count(template)),
                expected=template,
                name=name,
            )
