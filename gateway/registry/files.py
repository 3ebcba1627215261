"""The documents' bytes: files named by their SHA-256, written and read as streams.

:class:`gateway.store.blobs.FileBlobs` has the layout and the sweeping; here documents of any size pass without being
held in memory, their hashes are taken on the way, and what is read is checked: small documents before they are given,
large ones while they are sent, once a process. The end of a damaged document is held back, so that nobody takes it
for whole.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Protocol

from gateway.errors import Unavailable
from gateway.registry.rules import Measured
from gateway.store.blobs import FileBlobs
from gateway.store.files import full, make_folder, sync_folder

CHECKED_BEFORE_BYTES = 1024 * 1024
"""A document up to this size is checked before its answer begins, whatever else is in it."""
_CHUNK_BYTES = 256 * 1024
_REMEMBERED = 10_000
_SAFE_AGE_S = 900.0
"""A file that was put longer ago than any submission lasts: no row that is still to come names it."""


class Content(Protocol):
    """The bytes of a submitted document, wherever they wait (``gateway.xds.mtom.Part``)."""

    @property
    def size_bytes(self) -> int: ...

    def chunks(self) -> Iterator[bytes]: ...

    def read(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Written:
    """A document on its way to the disk, under a temporary name."""

    measured: Measured
    temporary: str


class Receiving:
    """The documents of one submission on their way to the disk; what was not kept is gone when it is closed."""

    def __init__(self, files: DocumentFiles, documents: Mapping[str, Content]) -> None:
        self._files = files
        self._written = files.write_all(documents)
        self._temporary = [one.temporary for one in self._written]
        """What is still there to be removed."""

    @property
    def measured(self) -> list[Measured]:
        """Hashes and sizes of the very bytes, in the order of the documents."""
        return [one.measured for one in self._written]

    def keep(self) -> None:
        """Give every document its name; durable when this returns. Raises Unavailable."""
        self._temporary = self._files.name_all(self._written)

    def __enter__(self) -> Receiving:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for temporary in self._temporary:
            _remove(temporary)


class DocumentFiles(FileBlobs):
    """Documents in a folder; safe for many threads and many processes of one machine, or of one shared file system."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._checked: OrderedDict[str, tuple[int, ...]] = OrderedDict()
        self._checking = threading.Lock()

    def make_folders(self) -> None:
        """Make the folder of every digest, once for all: a submission that makes its own waits for the disk for each.

        Raises Unavailable.
        """
        folders = [self._folder / f"{number:02x}" for number in range(256)]
        with _named():
            if not folders[-1].is_dir():
                for folder in folders:
                    folder.mkdir(mode=0o700, exist_ok=True)
            sync_folder(self._folder)

    def receive(self, documents: Mapping[str, Content]) -> Receiving:
        """Write *documents*, by the ids of their entries, under temporary names. Raises Unavailable."""
        return Receiving(self, documents)

    def write_all(self, documents: Mapping[str, Content]) -> list[Written]:
        """:meth:`receive`: written and measured, not synced yet."""
        written: list[Written] = []
        try:
            with _named():
                for name, content in documents.items():
                    written.append(self._write_one(name, content.chunks()))
        except BaseException:
            for one in written:
                _remove(one.temporary)
            raise
        return written

    def name_all(self, written: Sequence[Written]) -> list[str]:
        """Sync each and rename it to its digest, unless an intact file has that name already; durable when this
        returns, which gives the temporary files that were not needed.

        First every file, then every name: all of them are on their way to the disk already (:meth:`_write_one`), so
        the first sync waits for all, and a thread for each would cost more than it saves.
        """
        fresh: list[tuple[str, str]] = []
        needless: list[str] = []
        with _named():
            for one in written:
                digest = one.measured.sha256
                path = f"{self._folder}/{digest[:2]}/{digest}"
                if self._intact(path, digest):
                    needless.append(one.temporary)
                else:
                    fresh.append((one.temporary, path))
            for temporary, _ in fresh:
                _sync(temporary)
            for temporary, path in fresh:
                try:
                    os.rename(temporary, path)
                except FileNotFoundError:
                    make_folder(Path(path).parent)
                    os.rename(temporary, path)
            for folder in {one.measured.sha256[:2] for one in written}:
                sync_folder(self._folder / folder)
        return needless

    def content(self, digest: str, *, alone: bool = True) -> Stored:
        """The bytes of *digest*, to be read as a stream; no file is open until then.

        Raises Unavailable (``store_blob_missing``, ``store_blob_damaged``, ``store_documents_away``). Reading the last
        bytes of a large document that is damaged raises it too, instead of giving them; that would spoil an answer
        with others in it, so one that is not *alone* is read through first.
        """
        path = self._path(digest)
        try:
            state = _state(path.stat())
        except OSError as error:
            raise self._unread(error, digest) from None
        if self._checked.get(digest) == state:
            return Stored(path, state[1])
        if state[1] <= CHECKED_BEFORE_BYTES or not alone:
            if self._digest_of(path, digest) != digest:
                raise Unavailable("store_blob_damaged", digest=digest)
            self._remember(digest, state)
            return Stored(path, state[1])
        return Stored(path, state[1], digest, lambda: self._remember(digest, state))

    def measure(self, digest: str) -> Measured:
        """Hashes and size of what the file of *digest* holds. Raises Unavailable when it cannot be read."""
        sha1, sha256 = hashlib.sha1(usedforsecurity=False), hashlib.sha256()
        size = 0
        try:
            with self._path(digest).open("rb") as file:
                while chunk := file.read(_CHUNK_BYTES):
                    sha1.update(chunk)
                    sha256.update(chunk)
                    size += len(chunk)
        except OSError as error:
            raise self._unread(error, digest) from None
        return Measured("", sha1.hexdigest(), sha256.hexdigest(), size)

    def discard(self, digest: str, is_referenced: Callable[[str], bool]) -> bool:
        """Remove the file of *digest* unless a row names it or it is young; gives whether it is gone."""
        young = datetime.now(UTC) - timedelta(seconds=_SAFE_AGE_S)
        return not is_referenced(digest) and self.forget(digest, young)

    def _unread(self, error: OSError, digest: str) -> Unavailable:
        return self._not_found(digest) if isinstance(error, FileNotFoundError) else _ours(error)

    def _digest_of(self, path: Path, digest: str) -> str:
        try:
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise self._unread(error, digest) from None

    def _write_one(self, name: str, chunks: Iterator[bytes]) -> Written:
        """One document under a temporary name, its hashes taken on the way."""
        sha1, sha256 = hashlib.sha1(usedforsecurity=False), hashlib.sha256()
        temporary = f"{self._incoming}/{secrets.token_hex(16)}"
        size = 0
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                for chunk in chunks:
                    sha1.update(chunk)
                    sha256.update(chunk)
                    size += len(chunk)
                    rest = memoryview(chunk)
                    while rest:
                        rest = rest[os.write(descriptor, rest) :]
                # Linux begins to write it to the disk and does not wait: who syncs several files waits once.
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(descriptor)
        except BaseException:
            _remove(temporary)
            raise
        return Written(Measured(name, sha1.hexdigest(), sha256.hexdigest(), size), temporary)

    def _intact(self, path: str, digest: str) -> bool:
        """Whether *path* holds the bytes of *digest*; it is then as young as if it had just been written."""
        if not os.path.exists(path):  # what is not there cannot be swept away meanwhile
            return False
        with self._locked(fcntl.LOCK_SH):
            try:
                with open(path, "rb") as file:
                    intact = hashlib.file_digest(file, "sha256").hexdigest() == digest
                if intact:
                    os.utime(path)
            except FileNotFoundError:
                return False
        return intact

    def _remember(self, digest: str, state: tuple[int, ...]) -> None:
        with self._checking:
            self._checked[digest] = state
            while len(self._checked) > _REMEMBERED:
                self._checked.popitem(last=False)


