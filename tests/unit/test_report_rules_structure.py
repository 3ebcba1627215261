"""Structure, data types and references: a wrong document for each rule, in each profile that has it."""

from __future__ import annotations

import pytest
from lxml import etree

from gateway.cda.elements import path
from gateway.cda.rules import datatypes, references, structure
from gateway.cda.rules.engine import Book
from tests.support import report_documents
from tests.support.report_documents import Change, altered, missed, said
from tests.support.rules import (
    ACCESSION,
    ENCOUNTER,
    EVENT,
    PATIENT,
    add,
    at,
    before,
    cut,
    null,
    put,
    rename,
    says,
    then,
    twice,
)

Wrong = dict[str, Change | dict[str, Change]]

_WHOLE = (
    "<receivedOrganization><asOrganizationPartOf><wholeOrganization>{}</wholeOrganization></asOrganizationPartOf>"
    "</receivedOrganization>"
)

_SECTION = "component/structuredBody/component/section"
_NAME = "author/assignedAuthor/assignedPerson/name"
_ORGANIZATION = f"{EVENT}/performer/assignedEntity/representedOrganization/name"
_ADDR = "author/assignedAuthor/addr"
_TELECOM = "author/assignedAuthor/telecom"
_TABLE = f"{_SECTION}/text"
_ENTRY = "component/structuredBody/component[2]/section/component[2]/section/entry/observation"
_VALUE = f"{_ENTRY}/value"
_MEDIA = (
    "<entry><observationMedia classCode='OBS' moodCode='EVN'><value representation='B64'>!</value></observationMedia>"
    "</entry>"
)

STRUCTURE: Wrong = {
    "H-2": put("typeId", "extension", "POCD_HD000020"),
    "X-1a": rename("author/time", "moment"),
    "X-1b": before("id", "<title>Avant</title>"),
    "X-1c": cut("author/assignedAuthor"),
    "X-1d": twice("title"),
    "X-1e": add("informant", "<assignedEntity><id root='1.2.3' extension='9'/></assignedEntity>"),
    "X-1f": put("author/time", "valeur", "2024"),
    "X-1g": put("informant/relatedEntity", "classCode", None),
    "X-1h": put("author", "typeCode", "XXX"),
    "X-1i": says("author/assignedAuthor/assignedPerson", "Nolwenn"),
    "X-1j": put(_VALUE, "{http://www.w3.org/2001/XMLSchema-instance}type", "CODE"),
    "X-1k": put(_VALUE, "{http://www.w3.org/2001/XMLSchema-instance}type", None),
}
DATA: Wrong = {
    "T-II-1": put("recordTarget/patientRole/id[2]", "root", None),
    "T-II-2": put("setId", "nullFlavor", "UNK"),
    "T-II-3": put("setId", "root", "HL7-set"),
    "T-II-4": put("recordTarget/patientRole/id[2]", "extension", " P-55021"),
    "T-II-5": twice("recordTarget/patientRole/id[2]"),
    "T-II-6": put(f"{_ENTRY}/id", "root", "entry-one"),
    "T-CD-1": put(f"{ENCOUNTER}/location/healthCareFacility/code", "code", None),
    "T-CD-2": put(f"{EVENT}/code/translation", "codeSystem", None),
    "T-CD-3": put(f"{EVENT}/code/translation", "codeSystem", None),
    "T-CD-4": put("author/functionCode", "nullFlavor", "UNK"),
    "T-CD-5": twice(f"{EVENT}/code/translation"),
    "T-CD-6": null(f"{EVENT}/code/translation"),
    "T-CD-7": put("code", "codeSystem", "2"),
    "T-CD-8": put("code", "codeSystemName", "SNOMED CT"),
    "T-CS-1": put("languageCode", "nullFlavor", "UNK"),
    "T-TS-1": put("author/time", "value", "20230229101500+0100"),
    "T-TS-2": put("author/time", "value", None),
    "T-TS-3": put("author/time", "nullFlavor", "UNK"),
    "T-IVL-1": put(f"{ENCOUNTER}/effectiveTime/high", "value", "20200101101500+0100"),
    "T-IVL-2": put(f"{ENCOUNTER}/effectiveTime", "value", "20240514"),
    "T-PQ-1": then(put(_VALUE, "{http://www.w3.org/2001/XMLSchema-instance}type", "PQ"), put(_VALUE, "unit", "mg")),
    "T-ST-1": says(f"{_ADDR}/city", ""),
    "T-ED-1": add(_SECTION, _MEDIA),
    "T-ANY-1": put("title", "nullFlavor", "UNK"),
    "T-TEL-1": put(_TELECOM, "value", "0261910077"),
    "T-TEL-2": put(_TELECOM, "value", "https://imagerie.example.org"),
    "T-TEL-3": put(_TELECOM, "use", "TMP"),
    "T-TEL-4": put(_TELECOM, "value", None),
    "T-AD-1": lambda root: setattr(at(root, f"{_ADDR}/city"), "tail", "ou ailleurs"),
    "T-AD-2": put(_ADDR, "use", "PUB"),
    "T-AD-3": add(_ADDR, "<city>BREST</city>"),
    "T-AD-4": says(_ADDR, ""),
    "T-ON-1": then(says(_ORGANIZATION, ""), add(_ORGANIZATION, "<prefix>Imagerie</prefix>")),
    "T-PN-1": put(f"{_NAME}/family", "qualifier", "LS"),
    "T-SET-1": twice(_ADDR),
    "T-SET-2": lambda root: at(root, _ADDR).addnext(etree.Element(path("addr"), nullFlavor="NAV")),
}
REFERENCES: Wrong = {
    "X-3": then(add(_TABLE, "<content ID='twice'/>"), add(_TABLE, "<content ID='twice'/>")),
    "X-3b": put(f"{_ENTRY}/text/reference", "value", "#nowhere"),
    "X-3c": add(_TABLE, "<renderMultiMedia referencedObject='nowhere'/>"),
    "X-4": lambda root: at(root, f"{_ENTRY}/id").set("root", at(root, f"{_SECTION}/id").get("root", "")),
    "X-4b": lambda root: report_documents.repeat(report_documents.one(root, "1.2.250.1.213.1.1.3.151").getparent()),
    "X-3d": lambda root: _referred(root, "#act-1-code").set("value", "#act-2-code"),
}


