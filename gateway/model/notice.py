"""What people are told of what is held: counts, reasons and our own ids, nothing of a patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self

FORM = 1
"""Version of :meth:`Notice.as_json`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What is held for one reason, of one site and on its way to one place."""

    kind: str
    """``share``, or ``relay``: a message of a teleradiology request."""
    site: str
    destination: str
    """Of a share; of a message of the relay the platform."""
    reason: str
    """Code of the text that says why."""
    many: int
    ids: tuple[str, ...]
    """The first of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message to people."""

    id: str
    made_at: datetime
    new: int
    """Held since the last notice."""
    altogether: int
    """Held now, told before or not."""
    held: tuple[Held, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """What is kept and what a webhook is sent, but for id and moment."""
        held = [{**asdict(one), "ids": list(one.ids)} for one in self.held]
        return {"form": FORM, "new": self.new, "altogether": self.altogether, "held": held}

    @classmethod
    def from_json(cls, notice_id: str, made_at: datetime, content: Mapping[str, Any]) -> Self:
        """Read what :meth:`as_json` gave."""
        return cls(
            id=notice_id,
            made_at=made_at,
            new=content["new"],
            altogether=content["altogether"],
            held=tuple(Held(**{**one, "ids": tuple(one["ids"])}) for one in content["held"]),
        )
