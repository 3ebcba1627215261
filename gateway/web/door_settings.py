"""How the doors are set by which other systems fetch images: WADO-RS (RAD-107) and RAD-69."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gateway.model.access import Person
from gateway.model.exam import Exam
from gateway.model.rights import OPEN, Policy
from gateway.model.share import SharedStudy


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePeer:
    """Another system that may fetch what is shared. Only digests of what it shows are known here."""

    name: str
    key_sha256: str = ""
    """SHA-256 of its key, which it sends as a bearer token."""
    certificate_sha256: str = ""
    """SHA-256 of its client certificate (DER)."""


class Shared(Protocol):
    """What has been shared."""

    def study(self, study_uid: str) -> Sequence[SharedStudy]:
        """What of the study stands at a registry now, each report's by itself; empty when nothing does."""

    def listing(self, study_uid: str, manifest: str) -> Exam | None:
        """The instances of the study that *manifest* (its unique id) names; None where that is not known here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageDoors:
    """How other systems fetch images."""

    shared: Shared
    peers: tuple[ImagePeer, ...] = ()
    introspect: Callable[[str], Person | None] | None = None
    """Bearer token to whom it stands for, None where it stands for nobody; raises PeerUnreachable."""
    remembered: Callable[[str], Person | None] = lambda token: None
    """The same, of what is known without asking anybody."""
    policy: Policy = OPEN
    needs_manifest: bool = True
    """Whether a person's request must name the manifest that it comes from (``KOS-SOPInstanceUID``)."""
    adds_identity: bool = False
    """Whether the national identity of the report is put into instances that leave."""
    wado: bool = True
    rad69: bool = False
    repositories: Mapping[str, str] = field(default_factory=dict)
    """Retrieve Location UID to the site, for RAD-69."""
    streams: int = 8
    """Transfers at one time."""
