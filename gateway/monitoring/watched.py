"""Adapters that are counted: each call to a peer with its duration, each failure with its code.

A watched adapter has the methods of the one inside. It is made by attribute, so that a method which an adapter gains is
watched without a line here.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeVar, cast

from gateway.errors import PeerMisbehaved, PeerRefused, PeerUnreachable
from gateway.monitoring.figures import (
    ANSWER_DELAY,
    MESSAGES,
    PEER_CALLS,
    PEER_ERRORS,
    PEER_FAILURE,
    PEER_SUCCESS,
    RELAY_MOVES,
    SHARE_DELAY,
    SHARE_MOVES,
    Figures,
)

T = TypeVar("T")
_PEERS_FAULT = (PeerUnreachable, PeerRefused, PeerMisbehaved)
_ACKNOWLEDGEMENTS = (b"AA", b"AE", b"AR", b"CA", b"CE", b"CR")


def peer(figures: Figures, adapter: T, name: str, quiet: Collection[str] = ()) -> T:
    """*adapter* with its calls to the peer *name* counted; *quiet* are the methods that call nobody."""
    return cast(T, _Peer(figures, adapter, name, quiet))


def peers(figures: Figures, adapters: Mapping[str, T], what: str, quiet: Collection[str] = ()) -> dict[str, T]:
    """Each of *adapters* watched under ``what name``, such as ``pacs main``."""
    return {name: peer(figures, one, f"{what} {name}", quiet) for name, one in adapters.items()}


class _Peer:
    def __init__(self, figures: Figures, adapter: object, name: str, quiet: Collection[str]) -> None:
        self._figures = figures
        self._adapter = adapter
        self._name = name
        self._quiet = frozenset(quiet) | {"close"}

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(self._adapter, attribute)
        if not callable(value) or attribute in self._quiet or attribute.startswith("_"):
            return value
        return self._watched(attribute, value)

    def _watched(self, operation: str, call: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(call)
        def watched(*args: Any, **options: Any) -> Any:
            begun = time.perf_counter()
            try:
                result = call(*args, **options)
            except _PEERS_FAULT as error:
                self._figures.count(PEER_ERRORS, peer=self._name, operation=operation, code=error.code)
                self._ended(operation, begun, answered=False)
                raise
            self._ended(operation, begun, answered=True)
            return result

        return watched

    def _ended(self, operation: str, begun: float, *, answered: bool) -> None:
        self._figures.observe(PEER_CALLS, time.perf_counter() - begun, peer=self._name, operation=operation)
        self._figures.put(PEER_SUCCESS if answered else PEER_FAILURE, time.time(), peer=self._name)


class Carried(Protocol):
    """A share, or a message of the relay."""

    @property
    def state(self) -> StrEnum: ...
    @property
    def reason(self) -> str: ...


C = TypeVar("C", bound=Carried)


class Carrier(Protocol[C]):
    """What a worker has its work done by (:class:`gateway.work.Carrier`)."""

    def carry(self, work: C, /) -> C: ...


class CountedCarrier:
    """A carrier whose work is counted by the state it led to; a share's whole delay when it was registered."""

    def __init__(self, figures: Figures, carrier: Carrier[Any]) -> None:
        self._figures = figures
        self._carrier = carrier

    def carry(self, work: Any, /) -> Any:
        """What the carrier inside gives; raises as that one."""
        ended = self._carrier.carry(work)
        destination = getattr(ended, "destination", None)
        if destination is None:
            self._figures.count(RELAY_MOVES, state=ended.state.value, reason=ended.reason)
            return ended
        self._figures.count(SHARE_MOVES, destination=destination, state=ended.state.value, reason=ended.reason)
        registered: datetime | None = ended.registered_at
        if registered is not None and work.registered_at is None:
            delay_s = max(0.0, (registered - ended.created_at).total_seconds())
            self._figures.observe(SHARE_DELAY, delay_s, destination=destination)
        return ended


class CountedReception:
    """A reception whose answers are counted by their code, with the time that each took."""

    def __init__(self, figures: Figures, reception: object) -> None:
        self._figures = figures
        self._reception = reception

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(self._reception, attribute)
        return self._counted(value) if attribute in ("answer", "busy", "answer_fault") else value

    def _counted(self, call: Callable[..., bytes | None]) -> Callable[..., bytes | None]:
        def counted(*args: Any, **options: Any) -> bytes | None:
            begun = time.perf_counter()
            answer = call(*args, **options)
            self._figures.count(MESSAGES, answer=acknowledged(answer))
            self._figures.observe(ANSWER_DELAY, time.perf_counter() - begun)
            return answer

        return counted


def acknowledged(answer: bytes | None) -> str:
    """MSA-1 of an acknowledgement of ours, ``none`` where there is no answer (HL7 v2.5 section 2.15.8)."""
    if answer is None:
        return "none"
    start = answer.find(b"\rMSA")
    code = answer[start + 5 : start + 7] if start >= 0 else b""
    return code.decode() if code in _ACKNOWLEDGEMENTS else "none"
