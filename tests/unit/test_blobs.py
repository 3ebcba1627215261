"""Large bytes in files: one file a content, for its owner alone, whole or refused."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.errors import Unavailable
from gateway.store.blobs import FileBlobs

HOUR = timedelta(hours=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store" / "blobs"


@pytest.fixture
def blobs(folder: Path) -> FileBlobs:
    return FileBlobs(folder)


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "lock")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(st.binary(max_size=5000))
def test_what_is_put_comes_back(blobs: FileBlobs, content: bytes) -> None:
    digest = blobs.put(content)
    assert digest == hashlib.sha256(content).hexdigest()
    assert blobs.get(digest) == content


def test_the_same_content_twice_is_one_file(blobs: FileBlobs, folder: Path) -> None:
    assert blobs.put(b"one") == blobs.put(b"one")
    assert len(files(folder)) == 1


def test_files_and_folders_are_their_owners_alone_whatever_the_umask(folder: Path) -> None:
    before = os.umask(0)
    try:
        FileBlobs(folder).put(b"one")
    finally:
        os.umask(before)
    for path in [folder.parent, folder, *folder.rglob("*")]:
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path


def test_sixteen_threads_may_put_the_same_content(blobs: FileBlobs, folder: Path) -> None:
    digests: list[str] = []
    start = threading.Barrier(16)

    def put() -> None:
        start.wait()
        digests.append(blobs.put(b"x" * 100_000))

    threads = [threading.Thread(target=put) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(digests) == 16
    assert len(files(folder)) == 1


def test_missing_bytes_are_named(blobs: FileBlobs) -> None:
    with pytest.raises(Unavailable, match="store_blob_missing"):
        blobs.get("0" * 64)


@pytest.mark.parametrize("name", ["", "lock", "../lock", "0" * 63, "0" * 65, "A" * 64, "0" * 64 + "\n", "\x00" * 64])
def test_a_name_that_is_no_digest_is_never_a_path(blobs: FileBlobs, name: str) -> None:
    with pytest.raises(Unavailable, match="store_blob_missing"):
        blobs.get(name)


def test_damaged_bytes_are_refused_and_replaced_by_the_next_put(blobs: FileBlobs, folder: Path) -> None:
    digest = blobs.put(b"whole")
    (folder / digest[:2] / digest).write_bytes(b"whol")
    with pytest.raises(Unavailable, match="store_blob_damaged"):
        blobs.get(digest)
    assert blobs.put(b"whole") == digest
    assert blobs.get(digest) == b"whole"


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, "store_full"), (errno.EDQUOT, "store_full"), (errno.EIO, "store_unavailable")]
)
def test_a_failing_disk_is_named_and_leaves_nothing(
    blobs: FileBlobs, folder: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(Unavailable, match=code):
            blobs.put(b"one")
    assert files(folder) == []
    assert blobs.get(blobs.put(b"one")) == b"one"


def test_a_file_is_synced_before_its_name_and_its_name_before_the_answer(
    blobs: FileBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the file was there: whoever wrote it may not have synced its name yet."""
    steps: list[str] = []
    sync, rename = os.fsync, Path.rename

    def fsync(descriptor: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        sync(descriptor)

    def renamed(self: Path, target: Path) -> Path:
        steps.append("rename")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "rename", renamed)
    blobs.put(b"one")
    assert steps[-3:] == ["file", "rename", "folder"]
    steps.clear()
    blobs.put(b"one")
    assert steps == ["folder"]


def age(path: Path, hours: float) -> None:
    moment = datetime.now(UTC).timestamp() - hours * 3600
    os.utime(path, (moment, moment))


def test_orphans_are_swept_by_their_age(blobs: FileBlobs, folder: Path) -> None:
    kept, orphan, young = (blobs.put(content) for content in (b"kept", b"orphan", b"young"))
    (folder / "incoming" / "crashed").write_bytes(b"half")
    (folder / "incoming" / "writing").write_bytes(b"half")
    for name in (kept, orphan):
        age(folder / name[:2] / name, 2)
    age(folder / "incoming" / "crashed", 2)
    assert blobs.sweep(datetime.now(UTC) - HOUR, lambda digest: digest == kept) == 2
    left = {path.name for path in files(folder)}
    assert left == {kept, young, "writing"}


def test_an_orphan_that_is_put_again_during_a_sweep_stays(blobs: FileBlobs, folder: Path) -> None:
    digest = blobs.put(b"again")
    age(folder / digest[:2] / digest, 2)

    def is_referenced(name: str) -> bool:
        blobs.put(b"again")
        return False

    assert blobs.sweep(datetime.now(UTC) - HOUR, is_referenced) == 0
    assert blobs.get(digest) == b"again"


def test_what_is_begun_and_not_finished_leaves_nothing(blobs: FileBlobs, folder: Path) -> None:
    with blobs.begin(b"refused") as keeping:
        digest = keeping.digest
    assert files(folder) == []
    with pytest.raises(Unavailable, match="store_blob_missing"):
        blobs.get(digest)


def test_what_is_begun_has_its_name_only_when_it_is_finished(blobs: FileBlobs, folder: Path) -> None:
    with blobs.begin(b"accepted") as keeping:
        with pytest.raises(Unavailable, match="store_blob_missing"):
            blobs.get(keeping.digest)
        keeping.finish()
    assert blobs.get(keeping.digest) == b"accepted"
    assert len(files(folder)) == 1


def test_what_is_confirmed_gets_its_name_while_the_caller_goes_on(blobs: FileBlobs) -> None:
    with blobs.begin(b"confirmed") as keeping:
        keeping.confirm()
        keeping.confirm()
    keeping.finish()
    assert blobs.get(keeping.digest) == b"confirmed"


def test_a_name_that_cannot_be_given_leaves_nothing(
    blobs: FileBlobs, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Path, target: Path) -> Path:
        raise OSError(errno.EIO, "no")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", fail)
        with pytest.raises(Unavailable, match="store_unavailable"), blobs.begin(b"one") as keeping:
            keeping.finish()
    assert files(folder) == []


def test_a_child_process_keeps_bytes_with_threads_of_its_own(blobs: FileBlobs) -> None:
    blobs.put(b"parent")
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if blobs.get(blobs.put(b"child")) == b"child" else 2
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert blobs.get(hashlib.sha256(b"child").hexdigest()) == b"child"
