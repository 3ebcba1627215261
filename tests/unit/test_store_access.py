"""Sessions, login attempts and handles, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.model.access import Handle, LoginAttempt, Person, Session
from gateway.store.engine import reading
from gateway.store.schema import HANDLES, LOGIN_ATTEMPTS, SESSIONS
from tests.support.postgresql import postgresql_server  # noqa: F401
from tests.support.store import DATABASES, NOW, Stage, event, later, stage, url_of

IDLE_S, HARD_S = 1800.0, 14400.0
PERSON = Person(
    subject="f:1",
    issuer="https://idp.example.org",
    identifier="899700000001",
    name="Zoé Test",
    profession="10",
    roles=frozenset({"administrator", "reader"}),
)
SESSION = Session(id="s" * 64, person=PERSON, csrf_token="token", created_at=NOW, seen_at=NOW)
ATTEMPT = LoginAttempt(
    state="state", browser="b" * 64, nonce="n", code_verifier="v", next_url="/IHEInvokeImageDisplay?a=é", created_at=NOW
)
HANDLE = Handle(id="h" * 64, session_id=SESSION.id, site="nord", study_uid="1.2.3", report_id="r1", created_at=NOW)


@pytest.fixture(params=DATABASES)
def on(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    with stage(url_of(request.param, tmp_path, request)) as one:
        yield one


def seen(on: Stage, now: datetime) -> Session | None:
    return on.sessions.session(SESSION.id, now, IDLE_S, HARD_S)


def test_a_session_lives_while_it_is_used(on: Stage) -> None:
    on.sessions.open(SESSION, [event("session.opened")])
    assert seen(on, NOW) == SESSION
    assert seen(on, later(1799)) == replace(SESSION, seen_at=later(1799))
    assert seen(on, later(1799 + 1799)) == replace(SESSION, seen_at=later(3598))
    assert seen(on, later(3598 + 1800)) is None
    assert on.actions() == ["session.opened"]


def test_a_session_ends_at_its_hard_limit_however_much_it_is_used(on: Stage) -> None:
    on.sessions.open(SESSION, [])
    for seconds in range(0, 14400, 1200):
        assert seen(on, later(seconds)) is not None
    assert seen(on, later(14399)) is not None
    assert seen(on, later(14400)) is None


def test_a_page_of_many_images_is_not_as_many_commits(on: Stage) -> None:
    on.sessions.open(SESSION, [])
    for number in range(10):
        found = seen(on, later(number / 100))
        assert found is not None
        assert found.seen_at == later(number / 100)
    with reading(on.engine) as connection:
        assert connection.execute(select(SESSIONS.c.seen_at)).scalar_one() == NOW


def test_an_unknown_session_is_none(on: Stage) -> None:
    assert seen(on, NOW) is None


def test_a_closed_session_and_its_handles_are_gone(on: Stage) -> None:
    on.sessions.open(SESSION, [])
    on.sessions.name(HANDLE, [event("images.named")])
    on.sessions.close(SESSION.id, [event("session.closed")])
    assert seen(on, later(5)) is None
    assert on.sessions.handle(HANDLE.id, SESSION.id, NOW) is None
    assert on.actions() == ["images.named", "session.closed"]


def test_a_handle_is_its_sessions_alone_and_only_while_young(on: Stage) -> None:
    on.sessions.name(HANDLE, [])
    assert on.sessions.handle(HANDLE.id, SESSION.id, NOW) == HANDLE
    assert on.sessions.handle(HANDLE.id, SESSION.id, later(0.001)) is None
    assert on.sessions.handle(HANDLE.id, "other", NOW) is None
    assert on.sessions.handle("other", SESSION.id, NOW) is None


def test_a_login_attempt_is_used_once(on: Stage) -> None:
    on.sessions.begin(ATTEMPT)
    assert on.sessions.finish("other") is None
    found: list[LoginAttempt | None] = []
    threads = [threading.Thread(target=lambda: found.append(on.sessions.finish("state"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each for each in found if each is not None] == [ATTEMPT]


def test_attempts_that_nobody_finished_do_not_pile_up(on: Stage) -> None:
    on.sessions.begin(ATTEMPT)
    on.sessions.begin(replace(ATTEMPT, state="second", created_at=later(3600)))
    assert on.sessions.finish("state") is not None
    on.sessions.begin(replace(ATTEMPT, state="third", created_at=later(7201)))
    assert on.sessions.finish("second") is None
    assert on.sessions.finish("third") is not None


def test_what_is_old_is_forgotten(on: Stage) -> None:
    on.sessions.open(SESSION, [])
    on.sessions.open(replace(SESSION, id="young", created_at=later(9)), [])
    on.sessions.name(HANDLE, [])
    on.sessions.begin(ATTEMPT)
    on.sessions.forget(later(9))
    with reading(on.engine) as connection:
        assert connection.execute(select(SESSIONS.c.id)).scalars().all() == ["young"]
        assert connection.execute(select(HANDLES)).all() == []
        assert connection.execute(select(LOGIN_ATTEMPTS)).all() == []
