"""Building a manifest: every attribute that the standard, IHE and the official samples want; same bytes twice."""

from __future__ import annotations

import warnings
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID_dictionary

from gateway.demo.identity import ACCESSION_ISSUER, CT, IMAGING_SOURCE, ORDER_ISSUER, PATIENT, PATIENT_ISSUER, SITE
from gateway.errors import Mismatch
from gateway.kos import build as build_module
from gateway.kos.build import ManifestRequest, build, description
from gateway.kos.read import read
from gateway.kos.sop_classes import value_type
from gateway.model.codes import Code
from gateway.model.exam import Exam, ImagingRequest, Instance, Series
from gateway.model.identifiers import INS_TEST, Identifier
from gateway.model.site import ManifestSettings
from tests.support.manifests import (
    CT_IMAGE,
    REMOTE_SITE,
    ct_exam,
    exams,
    key_image_exam,
    large_exam,
    odd_exams,
    orders,
    plain,
    request,
)

GOLDEN = Path(__file__).parents[1] / "golden"


def dataset(exam: Exam, asked: ManifestRequest) -> Dataset:
    return dcmread(BytesIO(build(exam, asked)))


def issuer(item: Dataset, keyword: str) -> str:
    entity = item[keyword].value[0]
    assert entity.UniversalEntityIDType == "ISO"
    return str(entity.UniversalEntityID)


def test_the_file_is_part_10_in_explicit_little_endian() -> None:
    content = build(ct_exam(), request())
    found = dcmread(BytesIO(content))
    assert content[:132] == bytes(128) + b"DICM"
    assert found.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert found.file_meta.MediaStorageSOPClassUID == found.SOPClassUID == "1.2.840.10008.5.1.4.1.1.88.59"
    assert found.file_meta.MediaStorageSOPInstanceUID == found.SOPInstanceUID == request().sop_instance_uid


@pytest.mark.parametrize("flavour", ["dmp", "ihe"])
def test_the_bytes_are_those_that_pydicom_writes(flavour: str) -> None:
    content = build(ct_exam(), request(flavour))
    again = BytesIO()
    decoded = dcmread(BytesIO(content))
    decoded.walk(lambda item, element: None)
    dcmwrite(again, decoded, enforce_file_format=True)
    assert again.getvalue() == content


@pytest.mark.parametrize("flavour", ["dmp", "ihe"])
def test_same_arguments_give_same_bytes(flavour: str) -> None:
    assert build(ct_exam(), request(flavour)) == build(ct_exam(), request(flavour))


@pytest.mark.parametrize(
    ("name", "exam", "asked"),
    [
        ("dmp", ct_exam(), request("dmp")),
        ("ihe", ct_exam(), request("ihe")),
        ("mado", ct_exam(), replace(request("ihe"), described=True, regions=CT.regions)),
        ("key-images", key_image_exam(), request("dmp")),
    ],
)
def test_the_manifest_is_the_golden_one(
    name: str, exam: Exam, asked: ManifestRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_module, "__version__", "0")
    content = build(exam, asked)
    assert content == (GOLDEN / f"manifest-{name}.dcm").read_bytes()
    assert f"{dcmread(BytesIO(content))}\n" == (GOLDEN / f"manifest-{name}.txt").read_text(encoding="utf-8")


def test_the_dmp_names_the_patient_by_the_national_identity() -> None:
    found = dataset(ct_exam(), request("dmp"))
    assert found.PatientID == "281112915104759"
    assert found.IssuerOfPatientID == "ASIP-SANTE-INS-NIR"
    assert issuer(found, "IssuerOfPatientIDQualifiersSequence") == INS_TEST
    assert [item.PatientID for item in found.OtherPatientIDsSequence] == ["IPP-7Q4021"]
    assert issuer(found.OtherPatientIDsSequence[0], "IssuerOfPatientIDQualifiersSequence") == PATIENT_ISSUER
    assert str(found.PatientName) == "KERMARREC-LEFÈVRE^ZOÉ"
    assert str(found.OtherPatientNames) == "DESMAUX^ZOÉ"
    assert (found.PatientBirthDate, found.PatientSex, found.PatientComments) == ("19811109", "F", "29151")


