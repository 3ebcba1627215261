"""The classifications in an object: codes with scheme and words, nodes that say what it is, each in its place.

Source: ITI TF-3 sections 4.2.3.1.2, 4.2.3.1.10, 4.2.5.
"""

from __future__ import annotations

from lxml import etree

from gateway.xds import constants as c
from gateway.xds.constants import rim
from gateway.xds.rules import code_forms, values
from gateway.xds.rules.attributes import NODES, SCHEMES
from gateway.xds.rules.objects import Kind, Thing, localized, slot_values, slots_of
from gateway.xds.rules.rule import ERROR, RIM, TF3, Findings, rule

SCHEME = rule(
    "classification.scheme",
    ERROR,
    f"{TF3} 4.2.5",
    "Le classificationScheme « {value} » n'est pas de ceux d'un objet {attribute}.",
    "The classificationScheme “{value}” is not one of those of a {attribute}.",
)
NODE = rule(
    "classification.node",
    ERROR,
    f"{TF3} 4.2.3.1.10, 4.2.5",
    "Le classificationNode « {value} » n'est pas de ceux d'un objet {attribute}.",
    "The classificationNode “{value}” is not one of those of a {attribute}.",
)
NODE_TWICE = rule(
    "classification.node.repeated",
    ERROR,
    f"{TF3} 4.2.1.2.1, 4.2.3.2.29",
    "Le classificationNode « {value} » est donné plusieurs fois.",
    "The classificationNode “{value}” is given several times.",
)
NEITHER = rule(
    "classification.kind",
    ERROR,
    f"{TF3} 4.2.3.1.10",
    "Une Classification doit avoir soit classificationScheme, soit classificationNode.",
    "A Classification must have either classificationScheme or classificationNode.",
)
OWNER = rule(
    "classification.owner",
    ERROR,
    f"{TF3} table 4.2.3.1.2-1",
    "classifiedObject « {value} » n'est pas l'id de l'objet qui contient la Classification ({expected}).",
    "classifiedObject “{value}” is not the id of the object that holds the Classification ({expected}).",
)
STRAY = rule(
    "classification.stray",
    ERROR,
    f"{TF3} 4.2.1.5",
    "Une Classification hors de tout objet désigne « {value} », qui n'est pas dans le message.",
    "A Classification outside any object points at “{value}”, which is not in the message.",
)
OUTSIDE = rule(
    "classification.outside",
    ERROR,
    f"{TF3} table 4.2.3.1.2-1",
    "Une Classification par classificationScheme doit se trouver dans l'objet qu'elle classe.",
    "A Classification by classificationScheme must stand in the object that it classifies.",
)
CODE = rule(
    "code.missing",
    ERROR,
    f"{TF3} table 4.2.3.1.2-1 (nodeRepresentation)",
    "{attribute} n'a pas de code (nodeRepresentation).",
    "{attribute} has no code (nodeRepresentation).",
)
CODING_SCHEME = rule(
    "code.scheme",
    ERROR,
    f"{TF3} table 4.2.3.1.2-1 (codingScheme: exactly one value)",
    "{attribute} « {value} » n'a pas exactement un codingScheme (trouvé : {count}).",
    "{attribute} “{value}” does not have exactly one codingScheme (found: {count}).",
)
CODING_SCHEME_FORM = rule(
    "code.scheme-form",
    ERROR,
    f"{TF3} 4.2.3.1.2 and table 4.2.3.1.7-2 (OID)",
    "Le codingScheme de {attribute} {fault} : « {value} ».",
    "The codingScheme of {attribute} {fault}: “{value}”.",
)
DISPLAY = rule(
    "code.display",
    ERROR,
    f"{TF3} 4.2.3.1.2 (Code Display Name: must be non-zero length)",
    "{attribute} « {value} » n'a pas de libellé (Name).",
    "{attribute} “{value}” has no display name (Name).",
)
CODE_SLOT = rule(
    "code.slot",
    ERROR,
    f"{TF3} table 4.2.3.1.2-1",
    "Le Slot « {value} » n'existe pas dans {attribute} ; attendu : {expected}.",
    "The slot “{value}” does not exist in {attribute}; expected: {expected}.",
)
CODE_LONG = rule(
    "code.long",
    ERROR,
    f"{RIM} (LongName)",
    "Le code de {attribute} {fault}.",
    "The code of {attribute} {fault}.",
)
CODE_FORM = rule(
    "code.form",
    ERROR,
    "LOINC Users' Guide; SNOMED CT Release File Specifications; DICOM PS3.16 CID 29; CCAM",
    "{attribute} : « {value} » {fault}.",
    "{attribute}: “{value}” {fault}.",
)
SYSTEM_OF_ANOTHER = rule(
    "code.system-of-another",
    ERROR,
    f"{TF3} 4.2.3.2.5 and 4.2.3.2.9",
    "{attribute} « {value} » est d'un système qui ne sert qu'à {expected}.",
    "{attribute} “{value}” is of a system that serves {expected} alone.",
)
_SERVES = {"2.16.840.1.113883.5.25": "confidentialityCode", "1.3.6.1.4.1.19376.1.2.3": "formatCode"}
"""The attribute that a system is for, of the systems that are for one: levels of confidentiality, formats of IHE."""
AUTHOR_SCHEMES = frozenset({c.ENTRY_AUTHOR, c.SET_AUTHOR})


