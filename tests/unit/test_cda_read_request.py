"""Imaging requests are read, and each kind of CDA document is told by its templates."""

from __future__ import annotations

import pytest
from lxml import etree

from gateway.cda.kinds import MODELS, kind_of, model_of
from gateway.cda.request import read_request
from gateway.errors import InputRejected
from gateway.model.identifiers import Identifier
from gateway.model.report import DocumentKind
from tests.support.cda import at, chest_report, ct_report, drop
from tests.support.whole_request import whole_request


def with_model(template: str) -> etree._Element:
    root = ct_report()
    for element in root.findall("{urn:hl7-org:v3}templateId"):
        if element.get("root") == "1.2.250.1.213.1.1.1.45":
            element.set("root", template)
    return root


def test_a_request_is_read_for_its_patient_order_and_acts() -> None:
    request = read_request(whole_request())
    assert request.document.not_understood == ()
    assert request.identifier == Identifier("1.2.250.1.999.9.1")
    assert request.model_version == "2024.01"
    assert request.patient.ins == Identifier("1.2.250.1.213.1.4.10", "281112915104759")
    assert request.order_number == Identifier("1.2.250.1.999.5", "OPN88")
    assert request.accession is None
    assert request.requester is not None
    assert request.requester.family == "LE BIHAN"
    assert request.start is not None
    assert request.start.hl7 == "20250312090000+0100"
    assert request.justification == "Céphalées. Éliminer une tumeur."
    assert request.document.acts == ()
    assert not request.screening


def test_the_acts_asked_for_have_modality_location_and_comment() -> None:
    first, second = read_request(whole_request()).acts
    assert first.modality is not None
    assert first.modality.code == "CT"
    assert [site.code for site in first.locations] == ["302548004"]
    assert (first.label, first.comment, first.status) == ("Scanner", "sans injection", "active")
    assert first.start is None
    assert second.code is not None
    assert second.code.code == "24725-4"
    assert [site.code for site in second.locations] == ["302551006", "302553009"]
    assert second.start is not None


def test_a_request_without_order_number_or_acts_is_still_read() -> None:
    root = drop(whole_request(), "documentationOf")
    request = read_request(drop(root, "component/structuredBody/component"))
    assert (request.order_number, request.acts, request.justification) == (None, (), "")


def test_a_report_is_no_request() -> None:
    with pytest.raises(InputRejected) as caught:
        read_request(ct_report())
    assert caught.value.code == "request_other_model"
    assert caught.value.facts == {"model": "IMG-CR-IMG"}


def test_a_request_without_patient_is_refused_by_name() -> None:
    with pytest.raises(InputRejected) as caught:
        read_request(drop(whole_request(), "recordTarget"))
    assert caught.value.code == "report_patient_missing"


@pytest.mark.parametrize(
    ("template", "kind", "name"),
    [
        ("1.2.250.1.213.1.1.1.45", DocumentKind.IMAGING_REPORT, "IMG-CR-IMG"),
        ("1.2.250.1.213.1.1.1.47", DocumentKind.IMAGING_REQUEST, "IMG-DA-IMG"),
        ("1.2.250.1.213.1.1.1.27", DocumentKind.MAMMOGRAPHY_SECOND_READING, "CANCER-D2LM-FIN"),
        ("1.2.250.1.213.1.1.1.28", DocumentKind.MAMMOGRAPHY_DEFERRED_DIAGNOSIS, "CANCER-D2LM-FIDD"),
        ("1.2.250.1.213.1.1.1.55", DocumentKind.OTHER_CISIS, "BIO-CR-BIO"),
        ("1.2.250.1.213.1.1.1.999", DocumentKind.OTHER_CISIS, "1.2.250.1.213.1.1.1.999"),
    ],
)
def test_a_model_is_told_by_its_template(template: str, kind: DocumentKind, name: str) -> None:
    root = with_model(template)
    assert (kind_of(root), model_of(root)) == (kind, name)


def test_level_1_other_cda_and_no_cda_are_told_apart() -> None:
    assert kind_of(chest_report()) is DocumentKind.UNSTRUCTURED
    bare = drop(ct_report(), "templateId")
    assert (kind_of(bare), model_of(bare)) == (DocumentKind.OTHER, "")
    bare.tag = "html"
    assert kind_of(bare) is None


def test_models_are_named_once() -> None:
    assert len(set(MODELS.values())) == len(MODELS)
    assert at(ct_report(), "templateId").get("root") not in MODELS
