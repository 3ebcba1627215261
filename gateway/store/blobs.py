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
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import structlog

from gateway.errors import Unavailable
from gateway.store.files import full, make_folder, sync_folder

log = structlog.get_logger(__name__)

_DIGEST = re.compile(r"[0-9a-f]{64}")
_INCOMING = "incoming"


class FileBlobs:
    """Blobs in a folder; safe for many threads and many processes of one machine, or of one shared file system."""

    def __init__(self, folder: Path) -> None:
        """Raises Unavailable when *folder* cannot be made or is not ours to write."""
        self._folder = folder
        self._incoming = folder / _INCOMING
        self._lock = folder / "lock"
        with _named():
            make_folder(self._incoming)
            os.close(os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))

    def put(self, content: bytes) -> str:
        """Keep *content*, durable when this returns; gives its SHA-256 in lower-case hexadecimal.

        The same content twice is one file; a file that no longer holds what its name says is written anew.
        Raises Unavailable (``store_full``, ``store_unavailable``).
        """
        digest = hashlib.sha256(content).hexdigest()
        path = self._path(digest)
        with _named():
            if not self._kept(path, digest):
                self._write(path, content)
            # Also when another thread wrote it: that one may not have synced the name yet.
            sync_folder(path.parent)
        return digest

    def get(self, digest: str) -> bytes:
        """The bytes of *digest*. Raises Unavailable (``store_blob_missing``, ``store_blob_damaged``)."""
        try:
            content = self._path(digest).read_bytes()
        except FileNotFoundError:
            raise Unavailable("store_blob_missing", digest=digest) from None
        except OSError as error:
            raise _ours(error) from None
        if hashlib.sha256(content).hexdigest() != digest:
            log.error("blob.damaged", digest=digest, size_bytes=len(content))
            raise Unavailable("store_blob_damaged", digest=digest)
        return content

    def sweep(self, older_than: datetime, is_referenced: Callable[[str], bool]) -> int:
        """Remove what no row names and what was last put before *older_than* (aware); gives the number of files.

        *is_referenced* says whether any row names a digest: it must know every table whose blobs stand in this
        folder. Let *older_than* lie hours back: between a put and the commit of its row the file is an orphan.
        """
        limit = older_than.timestamp()
        removed = 0
        with _named():
            for path in self._files():
                # A file that is being written leaves its temporary name at any moment.
                with suppress(FileNotFoundError):
                    if path.stat().st_mtime >= limit:
                        continue
                    if path.parent != self._incoming and is_referenced(path.name):
                        continue
                    removed += self._remove(path, limit)
        log.info("blobs.swept", removed=removed)
        return removed

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

    def _write(self, path: Path, content: bytes) -> None:
        make_folder(path.parent)
        temporary = self._incoming / secrets.token_hex(16)
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with open(descriptor, "wb", buffering=0) as file:
                rest = memoryview(content)
                while rest:
                    rest = rest[file.write(rest) :]
                os.fsync(file.fileno())
            temporary.rename(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def _remove(self, path: Path, limit: float) -> int:
        # Looked at again under the lock: a put of the same content may have made the file young in between.
        with self._locked(fcntl.LOCK_EX):
            if path.stat().st_mtime >= limit:
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
