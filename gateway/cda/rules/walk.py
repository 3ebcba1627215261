"""The one walk: every element is met once, in document order, and handed to the checks that asked for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from operator import attrgetter
from typing import Any

from lxml import etree

from gateway.cda.rules.engine import Context, Model, Profile, line_of
from gateway.cda.rules.looking import Family, find, remembering, roots_of
from gateway.cda.rules.profiles import books, kind_of
from gateway.cda.rules.structure import attributes, examine, say_stray
from gateway.cda.rules.visits import ROOT, Tables, Visit
from gateway.model.finding import Judgement, unreadable
from gateway.texts import TEXTS


def judge(root: etree._Element, profile: Profile) -> Judgement:
    """See :func:`gateway.cda.rules.judge`."""
    if root.tag != ROOT:
        return unreadable(
            "report_not_cda", TEXTS["report_not_cda"], path="/", line=line_of(root), source="HL7 CDA R2",
            profile=profile.value, model=None, level=None,
        )  # fmt: skip
    kind = kind_of(root)
    context = Context(root=root, profile=profile, model=kind.model, level=kind.level or 0)
    tables = tables_of(kind.model, unread=profile is Profile.OFFICIAL and not _has_type(root))
    about = {"profile": profile.value, "model": kind.name or None, "level": kind.level}
    with remembering() as families:
        _walk(root, tables, context, families)
        for check in tables.end:
            check(root, context)
        return Judgement(findings=context.findings(), about=about)


_UNREAD = frozenset(
    {
        "datatypes",
        "header",
        "patient",
        "people",
        "names",
        "organisations",
        "encounter",
        "documented acts",
        "level 1",
    }
)
"""Books of the rules that the validator applies to a document of the right typeId alone."""


def _has_type(root: etree._Element) -> bool:
    type_id = find(root, "typeId")
    return type_id is not None and type_id.get("extension") == "POCD_HD000040"


@cache
def tables_of(model: Model, *, unread: bool = False) -> Tables:
    """The checks of the books that are for *model*; with *unread* without those that a wrong typeId silences."""
    tables = Tables()
    for book in books():
        if model in book.models and not (unread and book.name in _UNREAD):
            for how, where, check in book.checks:
                tables.register(how, where, check)
    return tables


def _walk(root: etree._Element, tables: Tables, context: Context, families: Mapping[etree._Element, Family]) -> None:
    """Depth first with a stack of our own, so that no depth of nesting can exhaust the interpreter's.

    What is plainly right (usual attributes and children, no text between elements) is seen to be so here and in line,
    because it is asked of every element; what may be wrong is handed to :mod:`gateway.cda.rules.structure`.
    """
    stack: list[Iterator[tuple[etree._Element, Visit | None]]] = [iter([(root, tables.start())])]
    while stack:
        for element, visit in stack[-1]:
            if visit is None:  # a comment, an instruction
                continue
            if not visit.free:
                items: Any = element.items()
                context.stated = stated = dict(items)
                right, named = visit.right, False
                for name, value in stated.items():
                    values = right.get(name)
                    if values is None:
                        visit = attributes(element, visit, context)
                        break
                    if value not in values:
                        attribute = visit.attributes[name]
                        if not attribute.test(value):
                            visit = attributes(element, visit, context)
                            break
                        attribute.remember(value)
                        named = named or attribute.gathered
                else:
                    if visit.needed_attributes and not stated.keys() >= visit.needed_attributes:
                        visit = attributes(element, visit, context)
                    elif named:
                        context.collected["ID"].append(element)
                if not visit.text:
                    text = element.text
                    if text and not text.isspace():
                        say_stray(element, context)
            elif visit.checks:
                items = element.items()
                context.stated = dict(items)
            plan = None
            if len(element):
                children, names = known = families[element]
                plan = visit.plans.get(names)
                if plan is None:
                    plan = examine(element, known, visit, context)
                elif not visit.text:
                    between = "".join(filter(None, map(_tail, children)))
                    if between and not between.isspace():
                        say_stray(element, context)
            elif visit.needing:
                examine(element, families[element], visit, context)
            for check in visit.checks:
                check(element, context)
            if plan is not None:
                if plan.declaring:
                    for check in tables.declared(roots_of(element)):
                        check(element, context)
                stack.append(zip(children, plan.visits, strict=True))
                break
        else:
            stack.pop()


_tail: Callable[[etree._Element], str | None] = attrgetter("tail")
