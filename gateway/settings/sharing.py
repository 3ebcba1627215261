"""The tables of sharing: the sites, where their documents go, and the registry that ships with the gateway."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from gateway.settings.base import Oid, Port, Positive, Table, Url, Zone
from gateway.settings.hl7 import PeerTable


class ManifestTable(Table):
    """[site.NAME.manifest]; [destination.NAME.manifest] takes the place of those keys that it states."""

    retrieval: tuple[Literal["ae-title", "location", "url"], ...] = ("ae-title", "location", "url")
    presentation_states: bool = True
    structured_reports: bool = True
    private_classes: bool = False
    description: Literal["flavour", "drim", "study", "none"] = "flavour"
    mado: Literal["none", "extra", "instead"] = "none"
    manufacturer: Annotated[str, Field(min_length=1, max_length=64)] = "drim-gateway"
    model_name: Annotated[str, Field(max_length=64)] = ""
    station_name: Annotated[str, Field(max_length=16)] = ""


class DestinationTable(Table):
    """[destination.NAME]"""

    flavour: Literal["ihe", "dmp"] = "ihe"
    registry_url: Url
    repository_url: Url
    repository_unique_id: Oid = ""
    ask_first: bool = True
    patient_identity: Literal["ins", "local"] = "ins"
    link: Literal["missing", "always", "never"] | None = None
    manifest: ManifestTable | None = None
    max_per_minute: float = Field(default=0.0, ge=0)
    burst: int = Field(default=1, ge=1)
    imaging_sources: dict[Oid, Url] = Field(default_factory=dict)
    connect_timeout_s: Positive = 10.0
    read_timeout_s: Positive = 60.0
    answer_timeout_s: Positive = 600.0
    ca_file: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    proxy: Url = ""
    proxy_credentials_file: Path | None = None
    record: Path | None = None

    @property
    def link_when(self) -> Literal["missing", "always", "never"]:
        """``link``, or its default: a report for the DMP goes as it came, since the RIS and the mailbox hold it so."""
        return self.link or ("never" if self.flavour == "dmp" else "missing")


class CodeTable(Table):
    """A coded value."""

    code: str
    system: Oid
    display: str = ""


class SiteTable(Table):
    """[site.NAME]"""

    senders: tuple[str, ...] = ()
    custodians: tuple[str, ...] = ()
    organization_id: str
    organization_name: str
    facility_type: CodeTable | None = None
    practice_setting: CodeTable | None = None
    patient_id_issuer: Oid = ""
    accession_issuer: Oid = ""
    order_issuer: Oid = ""
    time_zone: Zone = "Europe/Paris"
    pacs: str | tuple[str, ...] = ()
    destinations: tuple[str, ...]
    publish: tuple[Literal["report", "kos"], ...] = ("report", "kos")
    institution_name: str = ""
    imaging_source_uid: Oid = ""
    retrieve_ae_title: str = ""
    retrieve_url: Url = ""
    manifest: ManifestTable = ManifestTable()
    source_id: Oid
    region_by_body_part: dict[str, CodeTable] = Field(default_factory=dict)
    ris: PeerTable | None = None

    @property
    def pacs_names(self) -> tuple[str, ...]:
        """The PACS that hold this site's studies; empty: any may."""
        return (self.pacs,) if isinstance(self.pacs, str) else self.pacs


class RegistryTable(Table):
    """[registry]: the document registry and repository that ships with the gateway (``gateway registry``)."""

    host: str = "127.0.0.1"
    port: Port = 8090
    allow_plain: bool = False
    url: str = "sqlite:///registry.db"
    blobs: Path = Path("registry-blobs")
    repository_unique_id: Oid = "1.2.250.1.999.1.1.7.1"
    threads: int = Field(default=8, ge=1, le=256)
    max_body_bytes: int = Field(default=256 * 1024 * 1024, ge=1024)
    patients: Literal["every", "listed"] = "every"
    patient_authorities: tuple[Oid, ...] = ()
    keep_extra_slots: bool = True
