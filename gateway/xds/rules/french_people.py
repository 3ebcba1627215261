"""How a French DMP wants people named: the patient's national identity and traits, professionals, devices, structures.

Sources: Référentiel INS; CI-SIS "Transmission d'un document CDA-R2 en HL7v2", page "Mapping VIHF et XDS".
"""

from __future__ import annotations

import re

from gateway import valuesets
from gateway.model.identifiers import INS_OIDS, ORGANIZATION_OID, PROFESSIONAL_OID, ins_key_is_right
from gateway.texts.text import Text
from gateway.xds import constants as c
from gateway.xds.rules import hl7_values, values
from gateway.xds.rules.french_codes import EXPECTED, MAPPING, REQUIRED, is_signature, named
from gateway.xds.rules.objects import Thing, Value, slot_values
from gateway.xds.rules.rule import ERROR, FRENCH, WARNING, Findings, rule

IDENTITY = rule(
    "dmp.identity",
    ERROR,
    f"{FRENCH}; Référentiel INS",
    "patientId « {value} » {fault}.",
    "patientId “{value}” {fault}.",
)
IDENTITY_KEY = rule(
    "dmp.identity-key",
    WARNING,
    "Référentiel INS (clé du matricule)",
    "La clé du matricule INS « {value} » est fausse.",
    "The key of the INS “{value}” is wrong.",
)
PERSON = rule(
    "dmp.person",
    ERROR,
    f"{MAPPING} (XCN)",
    "{attribute} « {value} » {fault}.",
    "{attribute} “{value}” {fault}.",
)
STRUCTURE = rule(
    "dmp.structure",
    ERROR,
    f"{MAPPING} (XON)",
    "{attribute} « {value} » {fault}.",
    "{attribute} “{value}” {fault}.",
)
PATIENT_FIELD = rule(
    "dmp.source-patient-info",
    ERROR,
    f"{MAPPING} (sourcePatientInfo)",
    "sourcePatientInfo : {attribute} « {value} » {fault}.",
    "sourcePatientInfo: {attribute} “{value}” {fault}.",
)
NATIONAL_ID = rule(
    "dmp.national-id",
    WARNING,
    f"{MAPPING} (PS_IdNat, Struct_IdNat)",
    "{attribute} : l'identifiant « {value} » n'a pas la longueur de ceux de son type (RPPS 8 + 11, FINESS 1 + 9, "
    "SIRET 3 + 14 caractères).",
    "{attribute}: the id “{value}” does not have the length of those of its kind (RPPS 8 + 11, FINESS 1 + 9, "
    "SIRET 3 + 14 characters).",
)
SPECIALTY = rule(
    "dmp.specialty",
    ERROR,
    f"{MAPPING} (authorSpecialty)",
    "authorSpecialty « {value} » n'est pas code^libellé^OID, ou son code n'est pas dans {expected}.",
    "authorSpecialty “{value}” is not code^label^OID, or its code is not in {expected}.",
)
_MATRICULE = re.compile(r"[0-9]{6}[0-9AB][0-9]{8}")
_PROFESSIONAL = re.compile(r"[0-9][0-9A-Za-z]{5,}(?:/.+)?")
_RPPS = re.compile(r"8[0-9]{11}")
_STRUCTURE = re.compile(r"1[0-9A-Za-z]{9}(?:/.+)?|3[0-9]{14}(?:/.+)?|[024-9][0-9A-Za-z./-]+")


def identity(thing: Thing, scheme: str, findings: Findings) -> None:
    for element in thing.identifiers.get(scheme, ()):
        value = (element.get("value") or "").strip()
        if hl7_values.cx(value):
            continue  # named already, by its form
        if fault := identity_fault(value):
            findings.add(IDENTITY, element, value=value, fault=fault, attribute=f"{thing.kind.value}.patientId")
        elif not ins_key_is_right(number := hl7_values.cx_key(value)[0]):
            findings.add(IDENTITY_KEY, element, value=number)