def test_elsewhere_the_patient_is_the_one_of_the_pacs() -> None:
    exam = replace(ct_exam(), patient_name="AUTRE^NOM", patient_id_issuer="")
    found = dataset(exam, request("ihe"))
    assert found.PatientID == "IPP-7Q4021"
    assert issuer(found, "IssuerOfPatientIDQualifiersSequence") == PATIENT_ISSUER
    assert "IssuerOfPatientID" not in found
    assert [item.PatientID for item in found.OtherPatientIDsSequence] == ["281112915104759"]
    assert issuer(found.OtherPatientIDsSequence[0], "IssuerOfPatientIDQualifiersSequence") == INS_TEST
    assert str(found.PatientName) == "AUTRE^NOM"
    assert "PatientComments" not in found


def test_what_the_pacs_does_not_say_of_the_patient_comes_from_the_report() -> None:
    exam = replace(ct_exam(), patient_name="", patient_birth_date="", patient_sex="")
    found = dataset(exam, request("ihe"))
    assert str(found.PatientName) == "KERMARREC-LEFÈVRE^ZOÉ"
    assert (found.PatientBirthDate, found.PatientSex) == ("19811109", "F")


def test_the_dmp_needs_a_national_identity() -> None:
    asked = replace(request("dmp"), patient=replace(PATIENT, identifiers=PATIENT.local_identifiers))
    with pytest.raises(Mismatch) as caught:
        build(ct_exam(), asked)
    assert caught.value.code == "manifest_without_ins"


def test_one_offset_speaks_for_every_time() -> None:
    found = dataset(ct_exam(), request())
    assert found.TimezoneOffsetFromUTC == "+0100"
    assert (found.StudyDate, found.StudyTime) == ("20260312", "102500")
    assert (found.ContentDate, found.ContentTime) == ("20260712", "120030")
    assert (found.InstanceCreationDate, found.InstanceCreationTime) == ("20260712", "120030")


def test_without_a_study_date_the_offset_is_that_of_the_making() -> None:
    found = dataset(replace(ct_exam(), study_date=""), request())
    assert (found.TimezoneOffsetFromUTC, found.ContentTime) == ("+0200", "130030")


def test_the_series_is_one_of_key_objects() -> None:
    found = dataset(ct_exam(), request())
    assert (found.Modality, found.SeriesInstanceUID) == ("KO", request().series_instance_uid)
    assert (found.SeriesNumber, found.InstanceNumber) == (59, 1)
    assert found.SpecificCharacterSet == "ISO_IR 192"
    assert found.InstitutionName == SITE.institution_name
    assert len(found.ReferencedPerformedProcedureStepSequence) == 0


def test_the_study_level_accession_number_is_empty_for_the_dmp_and_with_several_orders() -> None:
    several = replace(request("ihe"), orders=((CT.accession, CT.placer), (Identifier(ACCESSION_ISSUER, "SC2"), None)))
    assert dataset(ct_exam(), request("dmp")).AccessionNumber == ""
    assert dataset(ct_exam(), several).AccessionNumber == ""
    one = dataset(ct_exam(), request("ihe"))
    assert one.AccessionNumber == "SC26031204"
    assert issuer(one, "IssuerOfAccessionNumberSequence") == ACCESSION_ISSUER


