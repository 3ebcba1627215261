"""A report as a page: everything of it is there, in the order of the specification, and nothing else."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from lxml import etree, html

from gateway.cda import render
from gateway.cda.render.text import Heading, Paragraph, Table, blocks
from gateway.errors import InputRejected
from gateway.trust import safexml
from tests.support import rendered
from tests.support.cda import chest_report, ct_report


def shown(root: etree._Element, language: str = "fr") -> html.HtmlElement:
    """The page as another parser reads it (libxml2's HTML parser, not the serialiser that wrote it)."""
    return html.document_fromstring(render.page(root, language).decode())


def words(element: etree._Element) -> str:
    return " ".join(" ".join(element.itertext()).split())


def test_sections_stand_in_the_order_of_the_specification_whatever_the_document_says() -> None:
    page = shown(rendered.full_report())
    titles = [one.text_content() for one in page.iter("h2", "h3") if "section" in (one.getparent().get("class") or "")]
    assert titles == [
        "Addendum",
        "Informations cliniques",
        "Demande d’examen",
        "Antécédents",
        "Technique d’imagerie",
        "Complications",
        "Exposition aux rayonnements",
        "Catalogue d’objets DICOM",
        "Dispositifs médicaux",
        "Résultats de l’acte",
        "Résultats d'examens antérieurs",
        "Examen de comparaison radiologique",
        "Conclusions",
        "Documents liés",
        "Informations du patient",
    ]


def test_the_banner_tells_who_what_when_and_by_whom() -> None:
    banner = words(shown(rendered.full_report()).find(".//header"))
    for fact in (
        "KERMARREC ZOÉ",
        "LEFÈVRE",
        "ZOÉ ANNE",
        "Féminin",
        "09/11/1981 (44 ans)",
        "29042",
        "Matricule INS de test",
        "281119912345678",
        "IPP0042",
        "DR Maëlle RIOU, Médecine générale (SM), 0261910007",
        "D26031204",
        "SC26031204",
        "DR Yann LE GOFF",
        "12/03/2026 à 11:45",
        "Version 2",
        "Scanner thorax, abdomen et pelvis avec contraste IV",
        "Tomodensitométrie",
        "segment thoracique du tronc",
        "1.2.250.1.999.1.8.0",
    ):
        assert fact in banner, fact


def test_the_link_to_the_images_stands_at_its_act() -> None:
    page = shown(rendered.full_report())
    link = page.xpath("//section[@class='acts']//a")[0]
    assert link.get("href").startswith("https://images.example.org/IHEInvokeImageDisplay?requestType=STUDY&studyUID=")
    assert link.get("rel") == "noopener noreferrer"
    assert link.get("aria-label") == "Voir les images de l'acte 1"


def test_products_and_doses_that_the_text_leaves_out_are_tables() -> None:
    page = shown(rendered.full_report())
    tables = {
        words(one.find("caption")).partition(" (")[0]: one for one in page.xpath("//div[@class='scroll entries']/table")
    }
    assert [words(one) for one in tables["Produits administrés"].iter("td")] == [
        "XENETIX 350 [CIP : 3400936915657]",
        "120 mL",
        "Voie intraveineuse",
        "LOT-7",
    ]
    assert [words(one) for one in tables["Exposition aux rayonnements"].iter("td")] == [
        "PDL total",
        "642,5 mGy.cm",
        "abdomen et pelvis",
    ]
    assert words(tables["Autres données"]).endswith("DR Yann LE GOFF Statut de grossesse absence de grossesse")
    assert "Injecteur" in words(tables["Dispositifs et équipements"])


def test_what_the_text_tells_is_not_told_twice() -> None:
    cells = "<td>XENETIX 350</td><td>120 ml</td><td>voie INTRAVEINEUSE</td><td>lot-7</td>"
    told = f"<table><tbody><tr>{cells}</tr></tbody></table>"
    act = rendered.section("1.2.250.1.213.1.1.2.206", "55111-9", "Technique", told, "", rendered.PRODUCT)
    page = shown(safexml.parse(rendered.xml(act)))
    assert not page.xpath("//div[contains(@class, 'entries')]")
    other = act.replace("120 ml", "12 ml")
    assert shown(safexml.parse(rendered.xml(other))).xpath("//div[contains(@class, 'entries')]")


def test_pictures_are_shown_in_their_place_and_documents_offered() -> None:
    page = shown(rendered.full_report())
    picture = page.xpath("//section[contains(@class, 'results')]//img")[0]
    assert picture.get("src") == f"data:image/png;base64,{rendered.base64_of(rendered.picture())}"
    assert picture.get("alt")
    link = page.xpath("//section[contains(@class, 'documents')]//a[@download]")[0]
    assert base64.b64decode(link.get("href").removeprefix("data:application/pdf;base64,")) == rendered.document()
    assert "Scanner thoracique du 03/04/2025" in words(
        page.xpath("//section[contains(@class, 'documents')]//figcaption")[0]
    )


def test_a_caller_may_serve_the_documents_beside_the_page() -> None:
    root = rendered.full_report()
    page = html.document_fromstring(render.page(root, part_url=lambda number: f"/part/{number}").decode())
    address = page.xpath("//section[contains(@class, 'documents')]//a[@download]")[0].get("href")
    served = {f"/part/{part.number}": part for part in render.parts(root)}
    assert served[address].content == rendered.document()
    assert page.xpath("//object")[0].get("data") == address


def test_a_level_1_report_shows_its_pdf() -> None:
    page = shown(chest_report())
    shown_pdf = page.xpath("//object")[0]
    assert shown_pdf.get("type") == "application/pdf"
    assert base64.b64decode(shown_pdf.get("data").partition(",")[2]).startswith(b"%PDF-")
    assert page.xpath("//header//h1")
    assert render.parts(chest_report())[0].is_pdf


def test_a_large_pdf_is_offered_and_not_shown_in_place() -> None:
    content = rendered.document() + b"%" + b"x" * 2_000_000
    page = shown(rendered.unstructured("application/pdf", content))
    assert not page.xpath("//object")
    assert base64.b64decode(page.xpath("//a[@download]/@href")[0].partition(",")[2]) == content
    beside = render.page(rendered.unstructured("application/pdf", content), part_url=lambda number: "/part")
    assert html.document_fromstring(beside.decode()).xpath("//object/@data") == ["/part"]


@pytest.mark.parametrize(
    ("media_type", "content", "tag"),
    [
        ("image/jpeg", b"\xff\xd8\xff\xe0rest", "img"),
        ("text/plain", b"Pas d'anomalie <b>.", "pre"),
        ("text/rtf", b"{\\rtf1}", "a"),
        ("text/html", b"<script>alert(1)</script>", None),
        ("image/svg+xml", b"<svg onload='alert(1)'/>", None),
        ("application/pdf", b"MZ not a document", None),
        ("image/png", b"<html>", None),
    ],
)
def test_a_body_is_shown_only_when_it_is_what_it_says(media_type: str, content: bytes, tag: str | None) -> None:
    figure = shown(rendered.unstructured(media_type, content)).xpath("//figure")[0]
    if tag:
        assert figure.find(f".//{tag}") is not None
    else:
        assert not figure.xpath(".//img | .//a | .//object | .//pre")
        assert media_type in words(figure)


def test_the_page_forbids_itself_all_but_its_own_style() -> None:
    page = shown(rendered.full_report())
    policy = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
    style = page.find(".//style").text
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert "default-src 'none'" in policy
    assert f"style-src 'sha256-{digest}'" in policy
    assert "script" not in policy
    assert not page.xpath("//script | //@style | //@*[starts-with(name(), 'on')]")
    assert "</" not in style


def test_the_words_around_a_report_are_english_when_asked() -> None:
    page = shown(rendered.full_report(), "en")
    assert page.get("lang") == "en"
    assert page.xpath("//div[@class='body']/@lang") == ["fr-FR"]
    assert "Acts performed" in words(page)
    assert "642.5 mGy.cm" in words(page)
    assert "2026-03-12 11:45" in words(page)


def test_every_table_has_headers_every_picture_words_and_every_level_its_heading() -> None:
    for root in (rendered.full_report(), ct_report()):
        page = shown(root)
        assert len(page.findall(".//h1")) == 1
        levels = [int(one.tag[1]) for one in page.iter("h1", "h2", "h3", "h4")]
        assert all(later <= before + 1 for before, later in pairwise(levels))
        assert all(one.get("scope") for one in page.iter("th"))
        assert all(one.get("alt") for one in page.iter("img"))
        assert all(words(one) for one in page.iter("a"))
        assert page.get("lang") == "fr"


def test_ids_are_of_a_space_of_their_own_and_given_once() -> None:
    text = "<content ID='a b'>x</content><content ID='a b'>y</content><linkHtml href='#a b'>z</linkHtml>"
    page = shown(rendered.with_text(text))
    assert page.xpath("//@id") == ["t-a_b"]
    assert page.xpath("//div[@class='narrative']//a/@href") == ["#t-a_b"]


def test_every_style_of_a_narrative_has_its_rule() -> None:
    names = "Bold Italics Underline Emphasis Lrule Rrule Toprule Botrule Arabic LittleRoman BigAlpha Disc Circle Square"
    page = shown(rendered.with_text(f"<content styleCode='{names} javascript xyz'>x</content>"))
    classes = page.xpath("//div[@class='narrative']/span/@class")[0].split()
    assert "xyz" not in classes
    assert all(re.search(rf"\.{one}\b", render.stylesheet()) for one in classes)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("H<sub>2</sub>O<br/>m<sup>2</sup>", "H<sub>2</sub>O<br>m<sup>2</sup>"),
        ("<content revised='delete'>a</content>", "<del>a</del>"),
        ("<list listType='ordered'><item>a</item></list>", "<ol><li>a</li></ol>"),
        (
            "<list><caption>c</caption><item>a</item></list>",
            '<div class="list"><p class="caption">c</p><ul><li>a</li></ul></div>',
        ),
        ("<paragraph>a</paragraph>", "<p>a</p>"),
        ("<paragraph><list><item>a</item></list></paragraph>", "<div><ul><li>a</li></ul></div>"),
        (
            "<footnote ID='f'>n</footnote><footnoteRef IDREF='f'/>",
            '<span id="t-f" class="footnote">n</span><sup><a href="#t-f">*</a></sup>',
        ),
        ("<td>a</td><item>b</item>", "<span>a</span><span>b</span>"),
    ],
)
def test_a_narrative_element_becomes_its_html(text: str, expected: str) -> None:
    page = render.page(rendered.with_text(text)).decode()
    assert f'<div class="narrative">{expected}</div>' in page


