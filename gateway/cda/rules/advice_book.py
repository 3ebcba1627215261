"""The book of advice, and the facts that advice looks at, gathered once for a report.

Advice is good practice that a machine can see (000 3.1.2, 3.2, 3.3; 001 3.3): never part of a verdict. Words are
compared in a plain form, without accents, case and punctuation.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

from lxml import etree

from gateway.cda.elements import attribute, path, text_of
from gateway.cda.rules.agreement_book import BodyAct
from gateway.cda.rules.engine import ADVICE, Book, Model, Rule
from gateway.cda.rules.looking import declarations, find, kids
from gateway.cda.rules.sections_table import BY_TEMPLATE

BOOK = Book("advice", models={Model.CR_IMG})

Place = tuple[etree._Element, str, str]
"""An element, what of it, and the value to show."""
Look = Callable[["Facts"], Iterator[Place]]
ALL: list[tuple[Rule, Look]] = []
"""Every advice with the function that looks for it, in order."""


def advise(rule_id: str, fr: str, en: str, source: str) -> Callable[[Look], Look]:
    """Register a function that yields the places where the advice applies."""
    rule = BOOK.rule(rule_id, fr, en, source=source, spec=ADVICE, official=ADVICE)

    def decorate(look: Look) -> Look:
        ALL.append((rule, look))
        return look

    return decorate


_WORD = re.compile(r"[^\W_]+")


def words(text: str) -> str:
    """*text* without accents, case and punctuation, with one space around each word, so that `` word `` finds it."""
    apart = " ".join(_WORD.findall(text.casefold().replace("œ", "oe").replace("æ", "ae")))
    return f" {unicodedata.normalize('NFKD', apart).encode('ascii', 'ignore').decode().strip()} "


_NO_WORDS = words("")


def narrative(text: etree._Element | None) -> str:
    """The words of a narrative, those of neighbouring cells and paragraphs apart; no comments."""
    if text is None:
        return ""
    return " ".join(" ".join(cast(list[str], _TEXTS(text))).split())


_TEXTS = etree.XPath("descendant::text()", smart_strings=False)


@dataclass(frozen=True, slots=True)
class Act:
    """An act of the body as advice sees it."""

    section: etree._Element
    label: str
    modalities: frozenset[str]
    text: str
    """The plain words of its narrative, sub-sections not included."""
    exposure: etree._Element | None
    complications: etree._Element | None


@dataclass(frozen=True, slots=True)
class Facts:
    """A report as advice sees it."""

    root: etree._Element
    sections: dict[str, list[etree._Element]] = field(default_factory=dict)
    """By the key of the table of sections."""
    acts: tuple[Act, ...] = ()
    sex: str = ""
    age_years: int | None = None
    everything: str = ""
    """The plain words of the title and of every narrative."""
    written: dict[etree._Element, str] = field(default_factory=dict)
    """The narrative of each section."""
    plain: dict[etree._Element, str] = field(default_factory=dict)
    """Its plain words."""
    texts: dict[str, str] = field(default_factory=dict)
    """The plain words of all sections of a key."""

    def section(self, key: str) -> etree._Element | None:
        """The first section of that key."""
        return next(iter(self.sections.get(key, ())), None)

    def text(self, key: str) -> str:
        """The plain words of all sections of that key."""
        return self.texts.get(key, "")

    def says(self, pattern: re.Pattern[str]) -> bool:
        """Whether the report says it anywhere."""
        return pattern.search(self.everything) is not None


def facts_of(root: etree._Element, acts: Sequence[BodyAct]) -> Facts:
    """Everything that advice looks at; *acts* are those of the body."""
    sections: dict[str, list[etree._Element]] = {}
    told = {section: narrative(find(section, "text")) for section in root.iter(path("section"))}
    plain = {section: words(text) if text else _NO_WORDS for section, text in told.items()}
    for section in told:
        for key in {BY_TEMPLATE[root].key for root in declarations(section) if root in BY_TEMPLATE}:
            sections.setdefault(key, []).append(section)
    patient = find(root, "recordTarget/patientRole/patient")
    born, written = _day(find(patient, "birthTime")), _day(find(root, "effectiveTime"))
    age = None if born is None or written is None else (written - born) // 10_000
    return Facts(
        root=root,
        sections=sections,
        acts=tuple(_act(one.section, one.technique, plain[one.section]) for one in acts),
        sex=attribute(find(patient, "administrativeGenderCode"), "code"),
        age_years=age,
        everything=words(text_of(find(root, "title"))) + "".join(plain.values()),
        written=told,
        plain=plain,
        texts={key: "".join(plain[one] for one in some) for key, some in sections.items()},
    )


def _day(element: etree._Element | None) -> int | None:
    """A date as the number YYYYMMDD: differences in years are right by division."""
    value = attribute(element, "value")[:8]
    return int(value) if re.fullmatch(r"[0-9]{8}", value) else None


def _act(section: etree._Element, technique: etree._Element | None, text: str) -> Act:
    inner = {
        BY_TEMPLATE[root].key: one
        for one in kids(section, "component/section")
        for root in (attribute(template, "root") for template in kids(one, "templateId"))
        if root in BY_TEMPLATE
    }
    return Act(
        section=section,
        label=words(attribute(find(technique, "code"), "displayName")),
        modalities=frozenset(attribute(one, "code") for one in kids(technique, "methodCode")),
        text=text,
        exposure=inner.get("S-3b"),
        complications=inner.get("S-3a"),
    )
