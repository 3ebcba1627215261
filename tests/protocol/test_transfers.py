"""Transfers out of a PACS: shared, bounded, ended when nobody reads, never one study's image in another's answer."""

from __future__ import annotations

import http.client
import io
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pydicom
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from gateway.demo.pacs import DemoPacs
from gateway.dicom import glance, multipart, part10
from gateway.dicom.series_cache import Shelf
from gateway.dicom.stream import Upstream
from gateway.errors import InputRejected, PeerMisbehaved, PeerUnreachable
from gateway.model.exam import Exam, Instance, Series
from gateway.model.image import StoredInstance
from tests.support.dicom_objects import STUDY, encoded, image, whole_study, write
from tests.support.dicom_scp import settings
from tests.support.image_site import box, image_site, parts_of

CT = "1.2.840.10008.5.1.4.1.1.2"


def stored(study: str, number: int, size: int = 1000) -> StoredInstance:
    return StoredInstance(
        study_uid=study,
        series_uid=f"{study}.1",
        sop_class_uid=CT,
        sop_instance_uid=f"{study}.1.{number}",
        transfer_syntax="1.2.840.10008.1.2.1",
        head=b"",
        data=bytes(size),
    )


def exam(study: str = "1.2", count: int = 10) -> Exam:
    instances = tuple(Instance(CT, f"{study}.1.{number}", number) for number in range(count))
    return Exam(study_uid=study, series=(Series(series_uid=f"{study}.1", instances=instances),))


class Scripted:
    """An upstream that gives what a test says, as fast as the test says."""

    def __init__(self, size: int = 1000) -> None:
        self.size = size
        self.begun = 0
        self.given = 0
        self.gate: Callable[[int], None] = lambda number: None
        self.fails_at = -1
        self.leaves_out: set[int] = set()
        self.asked: list[str] = []

    def every(self, wanted: Exam, series_uid: str, take: Callable[[StoredInstance], None]) -> None:
        self.begun += 1
        for number, _ in enumerate(wanted.instances):
            self.gate(number)
            if number == self.fails_at:
                raise PeerUnreachable("pacs_lost", pacs="x", host="h", port=1)
            if number not in self.leaves_out:
                take(stored(wanted.study_uid, number, self.size))
                self.given += 1

    def one(self, study_uid: str, series_uid: str, instance: Instance) -> StoredInstance:
        self.asked.append(instance.sop_instance_uid)
        number = int(instance.sop_instance_uid.rpartition(".")[2])
        if number == 99:
            raise InputRejected("image_unknown")
        return stored(study_uid, number, self.size)


def shelf(upstream: Scripted, limit: int = 1 << 20, **options: float) -> Shelf:
    return Shelf(limit, upstream, **options)  # type: ignore[arg-type]


def until(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.002)


def test_readers_of_one_study_share_one_transfer() -> None:
    upstream, hold = Scripted(), threading.Event()
    upstream.gate = lambda number: hold.wait(5) if number == 5 else None
    with closing(shelf(upstream)) as shelf_:
        with ThreadPoolExecutor(4) as pool:
            readers = [pool.submit(lambda: [one.sop_instance_uid for one in _read(shelf_, exam())]) for _ in range(4)]
            until(lambda: upstream.given == 5)
            hold.set()
            found = [reader.result() for reader in readers]
        assert found == [[f"1.2.1.{number}" for number in range(10)]] * 4
        assert upstream.begun == 1
        assert len(list(_read(shelf_, exam()))) == 10
        assert upstream.begun == 1


def _read(shelf_: Shelf, wanted: Exam) -> Iterator[StoredInstance]:
    with shelf_.read(wanted) as reading:
        yield from reading


def test_what_is_there_is_read_while_the_rest_comes() -> None:
    upstream, hold = Scripted(), threading.Event()
    upstream.gate = lambda number: hold.wait(5) if number == 1 else None
    with closing(shelf(upstream)) as shelf_, shelf_.read(exam()) as reading:
        first = next(iter(reading))
        assert first.sop_instance_uid == "1.2.1.0"
        assert upstream.given == 1
        hold.set()


def test_a_transfer_whose_readers_have_left_is_ended() -> None:
    upstream = Scripted()
    with closing(shelf(upstream)) as shelf_:
        reading = shelf_.read(exam(count=10_000))
        next(iter(reading))
        reading.close()
        upstream.gate = lambda number: time.sleep(0.001)
        until(lambda: not shelf_._threads)
        assert upstream.given < 10_000


