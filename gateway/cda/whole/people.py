"""Patients, professionals and structures of a report that is read whole (CI-SIS "Structuration minimale")."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.cda.datatypes import (
    address,
    addresses,
    bounds,
    code_of,
    maybe_concept,
    person_name,
    stated,
    telecoms,
    timestamp,
)
from gateway.cda.node import Node
from gateway.cda.people import SEX
from gateway.model.datatypes import Address, Concept, PersonName
from gateway.model.people import (
    Guardian,
    Informant,
    Organization,
    Participant,
    Patient,
    Professional,
    RelatedPerson,
)
from gateway.model.times import Timestamp

_MARKS = {"family": ("BR", "CL", "SP"), "given": ("BR", "CL")}
_GENDER = "2.16.840.1.113883.5.1"
_DAY_DIGITS = 8


def patient(role: Node, short: Patient) -> Patient:
    """recordTarget/patientRole; *short* is what the reading for a share has found there."""
    role.fixed(classCode="PAT")
    person = role.take("patient")
    if person is None:
        return short
    person.fixed(classCode="PSN", determinerCode="INSTANCE")
    known, withheld = stated(role)
    names = _Names(person.take("name"))
    born = timestamp(person.take("birthTime"))
    sex, display = _sex(person.take("administrativeGenderCode"))
    county, where, place_name = _birth_place(person.take("birthplace"))
    provider = role.take("providerOrganization")
    return Patient(
        identifiers=known,
        identifier_null=withheld,
        birth_family=names.get("family", "BR"),
        birth_given=names.get("given", "BR"),
        given_names=names.get("given"),
        used_family=names.get("family", "CL") or names.get("family"),
        used_given=names.get("given", "CL"),
        spouse_family=names.get("family", "SP"),
        prefix=names.get("prefix"),
        suffix=names.get("suffix"),
        birth_date=born.hl7[: min(born.digits, _DAY_DIGITS)] if born else "",
        birth_time=born if born and born.digits > _DAY_DIGITS else None,
        sex=sex,
        sex_display=display,
        birth_place=county,
        birth_address=where,
        birth_place_name=place_name,
        addresses=addresses(role),
        telecoms=telecoms(role),
        guardians=tuple(_guardian(each) for each in person.all("guardian")),
        provider=organization(provider) if provider else None,
    )


class _Names:
    """The parts of a patient's name by kind and mark; an unmarked part has an empty mark."""

    def __init__(self, name: Node | None) -> None:
        self._parts: dict[tuple[str, str], list[str]] = {}
        for kind in ("family", "given", "prefix", "suffix") if name else ():
            parts = [(_mark(each, kind), each) for each in name.all(kind)] if name else []
            for mark, each in parts:
                if (kind, mark) == ("family", "") and any(other == "CL" for other, _ in parts):
                    continue  # a second used name: there is no place for it, so it is listed
                self._parts.setdefault((kind, mark), []).append(each.text())

    def get(self, kind: str, mark: str = "") -> str:
        """The parts of one kind and mark, joined by a space."""
        return " ".join(filter(None, self._parts.get((kind, mark), ())))


def _mark(part: Node, kind: str) -> str:
    """The qualifier of a name part, taken when it is one that is known alone."""
    stated = part.peek("qualifier")
    if stated in _MARKS.get(kind, ()):
        return part.get("qualifier")
    return next((mark for mark in _MARKS.get(kind, ()) if mark in stated.split()), "")


def _sex(node: Node | None) -> tuple[str, str]:
    """The sex and its label; a code that is not known is listed."""
    if node is None:
        return "", ""
    node.fixed(codeSystem=_GENDER)  # the one that there is; a writer puts it back
    sex = SEX.get(node.peek("code"), "")
    if sex:
        node.get("code")
    return sex, node.get("displayName")


def _birth_place(node: Node | None) -> tuple[str, Address | None, str]:
    """The INSEE code, the rest of the address, the name of the place."""
    place = node.take("place") if node else None
    if node is None or place is None:
        return "", None, ""
    node.fixed(classCode="BIRTHPL")
    place.fixed(classCode="PLC", determinerCode="INSTANCE")
    name = place.take("name")
    where = place.take("addr")
    county, rest = "", None
    if where:
        whole = address(where)
        county = whole.part("county")
        rest = Address(
            parts=tuple((kind, text) for kind, text in whole.parts if kind != "county"),
            text=whole.text,
            use=whole.use,
            null_flavor=whole.null_flavor,
        )
    return county, rest if rest != Address() else None, name.text() if name else ""


def _guardian(node: Node) -> Guardian:
    node.fixed(classCode="GUARD")
    known, _ = stated(node)
    person, structure = node.take("guardianPerson"), node.take("guardianOrganization")
    if person:
        person.fixed(classCode="PSN", determinerCode="INSTANCE")
    return Guardian(
        identifiers=known,
        code=maybe_concept(node, "code"),
        addresses=addresses(node),
        telecoms=telecoms(node),
        name=person_name(person.take("name")) if person else None,
        organization=organization(structure) if structure else None,
    )


