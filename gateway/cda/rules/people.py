"""The people and organisations of the header: authors, signatories, custodian, participants, recipients, encounter.

Source: CI-SIS "Structuration minimale des documents de santé", one section for each; 001 section 3.2 for the
organisation of the author. Where the validator applies a rule to some instances only (an informant that is a related
entity, a sector code that is in its value set), ``official`` does the same.
"""

from __future__ import annotations

from lxml import etree

from gateway import valuesets as sets
from gateway.cda.elements import attribute
from gateway.cda.rules.constraints import Owner, attributes, children, from_set
from gateway.cda.rules.engine import Book, Context, Model, step_name
from gateway.cda.rules.looking import find, kids
from gateway.cda.rules.vocabulary import is_null, known, set_shown, shown
from gateway.model.identifiers import ORGANIZATION_OID, PROFESSIONAL_OID

BOOK = Book("people")

_CD = "ClinicalDocument"
_SM = "CI-SIS Structuration minimale, {}"
_DMP = "1.2.250.1.213.4.1"
"""The DMP itself as custodian."""

_RELATIONS = ("ECON", "NOK", "CON", "CAREGIVER", "PAT")
_AUTHOR = f"{_CD}/author"
_ASSIGNED = f"{_AUTHOR}/assignedAuthor"
_LEGAL = f"{_CD}/legalAuthenticator"
_AUTHENTICATOR = f"{_CD}/authenticator"
_PARTICIPANT = f"{_CD}/participant"
_INFORMANT = f"{_CD}/informant"
_RECIPIENT = f"{_CD}/informationRecipient/intendedRecipient"
_CUSTODIAN = f"{_CD}/custodian/assignedCustodian/representedCustodianOrganization"
_EVENT = f"{_CD}/documentationOf/serviceEvent"
_PERFORMER = f"{_EVENT}/performer/assignedEntity"
_ENCOUNTER = f"{_CD}/componentOf/encompassingEncounter"
_PRACTITIONERS = (
    f"{_ENCOUNTER}/responsibleParty/assignedEntity",
    f"{_ENCOUNTER}/encounterParticipant/assignedEntity",
)

AUTHOR, LEGAL = Owner("L'auteur", "The author"), Owner("Le responsable du document", "The legal authenticator")
PARTICIPANT = Owner("Le participant", "The participant")

