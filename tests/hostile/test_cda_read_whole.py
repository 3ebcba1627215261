"""Broken and enormous reports read whole: never another error than of the short reading, bounded work and memory."""

from __future__ import annotations

import base64
import copy
import tracemalloc

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.cda.node import LISTED, NODES
from gateway.cda.read import read
from gateway.cda.whole import read_whole
from gateway.errors import InputRejected
from gateway.trust import safexml
from tests.support.cda import add, at, ct_report
from tests.support.whole_report import level_1_report, whole_report

MEGABYTE = 1_000_000


def elements(root: etree._Element) -> list[etree._Element]:
    return [element for element in root.iter() if isinstance(element.tag, str)]


def refused(root: etree._Element) -> bool:
    try:
        read(root)
    except InputRejected:
        return True
    return False


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_a_report_with_parts_torn_out_is_read_whole_when_it_is_read_at_all(data: st.DataObject) -> None:
    root = whole_report()
    for _ in range(data.draw(st.integers(1, 40))):
        every = elements(root)
        element = every[data.draw(st.integers(0, len(every) - 1))]
        parent = element.getparent()
        other = every[data.draw(st.integers(0, len(every) - 1))]
        tear = data.draw(st.sampled_from(["remove", "attributes", "rename", "double", "move", "junk"]))
        if parent is None:
            continue
        if tear == "remove":
            parent.remove(element)
        elif tear == "attributes":
            element.attrib.clear()
        elif tear == "rename":
            element.tag = other.tag
        elif tear == "double":
            parent.append(copy.deepcopy(element))
        elif tear == "move":
            other.append(copy.deepcopy(element))
        else:
            for name in element.attrib:
                element.set(name, data.draw(st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), max_size=9)))
            element.text = "x"
    if not refused(root):
        assert read_whole(root).body is not None


def test_a_report_of_five_megabytes_is_read_in_bounded_memory() -> None:
    root = whole_report()
    content = base64.b64encode(bytes(range(256)) * 8000).decode()  # 2 MB, thrice with the level-1 one below
    for value in root.iter("{urn:hl7-org:v3}value"):
        if value.get("representation") == "B64":
            value.text = content
    tracemalloc.start()
    report = read_whole(root)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert report.not_understood == ()
    assert peak < 20 * MEGABYTE


def test_a_level_1_report_of_five_megabytes_is_read_in_bounded_memory() -> None:
    content = base64.encodebytes(bytes(range(256)) * 20_000).decode()
    root = level_1_report(f'<text mediaType="application/pdf" representation="B64">{content}</text>')
    tracemalloc.start()
    report = read_whole(root)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert report.body is not None
    assert report.body.media is not None
    assert report.body.media.size_bytes == 256 * 20_000
    assert peak < 35 * MEGABYTE


def test_sections_without_end_are_read_up_to_the_bound_and_the_rest_is_said() -> None:
    root = ct_report()
    body = at(root, "component/structuredBody")
    many = safexml.parse(b'<w xmlns="urn:hl7-org:v3">' + b"<component><section/></component>" * NODES + b"</w>")
    body.extend(list(many))
    report = read_whole(root)
    assert report.body is not None
    assert len(report.body.sections) < NODES
    assert len(report.not_understood) == LISTED + 1
    assert report.not_understood[-1] == ("/", "more")


def test_entries_and_sections_nested_without_end_are_read_to_a_depth() -> None:
    root = ct_report()
    body = at(root, "component/structuredBody")
    at_depth = body
    for _ in range(110):
        at_depth = add(at_depth, "<component><section><text>x</text></section></component>")[0]
    act = add(body, "<component><section><entry><act/></entry></section></component>")[0][0][0]
    for _ in range(110):
        act = add(act, "<entryRelationship><act/></entryRelationship>")[0]
    report = read_whole(root)
    assert {why for _, why in report.not_understood} == {"template", "too_deep"}
    assert repr(report)
    assert hash(report)


def test_a_narrative_nested_without_end_keeps_its_words() -> None:
    root = ct_report()
    section = add(at(root, "component/structuredBody"), "<component><section><text/></section></component>")[0]
    inner = section[0]
    for _ in range(200):
        inner = add(inner, "<content/>")
    inner.text = "au fond"
    report = read_whole(root)
    assert report.body is not None
    text = report.body.sections[-1].text
    assert text is not None
    assert text.text == "au fond"
    assert "too_deep" in [why for _, why in report.not_understood]
    assert repr(text)
