"""Small DICOM objects for tests: every trap of identity and encoding, pixels of a few bytes."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

CT = "1.2.840.10008.5.1.4.1.1.2"
ULTRASOUND_MULTIFRAME = "1.2.840.10008.5.1.4.1.1.3.1"
STRUCTURED_REPORT = "1.2.840.10008.5.1.4.1.1.88.11"
INS_TEST = "1.2.250.1.213.1.4.10"
IPP_OID = "1.2.250.1.999.7.1"
ACCESSION_OID = "1.2.250.1.999.7.2"
STUDY = "1.2.826.0.1.3680043.10.511.1"


def issuer(oid: str) -> Dataset:
    """An issuer item."""
    item = Dataset()
    item.UniversalEntityID, item.UniversalEntityIDType = oid, "ISO"
    return item


def request(accession: str, oid: str = ACCESSION_OID) -> Dataset:
    """A Request Attributes Sequence item."""
    item = Dataset()
    item.AccessionNumber = accession
    if oid:
        item.IssuerOfAccessionNumberSequence = [issuer(oid)]
    item.RequestedProcedureID, item.ScheduledProcedureStepID = "RP1", "SPS1"
    return item


def image(
    series: int = 1,
    number: int = 1,
    *,
    study_uid: str = STUDY,
    sop_class_uid: str = CT,
    modality: str = "CT",
    frames: int = 0,
    accession: str = "ACC-é1",
    requests: Iterable[Dataset] = (),
    side: int = 8,
) -> Dataset:
    """One instance of 16 bit pixels whose values count up from its number."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = sop_class_uid
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = sop_class_uid
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"{study_uid}.{series}.{number}"
    dataset.StudyDate, dataset.StudyTime = "20260312", "102500"
    dataset.AccessionNumber = accession
    if accession:
        dataset.IssuerOfAccessionNumberSequence = [issuer(ACCESSION_OID)]
    dataset.Modality = modality
    dataset.ReferringPhysicianName = "LE BIHAN^François"
    dataset.StudyDescription = "Scanner thorax injecté, côté gauche"
    dataset.SeriesDescription = f"Série n° {series}"
    dataset.PatientName = "KERMARREC-LEFÈVRE^ZOÉ"
    dataset.PatientID = "IPP-7Q4021"
    dataset.IssuerOfPatientIDQualifiersSequence = [issuer(IPP_OID)]
    dataset.PatientBirthDate, dataset.PatientSex = "19811109", "F"
    other = Dataset()
    other.PatientID, other.TypeOfPatientID = "281112915104759", "TEXT"
    other.IssuerOfPatientIDQualifiersSequence = [issuer(INS_TEST)]
    dataset.OtherPatientIDsSequence = [other]
    dataset.BodyPartExamined = "CHEST"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study_uid, f"{study_uid}.{series}"
    dataset.StudyID, dataset.SeriesNumber, dataset.InstanceNumber = "ST1", series, number
    if list(requests):
        dataset.RequestAttributesSequence = list(requests)
    if frames:
        dataset.NumberOfFrames = frames
    _pixels(dataset, side, max(1, frames), number)
    return dataset


def _pixels(dataset: Dataset, side: int, frames: int, first: int) -> None:
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows = dataset.Columns = side
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.RescaleIntercept, dataset.RescaleSlope = -1024, 1
    dataset.WindowCenter, dataset.WindowWidth = [40, -600], [400, 1500]
    dataset.PixelSpacing = [0.7, 0.8]
    dataset.PixelData = b"".join(((first + i) % 4096).to_bytes(2, "little") for i in range(side * side * frames))


def encoded(dataset: Dataset) -> bytes:
    """The Part 10 file."""
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def body(dataset: Dataset) -> bytes:
    """The data set alone, as it goes over an association."""
    buffer = io.BytesIO()
    dataset.save_as(buffer, implicit_vr=False, little_endian=True, enforce_file_format=False)
    content = buffer.getvalue()
    return content[content.index(b"\x08\x00\x05\x00CS") :]


def write(folder: Path, datasets: Iterable[Dataset]) -> None:
    """Each as a file named by its SOP Instance UID."""
    for dataset in datasets:
        (folder / f"{dataset.SOPInstanceUID}.dcm").write_bytes(encoded(dataset))


def whole_study(study_uid: str = STUDY) -> list[Dataset]:
    """Two CT series, an ultrasound of several frames and one of another accession number at the series level."""
    return [
        *(image(1, number, study_uid=study_uid) for number in range(1, 6)),
        *(image(2, number, study_uid=study_uid, requests=[request("OTHER")]) for number in range(1, 4)),
        image(3, 1, study_uid=study_uid, sop_class_uid=ULTRASOUND_MULTIFRAME, modality="US", frames=7),
    ]
