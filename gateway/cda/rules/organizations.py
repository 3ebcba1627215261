"""The national identifiers of people and structures, and the organisations of the header.

Sources: CI-SIS "Structuration minimale" (representedOrganization and the like), CI-SIS "Modèles de contenus CDA"
(people and structures: PS_IdNat, Struct_IdNat). The validator looks at a sector code only when it is one of
the value set, except for performers and signatories.
"""

from __future__ import annotations

import re

from lxml import etree

from gateway import valuesets as sets
from gateway.cda.elements import attribute, path
from gateway.cda.rules.constraints import Owner, children
from gateway.cda.rules.engine import WARNING, Book, Context, step_name
from gateway.cda.rules.looking import find, kids
from gateway.cda.rules.vocabulary import is_null, known, set_shown, shown
from gateway.model.identifiers import ORGANIZATION_OID, PROFESSIONAL_OID

BOOK = Book("organisations")

_CD = "ClinicalDocument"
_SM = "CI-SIS Structuration minimale, {}"
_ENCOUNTER = f"{_CD}/componentOf/encompassingEncounter"
_PROFESSIONAL = re.compile(r"8[0-9]{11}|[013456][0-9A-Za-z/.\-]{4,}", re.ASCII)
_ORGANIZATION = re.compile(r"1[0-9][0-9AB][0-9]{7}|3[0-9]{14}|[0245][0-9A-Za-z/.\-]{4,}", re.ASCII)
_ASSIGNED_SECTOR = f"{_CD}/documentationOf/serviceEvent/performer/assignedEntity/representedOrganization"
PROFESSIONAL_FORM = BOOK.rule(
    "A-3i",
    "L'identifiant « {value} » n'a pas la forme d'un identifiant national de professionnel (8 suivi des 11 chiffres du"
    " RPPS, ou 0, 1, 3, 5, 6 suivi d'un autre).",
    "The identifier “{value}” does not have the form of a national identifier of a professional (8 then the 11 digits"
    " of the RPPS, or 0, 1, 3, 5, 6 then another).",
    source="CI-SIS Modèles de contenus CDA, people: PS_IdNat under 1.2.250.1.71.4.2.1",
    spec=WARNING,
    official=None,
)
RPPS = BOOK.rule(
    "A-3m",
    "L'identifiant RPPS « {value} » n'est pas 8 suivi de 11 chiffres.",
    "The RPPS identifier “{value}” is not 8 followed by 11 digits.",
    source="CI-SIS Modèles de contenus CDA, people: PS_IdNat of type 8, 11 digits of the RPPS",
    official=None,
)
ORGANIZATION_FORM = BOOK.rule(
    "A-4b",
    "L'identifiant « {value} » n'a pas la forme d'un identifiant national de structure (1 suivi des 9 caractères du"
    " FINESS, 3 des 14 chiffres du SIRET, ou 0, 2, 4 suivi d'un autre).",
    "The identifier “{value}” does not have the form of a national identifier of a structure (1 then the 9 characters"
    " of the FINESS, 3 then the 14 digits of the SIRET, or 0, 2, 4 then another).",
    source="CI-SIS Modèles de contenus CDA, structures: Struct_IdNat under 1.2.250.1.71.4.2.2",
    spec=WARNING,
    official=None,
)
ORGANIZATION_ID = BOOK.rule(
    "A-4c",
    "Un identifiant national de structure (1.2.250.1.71.4.2.2) doit avoir une extension.",
    "A national identifier of a structure (1.2.250.1.71.4.2.2) must have an extension.",
    source=_SM.format("representedOrganization/id: root and extension"),
)
_ORGANIZATIONS = {
    "author": f"{_CD}/author/assignedAuthor/representedOrganization",
    "legalAuthenticator": f"{_CD}/legalAuthenticator/assignedEntity/representedOrganization",
    "authenticator": f"{_CD}/authenticator/assignedEntity/representedOrganization",
    "informant": f"{_CD}/informant/assignedEntity/representedOrganization",
    "performer": f"{_CD}/documentationOf/serviceEvent/performer/assignedEntity/representedOrganization",
    "recipient": f"{_CD}/informationRecipient/intendedRecipient/receivedOrganization",
    "encounter": f"{_ENCOUNTER}/responsibleParty/assignedEntity/representedOrganization",
    "participant of the encounter": f"{_ENCOUNTER}/encounterParticipant/assignedEntity/representedOrganization",
    "guardian": f"{_CD}/recordTarget/patientRole/patient/guardian/guardianOrganization",
}
ORGANIZATION = Owner("L'organisation", "The organisation")
children(
    BOOK,
    "A-4d",
    _ORGANIZATIONS.values(),
    "name",
    ORGANIZATION,
    _SM.format("representedOrganization/name [0..1]"),
    least=0,
)
children(
    BOOK,
    "A-4e",
    f"{_CD}/participant/associatedEntity/scopingOrganization",
    "name",
    ORGANIZATION,
    _SM.format("scopingOrganization/name [0..1]"),
    least=0,
)
children(
    BOOK,
    "A-4f",
    f"{_CD}/participant/associatedEntity/scopingOrganization",
    "id",
    ORGANIZATION,
    _SM.format("scopingOrganization/id [0..1]"),
    least=0,
)
NATIONAL = BOOK.rule(
    "A-3k",
    "Un identifiant national (racine {value}) n'est rien sans son extension.",
    "A national identifier (root {value}) is nothing without its extension.",
    source="CI-SIS Modèles de contenus CDA, people and structures: root and extension",
    official=None,
)
SWAPPED = BOOK.rule(
    "A-3n",
    "L'identifiant « {value} » n'est pas celui d'un élément {expected} : sa racine est d'une autre sorte.",
    "The identifier “{value}” is not that of an element {expected}: its root is of another kind.",
    source="CI-SIS Modèles de contenus CDA: PS_IdNat under 1.2.250.1.71.4.2.1, Struct_IdNat under 1.2.250.1.71.4.2.2",
    official=None,
)
SECTOR = BOOK.rule(
    "A-4g",
    "Le cadre d'exercice « {value} » n'est pas dans {expected}.",
    "The sector of activity “{value}” is not in {expected}.",
    source=_SM.format("standardIndustryClassCode: JDV_J04, with codeSystem and displayName"),
)
SECTOR_ESCAPES = BOOK.rule(
    "A-4h",
    "Le cadre d'exercice « {value} » n'est pas dans {expected} (le validateur officiel ne le voit pas ici).",
    "The sector of activity “{value}” is not in {expected} (the official validator does not see it here).",
    source=_SM.format("standardIndustryClassCode: JDV_J04"),
    official=None,
)
SECTOR_PARTS = BOOK.rule(
    "A-4i",
    "Cadre d'exercice : il manque l'attribut {name}.",
    "Sector of activity: the attribute {name} is missing.",
    source=_SM.format("standardIndustryClassCode: code, codeSystem, displayName"),
)