class Stored(io.RawIOBase):
    """The bytes of one document: opened when they are first read, closed at their end.

    With a *digest* its SHA-256 is taken while it is read from the beginning to the end, and *intact* is called when it
    is right.
    """

    def __init__(self, path: Path, size: int, digest: str = "", intact: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self._path = path
        self.size_bytes = size
        self._digest = digest
        self._intact = intact
        self._hash = hashlib.sha256()
        self._hashed = 0
        self._position = 0
        self._file: io.FileIO | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        if self._file is None:
            self._file = io.FileIO(self._path)
            self._file.seek(self._position)
        wanted = self.size_bytes - self._position if size < 0 else size
        chunk = self._file.read(wanted)
        if self._digest and self._position == self._hashed:
            self._hash.update(chunk)
            self._hashed += len(chunk)
            if self._hashed >= self.size_bytes and chunk:
                self._compare()
        self._position += len(chunk)
        if self._position >= self.size_bytes:
            self._release()
        return chunk

    def seek(self, offset: int, whence: int = 0, /) -> int:
        base = (0, self._position, self.size_bytes)[whence]
        self._position = base + offset
        if self._file is not None:
            self._file.seek(self._position)
        return self._position

    def tell(self) -> int:
        return self._position

    def close(self) -> None:
        self._release()
        super().close()

    def _compare(self) -> None:
        if self._hash.hexdigest() != self._digest:
            self._release()
            raise Unavailable("store_blob_damaged", digest=self._digest)
        self._intact()

    def _release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)


def _sync(path: str) -> None:
    """Wait until the bytes of *path* are on the disk.

    Opened anew, so that a submission of a thousand documents holds no descriptor of each: Linux tells an error of
    writing back to whoever asks first, also on a later descriptor.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _state(stat: os.stat_result) -> tuple[int, ...]:
    """What changes when a file does: inode, size, times."""
    return (stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


@contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _ours(error) from None


def _ours(error: OSError) -> Unavailable:
    code = "store_full" if full(error) else "store_unavailable"
    return Unavailable(code, cause=os.strerror(error.errno or 0))
