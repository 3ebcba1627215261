"""The reports of the demo: what a RIS would send for its studies, in French, after IMG-CR-IMG 2024.01.

Level 3 for the CT, with sections and entries and an object catalog whose link is still to be put in; level 1 for the
chest radiograph, with the same header and a PDF as its body. The frames stand in ``samples/`` as XML with ``$names``;
what varies is filled in here, escaped. Entry ids are made of the document's own id: same arguments, same bytes.
"""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from string import Template
from textwrap import wrap
from xml.sax.saxutils import escape, quoteattr

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
from gateway.model.codes import DCM, LOINC, SNOMED_CT, Code
from gateway.model.identifiers import Identifier
from gateway.model.people import Organization, Patient, Professional
from gateway.model.report import UNSTRUCTURED_TEMPLATE
from gateway.model.site import Site

_LEVEL_3_TEMPLATES = (
    '<templateId root="1.2.840.10008.9.1"/><templateId root="1.2.840.10008.9.20"/>'
    '<templateId root="1.2.840.10008.9.21"/><templateId root="1.2.250.1.213.1.1.1.45" extension="2024.01"/>'
)
_SYSTEM_NAMES = {LOINC: "LOINC", DCM: "DCM", SNOMED_CT: "SNOMED CT", "1.2.250.1.213.2.5": "CCAM"}
_MODALITY_QUALIFIER = Code("121139", DCM, "Modalité d'imagerie")
_REGION_QUALIFIER = Code("39111-0", LOINC, "localisation anatomique")
_ADDRESS = (
    "<addr><houseNumber>4</houseNumber><streetName>quai de la Rade</streetName>"
    "<postalCode>29160</postalCode><city>CROZON</city></addr>"
)
_TELECOM = '<telecom value="tel:0261910042" use="WP"/>'
"""A number of the range that is kept for fiction."""
_SEXES = {"F": ("F", "Féminin"), "M": ("M", "Masculin"), "U": ("UN", "Inconnu")}


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
    """A report of a CT of thorax, abdomen and pelvis, CDA level 3; *prior* is the earlier CT it compares with."""
    values = _values(draft)
    values["title"] = _escaped("Scanner thoraco-abdomino-pelvien avec injection")
    values["templates"] = _LEVEL_3_TEMPLATES
    values["comparison"] = ""
    if prior is not None:
        values["prior_date"] = prior.started_at.astimezone(TIME_ZONE).strftime("%d/%m/%Y")
        values["prior_accession"] = _escaped(prior.accession.extension or "")
        values["comparison"] = _filled("comparison.xml", values)
    values["body"] = _filled("ct-body.xml", values)
    return _filled("report.xml", values).encode()


def level1(draft: Draft) -> bytes:
    """A report of a chest radiograph, CDA level 1 with a PDF."""
    values = _values(draft)
    content = base64.b64encode(chest_pdf(draft)).decode()
    values["title"] = _escaped("Radiographie du thorax")
    values["templates"] = f'<templateId root="{UNSTRUCTURED_TEMPLATE}"/>'
    values["body"] = f'<nonXMLBody><text mediaType="application/pdf" representation="B64">{content}</text></nonXMLBody>'
    return _filled("report.xml", values).encode()


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


class _Values(dict[str, str]):
    """The values of a frame; a name that begins with ``id_`` is a UUID made of the document's id and that name."""

    def __init__(self, document: Identifier) -> None:
        super().__init__()
        self._document = document

    def __missing__(self, name: str) -> str:
        if not name.startswith("id_"):
            raise KeyError(name)
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self._document.unique_id}/{name}")).upper()


def _filled(sample: str, values: _Values) -> str:
    frame = files("gateway.demo").joinpath("samples", sample).read_text(encoding="utf-8")
    return Template(frame).substitute(values)


def _values(draft: Draft) -> _Values:
    values = _Values(draft.identifier)
    signed_at = draft.signed_at or draft.study.ended_at + timedelta(minutes=50)
    values["document"] = _identifier(draft.identifier)
    values["signed_at"] = _time(signed_at)
    values["version"] = str(draft.version)
    values["set_id"] = _identifier(draft.set_id or Identifier(values["id_set"]), "setId")
    values["related"] = (
        ""
        if draft.replaces is None
        else '<relatedDocument typeCode="RPLC"><parentDocument>'
        f"{_identifier(draft.replaces)}</parentDocument></relatedDocument>"
    )
    values.update(_patient_values(draft.patient))
    values.update(_study_values(draft.study))
    values.update(_people_values(draft))
    return values


