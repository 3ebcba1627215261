"""Publications for tests: a knee MR and a thorax CT, one report, one site. Test identities only."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from gateway.model.codes import DCM, LOINC, SNOMED_CT, Code
from gateway.model.exam import Exam, Instance, Series
from gateway.model.identifiers import Identifier
from gateway.model.people import Organization, Patient, Professional
from gateway.model.report import Act, Encounter, Order, Reliability, Report, Statements
from gateway.model.share import ManifestDraft, Pairing, Publication, StoredReport
from gateway.model.site import Site
from gateway.model.times import Timestamp

NOW = datetime(2021, 1, 8, 10, 19, tzinfo=UTC)
KNEE = "1.2.250.1.213.4.5.2.1.102"
THORAX = "1.2.250.1.213.4.5.2.1.103"
ACCESSIONS = "1.2.250.1.213.4.5.2.5"
ORDERS = "1.2.250.1.213.4.5.2.6"
LOCAL = "1.2.250.1.213.4.5.2.4"
INS = Identifier("1.2.250.1.213.1.4.10", "279035121518989")
SECTOR = Code("AMBULATOIRE", "1.2.250.1.213.1.1.4.9", "Ambulatoire")
LEG = Code("61685007", SNOMED_CT, "Membre inférieur")
CHEST = Code("67734004", SNOMED_CT)

PRACTICE = Organization(
    identifiers=(Identifier("1.2.250.1.71.4.2.2", "1120456789"),), name="Imagerie du Parc", sector=SECTOR
)
RADIOLOGIST = Professional(
    identifiers=(Identifier("1.2.250.1.71.4.2.1", "801234560801"),),
    family="PAT-RADIO",
    given="Alain",
    specialty=Code("G15_10/SM44", "1.2.250.1.213.1.1.4.5", "Médecin - Radio-diagnostic (SM)"),
    role=Code("ATTPHYS", "2.16.840.1.113883.5.88", "Référent"),
    organization=PRACTICE,
)
SIGNATORY = replace(
    RADIOLOGIST, identifiers=(Identifier("1.2.250.1.71.4.2.1", "801234560804"),), family="PAT-CHEF", given="Anne"
)
PATIENT = Patient(
    identifiers=(INS, Identifier(LOCAL, "IPP101")),
    birth_family="PAT-TROIS",
    birth_given="DOMINIQUE",
    given_names="DOMINIQUE MARIE-LOUISE",
    birth_date="19790328",
    sex="F",
    birth_place="51215",
)
KNEE_ACT = Act(
    study_uid=KNEE,
    code=Code("24802-1", LOINC, "RM genou"),
    modalities=(Code("RM", DCM),),
    regions=(LEG,),
    start=Timestamp.parse("20210108102500+0100"),
    stop=Timestamp.parse("20210108111700+0100"),
    performer=RADIOLOGIST,
)
THORAX_ACT = Act(
    study_uid=THORAX,
    code=Code("24627-2", LOINC, "TDM thorax"),
    start=Timestamp.parse("20210108113000+0100"),
    stop=Timestamp.parse("20210108114500+0100"),
    performer=RADIOLOGIST,
)
KNEE_ACCESSION = Identifier(ACCESSIONS, "ACN102")
THORAX_ACCESSION = Identifier(ACCESSIONS, "ACN103")
REPORT = Report(
    identifier=Identifier("1.2.250.1.213.4.5.4.402"),
    level=3,
    templates=(Identifier("1.2.250.1.213.1.1.1.45", "2024.01"),),
    code=Code("18748-4", LOINC, "CR d'imagerie médicale"),
    title="CR d'imagerie médicale - IRM du genou, scanner du thorax",
    effective_time=Timestamp.parse("20210108111700+0100"),
    confidentiality=Code("N", "2.16.840.1.113883.5.25", "Normal"),
    language="fr-FR",
    patient=PATIENT,
    authors=(RADIOLOGIST,),
    legal_authenticator=SIGNATORY,
    custodian=PRACTICE,
    orders=(
        Order(placer=Identifier(ORDERS, "OPN102"), accession=KNEE_ACCESSION),
        Order(placer=Identifier(ORDERS, "OPN103"), accession=THORAX_ACCESSION),
    ),
    acts=(KNEE_ACT, THORAX_ACT),
    encounter=Encounter(
        code=Code("AMB", "2.16.840.1.113883.5.4"), facility_type=Code("SA08", "1.2.250.1.71.4.2.4", "Cabinet de groupe")
    ),
)
SITE = Site(
    name="parc",
    senders=frozenset(),
    custodians=frozenset(),
    organization=PRACTICE,
    patient_id_issuer=LOCAL,
    source_id="1.2.250.1.999.1.1.8121",
    region_by_body_part={"CHEST": CHEST},
)
STORED = StoredReport(
    id="r1",
    site="parc",
    sender="RIS|PARC",
    channel="mllp",
    digest="0" * 64,
    statements=Statements(reliability=Reliability.QUALIFIED, visit_class="O"),
    received_at=NOW,
)


_MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
_IMAGE_CLASSES = {"CT": "1.2.840.10008.5.1.4.1.1.2"}


def exam(study_uid: str, modality: str, body_part: str, **changes: Any) -> Exam:
    """A study of one image series, with a presentation state beside it."""
    values: dict[str, Any] = {
        "study_date": "20210108",
        "study_time": "102501.25",
        "description": f"Examen {modality}",
        "series": (
            Series(
                series_uid=f"{study_uid}.1",
                modality=modality,
                body_part=body_part,
                instances=(Instance(_IMAGE_CLASSES.get(modality, _MR_IMAGE), f"{study_uid}.1.1"),),
            ),
            Series(series_uid=f"{study_uid}.2", modality="PR"),
        ),
    }
    return Exam(study_uid=study_uid, **{**values, **changes})


KNEE_EXAM = exam(KNEE, "MR", "KNEE")
THORAX_EXAM = exam(THORAX, "CT", "CHEST", study_time="113001")
KNEE_PAIRING = Pairing(study_uid=KNEE, accession=KNEE_ACCESSION)
THORAX_PAIRING = Pairing(study_uid=THORAX, accession=THORAX_ACCESSION)


def draft(exam_: Exam, pairing: Pairing, unique_id: str) -> ManifestDraft:
    return ManifestDraft(exam=exam_, pairing=pairing, unique_id=unique_id, created_at=NOW, content=b"DICM" + b"\0" * 4)


PUBLICATION = Publication(
    site=SITE,
    accepted=STORED,
    report=REPORT,
    exams=((KNEE_EXAM, KNEE_PAIRING), (THORAX_EXAM, THORAX_PAIRING)),
    report_content=b"<ClinicalDocument/>",
    manifests=(draft(KNEE_EXAM, KNEE_PAIRING, "2.25.11"), draft(THORAX_EXAM, THORAX_PAIRING, "2.25.12")),
    now=NOW,
)


def with_report(**changes: Any) -> Publication:
    """The publication with its report changed."""
    return replace(PUBLICATION, report=replace(REPORT, **changes))


def with_statements(**changes: Any) -> Publication:
    """The publication with other statements of the sender."""
    return replace(PUBLICATION, accepted=replace(STORED, statements=replace(STORED.statements, **changes)))


def with_exams(*exams: Exam, report: Report = REPORT, site: Site = SITE) -> Publication:
    """The publication with other examinations, each paired with its accession number of the report."""
    accessions = {KNEE: KNEE_ACCESSION, THORAX: THORAX_ACCESSION}
    paired = tuple((e, Pairing(study_uid=e.study_uid, accession=accessions[e.study_uid])) for e in exams)
    drafts = tuple(draft(e, pairing, f"2.25.{number}") for number, (e, pairing) in enumerate(paired, 11))
    return replace(PUBLICATION, exams=paired, manifests=drafts, report=report, site=site)