def test_cells_span_within_bounds() -> None:
    cells_of = "<td colspan='2' rowspan='3'>a</td><th colspan='99999'>b</th><td colspan='x'>c</td>"
    text = f"<table><tbody><tr>{cells_of}</tr></tbody></table>"
    cells = shown(rendered.with_text(text)).xpath("//div[@class='narrative']//tr/*")
    assert [(one.get("colspan"), one.get("rowspan")) for one in cells] == [("2", "3"), (None, None), (None, None)]
    assert cells[1].get("scope") == "col"


def test_the_age_is_told_in_the_unit_that_tells_most() -> None:
    def age(born: str) -> str:
        header = rendered.HEADER.replace('birthTime value="19811109"', f'birthTime value="{born}"')
        return words(shown(safexml.parse(rendered.xml("", header))).find(".//header"))

    assert "(5 jours)" in age("20260307")
    assert "(3 mois)" in age("20251201")
    assert "(2 ans)" in age("20240312")
    assert "1981 (" not in age("1981")
    assert " (" not in age("20270101").partition("Née le")[2][:14]


def test_what_is_not_cda_is_refused() -> None:
    with pytest.raises(InputRejected, match="report_not_cda"):
        render.page(safexml.parse(b"<html/>"))


def test_a_report_without_anything_is_still_a_page() -> None:
    page = shown(safexml.parse(b'<ClinicalDocument xmlns="urn:hl7-org:v3"/>'))
    assert "Compte rendu d'imagerie" in words(page)


def test_another_reader_finds_the_tags_balanced() -> None:
    class Balance(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.open: list[str] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag not in ("br", "meta", "img"):
                self.open.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag

    reader = Balance()
    reader.feed(render.page(rendered.full_report()).decode())
    assert reader.open == []


def test_the_terminal_tells_the_same_in_the_same_order() -> None:
    told = list(blocks(render.article(rendered.full_report())))
    headings = [one.text for one in told if isinstance(one, Heading)]
    assert headings.index("Addendum") < headings.index("Informations cliniques") < headings.index("Conclusions")
    assert Paragraph("Nodule du lobe supérieur droit de 6 mm, stable.", "•") in told
    tables = [one for one in told if isinstance(one, Table)]
    assert tables[0].links[0].startswith("https://images.example.org/")
    assert "Voir les images [1]" in tables[0].rows[0]
    assert ("Nodule LSD", "6 mm") in next(one.rows for one in tables if one.caption == "Cibles")
