"""What the registries say when a link is opened, and when they say nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from gateway.errors import PeerUnreachable
from gateway.flow.consult import Consulting, LinkUnknown
from gateway.model.link import Asked, Led, StudyRequest
from gateway.model.rights import Standing
from gateway.model.share import KnownExam
from gateway.wiring import rights
from gateway.wiring.rights import RegistryAnswers
from tests.fakes.clock import StoppedClock
from tests.unit.test_rights import EXAM, PATIENT, PHYSICIAN

REQUEST = StudyRequest(study_uids=("1.2.3",), accessions=("A",), report="1.3")
MASK = Standing(masks=frozenset({"MASQUE_PS"}))


class Registry:
    """Says *answer*, or raises it."""

    def __init__(self, answer: Standing | Exception) -> None:
        self.answer = answer
        self.asked = 0
        self.late = threading.Event()
        self.late.set()

    def __call__(self, exam: KnownExam) -> Standing:
        self.asked += 1
        self.late.wait(10)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class One:
    def led(self, asked: Asked) -> list[Led]:
        return [Led(EXAM, (EXAM,))]


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def answers(clock: StoppedClock) -> Iterator[tuple[Registry, RegistryAnswers]]:
    registry = Registry(Standing())
    made = RegistryAnswers(registry, clock, 5.0)
    yield registry, made
    registry.late.set()
    made.close()


def test_a_mask_that_was_set_at_the_registry_binds_the_link() -> None:
    links = Consulting(exams=One(), standing=lambda exam: MASK)
    with pytest.raises(LinkUnknown):
        links.study(REQUEST, PHYSICIAN)
    assert links.study(REQUEST, PATIENT)


def test_what_no_registry_offers_any_more_is_not_opened() -> None:
    links = Consulting(exams=One(), standing=lambda exam: Standing(offered=False))
    for person in (PHYSICIAN, PATIENT):
        with pytest.raises(LinkUnknown):
            links.study(REQUEST, person)


def test_registries_are_not_asked_for_who_may_not_see_anyway() -> None:
    asked: list[KnownExam] = []

    def standing(exam: KnownExam) -> Standing:
        asked.append(exam)
        return Standing()

    links = Consulting(exams=One(), standing=standing)
    with pytest.raises(LinkUnknown):
        links.study(StudyRequest(study_uids=("1.2.3",)), PHYSICIAN)
    assert asked == []
    assert links.study(REQUEST, PHYSICIAN)
    assert asked == [EXAM]


def test_an_answer_is_good_for_a_minute(answers: tuple[Registry, RegistryAnswers], clock: StoppedClock) -> None:
    registry, made = answers
    registry.answer = MASK
    assert made(EXAM) == made(EXAM) == MASK
    assert registry.asked == 1
    clock.forward(60)
    registry.answer = Standing()
    assert made(EXAM) == Standing()
    assert registry.asked == 2


def test_a_registry_that_is_away_has_no_say_and_is_asked_again(answers: tuple[Registry, RegistryAnswers]) -> None:
    registry, made = answers
    registry.answer = PeerUnreachable("registry_unreachable", peer="registry")
    assert made(EXAM) == Standing()
    registry.answer = MASK
    assert made(EXAM) == MASK


def test_a_registry_that_is_slow_is_not_waited_for(clock: StoppedClock) -> None:
    registry = Registry(MASK)
    registry.late.clear()
    made = RegistryAnswers(registry, clock, 0.01)
    assert made(EXAM) == Standing()
    registry.late.set()
    patient = RegistryAnswers(registry, clock, 5.0)
    assert patient(EXAM) == MASK
    made.close()
    patient.close()


def test_a_question_that_nobody_waits_for_any_more_is_not_asked_later(clock: StoppedClock) -> None:
    """Else those of an hour in which the registry hung would be asked before the one that somebody waits for."""
    registry = Registry(MASK)
    registry.late.clear()
    made = RegistryAnswers(registry, clock, 0.01)
    exams = [replace(EXAM, report_id=str(number)) for number in range(20)]
    for exam in exams:
        assert made(exam) == Standing()
    registry.late.set()
    made._wait_s = 10.0
    assert made(exams[-1]) == MASK
    assert registry.asked == rights._THREADS + 1
    made.close()
