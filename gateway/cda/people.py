"""Patients, professionals and structures of a CDA header (CI-SIS "Structuration minimale des documents de santé")."""

from __future__ import annotations

from itertools import islice

from lxml import etree

from gateway.cda.elements import attribute, code, find, find_all, identifiers, name_of, tags, text_of, time
from gateway.cda.elements import children as children_of
from gateway.errors import InputRejected
from gateway.model.datatypes import Telecom
from gateway.model.people import Organization, Patient, Professional

SEX = {"M": "M", "F": "F", "UN": "U", "U": "U"}
"""administrativeGenderCode (value set J143) to HL7 v2 table 0001."""


_TELECOMS = 20
"""Of one person at most; the others are passed over."""


def patient(record_targets: list[etree._Element]) -> Patient:
    """The one patient; raises InputRejected when there is none, more than one, or one without an identifier."""
    place = "/ClinicalDocument/recordTarget/patientRole"
    roles = [role for target in record_targets for role in find_all(target, "patientRole", place)]
    if not roles:
        raise InputRejected("report_patient_missing", place=place)
    if len(record_targets) > 1 or len(roles) > 1:
        raise InputRejected("report_patient_several", place=place)
    person = find(roles[0], "patient")
    known = identifiers(roles[0], "id", f"{place}/id")
    if person is None:
        raise InputRejected("report_patient_missing", place=f"{place}/patient")
    if not known:
        raise InputRejected("report_patient_id_missing", place=f"{place}/id")
    birth_time = find(person, "birthTime")
    born = time(birth_time, f"{place}/patient/birthTime")
    birth_family, birth_given, given_names, used_family, used_given = _names(find(person, "name"))
    return Patient(
        identifiers=known,
        birth_family=birth_family,
        birth_given=birth_given,
        given_names=given_names,
        used_family=used_family,
        used_given=used_given,
        birth_date=attribute(birth_time, "value")[: min(born.digits, 8)] if born else "",
        sex=SEX.get(attribute(find(person, "administrativeGenderCode"), "code"), ""),
        birth_place=text_of(find(person, "birthplace/place/addr/county")),
    )


def _names(name: etree._Element | None) -> tuple[str, str, str, str, str]:
    """Birth family and given name, all given names, used family and given name.

    BR marks the names of birth, CL the used ones, an unmarked given name is the whole list.

    A family name without a mark, which foreign reports have, is the used one.
    """
    parts: dict[str, list[str]] = {}
    for part in [] if name is None else children_of(name):
        marks = attribute(part, "qualifier").split()
        key = name_of(part) + ("-BR" if "BR" in marks else "-CL" if "CL" in marks else "")
        parts.setdefault(key, []).append(text_of(part))

    def joined(key: str) -> str:
        return " ".join(word for word in parts.get(key, ()) if word)

    used = joined("family-CL") or joined("family")
    return joined("family-BR"), joined("given-BR"), joined("given"), used, joined("given-CL")


def organization(element: etree._Element | None, place: str) -> Organization | None:
    """A structure: identifiers, name, sector."""
    if element is None:
        return None
    return Organization(
        identifiers=identifiers(element, "id", f"{place}/id"),
        name=text_of(find(element, "name")),
        sector=code(find(element, "standardIndustryClassCode")),
    )


def professional(participation: etree._Element, entity: str, place: str) -> Professional:
    """The person or device of a participation (author, legalAuthenticator, performer); *entity* is its child."""
    assigned = find(participation, entity)
    where = f"{place}/{entity}"
    name = _parts(find(assigned, "assignedPerson/name"))
    device = find(assigned, "assignedAuthoringDevice")
    words = (text_of(find(device, "manufacturerModelName")), text_of(find(device, "softwareName")))
    return Professional(
        identifiers=identifiers(assigned, "id", f"{where}/id"),
        family=name.get("family", ""),
        given=name.get("given", ""),
        prefix=name.get("prefix", ""),
        suffix=name.get("suffix", ""),
        specialty=code(find(assigned, "code")),
        role=code(find(participation, "functionCode")),
        organization=organization(find(assigned, "representedOrganization"), f"{where}/representedOrganization"),
        time=time(find(participation, "time"), f"{place}/time"),
        device=" ".join(word for word in words if word),
        telecoms=_telecoms(assigned),
    )


def _telecoms(assigned: etree._Element | None) -> tuple[Telecom, ...]:
    """The telecoms that say something; a person's, not those of the structure."""
    return tuple(
        Telecom(value=value, use=attribute(one, "use"))
        for one in islice(() if assigned is None else assigned.iterchildren(*tags("telecom")), _TELECOMS)
        if (value := attribute(one, "value"))
    )


def _parts(name: etree._Element | None) -> dict[str, str]:
    """What a name says, by the names of its parts: several of one are one text."""
    words: dict[str, list[str]] = {}
    for part in find_all(name, "*"):
        words.setdefault(name_of(part), []).append(text_of(part))
    return {part: " ".join(filter(None, some)) for part, some in words.items()}
