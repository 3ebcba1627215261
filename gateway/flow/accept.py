"""A report arrives: it is read, judged and kept, and only then is its sender answered.

Nothing here touches a socket, a file or a database; the ports of ``ports.py`` do.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

from lxml import etree

from gateway.cda import read
from gateway.errors import InputRejected, NotSupportedYet
from gateway.flow import agree
from gateway.flow.events import Delete, Event, IdentityChanged, ImagesChanged, New, Replace
from gateway.flow.ports import NO_TURN, Blobs, Clock, Store, Turn
from gateway.model.audit import AuditEvent
from gateway.model.message import Arrival
from gateway.model.relay import Entry
from gateway.model.report import Report, Statements
from gateway.model.share import Acceptance, AcceptedReport, Offer, Receipt, Received, Share, ShareState
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
        # The disk takes the bytes while they are read; what is refused leaves nothing there.
        with ExitStack() as stack:
            offers = [self._offer(_only_new(event), sites, stack) for event in events]
            apart = ""
            if arrival is not None and arrival.apart is not None:
                message = stack.enter_context(self.blobs.begin(arrival.apart))
                last = offers.pop()
                offers.append(replace(last, keep=_both(last.keep, message.finish)))
                apart = message.digest
            joined = entry(offers[0].accepted.report, offers[0].accepted) if entry else None
            turn.wait()
            outcomes = self.store.accept_all(offers, arrival, turn, apart=apart, entry=joined)
        if Acceptance.ACCEPTED in outcomes:
            self.ring()
        return tuple(
            Receipt(report_id=offer.accepted.id, duplicate=outcome is Acceptance.DUPLICATE)
            for offer, outcome in zip(offers, outcomes, strict=True)
        )

    def _offer(self, received: Received, sites: Collection[str], stack: ExitStack) -> Offer:
        keeping = stack.enter_context(self.blobs.begin(received.content))
        report = self._judged(received)
        accepted = self._accepted(received, report, keeping.digest)
        if sites and accepted.site not in sites:
            raise InputRejected("site_not_here", place="MSH^1^4", site=accepted.site)
        return Offer(
            accepted=accepted,
            shares=tuple(
                _new_share(accepted, name, accepted.received_at) for name in self.sites[accepted.site].destinations
            ),
            events=(_accepted_event(report, received),),
            keep=keeping.finish,
        )

    def _judged(self, received: Received) -> Report:
        report = read.read(self.parse(received.content))
        _validated(report)
        agree.sender_and_report(received, report)
        return report

    def _accepted(self, received: Received, report: Report, digest: str) -> AcceptedReport:
        site = self._site_of(received, report)
        return AcceptedReport(
            id=_report_id(site, report),
            site=site.name,
            received=received,
            report=report,
            digest=digest,
            statements_digest=_statements_digest(received.statements),
            received_at=self.clock.now(),
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


def _both(one: Callable[[], None], other: Callable[[], None]) -> Callable[[], None]:
    def keep() -> None:
        one()
        other()

    return keep


def _only_new(event: Event) -> Received:
    match event:
        case New(received):
            return received
        case Replace():
            raise NotSupportedYet("replacement_not_supported_yet", place="MSH^1^9^1^2", hl7_code="201")
        case Delete():
            raise NotSupportedYet("deletion_not_supported_yet", place="MSH^1^9^1^2", hl7_code="201")
        case IdentityChanged() | ImagesChanged():
            raise NotSupportedYet("event_not_supported_yet", place="MSH^1^9^1^2", hl7_code="201")


def _validated(report: Report) -> None:
    if any(related.type_code == "RPLC" for related in report.related):
        raise NotSupportedYet(
            "replacement_not_supported_yet", place="/ClinicalDocument/relatedDocument", hl7_code="201"
        )
    if report.legal_authenticator is None:
        raise InputRejected("report_not_validated", place="/ClinicalDocument/legalAuthenticator")


def _report_id(site: Site, report: Report) -> str:
    """One id for one document of one site, so that a report sent twice is followed at one place."""
    return hashlib.sha256(f"{site.name}\n{report.identifier.unique_id}".encode()).hexdigest()[:32]


def _statements_digest(statements: Statements) -> str:
    canonical = [
        statements.reliability.value,
        statements.identity_unknown,
        sorted(statements.masked),
        statements.to_dmp,
        statements.secret_connection,
    ]
    return hashlib.sha256(json.dumps(canonical).encode()).hexdigest()


def _new_share(accepted: AcceptedReport, destination: str, now: datetime) -> Share:
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
    )


def _accepted_event(report: Report, received: Received) -> AuditEvent:
    patient = report.patient.ins or next(iter(report.patient.identifiers), None)
    return AuditEvent(
        action="report.accepted",
        actor=received.sender,
        patient=patient.cx() if patient else "",
        study_uid=report.study_uids[0] if report.study_uids else "",
        document=report.identifier.unique_id,
    )
