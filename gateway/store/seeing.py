"""The store as people look at it: the console, the command line."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine

from gateway.model.overview import Picture, ShareFilter, ShareHistory, SharePage
from gateway.store import listing, overviews, statistics
from gateway.store.engine import reading


class SqlOverview:
    """Reading for people (:class:`gateway.flow.overview.Overview`); every method raises Unavailable."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def page(self, wanted: ShareFilter, *, limit: int, before: int = 0) -> SharePage:
        with reading(self._engine) as connection:
            found = listing.find(connection, wanted, limit=limit, before=before)
            return SharePage(
                overviews=tuple(overviews.of(connection, found.sequences)), older=found.older, complete=found.complete
            )

    def choices(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """The sites, destinations and modalities that shares have."""
        with reading(self._engine) as connection:
            places = listing.places(connection)
            sites, destinations = ({pair[which] for pair in places} for which in (0, 1))
            return tuple(sorted(sites)), tuple(sorted(destinations)), listing.modalities(connection)

    def picture(self, since: datetime, now: datetime) -> Picture:
        with reading(self._engine) as connection:
            return statistics.picture(connection, since, now)

    def history(self, share_id: str) -> ShareHistory:
        """Raises InputRejected (``store_share_unknown``)."""
        with reading(self._engine) as connection:
            return overviews.history(connection, share_id)
