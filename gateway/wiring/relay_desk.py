"""The desk of the relay: what a system without HL7 hands in as JSON becomes a message, and is taken like any other."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from gateway.cda.read import read_document
from gateway.errors import InputRejected, Unavailable
from gateway.flow.ports import Clock, MessageLog
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
    from gateway.web.once import Once
    from gateway.web.relay_form import Form

Address = tuple[str, str]
"""Application and facility (MSH-3 and MSH-4, or MSH-5 and MSH-6)."""
_APPLICATION = "GATEWAY"
"""MSH-3 of a site that has no system of its own which writes HL7."""


class KeyReused(InputRejected):
    """Another request has this ``Idempotency-Key``."""

    http_status = 422


@dataclass(frozen=True, slots=True)
class _Names:
    """A message's id in the log, which can be there once, and its MSH-10."""

    message_id: str
    control_id: str

    @classmethod
    def of(cls, key: IntakeKey, once: Once | None) -> _Names:
        """New ones; for a request that may come again those that it had, MSH-10 being another for another content."""
        if once is None:
            return cls(uuid4().hex, secrets.token_hex(10))
        message_id = _digest("relay", key.name, once.key)[:32]
        return cls(message_id, _digest(message_id, once.body_sha256)[:20])


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode("ascii")).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Builds the message of a form, in the other end's terms, and lets it into the relay."""

    relaying: Relaying
    log: MessageLog
    accept: AcceptAll
    clock: Clock
    sites: Mapping[str, Site]
    addresses: Mapping[str, Address]
    """Of each platform."""
    processing_id: str

    def submit(self, key: IntakeKey, form: Form, once: Once | None = None) -> Submitted:
        """Keep what *form* says, in the name of *key*'s end; what was kept as *once* before is answered as then.

        Raises InputRejected (``relay_not_this_end``, ``relay_site_platform``, ``relay_platform_site``,
        ``idempotency_key_reused``, and those of building and of taking), Unavailable: nothing is kept then.
        """
        way = self._way(key, form)
        site, now = self.sites[way.site], self.clock.now()
        said = form.read(site, now)
        names = _Names.of(key, once)
        request_id = request_id_of(way.platform.name, said.order_number)
        made = Submitted(request_id=request_id, left_out=form.left_out(white_paper=way.platform.white_paper))
        if once is not None and self._is_kept(names):
            return made
        try:
            self._take(key, said, way, names, now)
        except Unavailable:
            # The id of a message is there once: the same request may have come beside this one, and been kept.
            if once is None or not self._is_kept(names):
                raise
        return made

    def _is_kept(self, names: _Names) -> bool:
        """Raises KeyReused (``idempotency_key_reused``) where another content is."""
        try:
            kept = self.log.message(names.message_id)
        except InputRejected:
            return False
        if kept.control_id != names.control_id:
            raise KeyReused("idempotency_key_reused", place="Idempotency-Key")
        return True

    def _take(self, key: IntakeKey, said: Exchange | Transmittal, way: Way, names: _Names, now: datetime) -> None:
        message = self._built(said, way, names.control_id, now)
        meeting = Meeting(admission=Admission(port="api"), peer=key.name, received_at=now)
        came = replace(arrival.of(message, acknowledge.read_request(message), meeting), id=names.message_id)
        if isinstance(said, Transmittal):
            events = read_events(message)
            outlined = arrival.outlined(message, came, events)
            self.relaying.take_document(message, events, outlined, self.accept, way=way)
        else:
            self.relaying.take(message, came, way=way)

    def _built(self, said: Exchange | Transmittal, way: Way, control_id: str, now: datetime) -> bytes:
        site = self.sites[way.site]
        ends = _address(min(site.senders, default=f"{_APPLICATION}|{site.name}")), self.addresses[way.platform.name]
        sending, receiving = ends if way.direction is Direction.TO_PLATFORM else ends[::-1]
        envelope = Envelope(
            control_id=control_id,
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
