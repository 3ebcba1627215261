"""Patients, professionals and structures as elements (CI-SIS "Structuration minimale des documents de santé")."""

from __future__ import annotations

from gateway.cda.build.datatypes import (
    address,
    addresses,
    concept,
    identifiers,
    interval,
    person_name,
    telecoms,
    timestamp,
)
from gateway.cda.build.markup import Element, made, words
from gateway.model.datatypes import Address, PersonName
from gateway.model.people import Guardian, Informant, Organization, Participant, Patient, Professional, RelatedPerson

_SEXES = {"F": ("F", "Féminin"), "M": ("M", "Masculin"), "U": ("UN", "Inconnu")}
_SEX_SYSTEM = "2.16.840.1.113883.5.1"


def patient(value: Patient) -> Element:
    """recordTarget, with the INS traits in the order of the official example."""
    person = made(
        "patient",
        {},
        Element("name", children=_traits(value)),
        _sex(value),
        made("birthTime", {"value": value.birth_time.hl7 if value.birth_time else value.birth_date})
        if value.birth_time or value.birth_date
        else None,
        [_guardian(one) for one in value.guardians],
        _birth_place(value),
    )
    return made(
        "recordTarget",
        {},
        made(
            "patientRole",
            {},
            identifiers(value.identifiers, value.identifier_null),
            addresses(value.addresses),
            telecoms(value.telecoms),
            person,
            organization("providerOrganization", value.provider),
        ),
    )


def _traits(value: Patient) -> list[Element]:
    parts = (
        words("prefix", value.prefix),
        words("family", value.birth_family, {"qualifier": "BR"}),
        words("given", value.given_names),
        words("given", value.birth_given, {"qualifier": "BR"}),
        words("family", value.used_family, {"qualifier": "CL"}),
        words("given", value.used_given, {"qualifier": "CL"}),
        words("family", value.spouse_family, {"qualifier": "SP"}),
        words("suffix", value.suffix),
    )
    return [part for part in parts if part is not None]


def _sex(value: Patient) -> Element | None:
    if not value.sex:
        return None
    code, display = _SEXES.get(value.sex, _SEXES["U"])
    attributes = {"code": code, "displayName": value.sex_display or display, "codeSystem": _SEX_SYSTEM}
    return made("administrativeGenderCode", attributes)


def _birth_place(value: Patient) -> Element | None:
    """birthplace/place: the INSEE code is the county of its address."""
    about = value.birth_address
    if value.birth_place:
        about = about or Address()
        county = words("county", value.birth_place)
        place = address(about, "addr")
        place.children = [part for part in (county, *place.children) if part is not None]
        if place.mixed and county is not None:
            place.mixed = [county, *place.mixed]
    elif about is not None:
        place = address(about)
    elif value.birth_place_name:
        return made("birthplace", {}, made("place", {}, words("name", value.birth_place_name)))
    else:
        return None
    return made("birthplace", {}, made("place", {}, words("name", value.birth_place_name), place))


def _guardian(value: Guardian) -> Element:
    return made(
        "guardian",
        {},
        identifiers(value.identifiers),
        concept("code", value.code),
        addresses(value.addresses),
        telecoms(value.telecoms),
        None if value.name is None else made("guardianPerson", {}, person_name(value.name)),
        organization("guardianOrganization", value.organization),
    )


def organization(name: str, value: Organization | None) -> Element | None:
    """A structure: ids, name, telecoms, addresses, sector."""
    if value is None:
        return None
    return made(
        name,
        {},
        identifiers(value.identifiers, value.identifier_null),
        words("name", value.name),
        telecoms(value.telecoms),
        addresses(value.addresses),
        concept("standardIndustryClassCode", value.sector),
    )


def _name(value: Professional) -> PersonName | None:
    name = PersonName(
        family=value.family,
        given=value.given,
        prefix=value.prefix,
        suffix=value.suffix,
        text=value.name_text,
        null_flavor=value.name_null,
    )
    return name if name != PersonName() else None


