"""How long to wait, and how long at most."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Delays and deadlines, in seconds."""

    look_interval_s: float = 60.0
    """Between two looks at a study; two looks with the same instances make it whole."""
    study_deadline_s: float = 3 * 86_400.0
    """From acceptance until a share whose study never became whole is held."""
    parent_deadline_s: float = 3 * 86_400.0
    """From acceptance until what amends a report that never came is held."""
    peer_deadline_s: float = 30 * 86_400.0
    """From acceptance until a share is held because a PACS or a registry is away: longer than an outage."""
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

    def is_too_late(self, accepted: datetime, now: datetime, *, peer: bool = False) -> bool:
        """Whether the deadline has passed; *peer*: the one of peers that are away."""
        deadline_s = max(self.peer_deadline_s, self.study_deadline_s) if peer else self.study_deadline_s
        return now - accepted > timedelta(seconds=deadline_s)

    def parent_is_late(self, accepted: datetime, now: datetime) -> bool:
        """Whether what a share amends should have come by *now*."""
        return now - accepted >= timedelta(seconds=self.parent_deadline_s)

    def parent_due(self, accepted: datetime, now: datetime) -> datetime:
        """When a share whose parent has not come is looked at again: at its deadline."""
        return max(accepted + timedelta(seconds=self.parent_deadline_s), now + timedelta(seconds=1))
