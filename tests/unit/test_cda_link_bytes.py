"""The link goes into the bytes of a report, and every byte that has nothing to do with it stays."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.cda import catalog
from gateway.cda.elements import path
from gateway.cda.link import linked, links_of, shows
from gateway.cda.splice import Changes
from gateway.demo.identity import CT
from gateway.demo.reports import Draft, level3
from gateway.model.link import national_url
from gateway.trust import safexml
from tests.support.cda import remove_each, with_template

CATALOG = "1.2.250.1.213.1.1.2.217"
STUDY = "1.2.250.1.213.1.1.3.155"
SERIES = "1.2.250.1.213.1.1.3.156"
INSTANCE = "1.2.250.1.213.1.1.3.157"
URL = national_url("https://images.example", CT.study_uid, CT.accession, CT.report)
WADO = f"http://pacs.example/wado?requestType=WADO&studyUID={CT.study_uid}"
_TOKEN = re.compile(rb"<[^>]*>|[^<]+", re.DOTALL)


def _prefixed(content: bytes) -> bytes:
    """The same document with a prefix on every name of CDA."""
    content = content.replace(b'xmlns="urn:hl7-org:v3"', b'xmlns:cda="urn:hl7-org:v3"')
    content = re.sub(rb"<(/?)(?![?!/])(?!ps3-20:)", rb"<\1cda:", content)
    return content.replace(b"<cda:/", b"</cda:")


def _odd(content: bytes) -> bytes:
    """Single quotes, blanks inside tags, tags spelled out, comments and instructions that look like tags."""
    content = re.sub(rb'="([^"\']*)"', rb" = '\1'", content)
    content = content.replace(b"<section>", b"<section ><!-- > -->").replace(b"/>", b" />")
    content = re.sub(rb"<templateId ([^>]*?)\s*/>", rb"<templateId \1></templateId>", content)
    content = content.replace(b"<title>", b"<title\n  ><!-- </title> <section> --><?odd <text/>?>", 1)
    return content.replace(b"<paragraph>", b"<paragraph><![CDATA[ <linkHtml> ]]>", 1)


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "as it is": lambda content: content,
    "lines of Windows": lambda content: content.replace(b"\n", b"\r\n"),
    "one line": lambda content: re.sub(rb">\s+<", rb"><", content),
    "byte order mark": lambda content: b"\xef\xbb\xbf" + content,
    "prefix": _prefixed,
    "odd": _odd,
    "Latin-9": lambda content: (
        content.decode()
        .replace('encoding="UTF-8"', 'encoding="ISO-8859-15"')
        .encode("iso-8859-15", "xmlcharrefreplace")
    ),
    "Windows-1252": lambda content: (
        content.decode().replace('encoding="UTF-8"', 'encoding="windows-1252"').encode("cp1252", "xmlcharrefreplace")
    ),
    "UTF-16": lambda content: content.decode().replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16"),
    "UTF-16 big-endian": lambda content: (
        b"\xfe\xff" + content.decode().replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16-be")
    ),
}


def _without(template: str) -> bytes:
    """The CT report without what declares *template*, cut out of its text."""
    root = safexml.parse(level3(Draft(study=CT)))
    remove_each([parent for e in with_template(root, template) if (parent := e.getparent()) is not None])
    return (
        safexml.serialise(root)
        .replace(b"<?xml version='1.0'", b'<?xml version="1.0"')
        .replace(b"encoding='UTF-8'", b'encoding="UTF-8"')
    )


DOCUMENTS = {
    "without text": level3(Draft(study=CT)),
    "without instance": _without(INSTANCE),
    "without series": _without(SERIES),
    "without study": _without(STUDY),
    "without catalog": _without(CATALOG),
}


def _tokens(content: bytes) -> list[bytes]:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        content = content.decode("utf-16").encode()
    return _TOKEN.findall(content)


def _same(root: etree._Element) -> bytes:
    return etree.tostring(root, method="c14n")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_link_is_put_in_and_everything_else_stays(document: str, form: str) -> None:
    content = FORMS[form](DOCUMENTS[document])
    root = safexml.parse(content)
    result = linked(content, root, {CT.study_uid: URL})
    assert links_of(safexml.parse(result)) == {CT.study_uid: URL}
    assert _same(safexml.parse(result)) == _same(root)
    _assert_only_added(_tokens(content), _tokens(result))


def _assert_only_added(before: list[bytes], after: list[bytes]) -> None:
    """*after* is *before* with tokens put in; an ``<empty/>`` may have been opened for them."""
    left = iter(after)
    for token in before:
        opened = re.sub(rb"\s*/>$", b">", token)
        assert any(
            token == other or (token != opened and opened == re.sub(rb"\s*>$", b">", other)) for other in left
        ), token


@pytest.mark.parametrize("form", FORMS)
def test_a_renewed_link_changes_the_two_values_alone(form: str) -> None:
    first = DOCUMENTS["without text"]
    content = FORMS[form](linked(first, safexml.parse(first), {CT.study_uid: WADO}))
    result = linked(content, safexml.parse(content), {CT.study_uid: URL})
    assert links_of(safexml.parse(result)) == {CT.study_uid: URL}
    before, after = _tokens(content), _tokens(result)
    assert len(before) == len(after)
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) == 2
    for old, new in changed:
        assert new.replace(b'"', b"'").replace(URL.replace("&", "&amp;").encode(), b"") == old.replace(
            b'"', b"'"
        ).replace(WADO.replace("&", "&amp;").encode(), b"")


@pytest.mark.parametrize("form", FORMS)
def test_a_document_that_says_its_links_is_given_back_as_it_is(form: str) -> None:
    content = FORMS[form](DOCUMENTS["without text"])
    result = linked(content, safexml.parse(content), {CT.study_uid: URL})
    assert linked(result, safexml.parse(result), {CT.study_uid: URL}) is result


def test_a_link_to_a_display_elsewhere_stays_when_only_a_missing_one_is_wanted() -> None:
    elsewhere = URL.replace("images.example", "elsewhere.example")
    content = DOCUMENTS["without text"]
    content = linked(content, safexml.parse(content), {CT.study_uid: elsewhere})
    assert linked(content, safexml.parse(content), {CT.study_uid: URL}, missing_only=True) is content
    renewed = linked(content, safexml.parse(content), {CT.study_uid: URL})
    assert links_of(safexml.parse(renewed)) == {CT.study_uid: URL}


@pytest.mark.parametrize("other", [WADO, URL.replace(CT.study_uid, "1.2.3"), "https://images.example/"])
def test_an_address_that_is_no_display_of_the_study_is_no_link(other: str) -> None:
    content = DOCUMENTS["without text"]
    content = linked(content, safexml.parse(content), {CT.study_uid: other})
    result = linked(content, safexml.parse(content), {CT.study_uid: URL}, missing_only=True)
    assert links_of(safexml.parse(result)) == {CT.study_uid: URL}


def test_what_a_display_of_a_study_is() -> None:
    assert shows(URL, CT.study_uid)
    assert not shows(URL, "1.2.3")
    assert not shows(WADO, CT.study_uid)
    assert not shows(URL.replace("STUDY", "PATIENT"), CT.study_uid)
    assert not shows("https://[", CT.study_uid)


def test_two_studies_of_one_catalog_are_written_in_order() -> None:
    content = DOCUMENTS["without study"]
    root = safexml.parse(content)
    urls = {uid: URL.replace(CT.study_uid, uid) for uid in ("1.2.3.1", "1.2.3.2")}
    result = linked(content, root, urls)
    again = safexml.parse(result)
    assert links_of(again) == urls
    assert _same(again) == _same(root)


def test_what_an_encoding_cannot_hold_is_written_as_a_reference() -> None:
    content = FORMS["Latin-9"](DOCUMENTS["without catalog"])
    result = linked(content, safexml.parse(content), {CT.study_uid: URL})
    assert b"d&#8217;objets DICOM" in result


_LEAVES = st.sampled_from(
    [b"<b/>", b"<b />", b"<b></b>", b"<b a = '>'>x</b>", b"<!-- <b> -->", b"<?p <b/> ?>", b"<![CDATA[<b>]]>", b"w\r\n"]
)
_NODES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4).map(lambda some: b"<a\n>" + b"".join(some) + b"</a>"),
    max_leaves=12,
)


@settings(deadline=None, max_examples=200)
@given(node=_NODES, data=st.data())
def test_any_change_of_any_document_is_the_change_of_its_tree(node: bytes, data: st.DataObject) -> None:
    content = b"<?xml version='1.0'?>\r\n<r xmlns='urn:hl7-org:v3'>" + node + b"</r>\r\n<!-- end -->"
    root = safexml.parse(content)
    changes = Changes(root)
    places = list(root.iter("*"))
    for number in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.sampled_from(places))
        kind = data.draw(st.sampled_from(["append", "insert", "set"]))
        if kind == "set":
            changes.set(place, "a", f'"{number}" & <é>')
        elif kind == "append":
            changes.append(place, catalog.element("c", f"{number} <"))
        else:
            changes.insert(place, catalog.element("c", n=str(number)), ("b", "c", "a"))
    result = changes.applied(content)
    assert _same(safexml.parse(result)) == _same(root)
    assert result.endswith(b"</r>\r\n<!-- end -->") or root.tag == path("r")


def test_an_attribute_is_found_by_its_whole_name() -> None:
    content = b"""<r xmlns="urn:hl7-org:v3"><e other='href="x"' xhref="1" href = "2"/></r>"""
    root = safexml.parse(content)
    changes = Changes(root)
    changes.set(root[0], "href", "3")
    assert changes.applied(content) == content.replace(b'"2"', b'"3"')


def test_an_element_can_be_written_anew() -> None:
    content = b"""<x:r xmlns:x="urn:hl7-org:v3"><x:text a="1">old<x:b/><!-- c --></x:text> <x:b/></x:r>"""
    root = safexml.parse(content)
    changes = Changes(root)
    changes.rewrite(root[0], {"mediaType": "m"}, catalog.element("reference", value="v"))
    expected = b"""<x:r xmlns:x="urn:hl7-org:v3"><x:text mediaType="m"><x:reference value="v"/></x:text> <x:b/></x:r>"""
    assert changes.applied(content) == expected


@given(st.integers(0, 300), st.integers(0, 300), st.booleans())
def test_an_element_is_found_however_many_stand_before_it(before: int, inside: int, apart: bool) -> None:
    blank = b"<!-- <a> --><?b <a/>?>" if apart else b""
    content = b"<r>" + before * (b"<a b='>'/>" + blank) + b"<w>" + inside * b"<c>x</c><d/>" + b"</w>" + b"<e/></r>"
    root = safexml.parse(content)
    changes = Changes(root)
    wide, last = root.find("w"), root.find("e")
    assert wide is not None
    assert last is not None
    changes.append(wide, etree.Element("n"))
    changes.set(last, "f", "g")
    assert changes.applied(content) == content.replace(b"</w>", b"<n/></w>").replace(b"<e/>", b'<e f="g"/>')
