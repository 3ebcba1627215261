"""The settings: one TOML file, every key typed, none unknown.

A value that is missing, unknown or impossible stops the start with the name of its key. Secrets are never values:
a setting names the file that holds one. Relative paths are taken from the folder of the settings file.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from gateway.errors import SettingsError
from gateway.settings_access import LoginTable, PatientLoginTable, RightsTable
from gateway.settings_base import (
    AeTitle,
    CertificateName,
    Network,
    Oid,
    Port,
    Positive,
    Seconds,
    Sha256,
    Sha256OrNone,
    Table,
    Url,
    Zone,
)
from gateway.settings_care import RetentionTable
from gateway.settings_images import ImagesTable
from gateway.settings_life import LifeTable
from gateway.settings_monitoring import MonitoringTable, NotifyTable


class StoreTable(Table):
    """[store]"""

    url: str = "sqlite:///gateway.db"
    blobs: Path = Path("blobs")


class MllpLimits(Table):
    """What every port of MLLP is bounded by; ``[mllp.NAME]`` takes what it does not say from ``[mllp]``."""

    max_message_bytes: int = Field(default=64 * 1024 * 1024, ge=1024)
    max_connections: int = Field(default=1024, ge=1)
    idle_timeout_s: Positive = 3600.0
    read_timeout_s: Positive = 60.0
    answer_timeout_s: Positive = 30.0
    threads: int = Field(default=8, ge=1, le=64)


class MllpPortTable(MllpLimits):
    """[mllp.NAME], and what [mllp] says of the port of that name."""

    host: str = "127.0.0.1"
    port: Port = 2575
    allow_plain: bool = False
    certificate: Path | None = None
    key: Path | None = None
    ca_file: Path | None = None
    client_names: tuple[CertificateName, ...] = ()
    senders: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    content: tuple[Literal["report", "change", "relay"], ...] = ("report", "change", "relay")
    processing_ids: tuple[Literal["P", "T", "D"], ...] = ()

    @model_validator(mode="after")
    def _asks_for_certificates(self) -> MllpPortTable:
        if self.client_names and not (self.certificate and self.ca_file):
            raise ValueError("client_names needs certificate and ca_file: nobody is asked for a certificate else")
        if self.ca_file and not self.certificate:
            raise ValueError("ca_file needs certificate: without it the port is in the clear")
        return self


class MllpTable(MllpPortTable):
    """[mllp], with the further ports of [mllp.NAME]."""

    enabled: bool = True
    ports: dict[str, MllpPortTable] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _named_ports(cls, given: Any) -> Any:
        """A table inside [mllp] is a port; limits that it does not state are those of [mllp]."""
        if not isinstance(given, dict):
            return given
        ports = {name: value for name, value in given.items() if isinstance(value, dict) and name != "ports"}
        if not ports:
            return given
        common = {name: given[name] for name in MllpLimits.model_fields if name in given}
        own = {name: value for name, value in given.items() if name not in ports}
        return {**own, "ports": {name: {**common, **value} for name, value in ports.items()}}

    @property
    def every_port(self) -> dict[str, MllpPortTable]:
        """All ports by the name that the log and the doors give them."""
        return {"mllp": self, **{f"mllp.{name}": table for name, table in self.ports.items()}}


class MessagesTable(Table):
    """[messages]: how long received messages stay in the log."""

    keep_days: int = Field(default=3650, ge=1)
    keep_refused_days: int = Field(default=90, ge=1)


class WebTable(Table):
    """[web]"""

    host: str = "127.0.0.1"
    port: Port = 8080
    allow_plain: bool = False
    certificate: Path | None = None
    key: Path | None = None
    threads: int = Field(default=16, ge=1, le=256)
    frame_ancestors: tuple[str, ...] = ()
    other_hosts: tuple[str, ...] = ()
    health_hosts: tuple[Network, ...] = ("127.0.0.0/8", "::1")
    max_report_bytes: int = Field(default=64 * 1024 * 1024, ge=1024)
    image_cache_bytes: int = Field(default=256 * 1024 * 1024, ge=1024 * 1024)
    viewer: Literal["light", "full"] = "light"
    not_for_diagnosis: bool = True
    ohif_url: str = ""


class IntakeKeyTable(Table):
    """[[intake.key]]"""

    name: str
    sha256: Sha256
    site: str


class IntakeTable(Table):
    """[intake]"""

    key: tuple[IntakeKeyTable, ...] = ()


class WorkTable(Table):
    """[work]"""

    threads: int = Field(default=4, ge=1, le=64)
    lease_s: Positive = 120.0
    poll_s: Positive = 1.0


class PatienceTable(Table):
    """[patience]"""

    look_interval_s: Seconds = 60.0
    study_deadline_s: Positive = 259_200.0
    parent_deadline_s: Positive = 259_200.0
    peer_deadline_s: Positive = 2_592_000.0
    retry_first_s: Positive = 2.0
    retry_longest_s: Positive = 3_600.0


class PacsTable(Table):
    """[pacs.NAME]"""

    host: str
    port: Port
    called_aet: AeTitle
    calling_aet: AeTitle = "GATEWAY"
    max_associations: int = Field(default=4, ge=2, le=64)
    connect_timeout_s: Positive = 10.0
    response_timeout_s: Positive = 60.0
    idle_release_s: Positive = 10.0
    dicomweb_url: Url = ""
    query: Literal["c-find", "qido-rs"] = "c-find"
    upstream: Literal["auto", "dicomweb", "c-get", "c-move"] = "auto"
    move_destination: str = ""
    relational: Literal["auto", "no"] = "auto"
    negotiate: bool = True
    count_instances: bool = True
    open_notes: bool = True
    request_character_set: str = "ISO_IR 192"
    answer_character_set: str = ""
    tls: bool = False
    tls_name: str = ""
    ca_file: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


class PeerTable(Table):
    """[[receive.peer]]"""

    ae_title: AeTitle
    addresses: tuple[Network, ...] = ()
    certificate_sha256: Sha256OrNone = ""
    may: tuple[Literal["reject", "deliver", "announce", "import"], ...] = ("reject", "deliver", "announce")

    @model_validator(mode="after")
    def _is_provable(self) -> PeerTable:
        if not self.addresses and not self.certificate_sha256:
            raise ValueError("needs addresses or certificate_sha256: an AE title proves nothing")
        return self


class ReceiveTable(Table):
    """[receive]: where a PACS sends rejection notes, and what C-MOVE delivers."""

    enabled: bool = False
    host: str = "127.0.0.1"
    port: Port = 11113
    ae_title: AeTitle = "GATEWAY"
    allow_plain: bool = False
    certificate: Path | None = None
    key: Path | None = None
    ca_file: Path | None = None
    folder: Path = Path("received")
    max_associations: int = Field(default=16, ge=1, le=256)
    silence_s: Positive = 60.0
    max_instance_bytes: int = Field(default=1 << 30, ge=1024)
    peer: tuple[PeerTable, ...] = ()

    @model_validator(mode="after")
    def _asks_for_certificates(self) -> ReceiveTable:
        if any(peer.certificate_sha256 for peer in self.peer) and not (self.certificate and self.ca_file):
            raise ValueError("certificate_sha256 of a peer needs certificate and ca_file: nobody is asked for one else")
        return self


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


class MllpPeerTable(Table):
    """Where messages are sent to: ``[platform.NAME]`` and ``[site.NAME.ris]``."""

    host: str
    port: Port
    timeout_s: Positive = 30.0
    tls: bool = False
    ca_file: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


class PlatformTable(MllpPeerTable):
    """[platform.NAME]: a remote reading platform (SI-TLR)."""

    addresses: tuple[str, ...] = Field(min_length=1)
    sites: tuple[str, ...] = Field(min_length=1)
    report: Literal["share-and-relay", "share", "relay"] = "share-and-relay"
    report_roles: Literal["check", "trust"] = "check"
    viewer_url: Literal["missing", "always", "never"] = "missing"
    viewer_url_end: str = ""
    check_pacs: bool = True
    unknown_orders: Literal["take", "refuse"] = "take"
    deadline_s: Positive = 604_800.0


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
    ris: MllpPeerTable | None = None

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
            if key.site not in self.site:
                raise ValueError(f"intake.key {key.name!r} names site {key.site!r}, and there is no [site.{key.site}]")
        return self


_TLS_FILES = ("certificate", "key", "ca_file")


def load(path: Path) -> Settings:
    """Read *path*; raises SettingsError (``settings_unreadable`` or ``settings_wrong``, the key in ``place``)."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError("settings_unreadable", place=str(path), words=error.strerror or "unreadable") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError("settings_unreadable", place=str(path), words=str(error)) from None
    try:
        settings = Settings.model_validate(document)
    except ValidationError as error:
        raise _settings_error(error) from None
    return _resolved(settings, path.resolve().parent)


