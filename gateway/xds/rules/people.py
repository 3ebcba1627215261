"""People in the metadata: authors, and the patient as the source knows him.

Sources: ITI TF-3 sections 4.2.3.1.4, 4.2.3.2.22, 4.2.3.2.23; table 4.2.3.1.7-2 (XCN, XON, XTN, CX, Field).
"""

from __future__ import annotations

import re
from collections import Counter

import gateway.xds.rules.attributes  # noqa: F401 - enters the rules that are taken from the catalogue
from gateway.model.identifiers import is_uid
from gateway.texts.text import Text
from gateway.xds import constants as c
from gateway.xds.rules import hl7_values, values
from gateway.xds.rules.objects import Kind, Thing, Value, inner_text, slot_values, slots_of
from gateway.xds.rules.rule import CATALOGUE, ERROR, TF3, WARNING, Findings, rule
from gateway.xds.rules.structure import AUTHOR_SLOTS

CX_TYPE = rule(
    "cx.type",
    ERROR,
    f"{TF3} table 4.2.3.1.7-2 (CX: no other values in other components)",
    "{attribute} « {value} » remplit CX.5, qu'IHE ne permet pas.",
    "{attribute} “{value}” fills CX.5, which IHE does not allow.",
)
SOURCE_DOMAIN = rule(
    "DocumentEntry.sourcePatientId.authority",
    ERROR,
    f"{TF3} 4.2.3.2.22 and table 4.2.3.1.7-2 (CX)",
    "sourcePatientId « {value} » n'a pas d'autorité sous forme d'OID (CX.4).",
    "sourcePatientId “{value}” has no assigning authority that is an OID (CX.4).",
)
XON_EXTRA = rule(
    "xon.components",
    ERROR,
    f"{TF3} table 4.2.3.1.7-2 (XON: no other fields shall be specified)",
    "{attribute} « {value} » remplit {expected}, qu'IHE ne permet pas.",
    "{attribute} “{value}” fills {expected}, which IHE does not allow.",
)
SOURCE_FORM = CATALOGUE["DocumentEntry.sourcePatientId.form"]
XCN_DOMAIN = rule(
    "xcn.authority",
    WARNING,
    f"{TF3} table 4.2.3.1.7-2 (XCN)",
    "{attribute} « {value} » a un identifiant (XCN.1) sans autorité (XCN.9).",
    "{attribute} “{value}” has an id (XCN.1) without authority (XCN.9).",
)
SAME_VALUE = rule(
    "value.repeated",
    WARNING,
    f"{TF3} 4.2.3.1.9",
    "{attribute} donne deux fois la valeur « {value} ».",
    "{attribute} gives the value “{value}” twice.",
)
AUTHOR_EMPTY = rule(
    "author.empty",
    ERROR,
    f"{TF3} 4.2.3.1.4",
    "Un auteur doit avoir authorPerson, authorInstitution ou authorTelecommunication.",
    "An author must have authorPerson, authorInstitution or authorTelecommunication.",
)
AUTHOR_PERSONS = rule(
    "author.persons",
    ERROR,
    f"{TF3} 4.2.3.1.4 (authorPerson – zero or one)",
    "Un auteur a {count} valeurs d'authorPerson ; une Classification décrit un seul auteur.",
    "An author has {count} values of authorPerson; one Classification describes a single author.",
)
AUTHOR_SLOT = rule(
    "author.slot",
    ERROR,
    f"{TF3} 4.2.3.1.4",
    "Le Slot « {value} » n'existe pas dans un auteur ; attendu : {expected}.",
    "The slot “{value}” does not exist in an author; expected: {expected}.",
)
AUTHOR_NODE = rule(
    "author.node-representation",
    ERROR,
    f"{TF3} 4.2.3.1.4 (nodeRepresentation shall be empty)",
    "nodeRepresentation d'un auteur vaut « {value} » ; il doit être vide.",
    "nodeRepresentation of an author is “{value}”; it must be empty.",
)
AUTHOR_FORM = rule(
    "author.form",
    ERROR,
    f"{TF3} 4.2.3.1.4.1 to 4.2.3.1.4.5",
    "{attribute} « {value} » {fault}.",
    "{attribute} “{value}” {fault}.",
)
PATIENT_FIELD_TWICE = rule(
    "DocumentEntry.sourcePatientInfo.field-repeated",
    ERROR,
    f"{TF3} 4.2.3.2.23 (at most one rim:Value for PID-7 and PID-8)",
    "sourcePatientInfo donne {value} plusieurs fois.",
    "sourcePatientInfo gives {value} several times.",
)
PATIENT_FIELD_UNWANTED = rule(
    "DocumentEntry.sourcePatientInfo.unwanted",
    WARNING,
    f"{TF3} 4.2.3.2.23 (should not include PID-2, PID-4, PID-12, PID-19)",
    "sourcePatientInfo contient {value}, qui ne devrait pas y être.",
    "sourcePatientInfo holds {value}, which should not be there.",
)
PATIENT_IDS = rule(
    "DocumentEntry.sourcePatientInfo.pid-3",
    WARNING,
    f"{TF3} 4.2.3.2.22 and 4.2.3.2.23",
    "PID-3 de sourcePatientInfo (« {value} ») ne contient pas sourcePatientId « {expected} ».",
    "PID-3 of sourcePatientInfo (“{value}”) does not hold sourcePatientId “{expected}”.",
)
OTHER_PATIENT = rule(
    "source-patient.other",
    ERROR,
    f"{TF3} 4.2.3.2.16, 4.2.3.2.22, 4.2.3.2.23",
    "{attribute} « {value} » nomme un autre patient que « {expected} », dans le même domaine.",
    "{attribute} “{value}” names another patient than “{expected}”, in the same domain.",
)
BORN_LATER = rule(
    "DocumentEntry.sourcePatientInfo.born-later",
    ERROR,
    f"{TF3} 4.2.3.2.23",
    "PID-7 « {value} » est postérieur à l'acte ou à la création du document ({expected}).",
    "PID-7 “{value}” is later than the act or the creation of the document ({expected}).",
)
_AUTHOR_FORMS = {
    "authorPerson": hl7_values.xcn,
    "authorInstitution": hl7_values.xon,
    "authorTelecommunication": hl7_values.xtn,
    "authorRole": hl7_values.coded_string,
    "authorSpecialty": hl7_values.coded_string,
}


