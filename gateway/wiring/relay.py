"""Builds the teleradiology relay and the listener's ports from the settings (:mod:`gateway.wiring` hands them on)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from gateway.flow.patience import Patience
from gateway.flow.ports import Blobs, Clock, Line, MessageLog, Pacs
from gateway.model.relay import Direction, End, LineAnswer, Platform
from gateway.model.site import Site
from gateway.settings import Settings
from gateway.settings.hl7 import MllpPortTable, PeerTable, PlatformTable
from gateway.store.relays import SqlRelays
from gateway.trust import safexml
from gateway.trust.tls import allowed_name, client_context, server_context

if TYPE_CHECKING:
    import ssl

    from gateway.flow.fetch import Fetching
    from gateway.flow.forward import Forwarding
    from gateway.flow.relay import AcceptAll, Relaying
    from gateway.hl7.ports import ListenerSettings
    from gateway.hl7.relay_wording import HL7Wording
    from gateway.web.parts import RelayParts
    from gateway.wiring.relay_desk import Desk


class RelayRooms:
    """The parts of the relay, made when they are first asked for."""

    def __init__(
        self,
        *,
        settings: Settings,
        store: SqlRelays,
        blobs: Blobs,
        clock: Clock,
        sites: Mapping[str, Site],
        pacs: Callable[[], Mapping[str, Pacs]],
        accept: AcceptAll,
        ring: Callable[[], None],
        messages: Callable[[], MessageLog],
    ) -> None:
        self._settings = settings
        self.store = store
        self._blobs = blobs
        self._clock = clock
        self._sites = sites
        self._pacs = pacs
        self._accept = accept
        self._ring = ring
        self._messages = messages

    @cached_property
    def wording(self) -> HL7Wording:
        from gateway.hl7.relay_wording import HL7Wording

        return HL7Wording()

    @cached_property
    def platforms(self) -> dict[str, Platform]:
        return {name: _platform(name, table) for name, table in self._settings.platform.items()}

    @cached_property
    def relaying(self) -> Relaying:
        """What lets messages in."""
        from gateway.flow.relay import Relaying

        return Relaying(
            store=self.store,
            blobs=self._blobs,
            clock=self._clock,
            sites=self._sites,
            platforms=self.platforms,
            forwarded={name: table.ris is not None for name, table in self._settings.site.items()},
            wording=self.wording,
            parse=safexml.parse,
            ring=self._ring,
        )

    @cached_property
    def forwarding(self) -> Forwarding:
        """What sends them on."""
        from gateway.flow.forward import Forwarding
        from gateway.xds._body_parts import REGIONS_BY_BODY_PART

        return Forwarding(
            store=self.store,
            blobs=self._blobs,
            clock=self._clock,
            sites=self._sites,
            platforms=self.platforms,
            platform_lines={
                name: self._line(table, f"platform.{name}") for name, table in self._settings.platform.items()
            },
            site_lines={
                name: self._line(table.ris, f"site.{name}.ris")
                for name, table in self._settings.site.items()
                if table.ris is not None
            },
            pacs=self._pacs(),
            wording=self.wording,
            regions=REGIONS_BY_BODY_PART,
            patience=Patience(**self._settings.patience.model_dump()),
        )

    @cached_property
    def desk(self) -> Desk:
        """Where systems without HL7 say what they want said."""
        from gateway.wiring.relay_desk import Desk

        return Desk(
            relaying=self.relaying,
            log=self._messages(),
            accept=self._accept,
            clock=self._clock,
            sites=self._sites,
            addresses={name: _address(table.addresses[0]) for name, table in self._settings.platform.items()},
            processing_id="P" if self._settings.environment == "production" else "T",
        )

    @cached_property
    def fetching(self) -> Fetching:
        """What gives messages to the ends that fetch theirs."""
        from gateway.flow.fetch import Fetching

        tables = self._settings
        ends = frozenset(
            [
                *(End(Direction.TO_PLATFORM, name) for name, one in tables.platform.items() if one.fetches),
                *(End(Direction.TO_SITE, name) for name, one in tables.site.items() if one.ris and one.ris.fetches),
            ]
        )
        return Fetching(store=self.store, blobs=self._blobs, clock=self._clock, ends=ends, ring=self._ring)

    def web_parts(self) -> RelayParts:
        """What the web shows of the relay, and what it lets the systems of both ends do."""
        from gateway.hl7.relay_reading import read
        from gateway.web.parts import RelayParts

        return RelayParts(
            store=self.store,
            submit=self.desk.submit,
            fetching=self.fetching,
            said=read,
            take_up=lambda message_id, actor: self.forwarding.take_up(message_id, actor),
            give_up=lambda message_id, actor: self.forwarding.give_up(message_id, actor),
        )

    def _line(self, table: PeerTable, place: str) -> Line:
        from gateway.flow.fetch import PulledLine

        return PulledLine() if table.fetches else MllpLine(table, place, self.wording)


class MllpLine:
    """Messages leave over MLLP, each on a connection of its own (:class:`gateway.flow.ports.Line`).

    They are few, and a receiver that is confused by a second message on a connection (node-hl7-server 2.5 answers the
    first one again) is then none.
    """

    def __init__(self, table: PeerTable, place: str, wording: HL7Wording) -> None:
        """Raises SettingsError (``tls_files``)."""
        self._table = table
        self._wording = wording
        self._tls: ssl.SSLContext | None = None
        if table.tls or table.ca_file or table.certificate:
            self._tls = client_context(table.ca_file, table.certificate, table.key, place=f"{place}.ca_file")

    def send(self, message: bytes) -> LineAnswer:
        from gateway.hl7.sender import send

        table = self._table
        return self._wording.answered(send(table.host, table.port, message, table.timeout_s, tls=self._tls))


def _address(text: str) -> tuple[str, str]:
    application, _, facility = text.partition("|")
    return application, facility


def _platform(name: str, table: PlatformTable) -> Platform:
    return Platform(
        name=name,
        addresses=frozenset(table.addresses),
        sites=table.sites,
        white_paper=table.messages == "white-paper",
        share_reports=table.report in ("share", "share-and-relay"),
        relay_reports=table.report in ("relay", "share-and-relay"),
        check_roles=table.report_roles == "check",
        viewer_url=table.viewer_url,
        viewer_url_end=table.viewer_url_end,
        check_pacs=table.check_pacs,
        unknown_orders=table.unknown_orders,
        deadline_s=table.deadline_s,
    )


def listener_ports(settings: Settings) -> list[ListenerSettings]:
    """The ports of [mllp] and [mllp.NAME]; raises SettingsError (``tls_files``)."""
    return [_port(name, table, settings) for name, table in settings.mllp.every_port.items()]


def _port(name: str, table: MllpPortTable, settings: Settings) -> ListenerSettings:
    from gateway.hl7.ports import Admission, ListenerSettings

    tls = None
    if table.certificate is not None:
        tls = server_context(table.certificate, table.key, table.ca_file, place=f"{name}.certificate")
    usual = "P" if settings.environment == "production" else "PTD"
    return ListenerSettings(
        host=table.host,
        port=table.port,
        admission=Admission(
            port=name,
            processing_ids=frozenset(table.processing_ids or usual),
            senders=frozenset(table.senders),
            sites=frozenset(table.sites),
            content=frozenset(table.content),
        ),
        max_message_bytes=table.max_message_bytes,
        max_connections=table.max_connections,
        idle_timeout_s=table.idle_timeout_s,
        read_timeout_s=table.read_timeout_s,
        answer_timeout_s=table.answer_timeout_s,
        threads=table.threads,
        ssl=tls,
        client_names=tuple(map(allowed_name, table.client_names)),
    )
