"""The patient: identifiers with the national identity (INS), traits, address, representative, place of birth.

Sources: CI-SIS "Structuration minimale", recordTarget; ANS "Référentiel INS" and "RNIV" (traits; form and key of the
matricule). The official validator looks for the traits, never at the matricule itself.
"""

from __future__ import annotations

import re

from lxml import etree

from gateway import valuesets as sets
from gateway.cda.elements import attribute, text_of
from gateway.cda.rules.constraints import Owner, attributes, children, from_set
from gateway.cda.rules.engine import WARNING, Book, Context
from gateway.cda.rules.looking import find, kids
from gateway.cda.rules.vocabulary import is_null, letters
from gateway.model.identifiers import INS_OIDS, ins_key_is_right
from gateway.model.times import Timestamp

BOOK = Book("patient")

_ROLE = "ClinicalDocument/recordTarget/patientRole"
_PATIENT = f"{_ROLE}/patient"
_SM = "CI-SIS Structuration minimale, recordTarget: {}"
_INS = "ANS Référentiel INS: {}"
_SUBJECT = Owner("Le patient", "The patient")
_INSEE = re.compile(r"[0-9][0-9AB][0-9]{3}", re.ASCII)
_SEX = {"M": "137", "F": "248"}
"""First digit of a matricule by sex: 1 and 2, 3 and 4 for people being registered, 7 and 8 for temporary ones."""

children(
    BOOK,
    "P-0b",
    "ClinicalDocument/recordTarget",
    "patientRole",
    Owner("recordTarget", "recordTarget"),
    _SM.format("patientRole [1..1]"),
)
children(BOOK, "P-0c", _ROLE, "patient", Owner("patientRole", "patientRole"), _SM.format("patient [1..1]"), null=False)
children(BOOK, "P-1", _ROLE, "id", _SUBJECT, _SM.format("id [1..*]"), most=None, null=False)
attributes(
    BOOK,
    "P-1b",
    f"{_ROLE}/id",
    "root extension",
    Owner("Identifiant du patient", "Identifier of the patient"),
    _SM.format("id: root and extension"),
    null=True,
)
children(BOOK, "P-3", _PATIENT, "name", _SUBJECT, _SM.format("name [1..1]"), null=False)
children(BOOK, "P-4", _PATIENT, "administrativeGenderCode", _SUBJECT, _SM.format("administrativeGenderCode [1..1]"))
children(BOOK, "P-5", _PATIENT, "birthTime", _SUBJECT, _SM.format("birthTime [1..1]"))
children(BOOK, "P-9", _PATIENT, "birthplace", _SUBJECT, _SM.format("birthplace [0..1]"), least=0)
_NAME = Owner("Le nom du patient", "The name of the patient")
children(BOOK, "P-3b", f"{_PATIENT}/name", "given", _NAME, _SM.format("given [1..*]"), most=None, null=False)
children(BOOK, "P-3c", f"{_PATIENT}/name", "family", _NAME, _SM.format("family [1..*]"), most=None, null=False)
children(BOOK, "P-3d", f"{_PATIENT}/name", "prefix", _NAME, _SM.format("prefix [0..1]"), least=0)
children(BOOK, "P-3e", f"{_PATIENT}/name", "suffix", _NAME, _SM.format("suffix [0..1]"), least=0)
attributes(
    BOOK, "P-4b", f"{_PATIENT}/administrativeGenderCode", "code", Owner("Sexe", "Sex"), _SM.format("code: JDV_J143")
)  # fmt: skip
from_set(
    BOOK,
    "P-4c",
    f"{_PATIENT}/administrativeGenderCode",
    sets.GENDER,
    Owner("Sexe", "Sex"),
    _SM.format("administrativeGenderCode: JDV_J143"),
    by_system=True,
)
attributes(
    BOOK, "P-5b", f"{_PATIENT}/birthTime", "value", Owner("Date de naissance", "Date of birth"), _SM.format("birthTime")
)  # fmt: skip

