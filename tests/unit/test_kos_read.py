"""Reading anyone's key object document: every encoding that is allowed, and a named error for what is not."""

from __future__ import annotations

import struct
import zlib
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import DataElement, Dataset, config, dcmread
from pydicom.filewriter import dcmwrite
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from gateway.demo.identity import ACCESSION_ISSUER, CT, PATIENT
from gateway.dicom.notes import note_of
from gateway.errors import InputRejected, InputTooLarge
from gateway.kos import decode, file
from gateway.kos.build import build
from gateway.kos.encode import element, sequence
from gateway.kos.file import take_apart
from gateway.kos.read import read
from gateway.model.identifiers import Identifier
from tests.support.manifests import ct_exam, request

MANIFEST = build(ct_exam(), request("dmp"))


def rewritten(dataset: Dataset, *, implicit: bool = False) -> bytes:
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    out = BytesIO()
    dcmwrite(out, dataset, implicit_vr=implicit, little_endian=True, enforce_file_format=True)
    return out.getvalue()


def changed(**values: object) -> bytes:
    """The manifest with elements replaced, or deleted where None is given."""
    dataset = dcmread(BytesIO(MANIFEST))
    for keyword, value in values.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    return rewritten(dataset)


def refusal(content: bytes) -> InputRejected:
    with pytest.raises(InputRejected) as caught:
        read(content)
    return caught.value


def test_a_manifest_is_read_whole() -> None:
    found = read(MANIFEST)
    assert found.is_manifest
    assert found.patient_identifiers == (PATIENT.ins, *PATIENT.local_identifiers)
    assert found.patient_name == "KERMARREC-LEFÈVRE^ZOÉ"
    assert (found.patient_birth_date, found.patient_sex) == ("19811109", "F")
    assert found.created == "20260712120030+0100"
    assert found.accession is None
    assert found.study_description == "Scanner thorax abdomen pelvis injecté"
    assert found.description.splitlines()[1] == "Acte = Scanner TAP"
    (only,) = found.requests
    assert (only.study_uid, only.accession, only.placer) == (CT.study_uid, CT.accession, CT.placer)
    assert found.instances == ct_exam().instances
    first = found.studies[0].series[0]
    assert (first.retrieve_ae_title, first.retrieve_location_uid) == ("PACSDEMO", "1.2.250.1.999.1.1.4")
    assert first.retrieve_url.endswith(f"/studies/{CT.study_uid}/series/{first.series_uid}")
    assert [reference.value_type for reference in found.references] == ["IMAGE"] * 3 + ["WAVEFORM", "COMPOSITE"]


@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.parametrize("undefined", [False, True])
def test_every_plain_encoding_reads_the_same(implicit: bool, undefined: bool) -> None:
    dataset = dcmread(BytesIO(MANIFEST))
    for keyword in ("CurrentRequestedProcedureEvidenceSequence", "ContentSequence", "ConceptNameCodeSequence"):
        dataset[keyword].is_undefined_length = undefined
        for item in dataset[keyword].value:
            item.is_undefined_length_sequence_item = undefined
    assert read(rewritten(dataset, implicit=implicit)) == read(MANIFEST)


def test_latin_1_is_read_as_declared() -> None:
    dataset = dcmread(BytesIO(MANIFEST))
    dataset.walk(lambda item, element: None)
    dataset.SpecificCharacterSet = "ISO_IR 100"
    content = rewritten(dataset)
    assert "KERMARREC-LEFÈVRE".encode("latin-1") in content
    assert read(content) == read(MANIFEST)


def test_a_sequence_that_is_not_of_interest_is_passed_over_at_any_length() -> None:
    dataset = dcmread(BytesIO(MANIFEST))
    inner = Dataset()
    inner.ReferencedSOPInstanceUID = "1.2.3"
    dataset.ReferencedImageSequence = [inner]
    dataset["ReferencedImageSequence"].is_undefined_length = True
    inner.is_undefined_length_sequence_item = True
    assert read(rewritten(dataset)) == read(MANIFEST)


def test_an_official_manifest_without_issuers_and_template_is_read() -> None:
    dataset = dcmread(BytesIO(MANIFEST))
    for keyword in ("IssuerOfPatientIDQualifiersSequence", "OtherPatientIDsSequence", "ContentTemplateSequence"):
        delattr(dataset, keyword)
    del dataset.ReferencedRequestSequence[0].IssuerOfAccessionNumberSequence
    dataset.ContentSequence.append(dataset.ContentSequence.pop(0))
    found = read(rewritten(dataset))
    assert found.patient_identifiers == (Identifier("", "281112915104759"),)
    assert found.requests[0].accession == Identifier("", CT.accession.extension)
    assert found.description == read(MANIFEST).description


