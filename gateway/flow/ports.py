"""What the stories need from outside: small protocols, each with a real double in ``tests/fakes``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, Self

from gateway.errors import GatewayError
from gateway.model.access import Handle, LoginAttempt, Session
from gateway.model.audit import AuditEvent
from gateway.model.document import DocumentEntry, RetrievedDocument
from gateway.model.exam import Exam
from gateway.model.identifiers import Identifier
from gateway.model.identity import IdentityChange
from gateway.model.image import Frame, RenderedFrame, Rendering, StoredFrame, StoredInstance
from gateway.model.link import Asked, Led
from gateway.model.message import Arrival, KeptMessage, Verdict
from gateway.model.relay import Addition, Delays, Entry, LineAnswer, RelayMessage, RelayRequest, Told
from gateway.model.report import Report
from gateway.model.rights import BrokenGlass
from gateway.model.share import (
    Acceptance,
    AcceptedReport,
    Consequence,
    FrozenSubmission,
    Manifest,
    Offer,
    Pairing,
    Publication,
    Share,
    ShareOverview,
    Step,
    StoredReport,
)
from gateway.model.site import Site


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


class InstanceReading(Protocol):
    """The instances of a series or study on their way; to be closed by who reads, at the end or before."""

    def __iter__(self) -> Iterator[StoredInstance]:
        """Each once, in the order of arrival. After the last that came, raises what the transfer ended with."""

    def close(self) -> None:
        """Leave; what nobody reads any more is ended."""


class Images(Protocol):
    """Where images come from.

    All raise PeerUnreachable, PeerRefused, PeerMisbehaved, NotSupportedYet (a codec we lack), InputRejected (no such
    instance, no such frame).
    """

    def frame(self, study_uid: str, series_uid: str, sop_class_uid: str, sop_instance_uid: str, number: int) -> Frame:
        """Frame *number* (from 1), uncompressed."""

    def stored_frame(
        self, study_uid: str, series_uid: str, sop_class_uid: str, sop_instance_uid: str, number: int
    ) -> StoredFrame:
        """Frame *number* (from 1) as it is kept: its compressed bitstream, or native pixels."""

    def rendered(
        self,
        study_uid: str,
        series_uid: str,
        sop_class_uid: str,
        sop_instance_uid: str,
        number: int,
        wanted: Rendering,
    ) -> RenderedFrame:
        """Frame *number* (from 1) as a picture."""

    def instance(self, study_uid: str, series_uid: str, sop_class_uid: str, sop_instance_uid: str) -> StoredInstance:
        """The whole instance as it is kept."""

    def document(self, study_uid: str, series_uid: str, sop_class_uid: str, sop_instance_uid: str) -> RenderedFrame:
        """The document (PDF) or the film (MPEG) inside an instance, with its media type."""

    def bulk(self, study_uid: str, series_uid: str, sop_class_uid: str, sop_instance_uid: str, tag: int) -> bytes:
        """The value of one attribute of an instance, as it is encoded."""

    def begin(self, exam: Exam, series_uid: str) -> None:
        """Have the series come in the background: one of its images has been shown."""

    def read(self, exam: Exam, series_uid: str = "") -> InstanceReading:
        """Every instance of the series, or of the study, as it comes; each is of this study and in *exam*'s list."""

    def whole(self, exam: Exam, series_uid: str = "") -> Sequence[StoredInstance] | None:
        """Every instance at once where all of them are in memory."""

    def headers(self, exam: Exam, series_uid: str) -> Sequence[Mapping[str, Any]]:
        """The headers of the series' instances in the DICOM JSON model (PS3.18 annex F)."""

    def sent_as(
        self, instance: StoredInstance, acceptable: Container[str], identity: Identifier | None = None
    ) -> StoredInstance:
        """*instance* in one of the transfer syntaxes *acceptable*, with *identity* among its Other Patient IDs."""


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

    def standing(self, unique_ids: Sequence[str]) -> Collection[str]:
        """Those of *unique_ids* that are registered and approved now. Raises as :meth:`known`."""

    def replacing(self, frozen: FrozenSubmission, replaced: Mapping[str, str]) -> FrozenSubmission:
        """*frozen* with an RPLC to what it replaces, by the entryUUIDs that the registry is asked for; nothing is sent.

        *replaced*: the unique id of each new document, and of the registered one that it replaces. Raises PeerRefused
        when that one is not registered or not current, and as :meth:`known`.
        """

    def take_back(self, unique_ids: Sequence[str], site: Site, now: datetime, *, again: bool) -> None:
        """Take registered documents out of sight, in the name of *site*; what is out of sight is left alone.

        Raises PeerRefused for a document that the registry does not have, unless *again* (an earlier try may have got
        through, and some registries do not show what is withdrawn), and as :meth:`send`.
        """

    def correct(self, wanted: FrozenSubmission, site: Site, now: datetime) -> None:
        """Bring the metadata of registered documents to what *wanted* states of them, their bytes as they are.

        Nothing is sent for what is so already. Raises as :meth:`send`.
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
        consequences: Sequence[Consequence] = (),
    ) -> Sequence[Acceptance]:
        """Keep the reports of one message, all or none, and the message with them. Durable when it returns.

        *consequences*: what it tells of patients, and the shares that follow from it.

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

    def registered(
        self, share: Share, events: Iterable[AuditEvent], others: Sequence[Share] = (), begun: Sequence[Share] = ()
    ) -> None:
        """The registry has it: the share, its manifests and its lease in one transaction.

        *others* were moved by it (superseded, withdrawn) and *begun* follow from it; they are written with it. Raises
        Unavailable (``lease_lost``) when one of them can no longer be moved so: nothing is written then.
        """

    def settle(self, share: Share, other: Share, events: Iterable[AuditEvent]) -> None:
        """Write *other*, of which the registry was asked for *share*, whose lease goes on; as :meth:`registered`."""

    def begin(self, new: Sequence[Share], events: Iterable[AuditEvent]) -> Sequence[Share]:
        """Add shares that no report brought. Gives them; in place of a withdrawal of something that is being withdrawn
        or is, that one: nothing is added for it then.
        """

    def amendments(self, share_id: str) -> Sequence[Share]:
        """What amends a share: those whose target it is, as they arrived."""

    def publications(self, site: str, identifier: Identifier) -> Sequence[Share]:
        """The publications of a site's reports that name *identifier* as their patient's, oldest first."""

    def publications_of(self, report_id: str) -> Sequence[Share]:
        """The publications of a report, oldest first."""

    def patient_identifiers(self, report_id: str) -> Sequence[Identifier]:
        """Those under which a report was sent and names its patient, as far as they say who issued them."""

    def identity_changes(self, site: str, identifiers: Iterable[Identifier]) -> Sequence[IdentityChange]:
        """What a site's patient administration has told of any of *identifiers*."""

    def versions(self, share: Share) -> Sequence[Share]:
        """The publications of the lineage of *share*, and of what it targets, at its destination, as they arrived."""

    def arrived(self, share: Share, now: datetime) -> bool:
        """Whether the report that *share* awaits is here by now; the store then gives the share its target."""

    def steps(self, share_id: str) -> Sequence[Step]:
        """What happened to a share, oldest first."""

    def manifest(self, destination: str, study_uid: str) -> Manifest | None:
        """The manifest frozen for a study at a destination."""

    def living(self, destination: str, study_uid: str, besides: str = "") -> Sequence[str]:
        """Ids of the reports over a study that stand at a destination or are on their way, as they arrived.

        *besides*: a share whose report is not meant, because it gives way.
        """

    def overviews(self, *, limit: int, states: Sequence[str] = (), report_id: str = "") -> Sequence[ShareOverview]:
        """Shares, newest first."""

    def record(self, event: AuditEvent) -> None:
        """An audit event that changes nothing else."""


