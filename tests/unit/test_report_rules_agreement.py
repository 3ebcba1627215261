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


def _code(root: etree._Element, steps: str) -> etree._Element:
    found = root.find(path(steps))
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


def _sides(root: etree._Element, words: str, modifier: str) -> None:
    """The ankle of the third act, in words and as a modifier."""
    one(root, TECHNIQUE, "targetSiteCode/qualifier/value", 2).set("code", modifier)
    for content in root.iter(path("content")):
        if content.get("ID") == "act-3-code":
            content.text = words


WRONG: dict[str, Change | dict[str, Change]] = {
    "AG-1": _without_act,
    "AG-2": lambda root: remove(root.findall(path("code/translation"))[1]),
    "AG-3": lambda root: _event(root, "code", 1).set("code", "24627-2"),
    "AG-3b": lambda root: _code(root, "code/translation[2]").set("code", "36643-5"),
    "AG-4": lambda root: _event(root, "id", 1).set("root", f"{_UID}.1001"),
    "AG-5": lambda root: one(root, STUDY, "id").set("root", f"{_UID}.9"),
    "AG-6": _two_studies,
    "AG-7": lambda root: one(root, TECHNIQUE, "code").set("code", "24627-2"),
    "AG-7b": lambda root: one(root, TECHNIQUE, "code").set("code", "36450-5"),
    "AG-21": lambda root: _sides(root, "RM cheville gauche", "24028007"),
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
    "AG-13b": lambda root: setattr(one(root, CATALOGUE, "text/paragraph"), "text", f"Examen {_UID}.1002 ("),
    "AG-22": lambda root: _row(root, "act-1-dose-1", 2, "520 mGy.cm"),
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


def test_a_translation_may_have_the_code_of_the_body_or_one_near_that_of_the_header() -> None:
    def change(root: etree._Element) -> None:
        _code(root, "code/translation[3]").set("code", "26209-7")

    assert set(said(altered(change), "spec")) == {"AG-3"}

    def of_the_body(root: etree._Element) -> None:
        _code(root, "code/translation[1]").set("code", "36450-5")
        one(root, TECHNIQUE, "code").set("code", "36450-5")

    assert "AG-3b" not in said(altered(of_the_body), "spec")


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


@pytest.mark.parametrize(
    ("header", "body", "same"),
    [
        ("24628-0", "24627-2", True),  # CT of the thorax, with contrast and without
        ("24628-0", "26208-9", False),  # MR of the ankles
        ("24628-0", "24963-1", False),  # CT of the lumbar spine
        ("24628-0", "00000-0", True),  # another rule's matter
        ("36428-1", "26209-7", False),
    ],
)
def test_the_body_tells_of_the_examination_of_the_header(header: str, body: str, *, same: bool) -> None:
    def change(root: etree._Element) -> None:
        _event(root, "code").set("code", header)
        one(root, TECHNIQUE, "code").set("code", body)

    assert ("AG-7b" not in said(altered(change), "spec")) is same


@pytest.mark.parametrize(
    ("words", "modifier", "right"),
    [
        ("RM cheville gauche", "7771000", True),
        ("RM cheville droite", "7771000", False),
        ("RM cheville droite", "24028007", True),
        ("RM des deux chevilles, gauche et droite", "24028007", True),
        ("RM cheville, profil gauche", "24028007", True),  # of an incidence
        ("RM cheville gauche", "51440002", True),  # no side alone is coded
    ],
)
def test_the_words_of_an_act_are_of_its_side(words: str, modifier: str, *, right: bool) -> None:
    assert ("AG-21" not in said(altered(lambda root: _sides(root, words, modifier)), "spec")) is right


def test_a_code_of_one_side_goes_with_a_modifier_of_that_side() -> None:
    def change(root: etree._Element) -> None:
        _event(root, "code", 2).set("code", "26209-7")
        one(root, TECHNIQUE, "code", 2).set("code", "26209-7")
        _sides(root, "RM cheville", "24028007")

    assert said(altered(change), "spec")["AG-21"] == "error"


@pytest.mark.parametrize(
    ("host", "right"), [("images.example.org:8443", True), ("[::1]", True), ("<location>", False), ("a b", False)]
)
def test_the_link_has_a_host(host: str, *, right: bool) -> None:
    assert ("AG-11a" not in said(altered(_replaced("images.example.org", host)), "spec")) is right


def _row(root: etree._Element, target: str, cell: int, words: str) -> None:
    """Another wording of a cell in the row of *target*."""
    content = next(one for one in root.iter(path("content")) if one.get("ID") == target)
    row = next(content.iterancestors(path("tr")))
    cells = row.findall(path("td"))
    for child in list(cells[cell]) if cells[cell] is not content.getparent() else ():
        cells[cell].remove(child)
    if cells[cell] is content.getparent():
        content.text = words
    else:
        cells[cell].text = words


@pytest.mark.parametrize(
    ("words", "right"),
    [
        ("412,5 mGy.cm", True),
        ("412.50 mGy·cm", True),
        ("0 412 mGy cm", True),  # rounded
        ("IDSV 9,8 mGy ; PDL 412,5 mGy.cm", True),
        ("350 412,5 mGy.cm", True),  # a number before it
        ("4,1 Gy.cm", True),  # another unit is not compared
        ("élevée", True),
        ("520 mGy.cm", False),
        ("41,25 mGy.cm", False),
        ("1 412,5 mGy.cm", True),
        ("0 mGy.cm", False),
    ],
)
def test_the_text_says_the_dose_of_the_entry(words: str, *, right: bool) -> None:
    found = said(altered(lambda root: _row(root, "act-1-dose-1", 2, words)), "spec")
    assert ("AG-22" not in found) is right


@pytest.mark.parametrize(("words", "right"), [("110 ml", True), ("90 mL", False), ("90 mL/s", True)])
def test_the_text_says_the_dose_of_the_product(words: str, *, right: bool) -> None:
    found = said(altered(lambda root: _row(root, "act-1-product", 1, f"IOPROL 350, {words}")), "spec")
    assert ("AG-22" not in found) is right


@pytest.mark.parametrize(
    ("words", "right"),
    [
        (f"Study Instance UUID : {_UID}.1001", True),
        (f"Examen {_UID}.1001.1", True),
        (f"demande {_UID}.7", True),  # not said to be a study
        (f"Study Instance UID : {_UID}.1002", False),
        (f"Examen {_UID}.10019", False),
    ],
)
def test_the_text_of_the_catalogue_names_its_studies(words: str, *, right: bool) -> None:
    def change(root: etree._Element) -> None:
        paragraph = one(root, CATALOGUE, "text/paragraph")
        paragraph.text = f"{words} ("

    assert ("AG-13b" not in said(altered(change), "spec")) is right


def test_nothing_is_told_to_a_patient_who_is_not_born() -> None:
    def change(root: etree._Element) -> None:
        for observation in with_template(root, "1.2.250.1.213.1.1.3.48"):
            _time(observation, "effectiveTime").set("value", "19830101")

    assert said(altered(change), "spec")["AG-18"] == "error"
