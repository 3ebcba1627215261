"""A kill at each border: before, during and after every commit and every call to the registry, for each deed, ends
alike.

During a commit: everything was written, nothing is kept. During a call: the registry has done it and the answer is
lost (*after* the call), has half of its bytes, which counts as nothing (*before* it), or has done the first of several
messages.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest

from gateway.demo.identity import CT
from gateway.errors import PeerRefused
from gateway.flow.events import Delete, IdentityChanged, New, Replace
from gateway.model.share import Deed, ShareState
from tests.fakes.world import World, exam, received, world
from tests.support.images import looking, with_instances
from tests.unit.test_life import MASKED, settle, share_of, states, version
from tests.unit.test_life_identity import INS, LOCAL, RIGHT_INS, SENDER

STORE = ("save", "freeze", "registered", "begin", "settle", "carries")
REGISTRY = ("send", "take_back", "correct", "replacing", "known", "standing")


When = Literal["before", "during", "after"]


class Crash(BaseException):
    """The process ends here; nothing after it runs."""


class Torn(Exception):
    """The transaction ends here."""


def _send(here: World, number: int) -> None:
    event = New(received(version(1))) if number == 1 else Replace(received(version(number)), None)
    here.accepting.accept(event)


def _first(here: World) -> None:
    _send(here, 1)


def _published(here: World) -> None:
    _send(here, 1)
    settle(here)


def _held(here: World) -> None:
    """The first version may be at the registry, and is held."""
    here.destination.lose_replies = 1
    here.destination.questions = [PeerRefused("registry_refused", words="no")]
    _send(here, 1)
    settle(here, days=1)


def _replace(here: World) -> None:
    _send(here, 2)


def _withdraw(here: World) -> None:
    here.accepting.accept(Delete(received(version(1))))


def _correct(here: World) -> None:
    here.accepting.accept(New(received(version(1), statements=MASKED)))


def _identity(here: World) -> None:
    assert INS is not None
    here.accepting.accept(IdentityChanged(INS, RIGHT_INS, known=(RIGHT_INS, LOCAL), sender=SENDER))


def _images(here: World) -> None:
    """An image came late, and a look has found it."""
    here.pacs.exams[CT.study_uid] = with_instances(exam(), 1, 2, 3, 4)
    looks = looking(here)
    looks.tell()
    looks.look()


Act = Callable[[World], None]
STORIES: dict[str, tuple[Act, Act]] = {
    "replace": (_published, _replace),
    "replace what is held": (_held, _replace),
    "withdraw": (_published, _withdraw),
    "withdraw what waits": (_first, _withdraw),
    "correct": (_published, _correct),
    "identity": (_published, _identity),
    "images": (_published, _images),
}


def _ending(here: World) -> tuple[object, ...]:
    """Everything that counts: the states, what people find, and that nothing was sent twice under two ids."""
    restated = sorted(here.destination.confidentiality.values())
    return (states(here), len(here.destination.approved), len(here.destination.documents), restated)


class Borders:
    """Every border that is passed inside the ``with``, in its order; the process dies at one of them."""

    def __init__(self, here: World, die_at: int, when: When) -> None:
        self.passed: list[str] = []
        self._die_at, self._when = die_at, when
        self._here = here
        self._patch = pytest.MonkeyPatch()

    def __enter__(self) -> Borders:
        for of, names in ((self._here.store, STORE), (self._here.destination, REGISTRY)):
            for name in names:
                self._patch.setattr(of, name, self._watched(getattr(of, name)))
        return self

    def __exit__(self, *_: object) -> None:
        self._patch.undo()

    def _watched(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            number = len(self.passed)
            self.passed.append(real.__name__)
            if number != self._die_at:
                return real(*arguments, **named)
            if self._when == "during":
                self._tear(real.__name__)
            if self._when != "before":
                with contextlib.suppress(Torn):
                    real(*arguments, **named)
            raise Crash

        return call

    def _tear(self, name: str) -> None:
        """Have the commit undone once everything is written, or the call end after its first message."""
        if name in REGISTRY:
            self._patch.setattr(self._here.destination, "between", _die)
            return
        writer = self._here.store._writer
        run = writer.run

        def undone(function: Callable[..., Any], *arguments: Any) -> Any:
            def torn(connection: Any) -> None:
                function(connection)
                raise Torn

            return run(torn, *arguments)

        self._patch.setattr(writer, "run", undone)


def _die() -> None:
    raise Crash


def _run(folder: Path, story: str, die_at: int, when: When = "before") -> tuple[tuple[object, ...], list[str]]:
    folder.mkdir()
    before, act = STORIES[story]
    with world(folder) as here:
        before(here)
        act(here)
        with Borders(here, die_at, when) as borders, contextlib.suppress(Crash):
            settle(here)
        here.clock.forward(121)
        settle(here, days=1)
        return _ending(here), borders.passed


@pytest.mark.parametrize("story", STORIES)
def test_a_kill_at_any_border_ends_as_no_kill_does(tmp_path: Path, story: str) -> None:
    wanted, borders = _run(tmp_path / "whole", story, -1)
    assert len(borders) >= (1 if story == "withdraw what waits" else 3)
    # After one border is before the next: between two of them nothing lasts.
    kills: list[tuple[int, When]] = [(0, "before")]
    kills += [(number, "after") for number in range(len(borders))]
    kills += [(number, "during") for number, name in enumerate(borders) if name in {*STORE, "correct"}]
    for number, when in kills:
        ended, _ = _run(tmp_path / f"{number}{when}", story, number, when)
        assert ended == wanted, (number, when)


def test_a_manifest_made_anew_is_fixed_and_said_to_leave_in_one_commit(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        _published(here)
        _images(here)
        with Borders(here, 2, "after") as borders, contextlib.suppress(Crash):
            settle(here)
        assert borders.passed == ["save", "replacing", "freeze"]
        (share,) = [one.share for one in here.store.overviews(limit=9) if one.share.deed is Deed.MANIFEST]
        assert share.state is ShareState.SENDING
        assert [step.happening for step in here.store.steps(share.id)][-2:] == ["FROZEN", "DEPARTURE"]


def test_what_a_person_asked_for_survives_a_kill(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        _published(here)
        asked = here.sharing.withdraw(share_of(here, 1).id, "someone")
        slow = here.claim()
        assert slow is not None
        assert slow.id == asked.id
        here.clock.forward(121)
        settle(here, days=1)
        assert states(here)[(Deed.WITHDRAW.value, "v1")] == "withdrawn"
        assert not here.destination.approved
