"""What the stories need from outside: small protocols, each with a real double in ``tests/fakes``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol, Self

from gateway.model.access import Handle, LoginAttempt, Session
from gateway.model.audit import AuditEvent
from gateway.model.document import DocumentEntry, RetrievedDocument
from gateway.model.exam import Exam
from gateway.model.image import Frame
from gateway.model.report import Report
from gateway.model.share import (
    Acceptance,
    AcceptedReport,
    FrozenSubmission,
    KnownExam,
    Manifest,
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
