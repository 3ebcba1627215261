"""Sessions, login attempts and handles, on both databases."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select, update

from gateway.model.access import (
    Handle,
    Kind,
    LoginAttempt,
    Person,
    Session,
    ShownStudy,
    Situation,
    ViewOptions,
)
from gateway.model.identifiers import Identifier
from gateway.model.people import Patient
from gateway.model.rights import BrokenGlass
from gateway.store.engine import reading, transaction
from gateway.store.schema import HANDLES, LOGIN_ATTEMPTS, SESSIONS
from tests.support.store import NOW, Stage, event, later

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
    state="state",
    browser="b" * 64,
    nonce="n",
    code_verifier="v",
    next_url="/IHEInvokeImageDisplay?a=é",
    created_at=NOW,
    provider="patients",
    silent=True,
)
HANDLE = Handle(
    id="h" * 64,
    session_id=SESSION.id,
    exams=(
        ShownStudy(site="nord", study_uid="1.2.3", report_id="r1"),
        ShownStudy(site="sud", study_uid="1.2.4", report_id="r2"),
    ),
    created_at=NOW,
    options=ViewOptions(viewer="full", diagnostic=True, key_images_only=True, key_images=("1.2.3.1", "1.2.3.9")),
)


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


RICH = replace(
    SESSION,
    person=replace(
        PERSON,
        kind=Kind.REPRESENTATIVE,
        specialty="SM26",
        structures=frozenset({"1290099993", "3123"}),
        situations=(Situation(profession="10", structure="1290099993"), Situation(profession="40", sector="SA07")),
        patient=Patient(identifiers=(Identifier("1.2.3", "x"), Identifier("1.2.4")), birth_family="É", sex="F"),
    ),
    provider="patients",
    provider_session="p" * 64,
    subject_key="k" * 64,
    tokens="sealed",
    refresh_at=later(120),
    agent="Firefox",
)


def test_everything_of_a_session_comes_back(on: Stage) -> None:
    on.sessions.open(RICH, [])
    assert seen(on, NOW) == RICH
    changed = replace(RICH, person=RICH.person.exercising(RICH.person.situations[0]), tokens="others")
    assert on.sessions.change(changed, [event("session.situation")])
    assert seen(on, NOW) == changed
    on.sessions.close(RICH.id, [])
    assert not on.sessions.change(changed, [event("never")])
    assert on.actions() == ["session.situation"]


def test_a_session_of_the_release_before_is_one_of_a_professional(on: Stage) -> None:
    on.sessions.open(SESSION, [])
    with transaction(on.engine) as connection:
        connection.execute(update(SESSIONS).values(details="", provider_session="", subject_key=""))
    assert seen(on, NOW) == SESSION


def test_a_handle_of_the_release_before_opens_its_one_study(on: Stage) -> None:
    on.sessions.name(HANDLE, [])
    with transaction(on.engine) as connection:
        connection.execute(update(HANDLES).values(shown=""))
    found = on.sessions.handle(HANDLE.id, SESSION.id, NOW)
    assert found == replace(HANDLE, exams=HANDLE.exams[:1], options=ViewOptions())


def test_of_many_callers_one_asks_for_the_tokens(on: Stage) -> None:
    on.sessions.open(RICH, [])
    assert not on.sessions.refresh_due(RICH.id, later(119), later(200))
    told: list[bool] = []
    threads = [
        threading.Thread(target=lambda: told.append(on.sessions.refresh_due(RICH.id, later(120), later(150))))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [False] * 7 + [True]
    assert on.sessions.refresh_due(RICH.id, later(150), later(180))
    on.sessions.open(replace(SESSION, id="never"), [])
    assert not on.sessions.refresh_due("never", later(9999), later(99999))


def test_the_living_are_listed_the_last_seen_first(on: Stage) -> None:
    on.sessions.open(SESSION, [])
    on.sessions.open(replace(SESSION, id="fresh", seen_at=later(60)), [])
    on.sessions.open(replace(SESSION, id="idle", seen_at=later(-1800)), [])
    on.sessions.open(replace(SESSION, id="hard", created_at=later(-14400), seen_at=later(50)), [])
    assert [one.id for one in on.sessions.living(NOW, IDLE_S, HARD_S, 9)] == ["fresh", SESSION.id]
    assert [one.id for one in on.sessions.living(NOW, IDLE_S, HARD_S, 1)] == ["fresh"]


def test_a_provider_ends_its_session_or_all_of_a_subject(on: Stage) -> None:
    for number, (sid, sub) in enumerate((("1", "a"), ("2", "a"), ("3", "b"))):
        on.sessions.open(replace(RICH, id=str(number), provider_session=sid, subject_key=sub), [])
    on.sessions.name(replace(HANDLE, session_id="0"), [])
    end = on.sessions.end
    assert end(before=later(1), events=[event("x")]) == 0
    assert end(provider_session="1", before=NOW, events=[event("x")]) == 0, "opened after the token was made"
    assert end(provider_session="1", before=later(1), events=[event("one")]) == 1
    assert on.sessions.handle(HANDLE.id, "0", NOW) is None
    assert end(subject_key="a", before=later(1), events=[event("two")]) == 1
    assert end(subject_key="a", before=later(1), events=[event("x")]) == 0
    assert [one.id for one in on.sessions.living(NOW, IDLE_S, HARD_S, 9)] == ["2"]
    assert on.actions() == ["one", "two"]


def test_uses_of_break_glass_are_kept_and_hold_for_their_session_and_patient(on: Stage) -> None:
    use = BrokenGlass(
        id="u1",
        session_id=SESSION.id,
        actor="a",
        reason="Urgence : « \x00 » ☃",
        asked="study",
        patient_key="p",
        created_at=NOW,
    )
    on.sessions.broke(use, [event("glass.broken")])
    on.sessions.broke(replace(use, id="u2", patient_key="q", created_at=later(1)), [])
    assert [one.id for one in on.sessions.uses(9)] == ["u2", "u1"]
    assert on.sessions.uses(9)[1] == use
    assert on.sessions.broken(SESSION.id, ["p", "q", "p"])
    assert not on.sessions.broken(SESSION.id, ["x"])
    assert not on.sessions.broken(SESSION.id, ["x", "p"]), "of every patient, not of one of them"
    assert not on.sessions.broken("other", ["p"])
    assert not on.sessions.broken(SESSION.id, [])
    assert on.actions() == ["glass.broken"]


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
