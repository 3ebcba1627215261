"""The house: everything that one process of the gateway may need."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO

from gateway.cda.read import read
from gateway.errors import SettingsError
from gateway.flow.accept import Accepting
from gateway.flow.patience import Patience
from gateway.model.exam import Exam
from gateway.model.site import Site
from gateway.settings import Settings
from gateway.store.access import SqlSessions
from gateway.store.blobs import FileBlobs
from gateway.store.documents import open_documents
from gateway.store.engine import is_there, open_engine
from gateway.store.exams import SqlExams
from gateway.store.listing import catch_up
from gateway.store.messages import SqlMessages
from gateway.store.relays import SqlRelays
from gateway.store.seeing import SqlOverview
from gateway.store.sql import SqlStore
from gateway.store.writer import Writer, open_writer
from gateway.trust import safexml
from gateway.wiring import care, peers
from gateway.wiring.life import LifeRooms, policy
from gateway.wiring.monitoring import Monitoring
from gateway.wiring.peers import Part
from gateway.wiring.relay import RelayRooms
from gateway.wiring.sites import order, site

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from gateway.dicom.fetch import FrameSource
    from gateway.dicom.network.pool import Pool
    from gateway.dicom.query import PacsClient
    from gateway.dicom.receive import Receiver
    from gateway.dicom.several import SeveralPacs
    from gateway.dicom.spool import Spool
    from gateway.flow.share import Sharing
    from gateway.hl7.reception import Reception
    from gateway.store.pacing import Pace
    from gateway.xds.client import RegistryClient


class _Documents:
    """The frozen documents, whose folder is opened, and made, for the first of them: who only asks needs none."""

    def __init__(self, blobs: Callable[[], FileBlobs]) -> None:
        self._blobs = blobs

    def open(self, digest: str) -> BinaryIO:
        return self._blobs().open(digest)


class House:
    """Everything that one process of the gateway may need, made when it is first asked for."""

    def __init__(self, settings: Settings, ring: Callable[[], None] = lambda: None, part: Part = "") -> None:
        """*part*: which of the processes that talk to the PACS this is; they share the associations allowed."""
        self.settings = settings
        self._part = part
        self.clock = care.clock(settings, lambda: self.engine)
        self.bell = care.Bell(settings, lambda: self.engine, ring)
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
        return open_documents(self.settings.store.blobs, self.engine)

    @cached_property
    def sites(self) -> dict[str, Site]:
        return {name: site(name, table, self.settings) for name, table in self.settings.site.items()}

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
        from gateway.dicom.network.pool import Pool

        working = self.settings.work.processes
        return {name: Pool(peers.pacs(name, table, self._part, working)) for name, table in self.settings.pacs.items()}

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
        return Spool(table.passing) if table.enabled else None

    def receiver(self) -> Receiver:
        """The C-STORE SCP, its port bound; raises SettingsError, OSError."""
        from gateway.dicom.incoming import Places
        from gateway.dicom.receive import Receiver
        from gateway.dicom.spool import Spool

        spool = Spool(self.settings.receive.passing)
        places = Places(spool, self.life.received, self.clock, self._ring)
        return Receiver(peers.receiving(self.settings.receive), places)

    @cached_property
    def everywhere(self) -> dict[str, SeveralPacs]:
        """All PACS as one, by what :attr:`gateway.model.site.Site.pacs` says of the order."""
        from gateway.dicom.several import SeveralPacs

        orders = {order(table): table.pacs_names for table in self.settings.site.values()}
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
                peers.destination(name, table, self.settings.environment),
                _Documents(lambda: self.blobs),
                on_wire=peers.recorder(table.record) if table.record else None,
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
            accept=lambda *given, **named: self.accepting.accept_all(*given, **named),
            ring=self._ring,
            messages=lambda: self.messages,
        )

    @cached_property
    def reception(self) -> Reception:
        """What answers HL7 messages."""
        from gateway.hl7.reception import Reception

        relay = self.relay.relaying if self.settings.platform else None
        return self.monitoring.reception(Reception(self.accepting.accept_all, self.clock, self.messages, relay))

    def message_again(self, message_id: str) -> str:
        """Process a received message anew; gives MSA-1. Raises as :func:`gateway.hl7.again.again`."""
        from gateway.hl7.again import again

        return again(message_id, log=self.messages, reception=self.reception, clock=self.clock).answer

    @cached_property
    def sharing(self) -> Sharing:
        from gateway.flow.share import Sharing

        return Sharing(
            store=self.store,
            blobs=self.blobs,
            clock=self.clock,
            sites=self.sites,
            pacs=care.paced_pacs(self.everywhere, self.pace),
            destinations=care.paced_destinations(self.destinations, self.pace),
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
        return care.pace(self.settings, self.engine, self._writer, self.store, self.clock)

    def chores(self, daily: Callable[[], object]) -> care.Chores:
        """What the workers do now and then; *daily* is done by one of all workers, besides."""
        return care.Chores(
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
