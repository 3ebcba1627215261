"""Examinations and requests to build manifests from, fixed and drawn."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import strategies as st

from gateway.demo.identity import CT, PATIENT, PATIENT_ISSUER, SITE, demo_uid
from gateway.kos.build import ManifestRequest
from gateway.model.exam import Exam, Instance, Series
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