class Sessions(Protocol):
    """Logins, as rows."""

    def begin(self, attempt: LoginAttempt) -> None: ...

    def finish(self, state: str) -> LoginAttempt | None:
        """The attempt, removed: it can be used once."""

    def open(self, session: Session, events: Iterable[AuditEvent]) -> None: ...

    def session(self, session_id: str, now: datetime, idle_s: float, hard_s: float) -> Session | None:
        """The session when it is alive, its ``seen_at`` moved to *now*."""

    def close(self, session_id: str, events: Iterable[AuditEvent]) -> None: ...

    def change(self, session: Session, events: Iterable[AuditEvent]) -> bool:
        """Write who it is, where to go and the tokens of a living session; False when it has ended."""

    def refresh_due(self, session_id: str, now: datetime, again: datetime) -> bool:
        """Whether the tokens of the session are to be asked for again; of several callers one is told so, and
        nobody else until *again*."""

    def living(self, now: datetime, idle_s: float, hard_s: float, limit: int) -> Sequence[Session]:
        """The sessions that are open, the last seen first."""

    def end(
        self, *, provider_session: str = "", subject_key: str = "", before: datetime, events: Iterable[AuditEvent]
    ) -> int:
        """End the sessions opened before *before* of a provider's session, or of a subject; gives how many.

        *events* are recorded when there was one.
        """

    def broke(self, use: BrokenGlass, events: Iterable[AuditEvent]) -> None:
        """Keep a use of break-glass."""

    def broken(self, session_id: str, patient_keys: Iterable[str]) -> bool:
        """Whether break-glass was used in this session for one of these patients."""

    def uses(self, limit: int) -> Sequence[BrokenGlass]:
        """Uses of break-glass, newest first."""

    def name(self, handle: Handle, events: Iterable[AuditEvent]) -> None: ...

    def handle(self, handle_id: str, session_id: str, not_before: datetime) -> Handle | None:
        """The handle, when it is this session's and not older than *not_before*."""


class Exams(Protocol):
    """Examinations of accepted reports, as links look for them."""

    def led(self, asked: Asked) -> Sequence[Led]:
        """Every examination that one of the values of *asked* names, each with what it has become.

        Where the PACS has told which accession number a study has, only that pair; before, each of the report's.
        """


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
