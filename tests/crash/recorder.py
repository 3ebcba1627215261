"""A disk that can lose power: what was written and not synced may be gone.

Everything that changes the store's folder is recorded in its order: the writes and syncs of SQLite (a shim over its
own VFS, put in by ctypes into the library that Python uses), the files, renames and folder syncs of the documents
(the few functions of :mod:`os` and :class:`pathlib.Path` that :mod:`gateway.store` calls), and the acknowledgements.
:meth:`Recorder.after_cut` then builds the folder as a disk may have it when the power went at some moment:

* of a file, everything up to its last sync, and of what was written since any part, in any order, torn at a sector;
* a file's name only if its folder was synced after it was made or renamed, else by chance.

A file system keeps more than that (ext4 orders a rename after the data, most of the time); none keeps less.
"""

from __future__ import annotations

import _sqlite3
import ctypes
import os
import random
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECTOR = 512


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to the disk; *inode* is ours, a number for each file that was made."""

    kind: str  # write, truncate, sync, make, rename, unlink, folder, acknowledge
    inode: int = 0
    path: str = ""
    other: str = ""
    offset: int = 0
    data: bytes = b""


class Recorder:
    """Records below *folder*; one at a time in a process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events: list[Event] = []
        self.lock = threading.RLock()
        """Held while something is done and written down: what is synced is what was written down before."""
        self._inodes: dict[str, int] = {}
        self._folders: set[int] = set()
        self._count = 0

    # -- what is recorded

    def acknowledged(self, name: str) -> None:
        with self.lock:
            self.events.append(Event("acknowledge", path=name))

    def _make(self, path: str) -> int:
        """The number of the file *path*, which is there from now on."""
        with self.lock:
            if path not in self._inodes:
                self._count += 1
                self._inodes[path] = self._count
                self.events.append(Event("make", self._count, path))
            return self._inodes[path]

    def make_folder(self, path: str) -> None:
        self._folders.add(self._make(path))

    def write(self, path: str, offset: int, data: bytes) -> None:
        with self.lock:
            self.events.append(Event("write", self._make(path), path, offset=offset, data=data))

    def truncate(self, path: str, size: int) -> None:
        with self.lock:
            self.events.append(Event("truncate", self._make(path), path, offset=size))

    def sync(self, path: str) -> None:
        with self.lock:
            self.events.append(Event("sync", self._make(path), path))

    def sync_folder(self, path: str) -> None:
        with self.lock:
            self.events.append(Event("folder", path=path))

    def rename(self, path: str, other: str) -> None:
        with self.lock:
            inode = self._make(path)
            del self._inodes[path]
            self._inodes[other] = inode
            self.events.append(Event("rename", inode, path, other))

    def unlink(self, path: str) -> None:
        with self.lock:
            if path in self._inodes:
                self.events.append(Event("unlink", self._inodes.pop(path), path))

    def __contains__(self, path: object) -> bool:
        return str(path).startswith(str(self.folder))

    # -- what is left

    def after_cut(self, at: int, into: Path, chance: random.Random) -> set[str]:
        """Build in *into* what may be left when the power went after *at* events; gives what was acknowledged."""
        contents, names, acknowledged = self._replay(self.events[:at], chance)
        shutil.rmtree(into, ignore_errors=True)
        into.mkdir(parents=True)
        for path, inode in sorted(names.items()):
            target = into / Path(path).relative_to(self.folder)
            if not target.parent.is_dir():
                continue  # its folder's own name is gone
            if inode in self._folders:
                target.mkdir()
            else:
                target.write_bytes(contents.get(inode, bytearray()))
        return acknowledged

    def _replay(
        self, events: list[Event], chance: random.Random
    ) -> tuple[dict[int, bytearray], dict[str, int], set[str]]:
        contents: dict[int, bytearray] = {}
        pending: dict[int, list[Event]] = {}
        names: dict[str, int] = {}
        unsure: dict[str, list[Event]] = {}
        acknowledged: set[str] = set()
        for event in events:
            if event.kind in ("write", "truncate"):
                pending.setdefault(event.inode, []).append(event)
            elif event.kind == "sync":
                for change in pending.pop(event.inode, ()):
                    _apply(contents, change, change.data)
            elif event.kind in ("make", "rename", "unlink"):
                unsure.setdefault(os.path.dirname(event.path), []).append(event)
                if event.other and os.path.dirname(event.other) != os.path.dirname(event.path):
                    unsure.setdefault(os.path.dirname(event.other), []).append(event)
            elif event.kind == "folder":
                for change in unsure.pop(event.path, ()):
                    _name(names, change, event.path)
            else:
                acknowledged.add(event.path)
        for folder, changes in unsure.items():
            # A journal keeps their order: some first ones are there, the others not.
            for change in changes[: chance.randint(0, len(changes))]:
                _name(names, change, folder)
        for changes in pending.values():
            for change in changes:
                if chance.random() < 0.5:
                    _apply(contents, change, _torn(change.data, chance))
        return contents, names, acknowledged


