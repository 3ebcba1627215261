"""The header: what identifies the document, and what every document of the CI-SIS must have.

Sources: CI-SIS "Structuration minimale des documents de santé" (to which 001 section 3.2 refers) and the table of 001
section 3.2 for IMG-CR-IMG; ``official`` as the ANS validator has them.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta

from lxml import etree

from gateway import valuesets as sets
from gateway.cda.elements import attribute
from gateway.cda.rules.constraints import Owner, attributes, children, from_set
from gateway.cda.rules.engine import WARNING, Book, Context
from gateway.cda.rules.looking import find, inside, kids
from gateway.cda.rules.vocabulary import shown
from gateway.model.times import Timestamp

BOOK = Book("header")

_CD = "ClinicalDocument"
_DOCUMENT = Owner("Le document", "The document")
_SM = "CI-SIS Structuration minimale, {}"
_HL7_FRANCE, _CI_SIS = "2.16.840.1.113883.2.8.2.1", "1.2.250.1.213.1.1.1.1"

REALM = BOOK.rule(
    "H-1",
    "Le document doit dire une fois realmCode FR.",
    "The document must say realmCode FR once.",
    source=_SM.format("realmCode: code FR [1..1]"),
)
TEMPLATE = BOOK.rule(
    "H-3",
    "La déclaration de conformité {expected} (templateId) doit être là, une seule fois.",
    "The declaration of conformance {expected} (templateId) must be there, once.",
    source="001 3.2: templateId 2.16.840.1.113883.2.8.2.1 and 1.2.250.1.213.1.1.1.1 [1..1]",
)
MODEL_NAMED = BOOK.rule(
    "H-3b",
    "Le document ne déclare aucun modèle : un templateId de plus que ceux de HL7 France et du CI-SIS est nécessaire.",
    "The document declares no model: one templateId more than those of HL7 France and the CI-SIS is needed.",
    source=_SM.format("templateId of the model [1..*]"),
)
TEMPLATE_TWICE = BOOK.rule(
    "H-3c",
    "Le templateId {value} est donné deux fois.",
    "The templateId {value} is given twice.",
    source="001 3.2: each templateId [1..1]",
)
for _id, _child in {
    "H-5": "id",
    "H-6": "code",
    "H-8": "title",
    "H-9": "effectiveTime",
    "H-10": "confidentialityCode",
    "H-11": "languageCode",
    "H-12": "setId",
    "H-12b": "versionNumber",
    "P-0": "recordTarget",
    "A-6": "custodian",
    "E-1": "componentOf",
}.items():
    children(BOOK, _id, _CD, _child, _DOCUMENT, _SM.format(f"{_child} [1..1]"), null=False)
children(BOOK, "A-2", _CD, "author", _DOCUMENT, _SM.format("author [1..*]"), most=None, null=False)
children(BOOK, "A-11", _CD, "dataEnterer", _DOCUMENT, _SM.format("dataEnterer [0..1]"), least=0)
children(
    BOOK, "D-1", _CD, "documentationOf", _DOCUMENT, "001 3.2: documentationOf [1..*]", most=None, null=False
)  # fmt: skip
children(BOOK, "H-13", _CD, "component", _DOCUMENT, "HL7 CDA R2: component [1..1]")
attributes(
    BOOK,
    "H-6b",
    f"{_CD}/code",
    "code codeSystem displayName",
    Owner("Type de document", "Type of document"),
    _SM.format("code: code, codeSystem, displayName"),
)
from_set(
    BOOK, "H-6c", f"{_CD}/code", sets.TYPE, Owner("Type de document", "Type of document"), _SM.format("code: JDV_J07")
)  # fmt: skip
attributes(
    BOOK,
    "H-10b",
    f"{_CD}/confidentialityCode",
    "code codeSystem displayName",
    Owner("Confidentialité", "Confidentiality"),
    _SM.format("confidentialityCode: code, codeSystem, displayName"),
)
CONFIDENTIALITY = BOOK.rule(
    "H-10c",
    "Le niveau de confidentialité « {value} » n'est pas l'un de {expected}.",
    "The level of confidentiality “{value}” is not one of {expected}.",
    source=_SM.format("confidentialityCode: N, R, V of HL7 Confidentiality (2.16.840.1.113883.5.25)"),
)
LANGUAGE = BOOK.rule(
    "H-11b",
    "La langue « {value} » n'est pas de la forme fr-FR.",
    "The language “{value}” is not of the form fr-FR.",
    source=_SM.format("languageCode: language and country, fr-FR"),
)
VERSION = BOOK.rule(
    "H-12c",
    "Le numéro de version « {value} » n'est pas un entier positif.",
    "The version “{value}” is not a positive whole number.",
    source=_SM.format("versionNumber: @value, a whole number"),
)
TIME_VALUE = BOOK.rule(
    "H-9b",
    "La date du document doit avoir une valeur d'au moins l'année, et rien d'autre.",
    "The date of the document must have a value of at least the year, and nothing else.",
    source=_SM.format("effectiveTime: @value"),
)
TIME_ZONE = BOOK.rule(
    "H-9c",
    "La date du document n'a pas l'heure et le fuseau (AAAAMMJJhhmmss+zzzz).",
    "The date of the document lacks its time or zone (YYYYMMDDhhmmss+zzzz).",
    source="001 5.2: TS, AAAAMMJJhhmm+/-ZZzz",
    spec=WARNING,
    official=None,
)
IN_FUTURE = BOOK.rule(
    "H-9d",
    "Le document est daté du {value} : cette date n'est pas encore venue.",
    "The document is dated {value}: that date has not come yet.",
    source=_SM.format("effectiveTime: when the document was created; plain sense"),
    official=None,
)
_CLOCKS_DIFFER = timedelta(days=1)
VERSIONS_AGREE = BOOK.rule(
    "H-12d",
    "La version {value} et le document remplacé ne vont pas ensemble : une version au-delà de 1 remplace un document"
    " (relatedDocument RPLC), la version 1 n'en remplace pas.",
    "Version {value} and the document replaced do not go together: a version above 1 replaces a document"
    " (relatedDocument RPLC), version 1 replaces none.",
    source=_SM.format("versionNumber and relatedDocument"),
    spec=WARNING,
    official=None,
)
OWN_PARENT = BOOK.rule(
    "R-1c",
    "Le document se remplace lui-même : parentDocument/id est son propre identifiant.",
    "The document replaces itself: parentDocument/id is its own identifier.",
    source=_SM.format("relatedDocument: the document that is replaced"),
    official=None,
)
OTHER_SET = BOOK.rule(
    "R-1d",
    "Le document remplacé est d'un autre lot de versions ({value}) que celui-ci ({expected}).",
    "The document replaced is of another set of versions ({value}) than this one ({expected}).",
    source="HL7 CDA R2 4.2.1.7 ClinicalDocument.setId: common to all revisions; 4.2.3.1 ParentDocument",
    official=None,
)
LATER_PARENT = BOOK.rule(
    "R-1e",
    "La version remplacée ({value}) n'est pas antérieure à celle-ci ({expected}).",
    "The version replaced ({value}) does not come before this one ({expected}).",
    source="HL7 CDA R2 4.2.1.8 ClinicalDocument.versionNumber: successive replacement documents",
    official=None,
)
SET_IS_ID = BOOK.rule(
    "H-12e",
    "setId et id sont le même identifiant : setId nomme le lot des versions, id cette version.",
    "setId and id are the same identifier: setId names the set of versions, id this version.",
    source="HL7 CDA R2 4.2.1.7 ClinicalDocument.setId",
    spec=WARNING,
    official=None,
)


@BOOK.at(_CD)
def root(element: etree._Element, context: Context) -> None:
    realms = [attribute(one, "code") for one in kids(element, "realmCode")]
    if realms.count("FR") != 1 or (not context.official and len(realms) != 1):
        context.say(REALM, element, at="realmCode", value=" ".join(realms))
    declared = [attribute(one, "root") for one in kids(element, "templateId")]
    for wanted in (_HL7_FRANCE, _CI_SIS):
        if declared.count(wanted) != 1:
            context.say(TEMPLATE, element, at=f"templateId[@root='{wanted}']", expected=wanted)
    others = [one for one in declared if one not in (_HL7_FRANCE, _CI_SIS)]
    if not others:
        context.say(MODEL_NAMED, element, at="templateId")
    for one, times in Counter(others).items():
        if times > 1:
            context.say(TEMPLATE_TWICE, element, at=f"templateId[@root='{one}']", value=one)


@BOOK.at(f"{_CD}/confidentialityCode")
def confidentiality(element: etree._Element, context: Context) -> None:
    code, system = attribute(element, "code"), attribute(element, "codeSystem")
    if not code:
        return
    levels = {"N", "R", "V", "L", "M", "U"}
    right = code in levels and (context.official or system == "2.16.840.1.113883.5.25")
    if not context.official:
        right = right or sets.load(sets.CONFIDENTIALITY).has(code, system)
    if not right:
        context.say(CONFIDENTIALITY, element, at="@code", value=shown(element), expected="N, R, V")


@BOOK.at(f"{_CD}/languageCode")
def language(element: etree._Element, context: Context) -> None:
    code = element.get("code")
    if code is not None:
        form = re.search if context.official else re.fullmatch
        if form(r"[a-z]{2}-[A-Z]{2}", code) is None:
            context.say(LANGUAGE, element, at="@code")


_VERSION = re.compile(r"0*[1-9][0-9]*", re.ASCII)
"""Positive, as HL7 v3 writes an INT: digits, of which zeros in front change nothing."""
_OFFICIAL_VERSION = re.compile(r"-?[1-9]\d*|\d*")


@BOOK.at(f"{_CD}/versionNumber", f"{_CD}/relatedDocument/parentDocument/versionNumber")
def version(element: etree._Element, context: Context) -> None:
    value = element.get("value")
    if value is None and not context.official:
        context.say(VERSION, element, value="")
    elif value is not None and not (_OFFICIAL_VERSION if context.official else _VERSION).fullmatch(value):
        context.say(VERSION, element, at="@value")


@BOOK.at(f"{_CD}/effectiveTime")
def written(element: etree._Element, context: Context) -> None:
    value = element.get("value")
    if (
        value is None
        or not re.match(r"[0-9]{4}", value)
        or any(isinstance(child.tag, str) for child in inside(element))
    ):
        context.say(TIME_VALUE, element)
        return
    try:
        moment = Timestamp.parse_v3(value)
    except ValueError:
        return
    if moment.digits < 12 or moment.moment.tzinfo is None:
        context.say(TIME_ZONE, element, at="@value")
    if moment.aware(UTC) > datetime.now(UTC) + _CLOCKS_DIFFER:
        context.say(IN_FUTURE, element, at="@value")


@BOOK.at(_CD)
def versions(element: etree._Element, context: Context) -> None:
    replaced = [one for one in kids(element, "relatedDocument") if attribute(one, "typeCode") == "RPLC"]
    number = attribute(find(element, "versionNumber"), "value")
    if _VERSION.fullmatch(number) and (number.lstrip("0") != "1") != bool(replaced):
        context.say(VERSIONS_AGREE, element, at="versionNumber/@value", value=number)
    own = _identity(find(element, "id"))
    for parent in replaced:
        for one in kids(parent, "parentDocument/id"):
            if own[0] and _identity(one) == own:
                context.say(OWN_PARENT, one, value=own[0])
        _earlier(element, parent, context)
    if own[0] and _identity(find(element, "setId")) == own:
        context.say(SET_IS_ID, element, at="setId", value=own[0])


def _earlier(element: etree._Element, parent: etree._Element, context: Context) -> None:
    """The document replaced is an earlier version of the same set, as far as it says so."""
    own, other = find(element, "setId"), find(parent, "parentDocument/setId")
    if attribute(own, "root") and attribute(other, "root") and _identity(own) != _identity(other):
        value, expected = (" ".join(filter(None, _identity(one))) for one in (other, own))
        context.say(OTHER_SET, parent, at="parentDocument/setId", value=value, expected=expected)
    number = attribute(find(element, "versionNumber"), "value")
    replaced = attribute(find(parent, "parentDocument/versionNumber"), "value")
    if _NUMBER.fullmatch(number) and _NUMBER.fullmatch(replaced) and int(replaced) >= int(number):
        context.say(LATER_PARENT, parent, at="parentDocument/versionNumber/@value", value=replaced, expected=number)


_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)


def _identity(element: etree._Element | None) -> tuple[str, str]:
    return attribute(element, "root").upper(), attribute(element, "extension")
