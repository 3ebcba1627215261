"""The periods of the header as the official validator compares their ends: participations and the encounter.

Its data type "IVL_TS" is bound at four places only; there it asks more than HL7 does, for which a period may be one
moment. An end that says less than the other is completed with zeros, as the validator does.
"""

from __future__ import annotations

from datetime import UTC, timedelta

from lxml import etree

from gateway.cda.elements import attribute
from gateway.cda.rules.datatypes import moment
from gateway.cda.rules.engine import Book, Context
from gateway.cda.rules.looking import find

BOOK = Book("periods")

_CD = "ClinicalDocument"
_PARTICIPANT = f"{_CD}/participant/time"
_ENCOUNTER = f"{_CD}/componentOf/encompassingEncounter"
_PLACES = (
    _PARTICIPANT,
    f"{_CD}/documentationOf/serviceEvent/performer/time",
    f"{_ENCOUNTER}/effectiveTime",
    f"{_ENCOUNTER}/encounterParticipant/time",
)
_VALIDATOR = "Validateur ANS, Structuration minimale, type IVL_TS: {}"

SAME_ENDS = BOOK.rule(
    "T-IVL-3",
    "Pour le validateur officiel, une période ne peut commencer et finir au même moment ({value}).",
    "To the official validator a period cannot begin and end at the same moment ({value}).",
    source=_VALIDATOR.format("low and high differ"),
    spec=None,
)
REVERSED = BOOK.rule(
    "T-IVL-4",
    "Pour le validateur officiel, qui complète les dates par des zéros, la période finit ({value}) avant d'avoir"
    " commencé ({expected}).",
    "To the official validator, which completes dates with zeros, the period ends ({value}) before it has begun"
    " ({expected}).",
    source=_VALIDATOR.format("low is not after high"),
    spec=None,
)
ENDLESS = BOOK.rule(
    "T-IVL-5",
    "La période commence ou finit à l'infini du mauvais côté ({value}).",
    "The period begins or ends at the infinity of the wrong side ({value}).",
    source="HL7 v3 Data Types R1, IVL: low is never PINF, high never NINF; CI-SIS Structuration minimale",
)
CENTRE = BOOK.rule(
    "T-IVL-6",
    "Pour le validateur officiel, une période avec un milieu (center) n'a rien d'autre.",
    "To the official validator a period with a center has nothing else.",
    source=_VALIDATOR.format("center alone"),
    spec=None,
)
WIDTH = BOOK.rule(
    "T-IVL-7",
    "Pour le validateur officiel, la durée d'une période n'est pas dans une unité de temps ({expected}) : « {value} ».",
    "To the official validator the width of a period is not in a unit of time ({expected}): “{value}”.",
    source=_VALIDATOR.format("width/@unit"),
    spec=None,
)
END_WITHOUT_VALUE = BOOK.rule(
    "A-9h",
    "Pour le validateur officiel, le début et la fin d'une participation ont une valeur (@value).",
    "To the official validator the beginning and the end of a participation have a value (@value).",
    source="Validateur ANS, Structuration minimale, participant/time: low/@value, high/@value",
    spec=None,
)
_UNITS = ("us", "ms", "s", "min", "h", "d", "wk", "mo", "a")
_ZONES_APART = timedelta(hours=2)
"""How far France is from UTC at most: a time without a zone is taken in that of the machine."""


@BOOK.at(*_PLACES)
def period(element: etree._Element, context: Context) -> None:
    if not len(element):
        return
    low, high = find(element, "low"), find(element, "high")
    if attribute(low, "nullFlavor") == "PINF" or attribute(high, "nullFlavor") == "NINF":
        context.say(ENDLESS, element, value="PINF" if attribute(low, "nullFlavor") == "PINF" else "NINF")
    if not context.official:
        return
    first, last = attribute(low, "value"), attribute(high, "value")
    if first and first == last:
        context.say(SAME_ENDS, element, value=first)
    elif first and last and _precedes(last, first):
        context.say(REVERSED, element, value=last, expected=first)
    width = find(element, "width")
    if find(element, "center") is not None and not (low is high is width is None):
        context.say(CENTRE, element, at="center")
    unit = attribute(width, "unit")
    if unit and unit not in _UNITS:
        context.say(WIDTH, element, at="width/@unit", value=unit, expected=" ".join(_UNITS))


def _precedes(end: str, other: str) -> bool:
    """Whether *end* is before *other* beyond doubt, both completed with zeros."""
    first, second = moment(end), moment(other)
    if first is None or second is None:
        return False
    doubt = _ZONES_APART if (first.moment.tzinfo is None) != (second.moment.tzinfo is None) else timedelta()
    return first.aware(UTC) < second.aware(UTC) - doubt


@BOOK.at(f"{_PARTICIPANT}/low", f"{_PARTICIPANT}/high")
def end_of_participation(element: etree._Element, context: Context) -> None:
    if context.official and not element.get("value"):
        context.say(END_WITHOUT_VALUE, element, at="@value")