TRAIT = BOOK.rule(
    "P-2",
    "Le patient a une INS : il manque {name}.",
    "The patient has a national identity (INS): {name} is missing.",
    source=_INS.format("an INS goes with its traits: birth family name, first birth given name, list of birth given")
    + " names, sex, date of birth, INSEE code of the place of birth",
)
INS_FORM = BOOK.rule(
    "P-2b",
    "Le matricule INS n'a pas la forme attendue (13 caractères puis une clé de 2 chiffres).",
    "The matricule INS does not have its form (13 characters, then a key of 2 digits).",
    source=_INS.format("matricule, 13 characters (the department may be 2A or 2B) and key"),
    official=None,
)
INS_KEY = BOOK.rule(
    "P-2c",
    "La clé du matricule INS est fausse (97 moins le reste de la division du numéro par 97).",
    "The key of the matricule INS is wrong (97 minus the number modulo 97).",
    source=_INS.format("key of the matricule (INSEE)"),
    official=None,
)
INS_TWICE = BOOK.rule(
    "P-2d",
    "Le patient a plusieurs INS : une seule est permise.",
    "The patient has several national identities (INS): one is allowed.",
    source=_INS.format("one INS a person"),
    official=None,
)
INS_AGREES = BOOK.rule(
    "P-2e",
    "Le matricule INS ne va pas avec {name} du patient.",
    "The matricule INS does not go with the {name} of the patient.",
    source=_INS.format("composition of the matricule: sex, year and month of birth"),
    spec=WARNING,
    official=None,
)
INSEE = BOOK.rule(
    "P-2f",
    "Le code INSEE du lieu de naissance « {value} » n'a pas 5 caractères de la forme attendue.",
    "The INSEE code of the place of birth “{value}” does not have 5 characters of its form.",
    source=_INS.format("place of birth: INSEE code of the commune or country (99nnn)"),
    official=None,
)
TEST_EXTENSION = BOOK.rule(
    "P-1c",
    "L'extension d'un identifiant du patient est vide.",
    "The extension of an identifier of the patient is empty.",
    source=_SM.format("id: extension not empty"),
)
QUALIFIER = BOOK.rule(
    "P-3f",
    "Le qualificatif « {value} » d'un {name} n'est pas permis : BR (naissance) ou CL (utilisé).",
    "The qualifier “{value}” of a {name} is not allowed: BR (birth) or CL (used).",
    source=_SM.format("name: qualifier BR or CL (RNIV)"),
)
QUALIFIER_MISSING = BOOK.rule(
    "P-3g",
    "Un nom de famille du patient n'a pas de qualificatif (BR ou CL).",
    "A family name of the patient has no qualifier (BR or CL).",
    source=_SM.format("name/family/@qualifier"),
)
NAME_TWICE = BOOK.rule(
    "P-3h",
    "Le patient a plusieurs {name}.",
    "The patient has several of {name}.",
    source="ANS RNIV: one list of given names, one used family name, one used given name",
    spec=WARNING,
    official=None,
)
BIRTH_NAME_TWICE = BOOK.rule(
    "P-3j",
    "Le patient a plusieurs {name} de naissance : on ne sait pas lequel est le sien.",
    "The patient has several birth {name} names: nobody knows which is the right one.",
    source="ANS RNIV: one birth family name, one first birth given name",
    official=None,
)
FIRST_GIVEN = BOOK.rule(
    "P-3i",
    "Le premier prénom de naissance « {value} » ne commence pas la liste des prénoms « {expected} ».",
    "The first birth given name “{value}” does not begin the list of given names “{expected}”.",
    source="ANS RNIV: the first birth given name is the first of the list",
    official=None,
)
GUARDIAN = BOOK.rule(
    "P-8",
    "Le représentant du patient doit être une personne avec un nom de famille, ou une organisation.",
    "The representative of the patient must be a person with a family name, or an organisation.",
    source=_SM.format("guardian: guardianPerson/name/family or guardianOrganization"),
)
GUARDIAN_PARTS = BOOK.rule(
    "P-8b",
    "Le nom du représentant a trop de {name} : {value} (au plus {expected}).",
    "The name of the representative has too many of {name}: {value} (at most {expected}).",
    source=_SM.format("guardian/guardianPerson/name: family [1..3], prefix [0..1]"),
)
GUARDIAN_QUALIFIER = BOOK.rule(
    "P-8c",
    "Le qualificatif « {value} » d'un nom de famille du représentant n'est pas un code.",
    "The qualifier “{value}” of a family name of the representative is no code.",
    source=_SM.format("guardian/guardianPerson/name/family/@qualifier: one code"),
)
_GUARDIAN_PARTS = {"family": 3, "prefix": 1}
BIRTH_IN_FUTURE = BOOK.rule(
    "P-5c",
    "Le patient est né ({value}) après le document ({expected}).",
    "The patient was born ({value}) after the document ({expected}).",
    source=_SM.format("birthTime; plain sense"),
    official=None,
)

TOO_OLD = BOOK.rule(
    "P-5d",
    "Le patient, né en {value}, aurait plus de {expected} ans à la date du document.",
    "The patient, born in {value}, would be more than {expected} years old at the date of the document.",
    source=_SM.format("birthTime; plain sense"),
    official=None,
)
_OLDEST_YEARS = 150


@BOOK.at(_ROLE)
def national_identity(role: etree._Element, context: Context) -> None:
    found = [one for one in kids(role, "id") if attribute(one, "root") in INS_OIDS]
    if not found:
        return
    if len(found) > 1:
        context.say(INS_TWICE, found[1])
    patient = find(role, "patient")
    if patient is not None:
        for name, there in _traits(patient, context).items():
            if not there:
                context.say(TRAIT, patient, at=name, name=name)
    for one in found:
        _matricule(one, patient, context)


