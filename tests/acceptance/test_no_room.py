"""A disk that is full, and one that has become read-only: refused by name, and by itself again when it is back."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from gateway.errors import Unavailable
from gateway.model.share import ShareState
from gateway.store.blobs import FileBlobs
from tests.fakes.world import World, world
from tests.support.store import claimed, keep, stage


@contextmanager
def disk(folder: Path, size: str) -> Iterator[Path]:
    """A small disk at *folder*."""
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)], capture_output=True)
    if done.returncode != 0:
        pytest.skip("a disk of our own needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def remount(folder: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], check=True)


def fill(ballast: Path) -> None:
    """Until there is no room for a byte more."""
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass


@pytest.fixture
def small(tmp_path: Path) -> Iterator[tuple[World, Path]]:
    with disk(tmp_path / "disk", "24m") as folder, world(folder) as here:
        yield here, folder


@pytest.fixture(autouse=True)
def _as_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("a disk of our own needs root")


def test_a_full_disk_refuses_new_reports_and_takes_them_when_there_is_room(small: tuple[World, Path]) -> None:
    here, folder = small
    ballast = folder / "ballast"
    fill(ballast)
    with pytest.raises(Unavailable) as refusal:
        here.accept()
    assert refusal.value.code in ("store_full", "store_unavailable")
    assert (refusal.value.acknowledgement, refusal.value.http_status, refusal.value.retry) == ("AR", 503, True)
    assert here.store.overviews(limit=1) == ()
    ballast.unlink()
    here.accept()
    here.carry_until(ShareState.SHARED)


def test_a_worker_on_a_full_disk_loses_nothing_and_goes_on(small: tuple[World, Path]) -> None:
    here, folder = small
    here.accept()
    share = here.claim()
    assert share is not None
    ballast = folder / "ballast"
    fill(ballast)
    with pytest.raises(Unavailable):
        here.sharing.carry(share)
    assert here.destination.sent == []
    ballast.unlink()
    here.clock.forward(121)
    here.carry_until(ShareState.SHARED)
    assert len(here.destination.documents) == 2


def test_documents_that_cannot_be_written_any_more_are_refused_by_name(
    small: tuple[World, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, _ = small

    def read_only(*_: object, **__: object) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with monkeypatch.context() as patch:
        patch.setattr("gateway.store.blobs.os.open", read_only)
        with pytest.raises(Unavailable, match="store_unavailable"):
            here.accept()
    here.accept()
    here.carry_until(ShareState.SHARED)


def test_a_gateway_started_on_a_read_only_disk_says_so_and_starts_when_it_is_writable(tmp_path: Path) -> None:
    with disk(tmp_path / "disk", "24m") as folder:
        url = f"sqlite:///{folder}/gateway.db"
        with stage(url) as on:
            kept = keep(on.store)
        remount(folder, "ro")
        with pytest.raises(Unavailable, match="store_unavailable"), stage(url):
            pass
        with pytest.raises(Unavailable, match="store_unavailable"):
            FileBlobs(folder / "blobs")
        remount(folder, "rw")
        with stage(url) as on:
            assert claimed(on.store).id == kept.id
            FileBlobs(folder / "blobs").put(b"again")
