"""The port of everyone who only looks: the console, the command line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from gateway.model.overview import Picture, ShareFilter, ShareHistory, SharePage
from gateway.model.share import ShareOverview, ShareState

_PAGE = 200


class Overview(Protocol):
    """Shares as people look at them; nothing here changes anything. Each method raises Unavailable."""

    def page(self, wanted: ShareFilter, *, limit: int, before: int = 0) -> SharePage:
        """At most *limit* shares that fit, newest first, from the one behind ``older`` of the page before."""

    def choices(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """The sites, destinations and modalities that shares have."""

    def picture(self, since: datetime, now: datetime) -> Picture:
        """How things stand at *now*, and what happened from *since* on."""

    def history(self, share_id: str) -> ShareHistory:
        """Everything about one share; raises InputRejected for an unknown id."""


def held_for(overview: Overview, reason: str) -> Iterator[ShareOverview]:
    """The shares that are held for *reason* (its code), newest first. Raises Unavailable.

    To be read to its end before any of them is taken up: what is taken up leaves the list.
    """
    before = 0
    while True:
        page = overview.page(ShareFilter(state=ShareState.HELD.value), limit=_PAGE, before=before)
        yield from (one for one in page.overviews if one.share.reason == reason)
        if not page.older:
            return
        before = page.older
