"""A patient's identity that was corrected or merged at its source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.model.identifiers import Identifier


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityChange:
    """What a site's patient administration says of one identifier (ADT A08, A31, A40, A47)."""

    site: str
    identifier: Identifier
    """As reports may name it still."""
    now: tuple[Identifier, ...]
    """The identifiers that hold now; empty where only the traits were said."""
    birth_date: str = ""
    sex: str = ""
    merged: bool
    """Whether ``identifier`` is gone (A40, A47), or the same with other data (A08, A31)."""
    actor: str
    at: datetime

    def translated(self, identifiers: tuple[Identifier, ...]) -> tuple[Identifier, ...]:
        """*identifiers* of a patient as they hold now: one that is gone gives way to that of the same issuer."""
        if not self.merged or self.identifier not in identifiers:
            return identifiers
        successor = next((each for each in self.now if each.root == self.identifier.root), None)
        others = (each if each != self.identifier else successor for each in identifiers)
        return tuple(dict.fromkeys(each for each in others if each is not None))
