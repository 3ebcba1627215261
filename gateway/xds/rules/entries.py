"""Each attribute of each object: there as often as it must, in its form; and what one object says about itself.

Sources: ITI TF-3 sections 4.2.3.1.4 (author), 4.2.3.2, 4.2.3.3, 4.2.3.4, 4.3.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from lxml import etree

from gateway.model.document import (
    DOCUMENT_OFFLINE,
    DOCUMENT_ONLINE,
    ON_DEMAND,
    STABLE,
)
from gateway.xds import constants as c
from gateway.xds.rules import hl7_values, people, references, reports, values
from gateway.xds.rules.attributes import RULES, TABLE, Attribute, Context, Where
from gateway.xds.rules.objects import CodeAt, Kind, Objects, Thing, Value, children
from gateway.xds.rules.rule import CATALOGUE, ERROR, TF2, TF3, WARNING, Findings, rule

ON_DEMAND_HAS = rule(
    "on-demand.attribute",
    ERROR,
    f"{TF3} table 4.3.1-3 (X for XDS OD) and table 4.3.2.1-3 (R3)",
    "Une fiche à la demande n'a pas {attribute} : son document n'existe pas encore.",
    "An on-demand entry has no {attribute}: its document does not exist yet.",
)
ON_DEMAND_PROVIDED = rule(
    "on-demand.provided",
    ERROR,
    f"{TF3} table 4.3.1-1; {TF2} 3.42.4.1.2 (stable documents)",
    "Une fiche à la demande s'enregistre par ITI-61, pas par {value}.",
    "An on-demand entry is registered by ITI-61, not by {value}.",
)
STABLE_ON_DEMAND = rule(
    "on-demand.stable",
    ERROR,
    f"{TF2} 3.61.4.1.2",
    "ITI-61 enregistre des fiches à la demande ; objectType est celui d'un document stable.",
    "ITI-61 registers on-demand entries; objectType is that of a stable document.",
)
HASH_BASE64 = rule(
    "DocumentEntry.hash.base64",
    WARNING,
    f"{TF3} table 4.2.3.1.7-2 (SHA1: hexBinary)",
    "hash « {value} » est en base64 ; attendu : 40 chiffres hexadécimaux ({expected}).",
    "hash “{value}” is in base64; expected: 40 hexadecimal digits ({expected}).",
)
HASH_FORM = CATALOGUE["DocumentEntry.hash.form"]
TITLE_LONG = rule(
    "title.long",
    ERROR,
    f"{TF3} 4.2.3.2.24, 4.2.3.3.11, 4.2.3.4.8",
    "{attribute} a {count} caractères ; il doit en avoir moins de {expected}.",
    "{attribute} has {count} characters; it must have less than {expected}.",
)
BARE_UUID = rule(
    "DocumentEntry.uniqueId.uuid",
    WARNING,
    f"{TF3} 4.2.3.2.26 (UUID: should be URN-encoded)",
    "uniqueId « {value} » est un UUID sans urn:uuid: devant.",
    "uniqueId “{value}” is a UUID without urn:uuid: before it.",
)
AVAILABILITY = rule(
    "DocumentEntry.documentAvailability.value",
    ERROR,
    f"{TF3} 4.2.3.2 (Metadata Update)",
    "documentAvailability vaut « {value} » ; attendu : {expected}.",
    "documentAvailability is “{value}”; expected: {expected}.",
)
TIMES = rule(
    "service-times.order",
    ERROR,
    f"{TF3} 4.2.3.2.19 and 4.2.3.2.20",
    "serviceStopTime « {value} » précède serviceStartTime « {expected} ».",
    "serviceStopTime “{value}” is before serviceStartTime “{expected}”.",
)
CREATED_LATER = rule(
    "creation-time.later",
    WARNING,
    f"{TF3} 4.2.3.2.6 and 4.2.3.3.10",
    "creationTime « {value} » est postérieur à submissionTime « {expected} ».",
    "creationTime “{value}” is later than submissionTime “{expected}”.",
)
SERVED_LATER = rule(
    "service-times.later",
    ERROR,
    f"{TF3} 4.2.3.2.19; RAD TF-2 4.68.4.1.2.3",
    "{attribute} « {value} » est postérieur de plus d'un jour à creationTime « {expected} » (imagerie).",
    "{attribute} “{value}” is more than a day later than creationTime “{expected}” (imaging).",
)
NOTHING_HASHED = rule(
    "DocumentEntry.hash.nothing",
    ERROR,
    f"{TF3} 4.2.3.2.10 and 4.2.3.2.21",
    "hash est celui de zéro octet, et size vaut {value}.",
    "hash is that of no bytes, and size is {value}.",
)
LOGICAL_FIRST = rule(
    "logical-id.first",
    ERROR,
    "IHE ITI Metadata Update, 4.2.3.2 (logicalID of a first version)",
    "lid « {value} » n'est pas l'id de l'objet ({expected}) : une première version n'a pas d'autre lid.",
    "lid “{value}” is not the id of the object ({expected}): a first version has no other lid.",
)
SAME_CODE = rule(
    "code.repeated",
    WARNING,
    f"{TF3} 4.2.3.1.2",
    "{attribute} donne deux fois le code « {value} ».",
    "{attribute} gives the code “{value}” twice.",
)
CONFIDENTIALITIES = rule(
    "DocumentEntry.confidentialityCode.several",
    WARNING,
    f"{TF3} 4.2.3.2.5 (exactly one of HL7 Confidentiality)",
    "confidentialityCode donne plusieurs niveaux de confidentialité HL7 ({value}) : un seul est permis.",
    "confidentialityCode gives several HL7 confidentiality levels ({value}): exactly one is allowed.",
)
CONFIDENTIALITY = rule(
    "DocumentEntry.confidentialityCode.level",
    ERROR,
    f"{TF3} 4.2.3.2.5 (U, L, M, N, R or V)",
    "confidentialityCode « {value} » n'est pas un niveau du système 2.16.840.1.113883.5.25 ({expected}).",
    "confidentialityCode “{value}” is no level of the system 2.16.840.1.113883.5.25 ({expected}).",
)
VERSION = rule(
    "version.form",
    ERROR,
    f"{TF3} 4.2.3.2 (Metadata Update); CI-SIS (version : Numerique)",
    "versionName vaut « {value} » ; attendu : un entier à partir de 1.",
    "versionName is “{value}”; expected: a whole number from 1.",
)

TITLE_CHARACTERS = {Kind.ENTRY: 128, Kind.SET: 256, Kind.FOLDER: 257}
"""A title is shorter than this (a folder's may have 256)."""
_IMAGING = frozenset({"18748-4", "1.2.840.10008.5.1.4.1.1.88.59"})
"""A report of imaging by its type, a manifest by its format: both tell of an examination that has begun."""
_FIRST = (Context.PROVIDE, Context.REGISTER, Context.ON_DEMAND)
_OF_NOTHING = "da39a3ee5e6b4b0d3255bfef95601890afd80709"
LEVELS = "2.16.840.1.113883.5.25"


def check(
    objects: Objects, context: Context, found: Mapping[str, bytes | None], findings: Findings, *, french: bool
) -> None:
    """Every row of the table for every object, and what an object says about itself; *found* are the documents."""
    limited = context.submits and any(c.SET_LIMITED_NODE in one.nodes for one in objects.sets)
    submitted = next((one.value("submissionTime") for one in objects.sets), "")
    for thing in objects.patients:
        for row in TABLE:
            if row.kind is thing.kind:
                _row(row, thing, context, findings, limited=limited, french=french)
        _title(thing, findings)
        people.authors(thing, findings, french=french)
        _version(thing, findings)
        lid = thing.attribute("lid")
        if lid and context.answers and thing.kind is Kind.ENTRY and (fault := values.uuid(lid)):
            name = "DocumentEntry.logicalID"
            findings.add(CATALOGUE[f"{name}.form"], thing.element, attribute=name, value=lid, fault=fault)
        if lid and lid != thing.id and context in _FIRST:
            findings.add(LOGICAL_FIRST, thing.element, value=lid, expected=thing.id)
        for row in TABLE:
            if row.kind is thing.kind and row.many:
                _distinct(row, thing, findings)
    for entry in objects.entries:
        _entry(entry, context, submitted, findings, french=french)
        _served(entry, found.get(entry.id), findings)


def is_on_demand(entry: Thing) -> bool:
    return entry.attribute("objectType") == ON_DEMAND


def stated(row: Attribute, thing: Thing) -> list[Value]:
    """The values of an attribute with their elements; a code's value is its code."""
    if row.where is Where.SLOT:
        return thing.values.get(row.key, [])
    if row.where is Where.CODE:
        return [
            Value((one.get("nodeRepresentation") or "").strip(), one) for one in thing.classifications.get(row.key, ())
        ]
    if row.where is Where.IDENTIFIER:
        found = ((one, (one.get("value") or "").strip()) for one in thing.identifiers.get(row.key, ()))
        return [Value(text, one) for one, text in found if text]
    if row.where is Where.XML:
        return [Value(thing.attribute(row.key), thing.element)] if thing.attribute(row.key) else []
    return [Value(thing.text(row.key), thing.element)] if thing.text(row.key) else []


def _row(row: Attribute, thing: Thing, context: Context, findings: Findings, *, limited: bool, french: bool) -> None:
    found, rules = stated(row, thing), RULES[row.qualified]
    on_demand = thing.kind is Kind.ENTRY and is_on_demand(thing)
    if on_demand and not row.on_demand:
        for one in found:
            findings.add(ON_DEMAND_HAS, one.element, attribute=row.qualified, value=one.text)
        return
    needed = context in row.required and (row.always or not limited)
    if not found and needed and rules.missing:
        findings.add(rules.missing, thing.element, attribute=row.qualified)
    if len(found) > 1 and rules.repeated:
        findings.add(rules.repeated, found[1].element, attribute=row.qualified, value=found[1].text)
    for one in found:
        fault = row.form(one.text) if row.form else None
        if fault and rules.form:
            # an official French sample writes +0100 in the service times, and nowhere else
            zoned = french and "service" in row.name and row.form is values.dtm and values.has_zone(one.text)
            severity = WARNING if zoned else None
            findings.add(
                rules.form, one.element, value=one.text, attribute=row.qualified, fault=fault, severity=severity
            )
        elif row.form is hl7_values.cx and hl7_values.cx_type(one.text) and not french:
            findings.add(people.CX_TYPE, one.element, value=one.text, attribute=row.qualified)
        elif row.form is hl7_values.xcn:
            people.xcn_domain(row.qualified, one, findings)


def _distinct(row: Attribute, thing: Thing, findings: Findings) -> None:
    if row.where is Where.CODE:
        codes = [CodeAt.of(one) for one in thing.classifications.get(row.key, ())]
        seen: set[tuple[str, str]] = set()
        for code in codes:
            if (code.code, code.system) in seen:
                findings.add(SAME_CODE, code.element, value=code.code, attribute=row.qualified)
            seen.add((code.code, code.system))
        return
    for text, count in Counter(one.text for one in thing.values.get(row.key, ())).items():
        if count > 1:
            findings.add(people.SAME_VALUE, thing.element, value=text, attribute=row.qualified)


def _title(thing: Thing, findings: Findings) -> None:
    title, most = thing.text("Name"), TITLE_CHARACTERS[thing.kind]
    if len(title) >= most:
        name = f"{thing.kind.value}.title"
        findings.add(TITLE_LONG, thing.element, attribute=name, count=str(len(title)), expected=str(most))


def _version(thing: Thing, findings: Findings) -> None:
    for one in children(thing.element, "VersionInfo"):
        text = one.get("versionName")
        # ebRIM's own default is 1.1, and stacks that serialise the schema's classes write it
        if text is not None and text != "1.1" and not (text.isascii() and text.isdigit() and int(text) > 0):
            findings.add(VERSION, one, value=text, attribute=f"{thing.kind.value}.version")


def _entry(entry: Thing, context: Context, submitted: str, findings: Findings, *, french: bool) -> None:
    unique_id = entry.identifier(c.ENTRY_UNIQUE_ID)
    if values.is_bare_uuid(unique_id):
        findings.add(
            BARE_UUID,
            entry.identifiers[c.ENTRY_UNIQUE_ID][0],
            value=unique_id,
            attribute="DocumentEntry.uniqueId",
            severity=ERROR if french else None,
        )
    _hash(entry, findings)
    people.source_patient(entry, findings, french=french)
    if context in (*_FIRST, Context.BARE):  # later a patient may have been merged into another
        people.one_patient(entry, findings, french=french)
    _times(entry, submitted, findings, french=french)
    _confidentiality(entry, findings)
    for one in entry.values.get(c.REFERENCE_ID_LIST, ()):
        if hl7_values.reference(one.text) is None:
            references.check(one, findings, french=french)
    for one in entry.values.get("documentAvailability", ()):
        if one.text not in (DOCUMENT_ONLINE, DOCUMENT_OFFLINE):
            findings.add(AVAILABILITY, one.element, value=one.text, expected=f"{DOCUMENT_ONLINE}, {DOCUMENT_OFFLINE}")
    if is_on_demand(entry) and context in (Context.PROVIDE, Context.REGISTER):
        findings.add(ON_DEMAND_PROVIDED, entry.element, value=context.value, attribute="DocumentEntry.objectType")
    elif context is Context.ON_DEMAND and entry.attribute("objectType") == STABLE:
        findings.add(STABLE_ON_DEMAND, entry.element, attribute="DocumentEntry.objectType")


def _hash(entry: Thing, findings: Findings) -> None:
    for one in entry.values.get("hash", ()):
        if fault := values.sha1(one.text):
            if digits := values.sha1_of_base64(one.text):
                findings.add(HASH_BASE64, one.element, value=one.text, expected=digits, attribute="DocumentEntry.hash")
            else:
                findings.add(HASH_FORM, one.element, value=one.text, attribute="DocumentEntry.hash", fault=fault)
        size = entry.value("size")
        if one.text.lower() == _OF_NOTHING and values.size(size) is None and int(size):
            findings.add(NOTHING_HASHED, one.element, value=size, attribute="DocumentEntry.hash")


def _times(entry: Thing, submitted: str, findings: Findings, *, french: bool) -> None:
    start, stop = entry.value("serviceStartTime"), entry.value("serviceStopTime")
    if values.is_dtm(start) and values.is_dtm(stop):
        common = min(len(start), len(stop))
        if stop[:common] < start[:common]:
            place: etree._Element = entry.values["serviceStopTime"][0].element
            findings.add(TIMES, place, value=stop, expected=start, attribute="DocumentEntry.serviceStopTime")
    created = entry.value("creationTime")
    if values.is_dtm(created) and values.is_dtm(submitted):
        common = min(len(created), len(submitted))
        if created[:common] > submitted[:common]:
            # public conformance samples of IHE have it so: no more than a warning; French ones never have
            severity = ERROR if french and values.days_between(submitted, created) > 1 else None
            place = entry.values["creationTime"][0].element
            findings.add(CREATED_LATER, place, value=created, expected=submitted, severity=severity)


def _served(entry: Thing, data: bytes | None, findings: Findings) -> None:
    """What was made of an examination was made after it, unless the document itself says otherwise."""
    created = entry.value("creationTime")
    for name in ("serviceStartTime", "serviceStopTime") if _is_imaging(entry) and values.is_dtm(created) else ():
        served = entry.value(name)
        if values.is_dtm(served) and values.days_between(created, served) > 1:
            place = entry.values[name][0].element
            severity = WARNING if data and reports.examines_later(data) else None
            findings.add(
                SERVED_LATER,
                place,
                value=served,
                expected=created,
                attribute=f"DocumentEntry.{name}",
                severity=severity,
            )


def _is_imaging(entry: Thing) -> bool:
    return any(code.code in _IMAGING for code in (entry.code(c.ENTRY_TYPE), entry.code(c.ENTRY_FORMAT)) if code)


def _confidentiality(entry: Thing, findings: Findings) -> None:
    levels = [code for code in entry.codes(c.ENTRY_CONFIDENTIALITY) if code.system == LEVELS]
    for code in levels:
        if code.code and code.code not in ("U", "L", "M", "N", "R", "V"):
            findings.add(CONFIDENTIALITY, code.element, value=code.code, expected="U, L, M, N, R, V")
    distinct = list(dict.fromkeys(code.code for code in levels if code.code))
    if len(distinct) > 1:
        findings.add(CONFIDENTIALITIES, levels[1].element, value=", ".join(distinct))
