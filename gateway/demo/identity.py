"""Who and what the demo is about: one fictitious patient, one practice, two professionals, three examinations.

Every value is invented. The national identity is under the OID reserved for tests (INS_TEST), with a right key; the
other issuers are under 1.2.250.1.999, which nobody has been given. Codes are those of the value sets that IMG-CR-IMG
2024.01 names.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.model.codes import DCM, LOINC, SNOMED_CT, Code
from gateway.model.identifiers import INS_TEST, ORGANIZATION_OID, PROFESSIONAL_OID, Identifier
from gateway.model.people import Organization, Patient, Professional
from gateway.model.site import Site

_ROOT = "1.2.250.1.999.1.1"
PATIENT_ISSUER = f"{_ROOT}.1"
"""Of the local patient number (IPP)."""
ACCESSION_ISSUER = f"{_ROOT}.2"
ORDER_ISSUER = f"{_ROOT}.3"
"""Of placer order numbers."""
IMAGING_SOURCE = f"{_ROOT}.4"
"""The gateway as imaging source (Retrieve Location UID)."""
DOCUMENT_SOURCE = f"{_ROOT}.5"
"""The gateway as document source (sourceId)."""
REPOSITORY = f"{_ROOT}.6"
"""repositoryUniqueId of the registry that ships with the gateway."""
COMMUNITY = f"{_ROOT}.7"
"""homeCommunityId of that registry."""
REPORT_ROOT = f"{_ROOT}.8"
"""Reports are numbered under it."""

TIME_ZONE = ZoneInfo("Europe/Paris")

SPECIALTY_SYSTEM = "1.2.250.1.213.1.1.4.5"
SECTOR = Code("AMBULATOIRE", "1.2.250.1.213.1.1.4.9", "Ambulatoire")
FACILITY_TYPE = Code("SA08", "1.2.250.1.71.4.2.4", "Cabinet de groupe")

ORGANIZATION = Organization(
    identifiers=(Identifier(ORGANIZATION_OID, "1290099993"),),
    name="Centre d'imagerie de la Presqu'île",
    sector=SECTOR,
)

SITE = Site(
    name="presquile",
    senders=frozenset({"RIS-DEMO|PRESQUILE"}),
    custodians=frozenset({f"{ORGANIZATION_OID}^1290099993"}),
    organization=ORGANIZATION,
    facility_type=FACILITY_TYPE,
    patient_id_issuer=PATIENT_ISSUER,
    accession_issuer=ACCESSION_ISSUER,
    order_issuer=ORDER_ISSUER,
    time_zone=TIME_ZONE,
    institution_name=ORGANIZATION.name,
    imaging_source_uid=IMAGING_SOURCE,
    retrieve_ae_title="PACSDEMO",
    source_id=DOCUMENT_SOURCE,
)
"""The demo's site without what is known at its start only: addresses, PACS, destinations."""

PATIENT = Patient(
    identifiers=(Identifier(INS_TEST, "281112915104759"), Identifier(PATIENT_ISSUER, "IPP-7Q4021")),
    birth_family="KERMARREC-LEFÈVRE",
    birth_given="ZOÉ",
    given_names="ZOÉ ANAÏS MARIE",
    used_family="DESMAUX",
    used_given="ZOÉ",
    birth_date="19811109",
    sex="F",
    birth_place="29151",
)

RADIOLOGIST = Professional(
    identifiers=(Identifier(PROFESSIONAL_OID, "810999000010"),),
    family="QUÉMÉNER",
    given="Noëlle",
    prefix="MME",
    suffix="DR",
    specialty=Code("G15_10/SM44", SPECIALTY_SYSTEM, "Médecin - Radio-diagnostic (SM)"),
    organization=ORGANIZATION,
)
REFERRER = Professional(
    identifiers=(Identifier(PROFESSIONAL_OID, "810999000028"),),
    family="LE BIHAN",
    given="François",
    prefix="M",
    suffix="DR",
    specialty=Code("G15_10/SM26", SPECIALTY_SYSTEM, "Médecin - Qualifié en Médecine Générale (SM)"),
)

_CCAM = "1.2.250.1.213.2.5"
_THORAX = Code("67734004", SNOMED_CT, "segment thoracique du tronc")
_ABDOMEN = Code("63337009", SNOMED_CT, "segment abdominopelvien du tronc")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoStudy:
    """One examination of the demo, in the words of the RIS that ordered it."""

    key: str
    study_uid: str
    accession: Identifier
    placer: Identifier
    started_at: datetime
    ended_at: datetime
    modality: Code
    description: str
    """Study Description of the images."""
    code: Code
    """LOINC, value set CodesDocumentImagerie."""
    procedure: Code
    """CCAM."""
    regions: tuple[Code, ...]
    """SNOMED CT, value set RegionAnatomique."""
    report: Identifier
    """Id of the report that describes it."""


def demo_uid(key: str) -> str:
    """The UID of *key* in the demo: the same in every run (DICOM PS3.5 annex B.2, from a name-based UUID)."""
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, f'{_ROOT}/{key}').int}"


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TIME_ZONE)


CT = DemoStudy(
    key="ct",
    study_uid=demo_uid("study/ct"),
    accession=Identifier(ACCESSION_ISSUER, "SC26031204"),
    placer=Identifier(ORDER_ISSUER, "DEM-2026-1187"),
    started_at=_at("2026-03-12T10:25:00"),
    ended_at=_at("2026-03-12T10:41:00"),
    modality=Code("CT", DCM, "Tomodensitométrie"),
    description="Scanner thorax abdomen pelvis injecté",
    code=Code("72254-6", LOINC, "CT thorax, abdomen et pelvis avec contraste IV"),
    procedure=Code(
        "ZZQH033",
        _CCAM,
        "Scanographie de 3 territoires anatomiques ou plus, avec injection intraveineuse de produit de contraste",
    ),
    regions=(_THORAX, _ABDOMEN),
    report=Identifier(f"{REPORT_ROOT}.1"),
)
CHEST = DemoStudy(
    key="chest",
    study_uid=demo_uid("study/chest"),
    accession=Identifier(ACCESSION_ISSUER, "RX26031611"),
    placer=Identifier(ORDER_ISSUER, "DEM-2026-1240"),
    started_at=_at("2026-03-16T08:50:00"),
    ended_at=_at("2026-03-16T08:56:00"),
    modality=Code("DX", DCM, "Radiographie numérique"),
    description="Radiographie du thorax",
    code=Code("36643-5", LOINC, "RX thorax ; 2 incidences"),
    procedure=Code("ZBQK002", _CCAM, "Radiographie du thorax"),
    regions=(_THORAX,),
    report=Identifier(f"{REPORT_ROOT}.2"),
)
PRIOR_CT = DemoStudy(
    key="prior-ct",
    study_uid=demo_uid("study/prior-ct"),
    accession=Identifier(ACCESSION_ISSUER, "SC25091802"),
    placer=Identifier(ORDER_ISSUER, "DEM-2025-0873"),
    started_at=_at("2025-09-18T14:10:00"),
    ended_at=_at("2025-09-18T14:24:00"),
    modality=Code("CT", DCM, "Tomodensitométrie"),
    description="Scanner thorax abdomen pelvis injecté",
    code=Code("72254-6", LOINC, "CT thorax, abdomen et pelvis avec contraste IV"),
    procedure=CT.procedure,
    regions=(_THORAX, _ABDOMEN),
    report=Identifier(f"{REPORT_ROOT}.3"),
)
STUDIES: tuple[DemoStudy, ...] = (CT, CHEST, PRIOR_CT)
