"""One line of the audit trail: who did what, on whom, with which outcome (IHE ITI TF-2 3.20, DICOM PS3.15 A.5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    """EventOutcomeIndicator."""

    SUCCESS = "0"
    MINOR_FAILURE = "4"
    SERIOUS_FAILURE = "8"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """An action, recorded in the transaction that makes it true."""

    action: str
    """A dotted name of ours: ``report.accepted``, ``share.registered``, ``images.displayed``."""
    actor: str
    """Who: a professional's identifier, a sender's address, ``gateway``."""
    outcome: Outcome = Outcome.SUCCESS
    patient: str = ""
    """CX of the patient concerned."""
    study_uid: str = ""
    document: str = ""
    """Unique id of the document concerned."""
    facts: dict[str, str] = field(default_factory=dict)
