"""The value sets of a French DMP: which codes may stand in which attribute, under which system, with which words.

Codes under the OIDs of value sets instead of code systems, and three withdrawn regions, occur in the official samples
of earlier years: they are warnings.

Sources: value sets J02, J04, J06 to J08, J10, R209, modality and region; the DRIM-M samples of 2024.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

from gateway import valuesets
from gateway.model.codes import CCAM_SYSTEMS, DCM, LOINC, SNOMED_CT, Code
from gateway.xds import constants as c
from gateway.xds.rules.objects import CodeAt, Thing
from gateway.xds.rules.rule import ADVICE, ERROR, FRENCH, IMAGING, WARNING, Findings, Rule, rule

MAPPING = 'CI-SIS "Transmission d\'un document CDA-R2 en HL7v2", Mapping VIHF et XDS'
VALUE_SET = rule(
    "dmp.value-set",
    ERROR,
    FRENCH,
    "{attribute} « {value} » n'est pas dans le jeu de valeurs {expected}.",
    "{attribute} “{value}” is not in the value set {expected}.",
)
SYSTEM = rule(
    "dmp.system",
    ERROR,
    FRENCH,
    "Le codingScheme de {attribute} {code} est « {value} » ; attendu : {expected}.",
    "The codingScheme of {attribute} {code} is “{value}”; expected: {expected}.",
)
OLD_SYSTEM = rule(
    "dmp.system-old",
    WARNING,
    "DRIM-M samples",
    "Le codingScheme de {attribute} {code} est l'ancien, « {value} » ; le plus récent est {expected}.",
    "The codingScheme of {attribute} {code} is the older “{value}”; the newest is {expected}.",
)
WITHDRAWN = rule(
    "dmp.region-withdrawn",
    WARNING,
    "JDV_RegionAnatomique_CISIS (1.2.250.1.213.1.1.5.695)",
    "La région « {value} » a été retirée du jeu de valeurs.",
    "The region “{value}” was withdrawn from the value set.",
)
REQUIRED = rule(
    "dmp.required",
    ERROR,
    f"{IMAGING}, table 12; {FRENCH}",
    "{attribute} manque, que le DMP demande.",
    "{attribute} is missing, which the DMP requires.",
)
EXPECTED = rule(
    "dmp.expected",
    WARNING,
    f"{IMAGING}, table 12; {MAPPING}",
    "{attribute} manque, qu'une fiche d'imagerie porte d'ordinaire.",
    "{attribute} is missing, which an imaging entry usually carries.",
)
DISPLAY_OF_ANOTHER = rule(
    "dmp.display-of-another",
    WARNING,
    FRENCH,
    "{attribute} : « {value} » est le libellé de {expected}, pas de {code}.",
    "{attribute}: “{value}” is the display name of {expected}, not of {code}.",
)
DISPLAY = rule(
    "dmp.display",
    ADVICE,
    FRENCH,
    "{attribute} {code} : le libellé est « {value} » ; celui du jeu de valeurs est « {expected} ».",
    "{attribute} {code}: the display name is “{value}”; that of the value set is “{expected}”.",
)
IMAGING_TYPE, MANIFEST_TYPE, REQUEST_TYPE, SIGNATURE_TYPE = "18748-4", "IMG-KOS", "55115-0", "E1762"
_OTHER_FORMAT = re.compile(r"urn:(?:ihe|asip|ans|hl7)[a-z0-9-]*:[A-Za-z0-9.:_-]+:(?:19|20)[0-9]{2}(?:\.[0-9]{2})?")
_OTHER_FORMATS = frozenset({"http://www.w3.org/2000/09/xmldsig#", "urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1"})
OLD_SYSTEMS = {"1.2.250.1.213.1.1.5.618", "1.2.250.1.213.1.1.5.695", "1.2.250.1.213.2.5"}
WITHDRAWN_REGIONS = frozenset({"69536005", "45048000", "786880003"})
"""Head, neck, mouth: withdrawn, and still sent."""
ICD_10 = "2.16.840.1.113883.6.3"
_ACT_SYSTEMS = CCAM_SYSTEMS | {ICD_10, LOINC, "1.2.250.1.213.1.1.4.6", "1.2.840.10065.1.12"}
_ACTIVITY = "1.2.250.1.213.2.2"


def is_signature(entry: Thing) -> bool:
    code = entry.code(c.ENTRY_TYPE)
    return bool(code and code.code == SIGNATURE_TYPE)


def codes(entry: Thing, findings: Findings) -> None:
    for scheme, name, attribute in (
        (c.ENTRY_CLASS, valuesets.CLASS, "classCode"),
        (c.ENTRY_TYPE, valuesets.TYPE, "typeCode"),
        (c.ENTRY_FACILITY, valuesets.FACILITY_TYPE, "healthcareFacilityTypeCode"),
        (c.ENTRY_PRACTICE, valuesets.PRACTICE_SETTING, "practiceSettingCode"),
        (c.ENTRY_CONFIDENTIALITY, valuesets.CONFIDENTIALITY, "confidentialityCode"),
    ):
        for code in entry.codes(scheme):
            _in_set(code, name, attribute, findings)
    for code in entry.codes(c.ENTRY_FORMAT):
        known = valuesets.load(valuesets.FORMAT)
        if code.code in known:
            _in_set(code, valuesets.FORMAT, "formatCode", findings)
        elif code.code and code.code not in _OTHER_FORMATS:
            # the set is kept here for imaging alone: another format of the same shape is not called wrong
            severity = WARNING if _OTHER_FORMAT.fullmatch(code.code) else ERROR
            findings.add(
                VALUE_SET,
                code.element,
                value=code.code,
                expected=named(valuesets.FORMAT),
                attribute="formatCode",
                severity=severity,
            )
    for code in entry.codes(c.ENTRY_EVENT):
        _event(code, findings)


def _in_set(code: CodeAt, name: str, attribute: str, findings: Findings) -> None:
    known = valuesets.load(name)
    if not code.code:
        return
    if code.code not in known:
        findings.add(VALUE_SET, code.element, value=code.code, expected=named(name), attribute=attribute)
    elif code.system and Code(code.code, code.system) not in known:
        _system(SYSTEM, code, known.code(code.code).system, attribute, findings)
    else:
        _display(code, name, attribute, findings)


def _display(code: CodeAt, name: str, attribute: str, findings: Findings) -> None:
    """What a code is called: other words are no fault, those of another code of the set are."""
    told, official = _folded(code.display), _folded(valuesets.load(name).display(code.code))
    if not told or told == official:
        return
    other = _displays(name).get(told)
    if other and other != code.code:
        broken, expected = DISPLAY_OF_ANOTHER, other
    else:
        broken, expected = DISPLAY, valuesets.load(name).display(code.code)
    findings.add(broken, code.element, value=code.display, expected=expected, attribute=attribute, code=code.code)


def _folded(text: str) -> str:
    return " ".join(text.replace("’", "'").casefold().split())


@cache
def _displays(name: str) -> dict[str, str]:
    """Codes of a value set by what they are called, where that is one code alone."""
    found: dict[str, str] = {}
    for code in valuesets.load(name).codes:
        folded = _folded(code.display)
        found[folded] = "" if folded in found else code.code
    return found


def named(name: str) -> str:
    known = valuesets.load(name)
    return f"{known.name} ({known.oid})"


def _system(broken: Rule, code: CodeAt, expected: str, attribute: str, findings: Findings) -> None:
    findings.add(broken, code.element, value=code.system, expected=expected, attribute=attribute, code=code.code)


def _event(code: CodeAt, findings: Findings) -> None:
    """A modality, a region, an act or a pathology; older systems are told apart by the code."""
    name = "eventCodeList"
    modality, region = valuesets.load(valuesets.MODALITY), valuesets.load(valuesets.REGION)
    if not code.code or not code.system:
        return
    if code.system in (DCM, "DCM"):
        _in_set(replace(code, system=DCM), valuesets.MODALITY, name, findings)
    elif code.system == SNOMED_CT:
        if code.code in WITHDRAWN_REGIONS:
            findings.add(WITHDRAWN, code.element, value=code.code)
        else:
            _in_set(code, valuesets.REGION, name, findings)
    elif code.system in OLD_SYSTEMS and code.code in modality:
        _system(OLD_SYSTEM, code, DCM, name, findings)
    elif code.system in OLD_SYSTEMS and (code.code in region or code.code in WITHDRAWN_REGIONS):
        _system(OLD_SYSTEM, code, SNOMED_CT, name, findings)
    elif code.code in modality:
        _system(SYSTEM, code, DCM, name, findings)
    elif code.code in region:
        _system(SYSTEM, code, SNOMED_CT, name, findings)
    elif code.system not in _ACT_SYSTEMS:
        _system(SYSTEM, code, ", ".join((DCM, SNOMED_CT, *sorted(CCAM_SYSTEMS), ICD_10)), name, findings)


def content_type(one: Thing, findings: Findings) -> None:
    for code in one.codes(c.SET_CONTENT_TYPE):
        known = valuesets.load(valuesets.CONTENT_TYPE)
        if code.code in known:
            _in_set(code, valuesets.CONTENT_TYPE, "contentTypeCode", findings)
        elif code.code:
            # the table holds the codes that the guide names; other activities have two digits too
            severity = WARNING if re.fullmatch(r"[0-9]{2}", code.code) and code.system == _ACTIVITY else ERROR
            told = named(valuesets.CONTENT_TYPE)
            findings.add(
                VALUE_SET, code.element, value=code.code, expected=told, attribute="contentTypeCode", severity=severity
            )


def event_kind(code: CodeAt) -> str:
    if code.code in valuesets.load(valuesets.MODALITY) and code.system in (DCM, "DCM", *OLD_SYSTEMS):
        return "modality"
    known = code.code in valuesets.load(valuesets.REGION) or code.code in WITHDRAWN_REGIONS
    return "region" if known and code.system in (SNOMED_CT, *OLD_SYSTEMS) else "act"
