"""What reports say is read once for each digest."""

from __future__ import annotations

from gateway.flow import understood
from gateway.flow.understood import Understood
from gateway.model.codes import Code
from gateway.model.identifiers import Identifier
from gateway.model.people import Patient
from gateway.model.report import Report

REPORT = Report(
    identifier=Identifier("1.2.3"),
    level=3,
    templates=(),
    code=Code("18748-4", "1.2", "x"),
    patient=Patient(identifiers=()),
)


class Reading:
    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> Report:
        self.times += 1
        return REPORT


def test_the_same_bytes_are_read_once() -> None:
    known, reading = Understood(), Reading()
    assert known.report("a", reading) is known.report("a", reading) is REPORT
    assert reading.times == 1
    known.report("b", reading)
    assert reading.times == 2


def test_what_was_asked_for_least_recently_is_forgotten() -> None:
    known, reading = Understood(), Reading()
    for number in range(understood._KEPT):
        known.report(str(number), reading)
    known.report("0", reading)
    known.report("one more", reading)
    before = reading.times
    known.report("0", reading)
    assert reading.times == before
    known.report("1", reading)
    assert reading.times == before + 1


def test_a_report_that_cannot_be_read_is_read_again() -> None:
    def broken() -> Report:
        raise ValueError

    known = Understood()
    for _ in range(2):
        try:
            known.report("a", broken)
        except ValueError:
            continue
        raise AssertionError
    assert known.report("a", Reading()) is REPORT