_LEGAL = path("legalAuthenticator")
_PATIENT = path("patientRole")
_STRUCTURES = frozenset(
    path(name)
    for name in (
        "representedOrganization",
        "representedCustodianOrganization",
        "receivedOrganization",
        "scopingOrganization",
        "providerOrganization",
        "serviceProviderOrganization",
        "guardianOrganization",
        "healthCareFacility",
    )
)
_PERSONS = {
    path("assignedAuthor"): "assignedPerson",
    path("assignedEntity"): "assignedPerson",
    path("intendedRecipient"): "informationRecipient",
}
"""Roles of people, each with the element that says that it is a person."""
_STRICT = ("legalAuthenticator", "informant", "performer")
"""Where the validator looks at every sector code; elsewhere one outside the value set escapes it."""


@BOOK.element("id")
def national(element: etree._Element, context: Context) -> None:
    root = context.stated.get("root")
    if root not in (PROFESSIONAL_OID, ORGANIZATION_OID):
        return
    extension = context.stated.get("extension")
    _of_its_owner(element, context)
    if root == PROFESSIONAL_OID and not context.official:
        context.collected["professional"].append(element)
    if not extension:
        context.say(NATIONAL, element, at="@extension", value=root)
        return
    if root == PROFESSIONAL_OID and not _PROFESSIONAL.fullmatch(extension):
        context.say(RPPS if extension.startswith("8") else PROFESSIONAL_FORM, element, at="@extension")
    elif root == ORGANIZATION_OID and not _ORGANIZATION.fullmatch(extension):
        context.say(ORGANIZATION_FORM, element, at="@extension")