@pytest.mark.parametrize(
    ("written", "frames", "marked"),
    [("3", (3,), {3}), (["2", "17"], (2, 17), {2, 17}), ("", None, None), ("many", (), set())],
)
def test_a_reference_to_single_frames_is_none_to_the_whole_instance(
    written: object, frames: tuple[int, ...] | None, marked: set[int] | None
) -> None:
    dataset = dcmread(BytesIO(MANIFEST))
    item = next(one for one in dataset.ContentSequence if one.ValueType == "IMAGE").ReferencedSOPSequence[0]
    item.add(DataElement(0x00081160, "IS", written, validation_mode=config.IGNORE, already_converted=written == "many"))
    found = read(rewritten(dataset))
    (reference,) = (one for one in found.references if one.sop_instance_uid == item.ReferencedSOPInstanceUID)
    assert reference.frames == frames
    assert note_of(found).frames == ({} if marked is None else {item.ReferencedSOPInstanceUID: frozenset(marked)})


def test_the_study_level_accession_number_is_read_with_its_issuer() -> None:
    found = read(build(ct_exam(), request("ihe")))
    assert found.accession == Identifier(ACCESSION_ISSUER, "SC26031204")


@pytest.mark.parametrize(
    ("keyword", "place"),
    [
        ("SOPInstanceUID", "(0008,0018)"),
        ("StudyInstanceUID", "(0020,000D)"),
        ("CurrentRequestedProcedureEvidenceSequence", "(0040,A375)"),
    ],
)
def test_what_is_needed_to_find_the_images_is_missed(keyword: str, place: str) -> None:
    dataset = dcmread(BytesIO(MANIFEST))
    delattr(dataset, keyword)
    out = BytesIO()
    dcmwrite(out, dataset, implicit_vr=False, little_endian=True)
    error = refusal(out.getvalue())
    assert (error.code, error.place) == ("kos_incomplete", place)


def test_another_class_of_document_is_refused() -> None:
    error = refusal(changed(SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11"))
    assert error.code == "kos_other_class"


@pytest.mark.parametrize("content", [b"", b"%PDF-1.4", bytes(132), MANIFEST[1:]])
def test_what_is_not_dicom_is_refused(content: bytes) -> None:
    assert refusal(content).code == "kos_not_dicom"


@pytest.mark.parametrize("syntax", [ExplicitVRBigEndian, "1.2.840.10008.1.2.4.70"])
def test_a_transfer_syntax_that_no_key_object_needs_is_refused(syntax: str) -> None:
    error = refusal(bytes(128) + b"DICM" + element(0x00020010, "UI", str(syntax)) + b"\x00" * 40)
    assert (error.code, error.facts) == ("kos_transfer_syntax", {"syntax": str(syntax)})


def deflated(body: bytes) -> bytes:
    engine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    meta = element(0x00020010, "UI", str(DeflatedExplicitVRLittleEndian))
    return bytes(128) + b"DICM" + meta + engine.compress(body) + engine.flush()


def test_a_deflated_manifest_is_read() -> None:
    body = take_apart(MANIFEST).body
    assert read(deflated(body)) == read(MANIFEST)
    assert refusal(deflated(body)[:-20]).code == "kos_malformed"


def test_a_deflated_file_unfolds_to_the_limit_and_no_further() -> None:
    error = refusal(deflated(bytes(file.SIZE_BYTES + 2)))
    assert isinstance(error, InputTooLarge)
    assert error.code == "kos_too_large"


def plain(data: bytes) -> bytes:
    return bytes(128) + b"DICM" + element(0x00020010, "UI", decode.EXPLICIT) + data


def test_size_items_depth_and_elements_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "SIZE_BYTES", 10_000)
    monkeypatch.setattr(decode, "ITEMS", 100)
    monkeypatch.setattr(decode, "ELEMENTS", 50)
    deep = b""
    for _ in range(decode.DEPTH + 1):
        deep = sequence(0x0040A730, [deep])
    many = b"".join(element(0x00090000 + number, "LO", "") for number in range(60))
    for data, code in (
        (bytes(10_001), "kos_too_large"),
        (sequence(0x0040A730, [b""] * 101), "kos_too_many_items"),
        (deep, "kos_too_deep"),
        (many, "kos_too_many_items"),
    ):
        with pytest.raises(InputTooLarge) as caught:
            read(plain(data))
        assert caught.value.code == code


def test_endless_nesting_of_undefined_length_is_bounded() -> None:
    opening = struct.pack("<HH2sHI", 0x0040, 0xA730, b"SQ", 0, 0xFFFFFFFF) + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    assert refusal(plain(opening * 5000)).code == "kos_too_deep"


def test_a_sequence_in_the_place_of_a_text_is_malformed() -> None:
    undefined = struct.pack("<HH2sHI", 0x0008, 0x0016, b"UN", 0, 0xFFFFFFFF) + b"\xfe\xff\xdd\xe0\0\0\0\0"
    assert refusal(plain(undefined)).code == "kos_malformed"


@pytest.mark.parametrize("cut", [140, 200, 400, 1000, len(MANIFEST) - 1])
def test_a_file_cut_short_is_malformed(cut: int) -> None:
    assert refusal(MANIFEST[:cut]).code in ("kos_malformed", "kos_transfer_syntax")


@settings(deadline=None)
@given(st.data())
def test_broken_bytes_end_in_a_named_error_or_a_value(data: st.DataObject) -> None:
    content = bytearray(MANIFEST)
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(InputRejected):
        read(bytes(content))
