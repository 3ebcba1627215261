"""Associations: known types, ends that exist, membership labelled, relationships between entries.

Sources: ITI TF-3 section 4.2.2; the Metadata Update supplement (3.57.4.1).
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.model.document import RELATIONSHIPS, AssociationType
from gateway.xds import constants as c
from gateway.xds.rules import values
from gateway.xds.rules.attributes import Context
from gateway.xds.rules.entries import is_on_demand
from gateway.xds.rules.objects import Kind, Objects, Thing
from gateway.xds.rules.rule import ERROR, TF3, WARNING, Findings, rule
from gateway.xds.rules.updating import SLOT, UPDATE

TYPE = rule(
    "association.type",
    ERROR,
    f"{TF3} table 4.2.2-1",
    "associationType « {value} » n'est pas un type d'association d'XDS.",
    "associationType “{value}” is no association type of XDS.",
)
TYPE_SHORT = rule(
    "association.type-short",
    ERROR,
    f"{TF3} 4.2.2 (an Association type shall be specified as a URN)",
    "associationType « {value} » doit être une URN : {expected}.",
    "associationType “{value}” must be a URN: {expected}.",
)
TRANSACTION = rule(
    "association.transaction",
    ERROR,
    UPDATE,
    "Une association « {value} » n'appartient pas à {expected}.",
    "An association “{value}” does not belong to {expected}.",
)
UNRESOLVED = rule(
    "association.unresolved",
    ERROR,
    f"{TF3} 4.2.1.5 (references outside the submission must be in UUID format)",
    "{attribute} « {value} » n'est l'id d'aucun objet du message, ni un urn:uuid.",
    "{attribute} “{value}” is the id of no object of the message, and no urn:uuid.",
)
ITSELF = rule(
    "association.itself",
    ERROR,
    f"{TF3} 4.2.2",
    "L'association « {value} » a le même objet pour source et pour cible.",
    "The association “{value}” has one object as its source and its target.",
)
SAME = rule(
    "association.repeated",
    ERROR,
    f"{TF3} 4.2.2",
    "L'association {attribute} de « {value} » vers « {expected} » est présente plusieurs fois.",
    "The association {attribute} from “{value}” to “{expected}” is there several times.",
)
MEMBER_SOURCE = rule(
    "has-member.source",
    ERROR,
    f"{TF3} 4.2.2.1",
    "La source d'un HasMember (« {value} ») doit être le lot de soumission ou un classeur.",
    "The source of a HasMember (“{value}”) must be the SubmissionSet or a Folder.",
)
MEMBER_TARGET = rule(
    "has-member.target",
    ERROR,
    f"{TF3} 4.2.2.1",
    "La cible d'un HasMember (« {value} ») ne peut pas être {expected}.",
    "The target of a HasMember (“{value}”) cannot be {expected}.",
)
MEMBER_STATUS = rule(
    "has-member.status",
    ERROR,
    f"{TF3} 4.2.2.1.1",
    "SubmissionSetStatus vaut « {value} » ; attendu : {expected}.",
    "SubmissionSetStatus is “{value}”; expected: {expected}.",
)
STATUS_SAME = rule(
    "update.status-same",
    ERROR,
    UPDATE,
    "UpdateAvailabilityStatus : OriginalStatus et NewStatus sont le même statut (« {value} »).",
    "UpdateAvailabilityStatus: OriginalStatus and NewStatus are one status (“{value}”).",
)
STATUS_SLOTS = rule(
    "update.status",
    ERROR,
    UPDATE,
    "UpdateAvailabilityStatus : {attribute} vaut « {value} » ; attendu : une URN de statut.",
    "UpdateAvailabilityStatus: {attribute} is “{value}”; expected: a status URN.",
)
RELATION_SOURCE = rule(
    "relationship.source",
    ERROR,
    f"{TF3} 4.2.2.2",
    "La source de {attribute} (« {value} ») doit être une fiche de cette soumission.",
    "The source of {attribute} (“{value}”) must be an entry of this submission.",
)
RELATION_TARGET = rule(
    "relationship.target",
    ERROR,
    f"{TF3} 4.2.2.2",
    "La cible de {attribute} (« {value} ») doit être une fiche.",
    "The target of {attribute} (“{value}”) must be an entry.",
)
RELATION_INSIDE = rule(
    "relationship.inside",
    ERROR,
    f"{TF3} 4.2.2.2.3; ITI TF-2 3.42.4.1.3.5 (RPLC, XFRM_RPLC: a DocumentEntry in the Document Registry)",
    "{attribute} remplace « {value} », une fiche de la même soumission : seule une fiche déjà enregistrée se remplace.",
    "{attribute} replaces “{value}”, an entry of the same submission: only a registered entry can be replaced.",
)
REPLACED_TOO = rule(
    "relationship.replaced-too",
    ERROR,
    f"{TF3} 4.2.2.2.3 (XDSRegistryDeprecatedDocumentError)",
    "{attribute} complète ou transforme « {value} », que cette soumission remplace, donc rend obsolète.",
    "{attribute} adds to or transforms “{value}”, which this submission replaces: what is replaced is deprecated.",
)
TRANSFORMED = rule(
    "relationship.transformed",
    ERROR,
    f"{TF3} 4.2.2.2.1 (a transformation shall not be appended)",
    "APND complète « {value} », que cette soumission donne pour une transformation (XFRM) : "
    "c'est l'original qui se complète.",
    "APND adds to “{value}”, which this submission gives as a transformation (XFRM): the original is what is added to.",
)
SNAPSHOT = rule(
    "relationship.snapshot",
    ERROR,
    f"{TF3} 4.2.2.2.6",
    "IsSnapshotOf va d'une fiche stable à une fiche à la demande déjà enregistrée.",
    "IsSnapshotOf goes from a stable entry to an on-demand entry that is registered already.",
)
DOCUMENTED = rule(
    "association.documentation",
    ERROR,
    f"{TF3} 4.2.2.2",
    "Une association {value} ne porte pas de documentation (Classification).",
    "An association {value} carries no documentation (Classification).",
)
STATUS_SUBMITTED = rule(
    "association.status",
    WARNING,
    f"{TF3} 4.2.2 (the status attribute shall not be submitted)",
    "Une association ne porte pas de status quand on la soumet.",
    "An association carries no status when it is submitted.",
)
_KNOWN = {one.value for one in AssociationType}
_SHORT = {one.rpartition(":")[2]: one for one in _KNOWN}
_REPLACING = (AssociationType.REPLACE, AssociationType.TRANSFORM_AND_REPLACE)
_DEPENDING = (AssociationType.APPEND, AssociationType.TRANSFORM)
_OF_UPDATE = (AssociationType.UPDATE_STATUS, AssociationType.SUBMIT_ASSOCIATION)
_STATUS_SLOTS = ("OriginalStatus", "NewStatus")
_UPDATE_SLOTS = (*_STATUS_SLOTS, "PreviousVersion", "AssociationPropagation")
_SUBMITTED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Submitted"
"""What a registry calls an object that is on its way: nothing that is registered has it (ITI TF-3 4.2.3.2.2)."""


def check(objects: Objects, context: Context, findings: Findings, *, french: bool) -> None:
    by_id = {thing.id: thing for thing in objects.all if thing.id}
    seen: set[tuple[str, str, str]] = set()
    for one in objects.associations:
        kind, source, target = (one.attribute(name) for name in ("associationType", "sourceObject", "targetObject"))
        if not (kind and source and target):
            continue  # named already, as missing
        if kind not in _KNOWN:
            if kind in _SHORT:
                findings.add(TYPE_SHORT, one.element, value=kind, expected=_SHORT[kind])
            else:
                findings.add(TYPE, one.element, value=kind)
            continue
        if (kind, source, target) in seen:
            findings.add(SAME, one.element, attribute=kind.rpartition(":")[2], value=source, expected=target)
        seen.add((kind, source, target))
        if source == target:
            findings.add(ITSELF, one.element, value=one.id)
        if context.submits:
            resolved = _resolve(one, by_id, findings)
            if resolved:
                _association(one, kind, by_id, context, findings, french=french)
        else:
            _answered(one, kind, by_id, findings)
    if context.submits:
        _replaced_too(objects, findings)
        _transformed(objects, findings)


def _transformed(objects: Objects, findings: Findings) -> None:
    made = {_ends(one)[0] for one in objects.associations if one.attribute("associationType") == _DEPENDING[1]}
    for one in objects.associations:
        if one.attribute("associationType") == _DEPENDING[0] and (target := _ends(one)[1]) in made:
            findings.add(TRANSFORMED, one.element, value=target)


def _ends(one: Thing) -> tuple[str, str]:
    return one.attribute("sourceObject"), one.attribute("targetObject")


def _replaced_too(objects: Objects, findings: Findings) -> None:
    replaced = {
        one.attribute("targetObject") for one in objects.associations if one.attribute("associationType") in _REPLACING
    }
    for one in objects.associations:
        kind, target = one.attribute("associationType"), one.attribute("targetObject")
        if kind in _DEPENDING and target in replaced:
            findings.add(REPLACED_TOO, one.element, attribute=kind.rpartition(":")[2], value=target)


def _answered(one: Thing, kind: str, by_id: Mapping[str, Thing], findings: Findings) -> None:
    """Of a registry's answer, which need not hold the ends: their ids, and what a membership says."""
    for name in ("sourceObject", "targetObject"):
        if not values.is_uuid(one.attribute(name)):
            findings.add(UNRESOLVED, one.element, attribute=name, value=one.attribute(name))
    source = by_id.get(one.attribute("sourceObject"))
    status = [value.text for value in one.values.get("SubmissionSetStatus", ())]
    needed = source is not None and source.kind is Kind.SET and kind == AssociationType.HAS_MEMBER
    target = by_id.get(one.attribute("targetObject"))
    needed = needed and target is not None and target.kind is Kind.ENTRY
    if (status or needed) and status not in (["Original"], ["Reference"]):
        told = ", ".join(status)
        expected = "Original, Reference"
        findings.add(MEMBER_STATUS, one.element, value=told, expected=expected, attribute="SubmissionSetStatus")


