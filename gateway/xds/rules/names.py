"""Whether the patient's name in an entry (PID-5) is the one that the document itself gives.

Source: ITI TF-3 section 4.2.3.2.23; CI-SIS "Transmission d'un document CDA-R2 en HL7v2", mapping XDS (recordTarget).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from itertools import islice

from gateway.xds.rules import hl7_values
from gateway.xds.rules.objects import Thing, Value

_MOST_NAMES = 100
"""Of one person that are compared: more are an attack."""


def of_another(entry: Thing, families: Iterable[str]) -> Value | None:
    """The first PID-5 of *entry* when none of its family names is one of *families*; None when nothing contradicts.

    Case, accents, hyphens and blanks do not count, and a part of a compound name is that name.
    """
    return _none_among(entry, 0, families)


def of_another_given(entry: Thing, givens: Iterable[str]) -> Value | None:
    """The first PID-5 of *entry* when none of its given names is one of *givens*, in the same way."""
    return _none_among(entry, 1, givens)


def is_among(name: str, known: Iterable[str]) -> bool:
    """Whether *name* is one of *known*, or a part of one, or one a part of it."""
    letters = _letters(name)
    return any(name == other or (spelt and (letters in spelt or spelt in letters)) for other, spelt in _spelt(known))


def _none_among(entry: Thing, component: int, names: Iterable[str]) -> Value | None:
    known = [name for name, letters in _spelt(islice(names, _MOST_NAMES)) if letters]
    first = None
    for one in entry.values.get("sourcePatientInfo", ()):
        number, content = hl7_values.field_of(one.text) or (0, "")
        for name in content.split("~", _MOST_NAMES)[:_MOST_NAMES] if number == 5 else ():
            stated = "".join(name.split("^")[component : component + 1])
            if not known or (_letters(stated) and is_among(stated, known)):
                return None
            if _letters(stated):
                first = first or one
    return first


def _spelt(names: Iterable[str]) -> list[tuple[str, str]]:
    return [(name, _letters(name)) for name in names]


def _letters(name: str) -> str:
    """*name* in capitals without accents, hyphens and blanks; empty for a name without a letter of any script."""
    parted = unicodedata.normalize("NFD", name.upper().replace("Œ", "OE").replace("Æ", "AE"))
    return "".join(one for one in parted if one.isalpha())