def _patient_values(patient: Patient) -> dict[str, str]:
    sex, label = _SEXES.get(patient.sex, _SEXES["U"])
    names = (
        ("family", "BR", patient.birth_family),
        ("given", "", patient.given_names),
        ("given", "BR", patient.birth_given),
        ("family", "CL", patient.used_family),
        ("given", "CL", patient.used_given),
    )
    return {
        "patient_ids": "".join(_identifier(identifier) for identifier in patient.identifiers),
        "patient_names": "".join(_name(tag, mark, text) for tag, mark, text in names if text),
        "sex": sex,
        "sex_label": label,
        "birth_date": patient.birth_date,
        "birth_place": _escaped(patient.birth_place),
    }


def _study_values(study: DemoStudy) -> dict[str, str]:
    return {
        "study_uid": study.study_uid,
        "placer": _identifier(study.placer),
        "accession_root": study.accession.root,
        "accession": _escaped(study.accession.extension or ""),
        "started_at": _time(study.started_at),
        "ended_at": _time(study.ended_at),
        "exam_code": _escaped(study.code.code),
        "exam_label": _escaped(study.code.display),
        "exam_translation": _code("translation", study.code),
        "procedure_code": _escaped(study.procedure.code),
        "procedure_translation": _code("translation", study.procedure),
        "modality": _escaped(study.modality.code),
        "modality_label": _escaped(study.modality.display),
        "modality_translation": _code("translation", study.modality, _MODALITY_QUALIFIER),
        "region_translations": "".join(_code("translation", region, _REGION_QUALIFIER) for region in study.regions),
    }


def _people_values(draft: Draft) -> dict[str, str]:
    organization = draft.site.organization
    head = _organization_head(organization)
    sector = _code("standardIndustryClassCode", organization.sector) if organization.sector else ""
    represented = f"<representedOrganization>{head}{_TELECOM}{_ADDRESS}{sector}</representedOrganization>"
    author_name = _person(draft.author)
    return {
        "author_id": _identifiers(draft.author.identifiers),
        "author_name": author_name,
        "author_entity": f"{_professional_head(draft.author)}<assignedPerson>{author_name}</assignedPerson>"
        f"{represented}",
        "referrer_head": _professional_head(draft.referrer),
        "referrer_name": _person(draft.referrer),
        "organization_head": head,
        "organization_name": _escaped(organization.name),
        "organization_contact": f"{_TELECOM}{_ADDRESS}",
        "address": _ADDRESS,
        "facility_id": _identifiers(organization.identifiers),
        "facility_type": _code("code", draft.site.facility_type or FACILITY_TYPE),
    }


def _professional_head(person: Professional) -> str:
    specialty = _code("code", person.specialty) if person.specialty else ""
    return f'{_identifiers(person.identifiers)}{specialty}<addr nullFlavor="NASK"/><telecom nullFlavor="NASK"/>'


def _organization_head(organization: Organization) -> str:
    return f"{_identifiers(organization.identifiers)}<name>{_escaped(organization.name)}</name>"


def _person(person: Professional) -> str:
    parts = (("prefix", person.prefix), ("given", person.given), ("family", person.family), ("suffix", person.suffix))
    return "<name>" + "".join(_name(tag, "", text) for tag, text in parts if text) + "</name>"


def _name(tag: str, mark: str, text: str) -> str:
    qualifier = f' qualifier="{mark}"' if mark else ""
    return f"<{tag}{qualifier}>{_escaped(text)}</{tag}>"


def _identifiers(identifiers: tuple[Identifier, ...]) -> str:
    return "".join(_identifier(identifier) for identifier in identifiers)


def _identifier(identifier: Identifier, tag: str = "id") -> str:
    extension = "" if identifier.extension is None else f" extension={quoteattr(identifier.extension)}"
    return f"<{tag} root={quoteattr(identifier.root)}{extension}/>"


def _code(tag: str, code: Code, qualifier: Code | None = None) -> str:
    name = f' codeSystemName="{_SYSTEM_NAMES[code.system]}"' if code.system in _SYSTEM_NAMES else ""
    opening = (
        f"<{tag} code={quoteattr(code.code)} displayName={quoteattr(code.display)} codeSystem={quoteattr(code.system)}"
        f"{name}"
    )
    if qualifier is None:
        return f"{opening}/>"
    return f"{opening}><qualifier>{_code('name', qualifier)}</qualifier></{tag}>"


def _time(at: datetime) -> str:
    return at.astimezone(TIME_ZONE).strftime("%Y%m%d%H%M%S%z")


def _escaped(text: str) -> str:
    """*text* fit for content and for an attribute between double quotes."""
    return escape(text, {'"': "&quot;"})
