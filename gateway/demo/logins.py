"""Who can log in at the demo's identity provider: professionals, a patient, and who represents her. All invented."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from gateway.demo.identity import ORGANIZATION, PATIENT, RADIOLOGIST, REFERRER
from gateway.model.identifiers import INS_TEST, PROFESSIONAL_OID, Identifier
from gateway.model.people import Patient, Professional


@dataclass(frozen=True, slots=True)
class DemoProfessional:
    """Someone who can log in, with the claims that Pro Santé Connect would give."""

    subject: str
    identifier: str
    given_name: str
    family_name: str
    title: str
    """What the list of the login page says."""
    role: str
    """``SubjectRole``: code of the profession and its value set."""
    exercises: tuple[dict[str, Any], ...] = ()
    """``SubjectRefPro``: the exercises with their activities; more than one activity is a choice to make."""

    @classmethod
    def of(cls, person: Professional, title: str, specialty: str, *places: tuple[str, str]) -> DemoProfessional:
        """*places*: FINESS and name of each structure."""
        identifier = person.identifiers[0].extension or ""
        activities = [
            {"codeSecteurDactivite": "SA07^1.2.250.1.71.4.2.4", "numeroFinessSite": number, "raisonSocialeSite": name}
            for number, name in places
        ]
        exercise = {"codeProfession": "10", "codeSavoirFaire": specialty, "activities": activities}
        role = "10^1.2.250.1.213.1.1.5.5"
        return cls(f"f:demo:{identifier}", identifier, person.given, person.family, title, role, (exercise,))

    @property
    def label(self) -> str:
        return f"Dr {self.given_name} {self.family_name}"

    def claims(self) -> dict[str, Any]:
        """What the userinfo endpoint says."""
        return {
            "sub": self.subject,
            "SubjectNameID": self.identifier,
            "preferred_username": self.identifier,
            "given_name": self.given_name,
            "family_name": self.family_name,
            "SubjectRole": [self.role],
            **({"SubjectRefPro": {"exercices": list(self.exercises)}} if self.exercises else {}),
        }


@dataclass(frozen=True, slots=True)
class DemoPatient:
    """A patient who can log in, or who represents one, with the INS traits as a provider of patients states them."""

    subject: str
    person: Patient
    title: str
    name: str = ""
    """Of a representative; *person* is then the patient."""

    @property
    def identifier(self) -> str:
        return self.subject

    @property
    def label(self) -> str:
        return self.name or f"{self.person.used_given} {self.person.used_family}"

    def claims(self) -> dict[str, Any]:
        """What the userinfo endpoint says."""
        ins = self.person.ins
        traits = {
            "ins": ins.extension if ins else "",
            "ins_oid": ins.root if ins else "",
            "family_name": self.person.birth_family,
            "given_name": self.person.birth_given,
            "birthdate": f"{self.person.birth_date[:4]}-{self.person.birth_date[4:6]}-{self.person.birth_date[6:]}",
            "gender": "female" if self.person.sex == "F" else "male",
            "birthplace": self.person.birth_place,
        }
        if self.name:
            return {"sub": self.subject, "name": self.name, "represents": traits}
        return {"sub": self.subject, **traits}


DemoPerson = DemoProfessional | DemoPatient

PROFESSIONALS = (
    DemoProfessional.of(
        REFERRER, "Médecin généraliste, demandeur de l'examen", "SM26", ("290088881", "Cabinet du Port")
    ),
    DemoProfessional.of(
        RADIOLOGIST, "Médecin radiologue, administratrice du site", "SM44", ("290099993", ORGANIZATION.name)
    ),
)
SURGEON = DemoProfessional.of(
    Professional(identifiers=(Identifier(PROFESSIONAL_OID, "810999000036"),), family="TANGUY", given="Maël"),
    "Chirurgien, deux lieux d'exercice",
    "SCH01",
    ("290077772", "Clinique des Abers"),
    ("290066663", "Hôpital de la Rade"),
)
OPTICIAN = replace(
    DemoProfessional.of(
        Professional(identifiers=(Identifier(PROFESSIONAL_OID, "810999000044"),), family="COROLLER", given="Enora"),
        "Opticienne, que la matrice n'habilite pas",
        "",
    ),
    role="28^1.2.250.1.213.1.1.5.5",
    exercises=(),
)
PATIENTS = (
    DemoPatient("p:demo:1", PATIENT, "Patiente de la démonstration"),
    DemoPatient("p:demo:2", PATIENT, "Représentant légal de la patiente", "Yann Lefèvre"),
    DemoPatient(
        "p:demo:3",
        replace(PATIENT, identifiers=(Identifier(INS_TEST, "185057800608491"),), birth_family="ABGRALL", sex="M"),
        "Un autre patient",
        "",
    ),
)
ADMINISTRATOR = PROFESSIONALS[1].identifier
"""Who opens the console in the demo's settings."""
