"""What people look at: lists of shares, the picture of a day, everything about one share."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from gateway.model.audit import AuditEvent
from gateway.model.share import FrozenSubmission, ShareOverview, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareFilter:
    """Which shares a list is cut to; what is empty does not cut."""

    accession: str = field(default="", repr=False)
    """An accession number without its issuer, exact but for case and blanks around it."""
    patient: str = field(default="", repr=False)
    """One of the report's patient identifiers, without its issuer."""
    state: str = ""
    site: str = ""
    destination: str = ""
    modality: str = ""
    """A DICOM modality, such as ``CT``."""
    since: datetime | None = None
    """Shares that arose at this moment or later; to the hour."""
    until: datetime | None = None
    """Shares that arose before this moment; to the hour."""

    @property
    def is_empty(self) -> bool:
        return self == ShareFilter()

    @property
    def identifies(self) -> bool:
        """Whether it holds what may name a patient."""
        return bool(self.accession or self.patient)


@dataclass(frozen=True, slots=True, kw_only=True)
class SharePage:
    """A page of a list, newest first."""

    overviews: tuple[ShareOverview, ...]
    older: int = 0
    """What ``before`` is for the page that follows; 0 when there is none."""
    complete: bool = True
    """False when the search stopped before the page was full, to keep its time: it goes on at ``older``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A part of the day in the plot."""

    start: datetime
    received: int
    """Reports."""
    shared: int
    """Shares that the registry registered."""
    median_s: float | None = None
    """From the report's arrival to its registration, of those that were registered; None when there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldReason:
    """The shares that are held for one reason."""

    reason: str
    """Code of its sentence."""
    count: int
    newest: ShareOverview


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerTrouble:
    """Shares that wait because someone else does not answer."""

    site: str
    destination: str
    is_pacs: bool
    """The PACS of the site, else the destination."""
    reason: str
    facts: dict[str, str]
    """Of the newest of them."""
    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """How things stand, and the day so far."""

    at: datetime
    since: datetime
    states: dict[str, int]
    """Shares by state, of those that are not at their good end; what is shared is counted for the day alone."""
    received: int
    shared: int
    median_s: float | None
    """From arrival to registration, of today's."""
    slowest_s: float | None
    """The delay that nine in ten stay under."""
    intervals: tuple[Interval, ...]
    held: tuple[HeldReason, ...]
    troubles: tuple[PeerTrouble, ...]
    last_registered: dict[str, datetime]
    """By destination, of those that took something today."""
    last_frozen: dict[str, datetime]
    """By site: when its PACS last gave a whole study, of today's shares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailLine:
    """An event of the audit trail."""

    at: datetime
    event: AuditEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareHistory:
    """Everything about one share."""

    overview: ShareOverview
    steps: tuple[Step, ...]
    submission: FrozenSubmission | None
    versions: tuple[ShareOverview, ...]
    """Every share of its lineage for the same destination, in their order, itself among them."""
    elsewhere: tuple[ShareOverview, ...]
    """The same report on its way to other destinations."""
    trail: tuple[TrailLine, ...]
    channel: str = ""
    sender: str = ""
