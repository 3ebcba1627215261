"""The truth of the gateway in SQL (:class:`gateway.flow.ports.Store`): one method, one transaction.

What each transaction does stands in :mod:`~gateway.store.reports`, :mod:`~gateway.store.shares` and
:mod:`~gateway.store.submissions`; here they get their connection and their audit events. Every method raises, beside
what its port names, Unavailable (``store_unavailable``, ``store_busy``, ``store_full``, ``store_closed``), and the
writing ones InputRejected (``store_value``) for a value that cannot be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine

from gateway import audit
from gateway.errors import InputConflicts
from gateway.flow.ports import NO_TURN, Turn
from gateway.model.audit import AuditEvent
from gateway.model.identifiers import Identifier
from gateway.model.message import ACCEPTED, Arrival
from gateway.model.relay import Entry
from gateway.model.share import (
    Acceptance,
    AcceptedReport,
    FrozenSubmission,
    KnownExam,
    Manifest,
    Offer,
    Pairing,
    Share,
    ShareOverview,
    StoredReport,
)
from gateway.store import messages, overviews, relays, reports, shares, submissions
from gateway.store.engine import reading
from gateway.store.writer import Writer


class SqlStore:
    """The store on a database that :mod:`gateway.store.migrations` has brought up to date."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    def accept(
        self,
        accepted: AcceptedReport,
        shares: Sequence[Share],
        events: Iterable[AuditEvent],
        keep: Callable[[], None] = lambda: None,
    ) -> Acceptance:
        """As the port; events are recorded for an accepted report alone, the other answers change nothing."""
        kept = tuple(events)

        def write(connection: Connection) -> Acceptance:
            acceptance = reports.accept(connection, accepted, shares, kept)
            keep()
            return acceptance

        return self._writer.run(write)

    def accept_all(
        self,
        offers: Sequence[Offer],
        arrival: Arrival | None = None,
        turn: Turn = NO_TURN,
        *,
        apart: str = "",
        entry: Entry | None = None,
    ) -> tuple[Acceptance, ...]:
        def write(connection: Connection) -> tuple[Acceptance, ...]:
            outcomes = tuple(self._accept_one(connection, offer) for offer in offers)
            entered = entry is not None and Acceptance.ACCEPTED in outcomes and relays.enter(connection, entry)
            for offer in offers:
                offer.keep()
            if arrival is not None:
                messages.record(
                    connection,
                    arrival,
                    ACCEPTED,
                    digests=[offer.accepted.digest for offer in offers],
                    document_ids=[offer.accepted.report.identifier.unique_id for offer in offers],
                    report_ids=[offer.accepted.id for offer in offers],
                    relay_id=entry.request_id if entry is not None and entered else "",
                    duplicate=Acceptance.ACCEPTED not in outcomes,
                    blob=apart,
                )
            return outcomes

        return self._writer.run(write, turn.passed)

    def _accept_one(self, connection: Connection, offer: Offer) -> Acceptance:
        outcome = reports.accept(connection, offer.accepted, offer.shares, offer.events)
        if outcome is Acceptance.CONFLICT:
            unique_id = offer.accepted.report.identifier.unique_id
            raise InputConflicts("report_conflicts", place="/ClinicalDocument/id", id=unique_id)
        return outcome

    def report(self, report_id: str) -> StoredReport:
        with reading(self._engine) as connection:
            return reports.stored(connection, report_id)

    def share(self, share_id: str) -> Share:
        """Raises InputRejected (``store_share_unknown``)."""
        with reading(self._engine) as connection:
            return shares.by_id(connection, share_id)

    def claim(self, now: datetime, lease_s: float) -> Share | None:
        return self._writer.run(lambda connection: shares.claim(connection, now, lease_s))

    def next_due(self) -> datetime | None:
        with reading(self._engine) as connection:
            return shares.next_due(connection)

    def renew(self, share: Share, until: datetime) -> bool:
        return self._writer.run(lambda connection: shares.renew(connection, share, until))

    def save(self, share: Share, events: Iterable[AuditEvent], *, release: bool = True) -> None:
        kept = tuple(events)

        def write(connection: Connection) -> None:
            shares.save(connection, share, release=release)
            _record(connection, kept)

        self._writer.run(write)

    def freeze(
        self,
        share: Share,
        frozen: FrozenSubmission,
        manifests: Sequence[Manifest],
        pairings: Sequence[Pairing],
        events: Iterable[AuditEvent],
    ) -> bool:
        """As the port; raises InputConflicts (``store_frozen_already``) unless the store has the share waiting."""
        kept = tuple(events)

        def write(connection: Connection) -> None:
            submissions.freeze(connection, share, frozen, manifests, pairings)
            _record(connection, kept)

        try:
            self._writer.run(write)
        except submissions.ManifestTaken:
            return False
        return True

    def frozen(self, share_id: str) -> FrozenSubmission:
        """Raises InputRejected (``store_not_frozen``)."""
        with reading(self._engine) as connection:
            return submissions.frozen(connection, share_id)

    def patient_ids(self, destination: str, accession: Identifier) -> Sequence[str]:
        """The patients (CX in the domain of *destination*) of the reports with *accession* that were frozen for it."""
        with reading(self._engine) as connection:
            return submissions.patient_ids(connection, destination, accession)

    def registered(self, share: Share, events: Iterable[AuditEvent]) -> None:
        kept = tuple(events)

        def write(connection: Connection) -> None:
            submissions.registered(connection, share)
            _record(connection, kept)

        self._writer.run(write)

    def manifest(self, destination: str, study_uid: str) -> Manifest | None:
        with reading(self._engine) as connection:
            return submissions.manifest(connection, destination, study_uid)

    def overviews(self, *, limit: int, states: Sequence[str] = (), report_id: str = "") -> Sequence[ShareOverview]:
        with reading(self._engine) as connection:
            return overviews.overviews(connection, limit, states, report_id)

    def record(self, event: AuditEvent) -> None:
        self._writer.run(lambda connection: audit.record(connection, event))

    def known_exams(self, study_uid: str, report_root: str) -> Sequence[KnownExam]:
        with reading(self._engine) as connection:
            return reports.known_exams(connection, study_uid, report_root)

    def is_referenced(self, digest: str) -> bool:
        """Whether a row of the store names the blob *digest*: for :meth:`gateway.store.blobs.FileBlobs.sweep`."""
        with reading(self._engine) as connection:
            return any(part.is_referenced(connection, digest) for part in (reports, messages, relays))


def _record(connection: Connection, events: Iterable[AuditEvent]) -> None:
    for event in events:
        audit.record(connection, event)
