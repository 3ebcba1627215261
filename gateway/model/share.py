"""One share: a report on its way to one destination, and what was frozen for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from gateway.model.audit import AuditEvent
from gateway.model.exam import Exam
from gateway.model.identifiers import Identifier
from gateway.model.identity import IdentityChange
from gateway.model.people import Professional
from gateway.model.report import Report, Statements
from gateway.model.rights import ExamFacts
from gateway.model.site import Site


class ShareState(StrEnum):
    """Where a share stands; the transitions are in ``flow/states.py``."""

    WAITING = "waiting"
    """The study is not whole in the PACS yet, or was not looked at yet."""
    FROZEN = "frozen"
    """Documents, unique ids and metadata are fixed; nothing has left."""
    SENDING = "sending"
    """The submission may be out: the registry is asked before it is sent again."""
    SHARED = "shared"
    """The registry has registered every document."""
    HELD = "held"
    """A person must look; the reason says what to do."""
    SUPERSEDED = "superseded"
    """It was shared; what replaced it has taken its place at the registry."""
    WITHDRAWN = "withdrawn"
    """The registry no longer offers it, or it was taken back before it left."""
    ABANDONED = "abandoned"
    """A person gave it up, with a reason."""


class Deed(StrEnum):
    """What a share is to bring about at its destination."""

    PUBLISH = "publish"
    """The report, with the manifests of its studies; in place of ``Share.target`` where that is named."""
    MANIFEST = "manifest"
    """The manifest of one study anew (``Share.study_uid``): its images or its requests changed."""
    CORRECT = "correct"
    """The metadata of what ``Share.target`` published, its bytes as they are (ITI-57)."""
    WITHDRAW = "withdraw"
    """What ``Share.target`` published is taken out of sight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A report as it arrived, before anything of it is believed."""

    channel: str
    """``mllp`` or ``http``."""
    sender: str
    """``application|facility`` of MSH-3 and MSH-4, or the name of the intake key."""
    control_id: str
    """MSH-10, or the request id of HTTP."""
    content: bytes = field(repr=False)
    """The CDA document, byte for byte."""
    statements: Statements = field(default_factory=Statements)
    patient_identifiers: tuple[Identifier, ...] = ()
    """PID-3; empty for HTTP. An issuer without an OID has an empty root and is not compared."""
    birth_date: str = ""
    sex: str = ""
    document_id: str = ""
    """TXA-12, empty when not sent."""
    sender_person: Professional | None = None
    """Who sends the report, and for which structure (PRT ``SB``): the author of the submission set."""
    site: str = ""
    """The site the sender is bound to (an intake key's), or empty: chosen by sender or custodian."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedReport:
    """A report that was accepted: what is stored of it."""

    id: str
    site: str
    received: Received
    report: Report
    digest: str
    """SHA-256 of the received document, the key of its bytes."""
    statements_digest: str
    received_at: datetime
    kind: Literal["report", "withdrawal"] = "report"
    amends: str = ""
    """Unique id of the report that this one replaces; of a withdrawal, of the one that is withdrawn."""
    restatable: bool = False
    """Whether other statements about the same bytes are taken as a correction of their metadata."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReport:
    """What the store gives back of an accepted report; the bytes come by ``digest``."""

    id: str
    site: str
    sender: str
    channel: str
    digest: str
    statements: Statements
    received_at: datetime
    sender_person: Professional | None = None
    """Who sent it, and for which structure, when the message says so (PRT ``SB``)."""


class Acceptance(StrEnum):
    """What became of a report that was offered to the store."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    """The same bytes with the same statements were accepted before: answered again, no second effect."""
    CONFLICT = "conflict"
    """The same unique id was accepted with other bytes or other statements."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A report that is offered to the store, with everything that begins when it is kept."""

    accepted: AcceptedReport
    shares: tuple[Share, ...]
    events: tuple[AuditEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """A change of identity, with what follows from it for what was published."""

    change: IdentityChange
    shares: tuple[Share, ...]
    events: tuple[AuditEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a sender is told of a report that the gateway is now responsible for."""

    report_id: str
    duplicate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """A study with the accession number that the PACS has for it, which is one of the report's."""

    study_uid: str
    accession: Identifier
    modalities: tuple[str, ...] = field(default=(), compare=False)
    """Of the study's series, DICOM codes; for the lists that people look at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestDraft:
    """A manifest that was built and not frozen yet."""

    exam: Exam
    pairing: Pairing
    unique_id: str
    """Its SOP Instance UID."""
    created_at: datetime
    content: bytes = field(repr=False)
    orders: tuple[tuple[Identifier, Identifier | None], ...] = ()
    """Every accession number that it carries, each with a placer order number; of all reports over the study."""
    masked: frozenset[str] = frozenset()
    """What the reports over the study hide of it, together: masks, and ``R`` or ``V`` of a document's own
    confidentiality. The images stay as hidden as the most hidden report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """Everything a destination needs to make its metadata."""

    site: Site
    accepted: StoredReport
    report: Report
    exams: tuple[tuple[Exam, Pairing], ...]
    """Every study of the report, each with its accession number."""
    report_content: bytes | None = field(repr=False)
    """What is published of the report, the link in it; None when it is not published."""
    manifests: tuple[ManifestDraft, ...]
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenDocument:
    """One document of a frozen submission; the bytes are in the blobs under ``digest``."""

    kind: str
    """``report`` or ``manifest``."""
    unique_id: str
    entry_id: str
    """The id of its entry in the submission."""
    mime_type: str
    type_code: str
    format_code: str
    digest: str
    """SHA-256, the key of the bytes."""
    hash: str
    """SHA-1, the XDS hash."""
    size: int
    study_uid: str = ""
    """Of a manifest."""
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenSubmission:
    """What is sent, fixed before the first byte leaves; every try sends exactly this."""

    submission_set_unique_id: str
    patient_id: str
    """CX of the patient in the destination's domain."""
    metadata: bytes = field(repr=False)
    """The lcm:SubmitObjectsRequest element, serialised."""
    documents: tuple[FrozenDocument, ...] = ()
    signature_digest: str = ""
    """Key of the signature document's bytes where the destination wants one (DMP); empty until then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One row of the job table."""

    id: str
    report_id: str
    site: str
    destination: str
    lineage: str
    """What must happen in order: the report's set id, else its id. One share of a lineage is worked on at a time."""
    state: ShareState
    due_at: datetime
    created_at: datetime
    updated_at: datetime
    attempts: int = 0
    """Tries of the present state that ended without an answer."""
    progress: dict[str, str] = field(default_factory=dict)
    """What the present state remembers: fingerprints of the last look, by study UID."""
    reason: str = ""
    """Code of the text that says why it waits or is held."""
    facts: dict[str, str] = field(default_factory=dict)
    registered_at: datetime | None = None
    lease: str = ""
    """Token of the worker that holds it; a save with another token fails."""
    deed: Deed = Deed.PUBLISH
    target: str = ""
    """Id of the share, of the same destination, whose documents this one replaces, corrects or withdraws."""
    study_uid: str = ""
    """Of the deed ``manifest``."""
    awaits: str = ""
    """Unique id of the document that it amends while that has not arrived here; empty once it has."""
    overrides: dict[str, str] = field(default_factory=dict)
    """What a person stated in place of what the sources say: ``region``, ``type_code`` (``code^system^name``)."""
    waited_s: float = 0.0
    """For how long it has been waited for its study, or for what it amends (``flow.patience``)."""
    away_s: float = 0.0
    """For how long a peer has not answered it, since one did."""
    happening: str = field(default="", compare=False)
    """What moved it last, for its history; the store gives none back."""
    actor: str = field(default="gateway", compare=False)
    """Who did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of a share's history. A try that ends as the one before it is counted there."""

    at: datetime
    last_at: datetime
    times: int
    happening: str
    """Name of a ``flow.states.Happening`` (``STUDY_INCOMPLETE``), empty for its arrival."""
    state: ShareState
    """That it led to."""
    reason: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    actor: str = "gateway"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A manifest that some share has frozen for a study at a destination."""

    share_id: str
    destination: str
    study_uid: str
    unique_id: str
    fingerprint: str
    """Of the instances it references (``Exam.fingerprint``)."""
    requests: str
    """The accession and order numbers it carries, and the masks of its entry, in one canonical string."""
    shared: bool
    """Whether the registry has it."""
    replaces: str = ""
    """Unique id of the manifest that stands at the registry until this one is shared; empty for a first one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareOverview:
    """A share as the console, the command line and the demo show it."""

    share: Share
    accession_numbers: tuple[str, ...]
    study_uids: tuple[str, ...]
    report_unique_id: str
    received_at: datetime
    documents: tuple[FrozenDocument, ...] = ()
    modalities: tuple[str, ...] = ()
    """DICOM codes, of what the report says and of what the PACS had."""
    sequence: int = 0
    """Its place in the order of arrival."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownExam:
    """What a link resolved to: an examination of an accepted report."""

    report_id: str
    site: str
    study_uid: str
    accession: Identifier
    report: Identifier
    patient_cx: str
    """For the audit trail only."""
    masked: frozenset[str] = frozenset()
    """Masks of the report (``Statements.masked``)."""
    authors: frozenset[str] = frozenset()
    """Identifiers (extensions) of the professionals who wrote or signed it: a mask does not bind them."""
    facts: ExamFacts = field(default_factory=ExamFacts)
    """What rights depend on beside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedStudy:
    """A study as one report shared it, and which still stands."""

    exam: KnownExam
    manifests: frozenset[str]
    """Unique ids (SOP Instance UIDs) of the study's manifests that are registered."""
