"""The desk of the relay: what a system without HL7 hands in as JSON becomes a message, and is taken like any other."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from gateway.cda.read import read_document
from gateway.errors import InputRejected
from gateway.flow.ports import Clock
from gateway.flow.relay import AcceptAll, Relaying, Way
from gateway.flow.relay_requests import request_id_of
from gateway.hl7 import acknowledge, arrival, teleradiology_build, transmittal_build, white_paper_build
from gateway.hl7.intake import read_events
from gateway.hl7.ports import Admission
from gateway.hl7.reception import Meeting
from gateway.model.relay import Direction, Platform
from gateway.model.site import Site
from gateway.model.teleradiology import Envelope, Exchange, Transmittal
from gateway.trust import safexml
from gateway.web.parts import IntakeKey, Submitted

if TYPE_CHECKING:
    from gateway.web.relay_form import Form

Address = tuple[str, str]
"""Application and facility (MSH-3 and MSH-4, or MSH-5 and MSH-6)."""
_APPLICATION = "GATEWAY"
"""MSH-3 of a site that has no system of its own which writes HL7."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Builds the message of a form, in the other end's terms, and lets it into the relay."""

    relaying: Relaying
    accept: AcceptAll
    clock: Clock
    sites: Mapping[str, Site]
    addresses: Mapping[str, Address]
    """Of each platform."""
    processing_id: str

    def submit(self, key: IntakeKey, form: Form) -> Submitted:
        """Keep what *form* says, in the name of *key*'s end.

        Raises InputRejected (``relay_not_this_end``, ``relay_site_platform``, ``relay_platform_site``, and those of
        building and of taking), Unavailable: nothing is kept then.
        """
        way = self._way(key, form)
        site, now = self.sites[way.site], self.clock.now()
        said = form.read(site, now)
        message = self._built(said, way, now)
        meeting = Meeting(admission=Admission(port="api"), peer=key.name, received_at=now)
        came = arrival.of(message, acknowledge.read_request(message), meeting)
        if isinstance(said, Transmittal):
            events = read_events(message)
            outlined = arrival.outlined(message, came, events)
            self.relaying.take_document(message, events, outlined, self.accept, way=way)
        else:
            self.relaying.take(message, came, way=way)
        request_id = request_id_of(way.platform.name, said.order_number)
        return Submitted(request_id=request_id, left_out=form.left_out(white_paper=way.platform.white_paper))

    def _built(self, said: Exchange | Transmittal, way: Way, now: datetime) -> bytes:
        site = self.sites[way.site]
        ends = _address(min(site.senders, default=f"{_APPLICATION}|{site.name}")), self.addresses[way.platform.name]
        sending, receiving = ends if way.direction is Direction.TO_PLATFORM else ends[::-1]
        envelope = Envelope(
            control_id=secrets.token_hex(10),
            sending=sending,
            receiving=receiving,
            sent_at=f"{now:%Y%m%d%H%M%S}+0000",
            processing_id=self.processing_id,
        )
        if isinstance(said, Transmittal):
            report = read_document(safexml.parse(said.content))
            return transmittal_build.build(envelope, said, report, site.organization, now)
        build = white_paper_build.build if way.platform.white_paper else teleradiology_build.build
        return build(envelope, said)

    def _way(self, key: IntakeKey, form: Form) -> Way:
        platforms = self.relaying.platforms
        if form.from_platform != bool(key.platform):
            expected = "platform" if form.from_platform else "site"
            raise InputRejected("relay_not_this_end", place="kind", kind=form.kind, expected=expected)
        if key.platform:
            platform = platforms[key.platform]
            return Way(platform, self._site(platform, form), Direction.TO_SITE)
        known = [name for name, one in platforms.items() if key.site in one.sites]
        chosen = form.platform or (known[0] if len(known) == 1 else "")
        if chosen not in known:
            raise InputRejected(
                "relay_site_platform", place="platform", platform=chosen or "-", known=", ".join(known) or "-"
            )
        return Way(platforms[chosen], key.site, Direction.TO_PLATFORM)

    def _site(self, platform: Platform, form: Form) -> str:
        """The site that is told: the one named, the one whose request it is, or the only one."""
        if form.site in platform.sites:
            return form.site
        if not form.site:
            asked = [name for name in platform.sites if self._asked(platform, name, form)]
            for found in (asked, platform.sites):
                if len(found) == 1:
                    return found[0]
        raise InputRejected("relay_platform_site", place="site", site=form.site or "-", known=", ".join(platform.sites))

    def _asked(self, platform: Platform, site: str, form: Form) -> bool:
        number = form.order.read(self.sites[site].order_issuer)
        try:
            return self.relaying.store.request(request_id_of(platform.name, number)).site == site
        except InputRejected:
            return False


def _address(text: str) -> Address:
    application, _, facility = text.partition("|")
    return application, facility
