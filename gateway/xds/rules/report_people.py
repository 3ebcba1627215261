"""Who and where a CDA document was made by its header, against its entry, as the CI-SIS maps one to the other.

Authors, signatory, structures, specialty, the degree of confidentiality, the place and the sector of care; what the
header does not say is no contradiction. The rest of the header: ``reports``.

Sources: ITI TF-3 sections 4.2.3.1.4, 4.2.3.2.5, 4.2.3.2.11, 4.2.3.2.14, 4.2.3.2.17; PCC TF-2 section 4.1.1 (CDA header
to DocumentEntry); CI-SIS "Transmission d'un document CDA-R2 en HL7v2", mapping XDS.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lxml import etree

from gateway.model.finding import Severity
from gateway.xds import constants as c
from gateway.xds.rules import hl7_values, names
from gateway.xds.rules.objects import CodeAt, Thing, Value, slot_values
from gateway.xds.rules.rule import ERROR, TF3, Findings, rule

_MAPPING = "CI-SIS, mapping XDS"
PERSON = rule(
    "report.person",
    ERROR,
    f"{TF3} 4.2.3.1.4.2 and 4.2.3.2.14; {_MAPPING} (author, legalAuthenticator)",
    "{attribute} « {value} » n'est pas de ceux du document CDA ({expected}).",
    "{attribute} “{value}” is none of those of the CDA document ({expected}).",
)
STRUCTURE = rule(
    "report.structure",
    ERROR,
    f"{TF3} 4.2.3.1.4.1; {_MAPPING} (author/assignedAuthor/representedOrganization)",
    "authorInstitution « {value} » n'est pas une structure d'auteur du document CDA ({expected}).",
    "authorInstitution “{value}” is no structure of an author of the CDA document ({expected}).",
)
SPECIALTY = rule(
    "report.specialty",
    ERROR,
    f"{TF3} 4.2.3.1.4.4; {_MAPPING} (author/assignedAuthor/code)",
    "authorSpecialty « {value} » n'est la spécialité d'aucun auteur du document CDA ({expected}).",
    "authorSpecialty “{value}” is the specialty of no author of the CDA document ({expected}).",
)
DEGREE = rule(
    "report.confidentiality",
    ERROR,
    f"{TF3} 4.2.3.2.5; {_MAPPING} (confidentialityCode)",
    "confidentialityCode « {value} » est moins strict que celui du document CDA, {expected}.",
    "confidentialityCode “{value}” is less strict than that of the CDA document, {expected}.",
)
PLACE = rule(
    "report.place",
    ERROR,
    f"{TF3} 4.2.3.2.11 and 4.2.3.2.17; {_MAPPING} (healthCareFacility/code, standardIndustryClassCode)",
    "{attribute} « {value} » n'est pas ce que dit le document CDA ({expected}).",
    "{attribute} “{value}” is not what the CDA document says ({expected}).",
)
_CDA = "{urn:hl7-org:v3}"
_DEGREES = ("U", "L", "M", "N", "R", "V")
"""HL7 Confidentiality, the least strict first."""
_MOST_PEOPLE = 100
"""Of a header, or of an entry, that are compared: more are an attack."""
_DEVICE = "U"
"""XCN.10 of a device, which may have made the metadata of a document that people wrote."""


@dataclass(frozen=True, slots=True)
class _Known:
    """Whom or what the header names: ids by their issuer, and a name where it has one."""

    ids: tuple[tuple[str, str], ...]
    """Issuer and number of each."""
    name: str

    def numbers(self, issuer: str) -> list[str]:
        return [number for one, number in self.ids if one == issuer]

    def __str__(self) -> str:
        return " ".join(filter(None, (*(number for _, number in self.ids), self.name)))


def check(entry: Thing, root: etree._Element, findings: Findings, severity: Severity | None) -> None:
    """The header *root* of the document of *entry*; *severity* stands for that of each rule."""
    _people(entry, root, findings, severity)
    degree = root.find(f"{_CDA}confidentialityCode")
    stated = degree.get("code", "") if degree is not None else ""
    levels = [code for code in entry.codes(c.ENTRY_CONFIDENTIALITY) if code.code in _DEGREES]
    if levels and stated in _DEGREES:
        strictest = max(levels, key=lambda code: _DEGREES.index(code.code))
        if _DEGREES.index(strictest.code) < _DEGREES.index(stated):
            findings.add(DEGREE, strictest.element, value=strictest.code, expected=stated, severity=severity)
    facility = root.find(
        f"{_CDA}componentOf/{_CDA}encompassingEncounter/{_CDA}location/{_CDA}healthCareFacility/{_CDA}code"
    )
    _place(entry.code(c.ENTRY_FACILITY), [facility], "healthcareFacilityTypeCode", findings, severity)
    sectors = [
        one
        for part in root.iterchildren(etree.Element)
        if part.tag != f"{_CDA}component"
        for one in part.iter(f"{_CDA}standardIndustryClassCode")
    ]
    _place(entry.code(c.ENTRY_PRACTICE), sectors, "practiceSettingCode", findings, severity)


def _people(entry: Thing, root: etree._Element, findings: Findings, severity: Severity | None) -> None:
    assigned = root.findall(f"{_CDA}author/{_CDA}assignedAuthor")[:_MOST_PEOPLE]
    writers = [_known(one, f"{_CDA}assignedPerson/{_CDA}name/{_CDA}family") for one in assigned]
    structures = [_known(one, f"{_CDA}name") for one in _all(assigned, "representedOrganization")]
    specialties = [code for one in _all(assigned, "code") if (code := one.get("code"))]
    for author in entry.classifications.get(c.ENTRY_AUTHOR, [])[:_MOST_PEOPLE]:
        said = slot_values(author)
        for one in said.get("authorPerson", ()):
            _person(one, writers, "authorPerson", findings, severity)
        for one in said.get("authorInstitution", ()):
            number, issuer = _identity(one.text, 9, 5)
            told = [known for known in structures if known.numbers(issuer)]
            if number and told and not any(number in known.numbers(issuer) for known in told):
                expected = ", ".join(map(str, told))
                findings.add(STRUCTURE, one.element, value=one.text, expected=expected, severity=severity)
        for one in said.get("authorSpecialty", ()):
            code, *more = one.text.split("^")
            if more and specialties and len(specialties) == len(writers) and code not in specialties:
                expected = ", ".join(dict.fromkeys(specialties))
                findings.add(SPECIALTY, one.element, value=one.text, expected=expected, severity=severity)
    entities = root.findall(f"{_CDA}legalAuthenticator/{_CDA}assignedEntity")[:_MOST_PEOPLE]
    signatories = [_known(one, f"{_CDA}assignedPerson/{_CDA}name/{_CDA}family") for one in entities]
    for one in entry.values.get("legalAuthenticator", ()):
        _person(one, signatories, "legalAuthenticator", findings, severity)


def _person(one: Value, known: list[_Known], attribute: str, findings: Findings, severity: Severity | None) -> None:
    """An XCN: its id is one of those of the same issuer, and its name that of the same person."""
    parts = one.text.split("^") + [""] * 10
    if hl7_values.xcn(one.text) or parts[9] == _DEVICE:
        return
    number, issuer = _identity(one.text, 0, 8)
    same = known
    if number and any(person.numbers(issuer) for person in known):
        same = [person for person in known if number in person.numbers(issuer)]
    families = [person.name for person in same]
    another = all(families) and parts[1] and "\\" not in parts[1] and not names.is_among(parts[1], families)
    if known and (not same or another):
        expected = ", ".join(map(str, known))
        name = f"DocumentEntry.{attribute}"
        findings.add(PERSON, one.element, value=one.text, expected=expected, attribute=name, severity=severity)


def _place(
    code: CodeAt | None,
    stated: Sequence[etree._Element | None],
    attribute: str,
    findings: Findings,
    severity: Severity | None,
) -> None:
    """A code is one of those that the document states in the same system."""
    if code is None or not code.code:
        return
    told = [one.get("code", "") for one in stated if one is not None and one.get("codeSystem") == code.system]
    if any(told) and code.code not in told:
        expected = ", ".join(dict.fromkeys(told))
        findings.add(PLACE, code.element, value=code.code, expected=expected, attribute=attribute, severity=severity)


def _identity(value: str, number: int, issuer: int) -> tuple[str, str]:
    """The id of an XCN or XON and the OID of who gave it, by the places of both components."""
    parts = value.split("^") + [""] * 10
    return parts[number], [*parts[issuer].split("&"), "", ""][1]


def _all(parents: list[etree._Element], tag: str) -> Iterator[etree._Element]:
    return (child for parent in parents for child in parent.iterchildren(f"{_CDA}{tag}"))


def _known(element: etree._Element, name: str) -> _Known:
    ids = ((one.get("root", ""), one.get("extension", "")) for one in element.iterchildren(f"{_CDA}id"))
    found = element.find(name)
    text = "" if found is None else "".join(str(part) for part in found.itertext())
    return _Known(tuple((root, number) for root, number in ids if root and number), " ".join(text.split()))