def _traits(patient: etree._Element, context: Context) -> dict[str, bool]:
    """Whether each trait is there, by the path it should have; in ``spec`` one with a nullFlavor is not."""

    def stated(steps: str) -> list[etree._Element]:
        return [one for one in kids(patient, steps) if context.official or not is_null(one)]

    families, givens = ([one.get("qualifier") for one in stated(f"name/{part}")] for part in ("family", "given"))
    return {
        "name/family[@qualifier='BR']": "BR" in families,
        "name/given[@qualifier='BR']": "BR" in givens,
        "name/given[not(@qualifier)]": None in givens,
        "birthTime": bool(stated("birthTime")),
        "birthplace/place/addr/county": bool(stated("birthplace/place/addr/county")),
        "administrativeGenderCode/@code": any(one.get("code") for one in stated("administrativeGenderCode")),
    }


def _matricule(element: etree._Element, patient: etree._Element | None, context: Context) -> None:
    """The value is not shown in messages beyond the finding itself: it identifies a person."""
    matricule = element.get("extension", "")
    if not re.fullmatch(r"[1-478][0-9]{4}(2[AB]|[0-9]{2})[0-9]{8}", matricule):
        context.say(INS_FORM, element, at="@extension", expected="[1-478]nnnn(nn|2A|2B)nnnnnnnn")
        return
    if not ins_key_is_right(matricule):
        context.say(INS_KEY, element, at="@extension")
        return
    sex = _SEX.get(attribute(find(patient, "administrativeGenderCode"), "code"))
    if sex is not None and matricule[0] not in sex:
        context.say(INS_AGREES, element, at="@extension", name="administrativeGenderCode")
    born = attribute(find(patient, "birthTime"), "value")
    if re.match(r"[0-9]{4}", born) and born[2:4] != matricule[1:3]:
        context.say(INS_AGREES, element, at="@extension", name="birthTime")


@BOOK.at(f"{_ROLE}/id")
def extension(element: etree._Element, context: Context) -> None:
    if element.get("extension") is not None and not element.get("extension", "").strip() and not is_null(element):
        context.say(TEST_EXTENSION, element, at="@extension")


@BOOK.at(f"{_PATIENT}/name")
def names(name: etree._Element, context: Context) -> None:
    for part in ("family", "given"):
        for one in kids(name, part):
            qualifier = one.get("qualifier")
            if qualifier is None:
                if part == "family" and not is_null(one):
                    context.say(QUALIFIER_MISSING, one, at="@qualifier")
            elif qualifier not in ("BR", "CL"):
                context.say(QUALIFIER, one, at="@qualifier", name=part)
    for part, qualifier in (("family", "BR"), ("family", "CL"), ("given", "BR"), ("given", "CL"), ("given", None)):
        same = [one for one in kids(name, part) if one.get("qualifier") == qualifier]
        if len(same) > 1 and qualifier == "BR":
            context.say(BIRTH_NAME_TWICE, same[1], name=part)
        elif len(same) > 1:
            context.say(NAME_TWICE, same[1], name=f"{part} {qualifier or ''}".strip())
    givens = {one.get("qualifier"): text_of(one) for one in kids(name, "given")}
    first, every = givens.get("BR"), givens.get(None)
    if first and every and not letters(every).startswith(letters(first)):
        context.say(FIRST_GIVEN, name, at="given", value=first, expected=every)


@BOOK.at(f"{_PATIENT}/birthplace/place/addr/county")
def county(element: etree._Element, context: Context) -> None:
    code = text_of(element)
    if not is_null(element) and not _INSEE.fullmatch(code):
        context.say(INSEE, element, value=code)


@BOOK.at(f"{_PATIENT}/guardian")
def guardian(element: etree._Element, context: Context) -> None:
    person, organization = find(element, "guardianPerson"), find(element, "guardianOrganization")
    if person is not None:
        named = [one for one in kids(person, "name") if find(one, "family") is not None]
        if len(named) != 1:
            context.say(GUARDIAN, element, at="guardianPerson/name/family")
        for name in named:
            _guardian_name(name, context)
    elif organization is None:
        context.say(GUARDIAN, element)


def _guardian_name(name: etree._Element, context: Context) -> None:
    for part, most in _GUARDIAN_PARTS.items():
        count = len(kids(name, part))
        if count > most:
            context.say(GUARDIAN_PARTS, name, at=part, name=part, value=str(count), expected=str(most))
    for family in kids(name, "family"):
        qualifier = family.get("qualifier")
        if qualifier is not None and len(qualifier.split()) != 1:
            context.say(GUARDIAN_QUALIFIER, family, at="@qualifier")


@BOOK.at(f"{_PATIENT}/birthTime")
def born(element: etree._Element, context: Context) -> None:
    written = attribute(find(context.root, "effectiveTime"), "value")
    try:
        birth, document = Timestamp.parse_v3(element.get("value", "")), Timestamp.parse_v3(written)
    except ValueError:
        return
    digits = min(birth.digits, document.digits, 8)
    if f"{birth.moment:%Y%m%d}"[:digits] > f"{document.moment:%Y%m%d}"[:digits]:
        context.say(BIRTH_IN_FUTURE, element, at="@value", expected=written)
    if document.moment.year - birth.moment.year > _OLDEST_YEARS:
        context.say(TOO_OLD, element, at="@value", value=str(birth.moment.year), expected=str(_OLDEST_YEARS))
