"""Times that are in order: birth, acts, report, signatures; entries within their act (plain sense); ``spec`` alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from lxml import etree

from gateway.cda.elements import attribute
from gateway.cda.rules.agreement_book import BOOK, BodyAct, HeaderAct
from gateway.cda.rules.engine import WARNING, Context
from gateway.cda.rules.looking import find, kids
from gateway.model.times import Timestamp

BEFORE_ACT = BOOK.rule(
    "AG-14",
    "Le compte rendu est daté du {value}, avant que l'acte soit réalisé ({expected}).",
    "The report is dated {value}, before the act was done ({expected}).",
    source="000 4.4 : le compte rendu est rédigé une fois l'acte réalisé et interprété",
    official=None,
)
OUTSIDE_ACT = BOOK.rule(
    "AG-15",
    "Cette heure ({value}) est hors de l'acte ({expected}).",
    "This time ({value}) is outside the act ({expected}).",
    source="001 3.2 : serviceEvent/effectiveTime ; 001 3.3.4 (l'exemple officiel s'en écarte)",
    spec=WARNING,
    official=None,
)
SIGNED_BEFORE = BOOK.rule(
    "AG-17",
    "Cette participation est datée du {value}, avant le début du premier acte ({expected}).",
    "This participation is dated {value}, before the first act began ({expected}).",
    source="000 4.4 : le compte rendu est rédigé et validé une fois l'acte réalisé ; CI-SIS Structuration minimale,"
    " author/time, legalAuthenticator/time, authenticator/time",
    official=None,
)
UNBORN = BOOK.rule(
    "AG-18",
    "Cette date ({value}) est antérieure à la naissance du patient ({expected}).",
    "This time ({value}) is before the birth of the patient ({expected}).",
    source="CI-SIS Structuration minimale : birthTime ; 001 3.2 et 3.3 : dates de l'acte et de ses entrées",
    official=None,
)
OTHER_ENCOUNTER = BOOK.rule(
    "AG-20",
    "Aucun acte n'a lieu pendant la prise en charge ({value}) : le premier commence le {expected}.",
    "No act is done during the encounter ({value}): the first begins {expected}.",
    source="CI-SIS Structuration minimale : encompassingEncounter, « prise en charge » qui comprend l'acte documenté",
    official=None,
)
_LEEWAY = timedelta(days=1)
"""A time without a zone, or of a day alone, may be off by as much."""
_ENTRIES = (
    "entry/procedure/effectiveTime",
    "entry/substanceAdministration/effectiveTime",
    "component/section/entry/observation/effectiveTime",
    "component/section/entry/act/effectiveTime",
    "component/section/entry/act/entryRelationship/act/effectiveTime",
    "component/section/entry/act/entryRelationship/act/entryRelationship/observation/effectiveTime",
)
_SECTION = "component/structuredBody/component/section"
_PARTICIPATIONS = ("author/time", "legalAuthenticator/time", "authenticator/time")
_OF_THE_HEADER = (
    "effectiveTime",
    "documentationOf/serviceEvent/effectiveTime/low",
    "documentationOf/serviceEvent/effectiveTime/high",
    "componentOf/encompassingEncounter/effectiveTime/low",
)
_OF_A_SECTION = ("entry/supply/effectiveTime/low",)
"""With those of its entries, of the header and of who took part, the times of the patient's life: none comes before it
began."""


def times(
    root: etree._Element, context: Context, header: list[HeaderAct], tied: list[tuple[HeaderAct, BodyAct]]
) -> None:
    """Birth, acts, report, signatures, in this order; the entries of an act are of its time."""
    sections = kids(root, _SECTION)
    signed = [time for steps in _PARTICIPATIONS for time in kids(root, steps)]
    signed += [time for section in sections for time in kids(section, "author/time")]
    of_entries = {section: _times_of_entries(section) for section in sections}
    _after_birth(root, context, of_entries, signed)
    written = find(root, "effectiveTime")
    lows = [low for act in header if _moment(low := find(act.event, "effectiveTime/low")) is not None]
    for act in header:
        for end in ("low", "high"):
            time = find(act.event, f"effectiveTime/{end}")
            if _precedes(written, time):
                value, expected = attribute(written, "value"), attribute(time, "value")
                context.say(BEFORE_ACT, act.event, at=f"effectiveTime/{end}/@value", value=value, expected=expected)
                break
    first = min(lows, key=_begins, default=None)
    _during(root, context, header, first)
    for time in signed:
        if _precedes(time, first):
            context.say(SIGNED_BEFORE, time, at="@value", expected=attribute(first, "value"))
    for documented, described in tied:
        _within(context, documented, of_entries[described.section])


def _times_of_entries(section: etree._Element) -> list[etree._Element]:
    """The times of its entries and of those of its sub-sections."""
    if find(section, "entry") is None and find(section, "component") is None:
        return []
    return [time for steps in _ENTRIES for time in kids(section, steps)]


def _during(root: etree._Element, context: Context, header: list[HeaderAct], first: etree._Element | None) -> None:
    """Some act is done during the encounter, give or take a day."""
    encounter = find(root, "componentOf/encompassingEncounter/effectiveTime")
    if encounter is None or first is None:
        return
    low, high = (_moment(find(encounter, name)) for name in ("low", "high"))
    begun, ended = (
        [moment for act in header if (moment := _moment(find(act.event, f"effectiveTime/{end}"))) is not None]
        for end in ("low", "high")
    )
    too_late = low is not None and max(begun + ended) < low - _LEEWAY
    too_early = high is not None and min(begun) > high + _LEEWAY
    if too_late or too_early:
        value = " … ".join(attribute(find(encounter, name), "value") for name in ("low", "high"))
        context.say(OTHER_ENCOUNTER, encounter, value=value, expected=attribute(first, "value"))


def _after_birth(
    root: etree._Element,
    context: Context,
    of_entries: dict[etree._Element, list[etree._Element]],
    signed: list[etree._Element],
) -> None:
    birth = find(root, "recordTarget/patientRole/patient/birthTime")
    born = _moment(birth)
    if born is None:
        return
    lived = [time for steps in _OF_THE_HEADER for time in kids(root, steps)] + signed
    for section, entered in of_entries.items():
        lived += [time for steps in _OF_A_SECTION for time in kids(section, steps)]
        lived += entered
    lived += [time for one in context.collected["told"] for time in kids(one, "effectiveTime")]
    for time in lived:
        moment = _moment(time)
        if moment is not None and moment < born - _LEEWAY:
            context.say(UNBORN, time, at="@value", expected=attribute(birth, "value"))


def _begins(time: etree._Element | None) -> datetime:
    return _moment(time) or datetime.max.replace(tzinfo=UTC)


def _precedes(time: etree._Element | None, other: etree._Element | None) -> bool:
    """Whether *time* is before *other* beyond doubt."""
    first, second = _moment(time), _moment(other)
    if first is None or second is None:
        return False
    return first < second - (timedelta() if _exact(time) and _exact(other) else _LEEWAY)


def _within(context: Context, documented: HeaderAct, entered: list[etree._Element]) -> None:
    low, high = find(documented.event, "effectiveTime/low"), find(documented.event, "effectiveTime/high")
    first, last = _moment(low), _moment(high)
    if first is None or last is None:
        return
    expected = f"{attribute(low, 'value')} … {attribute(high, 'value')}"
    for time in entered:
        moment = _moment(time)
        slack = timedelta() if _exact(time) else _LEEWAY
        if moment is not None and not first - slack <= moment <= last + slack:
            context.say(OUTSIDE_ACT, time, at="@value", expected=expected)


@lru_cache(maxsize=64)
def _read(value: str) -> tuple[datetime, bool] | None:
    try:
        read = Timestamp.parse_v3(value)
    except ValueError:
        return None
    return read.aware(UTC), read.moment.tzinfo is not None and read.digits > _DAY


_DAY = 8
"""Digits of a time that says no more than the day."""


def _moment(time: etree._Element | None) -> datetime | None:
    """The moment of a time, or None when it has none that can be read; without a zone it is taken as UTC."""
    read = _read(attribute(time, "value"))
    return None if read is None else read[0]


def _exact(time: etree._Element | None) -> bool:
    """Whether it has a zone and says more than the day."""
    read = _read(attribute(time, "value"))
    return read is not None and read[1]
