"""Header and body that disagree are found, by the specification alone; what the official example does is a warning."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import etree

from gateway.cda.elements import PS3_20, find, path
from gateway.cda.rules import judge
from gateway.cda.rules.agreement import BOOK
from tests.support.report_documents import (
    Change,
    altered,
    missed,
    one,
    remove,
    said,
    with_template,
)
from tests.support.report_parts import DOCUMENT

ACT, CATALOGUE = "1.2.250.1.213.1.1.2.206", "1.2.250.1.213.1.1.2.217"
TECHNIQUE, STUDY, SERIES, INSTANCE = (f"1.2.250.1.213.1.1.3.{n}" for n in (153, 155, 156, 157))
_UID = "1.2.250.1.999.7.9.2024"


def _link(edit: Callable[[str], str]) -> Change:
    """Every link of the first object becomes what *edit* makes of it."""

    def change(root: etree._Element) -> None:
        reference = one(root, INSTANCE, "text/reference")
        reference.set("value", edit(reference.get("value", "")))

    return change


def _replaced(old: str, new: str) -> Change:
    return _link(lambda url: url.replace(old, new))


def _event(root: etree._Element, steps: str, number: int = 0) -> etree._Element:
    found = root.findall(path(f"documentationOf/serviceEvent/{steps}"))[number]
    assert found is not None
    return found


def _without_act(root: etree._Element) -> None:
    remove(with_template(root, ACT)[2].getparent())  # type: ignore[arg-type]


def _two_studies(root: etree._Element) -> None:
    for number, study in enumerate(with_template(root, STUDY)[:2]):
        find(study, "id").set("root", f"{_UID}.1001")  # type: ignore[union-attr]
        assert number < 2


def _encounter(root: etree._Element, low: str, high: str) -> None:
    _time(root, "componentOf/encompassingEncounter/effectiveTime/low").set("value", low)
    _time(root, "componentOf/encompassingEncounter/effectiveTime/high").set("value", high)


WRONG: dict[str, Change | dict[str, Change]] = {
    "AG-1": _without_act,
    "AG-2": lambda root: remove(root.findall(path("code/translation"))[1]),
    "AG-3": lambda root: _event(root, "code", 1).set("code", "24627-2"),
    "AG-4": lambda root: _event(root, "id", 1).set("root", f"{_UID}.1001"),
    "AG-5": lambda root: one(root, STUDY, "id").set("root", f"{_UID}.9"),
    "AG-6": _two_studies,
    "AG-7": lambda root: one(root, TECHNIQUE, "code").set("code", "24627-2"),
    "AG-8": lambda root: one(root, TECHNIQUE, "methodCode").set("code", "MR"),
    "AG-9": lambda root: one(root, SERIES, "code/qualifier/value").set("code", "MR"),
    "AG-10": lambda root: _event(root, "code/translation[3]").set("code", "774007"),
    "AG-11a": _link(lambda url: "javascript:alert(1)"),
    "AG-11b": _replaced("IHEInvokeImageDisplay", "wado"),
    "AG-11c": _replaced("&idCDA=" + DOCUMENT, ""),
    "AG-11d": _replaced("Accessionnumber", "AccessionNumber"),
    "AG-11e": _replaced("requestType=STUDY", "requestType=PATIENT"),
    "AG-11f": _replaced("https:", "http:"),
    "AG-12a": _replaced(f"{_UID}.1001", f"{_UID}.1002"),
    "AG-12b": _replaced("A240514-01", "A240514-09"),
    "AG-12c": _replaced(f"idCDA={DOCUMENT}", "idCDA=1.2.3"),
    "AG-13": lambda root: next(one(root, CATALOGUE, "text").iter(path("linkHtml"))).set(
        "href", f"https://images.example.org/IHEInvokeImageDisplay?requestType=STUDY&studyUID={_UID}.7"
    ),
    "AG-14": lambda root: find(root, "effectiveTime").set("value", "20240513160000+0200"),  # type: ignore[union-attr]
    "AG-15": lambda root: one(root, TECHNIQUE, "effectiveTime").set("value", "20240514080000+0200"),
    "AG-17": lambda root: find(root, "legalAuthenticator/time").set("value", "20240513160000+0200"),  # type: ignore[union-attr]
    "AG-18": lambda root: find(root, "documentationOf/serviceEvent/effectiveTime/low").set("value", "19000101"),  # type: ignore[union-attr]
    "AG-19": lambda root: one(root, TECHNIQUE, "code/translation").set("code", "ZBQK002"),
    "AG-20": lambda root: _encounter(root, "20240520085000+0200", "20240520110000+0200"),
    "AG-16": lambda root: one(root, INSTANCE, "code").set("code", "1.2.840.10008.5.1.4.1.1.4"),
}


def test_every_rule_is_said_of_a_wrong_document() -> None:
    assert missed(BOOK, WRONG) == []


@pytest.mark.parametrize("rule", sorted(WRONG))
def test_the_official_validator_compares_nothing(rule: str) -> None:
    change = WRONG[rule]
    assert callable(change)
    found = said(altered(change), "official")
    assert not any(name.startswith("AG-") for name in found)


def test_a_plain_wado_link_of_the_right_study_is_a_warning() -> None:
    link = f"http://www.example.org/wado?requestType=WADO &studyUID={_UID}.1001 &objectUID=1.2"
    findings = judge(altered(_link(lambda url: link))).findings
    assert [(finding.rule, finding.severity.value) for finding in findings] == [("AG-11b", "warning")]


def test_a_plain_wado_link_of_another_study_is_an_error() -> None:
    link = f"http://www.example.org/wado?requestType=WADO&studyUID={_UID}.1002"
    assert said(altered(_link(lambda url: link)), "spec")["AG-12a"] == "error"


def test_a_further_parameter_of_the_link_is_no_fault() -> None:
    assert said(altered(_link(lambda url: f"{url}&viewer=light")), "spec") == {}


def test_two_acts_of_one_code_need_one_translation_only() -> None:
    def change(root: etree._Element) -> None:
        code = find(root, "code")
        assert code is not None
        remove(code.findall(path("translation"))[1])
        _event(root, "code", 1).set("code", "24628-0")
        one(root, TECHNIQUE, "code", 1).set("code", "24628-0")

    assert "AG-2" not in said(altered(change), "spec")


def test_a_study_that_no_catalogue_names_yet_is_no_fault() -> None:
    def change(root: etree._Element) -> None:
        remove(one(root, STUDY).getparent())  # type: ignore[arg-type]

    assert not [f for f in judge(altered(change)).findings if f.severity.value == "error"]


def test_an_order_without_a_number_leaves_the_link_unknown() -> None:
    def change(root: etree._Element) -> None:
        for accession in root.iter(f"{{{PS3_20}}}accessionNumber"):
            accession.set("extension", "OTHER")

    assert said(altered(change), "spec")["AG-12b"] == "error"


@pytest.mark.parametrize("steps", ["author/time", "legalAuthenticator/time", "authenticator/time"])
def test_nobody_takes_part_before_the_first_act_began(steps: str) -> None:
    def at_(value: str) -> set[str]:
        def change(root: etree._Element) -> None:
            time = find(root, steps)
            assert time is not None
            time.set("value", value)

        return set(said(altered(change), "spec")) & {"AG-17", "AG-18"}

    assert at_("20240513160000+0200") == {"AG-17"}
    assert at_("19000101") == {"AG-17", "AG-18"}
    assert at_("20240514") == set()
    assert at_("20260101120000+0100") == set()


def test_a_report_is_written_when_its_act_is_over() -> None:
    def change(root: etree._Element) -> None:
        _time(root, "documentationOf/serviceEvent/effectiveTime/high").set("value", "20240601120000+0200")

    assert said(altered(change), "spec")["AG-14"] == "error"
    assert "AG-14" not in said(altered(change), "official")


def test_what_is_in_a_patient_came_after_the_birth() -> None:
    def change(root: etree._Element) -> None:
        for supply in root.iter(path("supply")):
            _time(supply, "effectiveTime/low").set("value", "19830101")

    assert said(altered(change), "spec")["AG-18"] == "error"


def _time(element: etree._Element, steps: str) -> etree._Element:
    time = find(element, steps)
    assert time is not None
    return time


@pytest.mark.parametrize(
    ("low", "high", "right"),
    [
        ("20240501", "20240601", True),  # a stay in hospital
        ("20240514", "20240514", True),
        ("20240514093000+0200", "20240514094000+0200", True),  # some act begins a little before or after
        ("20240420", "20240510", False),
        ("20240516", "20240517", False),
    ],
)
def test_some_act_is_done_during_the_encounter(low: str, high: str, right: bool) -> None:
    found = said(altered(lambda root: _encounter(root, low, high)), "spec")
    assert ("AG-20" not in found) is right


def test_an_act_may_have_a_ccam_code_in_one_place_alone() -> None:
    assert "AG-19" not in said(altered(lambda root: remove(one(root, TECHNIQUE, "code/translation"))), "spec")
