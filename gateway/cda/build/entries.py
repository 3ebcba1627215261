"""The entries of a report as elements; each kind has its children in the order of the CDA R2 schema."""

from __future__ import annotations

from collections.abc import Callable

from gateway.cda.build.datatypes import (
    addresses,
    concept,
    concepts,
    identifiers,
    media,
    observed,
    period,
    person_name,
    quantity,
    quantity_range,
    sites,
    telecoms,
    wording,
)
from gateway.cda.build.markup import Content, Element, made, words
from gateway.cda.build.people import author, organization, performer
from gateway.model.report_entries import (
    Administration,
    EmbeddedMedia,
    Entry,
    EntryParticipant,
    Observation,
    Organizer,
    Procedure,
    Product,
    Supply,
)


def entry(value: Entry) -> Element:
    """An entry of a section, with the relation in which it stands to it."""
    return made("entry", {"typeCode": value.link}, statement(value))


def statement(value: Entry) -> Element:
    """The clinical statement itself."""
    attributes = {
        "classCode": value.class_code,
        "moodCode": value.mood_code,
        "negationInd": value.negated,
        "ID": value.xml_id,
    }
    content = next((_CONTENT[kind] for kind in type(value).__mro__ if kind in _CONTENT), _act)
    templates = identifiers(value.templates, name="templateId")
    return made(value.TAG, attributes, templates, identifiers(value.identifiers), *content(value))


def _said(value: Entry) -> list[Element | None]:
    """code, text, statusCode, effectiveTime: what all but media begin with (the schema has no text in an organizer)."""
    status = made("statusCode", {"code": value.status}) if value.status else None
    return [concept("code", value.code), wording("text", value.text), status, period("effectiveTime", value.time)]


def _priority_and_language(value: Entry) -> list[Element | None]:
    language = made("languageCode", {"code": value.language}) if value.language else None
    return [concept("priorityCode", value.priority), language]


def _people(value: Entry) -> list[Element]:
    return [
        *(performer(one) for one in value.performers),
        *(author(one) for one in value.authors),
        *(_participant(one) for one in value.participants),
    ]


def _related(value: Entry) -> list[Element]:
    return [
        made("entryRelationship", {"typeCode": one.link, "inversionInd": one.inverted}, statement(one))
        for one in value.relations
    ]


def _act(value: Entry) -> list[Content]:
    return [_said(value), _priority_and_language(value), _people(value), _related(value)]


def _procedure(value: Procedure) -> list[Content]:
    return [
        _said(value),
        _priority_and_language(value),
        concepts("methodCode", value.methods),
        concepts("approachSiteCode", value.approach_sites),
        sites("targetSiteCode", value.sites),
        _people(value),
        _related(value),
    ]


def _observation(value: Observation) -> list[Content]:
    return [
        _said(value),
        _priority_and_language(value),
        [observed(one) for one in value.values],
        concepts("interpretationCode", value.interpretations),
        concepts("methodCode", value.methods),
        sites("targetSiteCode", value.sites),
        _people(value),
        _related(value),
    ]


def _administration(value: Administration) -> list[Content]:
    return [
        _said(value),
        [period("effectiveTime", one) for one in value.more_times],
        _priority_and_language(value),
        concept("routeCode", value.route),
        concepts("approachSiteCode", value.approach_sites),
        quantity_range("doseQuantity", value.dose),
        quantity_range("rateQuantity", value.rate),
        _product("consumable", value.product),
        _people(value),
        _related(value),
    ]


def _supply(value: Supply) -> list[Content]:
    return [
        _said(value),
        [period("effectiveTime", one) for one in value.more_times],
        _priority_and_language(value),
        quantity("quantity", value.quantity),
        _product("product", value.product),
        _people(value),
        _related(value),
    ]


def _organizer(value: Organizer) -> list[Content]:
    components = [made("component", {"typeCode": one.link}, statement(one)) for one in value.relations]
    return [_said(value), _priority_and_language(value), _people(value), components]


def _embedded(value: EmbeddedMedia) -> list[Content]:
    language = made("languageCode", {"code": value.language}) if value.language else None
    return [language, media("value", value.media), _people(value), _related(value)]


_CONTENT: dict[type[Entry], Callable[..., list[Content]]] = {
    Procedure: _procedure,
    Observation: _observation,
    Administration: _administration,
    Supply: _supply,
    Organizer: _organizer,
    EmbeddedMedia: _embedded,
}
"""By the class of the value or the nearest of its bases; every other entry is an act."""


def _product(name: str, value: Product | None) -> Element | None:
    if value is None:
        return None
    material = made(
        "manufacturedMaterial",
        {},
        concept("code", value.code),
        words("name", value.name),
        words("lotNumberText", value.lot),
    )
    product = made(
        "manufacturedProduct",
        {"classCode": value.class_code},
        identifiers(value.templates, name="templateId"),
        identifiers(value.identifiers),
        material,
        organization("manufacturerOrganization", value.manufacturer),
    )
    return made(name, {"typeCode": value.link}, product)


def _participant(value: EntryParticipant) -> Element:
    player = None
    if value.entity:
        about = {"classCode": value.entity_class, "determinerCode": "INSTANCE" if value.device else ""}
        player = made(
            "playingDevice" if value.device else "playingEntity",
            about,
            concept("code", value.entity_code),
            words("manufacturerModelName", value.device_model),
            words("softwareName", value.device_software),
            person_name(value.name),
            wording("desc", value.description),
        )
    role = made(
        "participantRole",
        {"classCode": value.role_class},
        identifiers(value.identifiers),
        concept("code", value.code),
        addresses(value.addresses),
        telecoms(value.telecoms),
        player,
    )
    return made("participant", {"typeCode": value.type_code}, period("time", value.time), role)
