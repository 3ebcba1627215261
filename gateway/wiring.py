"""Builds the adapters from the settings and hands them to the stories. It knows everyone; nobody knows it.

Each process of the gateway needs a part of the house only, so an adapter is imported where it is made: the intake
starts without a SOAP client, the worker without a web framework.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cached_property
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from gateway import wiring_care
from gateway.cda.read import read
from gateway.errors import SettingsError
from gateway.flow.accept import Accepting
from gateway.flow.patience import Patience
from gateway.model.codes import Code
from gateway.model.exam import Exam
from gateway.model.identifiers import ORGANIZATION_OID, Identifier
from gateway.model.people import Organization
from gateway.model.site import Site
from gateway.settings import CodeTable, DestinationTable, PacsTable, ReceiveTable, Settings, SiteTable
from gateway.store.access import SqlSessions
from gateway.store.blobs import FileBlobs
from gateway.store.engine import is_there, open_engine
from gateway.store.exams import SqlExams
from gateway.store.listing import catch_up
from gateway.store.messages import SqlMessages
from gateway.store.overviews import SqlOverview
from gateway.store.relays import SqlRelays
from gateway.store.sql import SqlStore
from gateway.store.writer import Writer, open_writer
from gateway.trust import safexml
from gateway.wiring_life import LifeRooms, manifest_settings, policy
from gateway.wiring_monitoring import Monitoring
from gateway.wiring_relay import RelayRooms

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from gateway.dicom.fetch import FrameSource
    from gateway.dicom.pool import Pool
    from gateway.dicom.query import PacsClient
    from gateway.dicom.receive import Receiver, ReceiverSettings
    from gateway.dicom.settings import PacsSettings
    from gateway.dicom.several import SeveralPacs
    from gateway.dicom.spool import Spool
    from gateway.flow.share import Sharing
    from gateway.hl7.reception import Reception
    from gateway.store.pacing import Pace
    from gateway.xds.client import DestinationSettings, RegistryClient
    from gateway.xds.mtom import Outgoing
    from gateway.xds.transport import OnWire

Part = Literal["", "web", "work"]
"""Of the gateway's processes, those that talk to the PACS."""


