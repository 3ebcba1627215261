"""What an association is opened for: its presentation contexts (DICOM PS3.8 7.1.1.13, PS3.4 annexes A and C)."""

from __future__ import annotations

from typing import NamedTuple

from pydicom.uid import UID

from gateway.dicom.guard import EXPLICIT_LITTLE, IMPLICIT_LITTLE

VERIFICATION = UID("1.2.840.10008.1.1")
FIND = UID("1.2.840.10008.5.1.4.1.2.2.1")
"""Study Root Query/Retrieve Information Model, C-FIND (PS3.4 section C.6.2)."""
GET = UID("1.2.840.10008.5.1.4.1.2.2.3")
"""The same, C-GET."""
UNCOMPRESSED = (EXPLICIT_LITTLE, IMPLICIT_LITTLE)


class Proposal(NamedTuple):
    """The presentation contexts of an association; ``storage`` is a SOP class to be received by C-GET.

    Of the syntaxes of one context the PACS accepts one only, so each of ``storage_contexts`` is a context of its own.
    """

    service: str
    storage: str = ""
    storage_contexts: tuple[tuple[str, ...], ...] = (UNCOMPRESSED,)


QUERY = Proposal(FIND)
ECHO = Proposal(VERIFICATION)


def retrieval(sop_class_uid: str, contexts: tuple[tuple[str, ...], ...] = (UNCOMPRESSED,)) -> Proposal:
    """A C-GET of instances of one SOP class."""
    return Proposal(GET, sop_class_uid, contexts)
