"""Level 1 and requests: their own rules, with a right and a wrong document for each."""

from __future__ import annotations

from base64 import b64encode

import pytest
from lxml import etree

from gateway.cda.elements import find, path
from gateway.cda.rules import judge, request, unstructured
from gateway.cda.rules.profiles import DA_IMG, XDS_SD
from tests.support.report_documents import Change, below, remove, said, tree
from tests.support.rules import ACCESSION, EVENT, cut, put, says, then, twice

_TEXT = "component/nonXMLBody/text"
_PDF = b64encode(b"%PDF-1.4\n%%EOF\n").decode()


def _level_1() -> etree._Element:
    root = tree()
    for template in root.findall(path("templateId"))[2:]:
        remove(template)
    template = etree.SubElement(root, path("templateId"), root=XDS_SD)
    root.insert(root.index(root.find(path("id"))), template)  # type: ignore[arg-type]
    body = root.find(path("component"))
    assert body is not None
    for child in list(body):
        body.remove(child)
    below(
        body,
        f"<nonXMLBody><text mediaType='application/pdf' representation='B64'>{_PDF}</text></nonXMLBody>",
    )
    return root


def _request() -> etree._Element:
    root = tree()
    for template in root.findall(path("templateId"))[2:]:
        if template.get("root") != "1.2.840.10008.9.20":
            remove(template)
    template = etree.SubElement(root, path("templateId"), root=DA_IMG, extension="2024.01")
    root.insert(root.index(root.find(path("id"))), template)  # type: ignore[arg-type]
    then(cut("code/translation", "code/translation", "code/translation"), put("code", "code", "55115-0"))(root)
    for one in root.findall(path("inFulfillmentOf")):
        remove(one)
    put(f"{EVENT}/code", "code", "55115-0")(root)
    below(
        root.find(path("component/structuredBody")),  # type: ignore[arg-type]
        "<component><section><templateId root='1.2.250.1.213.1.1.2.158.3'/>"
        "<title>Actes</title><text>CT</text></section></component>",
    )
    return root


LEVEL_1: dict[str, Change] = {
    "H-13b": put("templateId[3]", "root", "1.2.840.10008.9.1"),
    "L-1": put(_TEXT, "mediaType", "application/msword"),
    "L-2": put(_TEXT, "representation", "TXT"),
    "L-3": says(_TEXT, " "),
    "L-4": says(_TEXT, b64encode(b"\x89PNG").decode()),
    "L-5": then(says(_TEXT, ""), lambda root: below(root.find(path(_TEXT)), "<reference value='cr.pdf'/>")),  # type: ignore[arg-type]
}
REQUEST: dict[str, Change] = {
    "Q-1": put("templateId[4]", "extension", "2022.01"),
    "Q-2": put("code", "code", "18748-4"),
    "Q-3": put("templateId[3]", "root", "1.2.840.10008.9.21"),
    "Q-4": twice("documentationOf"),
    "Q-6": put("templateId[4]", "root", "1.2.840.10008.9.22"),
    "Q-5": put("component/structuredBody/component[last()]/section/templateId", "root", "1.2.250.1.213.1.1.2.158"),
}


def test_a_pdf_in_its_envelope_is_valid_and_named() -> None:
    for profile in ("spec", "official"):
        judgement = judge(_level_1(), profile)
        assert (judgement.verdict, judgement.about["model"], judgement.about["level"]) == ("valid", "CDA-N1", 1)
        assert [finding.rule for finding in judgement.findings] == []


@pytest.mark.parametrize("rule", [rule.id for rule in unstructured.BOOK.rules])
def test_each_rule_of_level_1_is_said_of_a_document_that_breaks_it(rule: str) -> None:
    weights = {one.id: (one.spec, one.official) for one in unstructured.BOOK.rules}[rule]
    for profile, weight in zip(("spec", "official"), weights, strict=True):
        root = _level_1()
        LEVEL_1[rule](root)
        assert said(root, profile).get(rule) == weight


def test_what_the_images_need_only_warns_in_a_level_1_report() -> None:
    root = _level_1()
    then(cut(ACCESSION), cut(f"{EVENT}/id"), put(f"{EVENT}/code/translation[2]", "code", "RM"))(root)
    assert {"O-3": "warning", "D-4": "warning", "D-6": "warning"}.items() <= said(root, "spec").items()
    assert judge(root).verdict == judge(root, "official").verdict == "valid"


def test_a_letter_in_an_envelope_needs_no_order_and_no_study() -> None:
    root = _level_1()
    then(put("code", "code", "11490-0"), cut("inFulfillmentOf", "inFulfillmentOf"), cut(f"{EVENT}/id"))(root)
    assert not {rule for rule in said(root, "spec") if rule.startswith(("O-", "D-"))}


def test_a_request_is_named_and_its_header_judged() -> None:
    for profile in ("spec", "official"):
        judgement = judge(_request(), profile)
        assert judgement.about["model"] == "IMG-DA-IMG"
        assert not [rule for rule in said(_request(), profile) if rule.startswith(("H-4", "O-", "S-", "AG-", "Q-"))]
    root = _request()
    remove(root.find(path("setId")))  # type: ignore[arg-type]
    assert said(root, "spec")["H-12"] == "error"
    assert find(root, "code") is not None


@pytest.mark.parametrize("rule", [rule.id for rule in request.BOOK.rules])
def test_each_rule_of_requests_is_said_of_a_document_that_breaks_it(rule: str) -> None:
    weights = {one.id: (one.spec, one.official) for one in request.BOOK.rules}[rule]
    for profile, weight in zip(("spec", "official"), weights, strict=True):
        root = _request()
        REQUEST[rule](root)
        assert said(root, profile).get(rule) == weight


@pytest.mark.parametrize(
    ("steps", "value", "rule"),
    [
        ("legalAuthenticator/time", "20240513160000+0200", "AG-17"),
        ("effectiveTime", "20240513160000+0200", "AG-14"),
        ("documentationOf/serviceEvent/effectiveTime/low", "19000101", "AG-18"),
        ("componentOf/encompassingEncounter/effectiveTime/low", "20240601", "AG-20"),
    ],
)
def test_the_times_of_an_imaging_report_of_level_1_are_in_order(steps: str, value: str, rule: str) -> None:
    def at_(root: etree._Element) -> dict[str, str]:
        for high in root.findall(path("componentOf/encompassingEncounter/effectiveTime/high")):
            high.set("value", "20240701")
        put(steps, "value", value)(root)
        return said(root, "spec")

    letter = _level_1()
    put("code", "code", "11490-0")(letter)
    assert at_(_level_1())[rule] == "error"
    assert rule not in at_(letter)
    assert not any(name.startswith("AG-") for name in said(_level_1(), "spec"))
