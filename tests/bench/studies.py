"""Studies for the benchmarks: any number of small or full-size CT slices of the demo's patient, quickly made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import ExplicitVRLittleEndian

from gateway.demo import identity
from gateway.demo.identity import DemoStudy, demo_uid
from gateway.model.identifiers import INS_TEST, Identifier

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"


def named(key: str) -> DemoStudy:
    """The demo's CT under other identifiers."""
    return replace(
        identity.CT,
        key=key,
        study_uid=demo_uid(f"bench/{key}"),
        accession=Identifier(identity.ACCESSION_ISSUER, f"BENCH-{key}"[:16]),
        report=Identifier(demo_uid(f"bench/{key}/report")),
    )


def slices(study: DemoStudy, count: int, size: int = 512, series: int = 2) -> Iterator[bytes]:
    """*count* slices of *size* x *size* pixels of 16 bits, in Part 10."""
    local = identity.PATIENT.local_identifiers[0]
    national = next(i for i in identity.PATIENT.identifiers if i.root == INS_TEST)
    pixels = bytes(range(256)) * (size * size * 2 // 256 + 1)
    for number in range(count):
        part = number % series
        ds = Dataset()
        ds.SpecificCharacterSet = "ISO_IR 192"
        ds.SOPClassUID, ds.SOPInstanceUID = CT_IMAGE, demo_uid(f"{study.study_uid}/{number}")
        ds.StudyInstanceUID, ds.SeriesInstanceUID = study.study_uid, demo_uid(f"{study.study_uid}/series/{part}")
        ds.PatientID, ds.IssuerOfPatientIDQualifiersSequence = local.extension, [_issuer(local.root)]
        other = Dataset()
        other.PatientID, other.TypeOfPatientID = national.extension, "TEXT"
        other.IssuerOfPatientIDQualifiersSequence = [_issuer(national.root)]
        ds.OtherPatientIDsSequence = [other]
        ds.PatientName = f"{identity.PATIENT.birth_family}^{identity.PATIENT.birth_given}"
        ds.PatientBirthDate, ds.PatientSex = identity.PATIENT.birth_date, identity.PATIENT.sex
        ds.StudyDate, ds.StudyTime = f"{study.started_at:%Y%m%d}", f"{study.started_at:%H%M%S}"
        ds.AccessionNumber, ds.IssuerOfAccessionNumberSequence = (
            study.accession.extension,
            [_issuer(study.accession.root)],
        )
        ds.Modality, ds.StudyDescription, ds.StudyID = "CT", study.description, "B"
        ds.SeriesNumber, ds.InstanceNumber, ds.ReferringPhysicianName = part + 1, number // series + 1, ""
        ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.Rows, ds.Columns = 1, "MONOCHROME2", size, size
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
        ds.PixelData = pixels[number % 256 : number % 256 + size * size * 2]
        ds.file_meta = FileMetaDataset()
        ds.file_meta.MediaStorageSOPClassUID = CT_IMAGE
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        buffer = BytesIO()
        dcmwrite(buffer, ds, enforce_file_format=True)
        yield buffer.getvalue()


def _issuer(oid: str) -> Dataset:
    item = Dataset()
    item.UniversalEntityID, item.UniversalEntityIDType = oid, "ISO"
    return item
