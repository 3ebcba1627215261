"""One destination as its settings describe it, and how it is asked: what consumer, amender and source have in common.

Source: ITI TF-2 appendix V (web services), TF-3 section 4.2.4 (answers).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Literal, Protocol

from lxml import etree

from gateway.xds import ebrim, mtom
from gateway.xds.answers import refuse_failure
from gateway.xds.caller import Assertion, Caller, Reply
from gateway.xds.flavours import MetadataSettings
from gateway.xds.mistakes import mistakes_of
from gateway.xds.transport import LIMITS, Connection, OnWire, peer_of


class Contents(Protocol):
    """Where the bytes of frozen documents are; the store's blobs are one."""

    def open(self, digest: str) -> BinaryIO:
        """The bytes of a SHA-256 as a stream at its beginning, compared with their name; raises Unavailable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationSettings:
    """One ``[destination.NAME]`` table of the settings. Times in seconds, files in PEM."""

    name: str
    registry_url: str
    repository_url: str
    imaging_sources: Mapping[str, str] = field(default_factory=dict)
    """Addresses for RAD-69 by Retrieve Location UID."""
    flavour: Literal["ihe", "dmp"] = "ihe"
    repository_unique_id: str = ""
    """For documents whose entry names no repository."""
    environment: Literal["test", "production"] = "test"
    ask_first: bool = True
    """Whether the registry answers GetDocuments: it is asked before a submission that may have left is sent again."""
    patient_identity: Literal["ins", "local"] = "ins"
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 60.0
    answer_timeout_s: float = 600.0
    ca_file: str = ""
    certificate_file: str = ""
    key_file: str = ""
    proxy_url: str = ""
    proxy_credentials_file: str = ""

    @property
    def metadata(self) -> MetadataSettings:
        """How this destination wants its metadata."""
        return MetadataSettings(
            flavour=self.flavour,
            environment=self.environment,
            patient_identity=self.patient_identity,
            destination=self.name,
        )


class Peer:
    """A destination that can be asked; may be used by several threads. Close it to end its connections.

    Raises SettingsError for an address or a file that cannot be used.
    """

    def __init__(
        self,
        settings: DestinationSettings,
        contents: Contents,
        *,
        assertion: Assertion | None = None,
        on_wire: OnWire | None = None,
        limits: mtom.Limits = LIMITS,
    ) -> None:
        self.settings = settings
        self._contents = contents
        for url in (settings.registry_url, settings.repository_url, *settings.imaging_sources.values()):
            peer_of(url)
        connection = Connection(
            connect_timeout_s=settings.connect_timeout_s,
            read_timeout_s=settings.read_timeout_s,
            answer_timeout_s=settings.answer_timeout_s,
            ca_file=settings.ca_file,
            certificate_file=settings.certificate_file,
            key_file=settings.key_file,
            proxy_url=settings.proxy_url,
            proxy_credentials_file=settings.proxy_credentials_file,
        )
        self._caller = Caller(connection, limits=limits, assertion=assertion, on_wire=on_wire)

    def close(self) -> None:
        self._caller.close()

    def _register(self, operation: str, request: etree._Element) -> ebrim.RegistryResponse:
        """Ask the registry for a change of metadata: its whole success, or a refusal."""
        with self._reply(operation, self.settings.registry_url, request) as reply:
            response = ebrim.read_response(reply.body)
        refuse_failure(response)
        return response

    @contextlib.contextmanager
    def _reply(
        self,
        operation: str,
        url: str,
        request: etree._Element,
        attachments: Sequence[mtom.Attachment] = (),
        *,
        multipart: bool = False,
    ) -> Iterator[Reply]:
        """The answer, open; what our readers refuse in it is a mistake of the peer (PeerMisbehaved)."""
        with (
            self._caller.call(operation, url, request, attachments, multipart=multipart) as reply,
            mistakes_of(peer_of(url)),
        ):
            yield reply
