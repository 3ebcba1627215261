"""The words of a section's text: whether there are any, and whether a reference leads to some."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lxml import etree

from gateway.cda.elements import CDA, attribute
from gateway.cda.rules.engine import Context

_HEADINGS = frozenset(f"{{{CDA}}}{name}" for name in ("th", "caption"))
_MEDIA = f"{{{CDA}}}renderMultiMedia"
_SECTION = f"{{{CDA}}}section"
_LETTER = re.compile(r"[^\W_]")


def says_something(text: etree._Element) -> bool:
    """Whether a narrative holds a letter or a digit outside the headings of its tables, or shows an image."""
    if _LETTER.search(text.text or ""):
        return True
    for child in text:
        if child.tag == _MEDIA:
            return True
        if isinstance(child.tag, str) and child.tag not in _HEADINGS and says_something(child):
            return True
        if _LETTER.search(child.tail or ""):
            return True
    return False


def lead_to_words(references: Sequence[etree._Element | None], context: Context) -> list[bool]:
    """For each of *references*, whether it leads to an element that says something, in the narrative of its section.

    That of a section above counts too. To be asked in an ``end`` check, when every ID has been met.
    """
    if not references:
        return []
    targets = {one.get("ID", "").strip(): one for one in context.collected["ID"]}
    known: dict[str, etree._Element | None] = {}
    answers = []
    for reference in references:
        value = attribute(reference, "value").strip()
        if value not in known:
            target = targets.get(value[1:]) if value.startswith("#") else None
            section = None if target is None else next(target.iterancestors(_SECTION), None)
            known[value] = section if target is not None and says_something(target) else None
        section = known[value]
        answers.append(
            section is not None
            and reference is not None
            and any(above is section for above in reference.iterancestors(_SECTION))
        )
    return answers