def _resolve(one: Thing, by_id: Mapping[str, Thing], findings: Findings) -> bool:
    resolved = True
    for name in ("sourceObject", "targetObject"):
        value = one.attribute(name)
        if value not in by_id and not values.is_uuid(value):
            findings.add(UNRESOLVED, one.element, attribute=name, value=value)
            resolved = False
    return resolved


def _association(
    one: Thing, kind: str, by_id: Mapping[str, Thing], context: Context, findings: Findings, *, french: bool
) -> None:
    source, target = by_id.get(one.attribute("sourceObject")), by_id.get(one.attribute("targetObject"))
    if one.attribute("status"):
        findings.add(STATUS_SUBMITTED, one.element)
    if one.classifications.get(c.ASSOCIATION_DOCUMENTATION) and kind not in RELATIONSHIPS:
        findings.add(DOCUMENTED, one.element, value=kind.rpartition(":")[2])
    if context.updates and (source is None or source.kind is not Kind.SET):
        _added(one, kind, source, target, findings)
        return
    for name in _UPDATE_SLOTS if not context.updates and kind not in _OF_UPDATE else ():
        if name in one.slots:
            told = kind.rpartition(":")[2]
            findings.add(SLOT, one.element, value=name, attribute=told, expected=context.value)
    if kind == AssociationType.HAS_MEMBER:
        _has_member(one, source, target, findings)
    elif kind in _OF_UPDATE:
        if not context.updates:
            findings.add(TRANSACTION, one.element, value=kind.rpartition(":")[2], expected=context.value)
        if kind == AssociationType.UPDATE_STATUS:
            _update_status(one, source, findings)
    else:
        _relationship(one, kind, source, target, findings, french=french)


