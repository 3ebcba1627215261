"""The teleradiology relay: a request between an imaging site and a reading platform, and its messages on their way.

Sources: CI-SIS "Téléradiologie" (flows 1 to 4); ANS white paper on teleradiology, final version 2024-10-03 (flows A
to E).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gateway.model.identifiers import Identifier
from gateway.model.people import Patient


class Direction(StrEnum):
    """Which way a message goes."""

    TO_PLATFORM = "platform"
    TO_SITE = "site"


class Flow(StrEnum):
    """What a message says of its request; the flow of the guide, then that of the white paper."""

    REQUEST = "request"
    """1 and A."""
    CANCEL = "cancel"
    """2."""
    ANSWER = "answer"
    """3 and C: accepted, with a protocol, or refused."""
    COMPLEMENT = "complement"
    """4 and D: the examination was done."""
    DOCUMENT = "document"
    """B and third documents, towards the platform."""
    REPORT = "report"
    """E: the report, towards the site."""


FETCHED, RECEIVED, ANSWERED = "fetched", "received", "answered"
"""What an end that fetches its messages did with one: it was given it, it said that it has it, it answered it."""


class RequestState(StrEnum):
    """Where a request stands; the transitions are in ``flow/relay_states.py``."""

    SENT = "sent"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    PERFORMED = "performed"
    REPORTED = "reported"


class DeliveryState(StrEnum):
    """Where one message stands."""

    WAITING = "waiting"
    """Kept, and not ready to leave: it waits for those before it, or for the PACS."""
    SENDING = "sending"
    """What leaves is fixed; the other end has not acknowledged it yet."""
    DELIVERED = "delivered"
    HELD = "held"
    """Refused by the other end, or contradicted by the PACS: a person must look, and what follows waits."""
    ABANDONED = "abandoned"
    """A person decided that it will not be sent; what follows goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """One examination of a complement: its place in the message, and what it says."""

    accession: Identifier
    study_uid: str
    has_viewer: bool = False
    """Whether the message has its partial viewer URL already."""
    has_modality: bool = False
    has_region: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a message tells of its request."""

    flow: Flow
    profile: str
    """Name of the profile it was read by, such as ``tlr-1-request`` or ``lb-d``."""
    order: Identifier | None
    """The placer order number; None for a document that names none."""
    accepted: bool | None = None
    """Of an answer: whether the request is accepted."""
    examinations: tuple[Examination, ...] = ()
    patient: Patient | None = None
    modality: str = ""
    act: str = ""
    responsible: str = ""
    """Identifier of the site's responsible doctor (ORC-12 of flows 1 and 2)."""
    reader: str = ""
    """Identifier of the remote doctor (ORC-12 of flow 3)."""
    protocol: str = ""
    reason: str = ""
    """Of a refusal or a cancellation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """What the gateway adds to one examination of a complement; empty parts are not added."""

    position: int
    """Of the examination in the message, from 0."""
    viewer_url: str = ""
    modalities: tuple[tuple[str, str], ...] = ()
    """DICOM codes, each with its words."""
    regions: tuple[tuple[str, str], ...] = ()
    """SNOMED CT codes, each with its words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineAnswer:
    """What the other end said of a message."""

    code: str
    """MSA-1."""
    words: str = ""
    """ERR-3 and what ERR says in words, for a person."""

    @property
    def taken(self) -> bool:
        return self.code in ("AA", "CA")

    @property
    def later(self) -> bool:
        """Whether the same message may be sent again."""
        return self.code in ("AR", "CR")


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """One ``[platform.NAME]`` table: a reading platform and what is agreed with it."""

    name: str
    addresses: frozenset[str]
    """``application|facility`` by which it is addressed (MSH-5, MSH-6) and by which it speaks (MSH-3, MSH-4)."""
    sites: tuple[str, ...]
    white_paper: bool = False
    """Whether messages that we build for it are the white paper's (A, C, D), and not the guide's (1 to 4)."""
    share_reports: bool = True
    """Whether its reports enter the share like those of the site's own system."""
    relay_reports: bool = True
    """Whether its reports are forwarded to the site's system."""
    check_roles: bool = True
    """Whether a report whose roles are not those of the white paper is refused."""
    viewer_url: str = "missing"
    """When the partial viewer URL is put into a complement: ``missing``, ``always``, ``never``."""
    viewer_url_end: str = ""
    """What ends the partial URL, before the identifier of the report that the platform appends."""
    check_pacs: bool = True
    """Whether accession number and study of a complement are compared with the PACS."""
    unknown_orders: str = "take"
    """What becomes of a message about a request that nobody made through this gateway: ``take`` or ``refuse``."""
    deadline_s: float = 7 * 86_400.0
    """How long a message is tried, or its study awaited, before it is held."""


@dataclass(frozen=True, slots=True)
class End:
    """One end of the relay, which asks for what is meant for it: a platform, or a site."""

    direction: Direction
    name: str

    def has(self, request: RelayRequest) -> bool:
        """Whether *request* is between this end and another."""
        return self.name == (request.platform if self.direction is Direction.TO_PLATFORM else request.site)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayRequest:
    """One request: what became of an order number between a site and a platform."""

    id: str
    site: str
    platform: str
    order: Identifier
    state: RequestState
    created_at: datetime
    updated_at: datetime
    patient_cx: str = ""
    modality: str = ""
    act: str = ""
    accessions: tuple[str, ...] = ()
    study_uids: tuple[str, ...] = ()
    responsible: str = ""
    reader: str = ""
    protocol: str = ""
    reason: str = ""
    """What the one who refused or cancelled wrote."""
    sent_at: datetime | None = None
    answered_at: datetime | None = None
    cancelled_at: datetime | None = None
    performed_at: datetime | None = None
    reported_at: datetime | None = None
    report_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayMessage:
    """One message on its way to the other end."""

    id: str
    request_id: str
    direction: Direction
    flow: Flow
    profile: str
    control_id: str
    digest: str
    """Key of the bytes as they came."""
    state: DeliveryState
    due_at: datetime
    created_at: datetime
    updated_at: datetime
    outgoing: str = ""
    """Key of the bytes that leave, fixed before the first of them does."""
    attempts: int = 0
    reason: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    delivered_at: datetime | None = None
    answer: str = ""
    """MSA-1 of the other end; of one that fetches: FETCHED, RECEIVED or ANSWERED."""
    lease: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A message that enters the relay: what it does to its request, and what leaves because of it."""

    request_id: str
    change: Callable[[RelayRequest | None], RelayRequest]
    """From the request as the store has it, None for a new one, to what it is now."""
    message: RelayMessage | None
    """None when nothing is forwarded."""
    answers: bool = False
    """Whether it answers its request: the platform has that one then, if it had fetched it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """Statistics of one platform, in seconds; None where nothing was measured."""

    platform: str
    requests: int
    by_state: dict[str, int]
    answer_median_s: float | None = None
    """From the request to its answer."""
    answer_p90_s: float | None = None
    report_median_s: float | None = None
    """From the examination to its report."""
    report_p90_s: float | None = None
    delivery_median_s: float | None = None
    """From a message that was kept to its acknowledgement by the other end."""
    delivery_p90_s: float | None = None
    waiting: int = 0
    held: int = 0