def _referred(root: etree._Element, target: str) -> etree._Element:
    return next(one for one in root.iter(path("reference")) if one.get("value") == target)


@pytest.mark.parametrize(
    ("book", "wrong"),
    [(structure.BOOK, STRUCTURE), (datatypes.BOOK, DATA), (references.BOOK, REFERENCES)],
    ids=lambda value: value.name if isinstance(value, Book) else "",
)
def test_each_rule_is_said_of_a_document_that_breaks_it_in_each_profile_that_has_it(book: Book, wrong: Wrong) -> None:
    assert missed(book, wrong) == []


@pytest.mark.parametrize(
    "value",
    [
        "20240230",
        "20241301",
        "2024051425",
        "202405142460",
        "20240514101060",
        "2024051",
        "20240514101500+2500",
        "20240514101500+0260",
    ],
)
def test_a_moment_that_the_calendar_lacks_is_an_error_everywhere(value: str) -> None:
    assert {"X-1h", "T-TS-1"} & said(altered(put("author/time", "value", value)), "spec").keys()
    in_body = altered(before(_VALUE, f"<effectiveTime value='{value}'/>"))
    assert {"X-1h", "T-TS-1"} & said(in_body, "spec").keys()


@pytest.mark.parametrize(
    "value",
    ["2024", "202405", "20240514", "202405141015+0200", "20240514101500.123+0200", "20240229", "20240514101500+02"],
)
def test_a_moment_of_any_precision_is_right(value: str) -> None:
    assert not {"X-1h", "T-TS-1"} & said(altered(put("author/time", "value", value)), "spec").keys()


