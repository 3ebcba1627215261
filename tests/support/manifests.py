"""Examinations and requests to build manifests from, fixed and drawn."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO

from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.filewriter import dcmwrite
from pydicom.uid import ImplicitVRLittleEndian

from gateway.demo.identity import CT, PATIENT, PATIENT_ISSUER, SITE, demo_uid
from gateway.kos.build import ManifestRequest, build
from gateway.kos.sop_classes import KEY_OBJECT_SELECTION, value_type
from gateway.model.codes import Code
from gateway.model.exam import Exam, Instance, KeyObjectNote, Series
from gateway.model.identifiers import Identifier

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
ECG = "1.2.840.10008.5.1.4.1.1.9.1.1"
DOSE_REPORT = "1.2.840.10008.5.1.4.1.1.88.67"
REMOTE_SITE = replace(SITE, retrieve_url="https://box.example/dicom-web-rs")


def ct_exam(series: tuple[Series, ...] | None = None) -> Exam:
    """The demo's CT as a PACS describes it: two image series, an ECG and a dose report."""
    return Exam(
        study_uid=CT.study_uid,
        patient_id="IPP-7Q4021",
        patient_id_issuer=PATIENT_ISSUER,
        patient_name="KERMARREC-LEFÈVRE^ZOÉ",
        patient_birth_date="19811109",
        patient_sex="F",
        accession_number="SC26031204",
        study_date="20260312",
        study_time="102500",
        study_id="1187",
        description="Scanner thorax abdomen pelvis injecté",
        referring_physician="LE BIHAN^François",
        series=series if series is not None else _series(),
    )


def _series() -> tuple[Series, ...]:
    def instances(key: str, sop_class: str, count: int) -> tuple[Instance, ...]:
        return tuple(Instance(sop_class, demo_uid(f"test/{key}/{n}"), n) for n in range(1, count + 1))

    return (
        Series(
            series_uid=demo_uid("test/a"),
            modality="CT",
            number=1,
            description="Thorax 1,25 mm",
            instances=instances("a", CT_IMAGE, 3),
        ),
        Series(series_uid=demo_uid("test/empty"), modality="CT", number=2, description="Vide"),
        Series(
            series_uid=demo_uid("test/b"),
            modality="ECG",
            number=3,
            description="ECG",
            instances=instances("b", ECG, 1),
        ),
        Series(
            series_uid=demo_uid("test/c"),
            modality="SR",
            number=None,
            description="Dose",
            instances=(Instance(DOSE_REPORT, demo_uid("test/c/1")),),
        ),
    )


def request(flavour: str = "dmp") -> ManifestRequest:
    """A request for the demo's CT, made in summer for a study of winter."""
    return ManifestRequest(
        sop_instance_uid=demo_uid("test/manifest"),
        series_instance_uid=demo_uid("test/manifest-series"),
        created_at=datetime(2026, 7, 12, 11, 0, 30, tzinfo=UTC),
        site=REMOTE_SITE,
        patient=PATIENT,
        accession=CT.accession,
        orders=((CT.accession, CT.placer),),
        flavour=flavour,
        act="Scanner TAP",
    )


def large_exam(references: int, a_series: int = 250) -> Exam:
    """The demo's CT with as many instances as *references*, in series of *a_series*."""
    return ct_exam(
        tuple(
            Series(
                series_uid=f"1.2.826.0.1.3680043.10.511.3.{part}",
                modality="CT",
                number=part,
                description=f"Série {part}",
                instances=tuple(
                    Instance(CT_IMAGE, f"1.2.826.0.1.3680043.10.511.3.{part}.{number}.88264099571634", number)
                    for number in range(1, min(a_series, references - first) + 1)
                ),
            )
            for part, first in enumerate(range(0, references, a_series), 1)
        )
    )