class House:
    """Everything that one process of the gateway may need, made when it is first asked for."""

    def __init__(self, settings: Settings, ring: Callable[[], None] = lambda: None, part: Part = "") -> None:
        """*part*: which of the two processes that talk to the PACS this is; they share the associations allowed."""
        self.settings = settings
        self._part = part
        self.clock = wiring_care.clock(settings, lambda: self.engine)
        self.bell = wiring_care.Bell(settings, lambda: self.engine, ring)
        self._ring = self.bell.ring

    @cached_property
    def engine(self) -> Engine:
        return open_engine(self.settings.store.url)

    @cached_property
    def _writer(self) -> Writer:
        return open_writer(self.engine)

    @cached_property
    def monitoring(self) -> Monitoring:
        """Health, metrics, and what tells people."""
        return Monitoring(self.settings, lambda: self.engine, lambda: self._writer, self.clock)

    @property
    def writer(self) -> Writer:
        """Runs the transactions that write."""
        return self._writer

    @cached_property
    def store(self) -> SqlStore:
        return SqlStore(self.engine, self._writer, self.settings.life.look_again_s[0])

    @cached_property
    def overview(self) -> SqlOverview:
        """Shares as people look at them."""
        return SqlOverview(self.engine)

    @cached_property
    def sessions(self) -> SqlSessions:
        return SqlSessions(self.engine, self._writer)

    @cached_property
    def known_exams(self) -> SqlExams:
        """The examinations of accepted reports, as links look for them."""
        return SqlExams(self.engine, self._writer)

    @cached_property
    def blobs(self) -> FileBlobs:
        return FileBlobs(self.settings.store.blobs)

    @cached_property
    def sites(self) -> dict[str, Site]:
        return {name: _site(name, table, self.settings) for name, table in self.settings.site.items()}

    @cached_property
    def pacs(self) -> dict[str, PacsClient]:
        from gateway.dicom.notes import none_received
        from gateway.dicom.query import PacsClient

        # A command at a desk, where no gateway has run yet, has no store and makes none.
        notes = self.life.received.rejections if is_there(self.settings.store.url) else none_received
        clients = {
            name: PacsClient(pool.settings, pool, received=notes, spool=self.spool) for name, pool in self.pools.items()
        }
        return self.monitoring.pacs(clients)

    @cached_property
    def pools(self) -> dict[str, Pool]:
        """The associations with each PACS, shared by everything in this process."""
        from gateway.dicom.pool import Pool

        return {name: Pool(_pacs(name, table, self._part)) for name, table in self.settings.pacs.items()}

    @cached_property
    def life(self) -> LifeRooms:
        """What goes on after a publication."""
        return LifeRooms(self.settings, self.engine, self._writer, self.blobs, self.clock, self._ring)

    def pool(self, name: str) -> Pool:
        """The associations with one PACS; raises SettingsError ``pacs_unknown``."""
        if name not in self.pools:
            raise SettingsError("pacs_unknown", place="pacs", name=name, known=", ".join(self.pools) or "-")
        return self.pools[name]

    @cached_property
    def spool(self) -> Spool | None:
        """Where C-MOVE delivers; None when the receiver is off."""
        from gateway.dicom.spool import Spool

        table = self.settings.receive
        return Spool(table.folder / "spool") if table.enabled else None

    def receiver(self) -> Receiver:
        """The C-STORE SCP, its port bound; raises SettingsError, OSError."""
        from gateway.dicom.receive import Places, Receiver
        from gateway.dicom.spool import Spool

        spool = Spool(self.settings.receive.folder / "spool")
        places = Places(spool, self.life.received, self.clock, self._ring)
        return Receiver(_receiving(self.settings.receive), places)

    @cached_property
    def everywhere(self) -> dict[str, SeveralPacs]:
        """All PACS as one, by what :attr:`gateway.model.site.Site.pacs` says of the order."""
        from gateway.dicom.several import SeveralPacs

        orders = {_order(table): table.pacs_names for table in self.settings.site.values()}
        return {key: SeveralPacs(self.pacs, self.images, names) for key, names in orders.items()}

    @cached_property
    def images(self) -> dict[str, FrameSource]:
        from gateway.dicom.fetch import FrameSource

        share = self.settings.web.image_cache_bytes // max(1, len(self.settings.pacs))
        sources = {
            name: FrameSource(pool.settings, cache_bytes=share, pool=pool, spool=self.spool)
            for name, pool in self.pools.items()
        }
        return self.monitoring.images(sources)

    @cached_property
    def destinations(self) -> dict[str, RegistryClient]:
        from gateway.xds.client import RegistryClient

        clients = {
            name: RegistryClient(
                _destination(name, table, self.settings.environment),
                self.blobs,
                on_wire=_recorder(table.record) if table.record else None,
            )
            for name, table in self.settings.destination.items()
        }
        return self.monitoring.destinations(clients)

    @cached_property
    def accepting(self) -> Accepting:
        return Accepting(
            store=self.store,
            blobs=self.blobs,
            clock=self.clock,
            sites=self.sites,
            parse=safexml.parse,
            ring=self._ring,
            images_changed=self.life.images_changed,
            flavours={name: table.flavour for name, table in self.settings.destination.items()},
            policy=policy(self.settings),
        )

    @cached_property
    def messages(self) -> SqlMessages:
        """The log of received messages."""
        return SqlMessages(self.engine, self._writer, self.blobs.put, self.blobs.get)

    @cached_property
    def relay(self) -> RelayRooms:
        """The teleradiology relay."""
        return RelayRooms(
            settings=self.settings,
            store=SqlRelays(self.engine, self._writer),
            blobs=self.blobs,
            clock=self.clock,
            sites=self.sites,
            pacs=lambda: self.everywhere,
            ring=self._ring,
        )

    @cached_property
    def reception(self) -> Reception:
        """What answers HL7 messages."""
        from gateway.hl7.reception import Reception

        relay = self.relay.relaying if self.settings.platform else None
        return self.monitoring.reception(Reception(self.accepting.accept_all, self.clock, self.messages, relay))

    @cached_property
    def sharing(self) -> Sharing:
        from gateway.flow.share import Sharing

        return Sharing(
            store=self.store,
            blobs=self.blobs,
            clock=self.clock,
            sites=self.sites,
            pacs=wiring_care.paced_pacs(self.everywhere, self.pace),
            destinations=wiring_care.paced_destinations(self.destinations, self.pace),
            flavours={name: table.flavour for name, table in self.settings.destination.items()},
            links={name: table.link_when for name, table in self.settings.destination.items()},
            parse=safexml.parse,
            patience=Patience(**self.settings.patience.model_dump()),
            policy=policy(self.settings),
        )

    def exam(self, site: str, study_uid: str) -> Exam | None:
        """The study as the site's PACS has it now."""
        return self.everywhere[self.sites[site].pacs].study(study_uid)

    def frames(self, site: str) -> SeveralPacs:
        """Where the site's frames come from."""
        return self.everywhere[self.sites[site].pacs]

    @cached_property
    def pace(self) -> Pace:
        """What holds the workers back."""
        return wiring_care.pace(self.settings, self.engine, self._writer, self.store, self.clock)

    def chores(self, daily: Callable[[], object]) -> wiring_care.Chores:
        """What the workers do now and then; *daily* is done by one of all workers, besides."""
        return wiring_care.Chores(
            self.settings,
            self._writer,
            self.clock,
            self.pace,
            self.blobs,
            self.store.is_referenced,
            hourly=self.tidy,
            daily=daily,
        )

    def tidy(self) -> None:
        """Forget logins that have ended and messages that are old; raises Unavailable."""
        now = self.clock.now()
        hard_s = self.settings.login.hard_s if self.settings.login else 0.0
        self.sessions.forget(now - timedelta(seconds=hard_s))
        self.life.tidy(now)
        self._writer.run(lambda connection: catch_up(connection, now - timedelta(days=7)))
        self.known_exams.learn_missing(lambda digest: read(safexml.parse(self.blobs.get(digest))))
        table = self.settings.messages
        self.messages.forget(now - timedelta(days=table.keep_days), now - timedelta(days=table.keep_refused_days))

    def close(self) -> None:
        """Release what was opened: associations, connections, the writer."""
        if "monitoring" in self.__dict__:
            self.monitoring.end()
        for name in ("images", "pacs", "pools", "destinations"):
            for adapter in self.__dict__.get(name, {}).values():
                adapter.close()
        self.bell.close()
        if "_writer" in self.__dict__:
            self._writer.close()
        if "engine" in self.__dict__:
            self.engine.dispose()