@pytest.mark.parametrize("root", ["1.2.3", "2.25.1", "90E1C8EC-F951-4B26-A305-A34848818DD6", "0.4.0.127.0.16.1.1.2.1"])
def test_an_oid_and_a_uuid_are_right_roots(root: str) -> None:
    assert not {"X-1h", "T-II-3"} & said(altered(put("setId", "root", root)), "official").keys()
    assert not {"X-1h", "T-II-3"} & said(altered(put("setId", "root", root)), "spec").keys()


@pytest.mark.parametrize("root", ["1.02.3", "3.1", "1..2", "90E1C8EC-F951-4B26-A305-A34848818DDG", "x y", ""])
def test_a_root_with_leading_zeros_or_strange_characters_is_wrong(root: str) -> None:
    assert {"X-1h", "T-II-3"} & said(altered(put("setId", "root", root)), "spec").keys()


def test_a_zone_of_hours_alone_is_the_zone_that_it_is() -> None:
    where = f"{ENCOUNTER}/effectiveTime"
    late = then(put(f"{where}/low", "value", "20240514160000+02"), put(f"{where}/high", "value", "20240514160000+03"))
    assert said(altered(late), "spec")["T-IVL-1"] == "error"
    assert "X-1h" in said(altered(put("author/time", "value", "20240514101500Z")), "spec")


@pytest.mark.parametrize("name", ["LOINC", "loinc", "Logical Observation Identifiers", "TRE_X"])
def test_a_code_system_may_be_called_by_any_name_but_another_s(name: str) -> None:
    assert "T-CD-8" not in said(altered(put("code", "codeSystemName", name)), "spec")


def test_an_entry_may_refer_to_the_text_of_any_part_of_its_section() -> None:
    def within(root: etree._Element) -> None:
        root.find(path("component/structuredBody/component/section")).set("ID", "first")  # type: ignore[union-attr]
        _referred(root, "#act-1-dose-1").set("value", "#act-1-text")

    assert "X-3d" not in said(altered(within), "spec")
    elsewhere = altered(lambda root: _referred(root, "#act-1-dose-1").set("value", "#medical-history"))
    assert said(elsewhere, "spec")["X-3d"] == "error"
    assert said(elsewhere, "official") == {}


def test_an_identifier_used_in_three_acts_only_warns() -> None:
    def change(root: etree._Element) -> None:
        for number in (0, 1):
            report_documents.one(root, "1.2.250.1.213.1.1.3.153", "id", number).set(
                "root", "5B1EFFFF-7C2A-4D10-9A3F-0A0B0C0DFFFF"
            )

    found = said(altered(change), "spec")
    assert (found["X-4"], "X-4b" in found) == ("warning", False)


def test_an_interval_may_have_one_end_or_two_equal_ones() -> None:
    where = f"{ENCOUNTER}/effectiveTime"
    assert "T-IVL-1" not in said(altered(cut(f"{where}/high")), "spec")
    same = altered(lambda root: at(root, f"{where}/high").set("value", at(root, f"{where}/low").get("value", "")))
    assert "T-IVL-1" not in said(same, "spec")


def test_a_time_in_another_zone_is_compared_as_the_moment_it_is() -> None:
    where = f"{ENCOUNTER}/effectiveTime"
    change = then(
        put(f"{where}/low", "value", "20240514101500+0200"), put(f"{where}/high", "value", "20240514093000+0000")
    )
    assert "T-IVL-1" not in said(altered(change), "spec")


def test_elements_of_another_namespace_have_their_places() -> None:
    assert "X-1a" in said(altered(rename(ACCESSION, "accessionNumber")), "official")
    living = '<s:deceasedInd xmlns:s="urn:hl7-org:sdtc" value="false"/>'
    assert not said(altered(before(f"{PATIENT}/birthplace", living)), "official").keys() & {"X-1a"}
    assert "X-1a" in said(altered(before("title", living)), "official")


def test_the_parts_of_a_name_stand_in_any_order() -> None:
    changed = altered(lambda root: at(root, _NAME).insert(0, at(root, f"{_NAME}/suffix")))
    assert "X-1b" not in said(changed, "official")


