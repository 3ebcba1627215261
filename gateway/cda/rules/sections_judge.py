"""Every section by its row of the table, instance by instance (001 section 3.3): profile ``spec``."""

from __future__ import annotations

from lxml import etree

from gateway.cda.elements import attribute, name_of, text_of
from gateway.cda.rules.engine import WARNING, Context
from gateway.cda.rules.entries_common import plain
from gateway.cda.rules.looking import declarations, declares, find, kids
from gateway.cda.rules.narrative import says_something
from gateway.cda.rules.sections_book import BOOK, RULES, SectionRules
from gateway.cda.rules.sections_table import BODY, BY_TEMPLATE, COMMENT, SECTIONS, Section

UNKNOWN = BOOK.rule(
    "S-12",
    "Cette section ne déclare aucun modèle d'IMG-CR-IMG : elle n'est pas jugée.",
    "This section declares no template of IMG-CR-IMG: it is not judged.",
    source="001 3.3.1 (liste des sections)",
    spec=WARNING,
    official=None,
)
NOTHING = BOOK.rule(
    "S-14",
    "Cette section ne dit rien : ni modèle, ni texte, ni sous-section.",
    "This section says nothing: no template, no text, no sub-section.",
    source="001 3.3 : « text [1..1] » de chaque section",
    official=None,
)
TWO_MODELS = BOOK.rule(
    "S-13",
    "Cette section déclare les modèles de deux sections différentes : {value}.",
    "This section declares the templates of two different sections: {value}.",
    source="001 3.3.1 (un modèle DICOM et un modèle français par section)",
    official=None,
)


@BOOK.element("section")
def section(element: etree._Element, context: Context) -> None:
    """Every section, by the rows of the table that it declares."""
    if context.official:
        return
    known = {BY_TEMPLATE[root].key: BY_TEMPLATE[root] for root in declarations(element) if root in BY_TEMPLATE}
    if not known:
        lost = _by_code(element)
        if lost is not None:
            context.say(RULES[lost.key].templates, element, value="—", expected=" + ".join(lost.templates))
        elif find(element, "text") is None and find(element, "component") is None:
            context.say(NOTHING, element)
        elif not declares(element, COMMENT):
            context.say(UNKNOWN, element)
        return
    if len(known) > 1:
        context.say(TWO_MODELS, element, value=", ".join(one.name for one in known.values()))
    for row in known.values():
        _judge(element, context, row, RULES[row.key])
        _count_within(element, context, row.french)


def _by_code(element: etree._Element) -> Section | None:
    """The row of a section that lost its templates, known by its code (and title: two sections share a code)."""
    code, title = attribute(find(element, "code"), "code"), plain(text_of(find(element, "title")))
    rows = [row for row in SECTIONS if row.code == code and _in_place(element, row)]
    return next((row for row in rows if plain(row.title) == title), rows[0] if rows else None)


@BOOK.element("structuredBody")
def body(element: etree._Element, context: Context) -> None:
    """How often each section stands directly in the body."""
    if not context.official:
        _count_within(element, context, BODY)


def _judge(element: etree._Element, context: Context, row: Section, rules: SectionRules) -> None:
    declared = declarations(element)
    if any(root not in declared for root in row.templates):
        context.say(rules.templates, element, value=" + ".join(declared), expected=" + ".join(row.templates))
    check_section_code(element, context, row, rules)
    title, text = find(element, "title"), find(element, "text")
    words = text_of(title)
    if rules.title is not None and not words:
        context.say(rules.title, element, at="title")
    elif words and plain(words) != plain(row.title):
        context.say(rules.words, element, at="title", value=words, expected=row.title)
    if text is None:
        context.say(rules.text, element, at="text")
    elif rules.empty is not None and not says_something(text):
        context.say(rules.empty, element, at="text")
    if rules.entries is not None and kids(element, "entry"):
        context.say(rules.entries, element, at="entry")
    if rules.ids is not None and find(element, "id") is None:
        context.say(rules.ids, element, at="id")
    if not _in_place(element, row):
        context.say(rules.place, element)


def check_section_code(element: etree._Element, context: Context, row: Section, rules: SectionRules) -> None:
    """Say the rule of the code unless the section has its code and its system."""
    code = find(element, "code")
    if attribute(code, "code") != row.code or attribute(code, "codeSystem") != row.system:
        value = f"{attribute(code, 'code')}, {attribute(code, 'codeSystem')}" if code is not None else "—"
        context.say(rules.code, element, at="code", value=value, expected=f"{row.code}, {row.system}")


def _in_place(element: etree._Element, row: Section) -> bool:
    component = element.getparent()
    parent = None if component is None else component.getparent()
    if parent is None:
        return False
    if row.parent == BODY:
        return name_of(parent) == BODY
    return declares(parent, *BY_TEMPLATE[row.parent].templates)


_INNER = {
    key: [(row, frozenset(row.templates)) for row in SECTIONS if row.parent == key]
    for key in {row.parent for row in SECTIONS}
}
"""The sections that may stand in each, with their templates."""


def _count_within(parent: etree._Element, context: Context, key: str) -> None:
    rows = _INNER.get(key)
    if rows is None:
        return
    inner = [declarations(one) for one in kids(parent, "component/section")]
    for row, templates in rows:
        count = 0
        for declared in inner:
            count += not templates.isdisjoint(declared)
        if count < row.least or (row.most is not None and count > row.most):
            context.say(RULES[row.key].count, parent, at="component", value=str(count))