def identity_fault(value: str) -> Text | None:
    """Why a well-formed CX is no national identity: another authority, another number, another type."""
    number, domain = hl7_values.cx_key(value)
    if domain not in INS_OIDS:
        return Text("n'est pas sous une autorité de l'INS", "is not under an authority of the INS")
    if _MATRICULE.fullmatch(number) is None:
        return Text("n'a pas un matricule INS de 15 caractères", "has no INS of 15 characters")
    if hl7_values.cx_type(value) != "NH":
        return Text("doit porter NH en CX.5", "must carry NH in CX.5")
    return None


def authors(thing: Thing, scheme: str, findings: Findings) -> None:
    for author in thing.classifications.get(scheme, ()):
        found = slot_values(author)
        for name in ("authorPerson", "authorInstitution"):
            if not found.get(name):
                findings.add(REQUIRED, author, attribute=f"{thing.kind.value}.{name}")
        for one in found.get("authorPerson", ()):
            _person(one, f"{thing.kind.value}.authorPerson", findings, device=True)
        for one in found.get("authorSpecialty", ()):
            _specialty(one, findings)
        for one in found.get("authorInstitution", ()):
            _structure(one, f"{thing.kind.value}.authorInstitution", findings)


def _specialty(one: Value, findings: Findings) -> None:
    parts = one.text.split("^")
    known = valuesets.load(valuesets.AUTHOR_SPECIALTY)
    if len(parts) != 3 or values.oid(parts[2]) or parts[0] not in known:
        findings.add(SPECIALTY, one.element, value=one.text, expected=named(valuesets.AUTHOR_SPECIALTY))


def signatory(entry: Thing, findings: Findings) -> None:
    if not entry.classifications.get(c.ENTRY_AUTHOR):
        findings.add(REQUIRED, entry.element, attribute="DocumentEntry.author")
    found = entry.values.get("legalAuthenticator", [])
    if not found:
        broken = EXPECTED if is_signature(entry) else REQUIRED
        findings.add(broken, entry.element, attribute="DocumentEntry.legalAuthenticator")
    for one in found:
        _person(one, "DocumentEntry.legalAuthenticator", findings, device=False)


def _person(one: Value, attribute: str, findings: Findings, *, device: bool) -> None:
    """``id^FAMILY^GIVEN^^^^^^&oid&ISO^D^^^IDNPS``; a device has ``U`` and ``EI``, a patient the INS and ``NH``."""
    if hl7_values.xcn(one.text):
        return
    parts = one.text.split("^") + [""] * 13
    domain = [*parts[8].split("&"), "", ""][1]
    fault = None
    if not parts[0]:
        fault = Text("n'a pas d'identifiant (XCN.1)", "has no id (XCN.1)")
    elif not parts[1]:
        fault = Text("n'a pas de nom (XCN.2)", "has no family name (XCN.2)")
    elif domain in INS_OIDS:
        if parts[12] != "NH":
            fault = Text("a une INS et XCN.13 n'est pas NH", "has an INS and XCN.13 is not NH")
    elif domain != PROFESSIONAL_OID:
        fault = Text(f"n'a pas {PROFESSIONAL_OID} en XCN.9", f"does not have {PROFESSIONAL_OID} in XCN.9")
    elif parts[9] not in (("D", "U", "L") if device else ("D", "L")):
        allowed = "D ou U" if device else "D"
        fault = Text(
            f"a « {parts[9]} » en XCN.10 ; attendu : {allowed}", f"has “{parts[9]}” in XCN.10; expected: {allowed}"
        )
    elif parts[12] not in ("IDNPS", "EI", "RRI", "PI"):
        fault = Text(
            f"a « {parts[12]} » en XCN.13 ; attendu : IDNPS ou EI",
            f"has “{parts[12]}” in XCN.13; expected: IDNPS or EI",
        )
    elif parts[9] == "U" and parts[12] == "IDNPS":
        fault = Text(
            "est un dispositif (U) avec un identifiant de personne (IDNPS)",
            "is a device (U) with a person's id (IDNPS)",
        )
    elif parts[12] == "IDNPS" and parts[0].startswith("8") and _RPPS.fullmatch(parts[0]) is None:
        fault = Text("n'a pas en XCN.1 un RPPS (8 et 11 chiffres)", "has in XCN.1 no RPPS (8 and 11 digits)")
    elif parts[12] == "IDNPS" and not parts[0][:1].isdigit():
        fault = Text("a un identifiant national mal formé (XCN.1)", "has a malformed national id (XCN.1)")
    if fault:
        findings.add(PERSON, one.element, value=one.text, attribute=attribute, fault=fault)
    elif parts[12] == "IDNPS" and domain == PROFESSIONAL_OID and _PROFESSIONAL.fullmatch(parts[0]) is None:
        findings.add(NATIONAL_ID, one.element, value=parts[0], attribute=attribute)


