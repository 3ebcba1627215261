"""The runbooks: what each reason that can hold a share means, and what to do. ``scripts/runbooks`` writes them."""

from __future__ import annotations

import re

from gateway.texts import TEXTS
from gateway.texts.runbook import GROUPS, HEADS, what_to_do
from gateway.texts.text import Text

_FACT = re.compile(r"\{\w+\}")


def page(language: str) -> str:
    """The whole page, in Markdown, in *language* (``fr`` or ``en``)."""
    parts = [_in(HEADS["title"], language), _in(HEADS["begin"], language), _contents(language)]
    for title, reasons in GROUPS.values():
        parts.append(f"## {_in(title, language)}")
        parts += [_section(reason, language) for reason in reasons]
    return "\n\n".join(parts) + "\n"


def _contents(language: str) -> str:
    lines = []
    for title, reasons in GROUPS.values():
        links = ", ".join(f"[`{reason}`](#{reason})" for reason in reasons)
        lines.append(
            f"- {_in(title, language)}: {links}" if language == "en" else f"- {_in(title, language)} : {links}"
        )
    return "\n".join(lines)


def _section(reason: str, language: str) -> str:
    meaning, doing = _in(HEADS["meaning"], language), _in(HEADS["doing"], language)
    said = _FACT.sub("…", _in(TEXTS[reason], language))
    return f"### `{reason}`\n\n{meaning} {said}\n\n{doing} {what_to_do(reason, language)}"


def _in(text: Text, language: str) -> str:
    return text.en if language == "en" else text.fr
