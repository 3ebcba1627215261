"""What is done where the standards leave a choice (``[life]`` of the settings)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The choices of this gateway."""

    unknown_parent: Literal["wait", "hold", "new"] = "wait"
    """A replacement, correction or withdrawal of a report that never came here: wait for it until the deadline and then
    hold, hold at once, or take a replacement for a new report (a withdrawal waits then)."""
    held_parent: Literal["replace", "wait"] = "replace"
    """A replacement of a report that is held: take its place at once, or wait until a person has dealt with it."""
    manifest_after_last_report: Literal["withdraw", "keep"] = "withdraw"
    """The manifest of a study whose last report was withdrawn."""
    identity_change: Literal["hold", "remake"] = "hold"
    """What was withdrawn from under a wrong patient: hold it until a person says so, or publish it at once under the
    right one."""
    lost_images: Literal["report", "amend"] = "report"
    """What is done when a PACS no longer has what was published, and nobody said why: hold a new manifest until a
    person says so, or make it."""
