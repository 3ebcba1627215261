"""The reports of the demo: what a RIS would send for its studies, in French, after IMG-CR-IMG 2024.01.

Built by ``gateway.report_form`` as any integrator's would be: level 3 with sections, entries and an object catalog
whose link is still to be put in; level 1 for the chest radiograph, with the same header and a PDF as its body. Same
arguments, same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from textwrap import wrap
from typing import Any

from gateway import report_form
from gateway.demo.exams import CT as CT_FACTS
from gateway.demo.exams import EXAMS, RADIOGRAPHY, Facts
from gateway.demo.identity import (
    FACILITY_TYPE,
    PATIENT,
    PRIOR_CT,
    RADIOLOGIST,
    REFERRER,
    SITE,
    TIME_ZONE,
    DemoStudy,
)
from gateway.demo.pdf import Line, page
from gateway.model.codes import Code
from gateway.model.identifiers import Identifier
from gateway.model.people import Organization, Patient, Professional
from gateway.model.site import Site

_ADDRESS = {"house_number": "4", "street": "quai de la Rade", "postal_code": "29160", "city": "CROZON"}
_TELECOM = {"value": "tel:0261910042", "use": "WP"}
"""A number of the range that is kept for fiction."""
_CONTACT = {"addresses": [_ADDRESS], "telecoms": [_TELECOM]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What varies from one report to the next; everything but the study has the demo's own value."""

    study: DemoStudy
    patient: Patient = PATIENT
    site: Site = SITE
    author: Professional = RADIOLOGIST
    referrer: Professional = REFERRER
    document: Identifier | None = None
    """Id of the report; None takes the study's."""
    signed_at: datetime | None = None
    """None is fifty minutes after the end of the study."""
    version: int = 1
    set_id: Identifier | None = None
    """None makes one of the document's id, for a first version."""
    replaces: Identifier | None = None

    @property
    def identifier(self) -> Identifier:
        return self.document or self.study.report


def level3(draft: Draft, prior: DemoStudy | None = PRIOR_CT) -> bytes:
    """A report of CDA level 3 on the study of *draft*: a CT of thorax, abdomen and pelvis, which is compared with
    *prior*, unless the study is one of another kind of ``exams``."""
    facts = next((facts for study, facts in EXAMS.values() if study.key == draft.study.key), CT_FACTS)
    form = form_of(draft, facts)
    if facts is CT_FACTS and prior is not None:
        form["comparison"] = _comparison(prior)
    return report_form.build(report_form.read_value(form))


def level1(draft: Draft) -> bytes:
    """A report of a chest radiograph, CDA level 1 with a PDF."""
    return report_form.build(report_form.read_value(form_of(draft, RADIOGRAPHY)), pdf=chest_pdf(draft))


def examples() -> dict[str, dict[str, Any]]:
    """A form for each of the six kinds, to start from; the link is made from a public address."""
    forms = {}
    for name, (study, facts) in EXAMS.items():
        form = form_of(Draft(study=study), facts)
        form["document"]["images_location"] = "https://images.example.org"
        forms[name] = form
    return forms


def _comparison(prior: DemoStudy) -> str:
    day = prior.started_at.astimezone(TIME_ZONE).strftime("%d/%m/%Y")
    return (
        f"Comparaison avec le scanner du {day} (examen n° {prior.accession.extension}) : le kyste hépatique et le"
        " micronodule pulmonaire sont inchangés, il n'est pas apparu d'autre lésion."
    )


