"""The periods of the header: what the official validator asks of their ends, and HL7 does not."""

from __future__ import annotations

import pytest

from gateway.cda.rules.periods import BOOK
from tests.support.report_documents import Change, altered, missed, said
from tests.support.rules import ENCOUNTER, EVENT, add, at, before, says, then

_PERIOD = f"{ENCOUNTER}/effectiveTime"
_BEGUN, _ENDED = "20240514085000+0200", "20240514110000+0200"


def _period(*children: str, where: str = _PERIOD) -> Change:
    return then(says(where, ""), lambda root: at(root, where).attrib.clear(), *(add(where, one) for one in children))


def _ends(low: str, high: str, where: str = _PERIOD) -> Change:
    return _period(f"<low value='{low}'/>", f"<high value='{high}'/>", where=where)


WRONG: dict[str, Change | dict[str, Change]] = {
    "T-IVL-3": _ends(_BEGUN, _BEGUN),
    "T-IVL-4": _ends(_BEGUN, "20240514"),
    "T-IVL-5": _period("<low nullFlavor='PINF'/>", f"<high value='{_ENDED}'/>"),
    "T-IVL-6": _period(f"<center value='{_BEGUN}'/>", "<width value='1' unit='h'/>"),
    "T-IVL-7": _period(f"<low value='{_BEGUN}'/>", "<width value='2' unit='fortnight'/>"),
    "A-9h": _period("<low nullFlavor='UNK'/>", f"<high value='{_ENDED}'/>", where="participant/time"),
}


def test_every_rule_is_said_of_a_wrong_document() -> None:
    assert missed(BOOK, WRONG) == []


@pytest.mark.parametrize(
    "change",
    [
        _ends(_BEGUN, _ENDED),
        _ends("20240514", _ENDED),
        _ends(_BEGUN, "2024051411"),
        _period(f"<low value='{_BEGUN}'/>", "<high nullFlavor='PINF'/>"),
        _period(f"<low value='{_BEGUN}'/>", "<width value='2' unit='h'/>"),
        _period(f"<center value='{_BEGUN}'/>"),
        _ends(_BEGUN, _ENDED, where="participant/time"),
        _ends(_BEGUN, _BEGUN, where=f"{EVENT}/effectiveTime"),
    ],
)
def test_other_periods_are_right(change: Change) -> None:
    assert said(altered(change), "official") == {}


@pytest.mark.parametrize("rule", ["T-IVL-3", "T-IVL-4", "T-IVL-6", "T-IVL-7", "A-9h"])
def test_the_specification_knows_nothing_of_it(rule: str) -> None:
    change = WRONG[rule]
    assert callable(change)
    assert said(altered(change), "spec") == {}


@pytest.mark.parametrize("where", ["performer/time", "encounterParticipant/time"])
def test_it_is_asked_of_whoever_took_part(where: str) -> None:
    time = f"<time><low value='{_BEGUN}'/><high value='{_BEGUN}'/></time>"
    if where == "performer/time":
        change = before(f"{EVENT}/performer/assignedEntity", time)
    else:
        entity = "<assignedEntity><id root='1.2.250.1.71.4.2.1' extension='810007000013'/></assignedEntity>"
        change = before(
            f"{ENCOUNTER}/location", f"<encounterParticipant typeCode='ATND'>{time}{entity}</encounterParticipant>"
        )
    assert said(altered(change), "official") == {"T-IVL-3": "error"}
