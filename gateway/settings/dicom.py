"""The tables of DICOM: the PACS that are asked, and who may send."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from gateway.settings.base import AeTitle, Network, Port, Positive, Sha256OrNone, Table, Url, wrong


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
            raise wrong("setting_receive_peer", "addresses")
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
    passing_folder: Path | None = None
    max_associations: int = Field(default=16, ge=1, le=256)
    silence_s: Positive = 60.0
    max_instance_bytes: int = Field(default=1 << 30, ge=1024)
    peer: tuple[PeerTable, ...] = ()

    @property
    def passing(self) -> Path:
        """Where what a C-MOVE delivers lies for a moment, between the receiver and who asked."""
        return self.passing_folder or self.folder / "spool"

    @model_validator(mode="after")
    def _asks_for_certificates(self) -> ReceiveTable:
        if any(peer.certificate_sha256 for peer in self.peer) and not (self.certificate and self.ca_file):
            raise wrong("setting_receive_certificates", "certificate" if not self.certificate else "ca_file")
        return self
