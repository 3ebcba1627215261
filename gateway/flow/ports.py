"""What the stories need from outside: small protocols, each with a real double in ``tests/fakes``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol, Self

from gateway.errors import GatewayError
from gateway.model.access import Handle, LoginAttempt, Session
from gateway.model.audit import AuditEvent
from gateway.model.document import DocumentEntry, RetrievedDocument
from gateway.model.exam import Exam
from gateway.model.identifiers import Identifier
from gateway.model.image import Frame
from gateway.model.message import Arrival, KeptMessage, Verdict
from gateway.model.relay import Addition, Delays, Entry, LineAnswer, RelayMessage, RelayRequest, Told
from gateway.model.report import Report
from gateway.model.share import (
    Acceptance,
    AcceptedReport,
    FrozenSubmission,
    KnownExam,
    Manifest,
    Offer,
    Pairing,
    Publication,
    Share,
    ShareOverview,
    StoredReport,
)


class Clock(Protocol):
    """The time; a test stops it."""

    def now(self) -> datetime:
        """The moment, aware, in UTC."""


class Pacs(Protocol):
    """One PACS."""

    def study(self, study_uid: str) -> Exam | None:
        """The study with its series and instances, or None when the PACS surely does not have it.

        Raises PeerUnreachable, PeerRefused, PeerMisbehaved; an answer that was lost is never None.
        """

    def echo(self) -> None:
        """C-ECHO; raises as :meth:`study`."""


class Images(Protocol):
    """Where frames come from."""

    def frame(self, study_uid: str, series_uid: str, sop_class_uid: str, sop_instance_uid: str, number: int) -> Frame:
        """Frame *number* (from 1), uncompressed.

        Raises PeerUnreachable, PeerRefused, NotSupportedYet (a codec we lack), InputRejected (no such frame).
        """


class Destination(Protocol):
    """A registry to publish to."""

    def prepare(self, publication: Publication) -> FrozenSubmission:
        """Make the metadata and fix everything that will be sent; pure but for the new unique ids.

        The documents' bytes are put into the blobs by the caller. Raises Mismatch when a value that the destination
        requires cannot be known (an unqualified identity for ``dmp``, a region nobody states).
        """

    def known(self, frozen: FrozenSubmission) -> bool:
        """Ask whether every document of *frozen* is registered, with our hash.

        Raises PeerRefused when a document is registered with another hash, PeerUnreachable otherwise.
        """

    def send(self, frozen: FrozenSubmission, *, again: bool) -> None:
        """ITI-41 of the frozen bytes; returns when the registry says Success.

        *again* says that these bytes may have left before: a refusal because the submission set is known already is
        then a success. Raises PeerRefused with the registry's words, PeerUnreachable when no answer came.
        """

    def find_by_reference(self, patient_id: str, references: Sequence[str]) -> Sequence[DocumentEntry]:
        """ITI-18 FindDocumentsByReferenceId, approved documents; each reference is a CXi."""

    def retrieve(self, entries: Sequence[DocumentEntry]) -> Sequence[RetrievedDocument]:
        """ITI-43, every byte as it came."""


class Keeping(Protocol):
    """Bytes on their way to the disk; what is left unfinished at the end of the ``with`` is gone."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    @property
    def digest(self) -> str:
        """Their name. Raises Unavailable (disk full)."""

    def finish(self) -> None:
        """Return when they are durable under their name; raises Unavailable."""


class Blobs(Protocol):
    """Large bytes, named by their SHA-256."""

    def put(self, content: bytes) -> str:
        """Write, sync, name; returns the digest. Raises Unavailable (disk full)."""

    def begin(self, content: bytes) -> Keeping:
        """Begin what :meth:`put` does; the disk works while the caller goes on."""

    def get(self, digest: str) -> bytes:
        """Raises Unavailable when the bytes are gone or differ from their name."""


class Turn(Protocol):
    """The place of a message among those of its sender: their effects keep the order of their arrival."""

    def wait(self) -> None:
        """Return when every earlier message of the sender is kept, refused, or on its way to the disk in its place."""

    def passed(self) -> None:
        """The next one may go on; to say it twice is harmless."""


