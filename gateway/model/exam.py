"""An examination as the PACS describes it (DICOM PS3.4 annex C, Study Root, one value per level)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.model.codes import Code
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
    date: str = ""
    """Series Date, ``YYYYMMDD``, where the PACS tells it."""
    time: str = ""
    """Series Time."""
    laterality: str = ""
    """``L`` or ``R`` (DICOM PS3.3 C.7.3.1), where the PACS tells it."""
    instances: tuple[Instance, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagingRequest:
    """A requested procedure that the study answers to (Request Attributes Sequence, DICOM PS3.3 table 10-9)."""

    accession: Identifier
    """An issuer that nobody names has an empty root."""
    placer: Identifier | None = None
    filler: Identifier | None = None
    procedure_id: str = ""
    procedure_description: str = ""
    procedure: Code | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyObjectNote:
    """A Key Object Selection Document of the study, opened: what it says of which instances."""

    sop_instance_uid: str
    series_uid: str
    title: Code
    """Document title; the system is a DICOM designator (``DCM``)."""
    description: str = ""
    marked: frozenset[str] = frozenset()
    """SOP Instance UIDs."""
    frames: Mapping[str, frozenset[int]] = field(default_factory=dict, hash=False)
    """Of those of which single frames are marked alone: their numbers, from 1."""


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
    requests: tuple[ImagingRequest, ...] = ()
    """Every request that the series name, where the PACS tells them."""
    notes: tuple[KeyObjectNote, ...] = ()
    """The key object selections of the study that were opened; C-FIND alone does not tell what they say."""

    @property
    def instances(self) -> tuple[Instance, ...]:
        return tuple(instance for series in self.series for instance in series.instances)

    @property
    def fingerprint(self) -> str:
        """A digest of the set of instances: two looks with one fingerprint saw one state of the study."""
        import hashlib

        uids = sorted(instance.sop_instance_uid for instance in self.instances)
        return hashlib.sha256("\n".join(uids).encode()).hexdigest()
