"""What is configured of one PACS."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field

from gateway.errors import SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class PacsSettings:
    """One ``[pacs.NAME]`` table.

    Raises SettingsError when an application entity title is not one (DICOM PS3.5 table 6.2-1, AE) or a number is out
    of its range.
    """

    name: str
    host: str
    port: int
    called_aet: str
    calling_aet: str
    max_associations: int = 4
    """At once, parked ones included: a PACS counts them."""
    connect_timeout_s: float = 10.0
    """For the TCP connection, and again for the answer to the association request."""
    response_timeout_s: float = 30.0
    """The longest silence while an answer is awaited."""
    operation_timeout_s: float = 300.0
    """The longest whole query or retrieval."""
    idle_release_s: float = 10.0
    """A parked association is released after this."""
    answer_limit: int = 100_000
    """The most answers one query may have."""
    instance_limit_bytes: int = 1 << 30
    """The largest instance that is taken."""
    dicomweb_url: str = ""
    """Base of the WADO-RS service, without a slash at its end; empty: C-GET."""
    tls: ssl.SSLContext | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        for key in ("called_aet", "calling_aet"):
            title = getattr(self, key)
            if not (0 < len(title.strip()) <= 16 and title.isascii() and title.isprintable() and "\\" not in title):
                raise SettingsError("pacs_ae_title", place=f"pacs.{self.name}.{key}", key=key, value=title)
        if not 0 < self.port < 65536:
            raise SettingsError("pacs_port", place=f"pacs.{self.name}.port", value=self.port)
        if self.max_associations < 1:
            raise SettingsError("pacs_associations", place=f"pacs.{self.name}.max_associations")
