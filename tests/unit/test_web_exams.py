"""What of an examination is shown, and how long it is remembered."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from gateway.errors import PeerUnreachable
from gateway.model.access import ViewOptions
from gateway.model.exam import Exam, Instance, Series
from gateway.web.exams import Exams, shown
from gateway.web.viewer.identity import identity, person_name
from gateway.web.viewer.page import described
from tests.fakes.clock import StoppedClock
from tests.support.web import CT, SR, STUDY, exam


def test_series_come_by_number_and_instances_by_theirs() -> None:
    found = shown(exam())
    assert [one.series.number for one in found.series] == [2, 3, 4]
    assert [instance.number for instance in found.series[0].instances] == list(range(1, 25))


def test_what_is_no_picture_is_left_out() -> None:
    found = shown(exam())
    assert "SR" not in {one.series.modality for one in found.series}
    assert all(instance.sop_class_uid != SR for one in found.series for instance in one.instances)


def test_an_image_of_a_class_we_do_not_know_is_shown_rather_than_hidden() -> None:
    series = Series(series_uid="1.2", instances=(Instance("1.2.840.999.1", "1.2.1"), Instance("", "1.2.2")))
    assert len(shown(Exam(study_uid=STUDY, series=(series,))).series[0].instances) == 2


def test_the_version_changes_when_a_place_comes_to_mean_another_image() -> None:
    before = exam()
    first = before.series[1]
    other = replace(first, instances=(*first.instances, Instance(CT, "1.2.2.99", 0)))
    assert shown(before).version == shown(exam()).version
    assert shown(before).version != shown(replace(before, series=(before.series[0], other))).version


def test_the_list_says_who_the_patient_is_and_names_no_identifier() -> None:
    told = described(shown(exam()), ViewOptions(), identity(exam(), None))
    patient = {name: told["patient"][name] for name in ("name", "birth_date", "sex", "ins", "differs")}
    assert patient == {
        "name": "KERMARREC-LEFÈVRE ZOÉ",
        "birth_date": "1981-11-09",
        "sex": "F",
        "ins": "",
        "differs": False,
    }
    assert told["study"] == {
        "date": "2026-03-12",
        "time": "10:25",
        "description": "Scanner thorax abdomen pelvis injecté",
    }
    assert told["series"][2]["frames"] == [8]
    assert STUDY not in str(told)
    assert "1.2.2" not in str(told)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("DUPONT^ZOÉ^M^DR^PHD", "DR DUPONT ZOÉ M PHD"),
        ("DUPONT", "DUPONT"),
        ("", ""),
        ("^^^^^^", ""),
        (" A ^ B ", "A B"),
    ],
)
def test_a_name_is_read_as_people_write_it(written: str, read: str) -> None:
    assert person_name(written) == read


def told_of(one: Exam) -> dict[str, Any]:
    return described(shown(one), ViewOptions(), identity(one, None))


def test_broken_dates_are_left_out() -> None:
    told = told_of(replace(exam(), patient_birth_date="1981", study_date="hier", study_time="x"))
    assert told["patient"]["birth_date"] == ""
    assert told["study"]["date"] == told["study"]["time"] == ""


def test_a_number_of_frames_that_cannot_be_is_bounded() -> None:
    series = Series(series_uid="1.2", instances=(Instance(CT, "1.2.1", 1, 10**9), Instance(CT, "1.2.2", 2, -4)))
    assert told_of(Exam(study_uid=STUDY, series=(series,)))["series"][0]["frames"] == [10_000, 1]


def test_one_look_serves_everyone_until_it_is_too_old() -> None:
    clock = StoppedClock()
    looks: list[str] = []

    def look_up(site: str, study_uid: str) -> Exam:
        looks.append(study_uid)
        return exam()

    exams = Exams(look_up, clock)
    threads = [threading.Thread(target=exams.get, args=("nord", STUDY, 60.0)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(looks) == 1
    clock.forward(61)
    exams.get("nord", STUDY, 60.0)
    assert len(looks) == 2
    exams.get("sud", STUDY, 60.0)
    assert len(looks) == 3, "another site is another PACS"


def test_an_absent_study_and_a_failure_are_not_remembered() -> None:
    answers: list[Exam | Exception | None] = [None, PeerUnreachable("pacs_away"), exam()]

    def look_up(site: str, study_uid: str) -> Exam | None:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    exams = Exams(look_up, StoppedClock())
    assert exams.get("nord", STUDY, 60.0) is None
    with pytest.raises(PeerUnreachable):
        exams.get("nord", STUDY, 60.0)
    assert exams.get("nord", STUDY, 60.0) is not None


def test_the_memory_is_bounded() -> None:
    exams = Exams(lambda site, study_uid: exam(), StoppedClock(), capacity=3)
    for number in range(10):
        exams.get("nord", f"1.2.{number}", 60.0)
    assert len(exams._entries) == 3


def test_who_waited_for_a_look_that_failed_does_not_look_again() -> None:
    """Else each of a page's fifty requests would wait for a PACS that hangs, one after the other."""
    asked, all_here = [], threading.Semaphore(0)

    def look_up(site: str, study_uid: str) -> Exam | None:
        asked.append(study_uid)
        for _ in range(4):
            assert all_here.acquire(timeout=10)
        time.sleep(0.05)
        raise PeerUnreachable("pacs_timeout")

    exams = Exams(look_up, StoppedClock())
    found: list[str] = []

    def look() -> None:
        all_here.release()
        try:
            exams.get("nord", STUDY, 60.0)
        except PeerUnreachable as error:
            found.append(error.code)

    readers = [threading.Thread(target=look) for _ in range(4)]
    for one in readers:
        one.start()
    for one in readers:
        one.join()
    assert (len(asked), found) == (1, ["pacs_timeout"] * 4)


def test_a_clock_that_was_put_back_does_not_keep_an_old_look() -> None:
    clock, looks = StoppedClock(), []
    exams = Exams(lambda site, study_uid: looks.append(site) or exam(), clock)
    exams.get("nord", STUDY, 60.0)
    clock.forward(-3600.0)
    exams.get("nord", STUDY, 60.0)
    assert len(looks) == 2