def plain(exam: Exam, asked: ManifestRequest, like: Dataset) -> Dataset:
    """The manifest of *exam* as one writes it with pydicom alone; what does not grow with it is taken from *like*."""
    dataset = Dataset()
    dataset.file_meta = like.file_meta
    for element in like:
        if element.keyword not in ("CurrentRequestedProcedureEvidenceSequence", "ContentSequence"):
            dataset.add(element)
    study, content = Dataset(), [like.ContentSequence[0]] if like.ContentSequence[0].ValueType == "TEXT" else []
    study.StudyInstanceUID, study.ReferencedSeriesSequence = exam.study_uid, []
    for one in exam.series:
        series = Dataset()
        series.RetrieveAETitle = asked.site.retrieve_ae_title
        series.RetrieveURL = f"{asked.site.retrieve_url}/studies/{exam.study_uid}/series/{one.series_uid}"
        series.SeriesInstanceUID, series.SeriesNumber = one.series_uid, one.number
        series.RetrieveLocationUID, series.ReferencedSOPSequence = asked.site.imaging_source_uid, []
        for instance in one.instances:
            series.ReferencedSOPSequence.append(_reference(instance, numbered=True))
            item = Dataset()
            item.RelationshipType, item.ValueType = "CONTAINS", value_type(instance.sop_class_uid)
            item.ReferencedSOPSequence = [_reference(instance, numbered=False)]
            content.append(item)
        study.ReferencedSeriesSequence.append(series)
    dataset.CurrentRequestedProcedureEvidenceSequence, dataset.ContentSequence = [study], content
    return dataset


def _reference(instance: Instance, *, numbered: bool) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = instance.sop_class_uid, instance.sop_instance_uid
    if numbered:
        item.InstanceNumber = instance.number
    return item


def national_manifest() -> bytes:
    """A manifest of our own with the traits of the official French one that shows key images.

    Implicit VR, latin-1, no template, the text last, the title in capitals, an empty accession number of the study
    level, Retrieve URL alone, two values of Other Patient Names, numbers of series and instances in the evidence and in
    the content, a mark in the item of the key image.
    """
    study, note_series = CT.study_uid, demo_uid("national/note-series")
    note, marked = demo_uid("national/note"), demo_uid("national/2")
    evidence, content = [], []
    for number, (series_uid, instance_uid, sop_class) in enumerate(
        (
            (demo_uid("national/series/1"), demo_uid("national/1"), CT_IMAGE),
            (demo_uid("national/series/2"), marked, CT_IMAGE),
            (note_series, note, KEY_OBJECT_SELECTION),
        )
    ):
        reference = _reference(Instance(sop_class, instance_uid, 1), numbered=True)
        selected = Dataset()
        selected.RelationshipType = "CONTAINS"
        selected.ValueType = "COMPOSITE" if sop_class == KEY_OBJECT_SELECTION else "IMAGE"
        selected.ReferencedSOPSequence = [_reference(Instance(sop_class, instance_uid, 1), numbered=True)]
        content.append(selected)
        if instance_uid == marked:
            reference.ReferencedSOPSequence = [_mark(note, note_series, marked, series_uid)]
        series = Dataset()
        series.RetrieveURL = f"http://localhost:4200/api/source/studies/{study}/series/{series_uid}"
        series.ReferencedSOPSequence, series.SeriesInstanceUID = [reference], series_uid
        series.SeriesNumber = 1000 + number
        evidence.append(series)
    text = Dataset()
    text.RelationshipType, text.ValueType = "CONTAINS", "TEXT"
    text.ConceptNameCodeSequence = [_code("113012", "Key Object Description")]
    text.TextValue = f"Examen : Examen A\nActe = TDM thyroïde\nSérie-{demo_uid('autre')} : NM @ : Série E1\n"
    whole = dcmread(BytesIO(build(ct_exam(), request("dmp"))))
    whole.walk(lambda _, element: None)
    whole.SpecificCharacterSet = "ISO_IR 100"
    del whole.ContentTemplateSequence
    del whole.SoftwareVersions
    whole.SeriesDate, whole.SeriesTime = "20240828", "162326"
    whole.ConceptNameCodeSequence[0].CodeMeaning = "MANIFEST"
    whole.OtherPatientNames = ["^ZOÉ", "KERMARREC-LEFÈVRE^ZOÉ"]
    whole.OtherPatientIDsSequence[0].PatientID = whole.PatientID
    whole.OtherPatientIDsSequence[0].IssuerOfPatientID = whole.IssuerOfPatientID
    whole.OtherPatientIDsSequence[0].IssuerOfPatientIDQualifiersSequence = whole.IssuerOfPatientIDQualifiersSequence
    whole.StudyID, whole.ReferringPhysicianName = "", ""
    whole.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence = evidence
    whole.ContentSequence = [*content, text]
    whole.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    out = BytesIO()
    dcmwrite(out, whole, implicit_vr=True, little_endian=True, enforce_file_format=True)
    return out.getvalue()