def test_each_order_is_a_referenced_request() -> None:
    asked = replace(request(), orders=((CT.accession, CT.placer), (Identifier(ACCESSION_ISSUER, "SC2"), None)))
    first, second = dataset(ct_exam(), asked).ReferencedRequestSequence
    assert (first.StudyInstanceUID, first.AccessionNumber) == (CT.study_uid, "SC26031204")
    assert issuer(first, "IssuerOfAccessionNumberSequence") == ACCESSION_ISSUER
    assert first.PlacerOrderNumberImagingServiceRequest == "DEM-2026-1187"
    assert issuer(first, "OrderPlacerIdentifierSequence") == ORDER_ISSUER
    for empty in ("FillerOrderNumberImagingServiceRequest", "RequestedProcedureID", "RequestedProcedureDescription"):
        assert first[empty].is_empty
    for empty in ("ReferencedStudySequence", "RequestedProcedureCodeSequence"):
        assert len(first[empty].value) == 0
    assert (second.AccessionNumber, second.PlacerOrderNumberImagingServiceRequest) == ("SC2", "")
    assert "OrderPlacerIdentifierSequence" not in second


def test_the_accession_number_of_the_study_is_always_announced() -> None:
    requests = dataset(ct_exam(), replace(request(), orders=())).ReferencedRequestSequence
    assert [item.AccessionNumber for item in requests] == ["SC26031204"]


def test_the_evidence_says_where_to_get_each_series() -> None:
    (study,) = dataset(ct_exam(), request()).CurrentRequestedProcedureEvidenceSequence
    assert study.StudyInstanceUID == CT.study_uid
    filled = [series for series in ct_exam().series if series.instances]
    assert [item.SeriesInstanceUID for item in study.ReferencedSeriesSequence] == [s.series_uid for s in filled]
    for item in study.ReferencedSeriesSequence:
        assert item.RetrieveAETitle == "PACSDEMO"
        assert item.RetrieveLocationUID == IMAGING_SOURCE
        assert item.RetrieveURL == (
            f"https://box.example/dicom-web-rs/studies/{CT.study_uid}/series/{item.SeriesInstanceUID}"
        )


def test_retrieval_that_the_site_does_not_offer_is_not_announced() -> None:
    site = replace(SITE, retrieve_ae_title="", imaging_source_uid="", retrieve_url="")
    (study,) = dataset(ct_exam(), replace(request(), site=site)).CurrentRequestedProcedureEvidenceSequence
    for item in study.ReferencedSeriesSequence:
        assert not {"RetrieveAETitle", "RetrieveLocationUID", "RetrieveURL"} & set(item.dir())


def test_content_and_evidence_name_the_same_instances() -> None:
    found = dataset(ct_exam(), request())
    text, *items = found.ContentSequence
    selected = [item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for item in items]
    assert text.ValueType == "TEXT"
    assert selected == [instance.sop_instance_uid for instance in ct_exam().instances]
    assert [item.ValueType for item in items] == ["IMAGE", "IMAGE", "IMAGE", "WAVEFORM", "COMPOSITE"]
    assert {item.RelationshipType for item in found.ContentSequence} == {"CONTAINS"}


def test_the_document_is_a_manifest_after_template_2010() -> None:
    found = dataset(ct_exam(), request())
    (title,) = found.ConceptNameCodeSequence
    (template,) = found.ContentTemplateSequence
    assert (title.CodeValue, title.CodingSchemeDesignator, title.CodeMeaning) == ("113030", "DCM", "Manifest")
    assert (template.MappingResource, template.TemplateIdentifier) == ("DCMR", "2010")
    assert (found.ValueType, found.ContinuityOfContent) == ("CONTAINER", "SEPARATE")


def test_the_description_is_what_consumers_of_drim_parse() -> None:
    a, _, b, c = ct_exam().series
    expected = (
        "Examen : Scanner thorax abdomen pelvis injecté\n"
        "Acte = Scanner TAP\n"
        f"Série-{a.series_uid} : CT @ : Thorax 1,25 mm\n"
        f"Série-{b.series_uid} : ECG @ : ECG\n"
        f"Série-{c.series_uid} : SR @ : Dose\n"
    )
    assert description(ct_exam(), "Scanner TAP") == expected
    content = build(ct_exam(), request("dmp"))
    assert content.count(expected.encode()) == 1


