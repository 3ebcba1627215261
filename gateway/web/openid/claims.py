"""From the claims of a provider to a person.

Sources: OpenID Connect Core 1.0 section 5.1; Pro Santé Connect "Données retournées" (``SubjectNameID``,
``SubjectRole``, ``SubjectRefPro`` with its exercises and their activities; codes of TRE_G15, TRE_R38, TRE_R02); ANS
"Référentiel INS" for the traits of a patient.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.model.access import Kind, Person, Situation
from gateway.model.identifiers import INS_OIDS, Identifier
from gateway.model.people import Patient

_SITUATIONS = 64
_WORD = 200
_SEXES = {"m": "M", "male": "M", "1": "M", "f": "F", "female": "F", "2": "F"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientClaims:
    """Under which names a provider of patients states the INS traits; a dot goes one level down.

    The usual names stand in the settings (``[patient_login.claims]``).
    """

    matricule: str
    oid: str
    birth_family: str
    birth_given: str
    birth_date: str
    sex: str
    birth_place: str
    represents: str
    """An object with the same claims: the login is a representative's, and those traits are the patient's."""
    national: frozenset[str] = field(default=INS_OIDS)


def professional(
    claims: Mapping[str, Any],
    issuer: str,
    identifier_claims: Iterable[str],
    administrators: frozenset[str] = frozenset(),
    readers: frozenset[str] = frozenset(),
    profession_claims: Iterable[str] = ("SubjectRole",),
) -> Person:
    """The professional; with several exercise situations none is chosen yet.

    *identifier_claims* and *profession_claims*: of each the first that is present.

    *administrators* and *readers*: subjects or national identifiers of those who may act in the console, or look.
    """
    subject = str(claims["sub"])[:255]
    found = (claims.get(name) for name in identifier_claims)
    identifier = next((value for value in found if isinstance(value, str) and value), "")[:255]
    situations = _situations(claims)
    stated = (_code(_first(claims.get(name))) for name in profession_claims)
    roles = {"administrator": administrators, "reader": readers}
    person = Person(
        subject=subject,
        issuer=issuer,
        identifier=identifier,
        name=_name(claims),
        profession=next((code for code in stated if code), ""),
        roles=frozenset(role for role, those in roles.items() if those & {subject, identifier} - {""}),
        situations=situations,
    )
    return person.exercising(situations[0]) if len(situations) == 1 else person


def undecided(person: Person) -> Person:
    """*person* where nobody can be asked in which exercise situation they are: only what all of them agree on holds.

    Where they do not agree on the profession, the provider's own word on it stands.
    """
    if not person.must_choose:
        return person
    professions = {one.profession for one in person.situations}
    specialties = {one.specialty for one in person.situations}
    return replace(
        person,
        profession=professions.pop() if len(professions) == 1 else person.profession,
        specialty=specialties.pop() if len(specialties) == 1 else "",
        situations=(),
    )


def patient(claims: Mapping[str, Any], issuer: str, names: PatientClaims) -> Person:
    """The patient, or who represents one; without traits they see nothing."""
    other = _at(claims, names.represents)
    represented = other if isinstance(other, Mapping) else None
    return Person(
        subject=str(claims["sub"])[:255],
        issuer=issuer,
        name=_name(claims),
        kind=Kind.REPRESENTATIVE if represented is not None else Kind.PATIENT,
        patient=_identity(represented if represented is not None else claims, names),
    )


def _identity(claims: Mapping[str, Any], names: PatientClaims) -> Patient:
    matricule, oid = _word(_at(claims, names.matricule)), _word(_at(claims, names.oid))
    known = (Identifier(oid, matricule),) if matricule and oid in names.national else ()
    return Patient(
        identifiers=known,
        birth_family=_word(_at(claims, names.birth_family)),
        birth_given=_word(_at(claims, names.birth_given)).partition(" ")[0],
        birth_date=_word(_at(claims, names.birth_date)).replace("-", "")[:8],
        sex=_SEXES.get(_word(_at(claims, names.sex)).lower(), ""),
        birth_place=_word(_at(claims, names.birth_place)),
    )


def _situations(claims: Mapping[str, Any]) -> tuple[Situation, ...]:
    """One for each activity of each exercise of ``SubjectRefPro``, or for an exercise without activities."""
    stated = claims.get("SubjectRefPro")
    exercises = stated.get("exercices") if isinstance(stated, Mapping) else None
    found: list[Situation] = []
    for exercise in exercises[:_SITUATIONS] if isinstance(exercises, list) else []:
        if not isinstance(exercise, Mapping):
            continue
        activities = exercise.get("activities") or exercise.get("activites") or [{}]
        for activity in activities[:_SITUATIONS] if isinstance(activities, list) else [{}]:
            if isinstance(activity, Mapping):
                found.append(_situation(exercise, activity))
    usable = [one for one in dict.fromkeys(found) if one.profession]
    return tuple(usable[:_SITUATIONS])


def _situation(exercise: Mapping[str, Any], activity: Mapping[str, Any]) -> Situation:
    siret, finess = _word(activity.get("numeroSiretSite")), _word(activity.get("numeroFinessSite"))
    lowered = {str(name).lower(): value for name, value in activity.items()}
    legal = _word(lowered.get("numerofinessetablissementjuridique"))
    return Situation(
        profession=_code(exercise.get("codeProfession")),
        specialty=_code(exercise.get("codeSavoirFaire")),
        # CI-SIS: a structure is known by 1 and its FINESS, else by 3 and its SIRET.
        structure=f"1{finess}" if finess else f"3{siret}" if siret else "",
        structure_name=_word(activity.get("raisonSocialeSite") or activity.get("enseigneCommercialeSite")),
        sector=_code(activity.get("codeSecteurDactivite")),
        legal_structure=f"1{legal}" if legal else "",
    )


def _at(claims: Mapping[str, Any], path: str) -> object:
    value: object = claims
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _name(claims: Mapping[str, Any]) -> str:
    words = (claims.get("given_name"), claims.get("family_name"))
    return _word(" ".join(word for word in words if isinstance(word, str)) or claims.get("name"))


def _first(value: object) -> object:
    return value[0] if isinstance(value, list) and value else value


def _code(value: object) -> str:
    """The code of ``code^system``."""
    return _word(value).partition("^")[0][:32]


def _word(value: object) -> str:
    return "".join(c for c in value if c.isprintable()).strip()[:_WORD] if isinstance(value, str) else ""
