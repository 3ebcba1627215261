"""Imaging requests (IMG-DA-IMG 2024.01): recognised, and judged on their header.

The body of a request has rules of its own, which are not judged here. Source: CI-SIS IMG-DA-IMG 2024.01, header.
"""

from __future__ import annotations

from lxml import etree

from gateway.cda.elements import find, path
from gateway.cda.rules.engine import Book, Context, Model
from gateway.cda.rules.profiles import DA_IMG
from gateway.cda.rules.vocabulary import shown
from gateway.model.codes import LOINC

BOOK = Book("imaging request", models={Model.DA_IMG})

_CD = "ClinicalDocument"
_EXTENSION = "2024.01"

REQUEST_VERSION = BOOK.rule(
    "Q-1",
    "Le templateId du modèle de demande doit avoir l'extension {expected} ; il a « {value} ».",
    "The templateId of the model of request must have the extension {expected}; it has “{value}”.",
    source="CI-SIS IMG-DA-IMG 2024.01, templateId 1.2.250.1.213.1.1.1.47",
    official=None,
)
REQUEST_TYPE = BOOK.rule(
    "Q-2",
    "Le type de document d'une demande d'imagerie doit être 55115-0 (LOINC) ; c'est « {value} ».",
    "The type of document of an imaging request must be 55115-0 (LOINC); it is “{value}”.",
    source="CI-SIS IMG-DA-IMG 2024.01, code 55115-0",
)


@BOOK.at(_CD)
def request(element: etree._Element, context: Context) -> None:
    for one in element.findall(path("templateId")):
        if one.get("root") == DA_IMG and one.get("extension") != _EXTENSION:
            context.say(REQUEST_VERSION, one, at="@extension", value=one.get("extension", ""), expected=_EXTENSION)
    code = find(element, "code")
    if code is not None and (code.get("code"), code.get("codeSystem")) != ("55115-0", LOINC):
        context.say(REQUEST_TYPE, code, value=shown(code))
