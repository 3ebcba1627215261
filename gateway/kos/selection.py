"""What a Key Object Selection Document says, whoever made it (DICOM PS3.3 A.35.4).

Manifests (title 113030), key images (113000 and the like) and rejection notes are all of this class; the title tells.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.kos import titles
from gateway.model.codes import Code
from gateway.model.exam import Instance
from gateway.model.identifiers import Identifier


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedSeries:
    """A series of the evidence, with where to get it; what the document does not say is empty."""

    series_uid: str
    number: int | None = None
    retrieve_ae_title: str = ""
    retrieve_location_uid: str = ""
    retrieve_url: str = ""
    instances: tuple[Instance, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedStudy:
    """A study of the evidence."""

    study_uid: str
    series: tuple[SelectedSeries, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferencedRequest:
    """An item of Referenced Request Sequence; an issuer that is not named has an empty root."""

    study_uid: str = ""
    accession: Identifier | None = None
    placer: Identifier | None = None


@dataclass(frozen=True, slots=True)
class ContentReference:
    """An instance that the content tree selects."""

    value_type: str
    """``IMAGE``, ``WAVEFORM`` or ``COMPOSITE``."""
    sop_class_uid: str
    sop_instance_uid: str
    frames: tuple[int, ...] | None = None
    """Numbers of the frames that are selected, from 1; None: all of the instance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyObjectSelection:
    """The document."""

    sop_instance_uid: str
    series_uid: str = ""
    study_uid: str
    """The study that the document itself belongs to."""
    title: Code | None = None
    patient_identifiers: tuple[Identifier, ...] = ()
    """Patient ID first, then Other Patient IDs; an issuer without an OID has an empty root."""
    patient_name: str = ""
    patient_birth_date: str = ""
    patient_sex: str = ""
    study_date: str = ""
    study_time: str = ""
    study_description: str = ""
    accession: Identifier | None = None
    """Of the study level; manifests of several orders leave it empty."""
    created: str = ""
    """Content Date and Time with the zone where one is named: ``YYYYMMDDHHMMSS[+ZZZZ]``."""
    description: str = ""
    requests: tuple[ReferencedRequest, ...] = ()
    studies: tuple[SelectedStudy, ...] = ()
    """The evidence."""
    references: tuple[ContentReference, ...] = ()
    """The content, in its order."""

    @property
    def instances(self) -> tuple[Instance, ...]:
        """Every instance of the evidence."""
        return tuple(i for study in self.studies for series in study.series for i in series.instances)

    @property
    def is_manifest(self) -> bool:
        """Whether the title is that of a manifest, signed or with description too."""
        return titles.is_manifest(self.title)

    @property
    def is_described(self) -> bool:
        """Whether the title is that of a manifest with description (IHE MADO)."""
        return titles.is_described(self.title)