def _apply(contents: dict[int, bytearray], change: Event, data: bytes) -> None:
    content = contents.setdefault(change.inode, bytearray())
    if change.kind == "truncate":
        del content[change.offset :]
        content.extend(bytes(max(0, change.offset - len(content))))
        return
    if len(content) < change.offset:
        content.extend(bytes(change.offset - len(content)))
    content[change.offset : change.offset + len(data)] = data


def _torn(data: bytes, chance: random.Random) -> bytes:
    """Some first sectors of a write, or all."""
    if chance.random() < 0.5:
        return data
    return data[: SECTOR * chance.randint(0, len(data) // SECTOR)]


def _name(names: dict[str, int], change: Event, folder: str) -> None:
    """The part of a change of names that stands in *folder*."""
    if change.kind == "make":
        names[change.path] = change.inode
        return
    if os.path.dirname(change.path) == folder and names.get(change.path) == change.inode:
        del names[change.path]
    if change.kind == "rename" and os.path.dirname(change.other) == folder:
        names[change.other] = change.inode


# -- the documents' side ----------------------------------------------------------------------------------------------


@contextmanager
def recording(folder: Path) -> Iterator[Recorder]:
    """Record everything that this process does below *folder* by SQLite and by the functions that blobs use."""
    recorder = Recorder(folder)
    shim = _Shim(recorder)
    with _files(recorder):
        shim.install()
        try:
            yield recorder
        finally:
            shim.remove()


@contextmanager
def _files(recorder: Recorder) -> Iterator[None]:
    plain_open, plain_fsync, plain_rename, plain_unlink = os.open, os.fsync, Path.rename, Path.unlink
    plain_mkdir = Path.mkdir

    def open_(path: Any, flags: int, *rest: Any, **named: Any) -> int:
        with recorder.lock:
            if path in recorder and flags & os.O_CREAT:
                recorder._make(str(path))
            return plain_open(path, flags, *rest, **named)

    def fsync(descriptor: int) -> None:
        with recorder.lock:
            plain_fsync(descriptor)
            path = os.readlink(f"/proc/self/fd/{descriptor}")
            if path not in recorder:
                return
            if os.path.isdir(path):
                recorder.sync_folder(path)
            else:
                # The documents are written through Python's own file object, from the beginning, once.
                recorder.write(path, 0, Path(path).read_bytes())
                recorder.sync(path)

    def rename(self: Path, target: Any) -> Path:
        with recorder.lock:
            if self in recorder:
                recorder.rename(str(self), str(target))
            return plain_rename(self, target)

    def unlink(self: Path, missing_ok: bool = False) -> None:
        with recorder.lock:
            if self in recorder:
                recorder.unlink(str(self))
            plain_unlink(self, missing_ok=missing_ok)

    def mkdir(self: Path, *rest: Any, **named: Any) -> None:
        with recorder.lock:
            plain_mkdir(self, *rest, **named)
            if self in recorder:
                recorder.make_folder(str(self))

    os.open, os.fsync = open_, fsync
    Path.rename, Path.unlink, Path.mkdir = rename, unlink, mkdir  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        os.open, os.fsync = plain_open, plain_fsync
        Path.rename, Path.unlink, Path.mkdir = plain_rename, plain_unlink, plain_mkdir  # type: ignore[method-assign]


# -- SQLite's side ----------------------------------------------------------------------------------------------------
# https://sqlite.org/c3ref/vfs.html, https://sqlite.org/c3ref/io_methods.html

_P, _I, _L = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64
_OPEN = ctypes.CFUNCTYPE(_I, _P, _P, _P, _I, _P)
_DELETE = ctypes.CFUNCTYPE(_I, _P, ctypes.c_char_p, _I)
_CLOSE = ctypes.CFUNCTYPE(_I, _P)
_WRITE = ctypes.CFUNCTYPE(_I, _P, _P, _I, _L)
_TRUNCATE = ctypes.CFUNCTYPE(_I, _P, _L)
_SYNC = ctypes.CFUNCTYPE(_I, _P, _I)


class _Vfs(ctypes.Structure):
    _fields_ = (
        ("iVersion", _I),
        ("szOsFile", _I),
        ("mxPathname", _I),
        ("pNext", _P),
        ("zName", ctypes.c_char_p),
        ("pAppData", _P),
        ("xOpen", _P),
        ("xDelete", _P),
        ("rest", _P * 16),
    )


class _Methods(ctypes.Structure):
    _fields_ = (
        ("iVersion", _I),
        ("xClose", _P),
        ("xRead", _P),
        ("xWrite", _P),
        ("xTruncate", _P),
        ("xSync", _P),
        ("rest", _P * 13),
    )


class _Shim:
    """SQLite's default VFS with an ear at every write: the same functions, ours called first."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._library = ctypes.CDLL(_sqlite3.__file__)
        self._library.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
        self._plain = self._library.sqlite3_vfs_find(None)
        self._paths: dict[int, str] = {}
        self._kept: list[Any] = []
        self._methods: dict[int, _Methods] = {}

    def install(self) -> None:
        vfs = self._plain.contents
        self._before = (vfs.xOpen, vfs.xDelete)
        vfs.xOpen = self._address(_OPEN(self._open))
        vfs.xDelete = self._address(_DELETE(self._delete))

    def remove(self) -> None:
        vfs = self._plain.contents
        vfs.xOpen, vfs.xDelete = self._before

    def _address(self, function: Any) -> int | None:
        self._kept.append(function)
        return ctypes.cast(function, _P).value

    def _open(self, vfs: int, name: int | None, file: int, flags: int, out: int | None) -> int:
        result = _OPEN(self._before[0])(vfs, name, file, flags, out)
        path = ctypes.string_at(name).decode() if name else ""
        if result == 0 and path in self._recorder:
            self._paths[file] = path
            self._recorder._make(path)
            held = ctypes.cast(file, ctypes.POINTER(ctypes.c_void_p))
            if held[0]:
                held[0] = self._listening(held[0])
        return int(result)

    def _delete(self, vfs: int, name: bytes, sync: int) -> int:
        result = _DELETE(self._before[1])(vfs, name, sync)
        path = name.decode()
        if result == 0 and path in self._recorder:
            self._recorder.unlink(path)
            if sync:
                self._recorder.sync_folder(os.path.dirname(path))
        return int(result)

    def _listening(self, plain_at: int) -> int:
        """The same methods with ours in the place of those that write."""
        if plain_at not in self._methods:
            plain = _Methods.from_address(plain_at)
            ours = _Methods.from_buffer_copy(plain)
            ours.xClose = self._address(_CLOSE(self._closing(_CLOSE(plain.xClose))))
            ours.xWrite = self._address(_WRITE(self._writing(_WRITE(plain.xWrite))))
            ours.xTruncate = self._address(_TRUNCATE(self._cutting(_TRUNCATE(plain.xTruncate))))
            ours.xSync = self._address(_SYNC(self._syncing(_SYNC(plain.xSync))))
            self._methods[plain_at] = ours
        return ctypes.addressof(self._methods[plain_at])

    def _closing(self, plain: Callable[[int], int]) -> Callable[[int], int]:
        def close(file: int) -> int:
            self._paths.pop(file, None)
            return plain(file)

        return close

    def _writing(self, plain: Callable[[int, int, int, int], int]) -> Callable[[int, int, int, int], int]:
        def write(file: int, data: int, size: int, offset: int) -> int:
            with self._recorder.lock:
                result = plain(file, data, size, offset)
                if result == 0:
                    self._recorder.write(self._paths[file], offset, ctypes.string_at(data, size))
            return result

        return write

    def _cutting(self, plain: Callable[[int, int], int]) -> Callable[[int, int], int]:
        def truncate(file: int, size: int) -> int:
            with self._recorder.lock:
                result = plain(file, size)
                if result == 0:
                    self._recorder.truncate(self._paths[file], size)
            return result

        return truncate

    def _syncing(self, plain: Callable[[int, int], int]) -> Callable[[int, int], int]:
        def sync(file: int, flags: int) -> int:
            with self._recorder.lock:
                result = plain(file, flags)
                path = self._paths[file]
                if result == 0:
                    self._recorder.sync(path)
                    # On Unix SQLite syncs the folder with the first sync of a log that it has made.
                    if path.endswith(("-wal", "-journal")):
                        self._recorder.sync_folder(os.path.dirname(path))
            return result

        return sync
