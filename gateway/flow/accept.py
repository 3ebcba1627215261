"""A report arrives: it is read, judged and kept, and only then is its sender answered.

Nothing here touches a socket, a file or a database; the ports of ``flow/ports`` do.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from lxml import etree

from gateway.cda import read
from gateway.errors import InputRejected, NotSupportedYet
from gateway.flow import agree, identity
from gateway.flow.carrying import audit
from gateway.flow.deeds import amendment
from gateway.flow.events import Delete, Event, IdentityChanged, ImagesChanged, New, Replace
from gateway.flow.policy import Policy
from gateway.flow.ports import NO_TURN, Blobs, Clock, Keeping, Published, Store, Turn
from gateway.model.audit import AuditEvent
from gateway.model.message import Arrival
from gateway.model.relay import Entry
from gateway.model.report import Report, Statements
from gateway.model.share import (
    Acceptance,
    AcceptedReport,
    Consequence,
    Deed,
    Offer,
    Receipt,
    Received,
    Share,
    ShareState,
)
from gateway.model.site import Site


@dataclass(frozen=True, kw_only=True)
class Accepting:
    """The beginning of the story, with what it needs."""

    store: Store
    blobs: Blobs
    clock: Clock
    sites: Mapping[str, Site]
    parse: Callable[[bytes], etree._Element]
    ring: Callable[[], None] = lambda: None
    """Tells the workers that something is due."""
    flavours: Mapping[str, str] = field(default_factory=dict)
    """``dmp`` or ``ihe`` by destination."""
    policy: Policy = field(default_factory=Policy)
    images_changed: Callable[[Sequence[str]], object] | None = None
    """Has these studies looked at again, durably, before it returns."""

    def accept(self, event: Event) -> Receipt:
        """Judge what arrived and keep it; when this returns the gateway is responsible for it.

        Raises InputRejected (the sender must change it), InputConflicts (same id, other bytes), NotSupportedYet, or
        Unavailable (send it again later). Nothing is kept then.
        """
        return self.accept_all((event,))[0]

    def accept_all(
        self,
        events: Sequence[Event],
        arrival: Arrival | None = None,
        *,
        turn: Turn = NO_TURN,
        sites: Collection[str] = (),
        entry: Callable[[Report, AcceptedReport], Entry] | None = None,
    ) -> tuple[Receipt, ...]:
        """Judge the reports of one message and keep all of them, or none; raises as :meth:`accept`.

        *arrival* is the message, kept with them; *turn* its place among those of its sender; *sites* those that may be
        spoken for where it came in (empty: all); *entry* gives what the first report does to a teleradiology request.
        """
        changes = [event for event in events if isinstance(event, IdentityChanged | ImagesChanged)]
        if changes:
            return self._changed(changes, arrival, turn=turn, sites=sites)
        reports = [event for event in events if isinstance(event, New | Replace | Delete)]
        # The disk takes the bytes while they are read; what is refused leaves nothing there.
        with ExitStack() as stack:
            keeping = [stack.enter_context(self.blobs.begin(event.received.content)) for event in reports]
            offers = [self._offer(event, bytes_, sites) for event, bytes_ in zip(reports, keeping, strict=True)]
            apart = ""
            if arrival is not None and arrival.apart is not None:
                keeping.append(stack.enter_context(self.blobs.begin(arrival.apart)))
                apart = keeping[-1].digest
            joined = entry(offers[0].accepted.report, offers[0].accepted) if entry else None
            turn.wait()
            # They get their names while the rows are written, and have them before the rows are there.
            for one in keeping:
                one.confirm()
            outcomes = self.store.accept_all(
                offers, arrival, turn, apart=apart, entry=joined, keep=lambda: _finish(keeping)
            )
        if Acceptance.ACCEPTED in outcomes:
            self.ring()
        return tuple(
            Receipt(report_id=offer.accepted.id, duplicate=outcome is Acceptance.DUPLICATE)
            for offer, outcome in zip(offers, outcomes, strict=True)
        )

    def withdraw(self, report_id: str, sender: str) -> Receipt:
        """The system that sent a report has it withdrawn by its id here; twice is once.

        Raises InputRejected (``store_report_unknown``), Unavailable.
        """
        stored = self.store.report(report_id)
        now = self.clock.now()
        published = {one.destination: one for one in self.store.publications_of(stored.id)}
        new = [amendment(one, Deed.WITHDRAW, now, actor=sender) for one in published.values()]
        event = AuditEvent(action="report.withdrawal_accepted", actor=sender, document=report_id)
        begun = self.store.begin(new, [event])
        self.ring()
        return Receipt(report_id=report_id, duplicate=not any(share in new for share in begun))

    def _changed(
        self,
        changes: Sequence[IdentityChanged | ImagesChanged],
        arrival: Arrival | None,
        *,
        turn: Turn,
        sites: Collection[str],
    ) -> tuple[Receipt, ...]:
        """Keep what a message tells of patients or of images, and begin what follows from it."""
        now = self.clock.now()
        studies = [change.study_uid for change in changes if isinstance(change, ImagesChanged)]
        if studies and self.images_changed is None:
            raise NotSupportedYet("event_not_supported_yet", place="MSH^1^9^1^2", hl7_code="201")
        where = [site for site in self.sites.values() if not sites or site.name in sites]
        told = [change for change in changes if isinstance(change, IdentityChanged)]
        known = [each for change in told for each in identity.changes(change, where, now)]

        def follow(published: Published) -> Sequence[Consequence]:
            return identity.Consequences(published, self.policy).of(known)

        turn.wait()
        if studies and self.images_changed is not None:
            self.images_changed(studies)
        consequences: Sequence[Consequence] = ()
        if known:
            consequences = self.store.change(known, follow, arrival, turn)
        else:
            self.store.accept_all((), arrival, turn)
        if studies or any(one.shares for one in consequences):
            self.ring()
        return tuple(Receipt(report_id="", duplicate=False) for _ in changes)

    def _offer(self, event: New | Replace | Delete, keeping: Keeping, sites: Collection[str]) -> Offer:
        received = event.received
        report = read.read(self.parse(received.content))
        if report.legal_authenticator is None:
            raise InputRejected("report_not_validated", place="/ClinicalDocument/legalAuthenticator")
        agree.sender_and_report(received, report)
        withdraws = isinstance(event, Delete)
        amends = report.identifier.unique_id if withdraws else _parent(event, report)
        accepted = self._accepted(received, report, keeping.digest, amends, withdraws=withdraws)
        if sites and accepted.site not in sites:
            raise InputRejected("site_not_here", place="MSH^1^4", site=accepted.site)
        deed = Deed.WITHDRAW if withdraws else Deed.PUBLISH
        return Offer(
            accepted=accepted,
            shares=tuple(
                _new_share(accepted, name, accepted.received_at, deed)
                for name in self.sites[accepted.site].destinations
            ),
            events=(audit(f"{accepted.kind}.accepted", report, actor=received.sender),),
        )

    def _accepted(
        self, received: Received, report: Report, digest: str, amends: str, *, withdraws: bool
    ) -> AcceptedReport:
        site = self._site_of(received, report)
        statements_digest = _statements_digest(received.statements)
        return AcceptedReport(
            id=_report_id(site, report, "withdrawal" if withdraws else ""),
            site=site.name,
            received=received,
            report=report,
            digest=digest,
            statements_digest=statements_digest,
            received_at=self.clock.now(),
            kind="withdrawal" if withdraws else "report",
            amends=amends,
            # The DMP takes another masking as a new version alone (CI-SIS, indirect authentication).
            restatable=not any(self.flavours.get(name) == "dmp" for name in site.destinations),
        )

    def _site_of(self, received: Received, report: Report) -> Site:
        """The site of an intake key, else the one that names this sender, else the one that names this custodian."""
        if received.site:
            return self.sites[received.site]
        custodians = {i.unique_id for i in report.custodian.identifiers} if report.custodian else set()
        for fits in (
            [site for site in self.sites.values() if received.sender in site.senders],
            [site for site in self.sites.values() if custodians & site.custodians],
        ):
            if len(fits) == 1:
                return fits[0]
            by_both = [site for site in fits if custodians & site.custodians]
            if len(by_both) == 1:
                return by_both[0]
        raise InputRejected("site_unknown", place="MSH^1^4", sender=received.sender)


def _finish(keeping: Sequence[Keeping]) -> None:
    for each in keeping:
        each.finish()


def _parent(event: New | Replace | Delete, report: Report) -> str:
    """Unique id of the report that this one replaces, or nothing; the message and the document must agree on it.

    The document's word is needed: an ORU has no field for it, and who consults reads the document alone.
    """
    stated = [related.identifier for related in report.related if related.type_code == "RPLC"]
    if isinstance(event, Replace):
        if not stated:
            raise InputRejected("parent_missing", place="/ClinicalDocument/relatedDocument", hl7_code="101")
        parent = event.parent
        if parent is not None and parent.unique_id not in (stated[0].unique_id, stated[0].root):
            raise InputRejected("parent_differs", place="TXA^1^13", hl7_code="103")
    if not stated:
        return ""
    if stated[0] == report.identifier:
        raise InputRejected("parent_is_itself", place="/ClinicalDocument/relatedDocument", hl7_code="103")
    return stated[0].unique_id


def _report_id(site: Site, report: Report, kind: str = "") -> str:
    """One id for one document of one site, so that a report sent twice is followed at one place.

    The message that withdraws a report is followed at another (*kind*).
    """
    parts = [site.name, report.identifier.unique_id, *([kind] if kind else [])]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _statements_digest(statements: Statements) -> str:
    canonical = [
        statements.reliability.value,
        statements.identity_unknown,
        sorted(statements.masked),
        statements.to_dmp,
        statements.secret_connection,
    ]
    return hashlib.sha256(json.dumps(canonical).encode()).hexdigest()


def _new_share(accepted: AcceptedReport, destination: str, now: datetime, deed: Deed) -> Share:
    report = accepted.report
    lineage = (report.set_id or report.identifier).unique_id
    return Share(
        id=uuid4().hex,
        report_id=accepted.id,
        site=accepted.site,
        destination=destination,
        lineage=f"{accepted.site}:{lineage}",
        state=ShareState.WAITING,
        due_at=now,
        created_at=now,
        updated_at=now,
        deed=deed,
        actor=accepted.received.sender,
    )
