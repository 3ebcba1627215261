"""The PACS, the receiver and the destinations, from the settings."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gateway.settings.dicom import PacsTable, ReceiveTable
from gateway.settings.sharing import DestinationTable

if TYPE_CHECKING:
    from gateway.dicom.receive import ReceiverSettings
    from gateway.dicom.settings import PacsSettings
    from gateway.xds.client import DestinationSettings
    from gateway.xds.mtom import Outgoing
    from gateway.xds.transport import OnWire

Part = Literal["", "web", "work"]
"""Of the gateway's processes, those that talk to the PACS."""


def pacs(name: str, table: PacsTable, part: Part = "", working: int = 1) -> PacsSettings:
    """For one process of *part*; *working*: how many work, which share half of the associations."""
    from gateway.dicom.settings import PacsSettings
    from gateway.dicom.tls import client_context

    given = table.model_dump(exclude={"tls", "ca_file", "certificate", "key", "max_associations"})
    half = table.max_associations // 2
    allowed = {"work": half // working, "web": table.max_associations - half}
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


def receiving(table: ReceiveTable) -> ReceiverSettings:
    from gateway.dicom.incoming import Peer
    from gateway.dicom.receive import ReceiverSettings
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


def destination(name: str, table: DestinationTable, environment: Literal["test", "production"]) -> DestinationSettings:
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


def recorder(folder: Path) -> OnWire:
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
