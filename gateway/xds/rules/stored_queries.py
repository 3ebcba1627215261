"""Stored queries: which there are, what each must be given, and the form of the values.

Source: ITI TF-2 section 3.18.4.1.2.3 and 3.51.4.1.2.3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lxml import etree

from gateway.model.document import DOCUMENT_OFFLINE, DOCUMENT_ONLINE, ON_DEMAND, STABLE, AssociationType
from gateway.texts.text import Text
from gateway.xds import _slot_values as grammar
from gateway.xds import constants as c
from gateway.xds._query_definitions import (
    ALL,
    ENTRY,
    MULTIPLE_PATIENTS,
    NARROWING,
    PATIENT_ID,
    Definition,
    Parameter,
)
from gateway.xds.constants import rim
from gateway.xds.rules import code_forms, french_people, hl7_values, references, values
from gateway.xds.rules.objects import inner_text, slots_of
from gateway.xds.rules.rule import ERROR, TF2, TF3, WARNING, Findings, rule

QUERY = rule(
    "query.id",
    ERROR,
    f"{TF2} 3.18.4.1.2.4",
    "La requête « {value} » n'est pas une requête enregistrée d'IHE.",
    "The query “{value}” is no stored query of IHE.",
)
RETURN_TYPE = rule(
    "query.return-type",
    ERROR,
    f"{TF2} 3.18.4.1.2.6",
    "returnType vaut « {value} » ; attendu : {expected}.",
    "returnType is “{value}”; expected: {expected}.",
)
COMPOSED = rule(
    "query.return-composed-objects",
    ERROR,
    f"{TF2} 3.18.4.1.2.6 (returnComposedObjects true)",
    "returnComposedObjects vaut « {value} » ; attendu : true.",
    "returnComposedObjects is “{value}”; expected: true.",
)
PARAMETER_MISSING = rule(
    "query.parameter.missing",
    ERROR,
    f"{TF2} 3.18.4.1.2.3.7 (XDSStoredQueryMissingParam)",
    "Le paramètre {value} de la requête manque.",
    "The parameter {value} of the query is missing.",
)
PARAMETER_UNKNOWN = rule(
    "query.parameter.unknown",
    WARNING,
    f"{TF2} 3.18.4.1.2.3.7 (extra parameters shall be ignored)",
    "Le paramètre {value} n'est pas de cette requête : il sera ignoré.",
    "The parameter {value} is not of this query: it will be ignored.",
)
PARAMETER_MISSPELT = rule(
    "query.parameter.misspelt",
    ERROR,
    f"{TF2} 3.18.4.1.2.3.7",
    "Le paramètre {value} ressemble à {expected} sans en être le nom : il serait ignoré.",
    "The parameter {value} resembles {expected} and is not its name: it would be ignored.",
)
PARAMETER_SEVERAL = rule(
    "query.parameter.several",
    ERROR,
    f"{TF2} 3.18.4.1.2.3.7 (XDSStoredQueryParamNumber)",
    "La requête donne {value} : un seul de ces paramètres est permis.",
    "The query gives {value}: only one of these parameters is allowed.",
)
PARAMETER_REPEATED = rule(
    "query.parameter.repeated",
    ERROR,
    f"{TF2} 3.18.4.1.2.3.5 (XDSStoredQueryParamNumber)",
    "Le paramètre {value} est présent plusieurs fois : ses valeurs vont dans un seul Slot.",
    "The parameter {value} is there several times: its values go into a single slot.",
)
PARAMETER_VALUE = rule(
    "query.parameter.value",
    ERROR,
    f"{TF2} 3.18.4.1.2.3.7; {TF3} 4.2",
    "Le paramètre {attribute} vaut « {value} », qui {fault}.",
    "The parameter {attribute} is “{value}”, which {fault}.",
)
PERIOD = rule(
    "query.period",
    ERROR,
    f"{TF2} 3.18.4.1.2.3.7 (From inclusive, To exclusive)",
    "{attribute} : la période de « {value} » à « {expected} » est vide.",
    "{attribute}: the period from “{value}” to “{expected}” is empty.",
)
HOME = rule(
    "query.home",
    ERROR,
    f"{TF2} 3.18.4.1.2.3.8",
    "home « {value} » {fault}.",
    "home “{value}” {fault}.",
)
PARAMETER_FORM = rule(
    "query.parameter.form",
    ERROR,
    f"{TF2} 3.18.4.1.2.3.5",
    "Le paramètre {attribute} est mal formé : « {value} » ({expected}).",
    "The parameter {attribute} is malformed: “{value}” ({expected}).",
)
TRANSACTION = rule(
    "query.transaction",
    ERROR,
    f"{TF2} 3.18.4.1.2.4, 3.38.4.1.2 and 3.51.4.1.2.2",
    "La requête {attribute} n'est pas de la transaction {value}.",
    "The query {attribute} is not of the transaction {value}.",
)
HOME_MISSING = rule(
    "query.home.missing",
    ERROR,
    f"{TF2} 3.18.4.1.2.3.8 and 3.38.4.1.2.1 (XDSMissingHomeCommunityId)",
    "Entre communautés, la requête {attribute}, qui ne nomme pas de patient, doit donner home.",
    "Between communities, the query {attribute}, which names no patient, must give home.",
)
_SEVERAL_PATIENTS = "urn:ihe:iti:2009:MultiPatientStoredQuery"
_BETWEEN_COMMUNITIES = "urn:ihe:iti:2007:CrossGatewayQuery"
_EVERYWHERE = frozenset({"$MetadataLevel", "$homeCommunityId", "$XDSAssociationStatus"})
_ONE_PERSON = "$XDSSubmissionSetAuthorPerson"
"""Read as a list by many, and no list in the table of FindSubmissionSets."""
_RETURN_TYPES = ("LeafClass", "ObjectRef")
_TYPES = frozenset(one.value for one in AssociationType) | {one.value.rpartition(":")[2] for one in AssociationType}


def check(element: etree._Element, action: str, findings: Findings, *, french: bool) -> None:
    """A query:AdhocQueryRequest under *action* (or empty): which query, its parameters, and what it wants back."""
    for option in element.iterchildren(f"{{{c.QUERY}}}ResponseOption"):
        return_type = option.get("returnType", "RegistryObject").strip()
        if return_type not in _RETURN_TYPES:
            findings.add(RETURN_TYPE, option, value=return_type, expected=", ".join(_RETURN_TYPES))
        composed = option.get("returnComposedObjects", "false").strip()
        if composed not in ("true", "1"):
            findings.add(COMPOSED, option, value=composed)
    for adhoc in element.iterchildren(f"{{{c.RIM}}}AdhocQuery"):
        _query(adhoc, action, findings, french=french)


def _query(adhoc: etree._Element, action: str, findings: Findings, *, french: bool) -> None:
    home = (adhoc.get("home") or "").strip()
    if home and (fault := values.home_community(home)):
        findings.add(HOME, adhoc, value=home, fault=fault)
    identifier = (adhoc.get("id") or "").strip()
    known = ALL.get(identifier)
    if known is None:
        if identifier:
            findings.add(QUERY, adhoc, value=identifier)
        return
    _transaction(adhoc, known, action, findings)
    _names(adhoc, known, findings)
    given: dict[str, Sequence[str]] = {}
    for parameter in known.parameters:
        groups = [slot for slot in slots_of(adhoc).get(parameter.name, ()) if _told(slot)]
        if len(groups) > 1 and not parameter.repeats:
            findings.add(PARAMETER_REPEATED, groups[1], value=parameter.name)
        for slot in groups:
            given[parameter.name] = _parameter(parameter, slot, findings, french=french)
        if parameter.required and not groups:
            findings.add(PARAMETER_MISSING, adhoc, value=parameter.name, attribute=known.name)
    stated = sorted(known.one_of.intersection(given))
    if known.one_of and not stated:
        findings.add(PARAMETER_MISSING, adhoc, value=" / ".join(sorted(known.one_of)), attribute=known.name)
    if len(stated) > 1:
        findings.add(PARAMETER_SEVERAL, adhoc, value=", ".join(stated))
    if known.query_id in MULTIPLE_PATIENTS:
        narrowing = [one.name for one in known.parameters if one.name.endswith(("PatientId", *NARROWING))]
        if not any(_told(slot) for name in narrowing for slot in slots_of(adhoc).get(name, ())):
            findings.add(PARAMETER_MISSING, adhoc, value=" / ".join(narrowing), attribute=known.name)
    _periods(adhoc, given, findings)


def _transaction(adhoc: etree._Element, known: Definition, action: str, findings: Findings) -> None:
    """Queries of several patients are of ITI-51 alone; between communities those without a patient say which one."""
    if action and (known.query_id in MULTIPLE_PATIENTS) != (action == _SEVERAL_PATIENTS):
        findings.add(TRANSACTION, adhoc, value=action, attribute=known.name)
    named = any(one.name.endswith(("PatientId", PATIENT_ID)) for one in known.parameters)
    if action == _BETWEEN_COMMUNITIES and not named and not (adhoc.get("home") or "").strip():
        findings.add(HOME_MISSING, adhoc, attribute=known.name)


def _told(slot: etree._Element) -> list[str]:
    return [text for value in slot.iter(rim("Value")) if (text := inner_text(value))]


def _names(adhoc: etree._Element, known: Definition, findings: Findings) -> None:
    """Parameters that the query does not have: one that is all but the name of one is a slip, others are ignored."""
    named = {parameter.name for parameter in known.parameters} | _EVERYWHERE
    for name, found in slots_of(adhoc).items():
        if name in named:
            continue
        near = next((one for one in sorted(named) if values.resembles(name, one)), "")
        broken = PARAMETER_MISSPELT if near else PARAMETER_UNKNOWN
        findings.add(broken, found[0], value=name, expected=near, attribute=known.name)


def _parameter(parameter: Parameter, slot: etree._Element, findings: Findings, *, french: bool) -> Sequence[str]:
    """The values of one slot; adds what is wrong with their grammar, their number, or themselves."""
    texts = _told(slot)
    try:
        given = grammar.read(parameter.kind, texts)
    except ValueError:
        given = ()
    single = parameter.kind.single and len(given) != 1
    # a list stands in parentheses, one value of it too; public samples put a single value into them as well
    bare = (
        not parameter.kind.single and parameter.name != _ONE_PERSON and not all(text.startswith("(") for text in texts)
    )
    if not given or single or bare or not all(grammar.well_formed(parameter.kind, value) for value in given):
        expected = parameter.kind.value
        findings.add(PARAMETER_FORM, slot, attribute=parameter.name, value=", ".join(texts), expected=expected)
        return ()
    for value in given:
        if fault := _fault(parameter, value, french=french):
            findings.add(PARAMETER_VALUE, slot, attribute=parameter.name, value=value, fault=fault)
    return given


def _fault(parameter: Parameter, value: str, *, french: bool) -> Text | None:
    """What a value says, by the name of its parameter."""
    name = parameter.name
    if parameter.kind is grammar.Kind.TIME:
        return values.dtm(value)
    if parameter.kind is grammar.Kind.CODES:
        code, _, system = value.partition("^^")
        return values.coding_scheme(system) or code_forms.fault(code, system)
    if name.endswith(("PatientId", "$patientId")):
        return hl7_values.cx(value) or (french_people.identity_fault(value) if french else _typed(value))
    if name.endswith("ReferenceIdList"):
        return hl7_values.reference(value) or references.asked_fault(value)
    if name.endswith(("EntryUUID", "LogicalID")) or name == "$uuid":
        return values.uuid(value)
    if name.endswith("UniqueId"):
        return values.unique_id(value) if name.startswith(ENTRY) else values.oid(value)
    if name.endswith("SourceId"):
        return values.oid(value)
    allowed = _ALLOWED.get(name.removeprefix("$XDSAssociation").removeprefix(ENTRY).removeprefix("$"))
    if name.endswith("Status"):
        return values.status(value)
    return None if allowed is None or value in allowed else _other(", ".join(sorted(allowed)))


_ALLOWED: Mapping[str, frozenset[str]] = {
    "Type": frozenset({STABLE, ON_DEMAND}),
    "DocumentAvailability": frozenset({DOCUMENT_ONLINE, DOCUMENT_OFFLINE}),
    "AssociationTypes": _TYPES,
    "MetadataLevel": frozenset({"1", "2"}),
}


def _typed(patient_id: str) -> Text | None:
    if not hl7_values.cx_type(patient_id):
        return None
    return values.both("remplit CX.5, qu'IHE ne permet pas", "fills CX.5, which IHE does not allow")


def _other(allowed: str) -> Text:
    return values.both(f"n'est pas de : {allowed}", f"is none of: {allowed}")


def _periods(adhoc: etree._Element, given: Mapping[str, Sequence[str]], findings: Findings) -> None:
    for name, found in given.items():
        end = given.get(name.removesuffix("From") + "To", ())
        if name.endswith("From") and found and end and values.full_time(found[0]) >= values.full_time(end[0]):
            findings.add(PERIOD, adhoc, attribute=name.removesuffix("From"), value=found[0], expected=end[0])