def _added(one: Thing, kind: str, source: Thing | None, target: Thing | None, findings: Findings) -> None:
    """An association that an update adds: both of its ends may be registered already."""
    name = kind.rpartition(":")[2]
    starts = {AssociationType.HAS_MEMBER.value: Kind.FOLDER}.get(kind, Kind.ENTRY)
    if kind in _OF_UPDATE or (source is not None and source.kind is not starts):
        broken = RELATION_SOURCE if kind in RELATIONSHIPS else MEMBER_SOURCE
        findings.add(broken, one.element, attribute=name, value=one.attribute("sourceObject"))
    elif target is not None and target.kind is not Kind.ENTRY:
        broken = RELATION_TARGET if kind in RELATIONSHIPS else MEMBER_TARGET
        findings.add(broken, one.element, attribute=name, value=target.id, expected=target.kind.value)


def _has_member(one: Thing, source: Thing | None, target: Thing | None, findings: Findings) -> None:
    status = [value.text for value in one.values.get("SubmissionSetStatus", ())]
    told = ", ".join(status)
    if source is not None and source.kind not in (Kind.SET, Kind.FOLDER):
        findings.add(MEMBER_SOURCE, one.element, value=one.attribute("sourceObject"))
        return
    if target is not None and target.kind in (Kind.SET, Kind.PACKAGE):
        findings.add(MEMBER_TARGET, one.element, value=target.id, expected=target.kind.value)
    if source is None or source.kind is Kind.FOLDER:
        if target is not None and target.kind in (Kind.FOLDER, Kind.ASSOCIATION):
            findings.add(MEMBER_TARGET, one.element, value=target.id, expected=target.kind.value)
        return
    if target is None and status != ["Reference"]:
        findings.add(MEMBER_STATUS, one.element, value=told, expected="Reference", attribute="SubmissionSetStatus")
    elif target is not None and target.kind is Kind.ENTRY and status != ["Original"]:
        findings.add(MEMBER_STATUS, one.element, value=told, expected="Original", attribute="SubmissionSetStatus")
    elif status and status not in (["Original"], ["Reference"]):
        findings.add(
            MEMBER_STATUS, one.element, value=told, expected="Original, Reference", attribute="SubmissionSetStatus"
        )


