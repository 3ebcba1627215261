"""What the ANS validator asks of sections, and where it starts to ask: profile ``official``.

Each of its rules starts at **one** templateId (its trigger) and asks a few things of the element that declares it, by
presence: a section that lost this templateId escapes. So a row here is a trigger and the names of what it asks;
``sections_table.ASKED`` is the whole of it. Facts gathered by running the validator; its text is not reproduced.
"""

from __future__ import annotations

from lxml import etree

from gateway.cda.elements import attribute, path
from gateway.cda.rules.engine import Context
from gateway.cda.rules.entries_common import nested
from gateway.cda.rules.looking import declares, find, kids
from gateway.cda.rules.sections_book import BOOK, RULES, SectionRules
from gateway.cda.rules.sections_official_parts import CODED_RESULTS, COMMENT_COUNT, EXTRA, author
from gateway.cda.rules.sections_table import (
    ACT,
    ADDENDUM,
    ASKED,
    BY_TEMPLATE,
    COMMENT,
    COMPARISON,
    CONCLUSION,
    DEVICES,
    DOCUMENTS,
    INFORMATION,
    PRIOR_RESULTS,
    RESULTS,
    Section,
)

_ENTRY = "1.2.250.1.213.1.1.3."

_BY_KEY = {section.key: section for section in BY_TEMPLATE.values()}


def _frame(element: etree._Element, context: Context, row: Section, rules: SectionRules, asked: set[str]) -> None:
    declared = {attribute(one, "root") for one in kids(element, "templateId")}
    wanted = {"pair": row.templates, "parent": row.international}
    for name, templates in wanted.items():
        if name in asked and not declared.issuperset(templates):
            context.say(rules.templates, element, value=" + ".join(sorted(declared)), expected=" + ".join(templates))
    for name, rule in (("id", rules.ids), ("title", rules.title), ("text", rules.text)):
        if name in asked and rule is not None and find(element, name) is None:
            context.say(rule, element, at=name)
    code = find(element, "code")
    if "code" in asked and (attribute(code, "code"), attribute(code, "codeSystem")) != (row.code, row.system):
        value = f"{attribute(code, 'code')}, {attribute(code, 'codeSystem')}"
        context.say(rules.code, element, at="code", value=value, expected=f"{row.code}, {row.system}")
    coded = declares(element, "1.3.6.1.4.1.19376.1.5.3.1.3.28")
    if "no-entry" in asked and rules.entries is not None and find(element, "entry") is not None and not coded:
        context.say(rules.entries, element, at="entry")


def _register(trigger: str, key: str, names: str) -> None:
    asked = set(names.split())
    row, rules = _BY_KEY[key], RULES[key]
    extra = [EXTRA[name] for name in names.split() if name in EXTRA]

    @BOOK.template(trigger)
    def triggered(element: etree._Element, context: Context) -> None:
        if not context.official or not declares(element, trigger):
            return
        _frame(element, context, row, rules, asked)
        if not nested(element):
            for one in extra:
                one(element, context)


for _row in ASKED:
    _register(*_row)


@BOOK.template(ADDENDUM, "1.2.840.10008.9.6")
def addendum(element: etree._Element, context: Context) -> None:
    """Who wrote the addendum: only the official rules demand it."""
    if not context.official:
        author(element, context)


@BOOK.element("structuredBody")
def body(element: etree._Element, context: Context) -> None:
    """The counts that the official rules keep, by the French templateIds."""
    if not context.official:
        return
    sections = kids(element, "component/section")
    for template in (CONCLUSION, ACT, ADDENDUM, INFORMATION, DEVICES, RESULTS, COMPARISON, PRIOR_RESULTS, DOCUMENTS):
        count = sum(declares(one, template) for one in sections)
        least = 1 if template in (CONCLUSION, ACT) else 0
        if count < least or (count > 1 and template != ACT):
            context.say(RULES[BY_TEMPLATE[template].key].count, element, at="component", value=str(count))
    count = sum(declares(one, COMMENT) for one in sections)
    if count > 1:
        context.say(COMMENT_COUNT, element, at="component", value=str(count))


@BOOK.template("1.3.6.1.4.1.19376.1.5.3.1.3.28")
def coded_results(element: etree._Element, context: Context) -> None:
    """The IHE section of coded results wants a procedure entry in it, which no report of imaging has."""
    procedure = "1.3.6.1.4.1.19376.1.5.3.1.4.19"
    if (
        context.official
        and not nested(element)
        and not any(attribute(one, "root") == procedure for one in element.iter(path("templateId")))
    ):
        context.say(CODED_RESULTS, element)