def authors(thing: Thing, findings: Findings, *, french: bool) -> None:
    scheme = {Kind.ENTRY: c.ENTRY_AUTHOR, Kind.SET: c.SET_AUTHOR}.get(thing.kind, "")
    seen: set[str] = set()
    for author in thing.classifications.get(scheme, ()):
        found = slot_values(author)
        if not any(found.get(name) for name in ("authorPerson", "authorInstitution", "authorTelecommunication")):
            findings.add(AUTHOR_EMPTY, author, attribute=f"{thing.kind.value}.author")
        if (node := (author.get("nodeRepresentation") or "").strip()) != "":
            findings.add(AUTHOR_NODE, author, value=node, attribute=f"{thing.kind.value}.author")
        if (count := len(found.get("authorPerson", ()))) > 1:
            findings.add(AUTHOR_PERSONS, author, count=str(count), attribute=f"{thing.kind.value}.authorPerson")
        for name in slots_of(author):
            if name not in AUTHOR_SLOTS:
                findings.add(AUTHOR_SLOT, author, value=name, expected=", ".join(AUTHOR_SLOTS))
        for name, form in _AUTHOR_FORMS.items():
            for one in found.get(name, ()):
                _sub_attribute(f"{thing.kind.value}.{name}", one, form(one.text), findings, french=french)
        text = inner_text(author)
        if text and text in seen:
            findings.add(
                SAME_VALUE, author, value=next((v.text for v in found.get("authorPerson", ())), ""), attribute="author"
            )
        seen.add(text)