def _update_status(one: Thing, source: Thing | None, findings: Findings) -> None:
    if source is None or source.kind is not Kind.SET:
        findings.add(MEMBER_SOURCE, one.element, value=one.attribute("sourceObject"))
    for name in _STATUS_SLOTS:
        found = [value.text for value in one.values.get(name, ())]
        if len(found) != 1 or values.status(found[0]) or found[0] == _SUBMITTED:
            findings.add(STATUS_SLOTS, one.element, attribute=name, value=", ".join(found))
    if (status := one.value("NewStatus")) and status == one.value("OriginalStatus"):
        findings.add(STATUS_SAME, one.element, value=status)


def _relationship(
    one: Thing, kind: str, source: Thing | None, target: Thing | None, findings: Findings, *, french: bool
) -> None:
    name = kind.rpartition(":")[2]
    if source is None or source.kind is not Kind.ENTRY:
        findings.add(RELATION_SOURCE, one.element, attribute=name, value=one.attribute("sourceObject"))
    # a French signature signs the submission set as a whole
    allowed = (Kind.ENTRY, Kind.SET) if french and kind == AssociationType.SIGNS else (Kind.ENTRY,)
    if target is not None and target.kind not in allowed:
        findings.add(RELATION_TARGET, one.element, attribute=name, value=target.id)
    elif target is not None and kind in _REPLACING:  # what is added to, transformed or signed may come along (3.42)
        findings.add(RELATION_INSIDE, one.element, attribute=name, value=target.id)
    if kind == AssociationType.IS_SNAPSHOT_OF and (target is not None or (source is not None and is_on_demand(source))):
        findings.add(SNAPSHOT, one.element)
