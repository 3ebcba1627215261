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
    from gateway.flow.watching import Watching
    from gateway.store.looks import PacedLooks
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

    def paced(self) -> PacedLooks:
        """The claims of the one who looks."""
        from gateway.store.looks import PacedLooks
        from gateway.store.pace import Rate

        return PacedLooks(self.watches, self.writer, Rate(per_minute=self.settings.life.looks_per_minute))

    def tidy(self, now: datetime) -> None:
        """Watch what was published without, and forget performed steps that nobody ended; raises Unavailable."""
        self.watches.adopt(now)
        self.received.forget_steps(now - STEP_AGE)

    def take_over(self) -> None:
        """Take what the release before this one kept in files into the store; raises Unavailable."""
        folder = self.settings.receive.folder
        # Looked at here: every start waits for this, and what reads such files takes half of a second to import.
        if self.settings.receive.enabled and next(folder.glob("*/*/*.dcm"), None) is not None:
            from gateway.dicom.folders import take_over

            take_over(folder, self.received, self.clock.now())
