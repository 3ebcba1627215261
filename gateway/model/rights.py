"""Who may see what: the doors, the matrix of professions, what ties a person to a patient, and the answer.

Sources: CI-SIS value set J08 (the three masks); the order on access to the DMP (matrix of professions against types of
document); "Partage d'imagerie, volet fonctionnel", use cases 0.1.1 to 0.1.6: authenticated, entitled by the matrix,
confidential.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.model.people import Patient

MASKED_TO_PROFESSIONALS = "MASQUE_PS"
HIDDEN_FROM_PATIENT = "INVISIBLE_PATIENT"
HIDDEN_FROM_REPRESENTATIVES = "INVISIBLE_REPRESENTANTS_LEGAUX"
MASKS = frozenset({MASKED_TO_PROFESSIONALS, HIDDEN_FROM_PATIENT, HIDDEN_FROM_REPRESENTATIVES})
ANY = "*"


class Door(StrEnum):
    """By which way images leave."""

    LINK = "link"
    """Invoke Image Display (RAD-106)."""
    VIEWER = "viewer"
    WADO_RS = "wado-rs"
    """RAD-107 and everything of DICOMweb."""
    RAD_69 = "rad-69"


class Tie(StrEnum):
    """What ties a professional to the patient of an examination."""

    AUTHOR = "author"
    """They wrote or signed the report."""
    REPORT = "report"
    """They hold the report: its link, whole."""
    ADDRESSEE = "addressee"
    """The report names them: who asked for the examination, who performed it, to whom it is sent."""
    STRUCTURE = "structure"
    """They exercise in the structure that made the examination or the report."""
    GLASS = "break-glass"
    """They stated why they must see it without any of these."""
    SELF = "patient"
    """They are the patient."""
    REPRESENTATIVE = "representative"
    """They represent the patient."""
    SYSTEM = "system"
    """A system that is let in by its certificate or token, and not a person."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether someone may see an examination, and why."""

    allowed: bool
    reason: str = ""
    """Code of the sentence that explains the refusal (``gateway.texts.rights``); empty when allowed."""
    tie: Tie | None = None
    """By what it is allowed, for the audit trail."""
    neutral: bool = False
    """The refusal must look as if the examination did not exist."""
    breakable: bool = False
    """Break-glass would open it for this person."""

    def __bool__(self) -> bool:
        return self.allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """One row of the matrix: these professions may see these types of document."""

    professions: frozenset[str]
    """Codes of TRE_G15 (``10`` physician), or ``*``."""
    specialties: frozenset[str] = frozenset()
    """Codes of TRE_R38 (``SM44``); empty: whatever the specialty."""
    documents: frozenset[str]
    """typeCodes of value set J07 (``18748-4``), or ``*``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a gateway lets whom see; the default lets every professional in who holds the report, masks apart."""

    matrix: tuple[Right, ...] | None = None
    """None: the profession is not looked at."""
    ask_tie: bool = True
    """Whether a professional must be tied to the patient."""
    glass_professions: frozenset[str] = frozenset()
    """Who may break the glass (TRE_G15)."""


OPEN = Policy()
_NOBODY = Patient(identifiers=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What the person brings beside who they are."""

    holds_report: bool = False
    """They came with the report's own three values."""
    broken_glass: bool = False
    """They stated a reason, and it is on record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the registries say of an examination now; nothing known when none was asked or none answered."""

    offered: bool = True
    """False: every registry that has had it says that it does not offer it (any more)."""
    masks: frozenset[str] = frozenset()
    """Of its entries (confidentialityCode), also those that the patient set there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamFacts:
    """What a report tells of an examination that rights depend on; all empty for one that was kept without."""

    patient: Patient = _NOBODY
    """Identifiers and INS traits."""
    type_code: str = ""
    """LOINC code of the report."""
    structures: frozenset[str] = frozenset()
    """Identifiers (extensions) of the structures that made the examination or the report."""
    addressees: frozenset[str] = frozenset()
    """Identifiers (extensions) of who asked, performed, or is sent the report."""
    started_at: datetime | None = None
    modalities: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenGlass:
    """One use of break-glass, kept for those who review them."""

    id: str
    session_id: str
    actor: str
    reason: str
    """As it was typed."""
    asked: str
    """What was asked to be seen, in words without the patient's name: ``study``, ``patient``."""
    patient_key: str
    """Digest of the patient's identifier; what the same session asks of the same patient later is opened too."""
    created_at: datetime
