"""What an update asks for (ITI-57, ITI-92): operations, each an association of the submission set.

===========================  ===================================================================================
association                  operation
===========================  ===================================================================================
HasMember, PreviousVersion   a new version of its target, an entry or folder of the message that carries ``lid``
UpdateAvailabilityStatus     another status for its target
SubmitAssociation            the association of the message that is its target
===========================  ===================================================================================

Sources: IHE ITI XDS Metadata Update, 3.57.4.1.3; IHE ITI Restricted Metadata Update, 3.92.4.1.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gateway.model.document import AssociationType
from gateway.xds.rules import values
from gateway.xds.rules.attributes import Context
from gateway.xds.rules.objects import Kind, Objects, Thing
from gateway.xds.rules.rule import ERROR, TF3, Findings, rule

UPDATE = "IHE ITI Metadata Update, 3.57.4.1"
_OPERATION_ERROR = f"{UPDATE} (XDSMetadataUpdateOperationError)"
PREVIOUS = rule(
    "update.previous-version",
    ERROR,
    UPDATE,
    "Un HasMember vers un objet mis à jour doit porter PreviousVersion, un entier ; trouvé : « {value} ».",
    "A HasMember to an updated object must carry PreviousVersion, a whole number; found: “{value}”.",
)
LOGICAL = rule(
    "update.logical-id",
    ERROR,
    f"{UPDATE} (XDSMetadataUpdateError)",
    "Un objet mis à jour doit porter lid, l'urn:uuid de sa première version ; trouvé : « {value} ».",
    "An updated object must carry lid, the urn:uuid of its first version; found: “{value}”.",
)
LOGICAL_SAME = rule(
    "update.same-id",
    ERROR,
    UPDATE,
    "L'id « {value} » d'un objet mis à jour doit être nouveau, pas son lid.",
    "The id “{value}” of an updated object must be new, not its lid.",
)
PROPAGATION = rule(
    "update.propagation",
    ERROR,
    UPDATE,
    "AssociationPropagation vaut « {value} » ; attendu : {expected}.",
    "AssociationPropagation is “{value}”; expected: {expected}.",
)
SLOT = rule(
    "update.slot",
    ERROR,
    f"{UPDATE}; {TF3} 4.2.3.1.6",
    "Le Slot {value} n'a pas de sens dans une association {attribute} de {expected}.",
    "The slot {value} means nothing in an association {attribute} of {expected}.",
)
OPERATION = rule(
    "update.operation",
    ERROR,
    _OPERATION_ERROR,
    "Une association {value} du lot de soumission n'est pas une opération de {attribute} ; attendu : {expected}.",
    "An association {value} of the submission set is no operation of {attribute}; expected: {expected}.",
)
TARGET = rule(
    "update.target",
    ERROR,
    _OPERATION_ERROR,
    "La cible de {attribute} (« {value} ») n'est pas {fault} de ce message.",
    "The target of {attribute} (“{value}”) is not {fault} of this message.",
)
NOT_SUBMITTED = rule(
    "update.not-submitted",
    ERROR,
    _OPERATION_ERROR,
    "Aucun SubmitAssociation ne désigne l'association « {value} », qui ne serait pas ajoutée.",
    "No SubmitAssociation points at the association “{value}”, which would not be added.",
)
TWICE = rule(
    "update.repeated",
    ERROR,
    _OPERATION_ERROR,
    "Deux opérations changent le même objet « {value} » ({attribute}).",
    "Two operations change one object “{value}” ({attribute}).",
)
JOINED = rule(
    "update.joined",
    ERROR,
    f"{UPDATE} (AssociationPropagation)",
    "L'association « {value} » joint une nouvelle version qui reprend déjà les associations de la précédente : "
    "AssociationPropagation doit valoir no.",
    "The association “{value}” joins a new version that takes over the associations of the one before: "
    "AssociationPropagation must be no.",
)
_A_VERSION = values.both("une nouvelle version (fiche ou classeur)", "a new version (entry or folder)")
_AN_ENTRY = values.both("une nouvelle version d'une fiche", "a new version of an entry")
_AN_ASSOCIATION = values.both("une association", "an association")
_PROPAGATION = "AssociationPropagation"
_SLOTS = {
    AssociationType.HAS_MEMBER.value: frozenset({"SubmissionSetStatus", "PreviousVersion", _PROPAGATION}),
    AssociationType.UPDATE_STATUS.value: frozenset({"OriginalStatus", "NewStatus"}),
    AssociationType.SUBMIT_ASSOCIATION.value: frozenset[str](),
}
_OF_OPERATIONS = frozenset[str]().union(*_SLOTS.values())
_OPERATIONS = {
    Context.UPDATE: (
        AssociationType.HAS_MEMBER,
        AssociationType.UPDATE_STATUS,
        AssociationType.SUBMIT_ASSOCIATION,
    ),
    Context.RESTRICTED_UPDATE: (AssociationType.HAS_MEMBER,),
}


def check(objects: Objects, context: Context, findings: Findings) -> None:
    """Every operation of an update, what it is about, and that nothing of the message is left without one."""
    sets = {one.id for one in objects.sets}
    operations = [one for one in objects.associations if one.attribute("sourceObject") in sets]
    items = {thing.id: thing for thing in [*objects.entries, *objects.folders]}
    inner = {one.id: one for one in objects.associations if one not in operations}
    allowed = _OPERATIONS[context]
    for one in operations:
        kind, target = one.attribute("associationType"), one.attribute("targetObject")
        for name in sorted(_OF_OPERATIONS.intersection(one.slots) - _SLOTS.get(kind, _OF_OPERATIONS)):
            told = kind.rpartition(":")[2]
            findings.add(SLOT, one.element, value=name, attribute=told, expected=context.value)
        if kind not in allowed:
            if values.is_urn(kind):  # a short type is named as such
                told = ", ".join(known.rpartition(":")[2] for known in allowed)
                name = kind.rpartition(":")[2]
                findings.add(OPERATION, one.element, value=name, expected=told, attribute=context.value)
        elif kind == AssociationType.HAS_MEMBER:
            _version(one, items.get(target), context, findings)
        elif kind == AssociationType.SUBMIT_ASSOCIATION and target not in inner:
            findings.add(TARGET, one.element, value=target, attribute="SubmitAssociation", fault=_AN_ASSOCIATION)
    _additions(operations, inner, items, findings)
    _repeated(operations, items, findings)


def _version(one: Thing, item: Thing | None, context: Context, findings: Findings) -> None:
    if item is None or (item.kind is Kind.FOLDER and context is Context.RESTRICTED_UPDATE):
        fault = _AN_ENTRY if context is Context.RESTRICTED_UPDATE else _A_VERSION
        findings.add(TARGET, one.element, value=one.attribute("targetObject"), attribute="HasMember", fault=fault)
        return
    found = _told(one, "PreviousVersion")
    if len(found) != 1 or not (found[0].isascii() and found[0].isdigit() and int(found[0])):
        findings.add(PREVIOUS, one.element, value=", ".join(found))
    if (propagation := _told(one, _PROPAGATION)) not in ([], ["yes"], ["no"]):
        findings.add(PROPAGATION, one.element, value=", ".join(propagation), expected="yes, no")
    lid = item.attribute("lid")
    if not values.is_uuid(lid):
        findings.add(LOGICAL, item.element, value=lid, attribute=f"{item.kind.value}.logicalID")
    elif lid == item.id:
        findings.add(LOGICAL_SAME, item.element, value=lid)


def _additions(
    operations: list[Thing], inner: Mapping[str, Thing], items: Mapping[str, Thing], findings: Findings
) -> None:
    """The associations that are not operations themselves: each is submitted by one."""
    named = {one.attribute("targetObject") for one in operations}
    moving = {
        one.attribute("targetObject")
        for one in operations
        if one.attribute("targetObject") in items and _told(one, _PROPAGATION) != ["no"]
    }
    for name, one in inner.items():
        if name not in named:
            findings.add(NOT_SUBMITTED, one.element, value=name)
        elif {one.attribute("sourceObject"), one.attribute("targetObject")} & moving:
            findings.add(JOINED, one.element, value=name)


def _repeated(operations: list[Thing], items: Mapping[str, Thing], findings: Findings) -> None:
    seen: set[tuple[str, str]] = set()
    for attribute, name, one in _changed(operations, items):
        if (attribute, name) in seen:
            findings.add(TWICE, one.element, value=name, attribute=attribute)
        seen.add((attribute, name))


def _changed(operations: list[Thing], items: Mapping[str, Thing]) -> Iterator[tuple[str, str, Thing]]:
    """What each operation changes: the object of a new version by its ``lid``, that of a status by its id."""
    for one in operations:
        kind, target = one.attribute("associationType"), one.attribute("targetObject")
        if kind == AssociationType.UPDATE_STATUS:
            yield "availabilityStatus", target, one
        elif kind == AssociationType.HAS_MEMBER and target in items and items[target].attribute("lid"):
            yield "lid", items[target].attribute("lid"), one


def _told(one: Thing, slot: str) -> list[str]:
    return [value.text for value in one.values.get(slot, ())]
