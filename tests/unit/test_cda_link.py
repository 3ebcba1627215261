"""The link to the images in a report: put in, read back, and nothing else touched."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.cda import catalog
from gateway.cda.elements import name_of, path
from gateway.cda.link import links_of
from gateway.demo.identity import CT, demo_uid
from gateway.model.identifiers import Identifier
from gateway.model.link import national_url
from gateway.trust import safexml
from tests.support.cda import add, at, chest_report, ct_report, put_links, remove_each, with_template

CATALOG = "1.2.250.1.213.1.1.2.217"
PROCEDURE = "1.2.250.1.213.1.1.2.206"
STUDY = "1.2.250.1.213.1.1.3.155"
SERIES = "1.2.250.1.213.1.1.3.156"
INSTANCE = "1.2.250.1.213.1.1.3.157"
OTHER = demo_uid("study/other")
URL = national_url("https://images.example", CT.study_uid, CT.accession, CT.report)
OTHER_URL = national_url("https://images.example", OTHER, Identifier("1.2.3", "B&1"), CT.report)


def anchors(root: etree._Element) -> list[str | None]:
    return [anchor.get("href") for anchor in root.iter(path("linkHtml"))]


def assert_children_in_order(root: etree._Element) -> None:
    """Every section, act and observation has its children in the order of the CDA schema."""
    for element in root.iter(path("section"), path("act"), path("observation")):
        order = {name: rank for rank, name in enumerate(catalog.ORDER[name_of(element)])}
        ranks = [order.get(name_of(child), len(order)) for child in element if isinstance(child.tag, str)]
        assert ranks == sorted(ranks)


def two_studies() -> etree._Element:
    """The CT report with a second act that no section describes yet."""
    root = ct_report()
    event = copy.deepcopy(at(root, "documentationOf"))
    at(event, "serviceEvent/id").set("root", OTHER)
    at(event, "serviceEvent/code").set("code", "36643-5")
    at(root, "documentationOf").addnext(event)
    return root


def second_procedure(root: etree._Element) -> etree._Element:
    """A second Acte-imagerie section without catalog; its code is that of the second act."""
    first = with_template(root, PROCEDURE)[0]
    second = copy.deepcopy(first)
    remove_each([s for s in second.findall(path("component")) if with_template(s, CATALOG)])
    for code in second.iterfind(path("entry/procedure/code")):
        code.set("code", "36643-5")
    parent = first.getparent()
    assert parent is not None
    component = copy.deepcopy(parent)
    component[:] = [second]
    parent.addnext(component)
    return second


def test_a_link_is_put_into_reference_and_narrative() -> None:
    root = ct_report()
    assert links_of(root) == {}
    assert put_links(root, {CT.study_uid: URL})
    assert links_of(root) == {CT.study_uid: URL}
    text = with_template(root, INSTANCE)[0].find(path("text"))
    assert text is not None
    assert text.get("mediaType") == "application/dicom"
    assert [child.get("value") for child in text] == [URL]
    assert anchors(root) == [URL]
    assert_children_in_order(root)


def test_the_narrative_link_stands_in_the_words_that_the_entry_refers_to() -> None:
    root = ct_report()
    put_links(root, {CT.study_uid: URL})
    anchor = next(root.iter(path("linkHtml")))
    parent = anchor.getparent()
    assert parent is not None
    assert parent.get("ID") == "examen-01-images"


def test_a_report_that_has_its_links_is_left_as_it_is() -> None:
    root = ct_report()
    put_links(root, {CT.study_uid: URL})
    before = safexml.serialise(root)
    assert not put_links(root, {CT.study_uid: URL})
    assert safexml.serialise(root) == before


def test_a_wrong_link_is_replaced_at_both_places() -> None:
    root = ct_report()
    put_links(root, {CT.study_uid: URL})
    newer = URL.replace("images.example", "new.example")
    assert put_links(root, {CT.study_uid: newer})
    assert links_of(root) == {CT.study_uid: newer}
    assert anchors(root) == [newer]


def test_a_url_written_as_the_text_itself_is_read_and_becomes_a_reference() -> None:
    root = ct_report()
    observation = with_template(root, INSTANCE)[0]
    observation.append(catalog.element("text", URL, representation="TXT"))
    assert links_of(root) == {CT.study_uid: URL}
    assert put_links(root, {CT.study_uid: URL})
    text = observation.find(path("text"))
    assert text is not None
    assert (text.text, dict(text.attrib)) == (None, {"mediaType": "application/dicom"})
    assert links_of(root) == {CT.study_uid: URL}


@pytest.mark.parametrize("lacking", [INSTANCE, SERIES, STUDY, CATALOG])
def test_what_a_catalog_lacks_is_added(lacking: str) -> None:
    root = ct_report()
    remove_each([_wrapper(element) for element in with_template(root, lacking)])
    assert put_links(root, {CT.study_uid: URL})
    assert links_of(root) == {CT.study_uid: URL}
    assert anchors(root) == [URL]
    assert len(with_template(root, CATALOG)) == len(with_template(root, STUDY)) == 1
    assert len(with_template(root, SERIES)) == len(with_template(root, INSTANCE)) == 1
    assert_children_in_order(root)
    assert not put_links(root, {CT.study_uid: URL})


def _wrapper(element: etree._Element) -> etree._Element:
    parent = element.getparent()
    assert parent is not None
    return parent


def test_an_added_study_carries_all_that_the_rules_demand() -> None:
    root = ct_report()
    remove_each([_wrapper(element) for element in with_template(root, CATALOG)])
    put_links(root, {CT.study_uid: URL})
    study = with_template(root, STUDY)[0]
    assert at(study, "id").get("root") == CT.study_uid
    assert at(study, "code").get("code") == "113014"
    assert at(study, "effectiveTime").get("value") == "20260312102500+0100"
    series = with_template(study, SERIES)[0]
    assert at(series, "code").get("code") == "113015"
    assert at(series, "code/qualifier/name").get("code") == "121139"
    assert at(series, "code/qualifier/value").get("code") == "CT"
    observation = with_template(series, INSTANCE)[0]
    assert (observation.get("classCode"), observation.get("moodCode")) == ("DGIMG", "EVN")
    assert at(observation, "code").get("code") == "1.2.840.10008.5.1.4.1.1.2"


def test_a_french_modality_is_written_as_dicom_has_it() -> None:
    root = ct_report()
    remove_each([_wrapper(element) for element in with_template(root, CATALOG)])
    for translation in at(root, "documentationOf/serviceEvent/code"):
        if translation.get("code") == "CT":
            translation.set("code", "RM")
    put_links(root, {CT.study_uid: URL})
    series = with_template(root, SERIES)[0]
    assert at(series, "code/qualifier/value").get("code") == "MR"


def test_a_second_study_goes_into_the_section_of_its_act() -> None:
    root = two_studies()
    section = second_procedure(root)
    assert put_links(root, {CT.study_uid: URL, OTHER: OTHER_URL})
    assert links_of(root) == {CT.study_uid: URL, OTHER: OTHER_URL}
    assert links_of_section(section) == {OTHER}
    assert sorted(str(href) for href in anchors(root)) == sorted([URL, OTHER_URL])
    assert_children_in_order(root)


def links_of_section(section: etree._Element) -> set[str]:
    studies = (act for element in with_template(section, CATALOG) for _, act in catalog.studies(element))
    return {uid for uids in studies for uid in uids}


def test_acts_of_one_code_are_told_apart_by_their_places() -> None:
    root = two_studies()
    section = second_procedure(root)
    for code in section.iterfind(path("entry/procedure/code")):
        code.set("code", CT.code.code)
    for event in root.iterfind(path("documentationOf/serviceEvent/code")):
        event.set("code", CT.code.code)
    put_links(root, {OTHER: OTHER_URL})
    assert links_of_section(section) == {OTHER}


def test_a_second_study_of_one_section_joins_its_catalog() -> None:
    root = two_studies()
    assert put_links(root, {CT.study_uid: URL, OTHER: OTHER_URL})
    assert len(with_template(root, CATALOG)) == 1
    assert links_of(root) == {CT.study_uid: URL, OTHER: OTHER_URL}


def test_a_document_without_procedure_section_gets_a_catalog_of_its_own() -> None:
    root = ct_report()
    remove_each([_wrapper(element) for element in with_template(root, PROCEDURE)])
    assert put_links(root, {CT.study_uid: URL})
    assert links_of(root) == {CT.study_uid: URL}
    assert _wrapper(_wrapper(with_template(root, CATALOG)[0])).tag == path("structuredBody")


def test_the_link_of_a_table_row_is_found_by_its_study() -> None:
    root = two_studies()
    put_links(root, {CT.study_uid: URL, OTHER: OTHER_URL})
    text = with_template(root, CATALOG)[0].find(path("text"))
    assert text is not None
    for child in list(text):
        text.remove(child)
    add(
        text,
        "<table><tbody>"
        f"<tr><td>{CT.study_uid}0</td><td><linkHtml href='http://x.example/a'>a</linkHtml></td></tr>"
        f"<tr><td>{CT.study_uid}</td><td><linkHtml href='http://x.example/b'>b</linkHtml></td></tr>"
        "</tbody></table>",
    )
    assert put_links(root, {CT.study_uid: URL})
    assert anchors(root) == ["http://x.example/a", URL]


def test_a_uid_that_begins_like_ours_is_another_study() -> None:
    root = ct_report()
    text = with_template(root, CATALOG)[0].find(path("text"))
    assert text is not None
    for child in list(text):
        text.remove(child)
    add(text, f"<paragraph><linkHtml href='http://x.example/?studyUID={CT.study_uid}1'>a</linkHtml></paragraph>")
    add(text, f"<paragraph><linkHtml href='http://x.example/?studyUID={CT.study_uid}.1'>b</linkHtml></paragraph>")
    put_links(root, {CT.study_uid: URL})
    assert anchors(root)[:2] == [
        f"http://x.example/?studyUID={CT.study_uid}1",
        f"http://x.example/?studyUID={CT.study_uid}.1",
    ]
    assert anchors(root)[2:] == [URL]


def test_a_level_1_report_is_left_alone() -> None:
    root = chest_report()
    before = safexml.serialise(root)
    assert not put_links(root, {CT.study_uid: URL})
    assert safexml.serialise(root) == before
    assert links_of(root) == {}


def test_no_link_changes_nothing() -> None:
    assert not put_links(ct_report(), {})


def test_added_parts_are_the_same_each_time() -> None:
    results = []
    for _ in range(2):
        root = ct_report()
        remove_each([_wrapper(element) for element in with_template(root, CATALOG)])
        put_links(root, {CT.study_uid: URL})
        results.append(safexml.serialise(root))
    assert results[0] == results[1]


@settings(deadline=None, max_examples=50)
@given(
    links=st.dictionaries(
        st.integers(0, 2**64).map(lambda number: f"2.25.{number}"),
        st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=30),
        max_size=5,
    )
)
def test_every_link_put_in_is_read_back(links: dict[str, str]) -> None:
    urls = {uid: f"https://images.example/?studyUID={uid}&x={tail}" for uid, tail in links.items()}
    root = ct_report()
    assert put_links(root, urls) == bool(urls)
    again = safexml.parse(safexml.serialise(root))
    assert links_of(again) == urls
    assert not put_links(again, urls)
    assert_children_in_order(again)
