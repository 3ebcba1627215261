"""The settings of what happens to a publication later: reports that come out of order, images that change."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gateway.settings.base import Positive, Table


class LifeTable(Table):
    """[life]"""

    unknown_parent: Literal["wait", "hold", "new"] = "wait"
    held_parent: Literal["replace", "wait"] = "replace"
    identity_change: Literal["hold", "remake"] = "hold"
    manifest_after_last_report: Literal["withdraw", "keep"] = "withdraw"
    lost_images: Literal["report", "amend"] = "report"
    look_again_s: Annotated[tuple[Positive, ...], Field(min_length=1)] = (3_600.0, 86_400.0, 604_800.0, 2_592_000.0)
    looks_per_minute: Positive = 20.0
