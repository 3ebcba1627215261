"""Builds what watches the gateway: status files, health, metrics, and what tells people of what is held."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

from gateway.errors import GatewayError, SettingsError
from gateway.monitoring import metrics
from gateway.monitoring.figures import CACHE, Figures
from gateway.monitoring.health import (
    Health,
    Look,
    Remembered,
    disk,
    free_bytes,
    looked,
    peers_of,
    role_looks,
    writable,
)
from gateway.monitoring.status import Beacon, Status, read_all
from gateway.monitoring.watched import CountedCarrier, CountedReception, peers
from gateway.settings import Settings
from gateway.store.documents import open_documents
from gateway.store.tallies import Tallies, tallies

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from gateway.dicom.fetch import FrameSource
    from gateway.flow.ports import Clock
    from gateway.monitoring.door import HealthDoor, HealthParts
    from gateway.notify.notifier import Channel, Notifier
    from gateway.store.writer import Writer

T = TypeVar("T")

METRICS_KEPT_S = 10.0
_NO_CALL_TO_REGISTRY = ("prepare", "replacing")
_NO_CALL_TO_PACS: tuple[str, ...] = ()


class Monitoring:
    """The watching of one process, and of its machine."""

    def __init__(
        self, settings: Settings, engine: Callable[[], Engine], writer: Callable[[], Writer], clock: Clock
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._writer = writer
        self._clock = clock
        self._beacon: Beacon | None = None
        self._notifier: Notifier | None = None
        self._door: HealthDoor | None = None
        self._images: dict[str, FrameSource] = {}
        self.figures = Figures()

    # .. what is counted

    def pacs(self, adapters: Mapping[str, T]) -> dict[str, T]:
        """The PACS, each call counted."""
        return peers(self.figures, adapters, "pacs", _NO_CALL_TO_PACS)

    def destinations(self, adapters: Mapping[str, T]) -> dict[str, T]:
        """The destinations, each call counted."""
        return peers(self.figures, adapters, "destination", _NO_CALL_TO_REGISTRY)

    def carrier(self, carrier: T) -> T:
        """What carries shares or messages of the relay, its outcomes counted."""
        counted: Any = CountedCarrier(self.figures, carrier)  # type: ignore[arg-type] # whatever its work is
        return counted  # type: ignore[no-any-return]

    def reception(self, reception: T) -> T:
        """What answers messages, its answers counted."""
        counted: Any = CountedReception(self.figures, reception)
        return counted  # type: ignore[no-any-return]

    def images(self, sources: dict[str, FrameSource]) -> dict[str, FrameSource]:
        """Where images come from, the memory that they take told with each beat."""
        self._images = sources
        return sources

    # .. the life of this process

    def begin(self, role: str) -> None:
        """Say from now on that this process lives; the one that works tells people of what is held, besides."""
        self._beacon = Beacon(
            self._settings.monitoring.folder, role, self.figures, look=self._reach_store, before=self._measure
        )
        self._beacon.start()
        if self._settings.monitoring.port:
            self._door = self._make_door()
            self._door.start()
        if role == "work":
            self._notifier = self._make_notifier()
            if self._notifier is not None:
                self._notifier.start()

    def end(self) -> None:
        """Stop both."""
        if self._notifier is not None:
            self._notifier.stop()
        if self._door is not None:
            self._door.stop()
        if self._beacon is not None:
            self._beacon.stop()

    def _measure(self) -> None:
        for name, source in self._images.items():
            self.figures.put(CACHE, source.cached_bytes, pacs=name)

    def _reach_store(self) -> None:
        from gateway.store.engine import reading

        with reading(self._engine()) as connection:
            connection.execute(sa.text("SELECT 1"))

    # .. health

    def statuses(self) -> list[Status]:
        """What the processes of this machine said last."""
        return read_all(self._settings.monitoring.folder)

    def health(self, roles: Sequence[str] = (), *, all_roles: bool = False) -> Health:
        """Store, disks, documents, and the processes *roles*, or all that have said anything."""
        from gateway.store.migrations import check as check_tables

        statuses = self.statuses()
        chosen = [status for status in statuses if all_roles or status.role in roles]
        looks = [
            looked("store", lambda: check_tables(self._engine())),
            looked("documents", self._documents),
            *self.disks(),
            *role_looks(chosen, roles, time.time()),
        ]
        return Health(tuple(looks), tuple(peers_of(statuses)))

    def _documents(self) -> None:
        """Raises Unavailable when none can be kept; the folder is made where it is not yet."""
        folder = self._settings.store.blobs
        open_documents(folder, self._engine())
        writable(folder)

    def disks(self) -> list[Look]:
        """Whether there is room under the store and the documents."""
        table = self._settings.monitoring
        return [
            disk(
                f"disk {name}",
                folder,
                warning_bytes=table.disk_warning_bytes,
                minimum_bytes=table.disk_minimum_bytes,
            )
            for name, folder in self._places().items()
        ]

    def _places(self) -> dict[str, Path]:
        places = {"documents": self._settings.store.blobs}
        url = sa.make_url(self._settings.store.url)
        if url.get_backend_name() == "sqlite" and url.database:
            places["store"] = Path(url.database).parent
        return places

    # .. metrics

    def metrics(self) -> str:
        """The figures of this machine, as Prometheus reads them."""
        free = {}
        for name, folder in self._places().items():
            try:
                free[name] = free_bytes(folder)
            except OSError:
                continue  # the look at the disk says so
        health = self._ready()
        # A store that does not answer takes its time to say so: it is asked once.
        away = any(look.name == "store" and look.state == "wrong" for look in health.looks)
        return metrics.text(
            tallies=None if away else self._tallies(),
            statuses=self.statuses(),
            health=health,
            free=free,
            now=time.time(),
        )

    def _tallies(self) -> Tallies | None:
        try:
            return tallies(self._engine(), self._clock.now())
        except GatewayError:
            return None

    @cached_property
    def _ready(self) -> Remembered[Health]:
        return Remembered(self.health)

    def web_parts(self) -> HealthParts | None:
        """What the web tells machines; None where it tells nobody."""
        if not self._settings.web.health_hosts and self._settings.monitoring.metrics_token_file is None:
            return None
        return self._parts(self._ready)

    def _make_door(self) -> HealthDoor:
        from gateway.monitoring.door import HealthDoor

        table = self._settings.monitoring
        # Where there is no web every process counts: a machine whose only worker hangs is not ready.
        return HealthDoor(str(table.host), table.port, self._parts(Remembered(partial(self.health, all_roles=True))))

    def _parts(self, ready: Callable[[], Health]) -> HealthParts:
        from gateway.monitoring.door import HealthParts

        token_file = self._settings.monitoring.metrics_token_file
        return HealthParts(
            networks=tuple(map(ip_network, self._settings.web.health_hosts)),
            ready=ready,
            metrics=Remembered(self.metrics, METRICS_KEPT_S),
            token=(lambda: _token(token_file)) if token_file else None,
        )

    # .. telling people

    def channels(self) -> list[Channel]:
        """The ways to people that the settings name."""
        from gateway.notify.mail import Mail, MailSettings
        from gateway.notify.webhook import Webhook, WebhookSettings

        table = self._settings.notify
        console = f"{self._settings.public_url}/console"
        found: list[Channel] = []
        if table.mail is not None:
            given = table.mail.model_dump()
            found.append(Mail(MailSettings(language=table.language, console_url=console, **given)))
        if table.webhook is not None:
            given = table.webhook.model_dump()
            found.append(Webhook(WebhookSettings(language=table.language, console_url=console, **given)))
        return found

    def _make_notifier(self) -> Notifier | None:
        from gateway.notify.notifier import Notifier
        from gateway.store.notices import SqlNotices

        channels = self.channels()
        if not channels:
            return None
        outbox = SqlNotices(self._engine(), self._writer())
        return Notifier(outbox, channels, self._clock, interval_s=self._settings.notify.interval_s)


def _token(file: Path) -> str:
    try:
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        token = ""
    if not token:
        raise SettingsError("metrics_token", place="monitoring.metrics_token_file", file=file)
    return token
