"""How a message is built: elements, attributes, order and texts that the schemas of ebXML RegRep 3.0 and XDS.b allow.

Written from the schemas as one table, because a validator would stop a wrong message before the rules that name the
attribute of XDS could be asked. Foreign attributes (``xsi:``, ``wsu:``) are no fault, elements of other namespaces are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from gateway.xds import constants as c
from gateway.xds.rules import values
from gateway.xds.rules.rule import ERROR, RIM, TF3, WARNING, Findings, rule

ELEMENT = rule(
    "ebrim.element",
    ERROR,
    RIM,
    "L'élément {value} n'a pas sa place ici.",
    "The element {value} has no place here.",
)
ATTRIBUTE = rule(
    "ebrim.attribute",
    ERROR,
    RIM,
    "L'attribut {attribute} n'existe pas ici (« {value} »).",
    "The attribute {attribute} does not exist here (“{value}”).",
)
TEXT = rule(
    "ebrim.text",
    ERROR,
    RIM,
    "Du texte (« {value} ») se trouve là où seuls des éléments sont permis.",
    "Text (“{value}”) stands where only elements are allowed.",
)
ORDER = rule(
    "ebrim.order",
    WARNING,
    RIM,
    "L'élément {value} vient après {expected}, contre l'ordre du schéma.",
    "The element {value} comes behind {expected}, against the order of the schema.",
)
REPEATED = rule(
    "ebrim.repeated",
    ERROR,
    RIM,
    "L'élément {value} est présent {count} fois ; une fois au plus est permise.",
    "The element {value} is there {count} times; once at most is allowed.",
)
MISSING = rule(
    "ebrim.missing",
    ERROR,
    RIM,
    "L'élément {value} manque.",
    "The element {value} is missing.",
)
REQUIRED = rule(
    "ebrim.attribute.missing",
    ERROR,
    RIM,
    "L'attribut {attribute} manque ou est vide.",
    "The attribute {attribute} is missing or empty.",
)
ATTRIBUTE_FORM = rule(
    "ebrim.attribute.form",
    ERROR,
    f"{RIM}, rs.xsd, query.xsd (xs:integer, xs:boolean)",
    "L'attribut {attribute} vaut « {value} » ; attendu : {expected}.",
    "The attribute {attribute} is “{value}”; expected: {expected}.",
)
SLOT_TWICE = rule(
    "slot.repeated",
    ERROR,
    f"{RIM}; {TF3} 4.2.3.1.6",
    "Le Slot « {value} » est présent deux fois dans un même objet.",
    "The slot “{value}” is there twice in one object.",
)
SLOT_EMPTY = rule(
    "slot.empty",
    ERROR,
    f"{TF3} 4.2.3.1.8",
    "Le Slot « {value} » ne porte aucune valeur : omettez-le, ou donnez-lui sa valeur.",
    "The slot “{value}” holds no value: leave it out, or give it its value.",
)
VALUE_EMPTY = rule(
    "slot.value-empty",
    ERROR,
    f"{TF3} 4.2.3.1.8",
    "Une valeur du Slot « {value} » est vide.",
    "A value of the slot “{value}” is empty.",
)
VALUE_LONG = rule(
    "slot.value-long",
    ERROR,
    f"{TF3} 4.2.3.1.1",
    "Une valeur du Slot « {attribute} » {fault} : « {value} ».",
    "A value of the slot “{attribute}” {fault}: “{value}”.",
)
CHARSET = rule(
    "name.charset",
    ERROR,
    f"{TF3} table 4.2.3.2-1 (title: UTF-8)",
    "Le jeu de caractères d'un texte est « {value} » ; attendu : UTF-8.",
    "The character set of a text is “{value}”; expected: UTF-8.",
)
LANGUAGE = rule(
    "name.language",
    ERROR,
    f"{RIM}, XML 1.0 section 2.12",
    "La langue (xml:lang) d'un texte {fault} : « {value} ».",
    "The language (xml:lang) of a text {fault}: “{value}”.",
)
SAME_LANGUAGE = rule(
    "name.language-repeated",
    ERROR,
    "OASIS ebRIM 3.0 section 2.6 (InternationalString)",
    "Un texte est donné deux fois dans la même langue (« {value} »).",
    "A text is given twice in the same language (“{value}”).",
)
NAME_EMPTY = rule(
    "name.empty",
    WARNING,
    f"{TF3} 4.2.3.1.8",
    "Un {attribute} est vide : omettez-le, ou donnez-lui son texte.",
    "A {attribute} is empty: leave it out, or give it its text.",
)

_TYPED = {
    **dict.fromkeys(("startIndex", "maxResults", "totalResultCount"), (re.compile(r"[+-]?[0-9]{1,20}"), "1, 2, 3…")),
    **dict.fromkeys(("isOpaque", "createReplica", "federated"), (re.compile(r"true|false|0|1"), "true, false")),
}
"""Attributes that are no words, with their form."""
_OBJECT = ("Slot", "Name", "Description", "VersionInfo", "Classification", "ExternalIdentifier")
_COMMON = ("id", "home", "lid", "objectType", "status")


@dataclass(frozen=True, slots=True)
class Shape:
    """What an element may hold: children in their order, attributes, which are required, text or none."""

    children: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    single: tuple[str, ...] = ("Name", "Description", "VersionInfo", "ContentVersionInfo", "ValueList")
    needs: tuple[str, ...] = ()
    stated: tuple[str, ...] = ()
    """Attributes that must be there and may be empty."""
    text: bool = False


_QUERY = f"{{{c.RIM}}}AdhocQuery"


def _rim(name: str) -> str:
    return f"{{{c.RIM}}}{name}"


def _all(namespace: str, table: Mapping[str, Shape]) -> dict[str, Shape]:
    return {f"{{{namespace}}}{name}": shape for name, shape in table.items()}


_SLOT_LIST = Shape(("Slot",))
_REQUESTED = ("HomeCommunityId", "RepositoryUniqueId", "DocumentUniqueId")
_ANSWERED = (*_REQUESTED, "NewRepositoryUniqueId", "NewDocumentUniqueId", "mimeType", "Document")
SHAPES: dict[str, Shape] = {
    **_all(
        c.RIM,
        {
            "RegistryObjectList": Shape(
                (
                    "ObjectRef",
                    "RegistryPackage",
                    "ExtrinsicObject",
                    "Association",
                    "Classification",
                    "ExternalIdentifier",
                )
            ),
            "ObjectRef": Shape(("Slot",), ("id", "home", "createReplica"), ("id",)),
            "RegistryPackage": Shape((*_OBJECT, "RegistryObjectList"), _COMMON, ("id",)),
            "ExtrinsicObject": Shape((*_OBJECT, "ContentVersionInfo"), (*_COMMON, "mimeType", "isOpaque"), ("id",)),
            "Association": Shape(
                _OBJECT,
                (*_COMMON, "associationType", "sourceObject", "targetObject"),
                ("id", "associationType", "sourceObject", "targetObject"),
            ),
            "Classification": Shape(
                _OBJECT,
                (*_COMMON, "classificationScheme", "classifiedObject", "classificationNode", "nodeRepresentation"),
                ("id", "classifiedObject"),
            ),
            "ExternalIdentifier": Shape(
                _OBJECT,
                (*_COMMON, "registryObject", "identificationScheme", "value"),
                ("id", "registryObject", "identificationScheme"),
            ),
            "Slot": Shape(("ValueList",), ("name", "slotType"), ("name",), needs=("ValueList",)),
            "ValueList": Shape(("Value",)),
            "Value": Shape(text=True),
            "Name": Shape(("LocalizedString",)),
            "Description": Shape(("LocalizedString",)),
            "LocalizedString": Shape((), ("charset", "value"), stated=("value",)),
            "VersionInfo": Shape((), ("versionName", "comment")),
            "ContentVersionInfo": Shape((), ("versionName", "comment")),
            "AdhocQuery": Shape((*_OBJECT, "QueryExpression"), _COMMON, ("id",)),
            "ObjectRefList": Shape(("ObjectRef",), needs=("ObjectRef",)),
        },
    ),
    **_all(
        c.LCM,
        {
            "SubmitObjectsRequest": Shape(
                ("RequestSlotList", "RegistryObjectList"),
                ("id", "comment"),
                single=("RequestSlotList", "RegistryObjectList"),
                needs=("RegistryObjectList",),
            ),
            "RemoveObjectsRequest": Shape(
                ("RequestSlotList", "ObjectRefList"),  # ebRS takes a query too, ITI-62 names what is to go
                ("id", "comment", "deletionScope"),
                single=("RequestSlotList", "ObjectRefList"),
                needs=("ObjectRefList",),
            ),
        },
    ),
    **_all(
        c.RS,
        {
            "RequestSlotList": _SLOT_LIST,
            "ResponseSlotList": _SLOT_LIST,
            "RegistryResponse": Shape(
                ("ResponseSlotList", "RegistryErrorList", "RegistryObjectList"),
                ("status", "requestId"),
                single=("ResponseSlotList", "RegistryErrorList"),
            ),
            "RegistryErrorList": Shape(("RegistryError",), ("highestSeverity",), needs=("RegistryError",)),
            "RegistryError": Shape((), ("errorCode", "codeContext", "severity", "location")),
        },
    ),
    **_all(
        c.QUERY,
        {
            "AdhocQueryRequest": Shape(
                ("RequestSlotList", "ResponseOption", "AdhocQuery"),
                ("id", "comment", "startIndex", "maxResults", "federated", "federation"),
                single=("ResponseOption", "AdhocQuery"),
                needs=("ResponseOption", "AdhocQuery"),
            ),
            "ResponseOption": Shape((), ("returnType", "returnComposedObjects")),
            "AdhocQueryResponse": Shape(
                ("ResponseSlotList", "RegistryErrorList", "RegistryObjectList"),
                ("status", "requestId", "startIndex", "totalResultCount"),
                single=("RegistryErrorList", "RegistryObjectList"),
                needs=("RegistryObjectList",),
            ),
        },
    ),
    **_all(
        c.XDSB,
        {
            "ProvideAndRegisterDocumentSetRequest": Shape(
                ("SubmitObjectsRequest", "Document"), single=("SubmitObjectsRequest",), needs=("SubmitObjectsRequest",)
            ),
            "RetrieveDocumentSetResponse": Shape(
                ("RegistryResponse", "DocumentResponse"), single=("RegistryResponse",), needs=("RegistryResponse",)
            ),
            "RetrieveDocumentSetRequest": Shape(("DocumentRequest",), needs=("DocumentRequest",)),
            "DocumentRequest": Shape(_REQUESTED, single=_REQUESTED, needs=_REQUESTED[1:]),
            "DocumentResponse": Shape(_ANSWERED, single=_ANSWERED),
            **dict.fromkeys((*_ANSWERED[:-1],), Shape(text=True)),
        },
    ),
    **_all(c.RMD, {"RemoveDocumentsRequest": Shape(("DocumentRequest",), needs=("DocumentRequest",))}),
    **_all(
        c.XDSI,
        {
            "RetrieveImagingDocumentSetRequest": Shape(
                ("StudyRequest", "TransferSyntaxUIDList"),
                single=("TransferSyntaxUIDList",),
                needs=("StudyRequest", "TransferSyntaxUIDList"),
            ),
            "StudyRequest": Shape(
                ("SeriesRequest",), ("studyInstanceUID",), ("studyInstanceUID",), needs=("SeriesRequest",)
            ),
            "SeriesRequest": Shape(
                ("DocumentRequest",), ("seriesInstanceUID",), ("seriesInstanceUID",), needs=("DocumentRequest",)
            ),
            "TransferSyntaxUIDList": Shape(("TransferSyntaxUID",), needs=("TransferSyntaxUID",)),
            "TransferSyntaxUID": Shape(text=True),
        },
    ),
}
"""Elements that are not here (``xdsb:Document`` and what stands below it) are judged by rules of their own."""


def check(root: etree._Element, findings: Findings) -> None:
    """Walk *root* once and add what the schemas do not allow."""
    for element in root.iter(etree.Element):
        shape = SHAPES.get(str(element.tag))
        if shape is None:
            continue
        _attributes(element, shape, findings)
        _children(element, shape, findings)
        name = etree.QName(element).localname
        if name == "Slot":
            _slot(element, findings)
        elif name in ("Name", "Description"):
            _localized(element, name, findings)
    for parent in root.iter(*(tag for tag, shape in SHAPES.items() if "Slot" in shape.children)):
        if parent.tag != _QUERY:  # there a slot that is repeated means AND
            _slot_names(parent, findings)


def _attributes(element: etree._Element, shape: Shape, findings: Findings) -> None:
    for name, value in element.attrib.items():
        if not str(name).startswith("{") and name not in shape.attributes:
            findings.add(ATTRIBUTE, element, attribute=str(name), value=str(value))
        elif str(name) in _TYPED and _TYPED[str(name)][0].fullmatch(str(value).strip()) is None:
            expected = _TYPED[str(name)][1]
            findings.add(ATTRIBUTE_FORM, element, attribute=str(name), value=str(value), expected=expected)
    for name in shape.required:
        if not (element.get(name) or "").strip():
            findings.add(REQUIRED, element, attribute=name)
    for name in shape.stated:
        if element.get(name) is None:
            findings.add(REQUIRED, element, attribute=name)


def _children(element: etree._Element, shape: Shape, findings: Findings) -> None:
    texts = [element.text or "", *((child.tail or "") for child in element)]
    if not shape.text and (text := "".join(texts).strip()):
        findings.add(TEXT, element, value=text)
    counts: dict[str, int] = {}
    highest, last = -1, ""
    for child in element.iterchildren(etree.Element):
        qualified = etree.QName(child)
        name = qualified.localname
        known = str(child.tag) in SHAPES or qualified.namespace == c.XDSB
        if name not in shape.children or not known:
            findings.add(ELEMENT, child, value=name if qualified.namespace == c.RIM else str(child.tag))
            continue
        counts[name] = counts.get(name, 0) + 1
        place = shape.children.index(name)
        if place < highest and etree.QName(element).localname != "RegistryObjectList":
            findings.add(ORDER, child, value=name, expected=last)
        elif place > highest:
            highest, last = place, name
    for name, count in counts.items():
        if count > 1 and name in shape.single:
            findings.add(REPEATED, element, value=name, count=str(count))
    for name in shape.needs:
        if name not in counts:
            findings.add(MISSING, element, value=name)


def _slot(element: etree._Element, findings: Findings) -> None:
    name = (element.get("name") or "").strip()
    found = [
        value
        for value_list in element.iterchildren(_rim("ValueList"))
        for value in value_list.iterchildren(_rim("Value"))
    ]
    if not found:
        findings.add(SLOT_EMPTY, element, value=name)
    for value in found:
        text = "".join(str(one) for one in value.itertext()).strip()
        if not text:
            findings.add(VALUE_EMPTY, value, value=name)
        elif fault := values.short(text):
            findings.add(VALUE_LONG, value, value=text, attribute=name, fault=fault)


def _slot_names(parent: etree._Element, findings: Findings) -> None:
    seen: set[str] = set()
    for slot in parent.iterchildren(_rim("Slot")):
        name = (slot.get("name") or "").strip()
        if name and name in seen:
            findings.add(SLOT_TWICE, slot, value=name)
        seen.add(name)


def _localized(element: etree._Element, name: str, findings: Findings) -> None:
    found = list(element.iterchildren(_rim("LocalizedString")))
    languages: set[str] = set()
    for one in found:
        told = one.get(c.XML_LANG, "").lower()
        if told in languages:
            findings.add(SAME_LANGUAGE, one, value=told)
        languages.add(told)
        charset = one.get("charset", "UTF-8")
        if charset.replace("-", "").upper() != "UTF8":
            findings.add(CHARSET, one, value=charset)
        lang = one.get(c.XML_LANG)
        if lang and (fault := values.language(lang)):
            findings.add(LANGUAGE, one, value=lang, fault=fault)
    if found and not any((one.get("value") or "").strip() for one in found):
        findings.add(NAME_EMPTY, element, attribute=name)