def _mark(note: str, note_series: str, marked: str, series_uid: str) -> Dataset:
    sentence, mark = Dataset(), Dataset()
    sentence.TextValue = f"Definition of key instance {marked} associated with series {series_uid}"
    mark.ReferencedSOPInstanceUID, mark.SeriesInstanceUID = note, note_series
    mark.ConceptNameCodeSequence, mark.ContentSequence = [_code("113000", "Of Interest")], [sentence]
    return mark


def _code(value: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "DCM", meaning
    return code


def odd_exams() -> dict[str, Exam]:
    """One study of each kind that is usual and not a plain CT."""

    def series(key: str, modality: str, number: int, sop_class: str, count: int, frames: int | None = None) -> Series:
        return Series(
            series_uid=demo_uid(f"odd/{key}/{number}"),
            modality=modality,
            number=number,
            description=f"Série {modality}",
            body_part="CHEST",
            date="20260312",
            time="102600",
            instances=tuple(
                Instance(sop_class, demo_uid(f"odd/{key}/{number}/{n}"), n, frames) for n in range(1, count + 1)
            ),
        )

    ct = series("pet", "CT", 1, CT_IMAGE, 4)
    pet = series("pet", "PT", 2, "1.2.840.10008.5.1.4.1.1.128", 4)
    ultrasound = series("us", "US", 1, "1.2.840.10008.5.1.4.1.1.3.1", 3, frames=20)
    report = series("sr", "SR", 2, "1.2.840.10008.5.1.4.1.1.88.11", 1)
    state = series("sr", "PR", 3, "1.2.840.10008.5.1.4.1.1.11.1", 1)
    return {
        "ct": ct_exam(),
        "pet-ct": ct_exam((ct, pet)),
        "multi-frame": ct_exam((ultrasound,)),
        "sr-pr": ct_exam((ct, report, state)),
    }


def key_image_exam() -> Exam:
    """A CT with a note that marks one image and a rejection that withdraws another; both notes were opened."""
    images, *_ = ct_exam().series
    notes = Series(
        series_uid=demo_uid("notes"),
        modality="KO",
        number=9,
        instances=tuple(Instance(KEY_OBJECT_SELECTION, demo_uid(f"notes/{n}"), n) for n in (1, 2)),
    )
    marked, rejected, *_ = (instance.sop_instance_uid for instance in images.instances)
    opened = tuple(
        KeyObjectNote(
            sop_instance_uid=instance.sop_instance_uid,
            series_uid=notes.series_uid,
            title=title,
            description="À voir",
            marked=frozenset({uid}),
        )
        for instance, title, uid in zip(
            notes.instances,
            (Code("113000", "DCM", "Of Interest"), Code("113001", "DCM", "Rejected for Quality Reasons")),
            (marked, rejected),
            strict=True,
        )
    )
    return replace(ct_exam((images, notes)), notes=opened)


uids = st.integers(0, 2**96).map(lambda number: f"2.25.{number}")
sop_classes = st.one_of(st.sampled_from([CT_IMAGE, ECG, DOSE_REPORT, "1.3.12.2.1107.5.9.1"]), uids)
numbers = st.none() | st.integers(0, 99_999)
keys = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="\\"), min_size=1, max_size=16
)
instances = st.builds(Instance, sop_classes, uids, numbers, numbers)
all_series = st.builds(
    Series,
    series_uid=uids,
    modality=st.sampled_from(["CT", "MR", ""]),
    number=numbers,
    description=st.text(max_size=80),
    instances=st.lists(instances, max_size=4).map(tuple),
)
exams = st.builds(
    Exam,
    study_uid=uids,
    patient_id=st.just("") | keys,
    patient_id_issuer=st.just("") | uids,
    patient_name=st.text(max_size=80),
    patient_birth_date=st.text(max_size=9),
    patient_sex=st.text(max_size=2),
    study_date=st.text(max_size=9) | st.just("20260312"),
    study_time=st.text(max_size=9) | st.just("102500"),
    study_id=st.text(max_size=20),
    description=st.text(max_size=80),
    referring_physician=st.text(max_size=80),
    series=st.lists(all_series, max_size=4).map(tuple),
).filter(lambda exam: bool(exam.instances))
orders = st.lists(
    st.tuples(st.builds(Identifier, uids, keys), st.none() | st.builds(Identifier, uids, keys)), min_size=1, max_size=3
).map(tuple)