# authors
children(BOOK, "A-2b", _AUTHOR, "time", AUTHOR, _SM.format("author/time [1..1]"))
attributes(BOOK, "A-2c", f"{_AUTHOR}/time", "value", AUTHOR, _SM.format("author/time/@value"))
children(BOOK, "A-2d", _AUTHOR, "assignedAuthor", AUTHOR, _SM.format("assignedAuthor [1..1]"), null=False)
attributes(
    BOOK,
    "A-2e",
    f"{_AUTHOR}/functionCode",
    "code codeSystem",
    Owner("Rôle fonctionnel de l'auteur", "Function of the author"),
    _SM.format("author/functionCode: code and codeSystem"),
)
from_set(
    BOOK,
    "A-2f",
    (f"{_AUTHOR}/functionCode", f"{_PARTICIPANT}/functionCode"),
    sets.FUNCTION_CODE,
    Owner("Rôle fonctionnel", "Function"),
    _SM.format("functionCode: JDV_J47"),
)
children(BOOK, "A-3", _ASSIGNED, "id", AUTHOR, _SM.format("assignedAuthor/id [1..*]"), most=None)
attributes(
    BOOK,
    "A-3b",
    f"{_ASSIGNED}/id",
    "root extension",
    Owner("Identifiant de l'auteur", "Identifier of the author"),
    _SM.format("assignedAuthor/id: root and extension"),
)
attributes(
    BOOK,
    "A-3c",
    f"{_ASSIGNED}/code",
    "code codeSystem displayName",
    Owner("Profession de l'auteur", "Profession of the author"),
    _SM.format("assignedAuthor/code: code, codeSystem, displayName"),
)
from_set(
    BOOK,
    "A-3d",
    (
        f"{_ASSIGNED}/code",
        f"{_LEGAL}/assignedEntity/code",
        f"{_PARTICIPANT}/associatedEntity/code",
        f"{_PERFORMER}/code",
    ),
    sets.AUTHOR_SPECIALTY,
    Owner("Profession", "Profession"),
    _SM.format("code: profession and specialty, JDV_J01"),
)
from_set(
    BOOK,
    "A-3e",
    (
        f"{_AUTHENTICATOR}/assignedEntity/code",
        f"{_INFORMANT}/assignedEntity/code",
        f"{_CD}/dataEnterer/assignedEntity/code",
        *(f"{one}/code" for one in _PRACTITIONERS),
    ),
    sets.AUTHOR_SPECIALTY,
    Owner("Profession", "Profession"),
    _SM.format("code: profession and specialty, JDV_J01"),
    official=None,
)
SECTION_AUTHOR = BOOK.rule(
    "A-3f",
    "Profession de l'auteur : « {value} » n'est pas dans {expected}.",
    "Profession of the author: “{value}” is not in {expected}.",
    source="CI-SIS Modèles de contenus CDA, author/assignedAuthor/code: JDV_J01 or nullFlavor",
)
_DEVICE = f"{_ASSIGNED}/assignedAuthoringDevice"
_SYSTEM = Owner("Le système auteur", "The authoring system")
children(BOOK, "A-3g", _DEVICE, "manufacturerModelName", _SYSTEM, _SM.format("assignedAuthoringDevice"))
children(BOOK, "A-3h", _DEVICE, "softwareName", _SYSTEM, _SM.format("assignedAuthoringDevice"))

# who informs
INFORMANT = BOOK.rule(
    "A-5",
    "Un informateur est un professionnel (assignedEntity), ou un proche (relatedEntity) avec une personne.",
    "An informant is a professional (assignedEntity), or a relation (relatedEntity) with a person.",
    source=_SM.format("informant: assignedEntity or relatedEntity[relatedPerson]"),
)
RELATION_CLASS = BOOK.rule(
    "A-5b",
    "Le lien « {value} » d'un proche n'est pas permis (attendu : {expected}).",
    "The relation “{value}” of an informant is not allowed (expected: {expected}).",
    source=_SM.format("relatedEntity/@classCode: ECON, NOK, CON, CAREGIVER, PAT"),
)
_RELATED = Owner("Lien du proche", "Relation of the informant")
attributes(
    BOOK,
    "A-5c",
    f"{_INFORMANT}/relatedEntity/code",
    "code codeSystem displayName",
    _RELATED,
    _SM.format("relatedEntity/code: code, codeSystem, displayName"),
)
from_set(
    BOOK, "A-5d", f"{_INFORMANT}/relatedEntity/code", sets.RELATION, _RELATED, _SM.format("relatedEntity/code: JDV_J11")
)  # fmt: skip
children(
    BOOK,
    "A-5e",
    f"{_INFORMANT}/assignedEntity",
    "id",
    Owner("L'informateur", "The informant"),
    _SM.format("informant/assignedEntity/id [1..1]"),
)

# custodian
children(
    BOOK,
    "A-6b",
    _CUSTODIAN,
    "id",
    Owner("L'organisation conservatrice", "The custodian"),
    _SM.format("custodian id [1..1]"),
    null=False,
)
CUSTODIAN_ROOT = BOOK.rule(
    "A-6c",
    "L'organisation conservatrice doit être identifiée sous {expected}, non sous « {value} ».",
    "The custodian must be identified under {expected}, not under “{value}”.",
    source=_SM.format("representedCustodianOrganization/id: 1.2.250.1.71.4.2.2, or 1.2.250.1.213.4.1 (DMP)"),
)