def test_a_slow_reader_holds_the_transfer_back_and_memory_stays_bounded() -> None:
    upstream = Scripted(size=1 << 20)
    with closing(shelf(upstream, limit=2 << 20)) as shelf_, shelf_.read(exam(count=50)) as reading:
        sizes = []
        for one in reading:
            assert one.size_bytes == 1 << 20
            sizes.append(shelf_.size_bytes)
        assert len(sizes) == 50
        assert max(sizes) <= 8 << 20


def test_what_the_transfer_leaves_out_is_asked_for_by_itself() -> None:
    upstream = Scripted()
    upstream.leaves_out = {3, 7}
    with closing(shelf(upstream)) as shelf_:
        assert len(list(_read(shelf_, exam()))) == 10
    assert upstream.asked == ["1.2.1.3", "1.2.1.7"]


def test_a_gap_that_stays_is_an_error_after_what_came() -> None:
    upstream = Scripted()
    wanted = exam(count=100)
    upstream.leaves_out = {99}
    with closing(shelf(upstream)) as shelf_, shelf_.read(wanted) as reading:
        came = []
        with pytest.raises(InputRejected, match="image_unknown"):
            came.extend(_each(reading, came))
        assert len(came) == 99


def _each(reading: object, into: list[StoredInstance]) -> list[StoredInstance]:
    for one in reading:  # type: ignore[attr-defined]
        into.append(one)
    return []


def test_a_pacs_that_fails_in_between_fails_the_reader() -> None:
    upstream = Scripted()
    upstream.fails_at = 4
    with closing(shelf(upstream)) as shelf_:
        came: list[StoredInstance] = []
        with shelf_.read(exam()) as reading, pytest.raises(PeerUnreachable):
            _each(reading, came)
        assert len(came) == 4
        upstream.fails_at = -1
        assert len(list(_read(shelf_, exam()))) == 10


def test_what_is_not_in_the_list_is_never_given() -> None:
    upstream = Scripted()
    wanted = exam(count=3)

    def more(_: Exam, series_uid: str, take: Callable[[StoredInstance], None]) -> None:
        for number in range(6):
            take(stored("1.2", number))

    upstream.every = more  # type: ignore[method-assign]
    with closing(shelf(upstream)) as shelf_:
        assert len(list(_read(shelf_, wanted))) == 3


def test_another_list_is_another_transfer() -> None:
    upstream = Scripted()
    with closing(shelf(upstream)) as shelf_:
        assert len(list(_read(shelf_, exam(count=3)))) == 3
        assert len(list(_read(shelf_, exam(count=4)))) == 4
        assert len(list(_read(shelf_, exam(count=2)))) == 2
    assert upstream.begun == 3


def test_what_a_viewer_began_serves_its_frames_and_stops_when_the_shelf_is_full() -> None:
    upstream = Scripted(size=1 << 20)
    with closing(shelf(upstream, limit=4 << 20)) as shelf_:
        shelf_.begin(exam(count=50), "1.2.1")
        until(lambda: not shelf_._threads)
        assert shelf_.find("1.2", "1.2.1", "1.2.1.0", 0.0) is not None
        assert shelf_.find("1.2", "1.2.1", "1.2.1.49", 0.01) is None
        shelf_.begin(exam(count=50), "1.2.1")
        assert upstream.begun == 1
        assert shelf_.size_bytes <= 5 << 20


def test_an_instance_of_another_study_is_refused() -> None:
    upstream = Upstream(settings(1), None, None)  # type: ignore[arg-type]
    syntax, data = part10.unwrap(encoded(image(1, 1)))
    assert upstream._made(syntax, data, STUDY, f"{STUDY}.1").sop_instance_uid == f"{STUDY}.1.1"
    for study, series in ((f"{STUDY}.2", ""), (STUDY, f"{STUDY}.2")):
        with pytest.raises(PeerMisbehaved, match="pacs_other_instance"):
            upstream._made(syntax, data, study, series)


