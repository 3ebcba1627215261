"""The list of the rules as a table: for the terminal, for a program, for the documentation."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import groupby

from gateway.cda.rules.engine import Rule
from gateway.model.finding import Severity

_PAGE = """\
# The rules by which a report is judged

Made by `gateway report rules --markdown`; a test keeps it equal to the program. Each rule has a stable id, its weight
in the two profiles of `gateway report check` (`spec`: what the specifications require, plain sense included;
`official`: the verdict of the ANS validator today), its sentence and its source. "001" and "000" are the technical and
functional specifications of IMG-CR-IMG 2024.01. A dash says that the profile does not know the rule. For a level-1
report the rules of orders and acts only warn; for a model of the CI-SIS that is not an imaging report or request, the
structure and the common header are judged, and what only plain sense asks warns.
"""


def as_json(rules: Iterable[Rule]) -> str:
    """A list of objects: rule, part, spec, official, fr, en, source."""
    rows = [
        {
            "rule": rule.id,
            "part": rule.part,
            "spec": rule.spec,
            "official": rule.official,
            "fr": rule.text.fr,
            "en": rule.text.en,
            "source": rule.source,
        }
        for rule in rules
    ]
    return json.dumps(rows, ensure_ascii=False, indent=1)


def as_text(rules: Iterable[Rule], language: str) -> str:
    """One line a rule, and its source below."""
    lines = []
    for rule in rules:
        text = rule.text.en if language == "en" else rule.text.fr
        lines.append(f"{rule.id:<10} {_weight(rule.spec):<8} {_weight(rule.official):<8} {text}")
        lines.append(f"{'':<28} [{rule.source}]")
    return "\n".join(lines)


def as_markdown(rules: Iterable[Rule]) -> str:
    """The page of the documentation, one section a part."""
    parts = [_PAGE]
    for part, members in groupby(rules, key=lambda rule: rule.part):
        rows = [f"\n## {part[0].upper()}{part[1:]}\n\n| rule | spec | official | sentence | source |"]
        rows.append("| --- | --- | --- | --- | --- |")
        rows += [
            f"| {rule.id} | {_weight(rule.spec)} | {_weight(rule.official)} | {_cell(rule.text.en)}"
            f" | {_cell(rule.source)} |"
            for rule in members
        ]
        parts.append("\n".join(rows) + "\n")
    return "".join(parts)


def _weight(severity: Severity | None) -> str:
    return severity.value if severity is not None else "–"


def _cell(text: str) -> str:
    """Text that a table of Markdown shows as it is."""
    for character in "\\|<>*_`":
        text = text.replace(character, f"\\{character}")
    return text
