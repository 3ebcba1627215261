"""An examination as the PACS describes it (DICOM PS3.4 annex C, Study Root, one value per level)."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model.identifiers import Identifier


@dataclass(frozen=True, slots=True)
class Instance:
    """One SOP instance."""

    sop_class_uid: str
    sop_instance_uid: str
    number: int | None = None
    frames: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One series with its instances."""

    series_uid: str
    modality: str = ""
    number: int | None = None
    description: str = ""
    body_part: str = ""
    instances: tuple[Instance, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exam:
    """One study: who, when, and everything in it.

    ``patient_id`` and ``accession_number`` are the PACS's own words; their issuers are empty when the PACS names
    none, and the site's default is applied by the flow, not here.
    """

    study_uid: str
    patient_id: str = ""
    patient_id_issuer: str = ""
    """OID, from Issuer of Patient ID Qualifiers Sequence."""
    other_patient_ids: tuple[Identifier, ...] = ()
    patient_name: str = ""
    """DICOM PN, alphabetic group."""
    patient_birth_date: str = ""
    patient_sex: str = ""
    accession_number: str = ""
    accession_issuer: str = ""
    """OID, from Issuer of Accession Number Sequence."""
    study_date: str = ""
    study_time: str = ""
    study_id: str = ""
    description: str = ""
    referring_physician: str = ""
    series: tuple[Series, ...] = ()

    @property
    def instances(self) -> tuple[Instance, ...]:
        return tuple(instance for series in self.series for instance in series.instances)

    @property
    def fingerprint(self) -> str:
        """A digest of the set of instances: two looks with one fingerprint saw one state of the study."""
        import hashlib

        uids = sorted(instance.sop_instance_uid for instance in self.instances)
        return hashlib.sha256("\n".join(uids).encode()).hexdigest()
