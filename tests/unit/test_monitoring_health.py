"""Health: looks, status files, and what they come to."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import pytest

from gateway.errors import Unavailable
from gateway.monitoring import status
from gateway.monitoring.figures import PEER_FAILURE, PEER_SUCCESS, Figures
from gateway.monitoring.health import (
    Health,
    Look,
    PeerState,
    Remembered,
    disk,
    looked,
    peers_of,
    role_looks,
    writable,
)
from gateway.monitoring.status import Beacon, Status, read_all


def a_status(role: str = "work", **changes: object) -> Status:
    given: dict[str, object] = {"role": role, "pid": 7, "started_at": 0.0, "at": 100.0, **changes}
    return Status(**given)  # type: ignore[arg-type]


def test_it_is_ready_unless_something_is_wrong() -> None:
    fine, low, wrong = Look("a", "ok"), Look("b", "warning", "health_disk_low"), Look("c", "wrong", "store_busy")
    assert Health((fine, low)).ready
    assert not Health((fine, low, wrong)).ready
    assert Health((fine,), (PeerState("pacs main", False, 3.0),)).ready


def test_machines_outside_are_told_codes_and_people_sentences() -> None:
    look = Look("disk store", "warning", "health_disk_low", {"folder": "/srv/x", "free": "1", "warning": "2"})
    outside = json.dumps(Health((look,)).as_json())
    assert "health_disk_low" in outside
    assert "/srv/x" not in outside
    assert "/srv/x" in json.dumps(Health((look,)).as_json("fr"))


def test_a_disk_is_judged_by_two_limits(tmp_path: Path) -> None:
    missing = tmp_path / "not" / "yet"
    assert disk("d", missing, warning_bytes=0, minimum_bytes=0).state == "ok"
    assert disk("d", missing, warning_bytes=1 << 60, minimum_bytes=0).code == "health_disk_low"
    assert disk("d", missing, warning_bytes=1 << 60, minimum_bytes=1 << 60).code == "health_disk_full"


def test_a_folder_that_cannot_be_written_is_named_and_one_that_can_stays_as_it_was(tmp_path: Path) -> None:
    writable(tmp_path)
    assert list(tmp_path.iterdir()) == []
    found = looked("documents", lambda: writable(tmp_path / "absent"))
    assert (found.state, found.code) == ("wrong", "health_not_writable")
    assert "absent" in found.words("en")


def test_a_process_is_wrong_when_it_is_absent_silent_or_without_store() -> None:
    now = 100.0 + status.SILENT_AFTER_S
    looks = role_looks([a_status(), a_status("web", at=50.0), a_status("intake", store="store_busy")], ["receive"], now)
    assert {look.name: look.code for look in looks} == {
        "process work": "health_role_ok",
        "process web": "health_role_silent",
        "process intake": "store_busy",
        "process receive": "health_role_absent",
    }
    assert {look.state for look in looks if look.name != "process work"} == {"wrong"}


def test_a_peer_is_up_when_its_last_call_in_any_process_was_answered() -> None:
    def figure(name: str, peer: str, value: float) -> dict[str, object]:
        return {"name": name, "labels": {"peer": peer}, "value": value}

    web = a_status(
        "web", figures=[figure(PEER_SUCCESS.name, "pacs main", 10), figure(PEER_FAILURE.name, "pacs old", 9)]
    )
    work = a_status(figures=[figure(PEER_FAILURE.name, "pacs main", 8), figure(PEER_SUCCESS.name, "pacs old", 2)])
    assert peers_of([web, work]) == [PeerState("pacs main", True, 10), PeerState("pacs old", False, 9)]


def test_a_beacon_tells_that_its_process_lives_until_it_is_stopped(tmp_path: Path) -> None:
    figures = Figures()
    beats = threading.Event()

    def before() -> None:
        figures.put(PEER_SUCCESS, 1.0, peer="pacs main")
        beats.set()

    beacon = Beacon(tmp_path / "status", "work", figures, before=before, beat_s=0.01)
    beacon.start()
    try:
        assert beats.wait(10)
        deadline = time.monotonic() + 10
        while not (found := read_all(tmp_path / "status")) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert [(one.role, one.pid, one.store) for one in found] == [("work", os.getpid(), "")]
        assert found[0].resident_bytes > 1024 * 1024
        assert not found[0].silent(time.time())
    finally:
        beacon.stop()
    assert list((tmp_path / "status").iterdir()) == []


def test_a_process_that_was_killed_tells_so_until_the_next_of_its_role_comes(tmp_path: Path) -> None:
    Beacon(tmp_path, "work", Figures()).beat()
    (mine,) = tmp_path.iterdir()
    dead = mine.with_name(mine.name.replace(f".{os.getpid()}.", ".99999999."))
    dead.write_text(mine.read_text().replace(f'"pid": {os.getpid()}', '"pid": 99999999'))
    other = dead.with_name(dead.name.replace("work", "web"))
    other.write_text(dead.read_text().replace('"work"', '"web"'))
    assert [(one.role, one.pid) for one in read_all(tmp_path)] == [
        ("web", 99999999),
        ("work", os.getpid()),
        ("work", 99999999),
    ]
    beacon = Beacon(tmp_path, "work", Figures())
    beacon.start()
    beacon.stop()
    assert list(tmp_path.iterdir()) == [other]


def test_two_processes_of_one_role_are_told_apart() -> None:
    looks = role_looks([a_status(), a_status(pid=8, at=0.0)], ["work"], 101.0)
    assert [(look.name, look.code) for look in looks] == [
        ("process work", "health_role_ok"),
        ("process work-2", "health_role_silent"),
    ]


def test_of_several_processes_of_one_role_a_missing_one_is_told() -> None:
    looks = role_looks([a_status()], ["work", "work"], 101.0)
    assert [(look.name, look.state) for look in looks] == [("process work", "ok"), ("process work-2", "wrong")]


def test_a_process_that_cannot_reach_the_store_says_so(tmp_path: Path) -> None:
    def look() -> None:
        raise Unavailable("store_unavailable")

    Beacon(tmp_path, "work", Figures(), look=look).beat()
    assert [one.store for one in read_all(tmp_path)] == ["store_unavailable"]


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "status").write_text("a file in the way")
    Beacon(tmp_path / "status", "work", Figures()).beat()
    assert read_all(tmp_path / "status") == []


@pytest.mark.parametrize("content", ["", "[]", "{", '{"role": "work"}', "null", '{"role":1,"pid":"x"}'])
def test_a_status_file_that_is_broken_is_passed_over(tmp_path: Path, content: str) -> None:
    Beacon(tmp_path, "work", Figures()).beat()
    (path,) = tmp_path.iterdir()
    path.write_text(content)
    assert read_all(tmp_path) == []


def test_an_answer_is_made_once_for_all_who_ask_at_one_time() -> None:
    made: list[int] = []
    go = threading.Event()

    def make() -> int:
        made.append(1)
        assert go.wait(10)
        return len(made)

    remembered = Remembered(make, kept_s=60)
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(remembered())) for _ in range(5)]
    for thread in threads:
        thread.start()
    go.set()
    for thread in threads:
        thread.join()
    assert answers == [1] * 5
    assert made == [1]


def test_while_a_new_answer_is_made_the_others_get_the_old_one() -> None:
    inside, go = threading.Event(), threading.Event()
    answers = iter([1, 2])

    def make() -> int:
        answer = next(answers)
        if answer == 2:
            inside.set()
            assert go.wait(10)
        return answer

    remembered = Remembered(make, kept_s=0)
    assert remembered() == 1
    slow = threading.Thread(target=remembered)
    slow.start()
    assert inside.wait(10)
    assert remembered() == 1
    go.set()
    slow.join()


def test_a_file_whose_process_number_is_another_process_s_by_now_is_taken_away(tmp_path: Path) -> None:
    Beacon(tmp_path, "work", Figures()).beat()
    (mine,) = tmp_path.iterdir()
    left = mine.with_name(mine.name.replace(f".{os.getpid()}.", f".{os.getppid()}."))
    left.write_text(mine.read_text())
    for age_s, stays in ((0.0, True), (time.time(), False)):
        os.utime(left, (time.time() - age_s,) * 2)
        beacon = Beacon(tmp_path, "work", Figures())
        beacon.start()
        beacon.stop()
        assert left.exists() is stays


def test_a_beacon_outlives_whatever_goes_wrong_in_a_beat(tmp_path: Path) -> None:
    went_wrong = iter([LookupError("a bug of ours")])

    def before() -> None:
        for error in went_wrong:
            raise error

    beacon = Beacon(tmp_path, "work", Figures(), before=before, beat_s=0.01)
    beacon.start()
    try:
        deadline = time.monotonic() + 10
        while not read_all(tmp_path):
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        beacon.stop()
