"""What the narrative says beside what the entries say of it: doses and studies; ``spec`` alone.

A dose is compared with the row of the table that its entry refers to, where that row tells a number with the same unit;
a study with the identifiers that the text of its catalogue calls such. A number may be rounded.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice

from lxml import etree

from gateway.cda.elements import attribute, path, text_of
from gateway.cda.rules.agreement_book import BOOK, BodyAct, few
from gateway.cda.rules.engine import Context
from gateway.cda.rules.looking import find

OTHER_DOSE = BOOK.rule(
    "AG-22",
    "Le texte dit {value} là où l'entrée qui y renvoie dit {expected}.",
    "The text says {value} where the entry that refers to it says {expected}.",
    source="CI-SIS Modèles de contenus CDA, « Éléments narratifs référencés dans les entrées » ; 001 3.3.4.2, "
    "3.3.4.4.3",
    official=None,
)
STUDY_OF_TEXT = BOOK.rule(
    "AG-13b",
    "Le texte du catalogue nomme l'examen « {value} », qui n'est pas de ce catalogue ({expected}).",
    "The text of the catalogue names the study “{value}”, which is not of this catalogue ({expected}).",
    source="001 3.3.4.5 : « text [1..1] Examens référencés sous forme textuelle »",
    official=None,
)
_ROW, _SECTION = path("tr"), path("section")
_NUMBER = r"(?<![\d.,])(\d{1,3}(?: \d{3})+|\d+)((?:[.,]\d+)?)\s*"
_JOINTS = ".·*×⋅ "
_ENDS = rf"(?!\w)(?!\s?[{re.escape(_JOINTS.strip())}/]\s?\w)(?!\s(?:cm|m)\b)"
"""After a unit: not the rest of a longer one (mGy of mGy.cm)."""
_ROUNDED = 0.02
_COMPARED = 100
"""Doses, and cells of a row, that are compared: a report has no more, and time stays bounded."""
_NAMED_STUDY = re.compile(r"(?:uu?id|examen|study)[^\d]{0,40}([0-2](?:\.\d+){5,})", re.IGNORECASE)
_MATERIAL = "consumable/manufacturedProduct/manufacturedMaterial/code/originalText/reference"


def words(context: Context, body: list[BodyAct], targets: dict[str, etree._Element]) -> None:
    """The doses that were met, of products and of exposure, and the studies of the catalogues.

    *targets* are what has an ID, by it.
    """
    for quantity in context.collected["dose"][:_COMPARED]:
        _dose(quantity, targets, context)
    for described in body:
        for catalogue in {one for study in described.studies for one in study.iterancestors(_SECTION)}:
            if catalogue is not described.section:
                _studies(catalogue, described, context)


def _dose(quantity: etree._Element, targets: dict[str, etree._Element], context: Context) -> None:
    entry = quantity.getparent()
    stated = next((one for one in (quantity, find(quantity, "low")) if attribute(one, "value")), None)
    unit, value = attribute(stated, "unit"), attribute(stated, "value")
    reference = find(entry, "text/reference")
    if reference is None:
        reference = find(entry, _MATERIAL)
    target = targets.get(attribute(reference, "value").strip().removeprefix("#"))
    row = None if target is None else next(target.iterancestors(_ROW), None)
    if row is None or not unit or find(quantity, "high") is not None:
        return
    try:
        number = float(value)
    except ValueError:
        return  # another rule says so
    cells = "|".join(text_of(cell) for cell in islice(row, _COMPARED) if isinstance(cell.tag, str))
    told = [(one.group(0).strip(), _readings(one)) for one in _form(unit).finditer(cells.casefold())]
    if told and not any(abs(one - number) <= _ROUNDED * abs(number) for _, read in told for one in read):
        context.say(OTHER_DOSE, quantity, value=told[0][0], expected=f"{value} {unit}")


@lru_cache(maxsize=64)
def _form(unit: str) -> re.Pattern[str]:
    """A number with *unit*, as people write it: with or without its joints, in any case."""
    letters = [re.escape(one) for one in unit.casefold() if one not in _JOINTS]
    return re.compile(_NUMBER + rf"[{re.escape(_JOINTS)}]?".join(letters) + _ENDS)


def _readings(found: re.Match[str]) -> tuple[float, ...]:
    """The number; where spaces part its digits, those after the last one too (a dosage may stand before it)."""
    whole, rest = found.group(1), found.group(2).replace(",", ".")
    groups = re.split(r"\D", whole)
    return float("".join(groups) + rest), float(groups[-1] + rest)


def _studies(catalogue: etree._Element, described: BodyAct, context: Context) -> None:
    uids = [uid for uid in described.study_uids if uid]
    for named in _NAMED_STUDY.findall(text_of(find(catalogue, "text"))):
        if not any(named == uid or named.startswith(f"{uid}.") for uid in uids):
            context.say(STUDY_OF_TEXT, catalogue, at="text", value=named, expected=few(uids))
