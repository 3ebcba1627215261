"""The truth of the gateway in SQL (:class:`gateway.flow.ports.Store`): one method, one transaction.

What each transaction does stands in :mod:`~gateway.store.reports`, :mod:`~gateway.store.shares` and
:mod:`~gateway.store.submissions`; here they get their connection and their audit events. Every method raises, beside
what its port names, Unavailable (``store_unavailable``, ``store_busy``, ``store_full``, ``store_closed``), and the
writing ones InputRejected (``store_value``) for a value that cannot be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine

from gateway import audit
from gateway.errors import InputConflicts
from gateway.flow.ports import NO_TURN, Follow, Turn
from gateway.flow.states import Happening
from gateway.model.audit import AuditEvent
from gateway.model.identifiers import Identifier
from gateway.model.identity import IdentityChange
from gateway.model.message import ACCEPTED, Arrival
from gateway.model.relay import Entry
from gateway.model.share import (
    Acceptance,
    Consequence,
    FrozenSubmission,
    Manifest,
    Offer,
    Pairing,
    Share,
    ShareOverview,
    ShareState,
    Step,
    StoredReport,
)
from gateway.store import (
    corrections,
    identities,
    lineages,
    manifest_rows,
    messages,
    overviews,
    references,
    relays,
    reports,
    shares,
    steps,
    submissions,
    watches,
)
from gateway.store.engine import reading
from gateway.store.writer import Writer


class SqlStore:
    """The store on a database that :mod:`gateway.store.migrations` has brought up to date."""

    def __init__(self, engine: Engine, writer: Writer, first_look_s: float = submissions.FIRST_LOOK_S) -> None:
        """*first_look_s*: after a publication until its studies are looked at again."""
        self._engine = engine
        self._writer = writer
        self._first_look_s = first_look_s

    def accept_all(
        self,
        offers: Sequence[Offer],
        arrival: Arrival | None = None,
        turn: Turn = NO_TURN,
        *,
        apart: str = "",
        entry: Entry | None = None,
        keep: Callable[[], None] = lambda: None,
    ) -> tuple[Acceptance, ...]:
        """As the port; events are recorded for an accepted report alone, the other answers change nothing."""

        def write(connection: Connection) -> tuple[Acceptance, ...]:
            outcomes = tuple(self._accept_one(connection, offer) for offer in offers)
            entered = entry is not None and Acceptance.ACCEPTED in outcomes and relays.enter(connection, entry)
            if arrival is not None:
                row = messages.row(
                    arrival,
                    ACCEPTED,
                    digests=[offer.accepted.digest for offer in offers],
                    document_ids=[offer.accepted.report.identifier.unique_id for offer in offers],
                    report_ids=[offer.accepted.id for offer in offers],
                    relay_id=entry.request_id if entry is not None and entered else "",
                    duplicate=bool(offers) and Acceptance.ACCEPTED not in outcomes,
                    blob=apart,
                )
                messages.record(connection, (row,))
            keep()
            return outcomes

        return self._writer.run(write, turn.passed)

    def change(
        self,
        changes: Sequence[IdentityChange],
        follow: Follow,
        arrival: Arrival | None = None,
        turn: Turn = NO_TURN,
    ) -> Sequence[Consequence]:
        message = None if arrival is None else messages.row(arrival, ACCEPTED)
        told = corrections.Told(changes, follow, message)
        return self._writer.run_together(corrections.keep, told, turn.passed)

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
        return self._writer.run_ahead(lambda connection: shares.claim(connection, now, lease_s))

    def next_due(self) -> datetime | None:
        with reading(self._engine) as connection:
            return shares.next_due(connection)

    def renew(self, share: Share, until: datetime) -> bool:
        return self._writer.run(lambda connection: shares.renew(connection, share, until))

    def save(self, share: Share, events: Iterable[AuditEvent], *, release: bool = True) -> None:
        kept = tuple(events)

        def write(connection: Connection) -> None:
            shares.save(connection, share, release=release)
            ended = share.state in (ShareState.ABANDONED, ShareState.WITHDRAWN, ShareState.SUPERSEDED)
            if ended or share.happening == Happening.TAKEN_UP.name:
                manifest_rows.put_back(connection, share.id)
            audit.record_all(connection, kept)

        # A look that is forgotten is taken again; whatever says more of a share is durable.
        looked = share.state is ShareState.WAITING and not kept
        (self._writer.run_ahead if looked else self._writer.run)(write)

    def freeze(
        self,
        share: Share,
        frozen: FrozenSubmission,
        manifests: Sequence[Manifest],
        pairings: Sequence[Pairing],
        events: Iterable[AuditEvent],
        through: Sequence[Share] = (),
    ) -> bool:
        """As the port; raises InputConflicts (``store_frozen_already``) unless the store has the share waiting."""
        kept = tuple(events)

        def write(connection: Connection) -> None:
            submissions.freeze(connection, share, frozen, manifests, pairings, through)
            audit.record_all(connection, kept)

        try:
            # Nothing leaves before the share is said to leave, which is durable and this with it.
            (self._writer.run if share.state is ShareState.SENDING else self._writer.run_ahead)(write)
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

    def registered(
        self, share: Share, events: Iterable[AuditEvent], others: Sequence[Share] = (), begun: Sequence[Share] = ()
    ) -> None:
        kept = tuple(events)

        def write(connection: Connection) -> None:
            submissions.registered(connection, share, self._first_look_s)
            for other in sorted(others, key=lambda each: each.id):
                manifest_rows.follow(connection, share, other)
                shares.follow(connection, other)
            shares.add(connection, begun)
            audit.record_all(connection, kept)

        self._writer.run(write)

    def settle(self, share: Share, other: Share, events: Iterable[AuditEvent]) -> None:
        kept = tuple(events)

        def write(connection: Connection) -> None:
            shares.fence(connection, share, release=False)
            if other.state is ShareState.SHARED:
                manifest_rows.registered(connection, other)
            else:
                manifest_rows.follow(connection, share, other)
            shares.follow(connection, other)
            audit.record_all(connection, kept)

        self._writer.run(write)

    def begin(self, new: Sequence[Share], events: Iterable[AuditEvent]) -> Sequence[Share]:
        kept = tuple(events)

        def write(connection: Connection) -> tuple[Share, ...]:
            begun = shares.begin(connection, new)
            if any(share in new for share in begun):
                audit.record_all(connection, kept)
            return begun

        return self._writer.run(write)

    def amendments(self, share_id: str) -> Sequence[Share]:
        with reading(self._engine) as connection:
            return shares.amendments(connection, share_id)

    def overrides_of(self, report_id: str, destination: str) -> Sequence[Mapping[str, str]]:
        with reading(self._engine) as connection:
            return shares.overrides_of(connection, report_id, destination)

    def publications_of(self, report_id: str) -> Sequence[Share]:
        with reading(self._engine) as connection:
            return shares.publications_of(connection, report_id)

    def studies(self, report_id: str) -> Sequence[str]:
        with reading(self._engine) as connection:
            return reports.studies_of(connection, [report_id]).get(report_id, ())

    def patient_identifiers(self, report_id: str) -> Sequence[Identifier]:
        with reading(self._engine) as connection:
            return identities.named_in(connection, report_id)

    def identity_changes(self, site: str, identifiers: Iterable[Identifier]) -> Sequence[IdentityChange]:
        with reading(self._engine) as connection:
            return identities.of(connection, site, identifiers)

    def versions(self, share: Share) -> Sequence[Share]:
        with reading(self._engine) as connection:
            return shares.versions(connection, share)

    def arrived(self, share: Share, now: datetime) -> bool:
        return self._writer.run(lambda connection: lineages.arrived(connection, share, now))

    def steps(self, share_id: str) -> Sequence[Step]:
        with reading(self._engine) as connection:
            return steps.of(connection, share_id)

    def manifest(self, destination: str, study_uid: str) -> Manifest | None:
        with reading(self._engine) as connection:
            return manifest_rows.manifest(connection, destination, study_uid)

    def carries(self, manifest: Manifest, requests: str) -> None:
        self._writer.run(lambda connection: manifest_rows.carries(connection, manifest, requests))

    def living(self, destination: str, study_uid: str, besides: str = "") -> Sequence[str]:
        with reading(self._engine) as connection:
            return watches.living(connection, destination, study_uid, besides)

    def overviews(self, *, limit: int, states: Sequence[str] = (), report_id: str = "") -> Sequence[ShareOverview]:
        with reading(self._engine) as connection:
            return overviews.overviews(connection, limit, states, report_id)

    def record(self, event: AuditEvent) -> None:
        self._writer.run(lambda connection: audit.record(connection, event))

    def is_referenced(self, digest: str) -> bool:
        """Whether a row of the store names the blob *digest*: for :meth:`gateway.store.blobs.FileBlobs.sweep`."""
        with reading(self._engine) as connection:
            return references.is_referenced(connection, digest)