# who signs
children(BOOK, "A-7b", _LEGAL, "time", LEGAL, _SM.format("legalAuthenticator/time [1..1]"))
attributes(
    BOOK,
    "A-7c",
    (f"{_LEGAL}/time", f"{_AUTHENTICATOR}/time"),
    "value",
    Owner("Date de signature", "Time of signature"),
    _SM.format("legalAuthenticator/time/@value, authenticator/time/@value"),
)
children(BOOK, "A-7d", f"{_LEGAL}/assignedEntity", "id", LEGAL, _SM.format("assignedEntity/id [1..1]"), null=False)
attributes(
    BOOK,
    "A-7e",
    f"{_LEGAL}/assignedEntity/id",
    "root extension",
    Owner("Identifiant du responsable", "Identifier of the legal authenticator"),
    _SM.format("legalAuthenticator/assignedEntity/id: root and extension"),
    null=True,
)
LEGAL_ONE = BOOK.rule(
    "A-7",
    "Le document doit avoir un responsable (legalAuthenticator), et un seul, avec signatureCode S.",
    "The document must have one legalAuthenticator, and only one, with signatureCode S.",
    source=_SM.format("legalAuthenticator [1..1], signatureCode S"),
)
SIGNATURE = BOOK.rule(
    "A-8",
    "signatureCode doit valoir S.",
    "signatureCode must be S.",
    source=_SM.format("authenticator/signatureCode: S"),
    official=None,
)
AUTHENTICATOR_ID = BOOK.rule(
    "A-8b",
    "{name} : il faut exactement un identifiant national de professionnel (1.2.250.1.71.4.2.1) avec son extension.",
    "{name}: exactly one national identifier of a professional (1.2.250.1.71.4.2.1) with its extension is needed.",
    source=_SM.format("authenticator, responsibleParty, encounterParticipant: assignedEntity/id"),
)

# participants
children(BOOK, "A-9b", _PARTICIPANT, "time", PARTICIPANT, _SM.format("participant/time [1..1]"))
children(BOOK, "A-9c", _PARTICIPANT, "templateId", PARTICIPANT, _SM.format("participant/templateId [0..1]"), least=0)
children(BOOK, "A-9d", f"{_PARTICIPANT}/associatedEntity", "id", PARTICIPANT, _SM.format("id [0..1]"), least=0)
attributes(
    BOOK,
    "A-9e",
    f"{_PARTICIPANT}/associatedEntity/id",
    "root extension",
    Owner("Identifiant du participant", "Identifier of the participant"),
    _SM.format("participant/associatedEntity/id: root and extension"),
)
attributes(
    BOOK,
    "A-9f",
    f"{_PARTICIPANT}/associatedEntity/code",
    "code codeSystem displayName",
    Owner("Profession du participant", "Profession of the participant"),
    _SM.format("participant/associatedEntity/code"),
)
PARTICIPATION = BOOK.rule(
    "A-9",
    "Le type de participation « {value} » n'est pas dans {expected}.",
    "The type of participation “{value}” is not in {expected}.",
    source=_SM.format("participant/@typeCode: JDV_J144"),
)
PARTICIPANT_CLASS = BOOK.rule(
    "A-9g",
    "Le participant est PROV (professionnel) ou AGNT (organisation), non « {value} ».",
    "The participant is PROV (professional) or AGNT (organisation), not “{value}”.",
    source=_SM.format("associatedEntity/@classCode: PROV, AGNT"),
)
NOBODY = BOOK.rule(
    "A-3o",
    "L'auteur n'est ni une personne (assignedPerson) ni un système (assignedAuthoringDevice).",
    "The author is neither a person (assignedPerson) nor a system (assignedAuthoringDevice).",
    source=_SM.format("author/assignedAuthor: assignedPerson or assignedAuthoringDevice"),
    official=None,
)
RECIPIENT = BOOK.rule(
    "A-10",
    "L'identifiant du destinataire doit avoir une extension.",
    "The identifier of the recipient must have an extension.",
    source=_SM.format("intendedRecipient/id: 1.2.250.1.71.4.2.1 with its extension"),
)