def check(thing: Thing, findings: Findings) -> None:
    """Each classification in its place, and what it says; *thing*'s own author is judged as a person."""
    for one in thing.element.iterchildren(rim("Classification")):
        scheme, node = (one.get("classificationScheme") or "").strip(), (one.get("classificationNode") or "").strip()
        if bool(scheme) == bool(node):
            findings.add(NEITHER, one)
        owner = (one.get("classifiedObject") or "").strip()
        if owner and owner != thing.id:
            findings.add(OWNER, one, value=owner, expected=thing.id)
    for scheme, found in thing.classifications.items():
        for one in found:
            if one.getparent() is not thing.element:
                findings.add(OUTSIDE, one)
        if scheme not in SCHEMES[thing.kind] and thing.kind is not Kind.PACKAGE:
            findings.add(SCHEME, found[0], value=scheme, attribute=thing.kind.value)
        elif scheme not in AUTHOR_SCHEMES:
            for one in found:
                _code(one, thing.kind, findings)
    for node, found in thing.nodes.items():
        if node not in NODES[thing.kind] and thing.kind is not Kind.PACKAGE:
            findings.add(NODE, found[0], value=node, attribute=thing.kind.value)
        elif len(found) > 1:
            findings.add(NODE_TWICE, found[1], value=node)


def _code(element: etree._Element, kind: Kind, findings: Findings) -> None:
    name = f"{kind.value}.{_ATTRIBUTE_BY_SCHEME.get((element.get('classificationScheme') or '').strip(), 'code')}"
    code = (element.get("nodeRepresentation") or "").strip()
    systems = slot_values(element).get("codingScheme", [])
    if not code:
        findings.add(CODE, element, attribute=name)
    elif fault := values.short(code):
        findings.add(CODE_LONG, element, attribute=name, value=code, fault=fault)
    if len(systems) != 1:
        findings.add(CODING_SCHEME, element, attribute=name, value=code, count=str(len(systems)))
    for one in systems:
        if fault := values.coding_scheme(one.text):
            findings.add(CODING_SCHEME_FORM, one.element, attribute=name, value=one.text, fault=fault)
        if (expected := _SERVES.get(one.text)) and kind is Kind.ENTRY and not name.endswith(expected):
            findings.add(SYSTEM_OF_ANOTHER, element, attribute=name, value=code, expected=expected)
    if code and len(systems) == 1 and (fault := code_forms.fault(code, systems[0].text)):
        findings.add(CODE_FORM, element, attribute=name, value=code, fault=fault)
    if not localized(element, "Name"):
        findings.add(DISPLAY, element, attribute=name, value=code)
    for slot in slots_of(element):
        if slot != "codingScheme":
            findings.add(CODE_SLOT, element, attribute=name, value=slot, expected="codingScheme")


_ATTRIBUTE_BY_SCHEME = {
    c.ENTRY_CLASS: "classCode",
    c.ENTRY_CONFIDENTIALITY: "confidentialityCode",
    c.ENTRY_EVENT: "eventCodeList",
    c.ENTRY_FORMAT: "formatCode",
    c.ENTRY_FACILITY: "healthcareFacilityTypeCode",
    c.ENTRY_PRACTICE: "practiceSettingCode",
    c.ENTRY_TYPE: "typeCode",
    c.SET_CONTENT_TYPE: "contentTypeCode",
    c.FOLDER_CODES: "codeList",
    c.ASSOCIATION_DOCUMENTATION: "documentation",
}
