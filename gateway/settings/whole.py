"""The whole settings file: its tables, and that the names in one are defined in another."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from gateway.settings.access import LoginTable, PatientLoginTable, RightsTable
from gateway.settings.base import Table, Url
from gateway.settings.care import RetentionTable
from gateway.settings.dicom import PacsTable, ReceiveTable
from gateway.settings.hl7 import MessagesTable, MllpTable, PlatformTable
from gateway.settings.images import ImagesTable
from gateway.settings.life import LifeTable
from gateway.settings.monitoring import MonitoringTable, NotifyTable
from gateway.settings.serving import IntakeTable, PatienceTable, StoreTable, WebTable, WorkTable
from gateway.settings.sharing import DestinationTable, RegistryTable, SiteTable


class Settings(Table):
    """The whole file."""

    environment: Literal["test", "production"] = "test"
    public_url: Url = "http://127.0.0.1:8080"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    store: StoreTable = StoreTable()
    mllp: MllpTable = MllpTable()
    web: WebTable = WebTable()
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
    def _names_exist(self) -> Settings:
        for name, site in self.site.items():
            for pacs in site.pacs_names:
                if pacs not in self.pacs:
                    raise ValueError(f"site.{name}.pacs names {pacs!r}, and there is no [pacs.{pacs}]")
            if not self.pacs:
                raise ValueError(f"site.{name} has nowhere to look for studies: there is no [pacs.NAME]")
            for destination in site.destinations:
                if destination not in self.destination:
                    raise ValueError(
                        f"site.{name}.destinations names {destination!r}, and there is no [destination.{destination}]"
                    )
        for name, port in self.mllp.every_port.items():
            for site_name in port.sites:
                if site_name not in self.site:
                    raise ValueError(f"{name}.sites names {site_name!r}, and there is no [site.{site_name}]")
        for name, platform in self.platform.items():
            for site_name in platform.sites:
                if site_name not in self.site:
                    raise ValueError(f"platform.{name}.sites names {site_name!r}, and there is no [site.{site_name}]")
        for name, destination_table in self.destination.items():
            if destination_table.record and self.environment == "production":
                raise ValueError(f"destination.{name}.record keeps messages in the clear: not in production")
        if self.store.blobs == self.registry.blobs:
            raise ValueError(
                "registry.blobs must be another folder than store.blobs: each sweeps what it does not know"
            )
        for key in self.intake.key:
            if key.site and key.site not in self.site:
                raise ValueError(f"intake.key {key.name!r} names site {key.site!r}, and there is no [site.{key.site}]")
            if key.platform and key.platform not in self.platform:
                raise ValueError(f"intake.key {key.name!r} names platform {key.platform!r}, and there is no such table")
        fetching = [("platform", name) for name, one in self.platform.items() if one.fetches]
        fetching += [("site", name) for name, one in self.site.items() if one.ris and one.ris.fetches]
        for end, name in fetching:
            if not any(getattr(key, end) == name for key in self.intake.key):
                raise ValueError(
                    f'{end} {name!r} fetches its messages (delivery = "pull"): an [[intake.key]] must name that {end}'
                )
        return self
