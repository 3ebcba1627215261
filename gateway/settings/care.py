"""``[retention]``: what is kept, and for how long."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gateway.settings.base import Table


class RetentionTable(Table):
    """[retention]"""

    days: int = Field(default=0, ge=0)
    """After which a report whose shares are all at their end is erased; 0: never."""
    erase: Literal["documents", "everything"] = "documents"
