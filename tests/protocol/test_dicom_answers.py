"""C-FIND answers turned into the exam: character sets, issuers, absurd numbers, whose accession number counts."""

from __future__ import annotations

import io
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pynetdicom.dsutils import encode

from gateway.dicom import keys
from gateway.dicom.answers import SeriesRow, agreed_accession, image_row, series_row, study_row
from gateway.dicom.values import Values, decode
from gateway.model.exam import Series
from gateway.model.identifiers import Identifier
from tests.support.dicom_objects import ACCESSION_OID, INS_TEST, IPP_OID, STUDY, body, image, issuer, request


def read(dataset: Dataset) -> Values:
    encoded = encode(dataset, False, True)
    assert encoded is not None
    return Values.read(encoded, implicit=False)


def test_a_study_is_read_whole() -> None:
    exam = study_row(Values.read(body(image()), implicit=False)).exam
    assert exam.study_uid == STUDY
    assert (exam.patient_id, exam.patient_id_issuer) == ("IPP-7Q4021", IPP_OID)
    assert exam.other_patient_ids == (Identifier(INS_TEST, "281112915104759"),)
    assert exam.patient_name == "KERMARREC-LEFÈVRE^ZOÉ"
    assert (exam.patient_birth_date, exam.patient_sex) == ("19811109", "F")
    assert (exam.accession_number, exam.accession_issuer) == ("ACC-é1", ACCESSION_OID)
    assert (exam.study_date, exam.study_time, exam.study_id) == ("20260312", "102500", "ST1")
    assert exam.description == "Scanner thorax injecté, côté gauche"
    assert exam.referring_physician == "LE BIHAN^François"


@pytest.mark.parametrize(
    ("character_set", "codec", "name"),
    [
        ("ISO_IR 192", "utf-8", "LEFÈVRE^ZOÉ"),
        ("ISO_IR 100", "latin-1", "LEFÈVRE^ZOÉ"),
        ("ISO_IR 144", "iso8859-5", "ЛЮКСЕМБУРГ^А"),
        ("GB18030", "gb18030", "王^小东"),
        ("ISO_IR 101", "iso8859-2", "ŁUKASZ^Ć"),
        ("", "utf-8", "LEFÈVRE^ZOÉ"),
        ("", "latin-1", "LEFÈVRE^ZOÉ"),
        ("ISO_IR 6", "latin-1", "LEFÈVRE^ZOÉ"),
        ("NO SUCH SET", "utf-8", "LEFÈVRE^ZOÉ"),
    ],
)
def test_text_is_decoded_whatever_its_character_set(character_set: str, codec: str, name: str) -> None:
    def element(tag: bytes, vr: bytes, value: bytes) -> bytes:
        value += b" " * (len(value) % 2)
        return tag + vr + len(value).to_bytes(2, "little") + value

    content = element(b"\x08\0\x05\0", b"CS", character_set.encode()) if character_set else b""
    content += element(b"\x10\0\x10\0", b"PN", name.encode(codec))
    assert study_row(Values.read(content, implicit=False)).exam.patient_name == name


def test_escapes_to_a_second_character_set_are_followed() -> None:
    japanese = b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B"
    assert decode(japanese, ("", "ISO 2022 IR 87")).split("=")[1] == "山田^太郎"


@given(st.binary(max_size=60), st.lists(st.sampled_from(["", "ISO_IR 100", "ISO_IR 192", "GB18030", "x"]), max_size=1))
def test_any_bytes_are_some_text(value: bytes, names: list[str]) -> None:
    assert isinstance(decode(value, tuple(names)), str)


@pytest.mark.parametrize(
    ("name", "alphabetic"),
    [
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "Yamada^Tarou"),
        ("=山田^太郎", "山田^太郎"),
        ("MARTIN^Zoé^^^", "MARTIN^Zoé"),
        ("", ""),
    ],
)
def test_a_name_is_its_alphabetic_group(name: str, alphabetic: str) -> None:
    dataset = Dataset()
    dataset.SpecificCharacterSet, dataset.PatientName = "ISO_IR 192", name
    assert study_row(read(dataset)).exam.patient_name == alphabetic


@pytest.mark.parametrize(
    ("value", "number", "frames"),
    [
        (b"7 ", 7, 7),
        (b"-3", -3, None),
        (b"0 ", 0, None),
        (b"", None, None),
        (b"many", None, None),
        (b"99999999999 ", None, None),
        (b"1" * 60, None, None),
        (b"+5", 5, 5),
        (b"1.5 ", None, None),
    ],
)
def test_numbers_that_are_none_are_unknown(value: bytes, number: int | None, frames: int | None) -> None:
    content = b"".join(
        tag + b"IS" + len(value).to_bytes(2, "little") + value for tag in (b"\x20\0\x13\0", b"\x28\0\x08\0")
    )
    instance = image_row(Values.read(content, implicit=False)).instance
    assert (instance.number, instance.frames) == (number, frames)