def test_elsewhere_the_description_is_the_study_s_or_absent() -> None:
    text = dataset(ct_exam(), request("ihe")).ContentSequence[0]
    assert text.TextValue == "Scanner thorax abdomen pelvis injecté"
    bare = dataset(replace(ct_exam(), description=""), request("ihe"))
    assert bare.ContentSequence[0].ValueType == "IMAGE"


def test_a_study_without_instances_has_no_manifest() -> None:
    for series in ((), (Series(series_uid="1.2.3"),)):
        with pytest.raises(Mismatch) as caught:
            build(ct_exam(series), request())
        assert caught.value.code == "manifest_without_instances"


@pytest.mark.parametrize("uid", ["", "1.2\\3", "1.2.3\n", "abc", "1." * 40])
def test_a_uid_that_is_none_is_refused(uid: str) -> None:
    series = (Series(series_uid="1.2.3", instances=(Instance(CT_IMAGE, uid),)),)
    with pytest.raises(Mismatch) as caught:
        build(ct_exam(series), request())
    assert (caught.value.code, caught.value.place) == ("manifest_value_unfit", "(0008,1155)")


def test_a_uid_with_leading_zeros_is_kept_as_the_pacs_has_it() -> None:
    series = (Series(series_uid="1.2.03", instances=(Instance(CT_IMAGE, "1.2.03.1"),)),)
    assert read(build(ct_exam(series), request())).instances[0].sop_instance_uid == "1.2.03.1"


@pytest.mark.parametrize("number", ["A\\B", "A\x07", " A"])
def test_an_identifier_that_dicom_cannot_hold_is_refused_and_not_altered(number: str) -> None:
    with pytest.raises(Mismatch) as caught:
        build(replace(ct_exam(), patient_id=number), request("ihe"))
    assert (caught.value.code, caught.value.place) == ("manifest_value_unfit", "(0010,0020)")


def test_every_image_class_is_an_image_and_every_waveform_a_waveform() -> None:
    for uid, (name, kind, _, retired, _) in UID_dictionary.items():
        if kind != "SOP Class" or not uid.startswith("1.2.840.10008.5.1.4.1.1.") or "DICOS" in name:
            continue
        if "Waveform Storage" in name:
            assert value_type(uid) == "WAVEFORM", name
        elif "Image Storage" in name:
            assert value_type(uid) == "IMAGE", name
        elif any(word in name for word in (" SR ", "Presentation State", "Encapsulated", "RT Plan", "Raw Data")):
            assert value_type(uid) == "COMPOSITE", name
        assert retired in ("", "Retired")
    assert value_type("1.2.840.10008.5.1.4.1.1.88.59") == "COMPOSITE"
    assert value_type("1.2.840.10008.5.1.4.1.1.66.4") == "IMAGE"
    assert value_type("1.3.12.2.1107.5.9.1") == "COMPOSITE"


