"""Patients, professionals and structures of a form as values of the model."""

from __future__ import annotations

from typing import Any

from gateway.model.datatypes import Address, PersonName, Telecom
from gateway.model.people import Guardian, Informant, Organization, Patient, Professional, RelatedPerson
from gateway.model.report import Encounter
from gateway.report_form import schema
from gateway.report_form.parts import stamp

_SEXES = {"F": "Féminin", "M": "Masculin", "U": "Inconnu"}


def address(value: schema.Address) -> Address:
    """An address: lines, or parts in the order of the official example."""
    parts = (
        *(("streetAddressLine", line) for line in value.lines),
        ("houseNumber", value.house_number),
        ("streetName", value.street),
        ("unitID", value.unit),
        ("postalCode", value.postal_code),
        ("city", value.city),
        ("country", value.country),
    )
    return Address(use=value.use or "", parts=tuple((name, text) for name, text in parts if text))


def addresses(value: schema.Contact) -> tuple[Address, ...]:
    """Every address."""
    return tuple(address(one) for one in value.addresses)


def telecoms(value: schema.Contact) -> tuple[Telecom, ...]:
    """Every telephone number and electronic address."""
    return tuple(Telecom(value=one.value, use=one.use or "") for one in value.telecoms)


def organization(value: schema.Organization) -> Organization:
    """A structure."""
    return Organization(
        identifiers=tuple(one.identifier for one in value.identifiers),
        name=value.name,
        sector=value.sector.concept if value.sector else None,
        addresses=addresses(value),
        telecoms=telecoms(value),
    )


def professional(value: schema.Professional, **more: Any) -> Professional:
    """A professional, with what their part in the document adds."""
    about = {
        "identifiers": tuple(one.identifier for one in value.identifiers),
        "family": value.family,
        "given": value.given or "",
        "prefix": value.prefix or "",
        "suffix": value.suffix or "",
        "specialty": value.specialty.concept if value.specialty else None,
        "role": value.function.concept if value.function else None,
        "addresses": addresses(value),
        "telecoms": telecoms(value),
    }
    return Professional(**{**about, **more})


def patient(value: schema.Patient) -> Patient:
    """The patient with the INS traits."""
    return Patient(
        identifiers=tuple(one.identifier for one in value.identifiers),
        birth_family=value.birth_family,
        birth_given=value.birth_given or "",
        given_names=value.given_names or value.birth_given or value.used_given or "",
        used_family=value.used_family or "",
        used_given=value.used_given or "",
        birth_date=value.birth_date.replace("-", ""),
        sex=value.sex,
        sex_display=_SEXES[value.sex],
        birth_place=value.birth_place or "",
        birth_address=Address(parts=(("city", value.birth_city),)) if value.birth_city else None,
        addresses=addresses(value),
        telecoms=telecoms(value),
        guardians=tuple(_guardian(one) for one in value.guardians),
    )


def _guardian(value: schema.Guardian) -> Guardian:
    return Guardian(
        addresses=addresses(value),
        telecoms=telecoms(value),
        name=PersonName(prefix=value.prefix or "", given=value.given or "", family=value.family),
    )


def informant(value: schema.NearPerson) -> Informant:
    """Somebody near the patient."""
    related = RelatedPerson(
        class_code=value.role,
        code=value.relation.concept if value.relation else None,
        addresses=addresses(value),
        telecoms=telecoms(value),
        name=PersonName(given=value.given or "", family=value.family),
    )
    return Informant(related=related)


def encounter(form: schema.ReportForm) -> Encounter:
    """The care in which the acts took place."""
    told = form.encounter
    facility = told.facility or form.organization
    started = told.started_at or min(act.started_at for act in form.acts)
    ended = told.ended_at or max((act.ended_at for act in form.acts if act.ended_at), default=None)
    where = addresses(facility)
    return Encounter(
        code=told.type.concept,
        start=stamp(started),
        stop=stamp(ended) if ended and ended > started else None,
        facility=facility.identifiers[0].identifier,
        facility_type=told.facility_type.concept,
        facility_name=facility.name,
        facility_address=where[0] if where else None,
    )
