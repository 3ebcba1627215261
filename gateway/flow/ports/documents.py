"""Bytes: kept under their digest, and read as reports."""

from __future__ import annotations

from typing import Protocol, Self

from gateway.model.report import Report


class Keeping(Protocol):
    """Bytes on their way to the disk; what is left unfinished at the end of the ``with`` is gone."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    @property
    def digest(self) -> str:
        """Their name. Raises Unavailable (disk full)."""

    def confirm(self) -> None:
        """They are wanted: begin to give them their name, while the caller goes on."""

    def finish(self) -> None:
        """Return when they are durable under their name; raises Unavailable."""


class Blobs(Protocol):
    """Large bytes, named by their SHA-256."""

    def put(self, content: bytes) -> str:
        """Write, sync, name; returns the digest. Raises Unavailable (disk full)."""

    def begin(self, content: bytes) -> Keeping:
        """Begin what :meth:`put` does; the disk works while the caller goes on."""

    def get(self, digest: str) -> bytes:
        """Raises Unavailable when the bytes are gone or differ from their name."""


class ReadReport(Protocol):
    """Bytes to a report: the guard of ``trust.safexml`` and then ``cda.read``."""

    def __call__(self, content: bytes) -> Report: ...