@settings(deadline=None, max_examples=50)
@given(exam=exams, wanted=orders, flavour=st.sampled_from(["dmp", "ihe"]))
def test_what_goes_in_comes_out(
    exam: Exam, wanted: tuple[tuple[Identifier, Identifier | None], ...], flavour: str
) -> None:
    site = replace(REMOTE_SITE, manifest=ManifestSettings(private_classes=True))
    asked = replace(request(flavour), accession=wanted[0][0], orders=wanted, site=site)
    content = build(exam, asked)
    found = read(content)
    series = [series for series in exam.series if series.instances]
    assert (found.sop_instance_uid, found.series_uid) == (asked.sop_instance_uid, asked.series_instance_uid)
    assert found.is_manifest
    assert found.study_uid == found.studies[0].study_uid == exam.study_uid
    assert [(s.series_uid, s.number, s.instances) for s in found.studies[0].series] == [
        (s.series_uid, s.number, s.instances) for s in series
    ]
    assert [(r.value_type, r.sop_class_uid, r.sop_instance_uid) for r in found.references] == sorted(
        ((value_type(i.sop_class_uid), i.sop_class_uid, i.sop_instance_uid) for i in exam.instances),
        key=lambda one: ("IMAGE", "WAVEFORM", "COMPOSITE").index(one[0]),
    )
    full = {accession for accession, placer in wanted if placer}
    assert [(r.accession, r.placer) for r in found.requests] == [
        order for order in dict.fromkeys(wanted) if order[1] or order[0] not in full
    ]
    assert PATIENT.ins in found.patient_identifiers
    if flavour == "ihe" and exam.patient_id:
        local = Identifier(exam.patient_id_issuer or SITE.patient_id_issuer, exam.patient_id)
        assert found.patient_identifiers[0] == local
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # drawn values break their VR; the file must be readable all the same
        str(dcmread(BytesIO(content)))


@pytest.mark.parametrize("references", [1, 500])
def test_the_bytes_are_those_of_a_manifest_that_pydicom_builds(references: int) -> None:
    exam, asked = large_exam(references), request("ihe")
    content = build(exam, asked)
    out = BytesIO()
    dcmwrite(out, plain(exam, asked, dcmread(BytesIO(content))), enforce_file_format=True)
    assert out.getvalue() == content


@pytest.mark.parametrize("name", odd_exams())
@pytest.mark.parametrize("described", [False, True])
def test_pydicom_writes_the_same_bytes_of_every_kind_of_study(name: str, described: bool) -> None:
    content = build(odd_exams()[name], replace(request("ihe"), described=described))
    decoded, again = dcmread(BytesIO(content)), BytesIO()
    decoded.walk(lambda item, element: None)
    dcmwrite(again, decoded, enforce_file_format=True)
    assert again.getvalue() == content


@pytest.mark.parametrize(
    ("retrieval", "keyword"),
    [("ae-title", "RetrieveAETitle"), ("location", "RetrieveLocationUID"), ("url", "RetrieveURL")],
)
def test_a_setting_says_which_retrieval_attributes_are_announced(retrieval: str, keyword: str) -> None:
    site = replace(REMOTE_SITE, manifest=ManifestSettings(retrieval=frozenset({retrieval})))
    (study,) = dataset(ct_exam(), replace(request(), site=site)).CurrentRequestedProcedureEvidenceSequence
    for item in study.ReferencedSeriesSequence:
        assert {"RetrieveAETitle", "RetrieveLocationUID", "RetrieveURL"} & set(item.dir()) == {keyword}


def test_settings_say_who_makes_the_manifest_and_what_its_text_is() -> None:
    manifest = ManifestSettings(manufacturer="Atelier", model_name="Boîte", station_name="BOX1", description="drim")
    found = dataset(ct_exam(), replace(request("ihe"), site=replace(REMOTE_SITE, manifest=manifest)))
    assert (found.Manufacturer, found.ManufacturerModelName, found.StationName) == ("Atelier", "Boîte", "BOX1")
    assert found.ContentSequence[0].TextValue.startswith("Examen : Scanner")
    none = replace(REMOTE_SITE, manifest=ManifestSettings(description="none"))
    assert dataset(ct_exam(), replace(request("dmp"), site=none)).ContentSequence[0].ValueType == "IMAGE"


