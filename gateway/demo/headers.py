"""The DICOM headers of the sample examinations (PS3.3 A.3 Computed Tomography, A.26 Digital X-Ray)."""

from __future__ import annotations

from typing import NamedTuple

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from gateway.demo.identity import ORGANIZATION, RADIOLOGIST, REFERRER, TIME_ZONE, DemoStudy, demo_uid
from gateway.model.codes import Code
from gateway.model.identifiers import Identifier
from gateway.model.people import Patient, Professional

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
DX_FOR_PRESENTATION = "1.2.840.10008.5.1.4.1.1.1.1"
CCAM = "1.2.250.1.213.2.5"
_SCHEMES = {"2.16.840.1.113883.6.96": "SCT", "2.16.840.1.113883.6.1": "LN", CCAM: "99CCAM"}


class View(NamedTuple):
    """A projection: its codes, and where rows and columns point."""

    view_position: str
    code: str
    meaning: str
    orientation: tuple[str, str]
    laterality: str
    description: str


PA = View("PA", "399348003", "postero-anterior", ("L", "F"), "U", "Thorax de face")
LATERAL = View("LL", "399198007", "left lateral", ("P", "F"), "U", "Thorax de profil gauche")


def ct(study: DemoStudy, patient: Patient, series_number: int) -> Dataset:
    """All of a CT image but its geometry, windows and pixels."""
    image = _common(study, patient, series_number, CT_IMAGE)
    image.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    image.Modality = "CT"
    image.BodyPartExamined = "CHESTABDPELVIS"
    image.ManufacturerModelName = "Demo CT"
    image.KVP = 120
    image.XRayTubeCurrent = 210
    image.ContrastBolusAgent = "Ioméprol 350 mg/mL"
    image.ContrastBolusVolume = 90
    image.PatientPosition = "HFS"
    image.FrameOfReferenceUID = demo_uid(f"frame-of-reference/{study.key}")
    image.PositionReferenceIndicator = ""
    image.AcquisitionNumber = 1
    image.RescaleIntercept, image.RescaleSlope, image.RescaleType = -1024, 1, "HU"
    _pixels(image)
    return image


def dx(study: DemoStudy, patient: Patient, series_number: int, view: View) -> Dataset:
    """All of a chest radiograph but its size and pixels."""
    image = _common(study, patient, series_number, DX_FOR_PRESENTATION)
    image.ImageType = ["ORIGINAL", "PRIMARY", ""]
    image.Modality = "DX"
    image.SeriesDescription = view.description
    image.PresentationIntentType = "FOR PRESENTATION"
    image.BodyPartExamined = "CHEST"
    image.ManufacturerModelName = "Demo DX"
    image.KVP = 125
    image.ViewPosition = view.view_position
    image.ViewCodeSequence = [_code(view.code, "SCT", view.meaning)]
    image.ViewCodeSequence[0].ViewModifierCodeSequence = []
    image.AnatomicRegionSequence = [_code("51185008", "SCT", "Chest")]
    image.PatientOrientation = list(view.orientation)
    image.ImageLaterality = view.laterality
    image.PositionerType = "NONE"
    image.DetectorType = "DIRECT"
    image.DetectorID = "DEMO"
    image.DetectorConfiguration = "AREA"
    image.AcquisitionContextSequence = []
    image.BurnedInAnnotation = "NO"
    image.LossyImageCompression = "00"
    image.PixelIntensityRelationship, image.PixelIntensityRelationshipSign = "LOG", -1
    image.PresentationLUTShape = "IDENTITY"
    image.RescaleIntercept, image.RescaleSlope, image.RescaleType = 0, 1, "US"
    image.WindowCenter, image.WindowWidth, image.WindowCenterWidthExplanation = 2048, 4096, "NORMAL"
    _pixels(image)
    return image


def _common(study: DemoStudy, patient: Patient, series_number: int, sop_class_uid: str) -> Dataset:
    """Patient, study, series and equipment; the patient id is the PACS's own, the national one stands beside it."""
    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.file_meta.MediaStorageSOPClassUID = UID(sop_class_uid)
    image.SpecificCharacterSet = "ISO_IR 192"
    image.SOPClassUID = sop_class_uid
    started = study.started_at.astimezone(TIME_ZONE)
    image.StudyDate = image.SeriesDate = image.AcquisitionDate = image.ContentDate = started.strftime("%Y%m%d")
    image.StudyTime = image.SeriesTime = image.AcquisitionTime = image.ContentTime = started.strftime("%H%M%S")
    image.TimezoneOffsetFromUTC = started.strftime("%z")
    image.AccessionNumber = study.accession.extension or ""
    image.IssuerOfAccessionNumberSequence = [_issuer(study.accession)]
    image.StudyInstanceUID = study.study_uid
    image.StudyID = (study.placer.extension or "")[-16:]
    image.StudyDescription = study.description
    image.ProcedureCodeSequence = [_coded(study.procedure)]
    scheme = Dataset()
    # DICOM has no designator for CCAM: 99 marks one of ours, named here (PS3.3 section 8.2).
    scheme.CodingSchemeDesignator, scheme.CodingSchemeUID = _SCHEMES[CCAM], CCAM
    scheme.CodingSchemeName = "Classification commune des actes médicaux"
    image.CodingSchemeIdentificationSequence = [scheme]
    image.ReferringPhysicianName = _person(REFERRER)
    image.PerformingPhysicianName = _person(RADIOLOGIST)
    image.SeriesInstanceUID = demo_uid(f"series/{study.key}/{series_number}")
    image.SeriesNumber = series_number
    image.Manufacturer = "Demo"
    image.InstitutionName = ORGANIZATION.name
    image.SoftwareVersions = "1"
    image.DeviceSerialNumber = "1"
    _patient(image, patient)
    return image


def _patient(image: Dataset, patient: Patient) -> None:
    image.PatientName = f"{patient.family}^{patient.given}"
    image.PatientBirthDate = patient.birth_date
    image.PatientSex = patient.sex
    for local in patient.local_identifiers[:1]:
        image.PatientID = local.extension or ""
        image.IssuerOfPatientID = "PRESQUILE"
        image.IssuerOfPatientIDQualifiersSequence = [_issuer(local)]
    if patient.ins is not None:
        national = Dataset()
        national.PatientID = patient.ins.extension or ""
        national.IssuerOfPatientID = "ASIP-SANTE-INS-NIR"
        national.TypeOfPatientID = "TEXT"
        national.IssuerOfPatientIDQualifiersSequence = [_issuer(patient.ins)]
        image.OtherPatientIDsSequence = [national]


def _pixels(image: Dataset) -> None:
    image.SamplesPerPixel = 1
    image.PhotometricInterpretation = "MONOCHROME2"
    image.BitsAllocated, image.BitsStored, image.HighBit = 16, 12, 11
    image.PixelRepresentation = 0


def _issuer(identifier: Identifier) -> Dataset:
    item = Dataset()
    item.UniversalEntityID, item.UniversalEntityIDType = identifier.root, "ISO"
    return item


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def _coded(code: Code) -> Dataset:
    """A code of ours; DICOM's Code Meaning holds 64 characters."""
    return _code(code.code, _SCHEMES.get(code.system, "99DEMO"), code.display[:64])


def _person(person: Professional) -> str:
    return f"{person.family}^{person.given}"
