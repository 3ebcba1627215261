"""The tables of HL7 v2: the listener's ports, the log of messages, the reading platforms."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from gateway.settings.base import CertificateName, Port, Positive, Table, wrong


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
            raise wrong("setting_client_names", "certificate" if not self.certificate else "ca_file")
        if self.ca_file and not self.certificate:
            raise wrong("setting_ca_file_alone", "certificate")
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


_OF_MLLP = frozenset({"host", "port", "timeout_s", "tls", "ca_file", "certificate", "key"})


class PeerTable(Table):
    """The other end of the relay, ``[platform.NAME]`` and ``[site.NAME.ris]``: where its messages are sent to, or that
    it fetches them."""

    delivery: Literal["mllp", "pull"] = "mllp"
    host: str = ""
    port: Port = 0
    timeout_s: Positive = 30.0
    tls: bool = False
    ca_file: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    @property
    def fetches(self) -> bool:
        """Whether it fetches its messages, and nothing is sent."""
        return self.delivery == "pull"

    @model_validator(mode="after")
    def _has_one_way(self) -> PeerTable:
        if self.delivery == "mllp" and not (self.host and "port" in self.model_fields_set):
            raise wrong("setting_delivery_mllp", "port" if self.host else "host")
        unused = sorted(self.model_fields_set & _OF_MLLP) if self.fetches else []
        if unused:
            raise wrong("setting_delivery_pull", unused[0], unused=", ".join(unused))
        return self


class PlatformTable(PeerTable):
    """[platform.NAME]: a remote reading platform (SI-TLR)."""

    addresses: tuple[str, ...] = Field(min_length=1)
    sites: tuple[str, ...] = Field(min_length=1)
    messages: Literal["guide", "white-paper"] = "guide"
    report: Literal["share-and-relay", "share", "relay"] = "share-and-relay"
    report_roles: Literal["check", "trust"] = "check"
    viewer_url: Literal["missing", "always", "never"] = "missing"
    viewer_url_end: str = ""
    check_pacs: bool = True
    unknown_orders: Literal["take", "refuse"] = "take"
    deadline_s: Positive = 604_800.0