def _site(name: str, table: SiteTable, settings: Settings) -> Site:
    if not settings.public_url:
        raise SettingsError("settings_wrong", place="public_url", words="public_url: is needed for the link")
    organization = Organization(
        identifiers=(Identifier(ORGANIZATION_OID, table.organization_id),),
        name=table.organization_name,
        sector=_code(table.practice_setting),
    )
    return Site(
        name=name,
        senders=frozenset(table.senders),
        custodians=frozenset(table.custodians),
        organization=organization,
        facility_type=_code(table.facility_type),
        patient_id_issuer=table.patient_id_issuer,
        accession_issuer=table.accession_issuer,
        order_issuer=table.order_issuer,
        time_zone=ZoneInfo(table.time_zone),
        pacs=_order(table),
        destinations=table.destinations,
        publish=frozenset(table.publish),
        institution_name=table.institution_name or table.organization_name,
        imaging_source_uid=table.imaging_source_uid,
        retrieve_ae_title=table.retrieve_ae_title,
        retrieve_url=table.retrieve_url,
        manifest=manifest_settings(table.manifest),
        manifest_at={
            each: manifest_settings(table.manifest, own)
            for each in table.destinations
            if (own := settings.destination[each].manifest) is not None
        },
        public_url=settings.public_url,
        source_id=table.source_id,
        region_by_body_part={part: Code(c.code, c.system, c.display) for part, c in table.region_by_body_part.items()},
    )