def _person(element: str, value: Professional) -> Element | None:
    name = _name(value)
    return None if name is None else made(element, {}, person_name(name))


def assigned(
    element: str, value: Professional, *, person: str = "assignedPerson", structure: str = "representedOrganization"
) -> Element:
    """assignedEntity, assignedAuthor, associatedEntity: who it is, and for which structure."""
    return made(
        element,
        {},
        identifiers(value.identifiers, value.identifier_null),
        concept("code", value.specialty),
        addresses(value.addresses),
        telecoms(value.telecoms),
        _device(value) if value.device else _person(person, value),
        organization(structure, value.organization),
    )


def _device(value: Professional) -> Element:
    """assignedAuthoringDevice; a device that was told as one string is its model."""
    return made(
        "assignedAuthoringDevice",
        {},
        concept("code", value.device_code),
        words("manufacturerModelName", value.device_model or ("" if value.device_software else value.device)),
        words("softwareName", value.device_software),
    )


def author(value: Professional) -> Element:
    """author, of the document, a section or an entry."""
    return made(
        "author",
        {},
        concept("functionCode", value.role),
        timestamp("time", value.time, value.time_null),
        assigned("assignedAuthor", value),
    )


def signatory(name: str, value: Professional) -> Element:
    """legalAuthenticator, authenticator."""
    return made(
        name,
        {},
        timestamp("time", value.time, value.time_null),
        made("signatureCode", {"code": value.signature}) if value.signature else None,
        assigned("assignedEntity", value),
    )


def performer(value: Professional, type_code: str = "") -> Element:
    """performer of an act of the header or of an entry."""
    return made(
        "performer",
        {"typeCode": type_code},
        concept("functionCode", value.role),
        timestamp("time", value.time, value.time_null),
        assigned("assignedEntity", value),
    )


def data_enterer(value: Professional) -> Element:
    """dataEnterer."""
    return made("dataEnterer", {}, timestamp("time", value.time, value.time_null), assigned("assignedEntity", value))


def informant(value: Informant) -> Element:
    """informant: a professional, or somebody near the patient."""
    if value.professional is not None:
        return made("informant", {}, assigned("assignedEntity", value.professional))
    return made("informant", {}, None if value.related is None else _related(value.related))


def _related(value: RelatedPerson) -> Element:
    return made(
        "relatedEntity",
        {"classCode": value.class_code},
        concept("code", value.code),
        addresses(value.addresses),
        telecoms(value.telecoms),
        interval("effectiveTime", value.start, value.stop),
        None if value.name is None else made("relatedPerson", {}, person_name(value.name)),
    )


def recipient(value: Participant) -> Element:
    """informationRecipient."""
    person = value.professional
    return made(
        "informationRecipient",
        {"typeCode": value.type_code},
        made(
            "intendedRecipient",
            {"classCode": value.class_code},
            identifiers(person.identifiers, person.identifier_null),
            addresses(person.addresses),
            telecoms(person.telecoms),
            _person("informationRecipient", person),
            organization("receivedOrganization", person.organization),
        ),
    )


def participant(value: Participant) -> Element:
    """participant of the document."""
    entity = assigned(
        "associatedEntity", value.professional, person="associatedPerson", structure="scopingOrganization"
    )
    entity.attributes = {"classCode": value.class_code}
    return made(
        "participant",
        {"typeCode": value.type_code},
        concept("functionCode", value.professional.role),
        _participation_time(value),
        entity,
    )


def encounter_participant(value: Participant) -> Element:
    """encounterParticipant."""
    return made(
        "encounterParticipant",
        {"typeCode": value.type_code},
        _participation_time(value),
        assigned("assignedEntity", value.professional),
    )


def _participation_time(value: Participant) -> Element | None:
    """An IVL_TS: a moment alone, or with its end."""
    start = value.professional.time
    if value.stop is not None:
        return interval("time", start, value.stop, value.professional.time_null)
    return timestamp("time", start, value.professional.time_null)
