"""Large bytes in files named by their SHA-256 (:class:`gateway.flow.ports.Blobs`).

A file is written under a temporary name, synced, renamed, and its folder synced, before the row that names it is
written. A crash between file and row leaves an orphan, which :meth:`FileBlobs.sweep` removes by its age; it never
leaves a row without its bytes.

Layout: ``ab/abcdef…`` under the folder, and ``incoming/`` for what is being written.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self

import structlog

from gateway.errors import Unavailable
from gateway.store.files import full, make_folder, sync_folder

log = structlog.get_logger(__name__)

_DIGEST = re.compile(r"[0-9a-f]{64}")
_INCOMING = "incoming"
_THREADS = 8


class _Prepared(NamedTuple):
    """What is on the disk and has no name yet; without *temporary* when a file of that name was there."""

    digest: str
    path: Path
    temporary: Path | None


class Keeping:
    """Bytes on their way to the disk (:class:`gateway.flow.ports.Keeping`)."""

    def __init__(self, blobs: FileBlobs, prepared: Future[_Prepared]) -> None:
        self._blobs = blobs
        self._prepared = prepared
        self._named: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._named is None:
            self._prepared.add_done_callback(_drop)

    @property
    def digest(self) -> str:
        return self._prepared.result().digest

    def confirm(self) -> None:
        self._naming()

    def finish(self) -> None:
        self._naming().result()

    def _naming(self) -> Future[None]:
        if self._named is None:
            self._named = self._blobs._threads().submit(self._blobs._finish, self._prepared.result())
        return self._named


def _drop(prepared: Future[_Prepared]) -> None:
    if prepared.exception() is None and (temporary := prepared.result().temporary) is not None:
        temporary.unlink(missing_ok=True)


class FileBlobs:
    """Blobs in a folder; safe for many threads and many processes of one machine, or of one shared file system."""

    def __init__(self, folder: Path) -> None:
        """Raises Unavailable when *folder* cannot be made or is not ours to write."""
        self._folder = folder
        self._incoming = folder / _INCOMING
        self._lock = folder / "lock"
        self._opening = threading.Lock()
        self._pool: tuple[int, ThreadPoolExecutor] | None = None
        with _named():
            make_folder(self._incoming)
            os.close(os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))

    @staticmethod
    def is_at(folder: Path) -> bool:
        """Whether *folder* is one of ours already: one whose disk is not mounted is empty."""
        return (folder / _INCOMING).is_dir()

    def put(self, content: bytes) -> str:
        """Keep *content*, durable when this returns; gives its SHA-256 in lower-case hexadecimal.

        The same content twice is one file; a file that no longer holds what its name says is written anew.
        Raises Unavailable (``store_full``, ``store_unavailable``).
        """
        # In the caller's own thread, who waits in any case: to hand it to another and back takes processor.
        prepared = self._prepare(content)
        self._finish(prepared)
        return prepared.digest

    def begin(self, content: bytes) -> Keeping:
        """Begin to keep *content*: it is on its way to the disk, under a temporary name, while the caller goes on."""
        return Keeping(self, self._threads().submit(self._prepare, content))

    def _threads(self) -> ThreadPoolExecutor:
        # A child process has the object and not its threads.
        with self._opening:
            if self._pool is None or self._pool[0] != os.getpid():
                self._pool = os.getpid(), ThreadPoolExecutor(_THREADS, thread_name_prefix="blob")
            return self._pool[1]

    def _prepare(self, content: bytes) -> _Prepared:
        digest = hashlib.sha256(content).hexdigest()
        path = self._path(digest)
        with _named():
            if self._kept(path, digest):
                return _Prepared(digest, path, None)
            make_folder(path.parent)
            return _Prepared(digest, path, self._write(content))

    def _finish(self, prepared: _Prepared) -> None:
        with _named():
            if prepared.temporary is not None:
                try:
                    prepared.temporary.rename(prepared.path)
                except OSError:
                    prepared.temporary.unlink(missing_ok=True)
                    raise
            # Also when another thread wrote it: that one may not have synced the name yet.
            sync_folder(prepared.path.parent)

    def get(self, digest: str) -> bytes:
        """The bytes of *digest*.

        Raises Unavailable (``store_blob_missing``, ``store_blob_damaged``, and ``store_documents_away`` when the whole
        folder is gone: nobody may take its documents for erased ones).
        """
        try:
            content = self._path(digest).read_bytes()
        except FileNotFoundError:
            raise self._not_found(digest) from None
        except OSError as error:
            raise _ours(error) from None
        if hashlib.sha256(content).hexdigest() != digest:
            log.error("blob.damaged", digest=digest, size_bytes=len(content))
            raise Unavailable("store_blob_damaged", digest=digest)
        return content

    def open(self, digest: str) -> BinaryIO:
        """The bytes of *digest* as a stream at its beginning, compared with their name first; the caller closes it.

        For what is too large for memory. Raises as :meth:`get`.
        """
        try:
            stream = self._path(digest).open("rb")
        except FileNotFoundError:
            raise self._not_found(digest) from None
        except OSError as error:
            raise _ours(error) from None
        try:
            if hashlib.file_digest(stream, "sha256").hexdigest() != digest:
                log.error("blob.damaged", digest=digest)
                raise Unavailable("store_blob_damaged", digest=digest)
            stream.seek(0)
        except OSError as error:
            stream.close()
            raise _ours(error) from None
        except Unavailable:
            stream.close()
            raise
        return stream

    def sweep(self, older_than: datetime, is_referenced: Callable[[str], bool]) -> int:
        """Remove what no row names and what was last put before *older_than* (aware); gives the number of files.

        *is_referenced* says whether any row names a digest: it must know every table whose blobs stand in this
        folder. Let *older_than* lie hours back: between a put and the commit of its row the file is an orphan.
        """
        return self.remove(self.orphans(older_than, is_referenced), is_referenced)

    def orphans(self, older_than: datetime, is_referenced: Callable[[str], bool]) -> dict[Path, float]:
        """What :meth:`sweep` would remove, with the time of each file.

        A file's time was given by some machine's clock, which may have been wrong. So who sweeps beside others asks
        here first, and gives the answer to :meth:`remove` when every row that was on its way has long arrived.
        """
        limit = older_than.timestamp()
        found: dict[Path, float] = {}
        with _named():
            for path in self._files():
                # A file that is being written leaves its temporary name at any moment.
                with suppress(FileNotFoundError):
                    made_at = path.stat().st_mtime
                    if made_at < limit and not self._is_named(path, is_referenced):
                        found[path] = made_at
        return found

    def remove(self, orphans: Mapping[Path, float], is_referenced: Callable[[str], bool]) -> int:
        """Remove those of *orphans* that nothing names still and nobody has put again; gives their number."""
        removed = 0
        with _named():
            for path, made_at in orphans.items():
                with suppress(FileNotFoundError):
                    if not self._is_named(path, is_referenced):
                        removed += self._remove(path, made_at)
        log.info("blobs.swept", removed=removed)
        return removed

    def forget(self, digest: str, older_than: datetime) -> bool:
        """Remove the bytes of *digest*, which are erased; whether they are gone.

        Not when they were put again since *older_than*: the row that will name them may be on its way. Raises
        Unavailable.
        """
        path = self._path(digest)
        # A lock that cannot be found is a folder that is away: nothing in it is gone.
        with _named(), self._locked(fcntl.LOCK_EX), suppress(FileNotFoundError):
            if path.stat().st_mtime >= older_than.timestamp():
                return False
            path.unlink()
            sync_folder(path.parent)
        return True

    def digests(self) -> Iterator[str]:
        """The name of every file that is whole, in their order. Raises Unavailable."""
        with _named():
            for path in self._files():
                if path.parent != self._incoming:
                    yield path.name

    def _not_found(self, digest: str) -> Unavailable:
        if not self.is_at(self._folder):
            return Unavailable("store_documents_away", folder=str(self._folder))
        return Unavailable("store_blob_missing", digest=digest)

    def _is_named(self, path: Path, is_referenced: Callable[[str], bool]) -> bool:
        return path.parent != self._incoming and is_referenced(path.name)

    def _path(self, digest: str) -> Path:
        if _DIGEST.fullmatch(digest) is None:
            raise Unavailable("store_blob_missing", digest=digest[:64])
        return self._folder / digest[:2] / digest

    def _files(self) -> Iterator[Path]:
        for folder in sorted(self._folder.iterdir()):
            if folder.is_dir() and (folder.name == _INCOMING or len(folder.name) == 2):
                yield from sorted(folder.iterdir())

    def _kept(self, path: Path, digest: str) -> bool:
        """Whether *path* holds the bytes of *digest* already; it is then as young as if it had just been written."""
        with self._locked(fcntl.LOCK_SH):
            try:
                kept = hashlib.sha256(path.read_bytes()).hexdigest() == digest
                if kept:
                    os.utime(path)
            except FileNotFoundError:
                return False
        return kept

    def _write(self, content: bytes) -> Path:
        """*content* in a synced file with a temporary name."""
        temporary = self._incoming / secrets.token_hex(16)
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with open(descriptor, "wb", buffering=0) as file:
                rest = memoryview(content)
                while rest:
                    rest = rest[file.write(rest) :]
                os.fsync(file.fileno())
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return temporary

    def _remove(self, path: Path, made_at: float) -> int:
        # Looked at again under the lock: a put of the same content may have given the file another time in between.
        with self._locked(fcntl.LOCK_EX):
            if path.stat().st_mtime != made_at:
                return 0
            path.unlink()
        return 1

    @contextmanager
    def _locked(self, kind: int) -> Iterator[None]:
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, kind)
            yield
        finally:
            os.close(descriptor)


@contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _ours(error) from None


def _ours(error: OSError) -> Unavailable:
    code = "store_full" if full(error) else "store_unavailable"
    log.warning("blobs.failed", code=code, errno=error.errno)
    return Unavailable(code, cause=os.strerror(error.errno or 0))
