"""A published study that is looked at again: who watches, and what a look found."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gateway.model.share import Manifest

IMAGES_LOST = "images_lost"
"""Why a share is held that would take away what nobody rejected."""


class WatchState(StrEnum):
    """What a look ended with."""

    WATCHED = "watched"
    """It will be looked at again."""
    ENDED = "ended"
    """Nothing of it is published any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """One study of one site, claimed to be looked at."""

    site: str
    study_uid: str
    round: int
    """How often it was looked at since it was last published."""
    due_at: datetime | None
    """When it is looked at next; of a claimed one the end of the claim, which is also its token."""
    view: str = ""
    """Digest of what the last look that led to something saw."""
    told: bool = False
    """Somebody said that its images changed: what is gone is gone on purpose."""
    lost: dict[str, str] = field(default_factory=dict)
    """What the PACS lost without a word, for people: ``at``, ``lost``, ``of``."""
    state: WatchState = WatchState.WATCHED
    reason: str = ""

    @property
    def id(self) -> str:
        """For the log, which names no study."""
        return hashlib.sha256(self.study_uid.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What of a study stands at one destination."""

    destination: str
    manifest: Manifest | None
    reports: tuple[str, ...]
    """Ids of the reports that are shared there, the first that arrived first."""
    under_way: bool
    """A share that makes or withdraws its manifest is not finished."""
    held: bool = False
    """A person must decide about one."""
    held_for_loss: str = ""
    """Id of the share that is held because the PACS lost something of what was published (``images_lost``)."""
