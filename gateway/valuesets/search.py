"""Finding a table by any of its names, and a code by itself or by words of its label."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from gateway.errors import InputRejected
from gateway.model.codes import Code
from gateway.valuesets.names import ASSOCIATIONS, SETS, SHORT
from gateway.valuesets.tables import load

_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "Œ": "oe", "Æ": "ae"})


@dataclass(frozen=True, slots=True)
class Hit:
    """One code that was found, and the value set that has it."""

    name: str
    code: Code
    retired: date | None


def resolve(name: str) -> str:
    """The table that a person means: its name, the name of its constant, its OID, or a part that only one name has.

    Raises InputRejected ``valueset_unknown`` or ``valueset_ambiguous``.
    """
    wanted = name.strip().replace("-", "_").casefold()
    by_any = {one.casefold(): one for one in SHORT.values()} | {key.casefold(): one for key, one in SHORT.items()}
    if wanted in by_any:
        return by_any[wanted]
    if wanted.replace(".", "").isdigit():
        same = [one for one in SETS if load(one).oid == wanted]
    else:
        same = [one for one in (*SETS, *ASSOCIATIONS) if wanted and wanted in one.casefold().split("_")]
        same = same or [one for one in (*SETS, *ASSOCIATIONS) if wanted and wanted in one.casefold()]
    if len(same) == 1:
        return same[0]
    if same:
        raise InputRejected("valueset_ambiguous", name=name, names=", ".join(same))
    raise InputRejected("valueset_unknown", name=name)


def find(text: str) -> Iterator[Hit]:
    """Every code that is *text*, or whose label has all its words (or their beginnings), in use first in each set."""
    code, words = text.strip().casefold(), folded(text).split()
    if not words:
        return
    for name in SETS:
        value_set = load(name)
        entries = [(one, None) for one in value_set.codes]
        for entry, day in (*entries, *value_set.retired_codes):
            if entry.code.casefold() == code or _has(folded(entry.display).split(), words):
                yield Hit(name, entry, day)


def _has(label: list[str], words: list[str]) -> bool:
    return all(any(one.startswith(word) for one in label) for word in words)


def folded(text: str) -> str:
    """*text* without accents, capitals and punctuation, ready to be split into words."""
    plain = unicodedata.normalize("NFKD", text.translate(_LIGATURES)).casefold()
    plain = unicodedata.normalize("NFKD", plain)
    return "".join(one if one.isalnum() else " " for one in plain if not unicodedata.combining(one))