@BOOK.element("author")
def author_of_part(element: etree._Element, context: Context) -> None:
    """An author anywhere, a section's too: the profession is of the value set or null."""
    code = find(element, "assignedAuthor/code")
    if code is None or is_null(code) or context.model is Model.OTHER:
        return
    if not known(sets.AUTHOR_SPECIALTY, attribute(code, "code"), attribute(code, "codeSystem") or "none"):
        expected = set_shown(sets.AUTHOR_SPECIALTY)
        context.say(SECTION_AUTHOR, code, at="@code", value=shown(code), expected=expected)


@BOOK.at(f"{_CD}/author/assignedAuthor")
def somebody(element: etree._Element, context: Context) -> None:
    if find(element, "assignedPerson") is None and find(element, "assignedAuthoringDevice") is None:
        context.say(NOBODY, element, at="assignedPerson")


@BOOK.at(_INFORMANT)
def informant(element: etree._Element, context: Context) -> None:
    related = find(element, "relatedEntity")
    if related is None:
        return
    if find(related, "relatedPerson") is None:
        context.say(INFORMANT, related, at="relatedPerson")
    elif related.get("classCode") not in _RELATIONS:
        context.say(RELATION_CLASS, related, at="@classCode", expected=" ".join(_RELATIONS))


@BOOK.at(f"{_CUSTODIAN}/id")
def custodian(element: etree._Element, context: Context) -> None:
    if not is_null(element) and attribute(element, "root") not in (ORGANIZATION_OID, _DMP):
        context.say(CUSTODIAN_ROOT, element, at="@root", expected=f"{ORGANIZATION_OID}, {_DMP}")


@BOOK.at(_CD)
def signed(root: etree._Element, context: Context) -> None:
    legal = kids(root, "legalAuthenticator")
    signatures = [attribute(find(one, "signatureCode"), "code") for one in legal]
    if signatures.count("S") != 1 or (not context.official and len(legal) != 1):
        context.say(LEGAL_ONE, root, at="legalAuthenticator", value=" ".join(signatures))


@BOOK.at(_AUTHENTICATOR)
def authenticator(element: etree._Element, context: Context) -> None:
    if attribute(find(element, "signatureCode"), "code") == "S":
        _practitioner(element, context)
    else:
        context.say(SIGNATURE, element, at="signatureCode/@code")
        if not context.official:
            _practitioner(element, context)


@BOOK.at(f"{_ENCOUNTER}/responsibleParty", f"{_ENCOUNTER}/encounterParticipant")
def practitioner(element: etree._Element, context: Context) -> None:
    _practitioner(element, context)


def _practitioner(element: etree._Element, context: Context) -> None:
    ids = [one for one in kids(element, "assignedEntity/id") if attribute(one, "root") == PROFESSIONAL_OID]
    if len(ids) != 1 or not ids[0].get("extension"):
        context.say(AUTHENTICATOR_ID, element, at="assignedEntity/id", name=step_name(element))


@BOOK.at(_PARTICIPANT)
def participant(element: etree._Element, context: Context) -> None:
    kind = element.get("typeCode", "")
    if kind and not known(sets.PARTICIPATION, kind):
        context.say(PARTICIPATION, element, at="@typeCode", expected=set_shown(sets.PARTICIPATION))
    entity = find(element, "associatedEntity")
    if entity is not None and entity.get("classCode") and entity.get("classCode") not in ("PROV", "AGNT"):
        context.say(PARTICIPANT_CLASS, entity, at="@classCode")


@BOOK.at(f"{_RECIPIENT}/id")
def recipient(element: etree._Element, context: Context) -> None:
    if is_null(element):
        return
    if not element.get("extension") and (attribute(element, "root") == PROFESSIONAL_OID or not context.official):
        context.say(RECIPIENT, element, at="@extension")
