"""Reports that are broken or meant to break: a named error, bounded work, nothing of the patient in the error."""

from __future__ import annotations

import copy
import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

import gateway.cda
import gateway.kos
from gateway.cda.elements import LENGTH, REPEATS
from gateway.cda.link import links_of
from gateway.cda.read import read
from gateway.demo.identity import CT, PATIENT
from gateway.errors import InputRejected, InputTooLarge
from gateway.texts import TEXTS
from gateway.trust import safexml
from tests.support.cda import add, at, chest_report, ct_report, put_links

URL = "https://images.example/?studyUID=" + CT.study_uid
SECRETS = (PATIENT.family, PATIENT.used_family, "281112915104759", "IPP-7Q4021")


def elements(root: etree._Element) -> list[etree._Element]:
    return [element for element in root.iter() if isinstance(element.tag, str)]


@settings(deadline=None)
@given(st.data())
def test_a_report_with_parts_torn_out_is_read_linked_or_refused(data: st.DataObject) -> None:
    root = data.draw(st.sampled_from([ct_report, chest_report]))()
    for _ in range(data.draw(st.integers(1, 12))):
        every = elements(root)
        element = every[data.draw(st.integers(0, len(every) - 1))]
        parent = element.getparent()
        tear = data.draw(st.sampled_from(["remove", "attributes", "rename", "double", "junk"]))
        if tear == "remove" and parent is not None:
            parent.remove(element)
        elif tear == "attributes":
            element.attrib.clear()
        elif tear == "rename" and parent is not None:
            element.tag = "{urn:hl7-org:v3}id"
        elif tear == "double" and parent is not None:
            parent.append(copy.deepcopy(element))
        elif tear == "junk":
            for name in element.attrib:
                element.set(name, data.draw(st.sampled_from(["", "^", "../..", "1.2.3", "9" * 300])))
    with suppress(InputRejected):
        read(root)
    with suppress(InputRejected):
        put_links(root, {CT.study_uid: URL})
    links_of(root)


def test_an_error_says_nothing_of_the_patient() -> None:
    refused = 0
    for position in range(len(elements(ct_report()))):
        root = ct_report()
        element = elements(root)[position]
        for name in element.attrib:
            element.set(name, "^")
        shown = refusal_of(root)
        refused += bool(shown)
        assert not any(secret in shown for secret in SECRETS)
    assert refused > 20


def refusal_of(root: etree._Element) -> str:
    try:
        read(root)
    except InputRejected as error:
        return f"{error} {error.facts}"
    return ""


@pytest.mark.parametrize(
    ("steps", "xml"),
    [
        ("documentationOf/serviceEvent", '<id root="1.2.3"/>'),
        ("documentationOf/serviceEvent/code", '<translation code="1" codeSystem="1.2"/>'),
        ("inFulfillmentOf", "<order/>"),
        ("recordTarget", "<patientRole/>"),
        ("recordTarget/patientRole", '<id root="1.2.3" extension="1"/>'),
        ("author/assignedAuthor", '<id root="1.2.3" extension="1"/>'),
        ("author/assignedAuthor/assignedPerson/name", "<given>A</given>"),
        ("code", '<translation code="1" codeSystem="1.2"/>'),
        ("component", "<structuredBody/>"),
    ],
)
def test_nothing_is_repeated_without_end(steps: str, xml: str) -> None:
    root = ct_report()
    parent = at(root, steps)
    for _ in range(REPEATS + 1):
        add(parent, xml)
    if steps == "inFulfillmentOf":
        assert len(read(root).orders) == 1
        return
    with pytest.raises(InputTooLarge) as caught:
        read(root)
    assert caught.value.code == "report_too_many"


def test_a_name_of_a_megabyte_is_cut() -> None:
    root = ct_report()
    at(root, "title").text = "é" * 1_000_000
    assert len(read(root).title) == LENGTH


def test_a_body_of_two_thousand_sections_is_linked() -> None:
    root = ct_report()
    body = at(root, "component/structuredBody")
    section = etree.tostring(at(root, "component/structuredBody/component"))
    many = safexml.parse(b"<w>" + section * 2000 + b"</w>")
    body.extend(list(many))
    read(root)
    put_links(root, {CT.study_uid: URL})
    assert links_of(root) == {CT.study_uid: URL}


def test_every_refusal_has_its_sentence_in_both_languages() -> None:
    raised = set()
    for package in (gateway.cda, gateway.kos):
        for file in Path(package.__path__[0]).glob("*.py"):
            raised |= set(re.findall(r'(?:InputRejected|InputTooLarge|Mismatch)\(\s*"(\w+)"', file.read_text("utf-8")))
    assert len(raised) > 20
    for code in raised:
        assert TEXTS[code].fr, code
        assert TEXTS[code].en, code
