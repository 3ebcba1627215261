"""The store of reports and shares: the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from gateway.flow.ports.reception import NO_TURN, Turn
from gateway.model.audit import AuditEvent
from gateway.model.identifiers import Identifier
from gateway.model.identity import IdentityChange
from gateway.model.message import Arrival
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
    Step,
    StoredReport,
)


class Published(Protocol):
    """What was published, as it stands in the transaction that keeps a change of identity: nothing comes between."""

    def publications(self, named: Iterable[tuple[str, Identifier]]) -> Mapping[tuple[str, Identifier], Sequence[Share]]:
        """By site and identifier: the publications of that site's reports that name it as their patient's, oldest
        first; nothing for one that no report names."""

    def amendments(self, share_id: str) -> Sequence[Share]:
        """As :meth:`Store.amendments`."""

    def patient_identifiers(self, report_id: str) -> Sequence[Identifier]:
        """As :meth:`Store.patient_identifiers`."""

    def frozen(self, share_id: str) -> FrozenSubmission:
        """As :meth:`Store.frozen`."""


Follow = Callable[[Published], Sequence[Consequence]]
"""Tells what a message about patients changes, and the shares that follow from it."""


class Store(Protocol):
    """The truth. Each method is one transaction, and each that changes something records its audit events in it."""

    def accept_all(
        self,
        offers: Sequence[Offer],
        arrival: Arrival | None = None,
        turn: Turn = NO_TURN,
        *,
        apart: str = "",
        entry: Entry | None = None,
        keep: Callable[[], None] = lambda: None,
    ) -> Sequence[Acceptance]:
        """Keep the reports of one message, all or none, and the message with them. Durable when it returns.

        *keep* makes the bytes durable where they are not yet; it is called last before the commit, and what it raises
        undoes all.

        *apart* is the key of the message's bytes where they are a blob of their own; *entry* is what the message does
        to a teleradiology request, done once however often the message comes. Raises InputConflicts
        (``report_conflicts``) when one report conflicts: nothing is kept then.
        """

    def change(
        self,
        changes: Sequence[IdentityChange],
        follow: Follow,
        arrival: Arrival | None = None,
        turn: Turn = NO_TURN,
    ) -> Sequence[Consequence]:
        """Keep what a message tells of patients, what follows from it, and the message. Durable when it returns.

        *follow* is asked in the transaction, of the publications that name what *changes* name; what it gives is
        written and returned. It may be asked again where the transaction is begun anew.
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
        through: Sequence[Share] = (),
    ) -> bool:
        """Keep the frozen submission and move the share to it, still leased to the caller.

        A share that leaves at once is given as it leaves, *through* what it was when it was frozen: then all of it is
        durable when this returns. Without, it is when it departs.
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

    def overrides_of(self, report_id: str, destination: str) -> Sequence[Mapping[str, str]]:
        """What people stated for the publications of a report at a destination, oldest first: with each publication,
        and then in each correction of it that was made."""

    def publications_of(self, report_id: str) -> Sequence[Share]:
        """The publications of a report, oldest first."""

    def studies(self, report_id: str) -> Sequence[str]:
        """The studies of a report, in its order; known still when its bytes were erased."""

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

    def carries(self, manifest: Manifest, requests: str) -> None:
        """The entry of *manifest* was corrected and carries *requests* now; nothing is written when another stands."""

    def living(self, destination: str, study_uid: str, besides: str = "") -> Sequence[str]:
        """Ids of the reports over a study that stand at a destination or are on their way, as they arrived.

        *besides*: a share whose report is not meant, because it gives way.
        """

    def overviews(self, *, limit: int, states: Sequence[str] = (), report_id: str = "") -> Sequence[ShareOverview]:
        """Shares, newest first."""

    def record(self, event: AuditEvent) -> None:
        """An audit event that changes nothing else."""