class NoTurn:
    """For what has no order to keep."""

    def wait(self) -> None:
        return None

    def passed(self) -> None:
        return None


NO_TURN = NoTurn()


class MessageLog(Protocol):
    """Every message that was received."""

    def refuse(self, arrival: Arrival, verdict: Verdict) -> None:
        """Record a message that was not taken; those that were taken are recorded with what they brought."""

    def find(
        self, *, limit: int, since: datetime | None = None, sender: str = "", answer: str = "", before: int = 0
    ) -> Sequence[KeptMessage]:
        """Messages, newest first."""

    def message(self, message_id: str) -> KeptMessage:
        """Raises InputRejected for an unknown id."""

    def content(self, message_id: str) -> bytes:
        """The bytes of a message. Raises InputRejected for an unknown id, Unavailable when they are gone."""


class Store(Protocol):
    """The truth. Each method is one transaction, and each that changes something records its audit events in it."""

    def accept(
        self,
        accepted: AcceptedReport,
        shares: Sequence[Share],
        events: Iterable[AuditEvent],
        keep: Callable[[], None] = lambda: None,
    ) -> Acceptance:
        """Keep a report and its shares. Durable when it returns.

        *keep* makes the report's bytes durable where they are not yet; it is called last before the commit, and what
        it raises undoes all.
        """

    def accept_all(
        self,
        offers: Sequence[Offer],
        arrival: Arrival | None = None,
        turn: Turn = NO_TURN,
        *,
        apart: str = "",
        entry: Entry | None = None,
    ) -> Sequence[Acceptance]:
        """Keep the reports of one message, all or none, and the message with them. Durable when it returns.

        *apart* is the key of the message's bytes where they are a blob of their own; *entry* is what the message does
        to a teleradiology request, done once however often the message comes. Raises InputConflicts
        (``report_conflicts``) when one report conflicts: nothing is kept then.
        """

    def report(self, report_id: str) -> StoredReport:
        """Raises InputRejected for an unknown id."""

    def share(self, share_id: str) -> Share:
        """A share, leased to nobody; raises InputRejected for an unknown id."""

    def claim(self, now: datetime, lease_s: float) -> Share | None:
        """The share that is due longest, leased to the caller; never two of one lineage at a time."""

    def next_due(self) -> datetime | None:
        """When the next share is due, leased ones at their lease's end."""

    def renew(self, share: Share, until: datetime) -> bool:
        """Lengthen the lease; False when it was lost."""

    def save(self, share: Share, events: Iterable[AuditEvent], *, release: bool = True) -> None:
        """Write the share back; raises Unavailable when its lease was lost: nothing is written then."""

    def freeze(
        self,
        share: Share,
        frozen: FrozenSubmission,
        manifests: Sequence[Manifest],
        pairings: Sequence[Pairing],
        events: Iterable[AuditEvent],
    ) -> bool:
        """Keep the frozen submission and move the share to it, still leased to the caller.

        False when another share has frozen a manifest for one of the studies first: nothing is written then.
        """

    def frozen(self, share_id: str) -> FrozenSubmission:
        """What was frozen for a share."""

    def registered(self, share: Share, events: Iterable[AuditEvent]) -> None:
        """The registry has it: the share, its manifests and its lease in one transaction."""

    def manifest(self, destination: str, study_uid: str) -> Manifest | None:
        """The manifest frozen for a study at a destination."""

    def overviews(self, *, limit: int, states: Sequence[str] = (), report_id: str = "") -> Sequence[ShareOverview]:
        """Shares, newest first."""

    def record(self, event: AuditEvent) -> None:
        """An audit event that changes nothing else."""

    def known_exams(self, study_uid: str, report_root: str) -> Sequence[KnownExam]:
        """Every (study, accession number, report) of accepted reports with this study and this report root.

        Where the PACS has told which accession number a study has, only that pair; before, each of the report's.
        """


