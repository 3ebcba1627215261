"""The judgement of a manifest: right ones are valid, and for each rule a wrong one is found out."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.cli.kos import judge
from gateway.demo.identity import CT, PATIENT_ISSUER
from gateway.errors import GatewayError
from gateway.kos.build import build
from gateway.kos.encode import element, raw
from gateway.kos.file import take_apart
from gateway.kos.read import read
from gateway.kos.rules.catalogue import RULES
from gateway.kos.sop_classes import KEY_OBJECT_SELECTION
from gateway.kos.tree import walk
from gateway.model.finding import Severity, Verdict
from gateway.model.identifiers import Identifier
from gateway.model.site import ManifestSettings
from gateway.texts.manifest import TEXTS
from tests.support.altered import Altered, edited, item, items
from tests.support.manifests import (
    REMOTE_SITE,
    ct_exam,
    key_image_exam,
    large_exam,
    national_manifest,
    odd_exams,
    request,
)

GOLDEN = Path(__file__).parents[1] / "golden"
IHE = build(ct_exam(), request("ihe"))
DMP = build(ct_exam(), request("dmp"))
MADO = build(ct_exam(), replace(request("ihe"), described=True, regions=CT.regions))
KEY_IMAGES = build(key_image_exam(), request("dmp"))
EVIDENCE = "CurrentRequestedProcedureEvidenceSequence[1]"
SERIES = f"{EVIDENCE}.ReferencedSeriesSequence[1]"
REFERENCE = f"{SERIES}.ReferencedSOPSequence[1]"
REQUEST = "ReferencedRequestSequence[1]"
IMAGE = "ContentSequence[2]"
LIBRARY = "ContentSequence[7]"
MARK = f"{REFERENCE}.ReferencedSOPSequence[1]"
COPY = "IdenticalDocumentsSequence[1]"
OTHER_UID = "1.2.250.1.999.77"


def rules(content: bytes) -> set[str]:
    return {finding.rule for finding in judge(content).findings}


def verdict(content: bytes) -> Verdict:
    return judge(content).verdict


# .. right ones


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("manifest-*.dcm")), ids=lambda file: file.name)
def test_golden_manifests_are_valid_without_a_word(file: Path) -> None:
    judgement = judge(file.read_bytes())
    assert judgement.verdict is Verdict.VALID
    assert [finding.rule for finding in judgement.findings] == []


@pytest.mark.parametrize("name", odd_exams())
@pytest.mark.parametrize("flavour", ["ihe", "dmp"])
@pytest.mark.parametrize("described", [False, True])
def test_manifests_of_every_kind_of_study_are_valid(name: str, flavour: str, described: bool) -> None:
    content = build(odd_exams()[name], replace(request(flavour), described=described))
    assert [finding.rule for finding in judge(content).findings] == []


def test_a_manifest_with_the_traits_of_the_official_french_one_is_valid() -> None:
    judgement = judge(national_manifest())
    assert judgement.verdict is Verdict.VALID
    assert judgement.about == {"profile": "DRIM-M"}
    assert {finding.rule for finding in judgement.findings} == {"kos-template-drim", "kos-description-series"}


@pytest.mark.parametrize("retrieval", ["ae-title", "location", "url"])
def test_a_foreign_manifest_with_one_way_of_retrieval_is_valid(retrieval: str) -> None:
    site = replace(REMOTE_SITE, manifest=ManifestSettings(retrieval=frozenset({retrieval}), description="none"))
    patient = replace(request().patient, identifiers=(Identifier(PATIENT_ISSUER, "IPP-7Q4021"),))
    content = build(ct_exam(), replace(request("ihe"), site=site, patient=patient))
    assert [finding.rule for finding in judge(content).findings] == []


def test_accession_numbers_of_two_issuers_are_valid() -> None:
    same = Identifier("1.2.250.1.999.9.9", CT.accession.extension)
    content = build(ct_exam(), replace(request("ihe"), orders=((CT.accession, CT.placer), (same, None))))
    assert [finding.rule for finding in judge(content).findings] == []


@pytest.mark.parametrize(
    "edits",
    [
        {"TimezoneOffsetFromUTC": None},
        {"PatientBirthDate": "", "PatientSex": "", "PatientName": ""},
        {"ContentSequence[1].TextValue": "Anything"},
        {"StudyDate": "", "StudyTime": "", "StudyID": ""},
        {"InstitutionName": None},
        {"AccessionNumber": "", "IssuerOfAccessionNumberSequence": None},
        {"ConceptNameCodeSequence[1].CodeMeaning": "MANIFEST"},
        {"00091001": "x", "00090010": "SOMEONE"},
        {f"{SERIES}.RetrieveAETitle": "ONE\\TWO"},
    ],
    ids=lambda edits: ", ".join(edits),
)
def test_what_the_standard_leaves_free_is_valid(edits: dict[str, object]) -> None:
    assert verdict(edited(IHE, edits)) is Verdict.VALID


@pytest.mark.parametrize(
    ("character_set", "encoding"), [("ISO_IR 100", "latin-1"), ("ISO_IR 203", "iso8859-15"), ("GB18030", "gb18030")]
)
def test_other_character_sets_are_valid(character_set: str, encoding: str) -> None:
    content = _latin(IHE, character_set, encoding)
    assert [finding.rule for finding in judge(content).findings] == []
    assert read(content).patient_name == read(IHE).patient_name


def test_the_text_may_come_last_for_the_order_of_the_template_means_nothing() -> None:
    first, *others = items(IHE, "ContentSequence")
    assert verdict(edited(IHE, {"ContentSequence": [*others, first]})) is Verdict.VALID


# .. wrong ones

_first_series, _second_series, _ = items(IHE, f"{EVIDENCE}.ReferencedSeriesSequence")
_references = items(IHE, f"{SERIES}.ReferencedSOPSequence")
_text, _image, *_rest = items(IHE, "ContentSequence")
_url = f"https://box.example/dicom-web-rs/studies/{CT.study_uid}/series/{_first_series.ascii(0x0020000E)}"
_qualifiers = "IssuerOfPatientIDQualifiersSequence"
_library = items(MADO, f"{LIBRARY}.ContentSequence")
_number, _code_of = 0x0040A043, 0x00080100
_kinds = [one.items(_number)[0].ascii(_code_of) for one in _library]
GROUP = f"{LIBRARY}.ContentSequence[{_kinds.index('126200') + 1}]"
_group = items(MADO, f"{GROUP}.ContentSequence")
_group_kinds = [one.items(_number)[0].ascii(_code_of) for one in _group if one.items(_number)]
_modality = "ContentSequence[1].ConceptCodeSequence[1]"
_region = f"ContentSequence[{_kinds.index('123014') + 1}].ConceptCodeSequence[1]"
_group_modality = f"ContentSequence[{_group_kinds.index('121139') + 1}].ConceptCodeSequence[1]"


def _meta(tag: int, value: bytes | None) -> bytes:
    """The IHE manifest with an element of its file meta information altered, its group length made right."""
    part10 = take_apart(IHE)
    meta = b"".join(
        raw(found, vr.decode(), content if found != tag else value or b"")
        for found, vr, content in part10.meta
        if found != 0x00020000 and not (found == tag and value is None)
    )
    return bytes(128) + b"DICM" + raw(0x00020000, "UL", struct.pack("<I", len(meta))) + meta + part10.body


def _deflated(content: bytes) -> bytes:
    """The manifest in Deflated Explicit VR Little Endian."""
    whole = _meta(0x00020010, b"1.2.840.10008.1.2.1.99")
    body = take_apart(content).body
    engine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return whole[: len(whole) - len(body)] + engine.compress(body) + engine.flush()


def _latin(content: bytes, character_set: str, encoding: str) -> bytes:
    """The whole manifest in a set of single bytes."""
    altered = Altered(content)
    root = altered.tree()
    for node in walk(root):
        for one in node.elements:
            if not one.value.isascii():
                text = one.value.decode().encode(encoding)
                one.value = text + b" " * (len(text) % 2)
    return edited(altered.file(root), {"SpecificCharacterSet": character_set})


def _words(content: bytes) -> str:
    return items(content, "ContentSequence")[0].by_tag[0x0040A160].value.decode().strip(" \0")


def _doubled(content: bytes) -> bytes:
    altered = Altered(content)
    root = altered.tree()
    root.elements.insert(3, root.elements[3])
    return altered.file(root)


def _swapped(content: bytes) -> bytes:
    altered = Altered(content)
    root = altered.tree()
    root.elements[3], root.elements[4] = root.elements[4], root.elements[3]
    return altered.file(root)


def _several(content: bytes) -> bytes:
    """A second study in the evidence, its instance in the content."""
    study = item(
        ReferencedSeriesSequence=[
            item(
                RetrieveAETitle="PACSDEMO",
                RetrieveURL=f"https://box.example/studies/{OTHER_UID}/series/{OTHER_UID}.1",
                ReferencedSOPSequence=[
                    item(ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.2", ReferencedSOPInstanceUID=f"{OTHER_UID}.2")
                ],
                SeriesInstanceUID=f"{OTHER_UID}.1",
                RetrieveLocationUID="1.2.250.1.999.1.1.4",
            )
        ],
        StudyInstanceUID=OTHER_UID,
    )
    evidence = "CurrentRequestedProcedureEvidenceSequence"
    return edited(content, {evidence: [*items(content, evidence), study]})


def _with_copy(content: bytes, **altered: str) -> bytes:
    """With its copy in the other study, named by Identical Documents Sequence."""
    copy = item(
        ReferencedSeriesSequence=[
            item(
                ReferencedSOPSequence=[
                    item(
                        ReferencedSOPClassUID=altered.get("ReferencedSOPClassUID", KEY_OBJECT_SELECTION),
                        ReferencedSOPInstanceUID=altered.get("ReferencedSOPInstanceUID", f"{OTHER_UID}.9"),
                    )
                ],
                SeriesInstanceUID=f"{OTHER_UID}.8",
            )
        ],
        StudyInstanceUID=altered.get("StudyInstanceUID", OTHER_UID),
    )
    return edited(content, {"IdenticalDocumentsSequence": [copy]})


def _of_class(sop_class_uid: str) -> bytes:
    """The first image of another class, in the evidence and in the content."""
    selected = f"{IMAGE}.ReferencedSOPSequence[1]"
    return edited(IHE, {f"{place}.ReferencedSOPClassUID": sop_class_uid for place in (REFERENCE, selected)})


def _sentence(instance_uid: str) -> str:
    return f"Definition of key instance {instance_uid} associated with series {_first_series.ascii(0x0020000E)}"


WRONG: list[tuple[str, Callable[[], bytes]]] = [
    ("kos-meta-missing", lambda: _meta(0x00020012, None)),
    ("kos-meta-value", lambda: _meta(0x00020012, b"abc ")),
    ("kos-meta-value", lambda: _meta(0x00020001, b"")),
    ("kos-meta-value", lambda: _meta(0x00020013, b"A" * 18)),
    ("kos-meta-class", lambda: _meta(0x00020002, b"1.2.840.10008.5.1.4.1.1.88.11\0")),
    ("kos-meta-instance", lambda: _meta(0x00020003, b"1.2.3.4.")),
    ("kos-meta-length", lambda: IHE[:140] + b"\x01" + IHE[141:]),
    ("kos-transfer-syntax", lambda: _meta(0x00020010, b"1.2.840.10008.1.2.4.70")),
    ("kos-transfer-encoding", lambda: _meta(0x00020010, b"1.2.840.10008.1.2\0")),
    ("kos-deflated", lambda: _deflated(IHE)),
    ("kos-preamble", lambda: b"#!/bin/sh" + IHE[9:]),
    ("kos-twice", lambda: _doubled(IHE)),
    ("kos-order", lambda: _swapped(IHE)),
    ("kos-odd", lambda: edited(IHE, {"StudyID": b"123"})),
    ("kos-vr", lambda: edited(IHE, {"StudyID.vr": "LO"})),
    ("kos-vr", lambda: edited(IHE, {"StudyID.vr": "UN"})),
    ("kos-vr-unknown", lambda: edited(IHE, {"StudyDescription.vr": "UN"})),
    ("kos-value", lambda: edited(IHE, {"StudyDate": "20261399"})),
    ("kos-value", lambda: edited(IHE, {"StudyTime": "20221209"})),
    ("kos-value", lambda: edited(IHE, {f"{SERIES}.SeriesInstanceUID": "1.2.03"})),
    ("kos-value", lambda: edited(IHE, {f"{SERIES}.RetrieveLocationUID": "urn:oid:1.2.3"})),
    ("kos-value", lambda: edited(IHE, {"SeriesNumber": "one"})),
    ("kos-long", lambda: edited(IHE, {"AccessionNumber": "A" * 17})),
    ("kos-long", lambda: edited(IHE, {f"{SERIES}.RetrieveAETitle": "A" * 18})),
    ("kos-several", lambda: edited(IHE, {"PatientID": "A\\B"})),
    ("kos-padding", lambda: edited(IHE, {"StudyInstanceUID": CT.study_uid.encode() + b" "})),
    ("kos-charset", lambda: edited(IHE, {"SpecificCharacterSet": "UTF-8"})),
    ("kos-charset-missing", lambda: edited(IHE, {"SpecificCharacterSet": None})),
    ("kos-charset-bytes", lambda: edited(IHE, {"PatientName": "ZOÉ".encode("latin-1")})),
    ("kos-charset-utf8", lambda: edited(IHE, {"SpecificCharacterSet": "ISO_IR 100"})),
    ("kos-attribute-unknown", lambda: edited(IHE, {"00080003": b"xx"})),
    ("kos-private", lambda: edited(IHE, {"00091001": b"xx"})),
    ("kos-pixels", lambda: edited(IHE, {"PixelData": b"\0\0"})),
    ("kos-group", lambda: edited(IHE, {"00000100": b"\1\0"})),
    ("kos-group", lambda: edited(IHE, {f"{SERIES}.00041130": b"AB"})),
    ("kos-group", lambda: edited(IHE, {"00070010": "SOMEONE"})),
    ("kos-text-lost", lambda: edited(IHE, {"PatientName": "KERMARREC-LEF\N{REPLACEMENT CHARACTER}VRE^ZOÉ"})),
    ("kos-value", lambda: edited(IHE, {"StudyDescription": "Sc\x1banner"})),
    ("kos-value", lambda: edited(IHE, {"StudyDescription": "injectÃ\x89"})),
    ("kos-charset-utf8", lambda: edited(IHE, {"SpecificCharacterSet": "ISO 2022 IR 6\\ISO 2022 IR 100"})),
    ("kos-charset-bytes", lambda: edited(IHE, {"SpecificCharacterSet": "ISO 2022 IR 6\\ISO 2022 IR 87"})),
    ("kos-charset-escape", lambda: _latin(IHE, "\\ISO 2022 IR 100", "latin-1")),
    ("kos-charset-utf8", lambda: edited(IHE, {"SpecificCharacterSet": "GB18030"})),
    ("kos-transfer-syntax", lambda: _meta(0x00020010, b"1.2.840.10008.1.2.2")),
    ("kos-transfer-encoding", lambda: _meta(0x00020010, b"1.2.840.10008.1.2.1.99")),
    ("kos-missing", lambda: edited(IHE, {"StudyID": None})),
    ("kos-missing", lambda: edited(IHE, {f"{REQUEST}.FillerOrderNumberImagingServiceRequest": None})),
    ("kos-missing", lambda: edited(IHE, {"ReferencedPerformedProcedureStepSequence": None})),
    ("kos-empty", lambda: edited(IHE, {"ContentDate": ""})),
    ("kos-items", lambda: edited(IHE, {"ConceptNameCodeSequence": items(IHE, "ConceptNameCodeSequence") * 2})),
    ("kos-fixed", lambda: edited(IHE, {"Modality": "SR"})),
    ("kos-fixed", lambda: edited(IHE, {"ContinuityOfContent": "CONTINUOUS"})),
    ("kos-fixed", lambda: edited(IHE, {"PatientSex": "X"})),
    ("kos-fixed", lambda: edited(IHE, {f"{_qualifiers}[1].UniversalEntityIDType": "DNS"})),
    ("kos-fixed", lambda: edited(IHE, {"ContentTemplateSequence[1].TemplateIdentifier": "2000"})),
    ("kos-class", lambda: edited(IHE, {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.11"})),
    ("kos-code", lambda: edited(IHE, {"ContentSequence[1].ConceptNameCodeSequence[1].CodingSchemeDesignator": None})),
    ("kos-institution", lambda: edited(IHE, {"InstitutionName": None})),
    ("kos-patient-id", lambda: edited(IHE, {"PatientID": ""})),
    ("kos-patient-issuer", lambda: edited(IHE, {_qualifiers: None})),
    ("kos-issuer", lambda: edited(IHE, {f"{_qualifiers}[1].UniversalEntityID": "HOSPITAL"})),
    ("kos-ins-form", lambda: edited(DMP, {"PatientID": "28111291510475"})),
    ("kos-ins-key", lambda: edited(DMP, {"PatientID": "281112915104758"})),
    ("kos-ins-name", lambda: edited(DMP, {"IssuerOfPatientID": "ASIP-SANTE-INS-NIA"})),
    (
        "kos-ins-two",
        lambda: edited(
            DMP,
            {
                "OtherPatientIDsSequence": [
                    item(
                        PatientID="274075176079430",
                        TypeOfPatientID="TEXT",
                        IssuerOfPatientIDQualifiersSequence=items(DMP, _qualifiers),
                    )
                ]
            },
        ),
    ),
    ("kos-ins-traits", lambda: edited(DMP, {"PatientSex": "M"})),
    ("kos-traits", lambda: edited(DMP, {"PatientBirthDate": ""})),
    ("kos-traits", lambda: edited(DMP, {"PatientName": "^^"})),
    ("kos-other-id-twice", lambda: edited(IHE, {"OtherPatientIDsSequence": items(IHE, "OtherPatientIDsSequence") * 2})),
    ("kos-request-missing", lambda: edited(IHE, {"ReferencedRequestSequence": None})),
    ("kos-request-missing", lambda: edited(DMP, {"ReferencedRequestSequence": None})),
    ("kos-request-none", lambda: edited(IHE, {"ReferencedRequestSequence": None, "AccessionNumber": ""})),
    ("kos-request-accession", lambda: edited(DMP, {f"{REQUEST}.AccessionNumber": ""})),
    ("kos-request-study", lambda: edited(IHE, {f"{REQUEST}.StudyInstanceUID": OTHER_UID})),
    (
        "kos-request-study",
        lambda: edited(
            IHE,
            {
                f"{REQUEST}.ReferencedStudySequence": [
                    item(ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.1", ReferencedSOPInstanceUID=OTHER_UID)
                ]
            },
        ),
    ),
    (
        "kos-request-twice",
        lambda: edited(IHE, {"ReferencedRequestSequence": items(IHE, "ReferencedRequestSequence") * 2}),
    ),
    ("kos-accession-issuer", lambda: edited(IHE, {"IssuerOfAccessionNumberSequence": None})),
    ("kos-accession-issuer", lambda: edited(IHE, {f"{REQUEST}.IssuerOfAccessionNumberSequence": None})),
    (
        "kos-accession-several",
        lambda: edited(
            build(ct_exam(), replace(request("ihe"), orders=((Identifier("1.2.3", "B"), None),))),
            {"AccessionNumber": "B"},
        ),
    ),
    ("kos-accession-differs", lambda: edited(IHE, {"AccessionNumber": "OTHER"})),
    ("kos-issuer-alone", lambda: edited(IHE, {f"{REQUEST}.PlacerOrderNumberImagingServiceRequest": ""})),
    ("kos-issuer-alone", lambda: edited(IHE, {"AccessionNumber": ""})),
    ("kos-order-issuer", lambda: edited(IHE, {f"{REQUEST}.OrderPlacerIdentifierSequence": None})),
    ("kos-zone", lambda: edited(IHE, {"TimezoneOffsetFromUTC": "+1500"})),
    ("kos-zone", lambda: edited(IHE, {"TimezoneOffsetFromUTC": "-0000"})),
    ("kos-zone-missing", lambda: edited(IHE, {"TimezoneOffsetFromUTC": None})),
    ("kos-zone-national", lambda: edited(DMP, {"TimezoneOffsetFromUTC": None})),
    ("kos-before-study", lambda: edited(IHE, {"StudyDate": "20990101"})),
    ("kos-born-after", lambda: edited(IHE, {"PatientBirthDate": "20270101"})),
    ("kos-created-before", lambda: edited(IHE, {"InstanceCreationDate": "20200101"})),
    ("kos-study-other", lambda: edited(IHE, {"StudyInstanceUID": OTHER_UID})),
    (
        "kos-study-twice",
        lambda: edited(
            IHE,
            {"CurrentRequestedProcedureEvidenceSequence": items(IHE, "CurrentRequestedProcedureEvidenceSequence") * 2},
        ),
    ),
    ("kos-series-twice", lambda: edited(IHE, {f"{EVIDENCE}.ReferencedSeriesSequence": [_first_series] * 2})),
    ("kos-instance-twice", lambda: edited(IHE, {f"{SERIES}.ReferencedSOPSequence": [*_references, _references[0]]})),
    ("kos-own-series", lambda: edited(IHE, {"SeriesInstanceUID": _first_series.ascii(0x0020000E)})),
    ("kos-own-instance", lambda: edited(IHE, {"SOPInstanceUID": _references[0].ascii(0x00081155)})),
    ("kos-uid-reused", lambda: edited(IHE, {f"{SERIES}.SeriesInstanceUID": CT.study_uid})),
    ("kos-uid-reused", lambda: edited(IHE, {f"{SERIES}.RetrieveLocationUID": CT.study_uid})),
    ("kos-uid-standard", lambda: edited(IHE, {"SeriesInstanceUID": KEY_OBJECT_SELECTION})),
    ("kos-uid-standard", lambda: edited(IHE, {f"{SERIES}.RetrieveLocationUID": "1.2.840.10008.1.2"})),
    ("kos-value", lambda: edited(IHE, {"SeriesInstanceUID": "3.25.12"})),
    ("kos-value", lambda: edited(IHE, {"SeriesInstanceUID": "1.40.12"})),
    ("kos-value", lambda: edited(IHE, {"SeriesInstanceUID": f"2.25.{1 << 128}"})),
    ("kos-sop-class", lambda: edited(IHE, {f"{REFERENCE}.ReferencedSOPClassUID": "1.2.840.10008.1.2.1"})),
    ("kos-sop-class-unknown", lambda: _of_class("1.2.840.10008.5.1.4.1.1.2.99")),
    ("kos-identical-missing", lambda: _several(IHE)),
    ("kos-identical-needless", lambda: _with_copy(IHE)),
    ("kos-identical", lambda: _with_copy(_several(IHE), StudyInstanceUID=CT.study_uid)),
    ("kos-identical", lambda: _with_copy(_several(IHE), StudyInstanceUID="1.2.250.1.999.78")),
    ("kos-identical", lambda: _with_copy(_several(IHE), ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.2")),
    ("kos-identical", lambda: _with_copy(_several(IHE), ReferencedSOPInstanceUID=f"{OTHER_UID}.2")),
    ("kos-missing", lambda: edited(_with_copy(_several(IHE)), {f"{COPY}.ReferencedSeriesSequence": None})),
    ("kos-identical-needless", lambda: edited(IHE, {"IdenticalDocumentsSequence": [item(StudyInstanceUID="1.2.3")]})),
    (
        "kos-retrieval-missing",
        lambda: edited(
            IHE, {f"{SERIES}.{name}": None for name in ("RetrieveAETitle", "RetrieveURL", "RetrieveLocationUID")}
        ),
    ),
    ("kos-retrieval-uneven", lambda: edited(IHE, {f"{SERIES}.RetrieveLocationUID": None})),
    ("kos-url", lambda: edited(IHE, {f"{SERIES}.RetrieveURL": "https://box.example/"})),
    ("kos-url", lambda: edited(IHE, {f"{SERIES}.RetrieveURL": _url.replace("https", "ftp")})),
    ("kos-url", lambda: edited(IHE, {f"{SERIES}.RetrieveURL": f"{_url}?token=1"})),
    ("kos-url", lambda: edited(IHE, {f"{SERIES}.RetrieveURL": _url.replace("box.example", "a:b@box.example")})),
    ("kos-url-study", lambda: edited(IHE, {f"{SERIES}.RetrieveURL": _url.replace(CT.study_uid, OTHER_UID)})),
    ("kos-url-series", lambda: edited(IHE, {f"{SERIES}.RetrieveURL": f"{_url}1"})),
    ("kos-url-clear", lambda: edited(IHE, {f"{SERIES}.RetrieveURL": _url.replace("https", "http")})),
    ("kos-number", lambda: edited(IHE, {f"{REFERENCE}.NumberOfFrames": "-1"})),
    (
        "kos-mark",
        lambda: edited(KEY_IMAGES, {f"{REFERENCE}.ReferencedSOPSequence[1].ReferencedSOPInstanceUID": OTHER_UID}),
    ),
    ("kos-mark", lambda: edited(KEY_IMAGES, {f"{REFERENCE}.ReferencedSOPSequence[1].SeriesInstanceUID": OTHER_UID})),
    ("kos-mark", lambda: edited(KEY_IMAGES, {f"{MARK}.SeriesInstanceUID": None})),
    ("kos-mark", lambda: edited(KEY_IMAGES, {f"{MARK}.ContentSequence[1].TextValue": _sentence(OTHER_UID)})),
    (
        "kos-mark",
        lambda: edited(KEY_IMAGES, {MARK.removesuffix("[1]"): items(KEY_IMAGES, MARK.removesuffix("[1]")) * 2}),
    ),
    ("kos-mark-title", lambda: edited(KEY_IMAGES, {f"{MARK}.ConceptNameCodeSequence": None})),
    ("kos-mark-title", lambda: edited(KEY_IMAGES, {f"{MARK}.ConceptNameCodeSequence[1].CodeValue": "113001"})),
    ("kos-mark-title", lambda: edited(KEY_IMAGES, {f"{MARK}.ConceptNameCodeSequence[1].CodeMeaning": "For Surgery"})),
    (
        "kos-mark-title",
        lambda: edited(KEY_IMAGES, {f"{MARK}.ConceptNameCodeSequence[1].CodingSchemeDesignator": "SCT"}),
    ),
    ("kos-mark-words", lambda: edited(KEY_IMAGES, {f"{MARK}.ContentSequence": None})),
    ("kos-title", lambda: edited(IHE, {"ConceptNameCodeSequence[1].CodeValue": "113000"})),
    ("kos-title", lambda: edited(IHE, {"ConceptNameCodeSequence[1].CodeMeaning": "Of Interest"})),
    ("kos-title-meaning", lambda: edited(IHE, {"ConceptNameCodeSequence[1].CodeMeaning": "List"})),
    (
        "kos-title-signed",
        lambda: edited(
            IHE,
            {
                "ConceptNameCodeSequence[1].CodeValue": "113031",
                "ConceptNameCodeSequence[1].CodeMeaning": "Signed Manifest",
            },
        ),
    ),
    ("kos-template-missing", lambda: edited(IHE, {"ContentTemplateSequence": None})),
    ("kos-template-missing", lambda: edited(DMP, {"ContentTemplateSequence": None})),
    ("kos-template-drim", national_manifest),
    ("kos-relationship", lambda: edited(IHE, {f"{IMAGE}.RelationshipType": "HAS PROPERTIES"})),
    ("kos-by-reference", lambda: edited(IHE, {f"{IMAGE}.ReferencedContentItemIdentifier": b"\1\0\0\0"})),
    ("kos-content-type", lambda: edited(IHE, {f"{IMAGE}.ValueType": "SCOORD"})),
    ("kos-content-name", lambda: edited(IHE, {"ContentSequence[1].ConceptNameCodeSequence[1].CodeValue": "121106"})),
    ("kos-content-value", lambda: edited(IHE, {"ContentSequence[1].TextValue": ""})),
    ("kos-content-foreign", lambda: edited(IHE, {"TextValue": "root"})),
    ("kos-purpose", lambda: edited(IHE, {f"{IMAGE}.ConceptNameCodeSequence": items(IHE, "ConceptNameCodeSequence")})),
    ("kos-description-several", lambda: edited(IHE, {"ContentSequence": [_text, _text, _image, *_rest]})),
    (
        "kos-description-series",
        lambda: edited(DMP, {"ContentSequence[1].TextValue": f"Examen : X\nActe = \nSérie-{OTHER_UID} : CT @ : A\n"}),
    ),
    (
        "kos-description-other",
        lambda: edited(
            DMP, {"ContentSequence[1].TextValue": _words(DMP).replace(_first_series.ascii(0x0020000E), OTHER_UID)}
        ),
    ),
    ("kos-description-none", lambda: edited(DMP, {"ContentSequence": items(DMP, "ContentSequence")[1:]})),
    (
        "kos-description-meaning",
        lambda: edited(IHE, {"ContentSequence[1].ConceptNameCodeSequence[1].CodeMeaning": "Comment"}),
    ),
    ("kos-reference-one", lambda: edited(IHE, {f"{IMAGE}.ReferencedSOPSequence": _references[:2]})),
    ("kos-reference-none", lambda: edited(IHE, {"ContentSequence": [_text]})),
    ("kos-value-type", lambda: edited(IHE, {f"{IMAGE}.ValueType": "COMPOSITE"})),
    ("kos-content-twice", lambda: edited(IHE, {"ContentSequence": [_text, _image, _image, *_rest]})),
    (
        "kos-content-unknown",
        lambda: edited(IHE, {f"{IMAGE}.ReferencedSOPSequence[1].ReferencedSOPInstanceUID": OTHER_UID}),
    ),
    ("kos-content-lacks", lambda: edited(IHE, {"ContentSequence": [_text, *_rest]})),
    (
        "kos-class-differs",
        lambda: edited(IHE, {f"{IMAGE}.ReferencedSOPSequence[1].ReferencedSOPClassUID": "1.2.840.10008.5.1.4.1.1.4"}),
    ),
    ("kos-nested", lambda: edited(IHE, {f"{IMAGE}.ContentSequence": [_text]})),
    ("kos-described", lambda: edited(MADO, {"StudyDate": ""})),
    ("kos-library-missing", lambda: edited(MADO, {"ContentSequence": items(MADO, "ContentSequence")[:-1]})),
    (
        "kos-library-several",
        lambda: edited(
            MADO, {"ContentSequence": [*items(MADO, "ContentSequence"), items(MADO, "ContentSequence")[-1]]}
        ),
    ),
    ("kos-library-series", lambda: edited(MADO, {f"{LIBRARY}.ContentSequence": _library[:-1]})),
    (
        "kos-library-instance",
        lambda: edited(
            MADO,
            {
                f"{LIBRARY}.ContentSequence[7].ContentSequence": items(
                    MADO, f"{LIBRARY}.ContentSequence[7].ContentSequence"
                )[:-1]
            },
        ),
    ),
    (
        "kos-library-count",
        lambda: edited(MADO, {f"{LIBRARY}.ContentSequence[6].MeasuredValueSequence[1].NumericValue": "9"}),
    ),
    (
        "kos-library-name",
        lambda: edited(
            MADO, {f"{LIBRARY}.ContentSequence[1].ConceptNameCodeSequence[1].CodingSchemeDesignator": "99X"}
        ),
    ),
    (
        "kos-library-unit",
        lambda: edited(
            MADO, {f"{LIBRARY}.ContentSequence[6].MeasuredValueSequence[1].MeasurementUnitsCodeSequence": []}
        ),
    ),
    ("kos-library-twice", lambda: edited(MADO, {f"{LIBRARY}.ContentSequence": [_library[0], *_library]})),
    ("kos-library-twice", lambda: edited(MADO, {f"{GROUP}.ContentSequence": [_group[0], *_group]})),
    ("kos-library-modality", lambda: edited(MADO, {f"{LIBRARY}.ContentSequence": _library[1:]})),
    ("kos-library-modality", lambda: edited(MADO, {f"{LIBRARY}.{_modality}.CodeValue": "MR"})),
    ("kos-library-value", lambda: edited(MADO, {f"{GROUP}.{_group_modality}.CodingSchemeDesignator": "SCT"})),
    ("kos-library-value", lambda: edited(MADO, {f"{LIBRARY}.{_region}.CodingSchemeDesignator": "XYZ"})),
    ("kos-library-meaning", lambda: edited(MADO, {f"{LIBRARY}.ConceptNameCodeSequence[1].CodeMeaning": "Images"})),
    (
        "kos-library-name",
        lambda: edited(MADO, {f"{LIBRARY}.ContentSequence[1].ConceptNameCodeSequence[1].CodeMeaning": "Series Number"}),
    ),
    ("kos-library-count", lambda: edited(MADO, {f"{SERIES}.SeriesNumber": "77"})),
    ("kos-title-meaning", lambda: edited(MADO, {"ConceptNameCodeSequence[1].CodeMeaning": "Manifest"})),
    ("kos-code-concept", lambda: edited(MADO, {f"{LIBRARY}.{_region}.CodeValue": "51185009"})),
    ("kos-library-lacks", lambda: edited(MADO, {f"{LIBRARY}.ContentSequence": _library[3:]})),
    ("kos-library-continuity", lambda: edited(MADO, {f"{LIBRARY}.ContinuityOfContent": None})),
    ("kos-other-ids", lambda: edited(MADO, {"OtherPatientIDsSequence": None})),
]


@pytest.mark.parametrize(("rule", "make"), WRONG, ids=[f"{rule}-{n}" for n, (rule, _) in enumerate(WRONG)])
def test_a_broken_rule_is_found(rule: str, make: Callable[[], bytes]) -> None:
    judgement = judge(make())
    assert rule in {finding.rule for finding in judgement.findings}
    if RULES[rule][0] is Severity.ERROR:
        assert judgement.verdict is Verdict.INVALID


def test_every_rule_has_its_wrong_document_and_its_sentences() -> None:
    assert {rule for rule, _ in WRONG} == set(RULES)
    assert set(RULES) <= set(TEXTS)


_FREE = {
    "AccessionNumber",
    "CodeMeaning",
    "ContentSequence",
    "ContentTime",
    "InstanceCreationDate",
    "InstanceCreationTime",
    "InstanceNumber",
    "InstitutionName",
    "IssuerOfPatientID",
    "Manufacturer",
    "OtherPatientIDsSequence",
    "OtherPatientNames",
    "PatientBirthDate",
    "PatientComments",
    "PatientID",
    "PatientName",
    "PatientSex",
    "PlacerOrderNumberImagingServiceRequest",
    "ReferringPhysicianName",
    "RetrieveAETitle",
    "RetrieveLocationUID",
    "SeriesInstanceUID",
    "SeriesNumber",
    "SoftwareVersions",
    "StudyDate",
    "StudyDescription",
    "StudyID",
    "StudyTime",
    "TextValue",
    "TimezoneOffsetFromUTC",
    "UniversalEntityID",
}
"""What nothing else in the file can contradict: free text, type 2 and 3 attributes, identifiers of others."""


@pytest.mark.parametrize("flavour", ["ihe", "dmp"])
def test_no_alteration_passes_but_of_what_nothing_contradicts(flavour: str) -> None:
    images, _, waveforms, _ = ct_exam().series
    content = build(ct_exam((replace(images, instances=images.instances[:1]), waveforms)), request(flavour))
    passed, count = [], 0
    for name, altered in Altered(content).alterations():
        count += 1
        try:
            valid = judge(altered).verdict is Verdict.VALID
        except GatewayError:
            continue
        if valid and name.rpartition(" ")[2].rpartition(".")[2] not in _FREE:
            passed.append(name)
    assert passed == []
    assert count > 600


# .. unreadable ones


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "kos_not_dicom"),
        (b"%PDF-1.7", "kos_not_dicom"),
        (IHE[:-1], "dicom_truncated"),
        (IHE[:200], "kos_malformed"),
        (IHE + b"\0" * 8, "dicom_malformed"),
    ],
)
def test_what_cannot_be_read_is_named(content: bytes, code: str) -> None:
    with pytest.raises(GatewayError) as caught:
        judge(content)
    assert caught.value.code == code


def test_another_kind_of_object_is_unreadable_and_an_altered_manifest_is_wrong() -> None:
    image = edited(IHE, {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2", "Modality": "CT"})
    both = image.replace(KEY_OBJECT_SELECTION.encode(), b"1.2.840.10008.5.1.4.1.1.88.11", 1)
    with pytest.raises(GatewayError) as caught:
        judge(both)
    assert caught.value.code == "kos_other_class"
    assert verdict(image) is Verdict.INVALID


def test_findings_of_one_rule_are_bounded() -> None:
    content = build(large_exam(500), request("ihe"))
    images = items(content, "ContentSequence")
    judgement = judge(edited(content, {"ContentSequence": images[:1] + images[1:2]}))
    assert judgement.verdict is Verdict.INVALID
    assert len(judgement.findings) <= 25


def test_a_deep_file_is_refused_by_the_guard() -> None:
    node = item(StudyID="1")
    for _ in range(40):
        node = item(ContentSequence=[node])
    content = edited(IHE, {"ContentSequence": [node]})
    with pytest.raises(GatewayError) as caught:
        judge(content)
    assert caught.value.code in ("dicom_too_deep", "kos_too_deep")


def test_an_element_without_a_value_of_a_data_set_is_not_a_key_object() -> None:
    content = bytes(128) + b"DICM" + element(0x00020010, "UI", "1.2.840.10008.1.2.1") + element(0x00080060, "CS", "KO")
    with pytest.raises(GatewayError) as caught:
        judge(content)
    assert caught.value.code == "kos_other_class"


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_broken_bytes_end_in_a_judgement_or_a_named_error(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from([DMP, MADO, KEY_IMAGES])))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(GatewayError):
        judge(bytes(content))
