"""What is configured of one PACS."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import Literal

from gateway.errors import SettingsError
from gateway.kos.decode import ENCODINGS

Query = Literal["c-find", "qido-rs"]
Upstream = Literal["auto", "dicomweb", "c-get", "c-move"]
Relational = Literal["auto", "no"]


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
    """Base of the DICOMweb services, without a slash at its end; empty: it has none."""
    query: Query = "c-find"
    """How studies are asked for."""
    upstream: Upstream = "auto"
    """How images are got; ``auto``: DICOMweb where there is an address, else C-GET."""
    move_destination: str = ""
    """For ``c-move``: the AE title under which the PACS knows this gateway's receiver."""
    relational: Relational = "auto"
    """Whether the whole study is asked for at IMAGE level: ``auto`` tries, ``no`` asks by series at once."""
    negotiate: bool = True
    """Whether relational queries are negotiated (PS3.4 section C.5.1.1); a few PACS reject what they do not know."""
    count_instances: bool = True
    """Whether the PACS's own counts must be reached before a study is taken as whole."""
    open_notes: bool = True
    """Whether key objects of a study are retrieved and read, to know which images they mark or reject."""
    request_character_set: str = "ISO_IR 192"
    answer_character_set: str = ""
    """What answers are really written in, whatever they declare; empty: what they declare."""
    tls: ssl.SSLContext | None = field(default=None, compare=False, repr=False)
    """For DICOM; None: in the clear."""
    web_tls: ssl.SSLContext | None = field(default=None, compare=False, repr=False)
    """For an https ``dicomweb_url``; None: the public authorities."""
    tls_name: str = ""
    """The name that the PACS's certificate must bear; empty: ``host``."""

    def __post_init__(self) -> None:
        for key in ("called_aet", "calling_aet", "move_destination"):
            title = getattr(self, key)
            if key == "move_destination" and not title:
                continue
            if not (0 < len(title.strip()) <= 16 and title.isascii() and title.isprintable() and "\\" not in title):
                raise SettingsError("pacs_ae_title", place=f"pacs.{self.name}.{key}", key=key, value=title)
        if not 0 < self.port < 65536:
            raise SettingsError("pacs_port", place=f"pacs.{self.name}.port", value=self.port)
        if self.max_associations < 1:
            raise SettingsError("pacs_associations", place=f"pacs.{self.name}.max_associations")
        for key in ("request_character_set", "answer_character_set"):
            value = getattr(self, key)
            if value and value not in ENCODINGS:
                raise SettingsError("pacs_character_set", place=f"pacs.{self.name}.{key}", value=value)
        if not self.dicomweb_url and (self.upstream == "dicomweb" or self.query == "qido-rs"):
            raise SettingsError("pacs_needs_dicomweb", place=f"pacs.{self.name}.dicomweb_url")
        if self.upstream == "c-move" and not self.move_destination:
            raise SettingsError("pacs_needs_destination", place=f"pacs.{self.name}.move_destination")

    @property
    def images(self) -> Literal["dicomweb", "c-get", "c-move"]:
        """How images are got, ``auto`` decided."""
        if self.upstream == "auto":
            return "dicomweb" if self.dicomweb_url else "c-get"
        return self.upstream
