"""Holds the workers back: the rate of each destination, and peers that are away (:mod:`gateway.store.pace`).

:class:`Pace` is asked by the worker before a share is carried, and by :class:`Paced` around each peer at the moment of
use. Both raise :class:`~gateway.store.pace.Postponed`, which leaves the story as the store's own failures do, and the
worker gives the share back without counting a try.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection, Engine

from gateway.errors import GatewayError, PeerMisbehaved, PeerRefused, PeerUnreachable
from gateway.flow.ports import Clock, Store
from gateway.model.share import Share, ShareState
from gateway.store import pace
from gateway.store.engine import reading
from gateway.store.pace import Postponed, Rate
from gateway.store.schema import SHARES
from gateway.store.writer import Writer

log = structlog.get_logger(__name__)

_SEEN_S = 0.5
"""How long what the store says of peers is believed without asking again."""
_UNTRIED = frozenset({ShareState.FROZEN, ShareState.SENDING})


class _Carrying(threading.local):
    """What the share that this thread carries was allowed already."""

    share: Share | None = None
    allowed: set[str]


class Pace:
    """Rates and absences for one process; safe for its threads."""

    def __init__(
        self,
        engine: Engine,
        writer: Writer,
        store: Store,
        clock: Clock,
        *,
        rates: Mapping[str, Rate],
        sites_of: Mapping[str, Collection[str]],
        first_s: float = 2.0,
        longest_s: float = 60.0,
    ) -> None:
        """*rates* by destination; *sites_of*: the sites whose studies are looked for in a PACS, by its name; *first_s*,
        *longest_s*: between two tries of a peer that is away."""
        self._engine = engine
        self._writer = writer
        self._store = store
        self._clock = clock
        self._rates = rates
        self._sites_of = sites_of
        self._first_s = first_s
        self._longest_s = longest_s
        self._mine = _Carrying()
        self._lock = threading.Lock()
        self._away: frozenset[str] = frozenset()
        self._seen_at = float("-inf")
        self._failing: set[str] = set()

    def begin(self) -> None:
        """At the start of a worker: the rates of the settings hold, also for what waits. Raises Unavailable."""
        now = self._clock.now()
        for destination, rate in self._rates.items():
            self._writer.run(lambda c, d=destination, r=rate: pace.rated(c, d, r, now))  # type: ignore[misc]

    @contextmanager
    def carrying(self, share: Share) -> Iterator[None]:
        """Around the carrying of *share*: it is allowed once what it asks for several times. Raises Postponed."""
        self._mine.share, self._mine.allowed = share, set()
        try:
            # What is not fixed yet is looked at in any case, and stops before it is fixed; a share whose study was
            # seen once is likely to leave.
            if share.state in _UNTRIED or share.progress:
                self.allow(f"destination:{share.destination}", share.destination)
            yield
        finally:
            self._mine.share = None

    def postpone(self, share: Share, postponed: Postponed) -> Share:
        """Give *share* back until then, as it stands in the store. Raises Unavailable (its lease was lost)."""
        stored = self._store.share(share.id)
        later = replace(
            stored, lease=share.lease, due_at=postponed.until, reason=postponed.code, facts=dict(postponed.facts)
        )
        if postponed.code == pace.AWAY:
            # It waits for the peer, and has not been looked at: its patience with the peer is what is used up.
            now = self._clock.now()
            passed_s = min(max((now - stored.updated_at).total_seconds(), 0.0), pace.LONGEST_S)
            later = replace(later, away_s=stored.away_s + passed_s, updated_at=now)
        self._store.save(later, [])
        return replace(later, lease="")

    def allow(self, peer: str, destination: str = "") -> None:
        """Raises Postponed while *peer* is away, or no submission may leave for *destination* now."""
        if self._mine.share is None or peer in self._mine.allowed:
            return
        now = self._clock.now()
        if peer in self._peers_away():
            until = self._writer.run(lambda c: pace.may_try(c, peer, now, self._pause_s))
            if until is not None:
                raise Postponed(pace.AWAY, until, peer=peer.partition(":")[2])
        rate = self._rates.get(destination)
        if rate is not None:
            until = self._writer.run(lambda c: pace.take(c, destination, rate, now))
            if until is not None:
                raise Postponed(pace.PACED, until, destination=destination, per_minute=f"{rate.per_minute:g}")
        self._mine.allowed.add(peer)

    def failed(self, peer: str, code: str) -> None:
        """*peer* did not answer."""
        now = self._clock.now()
        self._failing.add(peer)
        if self._writer.run(lambda c: pace.failed(c, peer, code, self._waiting(peer), now, self._pause_s)):
            log.warning("peer.away", peer=peer, code=code)
        self._seen_at = float("-inf")

    def worked(self, peer: str) -> None:
        """*peer* answered, whatever it said."""
        if peer not in self._failing and peer not in self._peers_away():
            return
        now = self._clock.now()
        woken = self._writer.run(lambda c: pace.worked(c, peer, self._waiting(peer), now))
        self._failing.discard(peer)
        self._seen_at = float("-inf")
        log.warning("peer.answers", peer=peer, woken=woken)

    def _waiting(self, peer: str) -> list[Any]:
        kind, _, name = peer.partition(":")
        if kind == "destination":
            return [SHARES.c.destination == name]
        return [SHARES.c.state == ShareState.WAITING, SHARES.c.site.in_(sorted(self._sites_of.get(name, ())))]

    def _peers_away(self) -> frozenset[str]:
        with self._lock:
            if time.monotonic() - self._seen_at > _SEEN_S:
                with reading(self._engine) as connection:
                    self._away = frozenset(pace.away(connection))
                self._seen_at = time.monotonic()
            return self._away

    def _pause_s(self, failures: int) -> float:
        return float(min(self._longest_s, self._first_s * 2.0 ** min(failures - pace.FAILURES, 30)))

    def probe(self) -> None:
        """See that each peer that is away is tried by somebody (:func:`gateway.store.pace.probe`).

        Raises Unavailable.
        """
        now = self._clock.now()
        for peer in sorted(self._peers_away()):
            self._writer.run(partial(pace.probe, name=peer, waiting=self._waiting(peer), now=now))

    def mend(self, longest_s: float, deadline_s: float, lease_s: float) -> None:
        """Put right what a clock that was put back has left (:func:`gateway.store.pace.mend`). Raises Unavailable."""
        now = self._clock.now()

        def write(connection: Connection) -> int:
            return pace.mend(connection, now, max(longest_s, pace.LONGEST_S), deadline_s, lease_s)

        if moved := self._writer.run(write):
            log.warning("clock.was_put_back", moved=moved)


class Paced:
    """A peer (destination, PACS) whose every method asks :class:`Pace` first and tells it how it went."""

    def __init__(
        self, peer: Any, name: str, pace_of: Pace, *, destination: str = "", local: Collection[str] = ()
    ) -> None:
        """*local*: methods that ask and do not reach the peer, such as the one that prepares a submission."""
        self._peer = peer
        self._name = name
        self._pace = pace_of
        self._destination = destination
        self._local = frozenset(local)

    def __getattr__(self, method: str) -> Any:
        attribute = getattr(self._peer, method)
        if not callable(attribute) or method == "close":
            return attribute
        return self._through(attribute, reaches=method not in self._local)

    def _through(self, attribute: Callable[..., Any], *, reaches: bool) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            self._pace.allow(self._name, self._destination)
            if not reaches:
                return attribute(*arguments, **named)
            try:
                result = attribute(*arguments, **named)
            except PeerUnreachable as error:
                self._tell(partial(self._pace.failed, self._name, error.code))
                raise
            except (PeerRefused, PeerMisbehaved):
                self._tell(partial(self._pace.worked, self._name))
                raise
            self._tell(partial(self._pace.worked, self._name))
            return result

        return call

    def _tell(self, what: Callable[[], None]) -> None:
        # The peer's answer is worth more than our own book about it.
        try:
            what()
        except GatewayError as error:
            log.warning("pace.not_recorded", peer=self._name, code=error.code)