def organization(node: Node) -> Organization:
    """A structure."""
    node.fixed(classCode="ORG", determinerCode="INSTANCE")
    known, withheld = stated(node)
    name = node.take("name")
    return Organization(
        identifiers=known,
        identifier_null=withheld,
        name=name.text() if name else "",
        sector=maybe_concept(node, "standardIndustryClassCode"),
        addresses=addresses(node),
        telecoms=telecoms(node),
    )


def professional(participation: Node, entity: str) -> Professional:
    """The person or device of a participation (author, signatory, performer); *entity* names its child."""
    when = participation.take("time")
    time, withheld = timestamp(when), when.get("nullFlavor") if when else ""
    return _professional(participation, _Terms(entity), time, withheld)


@dataclass(frozen=True, slots=True)
class _Terms:
    """How the elements of a participation are called; they differ from one to the next."""

    entity: str
    person: str = "assignedPerson"
    structure: str = "representedOrganization"
    kind: str = "ASSIGNED"
    code: str = "code"
    """Empty where the schema has no code."""


def _professional(participation: Node, terms: _Terms, time: Timestamp | None, time_null: str) -> Professional:
    role = maybe_concept(participation, "functionCode")
    signature = code_of(participation, "signatureCode")
    assigned = participation.take(terms.entity)
    if assigned is None:
        return Professional(role=role, time=time, time_null=time_null, signature=signature)
    assigned.fixed(classCode=terms.kind)
    known, withheld = stated(assigned)
    who = assigned.take(terms.person)
    if who:
        who.fixed(classCode="PSN", determinerCode="INSTANCE")
    name = (person_name(who.take("name")) if who else None) or PersonName()
    model, software, device_code = _device(assigned.take("assignedAuthoringDevice"))
    structure = assigned.take(terms.structure)
    return Professional(
        identifiers=known,
        identifier_null=withheld,
        family=name.family,
        given=name.given,
        prefix=name.prefix,
        suffix=name.suffix,
        name_text=name.text,
        name_null=name.null_flavor,
        specialty=maybe_concept(assigned, terms.code) if terms.code else None,
        role=role,
        organization=organization(structure) if structure else None,
        time=time,
        time_null=time_null,
        signature=signature,
        device=" ".join(filter(None, (model, software))),
        device_model=model,
        device_software=software,
        device_code=device_code,
        addresses=addresses(assigned),
        telecoms=telecoms(assigned),
    )


def _device(node: Node | None) -> tuple[str, str, Concept | None]:
    if node is None:
        return "", "", None
    node.fixed(classCode="DEV", determinerCode="INSTANCE")
    model, software = node.take("manufacturerModelName"), node.take("softwareName")
    return model.text() if model else "", software.text() if software else "", maybe_concept(node, "code")


def informant(node: Node) -> Informant:
    """A professional, or someone near the patient."""
    node.fixed(typeCode="INF", contextControlCode="OP")
    related = node.take("relatedEntity")
    if related is None:
        return Informant(professional=professional(node, "assignedEntity") if node.has("assignedEntity") else None)
    person = related.take("relatedPerson")
    if person:
        person.fixed(classCode="PSN", determinerCode="INSTANCE")
    start, stop, _, _ = bounds(related.take("effectiveTime"))
    return Informant(
        related=RelatedPerson(
            class_code=related.get("classCode"),
            code=maybe_concept(related, "code"),
            addresses=addresses(related),
            telecoms=telecoms(related),
            name=person_name(person.take("name")) if person else None,
            start=start,
            stop=stop,
        )
    )


def participant(node: Node) -> Participant:
    """participant/associatedEntity of the document."""
    node.fixed(contextControlCode="OP")
    entity = node.peek_child("associatedEntity")
    kind = str(entity.get("classCode", "")).strip() if entity is not None else ""
    return _participant(node, _Terms("associatedEntity", "associatedPerson", "scopingOrganization", kind), kind)


def encounter_participant(node: Node) -> Participant:
    """encounterParticipant/assignedEntity."""
    return _participant(node, _Terms("assignedEntity"), "")


def recipient(node: Node) -> Participant:
    """informationRecipient/intendedRecipient, a person or a structure."""
    terms = _Terms("intendedRecipient", "informationRecipient", "receivedOrganization", code="")
    return _participant(node, terms, "")


def _participant(node: Node, terms: _Terms, class_code: str) -> Participant:
    start, stop, withheld, _ = bounds(node.take("time"))
    return Participant(
        type_code=node.get("typeCode"),
        class_code=class_code,
        professional=_professional(node, terms, start, withheld),
        stop=stop,
    )
