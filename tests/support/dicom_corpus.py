"""Odd studies, each with one trait that an archive or a manifest may stumble over, and key objects about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

from tests.support.dicom_objects import (
    ACCESSION_OID,
    CT,
    STRUCTURED_REPORT,
    ULTRASOUND_MULTIFRAME,
    image,
    issuer,
    request,
)

ROOT = "1.2.826.0.1.3680043.10.511.9"
UTF_8, LATIN_1, THREE_ACCESSIONS, ISSUER_A, ISSUER_B, NO_ISSUER, FRAMES, PET_CT, SR_PR, COMPRESSED, MARKED = (
    f"{ROOT}.{number}" for number in range(1, 12)
)
OTHER_ISSUER = "1.2.250.1.999.7.9"
PET = "1.2.840.10008.5.1.4.1.1.128"
PRESENTATION_STATE = "1.2.840.10008.5.1.4.1.1.11.1"
KEY_OBJECT_SELECTION = "1.2.840.10008.5.1.4.1.1.88.59"
JPEG_2000, JPEG_LS, RLE = "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.5"
OF_INTEREST = ("113000", "Of Interest")
REJECTED_FOR_QUALITY = ("113001", "Rejected for Quality Reasons")


def corpus() -> list[Dataset]:
    """Every study, without rejections."""
    latin = image(study_uid=LATIN_1)
    latin.SpecificCharacterSet = "ISO_IR 100"
    three = [image(n, study_uid=THREE_ACCESSIONS, accession="", requests=[request(f"ACC{n}")]) for n in (1, 2, 3)]
    other = image(study_uid=ISSUER_B, accession="SAME")
    other.IssuerOfAccessionNumberSequence = [issuer(OTHER_ISSUER)]
    other.PatientID = "IPP-OTHER"
    bare = image(study_uid=NO_ISSUER)
    del bare.IssuerOfAccessionNumberSequence, bare.IssuerOfPatientIDQualifiersSequence
    marked = [image(1, number, study_uid=MARKED) for number in (1, 2, 3)]
    return [
        image(study_uid=UTF_8),
        latin,
        *three,
        image(study_uid=ISSUER_A, accession="SAME"),
        other,
        bare,
        image(study_uid=FRAMES, sop_class_uid=ULTRASOUND_MULTIFRAME, modality="US", frames=5),
        *(image(1, number, study_uid=PET_CT) for number in (1, 2)),
        *(image(2, number, study_uid=PET_CT, sop_class_uid=PET, modality="PT") for number in (1, 2)),
        image(1, 1, study_uid=SR_PR),
        without_pixels(image(2, 1, study_uid=SR_PR, sop_class_uid=STRUCTURED_REPORT, modality="SR")),
        without_pixels(image(3, 1, study_uid=SR_PR, sop_class_uid=PRESENTATION_STATE, modality="PR")),
        *(compressed(number, syntax) for number, syntax in enumerate((JPEG_2000, JPEG_LS, RLE), 1)),
        *marked,
        key_object(MARKED, marked[1:2], OF_INTEREST),
    ]


def without_pixels(dataset: Dataset) -> Dataset:
    for keyword in ("Rows", "Columns", "PixelData", "BitsAllocated", "BitsStored", "HighBit", "SamplesPerPixel"):
        delattr(dataset, keyword)
    return dataset


def compressed(number: int, syntax: str) -> Dataset:
    """One whose pixels nobody decodes: they are passed on as they are."""
    dataset = image(1, number, study_uid=COMPRESSED)
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate([b"\xff\x4f\xff\x51"])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    return dataset


def key_object(
    study_uid: str, selected: Sequence[Dataset], title: tuple[str, str], *, series: int = 90, number: int = 1
) -> Dataset:
    """A Key Object Selection Document with *title* about *selected*."""
    note = without_pixels(image(series, number, study_uid=study_uid, sop_class_uid=KEY_OBJECT_SELECTION, modality="KO"))
    note.ContentDate, note.ContentTime = "20260312", "110000"
    note.ReferencedPerformedProcedureStepSequence = []
    note.CurrentRequestedProcedureEvidenceSequence = [_evidence(study_uid, selected)]
    note.ValueType, note.ContinuityOfContent = "CONTAINER", "SEPARATE"
    concept = Dataset()
    concept.CodeValue, concept.CodingSchemeDesignator, concept.CodeMeaning = title[0], "DCM", title[1]
    note.ConceptNameCodeSequence = [concept]
    template = Dataset()
    template.MappingResource, template.TemplateIdentifier = "DCMR", "2010"
    note.ContentTemplateSequence = [template]
    note.ContentSequence = [_content(one) for one in selected]
    return note


def _evidence(study_uid: str, selected: Iterable[Dataset]) -> Dataset:
    by_series: dict[str, list[Dataset]] = {}
    for one in selected:
        by_series.setdefault(str(one.SeriesInstanceUID), []).append(_reference(one))
    study = Dataset()
    study.ReferencedSeriesSequence = []
    for uid, references in by_series.items():
        series = Dataset()
        series.ReferencedSOPSequence, series.SeriesInstanceUID = references, uid
        study.ReferencedSeriesSequence.append(series)
    study.StudyInstanceUID = study_uid
    return study


def _content(one: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPSequence = [_reference(one)]
    item.RelationshipType, item.ValueType = "CONTAINS", "IMAGE"
    return item


def _reference(one: Dataset) -> Dataset:
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = one.SOPClassUID, one.SOPInstanceUID
    return reference


def named(datasets: Iterable[Dataset], study_uid: str) -> set[tuple[str, str, str]]:
    """Series, class and instance of each of *study_uid*."""
    return {
        (str(one.SeriesInstanceUID), str(one.SOPClassUID), str(one.SOPInstanceUID))
        for one in datasets
        if one.StudyInstanceUID == study_uid
    }


STUDIES = (UTF_8, LATIN_1, THREE_ACCESSIONS, ISSUER_A, ISSUER_B, NO_ISSUER, FRAMES, PET_CT, SR_PR, COMPRESSED, MARKED)
__all__ = ["ACCESSION_OID", "CT", "STUDIES", "corpus", "key_object", "named"]
