"""What holds an object together: ids, the classifications and external identifiers in it, and what kind it is.

Sources: ITI TF-3 sections 4.2.1.2.1, 4.2.1.3.1, 4.2.3.1.2 to 4.2.3.1.5, 4.2.3.1.10, 4.2.5.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from gateway.model.document import ON_DEMAND, STABLE
from gateway.xds import constants as c
from gateway.xds.constants import rim
from gateway.xds.rules import classifications, values
from gateway.xds.rules.attributes import IDENTIFIERS, SLOTS, Context
from gateway.xds.rules.objects import Kind, Objects, Thing, localized
from gateway.xds.rules.rule import ERROR, RIM, TF3, WARNING, Findings, rule

ID_FORM = rule("id.form", ERROR, f"{TF3} 4.2.3.1.5", "L'id « {value} » {fault}.", "The id “{value}” {fault}.")
ID_TWICE = rule(
    "id.repeated",
    ERROR,
    f"{TF3} 4.2.3.1.5; {RIM} (anyURI id of each Identifiable)",
    "L'id « {value} » est donné à plusieurs objets du message.",
    "The id “{value}” is given to several objects of the message.",
)
ID_SYMBOLIC = rule(
    "id.symbolic",
    ERROR,
    f"{TF3} 4.2.3.1.5",
    "L'id « {value} » est symbolique : un registre ne répond que des urn:uuid.",
    "The id “{value}” is symbolic: a registry answers with urn:uuid alone.",
)
KIND = rule(
    "package.kind",
    ERROR,
    f"{TF3} 4.2.1.2.1 and 4.2.1.3.1",
    "Le RegistryPackage « {value} » ne se dit ni lot ni classeur, ou se dit les deux (classificationNode).",
    "The RegistryPackage “{value}” says neither SubmissionSet nor Folder, or says both (classificationNode).",
)
OBJECT_TYPE = rule(
    "object-type",
    ERROR,
    f"{TF3} 4.2.3.1.2, 4.2.3.1.3, 4.2.3.2.30",
    "objectType vaut « {value} » ; attendu : {expected}.",
    "objectType is “{value}”; expected: {expected}.",
)
OBJECT_TYPE_MISSING = rule(
    "object-type.missing",
    ERROR,
    f"{TF3} 4.2.3.1.2, 4.2.3.1.3",
    "objectType manque dans une réponse ; attendu : {expected}.",
    "objectType is missing in an answer; expected: {expected}.",
)
IDENTIFIER_SCHEME = rule(
    "identifier.scheme",
    ERROR,
    f"{TF3} 4.2.5",
    "L'identificationScheme « {value} » n'est pas de ceux d'un objet {attribute}.",
    "The identificationScheme “{value}” is not one of those of a {attribute}.",
)
IDENTIFIER_OWNER = rule(
    "identifier.owner",
    ERROR,
    f"{TF3} table 4.2.3.1.3-1",
    "registryObject « {value} » n'est pas l'id de l'objet qui contient l'identifiant ({expected}).",
    "registryObject “{value}” is not the id of the object that holds the identifier ({expected}).",
)
IDENTIFIER_NAME = rule(
    "identifier.name",
    ERROR,
    f"{TF3} table 4.2.3.1.3-1",
    "Le nom de l'identifiant est « {value} » ; attendu : {expected}.",
    "The name of the identifier is “{value}”; expected: {expected}.",
)
IDENTIFIER_NAMELESS = rule(
    "identifier.name.missing",
    ERROR,
    f"{TF3} table 4.2.3.1.3-1",
    "L'identifiant n'a pas de nom ; attendu : {expected}.",
    "The identifier has no name; expected: {expected}.",
)
SLOT_MISSPELT = rule(
    "slot.misspelt",
    ERROR,
    f"{TF3} 4.2.3.1.6",
    "Le Slot « {value} » ressemble à {expected} sans en être le nom.",
    "The slot “{value}” resembles {expected} and is not its name.",
)
SLOT_MISPLACED = rule(
    "slot.misplaced",
    ERROR,
    f"{TF3} tables 4.2.3.2-1, 4.2.3.3-1, 4.2.3.4-1",
    "Le Slot « {value} » n'est pas d'un objet {attribute} : il a sa place ailleurs.",
    "The slot “{value}” is not of a {attribute}: its place is elsewhere.",
)
SLOT_NOT_URN = rule(
    "slot.not-urn",
    WARNING,
    f"{TF3} 4.2.3.1.6 (extra metadata: the name shall be a URN)",
    "Le Slot supplémentaire « {value} » n'a pas pour nom une URN.",
    "The extra slot “{value}” does not have a URN as its name.",
)
SLOT_OF_IHE = rule(
    "slot.ihe",
    ERROR,
    f"{TF3} 4.2.3.1.6 (the prefix urn:ihe: shall not be used)",
    "Le Slot « {value} » prend le préfixe urn:ihe: sans être un attribut d'IHE.",
    "The slot “{value}” takes the prefix urn:ihe: and is no attribute of IHE.",
)
STATUS = rule(
    "status",
    ERROR,
    f"{TF3} 4.2.3.2.2, 4.2.3.3.2, 4.2.3.4.1",
    "status vaut « {value} » ; attendu : {expected}.",
    "status is “{value}”; expected: {expected}.",
)
STATUS_MISSING = rule(
    "status.missing",
    ERROR,
    f"{TF3} table 4.3.2.1-3 (availabilityStatus R)",
    "status (availabilityStatus) manque dans une réponse.",
    "status (availabilityStatus) is missing in an answer.",
)

AUTHOR_SLOTS = ("authorPerson", "authorInstitution", "authorRole", "authorSpecialty", "authorTelecommunication")
ASSOCIATION_SLOTS = frozenset(
    {"SubmissionSetStatus", "PreviousVersion", "OriginalStatus", "NewStatus", "AssociationPropagation"}
)
_UPDATE_SLOTS = frozenset({"PreviousVersion"})
_OF_SOMETHING = ASSOCIATION_SLOTS.union(*SLOTS.values(), AUTHOR_SLOTS, {"codingScheme"})
"""The slots of IHE, each of one kind of object, of an author or of a code."""
_APPROVED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"
_DEPRECATED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated"
_SUBMITTED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Submitted"
_DELETED = "urn:asip:ci-sis:2010:StatusType:Deleted"
STATUSES = {
    Kind.ENTRY: (_APPROVED, _DEPRECATED, _DELETED),
    Kind.SET: (_APPROVED,),
    Kind.FOLDER: (_APPROVED, _DEPRECATED),  # Metadata Update deprecates folders
    Kind.ASSOCIATION: (_APPROVED, _DEPRECATED),
    Kind.PACKAGE: (_APPROVED,),
}


def check(objects: Objects, context: Context, findings: Findings) -> None:
    """Every object's ids, classifications, identifiers, types, slots' names and status."""
    _ids(objects, context, findings)
    for package in [*objects.packages, *objects.sets, *objects.folders]:
        nodes = {c.SUBMISSION_SET_NODE, c.FOLDER_NODE} & set(package.nodes)
        if len(nodes) != 1:
            findings.add(KIND, package.element, value=package.id)
    for stray in objects.strays:
        findings.add(classifications.STRAY, stray, value=stray.get("classifiedObject", ""))
    for thing in objects.all:
        _types(thing, context, findings)
        classifications.check(thing, findings)
        for found in (*thing.classifications.values(), *thing.nodes.values()):
            for one in found:
                _fixed_type(one, context, findings)
        _identifiers(thing, context, findings)
        _slot_names(thing, context, findings)
        _status(thing, context, findings)


def _identified(objects: Objects) -> Iterator[etree._Element]:
    tags = ("RegistryPackage", "ExtrinsicObject", "Association", "Classification", "ExternalIdentifier")
    yield from objects.element.iter(*(rim(tag) for tag in tags))


def _ids(objects: Objects, context: Context, findings: Findings) -> None:
    seen: set[str] = set()
    attributed = {thing.element for thing in objects.all if thing.kind in (Kind.ENTRY, Kind.SET, Kind.FOLDER)}
    for element in _identified(objects):
        name = (element.get("id") or "").strip()
        if not name:
            continue
        if name in seen:
            findings.add(ID_TWICE, element, value=name)
        seen.add(name)
        fault = values.object_id(name)
        if fault and element not in attributed:  # theirs is an attribute of the table: entryUUID
            findings.add(ID_FORM, element, value=name, fault=fault)
        elif not fault and context.answers and not values.is_uuid(name):
            findings.add(ID_SYMBOLIC, element, value=name)
    pointed: set[str] = set()
    for reference in objects.references:
        name = (reference.get("id") or "").strip()
        if name and (fault := values.uuid(name)):
            findings.add(ID_FORM, reference, value=name, fault=fault)
        elif name and name in pointed and context.answers:
            findings.add(ID_TWICE, reference, value=name)
        pointed.add(name)


def _types(thing: Thing, context: Context, findings: Findings) -> None:
    stated = thing.attribute("objectType")
    if thing.kind is Kind.ENTRY:
        if stated and stated not in (STABLE, ON_DEMAND):
            expected = f"{STABLE} (stable), {ON_DEMAND} (on-demand)"
            findings.add(
                OBJECT_TYPE, thing.element, value=stated, expected=expected, attribute="DocumentEntry.objectType"
            )
        return
    _fixed_type(thing.element, context, findings)


def _fixed_type(element: etree._Element, context: Context, findings: Findings) -> None:
    expected = c.OBJECT_TYPE + etree.QName(element).localname
    stated = element.get("objectType")
    # "ebXML" stands so in an example of the standard itself (section 4.2.1.3.1)
    if stated is not None and stated.strip().replace("ebXML", "ebxml") != expected:
        findings.add(OBJECT_TYPE, element, value=stated, expected=expected)
    elif stated is None and context.answers:
        owned = etree.QName(element).localname in ("Classification", "ExternalIdentifier")
        if owned:
            findings.add(OBJECT_TYPE_MISSING, element, expected=expected)


def _identifiers(thing: Thing, context: Context, findings: Findings) -> None:
    for scheme, found in thing.identifiers.items():
        if scheme and scheme not in IDENTIFIERS[thing.kind] and thing.kind is not Kind.PACKAGE:
            findings.add(IDENTIFIER_SCHEME, found[0], value=scheme, attribute=thing.kind.value)
        for one in found:
            owner = (one.get("registryObject") or "").strip()
            if owner and owner != thing.id:
                findings.add(IDENTIFIER_OWNER, one, value=owner, expected=thing.id)
            expected, name = c.IDENTIFIER_NAMES.get(scheme, ""), localized(one, "Name")
            if expected and name and name != expected:
                findings.add(IDENTIFIER_NAME, one, value=name, expected=expected)
            elif expected and not name:
                findings.add(IDENTIFIER_NAMELESS, one, expected=expected)
            _fixed_type(one, context, findings)


def _slot_names(thing: Thing, context: Context, findings: Findings) -> None:
    known = ASSOCIATION_SLOTS if thing.kind is Kind.ASSOCIATION else SLOTS.get(thing.kind, frozenset()) | _UPDATE_SLOTS
    if thing.kind is Kind.ENTRY:
        known = known | {"submissionTime"}  # a French extension
    for name, found in thing.slots.items():
        if not name or name in known:
            continue
        if name in _OF_SOMETHING:
            findings.add(SLOT_MISPLACED, found[0], value=name, attribute=thing.kind.value)
        elif (near := next((one for one in known if one in name or values.resembles(name, one)), None)) is not None:
            findings.add(SLOT_MISSPELT, found[0], value=name, expected=near)
        elif name.lower().startswith("urn:ihe:"):
            findings.add(SLOT_OF_IHE, found[0], value=name)
        elif not values.is_urn(name):
            # what a registry answers it was given by somebody else
            # and IHE's own test messages have names that are almost one (urn:att)
            severity = ERROR if context.submits and not name.lower().startswith("urn:") else None
            findings.add(SLOT_NOT_URN, found[0], value=name, severity=severity)


def _status(thing: Thing, context: Context, findings: Findings) -> None:
    stated = thing.attribute("status")
    allowed = STATUSES[thing.kind]
    if context.answers:
        if not stated:
            findings.add(STATUS_MISSING, thing.element)
        elif stated not in allowed:
            findings.add(STATUS, thing.element, value=stated, expected=", ".join(allowed))
    elif stated and stated not in (*allowed, _SUBMITTED):
        # what is submitted is ignored (section 4.2.3.2.2)
        findings.add(STATUS, thing.element, value=stated, expected=", ".join(allowed), severity=WARNING)
