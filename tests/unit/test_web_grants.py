"""Who may fetch frames, remembered for a few seconds: never for another session, never for longer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.model.access import Handle, Person, Session, ShownStudy
from gateway.web.login import grants as module
from gateway.web.login.grants import GRANT_S, Grants, NoSession
from gateway.web.tokens import digest

A_MOMENT = timedelta(milliseconds=1)
SHOWN = (ShownStudy(site="nord", study_uid="1.2.3", report_id="report-1"),)


@dataclass
class World:
    """The sessions, the handles and the clock; what is asked of them."""

    now_is: datetime = datetime(2026, 3, 12, 9, tzinfo=UTC)
    alive: set[str] = field(default_factory=lambda: {"a", "b"})
    handles: dict[tuple[str, str], Handle] = field(default_factory=dict)
    open_still: bool = True
    looks: int = 0
    oldest: datetime | None = None

    def now(self) -> datetime:
        return self.now_is

    def session_id(self, environ: Any) -> str:
        return str(environ["session"])

    def session_of(self, environ: Any) -> Session | None:
        self.looks += 1
        if environ["session"] not in self.alive:
            return None
        person = Person(subject="s", issuer="i")
        return Session(id=environ["session"], person=person, csrf_token="", created_at=self.now_is, seen_at=self.now_is)

    def handle(self, handle_id: str, session_id: str, not_before: datetime) -> Handle | None:
        self.oldest = not_before
        return self.handles.get((handle_id, session_id))

    def still(self, person: Person, shown: Iterable[tuple[str, str]]) -> bool:
        assert list(shown) in ([], [("report-1", "1.2.3")])
        return self.open_still

    def name(self, name: str, session: str = "a") -> None:
        made = Handle(id=digest(name), session_id=session, exams=SHOWN, created_at=self.now_is)
        self.handles[digest(name), session] = made


@pytest.fixture
def world() -> World:
    made = World()
    made.name("one")
    made.name("two")
    return made


@pytest.fixture
def grants(world: World) -> Grants:
    parts: Any = SimpleNamespace(
        clock=world, sessions=world, consulting=world, settings=SimpleNamespace(handle_s=1800.0)
    )
    access: Any = world
    return Grants(parts, access)


def asked(grants: Grants, name: str = "one", session: str = "a") -> bool:
    return grants.handle({"session": session}, name) is not None


def test_an_answer_is_used_again_for_five_seconds_and_no_longer(world: World, grants: Grants) -> None:
    assert asked(grants)
    assert world.oldest == world.now_is - timedelta(seconds=1800)
    world.now_is += timedelta(seconds=GRANT_S) - A_MOMENT
    assert asked(grants)
    assert world.looks == 1
    world.now_is += A_MOMENT
    assert asked(grants)
    assert world.looks == 2
    world.now_is -= A_MOMENT
    assert asked(grants)
    assert world.looks == 3, "a clock that was put back lengthens nothing"
    assert GRANT_S == 5.0


def test_an_answer_is_that_sessions_and_that_names_alone(world: World, grants: Grants) -> None:
    assert asked(grants)
    assert not asked(grants, session="b")
    assert not asked(grants, "three")
    for nobody in ("", "ended"):
        with pytest.raises(NoSession):
            asked(grants, session=nobody)


def test_what_was_masked_since_is_closed_with_the_next_look(world: World, grants: Grants) -> None:
    assert asked(grants)
    world.open_still = False
    assert not asked(grants, "two")
    assert asked(grants), "for five seconds"
    world.now_is += timedelta(seconds=GRANT_S)
    assert not asked(grants)


def test_a_session_that_has_ended_is_found_out_for_all_its_names_at_once(world: World, grants: Grants) -> None:
    assert asked(grants)
    world.now_is += timedelta(seconds=GRANT_S - 1)
    assert asked(grants, "two")
    world.alive.clear()
    world.now_is += timedelta(seconds=1)
    with pytest.raises(NoSession):
        asked(grants)
    with pytest.raises(NoSession):
        asked(grants, "two")


def test_what_is_taken_back_is_looked_up_again(world: World, grants: Grants) -> None:
    world.name("one", "b")
    for _ in range(2):
        asked(grants)
        asked(grants, session="b")
    assert world.looks == 2
    grants.forget("a")
    asked(grants)
    asked(grants, session="b")
    assert world.looks == 3
    grants.forget_all()
    asked(grants)
    asked(grants, session="b")
    assert world.looks == 5


def test_what_is_remembered_is_bounded(world: World, grants: Grants, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CAPACITY", 3)
    for number in range(10):
        world.name(f"t{number}")
        assert asked(grants, f"t{number}")
        assert len(grants._given) <= 3