def _sub_attribute(name: str, one: Value, fault: Text | None, findings: Findings, *, french: bool) -> None:
    if fault:
        findings.add(AUTHOR_FORM, one.element, value=one.text, attribute=name, fault=fault)
    elif name.endswith("Institution") and not french and (extra := hl7_values.xon_extra(one.text)):
        findings.add(XON_EXTRA, one.element, value=one.text, attribute=name, expected=extra)
    elif name.endswith("Person"):
        xcn_domain(name, one, findings)


def xcn_domain(name: str, one: Value, findings: Findings) -> None:
    parts = one.text.split("^") + [""] * 9
    if parts[0] and not parts[8] and not is_uid(parts[0]):
        findings.add(XCN_DOMAIN, one.element, value=one.text, attribute=name)


def source_patient(entry: Thing, findings: Findings, *, french: bool) -> None:
    name = "DocumentEntry.sourcePatientId"
    for one in entry.values.get("sourcePatientId", ()):
        if fault := hl7_values.cx(one.text):
            if (
                re.search(r"[&^].", one.text.rstrip("^")) and not hl7_values.has_namespace(one.text)
            ) or hl7_values.escapes(one.text):
                findings.add(SOURCE_FORM, one.element, value=one.text, attribute=name, fault=fault)
            else:
                findings.add(SOURCE_DOMAIN, one.element, value=one.text, attribute=name)
        elif hl7_values.cx_type(one.text) and not french:
            findings.add(CX_TYPE, one.element, value=one.text, attribute=name)
    fields = [
        (field, one) for one in entry.values.get("sourcePatientInfo", ()) if (field := hl7_values.field_of(one.text))
    ]
    counts = Counter(field[0] for field, _ in fields)
    for number in (7, 8):
        if counts[number] > 1:
            findings.add(
                PATIENT_FIELD_TWICE, entry.element, value=f"PID-{number}", attribute="DocumentEntry.sourcePatientInfo"
            )
    for (number, content), one in fields:
        if number in (2, 4, 12, 19):
            findings.add(PATIENT_FIELD_UNWANTED, one.element, value=f"PID-{number}")
        for name in ("creationTime", "serviceStartTime") if number == 7 and values.is_dtm(content) else ():
            # a day may lie between the clocks of who was born and of UTC
            if values.is_dtm(told := entry.value(name)) and values.days_between(told, content[:8]) > 1:
                findings.add(BORN_LATER, one.element, value=content, expected=told)
    ids = [
        (hl7_values.cx_key(part), one)
        for (number, content), one in fields
        if number == 3
        for part in content.split("~")
    ]
    source = entry.value("sourcePatientId")
    if ids and source and hl7_values.cx_key(source) not in [key for key, _ in ids]:
        findings.add(PATIENT_IDS, ids[0][1].element, value=ids[0][1].text, expected=source)


def one_patient(entry: Thing, findings: Findings, *, french: bool) -> None:
    """In one domain one patient has one number, wherever the entry states it.

    That PID-3 holds sourcePatientId is what the source should see to, and IHE's own test messages do not: a warning,
    but in France.
    """
    fields = [field for one in entry.values.get("sourcePatientInfo", ()) if (field := hl7_values.field_of(one.text))]
    ids = [hl7_values.cx_key(part) for number, content in fields if number == 3 for part in content.split("~")]
    patient = entry.identifier(c.ENTRY_PATIENT_ID)
    source = entry.value("sourcePatientId")
    (identified, domain), (own_number, own_domain) = hl7_values.cx_key(patient), hl7_values.cx_key(source)
    place = next((one.element for one in entry.values.get("sourcePatientId", ())), entry.element)
    if domain and domain == own_domain and identified != own_number:
        name = "DocumentEntry.sourcePatientId"
        findings.add(OTHER_PATIENT, place, value=source, expected=patient, attribute=name)
    for stated, wanted in (((identified, domain), patient), ((own_number, own_domain), source)):
        same = [one for one, authority in ids if authority and authority == stated[1]]
        if same and stated[0] not in same:
            name = "DocumentEntry.sourcePatientInfo/PID-3"
            severity = WARNING if wanted == source and wanted != patient and not french else None
            value = ", ".join(same)
            findings.add(OTHER_PATIENT, place, value=value, expected=wanted, attribute=name, severity=severity)
