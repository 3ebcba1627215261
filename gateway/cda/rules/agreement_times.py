"""Times that are in order: acts before the report, entries within their act (plain sense); ``spec`` alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lxml import etree

from gateway.cda.elements import attribute, path
from gateway.cda.rules.agreement_book import BOOK, BodyAct, HeaderAct
from gateway.cda.rules.engine import WARNING, Context
from gateway.cda.rules.entries_common import find
from gateway.model.times import Timestamp

BEFORE_ACT = BOOK.rule(
    "AG-14",
    "Le compte rendu est daté du {value}, avant le début de l'acte ({expected}).",
    "The report is dated {value}, before the act began ({expected}).",
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
_LEEWAY = timedelta(days=1)
"""A time without a zone, or of a day alone, may be off by as much."""
_ENTRIES = (
    "entry/procedure/effectiveTime",
    "entry/substanceAdministration/effectiveTime",
    "component/section/entry/observation/effectiveTime",
    "component/section/entry/act/effectiveTime",
)


def times(
    root: etree._Element, context: Context, header: list[HeaderAct], tied: list[tuple[HeaderAct, BodyAct]]
) -> None:
    """The report comes after its acts; the entries of an act are of its time."""
    written = _moment(find(root, "effectiveTime"))
    for act in header:
        low = _moment(find(act.event, "effectiveTime/low"))
        if written is not None and low is not None and written < low - _slack(root, act.event):
            time = find(root, "effectiveTime")
            context.say(
                BEFORE_ACT,
                act.event,
                at="effectiveTime/low/@value",
                value=attribute(time, "value"),
                expected=attribute(find(act.event, "effectiveTime/low"), "value"),
            )
    for documented, described in tied:
        _within(context, documented, described)


def _within(context: Context, documented: HeaderAct, described: BodyAct) -> None:
    low, high = find(documented.event, "effectiveTime/low"), find(documented.event, "effectiveTime/high")
    first, last = _moment(low), _moment(high)
    if first is None or last is None:
        return
    expected = f"{attribute(low, 'value')} … {attribute(high, 'value')}"
    for steps in _ENTRIES:
        for time in described.section.findall(path(steps)):
            moment = _moment(time)
            slack = timedelta() if _exact(time) else _LEEWAY
            if moment is not None and not first - slack <= moment <= last + slack:
                context.say(OUTSIDE_ACT, time, at="@value", expected=expected)


def _parsed(time: etree._Element | None) -> Timestamp | None:
    try:
        return Timestamp.parse(attribute(time, "value"))
    except ValueError:
        return None


def _moment(time: etree._Element | None) -> datetime | None:
    """The moment of a time, or None when it has none that can be read; without a zone it is taken as UTC."""
    parsed = _parsed(time)
    return None if parsed is None else parsed.aware(UTC)


def _exact(time: etree._Element | None) -> bool:
    """Whether it has a zone and says more than the day."""
    parsed = _parsed(time)
    return parsed is not None and parsed.moment.tzinfo is not None and parsed.digits > 8


def _slack(root: etree._Element, event: etree._Element) -> timedelta:
    exact = _exact(find(root, "effectiveTime")) and _exact(find(event, "effectiveTime/low"))
    return timedelta() if exact else _LEEWAY