def _structure(one: Value, attribute: str, findings: Findings) -> None:
    """``NAME^^^^^&oid&ISO^IDNST^^^id``."""
    if hl7_values.xon(one.text):
        return
    parts = one.text.split("^") + [""] * 10
    domain = [*parts[5].split("&"), "", ""][1]
    fault = None
    if domain != ORGANIZATION_OID:
        fault = Text(f"n'a pas {ORGANIZATION_OID} en XON.6", f"does not have {ORGANIZATION_OID} in XON.6")
    elif parts[6] != "IDNST":
        fault = Text(f"a « {parts[6]} » en XON.7 ; attendu : IDNST", f"has “{parts[6]}” in XON.7; expected: IDNST")
    elif not parts[9]:
        fault = Text("n'a pas d'identifiant (XON.10)", "has no id (XON.10)")
    elif not parts[9][:1].isdigit():
        fault = Text("a un identifiant mal formé (XON.10)", "has a malformed id (XON.10)")
    if fault:
        findings.add(STRUCTURE, one.element, value=one.text, attribute=attribute, fault=fault)
    elif _STRUCTURE.fullmatch(parts[9]) is None:
        findings.add(NATIONAL_ID, one.element, value=parts[9], attribute=attribute)


def source_patient(entry: Thing, findings: Findings) -> None:
    found = entry.values.get("sourcePatientInfo", [])
    fields = [
        (field, one)
        for one in found
        if (field := hl7_values.field_of(one.text)) and not hl7_values.patient_field(one.text)
    ]
    numbers = {field[0] for field, _ in fields}
    for number in (5, 7, 8):
        if number not in numbers:
            findings.add(REQUIRED, entry.element, attribute=f"sourcePatientInfo/PID-{number}")
    for (number, content), one in fields:
        fault = next(filter(None, (_field_fault(number, repetition) for repetition in content.split("~"))), None)
        if fault:
            findings.add(PATIENT_FIELD, one.element, value=content, attribute=f"PID-{number}", fault=fault)


def _field_fault(number: int, content: str) -> Text | None:
    parts = content.split("^") + [""] * 9
    if number == 5 and not (parts[0] and parts[1]):
        return Text("n'a pas le nom et le prénom", "lacks the family name or the given name")
    if number == 5 and parts[6] not in ("L", "D", "S"):
        return Text("n'a pas L en PID-5.7 (nom de naissance)", "does not have L in PID-5.7 (birth name)")
    if number == 7 and len(content) != 8:
        return Text("n'est pas AAAAMMJJ", "is not YYYYMMDD")
    if number == 8 and content not in ("M", "F", "U"):
        return Text("n'est pas M, F ou U", "is not M, F or U")
    if number == 11 and parts[6] in ("BDL", "BR") and re.fullmatch(r"[0-9][0-9AB][0-9]{3}", parts[8]) is None:
        return Text(
            "n'a pas en PID-11.9 le code INSEE du lieu de naissance",
            "lacks in PID-11.9 the INSEE code of the birth place",
        )
    return None