@pytest.mark.parametrize(
    ("narrative", "rule"),
    [
        ("<table><tbody><tr/></tbody></table>", "X-1c"),
        ("<table><tbody/></table>", "X-1c"),
        ("<table><col/><colgroup/><tbody><tr><td/></tr></tbody></table>", "X-1e"),
        ("<list/>", "X-1c"),
        ("<paragraph><br/><caption>Titre</caption></paragraph>", "X-1b"),
        ("<list><item><br/><caption>Titre</caption></item></list>", "X-1b"),
        ("<content styleCode='gras;rouge'>a</content>", "X-1h"),
        ("<content language='fr FR'>a</content>", "X-1h"),
        ("<footnoteRef IDREF='1a'/>", "X-1h"),
    ],
)
def test_a_narrative_that_cda_does_not_know_is_an_error_everywhere(narrative: str, rule: str) -> None:
    for profile in ("spec", "official"):
        assert said(altered(add(_TABLE, narrative)), profile).get(rule) == "error"


@pytest.mark.parametrize(
    "narrative",
    [
        "<table><tbody><tr><td>a</td><th>b</th><td/></tr></tbody></table>",
        "<table><col/><col/><tbody><tr><td/></tr></tbody></table>",
        "<table><colgroup><col/></colgroup><colgroup/><tbody><tr><td/></tr></tbody></table>",
        "<paragraph>a<caption>Titre</caption><br/>b<content styleCode='Bold xRed'>c</content></paragraph>",
        "<content styleCode=''>a</content>",
        "<list listType='ordered'><caption>Titre</caption><item>a<br/><content>b</content></item></list>",
    ],
)
def test_a_narrative_may_mix_what_cda_lets_it(narrative: str) -> None:
    for profile in ("spec", "official"):
        assert not {one for one in said(altered(add(_TABLE, narrative)), profile) if one.startswith("X-1")}


def test_a_picture_that_names_no_object_shows_nothing() -> None:
    assert said(altered(add(_TABLE, "<renderMultiMedia referencedObject=''/>")), "spec")["X-3c"] == "error"


def test_text_between_the_parts_of_a_participant_s_name_escapes_the_validator_alone() -> None:
    def change(root: etree._Element) -> None:
        at(root, "participant/associatedEntity/associatedPerson/name").text = "égaré"

    assert said(altered(change), "spec")["T-AD-1"] == "error"
    assert "T-AD-1" not in said(altered(change), "official")


def test_an_address_without_a_value_has_no_use_for_the_official_validator() -> None:
    change = then(null(_ADDR), put(_ADDR, "use", "H"))
    assert said(altered(change), "official") == {"T-ANY-1": "error"}
    assert said(altered(change), "spec") == {}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (add("recordTarget/patientRole", "<providerOrganization><id/></providerOrganization>"), "T-II-1"),
        (before(f"{PATIENT}/birthplace", "<maritalStatusCode code='M'/>"), "T-CD-2"),
        (add("informationRecipient/intendedRecipient", _WHOLE.format("<id extension='9'/>")), "T-II-1"),
    ],
)
def test_the_official_validator_binds_no_data_type_to_what_it_does_not_name(change: Change, rule: str) -> None:
    assert said(altered(change), "spec")[rule] == "error"
    assert said(altered(change), "official") == {}


def test_an_identifier_without_a_value_names_no_authority_for_the_official_validator() -> None:
    change = before("recordTarget/patientRole/addr", "<id nullFlavor='UNK' assigningAuthorityName='Hôpital'/>")
    assert said(altered(change), "official")["T-II-2"] == "error"
    assert "T-II-2" not in said(altered(change), "spec")


@pytest.mark.parametrize("profile", ["spec", "official"])
def test_a_comment_may_stand_in_any_name(profile: str) -> None:
    def change(root: etree._Element) -> None:
        for name in list(root.iter(path("name"))):
            name.append(etree.Comment("written by hand"))

    assert said(altered(change), profile) == {}