def _of_its_owner(element: etree._Element, context: Context) -> None:
    """A person does not bear the number of a structure, nor a structure or a patient that of a professional.

    A structure numbered 8 and an RPPS stays as it is: official samples name a practice so.
    """
    owner = element.getparent()
    if owner is None:
        return
    tag, is_of_structure = str(owner.tag), element.get("root") == ORGANIZATION_OID
    if tag in _STRUCTURES:
        wrong = not is_of_structure
    elif tag in _PERSONS:
        wrong = is_of_structure and find(owner, _PERSONS[tag]) is not None
    else:
        wrong = tag == _PATIENT
    if wrong:
        value = f"{element.get('root')} {element.get('extension', '')}".strip()
        context.say(SWAPPED, element, value=value, expected=step_name(owner))


@BOOK.at(*(f"{one}/id" for one in _ORGANIZATIONS.values()))
def organization(element: etree._Element, context: Context) -> None:
    if attribute(element, "root") == ORGANIZATION_OID and not element.get("extension"):
        context.say(ORGANIZATION_ID, element, at="@extension")


@BOOK.element("section")
def sector_of_addendum(element: etree._Element, context: Context) -> None:
    """The author of a section too; the validator looks at those of the header alone."""
    if not context.official:
        for code in kids(element, "author/assignedAuthor/representedOrganization/standardIndustryClassCode"):
            _sector(code, context, strict=False)


@BOOK.at(*(f"{_ORGANIZATIONS[one]}/standardIndustryClassCode" for one in _STRICT))
def sector(element: etree._Element, context: Context) -> None:
    _sector(element, context, strict=True)


@BOOK.at(*(f"{where}/standardIndustryClassCode" for one, where in _ORGANIZATIONS.items() if one not in _STRICT))
def sector_elsewhere(element: etree._Element, context: Context) -> None:
    _sector(element, context, strict=False)


_UNSEEN = (
    f"{_CD}/dataEnterer/assignedEntity/representedOrganization",
    f"{_CD}/participant/associatedEntity/scopingOrganization",
    f"{_CD}/recordTarget/patientRole/providerOrganization",
    f"{_ENCOUNTER}/location/healthCareFacility/serviceProviderOrganization",
)
"""Where the validator looks at no sector code."""


@BOOK.at(*(f"{where}/standardIndustryClassCode" for where in _UNSEEN))
def sector_unseen(element: etree._Element, context: Context) -> None:
    if not context.official:
        _sector(element, context, strict=False)


def _sector(element: etree._Element, context: Context, *, strict: bool) -> None:
    if is_null(element):
        return
    code, system = element.get("code", ""), element.get("codeSystem", "")
    by_code_alone = context.official and strict
    right = known(sets.PRACTICE_SETTING, code, "" if by_code_alone else system or "none")
    if element.get("code") and not right:
        rule = SECTOR if strict else SECTOR_ESCAPES
        context.say(rule, element, at="@code", value=shown(element), expected=set_shown(sets.PRACTICE_SETTING))
    signed = context.official and any(above.tag == _LEGAL for above in element.iterancestors())
    if (strict or right) and not signed:
        for name in ("code", "codeSystem", "displayName"):
            if not element.get(name):
                context.say(SECTOR_PARTS, element, at=f"@{name}", name=name)
