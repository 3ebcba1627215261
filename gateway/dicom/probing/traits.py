"""What a probe looks for in a PACS, and how it is told; :mod:`gateway.dicom.probing.probe` asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from gateway.dicom import keys
from gateway.dicom.network.association import Requestor
from gateway.dicom.network.proposal import Proposal
from gateway.dicom.settings import PacsSettings

STUDY_KEYS = keys.tags(
    "ModalitiesInStudy",
    "NumberOfStudyRelatedSeries",
    "NumberOfStudyRelatedInstances",
    "IssuerOfPatientIDQualifiersSequence",
    "OtherPatientIDsSequence",
    "AccessionNumber",
    "IssuerOfAccessionNumberSequence",
    "InstanceAvailability",
    "PatientName",
    "PatientID",
    "StudyDescription",
)
SERIES_KEYS = keys.tags(
    "Modality",
    "SeriesNumber",
    "SeriesDescription",
    "BodyPartExamined",
    "RequestAttributesSequence",
    "NumberOfSeriesRelatedInstances",
    "InstanceAvailability",
)
IMAGE_KEYS = keys.tags("SOPClassUID", "InstanceNumber", "NumberOfFrames")


@dataclass(frozen=True, slots=True)
class Trait:
    """One thing that was found out: whether it is so (None: it could not be asked), and what was seen."""

    name: str
    holds: bool | None
    words: str = ""
    took_ms: float | None = None

    def as_json(self) -> dict[str, object]:
        return asdict(self)


@dataclass(slots=True)
class Target:
    """A study of the PACS, one of its series, one instance of that, and how many there are by each way of asking."""

    study_uid: str
    series_uid: str = ""
    sop_instance_uid: str = ""
    sop_class_uid: str = ""
    counted: int = 0
    """By the PACS itself."""
    found: int = 0
    """By the hierarchical queries."""


@contextmanager
def opened(settings: PacsSettings, proposal: Proposal) -> Iterator[Requestor]:
    """An association for one question; released after it, dropped when it goes wrong."""
    requestor = Requestor(settings, proposal)
    try:
        yield requestor
    except BaseException:
        requestor.drop()
        raise
    requestor.release()
