"""Several PACS as one, and published studies looked at again."""

from __future__ import annotations

import pytest

from gateway.dicom.several import SeveralPacs
from gateway.errors import PeerRefused, PeerUnreachable
from gateway.model.exam import Exam, Instance, Series
from gateway.model.image import Frame
from tests.fakes.pacs import FakePacs

AWAY = PeerUnreachable("pacs_unreachable")


def exam(uid: str, *instances: str) -> Exam:
    series = Series(series_uid=f"{uid}.1", instances=tuple(Instance("1.2", one) for one in instances))
    return Exam(study_uid=uid, series=(series,))


class Where:
    """Frames that say where they would come from."""

    def __init__(self, name: str, asked: list[str]) -> None:
        self._name, self._asked = name, asked

    def frame(self, study_uid: str, series_uid: str, sop_class_uid: str, sop_instance_uid: str, number: int) -> Frame:
        self._asked.append(self._name)
        raise PeerRefused("image_unknown")


def several(first: tuple[str, ...] = (), **pacs: FakePacs) -> tuple[SeveralPacs, list[str]]:
    asked: list[str] = []
    return SeveralPacs(pacs, {name: Where(name, asked) for name in pacs}, first), asked


def frame_from(one: SeveralPacs, asked: list[str], uid: str) -> str:
    with pytest.raises(PeerRefused):
        one.frame(uid, "1", "1", "1", 1)
    return asked[-1]


def test_the_sites_own_is_asked_first_then_the_others() -> None:
    main, old = FakePacs(exam("1.1")), FakePacs(exam("1.1", "9"), exam("1.2"))
    one, asked = several(("main",), old=old, main=main)
    assert one.study("1.1") == exam("1.1")
    assert old.looks == 0
    assert one.study("1.2") == exam("1.2")
    assert one.study("1.3") is None
    assert frame_from(one, asked, "1.2") == "old"
    assert frame_from(one, asked, "1.1") == "main"
    assert frame_from(several(("main",), old=old, main=main)[0], asked, "1.3") is not None


def test_without_a_word_of_the_site_any_may_have_it() -> None:
    one, asked = several(a=FakePacs(), b=FakePacs(exam("1.2")))
    assert one.study("1.2") == exam("1.2")
    fresh, asked = several(a=FakePacs(), b=FakePacs(exam("1.2")))
    assert frame_from(fresh, asked, "1.2") == "b"


def test_the_sites_own_that_does_not_answer_ends_the_search() -> None:
    main = FakePacs()
    main.failures = [AWAY]
    one, _ = several(("main",), main=main, old=FakePacs(exam("1.1")))
    with pytest.raises(PeerUnreachable):
        one.study("1.1")


def test_another_that_does_not_answer_makes_nothing_absent() -> None:
    old = FakePacs()
    old.failures = [AWAY, AWAY]
    one, _ = several(("main",), main=FakePacs(), old=old, older=FakePacs(exam("1.1")))
    assert one.study("1.1") == exam("1.1")
    with pytest.raises(PeerUnreachable):
        one.study("1.2")
    one.echo()
