"""What an association is opened for: its presentation contexts (DICOM PS3.8 7.1.1.13, PS3.4 annexes A and C)."""

from __future__ import annotations

from typing import NamedTuple

from gateway.dicom.guard import EXPLICIT_LITTLE, IMPLICIT_LITTLE

VERIFICATION = "1.2.840.10008.1.1"
FIND = "1.2.840.10008.5.1.4.1.2.2.1"
"""Study Root Query/Retrieve Information Model, C-FIND (PS3.4 section C.6.2)."""
MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
"""The same, C-MOVE."""
GET = "1.2.840.10008.5.1.4.1.2.2.3"
"""The same, C-GET."""
UNCOMPRESSED = (EXPLICIT_LITTLE, IMPLICIT_LITTLE)
COMPRESSED = (
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.2",
)
"""JPEG, JPEG-LS, JPEG 2000, RLE, big endian: each proposed in a context of its own, for of the syntaxes of one
context the PACS accepts one only."""
MAX_STORAGE_CONTEXTS = 127
"""A context id is an odd byte (PS3.8 7.1.1.13); one is the service's."""
RELATIONAL = b"\x01"
"""Service class application information: relational queries are supported (PS3.4 section C.5.1.1)."""


class Proposal(NamedTuple):
    """The presentation contexts of an association."""

    service: str
    storage: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """SOP classes to be received by C-GET, each with the syntaxes of one context."""
    extended: bytes = b""
    """Service class application information of the service."""


QUERY = Proposal(FIND, extended=RELATIONAL)
ECHO = Proposal(VERIFICATION)
MOVING = Proposal(MOVE)


def retrieval(sop_class_uid: str, contexts: tuple[tuple[str, ...], ...] = (UNCOMPRESSED,)) -> Proposal:
    """A C-GET of instances of one SOP class."""
    return Proposal(GET, tuple((sop_class_uid, syntaxes) for syntaxes in contexts))
