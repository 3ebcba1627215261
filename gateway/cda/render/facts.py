"""What a reader needs to see of coded elements: names, times, codes, quantities, as words.

Everything here takes what it finds: a report is shown as it is, its faults are for the rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from gateway.cda.elements import CDA, attribute, find, has_template, path, text_of
from gateway.cda.render.words import word
from gateway.model.codes import DCM
from gateway.model.identifiers import INS_OIDS, INS_TEST_OIDS

REPEATS = 200
"""Repetitions of one element that are shown."""
_TIME = re.compile(r"(\d{4})(\d{2})?(\d{2})?(?:(\d{2})(\d{2}))?(?:\d{2}(?:\.\d+)?)?(?:[+-]\d{4})?", re.ASCII)
_SYSTEMS = {
    "2.16.840.1.113883.6.1": "LOINC",
    "2.16.840.1.113883.6.96": "SNOMED CT",
    "2.16.840.1.113883.6.73": "ATC",
    "1.2.250.1.213.2.3.2": "CIP",
    "1.2.250.1.213.2.3.1": "UCD",
    "1.2.250.1.213.2.5": "CCAM",
    "1.2.250.1.215.300.1": "CCAM",
    "1.2.250.1.213.2.68": "EMDN",
}


def each(parent: etree._Element | None, steps: str) -> Iterator[etree._Element]:
    """The elements along *steps*, no more than ``REPEATS``."""
    for number, element in enumerate(() if parent is None else parent.iterfind(path(steps))):
        if number == REPEATS:
            return
        yield element


def moment(element: etree._Element | None, language: str) -> str:
    """A TS, or the start of an IVL_TS, as written, in its own zone: ``12/03/2026 à 10:25``."""
    value = attribute(element, "value") or attribute(find(element, "low"), "value")
    match = _TIME.fullmatch(value)
    if match is None:
        return value
    year, month, day, hour, minute = match.groups()
    if language == "en":
        told = "-".join(filter(None, (year, month, day)))
    else:
        told = "/".join(filter(None, (day, month, year)))
    if not hour:
        return told
    return f"{told} {hour}:{minute}" if language == "en" else f"{told} à {hour}:{minute}"


def name(element: etree._Element | None) -> str:
    """A person's or an organisation's name as one string.

    In France ``suffix`` is the title that people say first (Dr, Pr; value set J246) and ``prefix`` the civility.
    """
    if element is None:
        return ""
    title = text_of(find(element, "suffix")) or text_of(find(element, "prefix"))
    words = [text_of(part) for wanted in ("given", "family") for part in each(element, wanted)]
    return " ".join(filter(None, (title, *words))) if any(words) else text_of(element)


def person(role: etree._Element | None) -> str:
    """Who stands in an assigned role: the person with speciality and structure, or the device."""
    if role is None:
        return ""
    device = find(role, "assignedAuthoringDevice")
    who = name(find(role, "assignedPerson/name")) or name(find(role, "associatedPerson/name"))
    who = who or name(find(role, "informationRecipient/name"))
    if not who and device is not None:
        parts = (find(device, one) for one in ("manufacturerModelName", "softwareName"))
        who = " ".join(filter(None, map(text_of, parts)))
    organization = "representedOrganization", "scopingOrganization", "receivedOrganization"
    where = next((text for one in organization if (text := text_of(find(role, f"{one}/name")))), "")
    return ", ".join(filter(None, (who, label(find(role, "code")), where)))


def contact(role: etree._Element | None) -> str:
    """The first telephone or address of mail of a role, without its scheme."""
    for element in each(role, "telecom"):
        scheme, _, value = attribute(element, "value").partition(":")
        if scheme in ("tel", "mailto") and value:
            return value
    return ""


def label(element: etree._Element | None) -> str:
    """A coded value as words: its display, its original text, or its code."""
    return attribute(element, "displayName") or text_of(find(element, "originalText")) or attribute(element, "code")


def coded(element: etree._Element | None) -> str:
    """A coded value as words with its code and the name of its system, where a reader knows that name."""
    code, system = attribute(element, "code"), attribute(element, "codeSystem")
    told = label(element)
    shown_system = _SYSTEMS.get(system)
    return f"{told} [{shown_system}\u00a0: {code}]" if code and shown_system and told != code else told


def quantity(element: etree._Element | None, language: str) -> str:
    """A PQ or the ends of an IVL_PQ, with the unit."""
    ends = [one for one in (find(element, "low"), find(element, "high")) if attribute(one, "value")]
    told = []
    for one in ends or ([element] if attribute(element, "value") else []):
        value, unit = attribute(one, "value"), attribute(one, "unit")
        value = value if language == "en" else value.replace(".", ",")
        told.append(value if unit in ("", "1") else f"{value} {unit}")
    return " à ".join(told) if language != "en" else " to ".join(told)


def identifier(element: etree._Element | None) -> str:
    """What people read of an II: its extension, else its root."""
    return attribute(element, "extension") or attribute(element, "root")


def ins_words(root: str, language: str) -> str:
    """What an identifier of a patient under *root* is called."""
    if root in INS_OIDS:
        return word("ins_test" if root in INS_TEST_OIDS else "ins", language)
    return word("identifier", language)


def translation(element: etree._Element | None, qualifier: str, system: str = "") -> str:
    """The words of the translation whose qualifier is *qualifier* (121139 modality, 39111-0 region)."""
    for one in each(element, "translation"):
        if attribute(find(one, "qualifier/name"), "code") == qualifier or (
            system and attribute(one, "codeSystem") == system
        ):
            return label(one)
    return ""


def modality(element: etree._Element | None) -> str:
    """The modality of a documented act."""
    return translation(element, "121139", DCM)


def templated(parent: etree._Element | None, steps: str, *roots: str) -> Iterator[etree._Element]:
    """The elements along *steps* that declare one of the templates *roots*."""
    wanted = frozenset(roots)
    return (one for one in each(parent, steps) if has_template(one, wanted))


def resolved(element: etree._Element | None, narrative: dict[str, str]) -> str:
    """What an ED or a code's original text says: its own text, or that of the narrative that it refers to."""
    target = attribute(find(element, "reference"), "value")
    return narrative.get(target[1:], "") if target.startswith("#") else text_of(element)


def narrative_texts(text: etree._Element | None) -> dict[str, str]:
    """The texts of a narrative by the ID that entries refer to."""
    if text is None:
        return {}
    return {one.get("ID", ""): text_of(one) for one in text.iter(f"{{{CDA}}}*") if one.get("ID")}