class Sessions(Protocol):
    """Logins, as rows."""

    def begin(self, attempt: LoginAttempt) -> None: ...

    def finish(self, state: str) -> LoginAttempt | None:
        """The attempt, removed: it can be used once."""

    def open(self, session: Session, events: Iterable[AuditEvent]) -> None: ...

    def session(self, session_id: str, now: datetime, idle_s: float, hard_s: float) -> Session | None:
        """The session when it is alive, its ``seen_at`` moved to *now*."""

    def close(self, session_id: str, events: Iterable[AuditEvent]) -> None: ...

    def name(self, handle: Handle, events: Iterable[AuditEvent]) -> None: ...

    def handle(self, handle_id: str, session_id: str, not_before: datetime) -> Handle | None:
        """The handle, when it is this session's and not older than *not_before*."""


class ReadReport(Protocol):
    """Bytes to a report: the guard of ``trust.safexml`` and then ``cda.read``."""

    def __call__(self, content: bytes) -> Report: ...


class RelayStore(Protocol):
    """The requests of the relay and their messages. Each method is one transaction."""

    def enter(
        self,
        entry: Entry,
        arrival: Arrival | None,
        turn: Turn = NO_TURN,
        *,
        apart: str = "",
        events: Iterable[AuditEvent] = (),
    ) -> bool:
        """Keep a message that is relayed, what it does to its request, and the received message, together.

        *apart* is the key of the received message's bytes where they are a blob of their own.

        False when the same message (sender, control id, event, bytes) was taken before: it is then only recorded.
        """

    def request(self, request_id: str) -> RelayRequest:
        """Raises InputRejected (``relay_request_unknown``)."""

    def requests(
        self, *, limit: int, states: Sequence[str] = (), platform: str = "", site: str = ""
    ) -> Sequence[RelayRequest]:
        """Requests, newest first."""

    def messages(self, request_id: str) -> Sequence[RelayMessage]:
        """The messages of a request, in the order of their arrival; leased to nobody."""

    def message(self, message_id: str) -> RelayMessage:
        """Raises InputRejected (``relay_message_unknown``)."""

    def held(self, request_ids: Iterable[str]) -> dict[str, RelayMessage]:
        """Of each request that has any, its first message that is held."""

    def claim(self, now: datetime, lease_s: float) -> RelayMessage | None:
        """The message that is due longest, leased to the caller.

        Never two that go one way for one request at a time, and never one while an earlier one is not delivered.
        """

    def next_due(self) -> datetime | None:
        """When the next message is due, leased ones at their lease's end."""

    def renew(self, message: RelayMessage, until: datetime) -> bool:
        """Lengthen the lease; False when it was lost."""

    def save(self, message: RelayMessage, events: Iterable[AuditEvent], *, release: bool = True) -> None:
        """Write the message back; raises Unavailable when its lease was lost, or, for one without, it is not held."""

    def delays(self, since: datetime) -> Sequence[Delays]:
        """Statistics of the requests since *since*, a platform each."""

    def authors(self, site: str, report_unique_id: str) -> frozenset[str] | None:
        """Identifiers of who wrote or signed a report of this site that was accepted; None for an unknown one."""


class Line(Protocol):
    """Where messages leave: a platform, or a site's own system."""

    def send(self, message: bytes) -> LineAnswer:
        """Send and give the acknowledgement; raises PeerUnreachable, PeerMisbehaved, InputRejected."""


class Wording(Protocol):
    """Reads and writes the messages of the relay, which are HL7 v2."""

    def complemented(self, message: bytes, additions: Sequence[Addition]) -> bytes:
        """*message* with *additions*, every other byte as it was. Raises InputRejected."""

    def sendable(self, message: bytes) -> bytes:
        """*message* with the segment ends that the standard asks for; most have them already."""

    def refusal(self, message: bytes) -> GatewayError | None:
        """What the profile of *message* says against it, the first error; None when it conforms."""

    def told(self, message: bytes) -> Told:
        """What *message* tells of its request; raises InputRejected."""

    def order_of_document(self, message: bytes) -> Identifier | None:
        """The placer order number (ORC-2, OBR-2) of a message that carries a document, when it says one."""
