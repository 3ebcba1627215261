"""A disk that is full, and one that has become read-only: refused by name, and by itself again when it is back."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.demo import reports
from gateway.demo.identity import CHEST
from gateway.errors import Unavailable
from gateway.model.share import ShareState
from gateway.store.blobs import FileBlobs
from gateway.store.documents import open_documents
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


def test_a_folder_of_documents_that_goes_away_loses_nothing_and_nobody_has_to_act(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.accept()
        share = here.claim()
        assert share is not None
        folder, away = here.blobs._folder, tmp_path / "on another host"
        folder.rename(away)
        # What a mount point is when nothing is mounted there.
        folder.mkdir()
        with pytest.raises(Unavailable, match="store_documents_away"):
            here.sharing.carry(share)
        with pytest.raises(Unavailable) as refusal:
            here.accept(content=reports.level3(reports.Draft(study=CHEST)))
        assert refusal.value.acknowledgement == "AR"
        with pytest.raises(Unavailable):
            here.blobs.forget(here.store.report(share.report_id).digest, here.clock.now())
        with pytest.raises(Unavailable, match="store_documents_away"):
            open_documents(folder, here.store._engine)
        assert list(folder.iterdir()) == []
        folder.rmdir()
        away.rename(folder)
        open_documents(folder, here.store._engine)
        here.clock.forward(121)
        assert here.carry_until(ShareState.SHARED).id == share.id


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