def chest_pdf(draft: Draft) -> bytes:
    """The page of the chest radiograph's report."""
    patient, author = draft.patient, draft.author
    born = datetime.strptime(patient.birth_date, "%Y%m%d").strftime("%d/%m/%Y")  # noqa: DTZ007 - a date
    when = draft.study.started_at.astimezone(TIME_ZONE).strftime("%d/%m/%Y à %H h %M")
    paragraphs = (
        ("Indication", "Toux persistante depuis trois semaines, sans fièvre. Recherche d'un foyer."),
        ("Technique", "Deux incidences, de face et de profil, en inspiration profonde."),
        (
            "Résultats",
            "Pas de foyer de condensation ni d'épanchement pleural. Silhouette cardiaque de taille normale. Médiastin"
            " sans élargissement. Micronodule calcifié du lobe moyen, déjà décrit. Cadre osseux sans anomalie.",
        ),
        ("Conclusion", "Radiographie thoracique sans anomalie évolutive."),
    )
    lines = [
        Line(draft.site.organization.name, 16, bold=True),
        Line("4 quai de la Rade, 29160 Crozon"),
        Line(),
        Line("Radiographie du thorax", 14, bold=True),
        Line(f"Examen du {when}, n° {draft.study.accession.extension}"),
        Line(f"Patient : {patient.family} {patient.given}, né(e) le {born}"),
        Line(f"Médecin demandeur : Dr {draft.referrer.given} {draft.referrer.family}"),
    ]
    for heading, text in paragraphs:
        lines += [Line(), Line(heading, 12, bold=True), *(Line(part) for part in wrap(text, 88))]
    lines += [Line(), Line(f"Dr {author.given} {author.family}, radiologue", bold=True)]
    return page("Radiographie du thorax", lines)


# .. what is filled in


def form_of(draft: Draft, facts: Facts) -> dict[str, Any]:
    """The form of a report on the study of *draft* that says *facts*."""
    study = draft.study
    signed_at = draft.signed_at or study.ended_at + timedelta(minutes=50)
    document = {
        "id": _id(draft.identifier),
        "title": facts["title"],
        "written_at": _time(signed_at),
        "version": draft.version,
        "set_id": _id(draft.set_id) if draft.set_id else None,
        "replaces": _id(draft.replaces) if draft.replaces else None,
    }
    act = {
        "study_uid": study.study_uid,
        "code": _code(study.code),
        "ccam": _code(study.procedure),
        "modalities": [_code(study.modality)],
        "regions": [_code(region) for region in study.regions],
        "started_at": _time(study.started_at),
        "ended_at": _time(study.ended_at),
        **facts["act"],
    }
    form = {
        "document": _without_none(document),
        "patient": _patient(draft.patient),
        "organization": {**_organization(draft.site.organization), **_CONTACT},
        "authors": [{**_professional(draft.author), **_CONTACT}],
        "requester": _professional(draft.referrer),
        "treating_physician": _professional(draft.referrer),
        "recipients": [_professional(draft.referrer)],
        "orders": [{"placer": _id(study.placer), "accession": _id(study.accession)}],
        "encounter": {"type": "AMB", "facility_type": _code(draft.site.facility_type or FACILITY_TYPE)},
        "acts": [act],
    }
    return {**form, **{name: value for name, value in facts.items() if name not in ("title", "act")}}


def _patient(patient: Patient) -> dict[str, Any]:
    born = patient.birth_date
    return _without_none(
        {
            "identifiers": [_id(identifier) for identifier in patient.identifiers],
            "birth_family": patient.birth_family,
            "birth_given": patient.birth_given,
            "given_names": patient.given_names,
            "used_family": patient.used_family,
            "used_given": patient.used_given,
            "sex": patient.sex,
            "birth_date": f"{born[:4]}-{born[4:6]}-{born[6:8]}",
            "birth_place": patient.birth_place,
        }
    )


def _organization(value: Organization) -> dict[str, Any]:
    return _without_none(
        {
            "identifiers": [_id(identifier) for identifier in value.identifiers],
            "name": value.name,
            "sector": _code(value.sector) if value.sector else None,
        }
    )


def _professional(person: Professional) -> dict[str, Any]:
    return _without_none(
        {
            "identifiers": [_id(identifier) for identifier in person.identifiers],
            "family": person.family,
            "given": person.given,
            "prefix": person.prefix,
            "suffix": person.suffix,
            "specialty": _code(person.specialty) if person.specialty else None,
        }
    )


def _id(identifier: Identifier) -> dict[str, str]:
    return _without_none({"root": identifier.root, "extension": identifier.extension})


def _code(code: Code) -> dict[str, str]:
    return _without_none({"code": code.code, "system": code.system, "display": code.display})


def _time(at: datetime) -> str:
    return at.astimezone(TIME_ZONE).isoformat(timespec="seconds")


def _without_none(value: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in value.items() if each not in (None, "")}