def test_a_transfer_that_breaks_is_noticed_by_the_client(tmp_path: Path) -> None:
    folder = tmp_path / "pacs"
    folder.mkdir()
    write(folder, whole_study())
    pacs = DemoPacs(folder, "PACS")
    pacs.start()
    try:
        with image_site(tmp_path, settings(pacs.port), STUDY) as site, box() as peer:
            upstream = site.source._upstream
            every = upstream.every

            def failing(exam: Exam, series_uid: str, take: Callable[[StoredInstance], None]) -> None:
                taken = 0

                def some(one: StoredInstance) -> None:
                    nonlocal taken
                    taken += 1
                    if taken > 3:
                        raise PeerUnreachable("pacs_lost", pacs="x", host="h", port=1)
                    take(one)

                every(exam, series_uid, some)

            upstream.every = failing  # type: ignore[method-assign]
            site.source._shelf._upstream = upstream
            parts = urlsplit(site.url)
            connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
            connection.request("GET", f"{parts.path}/studies/{STUDY}", headers=dict(peer.headers))
            answer = connection.getresponse()
            assert answer.status == 200
            with pytest.raises(http.client.IncompleteRead):
                answer.read()
            connection.close()
    finally:
        pacs.stop()


def test_twenty_patients_at_once_never_get_each_others_images(tmp_path: Path) -> None:
    folder = tmp_path / "pacs"
    folder.mkdir()
    studies = [f"{STUDY}.{number}" for number in range(100, 120)]
    for study in studies:
        datasets = [image(1, number, study_uid=study, side=64) for number in range(1, 7)]
        for one in datasets:
            one.PatientID = f"PAT-{study}"
        write(folder, datasets)
    pacs = DemoPacs(folder, "PACS")
    pacs.start()
    settings_ = replace(settings(pacs.port), max_associations=4)
    try:
        with image_site(tmp_path, settings_, *studies, cache_bytes=1 << 20) as site, ThreadPoolExecutor(20) as pool:

            def fetch(study: str) -> int:
                with box() as peer:
                    answer: requests.Response | None = None
                    for _ in range(20):
                        answer = peer.get(f"{site.url}/studies/{study}", timeout=60)
                        if answer.status_code != 503:
                            break
                    assert answer is not None
                    assert answer.status_code == 200
                    found = [pydicom.dcmread(io.BytesIO(content)) for _, content in parts_of(answer)]
                assert {(one.StudyInstanceUID, one.PatientID) for one in found} == {(study, f"PAT-{study}")}
                assert {one.PixelData[:2] for one in found} == {number.to_bytes(2, "little") for number in range(1, 7)}
                return len(found)

            assert list(pool.map(fetch, studies * 2)) == [6] * 40
    finally:
        pacs.stop()


@given(st.lists(st.binary(max_size=400), min_size=1, max_size=5), st.integers(1, 50), st.booleans())
def test_parts_come_back_whatever_the_pieces(contents: list[bytes], step: int, declared: bool) -> None:
    mark = b"xyzzy-boundary"
    body = b""
    for content in contents:
        length = b"\r\nContent-Length: %d" % len(content) if declared else b""
        body += b"\r\n--" + mark + b"\r\nContent-Type: application/dicom" + length + b"\r\n\r\n" + content
    source = io.BytesIO(body + b"\r\n--" + mark + b"--\r\n")
    found = [one.read(min(step, one.left)) + one.read(one.left) for one in multipart.Parts(mark, source, 1000)]
    assert found == contents


@given(st.integers(0, 200))
def test_a_body_that_is_cut_short_never_looks_whole(cut: int) -> None:
    body = b"--b\r\nContent-Length: 100\r\n\r\n" + bytes(100) + b"\r\n--b\r\n\r\n" + bytes(40) + b"\r\n--b--"
    source = io.BytesIO(body[: min(cut, len(body) - 1)])
    with pytest.raises(multipart.Broken):
        list(multipart.Parts(b"b", source, 1000))


@given(st.binary(max_size=300))
def test_a_glance_at_anything_ends_in_a_named_error_or_an_owner(content: bytes) -> None:
    for syntax in ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"):
        with suppress(InputRejected):
            glance.owner(content, syntax)


def test_a_glance_sees_what_the_walk_sees() -> None:
    for one in whole_study():
        syntax, data = part10.unwrap(encoded(one))
        owner = glance.owner(data, syntax)
        assert owner == (one.SOPClassUID, one.SOPInstanceUID, one.StudyInstanceUID, one.SeriesInstanceUID)


def test_a_machine_that_gives_no_thread_leaves_no_reader_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    start, refused = threading.Thread.start, [1, 2]

    def start_or_not(thread: threading.Thread) -> None:
        if refused and thread.name == "transfer":
            refused.pop()
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_or_not)
    with closing(shelf(Scripted())) as shelf_:
        shelf_.begin(exam(), "1.2.1")
        with pytest.raises(PeerUnreachable, match="images_ended"):
            shelf_.read(exam())
        assert len(list(_read(shelf_, exam()))) == 10
