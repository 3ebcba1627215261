"""May this person see this examination? One function, asked at every door.

In this order, and the first that closes decides:

1. Masks. ``MASQUE_PS`` closes to every professional and every system but the report's authors; no reason opens it.
   ``INVISIBLE_PATIENT`` closes to the patient and, as nothing says that a parent may tell what the patient may not
   know, to representatives too; ``INVISIBLE_REPRESENTANTS_LEGAUX`` to representatives.
2. A patient (or representative) sees the examinations whose INS traits are the identity's own.
3. A professional is entitled by the matrix (profession, specialty, type of document) or is the report's author.
4. A professional is tied to the patient: author, holder of the report's link, named by the report, of the structure.

What fails at 3 or 4 may be opened by break-glass, by the professions that the policy names.
"""

from __future__ import annotations

import unicodedata

from gateway.model.access import Kind, Person
from gateway.model.people import Patient
from gateway.model.rights import (
    ANY,
    HIDDEN_FROM_PATIENT,
    HIDDEN_FROM_REPRESENTATIVES,
    MASKED_TO_PROFESSIONALS,
    OPEN,
    Answer,
    Door,
    Grounds,
    Policy,
    Right,
    Tie,
)
from gateway.model.share import KnownExam

_NOTHING = Grounds()


def may_see(
    person: Person, exam: KnownExam, door: Door, *, policy: Policy = OPEN, grounds: Grounds = _NOTHING
) -> Answer:
    """Whether *person* may see *exam* by *door*.

    Whoever comes by the viewer has been asked at the link already, so *grounds* there are those the link had. Another
    gateway that names the manifest's own unique id (``KOS-SOPInstanceUID``) for its professional holds the report, as
    whoever comes by the report's link does.
    """
    if person.kind in (Kind.PATIENT, Kind.REPRESENTATIVE):
        return _patient(person, exam)
    author = bool(person.identifier) and person.identifier in exam.authors
    if MASKED_TO_PROFESSIONALS in exam.masked and not author:
        return Answer(False, "rights_masked", neutral=True)
    if person.kind is Kind.SYSTEM:
        return Answer(True, tie=Tie.SYSTEM) if door in (Door.WADO_RS, Door.RAD_69) else Answer(False, "rights_door")
    if author:
        return Answer(True, tie=Tie.AUTHOR)
    breakable = bool({person.profession, ANY} & policy.glass_professions) and bool(person.profession)
    tie = _tie(person, exam, grounds)
    if policy.matrix is not None and not entitled(person, exam.facts.type_code, policy.matrix):
        reason = "rights_matrix" if person.profession else "rights_no_profession"
        refusal = Answer(False, reason, neutral=not grounds.holds_report, breakable=breakable)
    elif tie is None and policy.ask_tie:
        refusal = Answer(False, "rights_no_tie", neutral=True, breakable=breakable)
    else:
        return Answer(True, tie=tie)
    # Only what would be closed without it was opened by break-glass: the trail says what needed a reason.
    return Answer(True, tie=Tie.GLASS) if breakable and grounds.broken_glass else refusal


def entitled(person: Person, type_code: str, matrix: tuple[Right, ...]) -> bool:
    """Whether a row of *matrix* gives the type of document to the profession and specialty of *person*.

    A report that was kept without its type is one of imaging all the same: only a row for every type opens it.
    """
    return any(
        bool({person.profession, ANY} & row.professions)
        and bool(person.profession)
        and (not row.specialties or person.specialty in row.specialties)
        and bool({type_code, ANY} & row.documents)
        for row in matrix
    )


def same_patient(identity: Patient, patient: Patient) -> bool:
    """Whether the INS traits of *identity*, from a provider, are those of *patient*, from a report.

    With a matricule it must be the same one, and no trait that both state may differ. Without one, all five traits
    (birth name, first given name, date, sex, place of birth) must be stated by both, and equal (ANS, "Référentiel
    national d'identitovigilance": the strict traits).
    """
    own, theirs = identity.ins, patient.ins
    pairs = [
        (plain_name(identity.birth_family), plain_name(patient.birth_family)),
        (plain_name(_first(identity)), plain_name(_first(patient))),
        (identity.birth_date, patient.birth_date),
        (identity.sex, patient.sex),
        (identity.birth_place, patient.birth_place),
    ]
    if any(mine and other and mine != other for mine, other in pairs):
        return False
    if own is not None and theirs is not None:
        return bool(own.extension) and own.extension == theirs.extension and own.root == theirs.root
    return own is None and all(mine and other for mine, other in pairs)


def _patient(person: Person, exam: KnownExam) -> Answer:
    hidden = {HIDDEN_FROM_PATIENT}
    if person.kind is Kind.REPRESENTATIVE:
        hidden.add(HIDDEN_FROM_REPRESENTATIVES)
    if exam.masked & hidden or person.patient is None or not same_patient(person.patient, exam.facts.patient):
        return Answer(False, "rights_not_yours", neutral=True)
    return Answer(True, tie=Tie.SELF if person.kind is Kind.PATIENT else Tie.REPRESENTATIVE)


def _tie(person: Person, exam: KnownExam, grounds: Grounds) -> Tie | None:
    if grounds.holds_report:
        return Tie.REPORT
    if person.identifier and person.identifier in exam.facts.addressees:
        return Tie.ADDRESSEE
    if person.structures & exam.facts.structures:
        return Tie.STRUCTURE
    return None


def _first(patient: Patient) -> str:
    return patient.birth_given or patient.given_names.partition(" ")[0]


def plain_name(name: str) -> str:
    """*name* without accents, in capitals; hyphen and apostrophe count as a blank (INS writes them either way)."""
    letters = unicodedata.normalize("NFD", name.upper().replace("Œ", "OE").replace("Æ", "AE"))
    return " ".join("".join(c if c.isalnum() else " " for c in letters if not unicodedata.combining(c)).split())
