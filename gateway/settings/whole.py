"""The whole settings file: its tables, and that the names in one are defined in another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from pydantic import Field, model_validator

from gateway.settings.access import LoginTable, PatientLoginTable, RightsTable
from gateway.settings.base import Table, Url, wrong
from gateway.settings.care import RetentionTable
from gateway.settings.dicom import PacsTable, ReceiveTable
from gateway.settings.hl7 import MessagesTable, MllpTable, PlatformTable
from gateway.settings.images import ImagesTable
from gateway.settings.life import LifeTable
from gateway.settings.monitoring import MonitoringTable, NotifyTable
from gateway.settings.serving import IntakeTable, LimitsTable, PatienceTable, StoreTable, WebTable, WorkTable
from gateway.settings.sharing import DestinationTable, RegistryTable, SiteTable


class Settings(Table):
    """The whole file."""

    environment: Literal["test", "production"] = "test"
    public_url: Url = "http://127.0.0.1:8080"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    store: StoreTable = StoreTable()
    mllp: MllpTable = MllpTable()
    web: WebTable = WebTable()
    limits: LimitsTable = LimitsTable()
    login: LoginTable | None = None
    patient_login: PatientLoginTable | None = None
    rights: RightsTable = RightsTable()
    intake: IntakeTable = IntakeTable()
    work: WorkTable = WorkTable()
    patience: PatienceTable = PatienceTable()
    life: LifeTable = LifeTable()
    receive: ReceiveTable = ReceiveTable()
    pacs: dict[str, PacsTable] = Field(default_factory=dict)
    destination: dict[str, DestinationTable] = Field(default_factory=dict)
    platform: dict[str, PlatformTable] = Field(default_factory=dict)
    messages: MessagesTable = MessagesTable()
    retention: RetentionTable = RetentionTable()
    monitoring: MonitoringTable = MonitoringTable()
    images: ImagesTable = ImagesTable()
    notify: NotifyTable = NotifyTable()
    site: dict[str, SiteTable] = Field(default_factory=dict)
    registry: RegistryTable = RegistryTable()

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Settings:
        for contradiction in (*self._unknown_names(), *self._dangers(), *self._keys_that_fetch()):
            raise contradiction
        return self

    def _unknown_names(self) -> Iterator[ValueError]:
        """Names in one table that are defined in no other."""
        for name, site in self.site.items():
            for pacs in site.pacs_names:
                if pacs not in self.pacs:
                    yield _unknown("pacs", pacs, self.pacs, f"site.{name}.pacs")
            if not self.pacs:
                yield wrong("setting_no_pacs", f"site.{name}.pacs")
            for destination in site.destinations:
                if destination not in self.destination:
                    yield _unknown("destination", destination, self.destination, f"site.{name}.destinations")
        limited = {name: port.sites for name, port in self.mllp.every_port.items()}
        limited |= {f"platform.{name}": platform.sites for name, platform in self.platform.items()}
        for place, sites in limited.items():
            for site_name in sites:
                if site_name not in self.site:
                    yield _unknown("site", site_name, self.site, f"{place}.sites")
        for number, key in enumerate(self.intake.key):
            if key.site and key.site not in self.site:
                yield _unknown("site", key.site, self.site, f"intake.key.{number}.site")
            if key.platform and key.platform not in self.platform:
                yield _unknown("platform", key.platform, self.platform, f"intake.key.{number}.platform")

    def _dangers(self) -> Iterator[ValueError]:
        """What each table may say alone, and not beside another."""
        for name, destination in self.destination.items():
            if destination.record and self.environment == "production":
                yield wrong("setting_record_in_production", f"destination.{name}.record")
        least = 2 * self.work.processes
        for name, pacs in self.pacs.items():
            if pacs.max_associations < least:
                facts = {"least": str(least), "processes": str(self.work.processes)}
                yield wrong("setting_associations", f"pacs.{name}.max_associations", **facts)
        if self.store.blobs == self.registry.blobs:
            yield wrong("setting_blobs", "registry.blobs")

    def _keys_that_fetch(self) -> Iterator[ValueError]:
        """Who fetches its messages needs a key to do so."""
        fetching = [("platform", name) for name, one in self.platform.items() if one.fetches]
        fetching += [("site", name) for name, one in self.site.items() if one.ris and one.ris.fetches]
        for end, name in fetching:
            if not any(getattr(key, end) == name for key in self.intake.key):
                yield wrong("setting_fetches_without_key", "intake.key", end=end, name=name)


def _unknown(kind: str, name: str, known: Iterable[str], key: str) -> ValueError:
    """No table [*kind*.*name*]; the sentence lists those *known*."""
    return wrong("setting_unknown_name", key, kind=kind, name=name, known=", ".join(sorted(known)) or "–")
