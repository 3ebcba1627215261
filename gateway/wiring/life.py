"""Builds what goes on after a publication: the studies that are looked at again, and what PACS send us."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gateway.flow.policy import Policy
from gateway.model.site import ManifestSettings
from gateway.settings import Settings
from gateway.settings.sharing import ManifestTable

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from gateway.flow.carrying import Carrying
    from gateway.flow.ports import Blobs, Clock
    from gateway.flow.watching import Watches, Watching
    from gateway.model.watch import Watch
    from gateway.store.received import SqlReceived
    from gateway.store.watches import SqlWatches
    from gateway.store.writer import Writer


STEP_AGE = timedelta(days=7)
"""A performed procedure step that has not ended by then never will."""


def policy(settings: Settings) -> Policy:
    """What ``[life]`` says of the choices that the standards leave."""
    said = settings.life.model_dump()
    return Policy(**{one.name: said[one.name] for one in fields(Policy) if one.name in said})


def manifest_settings(table: ManifestTable, own: ManifestTable | None = None) -> ManifestSettings:
    """How manifests are made by *table*, and by what *own* states in its place."""
    said = table.model_dump() | (own.model_dump(include=own.model_fields_set) if own is not None else {})
    return ManifestSettings(**{**said, "retrieval": frozenset(said["retrieval"])})


@dataclass
class LifeRooms:
    """What of it one process may need, made when it is first asked for."""

    settings: Settings
    engine: Engine
    writer: Writer
    blobs: Blobs
    clock: Clock
    ring: Callable[[], None]

    @cached_property
    def received(self) -> SqlReceived:
        """Rejection notes and imports."""
        from gateway.store.received import SqlReceived

        return SqlReceived(self.engine, self.writer, self.blobs)

    @cached_property
    def watches(self) -> SqlWatches:
        """The published studies."""
        from gateway.store.watches import SqlWatches

        return SqlWatches(self.engine, self.writer)

    def looking(self, sharing: Carrying) -> Watching:
        """The story of the look, with the tools of the share's."""
        from gateway.flow.watching import Watching

        tools: dict[str, Any] = {one.name: getattr(sharing, one.name) for one in fields(sharing)}
        return Watching(
            **{name: value for name, value in tools.items() if name in {one.name for one in fields(Watching)}},
            watches=self.watches,
            schedule_s=self.settings.life.look_again_s,
            notes=self.received.rejections,
            ring=self.ring,
        )

    def images_changed(self, study_uids: Sequence[str]) -> int:
        """Have these studies looked at; how many of them are published. Durable when it returns; raises Unavailable."""
        found = self.watches.told(study_uids, self.clock.now())
        self.ring()
        return found

    def paced(self) -> Paced:
        """The claims of the one who looks."""
        return Paced(self.watches, timedelta(seconds=60.0 / self.settings.life.looks_per_minute))

    def tidy(self, now: datetime) -> None:
        """Watch what was published without, and forget performed steps that nobody ended; raises Unavailable."""
        self.watches.adopt(now)
        self.received.forget_steps(now - STEP_AGE)

    def take_over(self) -> None:
        """Take what the release before this one kept in files into the store; raises Unavailable."""
        from gateway.dicom.folders import take_over

        if self.settings.receive.enabled:
            take_over(self.settings.receive.folder, self.received, self.clock.now())


class Paced:
    """Claims of published studies, never two within *interval*."""

    def __init__(self, watches: Watches, interval: timedelta) -> None:
        self._watches = watches
        self._interval = interval
        self._not_before: datetime | None = None

    def claim(self, now: datetime, lease_s: float) -> Watch | None:
        if self._not_before is not None and now < self._not_before:
            return None
        watch = self._watches.claim(now, lease_s)
        if watch is not None:
            self._not_before = now + self._interval
        return watch

    def next_due(self) -> datetime | None:
        due = self._watches.next_due()
        return due if due is None or self._not_before is None else max(due, self._not_before)

    def renew(self, watch: Watch, until: datetime, /) -> bool:
        """A look is short, and its claim is long enough: never."""
        return False
