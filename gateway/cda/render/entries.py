"""What the entries of a section say and its narrative does not: tables of products and doses, and single facts.

The narrative is what a person signed; entries are shown only where it leaves out one of their facts, under a heading
that says where they come from. Sources: IMG-CR-IMG 2024.01 technical specification sections 3.3.3 to 3.3.5.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator

from lxml import etree

from gateway.cda.elements import attribute, find, has_template, text_of
from gateway.cda.render.facts import (
    coded,
    each,
    label,
    name,
    narrative_texts,
    quantity,
    resolved,
    templated,
)
from gateway.cda.render.html import h
from gateway.cda.render.words import word

PRODUCT = ("1.2.840.10008.9.13", "1.2.250.1.213.1.1.3.151")
RADIOPHARMACEUTICAL = ("1.2.250.1.213.1.1.3.173",)
QUANTITY = ("2.16.840.1.113883.10.20.6.2.14", "1.2.250.1.213.1.1.3.154")
EXPOSURE = ("1.2.250.1.213.1.1.3.165",)
OBSERVATION = ("2.16.840.1.113883.10.20.6.2.13", "1.2.250.1.213.1.1.3.150")
TECHNIQUE = ("1.2.840.10008.9.14", "1.2.250.1.213.1.1.3.153")
DEVICE = ("2.16.840.1.113883.10.20.1.34", "1.2.250.1.213.1.1.3.20")
_COMMENT = ("1.3.6.1.4.1.19376.1.5.3.1.4.2", "1.2.250.1.213.1.1.3.32")
_PREGNANCY, _CONTRAINDICATION = "364320009", "64100-1"
_WORD = re.compile(r"[a-z0-9]+", re.ASCII)

Row = tuple[str, ...]
_Texts = dict[str, str]


def untold(section: etree._Element, language: str) -> Iterator[etree._Element]:
    """The tables of *section* whose rows its narrative leaves out, in whole or in part."""
    narrative = find(section, "text")
    texts = narrative_texts(narrative)
    told = _words("" if narrative is None else " ".join(str(one) for one in narrative.itertext()))
    tables: Iterable[tuple[str, tuple[str, ...], Callable[[], Iterator[Row]]]] = (
        ("products", ("product", "dose", "route", "lot", "comment"), lambda: _products(section, texts, language)),
        ("doses", ("quantity", "value", "location"), lambda: _doses(section, language)),
        ("devices", ("device", "device_id"), lambda: _devices(section)),
        ("entries", ("fact", "value"), lambda: _facts(section, texts, language)),
    )
    for caption, columns, rows_of in tables:
        rows = [row for row in rows_of() if not _is_told(row, columns, told)]
        if rows:
            yield table(word(caption, language), [word(one, language) for one in columns], rows, language)


def table(caption: str, columns: list[str], rows: list[Row], language: str) -> etree._Element:
    """A table of coded data, which says that it is; a column without any value is left out."""
    used = [number for number in range(len(columns)) if any(row[number] for row in rows)]
    head = h("thead", h("tr", *(h("th", columns[number], scope="col") for number in used)))
    body = h("tbody", *(h("tr", *(h("td", row[number]) for number in used)) for row in rows))
    about = h(
        "caption", caption, " ", h("span", f"({word('from_entries', language)})", class_="quiet"), class_="caption"
    )
    return h("div", h("table", about, head, body), class_="scroll entries")


def _is_told(row: Row, columns: tuple[str, ...], told: frozenset[str]) -> bool:
    """Whether the words of every fact of the row stand in the narrative; the name of a fact needs not."""
    facts = row[1:] if columns[0] == "fact" else row
    return all(_words(re.sub(r"\[[^\]]*\]", "", fact)) <= told for fact in facts)


def _words(text: str) -> frozenset[str]:
    plain = unicodedata.normalize("NFKD", text.replace(",", ".").casefold())
    plain = "".join(one for one in plain if not unicodedata.combining(one))
    # 1140.26 and 1140,26 are one number; 150 mL and 150ml one dose.
    spaced = re.sub(r"(?<=\d)(?=[a-z])", " ", re.sub(r"(?<=\d)\.(?=\d)", "0000", plain))
    return frozenset(_WORD.findall(spaced))


def _products(section: etree._Element, texts: _Texts, language: str) -> Iterator[Row]:
    for entry in templated(section, "entry/substanceAdministration", *PRODUCT, *RADIOPHARMACEUTICAL):
        material = find(entry, "consumable/manufacturedProduct/manufacturedMaterial")
        code = find(material, "code")
        product = text_of(find(material, "name")) or label(code) or resolved(find(code, "originalText"), texts)
        codes = [told for one in each(code, "translation") if "[" in (told := coded(one))]
        told = " ".join(dict.fromkeys(filter(None, (product, *(coded_only(one) for one in codes)))))
        dose = quantity(find(entry, "doseQuantity"), language)
        lot = text_of(find(material, "lotNumberText"))
        yield told, dose, label(find(entry, "routeCode")), lot, _comment(entry, texts)


def coded_only(told: str) -> str:
    """``[CIP : 3400936915657]`` of a label with its code."""
    return told[told.rindex("[") :]


def _doses(section: etree._Element, language: str) -> Iterator[Row]:
    for entry in templated(section, "entry/observation", *QUANTITY):
        yield label(find(entry, "code")), quantity(find(entry, "value"), language), _site(find(entry, "targetSiteCode"))


def _site(element: etree._Element | None) -> str:
    modifiers = [label(find(one, "value")) for one in each(element, "qualifier")]
    return ", ".join(filter(None, (label(element), *modifiers)))


def _devices(section: etree._Element) -> Iterator[Row]:
    for entry in templated(section, "entry/supply", *DEVICE):
        role = find(entry, "participant/participantRole")
        device = find(role, "playingDevice")
        told = coded(find(device, "code")) or text_of(find(device, "manufacturerModelName"))
        yield told, attribute(find(role, "id"), "extension")


def _facts(section: etree._Element, texts: _Texts, language: str) -> Iterator[Row]:
    """Single facts: the technique, who authorised the exposure, pregnancy, contra-indications, other observations."""
    for entry in templated(section, "entry/procedure", *TECHNIQUE):
        yield from _technique(entry, texts, language)
    for entry in templated(section, "entry/procedure", *EXPOSURE):
        for one in each(entry, "participant/participantRole"):
            yield word("authorised", language), name(find(one, "playingEntity/name"))
    for entry in each(section, "entry/observation"):
        if not has_template(entry, frozenset(OBSERVATION)):
            continue
        code, value = find(entry, "code"), find(entry, "value")
        known = {_PREGNANCY: "pregnancy", _CONTRAINDICATION: "contraindication"}.get(attribute(code, "code"))
        if resolved(find(value, "originalText"), texts):
            continue
        yield word(known, language) if known else label(code), label(value) or quantity(value, language)


def _technique(entry: etree._Element, texts: _Texts, language: str) -> Iterator[Row]:
    for key, steps, told_of in (
        ("act", "code", coded),
        ("modality", "methodCode", label),
        ("location", "targetSiteCode", _site),
    ):
        for one in each(entry, steps):
            if not resolved(find(one, "originalText"), texts):
                yield word(key, language), told_of(one)


def _comment(entry: etree._Element, texts: _Texts) -> str:
    for act in templated(entry, "entryRelationship/act", *_COMMENT):
        if told := resolved(find(act, "text"), texts):
            return told
    return ""
