"""The rules of sections, made of their table, and the book they stand in.

Each row of :mod:`gateway.cda.rules.sections_table` gives the same rules, by the last letter of their id: ``a`` its
templates, ``b`` its code, ``c`` its title, ``d`` the words of the title, ``e`` its text, ``f`` what the text says,
``g`` how often it stands, ``h`` where, ``i`` entries where there should be none, ``j`` its id; further letters are
of one section alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.cda.rules.engine import ERROR, WARNING, Book, Model, Rule
from gateway.cda.rules.sections_table import BODY, BY_TEMPLATE, SECTIONS, Section, asks
from gateway.model.finding import Severity

BOOK = Book("sections", models={Model.CR_IMG})


@dataclass(frozen=True, slots=True)
class SectionRules:
    """The rules of one section."""

    templates: Rule
    code: Rule
    title: Rule | None
    words: Rule
    text: Rule
    empty: Rule | None
    count: Rule
    place: Rule
    entries: Rule | None
    ids: Rule | None


def _official(key: str, *names: str) -> Severity | None:
    return ERROR if asks(key, *names) else None


def _rules(section: Section) -> SectionRules:
    key, name, source = section.key, section.name, section.source
    where = "le corps du document" if section.parent == BODY else BY_TEMPLATE[section.parent].name
    where_en = "the body of the document" if section.parent == BODY else BY_TEMPLATE[section.parent].name
    times = f"[{section.least}..{'*' if section.most is None else section.most}]"
    return SectionRules(
        templates=BOOK.rule(
            f"{key}a",
            f"La section {name} doit déclarer ensemble ses modèles : {{expected}}.",
            f"The section {name} must declare its templates together: {{expected}}.",
            source=f"001 3.3.1 : {name} ({' + '.join(section.templates)})",
            official=_official(key, "pair", "parent"),
        ),
        code=BOOK.rule(
            f"{key}b",
            f"Le code de la section {name} est fixé à {{expected}} ; trouvé : {{value}}.",
            f"The code of the section {name} is fixed to {{expected}}; found: {{value}}.",
            source=f"{source} ; CI-SIS Modèles de contenus CDA, section {name} (code)",
            official=_official(key, "code"),
        ),
        title=BOOK.rule(
            f"{key}c",
            f"La section {name} doit avoir un titre.",
            f"The section {name} must have a title.",
            source=f"{source} : « title [1..1] »",
            official=_official(key, "title"),
        )
        if section.titled
        else None,
        words=BOOK.rule(
            f"{key}d",
            f"Le titre de la section {name} est fixé à « {{expected}} » ; trouvé : « {{value}} ».",
            f"The title of the section {name} is fixed to “{{expected}}”; found: “{{value}}”.",
            source=f'{source} : « title Fixé à "{section.title}" »',
            spec=WARNING,
            official=None,
        ),
        text=BOOK.rule(
            f"{key}e",
            f"La section {name} doit avoir un texte.",
            f"The section {name} must have a text.",
            source=f"{source} : « text [1..1] »",
            official=_official(key, "text"),
        ),
        empty=BOOK.rule(
            f"{key}f",
            f"Le texte de la section {name} est vide.",
            f"The text of the section {name} is empty.",
            source=f"{source} : « text [1..1] » ; 000 3.3.2",
            spec=section.empty,
            official=None,
        )
        if section.empty
        else None,
        count=BOOK.rule(
            f"{key}g",
            f"La section {name} doit être présente {times} fois dans {where} ; trouvée {{value}} fois.",
            f"The section {name} must stand {times} times in {where_en}; found {{value}} times.",
            source=f"001 3.3.1 : {name} {times}",
            official=None if key == "S-10" else ERROR,
        ),
        place=BOOK.rule(
            f"{key}h",
            f"La section {name} n'est pas à sa place : elle se trouve dans {where}.",
            f"The section {name} is out of place: it stands in {where_en}.",
            source="001 3.3.1 (Section / Sous-section)",
            official=None,
        ),
        entries=None
        if section.entries
        else BOOK.rule(
            f"{key}i",
            f"La section {name} ne contient pas d'entrée.",
            f"The section {name} has no entries.",
            source=f"001 3.3.1 : {name}, « Pas d'entrée »",
            official=_official(key, "no-entry"),
        ),
        ids=BOOK.rule(
            f"{key}j",
            f"La section {name} doit avoir un identifiant (id).",
            f"The section {name} must have an id.",
            source=f"CI-SIS Modèles de contenus CDA, section {name} (id)",
            spec=section.needs_id,
            official=_official(key, "id"),
        )
        if section.needs_id or asks(key, "id")
        else None,
    )


RULES: dict[str, SectionRules] = {section.key: _rules(section) for section in SECTIONS}
