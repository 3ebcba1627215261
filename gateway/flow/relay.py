"""Relay: teleradiology requests between an imaging site and a reading platform, store and forward.

    a message of a request arrives, is judged by its profile and kept, and only then acknowledged (:class:`Relaying`)
    -> it leaves for the other end, after those before it, until that end has acknowledged it (``forward.py``)
    -> the report that comes back enters the share like any other, and goes on to the site's own system.

Which way a message goes is told by its addresses: MSH-3 and MSH-4 name a platform on the way back, MSH-5 and MSH-6 on
the way there. Sources: CI-SIS "Téléradiologie", flows 1 to 4; ANS white paper on teleradiology (2024-10-03), flows A
to E and the roles in a report's header. What the guide leaves open (how documents are tied to a request and in which
order, how the report is to be transmitted) is a setting of the platform.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from uuid import uuid4

from lxml import etree

from gateway.cda import read
from gateway.errors import InputRejected
from gateway.flow.events import Delete, Event, New, Replace
from gateway.flow.ports import NO_TURN, Blobs, Clock, RelayStore, Turn, Wording
from gateway.flow.relay_requests import changed, request_id_of
from gateway.flow.relay_roles import check_roles
from gateway.model.audit import AuditEvent
from gateway.model.identifiers import Identifier
from gateway.model.message import Arrival, unabridged
from gateway.model.relay import (
    DeliveryState,
    Direction,
    Entry,
    Flow,
    Platform,
    RelayMessage,
    RelayRequest,
    Told,
)
from gateway.model.report import Report
from gateway.model.share import AcceptedReport, Receipt, Received
from gateway.model.site import Site

_TO_PLATFORM = frozenset({Flow.REQUEST, Flow.CANCEL, Flow.COMPLEMENT, Flow.DOCUMENT})


class AcceptAll(Protocol):
    """Keeps what arrived, durably, before it returns (:meth:`gateway.flow.accept.Accepting.accept_all`)."""

    def __call__(
        self,
        events: Sequence[Event],
        arrival: Arrival | None = None,
        *,
        turn: Turn = NO_TURN,
        sites: Collection[str] = (),
        entry: Callable[[Report, AcceptedReport], Entry] | None = None,
    ) -> tuple[Receipt, ...]:
        """Raises a GatewayError when nothing of it is kept."""


@dataclass(frozen=True, slots=True)
class Way:
    """Between which ends a message goes."""

    platform: Platform
    site: str
    direction: Direction


@dataclass(frozen=True, kw_only=True)
class Relaying:
    """How messages enter the relay, with what that needs."""

    store: RelayStore
    blobs: Blobs
    clock: Clock
    sites: Mapping[str, Site]
    platforms: Mapping[str, Platform]
    forwarded: Mapping[str, bool]
    """By site: whether its own system is sent what platforms answer; elsewhere it asks for it (``/api/relay``)."""
    wording: Wording
    parse: Callable[[bytes], etree._Element]
    ring: Callable[[], None] = lambda: None

    def is_platform(self, address: str) -> bool:
        return any(address in platform.addresses for platform in self.platforms.values())

    def take(
        self,
        message: bytes,
        arrival: Arrival,
        *,
        receiver: str = "",
        turn: Turn = NO_TURN,
        sites: Collection[str] = (),
        way: Way | None = None,
    ) -> str:
        """Keep a message of flows 1 to 4, A, C or D; gives the id of its request.

        *receiver*: ``application|facility`` that it is addressed to; *sites* those that may be spoken for where it came
        in (empty: all); *way* is given for a message that we built, which needs no addresses. Raises InputRejected,
        Unavailable: nothing is kept then.
        """
        heard = self.wording.told(message)
        way = way or self._way(heard, arrival.sender, receiver, sites)
        wrong = self.wording.refusal(message)
        if wrong is not None:
            raise wrong
        self._known(heard, way)
        return self._keep(message, arrival, heard, way, turn)

    def take_document(
        self,
        message: bytes,
        events: Sequence[Event],
        arrival: Arrival,
        accept: AcceptAll,
        *,
        receiver: str = "",
        turn: Turn = NO_TURN,
        sites: Collection[str] = (),
        way: Way | None = None,
    ) -> tuple[Receipt, ...]:
        """Keep a document of a request (flows B and E, third documents); a platform's report also enters the share.

        *way* as in :meth:`take`. Raises as :meth:`take` and as *accept*.
        """
        received = _received(events[0])
        sender = self._platform_of(arrival.sender) if way is None else None
        if way is not None and way.direction is Direction.TO_SITE:
            sender, sites = way.platform, (way.site,)
        if sender is not None:
            return self._take_report(message, events, arrival, accept, sender, turn, sites)
        report = read.read(self.parse(received.content))
        heard = Told(
            flow=Flow.DOCUMENT,
            profile=arrival.profile,
            order=self._order_of(message, report),
            patient=report.patient,
        )
        way = way or self._way(heard, arrival.sender, receiver, sites)
        self._keep(message, arrival, heard, way, turn)
        return ()

    # .. a platform's report

    def _take_report(
        self,
        message: bytes,
        events: Sequence[Event],
        arrival: Arrival,
        accept: AcceptAll,
        platform: Platform,
        turn: Turn,
        sites: Collection[str],
    ) -> tuple[Receipt, ...]:
        allowed = [site for site in platform.sites if not sites or site in sites]
        if not allowed:
            raise InputRejected("relay_site_unknown", place="MSH^1^5")
        if not platform.share_reports:
            report = read.read(self.parse(_received(events[0]).content))
            way = Way(platform, self._site_of_report(platform, allowed, message, report), Direction.TO_SITE)
            heard = self._report_told(message, report, arrival.profile)
            self._check(report, heard, way, _amends(events[0], report))
            self._keep(message, arrival, heard, way, turn)
            return ()
        digest = self.blobs.put(message) if platform.relay_reports else ""

        def entry(report: Report, accepted: AcceptedReport) -> Entry:
            way = Way(platform, accepted.site, Direction.TO_SITE)
            heard = self._report_told(message, report, arrival.profile)
            self._check(report, heard, way, accepted.amends)
            return self._entry(heard, way, arrival.control_id, digest, report_id=accepted.id)

        if len(allowed) == 1:
            events = [_at_site(event, allowed[0]) for event in events]
        receipts = accept(events, arrival, turn=turn, sites=allowed, entry=entry)
        self.ring()
        return receipts

    def _check(self, report: Report, heard: Told, way: Way, amends: str) -> None:
        """The roles in the report's header; *amends*: unique id of the version that is replaced or withdrawn.

        Raises InputRejected.
        """
        if not way.platform.check_roles:
            return
        request = self._request(way, heard.order)
        earlier = self.store.authors(way.site, amends) if amends else None
        check_roles(
            report,
            responsible=request.responsible if request else "",
            reader=request.reader if request else "",
            earlier=earlier,
        )

    def _report_told(self, message: bytes, report: Report, profile: str) -> Told:
        return Told(flow=Flow.REPORT, profile=profile, order=self._order_of(message, report), patient=report.patient)

    def _site_of_report(self, platform: Platform, allowed: Sequence[str], message: bytes, report: Report) -> str:
        if len(allowed) == 1:
            return allowed[0]
        order = self._order_of(message, report)
        known = self._find(platform, order) if order else None
        if known is not None and known.site in allowed:
            return known.site
        custodians = {each.unique_id for each in report.custodian.identifiers} if report.custodian else set()
        fits = [name for name in allowed if custodians & self.sites[name].custodians]
        if len(fits) == 1:
            return fits[0]
        raise InputRejected("relay_site_unknown", place="/ClinicalDocument/custodian")

    # .. which way

    def _way(self, heard: Told, sender: str, receiver: str, sites: Collection[str]) -> Way:
        """Raises InputRejected when the addresses name no two ends that belong together."""
        back = self._platform_of(sender)
        if back is not None:
            if heard.flow in _TO_PLATFORM:
                raise InputRejected("relay_wrong_way", place="MSH^1^3")
            return Way(back, self._site_at(back, heard, receiver, sites), Direction.TO_SITE)
        if heard.flow not in _TO_PLATFORM:
            raise InputRejected("relay_sender_unknown", place="MSH^1^3")
        own = [name for name, site in self.sites.items() if sender in site.senders and (not sites or name in sites)]
        if not own:
            raise InputRejected("relay_sender_unknown", place="MSH^1^3")
        there = self._platform_of(receiver)
        fits = [
            (platform, name)
            for platform in ([there] if there is not None else self.platforms.values())
            for name in own
            if name in platform.sites
        ]
        if len(fits) != 1:
            raise InputRejected("relay_platform_unknown", place="MSH^1^5")
        platform, site = fits[0]
        return Way(platform, site, Direction.TO_PLATFORM)

    def _site_at(self, platform: Platform, heard: Told, receiver: str, sites: Collection[str]) -> str:
        allowed = [site for site in platform.sites if not sites or site in sites]
        known = self._find(platform, heard.order) if heard.order else None
        if known is not None and known.site in allowed:
            return known.site
        if len(allowed) == 1:
            return allowed[0]
        fits = [name for name in allowed if receiver in self.sites[name].senders]
        if len(fits) != 1:
            raise InputRejected("relay_site_unknown", place="MSH^1^5")
        return fits[0]

    def _platform_of(self, address: str) -> Platform | None:
        return next((one for one in self.platforms.values() if address in one.addresses), None)

    # .. what is kept

    def _order_of(self, message: bytes, report: Report) -> Identifier | None:
        """The order number that the message says, else the first that its document says.

        The guide leaves open how documents are tied to a request; both places are where senders write it.
        """
        said = self.wording.order_of_document(message)
        return said or next((order.placer for order in report.orders if order.placer), None)

    def _known(self, heard: Told, way: Way) -> None:
        if heard.flow is Flow.REQUEST or way.platform.unknown_orders == "take":
            return
        if self._request(way, heard.order) is None:
            raise InputRejected("relay_order_unknown", place="ORC^1^2")

    def _keep(self, message: bytes, arrival: Arrival, heard: Told, way: Way, turn: Turn) -> str:
        arrival = unabridged(arrival, message)
        forwarded = self._is_forwarded(way)
        digest = self.blobs.put(message) if forwarded or arrival.apart is not None else ""
        entry = self._entry(heard, way, arrival.control_id, digest if forwarded else "")
        event = AuditEvent(
            action="relay.taken",
            actor=arrival.sender,
            patient=heard.patient.cx if heard.patient else "",
            study_uid=heard.examinations[0].study_uid if heard.examinations else "",
            facts={"request": entry.request_id, "flow": heard.flow.value, "platform": way.platform.name},
        )
        turn.wait()
        apart = digest if arrival.apart is not None else ""
        if self.store.enter(entry, arrival, turn, apart=apart, events=[event]):
            self.ring()
        return entry.request_id

    def _is_forwarded(self, way: Way) -> bool:
        return way.direction is Direction.TO_PLATFORM or self.forwarded.get(way.site, False)

    def _entry(self, heard: Told, way: Way, control_id: str, digest: str, *, report_id: str = "") -> Entry:
        now = self.clock.now()
        order = heard.order
        if order is None:
            if way.platform.unknown_orders != "take":
                raise InputRejected("relay_order_missing", place="ORC^1^2")
            # Nothing ties it to a request: it is one by itself.
            order = Identifier("", f"{way.direction.value}:{control_id}")
        request_id = request_id_of(way.platform.name, order)
        message = None
        if digest and self._is_forwarded(way):
            message = RelayMessage(
                id=uuid4().hex,
                request_id=request_id,
                direction=way.direction,
                flow=heard.flow,
                profile=heard.profile,
                control_id=control_id,
                digest=digest,
                state=DeliveryState.WAITING,
                due_at=now,
                created_at=now,
                updated_at=now,
            )

        def change(request: RelayRequest | None) -> RelayRequest:
            return changed(request, request_id, order, heard, way.site, way.platform.name, now, report_id)

        answers = heard.flow in (Flow.ANSWER, Flow.REPORT)
        return Entry(request_id=request_id, change=change, message=message, answers=answers)

    def _request(self, way: Way, order: Identifier | None) -> RelayRequest | None:
        return self._find(way.platform, order) if order is not None else None

    def _find(self, platform: Platform, order: Identifier) -> RelayRequest | None:
        try:
            return self.store.request(request_id_of(platform.name, order))
        except InputRejected:
            return None


def _received(event: Event) -> Received:
    if isinstance(event, New | Replace | Delete):
        return event.received
    raise InputRejected("relay_no_document", place="MSH^1^9", hl7_code="200")


def _amends(event: Event, report: Report) -> str:
    """Unique id of the version that *event* replaces or withdraws; a withdrawal carries the very document."""
    if isinstance(event, Delete):
        return report.identifier.unique_id
    return next((each.identifier.unique_id for each in report.related if each.type_code == "RPLC"), "")


def _at_site(event: Event, site: str) -> Event:
    if isinstance(event, New | Replace | Delete):
        return replace(event, received=replace(event.received, site=site))
    return event
