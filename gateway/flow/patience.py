"""How long to wait, and how long at most.

A deadline is used up by looking and trying, not by the clock: of the time between two looks no more counts than
:attr:`Patience.counted_s`. So a clock that is set forward, a gateway that stood still and a share that nobody carried
hold nothing early, and the hours in which a PACS was away are not counted against the study that is awaited.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

_PARENT_INTERVAL_S = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Delays and deadlines, in seconds."""

    look_interval_s: float = 60.0
    """Between two looks at a study; two looks with the same instances make it whole."""
    study_deadline_s: float = 3 * 86_400.0
    """Of looks at a study that never became whole, until its share is held."""
    parent_deadline_s: float = 3 * 86_400.0
    """Of waiting for a report that never came, until what amends it is held."""
    peer_deadline_s: float = 30 * 86_400.0
    """Of tries until a share is held because a PACS or a registry is away: longer than an outage."""
    retry_first_s: float = 2.0
    retry_longest_s: float = 3_600.0

    def look_again(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self.look_interval_s)

    def come_back(self, now: datetime) -> datetime:
        """For what is not there at all: as the next look, and never at once."""
        return now + timedelta(seconds=max(self.look_interval_s, self.retry_first_s))

    def try_again(self, now: datetime, attempts: int, chance: Callable[[], float] = random.random) -> datetime:
        """After *attempts* failures: a delay that doubles up to the longest, half of it by chance.

        The chance keeps a thousand shares that met one outage from coming back in one second.
        """
        ceiling = min(self.retry_longest_s, self.retry_first_s * 2.0 ** min(attempts, 30))
        return now + timedelta(seconds=ceiling / 2 + ceiling / 2 * chance())

    @property
    def counted_s(self) -> float:
        """What counts at most of the time between two looks or tries: twice what lies between them at the longest."""
        return 2 * max(self.look_interval_s, self.retry_longest_s, _PARENT_INTERVAL_S)

    def passed_s(self, since: datetime, now: datetime) -> float:
        """What counts of the time since the last look."""
        return min(max((now - since).total_seconds(), 0.0), self.counted_s)

    def study_is_late(self, waited_s: float) -> bool:
        return waited_s > self.study_deadline_s

    def peer_is_late(self, away_s: float) -> bool:
        return away_s > max(self.peer_deadline_s, self.study_deadline_s)

    def parent_is_late(self, waited_s: float) -> bool:
        """Whether what a share amends should have come by now."""
        return waited_s >= self.parent_deadline_s

    def parent_due(self, now: datetime, waited_s: float) -> datetime:
        """When a share whose parent has not come is looked at again; it is woken when that comes."""
        left_s = max(1.0, self.parent_deadline_s - waited_s)
        return now + timedelta(seconds=min(left_s, _PARENT_INTERVAL_S))