def test_what_the_pacs_tells_of_the_requests_completes_the_report_s_orders() -> None:
    other = Identifier(ACCESSION_ISSUER, "SC2")
    exam = replace(
        ct_exam(),
        requests=(
            ImagingRequest(
                accession=Identifier("", CT.accession.extension),
                filler=Identifier(ORDER_ISSUER, "F-1"),
                procedure_id="RP1",
                procedure_description="TAP injecté",
                procedure=Code("ZZQH033", "1.2.250.1.213.2.5", "Scanographie"),
            ),
            ImagingRequest(accession=other),
        ),
    )
    first, second = dataset(exam, request("ihe")).ReferencedRequestSequence
    assert first.PlacerOrderNumberImagingServiceRequest == "DEM-2026-1187"
    assert first.FillerOrderNumberImagingServiceRequest == "F-1"
    assert issuer(first, "OrderFillerIdentifierSequence") == ORDER_ISSUER
    assert (first.RequestedProcedureID, first.RequestedProcedureDescription) == ("RP1", "TAP injecté")
    assert first.RequestedProcedureCodeSequence[0].CodeValue == "ZZQH033"
    assert second.AccessionNumber == "SC2"
    assert dataset(exam, request("ihe")).AccessionNumber == ""


@pytest.mark.parametrize("number", ["A" * 17, "A\\B"])
def test_an_accession_number_that_dicom_cannot_hold_is_refused(number: str) -> None:
    asked = replace(request("ihe"), accession=Identifier(ACCESSION_ISSUER, number), orders=())
    with pytest.raises(Mismatch) as caught:
        build(ct_exam(), asked)
    assert (caught.value.code, caught.value.place) == ("manifest_value_unfit", "(0008,0050)")


def test_a_key_image_carries_its_mark_and_the_note_is_referenced() -> None:
    exam = key_image_exam()
    found = dataset(exam, request("dmp"))
    series, notes = found.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    marked = series.ReferencedSOPSequence[0]
    (mark,) = marked.ReferencedSOPSequence
    assert mark.ReferencedSOPInstanceUID == exam.notes[0].sop_instance_uid
    assert mark.SeriesInstanceUID == notes.SeriesInstanceUID == exam.notes[0].series_uid
    assert mark.ConceptNameCodeSequence[0].CodeValue == "113000"
    assert mark.ContentSequence[0].TextValue == (
        f"Definition of key instance {marked.ReferencedSOPInstanceUID}"
        f" associated with series {series.SeriesInstanceUID}"
    )
    assert [i.ReferencedSOPInstanceUID for i in notes.ReferencedSOPSequence] == [exam.notes[0].sop_instance_uid]
    assert found.ContentSequence[-1].ValueType == "COMPOSITE"
    assert "ReferencedSOPSequence" not in series.ReferencedSOPSequence[1]


def test_a_manifest_with_description_says_what_the_pacs_told() -> None:
    exam = odd_exams()["multi-frame"]
    asked = replace(request("ihe"), described=True, regions=CT.regions)
    found = dataset(exam, asked)
    title = found.ConceptNameCodeSequence[0]
    assert (title.CodeValue, title.CodingSchemeDesignator) == ("MADOTEMP001", "99IHE")
    assert [item.PatientID for item in found.OtherPatientIDsSequence] == [found.PatientID, "281112915104759"]
    library = found.ContentSequence[-1]
    *descriptors, group = library.ContentSequence
    assert [item.ConceptNameCodeSequence[0].CodeMeaning for item in descriptors] == [
        "Modality",
        "Target Region",
        "Target Region",
        "Number of Study Related Series",
    ]
    said = {
        item.ConceptNameCodeSequence[0].CodeMeaning: item
        for item in group.ContentSequence
        if "ReferencedSOPSequence" not in item
    }
    assert exam.series[0].series_uid == said["Series Instance UID"].UID
    assert said["Number of Series Related Instances"].MeasuredValueSequence[0].NumericValue == 3
    assert (said["Series Date"].Date, said["Series Time"].Time) == ("20260312", "102600")
    assert said["Target Region"].TextValue == "CHEST"
    entry = group.ContentSequence[-1]
    number, frames = entry.ContentSequence
    assert (number.TextValue, frames.MeasuredValueSequence[0].NumericValue) == ("3", 20)
    assert read(build(exam, asked)).is_manifest