def _settings_error(error: ValidationError) -> SettingsError:
    """All wrong keys at once: the first names the place, the words tell every one."""
    wrong = [(".".join(map(str, e["loc"])) or "settings", _words(e)) for e in error.errors(include_url=False)]
    words = "; ".join(f"{place}: {what}" for place, what in wrong)
    return SettingsError("settings_wrong", place=wrong[0][0], words=words)


def _words(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return "there is no such key"
    return str(error["msg"]).removeprefix("Value error, ")


def _resolved(settings: Settings, folder: Path) -> Settings:
    """Relative paths and SQLite files are taken from *folder*."""

    def at(path: Path | None) -> Path | None:
        return None if path is None else folder / path

    def database(url: str) -> str:
        prefix = "sqlite:///"
        if url.startswith(prefix) and not url.startswith(prefix + "/"):
            return f"{prefix}{folder / url.removeprefix(prefix)}"
        return url

    def table(value: Any, *names: str) -> Any:
        return value.model_copy(update={name: at(getattr(value, name)) for name in names})

    login, patients = settings.login, settings.patient_login
    return settings.model_copy(
        update={
            "store": table(settings.store, "blobs").model_copy(update={"url": database(settings.store.url)}),
            "registry": table(settings.registry, "blobs").model_copy(update={"url": database(settings.registry.url)}),
            "mllp": table(settings.mllp, *_TLS_FILES).model_copy(
                update={"ports": {name: table(port, *_TLS_FILES) for name, port in settings.mllp.ports.items()}}
            ),
            "platform": {name: table(value, *_TLS_FILES) for name, value in settings.platform.items()},
            "site": {
                name: value.model_copy(update={"ris": value.ris and table(value.ris, *_TLS_FILES)})
                for name, value in settings.site.items()
            },
            "web": table(settings.web, "certificate", "key"),
            "images": table(settings.images, "client_secret_file", "client_ca_file", *_TLS_FILES),
            "monitoring": table(settings.monitoring, "folder", "metrics_token_file"),
            "notify": settings.notify.model_copy(
                update={
                    "mail": settings.notify.mail and table(settings.notify.mail, "ca_file", "password_file"),
                    "webhook": settings.notify.webhook and table(settings.notify.webhook, "ca_file", "secret_file"),
                }
            ),
            "login": login and table(login, "client_secret_file", *_TLS_FILES),
            "patient_login": patients and table(patients, "client_secret_file", *_TLS_FILES),
            "rights": settings.rights if isinstance(settings.rights.matrix, str) else table(settings.rights, "matrix"),
            "receive": table(settings.receive, "folder", "certificate", "key", "ca_file"),
            "pacs": {name: table(value, "ca_file", "certificate", "key") for name, value in settings.pacs.items()},
            "destination": {
                name: table(value, "ca_file", "certificate", "key", "proxy_credentials_file", "record")
                for name, value in settings.destination.items()
            },
        }
    )
