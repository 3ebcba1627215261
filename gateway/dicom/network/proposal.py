"""What an association is opened for: its presentation contexts (DICOM PS3.8 7.1.1.13, PS3.4 annexes A and C).

UIDs of services are pynetdicom's, those of transfer syntaxes pydicom's.
"""

from __future__ import annotations

from typing import NamedTuple

from pydicom.uid import (
    JPEG2000,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
    Verification,
)

VERIFICATION = str(Verification)
FIND = str(StudyRootQueryRetrieveInformationModelFind)
"""Study Root Query/Retrieve Information Model, C-FIND (PS3.4 section C.6.2)."""
MOVE = str(StudyRootQueryRetrieveInformationModelMove)
"""The same, C-MOVE."""
GET = str(StudyRootQueryRetrieveInformationModelGet)
"""The same, C-GET."""
UNCOMPRESSED = (str(ExplicitVRLittleEndian), str(ImplicitVRLittleEndian))
COMPRESSED = (
    str(JPEGBaseline8Bit),
    str(JPEGExtended12Bit),
    str(JPEGLossless),
    str(JPEGLosslessSV1),
    str(JPEGLSLossless),
    str(JPEGLSNearLossless),
    str(JPEG2000Lossless),
    str(JPEG2000),
    str(RLELossless),
    str(ExplicitVRBigEndian),
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
