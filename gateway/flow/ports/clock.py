"""The time, as the stories see it."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The time; a test stops it."""

    def now(self) -> datetime:
        """The moment, aware, in UTC."""