def test_an_issuer_is_an_oid_or_nothing() -> None:
    dataset = Dataset()
    dataset.PatientID = "1"
    dataset.IssuerOfPatientID = "HOSPITAL"
    assert study_row(read(dataset)).exam.patient_id_issuer == ""
    dataset.IssuerOfPatientID = IPP_OID
    assert study_row(read(dataset)).exam.patient_id_issuer == IPP_OID
    dns = issuer("example.org")
    dns.UniversalEntityIDType = "DNS"
    dataset.IssuerOfPatientIDQualifiersSequence = [dns, issuer("1.2.3")]
    assert study_row(read(dataset)).exam.patient_id_issuer == "1.2.3"


def series(*requests: Dataset) -> SeriesRow:
    dataset = Dataset()
    dataset.RequestAttributesSequence = list(requests)
    return series_row(read(dataset))


def test_the_accession_number_of_the_series_counts_when_all_that_name_one_agree() -> None:
    assert agreed_accession([series(request("A"))]) == ("A", ACCESSION_OID)
    assert agreed_accession([series(request("A")), series(), series(request("A", ""))]) == ("A", ACCESSION_OID)
    assert agreed_accession([series(request("A", ""))]) == ("A", "")
    assert agreed_accession([series(request("A")), series(request("B"))]) is None
    assert agreed_accession([series(request("A"), request("B"))]) is None
    assert agreed_accession([series(request("A", "1.2.3")), series(request("A", "1.2.4"))]) is None
    assert agreed_accession([series(), SeriesRow(Series(series_uid="1"), None, ())]) is None


@pytest.mark.parametrize("implicit", [True, False])
def test_every_identifier_is_what_pydicom_reads(implicit: bool) -> None:
    uids = ("1.2.0840.01", "1.3", ("1.4", "1.5.6"))
    for identifier, level in (
        (keys.study_keys(uids[0]), "STUDY"),
        (keys.series_keys(uids[0]), "SERIES"),
        (keys.image_keys(uids[0]), "IMAGE"),
        (keys.image_keys(uids[0], uids[1]), "IMAGE"),
        (keys.retrieval_keys(*uids), "IMAGE"),
        (keys.retrieval_keys(*uids[:2]), "SERIES"),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the leading zero
            read = read_dataset(io.BytesIO(identifier.encode(implicit=implicit)), implicit, True)
            assert (read.SpecificCharacterSet, read.QueryRetrieveLevel, read.StudyInstanceUID) == (
                "ISO_IR 192",
                level,
                uids[0],
            )
            assert set(read.keys()) >= set(identifier.returned)
    assert list(
        read_dataset(io.BytesIO(keys.retrieval_keys(*uids).encode(implicit=implicit)), implicit, True)[0x00080018].value
    ) == ["1.4", "1.5.6"]


@pytest.mark.parametrize(
    ("character_set", "codec", "misread"),
    [
        ("ISO_IR 192", "utf-8", False),
        ("ISO_IR 192", "latin-1", True),
        ("ISO_IR 100", "latin-1", False),
        ("ISO_IR 100", "utf-8", True),
        ("", "utf-8", False),
        ("", "latin-1", False),
    ],
)
def test_text_in_another_character_set_than_declared_is_noticed(character_set: str, codec: str, misread: bool) -> None:
    name = "LEFÈVRE^ZOÉ".encode(codec)
    content = b"\x08\0\x05\0CS" + len(character_set).to_bytes(2, "little") + character_set.encode()
    content += b"\x10\0\x10\0PN" + (len(name) + len(name) % 2).to_bytes(2, "little") + name + b" " * (len(name) % 2)
    assert Values.read(content, implicit=False).is_misread(0x00100010) is misread
    forced = Values.read(content, implicit=False, character_set="ISO_IR 192" if codec == "utf-8" else "ISO_IR 100")
    assert forced.texts(0x00100010) == ("LEFÈVRE^ZOÉ",)
    assert not forced.is_misread(0x00100010)


def test_the_requests_of_the_series_are_told_with_their_issuers() -> None:
    item = request("A1")
    item.PlacerOrderNumberImagingServiceRequest = "P1"
    item.OrderPlacerIdentifierSequence = [issuer("1.2.9")]
    item.RequestedProcedureDescription = "Scanner"
    (found,) = series(item).requests
    assert found.accession == Identifier(ACCESSION_OID, "A1")
    assert found.placer == Identifier("1.2.9", "P1")
    assert (found.procedure_id, found.procedure_description) == ("RP1", "Scanner")
    assert series(request("A"), request("B"), request("")).requests[1].accession.extension == "B"