def _code(table: CodeTable | None) -> Code | None:
    return Code(table.code, table.system, table.display) if table else None


def _order(table: SiteTable) -> str:
    """In which order the PACS are asked for a site's studies, as one word; "*" where any may hold them."""
    return "+".join(table.pacs_names) or "*"


def _pacs(name: str, table: PacsTable, part: Part = "") -> PacsSettings:
    from gateway.dicom.settings import PacsSettings
    from gateway.dicom.tls import client_context

    given = table.model_dump(exclude={"tls", "ca_file", "certificate", "key", "max_associations"})
    half = table.max_associations // 2
    allowed = {"work": half, "web": table.max_associations - half}
    context = None
    if table.tls or table.ca_file or table.certificate:
        context = client_context(table.ca_file, table.certificate, table.key, place=f"pacs.{name}.ca_file")
    return PacsSettings(
        name=name,
        max_associations=allowed.get(part, table.max_associations),
        tls=context if table.tls else None,
        web_tls=context,
        **given,
    )


def _receiving(table: ReceiveTable) -> ReceiverSettings:
    from gateway.dicom.receive import Peer, ReceiverSettings
    from gateway.dicom.tls import server_context

    tls = None
    if table.certificate is not None:
        tls = server_context(table.certificate, table.key, table.ca_file, place="receive.certificate")
    return ReceiverSettings(
        host=table.host,
        port=table.port,
        ae_title=table.ae_title,
        peers=tuple(
            Peer(
                ae_title=peer.ae_title,
                networks=tuple(map(ip_network, peer.addresses)),
                certificate_sha256=peer.certificate_sha256,
                may=frozenset(peer.may),
            )
            for peer in table.peer
        ),
        tls=tls,
        max_associations=table.max_associations,
        silence_s=table.silence_s,
        instance_limit_bytes=table.max_instance_bytes,
    )


def _destination(name: str, table: DestinationTable, environment: Literal["test", "production"]) -> DestinationSettings:
    from gateway.xds.client import DestinationSettings

    return DestinationSettings(
        name=name,
        flavour=table.flavour,
        environment=environment,
        registry_url=table.registry_url,
        repository_url=table.repository_url,
        repository_unique_id=table.repository_unique_id,
        ask_first=table.ask_first,
        patient_identity=table.patient_identity,
        imaging_sources=table.imaging_sources,
        connect_timeout_s=table.connect_timeout_s,
        read_timeout_s=table.read_timeout_s,
        answer_timeout_s=table.answer_timeout_s,
        ca_file=_text(table.ca_file),
        certificate_file=_text(table.certificate),
        key_file=_text(table.key),
        proxy_url=table.proxy,
        proxy_credentials_file=_text(table.proxy_credentials_file),
    )


def _recorder(folder: Path) -> OnWire:
    """Keeps each submission as it goes over the wire: for integrators, never in production (the settings refuse)."""

    def keep(head: bytes, body: Outgoing) -> None:
        if "ProvideAndRegisterDocumentSet" not in body.content_type:
            return
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}.http"
        with path.open("xb") as file:
            path.chmod(0o600)
            file.write(head)
            file.writelines(body)

    return keep


def _text(path: Path | None) -> str:
    return "" if path is None else str(path)
