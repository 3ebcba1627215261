"""A disk that is full, and one that has become read-only: refused by name, and by itself again when it is back."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.errors import Unavailable
from gateway.model.share import ShareState
from gateway.store.blobs import FileBlobs
from tests.fakes.world import World, world
from tests.support.disk import Disk, as_an_ordinary_user, can_mount, mounted, pretended, read_only, writable
from tests.support.store import claimed, keep, stage

MOUNTED = can_mount()
"""What is true of a true disk is shown on one where this machine has one for us."""
DISKS = [pretended, mounted] if MOUNTED else [pretended]


@pytest.fixture(params=DISKS, ids=lambda disk: disk.__name__)
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[World, Disk]]:
    with request.param(tmp_path / "disk") as disk, world(disk.folder) as here:
        yield here, disk


def test_a_full_disk_refuses_new_reports_and_takes_them_when_there_is_room(small: tuple[World, Disk]) -> None:
    here, disk = small
    disk.fill(here.store._engine)
    with pytest.raises(Unavailable) as refusal:
        here.accept()
    assert refusal.value.code in ("store_full", "store_unavailable")
    assert (refusal.value.acknowledgement, refusal.value.http_status, refusal.value.retry) == ("AR", 503, True)
    assert here.store.overviews(limit=1) == ()
    disk.free()
    here.accept()
    here.carry_until(ShareState.SHARED)


def test_a_worker_on_a_full_disk_loses_nothing_and_goes_on(small: tuple[World, Disk]) -> None:
    here, disk = small
    here.accept()
    share = here.claim()
    assert share is not None
    disk.fill(here.store._engine)
    with pytest.raises(Unavailable):
        here.sharing.carry(share)
    assert here.destination.sent == []
    disk.free()
    here.clock.forward(121)
    here.carry_until(ShareState.SHARED)
    assert len(here.destination.documents) == 2


def test_documents_that_cannot_be_written_any_more_are_refused_by_name(
    small: tuple[World, Disk], monkeypatch: pytest.MonkeyPatch
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


def is_refused_and_then_starts(folder: Path, stop: Callable[[Path], None], go: Callable[[Path], None]) -> None:
    url = f"sqlite:///{folder}/gateway.db"
    with stage(url) as on:
        kept = keep(on.store)
    stop(folder)
    with pytest.raises(Unavailable, match="store_unavailable"), stage(url):
        pass
    with pytest.raises(Unavailable, match="store_unavailable"):
        FileBlobs(folder / "blobs")
    go(folder)
    with stage(url) as on:
        assert claimed(on.store).id == kept.id
        FileBlobs(folder / "blobs").put(b"again")


def remount(folder: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], check=True)


@pytest.mark.parametrize("how", ["permissions", "mount"] if MOUNTED else ["permissions"])
def test_a_gateway_started_where_it_may_not_write_says_so_and_starts_when_it_may(how: str, tmp_path: Path) -> None:
    if how == "permissions":
        as_an_ordinary_user(lambda folder: is_refused_and_then_starts(folder, read_only, writable))
    else:
        with mounted(tmp_path / "disk") as disk:
            is_refused_and_then_starts(disk.folder, lambda on: remount(on, "ro"), lambda on: remount(on, "rw"))
