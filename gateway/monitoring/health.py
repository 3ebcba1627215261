"""Whether the gateway can do its work: a few looks, each with a name, and what they come to.

What a look says holds nothing of a patient and, for machines outside, nothing of the installation but codes.
"""

from __future__ import annotations

import os
import secrets
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Literal, TypeVar

from gateway.errors import GatewayError, Unavailable
from gateway.monitoring.figures import PEER_FAILURE, PEER_SUCCESS
from gateway.monitoring.status import Status, named, numbered
from gateway.texts import sentence

T = TypeVar("T")
State = Literal["ok", "warning", "wrong"]
KEPT_S = 2.0
"""Answers are so old at most: whoever asks every moment must not keep the disk busy."""


@dataclass(frozen=True, slots=True)
class Look:
    """One thing that was looked at; *code* names the sentence that says what is wrong with it."""

    name: str
    state: State
    code: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)

    def words(self, language: str) -> str:
        """For a person; empty when there is nothing to say."""
        return sentence(self.code, dict(self.facts), language) if self.code else ""


@dataclass(frozen=True, slots=True)
class PeerState:
    """A peer as the calls of this machine's processes have found it; no call is made to know."""

    name: str
    up: bool
    since: float
    """Of the last call that says so, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Health:
    """What all looks come to; peers are told, and never make the gateway itself unready."""

    looks: Sequence[Look]
    peers: Sequence[PeerState] = ()

    @property
    def ready(self) -> bool:
        return all(look.state != "wrong" for look in self.looks)

    def as_json(self, language: str = "") -> dict[str, object]:
        """With sentences in *language* (their facts name paths), or codes alone for whoever asks over the network."""
        looks = []
        for look in self.looks:
            told = {"name": look.name, "state": look.state, "code": look.code}
            looks.append({**told, "words": look.words(language)} if language else told)
        peers = [{"name": peer.name, "up": peer.up, "since": round(peer.since)} for peer in self.peers]
        return {"ready": self.ready, "looks": looks, "peers": peers}


def looked(name: str, look: Callable[[], None]) -> Look:
    """*look* raises a GatewayError for what is wrong."""
    try:
        look()
    except GatewayError as error:
        return Look(name, "wrong", error.code, error.facts)
    return Look(name, "ok")


def disk(name: str, folder: Path, *, warning_bytes: int, minimum_bytes: int) -> Look:
    """Whether there is room on the disk of *folder*, or of the nearest folder above it that exists."""
    facts = {"folder": str(folder), "warning": megabytes(warning_bytes), "minimum": megabytes(minimum_bytes)}
    try:
        free = free_bytes(folder)
    except OSError as error:
        return Look(name, "wrong", "health_disk_unreadable", {**facts, "words": error.strerror or "unreadable"})
    facts["free"] = megabytes(free)
    if free < minimum_bytes:
        return Look(name, "wrong", "health_disk_full", facts)
    if free < warning_bytes:
        return Look(name, "warning", "health_disk_low", facts)
    return Look(name, "ok", "health_disk_ok", facts)


def free_bytes(folder: Path) -> int:
    """What this user may still write under *folder*; raises OSError."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1024**2:.0f}"


def writable(folder: Path) -> None:
    """Write and remove a small file in *folder*; raises Unavailable (``health_not_writable``)."""
    path = folder / f".health-{secrets.token_hex(8)}"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, b"alive\n")
        finally:
            os.close(descriptor)
            path.unlink(missing_ok=True)
    except OSError as error:
        words = error.strerror or type(error).__name__
        raise Unavailable("health_not_writable", folder=str(folder), words=words) from None


def peers_of(statuses: Iterable[Status]) -> list[PeerState]:
    """The peers that the processes have called; one is up when its last call in any of them was answered."""
    latest: dict[str, dict[str, float]] = {PEER_SUCCESS.name: {}, PEER_FAILURE.name: {}}
    for status in statuses:
        for figure in status.figures:
            moments = latest.get(str(figure.get("name")))
            name = figure["labels"].get("peer")
            if moments is not None and isinstance(name, str):
                moments[name] = max(moments.get(name, 0.0), float(figure.get("value", 0.0)))
    answered, failed = latest[PEER_SUCCESS.name], latest[PEER_FAILURE.name]
    found = []
    for name in sorted({*answered, *failed}):
        up = answered.get(name, 0.0) > failed.get(name, 0.0)
        found.append(PeerState(name, up, max(answered.get(name, 0.0), failed.get(name, 0.0))))
    return found


def role_looks(statuses: Sequence[Status], expected: Iterable[str], now: float) -> list[Look]:
    """One look a process; a role that is expected, and of which fewer processes have said anything, is wrong."""
    found = [_process(name, status, now) for name, status in named(statuses)]
    present = Counter(status.role for status in statuses)
    for role, wanted in Counter(expected).items():
        absent = [numbered(role, number) for number in range(present[role] + 1, wanted + 1)]
        found += [Look(f"process {name}", "wrong", "health_role_absent", {"role": name}) for name in absent]
    return sorted(found, key=lambda look: look.name)


def _process(called: str, status: Status, now: float) -> Look:
    name = f"process {called}"
    facts = {"role": called, "pid": str(status.pid), "ago": f"{max(0.0, now - status.at):.0f}"}
    if status.silent(now):
        return Look(name, "wrong", "health_role_silent", facts)
    if status.store:
        return Look(name, "wrong", status.store, facts)
    return Look(name, "ok", "health_role_ok", facts)


class Remembered(Generic[T]):
    """An answer that is made at most every *kept_s* seconds, by one caller at a time; the others get the last one.

    A store that does not answer takes seconds to say so: the threads of the web must not all wait for that.
    """

    def __init__(self, make: Callable[[], T], kept_s: float = KEPT_S) -> None:
        self._make = make
        self._kept_s = kept_s
        self._lock = threading.Lock()
        self._made: tuple[float, T] | None = None

    def __call__(self) -> T:
        made = self._made
        if made is not None:
            if self._is_young(made) or not self._lock.acquire(blocking=False):
                return made[1]
        else:
            self._lock.acquire()
        try:
            # Made while this caller waited.
            if self._made is not None and self._is_young(self._made):
                return self._made[1]
            answer = self._make()
            self._made = (time.monotonic(), answer)
            return answer
        finally:
            self._lock.release()

    def _is_young(self, made: tuple[float, T]) -> bool:
        return time.monotonic() - made[0] < self._kept_s
